"""Canonical tables: what the workspace holds, in which units, and which way an edge points.

An edge is stated once, here: ``src`` acts on ``dst`` (follower -> followed, reposter -> author, writer -> mentioned).
Account ids are the text ``platform:native_id`` at every border and the dense ``account_key`` inside. Posts are named by
the text ``platform:native_id`` everywhere. Times are UTC epoch milliseconds. Money is CNY with two decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kolgraph.records import PROFILE


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


#: The platform of those who were forgotten: their rows stay as placeholders, since keys are row numbers.
FORGOTTEN = "forgotten"
#: Platforms whose ids are numbers; elsewhere an account's id is its name.
NUMBERED = ("weibo", "douyin", "bilibili", "xhs", "kuaishou")

#: How a page showed a post, or a repost.
COUNTED = dict.fromkeys(("likes", "reposts", "comments", "views"), "BIGINT") | {
    "rounded": "VARCHAR[]",
    "observed_ts": "BIGINT",  # when the four counts were seen
}

CANONICAL = _tables(
    Table(
        "accounts",
        {"account_key": "INTEGER", "account_id": "VARCHAR", "platform": "VARCHAR"}  # keys are dense from 0, in order of
        | PROFILE  # first appearance: also the row number in a Graph
        | {"observed_ts": "BIGINT", "batch": "INTEGER"},
        ("account_id",),
        "an account on one platform; of every field the latest observation",
    ),
    Table(
        "profile_times",
        {"account_key": "INTEGER"} | dict.fromkeys(PROFILE, "BIGINT"),
        ("account_key",),
        "when each field of an account was observed: a stale file must not overwrite newer values",
    ),
    Table(
        "account_names",
        {"account_key": "INTEGER", "name_norm": "VARCHAR", "first_seen_ts": "BIGINT", "last_seen_ts": "BIGINT"},
        ("account_key", "name_norm"),
        "a name an account was seen with; names move between people",
    ),
    Table(
        "account_aliases",
        {"alias": "VARCHAR", "account_key": "INTEGER"},
        ("alias", "account_key"),
        "another id of an account, as account ids are written: sec_uid beside the number; one of several is of nobody",
    ),
    Table(
        "identities",
        {
            "person_id": "VARCHAR",
            "account_key": "INTEGER",
            "name": "VARCHAR",
            "confidence": "DOUBLE",
            "method": "VARCHAR",  # manual, declared_link, same_handle, name_and_bio
            "note": "VARCHAR",
        },
        ("person_id", "account_key"),
        "an account that is said to belong to a person; accounts are linked, never merged",
    ),
    Table(
        "posts",
        {
            "post_id": "VARCHAR",
            "author": "INTEGER",
            "created_ts": "BIGINT",
            "text": "VARCHAR",
            "topics": "VARCHAR[]",
            "urls": "VARCHAR[]",
        }
        | COUNTED
        | {"batch": "INTEGER"},
        ("post_id",),
        "a post that is not a repost",
    ),
    Table(
        "campaigns",
        {"campaign_id": "VARCHAR", "name": "VARCHAR", "post_id": "VARCHAR"},
        ("campaign_id", "post_id"),
        "a post that a campaign paid for or started",
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
            # the parent's id is given; its author's name is; neither
            "evidence": "VARCHAR GENERATED ALWAYS AS (CASE WHEN parent_id IS NOT NULL THEN 'api_parent' "
            "WHEN chain IS NOT NULL THEN 'chain' ELSE 'root_only' END) VIRTUAL",
            "derived": "BOOLEAN",  # dst is not given by a source, but follows from other rows or from a name
            "kind": "VARCHAR",  # repost, or quote
            # names of those it came through, in small letters, the direct parent first; NULL: a stretch nobody knows
            "chain": "VARCHAR[]",
            "text": "VARCHAR",
        }
        | COUNTED
        | {"batch": "INTEGER"},
        ("post_id",),
        "src reposts a post of dst: one row per event",
    ),
    Table(
        "namings",
        {
            "post_id": "VARCHAR",
            "src": "INTEGER",
            "role": "VARCHAR",  # mention; chain: came through it; author: of the reposted or commented post
            "pos": "INTEGER",  # place in a chain, 0 = the direct parent
            "name": "VARCHAR",  # in small letters; NULL when the source gives an id
            "dst": "INTEGER",  # NULL while the name is not resolved
            "ts": "BIGINT",
            "batch": "INTEGER",
        },
        ("post_id", "role", "pos", "name", "dst"),
        "src names an account in a post, by id or by a name that is resolved when it is known",
    ),
    Table(
        "comments",
        {
            "comment_id": "VARCHAR",
            "src": "INTEGER",
            "dst": "INTEGER",  # author of what is answered; NULL when unknown
            "derived": "BOOLEAN",  # dst is not given by a source, but follows from other rows or from a name
            "post_id": "VARCHAR",  # the post under which it stands
            "parent_id": "VARCHAR",  # the comment that is answered
            "ts": "BIGINT",
            "text": "VARCHAR",
            "likes": "BIGINT",
            "batch": "INTEGER",
        },
        ("comment_id",),
        "src answers dst",
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
            "partly": "BOOLEAN",  # the row itself was taken: only what it says beside its main record was not
        },
        ("batch", "line"),
        "a row that was not accepted, with the reason and its raw text",
    ),
    Table(
        "as_given",
        {"table_name": "VARCHAR", "row": "JSON", "named": "VARCHAR[]"},  # ids of accounts and posts in the row
        ("table_name", "row"),
        "a row as it was before one account was found under two of its ids, which a later file may deny",
    ),
    Table("forgotten", {"digest": "VARCHAR"}, ("digest",), "keyed hash of an account that must not come back"),
)

RESULTS = _tables(
    Table(
        "runs",
        {
            "run_id": "VARCHAR",  # what the analysis was given: equal inputs, equal run
            "question": "VARCHAR",  # digest of verb, parameters and method
            "verb": "VARCHAR",
            "analysis": "VARCHAR",
            "variant": "VARCHAR",  # which of several answers of one analysis: the measure, the relation
            "parameters": "VARCHAR",  # of the question
            "method": "VARCHAR",
            "stands_on": "VARCHAR",  # counters of the tables that were read, runs of the answers that were used
            "seconds": "DOUBLE",  # that it took
            "tabled": "BOOLEAN",  # whether the other tables hold its rows
            "summary": "VARCHAR",
            "seed": "BIGINT",
            "graph": "VARCHAR",
            "version": "VARCHAR",
            "made_ts": "BIGINT",
        },
        ("question", "run_id"),
        "manifest of an answer that is kept",
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

#: Which accounts there are, without what is said of them.
ACCOUNT_IDS = "CREATE OR REPLACE VIEW account_ids AS SELECT account_key, account_id, platform FROM accounts"

#: Names of the same account by id and by name, or by two names, are one mention.
MENTIONS = """
CREATE OR REPLACE VIEW mentions AS
SELECT post_id, min(pos) AS pos, src, dst, min(name) AS dst_name, min(ts) AS ts FROM namings WHERE role = 'mention'
GROUP BY post_id, src, dst, CASE WHEN dst IS NULL THEN name END
"""

#: Two accounts named in the same post: weight = sum of 1/(k-1) over posts naming k accounts, 2 <= k <= the cap. Where
#: sources name several writers of one post, each counts as an author and the post counts once.
CO_MENTIONS = """
CREATE OR REPLACE VIEW co_mentions AS
WITH named AS (SELECT post_id, src, dst, ts FROM mentions WHERE dst IS NOT NULL AND post_id <> ''),
targets AS (SELECT post_id, dst, min(ts) AS ts FROM named GROUP BY post_id, dst),
sizes AS (SELECT post_id, count(*) AS k FROM targets GROUP BY post_id HAVING k BETWEEN 2 AND {cap}),
writers AS (SELECT post_id, src, 1.0 / count(*) OVER (PARTITION BY post_id) AS share
            FROM (SELECT DISTINCT post_id, src FROM named))
SELECT x.dst AS a, y.dst AS b, count(DISTINCT post_id) AS n_posts, count(DISTINCT src) AS n_authors,
       sum(share / (k - 1)) AS weight, min(least(x.ts, y.ts)) AS first_ts, max(greatest(x.ts, y.ts)) AS last_ts
FROM targets x JOIN targets y USING (post_id) JOIN sizes USING (post_id) JOIN writers USING (post_id)
WHERE x.dst < y.dst
GROUP BY ALL
"""

#: Who forwarded whom, as far as the sources say it: to the author of the root, to the direct parent, along the chain.
REPOST_EDGES = """
CREATE OR REPLACE VIEW repost_edges AS
WITH hops AS (SELECT post_id, pos, dst, name, lead(dst) OVER w AS next, lead(name) OVER w AS next_name,
                     lead(pos) OVER w IS NULL AS last FROM namings
              WHERE role = 'chain' WINDOW w AS (PARTITION BY post_id ORDER BY pos)),
     authors AS (SELECT post_id, any_value(name) AS name FROM namings WHERE role = 'author' GROUP BY post_id)
SELECT r.post_id, r.src, NULL AS src_name, r.dst, a.name AS dst_name, r.root_id, 'root' AS kind, r.ts
FROM reposts r LEFT JOIN authors a USING (post_id)
WHERE r.root_id IS NOT NULL OR r.dst IS NOT NULL OR a.name IS NOT NULL
UNION ALL
SELECT r.post_id, r.src, NULL, coalesce(p.src, q.author), NULL, r.parent_id, 'parent', r.ts FROM reposts r
LEFT JOIN reposts p ON p.post_id = r.parent_id LEFT JOIN posts q ON q.post_id = r.parent_id
WHERE r.parent_id IS NOT NULL AND r.parent_id <> coalesce(r.root_id, '')
UNION ALL
SELECT r.post_id, r.src, NULL, h.dst, h.name, NULL, 'parent', r.ts FROM reposts r JOIN hops h USING (post_id)
WHERE h.pos = 0 AND h.name IS NOT NULL
UNION ALL
SELECT r.post_id, h.dst, h.name, h.next, h.next_name, NULL, 'chain', r.ts FROM reposts r JOIN hops h USING (post_id)
WHERE h.name IS NOT NULL AND h.next_name IS NOT NULL
UNION ALL
SELECT r.post_id, h.dst, h.name, r.dst, a.name, r.root_id, 'chain_to_root', r.ts FROM reposts r
JOIN hops h USING (post_id) LEFT JOIN authors a USING (post_id)
WHERE h.last AND h.name IS NOT NULL AND (r.root_id IS NOT NULL OR r.dst IS NOT NULL OR a.name IS NOT NULL)
"""
