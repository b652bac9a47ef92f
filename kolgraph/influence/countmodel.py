"""Counts of posts, account by account: which law they follow, how far accounts differ, and how long a post counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

POISSON_LOGNORMAL, NEGATIVE_BINOMIAL = "Poisson-lognormal", "negative binomial"
#: Counts the laws are fitted on, at most; more of them change no digit that matters.
SAMPLE = 6_000
#: Counts of one account among them, the last ones.
PER_ACCOUNT = 10
#: Accounts with posts at different times from which it can be told how fast they change.
FEWEST_TIMED = 50
#: Distance of the locations at which a law is tabled, at most; and in standard deviations of a log rate.
STEP, FINE = 0.1, 0.17
#: Log likelihood that a parameter or two do not gain by chance.
CLEARLY = 3.0
#: Gauss-Hermite nodes over the log of the dispersion, and its standard deviation between accounts where they differ: of
#: more the data always seem to tell (any drift or outlier looks like it), and forecasts become worse.
_X, _W = np.polynomial.hermite_e.hermegauss(3)
SPREAD = 0.25
#: What is thought of the logs of the parameters before there are data, mean and standard deviation: next to nothing for
#: hundreds of accounts, a stay for a handful. Wide enough for both worlds in which accounts hardly differ from what is
#: known of them and the Weibo posts of `tests.bench.validation`, where they differ by factors of ten.
_BEFORE = {
    "between": (np.log(0.5), 2.5),
    "dispersion": (0.0, 1.0),
    "odds": (0.0, 1.5),
    "memory": (np.log(120.0), 1.2),
}


@dataclass(frozen=True)
class Counts:
    """Counts of accounts, oldest first: those of account i are ``y[ptr[i]:ptr[i + 1]]``.

    Attributes
    ----------
    ptr : ndarray of int64, shape (accounts + 1,)
    y : ndarray of float64, shape (counts,)
        Whole numbers >= 0.
    day : ndarray of float64, shape (counts,)
        When; one of which nobody knows when is as old as the oldest of the account.
    """

    ptr: I64
    y: F64
    day: F64

    def sampled(self, seed: int) -> tuple[Counts, I64]:
        """Random accounts with counts, `SAMPLE` counts at most, and their rows."""
        count = np.diff(self.ptr)
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(count > 0))
        taken = np.minimum(count[rows], PER_ACCOUNT)
        rows = np.sort(rows[np.cumsum(taken) <= max(SAMPLE, PER_ACCOUNT)])
        taken = np.minimum(count[rows], PER_ACCOUNT)
        ptr = np.concatenate([[0], np.cumsum(taken)])
        at = np.repeat(self.ptr[rows + 1] - taken - ptr[:-1], taken) + np.arange(ptr[-1])
        return Counts(ptr, self.y[at], self.day[at]), rows

    def timed(self) -> int:
        """Accounts whose counts are of more than one day."""
        several = np.diff(self.ptr) > 1
        first, last = self.day[self.ptr[:-1][several]], self.day[self.ptr[1:][several] - 1]
        return int((last - first >= 1).sum())

    def log_means(self) -> F64:
        """log(1 + mean) of every account; NaN without counts."""
        count = np.diff(self.ptr)
        total = np.add.reduceat(np.append(self.y, 0.0), self.ptr[:-1]) * (count > 0)
        return np.asarray(np.log1p(np.divide(total, count, out=np.full(count.size, np.nan), where=count > 0)))


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
    odds : float
        Of the variance between accounts, what lasts for ever against what is forgotten; infinite: nothing changes.
    memory : float
        In days: what is not lasting is correlated by ``exp(-days / memory)``.
    """

    family: str
    between: float
    dispersion: float
    spread: float = 0.0
    odds: float = float("inf")
    memory: float = float("inf")

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

    @property
    def lasting(self) -> float:
        """Share of the variance between accounts that lasts."""
        return 1.0 if np.isinf(self.odds) else self.odds / (1 + self.odds)

    def table(self, start: float, size: int) -> F64:
        """Log probabilities of small counts; empty for a negative binomial, which needs none."""
        from kolgraph.kernels.counts import poisson_lognormal

        if not self.lognormal:
            return np.empty((1, 0, 0))
        return np.asarray(poisson_lognormal(start, self.step, size, self.nodes[0]))

    def evidence(self, counts: Counts, prior: F64) -> F64:
        """Log marginal likelihood of every account, shape (accounts,)."""
        from kolgraph.kernels.counts import evidence

        start, size = self._stretch(prior)
        found: F64 = evidence(
            counts.ptr, counts.y, counts.day, prior, self.between, self.lasting, self.memory, self.nodes[1],
            self.nodes[0], self.table(start, size), start, self.step,
        )  # fmt: skip
        return found

    def posterior(self, counts: Counts, prior: F64, now: F64, *, outside: float | F64) -> F64:
        """What is known of every account at its `now`, in days: see `kolgraph.kernels.counts.posterior`.

        With several chances `outside` the intervals of the next count are told for each: two columns more a chance.
        """
        from kolgraph.kernels.counts import posterior

        start, size = self._stretch(prior)
        highest = np.log(counts.y.max() + 1) + 1 if counts.y.size else 0.0
        size = max(size, int((max(prior.max() + 7 * self.between**0.5, highest) - start) / self.step) + 1)
        table = self.table(start, size)
        levels, below, log_next = self._next(start + self.step * np.arange(float(size)), table)
        found: F64 = posterior(
            counts.ptr, counts.y, counts.day, now, prior, self.between, self.lasting, self.memory, self.nodes[1],
            self.nodes[0], self.shift, table, levels, below, log_next, start, self.step, np.atleast_1d(outside),
        )  # fmt: skip
        return found

    def draw(self, u: F64, rng: np.random.Generator) -> F64:
        """A count at every location."""
        value, log_weight = self.nodes
        dispersion = rng.choice(value, u.shape, p=np.exp(log_weight))
        if self.lognormal:
            rate = np.exp(np.minimum(u + dispersion * rng.normal(size=u.shape), 40))
        else:
            rate = rng.gamma(dispersion, np.exp(np.minimum(u, 40)) / dispersion)
        return rng.poisson(rate).astype(np.float64)

    def _stretch(self, prior: F64) -> tuple[float, int]:
        """First location and number of locations at which small counts are tabled."""
        from kolgraph.kernels.counts import LARGE

        # Below, no count but 0 has a chance; above, none below LARGE has.
        start = max(float(prior.min()) - 7 * self.between**0.5, -12.0)
        return start, int((np.log(LARGE) + 6 - start) / self.step) + 1

    def _next(self, u: F64, table: F64) -> tuple[F64, F64, F64]:
        """Levels, the probability to stay at or below each at every location, and the expected log(1 + count)."""
        from scipy.special import betainc, ndtr

        from kolgraph.kernels.counts import LARGE

        top = max(float(u[-1]) + 6 * float(self.shift.max() * 2) ** 0.5, 6.0)
        small = np.arange(float(LARGE))
        levels = np.concatenate([small, np.unique(np.floor(np.exp(np.arange(np.log(LARGE), top, 0.08))))])
        below = np.empty((self.nodes[0].size, levels.size, u.size))
        for d, value in enumerate(self.nodes[0]):
            if self.lognormal:
                below[d, :LARGE] = np.cumsum(np.exp(table[d]), axis=0)
                sd = np.sqrt(value**2 + np.minimum(np.exp(-u), 1.0))
                below[d, LARGE:] = ndtr((np.log(levels[LARGE:, None] + 0.5) - u) / sd)
            else:
                # `scipy.special.nbdtr` knows whole numbers of successes only.
                below[d] = betainc(value, levels[:, None] + 1, 1 / (1 + np.exp(u) / value))
        gaps = np.log1p(levels[1:]) - np.log1p(levels[:-1])
        log_next = np.einsum("dlg,l->dg", 1 - below[:, :-1], gaps)
        return levels, below, log_next


class Law(NamedTuple):
    """The best model near a first one, what is to be added to the prior, and the loss."""

    model: CountModel
    middle: float
    loss: float


def likeliest(counts: Counts, *, seed: int) -> Law:
    """The family that makes what was counted more likely, fitted roughly, with one prior for all.

    Parameters
    ----------
    counts : Counts
    seed : int
        Of the sample it is fitted on, where there are more than `SAMPLE` counts.
    """
    part, rows = counts.sampled(seed)
    base, start = np.zeros(rows.size), float(np.mean(part.log_means()))
    families = (POISSON_LOGNORMAL, NEGATIVE_BINOMIAL)
    tried = [_fitted(part, base, CountModel(family, 2.0, 0.8), start, near=1.0) for family in families]
    return min(tried, key=lambda law: law.loss)


def refined(law: Law, counts: Counts, prior: F64, *, seed: int, rough: bool = False) -> Law:
    """The law for accounts of which more is known: their expected log location, but for a number to be added.

    That accounts change, and that they differ in dispersion, is believed where the data say so clearly; with `rough`
    it is not asked.
    """
    part, rows = counts.sampled(seed)
    if rough:
        return _fitted(part, prior[rows], law.model, 0.0, near=1.0)
    found = _fitted(part, prior[rows], law.model, 0.0, near=0.1)
    more: list[dict[str, Any]] = [{"odds": 1.0, "memory": 120.0}] if part.timed() >= FEWEST_TIMED else []
    for parts in [*more, {"spread": SPREAD}]:
        varied = _fitted(part, prior[rows], replace(found.model, **parts), found.middle, near=0.1)
        if varied.loss < found.loss - CLEARLY:
            found = varied
    return found


def _fitted(counts: Counts, base: F64, start: CountModel, middle: float, *, near: float) -> Law:
    """The best model; `near` is how far from the least loss it may be."""
    from scipy.optimize import minimize

    names = [name for name in _BEFORE if 0 < getattr(start, name) < np.inf]

    def read(x: F64) -> CountModel:
        parts: dict[str, Any] = {name: float(np.exp(value)) for name, value in zip(names, x[1:], strict=True)}
        return replace(start, **parts)

    def loss(x: F64) -> float:
        if np.abs(x).max() > 20:
            return 1e12
        model = read(x)
        thought = sum(((x[1 + i] - _BEFORE[name][0]) / _BEFORE[name][1]) ** 2 / 2 for i, name in enumerate(names))
        return float(thought - model.evidence(counts, base + x[0]).sum())

    first = np.array([middle, *(np.log(getattr(start, name)) for name in names)])
    # Nelder & Mead need a simplex that is wide in every direction: from one of their own making they stall.
    simplex = np.vstack([first, first + 0.4 * min(near + 0.2, 1.0) * np.eye(first.size)])
    best = minimize(
        loss, first, method="Nelder-Mead",
        options={"initial_simplex": simplex, "xatol": 0.5 * near, "fatol": near, "maxfev": 300},
    )  # fmt: skip
    return Law(read(best.x), float(best.x[0]), float(best.fun))
