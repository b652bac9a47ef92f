"""The SQL macros of a load, each made when a statement first names it.

The engine takes a macro apart when it is made, and to make all of them takes longer than most small loads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    """

    def __init__(self) -> None:
        self._taught: tuple[str, ...] = ()
        self._missing: dict[str, str] = {}

    def teach(self, statements: Sequence[str]) -> None:
        """From now on these hold, each ``name(arguments) AS body``, instead of those before."""
        if self._taught != tuple(statements):
            self._taught = tuple(statements)
            self.forget()

    def forget(self) -> None:
        """Take none for made: what was made in a transaction goes with it."""
        self._missing = {statement.partition("(")[0]: statement for statement in self._taught}

    def prepare(self, connection: Connection, query: str) -> None:
        """Make those that a statement names, and that they name."""
        if self._missing:
            for name in self._missing.keys() & set(_CALLED.findall(query)):
                # Others that are missing may have come before it through a third.
                if statement := self._missing.pop(name, None):
                    self.prepare(connection, statement)
                    connection.execute(f"CREATE OR REPLACE TEMP MACRO {statement}")
