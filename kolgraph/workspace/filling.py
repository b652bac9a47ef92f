"""How a workspace is filled: one file, many, those with rejects again; each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph import settings
from kolgraph.errors import KolgraphError
from kolgraph.numbers import check_numbers
from kolgraph.workspace.aliases import settle

if TYPE_CHECKING:
    from typing import Any

    import duckdb

    from kolgraph.loaders.reading.archives import Found
    from kolgraph.loaders.reading.objects import Object
    from kolgraph.loaders.reading.source import Options, Source
    from kolgraph.workspace.ledger import Entry
    from kolgraph.workspace.loading import LoadReport


class Filling:
    """What a `Workspace` is filled with."""

    progress: Callable[[str], AbstractContextManager[object]]

    if TYPE_CHECKING:  # what the workspace itself brings

        def transaction(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
            """All or nothing."""

        def check_writable(self) -> None:
            """Refuse what would change what can only be read."""

        def fetch(self, query: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            """The answer of a SELECT."""

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
        >>> from kolgraph.workspace import Workspace
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
        # Who asks and does not load imports no loader: that would take longer than many an answer.
        from kolgraph.loaders.reading.objects import as_file
        from kolgraph.loaders.reading.source import Options

        check_numbers({"max_reject_rate": max_reject_rate, "max_input": max_input})
        options = Options(format, record, mapping or {}, direction, platform, encoding, root, subject)
        key = settings.key_for(pseudonyms=pseudonymise)
        with as_file(data) as (path, own_name):
            called = own_name if name is None else name
            return self._load_file(
                path, options, called, max_reject_rate, max_input, key, dry_run=dry_run, names=resolve_names
            )

    def load_all(
        self,
        files: str | Path | Sequence[str | Path],
        *,
        each: Callable[[LoadReport], object] = lambda report: None,
        max_reject_rate: float = settings.MAX_REJECT_RATE,
        max_input: int = settings.MAX_INPUT,
        dry_run: bool = False,
        pseudonymise: bool = False,
        format: str | None = None,
        record: str | None = None,
        mapping: dict[str, str] | None = None,
        direction: str | None = None,
        platform: str | None = None,
        encoding: str | None = None,
        root: str | None = None,
        subject: str | None = None,
    ) -> list[LoadReport]:
        """Load files, folders, archives and patterns, each file in a transaction of its own.

        A file that is named itself has to be data. What a folder, an archive or a pattern brings beside data is
        skipped, and its report says so. Names are resolved once: after the last file, or, when something goes wrong,
        after those that were loaded.

        Parameters
        ----------
        files : str, Path, or several
        each : callable
            Takes the report of every file as soon as there is one.
        max_reject_rate, max_input, dry_run, pseudonymise, format, record, ...
            See `load`; they hold for all files.

        Raises
        ------
        InputError
            A file cannot be read, or holds too many bad rows; what was loaded before it stays. Or nothing was data.

        Examples
        --------
        >>> import tempfile
        >>> from kolgraph.workspace import Workspace
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "f.csv").write_text("follower,followed\\nann,bob\\n")
        >>> _ = (folder / "README.md").write_text("# What this is\\n")
        >>> with Workspace.open(folder / "acme.kol", create=True) as ws:
        ...     [bool(report.skipped) for report in ws.load_all([folder / "f.csv", str(folder / "*.md")])]
        [False, True]
        """
        from kolgraph.loaders.reading.source import Options
        from kolgraph.workspace.many import load_many

        check_numbers({"max_reject_rate": max_reject_rate, "max_input": max_input})
        options = Options(format, record, mapping or {}, direction, platform, encoding, root, subject)
        key = settings.key_for(pseudonyms=pseudonymise)

        def one(found: Found, alone: bool) -> LoadReport:
            return self._load_file(
                found.path, options, found.name, max_reject_rate, max_input, key, dry_run=dry_run, names=alone
            )

        def resolve() -> None:
            if not dry_run:
                with self.progress("resolving names"):
                    self.resolve_names()

        def doing(found: Found) -> AbstractContextManager[object]:
            return self.progress("loading" if pseudonymise else f"loading {found.name}")

        return load_many(files, one, resolve, max_input=max_input, each=each, progress=doing)

    def _load_file(
        self,
        path: Path,
        options: Options,
        name: str,
        max_reject_rate: float,
        max_input: int,
        key: bytes | None,
        *,
        dry_run: bool,
        names: bool,
    ) -> LoadReport:
        """Load the file at `path`, and call it `name` whatever happens."""
        from kolgraph.loaders.reading.source import Source, readable

        try:
            with closing(Source(path, encoding=options.encoding, max_input=max_input)) as source, readable(path):
                return self._load(source, options, name, max_reject_rate, key, dry_run=dry_run, names=names)
        except KolgraphError as error:
            if name == str(path):
                raise
            raise type(error)(str(error).replace(str(path), name)) from error

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
        before: bool = False,
    ) -> LoadReport:
        """Load a file in one transaction, repaired if the engine cannot read it as it is."""
        from kolgraph.loaders.reading.delimited import NeedsRepair
        from kolgraph.workspace.loading import load_file, sample

        self.check_writable()
        while True:
            try:
                with self.transaction() as connection:
                    report = load_file(
                        connection, source, options, name, max_reject_rate, instead=instead, key=key, before=before
                    )
                    if names:
                        settle(connection)
                    if dry_run:
                        raise _Undo(replace(report, sample=sample(connection)))
            except _Undo as undone:
                return undone.report
            except NeedsRepair as damage:
                damage.repair()
            else:
                return report

    def load_again(self, entry: Entry, path: Path, *, max_input: int = settings.MAX_INPUT) -> LoadReport:
        """Load a file as the ledger of a workspace says that it was; names are left to `resolve_names`."""
        from kolgraph.workspace.ledger import opened

        with opened(entry, path, max_input=max_input) as (source, options):
            return self._load(source, options, entry.file, 1.0, names=False, before=True)

    def retry_rejects(self, *, max_input: int = settings.MAX_INPUT) -> list[LoadReport]:
        """Load again every file that had rejected rows: what was missing may be known by now, or a loader repaired.

        Good rows are known, so only what was rejected can add something; what is still bad takes the place of what
        was. Files that are gone or have changed are left as they are, and their reports say so.
        """
        from kolgraph.workspace.ingest import Counts
        from kolgraph.workspace.ledger import again, opened
        from kolgraph.workspace.loading import LoadReport

        check_numbers({"max_input": max_input})
        reports = []
        for entry, found in again(self.ledger("SEMI JOIN rejects USING (batch)"), max_input=max_input):
            if isinstance(found, str):
                reports.append(LoadReport(entry.file, "", Counts(), skipped=f"{entry}: {found}"))
                continue
            with opened(entry, found, max_input=max_input) as (source, options):
                reports.append(self._load(source, options, entry.file, 1.0, instead=entry.batch, before=True))
        return reports

    def ledger(self, which: str = "") -> list[Entry]:
        """The files that were loaded, in their order; `which` is SQL behind ``FROM batches``."""
        from kolgraph.workspace.ledger import COLUMNS, entries

        return entries(self.fetch(f"SELECT {COLUMNS} FROM batches {which} ORDER BY batch"))

    def resolve_names(self) -> int:
        """Find out anew whom ids and names mean; returns how many names are still unknown."""
        self.check_writable()
        with self.transaction() as connection:
            return settle(connection)


class _Undo(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, report: LoadReport) -> None:
        super().__init__("dry run")
        self.report = report
