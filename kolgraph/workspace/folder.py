"""Workspace: one folder that holds everything; the only source of truth.

``acme.kol/workspace.duckdb`` holds the canonical tables, the ledger of loaded files, the rejected rows and the results;
``acme.kol/cache/`` holds what can be rebuilt. A load is one transaction: after a crash it has happened or it has not.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, StoreBusy, StoreError
from kolgraph.workspace.answers import SAVED, Answers, Question, Trace
from kolgraph.workspace.filling import Filling
from kolgraph.workspace.layout import is_laid_out, lay_out, name_of
from kolgraph.workspace.making import Making
from kolgraph.workspace.versions import IDS, Watched, counters, digest, raise_counters, tables_in

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from kolgraph.results import Result

_log = logging.getLogger(__name__)

#: The file of tables in the folder.
FILE = "workspace.duckdb"


class Workspace(Filling):
    """An open workspace folder; use it as a context manager.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "f.csv").write_text("follower,followed\\nann,bob\\ncai,bob\\n")
    >>> with Workspace.open(folder / "acme.kol", create=True) as ws:
    ...     print(ws.load(folder / "f.csv").counts)
    ...     print(ws.sql("SELECT count(*) AS n FROM follows")["n"].item())
    Counts(read=2, accepted=2, merged=0, rejected=0)
    2
    """

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self.cache = path / "cache"
        self.answers = Answers(self)
        #: Called with what is going to take its time; the context that it gives lasts as long.
        self.progress: Callable[[str], AbstractContextManager[object]] = _logged
        self.mode = Mode()
        self.traces: list[Trace] = []
        self._connection = connection
        self._counters: dict[str, int] | None = None
        self._current: dict[str, str] = {}
        self._around = ""

    def __getattr__(self, name: str) -> Any:
        # Verbs are methods, but they stand above the workspace: the package knows where each is (`kolgraph.VERBS`).
        import kolgraph

        if name.startswith("_") or name not in kolgraph.VERBS:
            raise AttributeError(f"a workspace has no {name!r}; verbs: {', '.join(sorted(kolgraph.VERBS))}")
        return kolgraph.bound_verb(self, name)

    def __dir__(self) -> list[str]:
        import kolgraph

        return sorted({*super().__dir__(), *kolgraph.VERBS})

    @classmethod
    def open(cls, path: str | Path, *, create: bool = False) -> Workspace:
        """Open a workspace folder.

        Raises
        ------
        InputError
            There is none, and `create` is false; or the folder holds something else.
        StoreBusy
            Another process has it open for longer than `settings.BUSY_WAIT_S`.
        """
        folder = Path(path)
        file = folder / FILE
        try:
            there = file.exists()
            if not there and not create:
                raise InputError(f"{folder}: no workspace here; make one with: kolgraph load {folder} FILE...")
            if folder.exists() and not folder.is_dir():
                raise InputError(f"{folder}: is a file; a workspace is a folder, for example acme.kol")
            if folder.is_dir() and not there and any(p.name != "cache" for p in folder.iterdir()):
                raise InputError(f"{folder}: this folder holds other things; name a new folder, for example acme.kol")
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentProblem(f"{folder}: cannot be made or looked into ({error.strerror})") from error
        workspace = cls(folder, _connect(file))
        if not there:
            settings.private(file)
        try:
            if not is_laid_out(workspace._connection):
                with workspace.transaction() as connection:
                    lay_out(connection, folder)
        except BaseException:
            workspace.close()
            raise
        return workspace

    @classmethod
    @contextmanager
    def filling(cls, path: str | Path) -> Iterator[Workspace]:
        """Open a workspace to load into, made if there is none; if it was made and stays empty, it is taken away again.

        Examples
        --------
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "acme.kol"
        >>> try:
        ...     with Workspace.filling(folder) as ws:
        ...         ws.load("not-there.csv")
        ... except InputError as error:
        ...     print(error, folder.exists())
        not-there.csv: no such file False
        """
        made = Making(Path(path) / FILE)
        workspace = None
        try:
            workspace = cls.open(path, create=True)
            yield workspace
        finally:
            made.undo(workspace and workspace._connection)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing; Ctrl-C counts as nothing."""
        import duckdb

        self._connection.execute("BEGIN")
        watched = Watched(self._connection)
        try:
            yield watched
            raise_counters(self._connection, watched.changed)
            self._connection.execute("COMMIT")
            if watched.changed:
                self._counters, self._current = None, {}
        except BaseException as error:
            with _quiet():
                self._connection.execute("ROLLBACK")
            if isinstance(error, duckdb.Error):
                raise _translated(error, self.path) from error
            raise

    def rewrite(self) -> None:
        """Write the file anew, so that free pages hold nothing, and put it in the place of the old one.

        Raises
        ------
        EnvironmentProblem
            It cannot be written; the old file is as it was.
        """
        file = self.path / FILE
        for old in self.path.glob(f"{file.name}.*.new*"):
            old.unlink(missing_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
        connection = self._connection
        try:
            with self._translating():
                connection.execute("CHECKPOINT")
                [(name,)] = connection.execute("SELECT current_database()").fetchall()
                connection.execute("ATTACH '" + str(fresh).replace("'", "''") + "' AS fresh")
                try:
                    settings.private(fresh)
                    connection.execute(f'COPY FROM DATABASE "{name}" TO fresh')
                finally:
                    connection.execute("DETACH fresh")
            self.exchange(fresh)
        finally:
            fresh.unlink(missing_ok=True)

    def exchange(self, fresh: Path) -> None:
        """Put another file, whole and closed, in the place of this workspace's; a crash leaves one of the two.

        Raises
        ------
        EnvironmentProblem
            It cannot be put there; the old file is as it was.
        """
        file = self.path / FILE
        try:
            with self._translating():
                self._connection.execute("CHECKPOINT")  # or what waits beside the old file would go into the new one
            _to_disk(fresh)
            # The old file is still locked: nobody can write into it what would be lost with it.
            fresh.replace(file)
            _to_disk(self.path)
        except OSError as error:
            raise EnvironmentProblem(f"{file}: cannot be written anew ({error.strerror}); run it again") from error
        self._connection.close()
        shutil.rmtree(self.path / "spill", ignore_errors=True)
        self._connection = type(self).open(self.path)._connection
        self._counters, self._current = None, {}
        self.__dict__.pop("_name", None)  # that of the new file

    # ------------------------------------------------------------------ asking

    def sql(self, query: str, params: Sequence[object] = ()) -> pd.DataFrame:
        """The answer of a SELECT as a DataFrame; values travel as parameters.

        Raises
        ------
        InputError
            The text is no SELECT, or more than one statement, or the engine refuses it.
        """
        with self._reading(query):
            return self._connection.execute(query, list(params)).fetchdf()

    def fetch(self, query: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer of a SELECT as plain rows."""
        with self._reading(query):
            rows: list[tuple[Any, ...]] = self._connection.execute(query, list(params)).fetchall()
            return rows

    def arrow(self, query: str, params: Sequence[object] = ()) -> pa.Table:
        """The answer of a SELECT as an Arrow table."""
        with self._reading(query):
            return self._connection.sql(query, params=list(params)).to_arrow_table()

    def arrays(self, query: str, params: Sequence[object] = ()) -> dict[str, np.ndarray[Any, Any]]:
        """The answer of a SELECT without NULLs as one array per column."""
        with self._reading(query):
            return dict(self._connection.execute(query, list(params)).fetchnumpy())

    def ids(self) -> np.ndarray[Any, Any]:
        """Ids of all accounts, shape (n,), in order of their keys: row numbers of every graph of the workspace."""
        self.note_tables([IDS])
        with self._translating():
            query = "SELECT account_id FROM account_ids ORDER BY account_key"
            found: np.ndarray[Any, Any] = self._connection.execute(query).fetchnumpy()["account_id"]
        return found.astype(object)

    def stream(self, query: str) -> pa.RecordBatchReader:
        """The answer of a SELECT in batches, to be read before the next question is asked."""
        self.note_tables(tables_in(query))
        with self._translating():
            return self._connection.sql(query).to_arrow_reader()

    @contextmanager
    def _reading(self, query: str) -> Iterator[None]:
        """One statement that reads, in a transaction that the engine itself keeps from writing."""
        import duckdb

        with self._translating():
            statements = self._connection.extract_statements(query)
            # No EXPLAIN: with ANALYZE it runs what it explains, a COPY into a file among others.
            reads = {duckdb.StatementType.SELECT, duckdb.StatementType.RELATION}
            if len(statements) != 1 or statements[0].type not in reads:
                raise InputError(f"{self.path}: only one SELECT at a time can be asked; files are loaded with load()")
            self.note_tables(tables_in(query))
            self._connection.execute("BEGIN TRANSACTION READ ONLY")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            raise _translated(error, self.path) from error

    # ------------------------------------------------------------------ what answers stand on

    @cached_property
    def _name(self) -> str:
        return name_of(self._connection)

    def counters(self) -> Mapping[str, int]:
        """Table of facts -> its counter; while an answer is computed those at its start."""
        if self._counters is None or not self.traces:
            found = counters(self._connection)  # another `Workspace` of the same folder may have changed them
            if found != self._counters:
                self._counters, self._current = found, {}
        return self._counters

    def version_of(self, tables: Iterable[str]) -> str:
        """A text that changes when one of these tables does; reading it counts as reading them."""
        wanted = set(tables)
        self.note_tables(wanted)
        return digest(self._name, {table: n for table, n in self.counters().items() if table in wanted})

    @property
    def version(self) -> str:
        """A text that changes when any table of facts does, and only then."""
        return digest(self._name, self.counters())

    def note_tables(self, tables: Iterable[str]) -> None:
        """Write down, for the answer that is being computed, that these tables were read."""
        if self.traces:
            for table in tables:
                self.traces[-1].tables.setdefault(table, self.counters()[table])

    def note_answer(self, key: str, run: str) -> None:
        """Write down, for the answer that is being computed, that another one was used."""
        if self.traces:
            self.traces[-1].answers[key] = run

    def look(self, around: str) -> None:
        """Before a question: forget which answers were found to stand, if facts or the settings `around` changed."""
        self.counters()
        if around != self._around:
            self._around, self._current = around, {}

    def note_current(self, key: str, run: str) -> None:
        """Remember that an answer was found to stand, until a table changes."""
        self._current[key] = run

    def is_current(self, key: str, run: str) -> bool:
        """Whether an answer was found to stand since the last change."""
        return self._current.get(key) == run

    @contextmanager
    def asking(self, *, as_is: bool = False, fresh: bool = False) -> Iterator[None]:
        """Take old answers knowingly, or compute all of them anew, in this block."""
        before, self.mode = self.mode, Mode(as_is, fresh)
        try:
            yield
        finally:
            self.mode = before

    # ------------------------------------------------------------------ results

    def save(self, result: Result) -> str:
        """Keep a result that was computed outside the verbs; its rows take the place of those of its kind.

        Returns the run id. What such a result stands on nobody knows: it is never called old.
        """
        question = Question(SAVED, {"analysis": result.analysis, "variant": result.variant}, "1")
        return self.answers.keep(question, result, Trace(), seconds=0.0, tabled=True).run

    def runs(self) -> pd.DataFrame:
        """The manifests of the answers that are kept."""
        return self.sql("SELECT * FROM runs ORDER BY analysis, variant, made_ts")


@dataclass(frozen=True)
class Mode:
    """How verbs ask: take old answers, or find all anew; `done` are the questions that were."""

    as_is: bool = False
    fresh: bool = False
    done: set[str] = field(default_factory=set)


@contextmanager
def _logged(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    _log.info("%s: %.1f s", what, time.perf_counter() - start)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _quiet() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error:
        return


def _connect(file: Path) -> duckdb.DuckDBPyConnection:
    """Open the file, waiting a while for another process to finish."""
    import duckdb

    deadline = time.monotonic() + settings.BUSY_WAIT_S
    config = {"memory_limit": settings.WORKSPACE_MEMORY, "temp_directory": str(file.parent / "spill")}
    while True:
        try:
            connection = duckdb.connect(str(file), config=config)
        except duckdb.IOException as error:
            if "Could not set lock on file" not in str(error).replace(str(file), ""):
                raise _translated(error, file) from error
            if time.monotonic() > deadline:
                raise StoreBusy(f"{file.parent}: another process has it open; wait for it, then run again") from error
            time.sleep(0.1)
        except duckdb.Error as error:
            raise _translated(error, file) from error
        else:
            if not file.exists():  # whoever made it has taken it away again
                connection.close()
                continue
            with _quiet():  # in a notebook without ipywidgets there is no progress bar, and saying so is an error
                connection.execute("SET enable_progress_bar = false")
            return connection


def _translated(error: Exception, path: Path) -> KolgraphError:
    """An engine's error as one line of ours."""
    import duckdb

    text = str(error).splitlines()[0][:300]
    if isinstance(error, duckdb.OutOfMemoryException):
        return EnvironmentProblem(f"{path}: out of memory ({text}); give more with KOLGRAPH_MEMORY=4GB")
    if "not a valid DuckDB database" in text or isinstance(error, duckdb.SerializationException):
        return InputError(f"{path}: is not a workspace of this version ({text})")
    if "gzip" in text.lower():
        return InputError(f"the compressed file is damaged or cut off ({text})")
    if isinstance(error, duckdb.IOException) or "too large" in text.lower() or "No space left" in text:
        folder = next(p for p in (path, *path.absolute().parents) if p.is_dir())
        free = shutil.disk_usage(folder).free
        return EnvironmentProblem(f"{path}: cannot be read or written ({text}); {free / 1e6:,.0f} MB free")
    if isinstance(error, duckdb.DataError | duckdb.ProgrammingError):
        return InputError(f"{path}: {text}")
    return StoreError(f"{path}: {text}")
