"""Stored tables as people read them: ids and names in the place of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.errors import UnknownName
from kolgraph.workspace.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace

#: Columns that hold an account key, and the prefix of the two columns they become.
_KEYS = {"account_key": "account", "src": "src", "dst": "dst", "author": "author", "a": "a", "b": "b"}


def answer(workspace: Workspace, table: str, *, limit: int | None = None) -> pd.DataFrame:
    """Any table of the workspace, with ``<who>_id`` and ``<who>_name`` instead of each account key.

    Raises
    ------
    UnknownName
        No such table.
    """
    known = [*TABLES, "co_mentions"]
    if table not in known:
        raise UnknownName.among("table", table, known)
    columns = [row for row in workspace.sql(f"DESCRIBE {table}")["column_name"] if row not in {"run_id", "batch"}]
    if table == "accounts":
        columns.remove("account_key")
    select, joins = [], []
    for name in columns:
        if name in _KEYS:
            who = _KEYS[name]
            select += [f"{who}_.account_id AS {who}_id", f"{who}_.name AS {who}_name"]
            joins.append(f"LEFT JOIN accounts {who}_ ON {who}_.account_key = t.{name}")
        else:
            select.append(f"t.{name}")
    cap = f" LIMIT {int(limit)}" if limit is not None else ""
    return workspace.sql(f"SELECT {', '.join(select)} FROM {table} t {' '.join(joins)} ORDER BY ALL{cap}")


def with_names(workspace: Workspace, frame: pd.DataFrame) -> pd.DataFrame:
    """Put name and platform followers beside a table that is indexed by account id."""
    import pandas as pd

    profiles = workspace.sql(
        "SELECT account_id, name, followers FROM accounts WHERE list_contains(?, account_id)", [frame.index.to_list()]
    ).set_index("account_id")
    return pd.concat([profiles.reindex(frame.index), frame], axis=1)


def overview(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """What a workspace holds: tables with their sizes, loaded files, rejected rows, current results."""
    import pandas as pd

    sizes = {name: int(workspace.sql(f"SELECT count(*) AS n FROM {name}")["n"].item()) for name in TABLES}
    sizes["co_mentions"] = int(workspace.sql("SELECT count(*) AS n FROM co_mentions")["n"].item())
    return {
        "tables": pd.DataFrame({"table": sizes.keys(), "rows": sizes.values()}),
        "files": workspace.sql(
            "SELECT file, loader, rows_read, accepted, merged, rejected FROM batches ORDER BY batch"
        ),
        "rejects": workspace.sql("SELECT file, line, column_name, code, message FROM rejects ORDER BY ALL LIMIT 5"),
        "results": workspace.sql("SELECT analysis, variant, seed, graph, summary FROM runs ORDER BY ALL"),
    }
