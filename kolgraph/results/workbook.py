"""Write a workbook of one sheet. In memory: rows of a killed process must not stay among temporary files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Characters that a cell holds; what is longer makes programs call the file damaged.
LONGEST = 32_767
#: Text is text, also where it looks like a link, a number or a formula.
_OPTIONS = {"in_memory": True} | dict.fromkeys(("strings_to_urls", "strings_to_numbers", "strings_to_formulas"), False)


def write_workbook(frame: pd.DataFrame, path: Path, *, creator: str) -> None:
    """Write the columns and rows of a table; the index is left out.

    Raises
    ------
    InputError
        A text is longer than a cell holds.
    """
    from xlsxwriter import Workbook

    columns = [[str(name), *frame[name].astype(object).where(frame[name].notna(), None)] for name in frame]
    with path.open("wb") as file, Workbook(file, _OPTIONS) as book:
        book.set_properties({"author": creator, "created": datetime(2000, 1, 1, tzinfo=UTC)})  # same rows, same bytes
        sheet = book.add_worksheet()
        for place, cells in enumerate(columns):
            for row, value in enumerate(cells):
                _write(sheet, row, place, value)


def _write(sheet: Any, row: int, place: int, value: Any) -> None:
    if getattr(value, "ndim", None) == 0:  # a number of numpy
        value = value.item()
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float) and abs(value) != float("inf"):
        sheet.write_number(row, place, value)
    else:
        text = str(value)
        if len(text) > LONGEST:
            raise InputError(
                f"row {row + 1}: a cell of a sheet holds {LONGEST:,} characters, not {len(text):,}; "
                "write .csv or .parquet"
            )
        sheet.write_string(row, place, text)
