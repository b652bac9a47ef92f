"""Bucket peel: hand-computed order, laws of suffix statistics, and an exact heap peel as the other opinion."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.kernels import peel as kernel
from kolgraph.rings.bipartite import Bipartite
from tests.worlds.graphs import graphs

EDGES = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2)]


def bipartite(pairs):
    return Bipartite.build(np.array([u for u, _ in pairs]), np.array([i for _, i in pairs]))[0]


def of_graph(graph):
    src, dst, _ = graph.edges()
    return Bipartite.build(src[src != dst], dst[src != dst])[0]


def planted(seed, users=300, items=200, noise=1500, s=25, t=15, p=0.8):
    """A sparse random graph with a block on the first s users and t items."""
    rng = np.random.default_rng(seed)
    block = np.argwhere(rng.random((s, t)) < p)
    user = np.concatenate([rng.integers(0, users, noise), block[:, 0]])
    item = np.concatenate([rng.integers(0, items, noise), block[:, 1]])
    return Bipartite.build(user, item)[0]


def exact_peel(graph, weight):
    """FRAUDAR's greedy with a heap and real weights: nodes of the best prefix and its score."""
    near = [graph.idx[graph.ptr[v] : graph.ptr[v + 1]].tolist() for v in range(graph.m + graph.n)]
    cost = [[weight[max(v, x) - graph.m] for x in near[v]] for v in range(len(near))]
    key = [sum(c) for c in cost]
    heap = [(k, v) for v, k in enumerate(key)]
    heapq.heapify(heap)
    total, alive = sum(key[: graph.m]), set(range(len(near)))
    best, keep, gone = total / len(near), 0, []
    while alive:
        k, v = heapq.heappop(heap)
        if v not in alive or k > key[v]:
            continue
        alive.remove(v)
        gone.append(v)
        total -= key[v]
        for x, c in zip(near[v], cost[v], strict=True):
            if x in alive:
                key[x] -= c
                heapq.heappush(heap, (key[x], x))
        if alive and total / len(alive) > best:
            best, keep = total / len(alive), len(gone)
    return set(range(len(near))) - set(gone[:keep]), best


def recount(graph, suffix):
    """Inner edges, users, items and both degree sums, counted edge by edge."""
    inside = set(suffix.tolist())
    user, item = graph.pairs
    inner = sum(u in inside and j in inside for u, j in zip(user.tolist(), item.tolist(), strict=True))
    users = [v for v in inside if v < graph.m]
    items = [v for v in inside if v >= graph.m]
    return [inner, len(users), len(items), int(graph.degree[users].sum()), int(graph.degree[items].sum())]


def test_peel_by_hand_finds_the_square():
    # Users A={0,1}, B={0,1}, C={1,2}; items 0:{A,B} 1:{A,B,C} 2:{C}; every edge weighs 1, 6 edges, 6 nodes: 6/6 = 1.
    # Item 2 has the only key 1 and goes first: 5 edges, 5 nodes: 1. Then C has key 1: 4 edges, 4 nodes: 1.
    # The square A, B, 0, 1 is left; each of its nodes has key 2: whichever goes, 2 edges, 3 nodes: 2/3.
    # Of that path an end (key 1) goes: 1 edge, 2 nodes: 1/2; then nothing is left but one node: 0.
    graph = bipartite(EDGES)
    order, score = kernel.peel(graph.ptr, graph.idx, graph.m, kernel.item_weights(graph.degree[3:], "avg"))
    assert order[:2].tolist() == [5, 2]
    assert score.tolist() == pytest.approx([1, 1, 1, 2 / 3, 1 / 2, 0])
    assert sorted(order.tolist()) == list(range(6))


def test_item_weights_by_hand():
    # c = 0: 1/ln 5 = .62133 -> 636.2; c = 20: 1/ln 25 = .31067 -> 318.1; 1/sqrt 25 = .2 -> 204.8
    c = np.array([0, 20])
    assert kernel.item_weights(c, "log").tolist() == [636, 318]
    assert kernel.item_weights(c, "sqrt").tolist() == [458, 205]
    assert kernel.item_weights(c, "avg").tolist() == [1024, 1024]


def test_bits_by_hand():
    # 6 edges where 2 are due: 6 ln 3 - 4 = 2.59167 nats; naming 2 of 4 users and 3 of 3 items costs ln 6 + 0 = 1.79176.
    assert kernel.bits(6, 2.0, 2, 3, 4, 3) == pytest.approx((6 * math.log(3) - 4 - math.log(6)) / math.log(2))
    # No surplus of edges: only the price of the names is left.
    assert kernel.bits(2, 2.0, 2, 3, 4, 3) == pytest.approx(-math.log2(6))


@settings(max_examples=30, deadline=None)
@given(graphs(), st.sampled_from(["log", "sqrt", "avg"]), st.sampled_from([1, 700, 1 << 20]))
def test_score_of_every_prefix_equals_its_recount(shared, kind, cap):
    graph = of_graph(shared)
    weight = kernel.item_weights(graph.degree[graph.m :], kind)
    order, score = kernel.peel(graph.ptr, graph.idx, graph.m, weight, cap=cap)
    user, item = graph.pairs
    for k in range(order.size):
        inside = np.isin(np.arange(order.size), order[k:])
        total = weight[item[inside[user] & inside[item]] - graph.m].sum() / kernel.SCALE
        assert score[k] == pytest.approx(total / (order.size - k))


@settings(max_examples=30, deadline=None)
@given(graphs(), st.sampled_from(["log", "sqrt", "avg"]), st.sampled_from([1, 700, 1 << 20]))
def test_every_removed_node_has_the_smallest_key(shared, kind, cap):
    graph = of_graph(shared)
    weight = kernel.item_weights(graph.degree[graph.m :], kind)
    order, _ = kernel.peel(graph.ptr, graph.idx, graph.m, weight, cap=cap)
    alive = set(range(order.size))
    for v in order.tolist():
        key = {
            x: sum(weight[max(x, y) - graph.m] for y in graph.idx[graph.ptr[x] : graph.ptr[x + 1]] if y in alive)
            for x in alive
        }
        assert key[v] == min(key.values())
        alive.remove(v)


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_statistics_of_every_suffix_equal_their_recount(shared):
    graph = of_graph(shared)
    weight = kernel.item_weights(graph.degree[graph.m :], "log")
    order, _ = kernel.peel(graph.ptr, graph.idx, graph.m, weight)
    stats = kernel.suffix_statistics(graph.ptr, graph.idx, graph.m, order, graph.degree)
    assert stats.tolist() == [recount(graph, order[k:]) for k in range(order.size + 1)]


def test_best_suffix_equals_a_search_over_all():
    graph = planted(3)
    order, _ = kernel.peel(graph.ptr, graph.idx, graph.m, kernel.item_weights(graph.degree[graph.m :], "log"))
    stats = kernel.suffix_statistics(graph.ptr, graph.idx, graph.m, order, graph.degree)
    values = [
        kernel.bits(o, vs * vt / graph.edges, s, t, graph.m, graph.n) if s >= 5 and t >= 3 else -math.inf
        for o, s, t, vs, vt in stats.tolist()
    ]
    at, value = kernel.best_suffix(stats, graph.edges, graph.m, graph.n, 5, 3)
    assert (at, value) == (int(np.argmax(values)), pytest.approx(max(values)))
    assert kernel.best_suffix(stats, graph.edges, graph.m, graph.n, graph.m + 1, 3)[0] == -1


@pytest.mark.parametrize("kind", ["log", "sqrt", "avg"])
@pytest.mark.parametrize("seed", range(5))
def test_block_equals_that_of_an_exact_heap_peel(kind, seed):
    graph = planted(seed)
    c = graph.degree[graph.m :] + 5.0
    real = {"log": 1 / np.log(c), "sqrt": 1 / np.sqrt(c), "avg": np.ones(c.size)}[kind]
    block, best = exact_peel(graph, real.tolist())
    order, score = kernel.peel(graph.ptr, graph.idx, graph.m, kernel.item_weights(graph.degree[graph.m :], kind))
    mine = set(order[score.argmax() :].tolist())
    assert len(mine & block) / len(mine | block) >= 0.99
    assert score.max() == pytest.approx(best, rel=2e-3)


def test_renaming_nodes_finds_the_same_block():
    graph = planted(1)
    rng = np.random.default_rng(9)
    new_user, new_item = rng.permutation(graph.m), rng.permutation(graph.n)
    user, item = graph.pairs
    renamed = Bipartite.build(new_user[user], new_item[item - graph.m])[0]
    blocks = []
    for g in (graph, renamed):
        order, score = kernel.peel(g.ptr, g.idx, g.m, kernel.item_weights(g.degree[g.m :], "log"))
        blocks.append(set(order[score.argmax() :].tolist()))
    moved = np.concatenate([new_user, new_item + graph.m])
    assert {int(moved[v]) for v in blocks[0]} == blocks[1]


def test_cap_changes_nothing_but_memory():
    graph = planted(2)
    weight = kernel.item_weights(graph.degree[graph.m :], "log")
    scores = [kernel.peel(graph.ptr, graph.idx, graph.m, weight, cap=cap)[1].max() for cap in (1, 300, 5000, 1 << 20)]
    assert scores == pytest.approx([scores[0]] * 4, rel=1e-3)  # equal keys may leave in another order


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_induced_edges_are_those_among_the_nodes(shared, seed):
    graph = of_graph(shared)
    total = graph.m + graph.n
    nodes = np.flatnonzero(np.random.default_rng(seed).random(total) < 0.6).astype(np.int32)
    local = np.full(total, -1, np.int32)
    ptr, idx = kernel.induced(graph.ptr, graph.idx, nodes, local)
    found = {(int(nodes[i]), int(nodes[x])) for i in range(nodes.size) for x in idx[ptr[i] : ptr[i + 1]]}
    user, item = graph.pairs
    both = np.isin(user, nodes) & np.isin(item, nodes)
    pairs = set(zip(user[both].tolist(), item[both].tolist(), strict=True))
    assert found == pairs | {(j, u) for u, j in pairs}
    assert (local == -1).all()
