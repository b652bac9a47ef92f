"""The graph database: building the embedded one, two-hop questions, publishing to Neo4j, its own GDS beside us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kolgraph.centrality import MEASURES, betweenness, components
from kolgraph.graph import Graph
from kolgraph.settings import Neo4jLogin
from kolgraph.store import open_store
from kolgraph.store.engines import gds
from kolgraph.store.engines.neo4j import Neo4jStore
from kolgraph.verbs.crosscheck import cross_check
from kolgraph.verbs.publish import publish
from kolgraph.workspace import Workspace
from tests.servers.neo4j import server

#: From how many accounts betweenness is estimated on either side.
SOURCES = 200
#: What cannot be compared account by account: parts have no names, and samples are of other accounts.
OTHERS = {
    "components": "CALL gds.wcc.stats('kolgraph') YIELD componentCount RETURN componentCount",
    "betweenness": f"CALL gds.betweenness.stats('kolgraph', {{samplingSize: {SOURCES}, samplingSeed: 1}}) "
    "YIELD centralityDistribution RETURN centralityDistribution.max",
}
#: In a process of its own, whose peak memory is then that of publishing.
BUILD = """
import json, re, sys, time
from kolgraph.verbs.publish import publish
from kolgraph.workspace import Workspace
with Workspace.open(sys.argv[1]) as ws:
    start = time.perf_counter()
    counts = publish(ws).counts
    took = time.perf_counter() - start
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
print(json.dumps([sum(counts.values()), took, peak]))
"""
#: Followed by those that an account follows.
TWO_HOPS = (
    "MATCH (a:Account {id: $id})-[:FOLLOWS]->(b:Account)-[:FOLLOWS]->(c:Account) "
    "WHERE a.id <> b.id RETURN DISTINCT c.id AS id"
)
#: What a driver is used for without thinking: one row, one transaction.
ROW = "MERGE (a:Account {id: $src}) MERGE (b:Account {id: $dst}) MERGE (a)-[f:FOLLOWS]->(b) SET f.weight = $weight"


def world(folder: Path, accounts: int, follows: int) -> Path:
    """A workspace with about as many follows, skewed as follows are, loaded from files."""
    rng = np.random.default_rng(7)
    fans = rng.integers(0, accounts, follows)
    stars = (accounts * rng.random(follows) ** 3).astype(np.int64)
    path, file = folder / f"{follows}.kol", folder / f"{follows}.csv"
    with file.open("w") as out:
        out.write("follower,followed\n")
        np.savetxt(out, np.column_stack([fans, stars]) + 10**9, fmt="%d", delimiter=",")
    with Workspace.open(path, create=True) as ws:
        ws.load(file, platform="weibo")
    file.unlink()
    return path


def embedded(path: Path, asked: int) -> None:
    """Seconds and memory of a rebuild; milliseconds of a two-hop question."""
    done = subprocess.run([sys.executable, "-c", BUILD, str(path)], capture_output=True, text=True, check=True)
    rows, took, peak = json.loads(done.stdout)
    print(f"  embedded rebuild, {rows:,} rows: {took:.1f} s, peak memory {peak / 1e9:.2f} GB")
    with Workspace.open(path) as ws:
        ids = ws.sql("SELECT account_id FROM accounts ORDER BY 1")["account_id"].to_numpy()
    drawn = np.random.default_rng(1).choice(ids, asked + 20)
    with open_store(path / "graph.lbug") as store:
        milliseconds = []
        for account in drawn:
            start = time.perf_counter()
            store.query(TWO_HOPS, id=str(account))
            milliseconds.append(1000 * (time.perf_counter() - start))
    p50, p95 = np.percentile(milliseconds[20:], [50, 95])
    print(f"  two hops from {asked} accounts: p50 {p50:.2f} ms, p95 {p95:.2f} ms")


def online(path: Path, login: Neo4jLogin, by_row: int) -> None:
    """Relationships a second into an empty server, beside one MERGE per row."""
    with Workspace.open(path) as ws:
        rows = ws.sql(
            "SELECT a.account_id AS src, b.account_id AS dst, weight FROM follows "
            "JOIN accounts a ON a.account_key = src JOIN accounts b ON b.account_key = dst ORDER BY 1, 2 LIMIT ?",
            [by_row],
        ).to_dict("records")
        with open_store(login.uri, login=login) as store:
            store.replace({})
        slow = by_row / _row_by_row(login, rows)
        with open_store(login.uri, login=login) as store:
            store.replace({})
        first, again = publish(ws, login.uri), publish(ws, login.uri)
    relationships = sum(n for name, n in first.counts.items() if "-" in name)
    fast = relationships / first.seconds
    print(f"  Neo4j publish, {relationships:,} relationships: {fast:,.0f}/s, by row {slow:,.0f}/s, {fast / slow:.0f}x")
    print(f"  Neo4j publish again: {again.sent:,} rows sent, {again.seconds:.1f} s")


def _row_by_row(login: Neo4jLogin, rows: list[dict[Any, Any]]) -> float:
    """Seconds; what it wrote is removed again."""
    import neo4j

    with (
        neo4j.GraphDatabase.driver(login.uri, auth=(login.user, login.password)) as driver,
        driver.session() as session,
    ):
        start = time.perf_counter()
        for row in rows:
            session.run(ROW, row).consume()
        took = time.perf_counter() - start
        session.run("MATCH (n:Account) DETACH DELETE n").consume()
    return took


def beside_gds(path: Path, login: Neo4jLogin) -> None:
    """The same measures by Neo4j's own library, to full precision, on what was published; both warm."""
    with Workspace.open(path) as ws:
        publish(ws, login.uri)
        table = cross_check(ws, login.uri, login=login)
        graph = Graph.from_workspace(ws, relations="follow")
        seconds = {name: _ours(ws, MEASURES[name].compute) for name in ("pagerank", "core", "triangles")}
        seconds["components"] = _ours(ws, components)
        seconds["betweenness"] = _ours(ws, partial(betweenness, sources=SOURCES))
        parts = components(graph).summary()["groups"]
    print(f"  {table['compared_with'].iloc[0]}: accounts that differ: {table['differing'].to_dict()}")
    with open_store(login.uri, login=login) as store:
        assert isinstance(store, Neo4jStore)
        for name, ours in seconds.items():
            start = time.perf_counter()
            if name in gds.CALLS:
                gds.scores(store, name)
            else:
                told = _by_gds(store, OTHERS[name])
                assert name != "components" or told == parts
            theirs = time.perf_counter() - start
            print(
                f"  {name}: GDS {theirs:.2f} s with projection and answer, ours {ours:.3f} s from the workspace, "
                f"{theirs / ours:.0f}x"
            )


def _by_gds(store: Neo4jStore, call: str) -> object:
    store.ask(gds._DROP)
    try:
        store.stream(gds._DIRECTED, lambda row: None)
        return store.ask(call)[0]
    finally:
        store.ask(gds._DROP)


def _ours(ws: Workspace, compute: Callable[[Graph], object]) -> float:
    compute(Graph.from_workspace(ws, relations="follow"))
    start = time.perf_counter()
    compute(Graph.from_workspace(ws, relations="follow"))
    return time.perf_counter() - start


def main(*, accounts: int = 1_000_000, follows: int = 10_000_000, online_follows: int = 1_000_000) -> None:
    """Print every figure; without a server those of Neo4j are left out, and that is said."""
    with tempfile.TemporaryDirectory() as scratch:
        print(f"Graph database, {accounts:,} accounts, {follows:,} follows drawn")
        embedded(world(Path(scratch), accounts, follows), 500)
        if absent := server.missing():
            print(f"  LEFT OUT: everything about Neo4j: {absent}")
            return
        small = world(Path(scratch), online_follows // 10, online_follows)
        with server.running(gds=True, measured=True) as running:
            os.environ["KOLGRAPH_NEO4J_PASSWORD"] = running.login.password
            online(small, running.login, 2000)
            beside_gds(small, running.login)


if __name__ == "__main__":
    main()
