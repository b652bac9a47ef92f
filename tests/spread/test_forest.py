"""Forest kernels: hand-computed trees, laws on random forests, networkx and igraph, cycles, depth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kolgraph.kernels.forest import NO_TIME, arrivals, measure_forest, preorder

Rows = NDArray[np.int64]


def random_forest(n: int, roots: int, seed: int) -> Rows:
    """n rows, at least `roots` of them roots, in shuffled order."""
    rng = np.random.default_rng(seed)
    parent = np.array(
        [-1 if i < roots or rng.random() < 0.05 else rng.integers(0, i) for i in range(n)], dtype=np.int64
    )
    return permute(parent, rng.permutation(n))


def permute(parent: Rows, place: NDArray[Any]) -> Rows:
    """The same forest with row i moved to place[i]."""
    moved = np.empty_like(parent)
    moved[place] = np.where(parent < 0, -1, place[parent])
    return moved


@st.composite
def forests(draw: st.DrawFn) -> Rows:
    """Forests in any row order: single rows, stars, chains and everything between."""
    n = draw(st.integers(1, 24))
    steps = [draw(st.integers(-1, i - 1)) for i in range(n)]
    return permute(np.array(steps, dtype=np.int64), np.array(draw(st.permutations(range(n)))))


def as_networkx(parent: Rows) -> nx.Graph:
    graph = nx.empty_graph(parent.size)
    graph.add_edges_from((i, int(p)) for i, p in enumerate(parent) if p >= 0)
    return graph


# ---------------------------------------------------------------------- hand-computed


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_star_virality_is_two_times_n_minus_one_over_n(n: int) -> None:
    # W = (n-1) pairs at distance 1 + C(n-1, 2) pairs at distance 2 = (n-1)^2; SV = 2 (n-1)^2 / (n (n-1)) = 2 (n-1) / n
    shape = measure_forest(np.array([-1] + [0] * (n - 1)))
    assert shape.virality[0] == pytest.approx(2 * (n - 1) / n, rel=1e-15)
    assert (shape.height[0], shape.breadth[0], shape.size[0]) == (1, n - 1, n)


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_path_virality_is_n_plus_one_over_three(n: int) -> None:
    # W of a path = C(n+1, 3) = (n+1) n (n-1) / 6, so SV = (n+1) / 3
    shape = measure_forest(np.arange(-1, n - 1))
    assert shape.virality[0] == pytest.approx((n + 1) / 3, rel=1e-15)
    assert (shape.height[0], shape.breadth[0]) == (n - 1, 1)


def test_small_forest_by_hand() -> None:
    # Rows:   0   1   2   3   4   5   6      two trees, interleaved, a child before its parent (row 0 hangs on row 3)
    # parent  3  -1   1   1   3  -1   5
    # tree of 1:  1 -> 2, 3;  3 -> 0, 4      depths 0 | 1 1 | 2 2: height 2, breadth 2 at depth 1, reached again at 2
    # tree of 5:  5 -> 6
    # Subtree s and pairs s (5 - s) above each row: 0: 1*4, 2: 1*4, 3: 3*2, 4: 1*4; W = 4 + 4 + 6 + 4 = 18, SV = 18/10
    shape = measure_forest(np.array([3, -1, 1, 1, 3, -1, 5]))
    assert shape.roots.tolist() == [1, 5]
    assert shape.tree.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert shape.depth.tolist() == [2, 0, 1, 1, 2, 0, 1]
    assert shape.children.tolist() == [0, 2, 0, 2, 0, 1, 0]
    assert shape.subtree.tolist() == [1, 5, 1, 3, 1, 2, 1]
    assert shape.size.tolist() == [5, 2]
    assert shape.height.tolist() == [2, 1]
    assert shape.breadth.tolist() == [2, 1]
    assert shape.virality.tolist() == [1.8, 1.0]
    # Times: tree of 1 in order 10 (root), 11, 14, 20, 50: index floor(5/2) = 2 is 14, half-life 4, duration 40.
    # Tree of 5: 7, 9: index floor(2/2) = 1 is 9, half-life 2, duration 2.
    half_life, duration = arrivals(shape.tree, shape.roots, np.array([20, 10, 11, 14, 50, 7, 9]))
    assert half_life.tolist() == [4.0, 2.0]
    assert duration.tolist() == [40.0, 2.0]


def test_single_rows_have_no_distance_and_no_delay() -> None:
    shape = measure_forest(np.array([-1, -1]))
    assert shape.virality.tolist() == [0.0, 0.0]
    assert (shape.height.tolist(), shape.breadth.tolist(), shape.size.tolist()) == ([0, 0], [1, 1], [1, 1])
    assert [a.tolist() for a in arrivals(shape.tree, shape.roots, np.array([5, 9]))] == [[0.0, 0.0], [0.0, 0.0]]


def test_rows_without_time_are_left_out_and_a_root_without_time_has_no_half_life() -> None:
    # tree of 0: times 0, -, 4, 6: known in order 0, 4, 6, index floor(3/2) = 1 is 4. Row 5 is dated before its root: 0.
    parent = np.array([-1, 0, 0, 0, -1, 4, -1, 6])
    shape = measure_forest(parent)
    half_life, duration = arrivals(shape.tree, shape.roots, np.array([0, NO_TIME, 4, 6, 100, 90, NO_TIME, 3]))
    np.testing.assert_array_equal(half_life, [4.0, 0.0, np.nan])
    np.testing.assert_array_equal(duration, [6.0, 0.0, np.nan])


def test_no_rows_give_an_empty_forest() -> None:
    shape = measure_forest(np.empty(0, np.int64))
    assert all(part.size == 0 for part in shape)
    assert [a.size for a in arrivals(shape.tree, shape.roots, np.empty(0, np.int64))] == [0, 0]


# ---------------------------------------------------------------------- laws


@settings(max_examples=30, deadline=None)
@given(forests())
def test_counts_add_up(parent: Rows) -> None:
    shape = measure_forest(parent)
    child = parent >= 0
    assert shape.size.sum() == parent.size
    assert shape.children.sum() == child.sum()
    assert np.array_equal(np.bincount(shape.tree), shape.size)
    below = np.bincount(parent[child], weights=shape.subtree[child], minlength=parent.size)
    assert np.array_equal(shape.subtree, 1 + below)
    assert np.array_equal(shape.depth[child], shape.depth[parent[child]] + 1)
    assert np.array_equal(shape.tree[child], shape.tree[parent[child]])
    assert (shape.depth[shape.roots] == 0).all()
    # The mean depth below a root, counted both ways: sum of depths = sum of subtree sizes of the other rows.
    assert shape.depth.sum() == shape.subtree[child].sum()


@settings(max_examples=30, deadline=None)
@given(forests(), st.randoms(use_true_random=False))
def test_row_order_changes_no_bit(parent: Rows, random: Any) -> None:
    place = np.array(random.sample(range(parent.size), parent.size))
    before, after = measure_forest(parent), measure_forest(permute(parent, place))
    times = np.arange(parent.size) * 7 % 5
    moved = np.empty_like(times)
    moved[place] = times
    same = after.tree[place[before.roots]]  # number of the same tree after the move
    for name in ("depth", "children", "subtree"):
        assert np.array_equal(getattr(before, name), getattr(after, name)[place])
    for name in ("size", "height", "breadth", "virality"):
        assert np.array_equal(getattr(before, name), getattr(after, name)[same])
    for a, b in zip(arrivals(before.tree, before.roots, times), arrivals(after.tree, after.roots, moved), strict=True):
        assert np.array_equal(a, b[same])


@settings(max_examples=30, deadline=None)
@given(forests())
def test_virality_is_the_mean_distance_of_all_pairs(parent: Rows) -> None:
    shape = measure_forest(parent)
    graph = as_networkx(parent)
    for t, root in enumerate(shape.roots):
        rows = np.flatnonzero(shape.tree == t)
        assert set(rows) == nx.node_connected_component(graph, int(root))
        tree = graph.subgraph(rows.tolist())
        expected = nx.average_shortest_path_length(tree) if rows.size > 1 else 0.0
        assert shape.virality[t] == pytest.approx(expected, rel=1e-14)
        depths = nx.single_source_shortest_path_length(tree, int(root))
        assert {r: int(shape.depth[r]) for r in rows} == depths
        assert shape.breadth[t] == max(np.bincount(list(depths.values())))
        assert shape.height[t] == max(depths.values())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 6) | st.integers(0, 10**15), min_size=1, max_size=40))
def test_half_life_is_the_middle_of_the_sorted_times(times: list[int]) -> None:
    rows = np.array([min(times), *times])
    shape = measure_forest(np.array([-1] + [0] * len(times)))
    half_life, duration = arrivals(shape.tree, shape.roots, rows)
    assert half_life[0] == np.sort(rows)[rows.size // 2] - rows[0]
    assert duration[0] == rows.max() - rows[0]


@settings(max_examples=30, deadline=None)
@given(forests())
def test_preorder_intervals_are_exactly_the_subtrees(parent: Rows) -> None:
    order = np.argsort(measure_forest(parent).depth, kind="stable")  # parents first
    rows = permute(parent, np.argsort(order)).astype(np.int32)
    subtree = measure_forest(rows).subtree
    position = preorder(rows, subtree)
    assert sorted(position) == list(range(rows.size))
    for j in range(rows.size):
        above, at = set(), int(rows[j])
        while at >= 0:
            above.add(at)
            at = int(rows[at])
        gap = position[j] - position
        assert set(np.flatnonzero((gap > 0) & (gap < subtree))) == above


# ---------------------------------------------------------------------- independent library, planted truth


@pytest.mark.parametrize("seed", [1, 2])
def test_agrees_with_igraph(seed: int) -> None:
    parent = random_forest(600, 4, seed)
    shape = measure_forest(parent)
    graph = igraph.Graph(parent.size, [(i, int(p)) for i, p in enumerate(parent) if p >= 0])
    for t, root in enumerate(shape.roots):
        rows = np.flatnonzero(shape.tree == t)
        tree = graph.induced_subgraph(rows.tolist())
        if rows.size > 1:
            assert shape.virality[t] == pytest.approx(tree.average_path_length(), rel=1e-13)
        assert shape.depth[rows].tolist() == graph.distances([int(root)], rows.tolist())[0]


def test_planted_levels_are_found() -> None:
    # A tree built level by level with 1, 3, 50, 7, 1 rows: height and breadth are known before measuring.
    rng = np.random.default_rng(5)
    levels, parent = [1, 3, 50, 7, 1], [-1]
    for above, width in pairwise(levels):
        first = len(parent) - above
        parent += (first + rng.integers(0, above, width)).tolist()
    place = rng.permutation(len(parent))
    shape = measure_forest(permute(np.array(parent), place))
    assert (shape.height[0], shape.breadth[0]) == (4, 50)
    assert np.bincount(shape.depth).tolist() == levels


# ---------------------------------------------------------------------- cycles and size


def test_cycles_are_named_row_by_row_and_the_rest_is_still_measured() -> None:
    # 0 <-> 1, 2 hangs on that cycle, 3 is its own parent, 4 -> 5 is a proper tree.
    shape = measure_forest(np.array([1, 0, 1, 3, -1, 4]))
    assert shape.cyclic.tolist() == [0, 1, 3]
    assert shape.tree.tolist() == [-1, -1, -1, -1, 0, 0]
    assert shape.depth.tolist() == [-1, -1, -1, -1, 0, 1]
    assert (shape.size.tolist(), shape.virality.tolist()) == ([2], [1.0])


def test_rows_that_are_all_one_cycle() -> None:
    shape = measure_forest(np.array([1, 2, 3, 0]))
    assert shape.cyclic.tolist() == [0, 1, 2, 3]
    assert shape.roots.size == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-1, 11), min_size=12, max_size=12))
def test_cyclic_rows_are_those_that_come_back_to_themselves(steps: list[int]) -> None:
    parent = np.array(steps)
    graph = nx.DiGraph([(i, p) for i, p in enumerate(steps) if p >= 0])
    expected = sorted({v for cycle in nx.simple_cycles(graph) for v in cycle})
    assert measure_forest(parent).cyclic.tolist() == expected


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_chain_of_a_million_rows_needs_no_stack(newest_first: bool) -> None:
    n = 1_000_000
    parent = np.append(np.arange(1, n), -1) if newest_first else np.arange(-1, n - 1)
    shape = measure_forest(parent)
    assert shape.height[0] == n - 1
    assert shape.virality[0] == pytest.approx((n + 1) / 3, rel=1e-15)
    assert shape.subtree.min() == 1


def test_wiener_sum_beyond_int64_is_exact() -> None:
    # A path of n = 5 million: W = (n+1) n (n-1) / 6 = 2.1e19 > 2^63; a wrapped sum would be negative or small.
    n = 5_000_000
    wiener = (n + 1) * n * (n - 1) // 6
    assert wiener > 2**63
    assert measure_forest(np.arange(-1, n - 1)).virality[0] == pytest.approx(2 * wiener / (n * (n - 1)), rel=1e-15)


def test_int32_and_int64_rows_give_the_same_bytes() -> None:
    parent = random_forest(300, 3, 8)
    for a, b in zip(measure_forest(parent), measure_forest(parent.astype(np.int32)), strict=True):
        assert a.tobytes() == b.tobytes()
