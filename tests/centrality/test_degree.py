"""Degree and strength: by hand, by law, and against igraph."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from kolgraph.centrality import degree
from kolgraph.errors import UnknownName
from kolgraph.graph import Graph
from tests.worlds.graphs import from_rows, graphs, star

few = settings(max_examples=30, deadline=None)


def test_by_hand() -> None:
    # 0 -> 1 twice (weights 2 and 3, merged to 5), 1 -> 1 a loop of .5, 0 -> 2 of weight 0; 3 is isolated.
    graph = from_rows(4, [(0, 1), (0, 1), (1, 1), (0, 2)], [2.0, 3.0, 0.5, 0.0])
    assert degree(graph).values.tolist() == [0, 2, 1, 0]
    assert degree(graph, kind="out").values.tolist() == [2, 1, 0, 0]
    assert degree(graph, weighted=True).values.tolist() == [0, 5.5, 0, 0]
    assert degree(graph, kind="out", weighted=True).values.tolist() == [5, 0.5, 0, 0]


def test_the_hub_has_the_followers() -> None:
    assert degree(star(5)).top(1)["in_degree"].to_dict() == {"hub": 5.0}


def test_names_say_what_was_counted() -> None:
    names = {degree(star(2), kind=k, weighted=w).measure for k in ("in", "out") for w in (False, True)}  # type: ignore[arg-type]
    assert names == {"in_degree", "out_degree", "in_strength", "out_strength"}


@few
@given(graphs())
def test_in_and_out_add_up_to_the_same(graph: Graph) -> None:
    assert degree(graph).values.sum() == degree(graph, kind="out").values.sum() == graph.m
    weight = float(graph.edges()[2].sum())
    assert degree(graph, weighted=True).values.sum() == pytest.approx(weight)
    assert degree(graph, kind="out", weighted=True).values.sum() == pytest.approx(weight)


@few
@given(graphs())
def test_turning_every_edge_round_swaps_in_and_out(graph: Graph) -> None:
    for weighted in (False, True):
        turned = degree(graph.reverse(), weighted=weighted).values
        assert turned.tolist() == pytest.approx(degree(graph, kind="out", weighted=weighted).values.tolist())


@few
@given(graphs())
def test_equals_igraph(graph: Graph) -> None:
    peer = graph.to_igraph()
    assert degree(graph).values.tolist() == peer.indegree()
    assert degree(graph, kind="out").values.tolist() == peer.outdegree()
    assert degree(graph, weighted=True).values.tolist() == pytest.approx(peer.strength(mode="in", weights="weight"))


def test_another_kind_is_refused() -> None:
    with pytest.raises(UnknownName, match="known: in, out"):
        degree(star(2), kind="both")  # type: ignore[arg-type]
