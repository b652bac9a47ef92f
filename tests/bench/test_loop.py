"""The benchmark of the loop judges every plan alike, and no plan sees what it is judged by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kolgraph.synth import make_world
from tests.bench import loop
from tests.bench.loop import BUDGETS, CAMPAIGN, PLANS, Truth, campaign, four_plans, opened, two_rounds

ACCOUNTS = 800


@pytest.fixture(scope="module")
def world():
    return make_world(ACCOUNTS, seed=5, rings=2, fan_clubs=1)


@pytest.fixture(scope="module")
def truth(world) -> Truth:
    return Truth.of(world)


def test_no_plan_costs_more_than_the_budget_and_none_books_twice(world, tmp_path: Path) -> None:
    price = world.accounts.set_index("account")["price_cny"]
    with opened(world, tmp_path, ("accounts", "follows", "posts", "reposts")) as ws:
        for budget in (share * float(price.sum()) for share in BUDGETS):
            plans = four_plans(world, ws, budget)
            assert list(plans) == list(PLANS)
            for booked in plans.values():
                assert booked
                assert len(set(booked)) == len(booked)
                assert price[booked].sum() <= budget


def test_a_workspace_of_the_bench_holds_no_truth(world, tmp_path: Path) -> None:
    with opened(world, tmp_path, ("accounts", "follows")) as ws:
        loaded = {Path(file).name for (file,) in ws.fetch("SELECT file FROM batches")}
        assert loaded == {"accounts.csv", "follows.csv"}
        assert ws.fetch("SELECT count(*) FROM posts") == [(0,)]


def test_all_are_judged_by_the_same_simulation(truth: Truth, world) -> None:
    best = world.accounts.sort_values("followers", ascending=False)["account"].head(3).tolist()
    assert truth.reached(best) == truth.reached(best)
    assert truth.reached(best) >= truth.reached(best[:1]) >= 1
    nobody = Truth(truth.graph, np.zeros_like(truth.p), truth.real, truth.seed)
    assert nobody.reached(best) == sum(truth.real[truth.graph.rows(best)])


def test_zeal_keeps_chances_and_leaves_bots_silent(truth: Truth) -> None:
    zealous = truth.zealous()
    assert ((zealous.p >= 0) & (zealous.p <= 1)).all()
    assert (zealous.p[truth.real == 0] == 0).all()
    assert not np.array_equal(zealous.p, truth.p)


def test_a_campaign_shows_reposts_of_booked_posts_and_nothing_else(world, truth: Truth, tmp_path: Path) -> None:
    best = world.accounts.sort_values("followers", ascending=False)["account"].head(3).tolist()
    files = campaign(world, truth, best, tmp_path)
    posts, reposts = ((tmp_path / f"{kind}.csv").read_text(encoding="utf-8") for kind in ("posts", "reposts"))
    assert posts.count("\n") == 1 + loop.POSTS * len(best)
    assert reposts.splitlines()[0].replace('"', "") == "repost,reposter,author,root,parent,time,text"
    assert not [name for name in files if name.startswith("truth/")]


def test_the_second_round_has_read_the_campaign(world, truth: Truth, tmp_path: Path) -> None:
    budget = CAMPAIGN * float(world.accounts["price_cny"].sum())
    with opened(world, tmp_path / "w", ("accounts", "follows")) as ws:
        found = two_rounds(world, truth, ws, budget, tmp_path / "campaign")
        assert found.learnt == (False, True)
        assert found.reposts[0] == 0 < found.reposts[1]
        assert ws.fetch("SELECT count(*) FROM posts")[0][0] >= loop.POSTS * len(found.first)
        assert found.before == truth.reached(found.first)
        assert found.after == truth.reached(found.second)
