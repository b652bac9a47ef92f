"""Cascade kernels: sets drawn with their exact probabilities, sums and covers equal to plain Python."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.graph import Graph
from kolgraph.kernels.cover import coverage, greedy, index_sets, keep_rows, sum_candidates, sum_sets
from kolgraph.kernels.rrsets import CHUNK, count_members, sample_sets, simulate
from tests.worlds.graphs import clique, from_rows, graphs, path, random_edges, star

NOBODY = np.empty(0, np.int32)


def draw(graph: Graph, sets: int, *, targets: Any = None, seed: int = 1, stream: int = 1) -> tuple[Any, Any]:
    """`sample_sets` of a graph."""
    out = graph.outgoing
    weights = np.ones(graph.n) if targets is None else np.asarray(targets, dtype=np.float64)
    return sample_sets(out.ptr, out.idx, out.weights, out.strength, weights, sets, seed, stream)


def spread(graph: Graph, seeds: list[int], runs: int, *, targets: Any = None, seed: int = 1) -> Any:
    """`simulate` of a graph."""
    into, weights = graph.incoming, np.ones(graph.n) if targets is None else np.asarray(targets, dtype=np.float64)
    chosen = np.array(seeds, np.int32)
    return simulate(into.ptr, into.idx, into.weights, graph.outgoing.strength, weights, chosen, runs, seed)


def probabilities(graph: Graph) -> list[tuple[int, int, float]]:
    """Every edge follower, followed, p."""
    src, dst, weight = graph.edges()
    strength = np.bincount(src, weights=weight, minlength=graph.n)
    return [
        (int(a), int(b), float(w / strength[a]) if strength[a] > 0 else 0.0)
        for a, b, w in zip(src, dst, weight, strict=True)
    ]


def upstream(root: int, edges: list[tuple[int, int]]) -> frozenset[int]:
    """Whom a root hears of along kept edges follower -> followed, itself included."""
    met, stack = {root}, [root]
    while stack:
        at = stack.pop()
        fresh = {b for a, b in edges if a == at} - met
        met |= fresh
        stack.extend(fresh)
    return frozenset(met)


def exact_sets(graph: Graph, root: int) -> dict[frozenset[int], float]:
    """Probability of every possible set of a root, by enumerating the worlds of its edges."""
    edges = probabilities(graph)
    chances: defaultdict[frozenset[int], float] = defaultdict(float)
    for kept in itertools.product([False, True], repeat=len(edges)):
        chance = math.prod(p if k else 1 - p for k, (_, _, p) in zip(kept, edges, strict=True))
        if chance > 0:
            chances[upstream(root, [(a, b) for k, (a, b, _) in zip(kept, edges, strict=True) if k])] += chance
    return chances


def as_sets(offsets: Any, members: Any) -> list[frozenset[int]]:
    return [frozenset(members[a:b].tolist()) for a, b in itertools.pairwise(offsets)]


# ---------------------------------------------------------------------- by hand


def test_path_sets_are_the_rest_of_the_path() -> None:
    # 0 -> 1 -> 2 -> 3, everybody follows one account, p = 1: who moves root r? r and all accounts after it.
    offsets, members = draw(path(4), 500)
    assert set(as_sets(offsets, members)) == {frozenset(range(r, 4)) for r in range(4)}
    assert all(members[a:b].tolist() == list(range(members[a], 4)) for a, b in itertools.pairwise(offsets))


def test_star_spreads_from_the_hub_to_every_leaf_and_from_a_leaf_nowhere() -> None:
    # Each of 9 leaves follows the hub only: p = 1/1. Hub: 1 + 9 = 10. A leaf has no follower: 1.
    graph = star(9)
    hub, leaf = graph.rows(["hub", "leaf0"]).tolist()
    assert (spread(graph, [hub], 50) == 10).all()
    assert (spread(graph, [leaf], 50) == 1).all()
    assert (spread(graph, [leaf, hub, hub], 50) == 10).all()
    # Without the weight of 4 leaves, 6 are left.
    targets = np.where(np.isin(graph.ids, ["leaf1", "leaf2", "leaf3", "leaf4"]), 0, 1)
    assert (spread(graph, [hub], 50, targets=targets) == 6).all()


def test_greedy_by_hand() -> None:
    # Candidate 0 covers sets 0 1 2, candidate 1 covers 2 3, candidate 2 covers 3 4, candidate 3 covers 0 1.
    # Count 2: 0 gains 3, then 2 gains 2: 5 sets. Forced 3: gains 2; then 0 adds {2}, 1 adds {2, 3}, 2 adds {3, 4}:
    # the tie of 1 and 2 goes to the first row.
    held = [[0, 1, 2], [2, 3], [3, 4], [0, 1]]
    ptr, sets, set_ptr, rows = incidence(held, 5)
    one = np.ones(4, np.int64)
    picks, total = greedy(ptr, sets, set_ptr, rows, one, 4, 2, NOBODY, False)
    assert (picks.tolist(), total) == ([0, 2], 5)
    picks, total = greedy(ptr, sets, set_ptr, rows, one, 4, 2, np.array([3], np.int32), False)
    assert (picks.tolist(), total) == ([3, 1], 4)
    # Prices 5 2 2 1, budget 5: per fen 3 gains 2/1, then 1 and 2 tie at 2/2, total 4 for 3 fen; the one left costs 2:
    # 1 then 2 adds {4}: 5 sets for 5 fen.
    picks, total = greedy(ptr, sets, set_ptr, rows, np.array([5, 2, 2, 1]), 5, 4, NOBODY, True)
    assert (picks.tolist(), total) == ([3, 1, 2], 5)


def test_one_large_completion_beats_many_cheap_ones() -> None:
    # Candidate 0: one set for 1 fen, the best ratio; candidate 1: ten sets for 20 fen. Budget 20 holds only one of
    # them, and the ratio alone would stop at one set (Khuller, Moss & Naor 1999).
    ptr, sets, set_ptr, rows = incidence([[0], list(range(1, 11))], 11)
    picks, total = greedy(ptr, sets, set_ptr, rows, np.array([1, 20]), 20, 2, NOBODY, True)
    assert (picks.tolist(), total) == ([1], 10)


# ---------------------------------------------------------------------- against plain Python


def incidence(held: list[list[int]], n_sets: int) -> tuple[Any, Any, Any, Any]:
    """Candidate -> sets and set -> candidates of sets given by candidate."""
    members = [[v for v, mine in enumerate(held) if r in mine] for r in range(n_sets)]
    offsets = np.cumsum([0] + [len(m) for m in members])
    flat = np.array(list(itertools.chain(*members)), np.int32)
    everybody = np.arange(len(held), dtype=np.int32)
    ptr, sets = index_sets(offsets, flat, everybody, len(held))
    return ptr, sets, offsets, flat


@pytest.mark.parametrize("weights", [None, "drawn"])
@pytest.mark.parametrize("seed", [1, 2])
def test_whole_sets_come_with_their_exact_probabilities(weights: str | None, seed: int) -> None:
    # Account 0 follows six others (more than four: the jumps), others follow on, some back to 0 or to each other.
    edges = [(0, v) for v in range(1, 7)] + [(1, 2), (1, 7), (2, 0), (3, 7), (7, 3), (7, 7)]
    values = None if weights is None else np.random.default_rng(seed).choice([0.0, 0.5, 1.0, 4.0], 12).tolist()
    graph = from_rows(8, edges, values)
    runs = 200_000
    offsets, members = draw(graph, runs, targets=np.eye(8)[0], seed=seed)
    found, exact = Counter(as_sets(offsets, members)), exact_sets(graph, 0)
    assert found.keys() <= exact.keys()
    for one, chance in exact.items():
        assert abs(found[one] / runs - chance) < 5 * math.sqrt(chance * (1 - chance) / runs) + 1e-12


def test_forward_simulation_equals_a_plain_loop() -> None:
    src, dst = random_edges(60, 240, 5)
    graph = from_rows(60, list(zip(src.tolist(), dst.tolist(), strict=True)))
    into: dict[int, list[tuple[int, float]]] = {v: [] for v in range(60)}
    for a, b, p in probabilities(graph):
        into[b].append((a, p))
    rng, runs, total = np.random.default_rng(3), 3000, list[int]()
    for _ in range(runs):
        active, queue = {0, 1, 2}, [0, 1, 2]
        while queue:
            for follower, p in into[queue.pop()]:
                if follower not in active and rng.random() < p:
                    active.add(follower)
                    queue.append(follower)
        total.append(len(active))
    ours = spread(graph, [0, 1, 2], 30_000)
    error = math.hypot(np.std(total) / math.sqrt(runs), ours.std() / math.sqrt(ours.size))
    assert abs(np.mean(total) - ours.mean()) < 4 * error
    assert 0.9 < ours.std() / np.std(total) < 1.1


def test_jumps_take_every_edge_with_its_probability() -> None:
    # A root that follows 40 accounts takes each with p = 1/40: its sets hold 1 + 40/40 = 2 accounts on average, and
    # two given edges are taken together 1/1600 of the time: the jumps leave the edges independent.
    graph = Graph.from_edges(["root"] * 40, [f"k{i:02d}" for i in range(40)])
    sets = 200_000
    offsets, members = draw(graph, sets, targets=graph.ids == "root")
    size = np.diff(offsets)
    assert size.mean() == pytest.approx(2.0, abs=4 * math.sqrt(39 / 40 / sets))
    assert size.var() == pytest.approx(39 / 40, rel=0.03)
    share = np.bincount(members, minlength=41)[graph.ids != "root"] / sets
    assert np.abs(share - 1 / 40).max() < 4.5 * math.sqrt(1 / 40 / sets)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 11), max_size=6, unique=True), min_size=1, max_size=7), st.integers(1, 4))
def test_sums_covers_and_greedy_equal_plain_sets(held: list[list[int]], count: int) -> None:
    ptr, sets, set_ptr, rows = incidence(held, 12)
    assert [sorted(sets[a:b].tolist()) for a, b in itertools.pairwise(ptr)] == [sorted(one) for one in held]
    value = np.arange(12) / 8
    assert sum_sets(ptr, sets, value).tolist() == [sum(value[r] for r in sorted(one)) for one in held]
    amount = np.arange(len(held)) / 4
    expected = [sum(amount[v] for v, one in enumerate(held) if r in one) for r in range(12)]
    assert sum_candidates(ptr, sets, amount, 12).tolist() == expected
    picks, total = greedy(ptr, sets, set_ptr, rows, np.ones(len(held), np.int64), 99, count, NOBODY, False)
    own, fresh = coverage(picks, ptr, sets, 12)
    assert own.tolist() == [len(held[v]) for v in picks]
    assert fresh.sum() == total == len(set().union(*(held[v] for v in picks)))
    covered: set[int] = set()
    for v in picks.tolist():  # each pick is the first of the best
        gains = [len(set(one) - covered) for one in held]
        assert v == gains.index(max(gains))
        covered |= set(held[v])
    assert len(picks) == count or covered == set().union(*held)


# ---------------------------------------------------------------------- laws


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_sets_start_at_a_target_and_hold_together(graph: Graph, seed: int) -> None:
    targets = np.random.default_rng(seed).choice([0.0, 0.0, 0.3, 2.0], graph.n)
    targets[1] = 1.0
    offsets, members = draw(graph, 300, targets=targets, seed=seed)
    assert offsets[0] == 0
    assert offsets[-1] == members.size
    follows = {(a, b) for a, b, p in probabilities(graph) if p > 0}
    for start, end in itertools.pairwise(offsets):
        one = members[start:end].tolist()
        assert targets[one[0]] > 0  # an account of weight 0 is never a root
        assert len(set(one)) == len(one)
        assert all(any((earlier, v) in follows for earlier in one[:i]) for i, v in enumerate(one) if i)


def test_roots_come_in_proportion_to_their_weight() -> None:
    # Nobody follows anybody, so every set is its root alone; weights 0 1 2 0 5 of 8, the first and last ones 0.
    graph, weights, sets = from_rows(6, []), np.array([0, 1, 2, 0, 5, 0.0]), 80_000
    _, members = draw(graph, sets, targets=weights)
    assert members.size == sets
    share = np.bincount(members, minlength=6) / sets
    assert np.abs(share - weights / 8).max() < 4 * math.sqrt(0.25 / sets)
    assert share[weights == 0].sum() == 0
    for tiny in (1e-300, 5e-324):  # the least of weights still makes a root
        assert set(draw(graph, 200, targets=[0, 0, tiny, 0, 0, 0])[1].tolist()) == {2}


@pytest.mark.parametrize("weighted", [False, True])
def test_same_bytes_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch, weighted: bool) -> None:
    src, dst = random_edges(40, 400, 1)
    values = np.random.default_rng(1).random(400).tolist() if weighted else None
    graph = from_rows(40, list(zip(src.tolist(), dst.tolist(), strict=True)), values)
    answers = []
    for threads in (1, 2, 8):
        monkeypatch.setattr("os.cpu_count", lambda t=threads: t)
        answers.append((*draw(graph, 3 * CHUNK + 5, seed=5), spread(graph, [0, 7], 2 * CHUNK + 5, seed=5)))
    for answer in answers[1:]:
        for got, expected in zip(answer, answers[0], strict=True):
            assert got.tobytes() == expected.tobytes()


def test_fewer_sets_are_the_first_of_more_and_streams_differ() -> None:
    graph = clique(20)
    offsets, members = draw(graph, 2 * CHUNK + 9)
    for fewer in (1, 10, CHUNK, CHUNK + 7):
        part_offsets, part = draw(graph, fewer)
        assert part_offsets.tolist() == offsets[: fewer + 1].tolist()
        assert part.tolist() == members[: offsets[fewer]].tolist()
    first_chunk, second_chunk = members[: offsets[200]], members[offsets[CHUNK] : offsets[CHUNK + 200]]
    assert first_chunk.tolist() != second_chunk.tolist()
    assert draw(graph, 200, stream=2)[1].tolist() != first_chunk.tolist()
    assert draw(graph, 200, seed=2)[1].tolist() != first_chunk.tolist()


@settings(max_examples=20, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_counts_are_of_the_kept_sets_without_what_lies_one_step_away(graph: Graph, seed: int) -> None:
    out, targets = graph.outgoing, np.arange(graph.n, dtype=np.float64)
    offsets, members = draw(graph, 300, targets=targets, seed=seed)
    hits = count_members(out.ptr, out.idx, out.weights, out.strength, targets, 300, seed, 1)
    kept = [members[a:b] for a, b in itertools.pairwise(offsets)]
    most, least = np.zeros(graph.n, int), np.zeros(graph.n, int)
    for found in kept:
        most[found[1:]] += 1
        near = out.idx[out.ptr[found[0]] : out.ptr[found[0] + 1]]
        least[np.setdiff1d(found[1:], near)] += 1  # they can only have come through another account
    assert (least <= hits).all()
    assert (hits <= most).all()


def test_counts_leave_out_exactly_the_edges_of_the_root() -> None:
    # v0 -> v1 -> v2 -> v3, p = 1 each: a root r reaches back to v1 .. v3; two steps away are those from r + 2 on.
    graph = path(4)
    out = graph.outgoing
    hits = count_members(out.ptr, out.idx, out.weights, out.strength, np.array([1.0, 0, 0, 0]), 50, 1, 1)
    assert hits.tolist() == [0, 0, 50, 50]


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_more_seeds_never_cover_less(graph: Graph, seed: int) -> None:
    offsets, members = draw(graph, 200, seed=seed)
    ptr, sets = index_sets(offsets, members, np.arange(graph.n, dtype=np.int32), graph.n)
    order = np.random.default_rng(seed).permutation(graph.n).astype(np.int32)
    covers = [int(coverage(order[:k], ptr, sets, 200)[1].sum()) for k in range(graph.n + 1)]
    assert covers == sorted(covers)
    assert covers[-1] == 200  # every set holds its root at least
    assert (coverage(order, ptr, sets, 200)[1] <= coverage(order, ptr, sets, 200)[0]).all()


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_keeping_candidates_only_loses_nobody_else(graph: Graph, seed: int) -> None:
    offsets, members = draw(graph, 100, seed=seed)
    candidates = np.random.default_rng(seed).permutation(graph.n)[:3]
    row_of = np.full(graph.n, -1, np.int32)
    row_of[candidates] = np.arange(3)
    set_ptr, rows = keep_rows(offsets, members, row_of)
    ptr, sets = index_sets(offsets, members, row_of, 3)
    for r, one in enumerate(as_sets(offsets, members)):
        kept = rows[set_ptr[r] : set_ptr[r + 1]].tolist()
        assert sorted(kept) == sorted(row_of[v] for v in one if row_of[v] >= 0)
        assert all(r in sets[ptr[v] : ptr[v + 1]] for v in kept)
    assert rows.size == sets.size


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=5, unique=True), min_size=2, max_size=6), st.data())
def test_greedy_stays_within_its_limits_and_keeps_the_forced(held: list[list[int]], data: st.DataObject) -> None:
    ptr, sets, set_ptr, rows = incidence(held, 10)
    cost = np.array(data.draw(st.lists(st.integers(0, 9), min_size=len(held), max_size=len(held))))
    forced = np.array(data.draw(st.lists(st.integers(0, len(held) - 1), max_size=2, unique=True)), np.int32)
    budget = int(cost[forced].sum()) + data.draw(st.integers(0, 20))
    count = max(forced.size, data.draw(st.integers(1, 6)))
    for by_ratio in (False, True):
        picks, total = greedy(ptr, sets, set_ptr, rows, cost, budget, count, forced, by_ratio)
        assert cost[picks].sum() <= budget
        assert len(set(picks.tolist())) == picks.size <= count
        assert picks[: forced.size].tolist() == forced.tolist()
        assert total == len(set().union(*(held[v] for v in picks)))
