"""A login in an address is shown nowhere: not by the line of progress, not by an error, not in a repr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kolgraph.errors import InputError, UnknownAccount, masked, shown
from kolgraph.settings import Neo4jLogin
from kolgraph.store.engines.neo4j import Neo4jStore

Invoke = Callable[..., tuple[int, str, str]]
ADDRESSES = [
    "bolt://neo4j:hunter2secret@127.0.0.1:9",
    "neo4j+s://hunter2secret@db.example.org",
    "neo4j:hunter2secret@127.0.0.1:9",
    "neo4j:hunter2secret@db",
    "bolt://neo4j:hunter2secret/x@h:1",
    "neo4j://h:1/?password=hunter2secret",
    "neo4j://h:1?user=a&Pwd=hunter2secret",
    "http://h/?api_key=hunter2secret",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "line",
    [
        ("pull", "w.kol", "{a}"),
        ("query", "w.kol", "top-accounts", "--to", "{a}"),
        ("publish", "w.kol", "--to", "{a}"),
        ("cross-check", "w.kol", "{a}"),
        ("query", "w.kol", "top-accounts", "--engine", "neo4j"),
    ],
    ids=lambda line: line[0],
)
def test_no_command_shows_it(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, line: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.csv").write_text("follower,followed\n1,2\n")
    assert invoke("load", "w.kol", "f.csv", "--platform", "weibo")[0] == 0
    monkeypatch.setenv("KOLGRAPH_NEO4J_URI", address)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)  # there the line of progress comes first
    code, out, err = invoke(*(part.replace("{a}", address) for part in line))
    assert (code, "hunter2secret" in out + err) == (2, False)
    assert "***" in err or "http://..." in err
    assert {path.name for path in tmp_path.iterdir()} == {"f.csv", "w.kol"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_that_knows_it_says_it(address: str) -> None:
    login = Neo4jLogin(address, password="hunter2secret")
    store = Neo4jStore(login, timeout_s=1, max_rows=1)
    assert "hunter2secret" not in f"{login!r} {store!r} {store.where} {shown(address)}"


def test_an_error_masks_what_is_plainly_an_address_and_leaves_ids_alone() -> None:
    assert str(InputError("bolt://u:hunter2secret@h: no")) == "bolt://***@h: no"
    assert str(InputError("bolt:/u:hunter2secret@h/x: no")) == "bolt:/***@h/x: no"
    for name in ("tiktok:@KOL_A", "local:ann@example.org", "https://www.tiktok.com/@kol", "a@b.c", "12:30 @ noon: 5"):
        assert masked(name) == name
        assert repr(name) in str(UnknownAccount.among([name], "w.kol"))
