"""Hand tables to other programs: whole files, no live formulas, ids exact."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kolgraph.errors import InputError, UnknownName
from kolgraph.results.workbook import write_workbook
from kolgraph.targets import MARK, atomic_path, marked, with_columns

if TYPE_CHECKING:
    import pandas as pd

#: Spreadsheet programs run a text that starts with one of these (full-width forms too) as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
FORMATS = ("csv", "xlsx", "json", "parquet")
#: The greatest whole number that a double holds exactly, and rows of a sheet.
EXACT = 1 << 53
SHEET_ROWS = 1 << 20
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets a leading apostrophe; numbers stay numbers."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _safe(frame: pd.DataFrame) -> pd.DataFrame:
    text = frame.select_dtypes(exclude=["number", "bool"]).columns
    return frame.assign(**{column: frame[column].map(safe_cell, na_action="ignore") for column in text})


def _exact(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers that a spreadsheet or a browser would round become text."""
    wide = [c for c in frame.select_dtypes("integer").columns if (frame[c].abs() > EXACT).any()]
    return frame.assign(**{c: frame[c].astype(object).map(str, na_action="ignore") for c in wide})


def _printable(value: Any) -> Any:
    """Text without the control characters that a spreadsheet file cannot hold."""
    return CONTROL.sub("\ufffd", value) if isinstance(value, str) else value


def csv_quoting(texts: Iterable[str]) -> Literal[0, 2]:
    """How `csv` has to quote cells: left alone it leaves a carriage return bare, and programs begin a row there."""
    return csv.QUOTE_NONNUMERIC if any("\r" in text for text in texts) else csv.QUOTE_MINIMAL


def _with_keys(columns: Sequence[str]) -> Callable[[Path], bool]:
    """A test for JSON, as `with_columns` is one for CSV: rows with exactly these keys, or none at all."""

    def same(path: Path) -> bool:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(1 << 20).lstrip()
        if not head.startswith("[") or head[1:].strip() == "]":
            return head.startswith("[")
        try:
            row, _ = json.JSONDecoder().raw_decode(head[1:].lstrip())
        except ValueError:
            return False
        return isinstance(row, dict) and list(row) == list(columns)

    return same


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.Table.from_pandas(frame, preserve_index=False)
    parquet.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), "kolgraph": MARK}), path)


def write_table(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a table; the ending chooses the format: csv (with BOM, for Excel), xlsx, json, parquet.

    Raises
    ------
    UnknownName
        An ending that is none of these.
    InputError
        There is a file that kolgraph did not write, or another reason not to write there; see `kolgraph.targets.check`.
    EnvironmentProblem
        The folder cannot be written.
    """
    target = Path(path)
    kind = target.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise UnknownName.among("table format", target.suffix or target.name, FORMATS)
    flat = frame.reset_index() if any(frame.index.names) else frame
    if kind == "xlsx" and len(flat) >= SHEET_ROWS:
        raise InputError(f"{target}: a sheet holds {SHEET_ROWS - 1:,} rows, not {len(flat):,}; write .csv or .parquet")
    columns = list(map(str, flat.columns))
    own = {"csv": with_columns(columns), "json": _with_keys(columns)}
    with atomic_path(target, own.get(kind, marked)) as part:
        if kind == "csv":
            safe = _safe(flat)
            quoting = csv_quoting(v for column in safe for v in safe[column] if isinstance(v, str))
            safe.to_csv(part, index=False, encoding="utf-8-sig", quoting=quoting)
        elif kind == "xlsx":
            write_workbook(_safe(_exact(flat)).map(_printable), part, creator=MARK)
        elif kind == "json":
            _exact(flat).to_json(part, orient="records", force_ascii=False, indent=1, date_format="iso")
        else:
            _write_parquet(flat, part)
    return target
