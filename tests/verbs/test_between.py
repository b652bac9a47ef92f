"""What lies between the rooms: copies put back, answers in memory, settings, saved results, other processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from kolgraph.errors import AnalysisError, EnvironmentProblem, InputError
from kolgraph.graph import Graph
from kolgraph.rings import find_rings
from kolgraph.verbs.info import info
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples

FANS = pd.DataFrame({"follower": ["a", "b", "c", "d"], "followed": ["x", "x", "x", "y"]})
MORE = pd.DataFrame({"follower": ["e", "f", "c"], "followed": ["y", "y", "y"]})
PRICES = pd.DataFrame({"account": ["x", "y"], "price_cny": [100, 80], "followers": [3, 1], "name": ["X", "Y"]})
NOBODY = pd.DataFrame({"account": ["a", "b", "c", "d"], "followers": 0})


@pytest.fixture(autouse=True)
def _few() -> Iterator[None]:
    with few_samples():
        yield


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "w.kol", create=True) as workspace:
        for table in (FANS, PRICES, NOBODY):
            workspace.load(table, platform="x")
        yield workspace


def test_a_file_that_was_put_back_is_not_taken_for_what_came_after_it(ws: Workspace) -> None:
    place = ws.path
    ws.close()
    shutil.copy(place / "workspace.duckdb", place.parent / "backup")
    with Workspace.open(place) as after:
        after.load(MORE, platform="x")
        assert Graph.from_workspace(after).m == 7
    shutil.copy(place.parent / "backup", place / "workspace.duckdb")
    with Workspace.open(place) as back:
        back.load(pd.DataFrame({"follower": ["e"], "followed": ["x"]}), platform="x")
        assert Graph.from_workspace(back).m == 5  # `cache` holds the graph of another future
        links = back.query("MATCH (:Account)-[r:FOLLOWS]->(:Account) RETURN count(*) AS n")
        assert links["n"].item() == 5


def test_a_plan_is_compared_on_its_own_sets_or_not_at_all(ws: Workspace) -> None:
    ws.plan(count=1)
    kept = ws.plan(count=1)
    assert kept.provenance is not None
    assert kept.provenance.read
    assert kept.compare(kept.ids)["reach"].iloc[-1] == kept.reach
    kept = ws.plan(count=1)
    ws.load(MORE, platform="x")
    with pytest.raises(AnalysisError, match="changed since"):
        kept.compare(kept.ids)


def test_an_answer_whose_files_went_says_so(ws: Workspace) -> None:
    ws.rank()
    kept = ws.rank()
    shutil.rmtree(ws.path / "answers")
    with pytest.raises(EnvironmentProblem, match="ask again with fresh"):
        kept.frame()
    assert ws.rank().frame().index[0] == "x:x"


def test_a_plan_without_an_answer_leaves_the_tables(ws: Workspace) -> None:
    ws.load(pd.DataFrame({"account": ["x"], "region": ["广东"], "observed": [1_700_000_000_000]}), platform="x")
    ws.plan(count=1, region="广东")
    assert len(ws.table("plans")) == 1
    ws.load(pd.DataFrame({"account": ["x"], "region": ["北京"], "observed": [1_800_000_000_000]}), platform="x")
    assert ws.table("plans").empty
    assert "plot-plan" not in ws.report(ws.path.parent / "r.html").read_text(encoding="utf-8")


def test_a_report_of_old_answers_says_which(ws: Workspace) -> None:
    file = ws.path.parent / "r.html"
    assert "old answers" not in ws.report(file).read_text(encoding="utf-8")
    ws.load(MORE, platform="x")
    page = ws.report(file, as_is=True).read_text(encoding="utf-8")
    assert "old answers" in page
    assert "rank(by=reach, relations=[" in page
    assert "old answers" not in ws.report(file).read_text(encoding="utf-8")


def test_other_tiers_make_an_answer_old(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ws.explain("x:x").tier == ""
    monkeypatch.setenv("KOLGRAPH_TIERS", "big=2")
    states = info(ws)["answers"].set_index("answer")["state"]
    assert states["quality()"] == "old: the method changed"
    assert states["rank(by=reach, relations=['follow'])"] == "current"
    assert ws.explain("x:x", as_is=True).provenance.old
    assert ws.explain("x:x").tier == "big"


def test_a_new_name_is_another_check_up(ws: Workspace) -> None:
    before = ws.explain("x:x")
    ws.load(PRICES.assign(name=["Z", "Y"], observed=1_900_000_000_000), platform="x")
    after = ws.explain("x:x")
    assert (before.name, after.name) == ("X", "Z")
    assert before != after
    assert ws.diff(before.run_id, after.run_id).rows["name_after"].tolist() == ["Z"]


def test_a_result_from_outside_is_never_found_anew(ws: Workspace) -> None:
    run = ws.save(find_rings(Graph.from_workspace(ws), seed=1))
    with pytest.raises(InputError, match="saved from outside"):
        ws.diff(since=run)
    assert ws.rings(relation="follow").run_id != run  # joined with what reposts show
    assert sorted(info(ws)["answers"]["state"]) == ["current"] * 4 + ["saved by hand"]  # with blocks, and the coverage


def test_another_process_finds_anew_what_is_old(ws: Workspace) -> None:
    run = ws.rank(by="core").run_id
    ws.load(MORE, platform="x")
    ws.close()
    code = f"import kolgraph as kg; ws = kg.Workspace.open({str(ws.path)!r}); print(ws.diff(since={run!r}).summary())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'new': 2" in done.stdout


def test_a_pseudonymous_workspace_gives_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLGRAPH_KEY", "0123456789abcdef0123456789abcdef")
    sums = []
    for pseudonymise in (False, True):
        with Workspace.open(tmp_path / f"{pseudonymise}.kol", create=True) as ws:
            for table in (FANS, MORE, PRICES, pd.DataFrame({"account": list("abcdef"), "followers": 0})):
                ws.load(table, platform="x", pseudonymise=pseudonymise)
            ws.quality()
            sums.append((sorted(ws.rank().values.tolist()), ws.plan(count=2).spent_cny, len(ws.table("scores"))))
    assert sums[0] == sums[1]


def test_tables_hold_the_rows_of_one_run(ws: Workspace) -> None:
    ws.rank(by="in_degree")
    ws.load(MORE, platform="x")
    run = ws.rank(by="in_degree").run_id
    assert ws.fetch("SELECT DISTINCT run_id FROM scores WHERE measure = 'in_degree'") == [(run,)]


def test_what_a_second_door_loaded_is_noticed_at_the_first(ws: Workspace) -> None:
    assert ws.rank(by="in_degree").top(1).index.item() == "x:x"
    assert ws.rank(by="in_degree").provenance.read  # found to stand, and remembered
    with Workspace.open(ws.path) as other:
        other.load(MORE, platform="x")
    assert ws.rank(by="in_degree").top(1).index.item() == "x:y"
