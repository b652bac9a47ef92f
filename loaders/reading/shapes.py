"""What the content of a text file is: a table, lines of JSON, one JSON value, XML; and what only looks like data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from kolgraph.errors import UnknownFormat

JSON_ENDINGS = {".jsonl", ".ndjson", ".json"}
#: How a part of an archive of X starts.
ASSIGNMENT = re.compile(r"\s*;?\s*window\.YTD\.\w+\.part\d+\s*=\s*")
#: What spreadsheet programs and web pages save under the names of tables: no data for us, but easily made so.
PAGE = re.compile(
    r"\s*(?><!--.*?-->\s*)*+<(!DOCTYPE\s+html|html|head|body|meta|table|style)\b", re.IGNORECASE | re.DOTALL
)
SHEET_XML = re.compile(r"\s*(<\?xml[^>]*\?>\s*)?<(\?mso-application|Workbook|ss:Workbook)\b", re.IGNORECASE)
XML = re.compile(r"\s*<(\?xml|!DOCTYPE|!--|graphml\b|gexf\b|html\b)", re.IGNORECASE)
WHOLE_JSON = re.compile(r"\s*(\[\s*([\[{\]\"]|$)|\{\s*([\"}]|$))")
#: Lines by which JSON lines are told from one JSON value.
PROBED_LINES = 20


def shape(path: Path, ending: str, start: str, rows: Iterable[bytes]) -> str:
    """The shape of the text that starts with `start`, one of those of `Source`; `rows` are its lines.

    Raises
    ------
    UnknownFormat
        A page or a workbook of another kind, under the name of a table.
    """
    if ASSIGNMENT.match(start):
        return "js"
    for pattern, what in ((PAGE, "an HTML page"), (SHEET_XML, "a workbook of Excel 2003 as XML")):
        if pattern.match(start):
            called = f" named {path.suffix}" if path.suffix not in {"", ".html", ".htm", ".xml"} else ""
            fix = "open it in a spreadsheet program, and save it as .xlsx or CSV"
            raise UnknownFormat(f"{path}: is {what}{called}; {fix}")
    if XML.match(start):
        return "xml"
    whole = WHOLE_JSON.match(start)
    first, _, more = start.strip().partition("\n")
    # Where an item of a list has a line to itself, some lines look like lines of JSON.
    goes_on = more and first.rstrip().endswith(("[", "{", ",")) and ending not in {".jsonl", ".ndjson"}
    if whole and (whole[1].startswith("[") or first.strip() == "{" or goes_on):
        return "json"
    if not whole and ending not in JSON_ENDINGS:
        return "table"
    probed: list[bool] = []
    for line in rows:
        if line.strip():
            probed.append(_is_object(line))
        if len(probed) == PROBED_LINES:
            break
    # The first line may be damaged; one object on one line is a value, unless the name says lines.
    several = len(probed) > 1 and (probed[0] or sum(probed) > 1)
    return "jsonl" if several or not whole or ending in {".jsonl", ".ndjson"} else "json"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8-sig")), dict)
    except (ValueError, RecursionError):
        return False
