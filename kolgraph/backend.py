"""A backend for networkx: its own functions on our arrays, ``nx.pagerank(G, backend="kolgraph")``.

Whatever else networkx can do is left to networkx: arguments that mean something else here are declined (`can_run`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np
    from numpy.typing import NDArray

Node = Hashable


@dataclass(frozen=True)
class Converted:
    """A graph of networkx with its in-CSR: rows in the order of its nodes, weights from an attribute of its edges."""

    original: nx.Graph[Any]
    nodes: list[Node]
    ptr: NDArray[np.int64]
    idx: NDArray[np.int32]
    weights: NDArray[Any]  # float64, as networkx has them; empty: 1 each
    attribute: str | None

    __networkx_backend__ = "kolgraph"

    def is_directed(self) -> bool:
        """As the original."""
        return self.original.is_directed()

    def is_multigraph(self) -> bool:
        """As the original."""
        return self.original.is_multigraph()

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self.original

    def undirected(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Simple symmetric projection."""
        import numpy as np

        from kolgraph.kernels.csr import transpose, undirected

        none = np.empty(0, np.float32)
        back_ptr, back_idx, _ = transpose(self.ptr, self.idx, none, len(self))
        both_ptr, both_idx, _ = undirected(self.ptr, self.idx, none, back_ptr, back_idx, none)
        return both_ptr, both_idx

    def by_node(self, values: NDArray[Any]) -> dict[Node, Any]:
        """A value for every node."""
        return dict(zip(self.nodes, values.tolist(), strict=True))

    def of(self, nodes: Any, values: NDArray[Any]) -> Any:
        """A value for every node (None), for one, or for some, as networkx reads this argument."""
        every = self.by_node(values)
        if nodes is None:
            return every
        return every[nodes] if nodes in self.original else {n: every[n] for n in self.original.nbunch_iter(nodes)}


def convert_from_nx(
    graph: nx.Graph[Any], *, edge_attrs: Mapping[str, Any] | None = None, **_: Any
) -> Converted:  # fmt: skip
    """Read a graph of networkx once; weights are taken where a function asks for them.

    Raises
    ------
    NotImplementedError
        Weights that are negative or no numbers: networkx goes on by itself.
    """
    import numpy as np
    from scipy.sparse import csr_array

    from kolgraph.errors import InputError
    from kolgraph.graph import check_weights

    nodes = list(graph)
    row = {node: i for i, node in enumerate(nodes)}
    [(attribute, default)] = (edge_attrs or {}).items() or [(None, None)]
    pairs = np.fromiter(map(row.__getitem__, chain.from_iterable(graph.edges())), np.int32).reshape(-1, 2)
    weights = np.ones(len(pairs))
    if attribute is not None:
        said = [weight for _, _, weight in graph.edges(data=attribute, default=1 if default is None else default)]
        try:
            weights = np.array(said, dtype=np.float64)
            check_weights(weights)
        except (TypeError, ValueError, InputError) as error:
            raise NotImplementedError(f"weights: {error}") from error
    if not graph.is_directed():
        other = pairs[:, 0] != pairs[:, 1]
        weights = np.concatenate([weights, weights[other]])
        pairs = np.concatenate([pairs, pairs[other][:, ::-1]])
    incoming = csr_array((weights, (pairs[:, 1], pairs[:, 0])), shape=(len(nodes), len(nodes)))  # sums parallel edges
    weights = np.empty(0) if (incoming.data == 1).all() else incoming.data
    ptr, idx = incoming.indptr.astype(np.int64), incoming.indices.astype(np.int32)
    return Converted(graph, nodes, ptr, idx, weights, attribute)


def convert_to_nx(result: Any, **_: Any) -> Any:
    """Answers are plain already; a graph is what it was made from."""
    return result.original if isinstance(result, Converted) else result


def pagerank(
    G: Converted,
    alpha: float = 0.85,
    personalization: Mapping[Node, float] | None = None,
    max_iter: int = 100,
    tol: float = 1e-6,
    nstart: None = None,
    weight: str | None = "weight",
    dangling: None = None,
) -> dict[Node, float]:
    """As `networkx.pagerank`, which stops by the same rule."""
    import networkx as nx
    import numpy as np

    from kolgraph.kernels.rank import pagerank as kernel

    if weight is None and G.attribute is not None:  # networkx keeps what was read for another call, with weights
        G = convert_from_nx(G.original)
    n = len(G)
    if n == 0:
        return {}
    restart = np.full(n, 1 / n)
    if personalization is not None:
        restart = np.array([personalization.get(node, 0) for node in G.nodes], dtype=np.float64)
        if restart.sum() == 0:
            raise ZeroDivisionError
        restart /= restart.sum()
    # networkx stops at less than a limit, the kernel at no more than one.
    least = float(np.nextafter(n * tol * alpha / (1 - alpha), -1))
    values, _, residual = kernel(G.ptr, G.idx, G.weights, restart, alpha, least, max_iter)
    if not residual <= least:  # nor if it is no number
        raise nx.PowerIterationFailedConvergence(max_iter)
    return G.by_node(values)


def core_number(G: Converted) -> dict[Node, int]:
    """As `networkx.core_number`, of graphs without directions."""
    import networkx as nx

    from kolgraph.kernels.core import core_numbers

    if nx.number_of_selfloops(G.original) > 0:
        raise nx.NetworkXNotImplemented(
            "Input graph has self loops which is not permitted; "
            "Consider using G.remove_edges_from(nx.selfloop_edges(G))."
        )
    return G.by_node(core_numbers(*G.undirected()))


def triangles(G: Converted, nodes: Any = None) -> Any:
    """As `networkx.triangles`."""
    from kolgraph.kernels.triangles import triangles as kernel

    return G.of(nodes, kernel(*G.undirected()))


def clustering(G: Converted, nodes: Any = None, weight: None = None) -> Any:
    """As `networkx.clustering`, of graphs without directions and without weights."""
    import numpy as np

    from kolgraph.kernels.triangles import triangles as kernel

    ptr, idx = G.undirected()
    closed, degree = kernel(ptr, idx), np.diff(ptr)
    pairs = degree * (degree - 1) / 2
    return G.of(nodes, np.divide(closed, pairs, out=np.zeros(len(G)), where=pairs > 0))


def harmonic_centrality(
    G: Converted, nbunch: Any = None, distance: None = None, sources: None = None
) -> dict[Node, float]:  # fmt: skip
    """As `networkx.harmonic_centrality`, in steps."""
    import numpy as np

    from kolgraph.kernels.harmonic import harmonic_exact

    if nbunch is None:
        return G.by_node(harmonic_exact(G.ptr, G.idx, np.arange(len(G))))
    asked = set(G.original.nbunch_iter(nbunch))
    rows = [row for row, node in enumerate(G.nodes) if node in asked]
    values = harmonic_exact(G.ptr, G.idx, np.array(rows, dtype=np.int64))
    return {G.nodes[row]: value for row, value in zip(rows, values.tolist(), strict=True)}


def _weak(G: Converted) -> NDArray[np.int32]:
    import numpy as np

    from kolgraph.kernels.components import components

    labels: NDArray[np.int32] = components(G.ptr, G.idx, np.empty(0, np.int32))
    return labels


def _strong(G: Converted) -> NDArray[np.int32]:
    """Numbered as networkx yields them: no edge leads from a part to a later one."""
    from kolgraph.kernels.components import strong_components

    labels: NDArray[np.int32] = strong_components(G.ptr, G.idx)
    last: NDArray[np.int32] = labels.max(initial=0) - labels  # along in-edges it is the other way round
    return last


def _sets(label: Callable[[Converted], NDArray[np.int32]]) -> Callable[[Converted], Iterator[set[Node]]]:
    def found(G: Converted) -> Iterator[set[Node]]:
        parts: dict[int, set[Node]] = {}
        for node, number in zip(G.nodes, label(G).tolist(), strict=True):
            parts.setdefault(number, set()).add(node)
        for _, part in sorted(parts.items()):
            yield part

    return found


def _number(label: Callable[[Converted], NDArray[np.int32]]) -> Callable[[Converted], int]:
    def found(G: Converted) -> int:
        import numpy as np

        return int(np.unique(label(G)).size)

    return found


def _whole(label: Callable[[Converted], NDArray[np.int32]]) -> Callable[[Converted], bool]:
    def found(G: Converted) -> bool:
        import networkx as nx

        if len(G) == 0:
            raise nx.NetworkXPointlessConcept("Connectivity is undefined for the null graph.")
        labels = label(G)
        return bool((labels == labels[0]).all())

    return found


connected_components = weakly_connected_components = _sets(_weak)
strongly_connected_components = _sets(_strong)
number_connected_components = number_weakly_connected_components = _number(_weak)
number_strongly_connected_components = _number(_strong)
is_connected = is_weakly_connected = _whole(_weak)
is_strongly_connected = _whole(_strong)

#: What is dispatched -> arguments that must keep their default, and whether edges may have directions.
FUNCTIONS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "pagerank": (("nstart", "dangling"), True),
    "core_number": ((), False),
    "triangles": ((), False),
    "clustering": (("weight",), False),
    "harmonic_centrality": (("distance", "sources"), True),
    "connected_components": ((), False),
    "number_connected_components": ((), False),
    "is_connected": ((), False),
    "weakly_connected_components": ((), True),
    "number_weakly_connected_components": ((), True),
    "is_weakly_connected": ((), True),
    "strongly_connected_components": ((), True),
    "number_strongly_connected_components": ((), True),
    "is_strongly_connected": ((), True),
}


def can_run(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool | str:
    """True, or why a call is left to networkx."""
    import inspect

    if name not in FUNCTIONS:
        return f"{name} is not among the functions of kolgraph"
    given = inspect.signature(globals()[name]).bind(*args, **kwargs).arguments
    fixed, directed = FUNCTIONS[name]
    if other := [argument for argument in fixed if given.get(argument) is not None]:
        return f"{other[0]} is not supported by kolgraph"
    if not directed and given["G"].is_directed():
        return "directions are not supported by kolgraph"
    if (name == "clustering" or given.get("nodes") is not None) and given["G"].is_multigraph():
        return "parallel edges are not supported here by kolgraph"
    if name == "pagerank" and not 0 < given.get("alpha", 0.85) < 1:
        return "kolgraph needs an alpha between 0 and 1"
    return True


def get_info() -> dict[str, Any]:
    """What networkx writes into its documentation."""
    return {
        "backend_name": "kolgraph",
        "project": "kolgraph",
        "package": "kolgraph",
        "short_summary": "Flat arrays and compiled loops for what kolgraph has in common with networkx.",
        "functions": {name: {} for name in FUNCTIONS},
    }
