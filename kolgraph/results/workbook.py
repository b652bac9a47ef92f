"""Write a workbook of one sheet, as a stream: openpyxl would leave the rows among temporary files if it was killed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from kolgraph.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Characters that a cell holds; what is longer makes programs call the file damaged.
LONGEST = 32_767
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS = "http://schemas.openxmlformats.org"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = "xl/worksheets/sheet1.xml"
#: Everything but the rows; the core properties, which name who wrote it, come last.
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_FORMATS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/{_SHEET}" ContentType="{_TYPES}.worksheet+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_FORMATS}/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{_FORMATS}/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/>'
    f'<Relationship Id="r2" Type="{_FORMATS}/package/2006/relationships/metadata/core-properties" '
    'Target="docProps/core.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_FORMATS}/spreadsheetml/2006/main" '
    f'xmlns:r="{_FORMATS}/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_FORMATS}/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{_FORMATS}/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}


def write_workbook(frame: pd.DataFrame, path: Path, *, creator: str) -> None:
    """Write the columns and rows of a table; the index is left out.

    Raises
    ------
    InputError
        A text is longer than a cell holds.
    """
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in frame]
    core = (
        f'<cp:coreProperties xmlns:cp="{_FORMATS}/package/2006/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{escape(creator)}</dc:creator></cp:coreProperties>'
    )
    with path.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in (_PARTS | {"docProps/core.xml": core}).items():
            book.writestr(name, _HEAD + content)
        with book.open(_SHEET, "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_FORMATS}/spreadsheetml/2006/main"><sheetData>'.encode())
            letters = [_letters(k) for k in range(len(columns))]
            for number, row in enumerate(_rows(list(map(str, frame.columns)), columns), 1):
                cells = "".join(_cell(f"{letter}{number}", value) for letter, value in zip(letters, row, strict=True))
                sheet.write(f'<row r="{number}">{cells}</row>'.encode(errors="replace"))
            sheet.write(b"</sheetData></worksheet>")


def _rows(header: Sequence[str], columns: Sequence[Iterable[Any]]) -> Iterable[Sequence[Any]]:
    yield header
    yield from zip(*columns, strict=True)


def _letters(k: int) -> str:
    """A, B, ..., Z, AA, ..."""
    before, last = divmod(k, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + last)


def _cell(place: str, value: Any) -> str:
    if getattr(value, "ndim", None) == 0:  # a number of numpy
        value = value.item()
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | float) and abs(value) != float("inf"):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = str(value)
    if len(text) > LONGEST:
        raise InputError(
            f"row {place.lstrip('ABCDEFGHIJKLMNOPQRSTUVWXYZ')}: a cell of a sheet holds {LONGEST:,} characters, not "
            f"{len(text):,}; write .csv or .parquet"
        )
    told = escape(text, {"\r": "&#13;"})
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{told}</t></is></c>'
