"""A workspace from somebody else is data: nothing in it runs, and nothing that was changed outside is believed."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from kolgraph.cli.printing import open_workspace
from kolgraph.errors import InputError, KolgraphError
from kolgraph.workspace import Workspace
from kolgraph.workspace.folder import FILE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "f.csv").write_text("follower,followed\n" + "".join(f"a{i},b{i % 7}\n" for i in range(300)))
    (tmp_path / "secret.txt").write_text("nobody's business")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(tmp_path / "f.csv")
    return tmp_path / "w.kol"


def plant(folder: Path, *statements: str) -> None:
    with duckdb.connect(str(folder / FILE)) as connection:
        for statement in statements:
            connection.execute(statement.format(secret=folder.parent / "secret.txt"))


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("CREATE VIEW extra AS FROM read_text('{secret}')", "view 'extra'"),
        ("CREATE VIEW duckdb_tables AS FROM read_text('{secret}')", "view 'duckdb_tables'"),
        ("CREATE MACRO count(x) AS 7", "macro 'count'"),
        ("CREATE MACRO lower(x) AS (SELECT content FROM read_text('{secret}'))", "macro 'lower'"),
        ("CREATE MACRO duckdb_functions() AS TABLE SELECT 1 AS function_name WHERE false", "macro 'duckdb_functions'"),
        ("CREATE MACRO unnest_all(x) AS TABLE FROM read_csv('{secret}')", "macro 'unnest_all'"),
        ("CREATE TYPE mood AS ENUM ('a')", "type 'mood'"),
        ("CREATE SEQUENCE s", "sequence 's'"),
        ("CREATE INDEX i ON accounts (lower(account_id))", "index 'i'"),
        ("CREATE SCHEMA system2", "schema 'system2'"),
        ("CREATE TABLE mine (x INTEGER)", "table 'mine'"),
        ("ALTER TABLE accounts ADD COLUMN more VARCHAR DEFAULT version()", "table 'accounts'"),
        ("ALTER TABLE follows ALTER weight SET DEFAULT random()", "table 'follows'"),
        ("ALTER TABLE scores ADD COLUMN more VARCHAR", "table 'scores'"),
        ("ALTER TABLE layout ADD COLUMN more VARCHAR", "table 'layout'"),
        ("ALTER TABLE versions ALTER counter TYPE VARCHAR", "table 'versions'"),
        (
            "DROP TABLE campaigns; CREATE TABLE campaigns (campaign_id VARCHAR, name VARCHAR, "
            "post_id VARCHAR, CHECK (length(name) > 0))",
            "table 'campaigns'",
        ),
        (
            "DROP TABLE campaigns; CREATE TABLE campaigns (campaign_id VARCHAR, "
            "name VARCHAR GENERATED ALWAYS AS (upper(campaign_id)), post_id VARCHAR)",
            "table 'campaigns'",
        ),
        ("DROP TABLE campaigns; CREATE VIEW campaigns AS FROM read_text('{secret}')", "view 'campaigns'"),
    ],
)
def test_what_could_run_is_refused_by_name(folder: Path, statement: str, named: str) -> None:
    plant(folder, statement)
    with pytest.raises(InputError, match=f"its file holds a {named} that is none of kolgraph's") as error:
        Workspace.open(folder)
    assert "\n" not in str(error.value)
    assert "business" not in str(error.value)


def test_views_under_our_names_are_ours(folder: Path) -> None:
    fields = "content AS post_id, 0 AS pos, 0 AS src, 0 AS dst, content AS dst_name, 0 AS ts"
    plant(
        folder,
        f"CREATE OR REPLACE VIEW mentions AS SELECT {fields} FROM read_text('{{secret}}')",
        "CREATE OR REPLACE VIEW account_ids AS SELECT 0 AS account_key, content AS account_id, 'x' AS platform "
        "FROM read_text('{secret}')",
    )
    with Workspace.open(folder) as ws:
        assert ws.sql("FROM mentions").empty
        assert len(ws.ids()) == 307
        ws.rewrite()
        assert ws.sql("FROM mentions").empty
    with duckdb.connect(str(folder / FILE)) as connection:
        texts = connection.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
    assert len(texts) == 4
    assert not any("read_text" in text for (text,) in texts)


@pytest.mark.parametrize("kind", ["sqlite", "zip", "short"])
def test_files_of_other_engines_never_reach_ours(folder: Path, kind: str) -> None:
    file = folder / FILE
    file.unlink()
    if kind == "sqlite":
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE accounts (x)")
        other.close()
    else:
        file.write_bytes(b"PK\x03\x04" * 100 if kind == "zip" else b"DUCK")
    with pytest.raises(InputError, match="is not a workspace of this version") as error:
        Workspace.open(folder)
    assert "xtension" not in str(error.value)


def test_nothing_is_fetched_for_a_query(folder: Path) -> None:
    with Workspace.open(folder) as ws:
        found = dict(ws.fetch("SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%extensions'"))
        assert found == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


@pytest.mark.parametrize(
    "change", ["UPDATE follows SET src = 1000000000", "UPDATE follows SET dst = -1", "DELETE FROM accounts"]
)
def test_relations_of_accounts_that_are_not_there_reach_no_kernel(folder: Path, change: str) -> None:
    plant(folder, change)
    with Workspace.open(folder) as ws, pytest.raises(InputError, match="name accounts that it does not hold"):
        ws.rank(by="in_degree")


@pytest.mark.parametrize("key", ["account_key + 1", "NULL", "0"])
def test_accounts_that_are_not_numbered_one_by_one_are_refused(folder: Path, key: str) -> None:
    plant(folder, f"UPDATE accounts SET account_key = {key}")
    with Workspace.open(folder) as ws, pytest.raises(InputError, match="not numbered one by one"):
        ws.rank(by="in_degree")


# ------------------------------------------------------------------ what is kept beside the tables


def flip(file: Path, place: float = 0.6) -> None:
    raw = bytearray(file.read_bytes())
    raw[int(len(raw) * place)] ^= 4
    file.write_bytes(raw)


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _out_of_bounds(file: Path) -> None:
    """Whoever writes the checksum as well."""
    from kolgraph.graph import snapshot

    parts = {path.stem: np.load(path) for path in file.parent.glob("*.npy")}
    parts["idx"][3] = 2**31 - 1
    np.save(file.parent / "idx.npy", parts["idx"])
    fingerprint = (file.parent / "fingerprint").read_text().split()[0]
    (file.parent / "fingerprint").write_text(f"{fingerprint} {snapshot._checksum(parts, fingerprint)}")


@pytest.mark.parametrize("name", ["idx.npy", "ptr.npy", "ids.npy", "fingerprint"])
@pytest.mark.parametrize("damage", [flip, _pipe, Path.unlink, lambda file: file.write_bytes(b""), _out_of_bounds])
def test_a_graph_that_is_not_what_was_kept_is_made_anew(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str, damage: Callable[[Path], object]
) -> None:
    with Workspace.open(folder) as ws:
        right = ws.rank(by="in_degree").frame()
        ws.rank(by="in_degree", fresh=True)
        assert caplog.records == []
        [kept] = ws.cache.glob("graph-*")
        damage(kept / name)
        found = ws.rank(by="in_degree", fresh=True).frame()
        assert found.equals(right)
        [said] = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        assert said == f"{kept}: what was kept of a graph is damaged; it is made anew"
        caplog.clear()
        ws.rank(by="in_degree", fresh=True)
        assert caplog.records == []


def test_an_answer_that_is_not_what_was_kept_is_found_anew(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Workspace.open(folder) as ws:
        right = ws.rank(by="pagerank").frame()
        [place] = [
            path.parent for path in ws.answers.folder.glob("*/*/answer.json") if b"pagerank" in path.read_bytes()
        ]
        for file in sorted(place.iterdir()):
            for damage in (flip, _pipe, Path.unlink):
                caplog.clear()
                damage(file)
                found = ws.rank(by="pagerank")
                assert not found.provenance.read
                assert found.frame().equals(right)
                [said] = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
                assert "is damaged; it is found anew" in said
                assert ws.rank(by="pagerank").provenance.read


def test_an_answer_of_another_workspace_is_not_taken(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("follower,followed\n" + "".join(f"a{i},b{i % 3}\n" for i in range(300)))
    with Workspace.open(folder) as ws, Workspace.open(tmp_path / "o.kol", create=True) as other:
        other.load(tmp_path / "other.csv")
        right, theirs = ws.rank(by="in_degree"), other.rank(by="in_degree")
        assert right != theirs
        for place in ws.answers.folder.glob(f"*/{right.run_id}"):
            shutil.rmtree(place)
            shutil.copytree(other.answers.folder / place.parent.name / theirs.run_id, place)
        assert ws.rank(by="in_degree").frame().equals(right.frame())


@pytest.mark.parametrize("run", ["../../precious", "{tmp}/precious", "..", "."])
def test_the_name_of_a_run_leads_nowhere(folder: Path, tmp_path: Path, run: str) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("x")
    with Workspace.open(folder) as ws:
        ws.rank(by="in_degree")
    with duckdb.connect(str(folder / FILE)) as connection:
        for turn in range(4):
            said = [run.format(tmp=tmp_path) + "/" * turn, turn]
            connection.execute("INSERT INTO runs SELECT * REPLACE (? AS run_id, ? AS made_ts) FROM runs LIMIT 1", said)
    with Workspace.open(folder) as ws:
        ws.rank(by="in_degree", fresh=True)
        ws.rank(by="in_degree")
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "x"
    assert (folder / FILE).exists()


@pytest.mark.parametrize("name", [FILE, "cache", "answers", "spill"])
def test_links_lead_nowhere(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    if (folder / name).exists():
        (folder / name).rename(tmp_path / "elsewhere" / name)
    (folder / name).symlink_to(tmp_path / "elsewhere" / name)
    with pytest.raises(InputError, match=f"{name}: is a link"):
        Workspace.open(folder)


@pytest.mark.parametrize("stands_on", ["", "[]", "{}", json.dumps({"tables": 7, "answers": {}}), "\0"])
def test_a_run_that_says_nothing_is_no_answer(folder: Path, stands_on: str) -> None:
    with Workspace.open(folder) as ws:
        right = ws.rank(by="in_degree").frame()
    with duckdb.connect(str(folder / FILE)) as connection:
        connection.execute("UPDATE runs SET stands_on = ?", [stands_on])
    with Workspace.open(folder) as ws:
        found = ws.rank(by="in_degree")
        assert not found.provenance.read
        assert found.frame().equals(right)


def test_a_sealed_workspace_reads_and_writes_nothing_outside_of_its_folder(folder: Path) -> None:
    with open_workspace(folder, files=True) as ws:
        assert ws.fetch(f"SELECT content FROM read_text('{folder.parent / 'secret.txt'}')")
    with open_workspace(folder) as ws:
        ws.forget(["local:a1"])  # writes the file anew
        for place in (folder.parent / "secret.txt", folder.parent / "*.csv", "/etc/hostname", "https://127.0.0.1:9/x"):
            with pytest.raises(KolgraphError, match="disabled by configuration"):
                ws.fetch(f"SELECT content FROM read_text('{place}')")
        with ws.transaction() as connection, pytest.raises(duckdb.PermissionException):
            connection.execute(f"COPY accounts TO '{folder.parent / 'stolen.csv'}'")
        assert not ws.rings().rings
        assert ws.info()
    assert not (folder.parent / "stolen.csv").exists()
