"""Planning: limits kept, estimates right, bounds never below the optimum, planted combinations found."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.kernels.cover import coverage, greedy, index_sets
from kolgraph.kernels.rrsets import sample_sets, simulate
from kolgraph.planning import plan, sample_pool
from kolgraph.planning.bound import linear_max, upper_bound
from tests.graphs import clique, from_rows, graphs, path, star


def follows(audiences: dict[str, list[str]]) -> Graph:
    """KOL -> its followers, as a graph."""
    pairs = [(fan, kol) for kol, fans in audiences.items() for fan in fans]
    return Graph.from_edges([a for a, _ in pairs], [b for _, b in pairs])


def fans(*numbers: int) -> list[str]:
    return [f"fan{i:03d}" for i in numbers]


def exact_reach(graph: Graph, seeds: list[int]) -> float:
    """Expected reach by enumerating every world of kept and dropped edges."""
    src, dst, weight = graph.edges()
    strength = np.bincount(src, weights=weight, minlength=graph.n)
    p = np.divide(weight, strength[src], out=np.zeros(src.size), where=strength[src] > 0)
    total = 0.0
    for kept in itertools.product([False, True], repeat=src.size):
        chance = float(np.prod(np.where(kept, p, 1 - p)))
        if chance == 0:
            continue
        world = nx.DiGraph()
        world.add_nodes_from(range(graph.n))
        # Influence flows from the followed account (dst) to its follower (src).
        world.add_edges_from((d, s) for s, d, k in zip(src, dst, kept, strict=True) if k)
        reached = set(seeds).union(*(nx.descendants(world, s) for s in seeds))
        total += chance * len(reached)
    return total


# ---------------------------------------------------------------------- by hand


def test_star_hub_reaches_everybody() -> None:
    # Each of 9 leaves follows the hub only, so p = 1/1: booking the hub reaches 9 leaves + itself = 10 of 10.
    found = plan(star(9), candidates={"hub": 5.0, "leaf0": 1.0}, count=1, sets=2000, seed=1)
    assert found.ids == ("hub",)
    assert found.reach == pytest.approx(10.0)
    assert found.low < 10.0 <= found.high + 1e-9
    assert found.certificate > 0.9


def test_path_end_reaches_the_whole_path() -> None:
    # 0 -> 1 -> 2 -> 3: everybody follows one account, p = 1; the last account moves all four, the first only itself.
    found = plan(path(4), candidates={"v0": 1.0, "v3": 1.0}, count=2, sets=4000, seed=1)
    assert found.ids[0] == "v3"
    assert found.own_reach[0] == pytest.approx(4.0)


def test_half_probability_is_estimated() -> None:
    # One fan follows both x and y: p = 1/2 each. Booking x reaches x (1) + fan with 1/2 = 1.5.
    graph = follows({"x": fans(0), "y": fans(0)})
    found = plan(graph, candidates={"x": 1.0}, count=1, sets=100_000, seed=3)
    assert found.reach == pytest.approx(1.5, abs=0.02)


def test_overlap_and_marginals_add_up() -> None:
    # a and b have the same two fans, c has another: after a, b adds only itself and what a missed.
    graph = follows({"a": fans(0, 1), "b": fans(0, 1), "c": fans(2)})
    found = plan(graph, candidates={"a": 1.0, "b": 1.0, "c": 1.0}, count=3, sets=50_000, seed=1)
    frame = found.frame()
    assert frame["marginal_reach"].sum() == pytest.approx(found.reach)
    assert (frame["marginal_reach"] <= frame["own_reach"] + 1e-9).all()
    assert frame["reach"].iloc[-1] == pytest.approx(found.reach)


# ---------------------------------------------------------------------- laws


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(1, 4), st.integers(0, 2**31))
def test_plan_keeps_its_limits_and_its_own_sums(graph: Graph, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    prices = {
        str(name): float(price) for name, price in zip(graph.ids, rng.integers(1, 900, graph.n) / 100, strict=True)
    }
    budget = float(rng.integers(100, 1500)) / 100
    if min(prices.values()) > budget:
        return
    found = plan(graph, candidates=prices, budget_cny=budget, count=count, sets=500, seed=seed)
    assert found.spent_cny <= budget
    assert 1 <= len(found.ids) <= count
    assert len(set(found.ids)) == len(found.ids)
    assert 0 <= found.low <= found.reach <= found.high <= found.population + 1e-9
    assert found.low <= found.upper_bound + 1e-9
    assert 0 <= found.certificate <= 1
    again = plan(graph, candidates=prices, budget_cny=budget, count=count, sets=500, seed=seed)
    assert again.ids == found.ids
    assert again.reach == found.reach


@settings(max_examples=25, deadline=None)
@given(graphs(max_n=9), st.integers(1, 3), st.booleans(), st.integers(0, 1000))
def test_bound_is_never_below_the_best_choice(graph: Graph, count: int, with_budget: bool, seed: int) -> None:
    out = graph.outgoing
    offsets, members = sample_sets(out.ptr, out.idx, out.weights, out.strength, np.ones(graph.n), 200, seed, 1)
    everybody = np.arange(graph.n, dtype=np.int32)
    ptr, sets = index_sets(offsets, members, everybody, graph.n)
    cost = np.random.default_rng(seed).integers(1, 9, graph.n)
    budget = 10 if with_budget else None
    best = 0
    for size in range(1, count + 1):
        for choice in itertools.combinations(range(graph.n), size):
            if budget is None or cost[list(choice)].sum() <= budget:
                best = max(best, int(coverage(np.array(choice, np.int32), ptr, sets, 200)[1].sum()))
    limit = int(cost.sum()) if budget is None else budget
    ways = [greedy(ptr, sets, offsets, members, cost, limit, count, np.empty(0, np.int32), r) for r in (False, True)]
    picks, total = max(ways, key=lambda way: way[1])
    bound = upper_bound(ptr, sets, 200, cost, budget, count, picks)
    assert total <= best <= bound + 1e-6
    # Greedy's own guarantee: 1 - 1/e under a count; (1 - 1/e) / 2 with a budget (Khuller et al. 1999).
    assert total >= (1 - np.exp(-1)) * (0.5 if with_budget else 1.0) * best - 1e-9


def test_linear_max_is_exact_for_each_limit_alone() -> None:
    value, cost = np.array([6.0, 5.0, 4.0]), np.array([6, 4, 1])
    assert linear_max(value, cost, None, 2)[0] == 11.0  # the two largest
    # Budget 6 by value per price: 4 (price 1), 5 (price 4), then 1/6 of the first: 4 + 5 + 1 = 10.
    assert linear_max(value, cost, 6, None)[0] == pytest.approx(10.0)


def test_more_money_never_lowers_the_bound_and_must_and_never_hold() -> None:
    graph = follows({f"k{i}": fans(*range(10 * i, 10 * i + 8 + i)) for i in range(6)})
    prices = {f"k{i}": 10.0 for i in range(6)}
    pool = sample_pool(graph, sets=5000, seed=2)
    bounds = [plan(pool, candidates=prices, budget_cny=b).upper_bound for b in (10, 20, 40, 60)]
    assert all(a <= b * 1.001 for a, b in itertools.pairwise(bounds))
    found = plan(pool, candidates=prices, budget_cny=20, must=["k0"], never=["k5"])
    assert found.ids[0] == "k0"
    assert "k5" not in found.ids
    assert found.compare(found.ids)["reach"].iloc[-1] == pytest.approx(found.reach)


def test_accounts_of_weight_zero_are_never_counted() -> None:
    # The army of 50 follows only x; without it y reaches more people.
    graph = follows({"x": [f"bot{i}" for i in range(50)], "y": fans(*range(10))})
    real = np.array([0.0 if name.startswith("bot") else 1.0 for name in graph.ids])
    prices = {"x": 1.0, "y": 1.0}
    assert plan(graph, candidates=prices, count=1, sets=5000, seed=1).ids == ("x",)
    found = plan(graph, candidates=prices, count=1, targets=real, sets=5000, seed=1)
    assert found.ids == ("y",)
    assert found.population == 12
    assert found.reach == pytest.approx(11, abs=0.3)  # ten fans and y itself


def test_same_bytes_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = clique(30)
    out = graph.outgoing
    answers = []
    for threads in (1, 2, 8):
        monkeypatch.setattr("os.cpu_count", lambda t=threads: t)
        answers.append(sample_sets(out.ptr, out.idx, out.weights, out.strength, np.ones(30), 20_000, 5, 1))
    for offsets, members in answers[1:]:
        assert np.array_equal(offsets, answers[0][0])
        assert np.array_equal(members, answers[0][1])


# ---------------------------------------------------------------------- independent ways


@pytest.mark.parametrize("seed", range(6))
def test_reach_equals_exact_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = [(int(a), int(b)) for a, b in rng.integers(0, 6, (9, 2))]
    weights = None if seed % 2 else rng.choice([0.0, 0.5, 1.0, 3.0], 9).tolist()
    graph = from_rows(7, edges, weights)
    sets = 60_000
    for target in range(3):
        truth = exact_reach(graph, [target])
        found = plan(graph, candidates={str(graph.ids[target]): 1.0}, count=1, sets=sets, seed=seed).reach
        error = np.sqrt(truth * (graph.n - truth) / sets) + 1e-9
        assert abs(found - truth) < 4 * error


def test_geometric_skipping_draws_every_edge_with_its_probability() -> None:
    # A root that follows 40 accounts takes each with p = 1/40: its sets hold 1 + 40/40 = 2 accounts on average.
    graph = Graph.from_edges(["root"] * 40, [f"k{i:02d}" for i in range(40)])
    out, sets = graph.outgoing, 200_000
    target = (graph.ids == "root").astype(float)
    offsets, members = sample_sets(out.ptr, out.idx, out.weights, out.strength, target, sets, 1, 1)
    assert np.diff(offsets).mean() == pytest.approx(2.0, abs=4 * np.sqrt(1 / sets))
    share = np.bincount(members, minlength=41)[graph.ids != "root"] / sets
    assert np.abs(share - 1 / 40).max() < 4.5 * np.sqrt(1 / 40 / sets)


def test_forward_simulation_agrees_with_reverse_sets() -> None:
    rng = np.random.default_rng(4)
    graph = from_rows(
        300, [(int(a), int(b)) for a, b in zip(rng.integers(0, 300, 1500), rng.zipf(1.7, 1500) % 300, strict=True)]
    )
    prices = {str(name): 1.0 for name in graph.ids[:40]}
    found = plan(graph, candidates=prices, count=5, sets=100_000, seed=1)
    strength, into = graph.outgoing.strength, graph.incoming
    runs = simulate(into.ptr, into.idx, into.weights, strength, np.ones(graph.n), graph.rows(found.ids), 20_000, 9)
    error = runs.std() / np.sqrt(runs.size) + (found.high - found.low) / 4
    assert abs(runs.mean() - found.reach) < 4 * error


# ---------------------------------------------------------------------- planted truth and mistakes


def test_twins_are_not_booked_together() -> None:
    graph = follows({"twin1": fans(*range(50)), "twin2": fans(*range(50)), "other": fans(*range(100, 130))})
    # twin1 alone reaches half of 50 fans (each follows both twins): 26; both 52; other adds 31 to either.
    found = plan(graph, candidates={"twin1": 1.0, "twin2": 1.0, "other": 1.0}, count=2, sets=20_000, seed=1)
    assert "other" in found.ids


def test_cheap_combination_beats_the_star_within_the_budget() -> None:
    audiences = {"star": fans(*range(60))} | {f"micro{i}": fans(*range(100 + 30 * i, 130 + 30 * i)) for i in range(4)}
    prices = {"star": 100.0} | {f"micro{i}": 25.0 for i in range(4)}
    found = plan(follows(audiences), candidates=prices, budget_cny=100, sets=20_000, seed=1)
    assert set(found.ids) == {f"micro{i}" for i in range(4)}
    assert found.certificate > 0.9


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"candidates": {"hub": 1.0}}, InputError, "a budget, a count, or both"),
        ({"candidates": {"hub": -1.0}, "count": 1}, InputError, "price of hub"),
        ({"candidates": {"hub": float("nan")}, "count": 1}, InputError, "price of hub"),
        ({"candidates": {"nobody": 1.0}, "count": 1}, UnknownAccount, "nobody"),
        ({"candidates": {"hub": 1.0}, "count": 1, "must": ["leaf0"]}, UnknownAccount, "leaf0"),
        ({"candidates": {"hub": 1.0}, "count": 1, "must": ["hub"], "never": ["hub"]}, InputError, "both"),
        ({"candidates": {"hub": 9.0}, "budget_cny": 5}, AnalysisError, "cheapest costs 9.00"),
        ({"candidates": {"hub": 9.0, "leaf0": 1.0}, "budget_cny": 5, "must": ["hub"]}, AnalysisError, "demanded"),
        ({"candidates": {}, "count": 1}, AnalysisError, "no candidate"),
        ({"candidates": {"hub": 1.0}, "count": 1, "targets": np.zeros(10)}, InputError, "no account counts"),
        ({"candidates": {"hub": 1.0}, "count": 1, "targets": np.full(10, np.nan)}, InputError, "finite"),
    ],
)
def test_impossible_plans_say_why(arguments: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        plan(star(9), **arguments, sets=100)  # type: ignore[arg-type]
