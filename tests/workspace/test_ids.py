"""Ids: what is one, whose it is, what means nobody, and what has lost its digits; of one thing one id."""

from __future__ import annotations

import json

import pytest

from kolgraph.errors import InputError
from kolgraph.verbs.forget import forget
from tests.worlds.shelf import Shelf


@pytest.fixture
def bench(shelf: Shelf) -> Shelf:
    return shelf


def accounts(bench: Shelf) -> list[str]:
    """Ids of all accounts, sorted."""
    return [row[0] for row in bench.rows("SELECT account_id FROM accounts ORDER BY 1")]


def codes(bench: Shelf, cells: list[str], platform: str) -> tuple[list[str], list[str]]:
    """Load accounts; the ids of those that were taken, and the codes of the others."""
    quoted = (cell.replace('"', '""') for cell in cells)
    rows = "".join(f'"{cell}",{k}\n' for k, cell in enumerate(quoted))
    report = bench.load("account,followers\n" + rows, platform=platform)
    return accounts(bench), [reject.code for reject in report.rejects]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("007", "local:007"),
        (" 42 ", "local:42"),
        ("42\t", "local:42"),  # weibo-crawler ends ids in a tab
        ('="4900000000000100"', "local:4900000000000100"),  # a spreadsheet's way to keep digits
        ("\ufeff5", "local:5"),
        ("6\u200b", "local:6"),
        ("\u00a07\u3000", "local:7"),  # spaces of other widths
        ("'8", "local:8"),  # a spreadsheet's other way
        ("'9'", "local:9"),
        ("'@ann", "local:@ann"),  # how our own workbooks keep a formula from running
        ("'t Hooft", "local:'t Hooft"),
        ("３号店", "local:３号店"),
        ('{"$numberLong": "77"}', "local:77"),  # mongoexport
        ('{"$oid":"5f00aa11bb22cc33dd44ee55"}', "local:5f00aa11bb22cc33dd44ee55"),
        ("weibo:12", "weibo:12"),
        ("Ann_B-1", "local:Ann_B-1"),
        ("-9", "local:-9"),
        ("１２３", "local:123"),
        ("a:", "local:a:"),
    ],
)
def test_ids_are_cleaned_and_qualified(bench: Shelf, text: str, expected: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    bench.load(f"follower,followed\n{quoted},zz\n")
    assert bench.rows("SELECT account_id FROM accounts ORDER BY account_key")[0][0] in (expected, "local:zz")
    assert (expected,) in bench.rows("SELECT account_id FROM accounts")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.9e18", "ID_SCIENTIFIC"),
        ("4.9E+15", "ID_SCIENTIFIC"),
        ("5e+18", "ID_SCIENTIFIC"),
        ("1.0", "ID_FLOAT"),
        ("12.", "ID_FLOAT"),
        ("1000000011,0", "ID_FLOAT"),
        ("4,73E+15", "ID_SCIENTIFIC"),
        ("weibo:1000000011.0", "ID_FLOAT"),
        ("weibo:4e15", "ID_SCIENTIFIC"),
        ("1,000,000,011", "BAD_ID"),
        ("1 000 000 011", "BAD_ID"),
        ("1\u202f000\u202f000", "BAD_ID"),
        ('{"id": 1}', "BAD_ID"),
        ("[1, 2]", "BAD_ID"),
        ("NaN", "MISSING_FIELD"),
        ("NULL", "MISSING_FIELD"),
        ("", "MISSING_FIELD"),
        ("   ", "MISSING_FIELD"),
        ("x" * 257, "BAD_ID"),
        ("a\x07b", "BAD_ID"),
        ("a\nb", "BAD_ID"),
    ],
)
def test_damaged_ids_are_refused_with_a_reason(bench: Shelf, text: str, code: str) -> None:
    quoted = text.replace('"', '""')
    report = bench.load(f'follower,followed\n1,2\n"{quoted}",2\n')
    assert [(r.code, r.line, r.column) for r in report.rejects] == [(code, 3, "src")]
    assert bench.rows("SELECT account_id FROM accounts") == [("local:1",), ("local:2",)]


def test_a_platform_has_a_plain_name(bench: Shelf) -> None:
    with pytest.raises(InputError, match="no name for a platform"):
        bench.load("follower,followed\n1,2\n", platform="x'; DROP TABLE accounts --")
    with pytest.raises(InputError, match="no name for a platform"):
        bench.load("follower,followed\n1,2\n", platform="forgotten")


# ---------------------------------------------------------------------- nothing

NOBODY = [
    "NA",
    "None",
    "N/A",
    "#N/A",
    "#REF!",
    "<NA>",
    "(null)",
    "\\N",
    "NaN",
    "NULL",
    "undefined",
    "nil",
    "-",
    "—",
    "--",
]
NOBODY += ["[deleted]", "[removed]", " NA ", "None\t"]


@pytest.mark.parametrize("platform", ["weibo", "bilibili", "x", "reddit", "local", "forum"])
def test_what_tools_write_for_nothing_is_nobody_on_every_platform(bench: Shelf, platform: str) -> None:
    assert codes(bench, NOBODY, platform) == ([], ["MISSING_FIELD"] * len(NOBODY))


def test_somebody_may_be_called_nothing_where_ids_are_words(bench: Shelf) -> None:
    called = ["none", "na", "Na", "@None", "@NA", "undefined_", "0", "-9"]
    assert codes(bench, called, "local") == (sorted(f"local:{name}" for name in called), [])


@pytest.mark.parametrize("platform", ["weibo", "douyin", "bilibili", "xhs", "kuaishou"])
def test_where_ids_are_numbers_no_word_for_nothing_is_an_id(bench: Shelf, platform: str) -> None:
    words = ["none", "na", "NONE", "Undefined", "0", "00", "-1", "无", f"{platform}:0", f"{platform}:sha256_16:None"]
    assert codes(bench, words, platform) == ([], ["MISSING_FIELD"] * len(words))
    wrong = ["true", "False", "-9", "+5", "4e15", "1 2"]
    assert codes(bench, wrong, platform) == ([], ["BAD_ID"] * 4 + ["ID_SCIENTIFIC", "BAD_ID"])


#: What is left of formulas, of digits of other scripts, of programs and of addresses.
LEFT_OVER = [
    "#1000000011",
    'T("1000000011")',
    "(1000000011)",
    "(1000000011,)",
    "b'1742034227'",
    "١٠٠٠٠٠٠٠١١",
    "1٬000٬011",
]
LEFT_OVER += [
    "1，000，011",
    "1_000_011",
    "0x3b9aca0b",
    "0001000000012",
    "不详",
    "?",
    "weibo.com/1000000011",
    "NumberLong(17)",
    "UID1000000011",
    "uid:1000000011",
    "id_1000000011",
    "@1000000011",
    "u/1000000011",
    "1.000.000.011",
]


@pytest.mark.parametrize("platform", ["weibo", "douyin", "bilibili", "xhs", "kuaishou"])
def test_what_is_left_of_something_else_is_no_id_where_ids_are_plain(bench: Shelf, platform: str) -> None:
    found, refused = codes(bench, LEFT_OVER, platform)
    assert (found, set(refused)) == ([], {"BAD_ID"})
    named = [f"{platform}:{text}" for text in LEFT_OVER]
    found, refused = codes(bench, named, "local")  # also where the file says whose they are
    assert (found, set(refused)) == ([], {"BAD_ID"})


@pytest.mark.parametrize("platform", ["x", "tiktok", "instagram", "threads"])
def test_handles_are_plain_too(bench: Shelf, platform: str) -> None:
    wrong = ["#1742034227", "(1742034227)", "?", "张三", "-55002", "0x16", "00", "007"]
    assert codes(bench, wrong, platform) == ([], ["BAD_ID"] * len(wrong))
    assert len(codes(bench, ["ab_c.d", "3100000000000000000_25025320", "x9=", "a+b/c="], platform)[0]) == 4


def test_where_people_are_called_as_they_like_an_id_can_be_anything(bench: Shelf) -> None:
    called = ["张三", "#1", "(a)"]
    assert codes(bench, called, "local") == (sorted(f"local:{name}" for name in called), [])


def test_quotes_in_quotes_and_blanks_of_any_width_are_no_part_of_an_id(bench: Shelf) -> None:
    assert codes(bench, ['"7"', "8\u2003", "\u20079\u202f", "1\u00ad0"], "weibo")[0] == [
        f"weibo:{n}" for n in (10, 7, 8, 9)
    ]


def test_a_word_for_nothing_is_no_name_but_people_are_called_none(bench: Shelf) -> None:
    names = ["(null)", "\\N", "NULL", "undefined", "#N/A", "None", "none", "Nan", "NA"]
    rows = "".join(f"{1000000011 + k},{name},{k}\n" for k, name in enumerate(names))
    bench.load("account,name,followers\n" + rows, platform="weibo")
    assert bench.rows("SELECT name FROM accounts ORDER BY account_id") == [(None,)] * 6 + [("none",), ("Nan",), ("NA",)]


def test_an_id_of_another_platform_is_read_as_one_of_that(bench: Shelf) -> None:
    cells = ["weibo:0", "weibo:none", "x:NA", "x:none", "weibo:name:None", "x:0", "reddit:0"]
    found, refused = codes(bench, cells, "local")
    assert found == ["reddit:0", "weibo:name:None", "x:none"]
    assert refused == ["MISSING_FIELD"] * 4


@pytest.mark.parametrize("platform", ["x", "tiktok", "reddit"])
def test_no_post_is_called_nothing(bench: Shelf, platform: str) -> None:
    words = ["missing", "None", "false", "无", "NULL"]
    rows = "".join(f"{word},{5 + k},r{k}\n" for k, word in enumerate(words))
    report = bench.load("root,reposter,repost\n" + rows + "r9,9,missing\n", platform=platform)
    assert [(r.code, r.column) for r in report.rejects] == [("NO_ROOT", "root")] * len(words)
    assert bench.rows("SELECT root_id, left(post_id, length(platform) + 2) FROM reposts, accounts LIMIT 1") == [
        (f"{platform}:r9", f"{platform}:~")
    ]


def test_nothing_where_an_id_may_be_left_out_is_none(bench: Shelf) -> None:
    report = bench.load(
        "repost,reposter,author,root,parent\nr1,5,NA,p1,None\nr2,6,7,p1,#N/A\nr3,NA,7,p1,\n", platform="weibo"
    )
    assert [(r.code, r.column, r.value) for r in report.rejects] == [("MISSING_FIELD", "src", "NA")]
    assert bench.rows("SELECT post_id, root_id, parent_id FROM reposts ORDER BY 1") == [
        ("weibo:r1", "weibo:p1", None),
        ("weibo:r2", "weibo:p1", None),
    ]
    assert accounts(bench) == ["weibo:5", "weibo:6", "weibo:7"]


def test_nothing_is_no_post_and_no_comment(bench: Shelf) -> None:
    posts = bench.load("post,author,text\nNA,5,a\n0,5,b\n1.00E+15,5,c\np1,None,d\n", platform="weibo")
    assert [r.code for r in posts.rejects] == ["MISSING_FIELD", "MISSING_FIELD", "ID_SCIENTIFIC"]
    assert bench.rows("SELECT post_id, author FROM posts") == [("weibo:p1", None)]
    assert accounts(bench) == []


def test_columns_of_weibo_ids_hold_numbers_or_domains(bench: Shelf) -> None:
    fans = [7.0, 4.73e15, {"$numberLong": "77"}, " 8 ", "None", "none", "some_one", "Some_One ", "4e15", {"a": 1}, 0]
    lines = "".join(json.dumps({"follower_id": 1, "fan_info": {"_id": fan}}) + "\n" for fan in fans)
    report = bench.load(lines, "fan_20240101000000.jsonl")
    assert accounts(bench) == ["weibo:1", "weibo:77", "weibo:8", "weibo:domain:some_one"]
    assert [r.code for r in report.rejects if not r.partly] == [
        *("ID_FLOAT", "ID_FLOAT", "MISSING_FIELD", "MISSING_FIELD", "ID_SCIENTIFIC", "BAD_ID", "MISSING_FIELD"),
    ]


# ---------------------------------------------------------------------- platforms


def test_a_word_before_a_colon_is_a_platform_only_if_it_is_known_as_one(bench: Shelf) -> None:
    bench.load("follower,followed\nre:zero,did:plc:xyz\nx:5,forum:bob\nlocal:a,weibo:7\n", platform="bluesky")
    assert accounts(bench) == sorted(
        ["bluesky:re:zero", "bluesky:did:plc:xyz", "x:5", "bluesky:forum:bob", "local:a", "weibo:7"]
    )


def test_the_platform_that_is_loaded_is_known(bench: Shelf) -> None:
    bench.load("follower,followed\nforum:bob,cai\nforum2:bob,url:1\n", platform="forum")
    assert accounts(bench) == sorted(["forum:bob", "forum:cai", "forum:forum2:bob", "forum:url:1"])


def test_our_own_tables_say_every_platform(bench: Shelf) -> None:
    bench.load("follower,followed\nre:zero,bob\n", platform="forum")
    table = bench.rows("SELECT account_id AS src, account_id AS dst FROM accounts")
    rows = "".join(f"{src},{dst},,,1\n" for src, dst in table)
    before = accounts(bench)
    bench.empty()
    bench.load("src,dst,since_ts,observed_ts,weight\n" + rows)
    assert accounts(bench) == before == ["forum:bob", "forum:re:zero"]


@pytest.mark.parametrize(
    "text", ["src,dst,since_ts,observed_ts,weight\nforgotten:1,weibo:2,,,1\nweibo:3,weibo:2,,,1\n"]
)
def test_what_a_file_says_is_not_our_bookkeeping(bench: Shelf, text: str) -> None:
    assert [r.code for r in bench.load(text).rejects] == ["FORGOTTEN"]
    bench.load("follower,followed\nforgotten:1,2\n", platform="weibo")
    assert accounts(bench) == ["weibo:2", "weibo:3", "weibo:forgotten:1"]


# ---------------------------------------------------------------------- one thing, one id


@pytest.mark.parametrize(
    ("platform", "one", "others"),
    [
        ("tiktok", "tiktok:@kol_a", ["Kol_A", "kol_a", "@KOL_A", "tiktok:KOL_A"]),
        ("instagram", "instagram:@kol.a", ["Kol.A", "@kol.a"]),
        ("threads", "threads:@kol.a", ["Kol.A", "@kol.a"]),
        ("x", "x:kol_a", ["Kol_A", "kol_a", "@KOL_A", "x:@kol_A"]),
        ("youtube", "youtube:@kol", ["@Kol", "@KOL"]),
        ("bluesky", "bluesky:kol.bsky.social", ["Kol.bsky.social", "KOL.bsky.social"]),
        ("weibo", "weibo:domain:kol", ["weibo:domain:KOL", "weibo:domain:kol"]),
    ],
)
def test_a_handle_in_another_case_is_the_same_account(bench: Shelf, platform: str, one: str, others: list[str]) -> None:
    assert codes(bench, others, platform) == ([one], [])


@pytest.mark.parametrize(
    ("platform", "two"),
    [
        ("tiktok", ["MS4wLjABAAAAabcdefghijklmnopqrstuvwxyz01", "MS4wLjABAAAAABCDEFGHIJKLMNOPQRSTUVWXYZ01"]),
        ("youtube", ["UCabcdefghijklmnopqrstuv", "UCABCDEFGHIJKLMNOPQRSTUV"]),
        ("x", ["123", "@123"]),  # a number, and somebody who is called so
        ("x", ["x:sha256:aBc=", "x:sha256:abc="]),
        ("xhs", ["5F00aa", "5f00aa"]),
        ("local", ["Ann", "ann"]),
        ("bluesky", ["did:key:zAb", "did:key:zab"]),
    ],
)
def test_ids_in_which_case_counts_stay_apart(bench: Shelf, platform: str, two: list[str]) -> None:
    assert len(codes(bench, two, platform)[0]) == 2


def test_posts_keep_their_case(bench: Shelf) -> None:
    bench.load("post,author\nCabC,Ann\nCABC,ann\n", platform="instagram")
    assert bench.rows("SELECT post_id FROM posts ORDER BY 1") == [("instagram:CABC",), ("instagram:CabC",)]
    assert accounts(bench) == ["instagram:@ann"]


@pytest.mark.parametrize("written", ["Ａｎｎａ小明", "anna小明", " ANNA小明　", "ａｎｎａ小明"])
def test_a_name_of_full_width_is_the_same_name(bench: Shelf, written: str) -> None:
    bench.load("account,name\n7,Anna小明\n", platform="weibo")
    bench.load(f"post,author,text\n1,8,看 @{written.strip()} 好\n", platform="weibo")
    assert bench.rows("SELECT account_id FROM mentions JOIN accounts ON dst = account_key") == [("weibo:7",)]
    bench.load(f"account,name\n7,{written}\n", platform="weibo")
    assert bench.rows("SELECT name_norm FROM account_names") == [("anna小明",)]


def test_who_is_forgotten_is_masked_in_every_width(bench: Shelf) -> None:
    bench.load("account,name\n7,Anna小明\n", platform="weibo")
    bench.load("post,author,text\n1,8,看 @Ａｎｎａ小明 和 @ANNA小明\n", platform="weibo")
    forget(bench.ws, ["weibo:7"])
    assert bench.rows("SELECT text FROM posts") == [("看 @某用户 和 @某用户",)]
    bench.load("post,author,text\n2,8,又 @Ａｎｎａ小明\n", platform="weibo")
    assert bench.rows("SELECT text FROM posts WHERE post_id = 'weibo:2'") == [("又 @某用户",)]


@pytest.mark.parametrize(
    ("bid", "mid"),
    [
        ("z0JH2lOMb", "3501756485200075"),
        ("LqlZNhJFm", "4762810834227120"),
        ("Nn80Nsu9Z", "4955123456789123"),
        ("abc1234", "391340246206"),  # posts of the first year have fewer digits
        ("yZZZZ1234", "bid:yZZZZ1234"),  # ZZZZ is more than seven digits
        ("0n80Nsu9Z", "bid:0n80Nsu9Z"),
        ("4955123456789123", "bid:4955123456789123"),
    ],
)
def test_the_short_id_of_a_weibo_post_is_its_number(bench: Shelf, bid: str, mid: str) -> None:
    bench.load(f"post,author\nweibo:bid:{bid},5\n")
    assert bench.rows("SELECT post_id FROM posts") == [(f"weibo:{mid}",)]


def test_names_are_compared_in_one_form_of_their_letters(bench: Shelf) -> None:
    forms = [
        "ＫＯＬ１",
        "𝐊𝐎𝐋①",
        "kol１",
        "café",
        "cafe\u0301",
        "Ⅳ号",
        "iv号",
        "㈱东",
        "(株)东",
        "ﾊﾞ",
        "バ",
        "\u200bkol1",
    ]
    bench.load("account,name\n" + "".join(f"{k},{name}\n" for k, name in enumerate(forms)), platform="local")
    assert [name for (name,) in bench.rows("SELECT DISTINCT name_norm FROM account_names ORDER BY 1")] == sorted(
        ["kol1", "café", "iv号", "(株)东", "バ"]
    )
