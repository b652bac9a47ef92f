"""Coverage: what was loaded against what platforms show, and which accounts can be judged by it.

A crawl holds a part: some follower lists, cut at some length, some reposts of some posts. What was not loaded is
unknown, not zero. This says, per account, how much of its audience is loaded, and whether a ring in it could show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.interval import Z95
from kolgraph.locale import catalogue, number, percent
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

F64 = NDArray[np.float64]

#: A share is judged when its 95 % interval is at most so wide at worst, that is at a share of one half.
WIDEST = 0.5
#: Rings in an audience are judged when at least this part of its loaded followers could be seen in one.
LEAST_VISIBLE = 0.5
#: Lists are cut where this many have exactly one length, and a Poisson count of the lengths around it would have as
#: many once in a million; no platform shows fewer than `SHORTEST_CUT`.
PILE, PILE_CHANCE, SHORTEST_CUT = 5, 1e-6, 10
#: The largest accounts, about whom rings are asked first; half of the customers of planted rings are among them.
LARGEST = 0.02
#: Followers that the smallest of the planted rings deliver: an account with fewer is no customer.
SMALLEST_SALE = 20
#: Without shown counts a graph is taken for complete if this part of its accounts has a loaded follower: where only the
#: lists of some accounts were read, all others have none.
COMPLETE_FROM = 0.5
#: Lists are newest first if younger followers go with smaller loaded shares, by chance once in ten thousand crawls.
ORDER_CHANCE, ORDER_LISTS = 1e-4, 10
_POST_COUNTS = ("author", "reposts_loaded", "reposts_shown", "comments_loaded", "comments_shown")


@dataclass(frozen=True, kw_only=True)
class Coverage(Result):
    """What was loaded, against what is shown.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    followers, followings : ndarray of int64, shape (n,)
        Loaded, the account itself not among them.
    followers_shown, followings_shown : ndarray of float64, shape (n,)
        As the platform says, NaN where unknown. They may be old: less than was loaded counts as all of it.
    size : ndarray of float64, shape (n,)
        Followers that there are: shown or loaded, whichever is more; what is loaded where the graph is taken for
        complete; NaN where nobody knows.
    share : ndarray of float64, shape (n,)
        followers / size, NaN where unknown, and for an account that has no follower.
    cut : ndarray of bool, shape (n,)
        The follower list ends at a length at which many lists end.
    cut_lengths, following_cut_lengths : tuple of int
        Those lengths, of follower and of following lists.
    visible : ndarray of float64, shape (n,)
        Part of the loaded followers who would be seen if they were in a ring; NaN without any.
    follow_rate, repost_rate : float
        Part of the edges of a ring that would be loaded, by follows and by reposts; NaN where nothing is known.
    complete : bool
        Accounts without a shown count are taken to be loaded in full, by the structure of the graph.
    order : str
        ``newest`` if lists turned out to be read newest first, else ``unknown``.
    reason, ring_reason : ndarray of object, shape (n,)
        Why the audience, and the rings in it, cannot be judged, as a code (see `TEXTS`); None where they can.
    posts : DataFrame
        Per post: ``author`` (row), loaded and shown reposts and comments, ``repost_share``, ``comment_share``.
    """

    analysis: ClassVar[str] = "coverage"
    ids: NDArray[np.object_]
    followers: NDArray[np.int64]
    followings: NDArray[np.int64]
    followers_shown: F64
    followings_shown: F64
    size: F64
    share: F64
    cut: NDArray[np.bool_]
    cut_lengths: tuple[int, ...]
    following_cut_lengths: tuple[int, ...]
    visible: F64
    follow_rate: float
    repost_rate: float
    complete: bool
    order: str
    reason: NDArray[np.object_]
    ring_reason: NDArray[np.object_]
    posts: pd.DataFrame

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Accounts of whose audience enough is loaded, shape (n,)."""
        return missing(self.reason)

    @property
    def rings_judged(self) -> NDArray[np.bool_]:
        """Accounts in whose audience a ring would show, shape (n,)."""
        return missing(self.ring_reason)

    @property
    def views(self) -> tuple[str, ...]:
        """The relations in which nearly every ring would be found: ``follow``, ``repost``, both or neither."""
        from kolgraph.rings.power import seen_from

        rates = {"follow": self.follow_rate, "repost": self.repost_rate}
        return tuple(view for view, rate in rates.items() if rate >= seen_from(view))

    def summary(self) -> dict[str, Any]:
        """What an answer stands on, in a few numbers and in one line."""
        return self._facts() | {"line": self.line()}

    def _facts(self) -> dict[str, Any]:
        known = np.isfinite(self.size)
        size = float(self.size[known].sum())
        reposts = self.posts.dropna(subset=["reposts_shown"])
        shown = float(np.maximum(reposts["reposts_shown"], reposts["reposts_loaded"]).sum())
        return {
            "accounts": int(self.ids.size),
            "lists": int((self.followers > 0).sum()),
            "followers_loaded": int(self.followers.sum()),
            "follower_share": float(self.followers[known].sum()) / size if size else None,
            "unknown_sizes": int((~known).sum()),
            "posts": len(self.posts),
            "repost_share": float(reposts["reposts_loaded"].sum()) / shown if shown else None,
            "cut_lengths": self.cut_lengths,
            "following_cut_lengths": self.following_cut_lengths,
            "order": self.order,
            "complete": self.complete,
            "follow_rate": self.follow_rate,
            "repost_rate": self.repost_rate,
            "rings_seen_in": self.views,
            "judged": int(self.judged.sum()),
            "rings_judged": int(self.rings_judged.sum()),
        }

    def line(self, lang: str = "en") -> str:
        """What an answer stands on, in one line."""
        text, facts = catalogue(lang), self._facts()
        parts = [
            text["coverage.lists"].format(lists=number(facts["lists"], lang), accounts=number(facts["accounts"], lang))
        ]
        told = [key for key in ("follower_share", "repost_share") if facts[key] is not None]
        parts += [text[f"coverage.{key}"].format(share=percent(facts[key], lang)) for key in told]
        if self.complete:
            parts.append(text["coverage.taken_complete"])
        if self.cut_lengths:
            lengths = text["coverage.comma"].join(number(length, lang) for length in self.cut_lengths)
            parts.append(text["coverage.cut"].format(lengths=lengths, n=number(int(self.cut.sum()), lang)))
        if self.order == "newest":
            parts.append(text["coverage.newest"])
        parts.append(text["coverage.seen." + ("_".join(self.views) or "nowhere")])
        return text["coverage.stop"].join(parts)

    def why(self, code: str, lang: str = "en") -> str:
        """A reason as a sentence, with the numbers of this crawl."""
        rate = percent(self.follow_rate, lang)
        return catalogue(lang)[f"coverage.{code}"].format(
            lists=number(int((self.followers > 0).sum()), lang), rate=rate
        )

    def frame(self) -> pd.DataFrame:
        """Accounts with a shown or loaded follower, indexed by id, the largest first; `why` explains the codes."""
        import pandas as pd

        table = pd.DataFrame(
            {
                "followers": self.followers,
                "followers_shown": self.followers_shown,
                "share": self.share,
                "followings": self.followings,
                "followings_shown": self.followings_shown,
                "cut": self.cut,
                "visible": self.visible,
            },
            index=pd.Index(self.ids, name="account_id"),
        )
        for name in ("reason", "ring_reason"):
            table[name] = pd.Series(getattr(self, name), index=table.index, dtype=object)
        size = np.fmax(self.size, self.followers)
        order = np.lexsort((self.ids.astype(str), -size))
        return table.iloc[order[size[order] > 0]]


def coverage(
    graph: Graph,
    profiles: pd.DataFrame,
    *,
    posts: pd.DataFrame | None = None,
    since: ArrayLike | None = None,
    complete: bool | None = None,
) -> Coverage:
    """Compare what was loaded with what platforms show.

    Parameters
    ----------
    graph : Graph
        Who follows whom, follower -> followed, as far as it was loaded.
    profiles : DataFrame
        One row per account, in order of rows: ``followers``, ``followings`` as shown, NaN where unknown; ``posts``
        likewise, if there is such a column.
    posts : DataFrame, optional
        One row per original post: ``author`` (row of the graph, -1 where unknown), ``reposts_loaded``,
        ``reposts_shown``, ``comments_loaded``, ``comments_shown``; shown counts NaN where unknown, columns that are
        missing likewise.
    since : array_like, shape (m,), optional
        When each edge came about, epoch milliseconds, in the order of `Graph.edges`; NaN where nobody knows.
    complete : bool, optional
        Whether lists without a shown count are loaded in full. Default: told from the structure of the graph.

    Returns
    -------
    Coverage

    Raises
    ------
    InputError
        Lengths that differ, counts below 0, a frame without a column it needs.

    Notes
    -----
    A ring shows if enough of its members' edges are loaded; of its customers nothing is known beforehand. They are
    taken to be large accounts (the largest 2 %) and others with 20 followers or more, in equal parts; the rate of a
    class is the mean loaded share of its lists, 0 for a list that was not read. A follower whose own followings are
    nearly all loaded is seen at a higher rate: of at least 8 paid follows no more can be hidden than it has unloaded
    ones. In reposts, only large accounts count, of whom posts must be loaded, since most others never post. From which
    rate on rings are seen is calibrated: `kolgraph.rings.power`. O(n + m), with times O(n + m log m).

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "y", "z"], ["ann", "ann", "bob"])
    >>> table = pd.DataFrame({"followers": {"ann": 2.0, "bob": 400.0}}).reindex(g.ids).assign(followings=np.nan)
    >>> found = coverage(g, table)
    >>> found.frame().head(2)[["followers", "followers_shown", "reason"]].values.tolist()
    [[1, 400.0, 'too_few_followers'], [2, 2.0, None]]
    """

    n = graph.n
    shown = {name: _shown(profiles, name, n) for name in ("followers", "followings", "posts")}
    src, dst, _ = graph.edges()
    other = src != dst
    src, dst = src[other], dst[other]
    followers, followings = (np.bincount(rows, minlength=n).astype(np.int64) for rows in (dst, src))
    cuts = _cut_lengths(followers, shown["followers"]), _cut_lengths(followings, shown["followings"])
    cut = np.isin(followers, cuts[0]) & ~(shown["followers"] <= followers)
    # Lists that stand at a common length are longer than they look, whatever their structure says.
    whole = _looks_complete(followers, shown["followers"]) if complete is None else complete
    size = np.fmax(shown["followers"], followers.astype(np.float64))
    unknown = np.isnan(shown["followers"])
    size[unknown & (cut | (not whole))] = np.nan
    share = np.divide(followers, size, out=np.full(n, np.nan), where=size > 0)
    table = _posts(posts, n)
    rate = _follow_rate(followers, size, share)
    repost_rate = _repost_rate(table, np.fmax(size, followers), shown["posts"])
    visible = _visible(src, dst, n, followings, shown["followings"], rate, repost_rate)
    reason, ring_reason = _reasons(followers, size, visible, share, rate)
    return Coverage(
        ids=graph.ids,
        followers=followers,
        followings=followings,
        followers_shown=shown["followers"],
        followings_shown=shown["followings"],
        size=size,
        share=share,
        cut=cut,
        cut_lengths=cuts[0],
        following_cut_lengths=cuts[1],
        visible=visible,
        follow_rate=rate,
        repost_rate=repost_rate,
        complete=bool(whole and unknown.any()),
        order="unknown" if since is None else _order(graph, np.asarray(since, dtype=np.float64), share, followers),
        reason=reason,
        ring_reason=ring_reason,
        posts=table.assign(
            repost_share=_part(table["reposts_loaded"], table["reposts_shown"]),
            comment_share=_part(table["comments_loaded"], table["comments_shown"]),
        ),
        parameters={
            "complete": complete,
            "input": digest(*shown.values(), table, np.empty(0) if since is None else np.asarray(since, np.float64)),
        },
        graph=graph.fingerprint,
    )


def missing(reason: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Where there is no reason, so that there is a number."""
    import pandas as pd

    return np.asarray(pd.isna(reason), dtype=bool)


def _shown(profiles: pd.DataFrame, name: str, n: int) -> F64:
    """A column of counts; NaN where it is missing."""
    if len(profiles) != n:
        raise InputError(f"profiles needs one row for each of {n:,} accounts, not {len(profiles):,}")
    if name not in profiles:
        if name == "posts":
            return np.full(n, np.nan)
        raise InputError(f"profiles needs a column {name!r}; it has {', '.join(map(str, profiles.columns))}")
    values: F64 = profiles[name].to_numpy(np.float64, na_value=np.nan)
    if (values < 0).any():
        raise InputError(f"{name} must be counts of 0 or more")
    return values


def _posts(posts: pd.DataFrame | None, n: int) -> pd.DataFrame:
    """Counts of every post, missing ones as NaN."""
    import pandas as pd

    given = pd.DataFrame({"author": np.empty(0, np.int64)}) if posts is None else posts
    if "author" not in given:
        raise InputError("posts needs a column 'author', rows of the graph")
    author = given["author"].to_numpy(np.int64)
    if author.size and not -1 <= author.min() <= author.max() < n:
        raise InputError(f"authors of posts must be rows from 0 to {n - 1}, or -1")
    columns = {name: given[name].astype(np.float64) if name in given else np.nan for name in _POST_COUNTS[1:]}
    return pd.DataFrame({"author": author, **columns}, index=given.index)


def _part(loaded: pd.Series, shown: pd.Series) -> pd.Series:
    """Loaded / shown, at most 1; 1 where nothing is shown, NaN where the count is unknown."""
    return (loaded / shown.where(shown > 0)).clip(upper=1).where(shown.isna() | (shown > 0), 1.0)


def _cut_lengths(loaded: NDArray[np.int64], shown: F64) -> tuple[int, ...]:
    """Lengths at which many lists end although more is shown, or would be if somebody said how much."""
    from scipy.stats import poisson

    # Very long lists are rarely cut, and a histogram up to them would be long: only lengths that occur are looked at.
    lengths, count = np.unique(loaded[(loaded >= SHORTEST_CUT) & ~(shown <= loaded)], return_counts=True)
    every = np.sort(loaded)
    near = np.maximum(2, lengths // 5)
    around = np.searchsorted(every, lengths + near, "right") - np.searchsorted(every, lengths - near, "left")
    here = np.searchsorted(every, lengths, "right") - np.searchsorted(every, lengths, "left")
    usual = (around - here) / (2 * near)
    pile = (count >= PILE) & (poisson.sf(count - 1, np.maximum(usual, 0.5)) < PILE_CHANCE)
    return tuple(int(length) for length in lengths[pile])


def _looks_complete(loaded: NDArray[np.int64], shown: F64) -> bool:
    """Whether lists without a shown count are to be taken for complete: as those with one are, else by structure."""
    known = shown > 0
    if known.any() and np.median(np.minimum(loaded[known] / shown[known], 1.0)) < 0.95:
        return False
    return bool(np.mean(loaded > 0) >= COMPLETE_FROM) if loaded.size else True


def _largest(size: F64) -> NDArray[np.bool_]:
    """The largest accounts by followers, as far as known."""
    most = max(1, round(LARGEST * size.size))
    rows = np.argsort(-np.nan_to_num(size), kind="stable")[:most]
    out = np.zeros(size.size, bool)
    out[rows] = True
    return out


def _follow_rate(loaded: NDArray[np.int64], size: F64, share: F64) -> float:
    """Mean loaded share of the lists of a ring's customers: large accounts and others in equal parts."""
    if not loaded.any():
        return 0.0
    some = ~(size < SMALLEST_SALE)
    if not some.any():
        some = ~(size == 0)  # who has no follower has no list that could be missing
    # Of a list of unknown length a part is loaded; how much of it nobody knows, and so it does not count.
    rate = np.where(loaded > 0, np.nan_to_num(share), 0.0)
    large = _largest(np.fmax(size, loaded)) & some
    parts = [rate[rows].mean() for rows in (large, some & ~large) if rows.any()]
    return float(np.mean(parts)) if parts else 0.0


def _repost_rate(posts: pd.DataFrame, size: F64, shown: F64) -> float:
    """Mean part of the reposts of large accounts that is loaded; NaN without any post."""
    known = posts[posts["author"] >= 0]
    if not len(known):
        return float("nan")
    n, author = size.size, known["author"].to_numpy()
    loaded = np.nan_to_num(known["reposts_loaded"].to_numpy())
    expected = np.fmax(known["reposts_shown"].to_numpy(), loaded)
    got, due = (np.bincount(author, weights=values, minlength=n) for values in (loaded, expected))
    count = np.bincount(author, minlength=n)
    rate = np.divide(got, due, out=np.ones(n), where=due > 0) * (count > 0)
    rate *= np.minimum(np.divide(count, shown, out=np.ones(n), where=shown > 0), 1.0)
    rows = _largest(size) & ~(shown == 0)
    return float(rate[rows].mean()) if rows.any() else float("nan")


def _visible(
    src: NDArray[np.int32],
    dst: NDArray[np.int32],
    n: int,
    loaded: NDArray[np.int64],
    shown: F64,
    rate: float,
    repost_rate: float,
) -> F64:
    """Part of the loaded followers of every account who would be seen in a ring."""
    from kolgraph.rings.power import WORKLOAD, seen_from

    hidden = np.where(np.isnan(shown), np.inf, np.maximum(shown - loaded, 0.0))
    own = np.maximum(rate, 1 - hidden / WORKLOAD)
    seen = (own >= seen_from("follow")) | (repost_rate >= seen_from("repost"))
    count = np.bincount(dst, minlength=n)
    found = np.bincount(dst, weights=seen[src], minlength=n)
    return np.asarray(np.divide(found, count, out=np.full(n, np.nan), where=count > 0), dtype=np.float64)


def _reasons(
    loaded: NDArray[np.int64], size: F64, visible: F64, share: F64, rate: float
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Codes of what stands against judging an audience, and the rings in it."""
    n = loaded.size
    # A sample without replacement tells as much as one of so many with replacement (the finite population correction).
    left = np.where(np.isnan(size), np.inf, size - loaded)
    worth = np.divide(loaded * (np.nan_to_num(size, nan=1e12) - 1), left, out=np.full(n, np.inf), where=left > 0)
    worth = np.where(np.isinf(left), loaded, worth)
    reason = np.full(n, None, dtype=object)
    reason[worth + Z95**2 < (Z95 / WIDEST) ** 2] = "too_few_followers"
    reason[(loaded == 0) & ~(size == 0)] = "no_follower_loaded"
    reason[size == 0] = "no_follower"
    rings = reason.copy()
    unseen = missing(rings) & (visible < LEAST_VISIBLE)
    # Few lists, or little of many.
    lists = np.mean((loaded > 0)[~(size == 0)]) if (~(size == 0)).any() else 1.0
    rings[unseen] = "lists_of_few" if lists < COMPLETE_FROM else "lists_too_short"
    return reason, rings


def _order(graph: Graph, since: F64, share: F64, loaded: NDArray[np.int64]) -> str:
    """Whether the smaller a loaded share is, the younger its followers are.

    Raises
    ------
    InputError
        A list of times of another length.
    """
    from scipy.stats import spearmanr

    src, dst, _ = graph.edges()
    if since.shape != dst.shape:
        raise InputError(f"since needs one time for each of {dst.size:,} edges, not {since.size:,}")
    timed = np.isfinite(since) & (src != dst)
    dst, since = dst[timed], since[timed]
    by = np.lexsort((since, dst))
    count = np.bincount(dst, minlength=graph.n)
    start = np.cumsum(count) - count
    rows = np.flatnonzero((count >= 30) & (2 * count >= loaded) & np.isfinite(share))
    if rows.size < ORDER_LISTS or np.ptp(share[rows]) == 0:
        return "unknown"
    middle = since[by][start[rows] + count[rows] // 2]
    if np.ptp(middle) == 0:
        return "unknown"
    test = spearmanr(share[rows], middle, alternative="less")
    return "newest" if test.pvalue < ORDER_CHANCE else "unknown"


#: Codes of `Coverage.reason` and `Coverage.ring_reason`; their texts are ``coverage.<code>`` in the catalogues.
TEXTS: Mapping[str, tuple[str, ...]] = {
    "reason": ("no_follower", "no_follower_loaded", "too_few_followers"),
    "ring_reason": ("no_follower", "no_follower_loaded", "too_few_followers", "lists_of_few", "lists_too_short"),
}
