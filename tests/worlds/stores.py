"""Snapshots for the tests of the graph database: from rows, from pairs, and a small world written out by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from kolgraph.settings import CO_MENTION_CAP
from kolgraph.store import GraphStore, open_store
from kolgraph.store.sync.schema import SNAPSHOT, columns
from kolgraph.workspace.folder import Mode
from kolgraph.workspace.tables import CO_MENTIONS, MENTIONS, TABLES

#: Both engines.
ENGINES = ["ladybug", pytest.param("neo4j", marks=pytest.mark.neo4j)]

HOSTILE = ['x"}) DETACH DELETE n //', "\\u0060", "' OR 1=1 --", "小红书💄", "`a`", "a\nb", "$id", "*1..3"]

_ODD = [*HOSTILE, "\\", "\\'", '"', "/* x */", "// x", "]->()", "{id: 1}", ";", "\t", "\u2028", "\u202e", "NULL"]
_ODD += ["true", "CREATE (x)", "LOAD CSV FROM 'file:///etc/passwd' AS r", "${x}", "%s"]
_AROUND = ["{}", "a{}", "{}z", "'{}", '"{}"', "`{}", "{}\\", "小红书{}"]
#: 200 texts that mean something to somebody.
HOSTILES = [around.replace("{}", text) for text in _ODD for around in _AROUND]

_KINDS = {"STRING": pa.string(), "INT64": pa.int64(), "DOUBLE": pa.float64()}


def table(name: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """A table of a snapshot; what a row does not name is NULL."""
    rows = list(rows)
    kinds = columns(SNAPSHOT[name])
    return pa.table({c: pa.array([row.get(c) for row in rows], _KINDS[kind]) for c, kind in kinds.items()})


def follows(accounts: Iterable[str], pairs: Iterable[tuple[str, str]], **more: pa.Table) -> dict[str, pa.Table]:
    """A snapshot of accounts and who follows whom."""
    return {
        "Account": table("Account", [{"id": a} for a in accounts]),
        "Account-FOLLOWS-Account": table("Account-FOLLOWS-Account", [{"src": a, "dst": b} for a, b in pairs]),
    } | more


def rows(store: GraphStore, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """The answer of a query as tuples."""
    return [tuple(row.values()) for row in store.query(query, **parameters).to_pylist()]


@contextmanager
def engine_of(request: pytest.FixtureRequest, folder: Path) -> Iterator[GraphStore]:
    """A store of the engine that a test is parametrised with."""
    if request.param == "ladybug":
        store = open_store(folder / "graph.lbug")
    else:
        login = request.getfixturevalue("neo4j_login")
        store = open_store(login.uri, login=login)
    with store:
        store.ensure_schema()
        yield store


class Rows:
    """Stands in for a Workspace where only its tables are asked, and no verb: as they are."""

    version = "v1"
    mode = Mode(as_is=True)

    def __init__(self, path: Path) -> None:
        self.path, self.cache = path, path / "cache"
        self.connection = duckdb.connect()
        for part in TABLES.values():
            self.connection.execute(part.ddl())
        self.connection.execute(MENTIONS)
        self.connection.execute(CO_MENTIONS.format(cap=CO_MENTION_CAP))

    def arrow(self, query: str) -> pa.Table:
        return self.connection.sql(query).to_arrow_table()

    def stream(self, query: str) -> pa.RecordBatchReader:
        return self.connection.sql(query).to_arrow_reader()

    def insert(self, name: str, names: str, *values: tuple[Any, ...]) -> None:
        marks = ", ".join("?" * len(names.split(", ")))
        self.connection.executemany(f"INSERT INTO {name} ({names}) VALUES ({marks})", [list(v) for v in values])


@contextmanager
def world(path: Path) -> Iterator[Rows]:
    """Two KOLs with their audiences, a purchase of followers, a fan club, two niches, two campaigns, spreading posts.

    Followers: ann <- bob cai dee eve bot1 bot2; bob <- dee eve; cai <- ann cai (a loop); dee <- eve.
    Reposts: p1 <- r1 <- r6 (measured), p1 <- r3; p2 <- r2; p9 <- r4; p0 <- r5. Of p0 no author is known, of p9 no text.
    """
    ws = Rows(path)
    ann, bob, cai, dee, eve, bot1, bot2, iso, bob2 = range(9)
    ws.insert(
        "accounts",
        "account_key, account_id, platform, name, followers, niche, region, price_cny",
        (ann, "w:ann", "w", "安", 1000, "beauty", "SH", 500.0),
        (bob, "w:bob", "w", "Bob", 800, "beauty", "BJ", 300.5),
        (cai, "w:cai", "w", HOSTILE[0], 50, "games", "SH", None),
        (dee, "w:dee", "w", None, 40, "games", None, None),
        (eve, "w:eve", "w", "Eve", None, None, None, None),
        (bot1, "w:bot1", "w", "b1", 3, None, None, None),
        (bot2, "w:bot2", "w", "b2", 2, None, None, None),
        (iso, "x:iso", "x", "iso", 0, "food", None, 10.0),
        (bob2, "w:bob2", "w", " BOB", None, None, None, None),
    )
    for key, agency, day in ((ann, "MCN1", 100), (bob, "MCN1", 30), (cai, "MCN2", 70), (dee, None, 71)):
        ws.connection.execute(
            "UPDATE accounts SET agency = ?, observed_ts = ? WHERE account_key = ?", [agency, day * 86_400_000, key]
        )
    ann_follows = [(s, ann) for s in (bob, cai, dee, eve, bot1, bot2)]
    others = [(dee, bob), (eve, bob), (ann, cai), (cai, cai), (eve, dee)]
    ws.insert("follows", "src, dst, since_ts, weight", *((s, d, 7, 0.1) for s, d in ann_follows + others))
    ws.insert(
        "posts",
        "post_id, author, created_ts, text, topics, likes",
        ("w:p1", ann, 100, "新品" * 200, ["口红", HOSTILE[0], "口红"], 9),
        ("w:p2", bob, 200, "hello", ["口红", ""], None),
        ("w:p3", None, None, None, None, None),
    )
    ws.insert(
        "reposts",
        "post_id, src, dst, root_id, ts, parent_id",
        ("w:r1", dee, ann, "w:p1", 110, "w:p1"),
        ("w:r2", dee, ann, "w:p2", 130, "w:r2"),  # of itself, it says
        ("w:r3", bot1, ann, "w:p1", 120, None),
        ("w:r4", eve, bob, "w:p9", 140, None),
        ("w:r5", cai, None, "w:p0", 150, None),
        ("w:r6", eve, ann, "w:p1", 160, None),
    )
    ws.insert(
        "campaigns",
        "campaign_id, name, post_id",
        ("双11", "口红节", "w:p1"),
        ("双11", None, "w:p2"),
        ("618", None, "w:p9"),
        ("618", None, "w:p77"),
    )
    # Post m1 names ann, bob: 1 to their pair. Post m2 names ann, bob, cai: 1/2 to each of three pairs.
    named = [("m1", eve, (ann, bob)), ("m2", dee, (ann, bob, cai))]
    triples = [(post, "mention", pos, src, dst, 5) for post, src, who in named for pos, dst in enumerate(who)]
    ws.insert("namings", "post_id, role, pos, src, dst, ts", *triples, ("m3", "mention", 0, eve, None, 5))
    ws.insert(
        "scores",
        "run_id, account_key, measure, value",
        *(("s", key, "pagerank", value) for key, value in ((ann, 0.5), (bob, 0.25), (cai, 0.125), (dee, float("nan")))),
        *(("s", key, "reach", value) for key, value in ((ann, 4.0), (bob, 2.0))),
        ("s", ann, "no such measure", 1.0),
    )
    ws.insert("communities", "run_id, community, size, label", ("c", 0, 3, "美妆"), ("c", 1, 2, "游戏"))
    members = [(0, ann), (0, bob), (0, eve), (1, cai), (1, dee), (-1, iso)]
    ws.insert("community_members", "run_id, community, account_key", *(("c", c, a) for c, a in members))
    ring = "run_id, ring, relation, n_members, n_targets, edges, density, bits, verdict"
    ws.insert(
        "rings",
        ring,
        ("f", 1, "follow", 2, 1, 2, 1.0, 20.0, "coordinated"),
        ("r", 1, "repost", 1, 1, 2, 0.5, 5.0, "fan club"),
    )
    ws.insert(
        "ring_members",
        "run_id, ring, account_key, post_id, role, edges",
        ("f", 1, bot1, None, "member", 1),
        ("f", 1, bot2, None, "member", 1),
        ("f", 1, ann, None, "target", 2),
        ("r", 1, dee, None, "member", 2),
        ("r", 1, None, "w:p1", "target", 2),
        ("r", 1, None, "w:p2", "target", 1),
    )
    ws.insert(
        "cascades",
        "run_id, root_id, account_key, size, real_size, depth, breadth, virality, accounts",
        ("k", "w:p1", ann, 4, 3, 2, 2, 1.5, 3),
        ("k", "w:p9", bob, 2, 2, 1, 1, 1.0, 2),
    )
    ws.insert(
        "cascade_nodes",
        "run_id, root_id, post_id, parent_id, evidence",
        ("k", "w:p1", "w:p1", None, "root"),
        ("k", "w:p1", "w:r6", "w:r1", "chain"),
    )
    yield ws
    ws.connection.close()
