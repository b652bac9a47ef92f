"""Who counts: members of rings do not, fans do, and a niche or region narrows it down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kolgraph.errors import InputError, UnknownName
from kolgraph.graph import Graph
from kolgraph.rings.weight import REASONS
from kolgraph.synth import World
from kolgraph.verbs.real import Real, targets
from kolgraph.workspace import Workspace


def test_planted_members_do_not_count_and_fans_do(town: Workspace, world: World) -> None:
    planted = set("weibo:" + world.truth["rings"].query("role == 'member'")["account"])
    fans = set("weibo:" + world.truth["fan_clubs"]["account"]) - planted
    who = town.real()
    fake = set(who.ids[who.fake])
    assert len(fake & planted) >= 0.9 * len(planted)
    assert not fake & fans
    shown = who.frame()
    assert set(shown.index) == set(who.ids[who.weight < 1])
    assert set(shown.index[shown["weight"] < 0.5]) == fake
    assert planted & fake == planted & set(shown.index)  # who is in doubt was taken in by mistake
    assert (who.weight[who.fake] == 0).mean() > 0.95
    assert set(who.frame()["ring"].str.partition(":")[0]) <= {"follow", "repost"}
    assert set(shown["reason"]) <= {"coordinated_ordinary", "few_edges"}  # names are alike in no ring of this world
    partly = int(((who.weight > 0) & (who.weight < 1)).sum())
    counted = {"accounts": len(world.accounts), "fake": len(fake)}
    assert who.summary() == counted | ({"partly": partly} if partly else {})
    graph = Graph.from_workspace(town)
    blocks = [block for view in ("follow", "repost") for block in town.rings(relation=view).rings]
    spared = [block for block in blocks if block.verdict != "coordinated"]
    assert spared
    for block in spared:
        free = [row for row in graph.rows(block.members.tolist()) if who.ring[row] is None]
        assert set(who.weight[free]) == {1.0}
        assert block.verdict.replace(" ", "_") in who.reason[free]


def test_everybody_counts_raw(town: Workspace) -> None:
    who = town.real(raw=True)
    assert who.weight.tolist() == [1.0] * who.ids.size
    assert who.frame().empty


def test_rows_are_those_of_every_graph(town: Workspace) -> None:
    assert town.real().ids.tolist() == Graph.from_workspace(town).ids.tolist()


def test_who_is_reached_leaves_out_rings_and_the_wrong_niche(town: Workspace, world: World) -> None:
    weight = targets(town)
    assert (weight == town.real().weight).all()
    niche = town.niches().summary_frame()["label"].iloc[0]
    narrow = targets(town, niche=niche)
    assert 0 < narrow.sum() < weight.sum()
    assert ((narrow == 1) <= (weight == 1)).all()
    everybody = targets(town, niche=niche, raw=True)
    assert (narrow[everybody == 0] == 0).all()
    assert (narrow[everybody == 1] == town.real().weight[everybody == 1]).all()
    mixed = next(
        label
        for label in town.niches().summary_frame()["label"]
        if (targets(town, niche=label, raw=True) > 0)[town.real().fake].any()
    )
    assert targets(town, niche=mixed).sum() < targets(town, niche=mixed, raw=True).sum()
    region = world.accounts["region"].dropna().iloc[0]
    inside = targets(town, region=region)
    assert 0 < inside.sum() < weight.sum()
    declared = town.sql("SELECT region FROM accounts ORDER BY account_key")["region"].to_numpy(object)
    assert (inside == np.where(declared == region, weight, 0)).all()
    with pytest.raises(UnknownName, match="unknown niche 'nothing'; known:"):
        targets(town, niche="nothing")
    with pytest.raises(UnknownName, match="unknown region"):
        targets(town, region="nowhere")


def test_labels_are_part_of_the_question_by_what_they_say(town: Workspace, tmp_path: Path) -> None:
    who = town.real()
    bot, human = str(who.ids[who.fake][0]), str(who.ids[~who.fake][0])
    file = tmp_path / "labels.csv"
    file.write_text(f"account_id,label\n{bot},real\n{human},bot\nweibo:1,fake\n", encoding="utf-8")
    found = town.real(labels=file)
    row = {account: i for i, account in enumerate(found.ids.tolist())}
    assert (found.weight[row[bot]], found.weight[row[human]]) == (1, 0)
    assert (found.reason[row[bot]], found.reason[row[human]]) == ("label_real", "label_fake")
    rest = np.ones(found.ids.size, bool)
    rest[[row[bot], row[human]]] = False
    assert (found.weight[rest] == who.weight[rest]).all()
    assert found.learned is None
    assert "too few to learn from" in found.notes[0]
    said = town.real(labels={"weibo:1": True, human: "Suspicious", bot: "0"})
    assert said.provenance is not None and said.provenance.read
    file.write_text(f"account_id,label\n{bot},fake\n", encoding="utf-8")
    assert town.real(labels=file).weight[row[bot]] == 0
    assert (town.real().weight == who.weight).all()


def test_labels_teach_what_the_others_look_like(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the accounts have names that the platform gave and no bio; labels of some say that those are fake."""
    for name in ("_ROUNDS", "_BOOTSTRAPS"):
        monkeypatch.setattr(f"kolgraph.rings.labels.{name}", 20)
    rows = [
        f"{i},{f'用户{10**9 + i}' if i % 2 else '小鹿酱'},{'' if i % 2 else '爱猫'},{5 if i % 2 else 300},100"
        for i in range(120)
    ]
    (tmp_path / "a.csv").write_text("account,name,bio,followers,followings\n" + "\n".join(rows), encoding="utf-8")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(tmp_path / "a.csv", platform="weibo")
        found = ws.real(labels={f"weibo:{i}": bool(i % 2) for i in range(80)})
        assert found.learned is not None and found.learned.worth
        assert set(found.ids[found.fake]) == {f"weibo:{i}" for i in range(1, 120, 2)}
        assert found.frame().loc[[f"weibo:{i}" for i in range(81, 120, 2)], "reason"].eq("classifier").all()
        assert "do not carry over" in found.notes[-1]
        with pytest.raises(InputError, match="none of the 1 labelled accounts is loaded: weibo:999"):
            ws.real(labels={"weibo:999": "fake"})
        with pytest.raises(InputError, match="raw counts everybody"):
            ws.real(raw=True, labels={"weibo:1": "fake"})
        with pytest.raises(InputError, match="must be a CSV file, or a mapping"):
            ws.real(labels=5)  # type: ignore[arg-type]


def test_every_reason_is_a_sentence_in_both_languages() -> None:
    for code in REASONS:
        assert Real.why(code) != Real.why(code, "zh")
