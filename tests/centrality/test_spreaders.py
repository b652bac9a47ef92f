"""VoteRank and collective influence: by hand, by law, against networkx, and with planted overlapping audiences."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.centrality import vote_rank
from kolgraph.centrality.spreaders import collective_influence
from kolgraph.errors import InputError
from kolgraph.graph import Graph
from tests.worlds.graphs import from_rows, graphs, path, random_edges, star

few = settings(max_examples=60, deadline=None)


def elected(graph: Graph, **options: int) -> list[str]:
    """In order of election: equal votes in order of rows."""
    values = vote_rank(graph, **options).values
    order = np.argsort(-values, kind="stable")
    return [str(graph.ids[v]) for v in order if values[v] > 0]


def without_loops(graph: Graph) -> nx.DiGraph:
    """As networkx wants it: an edge from the candidate to its voter, rows in order."""
    out = nx.DiGraph()
    out.add_nodes_from(graph.ids)
    src, dst, _ = graph.edges()
    out.add_edges_from((graph.ids[b], graph.ids[a]) for a, b in zip(src, dst, strict=True) if a != b)
    return out


def test_by_hand() -> None:
    # v0 has three voters. 6 accounts, 6 votes: a voter is used up after one election. v1 keeps one of three voters.
    graph = from_rows(6, [(3, 0), (4, 0), (5, 0), (3, 1), (4, 1), (2, 1)])
    assert vote_rank(graph).values.tolist() == [3, 1, 0, 0, 0, 0]
    assert vote_rank(graph, most=1).values.tolist() == [3, 0, 0, 0, 0, 0]


def test_shapes_and_nothing() -> None:
    assert elected(star(4)) == ["hub"]
    nobody = np.empty(0, np.int64)
    assert vote_rank(Graph.from_edges(nobody, nobody)).values.size == 0
    assert vote_rank(from_rows(2, [(0, 0), (1, 1)])).values.tolist() == [0, 0]


@few
@given(graphs())
def test_equals_networkx_on_awkward_graphs(graph: Graph) -> None:
    values = vote_rank(graph).values
    theirs = [str(v) for v in nx.voterank(without_loops(graph))]
    assert {str(graph.ids[v]) for v in np.flatnonzero(values)} == set(theirs)
    votes = dict(zip(graph.ids, values, strict=True))
    assert [votes[v] for v in theirs] == pytest.approx(sorted(values[values > 0], reverse=True))


@pytest.mark.parametrize("seed", range(4))
def test_equals_networkx_on_larger_ones(seed: int) -> None:
    src, dst = random_edges(200, 900, seed)
    graph = Graph.from_rows(src, dst, None, np.arange(200))
    votes = dict(zip(graph.ids, vote_rank(graph, most=30).values, strict=True))
    theirs = [votes[v] for v in nx.voterank(without_loops(graph), 30)]
    assert theirs == pytest.approx(sorted(votes.values(), reverse=True)[:30])


@few
@given(graphs())
def test_fewer_wanted_are_the_first_of_more(graph: Graph) -> None:
    assert elected(graph, most=2) == elected(graph)[:2]


def test_audiences_that_overlap_are_not_bought_twice() -> None:
    # Ten stars share one audience of 200; three small ones have 20 accounts of their own each.
    shared = [(100 + i, star_) for star_ in range(10) for i in range(200)]
    own = [(400 + 20 * k + i, 10 + k) for k in range(3) for i in range(20)]
    assert set(elected(from_rows(500, [*shared, *own]), most=8)) >= {"v10", "v11", "v12"}


# ---------------------------------------------------------------- collective influence


def naive(graph: Graph, radius: int, most: int) -> list[tuple[int, float]]:
    """Everything worked out anew at every step, by networkx; the first row wins a tie."""
    peer = nx.Graph()
    peer.add_nodes_from(range(graph.n))
    src, dst, _ = graph.edges()
    peer.add_edges_from((int(a), int(b)) for a, b in zip(src, dst, strict=True) if a != b)
    out: list[tuple[int, float]] = []
    while len(out) < most and peer:
        best, at = 0.0, -1
        for v in sorted(peer):
            far = nx.single_source_shortest_path_length(peer, v, cutoff=radius)
            now = (peer.degree[v] - 1) * sum(peer.degree[u] - 1 for u, d in far.items() if d == radius)
            if now > best:
                best, at = now, v
        if at < 0:
            break
        out.append((at, best))
        peer.remove_node(at)
    return out


def test_collective_influence_by_hand() -> None:
    # Fans 0, 1, 2 - hub 3 - bridge 4 - hub 5 - fans 6, 7, 8. The hubs have 4 ties, the bridge 2.
    graph = from_rows(9, [(0, 3), (1, 3), (2, 3), (4, 3), (4, 5), (6, 5), (7, 5), (8, 5)])
    # One tie away: bridge (2 - 1) (3 + 3) = 6, hub (4 - 1) (2 - 1) = 3. Without the bridge only fans are left: 0.
    assert collective_influence(graph, radius=1).values.tolist() == [0, 0, 0, 0, 6, 0, 0, 0, 0]
    # Two ties away: a hub sees the other, 3 * 3 = 9; the bridge only fans. Without a hub nobody is worth anything.
    assert collective_influence(graph).values.tolist() == [0, 0, 0, 9, 0, 0, 0, 0, 0]


def test_collective_influence_of_shapes_and_of_nothing() -> None:
    nobody = np.empty(0, np.int64)
    assert collective_influence(Graph.from_edges(nobody, nobody)).values.size == 0
    assert collective_influence(star(5)).values.tolist() == [0] * 6
    assert collective_influence(from_rows(3, [(0, 0), (0, 1)])).values.tolist() == [0, 0, 0]


@few
@given(graphs(), st.sampled_from([1, 2]))
def test_collective_influence_is_what_working_everything_out_anew_gives(graph: Graph, radius: int) -> None:
    expected = np.zeros(graph.n)
    for v, value in naive(graph, radius, graph.n):
        expected[v] = value
    assert collective_influence(graph, radius=radius).values.tolist() == expected.tolist()


@pytest.mark.parametrize("radius", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_collective_influence_on_larger_graphs(radius: int, seed: int) -> None:
    src, dst = random_edges(120, 250, seed)
    graph = Graph.from_rows(src, (dst // 2).astype(np.int32), None, np.arange(120))
    expected = np.zeros(120)
    for v, value in naive(graph, radius, 40):
        expected[v] = value
    assert collective_influence(graph, radius=radius, most=40).values.tolist() == expected.tolist()


@few
@given(graphs(), st.sampled_from([1, 2]))
def test_direction_and_weights_do_not_matter_to_collective_influence(graph: Graph, radius: int) -> None:
    got = collective_influence(graph, radius=radius).values
    assert collective_influence(graph.reverse(), radius=radius).values.tolist() == got.tolist()
    src, dst, _ = graph.edges()
    plain = Graph.from_rows(src, dst, None, graph.ids.astype("S8"))
    assert collective_influence(plain, radius=radius).values.tolist() == got.tolist()


def test_those_who_hold_a_graph_together_go_before_the_popular() -> None:
    # Ten hubs with 20 fans each are joined by twelve accounts that each know four of them; ten stars with 60 fans, more
    # than anybody else has, stand apart.
    rng = np.random.default_rng(3)
    joined = [(300 + i, hub) for i in range(12) for hub in rng.choice(10, 4, replace=False).tolist()]
    fans = [(10 + 20 * hub + i, hub) for hub in range(10) for i in range(20)]
    stars = [(400 + 61 * s + 1 + i, 400 + 61 * s) for s in range(10) for i in range(60)]
    graph = from_rows(1010, [*joined, *fans, *stars])
    for radius in (1, 2):
        picked = np.flatnonzero(collective_influence(graph, radius=radius, most=10).values)
        assert set(picked.tolist()) <= {*range(10), *range(300, 312)}
        left = graph.to_igraph()
        left.delete_vertices(picked.tolist())
        assert max(left.connected_components(mode="weak").sizes()) <= 61  # no part is larger than a star


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda g: vote_rank(g, most=0), "most must be at least 1, not 0"),
        (lambda g: collective_influence(g, most=0), "most must be at least 1, not 0"),
        (lambda g: collective_influence(g, radius=3), "radius must be 1 or 2, not 3"),
    ],
)
def test_a_wrong_option_is_told(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call(path(3))
