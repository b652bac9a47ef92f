"""Files for neo4j-admin: headers say what rows are, types say who acts, and relationships lead to accounts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError, UnknownFormat
from tests.worlds.samples import SAMPLES, found
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
HEADER = ":START_ID(Account),:END_ID(Account),:TYPE\n"


def put(folder: Path, **files: str) -> Path:
    """Files called by name, in which `__` stands for a dash."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / (name.replace("__", "-") + ".csv")).write_text(text, encoding="utf-8")
    return folder


def test_the_samples_lead_from_account_to_account(shelf: Shelf, tmp_path: Path) -> None:
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: samples not checked")
    folder = shutil.copytree(SAMPLES / "neo4j", tmp_path / "n")
    assert shelf.load_file(folder / "accounts.csv").rejects == []
    assert shelf.load_file(folder / "reposts.csv").rejects == []
    assert shelf.rows("SELECT account_id, name, followers FROM accounts ORDER BY 1") == [
        ("weibo:1000000001", "样例甲", 1000000),
        ("weibo:1000000002", '样例 "乙"', 12000),
    ]
    assert shelf.rows("SELECT s.account_id, weight FROM reposts JOIN accounts s ON account_key = src") == [
        ("weibo:1000000002", 3.0)
    ]


def test_types_say_what_a_relationship_is_and_unknown_ones_are_counted(shelf: Shelf) -> None:
    rows = "1,2,FOLLOWS\n1,3,retweeted\n2,3,MENTIONED\n3,1,LIKES\n3,2,\n"
    report = shelf.load(HEADER + rows, "r.csv")
    assert [(r.line, r.code) for r in report.rejects] == [(5, "NO_RECORD"), (6, "NO_RECORD")]
    edges = found(shelf)
    assert edges["follows"] == {("1", "2")}
    assert {row[:2] for row in edges["mentions"]} == {("2", "3")}
    assert shelf.rows("SELECT count(*) FROM reposts") == [(1,)]
    with pytest.raises(InputError, match="the types say already who acts"):
        shelf.load(HEADER + rows, "r.csv", direction="backward")


def test_without_types_the_user_says_what_a_relationship_is(shelf: Shelf) -> None:
    text = ":START_ID,:END_ID,weight:double\n1,2,2.5\n"
    with pytest.raises(InputError, match="which relation"):
        shelf.load(text, "r.csv")
    with pytest.raises(InputError, match="unknown direction"):
        shelf.load(text, "r.csv", record="follow")
    shelf.load(text, "r.csv", record="follow", direction="backward")
    assert found(shelf)["follows"] == {("2", "1")}
    assert shelf.rows("SELECT weight FROM follows") == [(2.5,)]


def test_nodes_that_are_no_accounts_are_left(shelf: Shelf) -> None:
    with pytest.raises(UnknownFormat, match="nodes of 'Post' are no accounts"):
        shelf.load("id:ID(Post),:LABEL\n1,Post\n", "p.csv")
    with pytest.raises(UnknownFormat, match="nodes of 'Post' are no accounts"):
        shelf.load(":START_ID(Account),:END_ID(Post),:TYPE\n1,2,POSTED\n", "r.csv")
    with pytest.raises(InputError, match="nodes without labels may be anything"):
        shelf.load("id:ID\n1\n", "n.csv")
    report = shelf.load("id:ID;name;:LABEL\n1;a;User\n2;b;Post\n", "n.csv")
    assert [(r.line, r.code) for r in report.rejects] == [(3, "NO_RECORD")]
    assert shelf.rows("SELECT account_id, name FROM accounts") == [("local:1", "a")]
    shelf.load("id:ID(Brand){label:Brand}\n7\n", "b.csv", record="account")
    assert shelf.rows("SELECT account_id FROM accounts ORDER BY 1") == [("local:1",), ("local:7",)]


def test_headers_may_lie_beside_for_several_parts(shelf: Shelf, tmp_path: Path) -> None:
    folder = put(tmp_path / "n", r__header=HEADER, r__part1="#1,2,FOLLOWS\n1,2,FOLLOWS\n", r__part2="1,3,FOLLOWS\n1\n")
    assert shelf.load_file(folder / "r-part1.csv").counts.read == 2  # what is no comment is a row
    report = shelf.load_file(folder / "r-part2.csv")
    assert [(r.line, r.code) for r in report.rejects] == [(2, "TOO_FEW_FIELDS")]
    assert {("1", "2"), ("1", "3")} <= found(shelf)["follows"]
    with pytest.raises(UnknownFormat, match="is the header of other files"):
        shelf.load_file(folder / "r-header.csv")


def test_ends_that_no_node_has_are_rejected_and_spaces_are_kept_apart(shelf: Shelf, tmp_path: Path) -> None:
    nodes = "key:ID(Account),platform,platform_uid,:LABEL\n1,weibo,77,Account\n2,x,88,Account\n"
    kols = "key:ID(KOL),uid,:LABEL\n1,99,KOL\n"
    kol = ":START_ID(Account),:END_ID(KOL),:TYPE\n1,1,FOLLOWS\n"
    folder = put(tmp_path / "n", nodes=nodes, kols=kols, r=HEADER + "1,2,FOLLOWS\n1,9,FOLLOWS\n", k=kol)
    report = shelf.load_file(folder / "r.csv")
    assert [(r.line, r.code) for r in report.rejects] == [(3, "MISSING_FIELD")]
    shelf.load_file(folder / "k.csv", platform="weibo")
    assert found(shelf)["follows"] == {("weibo:77", "x:88"), ("weibo:77", "weibo:99")}


@pytest.mark.parametrize("big", BIG)
def test_big_ids_are_exact(shelf: Shelf, tmp_path: Path, big: int) -> None:
    shelf.load(f"{HEADER}{big},{big - 1},FOLLOWS\n", "r.csv")
    assert found(shelf)["follows"] == {(str(big), str(big - 1))}
    nodes = f"key:ID(Account),uid,:LABEL\n{big - 2},{big},Account\n1,2,Account\n"
    folder = put(tmp_path / "n", nodes=nodes, r=f"{HEADER}{big - 2},1,FOLLOWS\n")
    shelf.load_file(folder / "r.csv")
    assert (str(big), "2") in found(shelf)["follows"]


def test_what_kolgraph_writes_for_neo4j_admin_is_read_back(shelf: Shelf, tmp_path: Path) -> None:
    from kolgraph.verbs.export import export_tables

    shelf.load("follower,followed\n1,2\n3,2\n", platform="weibo")
    shelf.load("reposter,root,author\n1,9,2\n", platform="weibo")
    edges = found(shelf)["follows"]
    files = {path.name: path for path in export_tables(shelf.ws, tmp_path / "out", "neo4j-admin")}
    shelf.empty()
    for name in ("Account.csv", "Account-FOLLOWS-Account.csv", "Account-REPOSTED-Account.csv"):
        assert shelf.load_file(files[name]).rejects == []
    assert found(shelf)["follows"] == edges
    assert shelf.rows("SELECT count(*) FROM reposts") == [(1,)]


@pytest.mark.parametrize("text", ["id:ID(Account),x\n", '"id:ID(Account)","\n1,2\n', "a b:ID\n1\n", ":ID,:ID\n1,2\n"])
def test_odd_headers_are_one_line_or_an_account(shelf: Shelf, text: str) -> None:
    options: dict[str, Any] = {"record": "account"}
    try:
        shelf.load(text, "n.csv", **options)  # the shelf counts
    except InputError as error:
        assert "\n" not in str(error)
