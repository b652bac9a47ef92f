"""The embedded engine: a Ladybug file, built beside its place and swapped in whole, then only ever read.

A file that is written once and never changed sidesteps what goes wrong in long-lived ones: a crash leaves the old file,
readers never meet a writer, and there is exactly one checkpoint.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kolgraph.errors import EnvironmentProblem, InputError, LimitError, NotPublished, StoreError
from kolgraph.settings import exact, private
from kolgraph.store.language.dialect import for_embedded
from kolgraph.store.language.explaining import Explanation
from kolgraph.store.language.question import explain_text, prepare, typed
from kolgraph.store.protocol import Progress, PublishReport, Snapshot, StoreInfo, too_many, too_slow
from kolgraph.store.sync.journal import Journal, Publication
from kolgraph.store.sync.schema import NODES, PUBLICATION, RELATIONS, SNAPSHOT, Node, columns

if TYPE_CHECKING:
    import ladybug
    import pyarrow as pa

#: Memory of the engine's page cache in bytes; left alone it takes most of the machine.
READ_POOL = 256 << 20
#: Of a load: at least, and per row (measured: 1M nodes and 5M, 10M, 20M relationships need 288, 576, 800 MiB or less).
LOAD_POOL, LOAD_POOL_ROW = 320 << 20, 28


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
        self._open: tuple[ladybug.Database, ladybug.Connection] | None = None

    def __repr__(self) -> str:
        return f"EmbeddedStore({str(self._path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._open:
            database, connection = self._open
            self._open = None
            connection.close()
            database.close()

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
        _sweep(self._path)
        building = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        rows = building.with_name(f"{building.name}.rows")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The engine reads files in less memory than tables, and these are checked on their way to the disk.
            counts = _load(building, Journal(rows).write(snapshot), progress or (lambda sent: None))
            private(building)
            _to_disk(building)
            self.close()
            _remove_side_files(self._path)
            building.replace(self._path)
            _to_disk(self._path.parent)
        except OSError as error:
            raise EnvironmentProblem(f"{self._path}: {error.strerror}; the graph database was not replaced") from error
        finally:
            shutil.rmtree(rows, ignore_errors=True)
            building.unlink(missing_ok=True)
            _remove_side_files(building)
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
        answer = self._execute(for_embedded(question.text), question.parameters)
        if answer.get_num_tuples() > self._max_rows:
            raise too_many(self._max_rows)
        # In one chunk: by default room for ten million values is made first, which takes longer than a short query.
        return typed(answer.get_as_arrow(chunk_size=-1), question.columns)

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
        plan = self._execute(explain_text(f"LOGICAL {text}"), question.parameters).get_next()[0]
        return Explanation(question.named, question.parameters, text, plan)

    def info(self) -> StoreInfo:
        """Engine, counts and origin."""
        import ladybug

        version = f"{ladybug.__version__} (storage {ladybug.storage_version})"
        _, connection = self._connect()
        origin = connection.execute("MATCH (p:Publication) RETURN p.workspace AS workspace, p.made_ts AS made_ts")
        rows = origin.get_as_arrow().to_pylist() or [{"workspace": "", "made_ts": 0}]
        return StoreInfo(
            "ladybug", version, str(self._path), _counts(connection), rows[0]["workspace"], rows[0]["made_ts"]
        )

    def _connect(self) -> tuple[ladybug.Database, ladybug.Connection]:
        if self._open is None:
            import ladybug

            if not self._path.exists():
                raise NotPublished(f"{self._path}: there is no graph database yet; run: kolgraph publish")
            try:
                database = ladybug.Database(self._path, read_only=True, buffer_pool_size=READ_POOL)
            except (RuntimeError, MemoryError) as error:  # of a damaged header it believes any length
                raise NotPublished(
                    f"{self._path}: this version of the engine ({ladybug.__version__}) cannot read the file "
                    f"({_first_line(error)}); run: kolgraph publish"
                ) from None
            connection = ladybug.Connection(database)
            connection.set_query_timeout(int(self._timeout_s * 1000))
            self._open = database, connection
        return self._open

    def _execute(self, text: str, parameters: Mapping[str, Any]) -> ladybug.QueryResult:
        _, connection = self._connect()
        try:
            return connection.execute(text, dict(parameters))
        except RuntimeError as error:
            if "Interrupted" in str(error):
                raise too_slow(self._timeout_s) from None
            if "Buffer manager" in str(error):
                self.close()  # the engine gives back what the query held only then
                raise LimitError(f"query: needs more than {READ_POOL >> 20} MB of memory; ask for less") from None
            raise InputError(f"query: {_first_line(error)}") from None


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


def _counts(connection: ladybug.Connection) -> dict[str, int]:
    return {name: int(connection.execute(_count_text(name)).get_next()[0]) for name in SNAPSHOT}


def _load(path: Path, publication: Publication, progress: Progress) -> dict[str, int]:
    """Load a publication into a new file, with as much memory as that takes."""
    pool = LOAD_POOL + LOAD_POOL_ROW * sum(publication.rows.values())
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    while True:
        try:
            return _build(path, publication, progress, pool)
        except _PoolFull as error:
            path.unlink()
            _remove_side_files(path)
            pool *= 2
            if pool > machine:
                raise StoreError(f"{error}; this many rows need a machine with more memory, or a server") from error


class _PoolFull(StoreError):
    """Nothing is wrong but the guess of how much memory a load needs."""


def _build(path: Path, publication: Publication, progress: Progress, pool: int) -> dict[str, int]:
    """Load a publication into a new file, compare the counts, and write everything out."""
    import ladybug

    database = ladybug.Database(path, buffer_pool_size=pool)
    connection = ladybug.Connection(database)
    done, sent = 0, publication.rows
    try:
        for text in _table_texts():
            connection.execute(text)
        for name, rows in sent.items():
            if rows:
                connection.execute(_copy_text(name, publication.file(name)))
                progress(done := done + rows)
        counts = _counts(connection)
        if counts != sent:
            wrong = next(name for name in sent if sent[name] != counts[name])
            raise StoreError(f"{path}: {wrong}: {counts[wrong]:,} rows after loading {sent[wrong]:,}; publish again")
        connection.execute("CHECKPOINT")
    except RuntimeError as error:
        kind = _PoolFull if "buffer pool is full" in str(error) else StoreError
        raise kind(f"{path}: {_first_line(error)}") from error
    finally:
        connection.close()
        database.close()
    return counts


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_side_files(path: Path) -> None:
    for ending in (".wal", ".shadow", ".tmp"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove what publications left behind that were killed in the middle."""
    for left in path.parent.glob(f"{path.name}.*.new*"):
        process = left.name.removeprefix(path.name + ".").partition(".")[0]
        if process.isdigit() and not _alive(int(process)):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
