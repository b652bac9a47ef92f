"""What posts did, by measures that one lucky post does not move: h-index, median, share above the tier, growth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.scored import LEAST, missing, none, scored, shares
from kolgraph.influence.typical import PRIOR, interval, log_means
from kolgraph.results import Scores, digest

F64 = NDArray[np.float64]
#: Posts from which on an interval of their median exists.
MIDDLE = 6


class Posts(NamedTuple):
    """Posts and what they moved; `kolgraph.verbs.observed.read_past` reads them from a workspace.

    Attributes
    ----------
    author : ndarray, shape (p,), int64
        Row of the account.
    moved : ndarray, shape (p,), float64
        Real accounts that reposted it; NaN where unknown.
    """

    author: NDArray[np.int64]
    moved: F64

    @classmethod
    def of(cls, ids: NDArray[np.object_], author: ArrayLike, moved: ArrayLike) -> Posts:
        """Checked columns.

        Raises
        ------
        InputError
            Lengths that differ, rows that are no account, a negative count.
        """
        who, what = np.asarray(author, dtype=np.int64), np.asarray(moved, dtype=np.float64)
        if who.shape != what.shape:
            raise InputError("author and moved must be equally long")
        if who.size and not (who.min() >= 0 and who.max() < ids.size):
            raise InputError(f"row numbers must lie from 0 to {ids.size - 1}")
        if (what < 0).any():
            raise InputError("a post cannot move less than nobody")
        return cls(who, what)

    def reason(self, n: int, least: int = LEAST) -> NDArray[np.object_]:
        """Why nothing can be said of an account; None where it is known of `least` posts what they moved."""
        return missing(self.author, self.moved, n, "reposts_unknown", least)

    def known(self) -> tuple[NDArray[np.int64], F64]:
        """Author and number of those posts of which it is known what they moved."""
        there = ~np.isnan(self.moved)
        return self.author[there], self.moved[there]


def h_index(ids: NDArray[np.object_], author: ArrayLike, moved: ArrayLike) -> Scores:
    """The largest h such that h posts of an account each moved h real accounts or more.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    author, moved : array_like, shape (p,)
        As in `Posts`.

    Returns
    -------
    Scores
        A count of what was seen, and no estimate: it has no interval. Beside it ``posts`` of which the number is known;
        others could only raise it.

    Raises
    ------
    InputError
        See `Posts.of`.

    Notes
    -----
    Hirsch (PNAS 2005). O(p log p).

    Examples
    --------
    >>> h_index(np.array(["ann"]), [0, 0, 0, 0], [90, 3, 2, 0]).values
    array([2.])
    """
    posts, n = Posts.of(ids, author, moved), ids.size
    who, what = posts.known()
    order = np.lexsort((-what, who))
    count = np.bincount(who, minlength=n)
    place = np.arange(who.size) - (np.cumsum(count) - count)[who[order]] + 1
    h = np.bincount(who[order], weights=what[order] >= place, minlength=n)
    return scored("h_index", ids, h, posts.reason(n, 1), {"posts": count}, digest(*posts))


def median_reposts(ids: NDArray[np.object_], author: ArrayLike, moved: ArrayLike) -> Scores:
    """Real accounts that the middle post of an account moved.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    author, moved : array_like, shape (p,)
        As in `Posts`.

    Returns
    -------
    Scores
        With the interval of order statistics, which holds whatever the posts are like, and ``posts`` beside it. NA with
        fewer than six: there is no such interval.

    Raises
    ------
    InputError
        See `Posts.of`.

    Notes
    -----
    The interval lies between the k-th least and the k-th greatest post, with the largest k for which a fair coin shows
    fewer than k heads in as many throws at most once in 40 times (David & Nagaraja, Order Statistics, 2003, 7.1).
    O(p log p).

    Examples
    --------
    >>> median_reposts(np.array(["ann"]), [0] * 6, [5, 1, 900, 2, 3, 4]).records()
    [{'account_id': 'ann', 'median_reposts': 3.5, 'low': 1.0, 'high': 900.0, 'posts': 6}]
    """
    from scipy.stats import binom

    posts, n = Posts.of(ids, author, moved), ids.size
    who, what = posts.known()
    ordered = np.append(what[np.lexsort((what, who))], np.nan)
    count = np.bincount(who, minlength=n)
    start = np.cumsum(count) - count
    nowhere = what.size  # the NaN at the end
    middle = [np.where(count > 0, start + half, nowhere) for half in ((count - 1) // 2, count // 2)]
    sizes, kind = np.unique(count, return_inverse=True)
    k = binom.ppf(0.025, sizes, 0.5).astype(np.int64)[kind]
    low, high = (ordered[np.where((count > 0) & (k > 0), at, nowhere)] for at in (start + k - 1, start + count - k))
    values = (ordered[middle[0]] + ordered[middle[1]]) / 2
    beside = {"posts": count}
    return scored("median_reposts", ids, values, posts.reason(n, MIDDLE), beside, digest(*posts), low=low, high=high)


def above_tier(ids: NDArray[np.object_], author: ArrayLike, moved: ArrayLike, peers: NDArray[np.int64]) -> Scores:
    """Share of the posts of an account that moved more than the median post of its tier.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    author, moved : array_like, shape (p,)
        As in `Posts`.
    peers : ndarray, shape (n,), int64
        Number of the group an account is compared with; -1 for none. See `kolgraph.influence.typical.peers`.

    Returns
    -------
    Scores
        With the interval of Wilson, ``posts`` and ``tier_median`` beside it. NA with fewer than four posts, for an
        account whose followers are not shown, and for one that has no other in its group.

    Raises
    ------
    InputError
        See `Posts.of`.

    Notes
    -----
    In the median of a group every account weighs the same, however much it posts; it is taken as known. O(p log p).

    Examples
    --------
    >>> found = above_tier(np.array(["ann", "bob"]), [0] * 4 + [1] * 4, [3, 9, 8, 7, 1, 2, 4, 0], np.array([0, 0]))
    >>> found.values.tolist(), found.beside["tier_median"].tolist()
    ([0.75, 0.25], [3.0, 3.0])
    """
    posts, n = Posts.of(ids, author, moved), ids.size
    who, what = posts.known()
    count = np.bincount(who, minlength=n)
    group = peers[who]
    order = np.lexsort((what, group))
    weight = np.cumsum(1.0 / count[who[order]])
    groups = int(peers.max(initial=-1)) + 1
    number = np.searchsorted(group[order], np.arange(-1, groups + 1))  # where each group starts, and the last ends
    before = np.append(0.0, weight)[number]
    # The first post at which half of the weight of its group is reached; sums of parts may miss it by a breath.
    half = np.searchsorted(weight, (before[:-1] + before[1:]) / 2 - 1e-9)
    middle = np.append(what[order], np.nan)[np.where(number[1:] > number[:-1], half, what.size)]
    median = middle[1:][peers] if groups else np.full(n, np.nan)
    reason = posts.reason(n)
    others = np.bincount(peers[(peers >= 0) & (count > 0)], minlength=groups)
    reason[none(reason) & (peers >= 0) & (others[peers] < 2 if groups else True)] = "alone_in_tier"
    reason[none(reason) & (peers < 0)] = "no_followers_shown"
    hits = np.bincount(who, weights=what > median[who], minlength=n)
    beside = {"posts": count, "tier_median": np.where(peers >= 0, median, np.nan)}
    return shares("above_tier", ids, hits, count, reason, beside, digest(*posts, peers))


def growth(ids: NDArray[np.object_], author: ArrayLike, moved: ArrayLike, time: ArrayLike) -> Scores:
    """How many times as much a typical post of the later half of an account's posts moved as one of the earlier half.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    author, moved : array_like, shape (p,)
        As in `Posts`.
    time : array_like, shape (p,)
        When it was posted; NaN where unknown.

    Returns
    -------
    Scores
        Ratio of the geometric means of 1 + moved, with its 95 % interval; 1 is no change. Beside it the posts
        ``earlier`` and ``later``. NA with fewer than two on either side.

    Raises
    ------
    InputError
        See `Posts.of`, or times of another length.

    Notes
    -----
    The halves are the posts before and after the median of an account's own times; a post at the median is in neither.
    Student's interval of a difference of means of logarithms, with the variance of `log_means`: it holds for few posts.
    The latest posts may not have been reposted to their end when they were read. O(p log p).

    Examples
    --------
    >>> found = growth(np.array(["ann"]), [0] * 4, [1, 3, 7, 15], [1, 2, 3, 4])
    >>> found.values.round(3)
    array([4.])
    """
    posts, n = Posts.of(ids, author, moved), ids.size
    when = np.asarray(time, dtype=np.float64)
    if when.shape != posts.author.shape:
        raise InputError("author and time must be equally long")
    there = ~np.isnan(when) & ~np.isnan(posts.moved)
    who, logs, when = posts.author[there], np.log1p(posts.moved[there]), when[there]
    count = np.bincount(who, minlength=n)
    ordered, start = when[np.lexsort((when, who))], np.cumsum(count) - count
    low, high = (ordered[(start + half)[who]] for half in ((count - 1) // 2, count // 2))
    twice = 2 * when - low - high
    before, after = twice < 0, twice > 0
    side = before | after
    both = log_means(who[side] + n * after[side], logs[side], 2 * n)
    mean, freedom = both.mean.reshape(2, n), both.freedom.reshape(2, n)
    variance = (both.variance / np.maximum(both.posts, 1)).reshape(2, n)
    whole, parts = variance.sum(0), (variance**2 / freedom).sum(0)
    low, high = interval(
        mean[1] - mean[0], whole, np.divide(whole**2, parts, out=np.full(n, float(PRIOR)), where=parts > 0)
    )
    earlier, later = both.posts.reshape(2, n)
    reason = posts.reason(n)
    reason[none(reason) & (np.minimum(earlier, later) < LEAST // 2)] = "too_few_times"
    beside = {"earlier": earlier, "later": later}
    given = digest(*posts, np.asarray(time, dtype=np.float64))
    return scored("growth", ids, np.exp(mean[1] - mean[0]), reason, beside, given, low=np.exp(low), high=np.exp(high))
