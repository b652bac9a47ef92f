"""Engagement rate: likes, comments and reposts of a post, per follower and per view, and its place in the tier."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.scored import missing, none, scored
from kolgraph.influence.typical import log_means, percentiles
from kolgraph.results import Scores, digest

F64 = NDArray[np.float64]


def engagement(
    ids: NDArray[np.object_],
    author: ArrayLike,
    counts: Mapping[str, ArrayLike],
    views: ArrayLike,
    followers: ArrayLike,
    platform: NDArray[np.int64],
    peers: NDArray[np.int64],
    *,
    share: ArrayLike | None = None,
) -> Scores:
    """Real interactions with a typical post of an account, per follower.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    author : array_like, shape (p,), int
        Row of the account of every post.
    counts : mapping of name to array_like, shape (p,)
        ``likes``, ``comments`` and ``reposts`` of every post; NaN where they are not known.
    views : array_like, shape (p,)
        NaN where they are not shown.
    followers : array_like, shape (n,)
        As the platform shows them; NaN where it does not.
    platform, peers : ndarray, shape (n,), int64
        Number of the platform of every account, and of its tier there (`kolgraph.influence.typical.peers`).
    share : array_like, shape (p,), optional
        Real accounts per interaction, of every post: what is shown of likes and comments is multiplied by it. Reposts
        are taken as given. Default: 1.

    Returns
    -------
    Scores
        With a 95 % interval, and beside it ``posts``, ``percentile`` within the tier (0 to 100), and ``per_view`` with
        ``view_low`` and ``view_high``. NA where likes and comments, or followers, are not shown, and with fewer than
        four posts.

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    A platform shows what is known of more than half of its posts; a post of which a part of that is missing is left
    out, since a smaller sum would look like less engagement. Geometric means of few skewed counts with moderated
    Student intervals (`log_means`); per view the mean is of ``(interactions + 1/2) / (views + 1/2)``. O(p + n log n).

    Examples
    --------
    >>> counts = {"likes": [90.0, 40] * 4, "comments": [5.0, 5] * 4, "reposts": [5.0, 5] * 4}
    >>> same = np.zeros(2, int)
    >>> found = engagement(np.array(["ann", "bob"]), [0, 1] * 4, counts, [np.nan] * 8, [1000, 1000], same, same)
    >>> found.values.round(3).tolist(), found.beside["percentile"].tolist()
    ([0.1, 0.05], [75.0, 25.0])
    """
    who, n = np.asarray(author, dtype=np.int64), ids.size
    kinds = {name: np.asarray(part, dtype=np.float64) for name, part in counts.items()}
    seen, shown = np.asarray(views, dtype=np.float64), np.asarray(followers, dtype=np.float64)
    real = np.ones(who.size) if share is None else np.asarray(share, dtype=np.float64)
    if any(part.shape != who.shape for part in (*kinds.values(), seen, real)):
        raise InputError("author, counts, views and share must be equally long")
    if not shown.shape == platform.shape == peers.shape == (n,):
        raise InputError("ids, followers, platform and peers must be equally long")
    total = _interactions(platform[who], kinds, real)
    means = log_means(who, np.log1p(total), n)
    low, high = means.interval()
    reason = missing(who, total, n, "likes_unknown")
    reason[none(reason) & ~(shown > 0)] = "no_followers_shown"
    there = none(reason)
    fans = np.where(there, shown, np.nan)
    values = np.expm1(means.mean) / fans
    viewed = log_means(who, np.log((total + 0.5) / (seen + 0.5)), n)
    view_low, view_high = viewed.interval()
    beside = {
        "posts": means.posts,
        "percentile": percentiles(values, peers),
        "per_view": np.exp(viewed.mean),
        "view_low": np.exp(view_low),
        "view_high": np.exp(view_high),
    }
    given = digest(who, *kinds.values(), seen, shown, platform, peers, real)
    low, high = np.maximum(np.expm1(low), 0) / fans, np.expm1(high) / fans
    return scored("engagement", ids, values, reason, beside, given, low=low, high=high)


def _interactions(platform: NDArray[np.int64], kinds: Mapping[str, F64], real: F64) -> F64:
    """Sum of what the platform of a post shows; NaN where a part is missing, or both likes and comments."""
    posts = np.bincount(platform)
    total, liked = np.zeros(platform.size), np.zeros(platform.size, bool)
    for name, part in kinds.items():
        known = ~np.isnan(part)
        counted = (2 * np.bincount(platform, weights=known, minlength=posts.size) > posts)[platform]
        total += np.where(counted, part if name == "reposts" else part * real, 0.0)
        liked |= counted & (name != "reposts")
    return np.where(liked, total, np.nan)
