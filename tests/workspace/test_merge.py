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
    "score": st.sampled_from(["", "4.5", "三星"]),
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


NAMED = "SELECT n.name, a.account_id FROM namings n LEFT JOIN accounts a ON account_key = dst ORDER BY ALL"


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ("by,of,p\n1,蓝鲸手机,q\n", {"record": "repost", "mapping": {"src": "by", "author_name": "of", "root": "p"}}),
        ("by,of,p\n1,蓝鲸手机,q\n", {"record": "repost", "mapping": {"src": "by", "via": "of", "root": "p"}}),
        (
            "c,by,of,p\n7,1,蓝鲸手机,q\n",
            {"record": "comment", "mapping": {"comment": "c", "src": "by", "author_name": "of", "post": "p"}},
        ),
        ("repost,reposter,root,text\nr,1,p,好//@蓝鲸手机:嗯\n", {}),
        ("repost,reposter,root,text\nr,1,p,好//@蓝鲸手机 嗯\n", {}),
    ],
)
def test_who_is_called_like_the_beginning_of_a_whole_name_is_somebody_else(
    shelf: Shelf, rows: str, options: dict[str, Any]
) -> None:
    shelf.load("account,name\n9,蓝鲸\n", platform="weibo")
    shelf.load(rows, platform="weibo", **options)
    assert [row for row in shelf.rows(NAMED) if row[0]] == [("蓝鲸手机", None)]
    # Also where a text says the same name, and the words behind it could be glued to it.
    shelf.load("post,author,text\nt,1,@蓝鲸手机\n", platform="weibo")
    assert ("蓝鲸手机", "weibo:9") in shelf.rows(NAMED)
    assert ("蓝鲸手机", None) in shelf.rows(NAMED)


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("好//@张三:嗯//@蓝鲸", ["张三", None]),
        ("好//@张三:嗯//@蓝鲸:", ["张三", "蓝鲸"]),
        ("好//@张三:嗯//@蓝鲸 ", ["张三", "蓝鲸"]),
        ("好//@张三:嗯// ＠蓝鲸", ["张三", None]),
        ("好//@张三:嗯//@", ["张三", None]),
        ("好//@张三:嗯//", ["张三", None]),
        ("好//@蓝鲸", [None]),
        ("看 http://t.cn/", None),
    ],
)
def test_a_name_that_ends_the_text_may_be_cut_off_and_names_nobody(
    shelf: Shelf, text: str, chain: list[str | None] | None
) -> None:
    shelf.load("account,name\n8,蓝鲸\n9,张三\n", platform="weibo")
    shelf.load(f'repost,reposter,root,text\nr,1,p,"{text}"\n', platform="weibo")
    assert shelf.rows("SELECT chain FROM reposts") == [(chain,)]
    said = shelf.rows("SELECT s.account_id, e.kind FROM repost_edges e LEFT JOIN accounts s ON s.account_key = e.src")
    whole = [name for name in chain or () if name]
    kinds = ["root"] + ["parent"] * bool(whole) + ["chain"] * (len(whole) - 1)
    kinds += ["chain_to_root"] * (bool(whole) and whole == chain)
    assert sorted(kind for _, kind in said) == sorted(kinds)
    # A source that kept more of the text says who it was.
    shelf.load("repost,reposter,root,text\nr,1,p,好//@张三:嗯//@蓝鲸手机:哈\n", platform="weibo")
    assert shelf.rows("SELECT chain FROM reposts") == [(["张三", "蓝鲸手机"],)]


def test_what_is_reposted_or_commented_may_be_a_repost(shelf: Shelf) -> None:
    shelf.load("repost,reposter,root\nr,1,p\nq,2,r\no,3,o\n", platform="weibo")
    shelf.load("comment,commenter,post\nc,3,q\n", platform="weibo")
    edges = "SELECT s.account_id, d.account_id AS dst FROM {0} t JOIN accounts s ON s.account_key = t.src "
    edges += "LEFT JOIN accounts d ON d.account_key = t.dst ORDER BY 1"
    assert shelf.rows(edges.format("reposts")) == [("weibo:1", None), ("weibo:2", "weibo:1"), ("weibo:3", None)]
    assert shelf.rows(edges.format("comments")) == [("weibo:3", "weibo:2")]


def test_counts_that_belong_to_a_repost_are_kept_the_latest_wins(shelf: Shelf) -> None:
    old, new = "r,1,p,5,3,2024-01-01 00:00:00\n", "r,1,p,4,3.7万,2024-01-02 00:00:00\n"
    for rows in ((old, new), (new, old)):
        shelf.empty()
        for row in rows:
            shelf.load("repost,reposter,root,likes,reposts,observed\n" + row, platform="weibo")
        assert shelf.rows("SELECT likes, reposts, rounded FROM reposts") == [(4, 37_000, ["reposts"])]


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
