"""Research data sets of rumours and bots: CED, TwiBot-22, Cresci-2017; samples of all data sets in all clothes."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError
from kolgraph.loaders import Options, Source
from kolgraph.loaders.formats import recognise
from tests.worlds.samples import SAMPLES, check, clothes, expected, found, mid
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53 + 1, 2**63 - 1]
BEIJING = timezone(timedelta(hours=8))


def load(shelf: Shelf, folder: Path, name: str, data: bytes | str, **options: Any) -> Any:
    """Load a file of this name: names of files and folders mean something here."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return shelf.load_file(path, **options)


def codes(report: Any) -> list[tuple[int | None, str]]:
    return [(reject.line, reject.code) for reject in report.rejects]


# ---------------------------------------------------------------------- samples

FORWARD = {"direction": "forward"}
SAMPLE_OPTIONS: dict[str, dict[str, Any]] = {
    "ced/rumor-repost/1_yAAAA1111_1000000001.json": {},
    "aminer/diffusion/repost_data.txt": {},
    "aminer/graph_170w_1month.txt": FORWARD,
    "aminer/retweetWithContent/repost1.txt": {},
    "snap/higgs/higgs-activity_time.txt": {},
    "snap/ego-twitter/11.edges": {},
    "twibot22/edge.csv": {},
}
#: Lines of these belong together.
BLOCKS = ("ced/", "aminer/diffusion/", "aminer/retweetWithContent/")


@pytest.mark.parametrize("name", SAMPLE_OPTIONS)
def test_samples_give_the_expected_edges_in_all_clothes(shelf: Shelf, tmp_path: Path, name: str) -> None:
    wanted, options = expected(name), SAMPLE_OPTIONS[name]
    wanted["follows"] = wanted.get("follows", wanted.get("follows_if_u_follows_v", []))
    if "retweetWithContent" in name:  # the expectation leaves out what the chain says of its end
        wanted["optional"] = {"reposts": [["name:样例甲", "weibo:1000000001", "4900000000000207", "chain_to_root"]]}
    family, _, inside = name.partition("/")
    data = (SAMPLES / name).read_bytes()
    if "encoding" in wanted:  # as GB18030 it loads as it is; a byte-order mark is one of UTF-8
        assert not data.decode(wanted["encoding"]).isascii()
        shelf.load_file(SAMPLES / name)
        check(shelf, wanted)
        data = data.decode(wanted["encoding"]).encode()
    for dress, ending, dressed in clothes(data, header=name.endswith(".csv")):
        if dress == "shuffled" and name.startswith(BLOCKS):
            continue
        shelf.empty()
        folder = tmp_path / dress
        shutil.copytree(SAMPLES / family, folder / family)
        (folder / family / inside).unlink()
        before = load(shelf, folder, name + ending, dressed, **options).counts
        assert before.rejected == 0
        check(shelf, wanted)
        content = shelf.content()
        (folder / family / (inside + ending)).unlink()
        again = load(shelf, folder, name, data + b"\n", **options)
        assert again.known or (again.counts.accepted, again.counts.merged) == (0, before.read)
        assert shelf.content() == content


@pytest.mark.parametrize("name", SAMPLE_OPTIONS)
def test_a_cut_off_file_is_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    expected(name)
    family, _, inside = name.partition("/")
    shutil.copytree(SAMPLES / family, tmp_path / family)
    data = (SAMPLES / name).read_bytes()
    shelf.load_file(SAMPLES / name, **SAMPLE_OPTIONS[name])
    whole = set().union(*found(shelf).values())
    for cut in range(2, 30, 3):
        shelf.empty()
        with suppress(InputError):  # nothing may be left of a file of one line; half a character has no encoding
            load(shelf, tmp_path, f"{family}/{inside}", data[:-cut], **SAMPLE_OPTIONS[name])  # the shelf counts
        assert len(set().union(*found(shelf).values()) - whole) <= 2  # nobody sees that a number or a name was cut


OTHERS = {
    "ced/original-microblog/1_yAAAA1111_1000000001.json": "ced-originals",
    "aminer/weibo_network.txt": "aminer-network",
    "aminer/total.txt": "aminer-total",
    "aminer/userProfile/user_profile1.txt": "aminer-profiles",
    "snap/higgs/higgs-social_network.edgelist": "higgs-social",
    "snap/higgs/higgs-retweet_network.edgelist": "higgs-retweet",
    "snap/ego-twitter/twitter_combined.txt": "snap-twitter",
    "snap/pokec/soc-pokec-relationships.txt": "pokec-relationships",
    "snap/pokec/soc-pokec-profiles.txt": "pokec-profiles",
    "twibot22/label.csv": "twibot-labels",
    "twibot22/user.json": "twibot-users",
    "cresci2017/fake_followers.csv/users.csv": "cresci-users",
}


@pytest.mark.parametrize("name", OTHERS)
def test_samples_without_expected_edges_are_recognised_and_loaded(shelf: Shelf, name: str) -> None:
    expected("snap/ego-twitter/11.edges")  # skips without samples
    report = shelf.load_file(SAMPLES / name, **(FORWARD if name == "aminer/weibo_network.txt" else {}))
    assert (report.loader, report.counts.rejected) == (OTHERS[name], 0)
    assert report.counts.accepted == report.counts.read > 0


# ---------------------------------------------------------------------- CED

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def short(mid: int) -> str:
    """The short id of a numeric one, of 16 digits, as Weibo makes it."""
    out = ""
    for digits, width in ((str(mid)[:-14], 1), (str(mid)[-14:-7], 4), (str(mid)[-7:], 4)):
        number, part = int(digits), ""
        while number:
            number, rest = divmod(number, 62)
            part = DIGITS[rest] + part
        out += part.rjust(width, "0")
    return out


def beijing(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> int:
    """Seconds since 1970."""
    return int(datetime(year, month, day, hour, minute, second, tzinfo=BEIJING).timestamp())


def repost(mid: str, uid: Any, parent: str = "", date: str = "2013-05-06 07:08:09", text: str = "") -> dict[str, Any]:
    return {"kids": [], "uid": uid, "parent": parent, "text": text, "mid": mid, "date": date}


ROOT = "rumor-repost/7_yABCD1234_1000000001.json"


def test_the_shuffled_rows_of_a_cascade_give_the_same_tree(shelf: Shelf, tmp_path: Path) -> None:
    rows = [repost(f"yAAA{k:05}", str(k), f"yAAA{k // 2:05}" if k > 1 else "") for k in range(1, 20)]
    load(shelf, tmp_path / "a", ROOT, json.dumps(rows))
    wanted = shelf.content()
    assert ("weibo:19", "weibo:9", mid("yAAA00019"), "parent") in found(shelf)["reposts"]
    assert ("weibo:19", "weibo:1000000001", mid("yAAA00019"), "root") in found(shelf)["reposts"]
    assert shelf.rows("SELECT DISTINCT root_id FROM reposts") == [("weibo:" + mid("yABCD1234"),)]
    random.Random(3).shuffle(rows)
    shelf.empty()
    load(shelf, tmp_path / "b", ROOT, json.dumps(rows, indent=1))
    assert shelf.content() == wanted


@pytest.mark.parametrize(
    ("posted", "date", "shown"),
    [
        (beijing(2012, 9, 9, 20, 6, 31), "9月9日 20:06", beijing(2012, 9, 9, 20, 6)),
        (beijing(2015, 2, 1, 0, 0, 1), "2月1日 00:00", beijing(2015, 2, 1, 0, 0)),
        # Over the turn of the year: the clock of the page and the id differ by a minute.
        (beijing(2013, 1, 1, 0, 0, 30), "12月31日 23:59", beijing(2012, 12, 31, 23, 59)),
        (beijing(2012, 12, 31, 23, 59, 30), "1月1日 00:00", beijing(2013, 1, 1, 0, 0)),
    ],
)
def test_a_day_without_a_year_has_that_of_the_id(
    shelf: Shelf, tmp_path: Path, posted: int, date: str, shown: int
) -> None:
    mid = short((posted - 515483463) << 22 | 12345)
    assert load(shelf, tmp_path, ROOT, json.dumps([repost(mid, "5", date=date)])).counts.accepted == 1
    assert shelf.rows("SELECT ts FROM reposts") == [(shown * 1000,)]


def test_a_domain_is_no_number_of_an_account(shelf: Shelf, tmp_path: Path) -> None:
    rows = [repost("yBBBB1111", "some_name"), repost("yCCCC1111", 12, "yBBBB1111")]
    load(shelf, tmp_path, "non-rumor-repost/12_yABCD1234_root_of_all.json", json.dumps(rows))
    assert found(shelf)["reposts"] == {
        ("weibo:domain:some_name", "weibo:domain:root_of_all", mid("yBBBB1111"), "root"),
        ("weibo:12", "weibo:domain:root_of_all", mid("yCCCC1111"), "root"),
        ("weibo:12", "weibo:domain:some_name", mid("yCCCC1111"), "parent"),
    }


def test_under_another_name_the_root_has_to_be_said(shelf: Shelf, tmp_path: Path) -> None:
    data = json.dumps([repost("yBBBB1111", "5")])
    assert codes(load(shelf, tmp_path, "cascade.json", data)) == [(1, "NO_ROOT")]
    load(shelf, tmp_path, "cascade.json", data, root="weibo:bid:yABCD1234")
    assert found(shelf)["reposts"] == {("weibo:5", "post:" + mid("yABCD1234"), mid("yBBBB1111"), "root")}


def test_a_cut_off_cascade_keeps_its_whole_rows(shelf: Shelf, tmp_path: Path) -> None:
    text = json.dumps([repost(f"yAAA{k:05}", str(k)) for k in range(1, 6)], indent=0)
    report = load(shelf, tmp_path, ROOT, text[:-30])
    assert (report.counts.accepted, report.counts.rejected) == (4, 1)


def test_the_root_post_and_its_author_are_read(shelf: Shelf, tmp_path: Path) -> None:
    post = {"multi": None, "text": "一", "has_url": False, "comments": 5, "pics": 1, "likes": 3, "reposts": 2}
    user = {"verified": True, "description": True, "messages": 10, "followers": 20, "location": "上海"}
    user |= {"time": 1312112304, "friends": 9, "verified_type": 3}
    name = "original-microblog/7_yABCD1234_1000000001.json"
    load(shelf, tmp_path, name, json.dumps(post | {"user": user, "time": 1347334462}))
    query = "SELECT account_id, followers, followings, posts, region, verified, bio, created_ts FROM accounts"
    assert shelf.rows(query) == [("weibo:1000000001", 20, 9, 10, "上海", "media", None, 1312112304000)]
    query = "SELECT post_id, author, created_ts, likes, reposts, comments FROM posts"
    assert shelf.rows(query) == [("weibo:" + mid("yABCD1234"), 0, 1347334462000, 3, 2, 5)]
    # The user is gone, and the time is written in words.
    shelf.empty()
    report = load(shelf, tmp_path, name, json.dumps(post | {"user": "empty", "time": "Mon May 27 12:07:05 +0800 2013"}))
    assert report.counts.accepted == 1
    seen = datetime(2013, 5, 27, 4, 7, 5, tzinfo=UTC).timestamp() * 1000
    assert shelf.rows("SELECT account_id, followers, created_ts FROM accounts") == [("weibo:1000000001", None, None)]
    assert shelf.rows("SELECT created_ts FROM posts") == [(seen,)]


# ---------------------------------------------------------------------- TwiBot


def edges(*rows: str) -> str:
    return "source_id,relation,target_id\n" + "".join(f"{row}\n" for row in rows)


def test_relations_point_from_who_acts(shelf: Shelf, tmp_path: Path) -> None:
    rows = ["t5,retweeted,t6", "t7,quoted,t6", "t8,replied_to,t6", "t5,mentioned,u4"]  # before they are posted
    rows += ["u1,following,u2", "u3,followers,u1", "u1,post,t5", "u2,post,t6", "u3,post,t7", "u4,pinned,t9"]
    rows += ["u4,post,t8", "u1,friend,u9"]
    counts = load(shelf, tmp_path, "edge.csv", edges(*rows, "u1,like,t6", "t5,discuss,h1", "l1,membership,u1")).counts
    assert (counts.read, counts.rejected) == (len(rows), 0)
    assert found(shelf) == {
        "follows": {("x:1", "x:2"), ("x:1", "x:3"), ("x:1", "x:9")},
        "reposts": {("x:1", "x:2", "5", "root")},
        "quotes": {("x:3", "x:2", "7")},
        "replies": {("x:4", "x:2", "8")},
        "mentions": {("x:1", "x:4", "5")},
    }
    assert ("x:9", "x:4") in shelf.rows("SELECT post_id, account_id FROM posts JOIN accounts ON author = account_key")


def test_what_follow_means_has_to_be_said(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="direction"):
        load(shelf, tmp_path, "edge.csv", edges("u1,follow,u2"))
    load(shelf, tmp_path, "edge.csv", edges("u1,follow,u2"), direction="backward")
    assert found(shelf)["follows"] == {("x:2", "x:1")}


def test_edges_that_say_nothing_certain_are_kept_aside(shelf: Shelf, tmp_path: Path) -> None:
    rows = ["u1,following,u2", "t5,retweeted,t6", "u1,admires,u2", "u1,follo", "u3,following,u2"]
    report = load(shelf, tmp_path, "edge.csv", edges(*rows))
    assert codes(report) == [(3, "MISSING_FIELD"), (4, "NO_RECORD"), (5, "BAD_ROW")]
    assert found(shelf)["follows"] == {("x:1", "x:2"), ("x:3", "x:2")}


def test_columns_are_found_by_their_names(shelf: Shelf, tmp_path: Path) -> None:
    text = "relation;target_id;source_id\nfollowing;u2;u1\nrelation;target_id;source_id\n"
    assert load(shelf, tmp_path, "edge.csv", text).counts.read == 1
    assert found(shelf)["follows"] == {("x:1", "x:2")}


def test_labels_users_and_tweets_belong_to_the_same_accounts(shelf: Shelf, tmp_path: Path) -> None:
    assert codes(load(shelf, tmp_path, "label.csv", "id,label\nu1,bot\nu2,human\nu3,?\n")) == [(4, "NO_RECORD")]
    counts = {"followers_count": 1, "following_count": 2, "tweet_count": 3, "listed_count": 0}
    user = {"id": "u1", "username": "fan_b", "created_at": "2020-01-02 03:04:05+00:00", "public_metrics": counts}
    load(shelf, tmp_path, "user.json", json.dumps([user | {"pinned_tweet_id": None}]))
    tweet = {"author_id": 1, "created_at": "2020-01-02 03:04:05+00:00", "in_reply_to_user_id": None}
    tweets = [tweet | {"id": "t1", "text": "hi @two"}, tweet | {"id": "t2", "text": "RT @three: hi @four"}]
    tweets += [tweet | {"id": "t3", "text": "@two @five yes @six", "in_reply_to_user_id": 2}]
    assert load(shelf, tmp_path, "tweet_0.json", json.dumps(tweets)).counts.accepted == 3
    query = "SELECT account_id, label, name, followers, followings, posts FROM accounts WHERE label IS NOT NULL"
    assert sorted(shelf.rows(query)) == [("x:1", "bot", "fan_b", 1, 2, 3), ("x:2", "human", None, None, None, None)]
    assert found(shelf)["mentions"] == {("x:1", "name:two", "1"), ("x:1", "name:six", "3")}
    assert found(shelf)["replies"] == {("x:1", "x:2", "3")}
    load(shelf, tmp_path, "edge.csv", edges("u1,post,t2", "t2,retweeted,t9"))
    assert found(shelf)["reposts"] == {("x:1", "name:three", "2", "root")}
    assert shelf.rows("SELECT post_id, root_id FROM reposts") == [("x:2", "x:9")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nodes.csv", "id,label\n1,one\n"),
        ("my_label.csv", "id,label\n1,one\n"),
        ("edges.csv", "source,relation,target\n1,knows,2\n"),
        ("facebook/11.edges", "1 2\n"),
        ("11.edges", "1 2\n"),
        ("edges.txt", "1 2 1341100972\n"),
        ("total.txt", "1 2\n"),
        ("users.csv", "id,screen_name,followers_count\n1,one,2\n"),
    ],
)
def test_tables_of_others_are_not_taken(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert recognise(Source(path), Options()) is None


# ---------------------------------------------------------------------- Cresci


def table(*rows: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


USER = {"id": "11", "name": "B", "screen_name": "fan_b", "statuses_count": 3, "followers_count": 1}
USER |= {"friends_count": 2, "favourites_count": 0, "listed_count": 0, "location": "NULL", "default_profile": "1"}
USER |= {"verified": "", "description": "é", "created_at": "Tue Jan 01 00:00:00 +0000 2013"}
USER |= {"crawled_at": "2015-05-02 06:41:46"}


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("genuine_accounts.csv", "human"),
        ("genuine_accounts.csv/genuine_accounts.csv", "human"),
        ("fake_followers.csv", "bot"),
        ("social_spambots_2.csv", "bot"),
        ("traditional_spambots_4", "bot"),
        ("data", None),
    ],
)
def test_the_folder_says_who_is_a_bot(shelf: Shelf, tmp_path: Path, folder: str, label: str | None) -> None:
    load(shelf, tmp_path, f"{folder}/users.csv", table(USER))
    query = "SELECT account_id, label, name, region, bio, created_ts, observed_ts FROM accounts"
    created = int(datetime(2013, 1, 1, tzinfo=UTC).timestamp() * 1000)
    seen = int(datetime(2015, 5, 2, 5, 41, 46, tzinfo=UTC).timestamp() * 1000)
    assert shelf.rows(query) == [("x:11", label, "fan_b", None, "é", created, seen)]


TWEET = {"id": "1", "text": "hi @two", "user_id": "11", "in_reply_to_status_id": "0", "in_reply_to_user_id": "0"}
TWEET |= {"retweeted_status_id": "0", "retweet_count": "4", "created_at": "1356998400000L"}


def test_tweets_are_posts_retweets_and_answers(shelf: Shelf, tmp_path: Path) -> None:
    rows = [TWEET, TWEET | {"id": "2", "text": "RT @three: hi @four", "retweeted_status_id": "7"}]
    rows += [TWEET | {"id": "3", "text": "@two yes @six", "in_reply_to_status_id": "8", "in_reply_to_user_id": "12"}]
    text = table(*rows).replace('"3"', '"3",""""x', 1) + table(*rows).splitlines()[-1] + "\n"
    report = load(shelf, tmp_path, "fake_followers.csv/tweets.csv", text)
    assert (report.counts.accepted, [code for _, code in codes(report)]) == (3, ["UNBALANCED_QUOTE"])
    assert found(shelf)["reposts"] == {("x:11", "name:three", "2", "root")}
    assert found(shelf)["replies"] == {("x:11", "x:12", "3")}
    assert found(shelf)["mentions"] == {("x:11", "name:two", "1"), ("x:11", "name:six", "3")}
    assert shelf.rows("SELECT created_ts, reposts FROM posts WHERE post_id = 'x:1'") == [(1356998400000, 4)]
    assert shelf.rows("SELECT label FROM accounts WHERE account_id = 'x:11'") == [("bot",)]


def test_old_western_text_costs_its_row_or_is_guessed(shelf: Shelf, tmp_path: Path) -> None:
    rows = table(*[USER | {"id": str(k), "description": "a plain sentence"} for k in range(1, 10)])
    data = rows.encode() + table(USER).splitlines()[-1].encode("latin-1") + b"\r\n"
    report = load(shelf, tmp_path, "users.csv", data.replace(b"\r\n1,", "\r\n1, 中文".encode(), 1), encoding="utf-8")
    assert codes(report) == [(11, "BAD_ENCODING")]
    report = load(shelf, tmp_path, "users.csv", data)
    assert report.counts.rejected == 0 and any("cp1252, a guess" in said for said in report.decisions)
    assert ("é",) in shelf.rows("SELECT bio FROM accounts")


# ---------------------------------------------------------------------- ids


@pytest.mark.parametrize("n", BIG)
def test_large_ids_stay_exact(shelf: Shelf, tmp_path: Path, n: int) -> None:
    load(shelf, tmp_path, f"rumor-repost/1_yABCD1234_{n}.json", json.dumps([repost("yBBBB1111", n)]))
    load(shelf, tmp_path, "edge.csv", edges(f"u{n},following,u1", f"u{n},post,t{n}", f"t{n},retweeted,t{n}"))
    load(shelf, tmp_path, "label.csv", f"id,label\nu{n},bot\n")
    load(shelf, tmp_path, "genuine_accounts.csv/users.csv", table(USER | {"id": str(n)}))
    load(shelf, tmp_path, "tweets.csv", table(TWEET | {"id": str(n), "user_id": str(n), "retweeted_status_id": str(n)}))
    ids = {account.split(":")[1] for (account,) in shelf.rows("SELECT account_id FROM accounts")}
    assert ids == {str(n), "1"}
    assert ("weibo:" + str(n),) in shelf.rows("SELECT account_id FROM accounts")
    assert (f"x:{n}", f"x:{n}") in shelf.rows("SELECT post_id, root_id FROM reposts")
