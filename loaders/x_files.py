"""X (Twitter) as files: twarc CSV, the archive that a user downloads, the archives of information operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError
from kolgraph.loaders import containers
from kolgraph.loaders.source import Reject, Source
from kolgraph.loaders.spec import Emit, Format
from kolgraph.loaders.x import TWEET, _mentions, _own_text, _topics

if TYPE_CHECKING:
    from kolgraph.loaders.source import Options
    from kolgraph.loaders.spec import Rows

# ---------------------------------------------------------------------- twarc CSV

COUNTS = {"likes": "public_metrics.like_count", "reposts": "public_metrics.retweet_count"}
COUNTS |= {"comments": "public_metrics.reply_count", "views": "public_metrics.impression_count"}
SEEN = {"observed": "__twarc.retrieved_at"}
WITHOUT_ADDRESS = (
    "=CASE WHEN {in_reply_to_user_id} <> '' THEN regexp_replace({text}, '^\\s*(@\\w+\\s+)+', '') ELSE {text} END"
)
TWARC = (
    Format(
        "twarc-csv",
        "twarc-csv of tweets; a retweet carries the text of the original",
        "twarc-csv 推文表",
        (
            Emit(
                "repost",
                {"post": "id", "src": "author_id", "dst": "retweeted_user_id", "time": "created_at"}
                | {"root": "referenced_tweets.retweeted.id", "author_name": "retweeted_username"},
                when="{referenced_tweets.retweeted.id} <> ''",
            ),
            Emit(
                "post",
                {"post": "id", "author": "author_id", "time": "created_at", "text": WITHOUT_ADDRESS} | COUNTS | SEEN,
            ),
            Emit(
                "post",
                {"post": "referenced_tweets.retweeted.id", "author": "retweeted_user_id", "text": "text"} | COUNTS,
                when="{referenced_tweets.retweeted.id} <> '' AND NOT starts_with({text}, 'RT @')",
                side=True,
            ),
            Emit(
                "repost",
                {"post": "id", "src": "author_id", "dst": "quoted_user_id", "time": "created_at"}
                | {"root": "referenced_tweets.quoted.id", "kind": "='quote'"},
                when="{referenced_tweets.quoted.id} <> '' AND coalesce({referenced_tweets.retweeted.id}, '') = ''",
                side=True,
            ),
            Emit(
                "comment",
                {"comment": "id", "src": "author_id", "dst": "in_reply_to_user_id", "time": "created_at"}
                | {"post": "referenced_tweets.replied_to.id"},
                when="{in_reply_to_user_id} <> '' AND coalesce({referenced_tweets.retweeted.id}, '') = ''",
                side=True,
            ),
            Emit(
                "account",
                {"account": "author_id", "name": "author.username", "bio": "author.description"}
                | {"followers": "author.public_metrics.followers_count", "region": "author.location"}
                | {"followings": "author.public_metrics.following_count", "created": "author.created_at"}
                | SEEN,
                side=True,
            ),
            Emit(
                "account",
                {"account": "retweeted_user_id", "name": "retweeted_username"},
                when="{retweeted_user_id} <> '' AND {retweeted_username} <> ''",
                side=True,
            ),
        ),
        "x",
        "table",
        frozenset({"id", "author_id", "referenced_tweets.retweeted.id", "text"}),
    ),
    Format(
        "twarc-csv-users",
        "twarc-csv of users",
        "twarc-csv 用户表",
        (
            Emit(
                "account",
                {"account": "id", "name": "username", "followers": "public_metrics.followers_count"}
                | {"followings": "public_metrics.following_count", "posts": "public_metrics.tweet_count"}
                | {"region": "location", "bio": "description", "created": "created_at"}
                | SEEN,
            ),
        ),
        "x",
        "table",
        frozenset({"id", "username", "public_metrics.followers_count"}),
    ),
)

# ---------------------------------------------------------------------- the archive of a user


def _owner(source: Source) -> str:
    """The account that the archive belongs to stands in a file beside."""
    beside = source.path.parent / "account.js"
    if beside.is_file():
        for row in containers.json_items(Source(beside)):
            if not isinstance(row, Reject) and isinstance(row[1].get("account"), dict):
                return str(row[1]["account"].get("accountId"))
    raise InputError(f"{source.path}: whose archive this is stands in account.js; put it beside")


def _edges(source: Source, options: Options) -> Rows:
    del options
    owner = _owner(source)
    for row in containers.json_items(source):
        yield row if isinstance(row, Reject) else (row[0], row[1] | {"owner": owner})


def _tweets(source: Source, options: Options) -> Rows:
    del options
    owner = _owner(source)
    for row in containers.json_items(source):
        if isinstance(row, Reject) or not isinstance(row[1].get("tweet", row[1]), dict):
            yield row
            continue
        tweet = row[1].get("tweet", row[1])
        entities = tweet.get("entities") if isinstance(tweet.get("entities"), dict) else {}
        text, to = str(tweet.get("full_text") or tweet.get("text") or ""), tweet.get("in_reply_to_user_id_str")
        base = {"id": tweet.get("id_str") or tweet.get("id"), "author": owner, "time": tweet.get("created_at")}
        people = entities.get("user_mentions")
        if text.startswith("RT @") and isinstance(people, list) and people and isinstance(people[0], dict):
            yield row[0], base | {"root_author": people[0].get("id_str"), "root_name": people[0].get("screen_name")}
            continue
        yield (
            row[0],
            base
            | {
                "text": _own_text(text, to is not None),
                "topics": _topics(entities.get("hashtags"), "text"),
                "mentions": _mentions(people, "id_str", "screen_name", {str(to)}),
                "answered": tweet.get("in_reply_to_status_id_str"),
                "answered_author": to,
                "likes": tweet.get("favorite_count"),
                "reposts": tweet.get("retweet_count"),
            },
        )


def _archive(name: str, title: str, title_zh: str, path: str, emits: tuple[Emit, ...], rows: Any) -> Format:
    return Format(f"x-archive-{name}", title, title_zh, emits, "x", "js", path=path, rows=rows)


ARCHIVE = (
    _archive(
        "following",
        "following.js of a downloaded X archive",
        "X 个人存档 following.js",
        r"following(-part\d+)?\.js",
        (Emit("follow", {"src": "owner", "dst": "following.accountId"}),),
        _edges,
    ),
    _archive(
        "followers",
        "follower.js of a downloaded X archive",
        "X 个人存档 follower.js",
        r"follower(-part\d+)?\.js",
        (Emit("follow", {"src": "follower.accountId", "dst": "owner"}),),
        _edges,
    ),
    _archive(
        "tweets",
        "tweets.js of a downloaded X archive",
        "X 个人存档 tweets.js",
        r"tweets?(-part\d+)?\.js",
        TWEET,
        _tweets,
    ),
    _archive(
        "account",
        "account.js of a downloaded X archive",
        "X 个人存档 account.js",
        r"account\.js",
        (
            Emit(
                "account", {"account": "account.accountId", "name": "account.username", "created": "account.createdAt"}
            ),
        ),
        lambda source, options: containers.json_items(source),
    ),
)

# ---------------------------------------------------------------------- information operations


def _who(cell: str) -> str:
    """Accounts with few followers are hashed: base64 of SHA-256."""
    return f"=CASE WHEN ends_with({cell}, '=') THEN 'x:sha256:' || {cell} ELSE {cell} END"


OPERATIONS = (
    Format(
        "x-io",
        "archives of information operations: tweets (all accounts in them were suspended)",
        "X 信息操纵存档：推文",
        (
            Emit(
                "repost",
                {"post": "tweetid", "src": "src", "dst": "root", "root": "retweet_tweetid", "time": "at"},
                when="lower({is_retweet}) = 'true'",
            ),
            Emit(
                "post",
                {"post": "tweetid", "author": "src", "time": "at", "text": "tweet_text", "likes": "like_count"}
                | {"reposts": "retweet_count", "comments": "reply_count"},
            ),
            Emit(
                "comment",
                {"comment": "tweetid", "src": "src", "dst": "answered", "post": "in_reply_to_tweetid"} | {"time": "at"},
                when="{in_reply_to_tweetid} <> '' AND lower({is_retweet}) <> 'true'",
                side=True,
            ),
            Emit(
                "repost",
                {"post": "tweetid", "src": "src", "root": "quoted_tweet_tweetid", "kind": "='quote'"} | {"time": "at"},
                when="{quoted_tweet_tweetid} <> '' AND lower({is_retweet}) <> 'true'",
                side=True,
            ),
            Emit(
                "mention",
                {"post": "tweetid", "src": "src", "time": "at"} | {"dst": _who("{item}")},
                each="=CASE WHEN lower({is_retweet}) <> 'true' THEN list_filter(regexp_extract_all({user_mentions}, "
                "'[A-Za-z0-9+/]+=?'), lambda m: m IS DISTINCT FROM {in_reply_to_userid}) ELSE [] END",
                side=True,
            ),
            Emit(
                "account",
                {"account": "src", "followers": "follower_count", "followings": "following_count"}
                | {"created": "={account_creation_date} || ' 00:00:00 UTC'", "label": "='bot'"}
                | {"region": "user_reported_location", "bio": "user_profile_description"}
                | {"name": "=CASE WHEN {user_screen_name} <> {userid} THEN {user_screen_name} END"},
                side=True,
            ),
        ),
        "x",
        "table",
        frozenset({"tweetid", "userid", "is_retweet", "retweet_userid"}),
        lets={
            "src": _who("{userid}"),
            "root": _who("{retweet_userid}"),
            "answered": _who("{in_reply_to_userid}"),
            "at": "={tweet_time} || CASE WHEN length({tweet_time}) = 16 THEN ':00' ELSE '' END || ' UTC'",
        },
    ),
    Format(
        "x-io-users",
        "archives of information operations: users",
        "X 信息操纵存档：用户",
        (
            Emit(
                "account",
                {"account": _who("{userid}"), "followers": "follower_count", "followings": "following_count"}
                | {"created": "={account_creation_date} || ' 00:00:00 UTC'", "label": "='bot'"}
                | {"region": "user_reported_location", "bio": "user_profile_description"},
            ),
        ),
        "x",
        "table",
        frozenset({"userid", "user_reported_location", "follower_count", "account_creation_date"}),
    ),
)

FORMATS = (*TWARC, *ARCHIVE, *OPERATIONS)
