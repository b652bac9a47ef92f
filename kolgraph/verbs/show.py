"""Stored tables as people read them: ids and names in the place of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolgraph.errors import UnknownName
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.proven import proven
from kolgraph.verbs.quality import quality
from kolgraph.verbs.rank import rank
from kolgraph.verbs.realised import realised
from kolgraph.verbs.renewing import bring_up
from kolgraph.verbs.value import value
from kolgraph.workspace.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.influence import Quality
    from kolgraph.results import Result
    from kolgraph.workspace import Workspace

#: Columns that hold an account key, and the prefix of the two columns they become.
_KEYS = {"account_key": "account", "src": "src", "dst": "dst", "author": "author", "a": "a", "b": "b"}
#: Problems of growth, as a column of a table holds them.
_GROWTH = {"burst_share": "bursts", "growth_z": "fast"}


def table(workspace: Workspace, name: str, *, limit: int | None = None) -> pd.DataFrame:
    """Any table of the workspace, with ``<who>_id`` and ``<who>_name`` instead of each account key.

    Of a result table the answers are found first where there are none, and anew where they are old.

    Parameters
    ----------
    workspace : Workspace
    name : str
    limit : int, optional
        Rows at most.

    Raises
    ------
    UnknownName
        No such table.
    """
    known = [*TABLES, "co_mentions"]
    if name not in known:
        raise UnknownName.among("table", name, known)
    bring_up(workspace, [name])
    described = workspace.fetch(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [name]
    )
    columns = [column for (column,) in described if column not in {"run_id", "batch"}]
    if name == "accounts":
        columns.remove("account_key")
    select, joins = [], []
    for column in columns:
        if column in _KEYS:
            who = _KEYS[column]
            select += [f"{who}_.account_id AS {who}_id", f"{who}_.name AS {who}_name"]
            joins.append(f"LEFT JOIN accounts {who}_ ON {who}_.account_key = t.{column}")
        else:
            select.append(f"t.{column}")
    if name == "ring_members":  # rings are numbered within a relation
        select.insert(0, "r_.relation")
        joins.append("JOIN rings r_ ON r_.run_id = t.run_id AND r_.ring = t.ring")
    cap = f" LIMIT {int(limit)}" if limit is not None else ""
    return workspace.sql(f"SELECT {', '.join(select)} FROM {name} t {' '.join(joins)} ORDER BY ALL{cap}")


def with_names(workspace: Workspace, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put name and platform followers behind the account id of every row."""
    ids = [row["account_id"] for row in rows]
    found = workspace.fetch(
        "SELECT account_id, name, followers FROM accounts WHERE list_contains(?, account_id)", [ids]
    )
    known = {account: {"name": name, "followers": followers} for account, name, followers in found}
    nothing = {"name": None, "followers": None}
    return [{"account_id": row["account_id"]} | known.get(row["account_id"], nothing) | dict(row) for row in rows]


def grown(judged: Quality, row: int) -> str | None:
    """What is odd in the growth of an account, in short; nothing where nothing is known of it."""
    found = judged.growth(row)
    return None if found is None else ", ".join(_GROWTH[name] for name in found) or "usual"


def ranking(
    workspace: Workspace, *, top: int, by: str | None = None, **options: Any
) -> tuple[list[dict[str, Any]], list[Result]]:
    """The best accounts as a table for people; by ``proven`` or ``reach`` also the other, and what audiences are worth.

    Returns
    -------
    rows : list of dict
    answers : list of Result
        The answers they are from.
    """
    scores = rank(workspace, by=by, **options)
    best = scores.best(top)
    rows = with_names(workspace, scores.records(top))
    for row in rows:
        if row.get("reason") is not None:
            row["reason"] = coverage(workspace).why(row["reason"])
    if scores.measure not in ("proven", "reach"):
        return rows, [scores]
    who = {name: options[name] for name in ("niche", "region", "raw", "seed") if options.get(name)}
    raw = bool(options.get("raw", False))
    found, moved, judged = proven(workspace, **who), realised(workspace, raw=raw), quality(workspace, raw=raw)
    answers: list[Result] = [scores, found, moved, judged]
    if scores.measure == "proven":
        modelled = rank(workspace, by="reach", **options)
        answers.append(modelled)
    worth = value(workspace, raw=raw)
    known = bool((worth.codes >= 0).any())
    for row, i in zip(rows, best, strict=True):
        if scores.measure == "proven":
            row["reach"] = modelled.values[i]
        row["posts"] = int(found.posts[i])
        # Followers for each real account moved: what a brand pays for and does not get.
        row["inflation"] = row["followers"] / moves if row["followers"] and (moves := row[scores.measure]) > 0 else None
        row |= {"realised": moved.values[i], "trend": moved.trend[i]}
        row |= {"audience": judged.score[i], "tier": judged.tier[i], "growth": grown(judged, i)}
        if known:
            said = worth.said(i)
            row["value"] = None if said is None else ", ".join(said) or "usual"
    return rows, answers
