"""Workspaces of earlier versions are brought to this one; questions cannot write; old names say the new ones."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import pytest

import kolgraph as kg
from kolgraph.errors import InputError
from kolgraph.synth import make_world
from kolgraph.workspace import SCHEMA_VERSION, Workspace
from kolgraph.workspace.folder import FILE
from kolgraph.workspace.tables import COUNTED

#: Made by commit 98e2585 from `make_world(1000, seed=3)`: rings, rank and a plan were asked.
OLD = Path(__file__).parents[1] / "worlds" / "old-workspace.duckdb.gz"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old.kol"
    folder.mkdir()
    (folder / FILE).write_bytes(gzip.decompress(OLD.read_bytes()))
    return folder


def test_an_earlier_workspace_is_brought_to_this_version_and_says_so_once(
    old: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(1000, seed=3)
    tables = {name: len(getattr(world, name)) for name in ("accounts", "follows", "posts", "reposts")}
    with Workspace.open(old) as ws:
        [said] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert said == f"{old}: made by an earlier version of kolgraph; what was loaded is kept, answers are found anew"
        assert {name: len(ws.sql(f"SELECT * FROM {name}")) for name in tables} == tables
        assert ws.sql("SELECT rows_read, accepted, merged FROM batches")["accepted"].sum() == sum(tables.values())
        assert ws.runs().empty
        assert ws.sql("SELECT * FROM scores UNION ALL SELECT * FROM scores").empty
        found = ws.rank()
        assert not found.provenance.read
        wanted = "weibo:" + world.accounts["account"].astype(str)
        assert sorted(found.ids) == sorted(wanted)
        assert len(ws.plan(budget=20_000).ids)
        caplog.clear()
    with Workspace.open(old) as ws:
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
        assert ws.rank().provenance.read
        assert ws.rank() == found


def test_files_that_an_earlier_workspace_knows_bring_it_nothing_new(old: Path, tmp_path: Path) -> None:
    """They are read again, since the loaders may have learnt what they mean."""
    files = make_world(1000, seed=3).write(tmp_path / "files")
    with Workspace.open(old) as ws:
        queries = ["FROM account_ids ORDER BY ALL", "SELECT * EXCLUDE (batch) FROM follows ORDER BY ALL"]
        queries += ["SELECT post_id, src, dst, root_id, ts, text FROM reposts ORDER BY ALL"]
        before = [ws.sql(query) for query in queries]
        for kind in ("accounts", "follows", "posts", "reposts"):
            report = ws.load(files[kind], platform="weibo")
            assert (report.known, report.counts.accepted, report.counts.rejected) == (False, 0, 0)
        assert all(ws.sql(query).equals(known) for query, known in zip(queries, before, strict=True))


def test_facts_and_answers_are_those_of_a_workspace_made_now(old: Path, tmp_path: Path) -> None:
    files = make_world(1000, seed=3).write(tmp_path / "files")
    with Workspace.open(old) as ws, Workspace.open(tmp_path / "new.kol", create=True) as new:
        for kind in ("accounts", "follows", "posts", "reposts"):
            new.load(files[kind], platform="weibo")
        for query in ("FROM account_ids", "SELECT src, dst, since_ts, weight FROM follows"):
            assert ws.sql(f"{query} ORDER BY ALL").equals(new.sql(f"{query} ORDER BY ALL"))
        assert ws.real().frame().equals(new.real().frame())
        assert ws.version != new.version  # equal content, two workspaces


def test_version_3_gets_the_counts_of_reposts_and_what_came_later(tmp_path: Path) -> None:
    table = tmp_path / "reposts.csv"
    table.write_text("repost,reposter,root,text\nr,1,p,好//@小明:嗯\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(table, platform="weibo")
        with ws.transaction() as connection:
            for column in COUNTED:
                connection.execute(f"ALTER TABLE reposts DROP COLUMN {column}")
            connection.execute("DROP TABLE as_given")  # since version 5
            for name in ("accounts", "profile_times"):  # since version 6
                connection.execute(f"ALTER TABLE {name} DROP COLUMN score")
            connection.execute("UPDATE layout SET version = 3")
    table.write_text("repost,reposter,root,likes,reposts\nr,1,p,20万+,7\n")
    counts = "SELECT post_id, text, evidence, likes, reposts, rounded FROM reposts"
    with Workspace.open(tmp_path / "w.kol") as ws:
        assert ws.fetch(counts) == [("weibo:r", "好//@小明:嗯", "chain", None, None, None)]
        assert ws.load(table, platform="weibo").counts.accepted == 1
        assert ws.fetch(counts) == [("weibo:r", "好//@小明:嗯", "chain", 200_000, 7, ["likes"])]
        assert ws.fetch("FROM as_given") == []


def test_version_5_gets_scores_of_accounts(tmp_path: Path) -> None:
    table = tmp_path / "accounts.csv"
    table.write_text("account,followers\na,7\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(table, platform="x")
        with ws.transaction() as connection:
            for name in ("accounts", "profile_times"):
                connection.execute(f"ALTER TABLE {name} DROP COLUMN score")
            connection.execute("UPDATE layout SET version = 5")
    table.write_text("account,星级\na,4星\n")
    for _ in range(2):  # opened again it is one of this version
        with Workspace.open(tmp_path / "w.kol") as ws:
            ws.load(table, platform="x")
            assert ws.fetch("SELECT account_id, followers, score FROM accounts") == [("x:a", 7, 4.0)]


@pytest.mark.parametrize("version", ["1", str(SCHEMA_VERSION + 1), "NULL"])
def test_other_versions_are_refused_in_one_line(old: Path, version: str) -> None:
    with Workspace.open(old) as ws, ws.transaction() as connection:
        connection.execute(f"UPDATE layout SET version = {version}")
    with pytest.raises(InputError, match="was made by another version of kolgraph; load the files again") as error:
        Workspace.open(old)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM accounts",
        "UPDATE accounts SET name = 'x'",
        "INSERT INTO accounts (account_key) VALUES (7)",
        "CREATE TABLE mine (x INTEGER)",
        "DROP TABLE accounts",
        "COPY (SELECT 1) TO '{file}'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
        "COPY accounts TO '{file}'",
        "ATTACH '{file}'",
        "EXPORT DATABASE '{file}'",
        "SET memory_limit = '1GB'",
        "SELECT 1; DELETE FROM accounts",
        "SELECT 1; SELECT 2",
        "BEGIN",
        "",
        "-- nothing",
    ],
)
def test_questions_cannot_write(tmp_path: Path, query: str) -> None:
    file = tmp_path / "out"
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        (tmp_path / "f.csv").write_text("follower,followed\n1,2\n")
        ws.load(tmp_path / "f.csv")
        before = ws.version
        for ask in (ws.sql, ws.fetch, ws.arrow, ws.arrays):
            with pytest.raises(InputError, match="only one SELECT at a time can be asked") as error:
                ask(query.format(file=file))
            assert "\n" not in str(error.value)
        assert not file.exists()
        assert ws.version == before
        assert len(ws.sql("SELECT * FROM accounts")) == 2  # and it can be asked after all these
        with pytest.raises(InputError, match="syntax"):
            ws.sql("SELEC 1")
        with ws.transaction() as connection:
            connection.execute("DELETE FROM follows")
        assert ws.sql("FROM follows").empty


@pytest.mark.parametrize("name", kg._MOVED)
def test_a_name_of_before_says_what_it_is_called_now(name: str) -> None:
    with pytest.raises(AttributeError, match=f"^kolgraph.{name} is now ") as error:
        getattr(kg, name)
    words = str(error.value).partition(" is now ")[2]
    if words.startswith("Workspace."):
        assert words.removeprefix("Workspace.") in kg.VERBS
    else:
        assert set(words.partition(": ")[2].split(", ")) <= set(kg.VERBS)


def test_a_workspace_names_its_verbs(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        assert set(kg.VERBS) <= set(dir(ws))
        with pytest.raises(AttributeError, match="a workspace has no 'ranks'; verbs: audience, "):
            _ = ws.ranks
