"""Proven influence: what the next post of an account moves, by what its posts did, shrunk to what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.countmodel import CountModel, Counts, likeliest, refined
from kolgraph.influence.prior import expected
from kolgraph.results import Result, Scores, best, digest

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]

#: Chance that the next post comes outside its interval.
OUTSIDE = 0.1
_DAY_MS = 86_400_000.0
#: The chance that the model gives is corrected by last posts, foretold from those before, tried at these chances; the
#: model itself counts for as many as tell a coverage to .02, which is how far off it was on real posts.
_TRIED, _OWN_WORD = np.array([0.04, 0.07, 0.1, 0.13, 0.16, 0.2]), 225
#: Accounts with posts below which nothing is foretold: there is nothing to compare with.
FEWEST = 3
#: Rounds in which the regression on what is known and the law are fitted in turn.
_ROUNDS = 4
_NUMBERS = ("values", "low", "high", "expected", "next_log", "next_low", "next_high", "prior")


@dataclass(frozen=True, kw_only=True)
class Proven(Result):
    """What the next post of every account moves.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    posts : ndarray of int64, shape (n,)
        Own posts of which it is known what they moved.
    values, low, high : ndarray of float64, shape (n,)
        Real accounts that act on a post: the mean of a next post, as likely below as above; its 95 % interval. NaN with
        a reason where nothing is known.
    expected : ndarray of float64, shape (n,)
        Expectation of that mean: above `values`, the more the less is known. Sums of accounts are made of it.
    next_log : ndarray of float64, shape (n,)
        Expected log(1 + what the next post moves).
    next_low, next_high : ndarray of float64, shape (n,)
        90 % interval of the next post.
    prior : ndarray of float64, shape (n,)
        What would be said of the mean without the posts.
    location, location_sd : ndarray of float64, shape (n,)
        Of the log rate of a post (`CountModel`): mean and standard deviation of what is known of it.
    reason : ndarray of object, shape (n,)
        ``no_past``: neither this account nor enough others have posts. ``no_data``: it has none, and nothing is
        known by which to compare it with others. None where there is a number.
    outside : float
        Chance by the model that a next post comes outside its interval, such that of known ones a tenth does.
    model : CountModel or None
        The law that was found; None where there was nothing to find it from.
    """

    analysis: ClassVar[str] = "proven"
    ids: NDArray[np.object_]
    posts: NDArray[np.int64]
    values: F64
    low: F64
    high: F64
    expected: F64
    next_log: F64
    next_low: F64
    next_high: F64
    prior: F64
    location: F64
    location_sd: F64
    reason: NDArray[np.object_]
    outside: float
    model: CountModel | None

    def frame(self) -> pd.DataFrame:
        """Indexed by account id, most moved first, accounts of which nothing is known last."""
        import pandas as pd

        rows = best(self.values, self.ids)
        columns = {"posts": self.posts, "proven": self.values} | {
            name: getattr(self, name) for name in ("low", "high", "next_low", "next_high", "prior")
        }
        table = pd.DataFrame(columns, index=pd.Index(self.ids, name="account_id")).iloc[rows]
        return table.assign(reason=self.reason[rows])

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        names = ("low", "high", "next_low", "next_high", "prior")
        return [
            {"account_id": str(self.ids[i]), "posts": int(self.posts[i]), "proven": float(self.values[i])}
            | {name: float(getattr(self, name)[i]) for name in names}
            | {"reason": self.reason[i]}
            for i in best(self.values, self.ids, top)
        ]

    def summary(self) -> dict[str, Any]:
        """How many accounts have a number, how many posts it stands on, and the law that was found."""
        told = {"accounts": int(np.isfinite(self.values).sum()), "posts": int(self.posts.sum())}
        if self.model is None:
            return told
        law = {"law": self.model.family, "between": self.model.between, "dispersion": self.model.dispersion}
        return told | law | {"memory_days": self.model.memory if np.isfinite(self.model.memory) else None}

    def scores(self) -> Scores:
        """The means, as a score."""
        return Scores(
            measure="proven",
            ids=self.ids,
            values=self.values,
            low=self.low,
            high=self.high,
            reason=self.reason,
            parameters={"of": self.run_id},
            seed=self.seed,
            graph=self.graph,
        )

    def draw(self, rows: NDArray[np.int64], runs: int, *, seed: int) -> F64:
        """What a next post of some accounts moves, drawn at random: shape (runs, rows), accounts independently.

        Raises
        ------
        InputError
            Of an account nothing is known.
        """
        if self.model is None or not np.isfinite(self.values[rows]).all():
            raise InputError("of an account of which nothing is known no next post can be drawn")
        rng = np.random.default_rng(seed)
        u = rng.normal(self.location[rows], self.location_sd[rows], (runs, rows.size))
        return self.model.draw(u, rng)


def proven(
    ids: NDArray[np.object_],
    author: ArrayLike,
    time: ArrayLike,
    moved: ArrayLike,
    *,
    known: pd.DataFrame | None = None,
    now: ArrayLike | None = None,
    seed: int,
) -> Proven:
    """Tell for every account what its next post moves.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
        Accounts.
    author : array_like, shape (p,), int
        Row of the author of every post.
    time : array_like, shape (p,)
        When it was posted, epoch milliseconds; NaN where nobody knows.
    moved : array_like, shape (p,)
        Real accounts that acted on it (reposted it), rounded to whole ones; NaN where that is unknown.
    known : DataFrame, optional
        One row per account: what else is known of it, from which it is foretold what accounts like it move; numbers
        >= 0, booleans and texts, NaN where unknown.
    now : array_like, shape (n,) or one number, optional
        When the next post comes, epoch milliseconds; default: with the last post there is.
    seed : int
        Of the sample on which the law is fitted, where there are very many posts.

    Returns
    -------
    Proven

    Raises
    ------
    InputError
        Lengths that differ, rows outside the accounts, numbers below 0.

    Notes
    -----
    A hierarchical model, fitted by marginal likelihood (empirical Bayes; Efron, Large-Scale Inference, 2010): the log
    location of an account is normal about a regression on `known`; its counts are Poisson-lognormal or negative
    binomial, whichever makes them more likely; their dispersion differs between accounts where that is clearly more
    likely. Where it is clearly more likely, too, the location drifts: a share of the variance between accounts lasts,
    the rest is correlated by exp(-days / memory) (a Gaussian process; Rasmussen & Williams, 2006), so that recent posts
    count more. An account without posts has what
    accounts like it have, with all the difference there is between them. O(posts), on a grid per account.

    Examples
    --------
    Bob's one success counts less than what Ann's posts do again and again:

    >>> ids = np.array(["ann", "bob", "cai", "dan"])
    >>> found = proven(ids, [0] * 9 + [1, 2, 2], [np.nan] * 12, [20, 25, 30] * 3 + [40, 2, 3], seed=1)
    >>> bool(20 < found.values[0] < 30), bool(found.high[0] - found.low[0] < found.high[1] - found.low[1])
    (True, True)
    >>> int(found.posts[3]), found.reason[3]
    (0, 'no_data')
    """
    n = ids.size
    who, when = np.asarray(author, dtype=np.int64), np.asarray(time, dtype=np.float64)
    what = np.asarray(moved, dtype=np.float64)
    if not who.shape == when.shape == what.shape or (known is not None and len(known) != n):
        raise InputError("author, time and moved must be equally long, and known must have a row for every account")
    if who.size and not (who.min() >= 0 and who.max() < n):
        raise InputError(f"row numbers must lie from 0 to {n - 1}")
    if (what < 0).any() or np.isinf(what).any():
        raise InputError("what a post moved is a number >= 0, or unknown")
    counts = _counts(who, when, what, n)
    posts = np.diff(counts.ptr)
    last = float(np.nanmax(when)) if np.isfinite(when).any() else 0.0
    at = np.full(n, last) if now is None else np.broadcast_to(np.asarray(now, dtype=np.float64), n)
    parameters = {
        "features": [] if known is None else list(known.columns),
        "input": digest(who, when, what, at) if known is None else digest(who, when, what, at, known),
    }
    shared: dict[str, Any] = {"ids": ids, "posts": posts, "parameters": parameters, "seed": seed, "graph": digest(ids)}
    if (posts > 0).sum() < FEWEST:
        nothing: dict[str, Any] = dict.fromkeys([*_NUMBERS, "location", "location_sd"], np.full(n, np.nan))
        reason = np.full(n, "no_past", dtype=object)
        return Proven(**shared, **nothing, reason=reason, outside=OUTSIDE, model=None)
    model, prior = _law(counts, known, n, seed)
    outside = _calibrated(model, counts, prior, seed)
    found = model.posterior(counts, prior, at / _DAY_MS, outside=outside)
    before = np.exp(prior + float(np.exp(model.nodes[1]) @ model.shift))
    low, middle, high, mean = np.exp(np.minimum(found[:, 2:6].T, 700))
    numbers = dict(zip(_NUMBERS, (middle, low, high, mean, *found[:, 6:9].T, before), strict=True))
    strange = (posts == 0) & ~_anything(known, n)
    shared |= {name: np.where(strange, np.nan, part) for name, part in numbers.items()}
    return Proven(
        **shared,
        location=found[:, 0],
        location_sd=np.sqrt(found[:, 1]),
        reason=np.array(["no_data" if one else None for one in strange], dtype=object),
        outside=outside,
        model=model,
    )


def _anything(known: pd.DataFrame | None, n: int) -> NDArray[np.bool_]:
    """Of whom any number is known."""
    numbers = [] if known is None else [known[name] for name in known.columns if known[name].dtype.kind in "biuf"]
    return np.asarray(np.logical_or.reduce([np.zeros(n, bool), *(column.notna().to_numpy() for column in numbers)]))


def _counts(who: NDArray[np.int64], when: F64, what: F64, n: int) -> Counts:
    """The posts of which it is known what they moved, oldest first; those without a time as old as the oldest."""
    there = np.flatnonzero(~np.isnan(what))
    day = when[there] / _DAY_MS
    oldest = np.full(n, np.inf)
    np.minimum.at(oldest, who[there], np.nan_to_num(day, nan=np.inf))
    day = np.where(np.isnan(day), np.nan_to_num(oldest, posinf=0.0)[who[there]], day)
    y, whose = np.rint(what[there]), who[there]
    order = np.lexsort((y, day, whose))
    y, day, whose = y[order], day[order], whose[order]
    # Of posts at one time (or without any) which comes last must depend neither on the order of rows, nor on its size.
    run = np.concatenate([[0], np.cumsum((np.diff(whose) != 0) | (np.diff(day) != 0))])[: y.size]
    tied = np.flatnonzero(np.bincount(run)[run] > 1)
    y[tied] = y[tied][np.lexsort((np.random.default_rng(0).random(tied.size), run[tied]))]
    ptr = np.concatenate([[0], np.cumsum(np.bincount(whose, minlength=n))])
    return Counts(ptr.astype(np.int64), y, day)


def _law(counts: Counts, known: pd.DataFrame | None, n: int, seed: int) -> tuple[CountModel, F64]:
    """The law of the counts, and the expected log location of every account."""
    law = likeliest(counts, seed=seed)
    prior = np.full(n, law.middle)
    part, rows = counts.sampled(seed)
    last = part.day[part.ptr[1:] - 1]
    for _ in range(0 if known is None else _ROUNDS):
        # What the counts alone say: the posterior without the prior. A normal likelihood is a poor one for an account
        # that moved nobody, the worse the farther away the prior is; hence several rounds.
        found = law.model.posterior(part, prior[rows], last, outside=OUTSIDE)
        precision = np.maximum(1 / found[:, 1] - 1 / law.model.between, 1e-3)
        alone = (found[:, 0] / found[:, 1] - prior[rows] / law.model.between) / precision
        learnt = expected(known, rows, alone, 1 / precision, law.model.between)
        if learnt is None:
            break
        law = refined(law, counts, learnt, seed=seed, rough=True)
        prior = learnt + law.middle
    law = refined(law, counts, prior, seed=seed)
    return law.model, prior + law.middle


def _calibrated(model: CountModel, counts: Counts, prior: F64, seed: int) -> float:
    """The chance to be outside, by the model, at which a tenth of the last posts were, foretold from those before."""
    part, rows = counts.sampled(seed)
    several = np.diff(part.ptr) > 1
    if not several.any():
        return OUTSIDE
    last = part.ptr[1:] - 1
    kept = np.ones(part.y.size, bool)
    kept[last] = False
    before = Counts(part.ptr - np.arange(part.ptr.size), part.y[kept], part.day[kept])
    came, day = part.y[last], part.day[last]
    found = model.posterior(before, prior[rows], day, outside=_TRIED)[several, 7:]
    came = came[several, None]
    outside = ((came < found[:, ::2]) | (came > found[:, 1::2])).sum(0)
    missed = (outside + _TRIED * _OWN_WORD) / (came.size + _OWN_WORD)
    return float(np.interp(OUTSIDE, np.maximum.accumulate(missed), _TRIED))
