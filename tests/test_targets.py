"""Nothing is overwritten that kolgraph did not write; a file is whole or not there; what was left behind goes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kolgraph import targets
from kolgraph.cli.demo import MARK, SAMPLE, _make_room
from kolgraph.errors import EnvironmentProblem, InputError
from kolgraph.targets import atomic_path, check, scratch, sweep
from kolgraph.workspace import Workspace

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A workspace of two accounts."""
    (tmp_path / "f.csv").write_text("follower,followed\n1,2\n2,1\n")
    with Workspace.open(tmp_path / "a.kol", create=True) as ws:
        ws.load(tmp_path / "f.csv", platform="weibo")
    return tmp_path / "a.kol"


def _dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text(targets.MARK)
    with pytest.raises(ValueError, match="half-way"), atomic_path(target) as part:
        part.write_text("new")
        raise ValueError("half-way")
    with pytest.raises(EnvironmentProblem, match="No space"), atomic_path(target) as part:
        raise OSError(28, "No space left on device")
    assert target.read_text() == targets.MARK
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_what_is_no_file_of_ours_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("my thesis")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    cases = {"thesis.txt": "did not write", "folder": "is a folder", "link": "is a link", "pipe": "no regular file"}
    for name, said in (cases | {"a\0b": "no file name", "..": "is a folder"}).items():
        with pytest.raises(InputError, match=said):
            check(tmp_path / name)
    with pytest.raises(InputError, match="no file name"):
        check(Path())
    with pytest.raises(InputError, match="no regular file"):
        check(Path("/dev/null"))
    for name in ("loop/a", "a" * 300):
        with pytest.raises(EnvironmentProblem, match="cannot write here"):
            check(tmp_path / name)
    (tmp_path / "empty").touch()
    check(tmp_path / "empty")
    check(tmp_path / "new")


def test_no_command_writes_over_a_file_of_yours(small: Path, tmp_path: Path, invoke: Invoke) -> None:
    mine = tmp_path / "thesis"
    mine.mkdir()
    for name in ("a.lbug", "a.html", "a.csv", "a.xlsx", "a.json", "a.parquet", "a.graphml", "a.gexf", "a.gdf"):
        (mine / name).write_text("my thesis")
    for name in ("accounts.csv", "follows.parquet", "import.sh", "reposts.csv"):  # the last would be removed, as empty
        (mine / name).write_text("my thesis")
    tries = [
        ("publish", small, "--to", mine / "a.lbug"),
        ("report", small, "-o", mine / "a.html"),
        *(("export", small, "accounts", mine / f"a.{kind}") for kind in ("csv", "xlsx", "json", "parquet")),
        *(("export", small, "graph", mine / f"a.{kind}") for kind in ("graphml", "gexf", "gdf")),
        *(("export", small, "all", mine, "--to", form) for form in ("csv", "parquet", "neo4j-admin")),
    ]
    for line in tries:
        code, _, err = invoke(*line)
        assert (code, "kolgraph did not write it" in err) == (2, True), line
    assert {file.read_text() for file in mine.iterdir()} == {"my thesis"}


def test_no_command_writes_into_a_workspace(small: Path, tmp_path: Path, invoke: Invoke) -> None:
    before = (small / "workspace.duckdb").read_bytes()
    (tmp_path / "door").symlink_to(small)
    for line in [
        ("publish", small, "--to", small / "x.lbug"),
        ("report", small, "-o", small / "workspace.duckdb"),
        ("report", small, "-o", tmp_path / "door" / "r.html"),
        ("export", small, "accounts", small / "deep" / "a.csv"),
        ("export", small, "all", small / "out"),
    ]:
        code, _, err = invoke(*line)
        assert (code, "inside a workspace" in err) == (2, True), line
    code, _, err = invoke("publish", small, "--to", small / "workspace.duckdb")
    assert (code, ".lbug" in err) == (2, True)
    assert (small / "workspace.duckdb").read_bytes()[:4096] == before[:4096]
    assert not (small / "out").exists()
    assert invoke("info", small)[0] == 0


@pytest.mark.parametrize("form", ["graphml", "gexf", "gdf", "html", "lbug"])
def test_our_own_files_are_written_again(small: Path, tmp_path: Path, invoke: Invoke, form: str) -> None:
    target = tmp_path / f"out.{form}"
    line = {"html": ("report", small, "-o", target), "lbug": ("publish", small, "--to", target)}
    for _ in range(2):
        assert invoke(*line.get(form, ("export", small, "graph", target)))[0] == 0
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("form", ["csv", "parquet", "neo4j-admin"])
def test_exports_of_people_are_their_owners_only_and_written_again(small: Path, tmp_path: Path, form: str) -> None:
    before = os.umask(0)
    try:
        with Workspace.open(small) as ws:
            for _ in range(2):
                files = ws.export("all", tmp_path / "out", to=form)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert {file.name for file in (tmp_path / "out").iterdir()} == {file.name for file in files}


@pytest.mark.parametrize(
    "address", ["localhost:7687", "neo4j:hunter2secret@127.0.0.1:9", "db.example.org", "C:\\graph", "", "7687"]
)
def test_an_address_without_a_protocol_is_no_file(
    small: Path, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    for line in (("publish", small, "--to", address), ("query", small, "top-accounts", "--to", address)):
        code, out, err = invoke(*line)
        assert (code, out, ".lbug" in err and "bolt://" in err, "hunter2secret" in err) == (2, "", True, False)
    assert sorted(tmp_path.iterdir()) == before


def test_a_second_demo_takes_the_place_of_the_first_and_of_nothing_else(tmp_path: Path, small: Path) -> None:
    folder = tmp_path / "demo"
    with pytest.raises(InputError, match="did not make"):
        _make_room(tmp_path)
    _make_room(folder)
    assert (folder / MARK).exists()
    (folder / "notes.txt").write_text("note")
    (folder / "files").mkdir()
    (folder / "files" / "follows.csv").write_text("follower,followed\n1,2\n")
    (folder / "report.en.html").write_text(targets.MARK)
    small.rename(folder / "mine.kol")
    with Workspace.open(folder / SAMPLE, create=True) as ws:
        ws.load(folder / "files" / "follows.csv", platform="weibo")
    _make_room(folder)
    left = {path.relative_to(folder).as_posix() for path in folder.iterdir()}
    assert left == {MARK, "notes.txt", "files", "mine.kol"}
    with Workspace.open(folder / SAMPLE, create=True) as ws:  # into which somebody loads what is no part of the demo
        ws.load(tmp_path / "f.csv", platform="weibo")
    with pytest.raises(InputError, match=r"f\.csv was loaded into it too"):
        _make_room(folder)
    (folder / "report.zh.html").write_text("my own report")
    with pytest.raises(InputError, match="did not write"):
        _make_room(folder)
    assert (folder / SAMPLE / "workspace.duckdb").exists()


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    with scratch(tmp_path) as mine, atomic_path(tmp_path / "a.csv") as part:
        gone = [tmp_path / f"kolgraph-{_dead()}-abc", tmp_path / f".kolgraph-{_dead()}-abc.csv"]
        gone[0].mkdir()
        (gone[0] / "people.txt").write_text("names")
        gone[1].write_text("names")
        kept = [tmp_path / "kolgraph-neo4j-abc", tmp_path / f"kolgraph-{os.getpid()}-x", tmp_path / ".kolgraph-x"]
        for path in kept:
            path.mkdir()
        (tmp_path / f"kolgraph-{_dead()}-link").symlink_to(kept[0])
        sweep(tmp_path)
        sweep(tmp_path, ".kolgraph-")
        assert not any(path.exists() for path in gone)
        assert all(path.exists() for path in (*kept, mine, part))
        for path in kept:
            path.rmdir()
    assert sorted(p.name.partition("-")[0] for p in tmp_path.iterdir()) == ["a.csv", "kolgraph"]  # a link is left alone


def test_a_command_takes_away_what_others_left_in_the_workspace(small: Path, invoke: Invoke) -> None:
    left = ["spill/duckdb_temp_storage_S32K-0.tmp", "workspace.duckdb.7.new", "workspace.duckdb.7.new.wal"]
    left += [
        "cache/.part-x/idx",
        "cache/unloading.7/workspace.duckdb",
        "answers/k/.part-y/answer.json",
        "graph.lbug.7.new",
        ".kolgraph-7-x",
        "cache/published/1/kolgraph-7-x/Account.csv",
    ]
    for name in left:
        (small / name).parent.mkdir(parents=True, exist_ok=True)
        (small / name).write_text("names of people")
    assert invoke("info", small)[0] == 0
    assert [path.name for path in small.rglob("*") if path.is_file()] == ["workspace.duckdb"]


def test_a_folder_that_is_locked_is_in_use_though_its_number_is_of_nobody(tmp_path: Path) -> None:
    with scratch(tmp_path) as mine:
        moved = mine.rename(tmp_path / f"kolgraph-{_dead()}-elsewhere")
        sweep(tmp_path)
        assert moved.exists()
    sweep(tmp_path)
    assert not moved.exists()


def test_the_next_file_takes_the_half_written_one_away(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from kolgraph.targets import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as part: part.write_text('half'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.csv")], check=False)
    assert done.returncode == -9
    [half] = tmp_path.iterdir()
    assert stat.S_IMODE(half.stat().st_mode) == 0o600
    with atomic_path(tmp_path / "a.csv") as part:
        part.write_text("whole")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["whole"]
