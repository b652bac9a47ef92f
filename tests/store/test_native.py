"""Neo4j's own Cypher: all that only reads the graph, and nothing that reaches beyond it."""

from __future__ import annotations

import socket
import time

import pytest

from kolgraph.errors import InputError, LimitError, StoreUnavailable
from kolgraph.store import open_store
from kolgraph.store.engines.reaching import refuse_reaching, roots
from tests.worlds.stores import follows

HOP = {"operatorType": "ProduceResults@neo4j", "children": [{"operatorType": "AllNodesScan@neo4j"}]}
PLUGINS = roots(["apoc.load.json", "genai.vector.encode", "com.acme.fetch"])


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("MATCH (a) SET a.x = 1", "rw", "would write"),
        ("CREATE (a)", "w", "would write"),
        ("SHOW USERS", "s", "change the server"),
        ("MATCH (a) RETURN a", None, "would write"),
        ("RETURN CASE WHEN EXISTS { LOAD CSV FROM 'file:///x' AS r RETURN r } THEN 1 END AS n", "r", "LOAD and CSV"),
        ("RETURN 1 AS a UNION load/**/csv FROM $x AS a RETURN a", "r", "LOAD and CSV"),
        ("CALL apoc.load.json('http://127.0.0.1')", "r", "apoc is a plugin"),
        ("CALL `Apoc`/* x */.`load`.json('http://127.0.0.1')", "r", "apoc is a plugin"),
        ("RETURN genai\n.vector.encode('x', 'y') AS v", "r", "genai is a plugin"),
        ("RETURN 1+com.acme.fetch('x') AS v", "r", "com is a plugin"),
    ],
)
def test_what_reaches_beyond_the_graph_is_refused_by_what_the_server_says_of_it(text, kind, says):
    with pytest.raises(InputError, match=says):
        refuse_reaching(text, kind, HOP, PLUGINS)


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (comment) RETURN comment.come AS apoce",
        "CALL db.labels()",
        "MATCH (a) RETURN a.csv AS load",
        "SHOW INDEXES",
    ],
)
def test_what_only_reads_is_taken(text):
    refuse_reaching(text, "r", HOP, PLUGINS)


@pytest.mark.parametrize("operator", ["LoadCSV@neo4j", "TerminateTransactions@neo4j"])
def test_an_operator_that_reaches_is_found_wherever_it_is_in_the_plan(operator):
    plan = {
        "operatorType": "ProduceResults@neo4j",
        "children": [HOP, {**HOP, "children": [{"operatorType": operator}]}],
    }
    with pytest.raises(InputError, match="queries read the graph only"):
        refuse_reaching("RETURN 1 AS x", "r", plan, frozenset())


def test_only_a_server_has_a_cypher_of_its_own(tmp_path):
    with pytest.raises(InputError, match="only a server"):
        open_store(tmp_path / "graph.lbug", native=True)


@pytest.mark.parametrize("explained", [False, True])
def test_a_silent_server_is_given_up_at_the_limit(explained):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pytest.importorskip("neo4j")  # loading it takes a while, and is no part of the limit
        begin = time.monotonic()
        with open_store(f"bolt://127.0.0.1:{listener.getsockname()[1]}", timeout_s=1.0) as store:
            with pytest.raises(StoreUnavailable, match="no answer within"):
                store.explain("top-accounts") if explained else store.query("top-accounts")
            assert time.monotonic() - begin < 2.0


# ---------------------------------------------------------------------- on a server


@pytest.fixture(scope="module")
def native(neo4j_login):
    with open_store(neo4j_login.uri, login=neo4j_login, native=True) as store:
        store.replace(follows("abc", [("a", "b"), ("b", "c")]))
        yield store


@pytest.mark.neo4j
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MATCH (a:Account {id: 'a'}) RETURN labels(a) AS l", [{"l": ["Account"]}]),
        ("MATCH (a:Account) WITH a ORDER BY a.id RETURN collect(a.id)[0] AS x", [{"x": "a"}]),
        ("CALL db.labels() YIELD label WHERE label = 'Account' RETURN label", [{"label": "Account"}]),
        ("MATCH (a) WHERE a:Account AND a.id = $id RETURN count(*) AS n", [{"n": 1}]),
        ("RETURN [x IN range(1, 3) | x * x] AS x, date('2026-01-02') AS d", [{"x": [1, 4, 9], "d": "2026-01-02"}]),
        ("PROFILE RETURN 1 AS a", [{"a": 1}]),
        ("UNWIND [1, 'a', true] AS x RETURN x", [{"x": "1"}, {"x": '"a"'}, {"x": "true"}]),
    ],
)
def test_all_that_reads_is_taken(native, text, found):
    assert native.query(text, **({"id": "a"} if "$id" in text else {})).to_pylist() == found


@pytest.mark.neo4j
def test_nodes_relationships_and_paths_are_maps_and_lists(native):
    [row] = native.query("MATCH p = (a:Account {id: 'a'})-[f:FOLLOWS]->(b) RETURN a, f, p").to_pylist()
    assert (row["a"]["labels"], row["a"]["id"], row["f"]["type"]) == (["Account"], "a", "FOLLOWS")
    assert len(row["p"]) == 3


@pytest.mark.neo4j
def test_a_slow_query_on_a_server_that_is_there_is_a_limit(neo4j_login):
    slow = "UNWIND range(1, 100000) AS i UNWIND range(1, 100000) AS j WITH i, j WHERE i * j = 7 RETURN count(*) AS n"
    with open_store(neo4j_login.uri, login=neo4j_login, native=True, timeout_s=1.0) as store:
        store.query("RETURN 1 AS a")
        begin = time.monotonic()
        with pytest.raises(LimitError, match="no answer within 1 s"):
            store.query(slow)
        assert time.monotonic() - begin < 2.0
