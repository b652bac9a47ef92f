"""Canonical tables: what the workspace holds, in which units, and which way an edge points.

An edge is stated once, here: ``src`` acts on ``dst`` (follower -> followed, reposter -> author, writer -> mentioned).
Account ids are the text ``platform:native_id`` at every border and the dense ``account_key`` inside. Posts are named by
the text ``platform:native_id`` everywhere. Times are UTC epoch milliseconds. Money is CNY with two decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """One table: its columns as ``name -> SQL type``, the columns that identify a row, and what a row is."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    meaning: str

    def ddl(self) -> str:
        """The CREATE statement."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({columns})"


def _tables(*tables: Table) -> dict[str, Table]:
    return {table.name: table for table in tables}


CANONICAL = _tables(
    Table(
        "accounts",
        {
            "account_key": "INTEGER",  # dense from 0 in order of first appearance: also the row number in a Graph
            "account_id": "VARCHAR",
            "platform": "VARCHAR",
            "name": "VARCHAR",
            "followers": "BIGINT",  # as the platform shows it
            "followings": "BIGINT",
            "niche": "VARCHAR",  # as declared by the account or its agency
            "region": "VARCHAR",
            "price_cny": "DECIMAL(14, 2)",  # per forwarded post
            "verified": "VARCHAR",
            "created_ts": "BIGINT",
            "observed_ts": "BIGINT",  # when the profile was seen: the later observation wins
            "batch": "INTEGER",
        },
        ("account_id",),
        "an account on one platform",
    ),
    Table(
        "account_names",
        {"account_key": "INTEGER", "name_norm": "VARCHAR", "first_seen_ts": "BIGINT", "last_seen_ts": "BIGINT"},
        ("account_key", "name_norm"),
        "a name an account was seen with; names move between people",
    ),
    Table(
        "posts",
        {
            "post_id": "VARCHAR",
            "author": "INTEGER",
            "created_ts": "BIGINT",
            "text": "VARCHAR",
            "topics": "VARCHAR[]",
            "likes": "BIGINT",
            "batch": "INTEGER",
        },
        ("post_id",),
        "a post that is not a repost",
    ),
    Table(
        "follows",
        {
            "src": "INTEGER",
            "dst": "INTEGER",
            "since_ts": "BIGINT",
            "observed_ts": "BIGINT",
            "weight": "FLOAT",
            "batch": "INTEGER",
        },
        ("src", "dst"),
        "src follows dst",
    ),
    Table(
        "reposts",
        {
            "post_id": "VARCHAR",  # the repost itself; made from its content where the source has no id
            "src": "INTEGER",
            "dst": "INTEGER",  # author of the root post; NULL when unknown
            "root_id": "VARCHAR",
            "parent_id": "VARCHAR",  # the post that was forwarded; NULL when the source does not say
            "ts": "BIGINT",
            "weight": "FLOAT",
            "evidence": "VARCHAR",  # api_parent or root_only
            "text": "VARCHAR",
            "batch": "INTEGER",
        },
        ("post_id",),
        "src reposts a post of dst: one row per event",
    ),
    Table(
        "mentions",
        {
            "post_id": "VARCHAR",
            "pos": "INTEGER",
            "src": "INTEGER",
            "dst": "INTEGER",  # NULL while the name is not resolved
            "dst_name": "VARCHAR",
            "ts": "BIGINT",
            "batch": "INTEGER",
        },
        ("post_id", "pos"),
        "src names dst in a post",
    ),
    Table(
        "batches",
        {
            "batch": "INTEGER",
            "loader": "VARCHAR",
            "file": "VARCHAR",
            "bytes": "BIGINT",
            "content_hash": "VARCHAR",  # of the bytes and of every option that changes what they mean
            "options": "VARCHAR",
            "rows_read": "BIGINT",
            "accepted": "BIGINT",
            "merged": "BIGINT",
            "rejected": "BIGINT",
            "loaded_ts": "BIGINT",
        },
        ("batch",),
        "the ledger: one row per loaded file",
    ),
    Table(
        "rejects",
        {
            "batch": "INTEGER",
            "file": "VARCHAR",
            "line": "BIGINT",
            "column_name": "VARCHAR",
            "value": "VARCHAR",
            "code": "VARCHAR",
            "message": "VARCHAR",
            "raw": "VARCHAR",
        },
        ("batch", "line"),
        "a row that was not accepted, with the reason and its raw text",
    ),
)

RESULTS = _tables(
    Table(
        "runs",
        {
            "run_id": "VARCHAR",
            "analysis": "VARCHAR",
            "variant": "VARCHAR",  # which of several answers of one analysis: the measure, the relation
            "parameters": "VARCHAR",
            "summary": "VARCHAR",
            "seed": "BIGINT",
            "graph": "VARCHAR",
            "version": "VARCHAR",
            "made_ts": "BIGINT",
        },
        ("run_id",),
        "manifest of the current answer of an analysis",
    ),
    Table(
        "scores",
        {
            "run_id": "VARCHAR",
            "account_key": "INTEGER",
            "measure": "VARCHAR",
            "value": "DOUBLE",
            "low": "DOUBLE",
            "high": "DOUBLE",
        },
        ("measure", "account_key"),
        "one number per account, with a 95 % interval where it is an estimate",
    ),
    Table(
        "communities",
        {
            "run_id": "VARCHAR",
            "community": "INTEGER",
            "size": "BIGINT",
            "label": "VARCHAR",
            "topics": "VARCHAR[]",
            "internal_share": "DOUBLE",
            "stability": "DOUBLE",
        },
        ("community",),
        "a niche",
    ),
    Table(
        "community_members",
        {"run_id": "VARCHAR", "community": "INTEGER", "account_key": "INTEGER"},
        ("account_key",),
        "who belongs to which niche; -1 = to none",
    ),
    Table(
        "rings",
        {
            "run_id": "VARCHAR",
            "ring": "INTEGER",
            "relation": "VARCHAR",
            "n_members": "BIGINT",
            "n_targets": "BIGINT",
            "edges": "BIGINT",
            "expected": "DOUBLE",
            "density": "DOUBLE",
            "bits": "DOUBLE",
            "share_of_targets": "DOUBLE",
            "share_of_members": "DOUBLE",
            "dispersion": "DOUBLE",
            "verdict": "VARCHAR",  # coordinated, fan club, or community: a natural group
        },
        ("relation", "ring"),
        "a dense block, with its evidence",
    ),
    Table(
        "ring_members",
        {
            "run_id": "VARCHAR",
            "ring": "INTEGER",
            "account_key": "INTEGER",
            "post_id": "VARCHAR",
            "role": "VARCHAR",  # member or target
            "edges": "BIGINT",
        },
        ("ring", "role", "account_key", "post_id"),
        "who is in a ring, and what the ring pushes",
    ),
    Table(
        "cascades",
        {
            "run_id": "VARCHAR",
            "root_id": "VARCHAR",
            "account_key": "INTEGER",
            "size": "BIGINT",
            "real_size": "BIGINT",
            "depth": "BIGINT",
            "breadth": "BIGINT",
            "virality": "DOUBLE",
            "half_life_s": "DOUBLE",
            "duration_s": "DOUBLE",
            "accounts": "BIGINT",
            "observed": "DOUBLE",
        },
        ("root_id",),
        "the repost tree of one post",
    ),
    Table(
        "cascade_nodes",
        {
            "run_id": "VARCHAR",
            "root_id": "VARCHAR",
            "post_id": "VARCHAR",
            "account_key": "INTEGER",
            "parent_id": "VARCHAR",
            "depth": "BIGINT",
            "subtree": "BIGINT",
            "children": "BIGINT",
            "delay_s": "DOUBLE",
            "evidence": "VARCHAR",
        },
        ("root_id", "post_id"),
        "a post inside a repost tree",
    ),
    Table(
        "plans",
        {
            "run_id": "VARCHAR",
            "position": "INTEGER",
            "account_key": "INTEGER",
            "price_cny": "DOUBLE",
            "own_reach": "DOUBLE",
            "marginal_reach": "DOUBLE",
            "reach": "DOUBLE",
        },
        ("position",),
        "a KOL combination, in order of choice",
    ),
)

TABLES: Mapping[str, Table] = CANONICAL | RESULTS

#: Two accounts named in the same post: weight = sum of 1/(k-1) over posts naming k accounts, 2 <= k <= the cap.
CO_MENTIONS = """
CREATE OR REPLACE VIEW co_mentions AS
WITH named AS (SELECT DISTINCT post_id, src, dst, ts FROM mentions WHERE dst IS NOT NULL),
sizes AS (SELECT post_id, count(DISTINCT dst) AS k FROM named GROUP BY post_id HAVING k BETWEEN 2 AND {cap})
SELECT x.dst AS a, y.dst AS b, count(DISTINCT x.post_id) AS n_posts, count(DISTINCT x.src) AS n_authors,
       sum(1.0 / (k - 1)) AS weight, min(x.ts) AS first_ts, max(x.ts) AS last_ts
FROM named x JOIN named y ON x.post_id = y.post_id AND x.dst < y.dst JOIN sizes ON sizes.post_id = x.post_id
GROUP BY ALL
"""


# ---------------------------------------------------------------------- what a loader hands over


@dataclass(frozen=True)
class Field:
    """A field of a raw row: its kind decides how its text is checked and turned into a value."""

    kind: str  # id, post, time, count, weight, money, label (a short text), text
    required: bool = False


def _ids(*names: str) -> dict[str, Field]:
    return {name: Field("id", required=True) for name in names}


#: The records a loader may hand over, as text; `Workspace` checks them and merges them into the canonical tables.
RECORDS: Mapping[str, Mapping[str, Field]] = {
    "account": _ids("account")
    | {"name": Field("label"), "followers": Field("count"), "followings": Field("count"), "niche": Field("label")}
    | {"region": Field("label"), "price_cny": Field("money"), "verified": Field("label")}
    | {"created": Field("time"), "observed": Field("time")},
    "follow": _ids("src", "dst") | {"since": Field("time"), "observed": Field("time"), "weight": Field("weight")},
    "repost": _ids("src")
    | {"dst": Field("id"), "post": Field("post"), "root": Field("post"), "parent": Field("post")}
    | {"time": Field("time"), "weight": Field("weight"), "text": Field("text")},
    "mention": _ids("src", "dst") | {"post": Field("post"), "time": Field("time")},
    "post": {"post": Field("post", required=True), "author": Field("id"), "time": Field("time")}
    | {"text": Field("text"), "likes": Field("count")},
}
