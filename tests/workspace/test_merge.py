"""Merging is a join in a lattice: the order of files and rows, and how often they come, changes nothing."""

from __future__ import annotations

import csv
import io
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph.records import RECORDS
from tests.worlds.shelf import Shelf

account = st.sampled_from(["1", "2", "3", "小红", "1b"])
post = st.sampled_from(["p1", "p2", "p3"])
time = st.sampled_from(["", "2024-01-01", "2025-01-01", "2026-01-01"])
name = st.sampled_from(["", "小明", "小红", "Ann", "小明的"])
count = st.sampled_from(["", "5", "7", "1.2万"])
text = st.sampled_from(
    ["", "hi @小明", "@小红 #A#", "#A##B# @Ann", "好//@小明:a//@小红:b", "转发微博", "//@Ann:x", "@小明的店 hello"]
)
VALUES = {
    "id": account,
    "alias": st.sampled_from(["", "b"]),  # behind the id: sources agree whose it is
    "post": post,
    "time": time,
    "count": count,
    "weight": st.sampled_from(["", "1", "2.5"]),
    "share": st.sampled_from(["", "0.5", "1"]),
    "money": st.sampled_from(["", "100", "3万"]),
    "label": name,
    "text": text,
    "names": st.sampled_from(["", "A", "A,C"]),
    "words": st.sampled_from(["", "http://a/1", "http://a/1 http://b/2"]),
}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str]:
    """A record and a CSV of it, with values that contradict each other."""
    record = draw(st.sampled_from(sorted(RECORDS)))
    fields = RECORDS[record]
    rows = draw(st.lists(st.tuples(*(VALUES[f.kind] for f in fields.values())), min_size=1, max_size=4))
    if record == "account":
        at = list(fields).index("other_id")
        rows = [(*row[:at], row[0] + row[at] if row[at] and row[0] != "1b" else "", *row[at + 1 :]) for row in rows]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([list(fields), *rows])
    return record, out.getvalue()


def load(shelf: Shelf, file: tuple[str, str]) -> Any:
    record, data = file
    return shelf.load(data, record=record, mapping={field: field for field in RECORDS[record]}, platform="weibo")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(files(), min_size=2, max_size=4), seed=st.integers(0, 99))
def test_any_order_of_files_and_rows_gives_the_same_content(
    shelf: Shelf, parts: list[tuple[str, str]], seed: int
) -> None:
    shelf.empty()
    for part in parts:
        load(shelf, part)
    once = shelf.content()
    again = [load(shelf, (record, data + "\n")) for record, data in parts]  # other bytes, the same content
    assert shelf.content() == once
    assert all(report.counts.accepted == 0 for report in again)
    shelf.empty()
    rng = random.Random(seed)
    for record, data in rng.sample(parts, len(parts)):
        header, *rows = data.splitlines(keepends=True)
        load(shelf, (record, header + "".join(rng.sample(rows, len(rows)))))
    assert shelf.content() == once


def test_the_latest_observation_of_every_field_wins(shelf: Shelf) -> None:
    shelf.load("account,name,followers,observed\n1,Old,9,2024-01-01\n1,,5,2025-06-01\n")
    shelf.load("account,name,followers,observed\n1,New,,2025-01-01\n")
    assert shelf.rows("SELECT name, followers FROM accounts") == [("New", 5)]


def test_counts_of_a_post_stay_together(shelf: Shelf) -> None:
    fields = {f: f for f in ("post", "author", "likes", "reposts", "observed")}
    for row in ("p,a,9,9,2024-01-01", "p,a,5,,2025-01-01", "p,a,,7,2024-06-01"):
        shelf.load(f"post,author,likes,reposts,observed\n{row}\n", record="post", mapping=fields)
    assert shelf.rows("SELECT likes, reposts FROM posts") == [(5, None)]


@pytest.mark.parametrize("given_first", [True, False])
def test_an_author_that_is_given_beats_one_found_by_name(shelf: Shelf, given_first: bool) -> None:
    shelf.load("account,name\n7,小明\n8,小红\n", platform="weibo")
    fields = {f: f for f in ("src", "post", "dst", "author_name")}
    parts = ["src,post,dst,author_name\n1,p,8,\n", "src,post,dst,author_name\n1,p,,小明\n"]
    for part in parts if given_first else parts[::-1]:
        shelf.load(part, record="repost", mapping=fields, platform="weibo")
    assert shelf.rows("SELECT account_id FROM reposts JOIN accounts ON account_key = dst") == [("weibo:8",)]


def test_a_name_means_somebody_else_when_a_nearer_observation_comes(shelf: Shelf) -> None:
    shelf.load("account,name,observed\n7,小明,2020-01-01\n", platform="weibo")
    shelf.load("post,author,time,text\np,1,2024-01-01,hi @小明\n", platform="weibo")
    named = "SELECT account_id FROM mentions JOIN accounts ON account_key = dst"
    assert shelf.rows(named) == [("weibo:7",)]
    shelf.load("account,name,observed\n8,小明,2024-01-02\n", platform="weibo")
    assert shelf.rows(named) == [("weibo:8",)]


def test_a_name_of_two_accounts_equally_near_means_nobody(shelf: Shelf) -> None:
    shelf.load("account,name\n7,小明\n8,小明\n", platform="weibo")
    shelf.load("post,author,text\np,1,hi @小明\n", platform="weibo")
    assert shelf.rows("SELECT dst, dst_name FROM mentions") == [(None, "小明")]


def test_a_name_glued_to_the_text_is_its_longest_known_beginning(shelf: Shelf) -> None:
    shelf.load("account,name\n7,小明\n8,小明家\n", platform="weibo")
    shelf.load("post,author,text\np,1,@小明家的店真好\n", platform="weibo")
    assert shelf.rows("SELECT account_id FROM mentions JOIN accounts ON account_key = dst") == [("weibo:8",)]


def test_the_chain_of_a_repost_by_hand(shelf: Shelf) -> None:
    # ann reposts from cai, who had it from bo, who had it from the root's author.
    shelf.load("account,name\n2,bo\n3,cai\n", platform="weibo")
    shelf.load("repost,reposter,author,root,text\nr,1,4,p,好//@cai:嗯//@bo:啊\n", platform="weibo")
    edges = shelf.rows(
        "SELECT kind, s.account_id AS src, d.account_id AS dst FROM repost_edges e "
        "JOIN accounts s ON s.account_key = e.src JOIN accounts d ON d.account_key = e.dst ORDER BY ALL"
    )
    assert edges == [
        ("chain", "weibo:3", "weibo:2"),
        ("chain_to_root", "weibo:2", "weibo:4"),
        ("parent", "weibo:1", "weibo:3"),
        ("root", "weibo:1", "weibo:4"),
    ]
    assert shelf.rows("SELECT evidence FROM reposts") == [("chain",)]


def test_comments_answer_the_parent_comment_else_the_post(shelf: Shelf) -> None:
    fields = {f: f for f in ("src", "comment", "post", "parent")}
    shelf.load("src,comment,post,parent\n1,c1,p,\n2,c2,p,c1\n3,c3,p,c9\n", record="comment", mapping=fields)
    shelf.load("post,author\np,9\n")
    answered = "SELECT comment_id, account_id FROM comments LEFT JOIN accounts ON account_key = dst ORDER BY 1"
    assert shelf.rows(answered) == [("local:c1", "local:9"), ("local:c2", "local:1"), ("local:c3", None)]
