"""Realised influence: the real accounts that posts of an account did move, and whether they become more or fewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.interval import Z95
from kolgraph.results import Result, best, digest

if TYPE_CHECKING:
    import pandas as pd

#: Posts that each half of the time needs before a trend is told.
_ENOUGH = 3
_NUMBERS = ("low", "high", "trend", "trend_low", "trend_high")


@dataclass(frozen=True, kw_only=True)
class Realised(Result):
    """What posts did.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    posts : ndarray of int64, shape (n,)
        Own posts of which it is known what they moved, those that moved nobody among them.
    values, low, high : ndarray of float64, shape (n,)
        Real accounts that reposted a post, directly or through others, each counted once: mean per post, and its 95 %
        interval, from two posts on; NaN where there is nothing to say.
    trend, trend_low, trend_high : ndarray of float64, shape (n,)
        Mean of the later half of the time / mean of the earlier half; NaN with less than three posts in either.
    windows : DataFrame
        One row per account and window with posts: ``account_id, window, start_ts, stop_ts, posts, realised``.
    """

    analysis: ClassVar[str] = "realised"
    ids: NDArray[np.object_]
    posts: NDArray[np.int64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    trend: NDArray[np.float64]
    trend_low: NDArray[np.float64]
    trend_high: NDArray[np.float64]
    windows: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """Accounts with posts, indexed by id, most moved first."""
        import pandas as pd

        columns: dict[str, Any] = {"posts": self.posts, "realised": self.values}
        columns |= {name: getattr(self, name) for name in _NUMBERS}
        return pd.DataFrame(columns, index=pd.Index(self.ids, name="account_id")).iloc[self._rows()]

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        columns = {"realised": self.values} | {name: getattr(self, name) for name in _NUMBERS}
        return [
            {"account_id": str(self.ids[i]), "posts": int(self.posts[i])} | {c: float(v[i]) for c, v in columns.items()}
            for i in self._rows(top)
        ]

    def _rows(self, top: int | None = None) -> NDArray[np.int64]:
        """Accounts with posts, most moved first."""
        rows = np.flatnonzero(self.posts > 0)
        return np.asarray(rows[best(self.values[rows], self.ids[rows], top)])

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``scores``: measure ``realised``."""
        table = self.frame().reset_index()
        rows = table[["account_id"]].assign(measure="realised", value=table["realised"])
        return {"scores": rows.assign(low=table["low"], high=table["high"])}


def realised(
    ids: NDArray[np.object_], author: ArrayLike, time: ArrayLike, moved: ArrayLike, *, windows: int = 4
) -> Realised:
    """Average what posts moved over the posts of each author, and compare the later ones with the earlier.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
        Accounts.
    author : array_like, shape (p,), int
        Row of the author of every post, whether it was reposted or not.
    time : array_like, shape (p,)
        When it was posted, epoch milliseconds; NaN where nobody knows.
    moved : array_like, shape (p,)
        Real accounts that it moved; NaN where nobody knows: such a post counts nowhere.
    windows : int
        Equal stretches of the time in which there are posts.

    Returns
    -------
    Realised

    Raises
    ------
    InputError
        Lengths that differ, numbers outside their range, no window.

    Notes
    -----
    O(p log p). The interval of a mean is mean -+ 1.96 s / sqrt(posts), not below 0: with few posts it is too narrow,
    since a rare great success may be missing altogether; `kolgraph.influence.proven` has one that holds. That of a
    trend is taken on the logarithm.

    Examples
    --------
    >>> found = realised(np.array(["ann", "bob", "cai"]), [0, 0, 1], [1.0, 2.0, 3.0], [2, 0, np.nan])
    >>> found.frame()[["posts", "realised"]].to_dict("index")
    {'ann': {'posts': 2, 'realised': 1.0}}
    """
    import pandas as pd

    n = ids.size
    who, when = np.asarray(author, dtype=np.int64), np.asarray(time, dtype=np.float64)
    what = np.asarray(moved, dtype=np.float64)
    if windows < 1:
        raise InputError(f"a trend needs at least one window, not {windows}")
    if not who.shape == when.shape == what.shape:
        raise InputError("author, time and moved must be equally long")
    if who.size and not (who.min() >= 0 and who.max() < n):
        raise InputError(f"row numbers must lie from 0 to {n - 1}")
    if (what < 0).any() or np.isinf(what).any():
        raise InputError("what a post moved is a number >= 0, or unknown")
    there = ~np.isnan(what)
    who, when, moved = who[there], when[there], what[there]
    posts, mean, error = _means(who, moved, n)
    known = np.isfinite(when)
    start, stop = (when[known].min(), when[known].max() + 1) if known.any() else (0.0, 1.0)
    later = when >= (start + stop) / 2
    trend = _trend(who, moved, known & ~later, known & later, n)
    edges = np.linspace(start, stop, windows + 1)
    window = np.clip(np.searchsorted(edges, when[known], side="right") - 1, 0, windows - 1)
    table = pd.DataFrame({"row": who[known], "window": window, "moved": moved[known]})
    told = table.groupby(["row", "window"])["moved"].agg(["size", "mean"]).reset_index()
    return Realised(
        ids=ids,
        posts=posts,
        values=mean,
        low=np.maximum(mean - Z95 * error, 0),
        high=mean + Z95 * error,
        trend=trend[0],
        trend_low=trend[1],
        trend_high=trend[2],
        windows=pd.DataFrame(
            {
                "account_id": ids[told["row"]],
                "window": told["window"],
                "start_ts": edges[told["window"]].astype(np.int64),
                "stop_ts": edges[told["window"] + 1].astype(np.int64),
                "posts": told["size"],
                "realised": told["mean"],
            }
        ),
        parameters={
            "windows": windows,
            "posts": int(who.size),
            "input": digest(who, when, moved),
        },
        graph=digest(ids),
    )


def _means(
    who: NDArray[np.int64], moved: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Posts, mean and its standard error for every account; NaN without posts, or with a single one."""
    posts = np.bincount(who, minlength=n)
    nothing = np.full(n, np.nan)
    mean = np.divide(np.bincount(who, weights=moved, minlength=n), posts, out=nothing.copy(), where=posts > 0)
    squares = np.bincount(who, weights=(moved - mean[who]) ** 2, minlength=n)
    error = np.sqrt(np.divide(squares, posts * (posts - 1.0), out=nothing, where=posts > 1))
    return posts, mean, error


def _trend(
    who: NDArray[np.int64], moved: NDArray[np.float64], early: NDArray[np.bool_], late: NDArray[np.bool_], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Ratio of two means with its interval, by the delta method on the logarithm."""
    before, mean, error = _means(who[early], moved[early], n)
    after, mean_late, error_late = _means(who[late], moved[late], n)
    enough = (before >= _ENOUGH) & (after >= _ENOUGH)
    enough &= np.nan_to_num(mean) * np.nan_to_num(mean_late) > 0
    ratio, spread = np.full(n, np.nan), np.full(n, np.nan)
    ratio[enough] = mean_late[enough] / mean[enough]
    relative = (error[enough] / mean[enough]) ** 2 + (error_late[enough] / mean_late[enough]) ** 2
    spread[enough] = np.exp(Z95 * np.sqrt(relative))
    return ratio, ratio / spread, ratio * spread
