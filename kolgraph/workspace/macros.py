"""The SQL macros of a load, each made when a statement first names it.

The engine takes a macro apart when it is made, and to make all of them takes longer than most small loads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

_CALLED = re.compile(r"\b([a-z][a-z0-9_]*)\(")


class Macros:
    """What macros there are for a connection, and which of them it has.

    Examples
    --------
    >>> import duckdb
    >>> connection, macros = duckdb.connect(), Macros()
    >>> macros.teach(["half(x) AS x / 2", "quarter(x) AS half(half(x))", "unused(x) AS nonsense(x)"])
    >>> query = "SELECT quarter(8)"
    >>> macros.prepare(connection, query)
    >>> connection.execute(query).fetchall()
    [(2.0,)]
    >>> macros.teach(["half(x) AS x / 4"])
    >>> macros.prepare(connection, query)
    >>> connection.execute(query).fetchall()
    [(0.5,)]
    """

    def __init__(self) -> None:
        self._taught: dict[str, str] = {}
        self._missing: dict[str, str] = {}

    def teach(self, statements: Iterable[str]) -> None:
        """From now on these hold, each ``name(arguments) AS body``, instead of those of the same names."""
        for statement in statements:
            name = statement.partition("(")[0]
            if self._taught.get(name) != statement:
                self._taught[name] = self._missing[name] = statement

    def forget(self) -> None:
        """Take none for made: what was made in a transaction goes with it."""
        self._missing = dict(self._taught)

    def prepare(self, connection: Connection, query: str) -> None:
        """Make those that a statement names, and that they name."""
        if self._missing:
            self._make(connection, query, set())

    def _make(self, connection: Connection, text: str, seen: set[str]) -> None:
        for name in _CALLED.findall(text):
            if name in self._taught and name not in seen:
                seen.add(name)
                self._make(connection, self._taught[name], seen)
                if statement := self._missing.pop(name, None):
                    connection.execute(f"CREATE OR REPLACE TEMP MACRO {statement}")
