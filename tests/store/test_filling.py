"""Publishing to a server sends what changed, resumes where it stopped, and is exact whatever happened before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import StoreError, StoreUnavailable
from kolgraph.store import open_store
from kolgraph.store.engines.neo4j import Neo4jStore
from kolgraph.store.sync.journal import Journal, to_remove, to_send
from kolgraph.store.sync.schema import SNAPSHOT
from kolgraph.verbs.publish import publish
from tests.worlds.shelf import Shelf
from tests.worlds.stores import follows, rows, table, world

ACCOUNTS = "MATCH (a:Account) RETURN a.id AS id, a.name AS name, a.reach AS reach ORDER BY id"
EDGES = "MATCH (a:Account)-[f:FOLLOWS]->(b:Account) RETURN a.id AS src, b.id AS dst, f.weight AS w ORDER BY src, dst"


def snapshot(names, pairs):
    """Accounts with what they are called, and weighted follows between them."""
    ends = {end for pair in pairs for end in pair}
    accounts = [{"id": a, "name": n, "reach": float("nan") if n else None} for a, n in names.items()]
    accounts += [{"id": a} for a in sorted(ends - set(names))]
    edges = [{"src": a, "dst": b, "weight": w} for (a, b), w in pairs.items()]
    return {
        "Account": table("Account", accounts),
        "Account-FOLLOWS-Account": table("Account-FOLLOWS-Account", edges),
    }


ids = st.sampled_from("abcdef")
snapshots = st.builds(
    snapshot,
    st.dictionaries(ids, st.sampled_from([None, "", "x", "小红书"])),
    st.dictionaries(st.tuples(ids, ids), st.sampled_from([None, 0.0, 0.1, 3.0])),
)


def content(part):
    """What the texts `ACCOUNTS` and `EDGES` shall find; NaN is not equal to itself, so as text."""
    accounts = [(r["id"], r["name"], r["reach"]) for r in part["Account"].to_pylist()]
    edges = [(r["src"], r["dst"], r["weight"]) for r in part["Account-FOLLOWS-Account"].to_pylist()]
    return str(sorted(accounts)), str(sorted(edges))


def found(store):
    return str(rows(store, ACCOUNTS)), str(rows(store, EDGES))


# ---------------------------------------------------------------------- the journal


@given(st.lists(snapshots, min_size=1, max_size=3), snapshots, st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_what_is_sent_and_removed_turns_any_mixture_of_the_old_into_the_new(olds, new, size):
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        held = [journal.write(old) for old in olds]
        wanted = journal.write(new)
        for name, rows_of_new in new.items():
            keys = ["id"] if name == "Account" else ["src", "dst"]

            def key(row, keys=keys):
                return tuple(row[k] for k in keys)

            old_rows = [{key(r): str(r) for r in old[name].to_pylist()} for old in olds]
            new_rows = {key(r): str(r) for r in rows_of_new.to_pylist()}
            batches = list(to_send(name, wanted, held, size))
            assert all(0 < len(batch) <= size for batch in batches)
            sent = {key(r): str(r) for batch in batches for r in batch}
            assert sent == {k: r for k, r in new_rows.items() if any(old.get(k) != r for old in old_rows)}
            removed = sorted(key(r) for batch in to_remove(name, wanted, held, size) for r in batch)
            assert removed == sorted(set().union(*old_rows) - set(new_rows))


def test_equal_content_is_the_same_publication_and_what_nobody_holds_is_not_kept(tmp_path):
    journal = Journal(tmp_path / "published")
    one = journal.write(follows("abc", [("a", "b")]))
    again = journal.write(follows("abc", [("a", "b")]))
    other = journal.write(follows("abc", [("a", "c")]))
    assert (one, one.rows["Account"]) == (again, 3)
    assert other.id != one.id
    journal.note("here", [one.id, other.id])
    journal.note("there", [other.id])
    assert journal.find(one.id) == one
    journal.note("here", [other.id])
    assert journal.find(one.id) is None
    assert journal.find(other.id) == other
    files = [p for p in (tmp_path / "published").rglob("*") if p.is_file()]
    assert len(files) == len(SNAPSHOT) + 2  # the tables, their digests, and who holds what
    assert {p.stat().st_mode & 0o777 for p in files} <= {0o600, 0o644}


# ---------------------------------------------------------------------- the server


@pytest.fixture
def store(neo4j_login):
    with open_store(neo4j_login.uri, login=neo4j_login) as opened:
        opened.replace({})
        yield opened


@pytest.mark.neo4j
def test_only_what_changed_is_sent(store, tmp_path):
    first = snapshot({"a": "x", "b": "y"}, {("a", "b"): 1.0, ("b", "a"): None, ("c", "a"): 0.5})
    then = snapshot({"a": "x", "b": "z"}, {("a", "b"): 1.0, ("b", "a"): 2.0, ("d", "a"): 0.5})
    assert store.replace(first, journal=tmp_path).sent == 3 + 3
    same = store.replace(first, journal=tmp_path)
    assert (same.sent, same.removed, same.nodes, same.relationships) == (0, 0, 3, 3)
    told = []
    report = store.replace(then, journal=tmp_path, progress=told.append)
    # b is called otherwise, d is new; b->a has another weight, d->a is new. Of c nothing is left.
    assert (report.sent, report.removed, told) == (2 + 2, 2, [2, 4])
    assert found(store) == content(then)


class Breaks(Exception):
    """Nobody expects this one."""


def breaking_off(monkeypatch, after, *, written):
    """Let a load end with its n-th statement, before or after it is written."""
    left, write = [after], Neo4jStore.execute

    def broken(self, text, /, **parameters):
        left[0] -= 1
        if left[0] < 0 and not written:
            raise Breaks
        n = write(self, text, **parameters)
        if left[0] < 0:
            raise Breaks
        return n

    monkeypatch.setattr(Neo4jStore, "execute", broken)


@pytest.mark.neo4j
@given(st.lists(st.tuples(snapshots, st.integers(20, 70), st.booleans()), min_size=1, max_size=5), snapshots)
@settings(max_examples=15, deadline=None)
def test_after_any_number_of_loads_that_broke_off_the_next_one_is_exact(neo4j_login, tries, last):
    with tempfile.TemporaryDirectory() as folder, open_store(neo4j_login.uri, login=neo4j_login) as store:
        journal = Path(folder)
        for tried, after, written in tries:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("kolgraph.store.engines.neo4j.BATCH", 2)
                breaking_off(patch, after, written=written)
                try:
                    store.replace(tried, journal=journal)
                except Breaks:
                    pass
                else:
                    assert found(store) == content(tried)
        store.replace(last, journal=journal)
        assert found(store) == content(last)
        assert store.replace(last, journal=journal).sent == 0


@pytest.mark.neo4j
def test_a_load_that_broke_off_goes_on_where_it_stopped(store, tmp_path, monkeypatch):
    monkeypatch.setattr("kolgraph.store.engines.neo4j.BATCH", 2)
    wanted = follows("abcdef", [(a, b) for a in "abcdef" for b in "abcdef"])
    for journal, sent in ((tmp_path / "a", 42 - 10), (tmp_path / "b", 42 - 10)):
        store.replace({} if journal.name == "a" else follows("xyz", []), journal=journal)
        with monkeypatch.context() as patch:
            write, batches = Neo4jStore.execute, []

            def broken(self, text, /, *, step=None, write=write, batches=batches, **parameters):
                batches.append(step)
                if step == 6:
                    raise StoreUnavailable("gone")
                return write(self, text, step=step, **parameters)

            patch.setattr(Neo4jStore, "execute", broken)
            with pytest.raises(StoreUnavailable):
                store.replace(wanted, journal=journal)
        assert store.info().workspace == ""  # nobody is told that it is complete
        assert store.replace(wanted, journal=journal).sent == sent
        assert len(rows(store, EDGES)) == 36


@pytest.mark.neo4j
def test_what_somebody_else_changed_is_noticed_and_everything_is_sent(store, tmp_path, caplog):
    wanted = snapshot({"a": "x"}, {("a", "b"): 1.0, ("b", "a"): None})
    store.replace(wanted, journal=tmp_path)
    store.execute("MATCH (a:Account {id: 'b'}) DETACH DELETE a")
    report = store.replace(wanted, journal=tmp_path)
    assert "sending everything" in caplog.text
    assert (found(store), report.sent) == (content(wanted), 4)


@pytest.mark.neo4j
def test_a_publication_of_another_workspace_is_replaced_as_a_whole(store, tmp_path):
    mine, theirs = (snapshot({"a": n}, {("a", n): 1.0}) for n in "xy")
    store.replace(mine, journal=tmp_path / "mine")
    store.replace(theirs, journal=tmp_path / "theirs")
    assert found(store) == content(theirs)
    store.replace(mine, journal=tmp_path / "mine")
    assert found(store) == content(mine)


@pytest.mark.neo4j
def test_of_two_publications_at_once_the_later_one_wins_and_the_other_is_told(store, tmp_path):
    mine, theirs = (snapshot({"a": n}, {("a", n): 1.0}) for n in "xy")
    begun = []

    def overtaken(sent):
        if not begun:
            begun.append(store.replace(theirs, journal=tmp_path / "theirs"))

    with pytest.raises(StoreError, match="another publication began meanwhile; publish again"):
        store.replace(mine, journal=tmp_path / "mine", progress=overtaken)
    assert found(store) == content(theirs)
    assert store.info().counts["Publication"] == 0  # neither snapshot names a workspace


@pytest.mark.neo4j
def test_of_a_node_that_others_hold_nothing_is_left_but_its_id(store, tmp_path):
    first, without = snapshot({"a": "x", "b": "y"}, {("a", "b"): 1.0}), snapshot({"a": "x"}, {})
    store.replace(first, journal=tmp_path)
    store.execute("MATCH (b:Account {id: 'b'}) CREATE (:Brief)-[:BOOKS]->(b)")
    try:
        for report in (store.replace(without, journal=tmp_path), store.replace(without)):
            assert (report.held, report.nodes) == (1, 1)
            assert rows(store, "MATCH (a:Account) WHERE a.id = 'b' RETURN a.name AS name") == [(None,)]
        store.replace(first, journal=tmp_path)
        assert found(store) == content(first)
        assert store.replace(without, journal=tmp_path).held == 1
    finally:
        store.execute("MATCH (x:Brief) DETACH DELETE x")
    assert store.replace(without, journal=tmp_path).held == 0
    assert found(store) == content(without)


@pytest.mark.neo4j
def test_whom_the_workspace_forgot_the_server_forgets_with_the_next_publication(neo4j_login, shelf: Shelf, monkeypatch):
    monkeypatch.setenv("KOLGRAPH_NEO4J_PASSWORD", neo4j_login.password)
    shelf.load("follower,followed\n1,2\n3,2\n", platform="weibo")
    publish(shelf.ws, neo4j_login.uri)
    from kolgraph.verbs.forget import forget

    forget(shelf.ws, ["weibo:1"])
    publish(shelf.ws, neo4j_login.uri)
    with open_store(neo4j_login.uri, login=neo4j_login) as store:
        assert [r[0] for r in rows(store, ACCOUNTS)] == ["weibo:2", "weibo:3"]


@pytest.mark.neo4j
def test_a_world_is_published_again_without_sending_it(store, tmp_path):
    with world(tmp_path) as ws:
        from kolgraph.verbs.publish import WorkspaceSnapshot

        first = store.replace(WorkspaceSnapshot(ws), journal=tmp_path / "published")
        again = store.replace(WorkspaceSnapshot(ws), journal=tmp_path / "published")
        assert (again.counts, again.sent) == (first.counts, 0)
        assert store.info().workspace == "v1"
