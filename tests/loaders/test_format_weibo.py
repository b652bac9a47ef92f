"""Weibo crawlers: every sample in every dress, and the traps of their formats."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError
from tests.worlds.samples import SAMPLES, check, clothes, expected, found
from tests.worlds.shelf import Shelf

FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "weibo-crawler/样例乙/1000000002.csv": ("", {}),
    "weibo-crawler/样例乙/1000000002.json": ("", {}),
    "weiboSpider/样例乙/1000000002.csv": ("", {}),
    "weibo-search/结果文件/样例词/样例词.csv": ("", {}),
    "nghuyong/fan_*.jsonl": ("nghuyong/fan_20240102030405.jsonl", {}),
    "nghuyong/follower_*.jsonl": ("nghuyong/follower_20240102030405.jsonl", {}),
    "nghuyong/repost_*.jsonl": ("nghuyong/repost_20240102030405.jsonl", {}),
    "nghuyong/tweet_spider_by_user_id_*.jsonl": ("nghuyong/tweet_spider_by_user_id_20240102030405.jsonl", {}),
    "nghuyong/comment_*.jsonl": ("nghuyong/comment_20240102030405.jsonl", {}),
    "spiderclub/user_relation.csv": ("", {}),
    "spiderclub/weibo_repost.csv": ("", {}),
}


@pytest.mark.parametrize("name", FILES)
def test_samples_give_the_expected_edges_in_every_dress(shelf: Shelf, tmp_path: Path, name: str) -> None:
    wanted = expected(name)
    if name.startswith("nghuyong/repost"):  # the expectation leaves out what the chain says of its end
        wanted["optional"] = {
            "reposts": [["name:样例丙", "post:4900000000000100", "4900000000000207", "chain_to_root"]]
        }
    file = SAMPLES / (FILES[name][0] or name)
    for number, (_, ending, data) in enumerate(clothes(file.read_bytes(), header=file.suffix == ".csv")):
        shelf.empty()
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / (file.name + ending)
        path.write_bytes(data)
        report = shelf.load_file(path, **FILES[name][1])
        check(shelf, wanted)
        if "rows" in wanted:
            assert report.counts.read == wanted["rows"]
        codes = [(reject.code, reject.partly) for reject in report.rejects]
        assert codes == [(r["code"], False) for r in wanted.get("rejects") or []]
        once = shelf.content()
        path.write_bytes(data + b"\n" if ending == "" else path.read_bytes())
        again = shelf.load_file(path, **FILES[name][1])
        assert again.known or again.counts.accepted == 0
        assert shelf.content() == once


@pytest.mark.parametrize("name", FILES)
def test_a_cut_off_file_is_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    expected(name)
    file = SAMPLES / (FILES[name][0] or name)
    path = tmp_path / file.name
    for cut in (3, 40):
        path.write_bytes(file.read_bytes()[:-cut])
        with suppress(InputError):  # nothing may be left of a file of one line
            shelf.load_file(path)  # the shelf counts


def test_an_sqlite_file_loads_all_its_tables(shelf: Shelf) -> None:
    wanted = expected("weibo-crawler/weibodata.db")
    report = shelf.load_file(SAMPLES / "weibo-crawler" / "weibodata.db")
    check(shelf, wanted)
    assert report.counts.read == 3
    assert shelf.rows("SELECT followers FROM accounts WHERE account_id = 'weibo:1000000002'") == [(12000,)]


def test_profiles_are_read(shelf: Shelf) -> None:
    expected("nghuyong/fan_*.jsonl")
    shelf.load_file(SAMPLES / "weibo-crawler" / "users.csv")
    shelf.load_file(SAMPLES / "nghuyong" / "user_spider_20240102030405.jsonl")
    found = "SELECT account_id, name, followers, region, ip_region, verified, nullif(bio, '') FROM accounts ORDER BY 1"
    assert shelf.rows(found) == [
        ("weibo:1000000001", "样例甲", 1_000_000, "北京 海淀区", "北京", "person", None),
        ("weibo:1000000002", "样例乙", 12_000, "上海", "上海", "person", "简介, 带逗号"),
    ]


def test_counts_say_whether_they_were_rounded(shelf: Shelf) -> None:
    wanted = expected("weibo-search/结果文件/样例词/样例词.csv")["counts"]
    shelf.load_file(SAMPLES / "weibo-search" / "结果文件" / "样例词" / "样例词.csv")
    ((post, *values, rounded),) = shelf.rows("SELECT post_id, reposts, comments, likes, rounded FROM posts")
    found = dict(zip(("reposts", "comments", "likes"), values, strict=True))
    assert {post.split(":")[1]: {k: [v, k not in rounded] for k, v in found.items()}} == wanted


# ---------------------------------------------------------------------- traps, by hand


def post(number: int, **more: Any) -> str:
    """A line of nghuyong's WeiboSpider."""
    row: dict[str, Any] = {
        "_id": str(4900000000000000 + number),
        "mblogid": f"P{number}",
        "created_at": "2024-01-02 04:00:00",
    }
    row |= {"content": "hi", "user": {"_id": "7", "nick_name": "甲"}, "crawl_time": 1704135845}
    return json.dumps(row | more, ensure_ascii=False) + "\n"


def test_an_old_repost_names_its_root_on_the_command_line(shelf: Shelf) -> None:
    lines = post(1) + post(2, content="转发微博//@乙:x")
    report = shelf.load(lines, "repost_x.jsonl", root="4900000000000009")
    assert report.counts.accepted == 0 or report.counts.rejected == 0
    shelf.empty()
    path = shelf.folder / "repost_20230101.jsonl"
    path.write_text(lines)
    assert [r.code for r in shelf.load_file(path).rejects] == ["NO_ROOT"]  # of the second the chain says something
    shelf.empty()
    assert shelf.load_file(path, root="4900000000000009").counts.accepted == 2
    assert shelf.rows("SELECT DISTINCT root_id FROM reposts") == [("weibo:4900000000000009",)]
    path.unlink()


def test_relative_times_count_from_the_crawl_not_from_now(shelf: Shelf) -> None:
    shelf.load(post(1, created_at="3分钟前"), "tweet.jsonl")
    assert shelf.rows("SELECT created_ts FROM posts") == [((1704135845 - 180) * 1000,)]


def test_custom_domains_are_no_uids(shelf: Shelf) -> None:
    line = {
        "follower_id": "1",
        "fan_info": {"_id": "yang_li", "nick_name": "x"},
        "_id": "1_yang_li",
        "crawl_time": 1704135845,
    }
    shelf.load(json.dumps(line), "fan_1.jsonl")
    assert shelf.rows("SELECT account_id FROM accounts ORDER BY 1") == [("weibo:1",), ("weibo:domain:yang_li",)]


def test_ids_end_in_a_tab_and_rows_are_ragged(shelf: Shelf) -> None:
    header = "id,bid,正文,点赞数,评论数,转发数,日期,是否原创,源用户id,源用户昵称,源微博id,源微博正文\n"
    rows = "4900000000000101\t,Pa,一,1,2,3,2019-07-01,True\n4900000000000102\t,Pb,二,0,0,0,2019-07-02,False,9,乙,"
    path = shelf.folder / "1000000002.csv"
    path.write_text("\ufeff" + header + rows + "4900000000000100\t,原文\n", encoding="utf-8")
    report = shelf.load_file(path)
    path.unlink()
    assert report.counts.accepted == 2
    assert shelf.rows("SELECT post_id, likes FROM posts ORDER BY 1") == [
        ("weibo:4900000000000100", None),
        ("weibo:4900000000000101", 1),
    ]
    assert shelf.rows("SELECT post_id, root_id, evidence FROM reposts") == [
        ("weibo:4900000000000102", "weibo:4900000000000100", "root_only")
    ]


@pytest.mark.parametrize("big", [2**53 - 1, 2**53 + 1, 2**63 - 1])
def test_big_ids_are_exact(shelf: Shelf, big: int, tmp_path: Path) -> None:
    shelf.load(post(1, _id=big, user={"_id": big}), "tweet.jsonl")
    with sqlite3.connect(tmp_path / "weibodata.db") as db:
        db.execute("CREATE TABLE reposts (id, bid, weibo_id, user_id, created_at, user_screen_name, text, like_count)")
        db.execute("INSERT INTO reposts VALUES (?, '', ?, ?, '2024-01-01 00:00:00', 'x', '', 0)", (big - 1, big, big))
    db.close()
    shelf.load_file(tmp_path / "weibodata.db")
    assert shelf.rows("SELECT account_id FROM accounts") == [(f"weibo:{big}",)]
    assert shelf.rows("SELECT post_id, root_id FROM reposts") == [(f"weibo:{big - 1}", f"weibo:{big}")]
    assert shelf.rows("SELECT post_id FROM posts") == [(f"weibo:{big}",)]


def test_hashed_names_of_weiboscope_are_accounts(shelf: Shelf) -> None:
    shelf.load(
        "mid,retweeted_status_mid,uid,retweeted_uid,source,image,text,geo,created_at,deleted_last_seen,permission_denied\n"
        "mA,mR,uA,,web,0,好看//@uB：  //@ukn：  转发微博,,2012-01-03 02:02:27,,\n"
        "mB,mR,uB,uR,web,0,转发,,2012-01-03 02:00:00,,\n",
        "week1.csv",
    )
    parents = shelf.rows(
        "SELECT s.account_id AS a, d.account_id AS b FROM repost_edges e JOIN accounts s ON s.account_key = e.src "
        "JOIN accounts d ON d.account_key = e.dst WHERE kind = 'parent'"
    )
    assert parents == [("weibo:uA", "weibo:uB")]


def test_an_export_without_ids_has_posts_and_names(shelf: Shelf) -> None:
    text = "标题,txt,图片,from1\n样例甲,今天 #样例话题#,,2024年05月20日 08:01\n样例乙,嗯,,05月20日 08:01\n"
    shelf.load(text, "weibo.csv")
    shelf.load(text + "\n", "weibo.csv")
    found = shelf.rows(
        "SELECT account_id, p.created_ts IS NULL FROM posts p JOIN accounts ON account_key = author ORDER BY 1"
    )
    assert found == [("weibo:name:样例乙", True), ("weibo:name:样例甲", False)]


# ---------------------------------------------------------------------- answers of m.weibo.cn and weibo.com


def mblog(number: int, uid: Any, text: str = "原文", **more: Any) -> dict[str, Any]:
    """A post as the pages of Weibo answer it."""
    user = {"id": uid, "screen_name": f"u{uid}", "followers_count": "1.2万", "follow_count": 3, "verified": False}
    base = {"id": str(4900000000000000 + number), "mid": str(4900000000000000 + number), "text": text, "user": user}
    return base | {"created_at": "Tue Jan 02 11:04:05 +0800 2024", "reposts_count": "100万+"} | more


def test_answers_hold_posts_wherever_they_lie(shelf: Shelf) -> None:
    deleted = {"id": "4900000000000009", "mid": "4900000000000009", "text": "抱歉", "user": None, "created_at": ""}
    again = mblog(2, 8, "转发<a href='/n/乙'>@乙</a>", raw_text="好//@乙:看", retweeted_status=mblog(1, 7))
    cards = [{"mblog": mblog(3, 9)}, {"card_group": [{"mblog": again}]}, {"title": "no post"}]
    found_all = []
    for answer in (
        json.dumps({"ok": 1, "data": {"cards": cards}}, ensure_ascii=False, indent=1),
        json.dumps({"ok": 1, "data": {"data": [again, mblog(3, 9)], "max": 1}}) + "\n",
        json.dumps({"ok": 1, "data": [again, mblog(3, 9)]}) + "\n",
        "".join(json.dumps(card) + "\n" for card in cards[:2]),
        json.dumps(again) + "\n" + json.dumps(mblog(3, 9)) + "\n",
        json.dumps([mblog(3, 9), again]),
    ):
        shelf.empty()
        report = shelf.load(answer, "answer.json")
        assert (report.loader[:9], report.rejects, report.counts.accepted) == ("weibo-api", [], 3)
        found_all.append((found(shelf), shelf.rows("SELECT post_id, created_ts, reposts, text FROM posts ORDER BY 1")))
    assert all(one == found_all[0] for one in found_all)
    edges, posts = found_all[0]
    assert edges["reposts"] == {
        ("weibo:8", "weibo:7", "4900000000000002", "root"),
        ("weibo:8", "name:乙", "4900000000000002", "parent"),
        ("name:乙", "weibo:7", "4900000000000002", "chain_to_root"),
    }
    assert posts == [
        ("weibo:4900000000000001", 1704164645000, 1000000, "原文"),
        ("weibo:4900000000000003", 1704164645000, 1000000, "原文"),
    ]
    accounts = "SELECT account_id, name, followers, followings FROM accounts ORDER BY 1"
    assert shelf.rows(accounts) == [(f"weibo:{uid}", f"u{uid}", 12000, 3) for uid in (7, 8, 9)]
    shelf.empty()
    shelf.load(json.dumps(mblog(2, 8, retweeted_status=deleted)) + "\n", "posts.jsonl")
    assert shelf.rows("SELECT dst, root_id FROM reposts") == [(None, "weibo:4900000000000009")]
    assert shelf.rows("SELECT post_id FROM posts") == []


def test_in_answers_names_are_links_and_times_may_be_those_of_the_ids(shelf: Shelf) -> None:
    text = "看<a href='/n/品牌甲'>@品牌甲</a><span class=\"surl-text\">#新品#</span>"
    shelf.load(json.dumps(mblog(1, 7, text, created_at="3分钟前", region_name="发布于 上海")) + "\n", "posts.jsonl")
    assert found(shelf)["mentions"] == {("weibo:7", "name:品牌甲", "4900000000000001")}
    made = ((4900000000000001 >> 22) + 515483463) * 1000
    assert shelf.rows("SELECT topics, created_ts FROM posts") == [(["新品"], made)]
    assert shelf.rows("SELECT ip_region FROM accounts") == [("上海",)]


def test_lists_of_followers_need_to_know_whose_and_which(shelf: Shelf) -> None:
    users = [{"id": 1, "idstr": "1", "screen_name": "a", "location": "北京"}, {"id": 2, "screen_name": "b"}]
    answer = json.dumps({"ok": 1, "users": users, "total_number": 2})
    for options in ({}, {"subject": "9"}, {"direction": "forward"}):
        with pytest.raises(InputError, match=r"add (record|direction|subject)"):
            shelf.load(answer, "fans.json", **options)
    shelf.load(answer, "fans.json", subject="9", direction="forward")
    assert found(shelf)["follows"] == {("weibo:1", "weibo:9"), ("weibo:2", "weibo:9")}
    shelf.empty()
    shelf.load(answer, "friends.json", subject="9", direction="backward")
    assert found(shelf)["follows"] == {("weibo:9", "weibo:1"), ("weibo:9", "weibo:2")}
    assert shelf.rows("SELECT name, region FROM accounts WHERE account_id = 'weibo:1'") == [("a", "北京")]


def test_comments_in_answers_need_their_post_and_empty_answers_are_counted(shelf: Shelf) -> None:
    comment = {"id": 5, "text": "好", "created_at": "Tue Jan 02 11:04:05 +0800 2024", "user": mblog(0, 8)["user"]}
    lines = json.dumps({"ok": 1, "data": {"data": [comment]}}) + "\n" + json.dumps({"ok": 0, "data": {}}) + "\n"
    assert [(r.line, r.code) for r in shelf.load(lines, "c.jsonl").rejects] == [(1, "NO_TARGET"), (2, "NO_RECORD")]
    report = shelf.load(lines, "c.jsonl", root="4900000000000001")
    assert [r.code for r in report.rejects] == ["NO_RECORD"]
    assert shelf.rows("SELECT comment_id, post_id FROM comments") == [("weibo:5", "weibo:4900000000000001")]
    profile = {"ok": 1, "data": {"user": {"id": 6, "screen_name": "c", "verified": True, "verified_type": 3}}}
    shelf.load(json.dumps(profile), "info.json")
    assert shelf.rows("SELECT verified FROM accounts WHERE account_id = 'weibo:6'") == [("media",)]


@pytest.mark.parametrize("big", [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1])
def test_big_ids_in_answers_are_exact(shelf: Shelf, big: int) -> None:
    for form in (int, str):
        shelf.empty()
        original = mblog(1, form(big - 1), mid=form(big - 2))
        again = mblog(2, form(big), mid=form(big), retweeted_status=original)
        shelf.load(json.dumps({"ok": 1, "data": [again]}), "a.json")
        assert found(shelf)["reposts"] == {(f"weibo:{big}", f"weibo:{big - 1}", str(big), "root")}
        assert shelf.rows("SELECT root_id FROM reposts") == [(f"weibo:{big - 2}",)]


def test_damaged_answers_are_accounted_for(shelf: Shelf) -> None:
    data = (json.dumps({"ok": 1, "data": [mblog(2, 8, retweeted_status=mblog(1, 7))]}) + "\n").encode() * 3
    chance = random.Random(5)
    for _ in range(20):
        at, width = chance.randrange(len(data)), chance.choice((0, 1, 30))
        with suppress(InputError):
            shelf.load(data[:at] + chance.choice((b"", b'"', b"\xff", b"\n", b"}")) + data[at + width :], "a.jsonl")
