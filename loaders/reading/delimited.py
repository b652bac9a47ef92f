"""Delimited text, read by DuckDB; Python finds the lines of bad rows, and repairs files with quotes that never close.

DuckDB counts records where people count lines, and after a quote that never closes it loses its place: good rows behind
it vanish without a word (measured: 422,000 of 600,000). So whenever it reports such a row, or its count of rows is not
that of the file, the load starts again from a copy in which the lines that fit nowhere are blank.

Damage costs no good row whose first line shows all its cells, as every row of one line does. A row with a line break in
an earlier cell can be lost below a quote that never closes: where the part of it before the break completes a record of
the right width, the text can be read in two ways, and nothing in it tells which was meant.
"""

from __future__ import annotations

import re
import sys
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import IO, TYPE_CHECKING

from kolgraph.errors import KolgraphError
from kolgraph.loaders.reading.source import (
    MAX_LINE,
    Explained,
    NeedsRepair,
    Part,
    Reading,
    Reject,
    Source,
    column,
    lines,
    quoted,
    readable,
    shown,
)

if TYPE_CHECKING:
    import duckdb

#: Lines a quoted cell may span in a file that needs repair.
MAX_CELL_LINES = 1000
#: The engine's word for a damaged record -> our code, and what it means.
STRUCTURAL = {
    "MISSING COLUMNS": ("TOO_FEW_FIELDS", "the row has fewer cells than the header"),
    "TOO MANY COLUMNS": ("TOO_MANY_FIELDS", "the row has more cells than the header"),
    "INVALID ENCODING": ("BAD_ENCODING", "the row is not UTF-8; if the whole file is not, name its encoding"),
    "INVALID UNICODE": ("BAD_ENCODING", "the row is not UTF-8; if the whole file is not, name its encoding"),
}
#: How the engine reads rows of several lengths: cells that are not there are NULL, unlike empty ones (nobody writes
#: the control character).
PADDED = "null_padding=true, parallel=false, nullstr='\x01', "
#: After these the engine may have skipped rows that it does not report.
LOST = {"UNQUOTED VALUE", "LINE SIZE OVER MAXIMUM"}


def delimited(
    source: Source,
    parts: Sequence[Part],
    *,
    columns: Sequence[str],
    has_header: bool,
    decision: str,
    where: str = "",
    join: str = "",
    joined: Sequence[str] = (),
    comment: str = "",
    widths: Collection[int] = (),
) -> Reading:
    """A reading of delimited text.

    `parts` hold SQL over `columns` and over those `joined` to them; lines that start with `comment` are left out.
    Where rows differ in length, each has as many cells as one of `widths` says, and there is a column ``cells`` more.
    """
    # The engine's own count of lines to skip leaves comments out.
    skip = 0 if comment else source.header_line if has_header else source.header_line - 1
    cells = [column(name) for name in columns]
    skipped = [f"NOT ({where})"] if where else []
    if has_header:
        # `cat a.csv b.csv` leaves a header in the middle, perhaps after a byte-order mark.
        pairs = list(zip(cells, source.header, strict=not widths))
        same = [f"ends_with({pairs[0][0]}, {quoted(pairs[0][1])})"] + [f"{c} = {quoted(h)}" for c, h in pairs[1:] if h]
        skipped.append(" AND ".join(same))
    if len(columns) == 1:
        skipped.append(f"{cells[0]} IS NULL")
    state = (
        f"CASE WHEN {' OR '.join(f'coalesce({s}, false)' for s in skipped)} THEN 'skipped' END" if skipped else "NULL"
    )
    listed = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
    # Every column is selected: DuckDB checks only what is selected, and a damaged text must not pass unseen.
    rows = (
        f"read_csv({source.for_engine(source.text_path)}, auto_detect=false, hive_partitioning=false, "
        f"delim={quoted(source.delimiter)}, quote='\"', escape='\"', header=false, store_rejects=true, "
        f"rejects_limit=0, comment={quoted(comment)}, {PADDED if widths else ''}skip={skip}, columns={{{listed}}})"
    )
    if widths:
        kept = ", ".join(f"nullif({c}, '') AS {c}" for c in cells)
        there = " + ".join(f"({c} IS NOT NULL)::INTEGER" for c in cells)
        rows = f"(SELECT {kept}, {there} AS cells FROM {rows})"
        known = ", ".join(map(str, sorted(widths)))
        state = f"coalesce({state}, CASE WHEN cells NOT IN ({known}) THEN 'BAD_ROW:' END)"
        joined = ["cells", *joined]
    relation = f"SELECT {', '.join([*cells, *map(column, joined)])}, {state} AS state FROM {rows} {join}"
    text = _Text(source, skip, set(widths) or {len(columns)}, comment.encode())
    return Reading(
        relation,
        [*columns, *joined],
        parts,
        decision,
        text.explain,
        None if source.broken is not None else text.repair,
    )


class _Text:
    """The records of a delimited text as they lie on lines."""

    def __init__(self, source: Source, skip: int, widths: Collection[int], comment: bytes) -> None:
        self.source, self.skip, self.widths, self.comment = source, skip, widths, comment
        self.delimiter = source.delimiter.encode()
        d = re.escape(self.delimiter)
        before, behind = (b"", b"") if self.delimiter == b" " else (b" ?", b" *+")
        cell = rb'(?:%s"(?:[^"]|"")*+"%s|(?!%s")[^%s]*+)' % (before, behind, before, d)
        #: A record on one line, as nearly all are; the others are followed quote by quote.
        self.usual = re.compile(rb"%s(?:%s%s)*+\r?\n?" % (cell, d, cell)).fullmatch

    def explain(self, connection: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> Explained:
        """Lines and raw text of the wanted rows and of those the engine could not read."""
        found = connection.execute(
            "SELECT line_byte_position - 1, any_value(error_type), any_value(column_name), any_value(error_message) "
            "FROM reject_errors GROUP BY 1 ORDER BY 1"
        ).fetchall()
        rejects = list(self.source.broken or [])
        if not found and not wanted:
            return Explained({}, rejects)
        whole = self.source.broken is not None
        if not whole and any(error in LOST for _, error, _, _ in found):
            raise NeedsRepair(self.repair)
        places: dict[int, tuple[int | None, str | None]] = {}
        asked, ordinal, unread = set(wanted), 0, 0
        offsets = [row[0] for row in found] + [sys.maxsize]
        with readable(self.source.path), self.source.open() as raw:
            for number, end, record in self._records(raw):
                # The engine points at the record, at a blank line before it, or at the end of the line before that.
                damaged = offsets[unread] < end - record.endswith(b"\n")
                if not whole and b"\n" in record[:-1] and (damaged or self._swallows(record)):
                    raise NeedsRepair(self.repair)  # it may be two halves of damage with good rows between
                if damaged:
                    _, error, name, message = found[unread]
                    code, why = STRUCTURAL.get(str(error), ("BAD_ROW", str(message).splitlines()[0]))
                    rejects.append(
                        Reject(number, name if code == "BAD_ENCODING" else None, None, code, why, shown(record))
                    )
                    unread += 1
                    continue
                if ordinal in asked:
                    places[ordinal] = (number, shown(record))
                ordinal += 1
        staged = int(connection.execute("SELECT count(*) FROM numbered").fetchall()[0][0])
        if ordinal != staged:
            if not whole:
                raise NeedsRepair(self.repair)
            raise KolgraphError(
                f"{self.source.path}: holds {ordinal + unread} rows, but {staged + unread} are accounted for; "
                "nothing was loaded; please report this file"
            )
        return Explained(places, rejects)

    def _records(self, raw: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
        """Line number, offset of the end, and bytes of every record."""
        offset = start = 0
        parts: list[bytes] = []
        inside = False
        for number, line in enumerate(lines(raw), 1):
            offset += len(line)
            if number <= self.skip:
                continue
            if not parts:
                text = line.removeprefix(BOM_UTF8) if number == 1 else line
                blank = self.widths != {1} and not text.strip(b"\r\n")
                if blank or (self.comment and text.lstrip().startswith(self.comment)):
                    continue
                start = number
            parts.append(line)
            if inside or (b'"' in line and not self.usual(line)):
                inside, _, _ = quotes(line, self.delimiter, inside=inside)
            if not inside:
                yield start, offset, parts[0] if len(parts) == 1 else b"".join(parts)
                parts = []
        if parts:
            yield start, offset, b"".join(parts)

    def repair(self) -> None:
        """Make a copy with the same line numbers in which every line that belongs to no record is blank."""
        broken: list[Reject] = []
        copy = self.source.copy()
        with readable(self.source.path), self.source.open() as raw, copy.open("wb") as out:
            feed, ahead = _line_feeds(raw), deque[bytes]()
            number = 0
            while (line := ahead.popleft() if ahead else next(feed, b"")) != b"":
                number += 1
                if number <= self.skip:
                    out.write(b"-\n")  # the engine follows quotes even through lines that it skips
                    continue
                if self.usual(line) and len(line) < MAX_LINE:
                    out.write(line)
                    continue
                further = self._further(line, feed, ahead)
                if further is None:
                    why = "the line is longer than 2 MB" if len(line) >= MAX_LINE else "a quote is not closed"
                    code = "TOO_LONG" if len(line) >= MAX_LINE else "UNBALANCED_QUOTE"
                    broken.append(Reject(number, None, None, code, why, shown(line)))
                    line, further = b"\n", 0
                out.write(line)
                for _ in range(further):
                    out.write(ahead.popleft())
                number += further
        self.source.text_path, self.source.broken = copy, broken

    def _further(self, first: bytes, feed: Iterator[bytes], ahead: deque[bytes]) -> int | None:
        """How many more lines belong to the record that starts with `first`; None if no record does."""
        inside, separators, good = quotes(first, self.delimiter, inside=False)
        length = len(first)
        for k in range(MAX_CELL_LINES):
            if not good or length >= MAX_LINE:
                return None
            if not inside:
                # A record of several lines has to fit; of one line that does not the user is told the cells.
                return k if k == 0 or separators + 1 in self.widths else None
            if k == len(ahead):
                ahead.extend(islice(feed, 1))
            if k == len(ahead) or self._starts_like(ahead[k], first):
                return None
            inside, found, good = quotes(ahead[k], self.delimiter, inside=True)
            separators, length = separators + found, length + len(ahead[k])
        return None

    def _swallows(self, record: bytes) -> bool:
        first, *others = record.splitlines()
        return any(self._starts_like(line, first) for line in others)

    def _starts_like(self, line: bytes, first: bytes) -> bool:
        """Whether a line looks like the start of a row of its own: as many cells, and the first of the same make."""
        shapes = [
            re.sub(rb"[A-Za-z]+", b"a", re.sub(rb"\d+", b"0", x.split(self.delimiter, 1)[0])) for x in (line, first)
        ]
        return shapes[0] == shapes[1] and quotes(line, self.delimiter, inside=False)[1] + 1 in self.widths != {1}


def _line_feeds(raw: IO[bytes]) -> Iterator[bytes]:
    """Lines that all end in a line feed alone."""
    for line in lines(raw):
        if b"\r" in line:
            yield from line.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(keepends=True)
        else:
            yield line


def quotes(line: bytes, delimiter: bytes, *, inside: bool) -> tuple[bool, int, bool]:
    """Follow the quotes of one line: is a cell still open at its end, how many separators, is it well formed.

    A quote opens a cell only at its start; inside, two quotes stand for one; after the closing one the cell must end.
    As for the engine, one space before the opening quote and all behind the closing one are not there.
    """
    space = b" " if delimiter != b" " else b""
    at, separators, fresh = 0, 0, not inside
    while True:
        if inside:
            at = line.find(b'"', at)
            if at < 0:
                return True, separators, True
            if line.startswith(b'"', at + 1):
                at += 2
                continue
            inside, at = False, at + 1
            while space and line.startswith(space, at):
                at += 1
            if not (line.startswith(delimiter, at) or not line[at:].strip(b"\r\n")):
                return False, separators, False
        elif fresh and line.startswith((b'"', space + b'"'), at):
            inside, fresh, at = True, False, line.index(b'"', at) + 1
        else:
            at = line.find(delimiter, at)
            if at < 0:
                return False, separators, True
            at, separators, fresh = at + len(delimiter), separators + 1, True
