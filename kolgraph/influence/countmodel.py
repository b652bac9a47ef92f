"""Counts of posts, account by account: which law they follow, how far accounts differ, and how long a post counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

POISSON_LOGNORMAL, NEGATIVE_BINOMIAL = "Poisson-lognormal", "negative binomial"
#: Counts the laws are fitted on, at most; more of them change no digit that matters.
SAMPLE = 8_000
#: Counts of one account among them, the last ones.
PER_ACCOUNT = 20
#: Accounts with a past and a next post from which it can be told how fast the past grows old.
FEWEST_AGED = 50
#: Half-lives of a post, in days, and the weight that it keeps for ever.
HALF_LIVES, FLOORS = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0), (0.0, 0.1, 0.25, 0.5)
#: Distance of the locations at which a law is tabled, at most; and in standard deviations of a log rate.
STEP, FINE = 0.1, 0.17
#: Log likelihood that a parameter or two do not gain by chance.
CLEARLY = 3.0
_DAY_MS = 86_400_000.0
#: Gauss-Hermite nodes over the log of the dispersion.
_X, _W = np.polynomial.hermite_e.hermegauss(5)
#: What is thought of the logs of the parameters before there are data, mean and standard deviation: next to nothing for
#: hundreds of accounts, a stay for a handful. Centred at the Weibo posts of `tests.bench.validation`.
_BEFORE = {"between": (np.log(2.5), 1.0), "dispersion": (0.0, 1.0), "spread": (np.log(0.25), 0.7)}


@dataclass(frozen=True)
class Counts:
    """Counts of accounts, oldest first: those of account i are ``y[ptr[i]:ptr[i + 1]]``.

    Attributes
    ----------
    ptr : ndarray of int64, shape (accounts + 1,)
    y : ndarray of float64, shape (counts,)
        Whole numbers >= 0.
    time : ndarray of float64, shape (counts,)
        Epoch milliseconds; NaN where nobody knows.
    """

    ptr: I64
    y: F64
    time: F64

    def sampled(self, seed: int) -> tuple[Counts, I64]:
        """Random accounts with counts, `SAMPLE` counts at most, and their rows."""
        count = np.diff(self.ptr)
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(count > 0))
        taken = np.minimum(count[rows], PER_ACCOUNT)
        rows = np.sort(rows[np.cumsum(taken) <= max(SAMPLE, PER_ACCOUNT)])
        taken = np.minimum(count[rows], PER_ACCOUNT)
        ptr = np.concatenate([[0], np.cumsum(taken)])
        at = np.repeat(self.ptr[rows + 1] - taken - ptr[:-1], taken) + np.arange(ptr[-1])
        return Counts(ptr, self.y[at], self.time[at]), rows

    def log_means(self) -> F64:
        """log(1 + mean) of every account; NaN without counts."""
        count = np.diff(self.ptr)
        total = np.add.reduceat(np.append(self.y, 0.0), self.ptr[:-1]) * (count > 0)
        return np.log1p(np.divide(total, count, out=np.full(count.size, np.nan), where=count > 0))


@dataclass(frozen=True)
class CountModel:
    """A law of counts.

    Attributes
    ----------
    family : str
        `POISSON_LOGNORMAL` or `NEGATIVE_BINOMIAL`.
    between : float
        Variance of the log location between accounts of which the same is known.
    dispersion : float
        Between posts of one account: sigma of the log rate, or 1 / sqrt(k) of the negative binomial.
    spread : float
        Standard deviation of the log of the dispersion between accounts.
    half_life, floor : float
        A post of age a counts ``floor + (1 - floor) / 2 ** (a / half_life)``; in days.
    """

    family: str
    between: float
    dispersion: float
    spread: float = 0.0
    half_life: float = float("inf")
    floor: float = 0.0

    @cached_property
    def nodes(self) -> tuple[F64, F64]:
        """Dispersions as the kernels take them (sigma, or k), and the logs of their weights."""
        if self.spread <= 0:
            found, weight = np.array([self.dispersion]), np.array([1.0])
        else:
            found, weight = self.dispersion * np.exp(self.spread * _X), _W / _W.sum()
        found = np.clip(found, 0.03, 4.0)
        return (found if self.lognormal else 1 / found**2), np.log(weight)

    @property
    def lognormal(self) -> bool:
        """The law is a Poisson-lognormal one."""
        return self.family == POISSON_LOGNORMAL

    @property
    def step(self) -> float:
        """Distance of the locations at which the law is tabled."""
        return min(STEP, FINE * float(self.nodes[0].min())) if self.lognormal else STEP

    @property
    def shift(self) -> F64:
        """What the log of the mean is above the location, for every node."""
        sigma = self.nodes[0]
        return sigma**2 / 2 if self.lognormal else np.zeros(sigma.size)

    def weights(self, counts: Counts, now: F64) -> F64:
        """How much every count counts at the `now` of its account; one without a time as if it were new."""
        if np.isinf(self.half_life):
            return np.ones(counts.y.size)
        age = (np.repeat(now, np.diff(counts.ptr)) - counts.time) / _DAY_MS
        aged = self.floor + (1 - self.floor) * 0.5 ** (np.maximum(age, 0) / self.half_life)
        return np.where(np.isnan(age), 1.0, aged)

    def table(self, start: float, size: int) -> F64:
        """Log probabilities of small counts; empty for a negative binomial, which needs none."""
        from kolgraph.kernels.counts import poisson_lognormal

        if not self.lognormal:
            return np.empty((0, 0, 0))
        return np.asarray(poisson_lognormal(start, self.step, size, self.nodes[0]))

    def evidence(self, counts: Counts, prior: F64, weights: F64) -> F64:
        """Log marginal likelihood of every account, shape (accounts,)."""
        from kolgraph.kernels.counts import evidence

        start, size = self._stretch(prior)
        found: F64 = evidence(
            counts.ptr, counts.y, weights, prior, self.between, self.nodes[1], self.nodes[0],
            self.table(start, size), start, self.step,
        )  # fmt: skip
        return found

    def foretold(self, counts: Counts, prior: F64) -> F64:
        """Log probability of the last count of every account, given those before."""
        from kolgraph.kernels.counts import foretold

        start, size = self._stretch(prior)
        found: F64 = foretold(
            counts.ptr, counts.y, counts.time / _DAY_MS, self.half_life, self.floor, prior, self.between, self.nodes[1],
            self.nodes[0], self.table(start, size), start, self.step,
        )  # fmt: skip
        return found

    def posterior(self, counts: Counts, prior: F64, now: F64, *, outside: float) -> F64:
        """What is known of every account: see `kolgraph.kernels.counts.posterior`."""
        from kolgraph.kernels.counts import posterior

        start, size = self._stretch(prior)
        top = max(prior.max() + 7 * self.between**0.5, np.log(counts.y.max() + 1) + 1 if counts.y.size else 0.0)
        wide = max(size, int((top - start) / self.step) + 1)
        levels, below, log_next = self._next(start + self.step * np.arange(wide))
        found: F64 = posterior(
            counts.ptr, counts.y, self.weights(counts, now), prior, self.between, self.nodes[1], self.nodes[0],
            self.shift, self.table(start, size), levels, below, log_next, start, self.step, outside,
        )  # fmt: skip
        return found

    def _stretch(self, prior: F64) -> tuple[float, int]:
        """First location and number of locations at which small counts are tabled."""
        from kolgraph.kernels.counts import LARGE

        # Below, no count but 0 has a chance; above, none below LARGE has.
        start = max(float(prior.min()) - 7 * self.between**0.5, -12.0)
        return start, int((np.log(LARGE) + 6 - start) / self.step) + 1

    def _next(self, u: F64) -> tuple[F64, F64, F64]:
        """Levels, the probability to stay at or below each at every location, and the expected log(1 + count)."""
        from scipy import stats

        dense = np.arange(64.0)
        top = max(float(u[-1]) + 6 * float(self.shift.max() * 2) ** 0.5, 6.0)
        levels = np.concatenate([dense, np.unique(np.floor(np.exp(np.arange(np.log(64), top, 0.08))))])
        below = np.empty((self.nodes[0].size, levels.size, u.size))
        x, weight = np.polynomial.hermite_e.hermegauss(32)
        for d, value in enumerate(self.nodes[0]):
            if not self.lognormal:
                share = value / (value + np.exp(u))
                below[d] = stats.nbinom.cdf(levels[:, None], value, share[None, :])
                continue
            rate = np.exp(u[None, :, None] + value * x)
            for i, level in enumerate(levels):
                if level < 64:
                    below[d, i] = (stats.poisson.cdf(level, rate[0]) * weight).sum(1) / weight.sum()
                else:
                    sd = np.sqrt(value**2 + np.minimum(np.exp(-u), 1.0))
                    below[d, i] = stats.norm.cdf((np.log(level + 0.5) - u) / sd)
        gaps = np.log1p(levels[1:]) - np.log1p(levels[:-1])
        log_next = np.einsum("dlg,l->dg", 1 - below[:, :-1], gaps)
        return levels, below, log_next


def fit_counts(counts: Counts, prior: F64 | None = None, *, seed: int) -> tuple[CountModel, float]:
    """Find the law that makes what was counted most likely.

    Parameters
    ----------
    counts : Counts
    prior : ndarray, shape (accounts,), optional
        Expected log location of every account; default: one for all, which is fitted.
    seed : int
        Of the sample it is fitted on, where there are more than `SAMPLE` counts.

    Returns
    -------
    model : CountModel
    middle : float
        What is to be added to `prior`.
    """
    part, rows = counts.sampled(seed)
    base = np.zeros(rows.size) if prior is None else prior[rows]
    start = float(np.mean(part.log_means() - base))
    found = [_fitted(part, base, CountModel(family, 2.0, 0.8), start)
             for family in (POISSON_LOGNORMAL, NEGATIVE_BINOMIAL)]  # fmt: skip
    best = min(found, key=lambda one: one[2])
    # That accounts differ in dispersion is believed where the data say so clearly.
    varied = _fitted(part, base, replace(best[0], spread=0.25), best[1])
    return (varied if varied[2] < best[2] - CLEARLY else best)[:2]


def _fitted(counts: Counts, base: F64, start: CountModel, middle: float) -> tuple[CountModel, float, float]:
    """The best model near a first one, what is to be added to the prior, and the loss."""
    from scipy.optimize import minimize

    names = ["between", "dispersion", "spread"][: 3 if start.spread else 2]
    ones = np.ones(counts.y.size)

    def read(x: F64) -> CountModel:
        return replace(start, **{name: float(np.exp(value)) for name, value in zip(names, x[1:], strict=True)})

    def loss(x: F64) -> float:
        if np.abs(x).max() > 20:
            return 1e12
        model = read(x)
        thought = sum(((x[1 + i] - _BEFORE[name][0]) / _BEFORE[name][1]) ** 2 / 2 for i, name in enumerate(names))
        return float(thought - model.evidence(counts, base + x[0], ones).sum())

    first = np.array([middle, *(np.log(getattr(start, name)) for name in names)])
    simplex = np.vstack([first, first + np.diag([0.4, 0.4, 0.3, 0.4][: first.size])])
    best = minimize(
        loss, first, method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 0.05, "fatol": 0.1, "maxfev": 300},
    )  # fmt: skip
    return read(best.x), float(best.x[0]), float(best.fun)


def aged(model: CountModel, counts: Counts, prior: F64, *, seed: int) -> CountModel:
    """The same law with the half-life of posts that foretells the last post of every account best."""
    part, rows = counts.sampled(seed)
    timed = np.add.reduceat(np.append(np.isnan(part.time), False).astype(int), part.ptr[:-1]) == 0
    if (timed & (np.diff(part.ptr) > 1)).sum() < FEWEST_AGED:
        return model
    keep = np.repeat(timed, np.diff(part.ptr))
    size = np.diff(part.ptr)[timed]
    part = Counts(np.concatenate([[0], np.cumsum(size)]), part.y[keep], part.time[keep])
    choices = [model, *(replace(model, half_life=h, floor=f) for h in HALF_LIVES for f in FLOORS)]
    losses = [-float(one.foretold(part, prior[rows][timed]).sum()) for one in choices]
    best = int(np.argmin(losses))
    return choices[best] if losses[best] < losses[0] - CLEARLY else model
