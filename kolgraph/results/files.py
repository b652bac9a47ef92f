"""Hand tables to other programs: atomic files, no live formulas, ids exact."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.errors import EnvironmentProblem, InputError, UnknownName

if TYPE_CHECKING:
    import pandas as pd

#: Spreadsheet programs run a text that starts with one of these (full-width forms too) as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
FORMATS = ("csv", "xlsx", "json", "parquet")
#: The greatest whole number that a double holds exactly, and rows of a sheet.
EXACT = 1 << 53
SHEET_ROWS = 1 << 20
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path that becomes `target` when the block ends well, and vanishes when it does not."""
    if "\0" in str(target):
        raise InputError(f"{str(target)!r} is no file name")
    if target.is_dir():
        raise InputError(f"{target}: is a folder; give a file name")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".kolgraph-", suffix=target.suffix)
    except OSError as error:
        raise EnvironmentProblem(f"{target}: cannot write here ({error.strerror}); choose another folder") from error
    os.close(handle)
    path = Path(name)
    try:
        yield path
        path.replace(target)  # mkstemp made it readable by its owner only, and so it stays
    except OSError as error:
        raise EnvironmentProblem(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        path.unlink(missing_ok=True)


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


def write_table(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a table; the ending chooses the format: csv (with BOM, for Excel), xlsx, json, parquet.

    Raises
    ------
    UnknownName
        An ending that is none of these.
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
    with atomic_path(target) as part:
        if kind == "csv":
            _safe(flat).to_csv(part, index=False, encoding="utf-8-sig")
        elif kind == "xlsx":
            _safe(_exact(flat)).map(_printable).to_excel(part, index=False, engine="openpyxl")
        elif kind == "json":
            _exact(flat).to_json(part, orient="records", force_ascii=False, indent=1, date_format="iso")
        else:
            flat.to_parquet(part, index=False)
    return target
