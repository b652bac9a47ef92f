"""Workspace: all or nothing, one at a time, honest about the machine; a new answer replaces the old."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, StoreBusy, UnknownAccount
from kolgraph.results import Scores
from kolgraph.workspace import Workspace


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
                connection.execute("INSERT INTO mentions VALUES ('p', 0, 1, 2, NULL, NULL, 1)")
                raise error
        assert ws.sql("SELECT count(*) AS n FROM mentions")["n"].item() == 0


def test_a_refused_file_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("follower,followed\n1,2\n3\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        with pytest.raises(InputError, match=r"bad.csv:3.*--max-reject-rate 0\.505"):
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
        assert ws.runs()["variant"].tolist() == ["core", "pagerank"]


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
