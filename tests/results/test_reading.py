"""An answer that is only read costs no more than reading: what a repeated command imports, and that rows stay equal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kolgraph.results.packing import unpack
from kolgraph.synth import make_world
from kolgraph.workspace import Workspace

#: Libraries that finding an answer needs, and reading one does not; each takes longer to import than a read may take.
HEAVY = ("pandas", "numba", "igraph", "scipy", "sklearn", "plotly", "networkx")
COMMANDS = {
    "rank": (),
    "rings": (),
    "niches": (),
    "plan": ("--budget", "20000"),
    "spread": (),
    "proven": (),
    "realised": (),
    "quality": (),
    "real": (),
}
_CODE = f"""
import sys
from kolgraph.cli import cli
cli(sys.argv[1:], standalone_mode=False)
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reading")
    files = make_world(1000, seed=3).write(folder / "files")
    with Workspace.open(folder / "w.kol", create=True) as ws:
        for kind in ("accounts", "follows", "posts", "reposts"):
            ws.load(files[kind], platform="weibo")
        ws.plan(budget=20000)
        for verb in ("rank", "niches", "spread", "realised", "quality"):
            getattr(ws, verb)()
    return folder / "w.kol"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repeated_command_imports_no_library_of_the_analyses(path: Path, command: str) -> None:
    arguments = [command, str(path), *COMMANDS[command], "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *arguments], capture_output=True, text=True, timeout=120, env=os.environ
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.splitlines()[-1] == "[]"
    assert done.stdout.startswith("[")


@pytest.mark.parametrize("verb", ["proven", "realised", "quality", "real", "spread"])
def test_records_are_the_rows_of_the_frame(path: Path, verb: str) -> None:
    with Workspace.open(path) as ws:
        found = getattr(ws, verb)()
        assert found.provenance.read
        records, frame = found.records(7), found.frame().head(7)
    frame = frame.reset_index() if frame.index.name else frame
    assert records
    pd.testing.assert_frame_equal(pd.DataFrame(records), frame, check_dtype=False)


def test_columns_are_those_of_the_table_whether_it_was_made_or_not(path: Path) -> None:
    with Workspace.open(path) as ws:
        quality, spread = ws.quality(), ws.spread()
        for found, name in ((quality, "shares"), (spread, "per_cascade"), (spread, "per_node")):
            read = found.columns(name)
            table = getattr(found, name)
            assert list(read) == list(table.columns)
            for column, values in read.items():
                if values.dtype.kind == "f":
                    np.testing.assert_array_equal(values, table[column].to_numpy(np.float64, na_value=np.nan))
                else:
                    assert values.tolist() == table[column].tolist()
            assert list(found.columns(name)) == list(read)


def test_a_summary_is_the_same_read_or_computed(path: Path) -> None:
    with Workspace.open(path) as ws:
        read, computed = ws.spread(), ws.spread(fresh=True)
        assert read.provenance.read
        assert not computed.provenance.read
        assert read.summary() == computed.summary()


def test_an_answer_whose_table_is_gone_says_so_when_the_table_is_asked_for(path: Path) -> None:
    with Workspace.open(path) as ws:
        stored = ws.answers.tabled("quality")[0]
        folder = ws.answers._place(stored.question.key, stored.run)
        table = folder / "r.shares.arrow"
        hidden = table.rename(table.with_suffix(".hidden"))
        try:
            with pytest.raises(ValueError, match=r"shares"):
                unpack(folder)
        finally:
            hidden.rename(table)
