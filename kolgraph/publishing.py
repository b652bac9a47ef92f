"""Publish a workspace to a graph database: accounts, posts and relations, and our results beside them.

The graph database is derived and can be rebuilt at any time; the workspace stays the source of truth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.store import LoadReport, open_store
from kolgraph.store.schema import MEASURES, SNAPSHOT, columns, conform

if TYPE_CHECKING:
    import pyarrow as pa

    from kolgraph.workspace import Workspace

#: The embedded graph database of a workspace.
FILE = "graph.lbug"
#: Characters of a post's text that are published: enough to recognise it.
TEXT = 280

_SCORES = ", ".join(f"max(value) FILTER (measure = '{m}' AND isfinite(value)) AS {m}" for m in MEASURES)

#: The rows of every table of a snapshot: ids as text, one row per key, sorted so that hubs are written together.
_ROWS: Mapping[str, str] = {
    "Account": f"""
        SELECT account_id AS id, * EXCLUDE (price_cny), CAST(price_cny AS DOUBLE) AS price_cny
        FROM accounts LEFT JOIN (SELECT account_key, {_SCORES} FROM scores GROUP BY ALL) USING (account_key)
        ORDER BY id""",
    "Post": f"""
        WITH ids AS (
            SELECT post_id FROM posts UNION SELECT root_id FROM cascades
            UNION SELECT post_id FROM ring_members WHERE role = 'target')
        SELECT post_id AS id, created_ts, left(text, {TEXT}) AS text, likes,
               size, real_size, depth, breadth, virality, accounts
        FROM ids LEFT JOIN posts USING (post_id) LEFT JOIN cascades ON root_id = post_id
        WHERE post_id <> '' ORDER BY id""",
    "Topic": """
        SELECT DISTINCT id FROM (SELECT unnest(topics) AS id FROM posts) WHERE id <> '' ORDER BY id""",
    "Community": """
        SELECT 'community:' || community AS id, label, size, stability
        FROM communities WHERE community >= 0 ORDER BY id""",
    "Ring": """
        SELECT relation || ':' || ring AS id, relation, verdict, n_members AS members, n_targets AS targets, edges,
               density, bits
        FROM rings ORDER BY id""",
    "Account-FOLLOWS-Account": """
        SELECT a.account_id AS src, b.account_id AS dst, since_ts, CAST(weight AS DOUBLE) AS weight
        FROM follows JOIN accounts a ON a.account_key = src JOIN accounts b ON b.account_key = dst
        ORDER BY dst, src""",
    "Account-REPOSTED-Account": """
        SELECT a.account_id AS src, b.account_id AS dst, count(*) AS times, min(ts) AS first_ts, max(ts) AS last_ts
        FROM reposts r JOIN accounts a ON a.account_key = r.src JOIN accounts b ON b.account_key = r.dst
        GROUP BY ALL ORDER BY dst, src""",
    "Account-MENTIONS-Account": """
        SELECT a.account_id AS src, b.account_id AS dst, count(*) AS times, max(ts) AS last_ts
        FROM mentions m JOIN accounts a ON a.account_key = m.src JOIN accounts b ON b.account_key = m.dst
        GROUP BY ALL ORDER BY dst, src""",
    "Account-CO_MENTIONED-Account": """
        SELECT x.account_id AS src, y.account_id AS dst, weight, n_posts AS posts, n_authors AS authors
        FROM co_mentions m JOIN accounts x ON x.account_key = m.a JOIN accounts y ON y.account_key = m.b
        ORDER BY dst, src""",
    "Account-POSTED-Post": """
        WITH written AS (
            SELECT post_id, author FROM posts WHERE author IS NOT NULL
            UNION ALL SELECT root_id, account_key FROM cascades
            WHERE root_id NOT IN (SELECT post_id FROM posts WHERE author IS NOT NULL))
        SELECT account_id AS src, post_id AS dst FROM written JOIN accounts ON account_key = author
        ORDER BY dst, src""",
    "Post-TAGGED-Topic": """
        SELECT DISTINCT src, dst FROM (SELECT post_id AS src, unnest(topics) AS dst FROM posts)
        WHERE dst <> '' ORDER BY dst, src""",
    "Account-MEMBER_OF-Community": """
        SELECT account_id AS src, 'community:' || community AS dst
        FROM community_members JOIN communities USING (run_id, community) JOIN accounts USING (account_key)
        WHERE community >= 0 ORDER BY dst, src""",
    "Account-MEMBER_OF-Ring": """
        SELECT DISTINCT account_id AS src, relation || ':' || ring AS dst
        FROM ring_members JOIN rings USING (run_id, ring) JOIN accounts USING (account_key)
        WHERE role = 'member' ORDER BY dst, src""",
    "Ring-TARGETS-Account": """
        SELECT relation || ':' || ring AS src, account_id AS dst, sum(m.edges) AS edges
        FROM ring_members m JOIN rings USING (run_id, ring) JOIN accounts USING (account_key)
        WHERE role = 'target' AND coalesce(post_id, '') = '' GROUP BY ALL ORDER BY dst, src""",
    "Ring-TARGETS-Post": """
        SELECT relation || ':' || ring AS src, post_id AS dst, sum(m.edges) AS edges
        FROM ring_members m JOIN rings USING (run_id, ring)
        WHERE role = 'target' AND post_id <> '' GROUP BY ALL ORDER BY dst, src""",
}


class WorkspaceSnapshot(Mapping[str, "pa.Table"]):
    """The tables of a snapshot, each read from the workspace when it is asked for: only one is in memory at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __getitem__(self, name: str) -> pa.Table:
        part = SNAPSHOT[name]
        if name == "Publication":
            origin = {"id": self._workspace.version, "workspace": self._workspace.version}
            return _one_row(
                origin | {"made_ts": time.time_ns() // 1_000_000, "software": f"kolgraph {version('kolgraph')}"}
            )
        wanted = ", ".join(columns(part))
        return conform(part, self._workspace.arrow(f"SELECT {wanted} FROM ({_ROWS[name]})"))

    def __iter__(self) -> Iterator[str]:
        return iter(SNAPSHOT)

    def __len__(self) -> int:
        return len(SNAPSHOT)


def _one_row(values: Mapping[str, object]) -> pa.Table:
    import pyarrow as pa

    return pa.table({name: [value] for name, value in values.items()})


def publish(workspace: Workspace, to: str | Path | None = None) -> LoadReport:
    """Make a graph database hold what the workspace holds now: canonical tables and current results.

    Parameters
    ----------
    workspace : Workspace
    to : str or Path, optional
        A file of the embedded engine, or the address of a Neo4j server (``bolt://host:7687``; login from
        ``KOLGRAPH_NEO4J_USER`` and ``KOLGRAPH_NEO4J_PASSWORD``). By default ``graph.lbug`` inside the workspace.

    Returns
    -------
    LoadReport
        Rows per table, counted in the database afterwards.

    Raises
    ------
    StoreError
        The database could not be filled; see `GraphStore.replace`. A file stays as it was, a server takes a second run.

    Notes
    -----
    One table is in memory at a time. Of ``scores`` only the measures named in `kolgraph.store.schema.MEASURES` become
    properties.
    """
    with open_store(to if to is not None else workspace.path / FILE) as store:
        return store.replace(WorkspaceSnapshot(workspace))
