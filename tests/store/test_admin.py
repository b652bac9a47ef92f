"""The bulk import of a stopped server gives what publishing over bolt would have given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kolgraph.errors import InputError, StoreError
from kolgraph.store import open_store
from kolgraph.verbs.publish import import_offline, publish
from tests.servers.neo4j import server
from tests.worlds.stores import HOSTILES, rows, world

pytestmark = pytest.mark.neo4j


@pytest.fixture
def stopped(own_server: server.Server) -> Iterator[server.Server]:
    """A server that is down while a test runs."""
    own_server.stop()
    yield own_server
    own_server.start()


def test_what_was_imported_is_a_publication_and_the_next_one_sends_only_changes(stopped, tmp_path, monkeypatch):
    monkeypatch.setenv("KOLGRAPH_NEO4J_PASSWORD", stopped.login.password)
    with world(tmp_path) as ws:
        for key, text in enumerate(HOSTILES, 100):
            ws.insert("accounts", "account_key, account_id, platform, name", (key, text, "w", text))
            ws.insert("posts", "post_id, author, text", (text, key, text))
        ws.insert("accounts", "account_key, account_id, platform, name", (400, "w:empty", "w", ""))
        report = import_offline(ws, stopped.home, overwrite=True)
        stopped.start()
        first = publish(ws, stopped.login.uri)
        assert (first.counts, first.sent, first.removed) == (report.counts, 0, 0)
        ws.insert("accounts", "account_key, account_id, platform", (401, "w:new", "w"))
        assert publish(ws, stopped.login.uri).sent == 1
        with open_store(tmp_path / "graph.lbug") as here, open_store(stopped.login.uri, login=stopped.login) as there:
            publish(ws)
            assert there.info().workspace == "v1"
            for text in (
                "MATCH (a:Account) RETURN a.id AS id, a.name AS name, a.followers AS n, a.price_cny AS p ORDER BY id",
                "MATCH (p:Post) RETURN p.id AS id, p.text AS text, p.created_ts AS ts ORDER BY id",
                "MATCH (a:Account)-[f:FOLLOWS]->(b:Account) RETURN a.id AS src, b.id AS dst, f.weight AS w "
                "ORDER BY src, dst",
            ):
                assert rows(there, text) == rows(here, text)


def test_the_command_line_imports(stopped, invoke, tmp_path, monkeypatch):
    monkeypatch.setenv("KOLGRAPH_NEO4J_PASSWORD", stopped.login.password)
    (tmp_path / "f.csv").write_text("follower,followed\n1,2\n2,3\n")
    assert invoke("load", tmp_path / "a.kol", tmp_path / "f.csv", "--platform", "weibo")[0] == 0
    code, out, err = invoke("publish", tmp_path / "a.kol", "--import", stopped.home, "--overwrite")
    assert (code, "3 nodes and 2 relationships" in out) == (0, True), err
    stopped.start()
    assert "(0 sent, 0 removed)" in invoke("publish", tmp_path / "a.kol", "--to", stopped.login.uri)[1]


def test_a_database_that_is_there_is_not_overwritten_unasked(stopped, tmp_path):
    with world(tmp_path) as ws:
        with pytest.raises(InputError, match="the database 'neo4j' exists; publish over bolt"):
            import_offline(ws, stopped.home)
        with pytest.raises(InputError, match="no Neo4j is installed here"):
            import_offline(ws, tmp_path)


def test_an_import_that_fails_says_so_in_one_line(own_server, tmp_path):
    with world(tmp_path) as ws, pytest.raises(StoreError, match=r"the import failed: .*; the server must not run"):
        import_offline(ws, own_server.home, overwrite=True)
    with open_store(own_server.login.uri, login=own_server.login) as store:
        assert store.info().engine == "neo4j"
