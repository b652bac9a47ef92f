"""Publish a workspace to a graph database: accounts, posts and relations, and our results beside them.

The graph database is derived and can be rebuilt at any time; the workspace stays the source of truth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.loaders.reading.source import quoted
from kolgraph.settings import TIERS, tiers
from kolgraph.store import Progress, PublishReport, open_store
from kolgraph.store.engines import admin, embedded
from kolgraph.store.sync.journal import Publication, written
from kolgraph.store.sync.schema import SCORED, SNAPSHOT, columns
from kolgraph.verbs.renewing import renew

if TYPE_CHECKING:
    import pyarrow as pa

    from kolgraph.workspace import Workspace

#: The embedded graph database of a workspace.
FILE = embedded.FILE
#: What was published, in the cache of a workspace.
JOURNAL = "published"
#: Characters of a post's text that are published: all of it but for the longest.
TEXT = 5000

_SCORES = ", ".join(
    f"max({column}) FILTER (measure = '{m}' AND isfinite(value)) AS {name}"
    for m in SCORED
    for column, name in (("value", m), ("run_id", f"{m}_run"))
)

#: Followers shown for each real account that a post is proven to move, or reaches where of nobody anything is proven;
#: from the run that found it.
_MOVED, _MOVED_RUN = (
    f"CASE WHEN bool_or(proven IS NOT NULL) OVER () THEN proven{of} ELSE reach{of} END" for of in ("", "_run")
)
_INFLATION = (
    f"CASE WHEN {_MOVED} > 0 THEN followers / {_MOVED} END AS inflation, "
    f"CASE WHEN {_MOVED} > 0 AND followers IS NOT NULL THEN {_MOVED_RUN} END AS inflation_run"
)

#: The rows of every table of a snapshot: ids as text, one row per key, sorted so that hubs are written together.
_ROWS: Mapping[str, str] = {
    "Account": f"""
        SELECT account_id AS id, * EXCLUDE (price_cny), CAST(price_cny AS DOUBLE) AS price_cny, {{tier}} AS tier,
               {_INFLATION}
        FROM accounts LEFT JOIN (SELECT account_key, {_SCORES} FROM scores GROUP BY ALL) USING (account_key)
        WHERE platform <> 'forgotten' ORDER BY id""",  # the keys of the forgotten stay, for they are dense
    # Reposts are posts too, or no tree could be asked for; of their texts only those of quotes say something.
    "Post": f"""
        WITH ids AS (
            SELECT post_id FROM posts UNION SELECT root_id FROM cascades UNION SELECT post_id FROM campaigns
            UNION SELECT post_id FROM mentions WHERE dst IS NOT NULL
            UNION SELECT unnest([post_id, parent_id, root_id]) FROM reposts
            UNION SELECT post_id FROM ring_members WHERE role = 'target')
        SELECT ids.post_id AS id, coalesce(p.created_ts, r.ts) AS created_ts, coalesce(p.likes, r.likes) AS likes,
               left(coalesce(p.text, CASE WHEN r.kind = 'quote' THEN r.text END), {TEXT}) AS text,
               CASE WHEN r.post_id IS NOT NULL THEN coalesce(r.kind, 'repost')
                    WHEN p.post_id IS NOT NULL THEN 'post' END AS kind,
               nullif(r.root_id, '') AS root, a.account_id AS root_author,
               size, real_size, depth, breadth, virality, accounts, k.run_id AS run
        FROM ids LEFT JOIN posts p USING (post_id) LEFT JOIN reposts r ON r.post_id = ids.post_id
        LEFT JOIN accounts a ON a.account_key = r.dst
        LEFT JOIN cascades k ON k.root_id = ids.post_id
        WHERE ids.post_id <> '' ORDER BY id""",
    "Topic": """
        SELECT DISTINCT id FROM (SELECT unnest(topics) AS id FROM posts) WHERE id <> '' ORDER BY id""",
    "Campaign": """
        SELECT campaign_id AS id, max(name) AS name, count(*) AS posts FROM campaigns GROUP BY id ORDER BY id""",
    "Community": """
        SELECT 'community:' || community AS id, label, size, stability, run_id AS run
        FROM communities WHERE community >= 0 ORDER BY id""",
    "Ring": """
        SELECT relation || ':' || ring AS id, relation, verdict, n_members AS members, n_targets AS targets, edges,
               density, bits, run_id AS run
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
    "Post-MENTIONS-Account": """
        SELECT post_id AS src, account_id AS dst, count(*) AS times, max(ts) AS last_ts
        FROM mentions JOIN accounts ON account_key = dst WHERE post_id <> '' GROUP BY ALL ORDER BY 2, 1""",
    "Account-CO_MENTIONED-Account": """
        SELECT least(x.account_id, y.account_id) AS src, greatest(x.account_id, y.account_id) AS dst, weight,
               n_posts AS posts, n_authors AS authors
        FROM co_mentions m JOIN accounts x ON x.account_key = m.a JOIN accounts y ON y.account_key = m.b
        ORDER BY dst, src""",
    # What the post itself says of its author goes before what its cascade and its reposts say.
    "Account-POSTED-Post": """
        WITH said AS (
            SELECT post_id, author, 0 AS place FROM posts UNION ALL SELECT post_id, src, 1 FROM reposts
            UNION ALL SELECT root_id, account_key, 2 FROM cascades UNION ALL SELECT root_id, dst, 3 FROM reposts
            UNION ALL SELECT post_id, src, 4 FROM mentions WHERE dst IS NOT NULL)
        SELECT min({'place': place, 'id': account_id}).id AS src, post_id AS dst
        FROM said JOIN accounts ON account_key = author WHERE post_id <> '' GROUP BY post_id ORDER BY dst, src""",
    "Post-REPOST_OF-Post": """
        WITH measured AS (
            SELECT DISTINCT ON (post_id) post_id, parent_id, evidence, run_id FROM cascade_nodes
            WHERE parent_id IS NOT NULL ORDER BY post_id, root_id)
        SELECT post_id AS src, coalesce(m.parent_id, nullif(r.parent_id, post_id), root_id) AS onto, onto AS dst,
               CASE WHEN m.evidence IS NOT NULL THEN m.evidence WHEN r.parent_id <> post_id THEN 'api_parent'
                    ELSE 'root_only' END AS evidence, run_id AS run
        FROM reposts r LEFT JOIN measured m USING (post_id)
        WHERE onto <> post_id AND onto <> '' ORDER BY onto, post_id""",
    "Campaign-SEEDED_BY-Post": """
        SELECT campaign_id AS src, post_id AS dst FROM campaigns ORDER BY dst, src""",
    "Post-TAGGED-Topic": """
        SELECT DISTINCT src, dst FROM (SELECT post_id AS src, unnest(topics) AS dst FROM posts)
        WHERE dst <> '' ORDER BY dst, src""",
    "Account-MEMBER_OF-Community": """
        SELECT account_id AS src, 'community:' || community AS dst, NULL AS edges, run_id AS run
        FROM community_members JOIN communities USING (run_id, community) JOIN accounts USING (account_key)
        WHERE community >= 0 ORDER BY dst, src""",
    "Account-MEMBER_OF-Ring": """
        SELECT account_id AS src, relation || ':' || ring AS dst, sum(m.edges) AS edges, run_id AS run
        FROM ring_members m JOIN rings USING (run_id, ring) JOIN accounts USING (account_key)
        WHERE role = 'member' GROUP BY ALL ORDER BY dst, src""",
    "Ring-TARGETS-Account": """
        SELECT relation || ':' || ring AS src, account_id AS dst, sum(m.edges) AS edges, run_id AS run
        FROM ring_members m JOIN rings USING (run_id, ring) JOIN accounts USING (account_key)
        WHERE role = 'target' AND coalesce(post_id, '') = '' GROUP BY ALL ORDER BY dst, src""",
    "Ring-TARGETS-Post": """
        SELECT relation || ':' || ring AS src, post_id AS dst, sum(m.edges) AS edges, run_id AS run
        FROM ring_members m JOIN rings USING (run_id, ring)
        WHERE role = 'target' AND post_id <> '' GROUP BY ALL ORDER BY dst, src""",
}


class WorkspaceSnapshot(Mapping[str, "pa.RecordBatchReader"]):
    """The tables of a snapshot, each streamed from the workspace when it is asked for: read one before the next."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def __getitem__(self, name: str) -> pa.RecordBatchReader:
        part = SNAPSHOT[name]
        if name == "Publication":
            origin = {"id": self._workspace.version, "workspace": self._workspace.version}
            return _one_row(origin | {"made_ts": time.time_ns() // 1_000_000, "software": software()})
        wanted = ", ".join(columns(part))
        rows = _ROWS[name].replace("{tier}", _tier())
        return self._workspace.stream(f"SELECT {wanted} FROM ({rows})")

    def __iter__(self) -> Iterator[str]:
        return iter(SNAPSHOT)

    def __len__(self) -> int:
        return len(SNAPSHOT)


def software() -> str:
    """What a graph database was made by, and with which tiers, since they are in it: ``kolgraph 0.1.0``."""
    named = "" if tiers() == TIERS else f", tiers {' '.join(f'{name}={cut}' for name, cut in tiers().items())}"
    return f"kolgraph {version('kolgraph')}{named}"


def _tier() -> str:
    """SQL: the tier of an account, by the followers that its platform shows."""
    cases = [f"WHEN followers >= {cut} THEN {quoted(name)}" for name, cut in tiers().items()]
    return f"CASE {' '.join(cases)} END"


def _one_row(values: Mapping[str, object]) -> pa.RecordBatchReader:
    import pyarrow as pa

    return pa.table({name: [value] for name, value in values.items()}).to_reader()


def publish(workspace: Workspace, to: str | Path | None = None, *, progress: Progress | None = None) -> PublishReport:
    """Make a graph database hold what the workspace holds now: tables of facts, and the answers found so far.

    Answers that have become old are found anew first; those that nobody asked for are not there.

    Parameters
    ----------
    workspace : Workspace
    to : str or Path, optional
        A file of the embedded engine, or the address of a Neo4j server (``bolt://host:7687``; login from
        ``KOLGRAPH_NEO4J_USER`` and ``KOLGRAPH_NEO4J_PASSWORD``). By default ``graph.lbug`` inside the workspace.
    progress : callable, optional
        Is told now and then how many rows were sent.

    Returns
    -------
    PublishReport
        Rows per table, counted in the database afterwards.

    Raises
    ------
    StoreError
        The database could not be filled; see `GraphStore.replace`. A file stays as it was, a server takes a second run.

    Notes
    -----
    Tables are streamed, sorted by the workspace engine within `settings.WORKSPACE_MEMORY`. A server gets what changed
    since the last time; what it was sent is kept in the folder ``cache/published`` of the workspace, which may be
    deleted: then everything is sent again. Of ``scores`` only the measures of
    `kolgraph.store.sync.schema.SCORED` become properties.
    """
    with open_store(to if to is not None else workspace.path / FILE) as store:
        if not workspace.mode.as_is:
            renew(workspace)
        return store.replace(WorkspaceSnapshot(workspace), journal=workspace.cache / JOURNAL, progress=progress)


@contextmanager
def kept(workspace: Workspace, where: str) -> Iterator[Publication]:
    """What the workspace would publish now, on disk, because it is about to be brought there."""
    renew(workspace)
    with written(workspace.cache / JOURNAL, WorkspaceSnapshot(workspace)) as (journal, publication):
        journal.note(where, [publication.id])
        yield publication


def import_offline(
    workspace: Workspace, home: str | Path, *, database: str = "neo4j", overwrite: bool = False
) -> PublishReport:
    """Fill an empty database of a stopped Neo4j server on this machine, with the server's own bulk import.

    Parameters
    ----------
    workspace : Workspace
    home : str or Path
        Where Neo4j is installed: ``bin/neo4j-admin`` is in it.
    database : str
    overwrite : bool
        Also if there is such a database: what it holds is lost.

    Returns
    -------
    PublishReport
        Rows per table as they were handed over. Start the server, then `publish` once: it makes the constraints,
        counts, and sends what changed since.

    Raises
    ------
    InputError, StoreError
        See `kolgraph.store.engines.admin.import_into`.

    Notes
    -----
    Several times as fast as `publish`, for the first millions of relationships.
    """
    with kept(workspace, str(home)) as publication:
        return admin.import_into(Path(home), publication, database=database, overwrite=overwrite)
