"""From repost rows to measured cascades: every repost gets exactly one parent, and every repair is counted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError, UnknownName
from kolgraph.spread.cascades import OBSERVED, Cascades, named

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.kernels.forest import Forest

_COLUMNS = ("post_id", "parent_id", "root_id", "account_id", "ts", "evidence")

#: Evidence this module gives; all but ``root`` hang on the root post for want of anything better.
_OWN = ("root", "root_only", "parent_unseen", "parent_elsewhere", "parent_self", "parent_cycle")
_ROOT, _ROOT_ONLY, _UNSEEN, _ELSEWHERE, _SELF, _CYCLE = range(len(_OWN))


class _Rows(NamedTuple):
    """Posts as codes (-1 = none); ``parent`` and ``root`` are codes of posts."""

    post: NDArray[np.int64]
    parent: NDArray[np.int64]
    root: NDArray[np.int64]
    account: NDArray[np.int64]
    ts: NDArray[np.int64]
    evidence: NDArray[np.int64]


def measure_cascades(rows: pd.DataFrame, *, keep_nodes: int = 50, fake: Iterable[str] = ()) -> Cascades:
    """Shape, speed and evidence of every repost cascade at once.

    Parameters
    ----------
    rows : DataFrame, m rows in any order
        One row per repost, and the root posts as far as known: ``post_id``, ``parent_id`` (text or missing),
        ``root_id``, ``account_id`` (text or missing), ``ts`` (UTC epoch milliseconds or missing), ``evidence`` (text or
        missing). A root post is a row whose post_id is its root_id. `read_cascades` makes such rows.
    keep_nodes : int
        Largest cascades whose posts are stored by ``tables()``; ``nodes()`` answers for all.
    fake : iterable of str
        Account ids that do not count in ``real_size`` (water army, bots). Posts without an account count as real.

    Returns
    -------
    Cascades
        A parent counts as observed where it is given, lies in the cascade, and ``evidence`` is ``api_parent`` or
        missing; other words stay on the edge and count as inferred.

    Raises
    ------
    UnknownName
        A column is missing.
    InputError
        A post_id or root_id is missing, a post_id occurs twice, or an id is a float.

    Notes
    -----
    A repost without a usable parent hangs on its root post; ``evidence`` says why, ``summary()["repairs"]`` counts:
    ``root_added`` (roots without a row of their own; account and time are taken from the row of that post in another
    cascade, else unknown), ``root_only`` (no parent given), ``parent_unseen`` (not among the rows),
    ``parent_elsewhere`` (in another cascade), ``parent_self``, ``parent_cycle`` (every post on the cycle),
    ``root_parent`` (a root that names a parent: ignored), ``before_root`` and ``before_parent`` (dated before the
    root: delay 0; dated before the parent: kept), ``without_time`` (left out of half-life and duration).
    O(m) time; see `kolgraph.kernels.forest` for the measures.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({
    ...     "post_id": ["r", "a", "b"], "parent_id": [None, "r", "a"], "root_id": ["r", "r", "r"],
    ...     "account_id": ["ann", "bob", "cai"], "ts": [0, 1000, 4000], "evidence": None})
    >>> measure_cascades(rows, fake={"cai"}).frame()[["size", "real_size", "depth", "half_life_s"]].values.tolist()
    [[3.0, 2.0, 2.0, 1.0]]
    """
    import pandas as pd

    from kolgraph.kernels.forest import NO_TIME, arrivals

    for column in _COLUMNS:
        if column not in rows.columns:
            raise UnknownName(f"the rows have no column {column!r}; cascades need {', '.join(_COLUMNS)}")
    if isinstance(fake, str):
        raise InputError(f"fake={fake!r} is one text; give a list or set of account ids")
    if keep_nodes < 0:
        raise InputError(f"keep_nodes={keep_nodes} must not be negative")
    fakes = sorted(set(fake))

    coded, posts, account_ids, words = _code(rows)
    fingerprint = _fingerprint(coded, posts, account_ids, words)
    coded, added = _with_roots(coded, posts.size)
    forest, parent, evidence, repairs = _attach(coded, posts.size)
    known = coded.ts != NO_TIME
    begin = coded.ts[forest.roots][forest.tree]
    child = parent >= 0
    timed = known & (begin != NO_TIME)
    repairs = {
        "root_added": added,
        **repairs,
        "before_root": int((timed & (coded.ts < begin)).sum()),
        "before_parent": int(
            (child & known & (coded.ts < coded.ts[parent]) & (parent != forest.roots[forest.tree])).sum()
        ),
        "without_time": int((~known).sum()),
    }
    delay = np.where(timed, np.maximum(coded.ts - begin, 0), 0) / 1000
    delay[~timed] = np.nan
    half_life, duration = arrivals(forest.tree, forest.roots, coded.ts)

    is_fake = np.append(pd.Index(account_ids).isin(fakes), False)  # code -1, no account, reads the last cell
    k = forest.roots.size
    reposts = forest.size - 1
    observed = np.bincount(forest.tree, weights=words[evidence] == OBSERVED, minlength=k)
    table = pd.DataFrame(
        {
            "root_id": posts[coded.root[forest.roots]],
            "account_id": named(account_ids, coded.account[forest.roots]),
            "size": forest.size.astype(np.int64),
            "real_size": forest.size
            - np.bincount(forest.tree, weights=is_fake[coded.account], minlength=k).astype(np.int64),
            "depth": forest.height.astype(np.int64),
            "breadth": forest.breadth.astype(np.int64),
            "virality": forest.virality,
            "half_life_s": half_life / 1000,
            "duration_s": duration / 1000,
            "accounts": _distinct(forest.tree, coded.account, k),
            "observed": np.divide(observed, reposts, out=np.full(k, np.nan), where=reposts > 0),
        }
    ).sort_values(["size", "root_id"], ascending=[False, True])
    rank = np.empty(k, np.int64)
    rank[table.index] = np.arange(k)
    order = np.argsort(rank[forest.tree], kind="stable")
    nodes = pd.DataFrame(
        {
            "post": coded.post,
            "parent": np.where(child, coded.post[parent], -1),
            "account": coded.account,
            "evidence": evidence,
            "depth": forest.depth.astype(np.int64),
            "subtree": forest.subtree.astype(np.int64),
            "children": forest.children.astype(np.int64),
            "delay_s": delay,
        }
    ).iloc[order]
    return Cascades(
        parameters={
            "keep_nodes": keep_nodes,
            "fake": hashlib.blake2b("\n".join(fakes).encode(), digest_size=8).hexdigest(),
        },
        graph=fingerprint,
        per_cascade=table.reset_index(drop=True),
        per_node=nodes.reset_index(drop=True),
        starts=np.append(0, np.cumsum(table["size"].to_numpy())),
        posts=posts,
        account_ids=account_ids,
        evidence=words,
        repairs=repairs,
    )


def _code(rows: pd.DataFrame) -> tuple[_Rows, NDArray[np.object_], NDArray[np.object_], NDArray[np.object_]]:
    """Replace text by codes: rows, post ids, account ids, words of evidence (the own ones first)."""
    import pandas as pd

    named_posts = pd.concat([_text(rows, c) for c in ("post_id", "parent_id", "root_id")], ignore_index=True)
    codes, posts = pd.factorize(named_posts)
    post, parent, root = codes.reshape(3, len(rows))
    for column, values in (("post_id", post), ("root_id", root)):
        if (values < 0).any():
            raise InputError(f"row {int(np.argmax(values < 0))}: {column} is missing; every row of a cascade needs one")
    twice = np.flatnonzero(np.bincount(post, minlength=1) > 1)
    if twice.size:
        raise InputError(f"post_id {posts[twice[0]]!r} occurs twice ({twice.size} such posts); keep one row per post")
    account, account_ids = pd.factorize(_text(rows, "account_id"))
    word, given = pd.factorize(_text(rows, "evidence").fillna(OBSERVED))
    words = list(dict.fromkeys([*_OWN, *given]))
    evidence = np.array([words.index(w) for w in given], dtype=np.int64)[word]
    coded = _Rows(post, parent, root, account, _times(rows["ts"]), evidence)
    return coded, posts.to_numpy(object), account_ids.to_numpy(object), np.array(words, dtype=object)


def _text(rows: pd.DataFrame, column: str) -> pd.Series[str]:
    import pandas as pd

    values = rows[column]
    if values.dtype.kind in "fc" and values.notna().any():
        raise InputError(f"column {column!r} holds floats; a float cannot hold a 19-digit id exactly, give text")
    return values.astype(pd.StringDtype("pyarrow"))


def _times(column: pd.Series[Any]) -> NDArray[np.int64]:
    from kolgraph.kernels.forest import NO_TIME

    known = column.notna().to_numpy()
    times = np.full(known.size, NO_TIME, np.int64)
    try:
        if column.dtype.kind == "M":
            raise TypeError
        times[known] = column[known].astype(np.int64)
    except (TypeError, ValueError):
        raise InputError(f"column 'ts' ({column.dtype}) must hold UTC epoch milliseconds as whole numbers") from None
    return times


def _fingerprint(rows: _Rows, posts: NDArray[Any], account_ids: NDArray[Any], words: NDArray[Any]) -> str:
    """Digest of the rows as a set: two symmetric sums of row hashes, so that row order does not matter."""
    import pandas as pd

    def hashed(names: NDArray[Any]) -> NDArray[np.uint64]:
        return np.append(pd.util.hash_array(names, categorize=False), np.uint64(0))  # code -1 reads the last cell

    post, account, word = hashed(posts), hashed(account_ids), hashed(words)
    columns = [post[rows.post], post[rows.parent], post[rows.root], account[rows.account], word[rows.evidence]]
    columns.append(rows.ts.view(np.uint64))
    row = pd.util.hash_pandas_object(pd.DataFrame(dict(enumerate(columns))), index=False).to_numpy()
    sums = (row.size, int(row.sum()), int((row * row).sum()))
    return hashlib.blake2b(repr(sums).encode(), digest_size=16).hexdigest()


def _with_roots(rows: _Rows, n_posts: int) -> tuple[_Rows, int]:
    """Add the roots that have no row of their own; returns the number added."""
    from kolgraph.kernels.forest import NO_TIME

    missing = np.zeros(n_posts, bool)
    missing[rows.root] = True
    missing[rows.root[rows.post == rows.root]] = False
    added = np.flatnonzero(missing)
    # A root may itself be a repost in another cascade: then its account and time are known from that row.
    row_of = np.full(n_posts, -1)
    row_of[rows.post] = np.arange(rows.post.size)
    account = np.append(rows.account, -1)[row_of[added]]
    ts = np.append(rows.ts, NO_TIME)[row_of[added]]
    none = np.full(added.size, -1)
    parts = (added, none, added, account, ts, none)
    return _Rows(*(np.concatenate(pair) for pair in zip(rows, parts, strict=True))), added.size


def _attach(rows: _Rows, n_posts: int) -> tuple[Forest, NDArray[np.int64], NDArray[np.int64], dict[str, int]]:
    """Give every repost a parent row in its own cascade; returns forest, parents, evidence and counts of repairs."""
    from kolgraph.kernels.forest import measure_forest

    is_root = rows.post == rows.root
    row_of = np.full(n_posts + 1, -1)  # the last cell answers for code -1
    row_of[rows.post[is_root]] = np.flatnonzero(is_root)
    home = row_of[rows.root]
    # An added root that is also a repost elsewhere has two rows: under its own name it is the repost.
    row_of[rows.post[~is_root]] = np.flatnonzero(~is_root)
    parent = np.where(rows.parent == rows.root, home, row_of[rows.parent])
    outside = rows.root[parent] != rows.root
    reasons = [is_root, rows.parent < 0, rows.parent == rows.post, parent < 0, outside]
    repair = np.select(reasons, [_ROOT, _ROOT_ONLY, _SELF, _UNSEEN, _ELSEWHERE], -1)
    evidence = np.where(repair >= 0, repair, rows.evidence)
    parent = np.where(is_root, -1, np.where(repair >= 0, home, parent))
    forest = measure_forest(parent)
    if forest.cyclic.size:
        evidence[forest.cyclic] = _CYCLE
        parent[forest.cyclic] = home[forest.cyclic]
        forest = measure_forest(parent)
    counts = np.bincount(evidence, minlength=len(_OWN))
    repairs = {name: int(counts[code]) for code, name in enumerate(_OWN) if code != _ROOT}
    ignored = is_root & (rows.parent >= 0) & (rows.parent != rows.post)
    return forest, parent, evidence, {**repairs, "root_parent": int(ignored.sum())}


def _distinct(tree: NDArray[np.int32], account: NDArray[np.int64], n_trees: int) -> NDArray[np.int64]:
    """Distinct known accounts per tree."""
    known = account >= 0
    pairs = np.sort(tree[known] * (account.max(initial=0) + 1) + account[known])
    first = np.append(True, pairs[1:] != pairs[:-1])[: pairs.size]
    return np.bincount(pairs[first] // (account.max(initial=0) + 1), minlength=n_trees)
