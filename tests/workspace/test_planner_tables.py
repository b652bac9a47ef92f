"""Price lists and lists of people as agencies write them: which column is what, whose row it is, what is refused."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.loaders.known.homepages import homepage, platform_named
from kolgraph.loaders.known.planner import price
from kolgraph.verbs.plan import candidates
from kolgraph.workspace.identities import unmatched
from tests.worlds.shelf import Shelf

RED = "xhs:" + "5f" * 12
KNOWN = (
    f"account,name\nweibo:1000000001,甲甲\nweibo:1000000002,乙乙\n{RED},甲甲\nweibo:1000000003,双双\n"
    "weibo:1000000004,双双\ndouyin:sec_uid:MS4wLjABxyz,丁丁\n"
)


@pytest.fixture
def known(shelf: Shelf) -> Shelf:
    """A workspace in which some accounts are known: two of one name on two platforms, two of one name on one."""
    shelf.load(KNOWN)
    return shelf


def priced(shelf: Shelf) -> dict[str, float]:
    return {
        account: float(cny)
        for account, cny in shelf.rows("SELECT account_id, price_cny FROM accounts WHERE price_cny IS NOT NULL")
    }


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


# ---------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("昵称,平台,报价", "甲甲,微博,1.2万"),
        ("博主,平台,价格（元）", "甲甲,新浪微博,12000"),
        ("达人昵称,所属平台,转发价", '甲甲,微博,"12,000"'),
        ("账号,平台,转发报价(元/条)", "@甲甲,微博,￥12000"),
        ("账号,平台,含税价/万", "1000000001,微博,1.2"),
        ("KOL 名称,媒体,刊例价", "甲甲,weibo,12000元"),
        ("账号名称,渠道,报价（万元）", "甲甲,WEIBO,1.2"),
        ("name,platform,price_cny", "甲甲,Weibo,12000.00"),
        ("Nickname,Platform,Forward Price (CNY)", "甲甲,weibo,12000"),
        ("序号,主页链接,报价", "1,https://weibo.com/u/1000000001?x=1,12000"),
        ("昵称,链接,报价", "改名了,https://m.weibo.cn/u/1000000001,12000"),
        ("昵称,平台,UID,报价", "改名了,微博,1000000001,12000"),
        ("博主,报价", "https://weibo.com/1000000001,12000"),
    ],
)
def test_an_account_and_its_price_are_found_whatever_the_columns_are_called(
    known: Shelf, header: str, row: str
) -> None:
    report = known.load(f"{header}\n{row}\n")
    assert report.loader == "planner"
    assert report.rejects == []
    assert priced(known) == {"weibo:1000000001": 12000}


def test_all_that_a_planner_writes_down_is_taken(known: Shelf) -> None:
    known.load(
        "博主,平台,粉丝数（万）,报价,垂类,地区,所在城市,档期,所属机构,备注,更新时间,星级\n"
        "甲甲,微博,52.3,9000,美妆,浙江,杭州,8月可接,某某传媒,好配合,2026-07-01,4.5星\n"
    )
    columns = "followers, price_cny::INT, niche, region, city, available, agency, score"
    [row] = known.rows(f"SELECT {columns} FROM accounts WHERE account_id = 'weibo:1000000001'")
    assert row == (523_000, 9000, "美妆", "浙江", "杭州", "8月可接", "某某传媒", 4.5)


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ("直发价,转发价,图文报价", 2),
        ("报价,转发价", 2),
        ("图文报价,视频报价,直发报价", 3),
        ("视频报价,图文报价,报价", 3),
        ("视频报价,图文报价", 2),
        ("转发价(不含税),转发价(含税)", 2),
        ("转发刊例价,转发执行价", 2),
        ("未税报价,含税价", 2),
        ("粉丝单价CPM,价格更新日期,20s视频价", 3),
        ("direct price,repost price", 2),
    ],
)
def test_of_several_prices_the_forwarding_price_counts_and_the_decision_says_so(
    known: Shelf, headers: str, counts: int
) -> None:
    names = headers.split(",")
    report = known.load(f"昵称,平台,{headers}\n甲甲,微博,{','.join(str(k + 1) for k in range(len(names)))}\n")
    assert priced(known) == {"weibo:1000000001": counts}
    assert f"price_cny = {names[counts - 1]}" in report.decisions[0]


def test_a_generic_table_with_ids_stays_a_generic_table(shelf: Shelf) -> None:
    assert shelf.load("account,name,price\nweibo:1,甲,5\n").loader == "table"
    assert shelf.load("person,account\np,weibo:1\n").loader == "table"
    assert shelf.load("follower,followed\nname,platform\n").loader == "table"
    assert shelf.load("用户,价\nweibo:7,5\n", record="account", mapping={"account": "用户"}).loader == "table"


@pytest.mark.parametrize(
    "header", ["用户ID,链接,正文", "昵称,平台,正文", "平台,昵称,粉丝数,标题", "name,platform", "昵称,机构,发布时间"]
)
def test_a_table_of_posts_is_no_price_list(shelf: Shelf, header: str) -> None:
    width = header.count(",")
    try:
        report = shelf.load(f"{header}\n1{',x' * width}\n")
    except InputError:
        return
    assert report.loader != "planner"


# ---------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("¥12,000", "12000"),
        ("１２０００元", "12000"),
        ("1.2万", "1.2万"),
        ("1.2w/条", "1.2w"),
        ("12000 RMB", "12000"),
        ("约8000元起", "8000"),
        ("8000-10000", "10000"),  # the upper end
        ("0.8-1万", "1万"),
        ("8000（含税）", "8000"),
        ("面议", None),
        ("价格面议", None),
        ("暂不接单,详询", None),
        ("/", None),
        ("", None),
    ],
)
def test_prices_as_agencies_write_them(text: str, value: str | None) -> None:
    assert price(text) == value


@pytest.mark.parametrize("text", ["面议", "—", "暂无", "不接单"])
def test_no_price_is_no_mistake_and_no_free_booking(known: Shelf, text: str) -> None:
    report = known.load(f"昵称,平台,报价\n甲甲,微博,{text}\n乙乙,微博,500\n")
    assert report.counts.rejected == 0
    assert candidates(known.ws) == {"weibo:1000000002": 500.0}


@pytest.mark.parametrize(
    ("header", "text"), [("报价", "$200"), ("报价（美元）", "200"), ("报价", "便宜"), ("报价", "1万2"), ("报价", "-5")]
)
def test_what_is_no_amount_of_yuan_is_refused(known: Shelf, header: str, text: str) -> None:
    report = known.load(f"昵称,平台,{header}\n甲甲,微博,{text}\n")
    assert [(r.code, r.line) for r in report.rejects] == [("BAD_MONEY", 2)]
    assert priced(known) == {}


def test_a_thousands_comma_without_quotes_is_refused_and_not_read_as_12(known: Shelf) -> None:
    report = known.load("昵称,平台,报价\n甲甲,微博,12,000\n乙乙,微博\n")
    assert [r.code for r in report.rejects] == ["TOO_MANY_FIELDS", "TOO_FEW_FIELDS"]
    assert priced(known) == {}


def test_ids_stay_exact_and_damaged_ones_are_refused(shelf: Shelf) -> None:
    exact = [2**53 + 1, 2**63 - 1]
    rows = "".join(f"抖音,{n},5\n" for n in [*exact, "1.23457E+18", "12345.0"])
    report = shelf.load("平台,用户ID,报价\n" + rows)
    assert [(r.code, r.line) for r in report.rejects] == [("ID_SCIENTIFIC", 4), ("ID_FLOAT", 5)]
    assert sorted(priced(shelf)) == sorted(f"douyin:{n}" for n in exact)


# ---------------------------------------------------------------------- whose row it is


def test_names_are_joined_on_their_platform_only(known: Shelf) -> None:
    known.load("昵称,平台,报价\n甲甲,小红书,7\n甲甲,微博,9\n")
    assert priced(known) == {RED: 7, "weibo:1000000001": 9}


@pytest.mark.parametrize("row", ["谁谁,微博", "双双,微博", "甲甲,抖音", "甲甲,", "甲甲,某站"])
def test_a_name_that_nobody_has_or_several_is_no_match(known: Shelf, row: str) -> None:
    before = known.content()
    report = known.load(f"昵称,平台,报价\n{row},5\n")
    [reject] = report.rejects
    assert (reject.code, reject.column, reject.value) == ("NO_MATCH", "name", row.split(",")[0])
    assert known.content() == before


def test_without_a_platform_a_name_must_be_one_of_all(known: Shelf) -> None:
    report = known.load("昵称,报价\n乙乙,5\n")
    assert priced(known) == {"weibo:1000000002": 5}
    assert "no platform is said" in report.decisions[0]
    known.load("昵称,报价\n甲甲,6\n", platform="weibo")
    assert priced(known)["weibo:1000000001"] == 6


def test_a_link_with_a_name_in_it_leads_to_the_account_of_the_name_first(known: Shelf) -> None:
    known.load("昵称,链接,报价\n乙乙,https://weibo.com/yiyi_home,5\n不知,https://www.zhihu.com/people/bu-zhi,6\n")
    assert priced(known) == {"weibo:1000000002": 5, "zhihu:url_token:bu-zhi": 6}


def test_rows_without_a_match_are_taken_when_the_accounts_are_known(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("昵称,平台,报价\n甲甲,微博,5\n谁谁,微博,6\n")
    assert shelf.load_file(path).counts.rejected == 2
    listed = unmatched(shelf.ws)
    assert listed[["line", "name", "platform"]].to_numpy().tolist() == [[2, "甲甲", "weibo"], [3, "谁谁", "weibo"]]
    shelf.load(KNOWN)
    [report] = shelf.ws.retry_rejects()
    assert (report.counts.accepted, report.counts.rejected) == (1, 1)
    assert priced(shelf) == {"weibo:1000000001": 5}
    assert unmatched(shelf.ws)["name"].tolist() == ["谁谁"]
    assert [r.counts.rejected for r in shelf.ws.retry_rejects()] == [1]


def test_names_are_joined_under_pseudonyms_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLGRAPH_KEY", "0123456789abcdef0123456789abcdef")
    shelf = Shelf(tmp_path)
    shelf.load(KNOWN, pseudonymise=True)
    ids = set(shelf.rows("SELECT account_id FROM accounts"))
    report = shelf.load("昵称,平台,报价\n甲甲,小红书,5\n谁谁,微博,6\n", pseudonymise=True)
    assert [(r.code, r.value, r.raw) for r in report.rejects] == [("NO_MATCH", None, None)]
    assert set(shelf.rows("SELECT account_id FROM accounts")) == ids
    [account] = priced(shelf)
    assert account.startswith("xhs:p_")
    assert unmatched(shelf.ws).empty
    shelf.ws.close()


def test_a_list_of_strangers_is_refused_with_the_way_out(known: Shelf) -> None:
    text = "昵称,平台,报价\n甲甲,微博,5\n谁谁,微博,6\n"
    with pytest.raises(
        InputError, match=r"(?s)'谁谁' is the name of no account.*load the good rows with max_reject_rate"
    ):
        known.load(text, max_reject_rate=0.01)
    assert priced(known) == {}


# ---------------------------------------------------------------------- files


TITLED = "2026年7月微博KOL报价表,,,\n联系人：某某,,,\n,,,\n昵称,平台,转发价,粉丝数\n甲甲,微博,5,1w+\n乙乙,微博,6,2w\n"


def test_titles_notes_and_repeated_headers_are_no_rows(known: Shelf) -> None:
    notes = "昵称,平台,转发价,粉丝数\n,,,\n合计,,11,\n备注：以上报价含税,,,\n"
    report = known.load(TITLED + notes)
    assert (report.counts.read, report.counts.accepted) == (2, 2)
    assert "header in line 4" in report.decisions[0]
    assert priced(known) == {"weibo:1000000001": 5, "weibo:1000000002": 6}


@pytest.mark.parametrize("cut", ["\t", ";", "|"])
def test_the_delimiter_is_found_below_a_title(known: Shelf, cut: str) -> None:
    known.load(TITLED.replace(",", cut))
    assert priced(known) == {"weibo:1000000001": 5, "weibo:1000000002": 6}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_clothes_do_not_matter(known: Shelf, encoding: str, newline: str) -> None:
    known.load(TITLED)
    before = known.content()
    report = known.load(TITLED.replace("\n", newline).encode(encoding), max_reject_rate=0)
    assert report.counts.accepted == 0
    assert known.content() == before


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(known: Shelf, seed: int) -> None:
    head, rows = TITLED.splitlines()[:4], [*TITLED.splitlines()[4:], f"甲甲,小红书,{seed},1", "谁谁,微博,9,1"]
    known.load("\n".join([*head, *rows]))
    before = known.content()
    random.Random(seed).shuffle(rows)
    known.empty()
    known.load(KNOWN)
    known.load("\n".join([*head, *rows]))
    assert known.content() == before


def test_every_sheet_of_a_workbook_is_read_and_its_name_says_the_platform(known: Shelf, tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "list.xlsx",
        微博=[["报价单"], [], ["昵称", "报价（万）"], ["甲甲", 1.5], ["乙乙", 2]],
        小红书=[["昵称", "图文报价", "粉丝数"], ["甲甲", 800, 123456]],
        说明=[["本表仅供参考"]],
    )
    report = known.load_file(path)
    assert report.rejects == []
    assert priced(known) == {"weibo:1000000001": 15000, "weibo:1000000002": 20000, RED: 800}
    assert [d.split(";")[0] for d in report.decisions] == [
        "prices: sheet 微博, header in line 3",
        "prices: sheet 小红书, header in line 1",
    ]


@pytest.mark.parametrize("tail", [b'"', b'"\xe4\xb8\xad', b"\xff\xfe,x,y\n", b"a", b'x,"y'])
def test_damage_at_the_end_costs_no_row_before_it(known: Shelf, tail: bytes) -> None:
    report = known.load(TITLED.encode() + tail)
    assert priced(known) == {"weibo:1000000001": 5, "weibo:1000000002": 6}
    assert report.counts.rejected == 1


def test_a_cell_may_span_lines_and_a_quote_that_never_closes_costs_one_line(known: Shelf) -> None:
    report = known.load(
        '昵称,平台,备注,报价\n甲甲,微博,"好\r\n很好",5\n坏,"微博,,1\n乙乙,微博,"又""好",6\n坏,微,"x"y,1\n甲甲,小红书,,7\n'
    )
    assert [(r.line, r.code) for r in report.rejects] == [(4, "BAD_ROW"), (6, "BAD_ROW")]
    assert priced(known) == {"weibo:1000000001": 5, "weibo:1000000002": 6, RED: 7}


# A line of a remark that is itself as wide as the table could be a row.
remarks = st.text(st.sampled_from('好,"\n;x '), max_size=6).filter(lambda text: "\n" not in text or text.count(",") < 3)
damage = st.sampled_from(["坏", "坏,微博", '坏,"微博,,1', '"', '坏,微,"x"y,1', "坏,微博,,1,2"])


def ambiguous(rows: list[tuple[str] | str]) -> set[int]:
    """The rows that may continue a cell above them: they span lines, and no whole row stands between."""
    found, opened = set(), False
    for number, row in enumerate(rows):
        if isinstance(row, str):
            opened |= row.count('"') % 2 == 1
        elif "\n" not in row[0]:
            opened = False
        elif opened:
            found.add(number)
    return found


@given(rows=st.lists(remarks.map(lambda text: (text,)) | damage, min_size=1, max_size=20))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(rows=['坏,"微博,,1', (",,\n",), ("",)])
def test_damage_costs_no_good_row_that_can_be_told_from_it(module_shelf: Shelf, rows: list[tuple[str] | str]) -> None:
    module_shelf.empty()
    out = io.StringIO()
    for number, row in enumerate(rows):
        if isinstance(row, str):
            out.write(row + "\n")
        else:
            csv.writer(out, lineterminator="\n").writerow([10**6 + number, "微博", *row, number])
    report = module_shelf.load("UID,平台,备注,报价\n" + out.getvalue())
    good = {f"weibo:{10**6 + number}": number for number, row in enumerate(rows) if not isinstance(row, str)}
    found = priced(module_shelf)
    assert found.items() <= good.items()
    assert {good[account] for account in good.keys() - found.keys()} <= ambiguous(rows)
    if len(found) == len(good):
        assert report.counts.rejected == len(rows) - len(good)


def test_a_row_that_closes_the_quote_above_it_can_be_read_in_two_ways(known: Shelf) -> None:
    """Either 甲甲 is remarked with ",,", or 坏's platform is a text that ends with 甲甲: both are four cells."""
    report = known.load('昵称,平台,备注,报价\n坏,"微博,,1\n甲甲,微博,",,\n",5\n乙乙,微博,,6\n')
    assert [(r.line, r.code) for r in report.rejects] == [(2, "NO_MATCH"), (4, "BAD_ROW")]
    assert priced(known) == {"weibo:1000000002": 6}


# ---------------------------------------------------------------------- people


@pytest.mark.parametrize(
    "header",
    [
        "person_id,name,platform,platform_uid,confidence,note",
        "人物ID,姓名,平台,平台UID,置信度,备注",
        "达人编号,昵称,所属平台,账号ID,可信度,说明",
    ],
)
def test_a_list_of_people_becomes_identities(known: Shelf, header: str) -> None:
    report = known.load(f"{header}\np1,甲,微博,1000000001,95%,旧号\np1,甲甲,小红书,,0.8,\np2,谁谁,抖音,,1,\n")
    assert [(r.code, r.value) for r in report.rejects] == [("NO_MATCH", "谁谁")]
    rows = known.rows(
        "SELECT person_id, account_id, i.name, confidence, method, note FROM identities i "
        "JOIN accounts USING (account_key) ORDER BY account_id"
    )
    assert rows == [
        ("p1", "weibo:1000000001", "甲", 0.95, "manual", "旧号"),
        ("p1", RED, "甲甲", 0.8, "manual", None),
    ]


# ---------------------------------------------------------------------- homepages


@pytest.mark.parametrize(
    ("address", "account", "handle"),
    [
        ("https://weibo.com/u/1234567890", "weibo:1234567890", ""),
        ("weibo.com/1234567890/fans", "weibo:1234567890", ""),
        ("https://weibo.cn/u/1234567890?a=b", "weibo:1234567890", ""),
        ("https://weibo.com/p/1005051234567890/home", "weibo:1234567890", ""),
        ("https://weibo.com/abc_d", "weibo:domain:abc_d", "abc_d"),
        ("https://weibo.com/n/%E7%94%B2", "weibo:name:甲", "甲"),
        ("https://www.xiaohongshu.com/user/profile/" + "5f" * 12, RED, ""),
        ("https://www.douyin.com/user/MS4wLjABAAAA-x_y?z", "douyin:sec_uid:MS4wLjABAAAA-x_y", ""),
        ("https://space.bilibili.com/42/", "bilibili:42", ""),
        ("https://www.kuaishou.com/profile/3xabc", "kuaishou:3xabc", ""),
        ("https://www.zhihu.com/people/a-b-c", "zhihu:url_token:a-b-c", "a-b-c"),
        ("https://x.com/Some_One", "x:@Some_One", "Some_One"),
        ("https://www.tiktok.com/@some.one", "tiktok:@some.one", ""),
    ],
)
def test_an_address_means_an_account(address: str, account: str, handle: str) -> None:
    page = homepage(address)
    assert page is not None
    assert (page.account_id, page.handle, page.platform) == (account, handle, account.split(":")[0])


@pytest.mark.parametrize(
    "address", ["https://v.douyin.com/abc/", "http://xhslink.com/a", "https://weibo.com/", "甲", ""]
)
def test_an_address_that_leads_elsewhere_means_nobody(address: str) -> None:
    assert homepage(address) is None


def test_platforms_are_known_by_what_people_call_them() -> None:
    names = {"微博": "weibo", "小红书": "xhs", "抖音": "douyin", "快手": "kuaishou", "B站": "bilibili", "知乎": "zhihu"}
    assert {name: platform_named(name) for name in names} == names
    assert [platform_named(p) for p in [*names.values(), " WeiBo ", "ｂ站", "火星"]] == [
        *names.values(),
        "weibo",
        "bilibili",
        None,
    ]


def test_what_was_decided_is_said_in_one_line_whatever_the_header_holds(shelf: Shelf) -> None:
    file = shelf.folder / "prices.csv"
    file.write_text("平台,昵称,报\x0c价\n微博,小红,100\n", encoding="utf-8")
    report = shelf.load_file(file, max_reject_rate=1.0)
    assert any("\\x0c" in line for line in report.decisions)
    assert all(len(line.splitlines()) == 1 for line in report.decisions)
