"""What Neo4j's own library computes is what we compute."""

from __future__ import annotations

import json
import random

import pytest

from kolgraph.errors import EnvironmentProblem, InputError
from kolgraph.settings import Neo4jLogin
from kolgraph.verbs.crosscheck import cross_check
from kolgraph.verbs.publish import publish
from tests.servers.neo4j import server
from tests.worlds.shelf import Shelf

pytestmark = pytest.mark.neo4j


def load(shelf: Shelf, seed: int) -> None:
    """Loops, mutual follows, weights, isolated accounts, some that follow nobody, a hub."""
    rng = random.Random(seed)
    pairs = {(rng.randrange(60), min(rng.randrange(70), rng.randrange(70))) for _ in range(400)}
    rows = "".join(f"{a},{b},{rng.choice([0.5, 1, 2])}\n" for a, b in sorted(pairs))
    shelf.load("follower,followed,weight\n" + rows, platform="weibo")
    shelf.load("account,name\n901,alone\n902,\n", platform="weibo")


@pytest.mark.parametrize("seed", [1, 2])
def test_both_agree_on_every_account(gds_login: Neo4jLogin, shelf: Shelf, monkeypatch, seed: int) -> None:
    monkeypatch.setenv("KOLGRAPH_NEO4J_PASSWORD", gds_login.password)
    load(shelf, seed)
    publish(shelf.ws, gds_login.uri)
    table = cross_check(shelf.ws, gds_login.uri)
    assert list(table.index) == ["pagerank", "in_degree", "out_degree", "core", "triangles"]
    assert table["accounts"].min() == len(shelf.rows("SELECT 1 FROM accounts"))
    assert table["differing"].tolist() == [0] * 5
    assert table["same_top_100"].min() == 1


def test_another_graph_or_a_server_without_the_library_is_told(
    gds_login: Neo4jLogin, own_server: server.Server, shelf: Shelf
) -> None:
    load(shelf, 3)
    with pytest.raises(InputError, match="holds something else than the workspace; publish first"):
        cross_check(shelf.ws, gds_login.uri, login=gds_login)
    with pytest.raises(EnvironmentProblem, match="no Graph Data Science library"):
        cross_check(shelf.ws, own_server.login.uri, login=own_server.login)


def test_the_command_line_publishes_pulls_and_compares(gds_login: Neo4jLogin, invoke, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KOLGRAPH_NEO4J_PASSWORD", gds_login.password)
    monkeypatch.setenv("KOLGRAPH_NEO4J_URI", gds_login.uri)
    (tmp_path / "f.csv").write_text("follower,followed\n1,2\n2,3\n3,1\n4,1\n")
    assert invoke("load", tmp_path / "a.kol", tmp_path / "f.csv", "--platform", "weibo")[0] == 0
    code, out, _ = invoke("publish", tmp_path / "a.kol", "--engine", "neo4j")
    assert (code, "4 nodes and 4 relationships" in out) == (0, True), out
    code, out, _ = invoke("cross-check", tmp_path / "a.kol", "--format", "json")
    assert (code, [row["differing"] for row in json.loads(out)]) == (0, [0] * 5)
    code, out, _ = invoke("pull", tmp_path / "b.kol", gds_login.uri)
    assert code == 0, out
    text = "MATCH (a:Account)-[:FOLLOWS]->(b:Account) RETURN a.id AS src, b.id AS dst ORDER BY src, dst"
    told, pulled = (invoke("query", tmp_path / name, text)[1] for name in ("a.kol", "b.kol"))
    assert told == pulled
    assert "weibo:4" in told
