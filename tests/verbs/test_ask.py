"""Asking the graph database of a workspace: it is there when it is needed, and built anew when it is old."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa
import pytest

import kolgraph as kg
from kolgraph.cypher import GROUPS, library, load_query
from kolgraph.errors import InputError, LimitError, NotPublished, UnknownName
from kolgraph.results import Scores
from kolgraph.settings import QUERY_ROWS, QUERY_TIMEOUT_S, Neo4jLogin
from kolgraph.store import open_store, prepare
from kolgraph.store.language.dialect import for_embedded
from kolgraph.store.sync.schema import MEASURES, SNAPSHOT, columns
from kolgraph.verbs import ask as asking
from kolgraph.verbs.ask import make_ready, query, to_frame
from kolgraph.verbs.publish import publish
from tests.worlds.stores import ENGINES, engine_of

COUNT = "MATCH (a:Account) RETURN count(*) AS n"


@pytest.fixture
def ws(shelf):
    """A workspace of three accounts that was never published."""
    fans = pd.DataFrame({"follower": ["ann", "bob", "cai"], "followed": ["bob", "ann", "ann"]})
    shelf.ws.load(fans, platform="weibo")
    for file in shelf.ws.path.glob("graph.lbug*"):
        file.unlink()
    return shelf.ws


@pytest.fixture
def path(tmp_path):
    """A workspace of three accounts that nobody has open."""
    fans = pd.DataFrame({"follower": ["ann", "bob", "cai"], "followed": ["bob", "ann", "ann"]})
    with kg.Workspace.open(tmp_path / "w.kol", create=True) as made:
        made.load(fans, platform="weibo")
    return tmp_path / "w.kol"


def scores(graph: kg.Graph, measure: str, seed: int) -> Scores:
    return Scores(measure=measure, ids=graph.ids, values=[1.0] * graph.n, seed=seed, graph=graph.fingerprint)


# ---------------------------------------------------------------------- the file is built and watched


@pytest.fixture
def told(ws, monkeypatch):
    """What the workspace said would take its time."""
    said: list[str] = []

    @contextmanager
    def progress(what: str) -> Iterator[None]:
        said.append(what)
        yield

    monkeypatch.setattr(ws, "progress", progress)
    return said


def test_a_missing_database_is_built_by_the_first_question(ws, told):
    assert ws.query(COUNT)["n"].item() == 3
    assert told == ["publishing"]
    assert ws.query(COUNT)["n"].item() == 3
    assert told == ["publishing"]


def other_storage(raw: bytes) -> bytes:
    return raw[:4] + bytes([raw[4] + 1]) + raw[5:]


def other_tables(raw: bytes) -> bytes:
    return b""  # the engine opens an empty file as a database without tables


@pytest.mark.parametrize(
    "spoilt",
    [
        other_storage,
        other_tables,
        lambda raw: b"no database at all" * 1000,
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:12] + b"\xff" + raw[13:],
    ],
)
def test_a_database_that_this_version_cannot_read_is_built_anew(ws, spoilt):
    publish(ws)
    file = ws.path / "graph.lbug"
    file.write_bytes(spoilt(file.read_bytes()))
    with open_store(file) as store, pytest.raises((NotPublished, InputError)):
        store.query(COUNT)
    assert query(ws, COUNT)["n"].item() == 3


def test_a_mistake_is_told_before_anything_is_built(ws):
    for wrong, error in (("no-such-query", UnknownName), ("CREATE (a:Account)", InputError)):
        with pytest.raises(error):
            query(ws, wrong)
    with pytest.raises(InputError, match="'id' is missing"):
        query(ws, "account-profile")
    assert not (ws.path / "graph.lbug").exists()


def test_an_older_database_is_built_anew_and_as_is_says_how_to_renew_it(ws, told, caplog):
    publish(ws)
    ws.load(pd.DataFrame({"follower": ["dee"], "followed": ["ann"]}), platform="weibo")
    with ws.asking(as_is=True):
        assert ws.query(COUNT)["n"].item() == 3
    [line] = [r.getMessage() for r in caplog.records]
    assert line.endswith(f"run: kolgraph publish {ws.path}")
    assert "\n" not in line
    caplog.clear()
    assert told == []
    assert ws.query(COUNT)["n"].item() == 4
    assert told == ["publishing"]
    with ws.asking(as_is=True):
        assert ws.query(COUNT)["n"].item() == 4
    assert caplog.records == []


def test_a_database_is_old_when_other_results_are_current_and_only_then(ws, told):
    graph = kg.Graph.from_workspace(ws)
    ws.save(scores(graph, "pagerank", seed=1))
    publish(ws)
    ws.save(scores(graph, "pagerank", seed=1))  # the same question again
    ws.save(scores(graph, "degree", seed=1))  # a measure that is not published
    make_ready(ws, prepare(COUNT, {}))
    assert told == []
    ws.save(scores(graph, "pagerank", seed=2))
    make_ready(ws, prepare(COUNT, {}))
    assert told == ["publishing"]


VIEWS = ("follow", "repost")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "MATCH (r:Ring) RETURN r.id AS id",
            {f"{verb}(relation={view})" for verb in ("rings", "blocks") for view in VIEWS},
        ),
        ("MATCH (c:Community) RETURN c.id AS id", {"niches(relations=['follow'])"}),
        ("MATCH (a:Account) RETURN a.core AS core ORDER BY core", {"rank(by=core, relations=['follow'])"}),
        ("MATCH (a:Account) RETURN a.name AS name", set()),
    ],
)
def test_a_query_finds_the_answers_that_it_speaks_of_and_no_others(ws, text, found):
    for run in list(ws.answers.all()):
        with ws.transaction() as connection:
            connection.execute("DELETE FROM runs WHERE run_id = ?", [run.run])
    ws.query(text)
    asked = {str(stored.question) for stored in ws.answers.all()} - {"coverage()"}  # said with every answer
    assert asked == found


@pytest.mark.parametrize(("by", "found"), [("followers", set()), ("core", {"core"}), ("inflation", {None, "reach"})])
def test_a_measure_that_is_named_is_found_and_no_other(ws, by, found):
    with ws.transaction() as connection:
        connection.execute("DELETE FROM runs")
    ws.query("top-accounts", by=by)
    assert {stored.question.parameters["by"] for stored in ws.answers.all() if stored.question.verb == "rank"} == found


def test_an_answer_that_became_old_is_found_anew_before_it_is_published(ws):
    ws.rank(by="core")
    more = pd.DataFrame({"follower": ["dee", "dee", "dee"], "followed": ["ann", "bob", "cai"]})
    ws.load(more, platform="weibo")
    publish(ws)
    with open_store(ws.path / "graph.lbug") as store:
        found = store.query("MATCH (a:Account) RETURN a.id AS id, a.core AS n").to_pylist()
    assert {row["id"]: row["n"] for row in found} == kg.k_core(kg.Graph.from_workspace(ws)).frame()["core"].to_dict()


def test_every_property_that_names_a_computation_is_compared():
    nodes = [part for part in SNAPSHOT.values() if "-" not in part.name]
    named = [(part.name, name) for part in nodes for name in columns(part) if name.endswith("run")]
    assert {name for _, name in named} == {"run", *(f"{measure}_run" for measure in MEASURES)}
    assert set(re.findall(r"\(\w:(\w+)\) WHERE \w\.(\w+) ", asking._HELD)) == set(named)


def test_a_workspace_that_is_being_written_is_asked_as_it_was_published(path, invoke, monkeypatch):
    monkeypatch.setattr("kolgraph.settings.BUSY_WAIT_S", 0.0)
    with kg.Workspace.open(path) as ws:
        publish(ws)

    def busy(*_args, **_more):
        raise kg.errors.StoreBusy("another process has it open")

    monkeypatch.setattr("kolgraph.workspace.Workspace.open", busy)
    code, out, err = invoke("query", path, COUNT, "--format", "csv")
    assert (code, out.split()) == (0, ["n", "3"])
    assert "may be older" in err


# ---------------------------------------------------------------------- frames


def test_missing_values_change_no_type():
    big = 2**63 - 1
    frame = to_frame(
        pa.table(
            {"i": pa.array([big, None]), "b": pa.array([True, None]), "t": pa.array(["0012", None]), "f": [0.5, None]}
        )
    )
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "boolean", str(pd.Series(["x"]).dtype), "float64"]
    assert (frame["i"][0], frame["t"][0]) == (big, "0012")
    assert frame.iloc[1].isna().all()


def test_named_queries_take_values_and_give_declared_columns(ws):
    frame = query(ws, "followers-of-a-not-b", a="weibo:ann", b="weibo:bob")
    assert list(frame.columns) == [c.name for c in load_query("followers-of-a-not-b").columns]
    assert frame["id"].to_list() == ["weibo:cai"]  # of bob and cai not bob: he is the other account


# ---------------------------------------------------------------------- explaining


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    with engine_of(request, tmp_path_factory.mktemp("g")) as store:
        yield store


@pytest.mark.parametrize("name", library())
def test_every_query_is_explained_with_its_values_and_a_plan(engine, name):
    required = {p.name: ["a"] if p.type == "texts" else "a" for p in load_query(name).parameters if p.required}
    told = engine.explain(name, **required)
    asked = load_query(name)
    assert told.values == asked.bind(required)
    assert told.text in (asked.text, for_embedded(asked.text))
    shown = str(told)
    assert all(words in shown for words in (asked.title, asked.title_zh, *(c.meaning for c in asked.columns)))
    assert "SCAN" in told.plan or "ProduceResults" in told.plan
    assert [p["name"] for p in json.loads(json.dumps(told.as_dict()))["parameters"]] == list(told.values)


def test_explaining_runs_nothing(engine):
    every = "UNWIND range(1, 200000) AS i RETURN i AS i"
    with pytest.raises(LimitError):
        engine.query(every)
    assert engine.explain(every).plan
    divided = "UNWIND [1, 0] AS i RETURN 1 / i AS x"
    with pytest.raises(InputError):
        engine.query(divided)
    assert engine.explain(divided).plan


@pytest.mark.parametrize(
    "text", ["CREATE (a:Account)", "EXPLAIN MATCH (a:Account) RETURN a.id AS id", "CALL db.labels()"]
)
def test_what_may_not_be_asked_may_not_be_explained(engine, text):
    with pytest.raises(InputError, match="must begin with"):
        engine.explain(text)


def test_the_plan_of_a_server_is_a_tree_of_its_operators(engine):
    plan = engine.explain("MATCH (a:Account)-[:FOLLOWS]->(b:Account) RETURN b.id AS id, count(*) AS n").plan
    if "Logical Plan" not in plan:
        depths = [len(line) - len(line.lstrip()) for line in plan.splitlines()]
        assert depths[:3] == [0, 2, 4]
        assert plan.startswith("ProduceResults")


# ---------------------------------------------------------------------- the command line


def test_the_list_needs_no_workspace_and_is_grouped_in_both_languages(invoke, path):
    code, out, err = invoke("query", "--list", "--format", "json")
    rows = json.loads(out)
    assert (code, err, len(rows)) == (0, "", len(library()))
    assert list(dict.fromkeys((r["group"], r["类别"]) for r in rows)) == list(GROUPS.items())
    assert all(r["meaning"] and r["含义"] for r in rows)
    assert invoke("query", path, "--list", "--format", "json")[1] == out
    for form in ("csv", "table"):
        _, out, _ = invoke("query", "--list", "--format", form)
        assert all(words in out for q in library().values() for words in (q.name, q.title_zh))


def test_query_builds_the_database_and_says_so(invoke, path):
    code, out, err = invoke("query", path, COUNT, "--format", "json")
    assert (code, json.loads(out)) == (0, [{"n": 3}])
    assert err.startswith("publishing: ")
    assert invoke("query", path, COUNT, "--format", "json")[2] == ""


def test_of_many_first_questions_at_once_one_builds_and_all_are_answered(path):
    command = [sys.executable, "-m", "kolgraph", "query", path, COUNT, "--format", "csv"]
    asked = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told = [(one.communicate(), one.returncode) for one in asked]
    assert [(out.split(), code) for (out, _), code in told] == [(["n", "3"], 0)] * 3
    said = [err.splitlines() for (_, err), _ in told if err]
    assert [len(lines) for lines in said] == [1], said
    assert said[0][0].startswith("publishing: ")
    assert sorted(file.name for file in path.iterdir()) == ["graph.lbug", "workspace.duckdb"]


def test_explain_prints_a_query_for_people_and_programs(invoke, path):
    code, out, _ = invoke(
        "query", path, "distance-between", "--param", "author=w:a", "--param", "reader=w:b", "--explain"
    )
    asked = load_query("distance-between")
    assert code == 0
    assert all(words in out for words in (asked.title, asked.title_zh, "'w:a'", "SHORTEST", "Logical Plan"))
    arguments = ("--param", "author=w:a", "--param", "reader=w:b", "--explain", "--format", "json")
    code, out, _ = invoke("query", path, "distance-between", *arguments)
    told = json.loads(out)
    assert {p["name"]: p["value"] for p in told["parameters"]} == asked.bind({"author": "w:a", "reader": "w:b"})
    assert told["text"] == for_embedded(asked.text)


def test_limits_of_a_query_are_options(invoke, path):
    _, told, _ = invoke("query", "--help")
    assert f"[default: ({QUERY_TIMEOUT_S:g})" in told
    assert f"[default: ({QUERY_ROWS})" in told
    code, out, err = invoke("query", path, "MATCH (a:Account) RETURN a.id AS id", "--max-rows", "2")
    assert (code, out) == (5, "")
    assert "--max-rows" in err
    slow = "UNWIND range(1, 100000) AS i UNWIND range(1, 100000) AS j RETURN max(i * j) AS n"
    code, out, err = invoke("query", path, slow, "--timeout", "0.2")
    assert (code, out) == (5, "")
    assert "--timeout" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["query", "{path}"], "--list"),
        (["query"], "--list"),
        (["query", "{path}", COUNT, "--engine", "neo4j", "--to", "bolt://127.0.0.1:9"], "exclude each other"),
        (["publish", "{path}", "--engine", "embedded", "--to", "bolt://127.0.0.1:9"], "exclude each other"),
        (["query", "{path}", COUNT, "--engine", "duckdb"], "--engine"),
        (["query", "{path}", COUNT, "--timeout", "0"], "--timeout"),
        (["query", "{path}", COUNT, "--explain", "--format", "csv"], "no table"),
    ],
)
def test_wrong_usage_is_one_line(invoke, path, arguments, words):
    code, out, err = invoke(*(a.format(path=path) for a in arguments))
    assert (code, out) == (2, "")
    assert words in err.splitlines()[-1]


def test_the_engine_neo4j_is_the_server_of_the_environment(invoke, path, monkeypatch):
    monkeypatch.setenv("KOLGRAPH_NEO4J_URI", "bolt://127.0.0.1:9")
    for verb in (["publish", path], ["query", path, COUNT], ["query", path, COUNT, "--explain"]):
        code, _, err = invoke(*verb, "--engine", "neo4j")
        assert code == 4
        assert "127.0.0.1:9" in err
    assert not (path / "graph.lbug").exists()


@pytest.mark.neo4j
def test_a_server_is_published_to_asked_and_explained_by_its_name(invoke, path, monkeypatch, neo4j_login: Neo4jLogin):
    for name in ("uri", "user", "password", "database"):
        monkeypatch.setenv(f"KOLGRAPH_NEO4J_{name.upper()}", getattr(neo4j_login, name))
    code, _, err = invoke("publish", path, "--engine", "neo4j")
    assert code == 0, err
    code, out, _ = invoke("query", path, COUNT, "--engine", "neo4j", "--format", "csv")
    assert (code, out.split()) == (0, ["n", "3"])
    code, out, _ = invoke("query", path, COUNT, "--explain", "--engine", "neo4j")
    assert code == 0
    assert "ProduceResults" in out
