"""One input file: found, decoded, its header read; and what a loader hands over."""

from __future__ import annotations

import csv
import errno
import gzip
import hashlib
import re
import shutil
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

from kolgraph.errors import EnvironmentProblem, InputError, UnknownFormat, UnknownName, option
from kolgraph.loaders.reading.encodings import guess, transcode
from kolgraph.loaders.reading.packed import MAX_INPUT, PACKED, opened
from kolgraph.loaders.reading.shapes import JSON_ENDINGS, shape
from kolgraph.records import RECORDS
from kolgraph.settings import exact
from kolgraph.targets import Scratch

SAMPLE_BYTES = 1 << 16
#: The engine refuses longer lines too; Python never holds more of one line than this.
MAX_LINE = 2_000_000
#: Raw text kept of a rejected row, and rejected rows of one file that are kept in detail; all are counted.
MAX_RAW = 1 << 16
MAX_REJECTS = 10_000
DELIMITERS = ("\t", ",", ";", "|")
ENDINGS = JSON_ENDINGS | {".csv", ".tsv", ".txt", ".edges", ".edgelist", ".ncol", ".net", ".gdf", ".js", ".xml"}
ENDINGS |= {".graphml", ".gexf", ".parquet", ".xlsx", ".db", ".sqlite", ".sqlite3"}
ARCHIVES = {".zip", ".rar", ".7z", ".tar", ".tgz", ".bz2", ".xz"}
#: Files of these kinds run code when they are read by the library that wrote them.
PICKLED = {".pickle", ".pkl", ".joblib", ".npy", ".npz"}
RUNS_CODE = "files of this kind can run code when read; export the data as CSV or Parquet"
PICKLED_STARTS = re.compile(rb"\x80[\x02-\x05]|\x93NUMPY|[(][ld]p0\n|ccopy_reg\n|c__builtin__\n|[\]}]q\x00")
#: Excel writes it before a table, for itself.
SEPARATOR = re.compile(r"sep=(\\t|[^\w\s\"]|\t| )", re.IGNORECASE)
#: What the engine takes for a pattern or a separator, and bytes of a name that are no text.
MISREAD = re.compile(r"[*?\[\\\ud800-\udfff]")


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
        Goes before every native id: ``weibo:1234567890``; default: as the format says, else ``local``.
    encoding : str
        Of text files.
    root : str
        Id of the post that all rows repost or comment on, where the file does not say it.
    subject : str
        Id of the account that all rows are followers, followings or posts of, where the file does not say it.
    """

    format: str | None = None
    record: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    direction: str | None = None
    platform: str | None = None
    encoding: str | None = None
    root: str | None = None
    subject: str | None = None


class Reject(NamedTuple):
    """A row that is not accepted: where it is, which column, why, and its raw text.

    ``partly``: the row itself was taken; only what it says beside its main record was not.
    """

    line: int | None
    column: str | None
    value: str | None
    code: str
    message: str
    raw: str | None
    partly: bool = False


class Rejects(list[Reject]):
    """The first rejects of a file in detail, and how many there are: a hostile file must not fill the memory.

    Attributes
    ----------
    reasons : Counter
        Code -> how many were rejected for it, kept or not.
    """

    def __init__(self, rejects: Iterable[Reject] = ()) -> None:
        super().__init__(rejects)
        self.reasons = Counter(reject.code for reject in self)
        if isinstance(rejects, Rejects):
            self.reasons = rejects.reasons.copy()

    @property
    def total(self) -> int:
        """How many there are, kept or not."""
        return self.reasons.total()

    def append(self, reject: Reject) -> None:
        """Count a reject, and keep it if it is one of the first."""
        self.reasons[reject.code] += 1
        if len(self) < MAX_REJECTS:
            super().append(reject)


class Explained(NamedTuple):
    """What became of the rows that were not simply good.

    Attributes
    ----------
    places : mapping
        Ordinal of a row -> its line number and raw text.
    rejects : Rejects
        Rows that could not be read at all.
    recovered : list of (line, raw text, {column: text})
        Rows the engine could not read, but Python could.
    """

    places: Mapping[int, tuple[int | None, str | None]]
    rejects: Rejects
    recovered: Sequence[tuple[int, str, dict[str, str | None]]] = ()


@dataclass(frozen=True)
class Part:
    """One record that a row is, as SQL over the columns of a relation.

    Attributes
    ----------
    record : str
        A key of `kolgraph.workspace.tables.RECORDS`.
    fields : mapping
        Field of the record -> SQL that yields its text.
    when : str
        SQL: the rows it holds for; "" = all.
    each : str
        SQL that yields a list, of which every item is seen as ``item``; "" = none.
    side : bool
        The row is told by other parts, and counted with them.
    """

    record: str
    fields: Mapping[str, str]
    when: str = ""
    each: str = ""
    side: bool = False


@dataclass
class Reading:
    """The rows of a file, and which records they are.

    Attributes
    ----------
    relation : str
        A SELECT whose row order is the file's order; it yields `columns` as text, and ``state``: NULL for a row to be
        taken, ``unread`` (looked at again by `explain`) or ``skipped``.
    columns : sequence of str
        Its text columns.
    parts : sequence of Part
        Of those that are not `side` the first that holds decides what a row is.
    decision : str
        What was recognised, for people: columns, and which way an edge points.
    explain : callable
        Called once the rows are staged (with `ordinal`, from 0, in the view ``numbered``); takes the connection and
        the ordinals of rows whose values were not accepted.
    repair : callable, optional
        What can be done if the engine fails on the file as a whole.
    arrow : object, optional
        A pyarrow table to be visible as ``handed_over`` while `relation` runs.
    platform : str, optional
        Goes before native ids; None: as the user says.
    named : bool
        What the rows mean depends on the names of file and folder too.
    sheet : str
        Of a workbook; "" = the first that is not empty.
    """

    relation: str
    columns: Sequence[str]
    parts: Sequence[Part]
    decision: str
    explain: Callable[[Any, Sequence[int]], Explained]
    repair: Callable[[], None] | None = None
    arrow: Any = None
    platform: str | None = None
    named: bool = False
    sheet: str = ""


class Source:
    """A file to be loaded.

    Attributes
    ----------
    path : Path
        As the user named it.
    ending : str
        Of its name, without ``.gz`` and ``.zst``.
    shape : str
        What its content is: ``table`` (delimited text), ``jsonl``, ``json`` (one value), ``js`` (values assigned to
        ``window.YTD...``), ``xml``, ``parquet``, ``sqlite`` or ``xlsx``.
    text_path : Path
        Plain UTF-8 text to read from: `path` itself, or a temporary copy: unpacked, decoded or repaired.
    header : list of str
        Of a table or spreadsheet: cells of the first line that is neither blank nor a comment; else empty.
    header_line : int
        Its line number, from 1.
    below : list of str
        Cells of the row below the header.
    preface : int
        Lines before everything else that only say how to read: ``sep=;`` of Excel.
    delimiter : str
    encoding, doubt : str
        Of the text, and what is to be said about how that was guessed.
    broken : Rejects, or None
        Lines that had to be left out of a repaired copy; None as long as the file needed no repair.
    runs : three arrays
        Of a repaired copy, in which rows lie as in the file: ordinals of rows that begin a run of neighbours, their
        lines in the file and places in the copy; last, the number of rows, and of bytes.
    max_input : int
        Bytes that a packed file may unpack to.

    Notes
    -----
    A packed file is unpacked once, to disk, when its text is asked for: the limits hold for every reader behind it, and
    the engine, which unpacks in one thread only, reads plain text in all of them.
    """

    def __init__(self, path: str | Path, *, encoding: str | None = None, max_input: int = MAX_INPUT) -> None:
        self.path = Path(path)
        self.max_input = max_input
        self.shape = "table"
        self.header: list[str] = []
        self.header_line = 1
        self.below: list[str] = []
        self.preface = 0
        self.delimiter = ","
        self.encoding, self.doubt = "utf-8", ""
        self.broken: Rejects | None = None
        self.runs = array("q"), array("q"), array("q")
        self._text: Path | None = None
        self._scratch: Scratch | None = None
        suffixes = [s.lower() for s in self.path.suffixes]
        if suffixes and suffixes[-1] in PACKED:
            suffixes.pop()
        self.ending = next((s for s in reversed(suffixes) if s in ENDINGS), suffixes[-1] if suffixes else "")
        self._check()
        try:
            with readable(self.path):
                with self.open() as raw:
                    sample = raw.read(SAMPLE_BYTES)
                if not sample.strip(b" \t\r\n\0"):
                    raise UnknownFormat(f"{path}: the file is empty")
                if self._binary(sample):
                    return
                self._decode(sample, encoding)
                self.shape = self._shape()
                if self.shape == "table":
                    self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def text_path(self) -> Path:
        """Where plain UTF-8 text is read from."""
        if self._text is None:
            if self.path.suffix.lower() not in PACKED:
                return self.path
            copy = self.copy()
            with readable(self.path), self.open() as raw, copy.open("wb") as out:
                shutil.copyfileobj(raw, out, 1 << 20)
            self._text = copy
        return self._text

    @text_path.setter
    def text_path(self, copy: Path) -> None:
        self._text = copy

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of JSON objects, also those one level down (``user.id``); names of the tables of an SQLite file.

        They are looked for in the first 1000 lines or items; of one big object only its own keys count.
        """
        from kolgraph.loaders.reading import containers

        return containers.keys(self)

    def close(self) -> None:
        """Remove the temporary copies, if any were made."""
        if self._scratch is not None:
            self._scratch.close()

    def open(self, path: Path | None = None) -> IO[bytes]:
        """The bytes, unpacked."""
        return opened(path or self._text or self.path, self.max_input)

    @property
    def content_hash(self) -> str:
        """See `content_hash`."""
        return content_hash(self.path)

    def copy(self) -> Path:
        """Where a temporary copy of the text goes; it lives until `close`."""
        if self._scratch is None:
            self._scratch = Scratch()
        copies = len(list(self._scratch.path.iterdir()))
        return self._scratch.path / f"{copies}.txt"

    def for_engine(self, path: Path) -> str:
        """SQL that reads this very file: the engine takes names for patterns, and would read other files.

        A name that it might misread gets a plain one beside the copies: even an escaped pattern has it look through
        the folder, where it fails on names of others.
        """
        if MISREAD.search(path.absolute().as_posix()):
            plain = self.copy()
            try:
                plain.symlink_to(path.absolute())
            except OSError:  # Windows lets not everybody
                shutil.copyfile(path, plain)
            path = plain
        return quoted(exact(path))

    def _check(self) -> None:
        try:
            if self.path.is_dir():
                raise InputError(f"{self.path}: is a folder; name the files in it")
            if not self.path.exists():
                raise InputError(f"{self.path}: no such file")
            if self.path.stat().st_size == 0:
                raise UnknownFormat(f"{self.path}: the file is empty")
        except (OSError, ValueError) as error:
            raise InputError(f"{str(self.path)!r}: cannot be looked at ({error})") from error
        if self.ending in PICKLED:
            raise UnknownFormat(f"{self.path}: {RUNS_CODE}")
        if self.ending in ARCHIVES - {".zip"}:
            raise UnknownFormat(f"{self.path}: archives of this kind are not read; unpack it, and name the folder")

    def _binary(self, sample: bytes) -> bool:
        """Find out whether this is one of the known binary kinds; the forbidden ones are refused."""
        if PICKLED_STARTS.match(sample):
            raise UnknownFormat(f"{self.path}: {RUNS_CODE}")
        if sample.startswith(b"\xd0\xcf\x11\xe0"):
            raise UnknownFormat(f"{self.path}: is a workbook of an old Excel; save it as .xlsx or CSV")
        if sample.startswith(b"PAR1"):
            self.shape, self.ending = "parquet", ".parquet"
        elif sample.startswith(b"SQLite format 3\0"):
            self.shape = "sqlite"
        elif sample.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            self.shape = "xlsx"
        else:
            return False
        if self.path.suffix.lower() in PACKED:
            raise UnknownFormat(f"{self.path}: only text may be packed; unpack it first")
        if self.shape == "parquet":
            from kolgraph.loaders.reading import parquet

            self.header = parquet.header(self.path)
        if self.shape == "xlsx":
            from kolgraph.loaders.reading import containers

            if not containers.is_workbook(self.path):
                raise UnknownFormat(f"{self.path}: is an archive, and no workbook; name it .zip, or unpack it")
            self.header, self.header_line = containers.xlsx_header(self.path, max_input=self.max_input)
        return True

    def _decode(self, sample: bytes, encoding: str | None) -> None:
        """Text that is not UTF-8 is copied once as such; see `encodings`."""
        # Lines that end in CR only, as old Macs wrote them, become ordinary ones on the way.
        cr_only = b"\r" in sample and b"\n" not in sample
        if encoding is None:
            pieces = 16 if self.path.suffix.lower() in PACKED else 1 << 40  # to unpack all of it twice takes long
            with self.open() as raw:
                encoding, self.doubt = guess(self.path, sample, raw, pieces=pieces)
        try:
            "".encode(encoding)
        except LookupError as error:
            raise InputError(f"{self.path}: unknown encoding {encoding!r}; for example utf-8, gb18030, big5") from error
        self.encoding = encoding
        if encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"} and not cr_only:
            return
        copy = self.copy()
        try:
            with self.open() as raw, copy.open("wb") as out:
                count, broken = transcode(raw, out, encoding, newlines=cr_only)
        except UnicodeError as error:
            raise InputError(f"{self.path}: is no text in {encoding} ({error})") from error
        if broken * 2 > count:
            fix = f"name the right one with {option('encoding')}"
            raise InputError(f"{self.path}: {broken:,} of {count:,} lines are no text in {encoding}; {fix}")
        self._text = copy

    def _shape(self) -> str:
        with self.open() as raw:
            start = raw.read(SAMPLE_BYTES).decode("utf-8", "replace").lstrip("\ufeff")
        with self.open() as raw:
            return shape(self.path, self.ending, start, lines(raw))

    def _read_header(self) -> None:
        said: str | None = None
        with self.open() as raw:
            for number, line in enumerate(lines(raw), 1):
                text = line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")
                if number == 1 and (sep := SEPARATOR.fullmatch(text)):
                    self.preface, said = 1, sep[1].replace("\\t", "\t")
                    continue
                if not text.strip() or (text.startswith("#") and text[1:2] not in DELIMITERS):
                    continue  # a column of row numbers may be called #
                if self.header:
                    with suppress(csv.Error):  # a damaged row tells nothing of the header
                        self.below = [
                            c.strip() for c in next(csv.reader([text[:SAMPLE_BYTES]], delimiter=self.delimiter))
                        ]
                    return
                if len(line) >= MAX_LINE or "\r" in text:
                    problem = "this line is no row of a table: too long, or broken by CR"
                    raise UnknownFormat.at(self.path, number, problem)
                # A space separates cells only where nothing else does: "Follower ID,Followed ID" holds two.
                counts = {d: len(next(csv.reader([text[:SAMPLE_BYTES]], delimiter=d))) for d in DELIMITERS}
                best = max(DELIMITERS, key=lambda d: counts[d])
                self.delimiter = said or (best if counts[best] > 1 or " " not in text.strip() else " ")
                self.header = [c.strip() for c in next(csv.reader([text[:SAMPLE_BYTES]], delimiter=self.delimiter))]
                self.header_line = number
        if not self.header:
            raise UnknownFormat(f"{self.path}: nothing but comments and blank lines")


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes as they lie on disk: processors have instructions for it."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read, as one line: damaged, forbidden, or no room for a copy."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: the compressed file is damaged or cut off ({error})") from error
    except OSError as error:
        kind = EnvironmentProblem if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) else InputError
        raise kind(f"{path}: cannot be read ({error.strerror or error})") from error


def lines(raw: IO[bytes]) -> Iterator[bytes]:
    """Lines of a file; one longer than `MAX_LINE` is cut, so that a hostile file cannot fill the memory."""
    while line := raw.readline(MAX_LINE):
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            while (more := raw.readline(MAX_LINE)) and not more.endswith(b"\n"):
                pass
        yield line


def shown(raw: bytes) -> str:
    """Raw bytes of a row as text to keep with a reject."""
    return raw[:MAX_RAW].decode("utf-8", "replace").rstrip("\r\n")


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def column(name: str) -> str:
    """A quoted SQL identifier: reads a column by its name."""
    return '"' + name.replace('"', '""') + '"'


def check_fields(record: str, names: Iterable[str]) -> None:
    """Refuse a record or fields that do not exist."""
    if record not in RECORDS:
        raise UnknownName.among("record", record, RECORDS)
    for name in names:
        if name not in RECORDS[record]:
            raise UnknownName.among(f"field of a {record}", name, RECORDS[record])
