"""X (Twitter) as files: twarc CSV, the archive that a user downloads, the archives of information operations."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError, option
from kolgraph.loaders.known.x import ADDRESS, RETWEET, TWEET, _dict, _id, _list, _v1_said
from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Reject, Source
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Options
    from kolgraph.loaders.spec import Rows

# ---------------------------------------------------------------------- twarc CSV

COUNTS = {"likes": "public_metrics.like_count", "reposts": "public_metrics.retweet_count"}
COUNTS |= {"comments": "public_metrics.reply_count", "views": "public_metrics.impression_count"}
SEEN = {"observed": "__twarc.retrieved_at"}
#: Lines of a text are told apart by a written "\\n".
TEXT = f"=CASE WHEN {{answers}} THEN regexp_replace({{lines}}, '{ADDRESS}', '') ELSE {{lines}} END"
LIST = "/users/([0-9]+)/{}\\b"


def _user(prefix: str) -> dict[str, str]:
    """The columns of a user behind a prefix."""
    names = {"account": "id", "name": "username", "bio": "description", "region": "location", "created": "created_at"}
    names |= {"followers": "public_metrics.followers_count", "followings": "public_metrics.following_count"}
    names |= {"posts": "public_metrics.tweet_count"}
    flag, kind = f"lower({{{prefix}verified}})", f"coalesce({{{prefix}verified_type}}, 'unknown')"
    kind = f"CASE {kind} WHEN 'business' THEN 'company' WHEN 'government' THEN 'gov' ELSE {kind} END"
    verified = f"=CASE {flag} WHEN 'true' THEN {kind} WHEN 'false' THEN 'none' END"
    return {field: prefix + name for field, name in names.items()} | {"verified": verified} | SEEN


def _named(account: str, name: str) -> Emit:
    given = f"{{{account}}} <> '' AND {{{name}}} <> ''"
    return Emit("account", {"account": account, "name": name}, when=given, side=True)


TWARC = (
    Format(
        "twarc-csv",
        "twarc-csv of tweets; a retweet carries the text of the original",
        "twarc-csv 推文表",
        (
            Emit(
                "repost",
                {"post": "id", "src": "author_id", "dst": "retweeted_user_id", "time": "created_at"}
                | {"root": "referenced_tweets.retweeted.id"}
                | {"author_name": "=coalesce(nullif({retweeted_username}, ''), {said_again})"},
                when="{retweets}",
            ),
            Emit(
                "post",
                {"post": "id", "author": "author_id", "time": "created_at", "text": TEXT, "urls": "links"}
                | COUNTS
                | SEEN,
            ),
            Emit(
                "post",
                {"post": "referenced_tweets.retweeted.id", "author": "retweeted_user_id", "urls": "links"}
                # The columns do not say whether the original answers: a text that starts so always does.
                | {"text": f"=regexp_replace({{lines}}, '{ADDRESS}', '')"}
                | COUNTS
                | SEEN,
                when="{retweets} AND {said_again} = ''",
                side=True,
            ),
            Emit(
                "repost",
                {"post": "id", "src": "author_id", "dst": "quoted_user_id", "time": "created_at"}
                | {"root": "referenced_tweets.quoted.id", "kind": "='quote'"},
                when="{referenced_tweets.quoted.id} <> '' AND NOT {retweets}",
                side=True,
            ),
            Emit(
                "comment",
                {"comment": "id", "src": "author_id", "dst": "in_reply_to_user_id", "time": "created_at"}
                | {"post": "referenced_tweets.replied_to.id"},
                when="{answers} AND NOT {retweets}",
                side=True,
            ),
            Emit("account", _user("author.") | {"account": "author_id"}, side=True),
            _named("retweeted_user_id", "retweeted_username"),
            _named("quoted_user_id", "quoted_username"),
            _named("in_reply_to_user_id", "in_reply_to_username"),
        ),
        "x",
        "table",
        frozenset({"id", "author_id", "referenced_tweets.retweeted.id", "text"}),
        lets={
            "retweets": "=coalesce({referenced_tweets.retweeted.id}, '') <> ''",
            "answers": "=coalesce({in_reply_to_user_id}, '') <> '' "
            "OR coalesce({referenced_tweets.replied_to.id}, '') <> ''",
            "lines": "=replace({text}, '\\n', chr(10))",
            "said_again": f"=regexp_extract({{text}}, '{RETWEET.pattern}', 1)",
            "links": "=array_to_string(regexp_extract_all({entities.urls}, 'https?://[^\\s\"]+'), ' ')",
        },
    ),
    Format(
        "twarc-csv-users",
        "twarc-csv of users, and of followers where the address says whose",
        "twarc-csv 用户表",
        (
            Emit("account", _user("")),
            Emit(
                "follow",
                {"src": "id", "dst": "of", "observed": "__twarc.retrieved_at"},
                when="{of} <> ''",
                side=True,
            ),
            Emit(
                "follow",
                {"src": "by", "dst": "id", "observed": "__twarc.retrieved_at"},
                when="{by} <> ''",
                side=True,
            ),
        ),
        "x",
        "table",
        frozenset({"id", "username", "public_metrics.followers_count"}),
        lets={
            "of": f"=regexp_extract({{__twarc.url}}, '{LIST.format('followers')}', 1)",
            "by": f"=regexp_extract({{__twarc.url}}, '{LIST.format('following')}', 1)",
        },
    ),
)

# ---------------------------------------------------------------------- the archive of a user


def _owner(source: Source, options: Options) -> str:
    """The account that the archive belongs to stands in a file beside; inside of a zip file there is no beside."""
    if options.subject is not None:
        return options.subject
    beside = source.path.parent / "account.js"
    if beside.is_file():
        with closing(Source(beside)) as account_file:
            for row in containers.json_items(account_file):
                account = None if isinstance(row, Reject) else _dict(row[1].get("account")).get("accountId")
                if account is not None:
                    return str(account)
    why = "whose archive this is stands in account.js"
    raise InputError.at(source.path, None, why, fix=f"put it beside, or add {option('subject', 'ID')}")


def _edges(source: Source, options: Options) -> Rows:
    owner = _owner(source, options)
    for row in containers.json_items(source):
        yield row if isinstance(row, Reject) else (row[0], row[1] | {"owner": owner})


def _tweets(source: Source, options: Options) -> Rows:
    owner = _owner(source, options)
    for row in containers.json_items(source):
        if isinstance(row, Reject):
            yield row
            continue
        tweet = _dict(row[1].get("tweet", row[1]))
        base = {"id": _id(tweet), "author": owner, "time": tweet.get("created_at")}
        named = RETWEET.match(str(tweet.get("full_text") or tweet.get("text")))
        yield row[0], base | (_retweeted(tweet, named[1]) if named else _v1_said(tweet))


def _retweeted(tweet: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The author of the original: named in the text, and with an id among the mentions, unless the account is gone."""
    people = map(_dict, _list(_dict(tweet.get("entities")).get("user_mentions")))
    ids = [str(_id(person)) for person in people if str(person.get("screen_name")).lower() == name.lower()]
    return {"root_author": next(filter(str.isdecimal, ids), None), "root_name": name}


def _archive(name: str, title: str, title_zh: str, path: str, emits: tuple[Emit, ...], rows: Any) -> Format:
    return Format(f"x-archive-{name}", title, title_zh, emits, "x", "js", path=path, rows=rows)


ARCHIVE = (
    _archive(
        "following",
        "following.js of a downloaded X archive",
        "X 个人存档 following.js",
        r"(^|/)following(-part\d+)?\.js",
        (Emit("follow", {"src": "owner", "dst": "following.accountId"}),),
        _edges,
    ),
    _archive(
        "followers",
        "follower.js of a downloaded X archive",
        "X 个人存档 follower.js",
        r"(^|/)follower(-part\d+)?\.js",
        (Emit("follow", {"src": "follower.accountId", "dst": "owner"}),),
        _edges,
    ),
    _archive(
        "tweets",
        "tweets.js of a downloaded X archive",
        "X 个人存档 tweets.js",
        r"(^|/)tweets?(-part\d+)?\.js",
        TWEET,
        _tweets,
    ),
    _archive(
        "account",
        "account.js of a downloaded X archive",
        "X 个人存档 account.js",
        r"(^|/)account\.js",
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


SUSPENDED = {
    "created": "={account_creation_date} || ' 00:00:00 UTC'",
    "label": "='bot'",
    "region": "user_reported_location",
    "bio": "user_profile_description",
    "name": "=CASE WHEN {user_screen_name} <> {userid} THEN {user_screen_name} END",
}
OPERATIONS = (
    Format(
        "x-io",
        "archives of information operations: tweets (all accounts in them were suspended)",
        "X 信息操纵存档：推文",
        (
            Emit(
                "repost",
                {"post": "tweetid", "src": "src", "dst": "root", "root": "retweet_tweetid", "time": "at"},
                when="{again}",
            ),
            Emit(
                "post",
                {"post": "tweetid", "author": "src", "time": "at", "likes": "like_count", "urls": "links"}
                | {
                    "text": f"=CASE WHEN {{answers}} THEN regexp_replace({{tweet_text}}, '{ADDRESS}', '') ELSE "
                    "{tweet_text} END"
                }
                | {"reposts": "retweet_count", "comments": "reply_count"},
            ),
            Emit(
                "comment",
                {"comment": "tweetid", "src": "src", "dst": "answered", "post": "in_reply_to_tweetid"} | {"time": "at"},
                when="{answers} AND NOT {again}",
                side=True,
            ),
            Emit(
                "repost",
                {"post": "tweetid", "src": "src", "root": "quoted_tweet_tweetid", "kind": "='quote'"} | {"time": "at"},
                when="{quoted_tweet_tweetid} <> '' AND NOT {again}",
                side=True,
            ),
            Emit(
                "mention",
                {"post": "tweetid", "src": "src", "time": "at"} | {"dst": _who("{item}")},
                each="=CASE WHEN {again} THEN [] ELSE list_filter({mentioned}, "
                "lambda m: m IS DISTINCT FROM {in_reply_to_userid}) END",
                side=True,
            ),
            Emit(
                "account",
                {"account": "src", "followers": "follower_count", "followings": "following_count"} | SUSPENDED,
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
            "answers": "=coalesce({in_reply_to_userid}, '') <> '' OR coalesce({in_reply_to_tweetid}, '') <> ''",
            "again": "=coalesce(lower({is_retweet}), '') = 'true'",
            # Lists as Python writes them, with or without quotes; "absent" and None are nobody.
            "mentioned": "=regexp_extract_all({user_mentions}, '[A-Za-z0-9+/]+=|[A-Za-z0-9]*[0-9][A-Za-z0-9]*')",
            "links": "=array_to_string(list_transform(regexp_extract_all({urls}, 'https?://[^\\s''\"\\]]+'), "
            "lambda u: rtrim(u, ',')), ' ')",
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
                | SUSPENDED,
            ),
        ),
        "x",
        "table",
        frozenset({"userid", "user_reported_location", "follower_count", "account_creation_date"}),
    ),
)

FORMATS = (*TWARC, *ARCHIVE, *OPERATIONS)
