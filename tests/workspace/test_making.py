"""A workspace is made whole or not at all, by one at a time; what cannot be written is read; one process owns it."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, StoreBusy
from kolgraph.workspace import Workspace, handle, making, opening
from kolgraph.workspace.folder import FILE


@pytest.fixture
def edges(tmp_path: Path) -> Path:
    path = tmp_path / "f.csv"
    path.write_text("follower,followed\n" + "".join(f"a{i},b{i % 7}\n" for i in range(300)))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ------------------------------------------------------------------ made whole or not at all


@pytest.mark.parametrize("left", [{FILE: b""}, {f"{FILE}.part": b"half", f"{FILE}.part.wal": b"x"}])
def test_what_a_dead_maker_left_is_taken_away(tmp_path: Path, edges: Path, left: dict[str, bytes]) -> None:
    folder = tmp_path / "w.kol"
    folder.mkdir()
    for name, content in left.items():
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match="no workspace here"):
        Workspace.open(folder)
    with Workspace.filling(folder) as ws:
        assert ws.load(edges).counts.accepted == 300
    assert names(folder) <= {FILE, "cache", "spill"}


def test_what_a_process_left_that_was_killed_at_work_goes_with_the_next_opening(tmp_path: Path, edges: Path) -> None:
    folder = tmp_path / "w.kol"
    with Workspace.open(folder, create=True) as ws:
        ws.load(edges)
        ws.rank(by="in_degree")
    before = {path for path in folder.rglob("*") if path.name != FILE}
    for left in ("spill/x.tmp", "cache/.part-a/idx.npy", "answers/0a/.part-b/answer.json", "cache/unloading.1/w"):
        (folder / left).parent.mkdir(parents=True)
        (folder / left).write_text("half")
    (folder / f"{FILE}.123.new").write_text("half")
    with Workspace.open(folder) as ws:
        assert ws.rank(by="in_degree").provenance.read
        half = folder / "cache" / ".part-mine"
        half.mkdir()
        with Workspace.open(folder):  # the first is still at work
            assert half.exists()
        half.rmdir()
    assert {path for path in folder.rglob("*") if path.name != FILE} - before <= {folder / "answers" / "0a"}


@pytest.mark.parametrize("step", [0, 1, 2, 20, -2, -1])
def test_a_making_that_fails_at_any_step_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    done: list[str] = []

    class Failing:
        def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
            self._connection = connection

        def execute(self, query: str, *more: Any) -> Any:
            if len(done) == at:
                raise duckdb.IOException('Could not write file "x": No space left on device')
            done.append(query)
            return self._connection.execute(query, *more)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    at = 1 << 30
    connect = making.connect
    monkeypatch.setattr(making, "connect", lambda file: Failing(connect(file)))
    Workspace.open(tmp_path / "whole.kol", create=True).close()
    at = step % len(done)
    done.clear()
    folder = tmp_path / "deep" / "w.kol"
    with pytest.raises(EnvironmentProblem, match="No space left on device"):
        Workspace.open(folder, create=True)
    assert len(done) == at
    assert not folder.parent.exists()
    monkeypatch.undo()
    Workspace.open(folder, create=True).close()
    assert names(folder) == {FILE}


def test_no_memory_leaves_nothing(tmp_path: Path, edges: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "WORKSPACE_MEMORY", "1B")
    with pytest.raises(EnvironmentProblem, match="KOLGRAPH_MEMORY"), Workspace.filling(tmp_path / "w.kol") as ws:
        ws.load(edges)
    assert not (tmp_path / "w.kol").exists()
    monkeypatch.undo()
    with Workspace.filling(tmp_path / "w.kol") as ws:
        ws.load(edges)


def test_a_file_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(making, "to_disk", full)
    with pytest.raises(EnvironmentProblem, match="No space left on device"):
        Workspace.open(tmp_path / "w.kol", create=True)
    assert not (tmp_path / "w.kol").exists()


def test_many_make_one_workspace_at_once(tmp_path: Path) -> None:
    ready = threading.Barrier(8)

    def make(_turn: int) -> str:
        ready.wait()
        with Workspace.open(tmp_path / "w.kol", create=True) as ws:
            return ws.version

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(8)))) == 1
    assert names(tmp_path / "w.kol") == {FILE}


def test_who_waits_for_a_maker_too_long_is_told_that_it_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BUSY_WAIT_S", 0.1)
    (tmp_path / "w.kol").mkdir()
    with making.alone(tmp_path / "w.kol", 0), pytest.raises(StoreBusy, match="wait for it"):
        Workspace.open(tmp_path / "w.kol", create=True)


def test_a_workspace_that_is_taken_away_by_its_maker_is_made_again(tmp_path: Path, edges: Path) -> None:
    first = making.Making(tmp_path / "w.kol" / FILE)
    empty = Workspace.open(tmp_path / "w.kol", create=True)
    first.undo(empty._handle.connection)
    empty.close()
    assert not (tmp_path / "w.kol").exists()
    with Workspace.filling(tmp_path / "w.kol") as ws:
        assert ws.load(edges).counts.accepted == 300


def test_only_the_owner_can_look_into_it(tmp_path: Path) -> None:
    Workspace.open(tmp_path / "w.kol", create=True).close()
    assert (tmp_path / "w.kol").stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------ what can only be read


@pytest.fixture
def still(tmp_path: Path, edges: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose file the engine cannot open for writing."""
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(edges)

    def connect(file: Path, *, read_only: bool = False, **more: Any) -> duckdb.DuckDBPyConnection:
        if not read_only:
            raise duckdb.IOException(f'IO Error: Cannot open file "{file.absolute()}": Read-only file system')
        return handle.connect(file, read_only=True, **more)

    monkeypatch.setattr(opening, "connect", connect)
    return tmp_path / "w.kol"


def test_what_cannot_be_written_is_read(still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = hashlib.sha256((still / FILE).read_bytes()).digest()
    with Workspace.open(still) as ws:
        [spill] = scratch.iterdir()  # people's data, should it be needed
        assert spill.stat().st_mode & 0o077 == 0
        assert ws.fetch("SELECT current_setting('temp_directory')") == [(str(spill),)]
        assert len(ws.sql("FROM accounts")) == 307
        assert ws.info()
        found = ws.rank(by="pagerank")
        assert ws.rank(by="pagerank").provenance.read
        assert len(ws.sql("FROM scores")) == len(found.ids)  # for this connection
        ws.export("accounts", tmp_path / "a.csv")
        forget, unload = (lambda: ws.forget(["local:b1"])), (lambda: ws.unload(1))
        for write in (lambda: ws.load(tmp_path / "f.csv", name="again"), ws.resolve_names, forget, unload):
            with pytest.raises(EnvironmentProblem, match=r"can only be read here \(read-only file system\); ") as error:
                write()
            assert "\n" not in str(error.value)
        shutil.rmtree(ws.cache, ignore_errors=True)
        ws.cache.touch()  # as if nothing could be kept there: what was published is not remembered
        assert len(ws.export("all", tmp_path / "neo", to="neo4j-admin")) > 10
        ws.cache.unlink()
    assert hashlib.sha256((still / FILE).read_bytes()).digest() == before
    assert names(still) <= {FILE, "cache", "answers"}
    assert not names(scratch)


def test_a_file_that_nobody_lets_us_read_is_not_called_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.open(tmp_path / "Conflicting lock is held.kol", create=True).close()

    def connect(file: Path, **_: Any) -> duckdb.DuckDBPyConnection:
        raise duckdb.IOException(f'IO Error: Cannot open file "{file.absolute()}": Permission denied')

    monkeypatch.setattr(opening, "connect", connect)
    with pytest.raises(EnvironmentProblem, match="permission denied; it can neither be written nor read") as error:
        Workspace.open(tmp_path / "Conflicting lock is held.kol")
    assert "another process" not in str(error.value)


def test_answers_that_cannot_be_kept_are_given(tmp_path: Path, edges: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full: results are there while the workspace is open, in the tables too."""
    from kolgraph.workspace import answers

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(edges)
        monkeypatch.setattr(answers, "pack", full)
        enter, failed = answers.Answers._enter, []

        def once(self: Any, connection: Any, stored: Any, result: Any) -> None:
            if not failed:
                failed.append(stored)
                raise EnvironmentProblem("No space left on device")
            enter(self, connection, stored, result)

        monkeypatch.setattr(answers.Answers, "_enter", once)
        found = ws.rank(by="pagerank")
        assert failed
        again = ws.rank(by="pagerank")
        assert again.provenance.read
        assert again == found
        assert len(ws.sql("FROM scores")) == 307
    monkeypatch.undo()
    with Workspace.open(tmp_path / "w.kol") as ws:
        assert ws.runs().empty
        assert ws.rank(by="pagerank") == found


# ------------------------------------------------------------------ names


def test_a_colon_in_a_name_is_part_of_the_name(tmp_path: Path, edges: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("sqlite:b.kol", "a:b.kol", "md:x.kol", "s3:w.kol"):
        with Workspace.open(name, create=True) as ws:
            ws.load(edges)
            ws.rewrite()
            assert len(ws.sql("FROM follows")) == 300
        assert names(Path(name)) <= {FILE, "cache"}


def test_a_folder_whose_name_is_no_text_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/w\xff.kol"))
    with pytest.raises(InputError, match=r"w\\udcff.kol: this name is not UTF-8"):
        Workspace.open(folder, create=True)
    assert not folder.exists()


def test_a_file_whose_name_is_no_text_is_refused_and_the_rest_loaded(tmp_path: Path, edges: Path) -> None:
    folder = tmp_path / "crawl"
    folder.mkdir()
    edges.rename(folder / "good.csv")
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/fans\xb0\xa1.csv"))
    odd.write_text("follower,followed\n1,2\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        skipped, good = sorted(ws.load_all(folder), key=lambda report: not report.skipped)
        assert good.counts.accepted == 300
        assert skipped.skipped.endswith("this file's name is not UTF-8; rename it, then load it")
        assert r"fans\udcb0\udca1.csv" in skipped.skipped
        with pytest.raises(InputError, match="not UTF-8"):
            ws.load_all(odd)
        assert len(ws.sql("FROM follows")) == 300


# ------------------------------------------------------------------ processes and threads

_FORKED = """
import os, sys
from pathlib import Path
from kolgraph.errors import StoreError
from kolgraph.workspace import Workspace
folder = Path(sys.argv[1])
ws = Workspace.open(folder / "w.kol", create=True)
ws.load(folder / "f.csv")
child = os.fork()
if not child:
    for use in (lambda: ws.load(folder / "g.csv"), lambda: ws.sql("FROM accounts"), lambda: ws.version,
                lambda: ws.rank(), lambda: Workspace.open(folder / "w.kol")):
        try:
            use()
        except StoreError as error:
            assert "fork" in str(error) and "\\n" not in str(error), error
        else:
            os._exit(1)
    ws.close()
    sys.exit(7)  # an ordinary end: what is open would be closed
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
ws.load(folder / "h.csv")
ws.close()
child = os.fork()  # nothing is open by now
if not child:
    with Workspace.open(folder / "w.kol") as mine:
        os._exit(len(mine.sql("FROM batches")))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
with Workspace.open(folder / "w.kol") as again:
    print(len(again.sql("FROM follows")), again.sql("FROM batches")["accepted"].tolist())
"""


def test_a_forked_process_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    for name in "fgh":
        rows = "".join(f"{name}{i},{name}\n" for i in range(500))
        (tmp_path / f"{name}.csv").write_text(f"follower,followed\n{rows}")
    command = [sys.executable, "-W", "ignore", "-c", _FORKED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "1000 [500, 500]\n", done.stderr


def test_a_second_handle_does_not_give_up_the_lock_of_the_first(tmp_path: Path, edges: Path) -> None:
    code = (
        "import sys\nfrom kolgraph import settings\nfrom kolgraph.errors import StoreBusy\n"
        "from kolgraph.workspace import Workspace\nsettings.BUSY_WAIT_S = 0.2\n"
        "try:\n    Workspace.open(sys.argv[1])\nexcept StoreBusy:\n    sys.exit(4)\n"
    )
    with Workspace.open(tmp_path / "w.kol", create=True) as first:
        Workspace.open(tmp_path / "w.kol").close()
        first.load(edges)
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "w.kol")], check=False, timeout=60)
        assert done.returncode == 4


def test_threads_take_turns_with_one_workspace(tmp_path: Path) -> None:
    for turn in range(6):
        rows = "".join(f"{turn}x{i},b{i % 5}\n" for i in range(200))
        (tmp_path / f"{turn}.csv").write_text(f"follower,followed\n{rows}")

    def use(turn: int) -> int:
        ws.load(tmp_path / f"{turn}.csv")
        ws.rank(by="in_degree")
        assert ws.version
        return len(ws.sql("FROM follows"))

    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        with ThreadPoolExecutor(6) as pool:
            seen = sorted(pool.map(use, range(6)))
        assert seen[-1] == 1200
        assert all(n % 200 == 0 for n in seen)
        assert ws.rank(by="in_degree").values.sum() == 1200
        assert not ws.traces


def test_a_transaction_within_another_is_refused_in_one_line(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        with pytest.raises(KolgraphError) as error, ws.transaction(), ws.transaction():
            pass
        assert "\n" not in str(error.value)
        with ws.transaction() as connection:
            connection.execute("DELETE FROM follows")
