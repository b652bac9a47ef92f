"""VoteRank: by hand, by law, against networkx, and with planted overlapping audiences."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.influence import vote_rank
from tests.graphs import from_rows, graphs, path, random_edges, star

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


def test_a_wrong_option_is_told() -> None:
    with pytest.raises(InputError, match="most must be at least 1, not 0"):
        vote_rank(path(3), most=0)
