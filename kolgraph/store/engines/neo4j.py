"""The server engine: Neo4j over bolt, the only module that speaks to it.

Loading is a sequence of small transactions, each of which may be run again without harm: rows are merged by id and set
to absolute values. What is sent, and in which order, `filling` decides; how it is written, `statements`. Nothing in the
database but what kolgraph wrote is ever touched.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, cast

from kolgraph.errors import InputError, LimitError, StoreBusy, StoreError, StoreInDoubt, StoreUnavailable, shown
from kolgraph.settings import Neo4jLogin
from kolgraph.store.engines.reaching import FOREIGN, plain, refuse_reaching, roots
from kolgraph.store.language.explaining import Explanation
from kolgraph.store.language.question import explain_text, prepare, typed
from kolgraph.store.protocol import Progress, PublishReport, Snapshot, StoreInfo, too_many, too_slow
from kolgraph.store.sync.filling import Filling, overtaken, refuse_foreign
from kolgraph.store.sync.journal import written
from kolgraph.store.sync.schema import SNAPSHOT, Node, Relation, arrow_schema
from kolgraph.store.sync.statements import STATE, STEP, count_text, quoted, rows_text, schema_texts

if TYPE_CHECKING:
    import neo4j
    import pyarrow as pa

T = TypeVar("T")
#: Takes one node or relationship.
Sink: TypeAlias = "Callable[[dict[str, Any]], object]"
_log = logging.getLogger(__name__)
_SILENT = logging.NullHandler()

#: Rows of one transaction.
BATCH = 20_000
#: Seconds until a connection must stand, a batch must be written, and a batch that failed is given up.
CONNECT_S = 10.0
BATCH_S = 120.0
RETRY_S = 60.0
PAUSE_S = 0.2  # before the first repetition; the driver waits twice as long before each further one
#: Seconds that reading all nodes of a label or all relationships of a type may take.
SCAN_S = 3600.0
#: Seconds granted beyond a limit for the server's own, clearer answer, and for whether it is there at all.
GRACE_S = 0.5
PROBE_S = 0.4


class Neo4jStore:
    """A graph database on a Neo4j server.

    Parameters
    ----------
    login : Neo4jLogin
    timeout_s, max_rows
        Limits of a query.
    native : bool
        Take all that the server reads, not only what both engines understand.
    """

    def __init__(self, login: Neo4jLogin, *, timeout_s: float, max_rows: int, native: bool = False) -> None:
        self._login = login
        self._native = native
        self.where = shown(login.uri)
        self._timeout_s = timeout_s
        self._max_rows = max_rows
        self._driver: neo4j.Driver | None = None
        self._foreign: frozenset[str] | None = None

    def __repr__(self) -> str:
        return f"Neo4jStore({self.where!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        if self._driver:
            self._driver.close()
            self._driver = None

    def ensure_schema(self) -> None:
        """One uniqueness constraint per label, the index by which nodes are found; and some by other properties."""
        for text in schema_texts():
            self.execute(text)

    def replace(
        self, snapshot: Snapshot, *, journal: Path | None = None, progress: Progress | None = None
    ) -> PublishReport:
        """Make the server hold exactly this snapshot, beside whatever else it holds.

        Parameters
        ----------
        snapshot : mapping of pyarrow.Table
            See `kolgraph.store.Snapshot`.
        journal : Path, optional
            A folder that remembers what was published. With it only what changed is sent, and what broke off goes on
            where it stopped; without it everything is sent.
        progress : callable, optional
            Is told now and then how many rows were sent.

        Raises
        ------
        StoreError
            The database has nodes of our labels that kolgraph did not write, or the counts after loading differ.
        StoreUnavailable, StoreInDoubt
            The server does not answer, or did not confirm a commit, again and again. Running again is safe.

        Notes
        -----
        Queries meanwhile see a mixture of the old and the new publication. O(rows) time to find what changed, then
        some 10,000 to 20,000 relationships per second that did; `kolgraph.import_offline` is faster for the first
        tens of millions.
        """
        begin = time.perf_counter()
        with written(journal, snapshot) as (memory, publication):
            self.ensure_schema()
            refuse_foreign(self, "choose another database with KOLGRAPH_NEO4J_DATABASE")
            filling = Filling(self, memory, publication, BATCH, progress or (lambda sent: None))
            counts = filling.fill()
        seconds = time.perf_counter() - begin
        return PublishReport("neo4j", self.where, counts, filling.sent, filling.removed, filling.held, seconds)

    def query(self, query: str, /, **parameters: Any) -> pa.Table:
        """Ask a named query or a reading Cypher text, in a transaction that may only read.

        A text that is not of the library is explained by the server first, and refused where it would do more than to
        read the graph (`kolgraph.store.engines.reaching`).

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
            Too many rows or too many seconds.
        StoreUnavailable
            No answer from the server.
        """
        question = prepare(query, parameters, native=self._native)
        names, rows = self._read(question.text, dict(question.parameters), own=question.named is not None)
        if len(rows) > self._max_rows:
            raise too_many(self._max_rows)
        return typed(_arrow(names, rows, native=self._native), question.columns)

    def explain(self, query: str, /, **parameters: Any) -> Explanation:
        """Say what the server would do, with the rows that it expects at each step; nothing is run.

        Raises
        ------
        InputError, UnknownName, StoreUnavailable
            As `query`.
        """
        question = prepare(query, parameters, native=self._native)
        own, text, values = question.named is not None, question.text, dict(question.parameters)
        plan = self._run(self._timeout_s, lambda driver: self._planned(driver, text, values, own=own), asked=True)
        return Explanation(question.named, question.parameters, question.text, "\n".join(_tree(plan)))

    def scan_nodes(self, label: str, key: str, sink: Sink) -> int:
        """Hand over ``{"id": ..., properties...}`` of every node of a label that has the key; returns how many."""
        text = f"MATCH (n:{quoted(label)}) WHERE n.{quoted(key)} IS NOT NULL RETURN n.{quoted(key)}, properties(n)"
        return self.stream(text, lambda row: sink({**row[1], "id": row[0]}))

    def scan_relations(self, type_: str, label: str, key: str, sink: Sink) -> int:
        """Hand over ``{"src": ..., "dst": ..., properties...}`` of every relationship between two such nodes."""
        end, name = quoted(label), quoted(key)
        text = (
            f"MATCH (a:{end})-[r:{quoted(type_)}]->(b:{end}) WHERE a.{name} IS NOT NULL AND b.{name} IS NOT NULL "
            f"RETURN a.{name}, b.{name}, properties(r)"
        )
        return self.stream(text, lambda row: sink({**row[2], "src": row[0], "dst": row[1]}))

    def is_published(self) -> bool:
        """Whether kolgraph filled this database.

        Raises
        ------
        StoreError
            It is about to, or broke off.
        """
        publication, whole, *_ = self.ask(STATE)
        if publication and not whole:
            raise StoreError(f"{self.where}: kolgraph is publishing here, or broke off; publish again")
        return publication is not None

    def read_table(self, part: Node | Relation, file: Path) -> int:
        """Write a table that kolgraph published as Parquet; returns its number of rows."""
        from pyarrow import parquet

        schema = arrow_schema(part)
        with parquet.ParquetWriter(file, schema, compression="zstd") as out:
            held: list[list[Any]] = []

            def take(row: list[Any]) -> None:
                held.append(row)
                if len(held) == BATCH:
                    out.write_table(_arrow(schema.names, held).cast(schema))
                    held.clear()

            taken = self.stream(rows_text(part.name), take)
            out.write_table(_arrow(schema.names, held).cast(schema))
        return taken

    def stream(self, text: str, take: Callable[[list[Any]], object]) -> int:
        """Stream the rows of one reading transaction; it is not repeated, because what was handed over is gone."""

        def call(driver: neo4j.Driver) -> int:
            taken = 0
            session = driver.session(database=self._login.database, default_access_mode="READ")
            with session, session.begin_transaction(timeout=SCAN_S) as tx:
                for record in tx.run(text):
                    take(record.values())
                    taken += 1
            return taken

        return self._run(SCAN_S, call)

    def info(self) -> StoreInfo:
        """Engine, counts and origin."""
        _, rows = self._read("MATCH (p:Publication) RETURN p.workspace, p.made_ts ORDER BY p.made_ts DESC LIMIT 1", {})
        workspace, made_ts = rows[0] if rows else ("", 0)
        counts = {name: int(self._read(count_text(name), {})[1][0][0]) for name in SNAPSHOT}
        agent = self._run(CONNECT_S, lambda driver: driver.get_server_info().agent)
        return StoreInfo("neo4j", agent.removeprefix("Neo4j/"), self.where, counts, workspace, made_ts)

    # ------------------------------------------------------------------ loading

    def ask(self, text: str, /) -> list[Any]:
        """The first row of an answer, empty if there is none."""
        return next(iter(self._read(text, {})[1]), [])

    def execute(self, text: str, /, *, step: int | None = None, **parameters: Any) -> int:
        """Run one idempotent statement until it is confirmed; see `kolgraph.store.sync.filling.Server`.

        The driver repeats what failed before a commit was sent. A commit without an answer it leaves to us: the
        statement changes nothing when it had already worked, so it is simply run again.
        """
        import neo4j

        def work(tx: neo4j.ManagedTransaction) -> int:
            if step is not None:
                under_way = tx.run(STEP, publication=parameters["publication"], step=step).single(strict=True)
                if not under_way[0]:
                    raise overtaken(self.where)
            record = tx.run(text, parameters).single(strict=False)
            return int(record[0]) if record else 0

        def call(driver: neo4j.Driver) -> int:
            with driver.session(database=self._login.database) as session:
                return session.execute_write(neo4j.unit_of_work(timeout=BATCH_S)(work))

        deadline = time.monotonic() + RETRY_S
        while True:
            try:
                return self._run(BATCH_S, call)
            except (StoreBusy, StoreInDoubt, StoreUnavailable) as error:
                if self._driver is None or time.monotonic() > deadline:  # never connected, hung, or for too long
                    raise
                _log.warning("%s; running the batch again", error)
                time.sleep(PAUSE_S)

    # ------------------------------------------------------------------ asking

    def _read(self, text: str, parameters: dict[str, Any], *, own: bool = True) -> tuple[list[str], list[list[Any]]]:
        """Columns and rows; a text that is not our own is looked at before."""
        import neo4j

        def work(tx: neo4j.ManagedTransaction) -> tuple[list[str], list[list[Any]]]:
            result = tx.run(text, parameters)
            return list(result.keys()), [record.values() for record in result.fetch(self._max_rows + 1)]

        def call(driver: neo4j.Driver) -> tuple[list[str], list[list[Any]]]:
            if not own:
                self._planned(driver, text, parameters, own=own)
            with driver.session(database=self._login.database) as session:
                return session.execute_read(neo4j.unit_of_work(timeout=self._timeout_s)(work))

        return self._run(self._timeout_s, call, asked=True)

    def _planned(self, driver: neo4j.Driver, text: str, parameters: dict[str, Any], *, own: bool) -> Mapping[str, Any]:
        """What the server would do with a text; one that is not our own may do no more than read."""
        with driver.session(database=self._login.database, default_access_mode="READ") as session:
            with session.begin_transaction(timeout=self._timeout_s) as tx:
                told = tx.run(explain_text(text), parameters).consume()
            if not own and self._foreign is None:
                self._foreign = roots(name for asked in FOREIGN for [name] in session.run(asked))
        plan = told.plan or {}
        if not own:
            refuse_reaching(text, told.query_type, plan, self._foreign or frozenset())
        return plan

    def _run(self, seconds: float, call: Callable[[neo4j.Driver], T], *, asked: bool = False) -> T:
        """Give a call to the driver, connecting included, that long.

        A retry budget is not a timeout: a server that keeps the connection and says nothing holds the driver for
        minutes. The call therefore runs in a thread of its own, which is left behind when time is up.

        Parameters
        ----------
        asked : bool
            The seconds are the limit of a query. When they are over a server that is there is slow, and one that says
            nothing is not there.
        """
        with _spoken(self._login, self._timeout_s):
            aside = _Aside(lambda: call(self._connected()))
            try:
                aside.thread.join(max(seconds, GRACE_S))
                if asked and self._driver:  # it answered once
                    aside.thread.join(GRACE_S)
            finally:  # also when Ctrl-C ends the waiting
                if aside.thread.is_alive():
                    driver, self._driver = self._driver, None
                    aside.then(lambda: self._let_go(driver))
            if aside.failure:
                raise aside.failure
            if aside.done:
                return cast("T", aside.answer)
            if asked and driver:
                probe = _Aside(driver.verify_connectivity)
                probe.thread.join(PROBE_S)
                if probe.done:
                    raise too_slow(seconds)
            raise StoreUnavailable(f"{self.where}: no answer within {seconds:g} s; check the server, run again")

    def _let_go(self, driver: neo4j.Driver | None) -> None:
        """Close the driver of a call that was left behind; without one it was made too late."""
        if driver is None:
            driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _connected(self) -> neo4j.Driver:
        import neo4j

        if self._driver is None:
            # Without a handler its warnings, of several lines, would go to stderr; what they say is in our errors.
            logging.getLogger("neo4j").addHandler(_SILENT)
            driver = neo4j.GraphDatabase.driver(
                self._login.uri,
                auth=(self._login.user, self._login.password),
                connection_timeout=CONNECT_S,
                connection_acquisition_timeout=2 * CONNECT_S,
                max_transaction_retry_time=CONNECT_S,
                initial_retry_delay=PAUSE_S,
                notifications_min_severity="OFF",
            )
            try:
                driver.verify_connectivity()
            except BaseException:
                driver.close()
                raise
            self._driver = driver
        return self._driver


class _Aside:
    """A call in a thread of its own, which ends with the program."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.done, self.answer, self.failure = False, cast("object", None), cast("BaseException | None", None)
        self._call, self._after = call, cast("Callable[[], object] | None", None)
        self.thread = threading.Thread(target=self._work, name="kolgraph-bolt", daemon=True)
        self.thread.start()

    def then(self, after: Callable[[], object]) -> None:
        """What is done when the call has ended at last, and nobody waits for it any more."""
        self._after = after
        if not self.thread.is_alive():
            after()

    def _work(self) -> None:
        try:
            self.answer = self._call()
            self.done = True
        except BaseException as error:  # noqa: BLE001 - handed over to who waits
            self.failure = error
        if self._after:
            self._after()


@contextmanager
def _spoken(login: Neo4jLogin, timeout_s: float) -> Iterator[None]:
    """Turn the driver's errors into ours: one line, without the login, and saying whether to run again."""
    from neo4j import exceptions

    try:
        yield
    except exceptions.AuthError:
        raise StoreError(
            f"{login.uri}: the server refused the login of user {login.user!r}; "
            "check KOLGRAPH_NEO4J_USER and KOLGRAPH_NEO4J_PASSWORD"
        ) from None
    except exceptions.IncompleteCommit:
        raise StoreInDoubt(f"{login.uri}: a commit was sent and not answered; running again is safe") from None
    except (exceptions.ServiceUnavailable, exceptions.SessionExpired) as error:
        raise StoreUnavailable(f"{login.uri}: {_first_line(error)}; check the server, run again") from None
    except exceptions.TransientError as error:
        raise StoreBusy(f"{login.uri}: {_first_line(error)}; run again") from None
    except exceptions.ClientError as error:
        if "TransactionTimedOut" in (error.code or ""):
            raise too_slow(timeout_s) from None
        raise InputError(f"query: {_first_line(error)}") from None
    except (exceptions.Neo4jError, exceptions.DriverError) as error:
        raise StoreError(f"{login.uri}: {_first_line(error)}") from None


#: What the driver says of every address that it tried, and why.
_TRIED = re.compile(
    r" \(resolved to .*|(?:Failed to establish connection to|Cannot to connect to Bolt service on) .*(?= \()"
)


def _first_line(error: BaseException) -> str:
    """What happened and, where the driver has it in the next line, why; without the addresses that it tried."""
    lines = (getattr(error, "message", None) or str(error)).strip().split("\n")
    said, why = (_TRIED.sub("", line).strip() for line in [*lines, ""][:2])
    if lines[0].startswith("Unable to retrieve routing information"):
        why = "for a single server write bolt://"
    elif not lines[0].endswith(":"):
        why = ""
    return f"{said.rstrip(':')}: {why.strip('()').removeprefix('reason ')}" if why else said


def _tree(plan: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """The operators of a plan, each below the one that reads from it."""
    facts = plan["args"]
    expected = f"(about {facts.get('EstimatedRows', 0):,.0f} rows)"
    told = [plan["operatorType"].partition("@")[0], facts.get("Details", ""), expected]
    yield "  " * depth + "  ".join(filter(None, told))
    for part in plan.get("children", ()):
        yield from _tree(part, depth + 1)


def _arrow(names: list[str], rows: list[list[Any]], *, native: bool = False) -> pa.Table:
    import pyarrow as pa

    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in names]
    if native:
        columns = [[plain(value) for value in column] for column in columns]
    return pa.Table.from_arrays([_column(values, native=native) for values in columns], names=names)


def _column(values: list[Any], *, native: bool) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        if native:  # what has no type in common is told as text
            return pa.array([None if x is None else json.dumps(x, ensure_ascii=False, default=str) for x in values])
        raise LimitError(f"query: a column mixes types ({_first_line(error)}); return one type per column") from None
