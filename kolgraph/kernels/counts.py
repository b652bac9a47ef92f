"""Posteriors of counts that differ between accounts: on a grid of log means, for all accounts at once.

An account has a location u, drawn from N(prior, between); of its counts one is drawn like another, given u and the
account's dispersion, which is one of a few nodes with weights. Of a Poisson-lognormal count the rate is
exp(u + sigma e), e normal: its likelihood is a table over u for small counts, and for large ones normal in the log. Of a
negative binomial count the mean is exp(u). Every count has a weight from 0 to 1: how much of a count it is.
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
DEPTH = 16.0
#: Counts from here on are normal in the log: their Poisson noise is 1 / count there.
LARGE = 64


@njit(nogil=True, parallel=True)
def poisson_lognormal(start: float, step: float, size: int, sigma: F64) -> F64:
    """Log probability of every count below `LARGE`, shape (dispersions, LARGE, size), at u = start + step * i.

    By the trapezoid rule over the log rate: the Poisson likelihood is at least 1 / sqrt(LARGE) wide there.
    """
    wide = int(np.ceil(6.5 * sigma.max() / step))
    rates = size + 2 * wide
    poisson = np.empty((LARGE, rates))
    for v in range(rates):
        log_rate = start + step * (v - wide)
        term = -np.exp(log_rate)
        for y in range(LARGE):
            if y:
                term += log_rate - np.log(y)
            poisson[y, v] = np.exp(term)
    table = np.empty((sigma.size, LARGE, size))
    for d in range(sigma.size):
        reach = int(np.ceil(6.5 * sigma[d] / step))
        kernel = np.empty(2 * reach + 1)
        for i in range(kernel.size):
            kernel[i] = np.exp(-0.5 * (step * (i - reach) / sigma[d]) ** 2)
        kernel /= kernel.sum()
        for y in numba.prange(LARGE):
            row = np.zeros(size)
            for i in range(kernel.size):
                shift = wide + i - reach
                for g in range(size):
                    row[g] += kernel[i] * poisson[y, g + shift]
            for g in range(size):
                table[d, y, g] = np.log(max(row[g], 1e-300))
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
def _log_posterior(
    out: F64, low: float, width: float, prior: float, between: float, log_node: F64, dispersion: F64,
    y: F64, w: F64, table: F64, start: float, step: float,
) -> None:  # fmt: skip
    """Log of prior x likelihood at NODES locations from `low` on, shape (dispersions, NODES); a table means lognormal."""
    lognormal = table.size > 0
    for d in range(dispersion.size):
        for g in range(NODES):
            u = low + width * g
            out[d, g] = log_node[d] - 0.5 * ((u - prior) ** 2 / between + np.log(between))
        if lognormal:
            # Large counts add up to one parabola: a - b u + c u^2 / 2.
            a = b = c = 0.0
            for j in range(y.size):
                if y[j] >= LARGE:
                    z, v = np.log(y[j]), dispersion[d] ** 2 + 1 / y[j]
                    a -= w[j] * (z + 0.5 * np.log(2 * np.pi * v) + 0.5 * z * z / v)
                    b += w[j] * z / v
                    c += w[j] / v
                else:
                    row = table[d, int(y[j])]
                    for g in range(NODES):
                        out[d, g] += w[j] * _at(row, (low + width * g - start) / step)
            for g in range(NODES):
                u = low + width * g
                out[d, g] += a + b * u - 0.5 * c * u * u
        else:
            k = dispersion[d]
            total = weight = ways = 0.0
            for j in range(y.size):
                total += w[j] * y[j]
                weight += w[j]
                ways += w[j] * (_lgamma(y[j] + k) - _lgamma(k) - _lgamma(y[j] + 1))
            for g in range(NODES):
                u = low + width * g
                more = np.log1p(np.exp(u - np.log(k)))  # log((mean + k) / k)
                out[d, g] += ways + total * (u - np.log(k) - more) - weight * k * more


@njit(nogil=True)
def _lgamma(x: float) -> float:
    """Log of the gamma function for x > 0, by Stirling's series from 8 on."""
    shift = 0.0
    while x < 8:
        shift -= np.log(x)
        x += 1
    inverse = 1 / (x * x)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x
    return float(shift + (x - 0.5) * np.log(x) - x + 0.9189385332046727 + series)


@njit(nogil=True)
def _narrowed(
    out: F64, prior: float, between: float, log_node: F64, dispersion: F64,
    y: F64, w: F64, table: F64, start: float, step: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Where the nodes lie at last (first, distance), and the log of the marginal likelihood; `out` is normalised."""
    far = 7 * np.sqrt(between)
    low, high = prior - far, prior + far
    for j in range(y.size):
        if w[j] > 0:
            high = max(high, np.log(y[j] + 1) + 1)
    top = 0.0
    width = (high - low) / (NODES - 1)
    for again in range(PASSES):
        width = (high - low) / (NODES - 1)
        _log_posterior(out, low, width, prior, between, log_node, dispersion, y, w, table, start, step)
        top = out.max()
        first, last = NODES, 0
        for d in range(dispersion.size):
            for g in range(NODES):
                if out[d, g] > top - DEPTH:
                    first, last = min(first, g), max(last, g)
        # One node more on either side, where the density falls below what matters.
        first, last = max(first - 1, 0), min(last + 1, NODES - 1)
        if again == PASSES - 1 or last - first > 0.7 * NODES:
            break
        low, high = low + width * first, low + width * last
    total = 0.0
    for d in range(dispersion.size):
        for g in range(NODES):
            out[d, g] = np.exp(out[d, g] - top)
            total += out[d, g]
    out /= total
    return low, width, top + np.log(total * width) - 0.9189385332046727


@njit(nogil=True, parallel=True)
def evidence(
    ptr: I64, y: F64, w: F64, prior: F64, between: float, log_node: F64, dispersion: F64,
    table: F64, start: float, step: float,
) -> F64:  # fmt: skip
    """Log marginal likelihood of the counts of every account, shape (accounts,)."""
    found = np.empty(ptr.size - 1)
    for i in numba.prange(ptr.size - 1):
        a, b = ptr[i], ptr[i + 1]
        out = np.empty((dispersion.size, NODES))
        found[i] = _narrowed(
            out, prior[i], between, log_node, dispersion, y[a:b], w[a:b], table, start, step
        )[2]  # fmt: skip
    return found


@njit(nogil=True, parallel=True)
def foretold(
    ptr: I64, y: F64, time: F64, half: float, floor: float, prior: F64, between: float, log_node: F64,
    dispersion: F64, table: F64, start: float, step: float,
) -> F64:  # fmt: skip
    """Log probability of the last count of every account, given those before it, weighted by their age then."""
    found = np.empty(ptr.size - 1)
    for i in numba.prange(ptr.size - 1):
        a, b = ptr[i], ptr[i + 1]
        if b - a < 2:
            found[i] = 0.0
            continue
        w = floor + (1 - floor) * 0.5 ** ((time[b - 1] - time[a:b]) / half)
        out = np.empty((dispersion.size, NODES))
        before = _narrowed(
            out, prior[i], between, log_node, dispersion, y[a : b - 1], w[: b - a - 1], table, start, step
        )[2]  # fmt: skip
        found[i] = _narrowed(
            out, prior[i], between, log_node, dispersion, y[a:b], w, table, start, step
        )[2] - before  # fmt: skip
    return found


@njit(nogil=True)
def _quantile(out: F64, low: float, width: float, shift: F64, share: float) -> float:
    """Location + shift below which this share of the posterior lies; every node is spread over its cell."""
    a, b = low - width + shift.min(), low + width * NODES + shift.max()
    for _ in range(40):
        x = 0.5 * (a + b)
        below = 0.0
        for d in range(shift.size):
            for g in range(NODES):
                below += out[d, g] * min(max((x - shift[d] - low) / width - g + 0.5, 0.0), 1.0)
        if below < share:
            a = x
        else:
            b = x
    return 0.5 * (a + b)


@njit(nogil=True)
def _below(out: F64, low: float, width: float, level: int, below: F64, start: float, step: float) -> float:
    """Probability that the next count is at most a level."""
    found = 0.0
    for d in range(out.shape[0]):
        row = below[d, level]
        for g in range(NODES):
            if out[d, g] > 1e-9:
                found += out[d, g] * _at(row, (low + width * g - start) / step)
    return found


@njit(nogil=True)
def _level(
    out: F64, low: float, width: float, share: float, levels: F64, below: F64, start: float, step: float
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
    ptr: I64, y: F64, w: F64, prior: F64, between: float, log_node: F64, dispersion: F64, shift: F64,
    table: F64, levels: F64, below: F64, log_next: F64, start: float, step: float, outside: float,
) -> F64:  # fmt: skip
    """What is known of every account, shape (accounts, 9).

    Columns: mean and variance of the location; 2.5 %, 50 % and 97.5 % points of the log mean, which is location +
    `shift`; log of the expected mean; expected log(1 + next count); the interval of the next count outside of which it
    comes with the chance `outside`, from 0 on where 0 lies in it anyway.
    """
    found = np.empty((ptr.size - 1, 9))
    for i in numba.prange(ptr.size - 1):
        a, b = ptr[i], ptr[i + 1]
        out = np.empty((dispersion.size, NODES))
        low, width, _ = _narrowed(
            out, prior[i], between, log_node, dispersion, y[a:b], w[a:b], table, start, step
        )  # fmt: skip
        mean = square = mass = following = 0.0
        top = low + width * NODES + shift.max()
        for d in range(dispersion.size):
            for g in range(NODES):
                u, p = low + width * g, out[d, g]
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
        if nothing > outside / 2:
            found[i, 7] = 0.0
            found[i, 8] = 0.0 if nothing >= 1 - outside else _level(
                out, low, width, 1 - outside, levels, below, start, step
            )  # fmt: skip
        else:
            found[i, 7] = _level(out, low, width, outside / 2, levels, below, start, step)
            found[i, 8] = _level(out, low, width, 1 - outside / 2, levels, below, start, step)
    return found
