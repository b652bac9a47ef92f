"""Reading an existing Neo4j database: foreign labels, exact ids, and what we published ourselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError
from kolgraph.publishing import WorkspaceSnapshot
from kolgraph.pulling import pull
from kolgraph.settings import Neo4jLogin
from kolgraph.store import open_store
from kolgraph.workspace import Workspace
from tests.shelf import Shelf

BIG = [2**53 - 1, 2**53 + 1, 2**63 - 1]


def ask(login: Neo4jLogin, text: str, **parameters: Any) -> None:
    import neo4j

    with neo4j.GraphDatabase.driver(login.uri, auth=(login.user, login.password)) as driver:
        driver.execute_query(text, parameters)


@pytest.mark.neo4j
def test_a_foreign_graph_is_read_by_its_own_names(neo4j_login: Neo4jLogin, shelf: Shelf) -> None:
    ask(
        neo4j_login,
        "CREATE (a:`Some one` {uid: $a, name: 'A`)-', followers: 7}), (b:`Some one` {uid: $b}), "
        "(c:`Some one` {uid: $c}),"
        " (:`Some one` {name: 'no key'}), (a)-[:`LOOKS AT` {weight: 2.5}]->(b), (c)-[:`LOOKS AT`]->(b)",
        **dict(zip("abc", BIG, strict=True)),
    )
    names = {"label": "Some one", "key": "uid", "relations": {"LOOKS AT": "follow"}, "platform": "weibo"}
    try:
        accounts, follows = pull(shelf.ws, neo4j_login.uri, login=neo4j_login, **names)
        again = pull(shelf.ws, neo4j_login.uri, login=neo4j_login, **names)
    finally:
        ask(neo4j_login, "MATCH (n:`Some one`) DETACH DELETE n")
    assert (accounts.counts.accepted, follows.counts.accepted) == (3, 2)
    assert all(report.known or report.counts.accepted == 0 for report in again)
    found = shelf.rows("SELECT account_id, name, followers FROM accounts")
    assert sorted(found) == sorted([(f"weibo:{BIG[0]}", "A`)-", 7), *((f"weibo:{n}", None, None) for n in BIG[1:])])
    assert {(src, dst): weight for src, dst, _, _, weight in shelf.content()["follows"]} == {
        (f"weibo:{BIG[0]}", f"weibo:{BIG[1]}"): 2.5,
        (f"weibo:{BIG[2]}", f"weibo:{BIG[1]}"): 1.0,
    }


@pytest.mark.neo4j
def test_what_was_published_is_pulled_back(neo4j_login: Neo4jLogin, shelf: Shelf, tmp_path: Path) -> None:
    shelf.load("account,name,followers,niche\n1,小明,5,美妆\n2,O'Neil,6,\n", platform="weibo")
    shelf.load("follower,followed,since\n1,2,2024-01-01\n3,2,\n", platform="weibo")
    with open_store(neo4j_login.uri, login=neo4j_login) as store:
        store.replace(WorkspaceSnapshot(shelf.ws))
    with Workspace.open(tmp_path / "w.kol", create=True) as other:
        pull(other, neo4j_login.uri, login=neo4j_login)
        query = "SELECT account_id, name, followers, niche FROM accounts ORDER BY 1"
        assert other.arrow(query).to_pylist() == shelf.ws.arrow(query).to_pylist()
        query = "SELECT s.account_id AS a, d.account_id AS b, since_ts, weight FROM follows JOIN accounts s ON "
        query += "s.account_key = src JOIN accounts d ON d.account_key = dst ORDER BY ALL"
        assert other.arrow(query).to_pylist() == shelf.ws.arrow(query).to_pylist()


@pytest.mark.neo4j
def test_a_graph_without_such_nodes_is_one_clear_line(neo4j_login: Neo4jLogin, shelf: Shelf) -> None:
    with pytest.raises(InputError, match="no node with the label 'Nobody'"):
        pull(shelf.ws, neo4j_login.uri, login=neo4j_login, label="Nobody")


def test_what_is_no_server_or_no_relation_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no server"):
        pull(shelf.ws, str(tmp_path / "g.lbug"))
    with pytest.raises(InputError, match="use follow, repost or mention"):
        pull(shelf.ws, "bolt://127.0.0.1:1", relations={"X": "likes"})
