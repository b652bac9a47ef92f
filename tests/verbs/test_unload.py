"""Unloading a file is as if it had never been loaded, whatever it shared with others; or nothing is done."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.records import RECORDS
from kolgraph.verbs.export import export_tables
from kolgraph.verbs.forget import forget
from kolgraph.verbs.unload import unload
from kolgraph.workspace import Workspace
from tests.workspace.test_merge import files
from tests.worlds.shelf import CONTENT

Invoke = Callable[..., tuple[int, str, str]]


def content(ws: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    return {t: sorted((tuple(r.values()) for r in ws.arrow(q).to_pylist()), key=repr) for t, q in CONTENT.items()}


def exported(ws: Workspace, folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in export_tables(ws, folder, "csv")}


def ledger(ws: Workspace) -> list[tuple[Any, ...]]:
    return ws.fetch("SELECT batch, file, rows_read, accepted, merged, rejected FROM batches ORDER BY batch")


def put(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return [folder / f"{name}.csv" for name in texts]


def follows(*pairs: str) -> str:
    return "follower,followed\n" + "".join(f"{pair}\n" for pair in pairs)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(files(), min_size=1, max_size=4, unique=True), data=st.data())
def test_it_is_as_if_the_file_had_never_been_loaded(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    out = data.draw(st.integers(0, len(parts) - 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def load(ws: Workspace, number: int) -> None:
            record, text = parts[number]
            path = folder / f"{number}.csv"
            path.write_text(text)
            options: dict[str, Any] = {"record": record, "mapping": {f: f for f in RECORDS[record]}}
            ws.load(path, platform="weibo", max_reject_rate=1.0, **options)

        with Workspace.open(folder / "never.kol", create=True) as never:
            for number in range(len(parts)):
                if number != out:
                    load(never, number)
            expected = content(never), ledger(never), exported(never, folder / "never")
        with Workspace.open(folder / "w.kol", create=True) as ws:
            for number in range(len(parts)):
                load(ws, number)
            unload(ws, folder / f"{out}.csv")
            assert (content(ws), ledger(ws), exported(ws, folder / "again")) == expected
        with Workspace.open(folder / "w.kol") as ws:
            assert content(ws) == expected[0]


def test_a_file_is_named_by_path_number_archive_or_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crawl").mkdir()
    put(tmp_path, a=follows("1,2"), b=follows("3,2"))
    put(tmp_path / "crawl", c=follows("4,2"), d=follows("5,2"))
    with zipfile.ZipFile("x.zip", "w") as archive:
        archive.writestr("in/e.csv", follows("6,2"))
        archive.writestr("f.csv", follows("7,2"))
    said: dict[Any, list[str]] = {
        "a.csv": ["a.csv"],
        tmp_path / "a.csv": ["a.csv"],
        2: ["b.csv"],
        "2": ["b.csv"],
        "x.zip!/f.csv": ["x.zip!/f.csv"],
        "x.zip": ["x.zip!/in/e.csv", "x.zip!/f.csv"],
        "crawl": ["crawl/c.csv", "crawl/d.csv"],
    }
    everything = ["a.csv", "b.csv", "crawl/c.csv", "crawl/d.csv", "x.zip!/in/e.csv", "x.zip!/f.csv"]
    with Workspace.open("w.kol", create=True) as ws:
        for name, meant in said.items():
            ws.load_all(["a.csv", "b.csv", "crawl", "x.zip"])
            order = [row[1] for row in ledger(ws)]
            assert sorted(order) == sorted(everything)
            chosen = meant if not isinstance(name, int) and name != "2" else [order[1]]
            done = unload(ws, name)
            assert sorted(done.files) == sorted(chosen)
            assert {row[1] for row in ledger(ws)} == set(everything) - set(chosen)
            assert len(ws.sql("FROM follows")) == 6 - len(chosen)


def test_what_cannot_be_loaded_again_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    a, b, c, d = put(tmp_path, a=follows("1,2"), b=follows("3,2"), c=follows("4,2"), d=follows("5,2"))
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load_all([a, b, c, d])
        b.unlink()
        c.write_text(follows("4,3"))
        before = content(ws), ledger(ws)
        with pytest.raises(
            InputError, match=r"b\.csv \(batch 2\): it is not there.*c\.csv \(batch 3\): it has changed"
        ):
            unload(ws, a)
        with pytest.raises(InputError, match=r"e\.csv: no such file was loaded here"):
            unload(ws, "e.csv")
        assert (content(ws), ledger(ws)) == before
        assert not list((tmp_path / "w.kol").rglob("unloading*"))
        unload(ws, [a, b, c])  # d is there
        assert [row[1] for row in ledger(ws)] == [str(d)]


def test_different_files_of_one_name_are_told_apart_by_number(tmp_path: Path) -> None:
    [a] = put(tmp_path, a=follows("1,2"))
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(a)
        put(tmp_path, a=follows("3,2"))
        ws.load(a)
        with pytest.raises(InputError, match="name one by number: 1, 2"):
            unload(ws, a)
        unload(ws, 1)
        assert ws.fetch("SELECT account_id FROM accounts ORDER BY account_key") == [("local:2",), ("local:3",)]


def test_answers_and_what_was_made_of_them_are_gone(tmp_path: Path) -> None:
    a, b = put(tmp_path, a=follows("1,2", "3,2"), b=follows("4,2"))
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load_all([a, b])
        ws.rank(by="pagerank")
        ws.publish()
        version = ws.version
        assert len(ws.runs())
        unload(ws, b)
        assert ws.runs().empty
        assert ws.version != version
        assert {path.name for path in ws.path.iterdir()} <= {"workspace.duckdb", "workspace.duckdb.wal", "cache"}
        assert not list(ws.cache.iterdir())
        assert set(ws.rank(by="pagerank").frame().index) == {"local:1", "local:2", "local:3"}


def test_who_was_forgotten_stays_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KOLGRAPH_KEY", raising=False)
    a, b = put(tmp_path, a="account,name\n7100200300,阿明\n5,小红\n", b=follows("7100200300,5", "6,5"))
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load_all([a, b], platform="weibo")
        forget(ws, ["weibo:7100200300"])
        unload(ws, b)
        assert ws.fetch("SELECT account_id FROM accounts ORDER BY 1") == [("weibo:5",)]
        ws.load(b, platform="weibo", max_reject_rate=1.0)
        assert ws.fetch("SELECT count(*) FROM follows") == [(1,)]
        unload(ws, [1, 2])  # now it is empty, but remembers
        assert not any(content(ws).values())
        assert ws.load(a, platform="weibo", max_reject_rate=1.0).counts.rejected == 1


def test_a_pseudonymous_ledger_leads_to_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLGRAPH_KEY", "0123456789abcdef0123456789abcdef")
    a, b = put(tmp_path, a=follows("1,2"), b=follows("3,2"))
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load_all([a, b], platform="weibo", pseudonymise=True)
        with pytest.raises(InputError, match="a pseudonymous ledger does not say where it is"):
            unload(ws, a)
        unload(ws, [a, b])
        assert not any(content(ws).values())
        ws.load(a, platform="weibo")  # an empty workspace is what its first file makes of it


def test_a_file_loaded_without_its_platform_is_taken_out_as_the_report_says(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path, a=follows("1000300183,1000300184"), b=follows("1000300184,1000300185"))
    code, out, _ = invoke("load", "w.kol", "a.csv")
    assert code == 0
    assert "kolgraph unload WORKSPACE a.csv and load it with --platform weibo" in out
    code, out, err = invoke("unload", "w.kol", "a.csv")
    assert (code, out) == (0, "unloaded: a.csv; 0 others loaded again; what was computed has to be computed again\n"), (
        err
    )
    assert invoke("load", "w.kol", "a.csv", "b.csv", "--platform", "weibo")[0] == 0
    with Workspace.open("w.kol") as ws:
        assert set(ws.sql("FROM accounts")["platform"]) == {"weibo"}


CRASH = """
import os, signal, sys
from pathlib import Path
from kolgraph.verbs.unload import unload
from kolgraph.workspace import Workspace
folder, file, die_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
steps = 0
def step(event, arguments):
    global steps
    if event in {"open", "os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.rmtree"}:
        if str(folder) in str(arguments[0]):
            steps += 1
            if steps == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
with Workspace.open(folder) as ws:
    sys.addaudithook(step)
    unload(ws, file)
"""


def test_a_kill_leaves_the_old_workspace_or_the_new_one(tmp_path: Path) -> None:
    a, b = put(tmp_path, a=follows("1,2", "3,2"), b=follows("4,2", "1,2"))
    folder = tmp_path / "w.kol"
    with Workspace.open(folder, create=True) as ws:
        ws.load(a)
        new = content(ws)
        ws.load(b)
        old = content(ws)
    seen = []
    for step in range(1, 60):
        command = [sys.executable, "-c", CRASH, str(folder), str(b), str(step)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        with Workspace.open(folder) as ws:
            held = content(ws)
            assert held in (old, new), step
            seen.append(held == new)
            if held == new:
                assert ws.load(b).counts.accepted == 1
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
    assert not seen[0] and seen[-1]
    assert len(seen) > 5
