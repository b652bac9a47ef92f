"""Tables that look alike: accounts, posts, reposts, comments and price lists are told apart, or asked about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kolgraph.errors import UnknownFormat
from tests.worlds.shelf import Shelf

REPOSTS = "SELECT s.account_id, d.account_id AS dst, root_id, kind FROM reposts JOIN accounts s ON s.account_key = src "
REPOSTS += "LEFT JOIN accounts d ON d.account_key = dst ORDER BY post_id"

# ---------------------------------------------------------------------- prices


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("id,username,name,link,quote_count,likes", "12,kol,Kol,https://x.com/kol/status/12,3000,5"),
        ("username,name,link,quoted_user,tweets", "kol,Kol,https://x.com/kol,fan,5"),
        ("username,name,link,quote_url", "kol,Kol,https://x.com/kol,https://x.com/fan/status/1"),
        ("昵称,主页链接,报价说明", "甲,https://weibo.com/u/1000000011,请联系经纪人"),
        ("昵称,主页链接,评价", "甲,https://weibo.com/u/1000000011,4.8"),
    ],
)
def test_a_word_that_sounds_like_a_price_makes_no_price_list(shelf: Shelf, header: str, cells: str) -> None:
    with pytest.raises(UnknownFormat, match="are not recognised"):
        shelf.load(f"{header}\n{cells}\n")


@pytest.mark.parametrize("cell", ["3000", "3,000", "0.3万", "¥3000元", "2000-3000"])
def test_amounts_make_a_price_list(shelf: Shelf, cell: str) -> None:
    for header in ("昵称,主页链接,报价", "name,link,quote", "name,link,price"):
        report = shelf.load(
            f'{header}\n甲,https://weibo.com/u/1000000011,"{cell}"\n乙,https://weibo.com/u/1000000012,面议\n'
        )
        assert report.loader == "planner"
    assert shelf.rows("SELECT price_cny::INTEGER AS p FROM accounts ORDER BY account_id") == [(3000,), (None,)]


# ---------------------------------------------------------------------- accounts


@pytest.mark.parametrize(
    "header",
    [
        "id,created_at,text",
        "id,weibo_id,created_at,user_screen_name,text,pic_url,like_count",
        "id,created_at",
        "id,name,content",
        "id,name,retweet_count",
        "id,name,post_id",
        "user_id,name,text,created_at",
        "uid,昵称,正文",
    ],
)
def test_an_id_alone_is_no_account(shelf: Shelf, header: str) -> None:
    rows = ",".join("1213456789012345678" if k == 0 else "2024" for k in range(header.count(",") + 1))
    with pytest.raises(UnknownFormat, match=r"are not recognised; say what they are"):
        shelf.load(f"{header}\n{rows}\n")
    with pytest.raises(UnknownFormat):
        shelf.load(json.dumps(dict(zip(header.split(","), rows.split(","), strict=True))) + "\n", "f.jsonl")


@pytest.mark.parametrize(
    "header", ["id,name", "id,followers", "uid,created_at", "account,text_language,niche", "id,bio"]
)
def test_profiles_are_accounts(shelf: Shelf, header: str) -> None:
    value = "2024-01-01" if "created" in header else "2024"
    shelf.load(f"{header}\n7{f',{value}' * header.count(',')}\n")
    assert shelf.rows("SELECT account_id FROM accounts") == [("local:7",)]


# ---------------------------------------------------------------------- reposts among posts


@pytest.mark.parametrize(
    "root",
    ["retweet_id", "retweeted_id", "retweeted_status_id", "Repost Of", "original_post_id", "转发微博ID", "rt_id"],
)
@pytest.mark.parametrize("nothing", ["", "NA", "None"])
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rows_that_name_what_they_repost_are_reposts(shelf: Shelf, root: str, nothing: str, form: str) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "11", "user_id": "7", "text": "own", root: nothing, "likes": "5", "x": ""},
        {"id": "12", "user_id": "8", "text": "", root: "11", "likes": "6", "x": ""},
    ]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    text = "\n".join(lines if form == "csv" else map(json.dumps, rows)) + "\n"
    report = shelf.load(text, f"f.{form}", platform="weibo")
    assert shelf.rows("SELECT post_id, text, likes FROM posts") == [("weibo:11", "own", 5)]
    assert shelf.rows("SELECT post_id, root_id, likes FROM reposts") == [("weibo:12", "weibo:11", 6)]
    assert shelf.rows(REPOSTS) == [("weibo:8", "weibo:7", "weibo:11", "repost")]
    assert report.decisions[0].startswith(f"repost where {root} is given: root = {root}; else post: post = id")


def test_the_author_of_what_is_reposted_may_stand_beside_it(shelf: Shelf) -> None:
    shelf.load("post,author,retweet_id,retweeted_user_id\n12,8,11,7\n", platform="x")
    assert shelf.rows(REPOSTS) == [("x:8", "x:7", "x:11", "repost")]


@pytest.mark.parametrize("about", ["weibo_id", "post_id", "note_id", "微博id", "aweme_id"])
def test_what_may_be_comments_or_reposts_is_asked_about(shelf: Shelf, about: str) -> None:
    text = f"id,{about},user_id,text\n12,11,8,好\n13,11,9,好\n"
    with pytest.raises(UnknownFormat):
        shelf.load(text, platform="weibo")
    mapping = {"comment": "id", "post": about, "src": "user_id"}
    shelf.load(text, platform="weibo", record="comment", mapping=mapping)
    assert shelf.rows("SELECT count(*) AS n FROM comments") == [(2,)]


# ---------------------------------------------------------------------- what nobody reads


def test_columns_that_nobody_reads_are_named(shelf: Shelf) -> None:
    report = shelf.load("post,author,weather,mood\n1,2,3,4\n")
    assert report.decisions[0] == "post: post = post, author = author; not used: weather, mood"
    assert "not used" not in shelf.load("post,author\n1,2\n").decisions[0]
    report = shelf.load("昵称,主页链接,报价,经纪人\n甲,https://weibo.com/u/1000000011,300,丁\n")
    assert report.decisions[0].endswith("; not used: 经纪人")


def test_the_line_about_them_is_short(shelf: Shelf) -> None:
    many = [f"column_{k}" for k in range(300)] + ["y" * 500]
    report = shelf.load(f"post,author,{'y' * 500},{','.join(many[:300])}\n1,2{',' * 301}\n")
    assert report.decisions[0].endswith("column_9, column_10 and 289 more")
    assert len(report.decisions[0]) < 300


# ---------------------------------------------------------------------- crawlers of other years

TWARC1 = "id,created_at,user_screen_name,text,tweet_type,retweet_or_quote_id,retweet_or_quote_screen_name,"
TWARC1 += "retweet_or_quote_user_id,user_id,in_reply_to_status_id,in_reply_to_user_id\n"


def test_tweets_of_twarc_1_say_what_they_are(shelf: Shelf) -> None:
    at = "Wed Jan 01 10:00:00 +0000 2020"
    rows = f"11,{at},fan,RT @kol: hello,retweet,1,kol,55,77,,\n12,{at},fan,look,quote,1,kol,55,77,,\n"
    rows += f"13,{at},fan,hi,original,,,,77,,\n14,{at},fan,@kol yes,reply,,,,77,1,55\n15,{at},fan,?,other,,,,77,,\n"
    report = shelf.load(TWARC1 + rows)
    assert [reject.code for reject in report.rejects] == ["NO_RECORD"]
    assert shelf.rows(REPOSTS) == [("x:77", "x:55", "x:1", "repost"), ("x:77", "x:55", "x:1", "quote")]
    assert shelf.rows("SELECT post_id FROM posts ORDER BY 1") == [("x:12",), ("x:13",), ("x:14",)]
    assert shelf.rows("SELECT comment_id, post_id FROM comments") == [("x:14", "x:1")]
    assert shelf.rows("SELECT account_id, name FROM accounts ORDER BY 1") == [("x:55", "kol"), ("x:77", "fan")]


def test_tweets_of_twitwi_say_what_they_are(shelf: Shelf) -> None:
    header = "id,timestamp_utc,user_screen_name,text,user_id,retweeted_id,retweeted_user,retweeted_user_id,quoted_id,"
    header += "quoted_user_id,to_tweetid,to_userid\n"
    rows = "11,1577872800,fan,RT @kol: hello,77,1,kol,55,,,,\n12,1577872800,fan,look,77,,,,1,55,,\n"
    assert shelf.load(f"{header}{rows}13,1577872800,fan,@kol yes,77,,,,,,1,55\n").rejects == []
    assert shelf.rows(REPOSTS) == [("x:77", "x:55", "x:1", "repost"), ("x:77", "x:55", "x:1", "quote")]
    assert shelf.rows("SELECT created_ts FROM posts") == [(1577872800000,)] * 2
    assert shelf.rows("SELECT comment_id FROM comments") == [("x:13",)]


def test_tweets_of_twint_are_posts(shelf: Shelf) -> None:
    header = "id,conversation_id,created_at,date,time,timezone,user_id,username,name,tweet,link,retweet,quote_url,"
    header += "user_rt_id,user_rt,retweet_id,retweet_date\n"
    rows = "11,11,2020-01-01 10:00:00 UTC,2020-01-01,10:00:00,+0000,77,fan,Fan,hello,https://x.com/fan/status/11,False,"
    rows += (
        ",,,,\n12,12,2020-01-01 10:00:00 UTC,2020-01-01,10:00:00,+0000,55,kol,Kol,hi,https://x.com/kol/status/12,True,"
    )
    assert shelf.load(f"{header}{rows},77,fan,13,2020-01-02 10:00:00\n").rejects == []
    assert shelf.rows("SELECT post_id, created_ts, text FROM posts") == [("x:11", 1577872800000, "hello")]
    assert shelf.rows(REPOSTS) == [("x:77", "x:55", "x:12", "repost")]
    assert shelf.rows("SELECT price_cny FROM accounts WHERE price_cny IS NOT NULL") == []


WEIBO = {"id": "4955123456789123", "bid": "Nn80Nsu9Z", "user_id": "1000000012", "screen_name": "乙", "text": "好"}
WEIBO |= {"created_at": "2024-01-02 04:04:05", "attitudes_count": "1", "reposts_count": "3"}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_tables_of_a_database_are_read_as_the_database_is(shelf: Shelf, form: str) -> None:
    comment = {
        "id": "5",
        "weibo_id": WEIBO["id"],
        "root_id": "",
        "user_id": "8",
        "user_screen_name": "丁",
        "text": "嗯",
    }
    repost = {"id": "6", "weibo_id": WEIBO["id"], "user_id": "9", "user_screen_name": "戊", "text": "看"}
    for row in (WEIBO | {"retweet_id": "4955012345678907"}, comment, repost):
        text = f"{','.join(row)}\n{','.join(row.values())}\n" if form == "csv" else json.dumps(row) + "\n"
        assert shelf.load(text, f"f.{form}").rejects == []
    root = ("weibo:4955012345678907", "repost")
    assert shelf.rows(REPOSTS) == [
        ("weibo:1000000012", None, *root),
        ("weibo:9", "weibo:1000000012", f"weibo:{WEIBO['id']}", "repost"),
    ]
    assert shelf.rows("SELECT likes, reposts FROM reposts WHERE likes IS NOT NULL") == [(1, 3)]
    assert shelf.rows("SELECT comment_id FROM comments") == [("weibo:5",)]
    assert shelf.rows("FROM posts") == []


def test_collections_of_an_old_crawler_are_reposts_and_comments(shelf: Shelf) -> None:
    row = {"_id": "12", "user_id": "8", "content": "好", "weibo_id": "11", "created_at": "2020-01-02 03:04"}
    shelf.load(json.dumps(row | {"crawl_time": 1577935845}), "repost.json")
    row = {"_id": "13", "comment_user_id": "9", "content": "好", "weibo_id": "12", "like_num": 3}
    shelf.load(json.dumps(row | {"created_at": "2020-01-02 03:04"}), "comment.json")
    assert shelf.rows(REPOSTS) == [("weibo:8", None, "weibo:11", "repost")]
    assert shelf.rows("SELECT comment_id, account_id, likes FROM comments JOIN accounts ON account_key = dst") == [
        ("weibo:13", "weibo:8", 3)
    ]
