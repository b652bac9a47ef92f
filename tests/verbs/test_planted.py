"""What a verb hands on to its subject and to the tables, told apart on a world with an army that is known."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kolgraph.report import data
from kolgraph.verbs.real import targets
from kolgraph.verbs.show import ranking
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples, make

REGION, NICHE = "广东", "美妆"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A world whose army is found to the last bot, and forty newcomers who follow and repost one of the bots."""
    world, folder = make(), tmp_path_factory.mktemp("planted")
    files = world.write(folder / "files")
    rings = world.truth["rings"]
    bots = sorted("weibo:" + rings[rings["role"] == "member"]["account"])
    fans = [str(9_300_000_000 + i) for i in range(40)]
    with few_samples(), Workspace.open(folder / "w.kol", create=True) as ws:
        for kind in ("accounts", "follows", "posts", "reposts"):
            ws.load(files[kind], platform="weibo")
        bot = bots[0].removeprefix("weibo:")
        ws.load(pd.DataFrame({"follower": fans, "followed": bot}), platform="weibo")
        own = world.reposts[world.reposts["src"] == bot].iloc[0]
        rows = {"repost": [str(8_000_000_000_000_000 + i) for i in range(40)], "reposter": fans, "author": bot}
        rows |= {"root": own["root"], "parent": own["post"], "time": own["time"] + 1}
        ws.load(pd.DataFrame(rows), platform="weibo")
        who = ws.real()
        assert sorted(who.ids[who.fake]) == bots
        yield SimpleNamespace(world=world, ws=ws, bot=bots[0])


def test_a_whole_audience_holds_the_real_followers_where_all_are_loaded(seen: SimpleNamespace) -> None:
    bought = seen.world.truth["bought"].sort_values("bought_followers")["account"].iloc[-1]
    table = seen.ws.audience([f"weibo:{bought}"]).frame()
    assert table["whole"].item() == pytest.approx(table["real"].item())
    assert table["real"].item() < table["known"].item()


def test_what_a_member_of_a_ring_brings_is_gone_without_the_rings(seen: SimpleNamespace) -> None:
    found = seen.ws.explain(seen.bot)
    assert found.why.reach > 1
    assert found.why.without_rings == 0


def test_whoever_is_reached_is_of_the_niche_and_of_the_region(seen: SimpleNamespace) -> None:
    both = targets(seen.ws, niche=NICHE, region=REGION)
    assert (both == np.minimum(targets(seen.ws, niche=NICHE), targets(seen.ws, region=REGION))).all()
    assert 0 < both.sum() < min(targets(seen.ws, niche=NICHE).sum(), targets(seen.ws, region=REGION).sum())


def test_the_niche_of_the_booked_is_not_that_of_the_reached(seen: SimpleNamespace) -> None:
    assert seen.ws.plan(count=2, niche=NICHE).population == seen.ws.real().weight.sum()
    assert seen.ws.plan(count=2, audience=NICHE).population == targets(seen.ws, niche=NICHE).sum()


def test_a_plan_for_a_region_that_was_read_is_compared_on_its_own_sets(seen: SimpleNamespace) -> None:
    for options in ({"audience_region": REGION}, {"raw": True}, {"seed": 2}):
        made = seen.ws.plan(count=2, **options)
        kept = seen.ws.plan(count=2, **options)
        assert kept.provenance.read
        assert kept.compare(made.ids).equals(made.compare(made.ids))


def test_tables_hold_the_answers_to_the_plain_questions_only(seen: SimpleNamespace) -> None:
    ws, since = seen.ws, int(seen.world.reposts["time"].median())
    plain = [ws.rank(), ws.rank(by="reach"), ws.realised(), ws.quality(), ws.spread(), ws.plan(count=2)]
    for verb in (ws.rank, ws.realised, ws.quality, ws.spread):
        verb(raw=True)
    ws.plan(count=2, raw=True)
    ws.spread(since=since)
    ws.spread(until=since)
    ws.rank(region=REGION)
    ws.rank(niche=NICHE)
    ws.rank(relations=["follow", "repost"])
    found = {table: ws.fetch(f"SELECT DISTINCT run_id FROM {table}") for table in ("scores", "cascades", "plans")}
    assert {run for rows in found.values() for (run,) in rows} == {answer.run_id for answer in plain}


def test_a_raw_ranking_shows_raw_reposts_beside_it(seen: SimpleNamespace) -> None:
    rows, answers = ranking(seen.ws, top=20, raw=True)
    moved = seen.ws.realised(raw=True).frame()["realised"]
    assert all(answer.provenance.parameters["raw"] for answer in answers)
    assert [row["realised"] for row in rows] == pytest.approx(
        [moved.get(row["account_id"], np.nan) for row in rows], nan_ok=True
    )


def test_the_largest_cascade_of_a_report_has_its_real_reposts_counted(seen: SimpleNamespace) -> None:
    seen.ws.spread()
    who, shown = seen.ws.real(), data.cascade(seen.ws)
    bots = set(who.ids[who.fake])
    # A post that is forwarded most, by bots among others.
    query = "SELECT account_id FROM reposts JOIN accounts ON account_key = src WHERE root_id = ?"
    reposters = [account for (account,) in seen.ws.fetch(query, [shown.measures["root_id"]])]
    assert shown.measures["reposts"] == len(reposters)
    assert shown.measures["real_reposts"] == sum(account not in bots for account in reposters)
    assert 0 < shown.measures["real_reposts"] < shown.measures["reposts"]


def test_a_check_up_of_another_seed_is_one_of_its_reach(seen: SimpleNamespace) -> None:
    account = str(seen.ws.rank(by="reach").top(1).index[0])
    for seed in (1, 2):
        scores = seen.ws.rank(by="reach", seed=seed)
        assert seen.ws.explain(account, seed=seed).reach == scores.values[scores.ids == account].item()
    one, other = (seen.ws.rank(by="reach", seed=seed).values.tolist() for seed in (1, 2))
    assert one != other
