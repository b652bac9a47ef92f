"""MediaCrawler and f2: ids before and after their removal, units of time, columns of versions, SQLite, workbooks."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kolgraph.errors import InputError
from tests.worlds.samples import SAMPLES, check, clothes, expected, found
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53 + 1, 2**63 - 1]
SECOND = 1_704_135_845  # 2024-01-01 19:04:05 UTC
SEC = "MS4wLjABAAAAinvented"


def table(*rows: dict[str, Any]) -> str:
    """A CSV file as the crawler writes it: byte-order mark, and the keys of the first row."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + out.getvalue()


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def whole(*rows: dict[str, Any]) -> str:
    return json.dumps(rows, ensure_ascii=False, indent=1)


FORMS = {"f.csv": table, "f.jsonl": lines, "f.json": whole}


def cells(shelf: Shelf, query: str) -> tuple[Any, ...]:
    """The only row of an answer."""
    (row,) = shelf.rows(query)
    return row


# ---------------------------------------------------------------------- samples

MEDIACRAWLER = (
    "mediacrawler/data/bili/csv/creator_contacts_2025-08-01.csv",
    "mediacrawler/data/weibo/csv/search_contents_2025-08-01.csv",
    "mediacrawler/data/xhs/jsonl/search_contents_2026-08-01.jsonl",
)


@pytest.mark.parametrize("name", MEDIACRAWLER)
def test_a_sample_gives_the_expected_edges_in_all_clothes(shelf: Shelf, name: str) -> None:
    wanted = expected(name)
    data = (SAMPLES / name).read_bytes()
    for _, ending, dressed in clothes(data, header=name.endswith(".csv")):
        shelf.empty()
        assert shelf.load(dressed, Path(name).name + ending).counts.accepted == 1
        check(shelf, wanted)
        before = shelf.content()
        assert shelf.load(data + b"\n", "again-" + Path(name).name).counts.merged == 1
        assert shelf.content() == before


def test_the_sample_of_f2_needs_a_subject_and_gives_the_expected_edges(shelf: Shelf) -> None:
    wanted = expected("f2/douyin_following_raw.json")
    path = SAMPLES / "f2/douyin_following_raw.json"
    with pytest.raises(InputError, match="subject"):
        shelf.load_file(path)
    shelf.load_file(path, subject="777")
    assert found(shelf)["follows"] == {("douyin:777" if a == "<subject>" else a, b) for a, b in wanted["follows"]}


def test_the_database_of_f2_is_read_by_its_raw_columns(shelf: Shelf) -> None:
    expected("f2/douyin_following_raw.json")  # skips without samples
    assert shelf.load_file(SAMPLES / "f2/douyin_users.db").counts.accepted == 1
    row = cells(shelf, "SELECT account_id, name, bio, ip_region FROM accounts")
    assert row == ("douyin:3000001", "样例@丙!", "联系 @样例乙", "上海")


# ---------------------------------------------------------------------- MediaCrawler: seven platforms

POSTS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    # (likes, reposts, comments, views)
    "weibo": (
        {
            "note_id": 41,
            "content": "text",
            "create_time": SECOND + 28_800,
            "create_date_time": "2024-01-02 03:04:05+08:00",
            "liked_count": "1.2万",
            "comments_count": "3",
            "shared_count": "10+",
        },
        ("weibo:41", SECOND * 1000, "text", 12_000, 10, 3, None),
    ),
    "xhs": (
        {
            "note_id": "66aa",
            "type": "normal",
            "title": "heading",
            "desc": "text",
            "time": SECOND * 1000,
            "liked_count": "1.2万",
            "collected_count": "5",
            "comment_count": "10+",
            "share_count": "7",
            "tag_list": "",
        },
        ("xhs:66aa", SECOND * 1000, "heading\ntext", 12_000, 7, 10, None),
    ),
    "douyin": (
        {
            "aweme_id": 73,
            "title": "text",
            "desc": "text and more",
            "create_time": SECOND,
            "liked_count": "1",
            "comment_count": "2",
            "share_count": "3",
            "aweme_url": "u",
        },
        ("douyin:73", SECOND * 1000, "text and more", 1, 3, 2, None),
    ),
    "kuaishou": (
        {"video_id": "3xabc", "title": "t", "desc": "t", "create_time": SECOND * 1000, "liked_count": "1"}
        | {"viewd_count": "9.9万"},
        ("kuaishou:3xabc", SECOND * 1000, "t", 1, None, None, 99_000),
    ),
    "bilibili": (
        {
            "video_id": 11,
            "title": "t",
            "desc": "",
            "create_time": SECOND,
            "liked_count": 1,
            "video_play_count": "4",
            "video_share_count": "3",
            "video_comment": "2",
        },
        ("bilibili:11", SECOND * 1000, "t", 1, 3, 2, 4),
    ),
    "tieba": (
        {
            "note_id": "81",
            "title": "t",
            "desc": "d",
            "publish_time": "2024-01-02 03:04",
            "tieba_name": "bar",
            "total_replay_num": 5,
        },
        ("tieba:81", (SECOND - 5) * 1000, "t\nd", None, None, 5, None),
    ),
    "zhihu": (
        {
            "content_id": "91",
            "content_type": "answer",
            "content_text": "long",
            "title": "t",
            "desc": "d",
            "created_time": SECOND,
            "voteup_count": 3,
            "comment_count": 2,
        },
        ("zhihu:answer:91", SECOND * 1000, "t\nlong", 3, None, 2, None),
    ),
}
SEEN = (
    "SELECT account_id, post_id, p.created_ts, p.text, p.likes, p.reposts, p.comments, p.views "
    "FROM posts p JOIN accounts ON author = account_key"
)


@pytest.mark.parametrize("platform", POSTS)
@pytest.mark.parametrize("form", FORMS)
def test_posts_before_the_break_name_the_author_by_id_and_later_ones_by_hash(
    shelf: Shelf, platform: str, form: str
) -> None:
    row, wanted = POSTS[platform]
    nickname = "user_nickname" if platform in {"tieba", "zhihu"} else "nickname"
    old = row | {"user_id": 5, nickname: "Name", "ip_location": "IP属地：上海", "last_modify_ts": SECOND * 1000}
    shelf.load(FORMS[form](old), form)
    assert cells(shelf, SEEN) == (f"{platform}:5", *wanted)
    assert cells(shelf, "SELECT name, ip_region, observed_ts FROM accounts") == ("Name", "上海", SECOND * 1000)
    digest = hashlib.sha256(b"5").hexdigest()[:16]
    shelf.empty()
    shelf.load(FORMS[form](row | {"creator_hash": digest, nickname: "N***e"}), form)
    assert cells(shelf, SEEN) == (f"{platform}:sha256_16:{digest}", *wanted)


COMMENTED: dict[str, tuple[dict[str, Any], str]] = {
    "weibo": ({"note_id": 41, "create_date_time": "2024-01-02 03:04:05+08:00"}, "weibo:41"),
    "xhs": ({"note_id": "66aa", "create_time": SECOND * 1000, "like_count": "2"}, "xhs:66aa"),
    "douyin": ({"aweme_id": 73, "create_time": SECOND}, "douyin:73"),
    "kuaishou": ({"video_id": "3xabc", "create_time": SECOND * 1000}, "kuaishou:3xabc"),
    "bilibili": ({"video_id": 11, "create_time": SECOND}, "bilibili:11"),
    "tieba": ({"note_id": "81", "tieba_name": "bar", "publish_time": "2024-01-02 03:04:05"}, "tieba:81"),
    "zhihu": ({"content_id": "91", "content_type": "answer", "publish_time": SECOND}, "zhihu:answer:91"),
}


@pytest.mark.parametrize("platform", COMMENTED)
@pytest.mark.parametrize("form", FORMS)
def test_a_reply_goes_to_the_writer_of_the_comment_and_a_comment_to_the_post(
    shelf: Shelf, platform: str, form: str
) -> None:
    row, post = COMMENTED[platform]
    first = row | {"comment_id": 1, "content": "a", "user_id": "5"}
    second = row | {"comment_id": 2, "content": "b", "user_id": "6"}
    has_parents = platform != "kuaishou"  # whose comments are told apart from Bilibili's by not having them
    if has_parents:
        first |= {"parent_comment_id": "1" if platform == "weibo" else "0"}  # the first of a thread names itself
        second |= {"parent_comment_id": "1"}
    shelf.load(FORMS[form](first, second), form)
    rows = shelf.rows("SELECT comment_id, post_id, parent_id, ts FROM comments ORDER BY 1")
    parent = f"{platform}:1" if has_parents else None
    assert rows == [(f"{platform}:1", post, None, SECOND * 1000), (f"{platform}:2", post, parent, SECOND * 1000)]
    assert found(shelf)["replies"] == ({(f"{platform}:6", f"{platform}:5", "2")} if has_parents else set())


def test_the_answered_one_who_is_only_named_is_found_by_name(shelf: Shelf) -> None:
    row = COMMENTED["kuaishou"][0] | {"nickname": "甲乙"}
    shelf.load(
        lines(
            row | {"comment_id": 1, "content": "a", "user_id": "5"},
            row | {"comment_id": 2, "content": "回复 @甲乙 :好", "user_id": "6", "nickname": "n"},
        ),
        "f.jsonl",
    )
    assert found(shelf)["replies"] == {("kuaishou:6", "kuaishou:5", "2")}
    assert found(shelf)["mentions"] == set()


def test_where_the_columns_leave_two_platforms_open_the_folder_tells(shelf: Shelf, tmp_path: Path) -> None:
    row = {"comment_id": 1, "video_id": 11, "create_time": SECOND, "user_id": "5", "nickname": "n"}
    for folder in ("bili", "kuaishou"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "search_comments.csv").write_text(table(row | {"content": folder}))
        shelf.load_file(tmp_path / folder / "search_comments.csv")
    assert shelf.rows("SELECT comment_id FROM comments ORDER BY 1") == [("bilibili:1",), ("kuaishou:1",)]


def test_without_its_date_the_time_of_weibo_is_put_right(shelf: Shelf) -> None:
    row = {"note_id": 41, "content": "x", "shared_count": 0, "create_time": SECOND + 28_800, "user_id": 5}
    shelf.load(table(row))
    shelf.load(table(row | {"note_id": 42, "create_date_time": ""}))
    assert shelf.rows("SELECT DISTINCT created_ts FROM posts") == [(SECOND * 1000,)]


def test_a_chain_on_weibo_is_a_repost_and_names_in_it_are_no_mentions(shelf: Shelf) -> None:
    row = {"note_id": 41, "content": "我 @甲乙 //@丙丁:好 @戊己", "shared_count": 0, "user_id": 5, "nickname": "n"}
    shelf.load(lines(row), "f.jsonl")
    assert found(shelf)["reposts"] == {("weibo:5", "name:丙丁", "41", "parent")}
    assert found(shelf)["mentions"] == {("weibo:5", "name:甲乙", "41")}


def test_topics_of_xhs_are_marked_in_the_text_or_listed_beside_it(shelf: Shelf) -> None:
    shelf.load(lines(POSTS["xhs"][0] | {"desc": "好用 #防晒[话题]# #夏天[话题]# ", "tag_list": "夏天,海边"}), "f.jsonl")
    assert cells(shelf, "SELECT topics FROM posts") == (["防晒", "夏天", "海边"],)


def test_a_contact_is_a_fan_who_follows(shelf: Shelf) -> None:
    row = {"up_id": 1, "fan_id": 2, "up_name": "u", "fan_name": "f", "last_modify_ts": SECOND * 1000}
    shelf.load(table(row))
    assert found(shelf)["follows"] == {("bilibili:2", "bilibili:1")}
    assert shelf.rows("SELECT account_id, name FROM accounts ORDER BY 1") == [("bilibili:1", "u"), ("bilibili:2", "f")]


def test_a_dynamic_that_forwards_needs_to_say_whom_and_others_are_posts(shelf: Shelf) -> None:
    row = {"dynamic_id": 1, "user_id": "5", "user_name": "u", "text": "t", "type": "WORD", "pub_ts": SECOND}
    forwarded = row | {"type": "FORWARD"}
    report = shelf.load(
        lines(row, forwarded | {"dynamic_id": 2, "text": "t//@丙丁:好"}, forwarded | {"dynamic_id": 3}), "f.jsonl"
    )
    assert [reject.code for reject in report.rejects] == ["NO_ROOT"]
    assert shelf.rows("SELECT post_id FROM posts") == [("bilibili:1",)]
    assert found(shelf)["reposts"] == {("bilibili:5", "name:丙丁", "2", "parent")}
    shelf.load(lines(forwarded | {"dynamic_id": 3}), "f.jsonl", root="77")
    assert ("bilibili:5", "post:77", "3", "root") in found(shelf)["reposts"]


CREATORS: dict[str, dict[str, Any]] = {
    "weibo": {"tag_list": "", "gender": "f"},
    "xhs": {"tag_list": "{}", "interaction": 1},
    "douyin": {"interaction": 1, "videos_count": 7},
    "kuaishou": {"interaction": 1},
    "tieba": {"registration_duration": "3年", "user_name": "x"},
    "zhihu": {"anwser_count": 3},
}


@pytest.mark.parametrize("platform", CREATORS)
def test_creators_bring_what_their_profiles_show(shelf: Shelf, platform: str) -> None:
    name = "user_nickname" if platform == "zhihu" else "nickname"
    row = {"user_id": "5", name: "Name", "follows": "12", "fans": "3.4万", "last_modify_ts": SECOND * 1000}
    shelf.load(lines(row | CREATORS[platform]), "f.jsonl")
    query = "SELECT account_id, name, followers, followings, posts, rounded FROM accounts"
    posts = 7 if platform == "douyin" else None
    assert cells(shelf, query) == (f"{platform}:5", "Name", 34_000, 12, posts, ["followers"])


def test_the_up_of_bilibili_has_fans(shelf: Shelf) -> None:
    shelf.load(table({"user_id": 5, "nickname": "u", "sign": "hello", "total_fans": 8, "total_liked": 9}))
    assert cells(shelf, "SELECT account_id, followers, bio FROM accounts") == ("bilibili:5", 8, "hello")


def test_tieba_tells_a_writer_by_the_link_to_the_profile(shelf: Shelf) -> None:
    row = POSTS["tieba"][0]
    shelf.load(table(row | {"user_link": "https://example.invalid/home/main?id=tb.1.abc&fr=x", "user_nickname": "n"}))
    assert cells(shelf, SEEN)[0] == "tieba:portrait:tb.1.abc"


def test_only_sec_uid_is_a_kind_of_id_of_its_own(shelf: Shelf) -> None:
    shelf.load(lines(POSTS["douyin"][0] | {"user_id": "", "sec_uid": SEC}), "f.jsonl")
    assert cells(shelf, SEEN)[0] == f"douyin:sec_uid:{SEC}"


def test_a_post_of_nobody_is_kept_and_a_comment_of_nobody_is_rejected(shelf: Shelf) -> None:
    shelf.load(lines(POSTS["xhs"][0]), "f.jsonl")
    assert cells(shelf, "SELECT author, post_id FROM posts") == (None, "xhs:66aa")
    report = shelf.load(lines(COMMENTED["xhs"][0] | {"comment_id": "1", "content": "x"}), "f.jsonl")
    assert [(reject.code, reject.column) for reject in report.rejects] == [("MISSING_FIELD", "src")]


@pytest.mark.parametrize("form", FORMS)
def test_ids_stay_exact(shelf: Shelf, form: str) -> None:
    row = POSTS["douyin"][0]
    shelf.load(FORMS[form](*(row | {"aweme_id": n, "user_id": n} for n in BIG)), form)
    assert shelf.rows("SELECT account_id, post_id FROM posts JOIN accounts ON author = account_key ORDER BY 2") == [
        (f"douyin:{n}", f"douyin:{n}") for n in sorted(BIG, key=str)
    ]


def test_a_file_continued_by_another_version_does_not_shift_silently(shelf: Shelf) -> None:
    row = POSTS["weibo"][0]
    old = table(row | {"user_id": 5, "nickname": "n"})
    longer = ",".join(map(str, (row | {"creator_hash": "ab", "nickname": "n", "added": "y"}).values()))
    report = shelf.load(old + longer + "\r\n")
    assert (report.counts.accepted, [reject.code for reject in report.rejects]) == (1, ["TOO_MANY_FIELDS"])


@pytest.mark.parametrize("form", ["f.csv", "f.jsonl", "f.json"])
def test_a_cut_off_end_costs_the_last_row_only(shelf: Shelf, form: str) -> None:
    row = POSTS["douyin"][0]
    rows = [row | {"aweme_id": n, "user_id": n} for n in (1, 2, 3)]
    text = FORMS[form](*rows).rstrip()
    report = shelf.load(text[: -len(text) // 8], form)
    assert report.counts.accepted == 2 and report.counts.rejected == 1
    assert shelf.rows("SELECT post_id FROM posts ORDER BY 1") == [("douyin:1",), ("douyin:2",)]


def database(path: Path, tables: dict[str, list[dict[str, Any]]]) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, rows in tables.items():
            columns = ", ".join(f'"{column}"' for column in rows[0])
            connection.execute(f"CREATE TABLE {name} ({columns})")
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", [tuple(row.values()) for row in rows])
    return path


def workbook(path: Path, sheets: dict[str, list[dict[str, Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in [list(rows[0]), *([*row.values()] for row in rows)] if rows else []:
            sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("make", [database, workbook])
def test_all_tables_of_a_database_and_all_sheets_of_a_workbook_are_read(
    shelf: Shelf, tmp_path: Path, make: Callable[[Path, dict[str, list[dict[str, Any]]]], Path]
) -> None:
    video = POSTS["bilibili"][0] | {"user_id": "5"}
    comment = COMMENTED["bilibili"][0] | {"comment_id": "1", "content": "a", "user_id": "6", "parent_comment_id": "0"}
    contact = {"up_id": "5", "fan_id": "6", "up_name": "u", "fan_name": "f"}
    names = ["bilibili_video", "bilibili_video_comment", "bilibili_contact_info"]
    if make is workbook:
        names = ["Contents", "Comments", "Contacts"]
    path = make(tmp_path / "f.xlsx", dict(zip(names, [[video], [comment], [contact]], strict=True)))
    counts = shelf.load_file(path).counts
    assert (counts.read, counts.accepted) == (3, 3)
    edges = found(shelf)
    assert edges["follows"] == {("bilibili:6", "bilibili:5")}
    assert edges["replies"] == {("bilibili:6", "bilibili:5", "1")}


# ---------------------------------------------------------------------- f2


def test_followings_and_followers_point_opposite_ways(shelf: Shelf) -> None:
    user = {"uid": "5", "sec_uid": SEC, "nickname": "n", "follower_count": 8}
    page: dict[str, Any] = {"status_code": 0, "total": 2}
    shelf.load(json.dumps(page | {"followings": [user, {"uid": "0", "sec_uid": SEC + "2"}]}), "f.json", subject="1")
    assert found(shelf)["follows"] == {("douyin:1", "douyin:5"), ("douyin:1", f"douyin:sec_uid:{SEC}2")}
    shelf.empty()
    shelf.load(json.dumps(page | {"followers": [user]}), "f.json", subject=SEC + "2")
    assert found(shelf)["follows"] == {("douyin:5", f"douyin:sec_uid:{SEC}2")}
    assert cells(shelf, "SELECT name, followers FROM accounts WHERE account_id = 'douyin:5'") == ("n", 8)


@pytest.mark.parametrize("form", ["f.json", "f.jsonl"])
def test_pages_are_read_one_after_another_and_a_private_list_is_empty(shelf: Shelf, form: str) -> None:
    pages = [{"status_code": 0, "followers": [{"uid": str(n)}]} for n in BIG]
    pages.append({"status_code": 2096, "followers": None})
    text = lines(*pages) if form == "f.jsonl" else json.dumps(pages)
    counts = shelf.load(text, form, subject="1").counts
    assert (counts.read, counts.accepted) == (3, 3)
    assert found(shelf)["follows"] == {(f"douyin:{n}", "douyin:1") for n in BIG}


COMMENT = {
    "cid": "1",
    "aweme_id": "9",
    "text": "@a b 你好",
    "create_time": SECOND,
    "digg_count": 3,
    "reply_id": "0",
    "reply_to_reply_id": "0",
    "user": {"uid": "5", "sec_uid": SEC, "nickname": "n"},
    "text_extra": [{"start": 0, "end": 4, "sec_uid": "MS4wLjABAAAAother", "user_id": "8"}, {"hashtag_name": "t"}],
}


def test_a_mention_with_an_id_beats_the_name_in_the_text(shelf: Shelf) -> None:
    shelf.load(json.dumps({"status_code": 0, "comments": [COMMENT]}), "f.json")
    assert found(shelf)["mentions"] == {("douyin:5", "douyin:8", "1")}
    post = {"aweme_id": "9", "desc": "@a b 你好 #t", "create_time": SECOND, "author": {"uid": "5"}, "statistics": {}}
    for marks, target in (
        ({"text_extra": [{"sec_uid": SEC, "user_id": ""}]}, f"douyin:sec_uid:{SEC}"),
        ({"textExtra": [{"secUid": SEC, "userId": "8"}]}, "douyin:8"),
        ({"text_extra": [{"hashtag_name": "t"}]}, "name:a"),
        ({}, "name:a"),
    ):
        for text in (
            json.dumps({"aweme_detail": post | marks}),
            json.dumps({"status_code": 0, "aweme_list": [post | marks]}),
        ):
            shelf.empty()
            shelf.load(text, "f.json")
            assert found(shelf)["mentions"] == {("douyin:5", target, "9")}


def test_an_answer_goes_to_the_comment_it_answers(shelf: Shelf) -> None:
    answer = COMMENT | {"cid": "2", "reply_id": "1", "user": {"uid": "6"}, "text_extra": None, "text": "x"}
    second = answer | {"cid": "3", "reply_to_reply_id": "2", "user": {"uid": "7"}}
    shelf.load(json.dumps({"status_code": 0, "comments": [COMMENT | {"reply_comment": [answer]}, second]}), "f.json")
    assert found(shelf)["replies"] == {("douyin:6", "douyin:5", "2"), ("douyin:7", "douyin:6", "3")}
    assert shelf.rows("SELECT DISTINCT post_id FROM comments") == [("douyin:9",)]


USERS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "douyin": (
        {"sec_user_id": SEC, "uid": "", "nickname": "a_b", "nickname_raw": "a@b", "follower_count": 1},
        (f"douyin:sec_uid:{SEC}", "a@b", 1),
    ),
    "tiktok": ({"secUid": SEC, "uid": "5", "uniqueId": "han.dle", "followerCount": 2}, ("tiktok:5", "han.dle", 2)),
    "x": (
        {"user_unique_id": "handle", "user_rest_id": "5", "friends_count": 1, "followers_count": 3},
        ("x:5", "handle", 3),
    ),
    "weibo": ({"uid": "5", "nickname": "n", "weibo_count": 1, "followers_count": 4}, ("weibo:5", "n", 4)),
}


@pytest.mark.parametrize("platform", USERS)
def test_the_users_of_f2_are_told_by_their_columns(shelf: Shelf, tmp_path: Path, platform: str) -> None:
    row, wanted = USERS[platform]
    shelf.load_file(database(tmp_path / "users.db", {"user_info_web": [row]}))
    assert cells(shelf, "SELECT account_id, name, followers FROM accounts") == wanted


def test_the_videos_of_f2_keep_their_mentions_and_are_dated_in_beijing(shelf: Shelf, tmp_path: Path) -> None:
    row = {"aweme_id": str(2**63 - 1), "sec_user_id": SEC, "uid": "5", "desc": "_甲乙 来", "desc_raw": "@甲乙 来"}
    row |= {"create_time": "2024-01-02 03-04-05", "nickname": "n_", "nickname_raw": "n@"}
    shelf.load_file(database(tmp_path / "v.db", {"video_info": [row]}))
    assert cells(shelf, "SELECT post_id, created_ts FROM posts") == (f"douyin:{2**63 - 1}", SECOND * 1000)
    assert found(shelf)["mentions"] == {("douyin:5", "name:甲乙", str(2**63 - 1))}
