"""Absurd command lines, file names and environments: no exit 1, no traceback, one line that says what is wrong.

`make explore` draws a thousand and more of the catalogue, `make test` the same ones every time.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kolgraph.settings
from kolgraph import cli
from kolgraph.store.engines import neo4j
from kolgraph.workspace import Workspace
from tests.cli.absurd import Absurd, catalogue, filled

ALL = catalogue()
Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small workspace that every question was asked."""
    folder = tmp_path_factory.mktemp("absurd")
    rows = [f"{a},{b}" for a in range(1, 30) for b in (1, 2, a // 2 + 1) if a != b]
    (folder / "f.csv").write_text("follower,followed\n" + "\n".join(rows) + "\n")
    with Workspace.open(folder / "kept.kol", create=True) as ws:
        ws.load(folder / "f.csv", platform="weibo")
        ws.rank()
    return folder


def run(line: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a command in this process: an absurd line costs no start of a program."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace"), io.StringIO()
    before = Path.cwd()
    with (
        mock.patch.object(sys, "argv", ["kolgraph", *line]),
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(neo4j, "CONNECT_S", 0.2),
        pytest.raises(SystemExit) as end,
    ):
        cli.main()
    os.chdir(before)
    out.flush()
    return int(end.value.code or 0), out.buffer.getvalue().decode(), err.getvalue()


def check(absurd: Absurd, place: Path) -> None:
    workspace = place / "w.kol"
    if not workspace.exists():
        shutil.copytree(place / "kept.kol", workspace)
    with contextlib.chdir(place):
        code, out, err = run(filled(absurd, workspace, place / "f.csv"), absurd.environment)
    said = [line for line in err.splitlines() if line.startswith("kolgraph: ")]
    assert code in {0, 2, 3, 4, 5}, (code, err)
    assert not [word for word in ("Traceback", "a defect", "hunter2secret") if word in out + err], err
    assert len(said) == (code != 0), err
    if code:
        assert err.rstrip("\n").splitlines()[-1] == said[0]


@pytest.mark.slow
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(absurd=st.sampled_from(ALL))
def test_absurd_command_lines_end_in_one_line(place: Path, absurd: Absurd) -> None:
    check(absurd, place)


@pytest.mark.parametrize("said", ["lots", "", "-1", "0", "nan", "99999999999TB", "4GB; DROP TABLE x", "4 G B"])
def test_a_memory_that_is_no_size_is_named(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(kolgraph.settings, "WORKSPACE_MEMORY", said)
    code, out, err = invoke("info", "w.kol")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert f"KOLGRAPH_MEMORY={said!r}" in err


@pytest.mark.parametrize(
    "error", [ImportError("libx.so: failed to map segment\nmore"), OSError("Could not find/load 'libllvmlite.so'")]
)
def test_a_library_that_cannot_be_loaded_is_no_defect(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(cli, "cli", mock.Mock(side_effect=error))
    code, out, err = invoke("info", "w.kol")
    assert (code, out) == (3, "")
    assert (
        err
        == f"kolgraph: {str(error).splitlines()[0]}; if no library is missing, raise the limit of memory (ulimit -v)\n"
    )


def test_the_catalogue_is_of_every_command_and_large() -> None:
    assert len(set(ALL)) >= 3000
    assert {absurd.line[0] for absurd in ALL} >= set(cli.cli.commands)
