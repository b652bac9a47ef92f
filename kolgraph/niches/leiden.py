"""Find niches: groups of accounts tied to each other, at the resolution at which the answer holds still."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError, UnknownName
from kolgraph.niches.labels import Topics, label_communities
from kolgraph.results import Result

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import CSR, Graph

Labels = NDArray[np.int64]

#: Two accounts that follow each other are not a niche.
MIN_SIZE = 3
#: Stabilities closer than this are equal: three repeats tell no more.
_TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Division:
    """How the ties divide at one resolution: a row of the sweep.

    Attributes
    ----------
    resolution : float
    niches : int
        Communities of three accounts or more.
    covered : float
        Part of the accounts with ties that is in one of them.
    modularity : float
        At resolution 1, to compare rows.
    stability : float
        How much of an account's niche is found again: Jaccard index with the best match in another repeat, mean over
        accounts with ties and pairs of repeats. An account in none counts 0.
    bits : float
        Surplus of inner ties over what degrees alone give, in bits, less the price of saying who is where. Not above 0:
        the division may be noise.
    """

    resolution: float
    niches: int
    covered: float
    modularity: float
    stability: float
    bits: float


@dataclass(frozen=True, kw_only=True)
class Niches(Result):
    """Every account's niche, with labels and stability.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    community : ndarray of int32, shape (n,)
        ``0 .. k-1`` from the largest, ties by the smallest account id; -1: in none.
    labels : tuple of str, length k
    topics : tuple of tuples of (topic, score), length k
    internal_share : ndarray of float64, shape (k,)
        Part of the weight of the members' ties that leads to members.
    stability : ndarray of float64, shape (k,)
        Mean Jaccard index with the best match in the other repeats, 0 to 1.
    chosen : Division or None
        The row of `sweep` the answer comes from; None where the graph has no ties.
    sweep : tuple of Division
    """

    analysis: ClassVar[str] = "niches"
    ids: NDArray[np.object_]
    community: NDArray[np.int32]
    labels: tuple[str, ...]
    topics: tuple[Topics, ...]
    internal_share: NDArray[np.float64]
    stability: NDArray[np.float64]
    chosen: Division | None
    sweep: tuple[Division, ...]

    def summary(self) -> dict[str, Any]:
        """The chosen row of the sweep."""
        return {} if self.chosen is None else asdict(self.chosen)

    def frame(self) -> pd.DataFrame:
        """A row per account, indexed by its id: ``community, label``; no label for accounts in no niche."""
        import pandas as pd

        names = np.array([*self.labels, None], dtype=object)[self.community]
        return pd.DataFrame({"community": self.community, "label": names}, index=pd.Index(self.ids, name="account_id"))

    def summary_frame(self) -> pd.DataFrame:
        """A row per niche, the largest first: ``size, label, internal_share, stability``."""
        import pandas as pd

        size = np.bincount(self.community[self.community >= 0], minlength=len(self.labels))
        columns = {"size": size, "label": np.array(self.labels, dtype=object)}
        columns |= {"internal_share": self.internal_share, "stability": self.stability}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self.labels), name="community"))

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `summary_frame` as plain values."""
        size = np.bincount(self.community[self.community >= 0], minlength=len(self.labels))
        rows = zip(size.tolist(), self.labels, self.internal_share.tolist(), self.stability.tolist(), strict=True)
        names = ("size", "label", "internal_share", "stability")
        return [{"community": i} | dict(zip(names, row, strict=True)) for i, row in enumerate(rows)][:top]

    def sweep_frame(self) -> pd.DataFrame:
        """A row per resolution that was tried."""
        import pandas as pd

        names = list(Division.__dataclass_fields__)
        return pd.DataFrame([asdict(d) for d in self.sweep], columns=names).set_index("resolution")

    def number(self, niche: str | int) -> int:
        """The number of a niche, by label or by number; -1 stands for the accounts in none.

        Raises
        ------
        UnknownName
        """
        number = self.labels.index(niche) if isinstance(niche, str) and niche in self.labels else niche
        if isinstance(number, str) or not -1 <= number < len(self.labels):
            raise UnknownName.among("niche", str(niche), self.labels)
        return number

    def members(self, niche: str | int) -> NDArray[np.object_]:
        """Ids of the members of a niche; see `number`."""
        return np.asarray(self.ids[self.community == self.number(niche)], dtype=object)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``communities`` and ``community_members``."""
        import pandas as pd

        table = self.summary_frame().reset_index()
        table.insert(3, "topics", pd.Series([[name for name, _ in t] for t in self.topics], dtype=object))
        return {"communities": table, "community_members": self.frame().reset_index()[["community", "account_id"]]}


class _Ties(NamedTuple):
    """Undirected ties of positive weight among the accounts that have any, once each, as rows of `active`."""

    active: NDArray[np.int64]
    a: Labels
    b: Labels
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, graph: Graph) -> _Ties:
        ptr, idx, weight = graph.undirected()
        row = np.repeat(np.arange(graph.n), np.diff(ptr))
        w = np.ones(idx.size) if weight is None else weight.astype(np.float64)
        keep = (row < idx) & (w > 0)
        active, ends = np.unique(np.concatenate([row[keep], idx[keep]]), return_inverse=True)
        a, b = np.split(ends.astype(np.int64), 2)
        return cls(active, a, b, w[keep])

    def csr(self) -> CSR:
        """Every tie from both ends."""
        from kolgraph.graph import CSR
        from kolgraph.kernels.csr import build

        ends, others = np.concatenate([self.a, self.b]), np.concatenate([self.b, self.a])
        weight = np.concatenate([self.weight, self.weight]).astype(np.float32)
        ptr, idx, weights = build(ends.astype(np.int32), others.astype(np.int32), weight, self.active.size)
        return CSR(ptr, idx, weights)

    def modularity(self, label: Labels, resolution: float = 1.0) -> float:
        """Weight inside communities less what is due by the weights of their members' ties, as part of all weight."""
        inside = self.weight[label[self.a] == label[self.b]].sum()
        volume = np.bincount(label[self.a], self.weight, label.size) + np.bincount(
            label[self.b], self.weight, label.size
        )
        total = self.weight.sum()
        return float(inside / total - resolution * ((volume / (2 * total)) ** 2).sum())

    def connected(self, label: Labels) -> Labels:
        """Split communities into their connected parts."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        inside = label[self.a] == label[self.b]
        n = self.active.size
        ties = coo_array((np.ones(int(inside.sum())), (self.a[inside], self.b[inside])), shape=(n, n))
        return np.asarray(connected_components(ties, directed=False)[1], dtype=np.int64)

    def bits(self, label: Labels) -> float:
        """Evidence of a division, less its price; see `Division`."""
        from scipy.special import gammaln, rel_entr

        n, m = label.size, self.a.size
        volume = np.bincount(label[self.a], minlength=n) + np.bincount(label[self.b], minlength=n)
        due = float(((volume / (2 * m)) ** 2).sum())
        inner = float((label[self.a] == label[self.b]).mean())
        surplus = m * float(rel_entr(inner, due) + rel_entr(1 - inner, max(1 - due, 0.0)))
        size = np.bincount(label)
        k = np.count_nonzero(size)
        names = gammaln(n + 1) - gammaln(size + 1).sum() + gammaln(n) - gammaln(k) - gammaln(n - k + 1) + np.log(n)
        return float(((surplus if inner >= due else -surplus) - names) / np.log(2))

    def internal_share(self, label: Labels, k: int) -> NDArray[np.float64]:
        """Weight inside each of the first k communities, as part of all weight of their members' ties."""
        a, b = label[self.a], label[self.b]
        total = sum(np.bincount(x[x >= 0], weights=self.weight[x >= 0], minlength=k) for x in (a, b))
        inside = (a == b) & (a >= 0)
        return np.asarray(2 * np.bincount(a[inside], weights=self.weight[inside], minlength=k) / total)


def find_niches(
    graph: Graph,
    *,
    resolutions: Sequence[float] = (1.0, 2.0, 4.0),
    seed: int,
    topics: pd.DataFrame | None = None,
    repeats: int = 3,
) -> Niches:
    """Divide accounts into niches: connected groups with more ties inside than their degrees explain.

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on; both directions of a pair add up to one tie, loops and
        ties of weight 0 do not count.
    resolutions : sequence of float
        Above 0; higher means more and smaller niches. All are tried.
    seed : int
        Of the repeats.
    topics : DataFrame, optional
        ``account_id, topic, n``, to name the niches by; see `kolgraph.niches.labels.label_communities`.
    repeats : int
        Runs per resolution, at least 2: stability is their agreement.

    Returns
    -------
    Niches
        Accounts without ties and groups of fewer than three are in none (-1).

    Raises
    ------
    InputError
        An option out of range.

    Notes
    -----
    Which resolution: the most stable one; of those within 0.02 of it, the one that saves the most bits. A division into
    one niche, which is stable for no reason, takes part only if none into several saves bits. Of the repeats, the one
    with the highest quality is the answer. At resolution 1 alone, niches merge. One resolution serves the whole graph:
    where a niche is both far larger and far denser than the others, either it is cut up or they stay merged.

    Time: ``len(resolutions) * repeats`` Leiden runs of two iterations each, about 1 s per million edges and run.
    Traag, Waltman & van Eck (2019); stability: Hennig (2007); bits: the likelihood of the planted partition that equals
    modularity, Newman (2016).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> pairs = [(a, b) for base in (0, 10) for a in range(base, base + 5) for b in range(base, a)]
    >>> g = Graph.from_edges([a for a, _ in pairs] + [0], [b for _, b in pairs] + [10])
    >>> find_niches(g, seed=1).summary_frame()["size"].tolist()
    [5, 5]
    """
    if not len(resolutions) or not all(np.isfinite(r) and r > 0 for r in resolutions):
        raise InputError(f"resolutions must be finite numbers above 0, not {list(resolutions)}")
    if repeats < 2:
        raise InputError(f"repeats must be at least 2, not {repeats}: stability compares runs")
    ties = _Ties.of(graph)
    swept = list(_sweep(ties, resolutions, seed, repeats)) if ties.active.size else []
    chosen = _choose([division for division, _ in swept])
    label, stability = np.full(graph.n, -1, np.int32), np.empty(0)
    if chosen is not None:
        runs = next(runs for division, runs in swept if division is chosen)
        label[ties.active] = _renumbered(runs[0], graph.ids[ties.active])
        stability = _matched(label[ties.active], runs[1:])
    labels, told = label_communities(graph.ids, label, topics)
    return Niches(
        ids=graph.ids,
        community=label,
        labels=labels,
        topics=told,
        internal_share=ties.internal_share(label[ties.active].astype(np.int64), stability.size),
        stability=stability,
        chosen=chosen,
        sweep=tuple(division for division, _ in swept),
        parameters={"resolutions": [float(r) for r in resolutions], "repeats": repeats, "topics": _digest(topics)},
        seed=seed,
        graph=graph.fingerprint,
    )


def _sweep(
    ties: _Ties, resolutions: Sequence[float], seed: int, repeats: int
) -> Iterator[tuple[Division, list[Labels]]]:
    """The row of every resolution, with its repeats, the one of highest quality first."""
    from kolgraph.kernels.leiden import leiden

    ptr, idx, weights = ties.csr()
    for resolution in resolutions:
        runs = []
        for repeat in range(repeats):
            rng = np.random.default_rng([seed, repeat, *np.float64(resolution).tobytes()])
            found = leiden(ptr, idx, weights, resolution=resolution, iterations=2, rng=rng)
            runs.append(ties.connected(found.astype(np.int64)))
        runs.sort(key=lambda run: -ties.modularity(run, resolution))
        size = np.bincount(runs[0])
        yield (
            Division(
                resolution=float(resolution),
                niches=int((size >= MIN_SIZE).sum()),
                covered=float(size[size >= MIN_SIZE].sum() / size.sum()),
                modularity=ties.modularity(runs[0]),
                stability=_stability(runs),
                bits=ties.bits(runs[0]),
            ),
            runs,
        )


def _choose(divisions: Sequence[Division]) -> Division | None:
    """The rule in the notes of `find_niches`."""
    if not divisions:
        return None
    several = [d for d in divisions if d.niches > 1]
    pool = several if any(d.bits > 0 for d in several) else divisions
    most = max(d.stability for d in pool)
    return max((d for d in pool if d.stability >= most - _TOLERANCE), key=lambda d: (d.bits, -d.resolution))


def _renumbered(label: Labels, ids: NDArray[np.object_]) -> NDArray[np.int32]:
    """Number communities by falling size, then by smallest account id; small ones become -1."""
    import pandas as pd

    table = pd.Series(ids).groupby(label).agg(["size", "min"])
    table = table[table["size"] >= MIN_SIZE].sort_values(["size", "min"], ascending=[False, True])
    number = np.full(int(label.max()) + 1, -1, np.int32)
    number[table.index.to_numpy()] = np.arange(len(table))
    return number[label]


def _stability(runs: Sequence[Labels]) -> float:
    """Stability of a whole division; see `Division`."""
    kept = []
    for i, run in enumerate(runs):
        size = np.bincount(run)
        again = _matched(run, [*runs[:i], *runs[i + 1 :]])
        kept.append(float((size * again)[size >= MIN_SIZE].sum()) / run.size)
    return float(np.mean(kept))


def _matched(label: NDArray[np.integer], others: Sequence[Labels]) -> NDArray[np.float64]:
    """Stability per community: mean over the other repeats of the best Jaccard index (Hennig 2007)."""
    size = np.bincount(label[label >= 0])
    total = np.zeros(size.size)
    for other in others:
        width, other_size = int(other.max()) + 1, np.bincount(other)
        pair, common = np.unique(label[label >= 0].astype(np.int64) * width + other[label >= 0], return_counts=True)
        mine, theirs = np.divmod(pair, width)
        best = np.zeros(size.size)
        np.maximum.at(best, mine, common / (size[mine] + other_size[theirs] - common))
        total += best
    return total / len(others)


def _digest(topics: pd.DataFrame | None) -> str | None:
    """Equal topics, equal text: labels are part of the answer, so topics are part of the question."""
    if topics is None:
        return None
    import pandas as pd

    return hashlib.blake2b(
        pd.util.hash_pandas_object(topics, index=False).to_numpy().tobytes(), digest_size=8
    ).hexdigest()
