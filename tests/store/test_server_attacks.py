"""Whatever a query says, a server does no more with it than to read its graph: more than 200 texts, and witnesses."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import neo4j
import pytest

from kolgraph.errors import InputError
from kolgraph.store import open_store
from tests.servers.neo4j import server
from tests.worlds.attacks import BREAKING, server_texts
from tests.worlds.stores import follows
from tests.worlds.witnesses import SECRET, Listener, Watch, targets, traced, traced_calls

pytestmark = [pytest.mark.neo4j, pytest.mark.skipif(sys.platform != "linux", reason="the witnesses are Linux'")]
#: What names a file, an address or another process.
CALLS = "%file,connect,execve,fork,vfork,kill"
#: All that is in the database, and who may log in.
HELD = ("MATCH (a) RETURN count(*) AS n", "SHOW CONSTRAINTS YIELD name RETURN collect(name) AS n")


@pytest.fixture
def store(own_server):
    with open_store(own_server.login.uri, login=own_server.login, native=True, timeout_s=20) as opened:
        opened.replace(follows("abc", [("a", "b")]))
        yield opened


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    return targets(tmp_path / "t")


@pytest.fixture
def watch(folder):
    made = Watch(folder)
    yield made
    made.close()


def test_no_text_reads_or_writes_anything_outside_the_server(own_server, store, folder, watch, listener, tmp_path):
    texts, log = server_texts(folder, listener.port), tmp_path / "log"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    held = [store.query(text).to_pylist() for text in HELD]
    watch.seen()
    with traced(own_server._process.pid, log, CALLS):
        for text in texts:
            with pytest.raises(InputError) as refused:
                store.query(text)
            assert "\n" not in str(refused.value)
            assert SECRET not in str(refused.value)
        for text in texts[:20]:
            with pytest.raises(InputError):
                store.explain(text)
    assert len(texts) >= 200
    assert watch.seen() == set()
    assert listener.calls == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [store.query(text).to_pylist() for text in HELD] == held
    assert strange(log, own_server.home) == []


def test_the_witnesses_see_what_the_server_does_without_the_guard(own_server, folder, watch, listener, tmp_path):
    log, login = tmp_path / "log", own_server.login
    with (
        traced(own_server._process.pid, log, CALLS),
        neo4j.GraphDatabase.driver(login.uri, auth=(login.user, login.password)) as driver,
        driver.session(default_access_mode="READ") as session,
    ):
        told = session.run(f"LOAD CSV FROM 'file://{folder / 'secret.csv'}' AS r RETURN r").values()
        with pytest.raises(neo4j.exceptions.Neo4jError):  # we hang up
            session.run(f"LOAD CSV FROM 'http://127.0.0.1:{listener.port}/' AS r RETURN r").consume()
    assert SECRET in str(told)
    assert "secret.csv" in watch.seen()
    assert listener.calls
    seen = "\n".join(strange(log, own_server.home))
    assert "secret.csv" in seen
    assert "connect(" in seen


def strange(log: Path, home: Path) -> list[str]:
    """Calls that name a file which is no part of the server and of Java, or an address, or start or end a process."""
    java = Path(shutil.which("java") or "").resolve().parents[1]
    own = tuple(map(str, (home, server.CACHE, java, "/proc/", "/sys/", "/tmp/hsperfdata_")))
    found = []
    for call in traced_calls(log):
        places = re.findall(r'"((?:[^"\\]|\\.)*)"', call)  # "" is a file that is open already
        if not places or not all(place.startswith(own) or not place for place in places):
            found.append(call)
    return found


@pytest.mark.parametrize("text", [*BREAKING[:4], "RETURN 1 IN [" + "1," * 60_000 + "1] AS a"], ids=range(5))
def test_what_is_too_deep_or_too_long_never_reaches_the_server(text):
    with open_store("bolt://127.0.0.1:9", native=True) as store, pytest.raises(InputError, match=r"brackets|longer"):
        store.query(text)
