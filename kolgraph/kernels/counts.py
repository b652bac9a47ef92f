"""Posteriors of counts that differ between accounts and drift with time: on grids of log rates, for all at once.

The location u of an account is normal, N(prior, between), at any time; a share of its variance lasts for ever, the rest
is forgotten with a memory (an Ornstein-Uhlenbeck process). Counts of one account are drawn alike, given u at their time
and the account's dispersion, which is one of a few nodes with weights. Of a Poisson-lognormal count the rate is
exp(u + sigma e), e normal: its likelihood is a table over u for small counts, and for large ones normal in the log. Of
a negative binomial count the mean is exp(u).

Counts at about one time are taken together, exactly, on a grid over u. From one time to the next the posterior is
handed on by its mean and variance (assumed density filtering; Maybeck, Stochastic Models, 1982): with no drift, or one
time, nothing is approximated.
"""

from __future__ import annotations

from typing import TypeAlias

import numba
import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

F64: TypeAlias = NDArray[np.float64]
I64: TypeAlias = NDArray[np.int64]

#: Nodes over u, and how often the stretch they span is narrowed to where the posterior is.
NODES, PASSES = 32, 4
#: Log density below the highest at which a node no longer matters.
DEPTH = 12.0
#: Counts from here on are normal in the log: their Poisson noise is 1 / count there.
LARGE = 64
#: Share of the variance by which u may have drifted within what is taken for one time.
TOGETHER = 0.02
_LOG_2PI = 1.8378770664093453


def poisson_lognormal(start: float, step: float, size: int, sigma: F64) -> F64:
    """Log probability of every count below `LARGE`, shape (dispersions, LARGE, size), at u = start + step * i.

    By the trapezoid rule over the log rate: the Poisson likelihood is at least 1 / sqrt(LARGE) wide there.
    """
    from scipy.ndimage import convolve1d
    from scipy.special import gammaln

    table = np.empty((sigma.size, LARGE, size))
    count = np.arange(LARGE)[:, None]
    for d, spread in enumerate(sigma):
        wide = int(np.ceil(6.5 * spread / step))
        log_rate = start + step * np.arange(-wide, size + wide)
        poisson = np.exp(count * log_rate - np.exp(np.minimum(log_rate, 700)) - gammaln(count + 1))
        kernel = np.exp(-0.5 * (step * np.arange(-wide, wide + 1) / spread) ** 2)
        spreading = convolve1d(poisson, kernel / kernel.sum(), axis=1, mode="nearest")
        table[d] = np.log(np.maximum(spreading[:, wide : wide + size], 1e-300))
    return table


@njit(nogil=True)
def _at(row: F64, place: float) -> float:
    """A row of a table between its columns; beyond its ends the last value."""
    if place <= 0:
        return float(row[0])
    i = int(place)
    if i >= row.size - 1:
        return float(row[row.size - 1])
    part = place - i
    return float(row[i] + part * (row[i + 1] - row[i]))


@njit(nogil=True)
def _lgamma(x: float) -> float:
    """Log of the gamma function for x > 0, by Stirling's series from 8 on."""
    shift = 0.0
    while x < 8:
        shift -= np.log(x)
        x += 1
    inverse = 1 / (x * x)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x
    return float(shift + (x - 0.5) * np.log(x) - x + 0.5 * _LOG_2PI + series)


@njit(nogil=True)
def _log_posterior(
    out: F64, low: float, width: float, mean: float, variance: float, dispersion: float, table: F64,
    y: F64, start: float, step: float,
) -> None:  # fmt: skip
    """Log of N(mean, variance) x likelihood at NODES locations from `low` on; a table means Poisson-lognormal."""
    # a + b u - c u^2 / 2 - d log(1 + exp(u) / k) collects all counts that need no table.
    a = -0.5 * (_LOG_2PI + np.log(variance) + mean * mean / variance)
    b, c, d = mean / variance, 1 / variance, 0.0
    lognormal, k = table.size > 0, dispersion
    for j in range(y.size):
        if not lognormal:
            a += _lgamma(y[j] + k) - _lgamma(k) - _lgamma(y[j] + 1) - y[j] * np.log(k)
            b += y[j]
            d += y[j] + k
        elif y[j] >= LARGE:
            z, v = np.log(y[j]), dispersion * dispersion + 1 / y[j]
            a -= z + 0.5 * (_LOG_2PI + np.log(v) + z * z / v)
            b += z / v
            c += 1 / v
    for g in range(NODES):
        u = low + width * g
        out[g] = a + b * u - 0.5 * c * u * u
        if d > 0:
            out[g] -= d * np.log1p(np.exp(u) / k)
    if lognormal:
        for j in range(y.size):
            if y[j] < LARGE:
                row = table[int(y[j])]
                for g in range(NODES):
                    out[g] += _at(row, (low + width * g - start) / step)


@njit(nogil=True)
def _update(
    out: F64, mean: float, variance: float, dispersion: float, table: F64, y: F64, start: float, step: float
) -> tuple[float, float, float, float, float]:  # fmt: skip
    """Posterior of u given counts at one time, normalised in `out`.

    Returns its first node, the distance of nodes, the log probability of the counts, and its mean and variance.
    """
    far = 7 * np.sqrt(variance)
    low, high = mean - far, mean + far
    for j in range(y.size):
        high = max(high, min(np.log(y[j] + 1) + 1, mean + 4 * far))
    width = (high - low) / (NODES - 1)
    top = 0.0
    for again in range(PASSES):
        width = (high - low) / (NODES - 1)
        _log_posterior(out, low, width, mean, variance, dispersion, table, y, start, step)
        top = out.max()
        first, last = NODES, 0
        for g in range(NODES):
            if out[g] > top - DEPTH:
                first, last = min(first, g), max(last, g)
        # One node more on either side, where the density falls below what matters.
        first, last = max(first - 1, 0), min(last + 1, NODES - 1)
        if again == PASSES - 1 or last - first > 0.6 * NODES:
            break
        low, high = low + width * first, low + width * last
    total = 0.0
    for g in range(NODES):
        out[g] = np.exp(out[g] - top)
        total += out[g]
    found = square = 0.0
    for g in range(NODES):
        out[g] /= total
        found += out[g] * (low + width * g)
    for g in range(NODES):
        square += out[g] * (low + width * g - found) ** 2
    return low, width, top + np.log(total * width), found, square


@njit(nogil=True)
def _filter(
    out: F64, mean: float, between: float, lasting: float, memory: float, dispersion: float, table: F64,
    y: F64, day: F64, now: float, start: float, step: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Posterior of u at `now`, in `out`; its first node, the distance of nodes, the log probability of the counts."""
    # What lasts (a, with variance p), what is forgotten (b, with variance q), and their covariance (r).
    a, b = mean, 0.0
    p, q, r = between * lasting, between * (1 - lasting), 0.0
    low = width = evidence = 0.0
    drifts = lasting < 1
    exact = False
    i = 0
    while i < y.size:
        j = i + 1
        if drifts:
            while j < y.size and (1 - lasting) * (1 - np.exp((day[i] - day[j]) / memory)) <= TOGETHER:
                j += 1
        else:
            j = y.size
        if drifts and i > 0:
            kept = np.exp((day[i - 1] - day[i]) / memory)
            b, r = kept * b, kept * r
            q = kept * kept * q + between * (1 - lasting) * (1 - kept * kept)
        u, v = a + b, p + q + 2 * r
        low, width, log_p, found, square = _update(out, u, v, dispersion, table, y[i:j], start, step)
        evidence += log_p
        gain_a, gain_b = (p + r) / v, (q + r) / v
        a, b = a + gain_a * (found - u), b + gain_b * (found - u)
        less = square - v
        p, q, r = p + gain_a * gain_a * less, q + gain_b * gain_b * less, r + gain_a * gain_b * less
        exact = i == 0 and j == y.size and not drifts
        i = j
    if not exact:
        if drifts and y.size:
            kept = np.exp(-max(now - day[y.size - 1], 0.0) / memory)
            b, r = kept * b, kept * r
            q = kept * kept * q + between * (1 - lasting) * (1 - kept * kept)
        sd = np.sqrt(p + q + 2 * r)
        low, width = a + b - 4.5 * sd, 9 * sd / (NODES - 1)
        for g in range(NODES):
            out[g] = np.exp(-0.5 * ((low + width * g - a - b) / sd) ** 2)
        out /= out.sum()
    return low, width, evidence


@njit(nogil=True, parallel=True)
def evidence(
    ptr: I64, y: F64, day: F64, prior: F64, between: float, lasting: float, memory: float, log_node: F64,
    dispersion: F64, table: F64, start: float, step: float,
) -> F64:  # fmt: skip
    """Log marginal likelihood of the counts of every account, shape (accounts,)."""
    found = np.empty(ptr.size - 1)
    for i in numba.prange(ptr.size - 1):
        one, two = ptr[i], ptr[i + 1]
        out = np.empty(NODES)
        each = np.empty(dispersion.size)
        for d in range(dispersion.size):
            each[d] = log_node[d] + _filter(
                out, prior[i], between, lasting, memory, dispersion[d], table[min(d, table.shape[0] - 1)],
                y[one:two], day[one:two], 0.0, start, step,
            )[2]  # fmt: skip
        top = each.max()
        found[i] = top + np.log(np.exp(each - top).sum())
    return found


@njit(nogil=True)
def _quantile(out: F64, low: F64, width: F64, shift: F64, share: float) -> float:
    """Location + shift below which this share of the posterior lies; every node is spread over its cell."""
    a, b = (low - width + shift).min(), (low + width * NODES + shift).max()
    for _ in range(40):
        x = 0.5 * (a + b)
        below = 0.0
        for d in range(shift.size):
            for g in range(NODES):
                below += out[d, g] * min(max((x - shift[d] - low[d]) / width[d] - g + 0.5, 0.0), 1.0)
        if below < share:
            a = x
        else:
            b = x
    return float(0.5 * (a + b))


@njit(nogil=True)
def _below(out: F64, low: F64, width: F64, level: int, below: F64, start: float, step: float) -> float:
    """Probability that the next count is at most a level."""
    found = 0.0
    for d in range(out.shape[0]):
        row = below[d, level]
        for g in range(NODES):
            if out[d, g] > 1e-9:
                found += out[d, g] * _at(row, (low[d] + width[d] * g - start) / step)
    return found


@njit(nogil=True)
def _level(
    out: F64, low: F64, width: F64, share: float, levels: F64, below: F64, start: float, step: float
) -> float:  # fmt: skip
    """The least count up to which this share of what can come next lies; between levels by interpolation of logs."""
    a, b = -1, levels.size - 1
    at_a, at_b = 0.0, 1.0
    while b - a > 1:
        middle = (a + b) // 2
        p = _below(out, low, width, middle, below, start, step)
        if p < share:
            a, at_a = middle, p
        else:
            b, at_b = middle, p
    if a < 0 or levels[b] - levels[a] <= 1:
        return float(levels[b])
    part = (share - at_a) / max(at_b - at_a, 1e-12)
    return float(np.ceil(np.exp(np.log(levels[a]) + part * (np.log(levels[b]) - np.log(levels[a])))))


@njit(nogil=True, parallel=True)
def posterior(
    ptr: I64, y: F64, day: F64, now: F64, prior: F64, between: float, lasting: float, memory: float, log_node: F64,
    dispersion: F64, shift: F64, table: F64, levels: F64, below: F64, log_next: F64, start: float, step: float,
    outside: F64,
) -> F64:  # fmt: skip
    """What is known of every account at its `now`, shape (accounts, 7 + 2 chances).

    Columns: mean and variance of the location; 2.5 %, 50 % and 97.5 % points of the log mean, which is location +
    `shift`; log of the expected mean; expected log(1 + next count); for every chance in `outside` the interval of the
    next count outside of which it comes with that chance, from 0 on where 0 lies in it anyway.
    """
    found = np.zeros((ptr.size - 1, 7 + 2 * outside.size))
    for i in numba.prange(ptr.size - 1):
        one, two = ptr[i], ptr[i + 1]
        out = np.empty((dispersion.size, NODES))
        low, width, each = np.empty(dispersion.size), np.empty(dispersion.size), np.empty(dispersion.size)
        for d in range(dispersion.size):
            low[d], width[d], each[d] = _filter(
                out[d], prior[i], between, lasting, memory, dispersion[d], table[min(d, table.shape[0] - 1)],
                y[one:two], day[one:two], now[i], start, step,
            )  # fmt: skip
        each = np.exp(each + log_node - (each + log_node).max())
        each /= each.sum()
        mean = square = mass = following = 0.0
        top = (low + width * NODES + shift).max()
        for d in range(dispersion.size):
            out[d] *= each[d]
            for g in range(NODES):
                u, p = low[d] + width[d] * g, out[d, g]
                mean += p * u
                square += p * u * u
                mass += p * np.exp(u + shift[d] - top)
                following += p * _at(log_next[d], (u - start) / step)
        found[i, 0], found[i, 1] = mean, square - mean * mean
        for k, share in enumerate((0.025, 0.5, 0.975)):
            found[i, 2 + k] = _quantile(out, low, width, shift, share)
        found[i, 5] = np.log(mass) + top
        found[i, 6] = following
        nothing = _below(out, low, width, 0, below, start, step)
        for k, chance in enumerate(outside):
            least = 0.0 if nothing > chance / 2 else chance / 2
            if least > 0:
                found[i, 7 + 2 * k] = _level(out, low, width, least, levels, below, start, step)
            if nothing < 1 - chance + least:
                found[i, 8 + 2 * k] = _level(out, low, width, 1 - chance + least, levels, below, start, step)
    return found
