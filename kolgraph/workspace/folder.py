"""Workspace: one folder that holds everything; the only source of truth.

``acme.kol/workspace.duckdb`` holds the canonical tables, the ledger of loaded files, the rejected rows and the results;
``acme.kol/cache/`` holds what can be rebuilt. A load is one transaction: after a crash it has happened or it has not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, StoreBusy, StoreError, UnknownAccount
from kolgraph.loaders.reading.objects import as_file
from kolgraph.loaders.reading.source import NeedsRepair, Options, Source, readable
from kolgraph.workspace.loading import LoadReport, contents, load_file, sample
from kolgraph.workspace.names import resolve
from kolgraph.workspace.tables import CO_MENTIONS, MENTIONS, REPOST_EDGES, RESULTS, TABLES

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from kolgraph.loaders.reading.objects import Object
    from kolgraph.results import Result

#: Raised when the tables change; a workspace of another version is refused, not guessed at.
SCHEMA_VERSION = 2


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
        self._connection = connection

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
        file = folder / "workspace.duckdb"
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
            with workspace.transaction() as connection:
                _lay_out(connection, folder)
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
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException as error:
            with _quiet():
                self._connection.execute("ROLLBACK")
            if isinstance(error, duckdb.Error):
                raise _translated(error, self.path) from error
            raise

    # ------------------------------------------------------------------ asking

    def sql(self, query: str, params: Sequence[object] = ()) -> pd.DataFrame:
        """The answer of a SELECT as a DataFrame; values travel as parameters."""
        with self._asking():
            return self._connection.execute(query, list(params)).fetchdf()

    def arrow(self, query: str, params: Sequence[object] = ()) -> pa.Table:
        """The answer of a SELECT as an Arrow table."""
        with self._asking():
            return self._connection.sql(query, params=list(params)).to_arrow_table()

    def stream(self, query: str) -> pa.RecordBatchReader:
        """The answer of a SELECT in batches, to be read before the next question is asked."""
        with self._asking():
            return self._connection.sql(query).to_arrow_reader()

    def arrays(self, query: str, params: Sequence[object] = ()) -> dict[str, np.ndarray[Any, Any]]:
        """The answer of a SELECT without NULLs as one array per column."""
        with self._asking():
            return dict(self._connection.execute(query, list(params)).fetchnumpy())

    @contextmanager
    def _asking(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            raise _translated(error, self.path) from error

    @property
    def version(self) -> str:
        """Changes with every load, and only then."""
        rows = self._connection.execute("SELECT content_hash FROM batches ORDER BY batch").fetchall()
        return hashlib.blake2b(repr(rows).encode(), digest_size=12).hexdigest()

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
        with self.transaction() as connection:
            return resolve(connection)

    # ------------------------------------------------------------------ results

    def save(self, result: Result) -> str:
        """Store a result; it takes the place of the last answer of the same analysis. Returns the run id."""
        from kolgraph import __version__

        variant, run = result.variant, result.run_id
        with self.transaction() as connection:
            old = connection.execute(
                "SELECT run_id FROM runs WHERE analysis = ? AND variant = ?", [result.analysis, variant]
            ).fetchall()
            for table in RESULTS:
                connection.executemany(f"DELETE FROM {table} WHERE run_id = ?", [*old, (run,)])
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    run,
                    result.analysis,
                    variant,
                    json.dumps(dict(result.parameters), default=str, ensure_ascii=False),
                    json.dumps(result.summary(), default=str, ensure_ascii=False),
                    result.seed,
                    result.graph,
                    __version__,
                    _now_ms(),
                ],
            )
            for table, frame in result.tables().items():
                _insert(connection, table, frame, run)
        return run

    def runs(self) -> pd.DataFrame:
        """The manifests of the current results."""
        return self.sql("SELECT * FROM runs ORDER BY analysis, variant")


class _Undo(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, report: LoadReport) -> None:
        super().__init__("dry run")
        self.report = report


def _lay_out(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the tables and views, or refuse those of another version."""
    # A process that was killed while it made the workspace leaves a file without tables: that is a new one, too.
    others = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name <> 'layout'").fetchall()
    connection.execute("CREATE TABLE IF NOT EXISTS layout (version INTEGER)")
    if not others and not connection.execute("SELECT 1 FROM layout").fetchall():
        connection.execute("INSERT INTO layout VALUES (?)", [SCHEMA_VERSION])
    versions = connection.execute("SELECT version FROM layout").fetchall()
    if versions != [(SCHEMA_VERSION,)]:
        raise InputError(
            f"{folder}: was made by another version of kolgraph; load the files again into a new workspace"
        )
    for table in TABLES.values():
        connection.execute(table.ddl())
    connection.execute(MENTIONS)
    connection.execute(CO_MENTIONS.format(cap=settings.CO_MENTION_CAP))
    connection.execute(REPOST_EDGES)


def _insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, run: str) -> None:
    """Insert rows that name accounts by id into a table that names them by key."""
    if frame.empty:
        return
    connection.register("result_rows", frame)
    has_account = "account_id" in frame.columns
    if has_account:
        known = "EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = r.account_id)"
        query = f"SELECT DISTINCT account_id FROM result_rows r WHERE account_id IS NOT NULL AND NOT {known} ORDER BY 1"
        missing = [row[0] for row in connection.execute(query).fetchall()]
        if missing:
            raise UnknownAccount.among(missing, "this workspace")
    columns = [c for c in RESULTS[table].columns if c != "run_id"]
    values = ["a.account_key" if c == "account_key" else f"r.{c}" if c in frame.columns else "NULL" for c in columns]
    join = "LEFT JOIN accounts a ON a.account_id = r.account_id" if has_account else ""
    if not has_account:
        values = ["NULL" if v == "a.account_key" else v for v in values]
    connection.execute(
        f"INSERT INTO {table} (run_id, {', '.join(columns)}) SELECT ?, {', '.join(values)} FROM result_rows r {join}",
        [run],
    ).fetchall()
    connection.unregister("result_rows")


def _now_ms() -> int:
    return int(time.time() * 1000)


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
