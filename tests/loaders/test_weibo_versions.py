"""Weibo crawlers whose files were written by several versions, opened in a spreadsheet, or renamed by a browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kolgraph.errors import InputError
from kolgraph.loaders.known.weibo_dataabc import AUTHOR, BASES, ORIGINAL, SEARCH_BASES
from kolgraph.loaders.spec import owner
from tests.worlds.shelf import Shelf

#: Two posts and their short ids.
MID, BID = "4955123456789123", "Nn80Nsu9Z"
ROOT, ROOT_BID = "4955012345678907", "Nn57AnPlh"


def load(shelf: Shelf, text: str, name: str = "1000000002.csv", **options: Any) -> Any:
    """Load a file of exactly this name."""
    path = shelf.folder / name
    path.write_text("\ufeff" + text, encoding="utf-8")
    try:
        return shelf.load_file(path, **options)
    finally:
        path.unlink()


def posted(base: Sequence[str], number: int, **more: str) -> list[str]:
    """The cells of a post as this version writes them."""
    cells = {"id": f"{4955123456789100 + number}\t", "正文": f"text {number}", "日期": "2025-12-05T10:00:00"}
    cells |= {"点赞数": "1000", "评论数": "20", "转发数": "3", "工具": "iPhone", "是否编辑过": "False", "编辑次数": "0"}
    return [(cells | more).get(name, "") for name in base]


def original(base: Sequence[str], number: int) -> list[str]:
    return [*posted(base, number), "True"]


def repost(base: Sequence[str], number: int) -> list[str]:
    known = [name for name in base if name not in {"是否编辑过", "编辑次数"}]
    return [*posted(base, number), "False", "1000000001", "甲", *posted(known, 50)]


def header(base: Sequence[str]) -> list[str]:
    return [*base, ORIGINAL, *AUTHOR, *(f"源微博{name}" for name in base)]


def text_of(*rows: Sequence[str]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


# ---------------------------------------------------------------------- several versions


def test_the_newest_version_writes_18_columns_of_a_post() -> None:
    assert [len(base) for base in BASES] == [11, 12, 13, 14, 15, 16, 18]
    assert BASES[-1][:9] == [
        "id",
        "bid",
        "正文",
        "头条文章url",
        "原始图片url",
        "视频url",
        "Live Photo视频url",
        "位置",
        "日期",
    ]
    assert BASES[-1][-3:] == ["完整日期", "是否编辑过", "编辑次数"]


@pytest.mark.parametrize("begun", range(len(BASES)))
def test_a_row_is_understood_as_of_the_version_that_wrote_it(shelf: Shelf, begun: int) -> None:
    rows = [make(base, 2 * k + n) for k, base in enumerate(BASES) for n, make in enumerate((original, repost))]
    report = load(shelf, text_of(header(BASES[begun]), *rows))
    assert report.rejects == []
    posts = shelf.rows("SELECT post_id, account_id, text, likes FROM posts p JOIN accounts ON account_key = author")
    assert sorted(posts) == [
        *((f"weibo:{4955123456789100 + 2 * k}", "weibo:1000000002", f"text {2 * k}", 1000) for k in range(len(BASES))),
        ("weibo:4955123456789150", "weibo:1000000001", "text 50", 1000),
    ]
    reposts = "SELECT r.post_id, d.account_id, root_id, text, likes, reposts FROM reposts r "
    assert shelf.rows(reposts + "JOIN accounts d ON d.account_key = dst ORDER BY 1") == [
        (
            f"weibo:{4955123456789101 + 2 * k}",
            "weibo:1000000001",
            "weibo:4955123456789150",
            f"text {2 * k + 1}",
            1000,
            3,
        )
        for k in range(len(BASES))
    ]
    assert shelf.rows("SELECT account_id, name FROM accounts ORDER BY 1") == [
        ("weibo:1000000001", "甲"),
        ("weibo:1000000002", None),
    ]


@pytest.mark.parametrize("begun", [0, 4, 6])
def test_files_of_posts_only_hold_rows_of_several_versions(shelf: Shelf, begun: int) -> None:
    report = load(shelf, text_of(BASES[begun], *(posted(base, k) for k, base in enumerate(BASES))))
    assert report.rejects == []
    assert shelf.rows("SELECT text, likes FROM posts ORDER BY 1") == [(f"text {k}", 1000) for k in range(len(BASES))]


@pytest.mark.parametrize("cells", [1, 5, 18, 20, 30, 36, 38])
def test_a_row_that_no_version_wrote_is_rejected(shelf: Shelf, cells: int) -> None:
    row = [*repost(BASES[-1], 3), "", ""][:cells]
    row += ["x"] * (cells - len(row))
    report = load(shelf, text_of(header(BASES[-1]), original(BASES[-1], 1), row, original(BASES[-1], 2)))
    assert [(reject.line, reject.code) for reject in report.rejects] == [(3, "BAD_ROW")]
    assert shelf.rows("SELECT text FROM posts ORDER BY 1") == [("text 1",), ("text 2",)]


@pytest.mark.parametrize("flag", ["", "maybe", "0"])
def test_a_row_that_does_not_say_whether_it_is_a_repost_is_rejected(shelf: Shelf, flag: str) -> None:
    """A spreadsheet makes all rows equally long, so the number of cells tells nothing any more."""
    head = header(BASES[5])
    shifted = [*posted(BASES[6], 3), flag] if flag else [*posted(BASES[6], 3), "True"]
    padded = [*shifted, *[""] * (len(head) - len(shifted))]
    report = load(shelf, text_of(head, padded))
    assert [(reject.code) for reject in report.rejects] in (["NO_ROOT"], ["NO_RECORD"])
    assert shelf.rows("SELECT account_id FROM accounts") == []


@pytest.mark.parametrize("begun", range(len(SEARCH_BASES)))
def test_rows_of_a_search_are_of_the_version_that_wrote_them(shelf: Shelf, begun: int) -> None:
    cells = {"user_id": "1000000012", "用户昵称": "乙", "转发数": "1", "评论数": "2", "点赞数": "3"}
    cells |= {"发布时间": "2024-01-02 03:04", "微博正文": "好"}
    rows = [
        [(cells | {"id": f"{4955123456789100 + k}"}).get(name, "") for name in base]
        for k, base in enumerate(SEARCH_BASES)
    ]
    assert load(shelf, text_of(SEARCH_BASES[begun], *rows), "词.csv").rejects == []
    assert shelf.rows("SELECT DISTINCT text, created_ts, reposts, comments, likes FROM posts") == [
        ("好", 1704135840000, 1, 2, 3)
    ]
    assert shelf.rows("SELECT count(*) AS n FROM posts") == [(len(SEARCH_BASES),)]


def test_a_header_of_nobody_knows_no_other_versions(shelf: Shelf) -> None:
    row = f"{MID},{BID},1000000012,乙,好,1,2,3,2024-01-02 03:04"
    for cells, code in (("", "TOO_FEW_FIELDS"), (f",{ROOT},x", "TOO_MANY_FIELDS")):
        report = load(shelf, f"{SEARCH}{row}{cells}\n", "词.csv")
        assert [reject.code for reject in report.rejects] == [code]


# ---------------------------------------------------------------------- two ids of one post

SEARCH = "id,bid,user_id,用户昵称,微博正文,转发数,评论数,点赞数,发布时间,retweet_id\n"


@pytest.mark.parametrize("zeros", [1, 2, 5, 9, 13])
def test_an_id_that_a_spreadsheet_rounded_is_that_of_the_short_id(shelf: Shelf, zeros: int) -> None:
    for exact in (True, False):
        cut = int(MID) if exact else round(int(MID), -zeros)
        load(shelf, SEARCH + f"{cut},{BID},1000000012,乙,好,1,2,3,2024-01-02 03:04,\n", "词.csv")
    assert shelf.rows("SELECT post_id FROM posts") == [(f"weibo:{MID}",)]


def test_what_was_rounded_without_a_short_id_is_rejected(shelf: Shelf) -> None:
    rows = (
        f"{MID[:-1]}0,{BID},1000000012,乙,好,1,2,3,2024-01-02 03:04,{ROOT[:-1]}0\n",
        f"{ROOT[:-1]}0,{ROOT_BID},1000000011,甲,原,1,2,3,2024-01-02 03:04,\n",
    )
    report = load(shelf, SEARCH + "".join(rows), "词.csv")
    assert [(r.line, r.column, r.code) for r in report.rejects] == [(2, "root", "ID_SCIENTIFIC")]
    assert shelf.rows("SELECT post_id FROM posts") == [(f"weibo:{ROOT}",)]
    shelf.empty()
    # Where no row of a file shows it, an id may end in a zero.
    assert load(shelf, SEARCH + rows[0].replace(MID[:-1] + "0", MID), "词.csv").rejects == []


def test_the_short_id_of_what_is_reposted_saves_it(shelf: Shelf) -> None:
    row = repost(BASES[-1], 23)
    row[1], row[0], row[21], row[22] = BID, f"{MID[:-1]}0", f"{ROOT[:-1]}0", ROOT_BID
    assert load(shelf, text_of(header(BASES[-1]), row)).rejects == []
    assert shelf.rows("SELECT post_id, root_id FROM reposts") == [(f"weibo:{MID}", f"weibo:{ROOT}")]
    assert shelf.rows("SELECT post_id FROM posts") == [(f"weibo:{ROOT}",)]


def test_a_short_id_of_another_post_changes_nothing(shelf: Shelf) -> None:
    load(shelf, SEARCH + f"4900000000000100,{BID},1000000012,乙,好,1,2,3,2024-01-02 03:04,\n", "词.csv")
    assert shelf.rows("SELECT post_id FROM posts") == [("weibo:4900000000000100",)]


SPIDER = "微博id,微博正文,头条文章url,原始图片url,被转发微博原始图片url,是否为原创微博,微博视频url,发布位置,发布时间,"
SPIDER += "发布工具,点赞数,转发数,评论数\n"


def test_one_post_from_two_crawlers_is_one(shelf: Shelf) -> None:
    load(shelf, SPIDER + f"{BID},不错,无,无,无,True,无,无,2024-01-02 03:04,iPhone,1,2,3\n")
    load(shelf, text_of(header(BASES[-1]), [*posted(BASES[-1], 23, id=MID, bid=BID, 正文="不错"), "True"]))
    load(shelf, SEARCH + f"{MID},{BID},1000000002,乙,不错,1,2,3,2024-01-02 03:04,\n", "词.csv")
    assert shelf.rows("SELECT post_id FROM posts") == [(f"weibo:{MID}",)]


# ---------------------------------------------------------------------- reposts


@pytest.mark.parametrize("text", ["转发微博\n转发内容: 抱歉，此微博已被作者删除。", "好", ""])
def test_a_repost_of_a_deleted_post_is_a_repost_of_nobody_known(shelf: Shelf, text: str) -> None:
    load(shelf, SPIDER + f'{BID},"{text}",无,无,无,False,无,无,2024-01-02 03:04,iPhone,1,2,3\n')
    assert shelf.rows("SELECT post_id, dst, root_id, likes, reposts, comments FROM reposts") == [
        (f"weibo:{MID}", None, None, 1, 2, 3)
    ]
    assert shelf.rows("FROM posts") == []
    assert shelf.rows("FROM repost_edges") == []


def test_counts_of_a_repost_are_its_own(shelf: Shelf) -> None:
    load(shelf, SEARCH + f"{MID},{BID},1000000012,乙,好,3.7万,918,20万+,2024-01-02 03:04,{ROOT}\n", "词.csv")
    assert shelf.rows("SELECT likes, reposts, comments, rounded FROM reposts") == [
        (200_000, 37_000, 918, ["likes", "reposts"])
    ]
    assert shelf.rows("FROM posts") == []


# ---------------------------------------------------------------------- renamed files

COPIES = ("{}(1)", "{} (2)", "{} - Copy", "{} - Copy (3)", "{} - 副本", "{} - 副本 (2)", "{}_1", "{} copy", "{} copy 2")
COPIES += ("{} 2", "Copy of {}", "副本 {}", "{}（1）", "{}-副本", "{} 拷贝")


@pytest.mark.parametrize("copied", COPIES)
def test_the_owner_of_a_renamed_file_is_the_owner(shelf: Shelf, copied: str) -> None:
    assert owner(copied.format("1000000002")) == "1000000002"
    load(shelf, text_of(header(BASES[-1]), original(BASES[-1], 1)), copied.format("1000000002") + ".csv")
    load(
        shelf,
        SPIDER + f"{BID},不错,无,无,无,True,无,无,2024-01-02 03:04,iPhone,1,2,3\n",
        copied.format("1000000002") + ".csv",
    )
    assert shelf.rows("SELECT account_id FROM accounts") == [("weibo:1000000002",)]


@pytest.mark.parametrize(
    "name", ["样例乙", "1000000002_20240101", "posts", "2024", "1000000002x", "1000000002 1000000003"]
)
def test_a_file_that_does_not_say_whose_it_is_asks(shelf: Shelf, name: str) -> None:
    rows = text_of(header(BASES[-1]), original(BASES[-1], 1))
    with pytest.raises(InputError, match=r"is not the number of that account: .*; add subject"):
        load(shelf, rows, f"{name}.csv")
    load(shelf, rows, f"{name}.csv", subject="1000000002")
    assert shelf.rows("SELECT account_id FROM accounts") == [("weibo:1000000002",)]
