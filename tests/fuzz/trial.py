"""One try: a changed file goes into an empty workspace; every row is accounted for, or one line says why not."""

from __future__ import annotations

import gc
import sys
import warnings
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import duckdb

from kolgraph import errors
from kolgraph.loaders import formats
from kolgraph.loaders.reading.source import Reading, Reject, Source
from kolgraph.workspace.ingest import Counts, ingest
from kolgraph.workspace.loading import LoadReport, describe
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import cases
from tests.worlds.shelf import Shelf

#: What a user may say besides, right or wrong; most say nothing.
TWISTS: tuple[Mapping[str, Any], ...] = (
    *({},) * 12,
    *({"encoding": name} for name in ("utf-8", "gb18030", "utf-16", "latin-1", "big5", "utf-7", "no such")),
    *({"platform": name} for name in ("weibo", "x", "a'b", "", "1:2")),
    {"record": "post"},
    {"record": "mention", "mapping": {"src": "a", "dst_name": "b"}},
    {"mapping": {"src": "'\"}"}},
    *({"direction": name} for name in ("forward", "backward")),
    *({name: value} for name in ("root", "subject") for value in ("x' OR 1", "", "4900000000000100")),
    {"max_input": 100},
    {"max_reject_rate": 0.0},
)
#: Of so many inputs one is loaded to the end, which takes ten times as long as reading it.
TO_THE_END = 12
#: Bytes before the file's own: which case, which twist.
HEAD = 2


class Finding(AssertionError):
    """A law that does not hold."""


class Trial:
    """The cases of a target, and a workspace to load them into."""

    def __init__(self, target: str, folder: Path) -> None:
        self.cases = cases()[target]
        self.shelf = Shelf(folder)
        with self.shelf.ws.transaction() as connection:
            connection.execute("SET threads = 1")
        for number, case in enumerate(self.cases):
            place = self._path(number).parent
            place.mkdir(parents=True, exist_ok=True)
            for name, data in case.beside.items():
                (place / name).write_bytes(data)
        gc.freeze()  # what is there by now need not be looked through after every input

    def close(self) -> None:
        """Let go of the workspace."""
        self.shelf.ws.close()
        gc.unfreeze()

    def seeds(self) -> Iterator[bytes]:
        """The cases as they are."""
        for number, case in enumerate(self.cases):
            yield bytes((number, 0)) + case.data

    def mutated(self, raw: bytes, random: Random, longest: int) -> bytes:
        """Another input made from one; now and then of another case of the target, or with another twist."""
        number, twist = self._head(raw)
        other = random.choice(self.cases)
        if len(raw) <= HEAD or random.random() < 0.1:
            number = random.randrange(len(self.cases))
            raw = bytes(HEAD) + self.cases[number].data
        if random.random() < 0.15:
            twist = random.randrange(len(TWISTS))
        return (bytes((number, twist)) + mutate(raw[HEAD:], random, other.data))[:longest]

    def run(self, raw: bytes, *, whole: bool = False) -> None:
        """Load an input; raises whatever is wrong with the answer."""
        if len(raw) <= HEAD:
            return
        number, twist = self._head(raw)
        options = {**self.cases[number].options, **TWISTS[twist]}
        with bare_reading():
            read = self._load(number, raw[HEAD:], {**options, "max_reject_rate": 1.0, "resolve_names": False})
            if read is not None:
                lines = self._counted(number, read.loader, options)
                if lines is not None and lines != read.counts.read:
                    raise Finding(f"of {lines} rows {read.counts.read} are told")
        if whole or zlib.crc32(raw) % TO_THE_END == 0:
            loaded = self._load(number, raw[HEAD:], options)
            if loaded is not None and read is None:
                raise Finding("rows are loaded from a file that cannot be read")
            if loaded is not None and read is not None and loaded.counts.read != read.counts.read:
                raise Finding(f"of {read.counts.read} rows {loaded.counts} are told")

    def _head(self, raw: bytes) -> tuple[int, int]:
        head = raw[:HEAD].ljust(HEAD, b"\0")
        return head[0] % len(self.cases), head[1] % len(TWISTS)

    def _path(self, number: int) -> Path:
        return self.shelf.folder / str(number) / self.cases[number].name

    def _load(self, number: int, data: bytes, options: Mapping[str, Any]) -> LoadReport | None:
        """A report on all rows, or None where the file is refused in one line, and then nothing of it is left."""
        self.shelf.empty()
        path = self._path(number)
        path.write_bytes(data)
        try:
            with warnings.catch_warnings(), unraisable() as ignored:
                warnings.simplefilter("error")
                try:
                    report = self.shelf.load_file(path, **options)
                finally:
                    gc.collect()
                    if ignored:
                        raise Finding(f"ignored while loading: {ignored[0]}")
        except errors.KolgraphError as error:
            check_refusal(error)
            if any(self.shelf.rows("SELECT (FROM batches SELECT count(*)), (FROM accounts SELECT count(*))")[0]):
                raise Finding("a file was refused, and something of it was kept") from error
            return None
        for reject in report.rejects:
            check_line(describe("f", reject))
        for line in report.decisions:
            check_line(line)
        return report

    def _counted(self, number: int, loader: str, options: Mapping[str, Any]) -> int | None:
        """Rows by a count of lines, which knows nothing of quotes and engines; None where a line need not be a row."""
        known = formats().get(loader)
        if loader != "table" if known is None else known.rows or known.prefix or known.header:
            return None
        with closing(Source(self._path(number), encoding=options.get("encoding"))) as source:
            text = source.text_path.read_bytes().removeprefix(BOM_UTF8)
            lines = [line.rstrip(b"\r") for line in text.split(b"\n")]
            if source.shape == "jsonl":
                return sum(bool(line.strip()) for line in lines)
            header, *rows = lines[source.header_line - 1 :]
            names, *cells = (line.lstrip(BOM_UTF8).split(source.delimiter.encode()) for line in (header, *rows))
            # Files joined end to end: a header is known by the names it has.
            again = any(all(n in (b"", c) for n, c in zip(names, row, strict=False)) for row in cells)
            plain = b'"' not in text and b"\r" not in b"".join(lines) and not again and len(source.header) > 1
            return sum(map(bool, rows)) if source.shape == "table" and plain else None  # a mark alone is a row as well


def check_refusal(error: errors.KolgraphError) -> None:
    """The file is at fault, not we, the store or the machine; and it is said in our words."""
    if not isinstance(error, errors.InputError | errors.LimitError):
        raise Finding(f"{type(error).__name__} for a bad file: {error}") from error
    if isinstance(error.__cause__, duckdb.Error):
        raise Finding(f"the engine's error is all that is said: {error}") from error
    check_line(str(error))


def check_line(text: str) -> None:
    """What is said is one line that every terminal can print."""
    if len(text.splitlines()) != 1 or "\x1b" in text or "\0" in text:
        raise Finding(f"not one line: {text[:500]!r}")
    text.encode()


@contextmanager
def bare_reading() -> Iterator[None]:
    """Files are read, and every row is rejected for meaning nothing: the readers are what Python code there is."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("kolgraph.workspace.loading.ingest", _reject_all))
        for name in ("ingest.MACROS", "texts.MACROS"):
            stack.enter_context(mock.patch(f"kolgraph.workspace.{name}", ()))
        stack.enter_context(mock.patch("kolgraph.workspace.ingest.identity_macros", lambda *_, **__: ()))
        yield


def _reject_all(connection: duckdb.DuckDBPyConnection, reading: Reading, **options: Any) -> tuple[Counts, list[Reject]]:
    return ingest(connection, replace(reading, parts=()), **options)


@contextmanager
def unraisable() -> Iterator[list[str]]:
    """What Python cannot raise, because it happens while something is thrown away: files left open."""
    seen: list[str] = []
    before, sys.unraisablehook = sys.unraisablehook, lambda info: seen.append(repr(info.exc_value))
    try:
        yield seen
    finally:
        sys.unraisablehook = before
