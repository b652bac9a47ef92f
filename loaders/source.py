"""One input file: found, decoded, its header read; and what a loader hands over."""

from __future__ import annotations

import csv
import gzip
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from kolgraph.errors import EnvironmentProblem, InputError
from kolgraph.tables import RECORDS

SAMPLE_BYTES = 1 << 16
DELIMITERS = (",", "\t", ";", "|", " ")
ENDINGS = {".csv", ".tsv", ".txt", ".edges", ".edgelist", ".jsonl", ".ndjson", ".json", ".parquet", ".graphml", ".xml"}


@dataclass(frozen=True)
class Options:
    """What the user said about a file; None means "find out".

    Attributes
    ----------
    format : str
        Name of a loader.
    record : str
        ``account``, ``follow``, ``repost``, ``mention`` or ``post``.
    mapping : mapping
        Field of the record -> column of the file.
    direction : {"forward", "backward"}
        ``forward``: the first account acts on the second (follower, followed); ``backward``: the other way round.
    platform : str
        Goes before every native id: ``weibo:1234567890``.
    encoding : str
        Of text files.
    """

    format: str | None = None
    record: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    direction: str | None = None
    platform: str = "local"
    encoding: str | None = None


class Reject(NamedTuple):
    """A row that is not accepted: where it is, which column, why, and its raw text."""

    line: int | None
    column: str | None
    value: str | None
    code: str
    message: str
    raw: str | None


@dataclass
class Reading:
    """Rows of one kind, as SQL that yields text columns named like the fields of the record.

    Attributes
    ----------
    record : str
        A key of `kolgraph.tables.RECORDS`.
    relation : str
        A SELECT whose row order is the file's order; besides the fields it yields every cell of the row as
        ``cell_*``, and ``state``: NULL for a row to be taken, ``unread`` (looked at again by `damaged`) or ``skipped``.
    decision : str
        What was recognised, for people: columns, and which way an edge points.
    locate : callable
        Takes the ordinals of rows (0-based, in the order of `relation`); returns (line, raw text) for each.
    damaged : callable
        Called after `relation` was read: rows that could not be read at all, and rows recovered from among them.
    arrow : object, optional
        A pyarrow table to be visible as ``handed_over`` while `relation` runs.
    """

    record: str
    relation: str
    decision: str
    locate: Callable[[Sequence[int]], list[tuple[int | None, str | None]]] = lambda ks: [(None, None)] * len(ks)
    damaged: Callable[[Any], tuple[list[Reject], list[dict[str, str | None]]]] = lambda _: ([], [])
    arrow: Any = None


class Source:
    """A file to be loaded.

    Attributes
    ----------
    path : Path
        As the user named it.
    text_path : Path
        UTF-8 text to read from: `path` itself, or a temporary copy of a file in another encoding.
    header : list of str
        Cells of the first line that is neither blank nor a comment; empty for binary formats.
    header_line : int
        Its line number, from 1.
    delimiter : str
    """

    def __init__(self, path: str | Path, *, encoding: str | None = None) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise InputError(f"{path}: no such file")
        if self.path.is_dir():
            raise InputError(f"{path}: is a folder; name the files in it")
        if self.path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty")
        suffixes = [s.lower() for s in self.path.suffixes]
        self.ending = next((s for s in reversed(suffixes) if s in ENDINGS), suffixes[-1] if suffixes else "")
        self.compressed = suffixes[-1:] == [".gz"]
        if self.ending in {".pickle", ".pkl", ".joblib", ".npy"}:
            raise InputError(f"{path}: files of this kind can run code when read; export the data as CSV or Parquet")
        try:
            with self.open(self.path) as raw:
                sample = raw.read(SAMPLE_BYTES)
        except (OSError, EOFError) as error:
            raise InputError(f"{path}: cannot be read ({error})") from error
        if not sample.strip():
            raise InputError(f"{path}: the file is empty")
        self.text_path = self.path
        self.header: list[str] = []
        self.header_line = 1
        self.delimiter = ","
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        if sample[:4] == b"PAR1":
            self.ending = ".parquet"
            return
        self._decode(sample, encoding)
        self._read_header()

    def close(self) -> None:
        """Remove the decoded copy, if one was made."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def open(self, path: Path | None = None) -> IO[bytes]:
        """The bytes, decompressed."""
        target = path or self.text_path
        return gzip.open(target, "rb") if target.suffix.lower() == ".gz" else target.open("rb")  # type: ignore[return-value]

    @property
    def content_hash(self) -> str:
        """BLAKE2b-256 of the file's bytes as they lie on disk."""
        digest = hashlib.blake2b(digest_size=32)
        with self.path.open("rb") as raw:
            while block := raw.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def _decode(self, sample: bytes, encoding: str | None) -> None:
        """BOM, else strict UTF-8, else strict GB18030, else refuse; other encodings are copied once as UTF-8."""
        if encoding is None:
            if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
                encoding = "utf-16"
            elif _decodes(sample, "utf-8"):
                return
            elif _decodes(sample, "gb18030"):
                encoding = "gb18030"
            elif sample.count(b"\0"):
                raise InputError(f"{self.path}: this is not a text file")
            else:
                # A damaged line in good UTF-8 is the row's problem, not the file's.
                good = sum(_decodes(line, "utf-8") for line in sample.splitlines())
                if good * 2 > len(sample.splitlines()):
                    return
                raise InputError(
                    f"{self.path}: the text is neither UTF-8 nor GB18030; name its encoding, e.g. --encoding big5"
                )
        try:
            "".encode(encoding)
        except LookupError as error:
            raise InputError(f"{self.path}: unknown encoding {encoding!r}; for example utf-8, gb18030, big5") from error
        if encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}:
            return
        self._scratch = tempfile.TemporaryDirectory(prefix="kolgraph-")
        copy = Path(self._scratch.name) / self.path.name.removesuffix(".gz")
        import io

        try:
            with self.open(self.path) as raw, copy.open("w", encoding="utf-8", newline="") as out:
                reader = io.TextIOWrapper(raw, encoding=encoding, newline="")
                while block := reader.read(SAMPLE_BYTES):
                    out.write(block)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path}: byte {error.start} is not {encoding}; name the right encoding with --encoding"
            ) from error
        except OSError as error:
            raise EnvironmentProblem(f"{self.path}: no room for a decoded copy ({error.strerror})") from error
        self.text_path = copy

    def _read_header(self) -> None:
        with self.open() as raw:
            for number, line in enumerate(raw, 1):
                text = line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")
                if text.strip() and not text.startswith("#"):
                    counts = {d: len(next(csv.reader([text], delimiter=d))) for d in DELIMITERS}
                    self.delimiter = max(DELIMITERS, key=lambda d: counts[d])
                    self.header = [cell.strip() for cell in next(csv.reader([text], delimiter=self.delimiter))]
                    self.header_line = number
                    return
        raise InputError(f"{self.path}: nothing but comments and blank lines")

    # ------------------------------------------------------------------ delimited text, read by DuckDB

    def delimited(
        self,
        record: str,
        fields: Mapping[str, str],
        *,
        columns: Sequence[str],
        has_header: bool,
        decision: str,
        where: str = "",
        join: str = "",
    ) -> Reading:
        """A reading of delimited text: `fields` maps a field to SQL over `columns`."""
        skip = self.header_line if has_header else self.header_line - 1
        listed = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in columns)
        state = f"CASE WHEN {where} THEN NULL ELSE 'skipped' END" if where else "NULL"
        # Every column is selected: DuckDB checks only what is selected, and a damaged text must not pass unseen.
        relation = (
            f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in fields.items())}, "
            f"{', '.join(f'{_identifier(name)} AS cell_{i}' for i, name in enumerate(columns))}, {state} AS state "
            f"FROM read_csv({_quoted(str(self.text_path))}, auto_detect=false, delim={_quoted(self.delimiter)}, "
            "quote='\"', escape='\"', header=false, store_rejects=true, rejects_limit=0, comment='#', "
            f"skip={skip}, columns={{{listed}}}) {join}"
        )
        scan = _Scan(self, skip, len(columns))

        def damaged(connection: Any) -> tuple[list[Reject], list[dict[str, str | None]]]:
            rejects, cells = scan.damaged(connection)
            if not cells:
                return rejects, []
            import pyarrow as pa

            table = pa.table({c: pa.array([row[i] for row in cells], pa.string()) for i, c in enumerate(columns)})
            connection.register("recovered_cells", table)
            select = ", ".join(f"{sql} AS {name}" for name, sql in fields.items())
            query = f"SELECT {select} FROM recovered_cells {join}" + (f" WHERE {where}" if where else "")
            rows = connection.execute(query).fetchall()
            connection.unregister("recovered_cells")
            return rejects, [dict(zip(fields, row, strict=True)) for row in rows]

        return Reading(record, relation, decision, scan.locate, damaged)


class _Scan:
    """Finds the physical lines of records: DuckDB counts records, people count lines."""

    def __init__(self, source: Source, skip: int, width: int) -> None:
        self.source, self.skip, self.width = source, skip, width
        self.spans: dict[int, tuple[int, str, str | None, str]] = {}  # offset -> lines, error, column, message

    def damaged(self, connection: Any) -> tuple[list[Reject], list[list[str | None]]]:
        """Rows DuckDB could not read, and good rows swallowed by an unclosed quote, read again line by line."""
        found = connection.execute(
            "SELECT line_byte_position, any_value(error_type), any_value(column_name), any_value(csv_line), "
            "any_value(error_message) FROM reject_errors GROUP BY line_byte_position ORDER BY 1"
        ).fetchall()
        for offset, error, column, text, message in found:
            lines = (text or "").rstrip("\r\n").count("\n") + 1
            self.spans[offset - 1] = (lines, str(error), column, message)
        if not self.spans:
            return [], []
        rejects: list[Reject] = []
        recovered: list[list[str | None]] = []
        _, spans = self._walk(set())
        for offset, pieces in spans.items():
            _, error, column, message = self.spans[offset]
            for number, raw in pieces:
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                cells = _strict_cells(text, self.source.delimiter) if len(pieces) > 1 else None
                if cells is not None and len(cells) == self.width and _decodes(raw, "utf-8"):
                    recovered.append([cell or None for cell in cells])
                elif text.strip():
                    code, why = _STRUCTURAL.get(error, ("BAD_ROW", message))
                    rejects.append(Reject(number, column, None, code, why, text[:65536]))
        return rejects, recovered

    def locate(self, ordinals: Sequence[int]) -> list[tuple[int | None, str | None]]:
        """Line number and raw text of the k-th good rows."""
        places, _ = self._walk(set(ordinals))
        return [places.get(k, (None, None)) for k in ordinals]

    def _walk(
        self, wanted: set[int]
    ) -> tuple[dict[int, tuple[int | None, str | None]], dict[int, list[tuple[int, bytes]]]]:
        places: dict[int, tuple[int | None, str | None]] = {}
        spans: dict[int, list[tuple[int, bytes]]] = {}
        offset, ordinal, inside, start, span_left, span_at = 0, 0, False, 0, 0, 0
        record: list[bytes] = []
        with self.source.open() as raw:
            for number, line in enumerate(raw, 1):
                here, offset = offset, offset + len(line)
                if number <= self.skip:
                    continue
                if span_left:
                    spans[span_at].append((number, line))
                    span_left -= 1
                    continue
                if not inside:
                    if here in self.spans:
                        span_at, span_left = here, self.spans[here][0] - 1
                        spans[here] = [(number, line)]
                        continue
                    if not line.strip() or line.startswith(b"#"):
                        continue
                    start, record = number, []
                record.append(line)
                inside ^= line.count(b'"') % 2 == 1
                if not inside:
                    if ordinal in wanted:
                        places[ordinal] = (start, b"".join(record).decode("utf-8", "replace").rstrip("\r\n"))
                    ordinal += 1
        return places, spans


_STRUCTURAL = {
    "MISSING COLUMNS": ("TOO_FEW_FIELDS", "the row has fewer cells than the header"),
    "TOO MANY COLUMNS": ("TOO_MANY_FIELDS", "the row has more cells than the header"),
    "UNQUOTED VALUE": ("UNBALANCED_QUOTE", "a quote is not closed"),
    "INVALID ENCODING": ("BAD_ENCODING", "the row is not UTF-8"),
    "INVALID UNICODE": ("BAD_ENCODING", "the row is not UTF-8"),
}


def _strict_cells(text: str, delimiter: str) -> list[str] | None:
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _decodes(raw: bytes, encoding: str) -> bool:
    """Whether `raw` is valid, allowing for a character cut off at the end of the sample."""
    for cut in range(4):
        try:
            raw[: len(raw) - cut].decode(encoding)
            return True
        except UnicodeDecodeError as error:
            if error.start < len(raw) - 4:
                return False
    return False


def _quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def column(name: str) -> str:
    """SQL that reads a column by its name."""
    return _identifier(name)


def check_fields(record: str, names: Iterable[str]) -> None:
    """Refuse a record or fields that do not exist."""
    from kolgraph.errors import UnknownName

    if record not in RECORDS:
        raise UnknownName.among("record", record, RECORDS)
    for name in names:
        if name not in RECORDS[record]:
            raise UnknownName.among(f"field of a {record}", name, RECORDS[record])
