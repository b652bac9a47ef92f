"""What is inside the file of a workspace, before anything in it is believed: our tables, and nothing that could run.

A workspace may come from somebody else. Its rows are data; but a view, a macro or the formula of a column is a program:
it would run when we read, with our rights, and what it reads from this machine would leave it in our exports. So the
objects of the file are compared with ours when it is opened, and views are made anew for every connection: those of the
file, under the same names, are never asked.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph import settings
from kolgraph.errors import InputError
from kolgraph.workspace.tables import (
    ACCOUNT_IDS,
    CANONICAL,
    CO_MENTIONS,
    COUNTED,
    MENTIONS,
    REPOST_EDGES,
    RESULTS,
    TABLES,
)
from kolgraph.workspace.versions import VERSIONS

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

#: The number of the layout, and the text that tells a workspace from all others.
LAYOUT = "CREATE TABLE IF NOT EXISTS layout (version INTEGER, name VARCHAR)"
#: What it looks like after earlier versions, and with the proof of a key of pseudonyms.
_LAYOUTS = (
    "",
    ", name VARCHAR",
    ", key_check VARCHAR",
    ", key_check VARCHAR, name VARCHAR",
    ", name VARCHAR, key_check VARCHAR",
)
_VIEWS = ("account_ids", "mentions", "co_mentions", "repost_edges")

#: Kinds of objects that the file of a workspace has none of. The functions are named in full, and nothing is computed:
#: a macro of the file could be called like anything that is.
_NONE: dict[str, str] = {
    "macro": "SELECT function_name FROM system.main.duckdb_functions() WHERE NOT internal",
    "trigger": "SELECT trigger_name FROM system.main.duckdb_triggers()",
    "type": "SELECT type_name FROM system.main.duckdb_types() WHERE NOT internal",
    "schema": "SELECT schema_name FROM system.main.duckdb_schemas() WHERE NOT internal",
    "sequence": "SELECT sequence_name FROM system.main.duckdb_sequences()",
    "index": "SELECT index_name FROM system.main.duckdb_indexes()",
}
_SQUEEZED = re.compile(r"""[\s"();]|\bIF NOT EXISTS\b|\bVIRTUAL\b""", re.IGNORECASE)


def check(connection: Connection, folder: Path) -> None:
    """Refuse a file that holds what no version of kolgraph made; `connection` has just been opened.

    Raises
    ------
    InputError
        Names the first such object.
    """
    for kind, query in _NONE.items():
        for (name,) in connection.execute(query).fetchall():
            raise _foreign(folder, kind, name)
    for (name,) in connection.execute("SELECT view_name FROM system.main.duckdb_views() WHERE NOT internal").fetchall():
        if name not in _VIEWS:
            raise _foreign(folder, "view", name)
    held = connection.execute("SELECT table_name, sql FROM system.main.duckdb_tables() WHERE NOT internal").fetchall()
    for name, text in held:
        ours = _OURS.get(name)
        # What answers said in earlier versions, and what a later one holds, is dropped or refused, but never read.
        if ours is None or (name in _READ and _squeezed(text) not in ours):
            raise _foreign(folder, "table", name)


def check_results(connection: Connection, folder: Path) -> None:
    """Refuse tables of answers that are not those of this version; see `check`."""
    for name, text in connection.execute("SELECT table_name, sql FROM system.main.duckdb_tables()").fetchall():
        if name in RESULTS and _squeezed(text) not in _OURS[name]:
            raise _foreign(folder, "table", name)


def views(kind: str = "VIEW") -> list[str]:
    """Statements that make our views; ``TEMP VIEW``: of one connection."""
    cap = settings.CO_MENTION_CAP
    texts = (ACCOUNT_IDS, MENTIONS, CO_MENTIONS.format(cap=cap), REPOST_EDGES)
    return [text.replace("OR REPLACE VIEW", f"OR REPLACE {kind}", 1) for text in texts]


def _squeezed(text: str) -> str:
    """A statement without what the engine writes in its own way: spaces, quotes, brackets."""
    return _SQUEEZED.sub("", text).lower()


def _foreign(folder: Path, kind: str, name: str) -> InputError:
    return InputError(
        f"{folder}: its file holds a {kind} {name!r} that is none of kolgraph's and could run when it is read; "
        "load the original files into a new workspace"
    )


_OURS: dict[str, set[str]] = {table.name: {_squeezed(table.ddl())} for table in TABLES.values()}
# Reposts of version 3 had no counts; brought to this one, they have them behind the rest.
_UNCOUNTED = {name: kind for name, kind in TABLES["reposts"].columns.items() if name not in COUNTED}
for _columns in (_UNCOUNTED, _UNCOUNTED | COUNTED):
    _OURS["reposts"].add(_squeezed(replace(TABLES["reposts"], columns=_columns).ddl()))
# Accounts of version 5 had no score; brought to this one, they have it behind the rest.
for _name in ("accounts", "profile_times"):
    _score = {"score": TABLES[_name].columns["score"]}
    _before = {name: kind for name, kind in TABLES[_name].columns.items() if name != "score"}
    for _columns in (_before, _before | _score):
        _OURS[_name].add(_squeezed(replace(TABLES[_name], columns=_columns).ddl()))
_OURS["versions"] = {_squeezed(VERSIONS)}
_OURS["layout"] = {_squeezed(f"CREATE TABLE layout (version INTEGER{more})") for more in _LAYOUTS}
_READ = {*CANONICAL, "versions", "layout"}
