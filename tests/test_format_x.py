"""X (Twitter): every sample in every dress, and the traps of the API, of twarc, of archives."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError
from tests.samples import SAMPLES, check, clothes, expected, found
from tests.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
SINGLE = ("x/v2_pages.jsonl", "x/twarc.csv", "x_io/sample_tweets_csv_hashed.csv")
TIME = "2024-01-02T03:04:05.000Z"


@pytest.mark.parametrize("name", SINGLE)
def test_samples_give_the_expected_edges_in_every_dress(shelf: Shelf, tmp_path: Path, name: str) -> None:
    wanted, file = expected(name), SAMPLES / name
    for number, (_, ending, data) in enumerate(clothes(file.read_bytes(), header=file.suffix == ".csv")):
        shelf.empty()
        path = tmp_path / str(number) / (file.name + ending)
        path.parent.mkdir()
        path.write_bytes(data)
        assert shelf.load_file(path).rejects == []
        check(shelf, wanted)
        once = shelf.content()
        path.write_bytes(data + b"\n" if ending == "" else data)
        again = shelf.load_file(path)
        assert again.known or again.counts.accepted == 0
        assert shelf.content() == once


def test_a_downloaded_archive_gives_the_expected_edges(shelf: Shelf, tmp_path: Path) -> None:
    wanted, folder = expected("x/archive"), SAMPLES / "x" / "archive" / "data"
    for number, dress in enumerate((lambda b: b, lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"[", b"[\r\n"))):
        shelf.empty()
        place = tmp_path / str(number)
        place.mkdir()
        for file in folder.glob("*.js"):
            (place / file.name).write_bytes(dress(file.read_bytes()))
        for file in sorted(place.glob("*.js")):
            assert shelf.load_file(file).rejects == []
        check(shelf, wanted)
    assert shelf.rows("SELECT account_id, name FROM accounts WHERE name = 'fan_b'") == [("x:11", "fan_b")]


@pytest.mark.parametrize("name", SINGLE)
def test_damaged_samples_are_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    expected(name)
    data, chance = (SAMPLES / name).read_bytes(), random.Random(5)
    for _ in range(40):
        at, width = chance.randrange(len(data)), chance.choice((0, 1, 30))
        path = tmp_path / Path(name).name
        path.write_bytes(data[:at] + chance.choice((b"", b'"', b"\xff", b"\n", b"}")) + data[at + width :])
        with suppress(InputError):
            shelf.load_file(path)  # the shelf counts


# ---------------------------------------------------------------------- API v2


def tweet(number: int | str, author: int | str = 1, text: str = "hi", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "author_id": str(author), "created_at": TIME, "text": text} | more


def refers(kind: str, number: int) -> list[dict[str, str]]:
    return [{"type": kind, "id": str(number)}]


def page(*tweets: dict[str, Any], **includes: list[dict[str, Any]]) -> str:
    return json.dumps({"data": list(tweets), "includes": includes, "__twarc": {"retrieved_at": TIME}}) + "\n"


def test_a_deleted_original_is_known_by_the_name_in_the_retweet(shelf: Shelf) -> None:
    shelf.load(page(tweet(2, 7, "RT @kol_a: long gone", referenced_tweets=refers("retweeted", 1))), "p.jsonl")
    assert found(shelf)["reposts"] == {("x:7", "name:kol_a", "2", "root")}
    shelf.load(json.dumps(tweet(9, 5) | {"author": {"id": "5", "username": "kol_a"}}), "f.jsonl")
    assert found(shelf)["reposts"] == {("x:7", "x:5", "2", "root")}  # now somebody has that name


def test_what_a_retweet_says_is_said_by_the_original(shelf: Shelf) -> None:
    original = tweet(1, 5, "with @brand #KOL", entities={"mentions": [{"username": "brand"}]})
    entities = {"mentions": [{"username": "kol_a", "id": "5"}, {"username": "brand", "id": "6"}]}
    again = tweet(2, 7, "RT @kol_a: with @brand #K", referenced_tweets=refers("retweeted", 1), entities=entities)
    shelf.load(page(again, tweets=[original]), "p.jsonl")
    assert found(shelf)["mentions"] == {("x:5", "name:brand", "1")}
    assert shelf.rows("SELECT post_id, topics FROM posts") == [("x:1", ["KOL"])]


def test_a_flattened_tweet_holds_the_original_and_both_authors(shelf: Shelf) -> None:
    original = tweet(1, 5, "news") | {"author": {"id": "5", "username": "kol_a", "name": "A"}}
    line = tweet(2, 7, "RT @kol_a: news", referenced_tweets=[{"type": "retweeted", **original}])
    shelf.load(json.dumps(line | {"author": {"id": "7", "username": "fan"}}) + "\n", "f.jsonl")
    assert found(shelf)["reposts"] == {("x:7", "x:5", "2", "root")}
    assert shelf.rows("SELECT account_id, name FROM accounts ORDER BY 1") == [("x:5", "kol_a"), ("x:7", "fan")]


def test_one_object_pages_of_users_and_error_lines(shelf: Shelf) -> None:
    user = {"id": "5", "username": "kol_a", "public_metrics": {"followers_count": 9}}
    lines = [{"data": tweet(1, 5), "__twarc": {}}, {"data": [user], "__twarc": {}}, {"errors": [], "__twarc": {}}]
    report = shelf.load("".join(json.dumps(line) + "\n" for line in lines) + "no JSON\n", "p.jsonl")
    assert [(r.line, r.code) for r in report.rejects] == [(3, "NO_RECORD"), (4, "BAD_JSON")]
    assert shelf.rows("SELECT account_id, name, followers FROM accounts") == [("x:5", "kol_a", 9)]
    assert shelf.rows("SELECT post_id FROM posts") == [("x:1",)]


def test_who_is_answered_is_not_mentioned(shelf: Shelf) -> None:
    entities = {"mentions": [{"username": "fan_b", "id": "11"}, {"username": "kol", "id": "12"}]}
    answer = tweet(3, 7, "@fan_b see @kol", in_reply_to_user_id="11", referenced_tweets=refers("replied_to", 2))
    shelf.load(page(answer | {"entities": entities}), "p.jsonl")
    assert found(shelf)["mentions"] == {("x:7", "x:12", "3")}
    assert found(shelf)["replies"] == {("x:7", "x:11", "3")}


# ---------------------------------------------------------------------- API 1.1


def test_tweets_of_api_1_hold_originals_quotes_and_long_texts(shelf: Shelf) -> None:
    def old(number: int, user: int, text: str, **more: Any) -> dict[str, Any]:
        who = {"id_str": str(user), "screen_name": f"u{user}", "followers_count": user * 10, "friends_count": 1}
        base = {"id_str": str(number), "user": who, "created_at": "Wed Oct 10 20:19:24 +0000 2018", "text": text}
        return base | more

    long = {"full_text": "all of it with @u9", "entities": {"user_mentions": [{"id_str": "9", "screen_name": "u9"}]}}
    quote = old(3, 3, "cut …", extended_tweet=long, quoted_status_id_str="1", quoted_status=old(1, 1, "first"))
    lines = [old(2, 2, "RT @u1: first", retweeted_status=old(1, 1, "first")), quote]
    lines.append(old(4, 4, "@u2 no", in_reply_to_status_id_str="2", in_reply_to_user_id_str="2"))
    assert shelf.load("".join(json.dumps(line) + "\n" for line in lines), "v1.jsonl").rejects == []
    edges = found(shelf)
    assert edges["reposts"] == {("x:2", "x:1", "2", "root")}
    assert edges["quotes"] == {("x:3", "x:1", "3")}
    assert edges["mentions"] == {("x:3", "x:9", "3")}
    assert edges["replies"] == {("x:4", "x:2", "4")}
    assert shelf.rows("SELECT followers FROM accounts WHERE account_id = 'x:3'") == [(30,)]
    texts = "SELECT text, created_ts FROM posts WHERE post_id IN ('x:3', 'x:4') ORDER BY post_id"
    assert shelf.rows(texts) == [("all of it with @u9", 1539202764000), ("no", 1539202764000)]


# ---------------------------------------------------------------------- tables


def test_a_quote_in_a_table_is_a_quote_and_a_retweet_of_a_quote_is_a_retweet(shelf: Shelf) -> None:
    names = "id,author_id,text,created_at,in_reply_to_user_id,referenced_tweets.replied_to.id"
    names += ",referenced_tweets.retweeted.id,referenced_tweets.quoted.id,retweeted_user_id,quoted_user_id"
    rows = [f"2,7,nice,{TIME},,,,1,,5", f"3,8,nice,{TIME},,,2,1,7,5", f"4,9,@u7 well,{TIME},7,2,,,,"]
    report = shelf.load("\n".join([names, *rows]), "tweets.csv")
    assert report.rejects == []
    edges = found(shelf)
    assert edges["reposts"] == {("x:8", "x:7", "3", "root")}
    assert edges["quotes"] == {("x:7", "x:5", "2")}
    assert edges["replies"] == {("x:9", "x:7", "4")}
    assert edges["mentions"] == set()


def test_information_operations_have_hashed_people_and_python_lists(shelf: Shelf) -> None:
    hashed = "A" * 43 + "="
    names = "tweetid,userid,user_screen_name,follower_count,account_creation_date,tweet_text,tweet_time"
    names += ",in_reply_to_userid,in_reply_to_tweetid,quoted_tweet_tweetid,is_retweet,retweet_userid,retweet_tweetid"
    names += ",user_mentions"
    rows = [
        f'1,{hashed},{hashed},10,2015-01-01,hi @a @b,2018-01-02 03:04,,,,False,,,"[10, {hashed}]"',
        "2,77,real_name,9000,2015-01-01,hi @a,2018-01-02 03:04:05,10,5,,false,,,\"['10', '11']\"",
        "3,77,real_name,9000,2015-01-01,look,2018-01-02 03:05,,,1,False,,,[]",
    ]
    assert shelf.load("\n".join([names, *rows]), "x_tweets.csv").rejects == []
    edges = found(shelf)
    # The names in the texts cannot be told to belong to these ids.
    assert {edge for edge in edges["mentions"] if not edge[1].startswith("name:")} == {
        (f"x:sha256:{hashed}", "x:10", "1"),
        (f"x:sha256:{hashed}", f"x:sha256:{hashed}", "1"),
        ("x:77", "x:11", "2"),
    }
    assert edges["replies"] == {("x:77", "x:10", "2")}
    names = "SELECT account_id, name, label FROM accounts WHERE followers IS NOT NULL ORDER BY 1"
    assert shelf.rows(names) == [("x:77", "real_name", "bot"), (f"x:sha256:{hashed}", None, "bot")]
    times = shelf.rows("SELECT created_ts FROM posts ORDER BY post_id")
    assert times == [(1514862240000,), (1514862245000,), (1514862300000,)]


# ---------------------------------------------------------------------- archives


def archive(folder: Path, name: str, rows: list[dict[str, Any]], part: int = 0) -> Path:
    path = folder / name
    kind = name.split(".")[0].split("-")[0]
    path.write_text(f"window.YTD.{kind}.part{part} = {json.dumps(rows)};", encoding="utf-8")
    return path


def test_parts_of_an_archive_belong_to_the_owner_named_beside(shelf: Shelf, tmp_path: Path) -> None:
    archive(tmp_path, "account.js", [{"account": {"accountId": "11", "username": "me"}}])
    first = archive(tmp_path, "following.js", [{"following": {"accountId": "1"}}])
    second = archive(tmp_path, "following-part1.js", [{"following": {"accountId": "2"}}], 1)
    tweets = [
        {"tweet": {"id_str": "5", "full_text": "to @a", "created_at": "Tue Jan 02 03:04:05 +0000 2024"}},
        {"id_str": "6", "text": "old form", "created_at": "Tue Jan 02 03:04:05 +0000 2024"},
    ]
    for path in (first, second, archive(tmp_path, "tweets.js", tweets)):
        assert shelf.load_file(path).rejects == []
    assert found(shelf)["follows"] == {("x:11", "x:1"), ("x:11", "x:2")}
    assert shelf.rows("SELECT post_id FROM posts ORDER BY 1") == [("x:5",), ("x:6",)]
    assert found(shelf)["mentions"] == {("x:11", "name:a", "5")}


def test_an_archive_without_its_owner_says_what_is_missing(shelf: Shelf, tmp_path: Path) -> None:
    path = archive(tmp_path, "follower.js", [{"follower": {"accountId": "1"}}])
    with pytest.raises(InputError, match=r"account\.js; put it beside"):
        shelf.load_file(path)


# ---------------------------------------------------------------------- ids


@pytest.mark.parametrize("big", BIG)
def test_big_ids_are_exact(shelf: Shelf, tmp_path: Path, big: int) -> None:
    def exact() -> None:
        edges = found(shelf)
        got = edges["reposts"] | edges["quotes"] | {(*edge, str(big)) for edge in edges["follows"]}
        assert {edge[:3] for edge in got} == {(f"x:{big}", f"x:{big - 1}", str(big))}
        shelf.empty()

    original = tweet(big - 2, big - 1)
    shelf.load(page(tweet(big, big, referenced_tweets=refers("retweeted", big - 2)), tweets=[original]), "p.jsonl")
    exact()
    user, other = {"id": big, "screen_name": "a"}, {"id": big - 1, "screen_name": "b"}
    v1 = {"id_str": str(big), "id": big, "user": user, "created_at": "Tue Jan 02 03:04:05 +0000 2024", "text": "RT"}
    shelf.load(json.dumps(v1 | {"retweeted_status": {"id": big - 2, "user": other}}), "v1.jsonl")
    exact()
    names = "id,author_id,text,created_at,referenced_tweets.retweeted.id,retweeted_user_id\n"
    shelf.load(f"{names}{big},{big},x,{TIME},{big - 2},{big - 1}\n", "t.csv")
    exact()
    archive(tmp_path, "account.js", [{"account": {"accountId": big}}])
    shelf.load_file(archive(tmp_path, "following.js", [{"following": {"accountId": big - 1}}]))
    exact()
    names = "tweetid,userid,tweet_time,is_retweet,retweet_userid,retweet_tweetid,user_mentions\n"
    shelf.load(f"{names}{big},{big},2018-01-02 03:04,True,{big - 1},{big - 2},[]\n", "io.csv")
    exact()
