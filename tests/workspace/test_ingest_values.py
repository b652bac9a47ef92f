"""Values: what text becomes, what is refused and why; ids stay exact on every way in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.results.files import write_table
from kolgraph.workspace.ids import identity_macros
from kolgraph.workspace.values import MACROS
from tests.worlds.shelf import Shelf

DAY = 86_400_000
BEIJING_2026 = 1_767_196_800_000  # 2026-01-01 00:00 +08:00
BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 1_900_000_000_000_000_001, 9_999_999_999_999_999_999]


@pytest.fixture
def bench(shelf: Shelf) -> Shelf:
    return shelf


def computed(bench: Shelf, sql: str, *values: str | None) -> Any:
    """What an expression of the macros makes of some texts."""
    with bench.ws.transaction() as connection:
        for macro in (*identity_macros("local", None), *MACROS):
            connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
        return connection.execute(f"SELECT {sql}", list(values)).fetchall()[0][0]


def column(bench: Shelf, header: str, values: list[str], what: str) -> tuple[list[Any], list[str]]:
    """Load one row per value; returns what the good ones became, and the codes of the others."""
    table = pd.DataFrame({"account": [f"a{i:03d}" for i in range(len(values))], header: values})
    report = bench.load(table.to_csv(index=False))
    good = bench.rows(f"SELECT {what} FROM accounts WHERE {what} IS NOT NULL ORDER BY account_id")
    return [row[0] for row in good], [reject.code for reject in report.rejects]


# ---------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1767196800", BEIJING_2026),  # seconds
        ("1767196800000", BEIJING_2026),  # milliseconds
        ("1767196800000000", BEIJING_2026),  # microseconds
        ("1767196800000000000", BEIJING_2026),  # nanoseconds
        ("2026-01-01", BEIJING_2026),  # naive: Beijing
        ("2026/1/1 08:00", BEIJING_2026 + DAY // 3),
        ("2026-01-01 08:00:00", BEIJING_2026 + DAY // 3),
        ("2026-01-01T08:00:00", BEIJING_2026 + DAY // 3),
        ("2026-01-01 08:00:00.123", BEIJING_2026 + DAY // 3),
        ("2026-01-01 08-00-00", BEIJING_2026 + DAY // 3),  # f2
        ("2026-01-01-08:00:00", BEIJING_2026 + DAY // 3),  # AMiner
        ("2026-01-01-08:00", BEIJING_2026 + DAY // 3),
        ("2026年01月01日 08:00", BEIJING_2026 + DAY // 3),
        ("2026年1月1日", BEIJING_2026),
        ("2026-01-01 08:00 来自 iPhone", BEIJING_2026 + DAY // 3),
        ("Thu Jan 01 08:00:00 +0800 2026", BEIJING_2026 + DAY // 3),
        ("Thu Jan 01 00:00:00 +0000 2026", BEIJING_2026 + DAY // 3),
        ("2026-01-01T00:00:00Z", BEIJING_2026 + DAY // 3),
        ("2026-01-01 00:00:00.5 UTC", BEIJING_2026 + DAY // 3),
        ("2026-01-01 00:00:00+00", BEIJING_2026 + DAY // 3),
        ("2026-01-01T02:30:00+02:30", BEIJING_2026 + DAY // 3),
        ("2025-12-31T19:00:00-0500", BEIJING_2026 + DAY // 3),
    ],
)
def test_every_form_of_time_is_the_right_moment(bench: Shelf, text: str, expected: int) -> None:
    values, codes = column(bench, "created", [text], "created_ts")
    assert (values, codes) == ([expected], [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("刚刚", "TIME_RELATIVE_NO_REF"),
        ("3分钟前", "TIME_RELATIVE_NO_REF"),
        ("今天 12:26", "TIME_RELATIVE_NO_REF"),
        ("06-27", "BAD_TIME"),  # the year would have to come from the wall clock
        ("yesterday", "BAD_TIME"),
        ("20260101", "BAD_TIME"),
        ("2026-13-01", "BAD_TIME"),
        ("2026-02-30 10:00", "BAD_TIME"),
        ("1999-12-31", "TIME_OUT_OF_RANGE"),
        ("0000000001", "TIME_OUT_OF_RANGE"),
    ],
)
def test_no_time_is_guessed(bench: Shelf, text: str, code: str) -> None:
    assert column(bench, "created", [text], "created_ts") == ([], [code])


@pytest.mark.parametrize(
    "platform", ["x", "tiktok", "instagram", "youtube", "weibo", "douyin", "xhs", "local", "forum"]
)
def test_a_time_without_a_zone_is_that_of_the_platform(bench: Shelf, platform: str) -> None:
    times = ["2026-01-01 00:00:00", "2026-01-01", "2026/1/1 00:00", "2026-01-01T00:00:00.5", "2026-01-01 08:00:00+08"]
    table = pd.DataFrame({"account": [f"a{k}" for k in range(5)], "created": times})
    bench.load(table.to_csv(index=False), platform=platform)
    moments = [row[0] for row in bench.rows("SELECT created_ts FROM accounts ORDER BY account_id")]
    in_utc = platform in {"x", "tiktok", "instagram", "youtube"}
    assert moments == [BEIJING_2026 + (DAY // 3 if in_utc else 0)] * 4 + [BEIJING_2026 + DAY // 3]


# ---------------------------------------------------------------------- counts, money, weights


def test_counts_as_platforms_write_them(bench: Shelf) -> None:
    forms = {
        "0": 0,
        "3456": 3456,
        "3,456": 3456,
        "1.2万": 12_000,
        "10万+": 100_000,
        "1.5w": 15_000,
        "100万+": 1_000_000,
        "2千": 2000,
        "3.4亿": 340_000_000,
        "12.3K": 12_300,
        "1.1M": 1_100_000,
        "２３": 23,
        "66.4万粉丝": 664_000,
        "5.0": 5,
        "1,2万": 12_000,  # a comma is a decimal sign, but before exactly three digits
        "1,5k": 1500,
        "12,5K": 12_500,
        "1,2M": 1_200_000,
        "1,234万": 12_340_000,
        "1.2 万": 12_000,
        "1.234.567": 1_234_567,
        "1 234 567": 1_234_567,
        "1\u00a0234": 1234,
        "1\u202f234": 1234,
        "1'234": 1234,
        "12.000,00": 12_000,
        "1234.000": 1234,
        "7,0": 7,
        str(2**53 + 1): 2**53 + 1,
    }
    assert column(bench, "followers", list(forms), "followers") == (list(forms.values()), [])


NO_COUNTS = ["-3", "1.5", "1e3", "0x1F", "1_000", "n/a", "12 34", "∞", "9" * 19, "9" * 16 + "亿", "1.2.3", "1,5"]
#: A dot before three digits sets thousands apart in half of Europe: nobody can tell.
NO_COUNTS += ["38.000", "1.000", "6.967", "12,34,567", "1.234.56", "1 23", "1,2.3"]


@pytest.mark.parametrize("text", NO_COUNTS)
def test_what_is_no_count_is_refused(bench: Shelf, text: str) -> None:
    assert column(bench, "followers", [text], "followers") == ([], ["BAD_COUNT"])


def test_money(bench: Shelf) -> None:
    good = {"¥1,200.50": "1200.50", "3万": "30000.00", "800元": "800.00", "8,5": "8.50", "1,5万": "15000.00"}
    good |= {"12.000,00": "12000.00", "1.234.567": "1234567.00", "1 200,5": "1200.50", "￥ 12 000 元": "12000.00"}
    bad = ["-1", "cheap", "9" * 14, "12.000", "0.125", "1,2,3"]
    values, codes = column(bench, "price", [*good, *bad], "price_cny")
    assert [str(value) for value in values] == list(good.values())
    assert codes == ["BAD_MONEY"] * len(bad)


def test_scores(bench: Shelf) -> None:
    good = {"4.5": 4.5, "4星": 4, "五星": 5, "五星级": 5, "3 星": 3, "88": 88, "４.5分": 4.5, "0": 0}
    bad = ["-1", "四星半", "十星", "四五星", "4/5", "good", "1e3", "4.5.1"]
    assert column(bench, "星级", [*good, *bad], "score") == (list(good.values()), ["BAD_SCORE"] * len(bad))


def test_counts_that_were_shown_in_full_are_not_rounded(bench: Shelf) -> None:
    shown = ["1,234", "1 234", "1.234.567", "12.000,00", "1,2万", "10万+"]
    bench.load("account,followers\n" + "".join(f'a{k},"{n}"\n' for k, n in enumerate(shown)))
    rounded = bench.rows("SELECT rounded FROM accounts ORDER BY account_id")
    assert [row[0] for row in rounded] == [[], [], [], [], ["followers"], ["followers"]]


def test_weights(bench: Shelf) -> None:
    good, bad = ["0", "1", "0.5", "1e-3", "1.5E+2"], ["nan", "inf", "-1", "1e400", "0x10", "1_0", "1,5", "１", "x"]
    table = pd.DataFrame({"follower": [f"f{i}" for i in range(14)], "followed": "k", "weight": good + bad})
    report = bench.load(table.to_csv(index=False))
    assert [r.code for r in report.rejects] == ["BAD_WEIGHT"] * len(bad)
    assert [r.value for r in report.rejects] == bad
    weights = bench.rows("SELECT weight FROM follows JOIN accounts ON account_key = src ORDER BY account_id")
    assert [row[0] for row in weights] == pytest.approx([0, 1, 0.5, 1e-3, 150])


# ---------------------------------------------------------------------- ids


def test_big_ids_are_exact_on_every_way_in(bench: Shelf) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = [str(i) for i in BIG]
    pairs = [(i, "1") for i in ids]
    csv = "follower,followed\n" + "".join(f"{a},{b}\n" for a, b in pairs)
    lines = "".join(f'{{"follower": {a}, "followed": {b}}}\n' for a, b in pairs)  # bare numbers in JSON
    nodes = "".join(f'<node id="{i}"/>' for i in ["1", *ids])
    edges = "".join(f'<edge source="{a}" target="{b}"/>' for a, b in pairs)
    graphml = f'<graphml><graph edgedefault="directed">{nodes}{edges}</graph></graphml>'
    pq.write_table(
        pa.table({"follower": pa.array(BIG, pa.uint64()), "followed": pa.array([1] * len(BIG))}),
        bench.folder / "f.parquet",
    )
    for platform, name, text in (
        ("a", "f.csv", csv.encode()),
        ("b", "f.jsonl", lines.encode()),
        ("c", "f.graphml", graphml.encode()),
        ("d", "f.parquet", (bench.folder / "f.parquet").read_bytes()),
    ):
        direction = "forward" if name == "f.graphml" else None
        assert bench.load(text, name, platform=platform, direction=direction).counts.rejected == 0
        found = bench.rows(f"SELECT account_id FROM accounts WHERE platform = '{platform}'")
        assert {row[0] for row in found} == {f"{platform}:{i}" for i in ["1", *ids]}
    graph = Graph.from_workspace(bench.ws)
    assert {f"c:{i}" for i in ids} <= set(graph.ids)
    assert {f"c:{i}" for i in ids} <= set(Graph.from_igraph(graph.to_igraph()).ids)


def test_numbers_that_went_through_a_float_are_refused(bench: Shelf) -> None:
    report = bench.load(
        '{"follower": 1900000000000000001.0, "followed": 2}\n{"follower": 1e18, "followed": 2}\n', "f.jsonl"
    )
    assert [r.code for r in report.rejects] == ["ID_FLOAT", "ID_FLOAT"]
    frame = pd.DataFrame({"follower": [1.0, 2.0], "followed": [3, 4]})
    frame.to_parquet(bench.folder / "x.parquet")
    with pytest.raises(InputError, match="floats"):
        bench.load((bench.folder / "x.parquet").read_bytes(), "x.parquet")


def test_big_ids_are_exact_on_every_way_out(tmp_path: Path) -> None:
    import openpyxl

    frame = pd.DataFrame({"id": np.array([2**53 + 1, 2**63 - 1, 1_900_000_000_000_000_001]), "n": [1, 2, 3]})
    write_table(frame, tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["id"].tolist() == frame["id"].tolist()
    write_table(frame, tmp_path / "a.json")
    assert [row["id"] for row in json.loads((tmp_path / "a.json").read_text())] == [str(i) for i in frame["id"]]
    write_table(frame, tmp_path / "a.xlsx")
    cells = [
        row[0] for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(min_row=2, values_only=True)
    ]
    assert cells == [str(i) for i in frame["id"]]
    write_table(frame, tmp_path / "a.parquet")
    assert pd.read_parquet(tmp_path / "a.parquet")["id"].tolist() == frame["id"].tolist()


# ---------------------------------------------------------------------- what texts say


def mentions(bench: Shelf, texts: list[str]) -> list[list[str]]:
    table = pd.DataFrame({"post": [f"p{i:03d}" for i in range(len(texts))], "author": "w", "text": texts})
    bench.load(table.to_csv(index=False))
    found = bench.rows("SELECT post_id, dst_name FROM mentions ORDER BY post_id, pos")
    return [[name for post, name in found if post == f"local:p{i:03d}"] for i in range(len(texts))]


def test_mentions_are_the_writers_own_words_only(bench: Shelf) -> None:
    texts = {
        "看看 @小明 和＠Anna_B": ["小明", "anna_b"],
        "好 @甲 //@乙:转 @丙 //@丁：@戊": ["甲"],
        "好 // @乙： x @丙": [],
        "写信 a.b@mail.example.com 或 @c": ["c"],
        "glued@name": ["name"],  # real posts glue names; only e-mail addresses are taken out
        "回复 @甲: 同意 @乙": ["乙"],
        "回覆@甲：好": [],
        "Reply to @a: yes @b @b @a": ["b", "a"],
        "http://t.cn/x @甲": ["甲"],
        "@弗·兰克・x。你好": ["弗·兰克・x"],
        "nobody here @ all": [],
    }
    assert mentions(bench, list(texts)) == list(texts.values())


def test_topics_are_consumed_from_left_to_right(bench: Shelf) -> None:
    texts = ["#A#x#B#", "#种草[超话]# #A# #A#", "no # topic", "##", "#a#b", "#z##y##z#"]
    bench.load(pd.DataFrame({"post": range(6), "author": "w", "text": texts}).to_csv(index=False))
    topics = [row[0] for row in bench.rows("SELECT topics FROM posts ORDER BY post_id")]
    assert topics == [["A", "B"], ["种草", "A"], [], [], ["a"], ["z", "y"]]


def test_unquoted_text_is_not_cut_at_a_topic(bench: Shelf) -> None:
    bench.load("post,author,text\n1,w,hello #topic# @bob\n")
    assert bench.rows("SELECT text, topics FROM posts") == [("hello #topic# @bob", ["topic"])]


def test_names_go_to_the_account_seen_with_them_nearest_in_time(bench: Shelf) -> None:
    bench.load(
        "account,name,observed\n1,小明,2024-01-01\n2,小明,2026-01-01\n3,Other,2026-01-01\n4,小明,2025-01-01\n",
        platform="weibo",
    )
    bench.load("account,name,observed\n9,小明,2024-02-01\n", platform="douyin")
    bench.load(
        "post,author,time,text\na,3,2024-02-01,@小明\nb,3,2026-03-01,@小明\nc,3,2025-01-20,@小明\nd,3,2025-01-20,@nobody\n",
        platform="weibo",
    )
    named = bench.rows("SELECT post_id, account_id FROM mentions LEFT JOIN accounts ON dst = account_key ORDER BY 1")
    assert named == [("weibo:a", "weibo:1"), ("weibo:b", "weibo:2"), ("weibo:c", "weibo:4"), ("weibo:d", None)]


def test_names_known_later_are_resolved_then_and_handles_are_ids(bench: Shelf) -> None:
    bench.load("post,author,text\n1,w,@小红 @Carl\n")
    assert bench.rows("SELECT count(*) FROM mentions WHERE dst IS NULL") == [(2,)]
    bench.load("account,name\n77,小红\nCarl,x\n")
    named = bench.rows("SELECT account_id FROM mentions JOIN accounts ON dst = account_key ORDER BY pos")
    assert named == [("local:77",), ("local:Carl",)]


@pytest.mark.parametrize("text_first", [True, False])
def test_a_mention_in_text_and_in_a_table_counts_once(bench: Shelf, text_first: bool) -> None:
    files = ["post,author,text\np,w,hi @bob\n", "writer,mentioned,post\nw,bob,p\n", "account,name\nbob,Bob\n"]
    for text in files if text_first else [files[1], files[0], files[2]]:
        bench.load(text)
    assert bench.rows("SELECT count(*), count(DISTINCT pos) FROM mentions") == [(1, 1)]


def test_co_mentions_by_hand(bench: Shelf) -> None:
    # p1 names a, b, c: each of the 3 pairs gets 1/(3-1); p2 names a, b: 1/(2-1); p3 names a twice: k = 1, no pair.
    bench.load(
        "writer,mentioned,post,time\nw,a,p1,1767225600\nw,b,p1,1767225600\nw,c,p1,1767225600\n"
        "v,a,p2,1767225700\nv,b,p2,1767225700\nv,a,p3,1767225800\nv,a,p3,1767225800\n"
    )
    found = bench.rows(
        "SELECT x.account_id AS x, y.account_id AS y, n_posts, n_authors, weight, first_ts, last_ts FROM co_mentions "
        "JOIN accounts x ON x.account_key = a JOIN accounts y ON y.account_key = b ORDER BY 1, 2"
    )
    assert found == [
        ("local:a", "local:b", 2, 2, 1.5, 1767225600000, 1767225700000),
        ("local:a", "local:c", 1, 1, 0.5, 1767225600000, 1767225600000),
        ("local:b", "local:c", 1, 1, 0.5, 1767225600000, 1767225600000),
    ]


def test_a_post_of_several_writers_counts_once_and_without_a_post_nothing_is_named_together(bench: Shelf) -> None:
    rows = ["w,b,p", "v,b,p", "w,a,p", "x,c,", "y,d,"]
    for order in (rows, rows[::-1]):
        bench.empty()
        bench.load("writer,mentioned,post\n" + "\n".join(order) + "\n")
        assert bench.rows("SELECT n_posts, n_authors, weight FROM co_mentions") == [(1, 2, 1.0)]


def test_a_post_that_names_everybody_is_capped(bench: Shelf) -> None:
    rows = "".join(f"w,a{i},p\n" for i in range(40_000))
    assert bench.load("writer,mentioned,post\n" + rows).counts.accepted == 40_000
    assert bench.rows("SELECT count(*) FROM co_mentions") == [(0,)]


# ---------------------------------------------------------------------- relative times


def moment(bench: Shelf, text: str, crawled: str | None, mid: str | None = None) -> int | None:
    """The time of a post that a page showed as `text`."""
    value = computed(bench, "any_ms(moment(?, ?, ?))", text, crawled, mid)
    return int(value) if value is not None else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("刚刚", "2026-01-02 10:30:00"),
        ("45秒前", "2026-01-02 10:29:15"),
        ("3分钟前", "2026-01-02 10:27:00"),
        ("11小时前 来自 iPhone", "2026-01-01 23:30:00"),
        ("2天前", "2025-12-31 10:30:00"),
        ("今天 12:26", "2026-01-02 12:26:00"),
        ("昨天 08:05", "2026-01-01 08:05:00"),
        ("前天", "2025-12-31 00:00:00"),
        ("01-01", "2026-01-01 00:00:00"),
        ("1月3日 09:00", "2026-01-03 09:00:00"),  # within a day of the crawl: clocks differ
        ("12-31 23:59", "2025-12-31 23:59:00"),  # not in the future: last year's
        ("6月27日 10:00", "2025-06-27 10:00:00"),
        ("2024-05-01 10:00", "2024-05-01 10:00:00"),
    ],
)
def test_relative_times_count_from_the_crawl(bench: Shelf, text: str, expected: str) -> None:
    then = int(pd.Timestamp(expected, tz="Asia/Shanghai").timestamp() * 1000)
    assert moment(bench, text, "2026-01-02 10:30:00") == then
    assert moment(bench, text, "1767321000") == then


def test_a_relative_time_without_a_crawl_is_that_of_the_post_id_or_none(bench: Shelf) -> None:
    mid = str((1767321000 - 515483463) << 22)
    assert moment(bench, "3分钟前", None, mid) == 1767321000_000
    assert moment(bench, "", None, mid) == 1767321000_000
    assert moment(bench, "3分钟前", None, "abc") is None
