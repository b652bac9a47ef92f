"""Workspace: one folder that holds everything; the only source of truth.

``acme.kol/workspace.duckdb`` holds the canonical tables, the ledger of loaded files, the rejected rows and the results;
``acme.kol/cache/`` holds what can be rebuilt. A load is one transaction: after a crash it has happened or it has not.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError
from kolgraph.targets import to_disk
from kolgraph.workspace.answers import SAVED, Answers, Question, Trace
from kolgraph.workspace.filling import Filling
from kolgraph.workspace.inside import check, views
from kolgraph.workspace.layout import is_laid_out, lay_out, name_of
from kolgraph.workspace.making import FILE, Making, sweep_dead
from kolgraph.workspace.opening import only_read, open_file, translating
from kolgraph.workspace.tables import RESULTS
from kolgraph.workspace.versions import IDS, Watched, counters, digest, raise_counters, tables_in

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from kolgraph.results import Result
    from kolgraph.workspace.handle import Handle

_log = logging.getLogger(__name__)


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

    def __init__(self, path: Path, handle: Handle) -> None:
        self.path = path
        self.cache = path / "cache"
        self.answers = Answers(self)
        #: Called with what is going to take its time; the context that it gives lasts as long.
        self.progress: Callable[[str], AbstractContextManager[object]] = _logged
        self.mode = Mode()
        self.traces: list[Trace] = []
        self._lock = threading.RLock()
        self._handle = handle
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
        made = Making(folder / FILE)
        try:
            workspace = cls(folder, open_file(folder / FILE, create=create))
        except BaseException:
            if create:
                made.undo(None)
            raise
        try:
            workspace._lay_out()
        except BaseException:
            workspace.close()
            raise
        return workspace

    def _lay_out(self) -> None:
        """Look at what is in the file, and bring that of an earlier version to this one."""
        with self._translating() as connection:
            if not self._handle.new:
                check(connection, self.path)
                if not is_laid_out(connection, self.path):
                    with self.transaction() as watched:
                        lay_out(watched, self.path)
            for view in views("TEMP VIEW"):
                connection.execute(view)
        if self._handle.unwritable:
            self.keep_aside()
        if self._handle.first:
            with suppress(OSError):
                sweep_dead(self.path)

    def keep_aside(self) -> None:
        """From now on keep results in memory: the file can be read, but not written."""
        with self._translating() as connection:
            [(name,)] = connection.execute("SELECT current_database()").fetchall()
            for table in RESULTS:
                connection.execute(f'CREATE TEMP TABLE IF NOT EXISTS {table} AS FROM "{name}".main.{table}')

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
            if workspace is not None:
                made.undo(workspace._handle.connection)
                workspace.close()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._handle.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing; Ctrl-C counts as nothing.

        Raises
        ------
        EnvironmentProblem
            The workspace can only be read.
        """
        import duckdb

        with self._translating() as connection:
            connection.execute("BEGIN")
            watched = Watched(connection, self._handle.macros)
            try:
                yield watched
                raise_counters(connection, watched.changed)
                connection.execute("COMMIT")
                if watched.changed:
                    self._counters, self._current = None, {}
            except BaseException:
                with suppress(duckdb.Error):
                    connection.execute("ROLLBACK")
                self._handle.macros.forget()
                raise

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A `transaction` for facts, which is refused where they cannot be written, even if it would change none."""
        if self._handle.unwritable:
            raise only_read(self.path)
        with self.transaction() as connection:
            yield connection

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
        try:
            with self._translating() as connection:
                for view in views():  # what the file said under these names is not copied
                    connection.execute(view)
                connection.execute("CHECKPOINT")
                [(name,)] = connection.execute("SELECT current_database()").fetchall()
                connection.execute("ATTACH '" + str(fresh.absolute()).replace("'", "''") + "' AS fresh")
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
            with self._translating() as connection:
                connection.execute("CHECKPOINT")  # or what waits beside the old file would go into the new one
            to_disk(fresh)
            # The old file is still locked: nobody can write into it what would be lost with it.
            fresh.replace(file)
            to_disk(self.path)
        except OSError as error:
            raise EnvironmentProblem(f"{file}: cannot be written anew ({error.strerror}); run it again") from error
        self.close()
        shutil.rmtree(self.path / "spill", ignore_errors=True)
        self._handle = type(self).open(self.path)._handle
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
        with self._reading(query) as connection:
            return connection.execute(query, list(params)).fetchdf()

    def fetch(self, query: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The answer of a SELECT as plain rows."""
        with self._reading(query) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(query, list(params)).fetchall()
            return rows

    def arrow(self, query: str, params: Sequence[object] = ()) -> pa.Table:
        """The answer of a SELECT as an Arrow table."""
        with self._reading(query) as connection:
            return connection.sql(query, params=list(params)).to_arrow_table()

    def arrays(self, query: str, params: Sequence[object] = ()) -> dict[str, np.ndarray[Any, Any]]:
        """The answer of a SELECT without NULLs as one array per column."""
        with self._reading(query) as connection:
            return dict(connection.execute(query, list(params)).fetchnumpy())

    def ids(self) -> np.ndarray[Any, Any]:
        """Ids of all accounts, shape (n,), in order of their keys: row numbers of every graph of the workspace."""
        import numpy as np

        self.note_tables([IDS])
        with self._translating() as connection:
            rows = connection.execute(
                "SELECT account_key, account_id FROM account_ids ORDER BY account_key"
            ).fetchnumpy()
        found: np.ndarray[Any, Any] = rows["account_id"]
        if not np.array_equal(rows["account_key"], np.arange(found.size)):
            raise InputError(
                f"{self.path}: its accounts are not numbered one by one; load the files into a new workspace"
            )
        return found.astype(object)

    def stream(self, query: str) -> pa.RecordBatchReader:
        """The answer of a SELECT in batches, to be read before the next question is asked."""
        self.note_tables(tables_in(query))
        with self._translating() as connection:
            return connection.sql(query).to_arrow_reader()

    @contextmanager
    def _reading(self, query: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One statement that reads, in a transaction that the engine itself keeps from writing."""
        import duckdb

        with self._translating() as connection:
            statements = connection.extract_statements(query)
            # No EXPLAIN: with ANALYZE it runs what it explains, a COPY into a file among others.
            reads = {duckdb.StatementType.SELECT, duckdb.StatementType.RELATION}
            if len(statements) != 1 or statements[0].type not in reads:
                raise InputError(f"{self.path}: only one SELECT at a time can be asked; files are loaded with load()")
            self.note_tables(tables_in(query))
            connection.execute("BEGIN TRANSACTION READ ONLY")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection, for this thread alone; errors of the engine are ours."""
        with self.turn(), translating(self.path):
            yield self._handle.connection

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The workspace, for this thread alone: others wait.

        Raises
        ------
        StoreError
            This process was forked from the one that opened it.
        """
        self._handle.check()  # first: the lock may be held by a thread that is not in this process
        with self._lock:
            yield

    # ------------------------------------------------------------------ what answers stand on

    @cached_property
    def _name(self) -> str:
        with self._translating() as connection:
            return name_of(connection)

    def counters(self) -> Mapping[str, int]:
        """Table of facts -> its counter; while an answer is computed those at its start."""
        if self._counters is None or not self.traces:
            with self._translating() as connection:
                found = counters(connection)  # another `Workspace` of the same folder may have changed them
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
