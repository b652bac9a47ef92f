"""Reading an existing Neo4j database: foreign labels, exact ids, and what we published ourselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError, StoreError, UnknownName
from kolgraph.settings import Neo4jLogin
from kolgraph.store import open_store
from kolgraph.store.sync.schema import MEASURES, SNAPSHOT
from kolgraph.verbs.publish import WorkspaceSnapshot
from kolgraph.verbs.pull import pull
from kolgraph.workspace import Workspace
from tests.worlds.shelf import Shelf
from tests.worlds.stores import follows

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


RESULTS = {
    *MEASURES,
    *(f"{m}_run" for m in MEASURES),
    *["size", "real_size", "depth", "breadth", "virality", "accounts", "run"],
}


def facts(ws: Workspace) -> dict[str, list[str]]:
    """What a workspace would publish, without results."""
    snapshot = WorkspaceSnapshot(ws)
    names = [name for name in SNAPSHOT if not re.search("Publication|Community|Ring", name)]
    return {
        name: [str({k: v for k, v in row.items() if k not in RESULTS}) for row in snapshot[name].read_all().to_pylist()]
        for name in names
    }


def told(shelf: Shelf) -> None:
    """Every kind of fact, odd names, gaps: posts of which only others speak, authors that nobody knows."""
    shelf.load(
        "account,name,followers,followings,niche,region,city,agency,available,price_cny,verified,created,observed\n"
        '1,小明,5,6,美妆,上海,浦东,MCN,yes,12.5,person,2011-01-01,2024-05-06\n2,O\'Neil ""q"",6,,,,,,,,,,\n',
        platform="weibo",
    )
    shelf.load("follower,followed,since,weight\n1,2,2024-01-01,0.1\n3,2,,\n3,3,,2\n", platform="weibo")
    shelf.load(
        "post,author,time,text,topics,likes\np1,1,2024-01-01,#双11# @小明 hi,双11,7\np2,,,no author,a b,\n"
        f"p3,2,2024-01-02,{'长' * 900},,\n",
        platform="weibo",
    )
    shelf.load(
        "post,reposter,root,parent,time,author,text,kind\n"
        "r1,3,p1,p1,2024-01-02,1,,\nr2,2,p1,r1,2024-01-03,1,,\nr3,2,p9,x7,2024-01-03,4,,\nr4,5,p8,,,,说,quote\n"
        "r5,5,,,2024-02-03,4,,\nr6,5,,,2024-02-04,2,,\n",
        platform="weibo",
        mapping={"src": "reposter", "dst": "author"}
        | {n: n for n in ["post", "root", "parent", "time", "text", "kind"]},
        record="repost",
    )
    shelf.load("writer,mentioned,post,time\n1,2,m1,2024-01-01\n1,4,m1,\n2,1,p3,\n6,1,,2024-03-03\n", platform="weibo")
    shelf.load("campaign,post,name\n双11,p1,口红节\n双11,r4,\n618,p77,\n", platform="weibo", record="campaign")


@pytest.mark.neo4j
def test_what_was_published_is_pulled_back_and_published_again_is_the_same_graph(
    neo4j_login: Neo4jLogin, shelf: Shelf, tmp_path: Path
) -> None:
    told(shelf)
    wanted = facts(shelf.ws)
    assert [name for name, rows in wanted.items() if not rows] == []
    with open_store(neo4j_login.uri, login=neo4j_login) as store:
        store.replace(WorkspaceSnapshot(shelf.ws))
    with Workspace.open(tmp_path / "w.kol", create=True) as other:
        reports = pull(other, neo4j_login.uri, login=neo4j_login)
        assert [r.counts.rejected for r in reports] == [0] * 6
        assert facts(other) == wanted
        assert all(report.known for report in pull(other, neo4j_login.uri, login=neo4j_login))
        with open_store(neo4j_login.uri, login=neo4j_login) as store:
            assert store.replace(WorkspaceSnapshot(other), journal=tmp_path / "journal").removed == 0


@pytest.mark.neo4j
def test_what_is_half_published_is_not_pulled(neo4j_login: Neo4jLogin, shelf: Shelf) -> None:
    def breaks(sent: int) -> None:
        raise KeyboardInterrupt

    with open_store(neo4j_login.uri, login=neo4j_login) as store:
        with pytest.raises(KeyboardInterrupt):
            store.replace(follows("ab", [("a", "b")]), progress=breaks)
        with pytest.raises(StoreError, match="is publishing here, or broke off; publish again"):
            pull(shelf.ws, neo4j_login.uri, login=neo4j_login)
        store.replace({})


@pytest.mark.neo4j
def test_properties_are_fields_where_the_user_says_so(neo4j_login: Neo4jLogin, shelf: Shelf) -> None:
    ask(
        neo4j_login,
        "CREATE (a:Person {uid: 1, handle: 'Ann', crowd: 7})-[:KNOWS {strength: 2.5}]->(b:Person {uid: 2})",
    )
    names = {"label": "Person", "key": "uid", "relations": {"KNOWS": "follow"}, "platform": "weibo"}
    given = {"name": "handle", "followers": "crowd", "weight": "strength"}
    try:
        pull(shelf.ws, neo4j_login.uri, login=neo4j_login, properties=given, **names)
        with pytest.raises(UnknownName, match="unknown field 'nick'"):
            pull(shelf.ws, neo4j_login.uri, login=neo4j_login, properties={"nick": "handle"}, **names)
    finally:
        ask(neo4j_login, "MATCH (n:Person) DETACH DELETE n")
    assert shelf.rows("SELECT name, followers FROM accounts WHERE account_id = 'weibo:1'") == [("Ann", 7)]
    assert shelf.rows("SELECT weight FROM follows") == [(2.5,)]


@pytest.mark.neo4j
def test_a_graph_without_such_nodes_is_one_clear_line(neo4j_login: Neo4jLogin, shelf: Shelf) -> None:
    with pytest.raises(InputError, match="no node with the label 'Nobody'"):
        pull(shelf.ws, neo4j_login.uri, login=neo4j_login, label="Nobody")


def test_what_is_no_server_or_no_relation_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no server"):
        pull(shelf.ws, str(tmp_path / "g.lbug"))
    with pytest.raises(InputError, match="use follow, repost or mention"):
        pull(shelf.ws, "bolt://127.0.0.1:1", relations={"X": "likes"})
