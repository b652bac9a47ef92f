"""Workspace: one folder that holds everything; the only source of truth.

``acme.kol/workspace.duckdb`` holds the canonical tables, the ledger of loaded files, the rejected rows and the results;
``acme.kol/cache/`` holds what can be rebuilt. A load is one transaction: after a crash it has happened or it has not.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, StoreBusy, StoreError
from kolgraph.workspace.answers import Answers, Question, Trace
from kolgraph.workspace.layout import is_laid_out, lay_out, name_of
from kolgraph.workspace.versions import IDS, Watched, counters, digest, raise_counters, tables_in

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from kolgraph.loaders.reading.objects import Object
    from kolgraph.loaders.reading.source import Options, Source
    from kolgraph.results import Result
    from kolgraph.workspace.loading import LoadReport

_log = logging.getLogger(__name__)

#: The file of tables in the folder.
FILE = "workspace.duckdb"


class Workspace:
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
            _to_disk(fresh)
            # The old file is still locked: nobody can write into it what would be lost with it.
            fresh.replace(file)
            _to_disk(self.path)
        except OSError as error:
            raise EnvironmentProblem(f"{file}: cannot be written anew ({error.strerror}); run it again") from error
        finally:
            fresh.unlink(missing_ok=True)
        connection.close()
        shutil.rmtree(self.path / "spill", ignore_errors=True)
        self._connection = type(self).open(self.path)._connection

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
            reads = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.RELATION}
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
        """Table of facts -> how often it was changed."""
        if self._counters is None:
            self._counters = counters(self._connection)
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

    # ------------------------------------------------------------------ loading

    def load(
        self,
        data: str | Path | Object,
        *,
        name: str | None = None,
        max_reject_rate: float = settings.MAX_REJECT_RATE,
        max_input: int = settings.MAX_INPUT,
        dry_run: bool = False,
        resolve_names: bool = True,
        pseudonymise: bool = False,
        format: str | None = None,
        record: str | None = None,
        mapping: dict[str, str] | None = None,
        direction: str | None = None,
        platform: str | None = None,
        encoding: str | None = None,
        root: str | None = None,
        subject: str | None = None,
    ) -> LoadReport:
        """Load one file, DataFrame or graph in one transaction; the same content again changes nothing.

        Parameters
        ----------
        data : str, Path, pandas.DataFrame, networkx.Graph or igraph.Graph
            A DataFrame is loaded as the CSV file that it would be, with its index if that has a name. Of graphs the
            nodes are the ids of accounts (in igraph: the vertex attribute ``name``); attributes called like a column
            of an account or a relation fill it; they need a `direction`, and an undirected edge counts both ways.
            Ids are text or integers; rows in which they are floats are rejected.
        name : str, optional
            How the file is called in messages and in the ledger, if not by its path or kind.
        max_reject_rate : float
            Share of rejected rows above which nothing is loaded.
        max_input : int
            Bytes that a packed file may unpack to.
        dry_run : bool
            Do everything, report it with a sample of the canonical rows, and undo it.
        resolve_names : bool
            Find out anew whom names mean, which looks at all names in the workspace; of many files only the last needs
            it.
        pseudonymise : bool
            Accounts and posts enter under pseudonyms made with the key of `settings.secret_key`, names as digests,
            texts not at all.
        format, record, mapping, direction, platform, encoding, root, subject
            See `kolgraph.loaders.Options`.

        Raises
        ------
        InputError
            The file cannot be read, is not recognised, or holds too many bad rows.

        Notes
        -----
        O(rows) time; memory is bounded by `settings.WORKSPACE_MEMORY`, beyond it the engine spills to disk. Graph files
        and graphs are held in memory besides.

        Examples
        --------
        >>> import tempfile, networkx, pandas
        >>> fans = pandas.DataFrame({"follower": [9007199254740993, 2], "followed": [1, 1]})
        >>> graph = networkx.DiGraph([("4", "1"), ("5", "4")])
        >>> with Workspace.open(tempfile.mkdtemp() + "/acme.kol", create=True) as ws:
        ...     print(ws.load(fans, platform="weibo"))
        ...     print(ws.load(graph, record="follow", direction="forward", platform="weibo"))
        ...     ws.sql("SELECT min(account_id) AS a FROM accounts WHERE length(account_id) > 9")["a"].item()
        <DataFrame>: 2 rows read = 2 accepted + 0 merged + 0 rejected
        <DiGraph>: 5 rows read = 5 accepted + 0 merged + 0 rejected
        'weibo:9007199254740993'
        """
        # Who asks and does not load imports no loader.
        from kolgraph.loaders.reading.objects import as_file
        from kolgraph.loaders.reading.source import Options, Source, readable

        options = Options(format, record, mapping or {}, direction, platform, encoding, root, subject)
        key = settings.secret_key() if pseudonymise else None
        if pseudonymise and key is None:
            raise InputError("pseudonyms need a secret key of your own; set KOLGRAPH_KEY or KOLGRAPH_KEY_FILE")
        with as_file(data) as (path, own_name):
            called = own_name if name is None else name
            try:
                with closing(Source(path, encoding=encoding, max_input=max_input)) as source, readable(source.path):
                    return self._load(
                        source, options, called, max_reject_rate, key, dry_run=dry_run, names=resolve_names
                    )
            except KolgraphError as error:
                if called == str(path):
                    raise
                raise type(error)(str(error).replace(str(path), called)) from error

    def _load(
        self,
        source: Source,
        options: Options,
        name: str,
        max_reject_rate: float,
        key: bytes | None = None,
        *,
        dry_run: bool = False,
        instead: int | None = None,
        names: bool = True,
    ) -> LoadReport:
        """Load a file in one transaction, repaired if the engine cannot read it as it is."""
        from kolgraph.loaders.reading.source import NeedsRepair
        from kolgraph.workspace.loading import load_file, sample
        from kolgraph.workspace.names import resolve

        while True:
            try:
                with self.transaction() as connection:
                    report = load_file(connection, source, options, name, max_reject_rate, instead=instead, key=key)
                    if names:
                        resolve(connection)
                    if dry_run:
                        raise _Undo(replace(report, sample=sample(connection)))
            except _Undo as undone:
                return undone.report
            except NeedsRepair as damage:
                damage.repair()
            else:
                return report

    def retry_rejects(self) -> list[LoadReport]:
        """Load again every file that had rejected rows: what was missing may be known by now, or a loader repaired.

        Good rows are known, so only what was rejected can add something; what is still bad takes the place of what
        was. Files that are gone or have changed are left as they are.
        """
        from kolgraph.loaders.reading.source import Options, Source, readable
        from kolgraph.workspace.loading import contents

        reports = []
        damaged = self.sql(
            "SELECT batch, file, options, content_hash FROM batches SEMI JOIN rejects USING (batch) ORDER BY batch"
        )
        for batch, file, meaning, content in damaged.itertuples(index=False):
            if not meaning.startswith("[") or not Path(file).is_file():  # a pseudonymous ledger names no files
                continue
            version, said = json.loads(meaning)
            options = Options(**said)
            with closing(Source(file, encoding=options.encoding)) as source, readable(source.path):
                if content in contents(source, options, version=version):
                    reports.append(self._load(source, options, file, 1.0, instead=int(batch)))
        return reports

    def resolve_names(self) -> int:
        """Find out anew whom names in posts mean; returns how many are still unknown."""
        from kolgraph.workspace.names import resolve

        with self.transaction() as connection:
            return resolve(connection)

    # ------------------------------------------------------------------ results

    def save(self, result: Result) -> str:
        """Keep a result that was computed outside the verbs; its rows take the place of those of its kind.

        Returns the run id. What such a result stands on nobody knows: it is never called old.
        """
        question = Question("save", {"analysis": result.analysis, "variant": result.variant}, "1")
        return self.answers.keep(question, result, Trace(), seconds=0.0, tabled=True).run

    def runs(self) -> pd.DataFrame:
        """The manifests of the answers that are kept."""
        return self.sql("SELECT * FROM runs ORDER BY analysis, variant, made_ts")


class _Undo(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, report: LoadReport) -> None:
        super().__init__("dry run")
        self.report = report


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
            if "lock" not in str(error).lower():
                raise _translated(error, file) from error
            if time.monotonic() > deadline:
                raise StoreBusy(f"{file.parent}: another process has it open; wait for it, then run again") from error
            time.sleep(0.1)
        except duckdb.Error as error:
            raise _translated(error, file) from error
        else:
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
