"""Delimited text, read by DuckDB from a copy without the damaged lines, where there are any; Python tells them.

DuckDB counts records where people count lines. After a quote that never closes it loses its place: good rows behind it
vanish without a word (measured: 422,000 of 600,000), as does a line of more than 32 MB. And of a row with too many
cells it keeps the whole text once for every surplus cell. So it is asked for no more than whether a file is whole: if
the first lines or its first rejects say otherwise, or its count of rows is not that of the file, the load starts again
from a copy in which every line that is no part of a good row is blank.

Damage costs no good row whose first line shows all its cells, as every row of one line does. A row with a line break in
an earlier cell can be lost below a quote that never closes: where the part of it before the break completes a record of
the right width, the text can be read in two ways, and nothing in it tells which was meant.
"""

from __future__ import annotations

import io
import re
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from kolgraph.errors import KolgraphError
from kolgraph.loaders.reading.followed import MAKE, PIECE, Pieces, bare, quotes, same_make, split
from kolgraph.loaders.reading.headers import is_of_types
from kolgraph.loaders.reading.source import (
    MAX_LINE,
    MAX_REJECTS,
    Explained,
    Part,
    Reading,
    Reject,
    Rejects,
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
#: Rejects that the engine is asked for: that there are some is enough to know.
ENGINE_REJECTS = 100
#: Bytes that are looked at for damage before the engine is asked, and without a line end show a line that is too long.
PROBE, PROBE_LINES = 1 << 20, 1000
WHY = {
    "BAD_ENCODING": "the row is not text in the encoding of the file; if the whole file is not, name its encoding",
    "TOO_FEW_FIELDS": "the row has fewer cells than the header",
    "TOO_MANY_FIELDS": "the row has more cells than the header",
    "TOO_LONG": "the line is longer than 2 MB",
    "UNBALANCED_QUOTE": "a quote is not closed",
}
#: How the engine reads rows of several lengths: cells that are not there are NULL, unlike empty ones (nobody writes
#: the control character).
PADDED = "null_padding=true, parallel=false, nullstr='\x01', "


class NeedsRepair(Exception):
    """The engine cannot keep count of these rows; the load starts again after `repair` was called."""

    def __init__(self, repair: Callable[[], None]) -> None:
        super().__init__("the file has to be repaired first")
        self.repair = repair


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
    named: Mapping[str, str] = MappingProxyType({}),
) -> Reading:
    """A reading of delimited text.

    `parts` hold SQL over `columns` and over those `joined` to them; lines that start with `comment` are left out.
    Where rows differ in length, each has as many cells as one of `widths` says, and there are more columns: ``cells``,
    how many there are, and those that are `named`, SQL over the others.
    """
    text = _Text(source, has_header, len(columns), comment.encode(), widths)
    if source.broken is None and text.is_damaged():
        text.repair()
    # The engine's own count of lines to skip leaves comments out.
    skip = source.preface if comment else text.skip
    cells = [column(name) for name in columns]
    skipped = [f"NOT ({where})"] if where else []
    if has_header:
        # `cat a.csv b.csv` leaves a header in the middle, perhaps after a byte-order mark.
        pairs = list(zip(cells, source.header, strict=not widths))
        same = [f"ends_with({pairs[0][0]}, {quoted(pairs[0][1])})"] + [f"{c} = {quoted(h)}" for c, h in pairs[1:] if h]
        skipped.append(" AND ".join(same))
        if len(source.below) == len(cells) and is_of_types(source.below):
            skipped.append(" AND ".join(f"trim({c}) = {quoted(b)}" for c, b in zip(cells, source.below, strict=True)))
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
        f"rejects_limit={ENGINE_REJECTS}, comment={quoted(comment)}, {PADDED if widths else ''}skip={skip}, "
        f"columns={{{listed}}})"
    )
    if widths:
        kept = ", ".join(f"nullif({c}, '') AS {c}" for c in cells)
        there = " + ".join(f"({c} IS NOT NULL)::INTEGER" for c in cells)
        rows = f"(SELECT {kept}, {there} AS cells FROM {rows})"
        if named:
            rows = f"(SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in named.items())} FROM {rows})"
        known = ", ".join(map(str, sorted(widths)))
        state = f"coalesce({state}, CASE WHEN cells NOT IN ({known}) THEN 'BAD_ROW:' END)"
        joined = ["cells", *named, *joined]
    relation = f"SELECT {', '.join([*cells, *map(column, joined)])}, {state} AS state FROM {rows} {join}"
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

    def __init__(
        self, source: Source, has_header: bool, width: int, comment: bytes, widths: Collection[int] = ()
    ) -> None:
        self.source, self.width, self.comment = source, width, comment
        #: Cells of a row; of rows of several lengths those that are too short are told by what reads them.
        self.widths, self.ragged = set(widths) or {width}, bool(widths)
        #: Lines that hold no records: up to the header, and before that those that say how to read.
        self.skip = source.header_line if has_header else source.preface if comment else source.header_line - 1
        self.delimiter = source.delimiter.encode()
        d = re.escape(self.delimiter)
        before, behind = (b"", b"") if self.delimiter == b" " else (b" ?", b" *+")
        cell = rb'(?:%s"[^"]*+(?:""[^"]*+)*+"%s|(?!%s")[^%s]*+)' % (before, behind, before, d)
        #: A record on one line, as nearly all are, with all cells or some; the others are followed quote by quote.
        self.usual = re.compile(rb"%s(?:%s%s)*+\r?\n?" % (cell, d, cell)).fullmatch
        self.whole = re.compile(rb"%s(?:%s%s){%d}+\r?\n?" % (cell, d, cell, width - 1)).fullmatch
        self.cells = re.compile(rb"(?:%s%s)*+" % (cell, d)).match
        self.without_quoted = re.compile(rb'(?<![^%s])%s"[^"]*+(?:""[^"]*+)*+"' % (d, before)).sub
        self.last = b"", (False, 0, True)

    def explain(self, connection: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> Explained:
        """Lines and raw text of the wanted rows, and the lines that are no rows."""
        broken = self.source.broken
        damage = connection.execute("SELECT any_value(error_message), count(*) FROM reject_errors").fetchall()[0]
        if damage[1]:
            if broken is None:
                raise NeedsRepair(self.repair)
            raise self._defect(f"cannot be read by the engine, which says: {str(damage[0]).splitlines()[0]}")
        if broken is None and not wanted:
            return Explained({}, Rejects())
        staged = int(connection.execute("SELECT count(*) FROM numbered").fetchall()[0][0])
        if broken is not None:
            if staged != (kept := self.source.runs[0][-1]):
                raise self._defect(f"holds {kept} good rows, of which the engine read {staged}")
            return Explained(self._places(sorted(wanted)), broken)
        places: dict[int, tuple[int | None, str | None]] = {}
        asked, ordinal = deque(sorted(set(wanted))), 0
        with readable(self.source.path), self.source.open() as raw:
            for number, records in self._records(raw):
                if len(records) == 1 and b"\n" in records[0] and self._swallows(records[0]):
                    raise NeedsRepair(self.repair)  # it may be two halves of damage with good rows between
                while asked and asked[0] < ordinal + len(records):
                    at = asked.popleft() - ordinal
                    places[ordinal + at] = (number + at, shown(records[at]))
                ordinal += len(records)
        if ordinal != staged:
            raise NeedsRepair(self.repair)
        return Explained(places, Rejects())

    def _places(self, wanted: Sequence[int]) -> dict[int, tuple[int | None, str | None]]:
        """Lines and raw text of rows of a repaired copy, in which they lie in runs."""
        places: dict[int, tuple[int | None, str | None]] = {}
        ordinals, numbers, offsets = self.source.runs
        run, records = -1, list[bytes]()
        with readable(self.source.path), self.source.text_path.open("rb") as copy:
            for ordinal in wanted:
                if ordinal >= ordinals[run + 1] or run < 0:
                    run = bisect_right(ordinals, ordinal) - 1
                    copy.seek(offsets[run])
                    text = copy.read(offsets[run + 1] - offsets[run])
                    records = split(text, ordinals[run + 1] - ordinals[run])
                at = ordinal - ordinals[run]
                places[ordinal] = (numbers[run] + at, shown(records[at]))
        return places

    def _defect(self, problem: str) -> KolgraphError:
        return KolgraphError(f"{self.source.path}: {problem}; nothing was loaded; please report this file")

    def is_damaged(self) -> bool:
        """Whether the first lines are damaged, or any line is too long for the engine; cheap, and not the last word."""
        with readable(self.source.path), self.source.text_path.open("rb") as raw:
            size = raw.seek(0, 2)
            for start in range(0, size - PROBE, PROBE):
                raw.seek(start)
                at = start
                while b"\n" not in (piece := raw.read(4096)):
                    at += len(piece)
                    if at >= start + PROBE:
                        return True
            raw.seek(0)
            first = io.BytesIO(b"".join(islice(lines(raw), PROBE_LINES)))
            return any(code for code, _, _, _ in self._told(first))

    def _records(self, raw: IO[bytes]) -> Iterator[tuple[int, list[bytes]]]:
        """Line numbers and bytes of the records of a text that is whole; neighbours of one line each come together."""
        number, start, inside = 0, 0, False
        parts: list[bytes] = []
        while piece := raw.read(PIECE):
            if not piece.endswith(b"\n"):
                piece += next(lines(raw), b"")
            listed = piece.split(b"\n")
            if not listed[-1]:
                listed.pop()
            first = max(0, self.skip - number)  # of the records that have not been told
            plain = number > 0 and not inside and b'"' not in piece and not self._may_be_none(piece)
            for at in () if plain else range(first, len(listed)):
                line = listed[at]
                if not inside and self._is_none(line if number + at else bare(line)):
                    if first < at:
                        yield number + first + 1, listed[first:at]
                    first = at + 1
                    continue
                if not inside and (b'"' not in line or self.usual(line)):
                    continue
                if not inside:
                    if first < at:
                        yield number + first + 1, listed[first:at]
                    start = number + at + 1
                parts.append(line)
                inside, _, _ = quotes(line, self.delimiter, inside=inside)
                if not inside:
                    yield start, [b"\n".join(parts)]
                    parts = []
                first = at + 1
            if first < len(listed):
                yield number + first + 1, listed[first:]
            number += len(listed)
        if parts:
            yield start, [b"\n".join(parts)]

    def _may_be_none(self, piece: bytes) -> bool:
        """Whether some lines of a piece may be blank, or comments."""
        return bool(self.comment) or b"\n\n" in piece or b"\n\r" in piece or piece.startswith((b"\n", b"\r"))

    def _is_none(self, line: bytes) -> bool:
        """Whether a line is blank, or a comment."""
        if self.comment and line.lstrip().startswith(self.comment):
            return True
        return self.width > 1 and not line.strip(b"\r\n")

    def repair(self) -> None:
        """Make a copy of the good rows alone: even of blank lines the engine takes no more than 2 MB together."""
        broken, kept, length = Rejects(), 0, 0
        runs = array("q"), array("q"), array("q")
        copy = self.source.copy()
        with readable(self.source.path), self.source.open() as raw, copy.open("wb") as out:
            for code, number, record, rows in self._told(raw):
                if code:
                    room = max(0, MAX_REJECTS - len(broken))
                    for at, line in enumerate(islice(split(record, rows), room)):
                        broken.append(Reject(number + at, None, None, code, WHY[code], shown(line)))
                    broken.reasons[code] += max(0, rows - room)
                elif rows or number <= self.skip:
                    for column, value in zip(runs, (kept, number, length), strict=True):
                        column.append(value)
                    kept, length = kept + rows, length + len(record)
                    out.write(record)
        for column, value in zip(runs, (kept, 0, length), strict=True):
            column.append(value)
        self.source.text_path, self.source.broken, self.source.runs = copy, broken, runs

    def _told(self, raw: IO[bytes]) -> Iterator[tuple[str, int, bytes, int]]:
        """What is wrong, line number, text, and how many rows it is, of every record, or line that belongs to none.

        Neighbours that are one line each and of one fate come together; blank lines are no rows.
        """
        pieces, ahead = Pieces(raw), deque[tuple[bytes, bool]]()
        number, fate, run, size = 0, "", list[bytes](), 0
        while ahead or pieces.read():
            plain = not ahead and pieces.plain and number >= self.skip and not self.comment
            line, is_text, code, further = b"", True, "", 0
            if not plain:
                if not ahead:
                    ahead.extend(pieces.judged())
                if not fate and number > self.skip and not self.comment:
                    taken = self._whole(ahead)
                    run += taken
                    size, number = size + sum(map(len, taken)), number + len(taken)
                    if not ahead:
                        continue
                line, is_text = ahead.popleft()
                if number < self.skip:
                    code, line = "skipped", b"-\n"  # the engine follows quotes even through lines that it skips
                elif line == b"\n" or ((self.comment or not number) and self._is_none(line if number else bare(line))):
                    code = "blank"
                else:
                    further, code = self._judge(line, is_text, pieces, ahead)
            if run and (plain or further or code != fate or size > PIECE):
                yield self._run(fate, number - len(run) + 1, run)
                run, size = [], 0
            if plain:
                yield from self._count_cells(pieces.lines, number)
                number += len(pieces.lines)
            elif further:
                yield code, number + 1, b"".join([line, *(ahead.popleft()[0] for _ in range(further))]), 1
                number += 1 + further
            else:
                run.append(line)
                fate, size, number = code, size + len(line), number + 1
        if run:
            yield self._run(fate, number - len(run) + 1, run)

    def _whole(self, ahead: deque[tuple[bytes, bool]]) -> list[bytes]:
        """Take the lines that are rows of all their cells, as nearly all are, away from the left."""
        taken: list[bytes] = []
        for line, is_text in ahead:
            if not is_text or line == b"\n" or len(line) >= MAX_LINE or not self.whole(line):
                break
            taken.append(line)
        for _ in taken:
            ahead.popleft()
        return taken

    def _count_cells(self, listed: list[bytes], number: int) -> Iterator[tuple[str, int, bytes, int]]:
        """`_told` of lines without a quote: only separators count. Lines of one fate come together."""
        delimiter, wanted = self.delimiter, self.width - 1
        few = "" if self.ragged else "TOO_FEW_FIELDS"
        start, fate = 0, ""
        for at, line in enumerate(listed):
            found = line.count(delimiter)
            code = "" if found == wanted else "TOO_MANY_FIELDS" if found > wanted else few
            if not found and line == b"\n":
                code = "blank"
            if code != fate:
                if start < at:
                    yield self._run(fate, number + start + 1, listed[start:at])
                start, fate = at, code
        if start < len(listed):
            yield self._run(fate, number + start + 1, listed[start:])

    @staticmethod
    def _run(fate: str, number: int, listed: list[bytes]) -> tuple[str, int, bytes, int]:
        none = fate in {"blank", "skipped"}
        return "" if none else fate, number, b"".join(listed), 0 if none else len(listed)

    def _judge(self, line: bytes, is_text: bool, pieces: Pieces, ahead: deque[tuple[bytes, bool]]) -> tuple[int, str]:
        """How many more lines belong to the record that begins with `line`, and what is wrong with it."""
        if len(line) >= MAX_LINE:
            return 0, "TOO_LONG"
        further = 0
        if b'"' in line and (line.count(b'"') == 1 or not self.usual(line)):
            found = self._further(line, pieces, ahead)
            if found is None:
                return 0, "UNBALANCED_QUOTE"
            further = found
        if not is_text or not all(text for _, text in islice(ahead, further)):
            return further, "BAD_ENCODING"
        if further:
            return further, ""
        cells = quotes(line, self.delimiter, inside=False)[1] + 1 if b'"' in line else line.count(self.delimiter) + 1
        if cells > self.width:
            return 0, "TOO_MANY_FIELDS"
        return 0, "TOO_FEW_FIELDS" if cells < self.width and not self.ragged else ""

    def _further(self, first: bytes, pieces: Pieces, ahead: deque[tuple[bytes, bool]]) -> int | None:
        """How many more lines belong to the record that starts with `first`; None if no record does."""
        inside, separators, good = self._followed(first)
        length, cell = len(first), self._cell(first)
        for k in range(MAX_CELL_LINES):
            if not good or length >= MAX_LINE:
                return None
            if not inside:
                # A record of several lines has to fit; of one line that does not the user is told the cells.
                return k if k == 0 or separators + 1 in self.widths else None
            if k == len(ahead) and pieces.read():
                ahead.extend(pieces.judged())
            if k == len(ahead) or self._starts_like(ahead[k][0], cell):
                return None
            inside, found, good = quotes(ahead[k][0], self.delimiter, inside=True)
            separators, length = separators + found, length + len(ahead[k][0])
        return None

    def _swallows(self, record: bytes) -> bool:
        first, *others = record.splitlines()
        cell = self._cell(first)
        return any(self._starts_like(line, cell) for line in others)

    def _starts_like(self, line: bytes, first: bytes) -> bool:
        """Whether a line looks like the start of a row of its own: as many cells, and one of the make `first`."""
        return same_make(self._cell(line), first) and self._followed(line)[1] + 1 in self.widths != {1}

    def _cell(self, line: bytes) -> bytes:
        """The make of the first cell of a line."""
        return line.partition(self.delimiter)[0].translate(MAKE)

    def _followed(self, line: bytes) -> tuple[bool, int, bool]:
        """What `quotes` says of a line if a row starts with it: what is behind one is asked for again as the next."""
        if line is not self.last[0]:
            whole, separators = b"", 0
            if line.count(b'"') > 1:  # cells that are whole are passed over by one pattern
                whole = line[: self.cells(line).end()]  # type: ignore[union-attr]
                separators = self.without_quoted(b"", whole).count(self.delimiter)
            inside, more, good = quotes(line[len(whole) :], self.delimiter, inside=False)
            self.last = line, (inside, separators + more, good)
        return self.last[1]
