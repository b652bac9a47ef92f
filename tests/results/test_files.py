"""Exports: whole files or none, no live formulas, nothing rounded, and our own files read back as they were."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import openpyxl
import pandas as pd
import pytest

from kolgraph.errors import EnvironmentProblem, InputError, UnknownName
from kolgraph.results.files import FORMATS, write_table
from kolgraph.workspace import Workspace

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx", "\0x", "＝1", "＋1", "－1", "＠x"]
HARMLESS = ["a=b", "小明", "1", "", "'quoted", "x\ny"]


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"text": FORMULAS + HARMLESS, "number": range(-5, len(FORMULAS + HARMLESS) - 5)})


def test_text_that_a_spreadsheet_would_run_is_quoted(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_table(frame, tmp_path / "a.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(min_row=2))
    assert all(row[0].data_type != "f" for row in rows)
    assert [row[0].value[0] for row in rows[: len(FORMULAS)]] == ["'"] * len(FORMULAS)
    assert [row[1].value for row in rows] == frame["number"].tolist()  # -5 stays a number
    write_table(frame, tmp_path / "a.csv")
    read = pd.read_csv(tmp_path / "a.csv", keep_default_na=False, lineterminator="\n")
    assert read["text"].str[0].tolist()[: len(FORMULAS)] == ["'"] * len(FORMULAS)
    assert read["text"].tolist()[len(FORMULAS) :] == HARMLESS
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # Excel reads it as UTF-8


def test_a_workbook_reads_back_as_it_was_and_nothing_else_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ["<a&b> ]]>", " x ", "a\nb", "小明🙂", "1", "-", None]
    frame = pd.DataFrame({f"c{k}": text for k in range(28)} | {"n": pd.array([1, -2, None, 2**53, 0, 5, 6], "Int64")})
    frame = frame.assign(x=[0.1, 1e300, 5e-324, float("nan"), -0.5, 1.0, 2.0], b=[True, False] * 3 + [None])
    frame["list"] = [np.array(["followers", "posts"]), None, *[[1]] * 5]
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(empty))
    monkeypatch.setattr(tempfile, "mkstemp", mock.Mock(side_effect=tempfile.mkstemp))
    write_table(frame, tmp_path / "a.xlsx")
    assert tempfile.mkstemp.call_count == 1  # a killed process leaves nothing but that
    [sheet] = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == list(frame.columns)
    wanted = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    assert [row.pop() for row in rows[1:]] == ["['followers' 'posts']", None, *["[1]"] * 5]
    assert rows[1:] == [["'-" if cell == "-" else cell for cell in row[:-1]] for row in wanted]
    assert not list(empty.iterdir())
    with pytest.raises(InputError, match=r"row 2: a cell .* not 32,768; write \.csv or \.parquet"):
        write_table(pd.DataFrame({"x": ["x" * 32_768]}), tmp_path / "b.xlsx")


@pytest.mark.parametrize("name", ["ann\r=cmd|' /C calc'!A0", "\r\r@SUM(1)", "a\r\n=1", "a\n\r-1"])
def test_a_name_stays_in_its_cell_whatever_ends_a_line(tmp_path: Path, name: str) -> None:
    write_table(pd.DataFrame({"account_id": ["weibo:1", "weibo:2"], "name": [name, None]}), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1:] == [["weibo:1", "'" + name if name[0] in "\r" else name], ["weibo:2", ""]]
    # A program that ends a row at each of them, but knows quotes, as spreadsheets do, sees no row begin with a formula.
    assert '"' + name.replace("\r\n", "\n").replace("\r", "\n") + '"' in "".join(
        cell.replace("'\n", "\n") for cell in (tmp_path / "a.csv").read_text("utf-8-sig")
    ).replace("\"'", '"')


@pytest.mark.parametrize("kind", FORMATS)
def test_a_table_is_written_over_one_of_ours_and_over_nothing_else(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({"account_id": ["weibo:1"], "name": ["小明"]})
    path = write_table(frame, tmp_path / f"a.{kind}")
    write_table(frame.assign(name="小红"), path)
    other = tmp_path / f"b.{kind}"
    theirs = {"csv": frame.to_csv, "json": frame.to_json, "xlsx": frame.to_excel, "parquet": frame.to_parquet}[kind]
    theirs(other)  # the same rows, written by somebody else
    before = other.read_bytes()
    with pytest.raises(InputError, match="kolgraph did not write"):
        write_table(frame, other)
    assert other.read_bytes() == before


def test_other_formats_keep_text_as_it_is(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_table(frame, tmp_path / "a.json")
    assert [row["text"] for row in json.loads((tmp_path / "a.json").read_text("utf-8"))] == frame["text"].tolist()
    write_table(frame, tmp_path / "a.parquet")
    assert pd.read_parquet(tmp_path / "a.parquet")["text"].tolist() == frame["text"].tolist()


@pytest.mark.parametrize("kind", FORMATS)
def test_the_index_is_a_column_when_it_has_a_name(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({"v": [1.5]}, index=pd.Index(["weibo:1"], name="account_id"))
    path = write_table(frame, tmp_path / f"a.{kind}")
    readers = {"csv": pd.read_csv, "xlsx": pd.read_excel, "json": pd.read_json, "parquet": pd.read_parquet}
    assert readers[kind](path).to_dict("records") == [{"account_id": "weibo:1", "v": 1.5}]
    assert path.stat().st_mode & 0o077 == 0


def test_our_own_accounts_file_reads_back_as_it_was(tmp_path: Path) -> None:
    names = ["=cmd", "+86", "-x-", "@bob", "＝全角", "plain", "'kept"]
    accounts = pd.DataFrame({"account": [f"weibo:{i + 1}" for i in range(len(names))], "name": names, "niche": "美妆"})
    write_table(accounts, tmp_path / "a.csv")
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(tmp_path / "a.csv")
        assert ws.sql("SELECT name FROM accounts ORDER BY account_id")["name"].tolist() == names


def test_places_that_cannot_be_written(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(EnvironmentProblem, match="cannot write here"):
        write_table(frame, tmp_path / "none" / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="folder"):
        write_table(frame, tmp_path / "folder.csv")
    with pytest.raises(InputError, match="no file name"):
        write_table(frame, "a\0.csv")
    with pytest.raises(UnknownName, match=r"\.doc"):
        write_table(frame, tmp_path / "a.doc")


def test_a_sheet_has_an_end(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1,048,575 rows"):
        write_table(pd.DataFrame({"x": range(1 << 20)}), tmp_path / "a.xlsx")
