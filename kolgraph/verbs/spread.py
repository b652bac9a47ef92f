"""How posts spread: every repost cascade, with and without the accounts that do not count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.errors import AnalysisError
from kolgraph.verbs.asking import answer
from kolgraph.verbs.real import real

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.spread import Cascades
    from kolgraph.workspace import Workspace


def _by_default(parameters: Mapping[str, Any]) -> bool:
    return parameters["since"] is None and parameters["until"] is None and not parameters["raw"]


@answer(tabled=_by_default)
def spread(workspace: Workspace, *, since: int | None = None, until: int | None = None, raw: bool = False) -> Cascades:
    """Measure every repost cascade.

    Parameters
    ----------
    since, until : int, optional
        Of root posts, UTC epoch milliseconds, ``since <= t < until``.
    raw : bool
        Count everybody, ring members too.

    Raises
    ------
    AnalysisError
        There are no reposts.
    """
    from kolgraph.spread import measure_cascades

    rows = read_cascades(workspace, since=since, until=until)
    if rows.empty:
        raise AnalysisError(f"{workspace.path}: no reposts yet; load some with kolgraph load")
    who = real(workspace, raw=raw)
    return measure_cascades(rows, fake=set(who.ids[who.fake]))


def read_cascades(workspace: Workspace, *, since: int | None = None, until: int | None = None) -> pd.DataFrame:
    """Rows for `measure_cascades` from the tables of a workspace.

    Parameters
    ----------
    workspace : Workspace
        Holding ``reposts``, ``posts`` and ``accounts``.
    since, until : int, optional
        UTC epoch milliseconds: reposts with ``since <= ts < until``. Root posts come along whenever they were written;
        a parent outside the window is then ``parent_unseen``; reposts without a time are left out.

    Returns
    -------
    DataFrame
        Reposts that name a root post, and those root posts. The author of a root is the one in ``posts``, else the one
        its reposts name (the smallest account key, should they disagree).

    Notes
    -----
    One query, ordered by root, time and post, so equal tables give equal rows.
    """
    bounds = [("ts >= ?", since), ("ts < ?", until)]
    where = "".join(f" AND {test}" for test, value in bounds if value is not None)
    rows = workspace.sql(
        f"""
        WITH kept AS (SELECT * FROM reposts WHERE root_id IS NOT NULL{where}),
        roots AS (
            SELECT root_id, min(dst) AS dst FROM kept
            WHERE root_id NOT IN (SELECT post_id FROM kept) GROUP BY root_id
        )
        SELECT post_id, parent_id, root_id, account_id, ts, evidence
        FROM kept LEFT JOIN account_ids ON account_key = src
        UNION ALL
        SELECT root_id, NULL, root_id, account_id, posts.created_ts, NULL
        FROM roots LEFT JOIN posts ON post_id = root_id
        LEFT JOIN account_ids ON account_key = coalesce(author, dst)
        ORDER BY 3, 5, 1
        """,
        [value for _, value in bounds if value is not None],
    )
    return rows.astype({"ts": "Int64"})
