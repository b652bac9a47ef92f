"""Research tools (Hoaxy, QUT, CooRTweet, 4CAT): every sample in every dress, and the traps of their formats."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from kolgraph.errors import InputError
from tests.worlds.samples import SAMPLES, check_in_every_dress, clothes, expected, found
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
NAMES = ("hoaxy/hoaxy.csv", "qut/messages.csv", "4cat/twitter.csv")


@pytest.mark.parametrize("name", NAMES)
def test_samples_give_the_expected_edges_in_every_dress(shelf: Shelf, tmp_path: Path, name: str) -> None:
    check_in_every_dress(shelf, tmp_path, name)


def test_shares_of_coortweet_are_the_same_in_every_dress(shelf: Shelf, tmp_path: Path) -> None:
    expected("qut/messages.csv")  # skips without samples; those of CooRTweet have no expectation of their own
    file = SAMPLES / "coortweet" / "coortweet.csv"
    for number, (_, ending, data) in enumerate(clothes(file.read_bytes(), header=True)):
        shelf.empty()
        path = tmp_path / f"{number}.csv{ending}"
        path.write_bytes(data)
        assert shelf.load_file(path).rejects == []
        assert found(shelf)["reposts"] == {("11", "post:999", "1001", "root"), ("12", "post:999", "1002", "root")}


@pytest.mark.parametrize("name", [*NAMES, "coortweet/coortweet.csv"])
def test_a_cut_off_sample_gives_no_other_edges(shelf: Shelf, tmp_path: Path, name: str) -> None:
    expected("qut/messages.csv")  # skips without samples
    data = (SAMPLES / name).read_bytes().rstrip()
    shelf.load_file(SAMPLES / name)
    whole = set().union(*found(shelf).values())
    for cut in range(1, 40, 13):
        shelf.empty()
        path = tmp_path / Path(name).name
        path.write_bytes(data[:-cut])
        with suppress(InputError):
            shelf.load_file(path)  # the shelf counts
        assert len(set().union(*found(shelf).values()) - whole) <= 1  # nobody sees that a number was cut


@pytest.mark.parametrize("name", [*NAMES, "coortweet/coortweet.csv"])
def test_damaged_samples_are_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: samples not checked")
    data, chance = (SAMPLES / name).read_bytes(), random.Random(5)
    for _ in range(12):
        at, width = chance.randrange(len(data)), chance.choice((0, 1, 30))
        path = tmp_path / Path(name).name
        path.write_bytes(data[:at] + chance.choice((b"", b'"', b"\xff", b"\n", b",")) + data[at + width :])
        with suppress(InputError):
            shelf.load_file(path)  # the shelf counts


def test_links_of_messages_are_read_in_both_spellings(shelf: Shelf) -> None:
    wanted = expected("qut/messages.csv")["urls"]
    shelf.load_file(SAMPLES / "qut" / "messages.csv")
    urls = {post.split(":")[-1]: links for post, links in shelf.rows("SELECT post_id, urls FROM posts")}
    assert {post: links for post, links in urls.items() if links} == wanted


# ---------------------------------------------------------------------- traps, by hand


def test_in_hoaxy_a_retweet_runs_with_the_information_and_a_mention_from_its_writer(shelf: Shelf) -> None:
    shelf.load(
        "from_user_id,from_user_screen_name,is_mention,to_user_id,to_user_screen_name,tweet_created_at,tweet_id,"
        "tweet_type\n"
        "1,kol,FALSE,2,fan,2024-01-02T03:04:05Z,11,retweet\n"
        "1,kol,FALSE,3,wit,2024-01-02T03:04:05Z,12,quote\n"
        "1,kol,TRUE,9,brand,2024-01-02T03:04:05Z,10,origin\n"
        "4,fan4,FALSE,1,kol,2024-01-02T03:04:05Z,13,reply\n"
    )
    edges = found(shelf)
    assert edges["reposts"] == {("x:2", "x:1", "11", "root")}
    assert edges["quotes"] == {("x:3", "x:1", "12")}
    assert edges["mentions"] == {("x:1", "x:9", "10")}
    assert edges["replies"] == {("x:4", "x:1", "13")}


def test_seconds_have_fractions_in_qut_and_are_utc_in_coortweet(shelf: Shelf) -> None:
    shelf.load(
        "message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n"
        "1,11,a,9,,RT,1704135845.5,\n2,12,b,,1,hi,1704135846,\n3,13,c,,,hm,soon,\n"
    )
    assert shelf.rows("SELECT ts FROM reposts") == [(1704135845500,)]
    assert shelf.rows("SELECT comment_id, post_id FROM comments") == [("local:2", "local:1")]
    shelf.empty()
    shelf.load(
        "object_id,account_id,content_id,timestamp_share\n9,11,1,1704135845\n9,12,2,2024-01-01 19:04:05\n",
        platform="weibo",
    )
    assert shelf.rows("SELECT src, ts FROM reposts ORDER BY 1") == [(0, 1704135845000), (1, 1704135845000)]
    assert shelf.rows("SELECT account_id FROM accounts ORDER BY 1") == [("weibo:11",), ("weibo:12",)]


def test_4cat_exports_name_authors_and_give_ids_where_they_can(shelf: Shelf) -> None:
    shelf.load(
        "id,thread_id,timestamp,unix_timestamp,body,author,author_id,is_retweet,retweeted_user,is_reply,replied_user,"
        "hashtags,retweet_count\n"
        '5,5,2024-01-02 03:04:05,1704164645,hi @a #T,fan,7,no,,no,,"T,U",3\n'
        "6,5,2024-01-02 03:05:05,1704164705,@fan yes,kol,8,no,,yes,fan,,0\n"
    )
    assert shelf.rows("SELECT topics, reposts, created_ts FROM posts WHERE post_id = 'x:5'") == [
        (["T", "U"], 3, 1704164645000)
    ]
    assert found(shelf)["mentions"] == {("x:7", "name:a", "5")}
    assert found(shelf)["replies"] == {("x:8", "x:7", "6")}
    shelf.empty()
    shelf.load(
        "id,thread_id,timestamp,body,author,author_user_id,author_nickname,hashtags,mentions,forward_count\n"
        '5,5,2024-01-02 03:04:05,好,n,7,甲,"美妆",'
        '"https://www.douyin.com/user/MS4wA,https://www.douyin.com/user/MS4wB",2\n'
    )
    assert found(shelf)["mentions"] == {
        ("douyin:7", "douyin:sec_uid:MS4wA", "5"),
        ("douyin:7", "douyin:sec_uid:MS4wB", "5"),
    }
    assert shelf.rows("SELECT created_ts FROM posts") == [(1704164645000,)]
    shelf.empty()
    shelf.load("id,thread_id,timestamp,body,author\n5,5,2024-01-02 03:04:05,hi,小明\n", platform="zhihu")
    assert shelf.rows("SELECT account_id FROM accounts") == [("zhihu:小明",)]


def test_in_hoaxy_mentions_of_answers_are_mentions_and_times_are_utc(shelf: Shelf) -> None:
    names = "from_user_id,is_mention,to_user_id,tweet_created_at,tweet_id,tweet_type,canonical_url\n"
    report = shelf.load(
        f"{names}4,FALSE,1,2024-01-02T03:04:05,13,reply,\n4,TRUE,9,2024-01-02T03:04:05,13,reply,\n"
        "5,false,,2024-01-02T03:04:05Z,14,origin,https://a.example/1\n5,,6,2024-01-02 03:04:05,15,retweet,\n"
        "5,FALSE,6,2024-01-02T03:04:05Z,16,unheard of,\n"
    )
    edges = found(shelf)
    assert edges["replies"] == {("x:4", "x:1", "13")}
    assert edges["mentions"] == {("x:4", "x:9", "13")}
    assert edges["reposts"] == {("x:6", "x:5", "15", "root")}
    assert shelf.rows("SELECT post_id, urls FROM posts") == [("x:14", ["https://a.example/1"])]
    times = "SELECT created_ts FROM posts UNION SELECT ts FROM comments UNION SELECT ts FROM reposts"
    assert shelf.rows(times) == [(1704164645000,)]
    assert [(r.line, r.code) for r in report.rejects] == [(6, "NO_RECORD")]


QUT = "message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n"


def test_in_qut_tweets_have_relative_times_and_what_is_no_time_is_rejected(shelf: Shelf) -> None:
    number = 1743000000000000000
    seconds = (number >> 22) / 1000  # as the toolkit computes it: without the epoch
    rows = f"{number},7,,,,hi,{seconds},\n2,7,,,,hi,soon,\n3,7,,,,hi,inf,\n4,7,,,,hi,1e300,\n5,7,,,,hi,,\n"
    report = shelf.load(QUT + rows, platform="x")
    assert [(r.line, r.code) for r in report.rejects] == [(3, "BAD_TIME"), (4, "BAD_TIME"), (5, "BAD_TIME")]
    made = shelf.rows("SELECT post_id, created_ts // 1000 FROM posts ORDER BY 1")
    assert made == [("x:1743000000000000000", ((number >> 22) + 1288834974657) // 1000), ("x:5", None)]


@pytest.mark.parametrize("nothing", ["NA", "None", "<NA>", "null"])
def test_messages_of_which_other_tools_say_that_they_repost_nothing_are_posts(shelf: Shelf, nothing: str) -> None:
    rows = "".join(f"{k},{1000 + k},u,{nothing},{nothing},own words {k},1700000000,{nothing}\n" for k in range(3))
    assert shelf.load(QUT + rows, platform="x").rejects == []
    made = shelf.rows("SELECT post_id, text, coalesce(len(urls), 0) FROM posts ORDER BY 1")
    assert made == [(f"x:{k}", f"own words {k}", 0) for k in range(3)]
    assert shelf.rows("SELECT (SELECT count(*) FROM reposts), (SELECT count(*) FROM comments)") == [(0, 0)]


def test_in_coortweet_na_is_nobody_and_nothing(shelf: Shelf) -> None:
    rows = "url:1,5,c1,1700000000\nNA,6,c2,1700000001\nurl:1,NA,c4,1700000003\n"
    report = shelf.load("object_id,account_id,content_id,timestamp_share\n" + rows)
    assert [(r.line, r.code) for r in report.rejects] == [(3, "NO_ROOT"), (4, "MISSING_FIELD")]
    assert shelf.rows("SELECT root_id FROM reposts") == [("local:url:1",)]


def test_links_of_messages_may_hold_commas_and_no_scheme(shelf: Shelf) -> None:
    listed = "\"['http://a.example/1,2', 'b.example']\""
    shelf.load(QUT + f"1,7,,,,hi,1704135845,{listed}\n2,7,,,,hi,1704135845,a.example  b.example/1\n3,7,,,,hi,,[]\n")
    wanted = [(["http://a.example/1,2", "b.example"],), (["a.example", "b.example/1"],)]
    assert shelf.rows("SELECT urls FROM posts WHERE urls <> [] ORDER BY post_id") == wanted
    # No message names the author of what is answered or reposted: other messages do.
    shelf.empty()
    shelf.load(QUT + "1,7,,,,hi,1704135845,\n2,8,,1,,RT,1704135846,\n3,9,,,1,ok,1704135847,\n4,9,,1,3,RT,,\n")
    assert found(shelf)["reposts"] == {("8", "7", "2", "root"), ("9", "7", "4", "root")}
    assert found(shelf)["replies"] == {("9", "7", "3")}


def test_in_coortweet_one_post_shares_several_things(shelf: Shelf) -> None:
    rows = "#KOL,11,1,1704135845\nhttps://a.example/1,11,1,2024-01-01T19:04:05Z\n99,11,1,2024-01-01 19:04:05.5\n"
    rows += "#KOL,12,2,1704135846\n#KOL,12,2,1704135846\n"
    report = shelf.load("object_id,account_id,content_id,timestamp_share\n" + rows)
    assert (report.counts.accepted, report.counts.merged, report.rejects) == (4, 1, [])
    shared = shelf.rows("SELECT account_id, root_id, ts // 1000 FROM reposts JOIN accounts ON src = account_key")
    assert sorted(shared) == [
        ("local:11", "local:#KOL", 1704135845),
        ("local:11", "local:99", 1704135845),
        ("local:11", "local:https://a.example/1", 1704135845),
        ("local:12", "local:#KOL", 1704135846),
    ]


def test_4cat_exports_quote_by_name_and_have_lists_with_commas(shelf: Shelf) -> None:
    shelf.load(
        "\ufeffid,thread_id,timestamp,unix_timestamp,body,author,author_id,author_followers,is_retweet,retweeted_user,"
        "is_quote_tweet,quoted_user,is_reply,replied_user,hashtags,urls,mentions,impression_count\n"
        '5,5,2024-01-02 03:04:05,,see @brand,fan,7,50,no,,yes,kol,no,,,"https://a.example/1,https://a.example/2",'
        '"brand",900\n'
        "6,6,2024-01-02 03:04:05,,RT @fan: see @brand,kol,8,60,yes,fan,yes,kol,no,,,,brand,\n"
        "7,5,2024-01-02 03:04:05,,@fan,wit,9,60,no,,no,,yes,fan,,,fan,\n"
    )
    edges = found(shelf)
    assert edges["quotes"] == {("x:7", "x:8", "5")}
    assert edges["reposts"] == {("x:8", "x:7", "6", "root")}
    assert edges["mentions"] == {("x:7", "name:brand", "5")}
    assert edges["replies"] == {("x:9", "x:7", "7")}
    assert shelf.rows("SELECT urls, views, created_ts FROM posts WHERE post_id = 'x:5'") == [
        (["https://a.example/1", "https://a.example/2"], 900, 1704164645000)
    ]


@pytest.mark.parametrize("big", BIG)
def test_big_ids_are_exact(shelf: Shelf, big: int) -> None:
    header = "from_user_id,is_mention,to_user_id,tweet_created_at,tweet_id,tweet_type\n"
    shelf.load(f"{header}{big - 1},FALSE,{big},2024-01-02T03:04:05Z,{big},retweet\n")
    assert found(shelf)["reposts"] == {(f"x:{big}", f"x:{big - 1}", str(big), "root")}
    for text in (
        "message_id,user_id,username,repost_id,reply_id,message,timestamp,urls\n"
        f"{big},{big},,{big - 1},,,1704135845,\n",
        f"object_id,account_id,content_id,timestamp_share\n{big - 1},{big},{big},1704135845\n",
    ):
        shelf.empty()
        shelf.load(text)
        assert found(shelf)["reposts"] == {(str(big), f"post:{big - 1}", str(big), "root")}
    shelf.empty()
    header = "id,thread_id,timestamp,body,author,author_id,is_retweet,retweeted_user\n"
    shelf.load(f"{header}{big},{big},2024-01-02 03:04:05,RT,a,{big},yes,b\n")
    assert found(shelf)["reposts"] == {(f"x:{big}", "name:b", str(big), "root")}
