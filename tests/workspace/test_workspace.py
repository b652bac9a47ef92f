"""Workspace: all or nothing, one at a time, honest about the machine; a new answer replaces the old."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, StoreBusy, UnknownAccount
from kolgraph.results import Scores
from kolgraph.workspace import SCHEMA_VERSION, Workspace
from tests.worlds.shelf import Shelf


@pytest.fixture
def edges(tmp_path: Path) -> Path:
    path = tmp_path / "f.csv"
    path.write_text("follower,followed\n" + "".join(f"{i},{i + 1}\n" for i in range(1000)))
    return path


def python(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload, no-any-return]


def scores(values: dict[str, float], measure: str = "pagerank", seed: int = 1) -> Scores:
    return Scores(
        measure=measure, ids=np.array(list(values), object), values=np.array(list(values.values())), seed=seed
    )


def test_a_second_process_is_busy_and_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "w.kol"
    hold = (
        "import sys\nfrom kolgraph.workspace import Workspace\n"
        "ws = Workspace.open(sys.argv[1], create=True)\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        monkeypatch.setattr(settings, "BUSY_WAIT_S", 0.2)
        with pytest.raises(StoreBusy, match="another process"):
            Workspace.open(folder)
        other.stdin.close()
        monkeypatch.setattr(settings, "BUSY_WAIT_S", 30.0)
        Workspace.open(folder).close()


def test_what_is_no_workspace_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no workspace here"):
        Workspace.open(tmp_path / "none.kol")
    (tmp_path / "thesis.doc").write_text("x")
    with pytest.raises(InputError, match="other things"):
        Workspace.open(tmp_path, create=True)
    with pytest.raises(InputError, match="is a file"):
        Workspace.open(tmp_path / "thesis.doc", create=True)
    (tmp_path / "odd.kol").mkdir()
    (tmp_path / "odd.kol" / "workspace.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(InputError, match="is not a workspace"):
        Workspace.open(tmp_path / "odd.kol")
    assert (tmp_path / "thesis.doc").read_text() == "x"


@pytest.mark.parametrize("damage", ["another kind", "cut off"])
def test_a_damaged_file_is_not_mistaken_for_a_busy_one(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "blocks" / "Could not set lock on file.kol"  # what the engine says when it is busy
    Workspace.open(folder, create=True).close()
    file = folder / "workspace.duckdb"
    file.write_bytes(b"not a database" * 1000 if damage == "another kind" else file.read_bytes()[:20_000])
    start = time.monotonic()
    with pytest.raises(KolgraphError) as error:
        Workspace.open(folder)
    assert not isinstance(error.value, StoreBusy)
    assert "another process" not in str(error.value)
    assert time.monotonic() - start < settings.BUSY_WAIT_S / 2


@pytest.mark.parametrize("begun", ["", "CREATE TABLE layout (version INTEGER)"])
def test_a_workspace_whose_making_was_killed_is_a_new_one(tmp_path: Path, edges: Path, begun: str) -> None:
    folder = tmp_path / "w.kol"
    folder.mkdir()
    with duckdb.connect(str(folder / "workspace.duckdb")) as connection:
        connection.execute(begun)
    for known in (False, True):
        with Workspace.open(folder) as ws:
            assert ws.load(edges).known is known


@pytest.mark.parametrize("version", [1, SCHEMA_VERSION + 1])
def test_a_workspace_of_another_version_is_refused(tmp_path: Path, version: int) -> None:
    Workspace.open(tmp_path / "w.kol", create=True).close()
    with duckdb.connect(str(tmp_path / "w.kol" / "workspace.duckdb")) as connection:
        connection.execute("UPDATE layout SET version = ?", [version])
    with pytest.raises(InputError, match="was made by another version of kolgraph"):
        Workspace.open(tmp_path / "w.kol")


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    Workspace.open(tmp_path / "w.kol", create=True).close()
    assert (tmp_path / "w.kol" / "workspace.duckdb").stat().st_mode & 0o077 == 0


def test_the_version_changes_with_a_load_and_only_then(tmp_path: Path, edges: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        empty = ws.version
        ws.load(edges)
        loaded = ws.version
        assert loaded != empty
        ws.load(edges)
        ws.save(scores({"local:1": 1.0}))
        assert ws.version == loaded
    with Workspace.open(tmp_path / "w.kol") as ws:
        assert ws.version == loaded


def test_an_interrupted_transaction_leaves_nothing(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        for error in (KeyboardInterrupt, ValueError):
            with pytest.raises(error), ws.transaction() as connection:
                connection.execute("INSERT INTO namings VALUES ('p', 1, 'mention', 0, NULL, 2, NULL, 1)")
                raise error
        assert ws.sql("SELECT count(*) AS n FROM mentions")["n"].item() == 0


def test_a_refused_file_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("follower,followed\n1,2\n3\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        with pytest.raises(InputError, match=r"bad.csv:3.*max_reject_rate=0\.505"):
            ws.load(tmp_path / "bad.csv")
        for table in ("accounts", "follows", "batches", "rejects"):
            assert ws.sql(f"SELECT count(*) AS n FROM {table}")["n"].item() == 0
        assert ws.load(tmp_path / "bad.csv", max_reject_rate=0.505).counts.rejected == 1


def test_a_result_takes_the_place_of_the_last_one(tmp_path: Path, edges: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(edges)
        ws.save(scores({"local:1": 0.25, "local:2": 0.5}))
        ws.save(scores({"local:7": 0.75}, measure="core"))
        run = ws.save(scores({"local:3": 1.0}, seed=2))
        rows = ws.sql(
            "SELECT a.account_id, s.value, s.run_id FROM scores s JOIN accounts a USING (account_key) ORDER BY 1"
        )
        assert rows["account_id"].tolist() == ["local:3", "local:7"]
        assert rows["value"].tolist() == [1.0, 0.75]
        assert rows["run_id"].iloc[0] == run
        runs = ws.runs()  # earlier ones are kept to compare with, their rows are not
        assert runs["variant"].tolist() == ["core", "pagerank", "pagerank"]
        assert runs[runs["tabled"]]["variant"].tolist() == ["core", "pagerank"]


def test_a_result_about_unknown_accounts_is_refused_whole(tmp_path: Path, edges: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(edges)
        with pytest.raises(UnknownAccount, match="local:nobody"):
            ws.save(scores({"local:1": 0.25, "local:nobody": 0.5}))
        assert ws.runs().empty


def test_a_wrong_query_is_our_error(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        for ask in (ws.sql, ws.arrow, ws.arrays):
            with pytest.raises(InputError, match="nowhere"):
                ask("SELECT * FROM nowhere")


def test_a_folder_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user can write anyway")
    with pytest.raises(EnvironmentProblem) as error:
        Workspace.open(tmp_path / "locked" / "w.kol", create=True)
    assert error.value.exit_code == 3


def test_a_full_disk_is_one_line_and_the_same_command_resumes(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    rng = np.random.default_rng(1)
    pd.DataFrame({"follower": rng.integers(0, 1 << 60, 60_000), "followed": rng.integers(0, 1 << 60, 60_000)}).to_csv(
        file, index=False
    )
    load = (
        "import resource, signal, sys\n"
        "from kolgraph.errors import EnvironmentProblem\nfrom kolgraph.workspace import Workspace\n"
        "with Workspace.open(sys.argv[1], create=True) as ws:\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "    try:\n        ws.load(sys.argv[2])\n"
        "    except EnvironmentProblem as error:\n        print(error)\n"
    )
    done = python(load, tmp_path / "w.kol", file)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "MB free" in done.stdout
    with Workspace.open(tmp_path / "w.kol") as ws:
        assert ws.sql("SELECT count(*) AS n FROM follows")["n"].item() == 0
        assert ws.load(file).counts.accepted == 60_000
        assert ws.load(file).known


def test_many_openings_leave_no_file_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        Workspace.open(tmp_path / "w.kol", create=True).close()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


# ---------------------------------------------------------------------- bad input


MISTAKES: dict[str, tuple[bytes, str, dict[str, Any], str]] = {
    "empty": (b"", "f.csv", {}, "empty"),
    "blank": (b"\n \n", "f.csv", {}, "empty"),
    "comments only": (b"# a\n# b\n", "f.csv", {}, "nothing but comments"),
    "header only": (b"follower,followed\n", "f.csv", {}, "no row"),
    "binary": (bytes(range(256)) * 20, "f.csv", {}, "not recognised"),
    "nul bytes": (b"\0\1\2" * 400, "f.csv", {}, "not a text file"),
    "wrong encoding": ("follower,名\n".encode("gb18030"), "f.csv", {"encoding": "utf-16"}, "utf-16"),
    "unknown encoding": (b"a,b\n1,2\n", "f.csv", {"encoding": "klingon"}, "klingon"),
    "unknown columns": (b"x,y\n1,2\n", "f.csv", {}, "not recognised"),
    "same column twice": (b"follower,followed,follower\n1,2,3\n", "f.csv", {}, "appears twice"),
    "unknown record": (b"x,y\n1,2\n", "f.csv", {"record": "likes", "mapping": {"src": "x"}}, "likes"),
    "unknown field": (b"x,y\n1,2\n", "f.csv", {"record": "follow", "mapping": {"who": "x"}}, "who"),
    "unknown column in mapping": (
        b"x,y\n1,2\n",
        "f.csv",
        {"record": "follow", "mapping": {"src": "z", "dst": "y"}},
        "'z'",
    ),
    "unknown key in mapping": (
        b'{"x": 1}',
        "f.jsonl",
        {"record": "follow", "mapping": {"src": "z.id", "dst": "x"}},
        "z.id",
    ),
    "incomplete mapping": (b"x,y\n1,2\n", "f.csv", {"record": "follow", "mapping": {"src": "x"}}, "dst"),
    "mapping without record": (b"x,y\n1,2\n", "f.csv", {"mapping": {"src": "x"}}, "record"),
    "unknown format": (b"x,y\n1,2\n", "f.csv", {"format": "xls"}, "xls"),
    "unknown keys in a JSON value": (b'[\n{"follower": 1}\n]', "f.json", {}, "not recognised"),
    "not Parquet": (b"PAR1 nonsense", "f.parquet", {}, "Parquet"),
    "not gzip": (b"follower,followed\n1,2\n", "f.csv.gz", {}, "damaged"),
    "cut gzip": (gzip.compress(b"follower,followed\n" + b"%d,2\n" * 99999, mtime=0)[:-20], "f.csv.gz", {}, "f.csv.gz"),
    "pickle": (b"\x80\x04.", "f.pkl", {}, "run code"),
    "not XML": (b"<graphml><node></graphml>", "f.graphml", {"direction": "forward"}, "f.graphml:1"),
    "document type": (
        b'<!DOCTYPE x [<!ENTITY a "aa">]><graphml><graph><node id="&a;"/></graph></graphml>',
        "f.graphml",
        {"direction": "forward"},
        "document type",
    ),
    "graph without direction": (b"<graphml><graph/></graphml>", "f.graphml", {}, "unknown direction"),
    "graph without node": (b"<graphml><graph/></graphml>", "f.graphml", {"direction": "forward"}, "no node"),
    "too many bad rows": (b"follower,followed\n1\n2,3\n", "f.csv", {"max_reject_rate": 0.01}, "nothing loaded"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_loads_nothing(shelf: Shelf, name: str) -> None:
    data, file, options, words = MISTAKES[name]
    with pytest.raises(InputError) as error:
        shelf.load(data, file, **options)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert not any(shelf.content().values())


def test_paths_that_are_no_files(shelf: Shelf) -> None:
    for path, words in (
        (shelf.folder, "folder"),
        (shelf.folder / "none.csv", "no such file"),
        ("a\0b", "no such file"),
    ):
        with pytest.raises(InputError, match=words):
            shelf.ws.load(path)


fragments = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"follower,followed\n",
    b"1,2\n",
    b"src dst\n",
]
fragments += [
    b"1 2 0.5\n",
    b"{",
    b'{"follower": 1, "followed": 2}\n',
    b"}",
    b"[",
    b"\\ud83d",
    b"#",
    b"<graphml>",
    b"<graph>",
]
fragments += [
    b'<node id="1"/>',
    b'<edge source="1" target="2"/>',
    b"</graph></graphml>",
    b"\x1f\x8b",
    b"PAR1",
    b"9" * 30,
]
fragments += ["转发".encode("gb18030"), "转发".encode(), b"\t", b"NaN", b"<!DOCTYPE a>", b"&a;", b"id,name\n", b"e+18"]


def test_only_our_errors_escape_from_300_hostile_files(shelf: Shelf) -> None:
    rng = random.Random(20261123)
    outcomes = {"loaded": 0, "refused": 0}
    tracemalloc.start()
    for k in range(300):
        data = rng.choice([b"", b"follower,followed\n1,2\n", b'{"follower": 1, "followed": 2}\n']) + b"".join(
            rng.choice(fragments) if rng.random() < 0.9 else rng.randbytes(rng.randrange(12))
            for _ in range(rng.randrange(1, 40))
        )
        name = ("f.csv", "f.jsonl", "f.graphml", "f.txt", "f.csv.gz", "f.parquet")[k % 6]
        try:
            shelf.load(gzip.compress(data) if name.endswith("gz") else data, name, record="follow", direction="forward")
            outcomes["loaded"] += 1
        except KolgraphError as error:
            assert error.exit_code == 2, error
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert min(outcomes.values()) > 20, outcomes
    assert peak < 64 << 20
