"""The layout of a workspace file: made once, and brought from an earlier version to this one."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.errors import InputError
from kolgraph.workspace.inside import LAYOUT, check_results, views
from kolgraph.workspace.names import count
from kolgraph.workspace.tables import COUNTED, RESULTS, TABLES
from kolgraph.workspace.versions import begin_counting

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

_log = logging.getLogger(__name__)

#: Raised when the tables change. Facts of version 2 are kept; its answers did not know what they stood on. Version 3
#: did not know the counts of reposts, version 4 what was said of accounts with two ids, version 5 scores of accounts.
SCHEMA_VERSION = 6


def is_laid_out(connection: Connection, folder: Path) -> bool:
    """Whether the tables of this version are there."""
    if not count(connection, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'layout'"):
        return False
    if connection.execute("SELECT version FROM layout").fetchall() != [(SCHEMA_VERSION,)]:
        return False
    check_results(connection, folder)
    return True


def lay_out_new(connection: Connection) -> None:
    """Make the tables and views in a file that has just been made."""
    connection.execute(LAYOUT)
    connection.execute("INSERT INTO layout (version) VALUES (?)", [SCHEMA_VERSION])
    _complete(connection)


def lay_out(connection: Connection, folder: Path) -> None:
    """Bring the tables of an earlier version to this one, or make them where there are none.

    Raises
    ------
    InputError
        A later version made them, or one that is too early.
    """
    # A process that was killed while it made the workspace leaves a file without tables: that is a new one, too.
    others = count(connection, "SELECT count(*) FROM duckdb_tables() WHERE table_name <> 'layout'")
    connection.execute(LAYOUT)
    if not others and not count(connection, "SELECT count(*) FROM layout"):
        connection.execute("INSERT INTO layout (version) VALUES (?)", [SCHEMA_VERSION])
    versions = [version for (version,) in connection.execute("SELECT version FROM layout").fetchall()]
    if versions in ([2], [3], [4], [5]):
        if versions == [2]:
            _from_2(connection)
        if versions[0] < 4:
            _from_3(connection)
        _from_5(connection)
        connection.execute("UPDATE layout SET version = ?", [SCHEMA_VERSION]).fetchall()
        _log.warning(
            "%s: made by an earlier version of kolgraph; what was loaded is kept, answers are found anew", folder
        )
    elif versions != [SCHEMA_VERSION]:
        raise InputError(
            f"{folder}: was made by another version of kolgraph; load the files again into a new workspace"
        )
    _complete(connection)


def _complete(connection: Connection) -> None:
    connection.execute("ALTER TABLE layout ADD COLUMN IF NOT EXISTS name VARCHAR")
    connection.execute("UPDATE layout SET name = ? WHERE name IS NULL", [secrets.token_hex(8)]).fetchall()
    for table in TABLES.values():
        connection.execute(table.ddl())
    for view in views():
        connection.execute(view)
    begin_counting(connection)


def _from_2(connection: Connection) -> None:
    for table in RESULTS:
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def _from_3(connection: Connection) -> None:
    for name, kind in COUNTED.items():
        connection.execute(f"ALTER TABLE reposts ADD COLUMN {name} {kind}")


def _from_5(connection: Connection) -> None:
    for table in ("accounts", "profile_times"):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN score {TABLES[table].columns['score']}")


def name_of(connection: Connection) -> str:
    """The text that tells a workspace from all others."""
    return str(connection.execute("SELECT name FROM layout").fetchall()[0][0])
