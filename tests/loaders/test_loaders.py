"""Loaders: every row is accounted for, whatever happened to the file; the same content in any form changes nothing."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import igraph
import networkx as nx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders.reading.delimited import quotes
from tests.worlds.shelf import Shelf

SHARED = Path(__file__).parents[3] / "shared"
DATA, SAMPLES = SHARED / "data", SHARED / "formats" / "samples"


# ---------------------------------------------------------------------- the law of rows

word = st.text(st.sampled_from("ab字#@ ,;'\t\"\n😀"), max_size=8)
ids = st.integers(0, 9).map(lambda i: f"1900000000000000{i:03d}")
good_rows = st.tuples(ids, ids, word)
damage = st.sampled_from(
    [
        "p91,2",
        "p92,2,3,4,5,6",
        'p93,2,9,177,"open',
        'p94,"2"x,9,5,t',
        "p95,b,9,not a time,t",
        "p96,,9,1767225600,t",
        "1.9e18,5,9,1767225600,t",
        "   ",
        ",,,,",
        "\x00,,",
    ]
)


def row_text(number: int, row: tuple[str, str, str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([f"p{number}", row[0], row[1], "1767225600", row[2]])
    return out.getvalue()[:-1]


# Lines break in the last cell only, so the first line of every row shows that it is one.
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.one_of(good_rows, damage), min_size=1, max_size=25), end=st.sampled_from(["\n", "\r\n"]))
def test_damaged_csv_loses_no_good_row_and_counts_every_other(shelf: Shelf, rows: list[Any], end: str) -> None:
    shelf.empty()
    lines, good, at, places = [], {}, 2, []
    for number, row in enumerate(rows):
        text = row if isinstance(row, str) else row_text(number, row)
        if isinstance(row, str):
            places.append(at)
        else:
            good[f"local:p{number}"] = row[2]
        lines.append(text)
        at += text.count("\n") + 1
    report = shelf.load("repost,reposter,root,time,text" + end + end.join(lines) + end)
    stored = {row["post_id"]: row["text"] for row in shelf.ws.arrow("SELECT post_id, text FROM reposts").to_pylist()}
    assert set(stored) == set(good)
    assert {k: (v or "").replace("\r\n", "\n") for k, v in stored.items()} == good
    assert sorted(r.line for r in report.rejects if r.line is not None) == places
    assert report.counts.read == len(rows)


def test_a_row_that_closes_the_quote_above_it_can_be_read_in_two_ways(shelf: Shelf) -> None:
    """Either b's text is ",,\\n", or a's is a text that ends with b: both are four cells."""
    report = shelf.load('repost,text,reposter,root\na,"open,1,9\nb,",,\n",2,9\nc,t,3,9\n')
    assert shelf.rows("SELECT post_id FROM reposts") == [("local:c",)]
    assert [reject.line for reject in report.rejects] == [2, 4]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.one_of(
            good_rows, st.sampled_from(["{", "[1]", "null", '{"repost": 1}', '{"repost": "\\ud83d"}', "\x00", "7"])
        ),
        min_size=1,
        max_size=25,
    )
)
def test_damaged_json_lines_lose_no_good_row(shelf: Shelf, rows: list[Any]) -> None:
    shelf.empty()
    keys = ("reposter", "root", "text")
    lines = [
        row if isinstance(row, str) else json.dumps({"repost": f"p{n}"} | dict(zip(keys, row, strict=True)))
        for n, row in enumerate(rows)
    ]
    bad = [n + 2 for n, row in enumerate(rows) if isinstance(row, str)]
    first = json.dumps({"repost": "first", "reposter": "1", "root": "2", "text": "x", "time": None})
    report = shelf.load("\n".join([first, *lines]), "f.jsonl")
    assert report.counts.read == len(rows) + 1
    assert sorted(r.line or 0 for r in report.rejects) == bad
    assert report.counts.accepted == len(rows) + 1 - len(bad)


def test_half_an_emoji_becomes_a_replacement_character(shelf: Shelf) -> None:
    shelf.load('{"repost": "p", "reposter": "a", "root": "r", "text": "x\\ud83d"}\n', "f.jsonl")
    assert shelf.rows("SELECT text FROM reposts") == [("x\ufffd",)]


def test_keys_missing_from_the_first_line_are_not_overlooked(shelf: Shelf) -> None:
    shelf.load(
        '{"repost": "p", "reposter": "a", "root": "r"}\n{"repost": "q", "reposter": "b", "root": "r", "parent": "p"}\n',
        "f.jsonl",
    )
    assert [row[4] for row in shelf.content()["reposts"]] == [None, "local:p"]


def test_a_quote_that_never_closes_hides_no_row_of_a_long_file(shelf: Shelf) -> None:
    rows = [f"{i},{i + 1}" for i in range(200_000)]
    rows[100_000] = '100000,"open'
    report = shelf.load("follower,followed\n" + "\n".join(rows))
    assert (report.counts.accepted, report.counts.rejected) == (199_999, 1)
    assert (report.rejects[0].line, report.rejects[0].code) == (100_002, "UNBALANCED_QUOTE")


def test_two_lone_quotes_hide_no_row_between_them(shelf: Shelf) -> None:
    report = shelf.load('follower,followed\n"\n1,2\n"\n3,4\n')
    assert ([r.line for r in report.rejects], report.counts.accepted) == ([2, 4], 2)


def test_a_line_of_megabytes_is_one_reject(shelf: Shelf) -> None:
    report = shelf.load("writer,mentioned\na,b\n" + "x" * 3_000_000 + ",c\nd,e\n")
    assert [(r.line, r.code) for r in report.rejects] == [(3, "TOO_LONG")]
    assert report.counts.accepted == 2


def test_duplicates_merge(shelf: Shelf) -> None:
    text = "follower,followed\n" + "1,2\n" * 3 + "2,1\n"
    report = shelf.load(text)
    assert (report.counts.accepted, report.counts.merged) == (2, 2)


def test_events_without_an_id_are_told_apart_by_content_and_number(shelf: Shelf) -> None:
    text = "reposter,author,root,time\na,b,,1767225600\na,,b,1767225600\na,b,,1767225600\n"
    assert shelf.load(text).counts.accepted == 3
    assert shelf.load(text + "\n").counts.merged == 3


# ---------------------------------------------------------------------- the same content in other clothes

REPOSTS = (
    "repost,reposter,author,root,parent,time,text\n"
    + "".join(
        f'{100 + i},{i % 7},{i % 3 + 50},{i % 3},{99 + i if i % 2 else ""},{1767225600 + i},"转发 @甲{i}, #话题#\nok"\n'
        for i in range(60)
    )
    + "5,1,50,1,,1767225600,x\n5,1,50,1,4,1767225601,y\n,1,50,1,,1767225600,\n"
)
ACCOUNTS = "account,name,followers,niche,observed\n" + "".join(
    f"{i % 20},名{i % 5},{i}万,{'beauty' if i % 4 else ''},2026-01-{i % 9 + 1:02d}\n" for i in range(60)
)
FOLLOWS = "follower,followed,weight\n甲,乙,1\n" + "".join(f"{i % 11},{i % 13},{i % 4}\n" for i in range(200))


def shuffled(text: str, seed: int) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    body = rows[1:]
    random.Random(seed).shuffle(body)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([rows[0], *body])
    return out.getvalue()


CLOTHES: dict[str, Callable[[str], bytes]] = {
    "shuffled": lambda t: shuffled(t, 3).encode(),
    "crlf": lambda t: t.replace("\n", "\r\n").replace("#话题#\r\n", "#话题#\n").encode(),
    "bom": lambda t: b"\xef\xbb\xbf" + t.encode(),
    "gzip": lambda t: gzip.compress(t.encode()),
    "utf-16": lambda t: t.encode("utf-16"),
    "gb18030": lambda t: t.encode("gb18030"),
    "header twice": lambda t: t.encode() + b"\xef\xbb\xbf" + t.split("\n")[0].encode() + b"\n",
    "blank lines": lambda t: b"\n\n" + t.encode() + b"\n\n\n",
    "mixed line ends": lambda t: t.replace("\n", "\r\n", 5).encode(),
}


@pytest.mark.parametrize("text", [REPOSTS, ACCOUNTS, FOLLOWS], ids=["reposts", "accounts", "follows"])
@pytest.mark.parametrize("clothes", CLOTHES)
def test_the_same_content_in_other_clothes_changes_nothing(shelf: Shelf, text: str, clothes: str) -> None:
    name = "f.csv.gz" if clothes == "gzip" else "f.csv"
    first = shelf.load(text).counts
    before = shelf.content()
    assert shelf.load(text).known
    again = shelf.load(CLOTHES[clothes](text), name).counts
    assert (again.read, again.accepted, again.merged) == (first.read, 0, first.read)
    assert shelf.content() == before
    shelf.empty()
    shelf.load(CLOTHES[clothes](text), name)
    assert shelf.content() == before


@pytest.mark.parametrize("texts", [(REPOSTS, ACCOUNTS), (ACCOUNTS, FOLLOWS)])
def test_the_order_of_files_does_not_matter(shelf: Shelf, texts: tuple[str, str]) -> None:
    contents = []
    for order in (texts, texts[::-1]):
        shelf.empty()
        for text in order:
            shelf.load(text)
        contents.append({k: v for k, v in shelf.content().items() if k != "mentions"})
    assert contents[0] == contents[1]


def test_an_older_profile_fills_gaps_but_overwrites_nothing(shelf: Shelf) -> None:
    new = "account,name,followers,niche,observed\n1,New,5,,2026-02-01\n"
    old = "account,name,followers,niche,observed\n1,Old,9,beauty,2026-01-01\n"
    for order in ((new, old), (old, new)):
        shelf.empty()
        for text in order:
            shelf.load(text)
        assert shelf.rows("SELECT name, followers, niche FROM accounts") == [("New", 5, "beauty")]


def test_old_mac_line_ends(shelf: Shelf) -> None:
    assert shelf.load(b"follower,followed\r1,2\r3,4\r").counts.accepted == 2


# ---------------------------------------------------------------------- where a bad row is

LINES = (
    "# a comment\n\nrepost,reposter,root,time,text\n1,a,r,1767225600,x\n\n"
    '2,a,r,1767225600,"one\ntwo\nthree"\n3,a,r,never,x\n4,a\n'
)


@pytest.mark.parametrize(
    ("data", "name", "options"),
    [
        (LINES.encode(), "f.csv", {}),
        (gzip.compress(LINES.encode(), mtime=0), "f.csv.gz", {}),
        (b"\xef\xbb\xbf" + LINES.encode(), "f.csv", {}),
        (LINES.encode("utf-16"), "f.csv", {}),
        (LINES.encode("utf-16-le"), "f.csv", {"encoding": "utf-16-le"}),
        (LINES.replace("x\n\n2", 'x\n"broken\n2').encode(), "f.csv", {}),
    ],
    ids=["plain", "gzip", "bom", "utf-16", "utf-16 without mark", "repaired"],
)
def test_reject_lines_are_those_of_an_editor(shelf: Shelf, data: bytes, name: str, options: dict[str, str]) -> None:
    report = shelf.load(data, name, **options)
    found = [(r.line, r.code) for r in report.rejects if r.code != "UNBALANCED_QUOTE"]
    assert found == [(9, "BAD_TIME"), (10, "TOO_FEW_FIELDS")]
    assert report.rejects[-1].raw == "4,a"
    assert report.counts.accepted == 2


def test_rows_of_another_encoding_are_rejected_alone(shelf: Shelf) -> None:
    rows = b"".join(b"p%d,a,r,%s\n" % (i, "好".encode()) for i in range(50))
    report = shelf.load(b"repost,reposter,root,text\n" + rows + b"q,a,r," + "好".encode("gb18030") + b"\n")
    assert [(r.line, r.code) for r in report.rejects] == [(52, "BAD_ENCODING")]


def test_two_loads_in_one_session_do_not_mix_their_rejects(shelf: Shelf) -> None:
    assert shelf.load("follower,followed\n1\n2,3\n").counts.rejected == 1
    assert shelf.load("follower,followed\n4,5\n2,3\n").counts.rejected == 0
    assert [r.line for r in shelf.load("follower,followed\n4,5\n2,3\n6\n").rejects] == [4]


# ---------------------------------------------------------------------- columns, mapping, direction


def edges(shelf: Shelf) -> list[tuple[str, str]]:
    return [(row[0].split(":")[1], row[1].split(":")[1]) for row in shelf.content()["follows"]]


def test_a_space_separates_only_where_nothing_else_does(shelf: Shelf) -> None:
    shelf.load("Follower ID,Followed ID\n1,2\n")
    assert edges(shelf) == [("1", "2")]


def test_mapping_names_columns_that_mean_nothing_by_themselves(shelf: Shelf) -> None:
    shelf.load('x,X,,"q""u"\n1,2,3,4\n', record="follow", mapping={"src": "X", "dst": 'q"u'})
    assert edges(shelf) == [("2", "4")]
    shelf.empty()
    shelf.load('{"user": {"id": 5}, "to": "6"}\n', "f.jsonl", record="follow", mapping={"src": "user.id", "dst": "to"})
    assert edges(shelf) == [("5", "6")]


def test_direction_is_never_guessed(shelf: Shelf) -> None:
    for text, name in (("src,dst\n1,2\n", "f.csv"), ("1 2\n", "f.txt"), ("# c\n1\t2\t0.5\n", "f.txt")):
        with pytest.raises(InputError, match="what its edges are"):
            shelf.load(text, name)
        with pytest.raises(InputError, match="unknown direction"):
            shelf.load(text, name, record="follow")
        for direction, expected in (("forward", ("1", "2")), ("backward", ("2", "1"))):
            shelf.empty()
            shelf.load(text, name, record="follow", direction=direction)
            assert edges(shelf) == [expected]
    with pytest.raises(InputError, match="say already"):
        shelf.load("follower,followed\n1,2\n", direction="backward")
    with pytest.raises(UnknownName, match="sideways"):
        shelf.load("1 2\n", "f.txt", record="follow", direction="sideways")


@given(cells=st.lists(st.lists(word, min_size=2, max_size=4), min_size=1, max_size=6))
def test_quotes_are_followed_as_the_csv_module_writes_them(cells: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(cells)
    inside, separators, ends = False, 0, []
    for line in out.getvalue().encode().splitlines(keepends=True):
        inside, found, good = quotes(line, b",", inside=inside)
        separators += found
        assert good
        if not inside:
            ends.append(separators)
            separators = 0
    assert ends == [len(row) - 1 for row in cells]


# ---------------------------------------------------------------------- GraphML and the samples


def test_graphml_of_networkx_and_igraph_is_read(shelf: Shelf) -> None:
    g = nx.DiGraph()
    g.add_edge(1900000000000000001, 1900000000000000003, weight=2.5)
    g.add_node("小明", followers=12, name="Ming")
    shelf.load("\n".join(nx.generate_graphml(g)), "f.graphml", direction="forward")
    assert shelf.content()["follows"] == [("local:1900000000000000001", "local:1900000000000000003", None, None, 2.5)]
    assert ("local:小明", "Ming", 12) in shelf.rows("SELECT account_id, name, followers FROM accounts")
    shelf.empty()
    other = igraph.Graph(n=3, edges=[(0, 1), (2, 1)], directed=True)
    other.vs["name"] = ["weibo:1900000000000000001", "weibo:2", "x"]
    path = shelf.folder / "i.graphml"
    other.write_graphml(str(path))
    shelf.load(path.read_bytes(), "f.graphml", direction="backward")
    assert [row[:2] for row in shelf.content()["follows"]] == [
        ("weibo:2", "local:x"),
        ("weibo:2", "weibo:1900000000000000001"),
    ]
    shelf.empty()
    shelf.load("\n".join(nx.generate_graphml(nx.path_graph(3))), "f.graphml", direction="forward")
    assert edges(shelf) == [("0", "1"), ("1", "0"), ("1", "2"), ("2", "1")]


def test_graphml_in_another_encoding(shelf: Shelf) -> None:
    text = '<?xml version="1.0" encoding="{0}"?><graphml><graph><edge source="甲" target="乙"/></graph></graphml>'
    for encoding in ("utf-8", "utf-16", "gb18030"):
        shelf.empty()
        shelf.load(text.format(encoding).encode(encoding), "f.graphml", direction="forward")
        assert edges(shelf) == [("甲", "乙")]


@pytest.mark.realdata
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs ../shared/formats")
@pytest.mark.parametrize(
    ("file", "record", "expected"),
    [
        ("graph/edges.csv", "repost", [("1000000002", "1000000001"), ("1000000003", "1000000001")]),
        ("graph/g.graphml", "follow", None),
        ("graph/g.ncol", "follow", [("丙", "甲"), ("乙", "甲")]),
        ("snap/ego-twitter/twitter_combined.txt", "follow", [("10", "11"), ("12", "11")]),
        ("snap/pokec/soc-pokec-relationships.txt", "follow", [("1", "11"), ("1", "13")]),
        ("snap/comment_header.txt", "follow", [("0", "1"), ("2", "1")]),
        ("snap/higgs/higgs-social_network.edgelist", "follow", [("1", "2"), ("1", "3")]),
        ("snap/higgs/higgs-retweet_network.edgelist", "repost", [("3", "2")]),
    ],
)
def test_samples_give_the_expected_edges(shelf: Shelf, file: str, record: str, expected: Any) -> None:
    report = shelf.ws.load(SAMPLES / file, record=record, direction="forward")
    assert report.counts.rejected == 0
    table = "follows" if record == "follow" else "reposts"
    pairs = sorted(
        (row["s"].split(":")[1], row["d"].split(":")[1])
        for row in shelf.ws.arrow(
            f"SELECT s.account_id AS s, d.account_id AS d FROM {table} JOIN accounts s ON s.account_key = src "
            "JOIN accounts d ON d.account_key = dst"
        ).to_pylist()
    )
    assert pairs == sorted(expected) if expected is not None else len(pairs) == 1


# ---------------------------------------------------------------------- real data


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_the_xiaomi_campaign_loads_whole(shelf: Shelf) -> None:
    report = shelf.ws.load(DATA / "cascades" / "xiaomi_2012_campaign.csv.gz")
    assert (report.counts.accepted, report.counts.rejected) == (6060, 0)
    assert shelf.ws.sql("SELECT count(*) AS n FROM reposts WHERE parent_id IS NOT NULL")["n"].item() == 6059


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_every_ced_repost_keeps_its_parent(shelf: Shelf) -> None:
    report = shelf.ws.load(DATA / "cascades" / "ced_reposts_dev.csv.gz")
    assert (report.counts.accepted, report.counts.rejected) == (1_014_573, 0)
    known = pd.Series(
        shelf.ws.arrays("SELECT count(*) AS n FROM reposts WHERE parent_id IS NOT NULL AND dst IS NOT NULL")["n"]
    )
    assert known.item() == 1_014_573


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_epinions_edges_point_at_the_trusted(shelf: Shelf) -> None:
    report = shelf.ws.load(DATA / "im" / "epinions.csv.gz", record="follow", direction="backward")
    assert (report.counts.accepted, report.counts.rejected) == (508_837, 0)
