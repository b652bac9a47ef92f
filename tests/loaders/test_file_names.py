"""File names are names: whatever stands in one, this file is read and no neighbour, by every reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from kolgraph.workspace import Workspace
from tests.worlds.shelf import Shelf

#: A name, and names of neighbours that it would match if it were a pattern.
NAMES = {
    "fans[1]": ["fans1"],
    "x*": ["x7", "x"],
    "who?": ["whom"],
    "[!a]": ["b"],
    "{a,b}": ["a", "b"],
    "a\\[b": ["ab", "a[b"],
    "\\": [],
    "~": [],
    "it's": [],
    "**": ["y"],
    "src=7": [],
    "名单[甲]": ["名单甲"],
}

SOURCES = "SELECT DISTINCT account_id AS s FROM follows JOIN accounts ON account_key = src"


def _csv(path: Path, src: str) -> None:
    path.write_text(f"follower,followed\n{src},2\n")


def _parquet(path: Path, src: str) -> None:
    parquet.write_table(pa.table({"follower": [src], "followed": ["2"]}), path)


def _jsonl(path: Path, src: str) -> None:
    path.write_text("".join(json.dumps({"follower": src, "followed": d}) + "\n" for d in "23"))


def _json(path: Path, src: str) -> None:
    path.write_text(json.dumps([{"follower": src, "followed": "2"}], indent=0))


WRITERS: dict[str, Callable[[Path, str], None]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _jsonl,
    ".json": _json,
}


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_is_read_under_its_name_and_no_neighbour(tmp_path: Path, shelf: Shelf, ending: str) -> None:
    for name, neighbours in NAMES.items():
        folder = tmp_path / f"{name}[0]"
        folder.mkdir()
        for other in neighbours:
            WRITERS[ending](folder / f"{other}{ending}", "999")
        file = folder / f"{name}{ending}"
        WRITERS[ending](file, "111")
        shelf.load_file(file)
        assert shelf.rows(SOURCES) == [("local:111",)], name
        shelf.empty()


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_columns_are_those_of_the_file_and_not_of_its_folder(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "follower=8" / "followed=9"
    folder.mkdir(parents=True)
    WRITERS[ending](folder / f"f{ending}", "1")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(folder / f"f{ending}")
        assert sorted(ws.sql("SELECT account_id FROM accounts")["account_id"]) == ["local:1", "local:2"]


def test_a_relative_name_that_begins_like_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder, src in (("home", "999"), ("~", "111")):
        Path(folder).mkdir()
        _csv(Path(folder, "f.csv"), src)
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(Path("~", "f.csv"))
        assert list(ws.sql(SOURCES)["s"]) == ["local:111"]


def test_a_retry_and_a_pattern_read_the_file_that_is_called_so(tmp_path: Path) -> None:
    folder = tmp_path / "fans[1]"
    folder.mkdir()
    (tmp_path / "fans1").mkdir()
    _csv(tmp_path / "fans1" / "a[1].csv", "999")
    _csv(folder / "a1.csv", "998")
    (folder / "a[1].csv").write_text("follower,followed\n111,2\n5.5,2\n")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load_all(f"{folder}/a[[]*.csv", max_reject_rate=1)
        (again,) = ws.retry_rejects()
        assert again.counts.rejected == 1 and not again.skipped
        assert list(ws.sql(SOURCES)["s"]) == ["local:111"]
