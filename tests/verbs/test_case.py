"""Cases of a loaded world: they name who was planted, are read and not searched, and every number can be checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kolgraph.rings as ours
from kolgraph.errors import InputError, UnknownName
from kolgraph.rings.casefile import case_file, in_order
from kolgraph.rings.verify import read_case, verification
from kolgraph.synth import World
from kolgraph.verbs.case import read_facts
from kolgraph.workspace import Workspace

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """40 bots of one name pattern on 15 customers, a crowd of 900, no times but for the bots."""
    with Workspace.open(tmp_path_factory.mktemp("firm") / "w.kol", create=True) as ws:
        fill(ws)
        yield ws


def fill(ws: Workspace) -> None:
    rng = np.random.default_rng(1)
    crowd = rng.integers(0, 900, (2, 4000))
    bot, customer = np.nonzero(rng.random((40, 15)) < 0.6)
    table = pd.DataFrame({"follower": [*crowd[0], *(bot + 1000)], "followed": [*crowd[1], *customer]})
    since = [
        *["2026-01-01"] * 2000,
        *[None] * 2000,
        *(f"2026-03-{1 + c:02d} 10:00:{b:02d}" for b, c in zip(bot, customer, strict=True)),
    ]
    ws.load(table.assign(since=since).drop_duplicates(["follower", "followed"]), platform="x")
    names = pd.DataFrame({"account": range(1000, 1040), "name": [f"用户{10**6 + i}" for i in range(40)]})
    ws.load(names, platform="x")


@pytest.fixture
def saved(firm: Workspace, tmp_path: Path) -> Path:
    return firm.case(1).save(tmp_path / "case.json")


@pytest.mark.parametrize("relation", ["follow", "repost"])
def test_the_case_of_a_planted_ring_names_its_members_and_clients(town: Workspace, world: World, relation: str) -> None:
    truth = world.truth["rings"].assign(account="weibo:" + world.truth["rings"]["account"])
    found = [ring for ring in town.rings(relation=relation).rings if ring.verdict == "coordinated"]
    assert len(found) >= 5
    for ring in found[: 6 if relation == "follow" else 3]:
        case = town.case(ring.number, relation=relation)
        members = set(case.members["account_id"])
        best = truth[truth["account"].isin(members)]["ring"].mode().item()
        planted = truth[truth["ring"] == best]
        mine = set(planted[planted["role"] == "member"]["account"])
        assert len(members & mine) >= 0.9 * max(len(members), len(mine))
        if relation == "follow":  # whom they repost is not planted one by one
            clients = set(case.clients["client_id"])
            customers = set(planted[planted["role"] == "target"]["account"])
            assert len(clients & customers) >= 0.9 * len(clients)
        surest = set(case.check.query("kind == 'surest'")["account_id"])
        assert len(surest & mine) >= 4  # of five
        assert case.when.reason is None and case.when.numbers["p"] < 0.05


def test_a_case_is_read_from_the_rings_that_are_kept(firm: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    firm.rings()

    def searched(*args: object, **options: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr(ours, "find_rings", searched)
    case = firm.case(1)
    assert case.parameters["rings"] == firm.rings().run_id
    assert case.numbers["members"] == 40 and case.numbers["targets"] >= 13
    with pytest.raises(UnknownName, match="unknown ring '99'; known: 1"):
        firm.case(99)


@pytest.mark.parametrize("relation", ["follow", "repost"])
def test_every_number_of_a_case_is_counted_anew_and_agrees(town: Workspace, relation: str, tmp_path: Path) -> None:
    for ring in town.rings(relation=relation).rings[::4]:
        file = town.case(ring.number, relation=relation).save(tmp_path / "case.json")
        found = town.verify(file)
        assert found.agrees and not found.changed
        assert found.rows["what"].is_unique and len(found.rows) > 500


def test_every_value_that_is_changed_is_caught(firm: Workspace, saved: Path) -> None:
    """All at once, each is told; names of rows stay, or a row would be another."""
    content = json.loads(saved.read_text("utf-8"))
    names = {"account_id", "target", "client_id", "begin_ts", "upto_s", "code", "made_by"}

    def other(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: v if k in names and key != "values" else other(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [other(part) for part in value]
        if value is None or isinstance(value, str):
            return f"{value}!"
        return value * 1.001 + 1e-6 if isinstance(value, float) else value + 1

    altered = other(content) | {"members": content["members"], "targets": content["targets"]}
    altered["members"] = [other(row) for row in content["members"]]
    altered["targets"] = [other(row) for row in content["targets"]]
    before = read_case(saved)
    again = firm.case(1)
    rows = verification(before._replace(content=altered), again).rows
    same = rows[rows["agrees"]]["what"]
    assert all(what.endswith((" count", *(f" {name}" for name in names))) for what in same)
    assert len(rows) - len(same) > 600


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (("numbers", "edges"), 999, "numbers edges: 999 saved, {edges} counted"),
        (("verdict",), "fan club", 'verdict: "fan club" saved, "coordinated" counted'),
        (("members", 3, "edges"), 15, "edges: 15 saved"),
        (("members", 3, "account_id"), "x:1", "members count"),
        (("synchrony", "p"), 0.5, "synchrony p: 0.5 saved"),
        (("found", "score"), 77.5, "found score: 77.5 saved"),
        (("counter", 2, "speaks"), "nothing", 'counter idol speaks: "nothing" saved'),
    ],
)
def test_one_altered_value_is_one_line_and_exit_code_2(
    firm: Workspace, saved: Path, invoke: Invoke, where: tuple[Any, ...], value: Any, told: str
) -> None:
    content = json.loads(saved.read_text("utf-8"))
    part = content
    for step in where[:-1]:
        part = part[step]
    part[where[-1]] = value
    saved.write_text(json.dumps(content), "utf-8")
    code, out, err = invoke("rings", firm.path, "--verify", saved, "--format", "csv")
    assert code == 2 and "values differ" in err.splitlines()[-1]
    if where[-1] == "account_id":
        assert '"not found" counted' in err  # no ring with these members
    else:
        assert f" {told.format(edges=firm.case(1).numbers['edges'])}" in err, err
    assert out.startswith("what,part,saved,found,agrees")


def test_a_case_from_a_wrong_answer_is_caught(firm: Workspace, tmp_path: Path) -> None:
    """The stored result is not what a case is checked against."""
    found = firm.rings()
    ring = in_order(found.rings[0])
    facts = read_facts(firm, "follow", ring.members.tolist(), ring.targets.tolist())
    lied = replace(ring, edges=ring.edges + 20, expected=ring.expected / 2)
    checked = firm.verify(case_file(lied, found, facts).save(tmp_path / "case.json"))
    wrong = set(checked.rows[~checked.rows["agrees"]]["what"])
    assert {"numbers edges", "numbers expected"} <= wrong


def test_what_was_forgotten_or_loaded_since_is_told(tmp_path: Path, invoke: Invoke) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        fill(ws)
        file = ws.case(1).save(tmp_path / "case.json")
        ws.load(pd.DataFrame({"follower": [1000], "followed": [500]}), platform="x")
        changed = ws.verify(file)
        assert changed.changed and not changed.agrees and changed.missing == ()
        assert "members x:1000 acted" in set(changed.rows[~changed.rows["agrees"]]["what"])
        ws.forget(["x:1003"])
        gone = ws.verify(file)
        assert gone.missing == ("x:1003",)
    code, _, err = invoke("rings", tmp_path / "w.kol", "--verify", file)
    assert code == 2
    assert "not in this workspace: x:1003: forgotten, or never loaded" in err
    assert "the data changed since this case was made" in err


@pytest.mark.parametrize(
    "text",
    ["", "nothing", "[]", "{}", "null", '{"members": 5}', '{"members": [{}], "targets": []}', "[" * 5000, "\udcff",
     '{"members": [{"account_id": 5}], "targets": [], "relation": "follow", "seed": 1}',
     '{"members": [], "targets": [], "relation": "follow", "seed": "1"}'],
)  # fmt: skip
def test_what_is_no_case_is_one_clear_line(firm: Workspace, tmp_path: Path, text: str) -> None:
    file = tmp_path / "case.json"
    file.write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(InputError, match="is no case that kolgraph saved as JSON"):
        firm.verify(file)


def test_a_case_of_nobody_and_of_another_relation(firm: Workspace, saved: Path, tmp_path: Path) -> None:
    content = json.loads(saved.read_text("utf-8"))
    saved.write_text(json.dumps(content | {"relation": "likes"}))
    with pytest.raises(UnknownName, match="unknown relation 'likes'"):
        firm.verify(saved)
    saved.write_text(json.dumps(content | {"members": [], "targets": []}))
    assert not firm.verify(saved).agrees
    with pytest.raises(InputError, match="no such file"):
        firm.verify(tmp_path / "nowhere.json")


def test_times_that_are_unknown_are_na_and_not_zero(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        rng = np.random.default_rng(1)
        crowd = rng.integers(0, 900, (2, 4000))
        bot, customer = np.nonzero(rng.random((40, 15)) < 0.6)
        ws.load(pd.DataFrame({"a": [*crowd[0], *(bot + 1000)], "b": [*crowd[1], *customer]}), platform="x",
                record="follow", mapping={"src": "a", "dst": "b"})  # fmt: skip
        plain = ws.case(1).plain()
    assert plain["timeline"]["reason"] == plain["synchrony"]["reason"] == "no_times"
    assert plain["synchrony"]["median_s"] is None and plain["synchrony"]["p"] is None
    assert plain["members"][0]["first_ts"] is None and plain["timeline"]["slices"] == []
    assert "peak" not in [asked["code"] for asked in plain["ask"]]


def test_dated_and_undated_actions_are_told_apart(firm: Workspace) -> None:
    case = firm.case(1)
    assert case.when.dated == 1 and case.when.grain_s == 1
    assert case.when.numbers["median_s"] < 5  # one bot after the other, second by second
    assert case.when.timeline["members"].sum() == case.numbers["edges"]
    assert math.isclose(sum(case.views.values()), case.numbers["bits"])
    names = next(point for point in case.counter if point.code == "names")
    assert names.value == 1 and names.reason == "no_comparison"  # of the crowd no name is loaded


def test_the_command_shows_and_writes_a_case(firm: Workspace, tmp_path: Path, invoke: Invoke) -> None:
    code, out, _ = invoke("rings", firm.path, "--case", 1)
    assert code == 0 and "Caution: coordinated is not fake" in out
    case = firm.case(1)
    assert all(account in out for account in (*case.members["account_id"], *case.targets["target"]))
    code, out, _ = invoke("rings", firm.path, "--case", 1, "--lang", "zh")
    assert "协同不等于造假" in out
    code, out, _ = invoke("rings", firm.path, "--case", 1, "--format", "json")
    assert json.loads(out) == case.plain()
    code, out, _ = invoke("rings", firm.path, "--case", 1, "--format", "csv")
    assert len(out.splitlines()) == 1 + len(case.members) + len(case.targets)
    for name in ("case.json", "case.csv", "case.html"):
        assert invoke("rings", firm.path, "--case", 1, "-o", tmp_path / name)[0] == 0
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert invoke("rings", firm.path, "--verify", tmp_path / "case.json")[0] == 0
    for wrong in (["--case", 1, "--verify", "x"], ["-o", "x.json"], ["--case", 7], ["--case", 1, "-o", "x.pdf"]):
        code, _, err = invoke("rings", firm.path, *wrong)
        assert code == 2 and err.strip()
