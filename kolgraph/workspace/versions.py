"""Version counters of the tables of facts, and who reads and changes which: noticed where statements are run.

A writer cannot forget to raise a counter, and a reader cannot forget to say what its answer stands on, because neither
is asked to: the connection of a transaction sees what every statement changed, and the workspace sees what it is asked.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolgraph.errors import KolgraphError
from kolgraph.workspace.tables import CANONICAL, TABLES

if TYPE_CHECKING:
    from kolgraph.workspace.macros import Macros
    from kolgraph.workspace.names import Connection

#: A view of accounts that has a counter of its own: a new price or name of an account changes no graph.
IDS = "account_ids"
#: Tables whose content an answer can stand on.
FACTS = tuple(
    name for name in CANONICAL if name not in {"batches", "rejects", "forgotten", "profile_times", "as_given"}
)
#: Views, and the tables they show.
_VIEWS: Mapping[str, tuple[str, ...]] = {
    "mentions": ("namings",),
    "co_mentions": ("namings",),
    "repost_edges": ("reposts", "namings", "posts"),
}
_READ = re.compile(rf"\b({'|'.join([*FACTS, *_VIEWS, IDS])})\b", re.IGNORECASE)
_WRITE = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)

VERSIONS = "CREATE TABLE IF NOT EXISTS versions (table_name VARCHAR, counter BIGINT)"


def tables_in(query: str) -> set[str]:
    """Tables of facts that a statement names; too many do no harm."""
    found = {name.lower() for name in _READ.findall(query)}
    return {table for name in found for table in _VIEWS.get(name, (name,))}


class Watched:
    """A connection that notices which tables of facts its statements change, and makes the macros that they name."""

    def __init__(self, connection: Connection, macros: Macros) -> None:
        self._connection = connection
        self.macros = macros
        self._rows: list[Any] | None = None
        self.changed: set[str] = set()

    def execute(self, query: str, parameters: Sequence[object] | None = None) -> Watched:
        """Run a statement; of one that changes a table of facts the number of rows is looked at."""
        self.macros.prepare(self._connection, query)
        cursor = self._connection.execute(query, parameters)
        self._rows = None
        written = _WRITE.match(query)
        if written and written[1] in FACTS:
            self._rows = cursor.fetchall()
            if self._rows and self._rows[0][0]:
                self.changed.add(written[1])
                if written[1] == "accounts" and ("UPDATE" not in written[0].upper() or "SET account_id =" in query):
                    self.changed.add(IDS)
        return self

    def renew(self, table: str, values: Mapping[str, str], rows: str) -> int:
        """Give rows of a table new values; returns how many.

        Rows that hold lists cannot be UPDATEd: the engine appends the new ones to the table while it still reads it,
        and now and then ends in an internal error.

        Parameters
        ----------
        values : mapping
            Column -> SQL over `rows`; the others stay.
        rows : str
            SQL behind ``FROM``, in which the table is called ``t``, and none of its rows comes twice.
        """
        held = [column for column, kind in TABLES[table].columns.items() if "GENERATED" not in kind]
        chosen = ", ".join(f"{values.get(column, f't.{column}')} AS {column}" for column in held)
        self.execute(
            f"CREATE OR REPLACE TEMP TABLE renewed AS SELECT t.rowid AS place, {chosen} FROM {rows}"
        ).fetchall()
        gone = self._connection.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT place FROM renewed)").fetchall()
        columns = ", ".join(held)
        come = self._connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM renewed").fetchall()
        self._connection.execute("DROP TABLE renewed")
        if gone != come:
            raise KolgraphError(f"{table}: {come[0][0]} rows in the place of {gone[0][0]}; please report this")
        if come[0][0]:
            self.changed |= {table, IDS} if "account_id" in values else {table}
        return int(come[0][0])

    def fetchall(self) -> list[Any]:
        """The rows of the last statement."""
        rows = self._connection.fetchall() if self._rows is None else self._rows
        self._rows = None
        return list(rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def raise_counters(connection: Connection, changed: Iterable[str]) -> None:
    """Tell the state of each of these tables from all states before.

    By a step of random size: where an old copy of the file takes the place of the present one, what is computed from
    then on must not be taken for what was computed before (`cache`, the graph database).
    """
    for table in sorted(changed):
        step = 1 + secrets.randbelow(1 << 32)
        connection.execute("UPDATE versions SET counter = counter + ? WHERE table_name = ?", [step, table]).fetchall()


def begin_counting(connection: Connection) -> None:
    """Give every table of facts that has no counter one."""
    connection.execute(VERSIONS)
    connection.execute(
        "INSERT INTO versions SELECT name, 0 FROM (SELECT unnest(?::VARCHAR[]) AS name) "
        "WHERE name NOT IN (SELECT table_name FROM versions)",
        [[*FACTS, IDS]],
    ).fetchall()


def counters(connection: Connection) -> dict[str, int]:
    """Table -> its counter, which rises with every change."""
    return dict(connection.execute("SELECT table_name, counter FROM versions").fetchall())


def digest(workspace: str, counts: Mapping[str, int]) -> str:
    """One text for a state of a workspace: other workspaces and other states have another."""
    return hashlib.blake2b(repr((workspace, sorted(counts.items()))).encode(), digest_size=12).hexdigest()
