"""Who acts on the same objects at nearly the same time: the network of co-action, of one kind of object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import AnalysisError, InputError, LimitError, UnknownName, option
from kolgraph.results import digest
from kolgraph.rings.coordinated import Coordination

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.kernels.copost import Edges, Shares

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F64 = NDArray[np.float64]

METHODS = ("leiden", "components")
#: Further apart than any two times; and times have to be nearer to 1970 than half of it.
_FAR = 1 << 62
#: Objects that are listed of every community.
_LISTED = 10


class _Acts(NamedTuple):
    """Acts of one kind that can be compared, and how many rows there were of which kind."""

    user: I32
    item: I32
    time: I64
    known: NDArray[np.bool_]
    users: NDArray[np.object_]
    items: NDArray[np.object_]
    timeless: int
    kinds: dict[str, int]


def coordination(
    users: ArrayLike,
    objects: ArrayLike,
    times: ArrayLike | None = None,
    kinds: ArrayLike | None = None,
    *,
    kind: str,
    window_s: float | None = 60.0,
    decay_s: float | None = None,
    min_weight: float = 2.0,
    max_crowd: int = 1000,
    max_edges: int = 20_000_000,
    method: str = "leiden",
    seed: int = 1,
) -> Coordination:
    """Who acts on the same objects within a window of time, how often, and in which communities.

    Parameters
    ----------
    users, objects : array_like, shape (m,)
        Who acted on what: a row per act. Text, whole numbers or a categorical of pandas; never floats.
    times : array_like of int, shape (m,), optional
        When, UTC epoch milliseconds; None, NaN or NA where that is not known. Such acts are left out and counted.
    kinds : array_like of str, shape (m,), optional
        What kind of object it was; by default all are of `kind`. Rows of other kinds are counted, and never mixed in.
    kind : str
        Which kind to look at: ``repost``, ``link``, ``hashtag``, ...; any word.
    window_s : float, optional
        Two acts on one object count as common that are at most so many seconds apart; None: however far.
    decay_s : float, optional
        Common acts count ``exp(-dt / decay_s)`` in the place of 1, within the window.
    min_weight : float
        An edge has at least this weight: acts of the source with one of the target within the window; with `decay_s`
        the sum over pairs of acts.
    max_crowd : int
        Acts with more than so many others in their window are left out, and reported: that two accounts are both in a
        crowd says nothing of the two.
    max_edges : int
        More edges are an error rather than a machine without memory.
    method : str
        ``leiden``: communities of the highest modularity; ``components``: whatever is connected.
    seed : int
        Of Leiden.

    Returns
    -------
    Coordination

    Raises
    ------
    InputError
        Columns that differ in length, ids that are floats or missing, times that are no whole numbers, a window without
        times, an option out of range.
    UnknownName
        Another method.
    AnalysisError
        No act of this kind has a time.
    LimitError
        More than `max_edges` edges.

    Notes
    -----
    O(m + pairs of acts within the window), at most ``m * max_crowd``; memory O(m + edges). Weights are those of
    coordination-network-toolkit 1.5.2 (Graham, QUT), without its self-loops. `expected` is what the activity of both
    would give if common acts fell on accounts by chance, d_a d_b W / ((D^2 - sum d^2) / 2) with d the acts of an
    account, D all acts and W all pairs of acts in common; `bits` is the surplus of a Poisson count over it.

    Examples
    --------
    >>> users = ["ann", "bob", "cai", "ann", "bob", "cai"]
    >>> posts, times = ["p", "p", "p", "q", "q", "q"], [0, 9_000, 99_000, 0, 5_000, 400_000]
    >>> coordination(users, posts, times, kind="repost").frame()[["weight", "objects"]].reset_index().values.tolist()
    [['ann', 'bob', 2, 2], ['bob', 'ann', 2, 2]]
    """
    from scipy.special import rel_entr

    from kolgraph.kernels.copost import shares

    _check(window_s, decay_s, min_weight, max_crowd, max_edges)
    if method not in METHODS:
        raise UnknownName.among("method", method, METHODS)
    acts = _acts(users, objects, times, kinds, kind, timed=window_s is not None or decay_s is not None)
    window = _FAR if window_s is None else round(window_s * 1000)
    found = shares(acts.user, acts.item, acts.time, items=acts.items.size, window=window, crowd=max_crowd)
    edges = _edges(found, acts.users.size, min_weight, 0.0 if decay_s is None else decay_s * 1000, max_edges)
    ids, source, target = _named(acts.users, edges.source, edges.target)
    row = np.full(acts.users.size, -1, np.int32)  # of every user, among those with an edge
    row[ids] = np.arange(ids.size)
    active = np.bincount(acts.user, minlength=acts.users.size).astype(np.float64)
    possible = max((active.sum() ** 2 - (active**2).sum()) / 2, 1.0)
    expected = active[edges.source] * active[edges.target] * ((found.pairs.sum() - found.alone) / possible)
    above = edges.objects > expected
    bits = np.where(above, rel_entr(edges.objects, expected) - edges.objects + expected, 0) / np.log(2)
    weight, mutual = (edges.weight, edges.objects) if decay_s is None else (edges.closeness, edges.closeness)
    order = np.lexsort((source.astype(np.int64) << 32 | target, -bits, -weight))
    pairs = _pairs(source, target, mutual)
    community = _communities(pairs, ids.size, method, seed)
    options: dict[str, Any] = {"kind": kind, "window_s": window_s, "decay_s": decay_s, "min_weight": min_weight}
    options |= {"max_crowd": max_crowd, "max_edges": max_edges, "method": method}
    return Coordination(
        parameters=options,
        seed=seed,
        graph=digest(acts.user, acts.item, acts.time, acts.users, acts.items),
        kind=kind,
        ids=acts.users[ids],
        source=source[order],
        target=target[order],
        weight=edges.weight[order],
        objects=edges.objects[order],
        closeness=None if decay_s is None else edges.closeness[order],
        expected=expected[order],
        bits=bits[order],
        community=community,
        shares=active[ids].astype(np.int64),
        groups=_groups(pairs, community),
        pushed=_pushed(acts, found, row, community),
        capped=_capped(acts, found),
        counted={
            "rows": sum(acts.kinds.values()),
            "kinds": acts.kinds,
            "shares": acts.user.size,
            "timeless": acts.timeless,
            "objects": int(np.count_nonzero(np.bincount(acts.item))),
        },
    )


# ---------------------------------------------------------------------- what is given


def _check(window_s: float | None, decay_s: float | None, min_weight: float, max_crowd: int, max_edges: int) -> None:
    if window_s is not None and not 0 <= window_s <= 1e9:
        raise InputError(f"{option('window_s', str(window_s))}: give seconds, from 0 to 1,000,000,000")
    if decay_s is not None and not 0 < decay_s <= 1e9:
        raise InputError(f"{option('decay_s', str(decay_s))}: give seconds, above 0, up to 1,000,000,000")
    if not min_weight > 0:
        raise InputError(f"{option('min_weight', str(min_weight))}: has to be above 0")
    for name, value in (("max_crowd", max_crowd), ("max_edges", max_edges)):
        if not 1 <= value < 1 << 31:
            raise InputError(f"{option(name, str(value))}: is no whole number from 1 to {(1 << 31) - 1:,}")


def _acts(
    users: ArrayLike, objects: ArrayLike, times: ArrayLike | None, kinds: ArrayLike | None, kind: str, *, timed: bool
) -> _Acts:
    import pandas as pd

    user, who = _codes(users, "users")
    item, what = _codes(objects, "objects")
    m = user.size
    sizes = {"objects": item.size, "times": m if times is None else len(times)}  # type: ignore[arg-type]
    sizes["kinds"] = m if kinds is None else len(kinds)  # type: ignore[arg-type]
    for name, size in sizes.items():
        if size != m:
            raise InputError(f"{size} {name} for {m} users: every act needs one of each")
    if kinds is None:
        take, rows = np.ones(m, bool), {kind: m}
    else:
        of = np.asarray(kinds, dtype=object)
        take, rows = np.asarray(of == kind, dtype=bool), pd.Series(of).value_counts().to_dict()
    time, known = _times(times, m)
    timeless = int((take & ~known).sum())
    if timed and timeless:
        if timeless == take.sum():
            raise AnalysisError(f"no {kind} has a time; {option('window_s', 'none')} counts acts however far apart")
        take &= known
    counted = {str(name): int(n) for name, n in sorted(rows.items(), key=str)}
    return _Acts(user[take], item[take], time[take], known[take], who, what, timeless, counted)


def _codes(values: ArrayLike, what: str) -> tuple[I32, NDArray[np.object_]]:
    """Row numbers, and the ids they stand for, as text."""
    import pandas as pd

    raw = values if isinstance(values, pd.Categorical) else np.asarray(values)
    if isinstance(raw, np.ndarray) and raw.dtype.kind not in "iuOUST" and raw.size:
        raise InputError(f"{what} must be integers or text, not {raw.dtype}: a float cannot hold a 19-digit id exactly")
    if isinstance(raw, np.ndarray) and raw.dtype.kind == "i":
        from kolgraph.kernels.csr import intern

        codes, numbers = intern(raw)
        return codes, numbers.astype(str).astype(object)
    codes, names = pd.factorize(raw, use_na_sentinel=True)
    if (codes < 0).any():
        raise InputError(f"{what}: row {int(np.argmax(codes < 0))} is missing; every act needs a user and an object")
    return codes.astype(np.int32), np.array([*map(str, names), None], dtype=object)[:-1]


def _times(times: ArrayLike | None, m: int) -> tuple[I64, NDArray[np.bool_]]:
    """Whole milliseconds, and which are known."""
    import pandas as pd

    if times is None:
        return np.zeros(m, np.int64), np.zeros(m, bool)
    raw = times if hasattr(times, "dtype") else np.asarray(times, dtype=object)
    try:
        column = pd.Series(raw).astype("Int64")
    except (TypeError, ValueError) as error:
        raise InputError("times must be whole numbers: UTC epoch milliseconds") from error
    known = column.notna().to_numpy()
    time = column.fillna(0).to_numpy(np.int64)
    if time.size and max(-int(time.min()), int(time.max())) >= _FAR // 2:
        raise InputError("times must be UTC epoch milliseconds: one is further off than any clock shows")
    return time, known


# ---------------------------------------------------------------------- what comes of it


def _edges(found: Shares, users: int, least: float, tau: float, most: int) -> Edges:
    from kolgraph.kernels.copost import Edges, tally

    parts, total = list[Edges](), 0
    for part in tally(found, users, least=np.full((1, 1), float(least)), tau=tau):
        parts.append(part)
        total += part.source.size
        if total > most:
            ways = f"{option('min_weight')} or {option('max_edges')}"
            raise LimitError(f"more than {most:,} pairs act together; narrow {option('window_s')}, or raise {ways}")
    return Edges.joined(parts)


def _named(users: NDArray[np.object_], source: I32, target: I32) -> tuple[I64, I32, I32]:
    """Users with an edge in order of their ids, and the ends of edges as rows of these."""
    used = np.flatnonzero(np.bincount(source, minlength=users.size) + np.bincount(target, minlength=users.size))
    ids = used[np.argsort(users[used].astype(str), kind="stable")].astype(np.int64)
    row = np.zeros(users.size, np.int32)
    row[ids] = np.arange(ids.size)
    return ids, row[source], row[target]


class _Pairs(NamedTuple):
    """Pairs of accounts joined by an edge, either way, each once."""

    a: I32
    b: I32
    weight: F64


def _pairs(source: I32, target: I32, weight: NDArray[Any]) -> _Pairs:
    a, b = np.minimum(source, target), np.maximum(source, target)
    _, first = np.unique(a.astype(np.int64) << 32 | b, return_index=True)
    return _Pairs(a[first], b[first], weight[first].astype(np.float64))


def _communities(pairs: _Pairs, n: int, method: str, seed: int) -> I32:
    """Connected communities, the largest first, equal ones by their first id."""
    from kolgraph.kernels.components import components
    from kolgraph.kernels.csr import build
    from kolgraph.kernels.leiden import leiden

    ends, others = np.concatenate([pairs.a, pairs.b]), np.concatenate([pairs.b, pairs.a])
    weight = np.concatenate([pairs.weight, pairs.weight]).astype(np.float32)
    ptr, idx, weights = build(ends, others, weight, n)
    label = np.empty(0, np.int32)
    if method == "leiden" and n:
        label = leiden(ptr, idx, weights, resolution=1.0, iterations=2, rng=np.random.default_rng(seed))
    part = components(ptr, idx, label)  # communities of Leiden need not be connected
    _, first, number, size = np.unique(part, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(size.size, np.int32)
    rank[np.lexsort((first, -size))] = np.arange(size.size)
    return np.asarray(rank[number], dtype=np.int32)


def _groups(pairs: _Pairs, community: I32) -> pd.DataFrame:
    """A row per community: accounts, pairs inside, their part of all possible, and their mean weight."""
    import pandas as pd

    size = np.bincount(community)
    inside = community[pairs.a] == community[pairs.b]
    of = community[pairs.a][inside]
    n = np.bincount(of, minlength=size.size)
    weight = np.bincount(of, pairs.weight[inside], size.size)
    table = {"accounts": size, "pairs": n, "density": n / np.maximum(size * (size - 1) / 2, 1)}
    return pd.DataFrame(table | {"mean_weight": weight / np.maximum(n, 1)})


def _pushed(acts: _Acts, found: Shares, row: I32, community: I32) -> pd.DataFrame:
    """The objects on which most members of a community acted while others did, two members at least."""
    import pandas as pd

    mine = np.flatnonzero(row[found.user] >= 0)
    of = community[row[found.user[mine]]]
    mine = mine[np.argsort(of, kind="stable")]  # by community, object and time
    of, item, user = np.sort(of), found.item[mine], found.user[mine]
    change = np.ones(mine.size, bool)
    change[1:] = (of[1:] != of[:-1]) | (item[1:] != item[:-1])
    first = np.flatnonzero(change)
    last = np.append(first[1:], mine.size)[: first.size] - 1
    of_object = np.cumsum(change) - 1
    both = np.sort(of_object * np.int64(acts.users.size) + user)  # an account may act on an object many times
    again = np.append(False, both[1:] == both[:-1])[: both.size]
    accounts = np.bincount(both[~again] // max(acts.users.size, 1), minlength=first.size)
    when, known = acts.time[found.row[mine]], acts.known[found.row[mine]]
    table = pd.DataFrame({"community": of[first], "item": item[first], "accounts": accounts, "acts": last - first + 1})
    for name, at in (("first_ts", first), ("last_ts", last)):
        table[name] = pd.arrays.IntegerArray(when[at], ~known[at])
    table = table[table["accounts"] > 1].sort_values(["community", "accounts"], ascending=[True, False], kind="stable")
    place = table.groupby("community")["accounts"].rank(method="min", ascending=False)
    table = table[place <= _LISTED]
    table.insert(1, "object", acts.items[table.pop("item")])
    table = table.sort_values(["community", "accounts", "object"], ascending=[True, False, True], kind="stable")
    return table.groupby("community").head(_LISTED).reset_index(drop=True)


def _capped(acts: _Acts, found: Shares) -> pd.DataFrame:
    """Objects with crowds: acts, and the acts and pairs of acts that were left out; most pairs first."""
    import pandas as pd

    rows = np.flatnonzero(found.pairs_left_out)
    shares, out = (
        np.bincount(items, minlength=acts.items.size)[rows] for items in (acts.item, acts.item[found.crowded])
    )
    table = pd.DataFrame(
        {"object": acts.items[rows], "acts": shares, "acts_left_out": out, "pairs_left_out": found.pairs_left_out[rows]}
    )
    return table.sort_values(["pairs_left_out", "object"], ascending=[False, True], ignore_index=True)
