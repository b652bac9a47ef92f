"""The embedded engine: a Ladybug file, built beside its place and swapped in whole, then only ever read.

A file that is written once and never changed sidesteps what goes wrong in long-lived ones: a crash leaves the old file,
readers never meet a writer, and there is exactly one checkpoint. It is read by another process, which can do nothing
else (`kolgraph.store.engines.reading`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kolgraph.errors import EnvironmentProblem, NotPublished, StoreError, reason
from kolgraph.settings import exact, private
from kolgraph.store.engines.reading import Reader, end_idle, give_back, room, take
from kolgraph.store.language.dialect import for_embedded
from kolgraph.store.language.explaining import Explanation
from kolgraph.store.language.question import explain_text, prepare, typed
from kolgraph.store.protocol import Progress, PublishReport, Snapshot, StoreInfo
from kolgraph.store.sync.journal import Journal, Publication
from kolgraph.store.sync.schema import NODES, PUBLICATION, RELATIONS, SNAPSHOT, Node, columns
from kolgraph.targets import TABLES, check, discard, is_alive, to_disk

if TYPE_CHECKING:
    import pyarrow as pa

#: The graph database in the folder of a workspace.
FILE = "graph.lbug"
#: Name of a table of ours, as it stands in a file.
_OURS = b"CO_MENTIONED"
#: Memory of the engine's page cache in bytes while it loads: at least, and per row (measured: 1M nodes and 5M, 10M, 20M
#: relationships need 288, 576, 800 MiB or less).
LOAD_POOL, LOAD_POOL_ROW = 240 << 20, 28
#: A file takes so many times the room of the packed rows that it is built from, or less; else it is built once more.
LOAD_ROOM = 8


class EmbeddedStore:
    """A graph database in one file.

    Parameters
    ----------
    path : Path
        The file, ``graph.lbug`` in a workspace. It need not exist before `replace`.
    timeout_s, max_rows
        Limits of a query.
    """

    def __init__(self, path: Path, *, timeout_s: float, max_rows: int) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._max_rows = max_rows
        self._reader: Reader | None = None

    def __repr__(self) -> str:
        return f"EmbeddedStore({str(self._path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            give_back(self._reader)
            self._reader = None

    def ensure_schema(self) -> None:
        """Make an empty graph where there is no file; every file has all tables from its first moment."""
        if not self._path.exists():
            self.replace({})

    def replace(
        self, snapshot: Snapshot, *, journal: Path | None = None, progress: Progress | None = None
    ) -> PublishReport:
        """Build a new file from a snapshot and put it in the place of the old one.

        Parameters
        ----------
        snapshot : mapping of pyarrow.Table
            See `kolgraph.store.Snapshot`.
        journal : Path, optional
            Not used: a file is always built anew.
        progress : callable, optional
            Is told now and then how many rows were written.

        Raises
        ------
        InputError
            There is another file, or it is no place for one; see `kolgraph.targets.check`.
        StoreError
            A table does not fit, or the counts after loading differ; the old file is still there.
        EnvironmentProblem
            The disk is full or may not be written.

        Notes
        -----
        1M accounts and 10M relationships: 22 s, peak memory 1.3 GiB. Tables are streamed through files beside the
        database, which need a third of its room.
        """
        begin = time.perf_counter()
        # In a workspace everything of this name is its own, also what is damaged or of another version.
        own = self._path.name == FILE and (self._path.parent / TABLES).exists()
        check(self._path, (lambda path: True) if own else _is_ours, within=own)
        _sweep(self._path)
        building = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        rows = building.with_name(f"{building.name}.rows")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The engine reads files in less memory than tables, and these are checked on their way to the disk.
            counts = _load(building, Journal(rows).write(snapshot), progress or (lambda sent: None))
            private(building)
            to_disk(building)
            self.close()
            end_idle()
            for left in _side_files(self._path):
                left.unlink(missing_ok=True)
            building.replace(self._path)
            to_disk(self._path.parent)
        except OSError as error:
            raise EnvironmentProblem(f"{self._path}: {reason(error)}; the graph database was not replaced") from error
        finally:
            for left in (rows, building, *_side_files(building)):
                discard(left)
        sent = sum(counts.values())
        return PublishReport("ladybug", str(self._path), counts, sent, 0, 0, time.perf_counter() - begin)

    def query(self, query: str, /, **parameters: Any) -> pa.Table:
        """Ask a named query or a portable, reading Cypher text.

        Parameters
        ----------
        query : str
            A name of the library (``top-accounts``) or Cypher text.
        **parameters
            Values of its ``$parameters``.

        Returns
        -------
        pyarrow.Table

        Raises
        ------
        InputError, UnknownName
            The query or a parameter cannot be accepted.
        LimitError
            Too many rows, too many seconds or too much memory.
        NotPublished
            There is no file, or none that this version can read.
        """
        question = prepare(query, parameters)
        return typed(self._ask(for_embedded(question.text), question.parameters), question.columns)

    def explain(self, query: str, /, **parameters: Any) -> Explanation:
        """Say what the engine would do, with the rows that it expects at each step; nothing is run.

        Raises
        ------
        InputError, UnknownName, NotPublished
            As `query`.
        """
        question = prepare(query, parameters)
        text = for_embedded(question.text)
        # Of its two plans this one has expectations; the other has times, which are all zero before a run.
        [plan] = self._ask(explain_text(f"LOGICAL {text}"), question.parameters).column(0).to_pylist()
        return Explanation(question.named, question.parameters, text, plan)

    def info(self) -> StoreInfo:
        """Engine, counts and origin."""
        counts = {name: self._ask(_count_text(name))["n"][0].as_py() for name in SNAPSHOT}
        origin = self._ask("MATCH (p:Publication) RETURN p.workspace AS workspace, p.made_ts AS made_ts").to_pylist()
        made: dict[str, Any] = origin[0] if origin else {"workspace": "", "made_ts": 0}
        return StoreInfo("ladybug", self._connect().engine, str(self._path), counts, made["workspace"], made["made_ts"])

    def _connect(self) -> Reader:
        if self._reader is None or not self._reader.alive:
            if self._reader is not None:
                self._reader.close()
            try:
                self._reader = take(self._path)
            except FileNotFoundError:
                raise NotPublished(f"{self._path}: there is no graph database yet; run: kolgraph publish") from None
        return self._reader

    def _ask(self, text: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        return self._connect().ask(text, parameters or {}, max_rows=self._max_rows, timeout_s=self._timeout_s)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _table_texts() -> list[str]:
    """Statements that make every table, from the description alone."""
    texts = []
    for node in (*NODES, PUBLICATION):
        shown = [f"{name} {type_}" for name, type_ in columns(node).items()]
        texts.append(f"CREATE NODE TABLE {node.label}({', '.join(shown)}, PRIMARY KEY(id))")
    for kind in dict.fromkeys(r.type for r in RELATIONS):
        parts = [r for r in RELATIONS if r.type == kind]
        pairs = [f"FROM {r.start} TO {r.end}" for r in parts]
        shown = [f"{name} {type_}" for name, type_ in parts[0].properties.items()]
        texts.append(f"CREATE REL TABLE {kind}({', '.join(pairs + shown)})")
    return texts


def _copy_text(name: str, file: Path) -> str:
    """A path is the only value that cannot be a parameter."""
    part, place = SNAPSHOT[name], exact(file).replace("\\", "\\\\").replace("'", "\\'")
    if isinstance(part, Node):
        return f"COPY {part.label} FROM '{place}'"
    return f"COPY {part.type} FROM '{place}' (from='{part.start}', to='{part.end}')"


def _count_text(name: str) -> str:
    part = SNAPSHOT[name]
    if isinstance(part, Node):
        return f"MATCH (n:{part.label}) RETURN count(*) AS n"
    return f"MATCH (:{part.start})-[r:{part.type}]->(:{part.end}) RETURN count(*) AS n"


def _load(path: Path, publication: Publication, progress: Progress) -> dict[str, int]:
    """Load a publication into a new file, with as much memory and address space as that takes."""
    pool = LOAD_POOL + LOAD_POOL_ROW * sum(publication.rows.values())
    space = room(LOAD_ROOM * sum(publication.file(name).stat().st_size for name in publication.rows))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    while True:
        try:
            return _build(path, publication, progress, pool, space)
        except _TooSmall as error:
            for left in (path, *_side_files(path)):
                discard(left)
            if "Maximum database size" in str(error):
                space *= 4
                continue
            pool *= 2
            if pool > machine:
                raise StoreError(f"{error}; this many rows need a machine with more memory, or a server") from error


class _TooSmall(StoreError):
    """Nothing is wrong but the guess of how much memory or address space a load needs."""


def _build(path: Path, publication: Publication, progress: Progress, pool: int, space: int) -> dict[str, int]:
    """Load a publication into a new file, compare the counts, and write everything out."""
    import ladybug

    try:
        database = ladybug.Database(path, buffer_pool_size=pool, max_db_size=space)
    except (MemoryError, RuntimeError) as error:
        raise EnvironmentProblem(
            f"{path}: building it needs {(pool + space) >> 20:,} MB of address space ({_first_line(error)}); "
            "raise that limit (ulimit -v)"
        ) from error
    connection = ladybug.Connection(database)
    done, sent = 0, publication.rows
    try:
        for text in _table_texts():
            connection.execute(text)
        for name, rows in sent.items():
            if rows:
                connection.execute(_copy_text(name, publication.file(name)))
                progress(done := done + rows)
        counts = {name: int(connection.execute(_count_text(name)).get_next()[0]) for name in SNAPSHOT}
        if counts != sent:
            wrong = next(name for name in sent if sent[name] != counts[name])
            raise StoreError(f"{path}: {wrong}: {counts[wrong]:,} rows after loading {sent[wrong]:,}; publish again")
        connection.execute("CHECKPOINT")
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or "bad_alloc" in str(error):
            raise EnvironmentProblem(f"{path}: there is no memory left to build it; close other programs") from error
        small = "buffer pool is full" in str(error) or "Maximum database size" in str(error)
        raise (_TooSmall if small else StoreError)(f"{path}: {_first_line(error)}") from error
    finally:
        connection.close()
        database.close()
    return counts


def _side_files(path: Path) -> list[Path]:
    """What the engine puts beside a file."""
    return [path.with_name(path.name + ending) for ending in (".wal", ".shadow", ".tmp")]


def _sweep(path: Path) -> None:
    """Remove what publications left behind that were killed in the middle."""
    for left in path.parent.glob(f"{path.name}.*.new*"):
        process = left.name.removeprefix(path.name + ".").partition(".")[0]
        if process.isdigit() and not is_alive(int(process)):
            discard(left)


def _is_ours(path: Path) -> bool:
    """Whether a file of the engine holds tables that only kolgraph makes."""
    with path.open("rb") as file:
        if file.read(4) != b"LBUG":
            return False
        before = b""
        while block := file.read(1 << 20):
            if _OURS in before + block:
                return True
            before = block[-len(_OURS) :]
    return False
