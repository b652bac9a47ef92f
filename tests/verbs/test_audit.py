"""Audits of a loaded world: bought audiences are as planted, and the numbers are those of every other page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from kolgraph.synth import World
from kolgraph.workspace import Workspace

Invoke = Callable[..., tuple[int, str, str]]


def test_bought_audiences_are_audited_as_they_were_planted(town: Workspace, world: World) -> None:
    bought = world.truth["bought"].sort_values("bought_followers", ascending=False).head(8)
    ids = ("weibo:" + bought["account"]).tolist()
    found = town.audit(ids).frame()
    assert found.index.tolist() == ids
    # Members that follow for camouflage were not paid for by this account, and are members all the same.
    for planted, seen in zip(bought.to_dict("records"), found.to_dict("records"), strict=True):
        assert seen["followers"] == planted["followers"]
        assert seen["ring_followers"] >= 0.9 * planted["bought_followers"]
    bots = set("weibo:" + world.truth["rings"].query("role == 'member'")["account"])
    follows = world.follows.assign(src="weibo:" + world.follows["src"], dst="weibo:" + world.follows["dst"])
    really = follows[follows["src"].isin(bots)].groupby("dst").size().reindex(ids)
    assert found["ring_followers"].tolist() == pytest.approx(really.tolist(), rel=0.1)
    assert (found["dated"] == 1).all()


def test_the_share_is_that_of_quality(town: Workspace, world: World) -> None:
    judged = town.quality()
    share = dict(zip(judged.ids, judged.shares["ring_share"], strict=True))
    ids = ("weibo:" + world.truth["kols"]["account"].head(20)).tolist()
    found = town.audit(ids).frame()
    assert found["ring_share"].tolist() == pytest.approx([share[i] for i in ids], nan_ok=True)
    months = town.audit(ids).months.groupby("account_id")[["ring", "others"]].sum()
    assert (months.sum(axis=1).reindex(ids).fillna(0) == found["followers"]).all()


def test_the_command_says_it_in_either_language_and_for_programs(town: Workspace, world: World, invoke: Invoke) -> None:
    client = "weibo:" + world.truth["bought"].sort_values("bought_share")["account"].iloc[-1]
    [row] = town.audit([client]).frame().to_dict("records")
    code, out, _ = invoke("audit", town.path, client)
    assert code == 0 and f"Of {row['followers']} loaded followers {row['ring_followers']} are members" in out
    assert "What to ask" in out and "Caution: coordinated is not fake" in out
    assert "需询问" in invoke("audit", town.path, client, "--lang", "zh")[1]
    assert json.loads(invoke("audit", town.path, client, "--format", "json")[1])["accounts"][0]["account_id"] == client
    [line] = csv.DictReader(io.StringIO(invoke("audit", town.path, client, "--format", "csv")[1]))
    assert int(line["ring_followers"]) == row["ring_followers"]
    code, _, err = invoke("audit", town.path, "weibo:1")
    assert code == 2 and "no account 'weibo:1'" in err


def test_where_only_the_lists_of_a_few_are_loaded_nothing_can_be_seen(tmp_path: Path) -> None:
    rows = [(f"f{i}", kol) for kol in ("ann", "bob") for i in range(60)]
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(pd.DataFrame(rows, columns=["follower", "followed"]), platform="x")
        shown = pd.DataFrame({"account": ["ann", "bob", *(f"f{i}" for i in range(60))], "followings": 900})
        ws.load(shown.assign(followers=[60, 60, *[300] * 60]), platform="x")
        [kol] = ws.audit(["x:ann"]).frame().to_dict("records")
        loaded = ws.coverage()
        assert loaded.ring_reason[list(loaded.ids).index("x:ann")] == kol["reason"]
        assert kol["reason"] in {"lists_of_few", "lists_too_short"}
    assert kol["loaded_share"] != kol["loaded_share"] and kol["ring_share"] != kol["ring_share"]
