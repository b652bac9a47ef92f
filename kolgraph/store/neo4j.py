"""The server engine: Neo4j over bolt, the only module that speaks to it.

Loading is a sequence of small transactions, each of which may be run again without harm: rows are merged by id and set
to absolute values, and every node and relationship carries the number of its publication, so that what is left of an
earlier one can be found and removed. Nothing else in the database is touched.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from kolgraph.errors import InputError, LimitError, StoreBusy, StoreError, StoreInDoubt, StoreUnavailable
from kolgraph.settings import Neo4jLogin
from kolgraph.store import LoadReport, Snapshot, StoreInfo, prepare, too_many, too_slow, typed
from kolgraph.store.schema import MARK, NODES, PUBLICATION, SNAPSHOT, Node, conform

if TYPE_CHECKING:
    import neo4j
    import pyarrow as pa

T = TypeVar("T")
#: Takes one node or relationship.
Sink: TypeAlias = "Callable[[dict[str, Any]], object]"
_log = logging.getLogger(__name__)

#: Rows of one transaction.
BATCH = 20_000
#: Seconds until a connection must stand, a batch must be written, and a batch that failed is given up.
CONNECT_S = 10.0
BATCH_S = 120.0
RETRY_S = 60.0
#: Seconds that reading all nodes of a label or all relationships of a type may take.
SCAN_S = 3600.0
#: Seconds granted beyond a server-side limit for the server's own, clearer answer.
GRACE_S = 3.0


class Neo4jStore:
    """A graph database on a Neo4j server.

    Parameters
    ----------
    login : Neo4jLogin
    timeout_s, max_rows
        Limits of a query.
    """

    def __init__(self, login: Neo4jLogin, *, timeout_s: float, max_rows: int) -> None:
        self._login = login
        self._timeout_s = timeout_s
        self._max_rows = max_rows
        self._driver: neo4j.Driver | None = None

    def __repr__(self) -> str:
        return f"Neo4jStore({self._login.uri!r})"

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
        """One uniqueness constraint per label: it also is the index by which nodes are found."""
        for node in (*NODES, PUBLICATION):
            self._write(_constraint_text(node))
        self._write("CALL db.awaitIndexes()")

    def replace(self, snapshot: Snapshot) -> LoadReport:
        """Make the server hold exactly this snapshot, beside whatever else it holds.

        Parameters
        ----------
        snapshot : mapping of pyarrow.Table
            See `kolgraph.store.Snapshot`.

        Raises
        ------
        StoreError
            The database has nodes of our labels that kolgraph did not write, or the counts after loading differ.
        StoreUnavailable, StoreInDoubt
            The server does not answer, or did not confirm a commit, again and again. Running again is safe.

        Notes
        -----
        Queries meanwhile see a mixture of the old and the new publication. Some 10,000 to 20,000 relationships per
        second; for tens of millions Neo4j's own offline import is the better tool.
        """
        begin = time.perf_counter()
        self._refuse_foreign()
        self.ensure_schema()
        publication = uuid.uuid4().hex
        sent = {}
        for name, part in SNAPSHOT.items():
            rows = conform(part, snapshot.get(name))
            sent[name] = rows.num_rows
            for start in range(0, rows.num_rows, BATCH):
                batch = rows.slice(start, BATCH).to_pylist()
                self._write(_merge_text(name), rows=batch, publication=publication)
        # Relationships first: a node is only removed when nothing hangs on it any more.
        removed = sum(self._remove(name, publication) for name in reversed(list(SNAPSHOT)))
        counts = {name: self._write(_count_text(name), publication=publication) for name in SNAPSHOT}
        if counts != sent:
            wrong = next(name for name in sent if sent[name] != counts[name])
            raise StoreError(
                f"{self._login.uri}: {wrong}: {counts[wrong]:,} rows after loading {sent[wrong]:,}; publish again"
            )
        return LoadReport("neo4j", self._login.uri, counts, removed, time.perf_counter() - begin)

    def query(self, query: str, /, **parameters: Any) -> pa.Table:
        """Ask a named query or a portable, reading Cypher text, in a transaction that may only read.

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
        question = prepare(query, parameters)
        names, rows = self._read(question.text, dict(question.parameters))
        if len(rows) > self._max_rows:
            raise too_many(self._max_rows)
        return typed(_arrow(names, rows), question.columns)

    def scan_nodes(self, label: str, key: str, sink: Sink) -> int:
        """Hand over ``{"id": ..., properties...}`` of every node of a label that has the key; returns how many."""
        text = f"MATCH (n:{_quoted(label)}) WHERE n.{_quoted(key)} IS NOT NULL RETURN n.{_quoted(key)}, properties(n)"
        return self._scan(text, lambda row: sink({**row[1], "id": row[0]}))

    def scan_relations(self, type_: str, label: str, key: str, sink: Sink) -> int:
        """Hand over ``{"src": ..., "dst": ..., properties...}`` of every relationship between two such nodes."""
        end, name = _quoted(label), _quoted(key)
        text = (
            f"MATCH (a:{end})-[r:{_quoted(type_)}]->(b:{end}) WHERE a.{name} IS NOT NULL AND b.{name} IS NOT NULL "
            f"RETURN a.{name}, b.{name}, properties(r)"
        )
        return self._scan(text, lambda row: sink({**row[2], "src": row[0], "dst": row[1]}))

    def _scan(self, text: str, take: Callable[[list[Any]], object]) -> int:
        """Stream the rows of one reading transaction; it is not repeated, because what was handed over is gone."""

        def call(driver: neo4j.Driver) -> int:
            taken = 0
            session = driver.session(database=self._login.database, default_access_mode="READ")
            with session, session.begin_transaction(timeout=SCAN_S) as tx:
                for record in tx.run(text):
                    take(record.values())
                    taken += 1
            return taken

        return self._run(SCAN_S + GRACE_S, call)

    def info(self) -> StoreInfo:
        """Engine, counts and origin."""
        _, rows = self._read("MATCH (p:Publication) RETURN p.workspace, p.made_ts ORDER BY p.made_ts DESC LIMIT 1", {})
        workspace, made_ts = rows[0] if rows else ("", 0)
        counts = {name: int(self._read(_total_text(name), {})[1][0][0]) for name in SNAPSHOT}
        agent = self._run(CONNECT_S, lambda driver: driver.get_server_info().agent)
        return StoreInfo("neo4j", agent.removeprefix("Neo4j/"), self._login.uri, counts, workspace, made_ts)

    # ------------------------------------------------------------------ loading

    def _refuse_foreign(self) -> None:
        """Stop before anything is written where our labels or relationships are somebody else's."""
        for name in SNAPSHOT:
            if self._write(_foreign_text(name)):
                raise StoreError(
                    f"{self._login.uri}: database {self._login.database!r} already has {name} data that kolgraph did "
                    "not write; choose another one with KOLGRAPH_NEO4J_DATABASE"
                )

    def _remove(self, name: str, publication: str) -> int:
        """Delete what earlier publications left in a table, in batches."""
        total = 0
        while gone := self._write(_remove_text(name), publication=publication, batch=BATCH):
            total += gone
        return total

    def _write(self, text: str, **parameters: Any) -> int:
        """Run one idempotent statement until it is confirmed; returns its single number, or 0.

        The driver repeats what failed before a commit was sent. A commit without an answer it leaves to us: the
        statement changes nothing when it had already worked, so it is simply run again.
        """
        import neo4j

        def work(tx: neo4j.ManagedTransaction) -> int:
            record = tx.run(text, parameters).single(strict=False)
            return int(record[0]) if record else 0

        def call(driver: neo4j.Driver) -> int:
            with driver.session(database=self._login.database) as session:
                return session.execute_write(neo4j.unit_of_work(timeout=BATCH_S)(work))

        deadline = time.monotonic() + RETRY_S
        while True:
            try:
                return self._run(BATCH_S + GRACE_S, call)
            except (StoreInDoubt, StoreUnavailable) as error:
                if self._driver is None or time.monotonic() > deadline:  # never connected, hung, or for too long
                    raise
                _log.warning("%s; running the batch again", error)
                time.sleep(0.2)

    # ------------------------------------------------------------------ asking

    def _read(self, text: str, parameters: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
        import neo4j

        def work(tx: neo4j.ManagedTransaction) -> tuple[list[str], list[list[Any]]]:
            result = tx.run(text, parameters)
            return list(result.keys()), [record.values() for record in result.fetch(self._max_rows + 1)]

        def call(driver: neo4j.Driver) -> tuple[list[str], list[list[Any]]]:
            with driver.session(database=self._login.database) as session:
                return session.execute_read(neo4j.unit_of_work(timeout=self._timeout_s)(work))

        return self._run(self._timeout_s + GRACE_S, call)

    def _run(self, seconds: float, call: Callable[[neo4j.Driver], T]) -> T:
        """Give a call to the driver that long.

        A retry budget is not a timeout: a server that keeps the connection and says nothing holds the driver for
        minutes. The call therefore runs in a thread of its own, which is left behind when time is up.
        """
        with _spoken(self._login, self._timeout_s):
            driver = self._connected()
            answer: list[T] = []
            failure: list[BaseException] = []
            left_behind = threading.Event()

            def target() -> None:
                try:
                    answer.append(call(driver))
                except BaseException as error:  # noqa: BLE001 - handed over to the caller below
                    failure.append(error)
                if left_behind.is_set():
                    driver.close()

            thread = threading.Thread(target=target, name="kolgraph-bolt", daemon=True)
            thread.start()
            try:
                thread.join(seconds)
            finally:  # also when Ctrl-C ends the waiting
                if thread.is_alive():
                    left_behind.set()
                    self._driver = None
            if failure:
                raise failure[0]
            if not answer:
                raise StoreUnavailable(
                    f"{self._login.uri}: no answer within {seconds:g} s; check the server, run again"
                )
            return answer[0]

    def _connected(self) -> neo4j.Driver:
        import neo4j

        if self._driver is None:
            driver = neo4j.GraphDatabase.driver(
                self._login.uri,
                auth=(self._login.user, self._login.password),
                connection_timeout=CONNECT_S,
                connection_acquisition_timeout=2 * CONNECT_S,
                max_transaction_retry_time=CONNECT_S,
                notifications_min_severity="OFF",
            )
            try:
                driver.verify_connectivity()
            except BaseException:
                driver.close()
                raise
            self._driver = driver
        return self._driver


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


def _first_line(error: Exception) -> str:
    text = getattr(error, "message", None) or str(error)
    return text.strip().partition("\n")[0]


def _arrow(names: list[str], rows: list[list[Any]]) -> pa.Table:
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    try:
        return pa.Table.from_arrays([pa.array(list(column)) for column in columns], names=names)
    except pa.ArrowInvalid as error:
        raise LimitError(f"query: a column mixes types ({_first_line(error)}); return one type per column") from None


# ---------------------------------------------------------------------- texts, from the description alone


def _quoted(name: str) -> str:
    """A label, type or property name of somebody else's graph as Cypher."""
    if not name or "\0" in name:
        raise InputError(f"{name!r} is no name of a label, type or property")
    return "`" + name.replace("\\u0060", "`").replace("`", "``") + "`"


def _constraint_text(node: Node) -> str:
    name = f"kol_{node.label.lower()}_id"
    return f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{node.label}) REQUIRE n.id IS UNIQUE"


def _pattern(name: str) -> str:
    """How the rows of a table are matched, as ``x``."""
    part = SNAPSHOT[name]
    return f"(x:{part.label})" if isinstance(part, Node) else f"(:{part.start})-[x:{part.type}]->(:{part.end})"


def _merge_text(name: str) -> str:
    part = SNAPSHOT[name]
    values = "".join(f"x.{column} = row.{column}, " for column in part.properties)
    if isinstance(part, Node):
        merge = f"MERGE (x:{part.label} {{id: row.id}})"
    else:
        ends = f"MATCH (a:{part.start} {{id: row.src}}) MATCH (b:{part.end} {{id: row.dst}})"
        merge = f"{ends} MERGE (a)-[x:{part.type}]->(b)"
    return f"UNWIND $rows AS row {merge} SET {values}x.{MARK} = $publication"


def _remove_text(name: str) -> str:
    alone = " AND NOT EXISTS { (x)--() }" if isinstance(SNAPSHOT[name], Node) else ""
    stale = f"MATCH {_pattern(name)} WHERE x.{MARK} <> $publication{alone}"
    return f"{stale} WITH x LIMIT $batch DELETE x RETURN count(*) AS n"


def _count_text(name: str) -> str:
    return f"MATCH {_pattern(name)} WHERE x.{MARK} = $publication RETURN count(x) AS n"


def _total_text(name: str) -> str:
    return f"MATCH {_pattern(name)} RETURN count(x) AS n"


def _foreign_text(name: str) -> str:
    return f"MATCH {_pattern(name)} WHERE x.{MARK} IS NULL WITH x LIMIT 1 RETURN count(x) AS n"
