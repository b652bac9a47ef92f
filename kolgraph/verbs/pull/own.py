"""What kolgraph published comes back: the tables of facts, read from the server and told as an export would tell them.

Results (scores, niches, rings, measured trees) are not facts: they are computed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.settings import exact
from kolgraph.store.sync.schema import SNAPSHOT

if TYPE_CHECKING:
    import duckdb

    from kolgraph.store.engines.neo4j import Neo4jStore
    from kolgraph.workspace import Workspace
    from kolgraph.workspace.loading import LoadReport

#: Published tables that hold facts; what aggregates them follows from them.
TABLES = (
    "Account",
    "Post",
    "Campaign",
    "Account-FOLLOWS-Account",
    "Account-POSTED-Post",
    "Post-TAGGED-Topic",
    "Post-REPOST_OF-Post",
    "Post-MENTIONS-Account",
    "Campaign-SEEDED_BY-Post",
)

#: Format of `kolgraph.loaders.known.canonical` -> its rows, from the published tables: publishing turned round.
_ROWS: Mapping[str, str] = {
    "kolgraph-accounts": """
        SELECT id AS account_id, platform, name, followers, followings, niche, region, city, agency, available,
               CAST(price_cny AS DECIMAL(14, 2)) AS price_cny, verified, created_ts, observed_ts,
               NULL::VARCHAR[] AS rounded, NULL::BIGINT AS posts, NULL::VARCHAR AS bio, NULL::VARCHAR AS ip_region,
               NULL::VARCHAR AS label, score
        FROM "Account" ORDER BY id""",
    "kolgraph-follows": """
        SELECT src, dst, since_ts, NULL::BIGINT AS observed_ts, CAST(weight AS FLOAT) AS weight
        FROM "Account-FOLLOWS-Account" ORDER BY dst, src""",
    "kolgraph-posts": """
        SELECT p.id AS post_id, a.src AS author, created_ts, text, topics, NULL::VARCHAR[] AS urls, likes,
               NULL::BIGINT AS reposts, NULL::BIGINT AS comments, NULL::BIGINT AS views,
               NULL::VARCHAR[] AS rounded, NULL::BIGINT AS observed_ts
        FROM "Post" p LEFT JOIN "Account-POSTED-Post" a ON a.dst = p.id
        LEFT JOIN (SELECT src AS id, list(dst ORDER BY dst) AS topics FROM "Post-TAGGED-Topic" GROUP BY src) USING (id)
        WHERE kind = 'post' ORDER BY id""",
    "kolgraph-reposts": """
        SELECT p.id AS post_id, a.src AS src, root_author AS dst, root AS root_id,
               CASE WHEN evidence = 'api_parent' THEN o.dst END AS parent_id, created_ts AS ts, 1.0::FLOAT AS weight,
               NULL::BOOLEAN AS derived, kind, NULL::VARCHAR[] AS chain, text, likes, NULL::BIGINT AS reposts,
               NULL::BIGINT AS comments, NULL::BIGINT AS views, NULL::VARCHAR[] AS rounded,
               NULL::BIGINT AS observed_ts, NULL::VARCHAR AS author_name
        FROM "Post" p LEFT JOIN "Account-POSTED-Post" a ON a.dst = p.id
        LEFT JOIN "Post-REPOST_OF-Post" o ON o.src = p.id
        WHERE kind IN ('repost', 'quote') ORDER BY id""",
    "kolgraph-mentions": """
        SELECT m.src AS post_id, a.src AS src, NULL::VARCHAR AS name, m.dst AS dst, last_ts AS ts
        FROM "Post-MENTIONS-Account" m JOIN "Account-POSTED-Post" a ON a.dst = m.src ORDER BY 1, 4""",
    "kolgraph-campaigns": """
        SELECT c.id AS campaign_id, name, s.dst AS post_id
        FROM "Campaign" c JOIN "Campaign-SEEDED_BY-Post" s ON s.src = c.id ORDER BY ALL""",
}


def pull_own(workspace: Workspace, store: Neo4jStore, scratch: Path) -> list[LoadReport]:
    """Load what kolgraph published, one table after the other; see `kolgraph.pull`."""
    import duckdb

    with duckdb.connect() as engine:
        for name in TABLES:
            file = scratch / f"{name}.parquet"
            store.read_table(SNAPSHOT[name], file)
            engine.read_parquet(exact(file), hive_partitioning=False).create_view(name)
        return [report for told in _ROWS if (report := _load(workspace, engine, store.where, told, scratch))]


def _load(
    workspace: Workspace, engine: duckdb.DuckDBPyConnection, where: str, told: str, scratch: Path
) -> LoadReport | None:
    rows, file = engine.sql(_ROWS[told]), scratch / f"{told}.parquet"
    if not rows.limit(1).fetchall():
        return None
    rows.write_parquet(str(file))
    return workspace.load(file, name=f"{where} {told.removeprefix('kolgraph-')}", format=told)
