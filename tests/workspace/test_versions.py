"""Every way of writing raises the counters of the tables it changed, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from kolgraph.errors import StoreError
from kolgraph.workspace import Workspace
from kolgraph.workspace.macros import Macros
from kolgraph.workspace.tables import CANONICAL
from kolgraph.workspace.versions import FACTS, IDS, Watched, tables_in

#: Record -> a file of it, and what loading it into an empty workspace changes.
LOADS = {
    "account": ("account,followers\n1,5\n", {"accounts", IDS}),
    "account with a name": ("account,name\n1,Ann\n", {"accounts", IDS, "account_names"}),
    "follow": ("follower,followed\n1,2\n", {"accounts", IDS, "follows"}),
    "post": ("post,author,text\np,1,hi\n", {"accounts", IDS, "posts"}),
    "post that names somebody": ("post,author,text\np,1,hi @Bob\n", {"accounts", IDS, "posts", "namings"}),
    "repost": ("repost,reposter,author,root\nr,1,2,p\n", {"accounts", IDS, "reposts"}),
    "mention": ("writer,mentioned,post\n1,2,p\n", {"accounts", IDS, "namings"}),
    "comment": ("comment_id,src,post,text\nc,1,p,hm\n", {"accounts", IDS, "comments"}),
    "identity": ("person,account\nk,1\n", {"accounts", IDS, "identities"}),
    "campaign": ("campaign,post\nspring,p\n", {"campaigns"}),
}
OPTIONS = {
    "comment": {
        "record": "comment",
        "mapping": {"comment": "comment_id", "src": "src", "post": "post", "text": "text"},
    },
}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "w.kol", create=True) as opened:
        yield opened


def raised(ws: Workspace, before: dict[str, int]) -> set[str]:
    return {table for table, counter in ws.counters().items() if counter != before[table]}


def load(ws: Workspace, text: str, **options: object) -> set[str]:
    file = ws.path.parent / "f.csv"
    file.write_text(text)
    before = dict(ws.counters())
    ws.load(file, **{"platform": "weibo", "max_reject_rate": 1.0, **options})
    return raised(ws, before)


def content(ws: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """All facts, without what only says which file they are from."""
    with ws.transaction() as connection:
        found = {}
        for name in FACTS:
            columns = ", ".join(c for c in CANONICAL[name].columns if c != "batch")
            found[name] = connection.execute(f"SELECT {columns} FROM {name} ORDER BY ALL").fetchall()
        found[IDS] = connection.execute("SELECT account_key, account_id FROM account_ids ORDER BY ALL").fetchall()
    return found


@pytest.mark.parametrize("record", LOADS)
def test_a_load_raises_what_it_changed_and_a_second_one_nothing(ws: Workspace, record: str) -> None:
    text, changes = LOADS[record]
    options = OPTIONS.get(record, {})
    before, version = content(ws), ws.version
    assert load(ws, text, **options) == changes
    after = content(ws)
    assert {name for name in after if after[name] != before[name]} == changes
    assert ws.version != version
    version = ws.version
    assert load(ws, text, **options) == set()  # known
    head, _, rows = text.partition("\n")
    assert load(ws, f"{head}\n{rows}{rows}", **options) == set()  # another file that says the same twice
    assert content(ws) == after
    assert ws.version == version


def test_all_records_after_one_another_raise_what_they_change(ws: Workspace) -> None:
    for record, (text, _) in LOADS.items():
        before = content(ws)
        changed = load(ws, text, **OPTIONS.get(record, {}))
        after = content(ws)
        assert {name for name in after if after[name] != before[name]} == changed, record


def test_a_profile_raises_no_ids_and_no_relations(ws: Workspace) -> None:
    load(ws, "follower,followed\n1,2\n")
    assert load(ws, "account,price_cny,followers\n1,20,7\n") == {"accounts"}
    assert load(ws, "account,name\n1,Ann\n") == {"accounts", "account_names"}
    assert load(ws, "follower,followed,since\n1,2,2024-01-01\n") == {"follows"}


def test_a_dry_run_a_failed_load_and_a_question_raise_nothing(ws: Workspace) -> None:
    load(ws, "follower,followed\n1,2\n")
    before = dict(ws.counters())
    file = ws.path.parent / "g.csv"
    file.write_text("follower,followed\n3,4\n")
    ws.load(file, dry_run=True)
    file.write_text("follower,followed\n3,4\n1.5e9,x\n")
    with pytest.raises(Exception, match="rejected"):
        ws.load(file, platform="weibo", max_reject_rate=0.0)
    ws.rank(by="in_degree")
    ws.table("scores")
    ws.info()
    assert raised(ws, before) == set()
    with Workspace.open(shut(ws)) as other:
        assert other.counters() == before


def shut(ws: Workspace) -> Path:
    ws.close()
    return ws.path


def test_resolving_names_raises_what_it_resolved(ws: Workspace) -> None:
    load(ws, "post,author,text\np,1,hi @Bob\n")
    load(ws, "account,name\n2,Bob\n", resolve_names=False)
    before = dict(ws.counters())
    ws.resolve_names()
    assert raised(ws, before) == {"namings"}
    before = dict(ws.counters())
    ws.resolve_names()
    assert raised(ws, before) == set()


def test_retried_rejects_raise_what_is_new(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ws.path.parent / "bad.csv"
    file.write_text("follower,followed\n1,2\n,3\n")
    ws.load(file, platform="weibo", max_reject_rate=1.0)
    before = dict(ws.counters())
    assert [report.counts.rejected for report in ws.retry_rejects()] == [1]
    assert raised(ws, before) == set()  # nothing is better now


def test_forgetting_raises_what_it_touched(ws: Workspace) -> None:
    for record in ("account with a name", "follow", "post that names somebody", "repost", "campaign"):
        load(ws, LOADS[record][0])
    load(ws, "follower,followed\n3,4\n")
    before, was = dict(ws.counters()), content(ws)
    ws.forget(["weibo:3"])
    now = content(ws)
    assert {name for name in now if now[name] != was[name]} == raised(ws, before) == {"accounts", IDS, "follows"}
    before = dict(ws.counters())
    ws.forget(["weibo:3"])
    assert raised(ws, before) <= {"accounts", IDS}
    before, was = dict(ws.counters()), content(ws)
    ws.forget(["weibo:1"])
    now = content(ws)
    assert {name for name in now if now[name] != was[name]} <= raised(ws, before)


@pytest.mark.parametrize("table", FACTS)
def test_every_statement_that_changes_a_table_is_noticed(table: str) -> None:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE {table} (account_id INTEGER)")
    ids = {IDS} if table == "accounts" else set()
    for statement, changed in (
        (f"INSERT INTO {table} SELECT 1 WHERE false", set()),
        (f"INSERT INTO {table} VALUES (1), (2)", {table} | ids),
        (f"UPDATE {table} SET account_id = 5 WHERE account_id = 9", set()),
        (f"UPDATE {table} t SET account_id = 5 WHERE account_id = 2", {table} | ids),
        (f"\n  delete from {table} WHERE account_id = 9", set()),
        (f"\n  delete from {table} WHERE account_id = 5", {table} | ids),
        (f"SELECT * FROM {table}", set()),
    ):
        watched = Watched(connection, Macros())
        watched.execute(statement)
        assert watched.changed == changed, statement


#: Files that change lists of rows that are there: rounded counts, topics, addresses, chains.
LISTS = (
    "account,followers,observed\n1,1.2万,2026-01-01\n2,3,2026-01-01\n",
    "account,followers,observed\n1,5,2026-01-02\n2,10万+,2026-01-02\n",
    "post,author,text,likes,observed\np,1,hi #a#,1.5万,2026-01-01\n",
    "post,author,text,likes,observed\np,1,hi #a# and #b#,7,2026-01-02\n",
    "repost,reposter,author,root,text\nr,1,2,p,x//@b:y\n",
    "repost,reposter,author,root,text\nr,1,2,p,x//@b:y//@c:z\n",
)


def test_rows_with_lists_are_replaced_and_never_updated(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine appends such a row to the table that it still reads, and now and then ends in an internal error."""
    said: list[str] = []
    execute = Watched.execute
    monkeypatch.setattr(
        Watched, "execute", lambda self, query, *values: said.append(query) or execute(self, query, *values)
    )
    for text in LISTS:
        load(ws, text)
    rows = ws.fetch("SELECT account_id, followers, rounded FROM accounts WHERE followers IS NOT NULL ORDER BY 1")
    assert rows == [("weibo:1", 5, []), ("weibo:2", 100_000, ["followers"])]
    assert ws.fetch("SELECT topics, likes, rounded FROM posts") == [(["a", "b"], 7, [])]
    assert ws.fetch("SELECT chain FROM reposts") == [(["b", "c"],)]
    ws.forget(["weibo:1"])
    updated = [re.match(r"UPDATE (\w+)(.*)", query) for query in said]
    for table, rest in (found.groups() for found in updated if found):
        lists = [c for c, kind in CANONICAL[table].columns.items() if "[]" in kind] if table in CANONICAL else []
        assert not [c for c in lists if re.search(rf"\b{c} = ", rest)], (table, rest)
    assert any(updated)


def test_an_engine_that_fails_half_way_leaves_nothing(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    load(ws, LISTS[0])
    before = content(ws)

    def fail(self: Watched, *parts: object) -> int:
        self.execute("DELETE FROM accounts").fetchall()
        raise duckdb.InternalException("INTERNAL Error: an optional pointer that is not set")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="optional pointer"):
        patch.setattr(Watched, "renew", fail)
        load(ws, LISTS[1])
    assert content(ws) == before and ws.fetch("SELECT count(*) FROM batches") == [(1,)]
    load(ws, LISTS[1])
    assert content(ws) != before


def test_reading_is_noticed_through_views_and_in_any_case() -> None:
    assert tables_in("SELECT * FROM Follows f JOIN ACCOUNT_IDS USING (x)") == {"follows", IDS}
    assert tables_in("FROM mentions") == tables_in("FROM co_mentions") == {"namings"}
    assert tables_in("FROM repost_edges") == {"reposts", "namings", "posts"}
    assert tables_in("SELECT 1 FROM scores JOIN runs USING (run_id)") == set()


def test_another_workspace_with_the_same_content_has_another_version(ws: Workspace, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "o.kol", create=True) as other:
        assert load(ws, LOADS["follow"][0]) == load(other, LOADS["follow"][0])
        assert ws.version != other.version
        assert ws.version_of(["posts"]) != ws.version_of(["follows"])
        before = ws.version_of(["posts"])
        load(ws, "follower,followed\n7,8\n")
        assert ws.version_of(["posts"]) == before
