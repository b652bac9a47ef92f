"""X (Twitter): every sample in every dress, and the traps of the API, of twarc, of archives."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError, UnknownFormat
from kolgraph.loaders.reading.archives import expand
from tests.worlds.samples import SAMPLES, check, check_in_every_dress, expected, found
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1]
SINGLE = ("x/v2_pages.jsonl", "x/twarc.csv", "x_io/sample_tweets_csv_hashed.csv")
TIME = "2024-01-02T03:04:05.000Z"


@pytest.mark.parametrize("name", SINGLE)
def test_samples_give_the_expected_edges_in_every_dress(shelf: Shelf, tmp_path: Path, name: str) -> None:
    check_in_every_dress(shelf, tmp_path, name)


def test_a_downloaded_archive_gives_the_expected_edges(shelf: Shelf, tmp_path: Path) -> None:
    wanted, folder = expected("x/archive"), SAMPLES / "x" / "archive" / "data"
    dresses = {"as it is": (b"[", b"["), "BOM": (b"window", b"\xef\xbb\xbfwindow"), "lines": (b"[", b"[\r\n")}
    for dress, (old, new) in dresses.items():
        shelf.empty()
        place = tmp_path / dress / "data"
        place.mkdir(parents=True)
        for file in folder.glob("*.js"):
            (place / file.name).write_bytes(file.read_bytes().replace(old, new))
        for found_file in expand([place.parent]):
            assert shelf.load_file(found_file.path).rejects == []
        check(shelf, wanted)
    assert shelf.rows("SELECT account_id, name FROM accounts WHERE name = 'fan_b'") == [("x:11", "fan_b")]


@pytest.mark.parametrize("name", SINGLE)
def test_a_cut_off_sample_gives_no_other_edges(shelf: Shelf, tmp_path: Path, name: str) -> None:
    expected(name)
    data = (SAMPLES / name).read_bytes()
    shelf.load_file(SAMPLES / name)
    whole = set().union(*found(shelf).values())
    for cut in range(2, 40, 13):
        shelf.empty()
        path = tmp_path / Path(name).name
        path.write_bytes(data[:-cut])
        with suppress(InputError):  # nothing may be left of a file of one line
            shelf.load_file(path)  # the shelf counts
        assert len(set().union(*found(shelf).values()) - whole) <= 1  # nobody sees that a number was cut


def test_damaged_archives_are_accounted_for(shelf: Shelf, tmp_path: Path) -> None:
    expected("x/archive")
    chance, folder = random.Random(5), SAMPLES / "x" / "archive" / "data"
    for file in folder.glob("*.js"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for _ in range(6):
        for name in ("tweets.js", "following.js", "account.js"):
            data = (folder / name).read_bytes()
            at, width = chance.randrange(len(data)), chance.choice((0, 1, 30))
            (tmp_path / name).write_bytes(data[:at] + chance.choice((b"", b'"', b"]", b"{", b"1")) + data[at + width :])
            with suppress(InputError):
                shelf.load_file(tmp_path / name)  # the shelf counts


@pytest.mark.parametrize("name", SINGLE)
def test_damaged_samples_are_accounted_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    expected(name)
    data, chance = (SAMPLES / name).read_bytes(), random.Random(5)
    for _ in range(12):
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


def test_those_at_the_start_of_an_answer_are_not_mentioned_even_if_nothing_follows(shelf: Shelf) -> None:
    people = {"mentions": [{"username": "Fan_b", "id": "11"}, {"username": "wit", "id": "13"}]}
    other = people | {"mentions": [*people["mentions"], {"username": "kol", "id": "12"}]}
    answer = {"in_reply_to_user_id": "11", "referenced_tweets": refers("replied_to", 2)}
    answers = [
        tweet(3, 7, "@fan_b @wit", entities=people, **answer),
        tweet(4, 7, "@fan_b, @wit: 看 @kol", entities=other, **answer),
        tweet(5, 7, "@fan_b是 @kol", entities=other, **answer),
    ]
    shelf.load(page(*answers), "p.jsonl")
    assert found(shelf)["mentions"] == {("x:7", "x:12", "4"), ("x:7", "x:12", "5"), ("x:7", "x:13", "5")}


def test_an_answer_to_oneself_is_a_reply_and_a_quote_beside_an_answer_is_both(shelf: Shelf) -> None:
    own = tweet(4, 7, "and more", in_reply_to_user_id="7", referenced_tweets=refers("replied_to", 3))
    both = tweet(5, 7, "see", in_reply_to_user_id="8") | {
        "referenced_tweets": refers("replied_to", 2) + refers("quoted", 1)
    }
    shelf.load(page(own, both, tweets=[tweet(1, 5)]), "p.jsonl")
    edges = found(shelf)
    assert edges["replies"] == {("x:7", "x:7", "4"), ("x:7", "x:8", "5")}
    assert edges["quotes"] == {("x:7", "x:5", "5")}
    assert edges["reposts"] == set()


def test_a_retweet_of_a_quote_retweets_the_one_who_quotes(shelf: Shelf) -> None:
    quote = tweet(2, 5, "so true", referenced_tweets=refers("quoted", 1))
    again = tweet(3, 7, "RT @kol_a: so true", referenced_tweets=refers("retweeted", 2))
    shelf.load(page(again, tweets=[quote]), "p.jsonl")
    assert found(shelf)["reposts"] == {("x:7", "x:5", "3", "root")}
    assert found(shelf)["quotes"] == {("x:5", None, "2")}


def test_long_tweets_say_all_of_it_and_links_are_where_they_lead(shelf: Shelf) -> None:
    urls = [{"url": "https://t.co/1", "expanded_url": "https://a.example/x,y"}, {"url": "https://t.co/2"}]
    urls.append({"url": "https://t.co/3", "expanded_url": "https://x.example/photo/1", "media_key": "3_1"})
    entities = {"mentions": [{"username": "late", "id": "9"}], "hashtags": [{"tag": "终"}], "urls": urls}
    long = {"text": "a long one, at last @late #终", "entities": entities}
    shelf.load(page(tweet(1, 5, "a long one …", note_tweet=long)), "p.jsonl")
    assert found(shelf)["mentions"] == {("x:5", "x:9", "1")}
    wanted = [("a long one, at last @late #终", ["终"], ["https://a.example/x,y"])]
    assert shelf.rows("SELECT text, topics, urls FROM posts") == wanted


def test_mentions_without_ids_are_names_until_somebody_has_them(shelf: Shelf) -> None:
    entities = {"mentions": [{"username": "gone"}, {"username": "kol_a"}, "damaged", {"id": None}]}
    lines = page(tweet(1, 5, "@gone? ask @kol_a", entities=entities), users=[{"id": "6", "username": "kol_a"}])
    shelf.load(lines, "p.jsonl")
    assert found(shelf)["mentions"] == {("x:5", "name:gone", "1"), ("x:5", "x:6", "1")}


def test_pages_of_followers_are_follows_of_the_account_in_their_address(shelf: Shelf) -> None:
    def users(kind: str, *ids: int) -> str:
        about = {"url": f"https://api.example/2/users/5/{kind}?max_results=1000", "retrieved_at": TIME}
        return json.dumps({"data": [{"id": str(i), "username": f"u{i}"} for i in ids], "__twarc": about}) + "\n"

    pages = users("followers", 1, 2) + users("following", 9) + users("tweets", 8) + users("followers")
    report = shelf.load(pages, "users.jsonl")
    assert [(r.line, r.code) for r in report.rejects] == [(4, "NO_RECORD")]  # an empty page
    assert found(shelf)["follows"] == {("x:1", "x:5"), ("x:2", "x:5"), ("x:5", "x:9")}
    about = {"url": "https://api.example/2/users/5/followers", "retrieved_at": TIME}
    lines = [{"id": "3", "username": "u3", "public_metrics": {}, "__twarc": about}]
    shelf.load(json.dumps(lines[0]) + "\n", "flat.jsonl")
    assert ("x:3", "x:5") in found(shelf)["follows"]


def test_verified_says_who_vouches(shelf: Shelf) -> None:
    kinds = [{"verified": True, "verified_type": kind} for kind in ("business", "government", "blue")]
    kinds += [{"verified": True}, {"verified": False, "verified_type": "none"}, {}]
    users = [{"id": str(k), "username": f"u{k}", "public_metrics": {}} | kind for k, kind in enumerate(kinds, 1)]
    shelf.load(json.dumps({"data": users, "__twarc": {}}) + "\n", "p.jsonl")
    verified = "SELECT verified FROM accounts ORDER BY account_id"
    wanted = [("company",), ("gov",), ("blue",), ("unknown",), ("none",), (None,)]
    assert shelf.rows(verified) == wanted
    shelf.empty()
    rows = "".join(f"{u['id']},u,1,{u.get('verified', '')},{u.get('verified_type', '')}\n" for u in users)
    shelf.load("id,username,public_metrics.followers_count,verified,verified_type\n" + rows, "u.csv")
    assert shelf.rows(verified) == wanted


def test_everything_in_a_page_is_counted(shelf: Shelf) -> None:
    odd = {"id": "9", "name": "a list, and no tweet"}
    lines = page(tweet(1, 5), odd, {"no": "id"}) + page(tweet(2, 5), {"text": "without an id"})
    report = shelf.load(lines, "p.jsonl")
    assert (report.counts.read, report.counts.accepted) == (5, 2)
    assert [(r.line, r.code) for r in report.rejects] == [(1, "NO_RECORD"), (1, "NO_RECORD"), (2, "MISSING_FIELD")]


def test_responses_may_be_one_value_over_many_lines(shelf: Shelf) -> None:
    response = {"data": [tweet(1, 5)], "includes": {"users": [{"id": "5", "username": "kol_a"}]}}
    shelf.load(json.dumps(response, indent=1), "r.json")
    assert shelf.rows("SELECT post_id FROM posts") == [("x:1",)]
    shelf.load(json.dumps([tweet(2, 5), tweet(3, 5)], indent=1), "r.json")
    assert shelf.rows("SELECT post_id FROM posts ORDER BY 1") == [("x:1",), ("x:2",), ("x:3",)]


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


def test_tweets_inside_of_tweets_of_api_1_are_read_however_deep(shelf: Shelf) -> None:
    inner: dict[str, Any] = {}
    for number in range(1, 200):
        user = {"id": number, "screen_name": f"u{number}"}
        base = {"id_str": str(number), "created_at": "Wed Oct 10 20:19:24 +0000 2018", "user": user, "text": "x"}
        inner = base | ({"quoted_status_id": number - 1, "quoted_status": inner} if inner else {})
    report = shelf.load(json.dumps(inner) + "\n" + '{"delete": {"status": {"id": 1}}}\n', "v1.jsonl")
    assert [(r.line, r.code) for r in report.rejects] == [(2, "MISSING_FIELD")]
    assert found(shelf)["quotes"] == {(f"x:{n}", f"x:{n - 1}", str(n)) for n in range(2, 200)}


def test_in_api_1_those_at_the_start_of_an_answer_are_not_mentioned(shelf: Shelf) -> None:
    people = [{"id_str": str(i), "screen_name": name} for i, name in ((2, "u2"), (3, "u3"), (4, "u4"), (-1, "gone"))]
    links = [{"url": "https://t.co/1", "expanded_url": "https://a.example/1"}]
    user = {"id": 7, "screen_name": "u7", "verified": True}
    answer = {"id_str": "9", "user": user, "created_at": "Wed Oct 10 20:19:24 +0000 2018", "reply_count": 4}
    answer |= {"full_text": "@u2 @u3 with @u4 @gone", "in_reply_to_status_id": 5, "in_reply_to_user_id": 2}
    shelf.load(json.dumps(answer | {"entities": {"user_mentions": people, "urls": links}}) + "\n", "v1.jsonl")
    assert found(shelf)["mentions"] == {("x:7", "x:4", "9"), ("x:7", "name:gone", "9")}
    assert found(shelf)["replies"] == {("x:7", "x:2", "9")}
    assert shelf.rows("SELECT urls, comments FROM posts") == [(["https://a.example/1"], 4)]
    assert shelf.rows("SELECT verified FROM accounts WHERE account_id = 'x:7'") == [("unknown",)]


JUNK: tuple[Any, ...] = (None, 0, -1, "", "x y", True, 1e300, [], {}, [[]], {"id": []}, [None], "\u0000", "9" * 300)


def spoiled(value: Any, chance: random.Random) -> Any:
    """The same with some of what is in it exchanged for something else."""
    if chance.random() < 0.04:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        return {key: spoiled(inner, chance) for key, inner in value.items()}
    return [spoiled(inner, chance) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", ["v2", "v1", "archive"])
def test_values_of_any_kind_are_accounted_for(shelf: Shelf, tmp_path: Path, kind: str) -> None:
    user = {"id": "5", "username": "kol_a", "verified": True, "public_metrics": {"followers_count": 9}}
    entities = {
        "mentions": [{"username": "late", "id": "9"}],
        "hashtags": [{"tag": "t"}],
        "urls": [{"expanded_url": "u"}],
    }
    said = tweet(1, 5, "x @late", entities=entities, note_tweet={"text": "long", "entities": entities}) | {
        "author": user
    }
    answer = tweet(2, 7, "@late x", in_reply_to_user_id="9", referenced_tweets=refers("replied_to", 3))
    again = tweet(4, 7, "RT @kol_a: x", referenced_tweets=refers("retweeted", 1))
    old_user = {"id_str": "5", "screen_name": "a", "created_at": "Wed Oct 10 20:19:24 +0000 2018"}
    people = {"user_mentions": [{"id_str": "9", "screen_name": "late"}], "hashtags": [{"text": "t"}], "urls": []}
    old: dict[str, Any] = {
        "id_str": "1",
        "user": old_user,
        "created_at": "Wed Oct 10 20:19:24 +0000 2018",
        "full_text": "@late x",
    }
    old |= {"entities": people, "extended_tweet": {"full_text": "y", "entities": people}, "in_reply_to_user_id": 9}
    nested = old | {"id_str": "2", "quoted_status": old | {"id_str": "3"}, "retweeted_status": {}}
    whole: dict[str, Any] = {
        "v2": {"data": [said, answer, again], "includes": {"users": [user], "tweets": [said]}, "__twarc": {"url": "/"}},
        "v1": nested | {"retweeted_status": old | {"id_str": "4"}},
        "archive": [{"tweet": nested}, {"tweet": old | {"full_text": "RT @late: x"}}],
    }
    chance = random.Random(7)
    archive(tmp_path, "account.js", [{"account": {"accountId": "11"}}])
    for _ in range(6):
        rows = spoiled(whole[kind], chance)
        with suppress(InputError):  # the shelf counts
            if kind == "archive":
                shelf.load_file(archive(tmp_path, "tweets.js", rows))
            else:
                shelf.load(json.dumps(whole[kind]) + "\n" + json.dumps(rows) + "\n", "f.jsonl")


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
    tweets: list[dict[str, Any]] = [
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
    with pytest.raises(InputError, match=r"account\.js; put it beside, or add subject=ID"):
        shelf.load_file(path)


def test_the_owner_of_an_archive_can_be_named(shelf: Shelf, tmp_path: Path) -> None:
    path = archive(tmp_path, "follower.js", [{"follower": {"accountId": "1"}}])
    archive(tmp_path, "account.js", [{"account": {"username": "me"}}])  # damaged: without the id
    with pytest.raises(InputError, match="subject=ID"):
        shelf.load_file(path)
    shelf.load_file(path, subject="11")
    assert found(shelf)["follows"] == {("x:1", "x:11")}


def test_retweets_in_an_archive_are_of_the_one_they_name(shelf: Shelf, tmp_path: Path) -> None:
    def said(number: int, text: str, *people: tuple[str, str]) -> dict[str, Any]:
        mentions = [{"screen_name": name, "id_str": account} for name, account in people]
        base = {"id_str": str(number), "full_text": text, "created_at": "Tue Jan 02 03:04:05 +0000 2024"}
        return {"tweet": base | {"entities": {"user_mentions": mentions}}}

    archive(tmp_path, "account.js", [{"account": {"accountId": "11", "username": "me"}}])
    rows = [said(1, "RT @Kol_a: with @brand", ("brand", "6"), ("kol_a", "5")), said(2, "RT @gone: with @brand")]
    rows += [said(3, "RT @away: hi", ("away", "-1")), said(4, "to @away and @brand", ("away", "-1"), ("brand", "6"))]
    assert shelf.load_file(archive(tmp_path, "tweet.js", rows)).rejects == []
    edges = found(shelf)
    assert edges["reposts"] == {
        ("x:11", "x:5", "1", "root"),
        ("x:11", "name:gone", "2", "root"),
        ("x:11", "name:away", "3", "root"),
    }
    assert edges["mentions"] == {("x:11", "name:away", "4"), ("x:11", "x:6", "4")}


@pytest.mark.parametrize("name", ["deleted-tweets.js", "old-tweets.js"])
def test_other_files_of_an_archive_are_left(shelf: Shelf, tmp_path: Path, name: str) -> None:
    archive(tmp_path, "account.js", [{"account": {"accountId": "11"}}])
    with pytest.raises(UnknownFormat):
        shelf.load_file(archive(tmp_path, name, [{"tweet": {"id_str": "1", "full_text": "gone"}}]))


# ---------------------------------------------------------------------- ids


@pytest.mark.parametrize("big", BIG)
def test_big_ids_are_exact_as_numbers_too(shelf: Shelf, tmp_path: Path, big: int) -> None:
    number = {"id": big, "author_id": big, "created_at": TIME, "text": "hi @me", "in_reply_to_user_id": big - 1}
    number |= {"referenced_tweets": [{"type": "quoted", "id": big - 2}, {"type": "replied_to", "id": big - 3}]}
    number |= {"entities": {"mentions": [{"username": "me", "id": big - 4}]}}
    shelf.load(
        json.dumps({"data": [number], "includes": {"tweets": [{"id": big - 2, "author_id": big - 5}]}}), "p.jsonl"
    )
    edges = found(shelf)
    assert edges["quotes"] == {(f"x:{big}", f"x:{big - 5}", str(big))}
    assert edges["replies"] == {(f"x:{big}", f"x:{big - 1}", str(big))}
    assert edges["mentions"] == {(f"x:{big}", f"x:{big - 4}", str(big))}
    assert shelf.rows("SELECT post_id FROM comments") == [(f"x:{big - 3}",)]
    shelf.empty()
    archive(tmp_path, "account.js", [{"account": {"accountId": str(big)}}])
    mention = {"user_mentions": [{"screen_name": "me", "id": big - 4}]}
    said = {"id": big, "full_text": "RT @me: hi", "created_at": "Tue Jan 02 03:04:05 +0000 2024", "entities": mention}
    shelf.load_file(archive(tmp_path, "tweets.js", [{"tweet": said}]))
    assert found(shelf)["reposts"] == {(f"x:{big}", f"x:{big - 4}", str(big), "root")}


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
