"""Planning: limits kept, estimates right, bounds never below the optimum, planted combinations found."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.kernels.cover import coverage, greedy, index_sets
from kolgraph.kernels.rrsets import sample_sets, simulate
from kolgraph.planning import plan, sample_pool
from kolgraph.planning.bound import linear_max, upper_bound
from kolgraph.planning.prices import Candidates
from tests.spread.test_cascade import exact_sets
from tests.worlds.graphs import from_rows, graphs, path, star


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
        world: nx.DiGraph[int] = nx.DiGraph()
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
    cents = rng.integers(1, 900, graph.n) / 100
    prices = {str(name): float(price) for name, price in zip(graph.ids, cents, strict=True)}
    budget = float(rng.integers(100, 1500)) / 100
    if min(prices.values()) > budget:
        return
    must = [str(graph.ids[0])] if prices[str(graph.ids[0])] <= budget else []
    never = [str(graph.ids[1])]
    limits: dict[str, Any] = {"candidates": prices, "budget_cny": budget, "count": count, "must": must, "never": never}
    try:
        found = plan(graph, **limits, sets=500, seed=seed)
    except AnalysisError:
        assert not must  # the demanded one fits, and so there is a plan
        return
    assert found.spent_cny <= budget
    assert list(found.ids[: len(must)]) == must
    assert never[0] not in found.ids
    assert 1 <= len(found.ids) <= count
    assert len(set(found.ids)) == len(found.ids)
    assert 0 <= found.low <= found.reach <= found.high <= found.population + 1e-9
    assert found.low <= found.upper_bound + 1e-9
    assert 0 <= found.certificate <= 1
    again = plan(sample_pool(graph, sets=500, seed=seed), **limits)
    assert again.run_id == found.run_id
    assert again.frame().equals(found.frame())
    assert again.summary() == found.summary()


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


def test_more_money_never_lowers_the_bound() -> None:
    rng = np.random.default_rng(2)
    edges = [(int(a), int(b)) for a, b in zip(rng.integers(0, 300, 2000), rng.zipf(1.7, 2000) % 300, strict=True)]
    graph = from_rows(300, edges)
    prices = {str(name): float(p) for name, p in zip(graph.ids[:60], rng.integers(5, 40, 60), strict=True)}
    pool = sample_pool(graph, sets=4000, seed=2)
    for count in (None, 5):
        bounds = [plan(pool, candidates=prices, budget_cny=b, count=count).upper_bound for b in (10, 20, 40, 80, 160)]
        # The bounds are minimised numerically, so by their tolerance they may cross.
        assert all(a <= b * 1.003 for a, b in itertools.pairwise(bounds))
        assert bounds[0] < 0.8 * bounds[-1]


def test_a_price_beyond_the_budget_does_not_lift_the_bound() -> None:
    # The star covers nearly everybody but costs 101 of 100: no plan may hold it, so no plan reaches 61 accounts.
    graph = follows({"star": fans(*range(60)), "micro": fans(*range(60, 70))})
    found = plan(graph, candidates={"star": 101.0, "micro": 50.0}, budget_cny=100, sets=20_000, seed=1)
    assert found.ids == ("micro",)
    assert found.upper_bound < 15  # micro and its ten fans are 11


@pytest.mark.parametrize(
    ("prices", "budget", "kols"),
    [
        ([10.01], 10.009, 0),  # not even the tenth part of a fen beyond it
        ([1.004] * 9, 9.0, 8),  # nine are 9.036 CNY, though each rounds to 1.00
        ([0.1] * 9, 0.3, 3),  # 0.1 + 0.1 + 0.1 > 0.3 in binary fractions
        ([19.99] * 9, 59.97, 3),  # 19.99 * 100 = 1998.9999999999998
        ([0.0] * 9, 0.0, 9),  # who costs nothing is booked for nothing
    ],
)
def test_budget_holds_to_the_last_fen(prices: list[float], budget: float, kols: int) -> None:
    graph = follows({f"k{i}": fans(i) for i in range(len(prices))})
    wanted = {f"k{i}": price for i, price in enumerate(prices)}
    if not kols:
        with pytest.raises(AnalysisError, match=r"cheapest costs 10\.01 CNY, the budget is 10\.00"):
            plan(graph, candidates=wanted, budget_cny=budget, sets=2000, seed=1)
        return
    found = plan(graph, candidates=wanted, budget_cny=budget, sets=2000, seed=1)
    assert len(found.ids) == kols
    assert sum(Decimal(str(wanted[name])) for name in found.ids) <= Decimal(str(budget))
    assert found.spent_cny <= budget


def test_prices_come_as_mapping_series_or_frame() -> None:
    graph = follows({"a": fans(*range(10)), "b": fans(*range(10, 15)), "c": fans(20)})
    prices = {"a": 5.5, "b": 2.25, "c": 2.5}
    series = pd.Series(prices)
    kinds: list[Candidates] = [
        prices,
        series,
        series.to_frame("price_cny"),
        series.rename_axis("account_id").reset_index(name="price_cny"),
        {name: np.float32(price) for name, price in prices.items()},
        {name: Decimal(str(price)) for name, price in prices.items()},
    ]
    plans = [plan(graph, candidates=kind, budget_cny=8, sets=500, seed=1) for kind in kinds]
    assert {(p.ids, p.spent_cny, p.run_id) for p in plans} == {(("a", "b"), 7.75, plans[0].run_id)}


def test_another_audience_or_price_is_another_run() -> None:
    graph, prices = star(9), {"hub": 5.0, "leaf0": 2.0}
    some = np.where(np.arange(10) < 5, 1.0, 0.0)
    plans = [
        plan(graph, candidates=prices, count=1, sets=500, seed=1),
        plan(graph, candidates=prices | {"hub": 6.0}, count=1, sets=500, seed=1),
        plan(graph, candidates=prices, count=1, targets=some, sets=500, seed=1),
        plan(graph, candidates=prices, count=1, targets=some[::-1], sets=500, seed=1),
    ]
    assert len({p.run_id for p in plans}) == 4


def test_tables_and_summary_hold_what_the_workspace_and_the_planner_need() -> None:
    # fan0..fan9 follow a only, fan10..fan14 b only: a reaches 11, b 6, of 17 in all; 30 CNY for 17 people.
    graph = follows({"a": fans(*range(10)), "b": fans(*range(10, 15))})
    found = plan(graph, candidates={"a": 20.0, "b": 10.0}, budget_cny=30, sets=60_000, seed=1)
    rows = found.tables()["plans"]
    assert rows.columns.tolist() == ["position", "account_id", "price_cny", "own_reach", "marginal_reach", "reach"]
    assert rows["position"].tolist() == [1, 2]
    assert dict(zip(rows["account_id"], rows["own_reach"].round(0), strict=True)) == {"a": 11, "b": 6}
    facts = found.summary()
    assert (facts["kols"], facts["spent_cny"], facts["budget_cny"], facts["population"]) == (2, 30.0, 30.0, 17.0)
    assert facts["reach"] == pytest.approx(17.0)
    assert facts["cny_per_thousand"] == pytest.approx(30 / 17 * 1000)
    assert found.frame()["overlap"].tolist() == [0.0, 0.0]


def test_own_pick_is_judged_on_the_same_sets() -> None:
    graph = follows({"a": fans(0, 1, 2), "b": fans(0, 1, 2), "c": fans(3)})
    found = plan(graph, candidates=dict.fromkeys("abc", 1.0), count=2, sets=20_000, seed=1)
    assert found.compare(found.ids)["reach"].iloc[-1] == pytest.approx(found.reach)
    twice = found.compare(["a", "a"])
    assert twice["marginal_reach"].iloc[1] == 0
    assert twice["own_reach"].iloc[1] == twice["own_reach"].iloc[0]
    assert found.compare([]).empty
    with pytest.raises(UnknownAccount, match="nobody"):
        found.compare(["nobody"])


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
    weights, roots = real[found.pool.check.members], found.pool.check.offsets[:-1]
    assert (weights[roots] == 1).all()


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


@pytest.mark.parametrize(("budget", "count"), [(None, 3), (11, None), (40, None), (40, 8)])
def test_bound_is_as_tight_as_the_exact_linear_program(budget: int | None, count: int | None) -> None:
    # Maximise covered sets z over fractions x of candidates: z_r <= sum of x over the candidates of r, z and x <= 1.
    rng, n, n_sets = np.random.default_rng(1), 60, 1500
    graph = from_rows(
        n, [(int(a), int(b)) for a, b in zip(rng.integers(0, n, 400), rng.zipf(1.7, 400) % n, strict=True)]
    )
    out = graph.outgoing
    offsets, members = sample_sets(out.ptr, out.idx, out.weights, out.strength, np.ones(n), n_sets, 1, 1)
    ptr, sets = index_sets(offsets, members, np.arange(n, dtype=np.int32), n)
    cost = rng.integers(2, 9, n)
    held = sparse.csr_matrix((np.ones(members.size), members, offsets), shape=(n_sets, n))
    rows, limits = [sparse.hstack([-held, sparse.identity(n_sets)])], [np.zeros(n_sets)]
    for row, limit in ((np.ones(n), count), (cost, budget)):
        if limit is not None:
            rows.append(sparse.csr_matrix(np.concatenate([row, np.zeros(n_sets)])[None]))
            limits.append(np.array([limit]))
    found = linprog(
        np.concatenate([np.zeros(n), -np.ones(n_sets)]),
        A_ub=sparse.vstack(rows).tocsr(),
        b_ub=np.concatenate(limits),
        bounds=(0, 1),
    )
    room = int(cost.sum()) if budget is None else budget
    ways = [
        greedy(ptr, sets, offsets, members, cost, room, count or n, np.empty(0, np.int32), r) for r in (False, True)
    ]
    bound = upper_bound(ptr, sets, n_sets, cost, budget, count, max(ways, key=lambda way: way[1])[0])
    assert -found.fun - 1e-6 <= bound <= -found.fun * 1.001


@pytest.mark.parametrize("seed", range(4))
def test_bounds_enclose_the_exact_optimum_of_all_subsets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = from_rows(8, [(int(a), int(b)) for a, b in rng.integers(0, 7, (10, 2))])
    prices = {str(name): float(p) for name, p in zip(graph.ids, rng.integers(2, 9, 8), strict=True)}
    price = np.array([prices[str(name)] for name in graph.ids])
    worlds = [exact_sets(graph, root) for root in range(8)]

    def reach_of(choice: tuple[int, ...]) -> float:
        return sum(chance for world in worlds for one, chance in world.items() if one & set(choice))

    subsets = [c for k in range(1, 9) for c in itertools.combinations(range(8), k)]
    reaches = {c: reach_of(c) for c in subsets}
    assert reaches[subsets[20]] == pytest.approx(exact_reach(graph, list(subsets[20])))
    for budget, count in ((None, 2), (11.0, None), (11.0, 2)):
        allowed = [c for c in subsets if len(c) <= (count or 8) and (budget is None or price[list(c)].sum() <= budget)]
        best = max(reaches[c] for c in allowed)
        found = plan(graph, candidates=prices, budget_cny=budget, count=count, sets=20_000, seed=seed)
        mine = reaches[tuple(sorted(graph.rows(found.ids).tolist()))]
        assert found.low - 1e-9 <= mine <= found.high + 1e-9
        assert found.upper_bound >= best - 1e-9
        assert found.certificate <= mine / best + 1e-9


def test_reach_is_not_flattered_by_its_own_choice() -> None:
    # 200 KOLs of the same worth (each reaches itself and its 4 fans: 5 of 1000) and only 300 sets: the sample chosen on
    # makes the luckiest look far better than 10 * 5 = 50; the other sample must say 50 on average.
    graph = follows({f"k{i:03d}": fans(*range(4 * i, 4 * i + 4)) for i in range(200)})
    prices = dict.fromkeys((f"k{i:03d}" for i in range(200)), 1.0)
    plans = [plan(graph, candidates=prices, count=10, sets=300, seed=seed) for seed in range(60)]
    error = 1000 * np.sqrt(0.05 * 0.95 / 300 / 60)
    assert abs(np.mean([p.reach for p in plans]) - 50) < 4 * error
    # A 95 % interval misses 3 of 60; 9 or more misses have a chance of 1 in 300. Certificates hold in 99 of 100.
    assert sum(p.low <= 50 <= p.high for p in plans) >= 52
    assert sum(p.upper_bound < 50 for p in plans) <= 3


def test_one_of_two_twins_and_the_other_audience_are_booked() -> None:
    # Each of 80 fans follows both twins: a twin alone reaches itself and half of them, 41; the second adds 21, itself
    # included, to make 82 ... but `other` adds 31: itself and its 30 fans, who follow nobody else.
    graph = follows({"twin1": fans(*range(80)), "twin2": fans(*range(80)), "other": fans(*range(100, 130))})
    found = plan(graph, candidates=dict.fromkeys(["twin1", "twin2", "other"], 1.0), count=2, sets=20_000, seed=1)
    assert "other" in found.ids
    assert len({"twin1", "twin2"} & set(found.ids)) == 1


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
        ({"candidates": {"hub": True}, "count": 1}, InputError, "price of hub"),
        ({"candidates": {"hub": "5"}, "count": 1}, InputError, "price of hub"),
        ({"candidates": {"hub": 1e300}, "count": 1}, InputError, "price of hub"),
        ({"candidates": {"hub": 1.0}, "budget_cny": float("inf")}, InputError, "the budget"),
        ({"candidates": pd.Series([1.0, 2.0], index=["hub", "hub"]), "count": 1}, InputError, "more than one price"),
        ({"candidates": pd.DataFrame({"price": [1.0]}, index=["hub"]), "count": 1}, InputError, "price_cny"),
        ({"candidates": {"hub": 1.0}, "count": 0}, InputError, "count of at least 1"),
        ({"candidates": {"hub": 1.0}, "count": 1.5}, InputError, "count of at least 1"),
        ({"candidates": {"hub": 1.0}, "count": 1, "seed": None}, InputError, "seed"),
        ({"candidates": {"hub": 1.0}, "count": 1, "sets": 0}, InputError, "at least one set"),
        ({"candidates": {"hub": 1.0}, "count": 1, "never": ["hubb"]}, UnknownAccount, "hubb"),
        (
            {"candidates": dict.fromkeys(["hub", "leaf0"], 1.0), "count": 1, "must": ["hub", "leaf0"]},
            AnalysisError,
            "count is 1",
        ),
        ({"candidates": {"hub": 1.0}, "count": 1, "targets": np.ones(3)}, InputError, "10 weights"),
        ({"candidates": {"hub": 1.0}, "count": 1, "targets": np.full(10, 1e308)}, InputError, "finite"),
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
        plan(star(9), **{"sets": 100, "seed": 1} | arguments)  # type: ignore[arg-type]


def test_a_pool_keeps_its_audience() -> None:
    pool = sample_pool(star(9), sets=100, seed=1)
    with pytest.raises(InputError, match="audience already"):
        plan(pool, candidates={"hub": 1.0}, count=1, targets=np.ones(10))
