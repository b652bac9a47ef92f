"""The graph database: what is published is what is found, on both engines, whatever happens in between."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from kolgraph.errors import InputError, LimitError, StoreError, StoreInDoubt, StoreUnavailable
from kolgraph.settings import Neo4jLogin
from kolgraph.store import open_store
from kolgraph.store.sync.schema import SNAPSHOT
from kolgraph.verbs.publish import WorkspaceSnapshot, publish
from tests.servers.neo4j.wire import Wire
from tests.worlds.stores import ENGINES, HOSTILES, follows, rows, table, world

PAIRS = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "c")]
EDGES = "MATCH (a:Account)-[:FOLLOWS]->(b:Account) RETURN a.id AS src, b.id AS dst ORDER BY src, dst"
COUNT = "MATCH (a:Account) RETURN count(*) AS n"
#: Seconds. What is told to give up soon does it at once, but the machine may be busy; what is not would try for longer.
HANGS_S = 30


@pytest.fixture(params=ENGINES)
def store(request, tmp_path):
    if request.param == "ladybug":
        opened = open_store(tmp_path / "graph.lbug")
    else:
        login = request.getfixturevalue("neo4j_login")
        opened = open_store(login.uri, login=login)
    with opened:
        opened.replace({})
        yield opened


# ---------------------------------------------------------------------- replacing


def test_publishing_again_changes_nothing(store):
    first, second = (store.replace(follows("abc", PAIRS)) for _ in range(2))
    assert (first.counts, second.counts, second.removed) == (first.counts, first.counts, 0)
    assert (second.nodes, second.relationships) == (3, 4)
    assert rows(store, EDGES) == PAIRS


def test_what_is_not_in_the_new_snapshot_is_gone(store):
    store.replace(follows("abc", PAIRS))
    report = store.replace(follows("ac", [("c", "a")]))
    assert rows(store, EDGES) == [("c", "a")]
    assert rows(store, COUNT) == [(2,)]
    assert report.removed in (0, 4)  # a file is new; a server loses b, a->b, b->c, c->c


def test_properties_are_set_to_the_new_values_and_to_nothing(store):
    store.replace({"Account": table("Account", [{"id": "a", "name": "old", "followers": 1}])})
    store.replace({"Account": table("Account", [{"id": "a", "followers": 2}])})
    assert rows(store, "MATCH (a:Account) RETURN a.name AS name, a.followers AS n") == [(None, 2)]


def test_a_world_is_published_with_every_table(store, tmp_path):
    with world(tmp_path) as ws:
        report = store.replace(WorkspaceSnapshot(ws))
        assert report.counts == {
            "Account": 9,
            "Post": 14,  # three posts, six reposts, two roots they speak of, one of a campaign, two that mention
            "Topic": 2,
            "Campaign": 2,
            "Community": 2,
            "Ring": 2,
            "Account-FOLLOWS-Account": 11,
            "Account-REPOSTED-Account": 4,  # dee -> ann twice; no author is known for cai's
            "Account-MENTIONS-Account": 5,
            "Account-CO_MENTIONED-Account": 3,
            "Post-MENTIONS-Account": 5,
            "Account-POSTED-Post": 11,  # of p0, p3 and p77 no author is known
            "Post-TAGGED-Topic": 3,  # a topic named twice counts once
            "Post-REPOST_OF-Post": 6,
            "Campaign-SEEDED_BY-Post": 4,
            "Account-MEMBER_OF-Community": 5,  # not the account that belongs to none
            "Account-MEMBER_OF-Ring": 3,
            "Ring-TARGETS-Account": 1,
            "Ring-TARGETS-Post": 2,
            "Publication": 1,
        }
    info = store.info()
    assert (info.counts, info.workspace, info.engine) == (report.counts, "v1", report.engine)
    assert abs(info.made_ts / 1000 - time.time()) < 600
    text = rows(store, "MATCH (p:Post) WHERE p.id = 'w:p1' RETURN p.text AS text")[0][0]
    assert text == "新品" * 200


def test_published_texts_are_data_wherever_they_stand(store):
    assert len(set(HOSTILES)) == 200
    columns = ("name", "niche", "region", "city", "agency")
    names = "Account-POSTED-Post", "Post-TAGGED-Topic", "Campaign-SEEDED_BY-Post"
    snapshot = {
        "Account": table("Account", [{"id": x} | dict.fromkeys(columns, x) for x in HOSTILES]),
        "Topic": table("Topic", [{"id": x} for x in HOSTILES]),
        "Post": table("Post", [{"id": x, "text": x, "size": 1} for x in HOSTILES]),
        "Campaign": table("Campaign", [{"id": x, "name": x} for x in HOSTILES]),
        **{name: table(name, [{"src": x, "dst": x} for x in HOSTILES]) for name in names},
    }
    report = store.replace(snapshot)
    assert report.nodes == 4 * 200
    found = rows(store, "MATCH (a:Account) RETURN a.id AS id, a.name AS name, a.niche AS niche, a.agency AS agency")
    assert sorted(found) == [(x,) * 4 for x in sorted(HOSTILES)]
    for x in HOSTILES:
        assert rows(store, "account-profile", id=x)[0][:2] == (x, x)
        assert [row[0] for row in rows(store, "biggest-cascades", topic=x, author=x)] == [x]
        assert [row[:3] for row in rows(store, "campaign-posts", campaign=x)] == [(x, x, x)]
    assert rows(store, COUNT) == [(200,)]


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("Account", [{"id": None}], "1 rows without id"),
        ("Account", [{"id": "a"}, {"id": "a"}], "1 rows too many with the same id"),
        ("Account-FOLLOWS-Account", [{"src": "a", "dst": "b"}] * 3, "2 rows too many with the same src, dst"),
    ],
)
def test_rows_that_would_corrupt_are_refused_before_they_arrive(store, name, wrong, says):
    store.replace(follows("abc", PAIRS))
    with pytest.raises(StoreError, match=says):
        store.replace(follows("ab", []) | {name: table(name, wrong)})


def test_a_relation_to_nobody_is_an_error_not_a_loss(store):
    with pytest.raises(StoreError):
        store.replace(follows("ab", [("a", "nobody")]))


# ---------------------------------------------------------------------- asking


@pytest.mark.parametrize(
    "text", ["CREATE (a:Account {id: 'z'})", "MATCH (a:Account) SET a.name = 'z'", "MATCH (a:Account) DETACH DELETE a"]
)
def test_a_query_cannot_write_and_behind_the_guard_the_engine_refuses_too(store, text):
    store.replace(follows("abc", PAIRS))
    with pytest.raises(InputError):
        store.query(text)
    with pytest.raises((InputError, RuntimeError), match=r"(?i)read.only|read access"):
        store._read(text, {}) if hasattr(store, "_read") else store._ask(text)
    assert rows(store, EDGES) == PAIRS


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (a:Account {id: 'z'})",
        "MATCH (a:Account) DELETE a",
        "MATCH (a:Account) SET a.id = 'z' RETURN a.id AS id",
        "MERGE (a:Account {id: 'z'}) RETURN a.id AS id",
        "MATCH (a:Account) REMOVE a.name RETURN a.id AS id",
        "CALL db.labels()",
        "MATCH (a:Account) CALL { MATCH (b:Account) RETURN b } RETURN a.id AS id",
        "CALL apoc.load.json('http://127.0.0.1:9') YIELD value RETURN value",
        "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row",
        "MATCH (a:Account) WITH a LOAD CSV FROM 'http://127.0.0.1:9' AS row RETURN row",
        "LOAD FROM '/etc/passwd' RETURN *",
        "COPY (MATCH (a:Account) RETURN a.id) TO '/tmp/x.csv'",
        "DROP TABLE Account",
        "DROP CONSTRAINT kol_account_id",
        "MATCH (a:Account) RETURN a.id AS id; MATCH (a:Account) DELETE a",
        "EXPLAIN MATCH (a:Account) RETURN a.id AS id",
        "INSTALL httpfs",
    ],
)
def test_what_is_no_reading_is_refused_before_it_arrives(store, text, monkeypatch):
    for way_in in ("_read", "_ask"):
        if hasattr(store, way_in):
            monkeypatch.setattr(store, way_in, lambda *_: pytest.fail("it arrived"))
    with pytest.raises(InputError, match=r"not allowed|must begin|one statement"):
        store.query(text)


def test_an_own_text_is_linted_and_its_parameters_are_checked(store):
    with pytest.raises(InputError, match="give the node"):
        store.query("MATCH (a) RETURN a.id AS id")
    with pytest.raises(InputError, match="'k' is missing"):
        store.query("MATCH (a:Account) RETURN a.id AS id LIMIT $k")
    with pytest.raises(InputError, match="'j' is not in the text"):
        store.query("MATCH (a:Account) RETURN a.id AS id", j=1)
    with pytest.raises(InputError, match="query: "):
        store.query("MATCH (a:Account) RETURN nothing.id AS id")


def test_answers_have_plain_types(store):
    store.replace({"Account": table("Account", [{"id": "a", "followers": 2, "reach": 0.1}])})
    answer = store.query(
        "MATCH (a:Account) RETURN coalesce(sum(a.followers), 0) AS n, a.reach AS x, a.id = 'a' AS t, collect(a.id) AS l"
    )
    assert [str(t).replace("element", "item") for t in answer.schema.types[:3]] == ["int64", "double", "bool"]
    assert answer.to_pylist() == [{"n": 2, "x": 0.1, "t": True, "l": ["a"]}]


def test_too_many_rows_and_too_much_time_are_limits(store):
    store._max_rows, store._timeout_s = 2, 0.5
    store.close()
    assert len(rows(store, "UNWIND [1, 2] AS x RETURN x")) == 2
    with pytest.raises(LimitError, match="more than 2 rows"):
        store.query("UNWIND [1, 2, 3] AS x RETURN x")
    with pytest.raises(LimitError, match=r"within 0\.5 s"):
        store.query(
            "UNWIND range(1, 100000) AS i UNWIND range(1, 100000) AS j WITH i, j WHERE i * j = 7 RETURN count(*) AS n"
        )


# ---------------------------------------------------------------------- the file


class Broken(dict):
    """A snapshot that fails in the middle of being read."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(follows("xyz", []))
        self.error = error

    def get(self, name, default=None):
        if name == "Account-FOLLOWS-Account":
            raise self.error
        return super().get(name, default)


def test_too_much_memory_is_a_limit_and_the_next_query_has_it_again(tmp_path, monkeypatch):
    monkeypatch.setattr("kolgraph.store.engines.reading.READ_POOL", 16 << 20)
    with open_store(tmp_path / "graph.lbug") as store:
        store.replace(follows("abc", PAIRS))
        with pytest.raises(LimitError, match="needs more than 16 MB of memory"):
            store.query("UNWIND range(1, 5000000) AS x WITH x % 4000000 AS k, count(*) AS n RETURN max(n) AS n")
        assert rows(store, EDGES) == PAIRS


def test_a_load_takes_as_much_memory_as_it_needs_and_no_more_than_there_is(tmp_path, monkeypatch):
    monkeypatch.setattr("kolgraph.store.engines.embedded.LOAD_POOL", 1 << 20)
    monkeypatch.setattr("kolgraph.store.engines.embedded.LOAD_POOL_ROW", 0)
    with open_store(tmp_path / "graph.lbug") as store:
        store.replace(follows("abc", PAIRS))
        assert rows(store, EDGES) == PAIRS
        monkeypatch.setattr("os.sysconf", lambda name: 1024)  # a machine of one MiB
        with pytest.raises(StoreError, match=r"need a machine with more memory, or a server$"):
            store.replace(follows("xyz", []))
        assert rows(store, EDGES) == PAIRS
    assert [p.name for p in tmp_path.iterdir()] == ["graph.lbug"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device"), StoreError("x")])
def test_a_replacement_that_breaks_off_leaves_the_old_file(tmp_path, error):
    with open_store(tmp_path / "graph.lbug") as store:
        store.replace(follows("abc", PAIRS))
        with pytest.raises(BaseException) as raised:
            store.replace(Broken(error))
        assert "No space" in str(raised.value) or raised.value is error
        assert rows(store, EDGES) == PAIRS
    assert [p.name for p in tmp_path.iterdir()] == ["graph.lbug"]


def test_what_a_killed_publication_left_is_swept_away(tmp_path):
    dead = tmp_path / "graph.lbug.999999999.new"
    alive = tmp_path / f"graph.lbug.{os.getppid()}.new.wal"
    for path in (dead, alive, tmp_path / "graph.lbug.wal"):
        path.write_bytes(b"x")
    with open_store(tmp_path / "graph.lbug") as store:
        store.replace(follows("abc", PAIRS))
        assert rows(store, EDGES) == PAIRS
    assert sorted(p.name for p in tmp_path.iterdir()) == ["graph.lbug", alive.name]


def test_readers_keep_the_file_they_opened(tmp_path):
    with open_store(tmp_path / "graph.lbug") as writer, open_store(tmp_path / "graph.lbug") as reader:
        writer.replace(follows("abc", PAIRS))
        assert rows(reader, COUNT) == [(3,)]
        writer.replace(follows("a", []))
        assert (rows(reader, COUNT), rows(writer, COUNT)) == ([(3,)], [(1,)])


def test_the_file_is_private_and_a_missing_or_foreign_one_says_what_to_do(tmp_path):
    path = tmp_path / "graph.lbug"
    with open_store(path) as store:
        with pytest.raises(StoreUnavailable, match="kolgraph publish"):
            store.info()
        store.replace({})
    assert path.stat().st_mode & 0o777 == 0o600
    raw = bytearray(path.read_bytes())
    assert raw[:4] == b"LBUG"
    raw[4] += 1  # the storage version
    for content in (bytes(raw), b"something else" * 1000):
        path.write_bytes(content)
        with open_store(path) as store, pytest.raises(StoreError, match=r"cannot read the file .*kolgraph publish"):
            store.query(COUNT)


def test_publish_goes_to_a_file_of_the_workspace(tmp_path):
    with world(tmp_path) as ws:
        assert publish(ws).where == str(tmp_path / "graph.lbug")


# ---------------------------------------------------------------------- the server


@contextmanager
def _driver(login: Neo4jLogin):
    import neo4j

    with neo4j.GraphDatabase.driver(login.uri, auth=(login.user, login.password)) as driver:
        yield driver


@pytest.mark.neo4j
def test_what_others_keep_on_the_server_stays(neo4j_login):
    with open_store(neo4j_login.uri, login=neo4j_login) as store, _driver(neo4j_login) as driver:
        store.replace(follows("abc", PAIRS))
        driver.execute_query("MATCH (b:Account {id: 'b'}) CREATE (:Brief {id: 1})-[:BOOKS]->(b)")
        try:
            report = store.replace(follows("ac", []))
            found = driver.execute_query("MATCH (:Brief)-[:BOOKS]->(a:Account) RETURN a.id").records
            assert [r[0] for r in found] == ["b"]  # somebody else's relationship holds it
            assert report.removed == 4  # the four relationships
        finally:
            driver.execute_query("MATCH (x:Brief) DETACH DELETE x")
        assert store.replace(follows("ac", [])).removed == 1
        assert rows(store, COUNT) == [(2,)]


@pytest.mark.neo4j
@pytest.mark.parametrize("text", ["CREATE (:Account {id: 'mine'})", "MATCH (a:Account) CREATE (a)-[:FOLLOWS]->(a)"])
def test_a_database_with_such_data_of_its_own_is_refused(neo4j_login, text):
    with open_store(neo4j_login.uri, login=neo4j_login) as store, _driver(neo4j_login) as driver:
        store.replace(follows("a", []))
        driver.execute_query(text)
        try:
            with pytest.raises(StoreError, match="that kolgraph did not write; choose another"):
                store.replace(follows("abc", PAIRS))
        finally:
            driver.execute_query("MATCH (x:Account {id: 'mine'}) DETACH DELETE x")
            driver.execute_query("MATCH (:Account)-[r:FOLLOWS]->(:Account) DELETE r")


@pytest.mark.neo4j
def test_a_wrong_password_is_one_line_without_it(neo4j_login):
    login = Neo4jLogin(uri=neo4j_login.uri, password="hunter2secret")
    with open_store(login.uri, login=login) as store, pytest.raises(StoreError) as raised:
        store.info()
    shown = f"{raised.value!r} {store!r} {login!r} {raised.value.__context__!r}"
    assert "refused the login of user 'neo4j'" in shown
    assert "hunter2secret" not in shown
    assert "\n" not in str(raised.value)


def test_an_address_with_a_password_is_refused_and_masked():
    with pytest.raises(InputError) as raised:
        open_store("bolt://neo4j:hunter2secret@somewhere:7687")
    assert "hunter2secret" not in str(raised.value)
    assert "bolt://***@somewhere:7687" in str(raised.value)
    with pytest.raises(InputError, match="unknown protocol"):
        open_store("http://somewhere:7474")


def test_a_server_that_is_not_there_or_says_nothing_is_unavailable_soon(monkeypatch):
    monkeypatch.setattr("kolgraph.store.engines.neo4j.CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begin = time.monotonic()
        with open_store(f"bolt://127.0.0.1:{listener.getsockname()[1]}") as store, pytest.raises(StoreUnavailable):
            store.query(COUNT)
        gone = listener.getsockname()[1]
    with open_store(f"bolt://127.0.0.1:{gone}") as store, pytest.raises(StoreUnavailable, match="check the server"):
        store.replace({})
    assert time.monotonic() - begin < HANGS_S


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, r"Couldn't connect to 127.0.0.1:\d+: \[Errno 111\] Connection refused"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", r"Couldn't connect to 127.0.0.1:\d+: looks like HTTP"),
        (b"", r"Couldn't connect to 127.0.0.1:\d+: Connection to \S+ closed with incomplete handshake response"),
    ],
)
def test_why_a_server_is_unavailable_is_said_in_one_line_and_nowhere_else(answer, told):
    """In a process of its own: pytest has handlers for every log."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if answer is None:
            listener.close()
        else:
            threading.Thread(target=_answer_all, args=(listener, answer), daemon=True).start()
        env = os.environ | {"KOLGRAPH_NEO4J_PASSWORD": "x"}
        ask = f"from kolgraph import open_store; open_store('bolt://127.0.0.1:{port}', timeout_s=9).info()"
        done = subprocess.run([sys.executable, "-c", ask], env=env, capture_output=True, text=True, check=False)
    error = done.stderr.splitlines()[-1].removeprefix("kolgraph.errors.StoreUnavailable: ")
    assert re.fullmatch(rf"bolt://127.0.0.1:{port}: {told}; check the server, run again", error)
    assert done.stderr.startswith("Traceback")  # and not with what the driver would log


def _answer_all(listener: socket.socket, answer: bytes) -> None:
    with suppress(OSError):  # closed at the end
        while True:
            caller, _ = listener.accept()
            caller.recv(100)
            caller.sendall(answer)
            caller.close()


@pytest.fixture
def wire(neo4j_login) -> Iterator[tuple[Wire, Neo4jLogin]]:
    relay = Wire(neo4j_login.uri)
    yield relay, Neo4jLogin(uri=relay.uri, password=neo4j_login.password, user=neo4j_login.user)
    relay.close()


@pytest.mark.neo4j
@pytest.mark.parametrize(("cuts", "after_bytes"), [(1, 0), (3, 0), (1, 700), (3, 1500), (2, 4000)])
def test_a_load_over_a_wire_that_breaks_is_exact(wire, caplog, cuts, after_bytes):
    relay, login = wire
    if after_bytes:
        relay.cut_after(after_bytes, "to server", times=cuts)
    else:
        relay.cut_behind_commit(cuts)
    with open_store(login.uri, login=login) as store:
        report = store.replace(follows("abc", PAIRS))
        assert rows(store, EDGES) == PAIRS
    assert (report.nodes, report.relationships, relay.cuts) == (3, 4, 0)
    assert login.password not in caplog.text
    if not after_bytes:
        assert caplog.text.count("a commit was sent and not answered; running again is safe") == cuts


@pytest.mark.neo4j
def test_a_commit_that_is_never_answered_is_in_doubt(wire, monkeypatch):
    monkeypatch.setattr("kolgraph.store.engines.neo4j.RETRY_S", 0.5)
    relay, login = wire
    relay.cut_behind_commit(1000)
    with open_store(login.uri, login=login) as store, pytest.raises(StoreInDoubt, match="running again is safe"):
        store.replace(follows("abc", PAIRS))


@pytest.mark.neo4j
def test_a_server_that_falls_silent_is_unavailable_in_time(wire, monkeypatch):
    monkeypatch.setattr("kolgraph.store.engines.neo4j.GRACE_S", 0.2)
    monkeypatch.setattr(
        "kolgraph.store.engines.neo4j.CONNECT_S", 0.5
    )  # also bounds what the thread left behind still tries
    relay, login = wire
    with open_store(login.uri, login=login, timeout_s=0.5) as store:
        store.query("UNWIND [1] AS x RETURN x")
        relay.silent = True
        begin = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"no answer within 0\.5 s"):
            store.query(COUNT)
        assert time.monotonic() - begin < HANGS_S
    relay.close()
    for thread in threading.enumerate():
        if thread.name == "kolgraph-bolt":
            thread.join(10)


# ---------------------------------------------------------------------- no text is made from data


def test_every_text_handed_to_an_engine_comes_from_a_file_or_the_schema():
    asked = {"run", "execute", "execute_query", "_read", "ask"}
    for path in Path("kolgraph/store").resolve().rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in asked):
                continue
            text = node.args[0]
            made = isinstance(text, ast.Call) and isinstance(text.func, ast.Name)
            assert isinstance(text, ast.Name | ast.Attribute | ast.Constant) or (
                made and (text.func.id.endswith("_text") or text.func.id == "for_embedded")
            ), f"{path.name}:{node.lineno}"


def test_tables_of_a_snapshot_are_loaded_nodes_first_and_the_publication_last():
    names = list(SNAPSHOT)
    assert names[-1] == "Publication"
    assert ["-" in name for name in names[:-1]] == sorted("-" in name for name in names[:-1])
