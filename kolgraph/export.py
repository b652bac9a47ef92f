"""Hand tables to other programs: atomic files, no live formulas, ids exact."""

from __future__ import annotations

import os
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


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path that becomes `target` when the block ends well, and vanishes when it does not."""
    if target.is_dir():
        raise InputError(f"{target}: is a folder; give a file name")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
    except OSError as error:
        raise EnvironmentProblem(f"{target}: cannot write here ({error.strerror}); choose another folder") from error
    os.close(handle)
    path = Path(name)
    try:
        yield path
        path.replace(target)  # mkstemp made it readable by its owner only, and so it stays
    finally:
        path.unlink(missing_ok=True)


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would run gets a leading apostrophe; numbers stay numbers."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _safe(frame: pd.DataFrame) -> pd.DataFrame:
    flat = frame.reset_index() if any(frame.index.names) else frame
    text = flat.select_dtypes(exclude=["number", "bool"]).columns
    return flat.assign(**{column: flat[column].map(safe_cell, na_action="ignore") for column in text})


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
    with atomic_path(target) as part:
        if kind == "csv":
            _safe(frame).to_csv(part, index=False, encoding="utf-8-sig")
        elif kind == "xlsx":
            _safe(frame).to_excel(part, index=False, engine="openpyxl")
        elif kind == "json":
            flat = frame.reset_index() if any(frame.index.names) else frame
            flat.to_json(part, orient="records", force_ascii=False, indent=1, date_format="iso")
        else:
            (frame.reset_index() if any(frame.index.names) else frame).to_parquet(part, index=False)
    return target
