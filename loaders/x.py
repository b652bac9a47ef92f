"""X (Twitter) as twarc keeps it: API v2 pages and flattened tweets, and tweets of API 1.1, as JSON lines.

A tweet is a post, or a repost when it retweets. What a retweet says belongs to the original and its author; whoever
is answered or retweeted is not mentioned. Mentions have ids where the platform still knew them, else names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolgraph.loaders import containers
from kolgraph.loaders.source import Reject
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from kolgraph.loaders.source import Options, Source
    from kolgraph.loaders.spec import Rows

#: Handles at the start of an answer name those who are answered.
ADDRESSED = re.compile(r"^\s*(@\w{1,15}\s+)+")
RETWEET = re.compile(r"^RT @(\w{1,15}):")

#: What one tweet is; the rows are made below, all with the same keys.
TWEET = (
    Emit(
        "account",
        {"account": "user.id", "name": "user.name", "followers": "user.followers", "bio": "user.bio"}
        | {"followings": "user.followings", "posts": "user.posts", "region": "user.region", "created": "user.created"}
        | {"verified": "user.verified", "observed": "seen"},
        when="{user.id} IS NOT NULL",
    ),
    Emit(
        "repost",
        {"post": "id", "src": "author", "dst": "root_author", "author_name": "root_name", "root": "root"}
        | {"time": "time"},
        when="{root} IS NOT NULL OR {root_name} IS NOT NULL",
    ),
    Emit(
        "post",
        {"post": "id", "author": "author", "time": "time", "text": "text", "topics": "topics"}
        | {"likes": "likes", "reposts": "reposts", "comments": "comments", "views": "views", "observed": "seen"},
    ),
    Emit(
        "repost",
        {"post": "id", "src": "author", "dst": "quoted_author", "root": "quoted", "time": "time"}
        | {"kind": "='quote'"},
        when="{quoted} IS NOT NULL",
        side=True,
    ),
    Emit(
        "comment",
        {"comment": "id", "src": "author", "dst": "answered_author", "post": "answered", "time": "time"},
        when="{answered} IS NOT NULL OR {answered_author} IS NOT NULL",
        side=True,
    ),
    Emit("account", {"account": "author", "name": "author_name"}, when="{author_name} IS NOT NULL", side=True),
    Emit("mention", {"post": "id", "src": "author", "dst": "={item.id}", "time": "time"}, each="mentions", side=True),
    Emit("account", {"account": "={item.id}", "name": "={item.name}"}, each="mentions", side=True),
)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, dict) else []


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _topics(tags: Any, key: str) -> str | None:
    names = [tag[key] for tag in _list(tags) if isinstance(_dict(tag).get(key), str)]
    return ",".join(names) or None


def _mentions(found: Any, id_key: str, name_key: str, without: set[str | None]) -> list[dict[str, str]]:
    """Mentions that carry an id, but those of people who are answered or retweeted."""
    pairs = [(_dict(m).get(id_key), _dict(m).get(name_key)) for m in _list(found)]
    return [{"id": str(i), "name": str(n)} for i, n in pairs if i is not None and n and str(i) not in without]


def _own_text(text: Any, answers: bool) -> str | None:
    return (ADDRESSED.sub("", text) if answers else text) if isinstance(text, str) else None


# ---------------------------------------------------------------------- API v2


def _v2_rows(source: Source, options: Options) -> Rows:
    """Pages hold tweets and what they refer to; a flattened tweet holds both in itself."""
    del options
    for row in containers.json_lines(source):
        if isinstance(row, Reject):
            yield row
            continue
        line, page = row
        found = _v2_page(page)
        if not found:
            yield Reject(line, None, None, "NO_RECORD", "the line holds neither tweets nor users", str(page)[:500])
        for cells in found:
            yield line, cells


def _v2_page(page: dict[str, Any]) -> list[dict[str, Any]]:
    seen = _dict(page.get("__twarc")).get("retrieved_at")
    includes = _dict(page.get("includes"))
    items = [item for item in (_list(page["data"]) if "data" in page else [page]) if isinstance(item, dict)]
    others: list[Mapping[str, Any]] = [item for item in _list(includes.get("tweets")) if isinstance(item, dict)]
    for item in items:  # flattened: whole objects inside
        others += [t for t in map(_dict, _list(item.get("referenced_tweets"))) if "author_id" in t]
    users = [u for u in _list(includes.get("users")) if isinstance(u, dict)]
    users += [t["author"] for t in (*items, *others) if isinstance(t.get("author"), dict)]
    users += [item for item in items if "username" in item]
    authors = {str(t.get("id")): t.get("author_id") for t in (*items, *others)}
    tweets = {str(t.get("id")): t for t in (*others, *items) if "author_id" in t}
    rows: list[dict[str, Any]] = [{"user": _v2_user(u), "seen": seen} for u in users if u.get("id") is not None]
    return rows + [_v2_tweet(tweet, authors, seen) for tweet in tweets.values()]


def _v2_user(user: Mapping[str, Any]) -> dict[str, Any]:
    counts = _dict(user.get("public_metrics"))
    return {
        "id": user.get("id"),
        "name": user.get("username"),
        "followers": counts.get("followers_count"),
        "followings": counts.get("following_count"),
        "posts": counts.get("tweet_count"),
        "region": user.get("location"),
        "bio": user.get("description"),
        "created": user.get("created_at"),
        "verified": (user.get("verified_type") or "unknown") if user.get("verified") else None,
    }


def _v2_tweet(tweet: Mapping[str, Any], authors: Mapping[str, Any], seen: Any) -> dict[str, Any]:
    refers = {
        str(r.get("type")): str(r.get("id")) for r in map(_dict, _list(tweet.get("referenced_tweets"))) if r.get("id")
    }
    text, entities, counts = tweet.get("text"), _dict(tweet.get("entities")), _dict(tweet.get("public_metrics"))
    base = {"id": tweet.get("id"), "author": tweet.get("author_id"), "time": tweet.get("created_at"), "seen": seen}
    if "retweeted" in refers:
        root = refers["retweeted"]
        named = RETWEET.match(text) if isinstance(text, str) else None
        return base | {"root": root, "root_author": authors.get(root), "root_name": named[1] if named else None}
    answered, to = refers.get("replied_to"), tweet.get("in_reply_to_user_id")
    return base | {
        "text": _own_text(text, answered is not None or to is not None),
        "topics": _topics(entities.get("hashtags"), "tag"),
        "mentions": _mentions(entities.get("mentions"), "id", "username", {str(to)}),
        "quoted": refers.get("quoted"),
        "quoted_author": authors.get(refers.get("quoted", "")),
        "answered": answered,
        "answered_author": to or authors.get(answered or ""),
        "likes": counts.get("like_count"),
        "reposts": counts.get("retweet_count"),
        "comments": counts.get("reply_count"),
        "views": counts.get("impression_count"),
    }


# ---------------------------------------------------------------------- API 1.1


def _v1_rows(source: Source, options: Options) -> Rows:
    del options
    for row in containers.json_lines(source):
        if isinstance(row, Reject):
            yield row
        else:
            for cells in _v1_tweets(row[1]):
                yield row[0], cells


def _v1_tweets(tweet: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tweet, and those inside it."""
    user, original, quoted = (_dict(tweet.get(k)) for k in ("user", "retweeted_status", "quoted_status"))
    yield {"user": _v1_user(user)}
    base = {"id": tweet.get("id_str") or tweet.get("id"), "author": _id(user), "time": tweet.get("created_at")}
    if original:
        yield base | {"root": _id(original), "root_author": _id(_dict(original.get("user")))}
        yield from _v1_tweets(original)
        return
    long = _dict(tweet.get("extended_tweet"))
    entities = _dict(long.get("entities") or tweet.get("entities"))
    text = long.get("full_text") or tweet.get("full_text") or tweet.get("text")
    to = tweet.get("in_reply_to_user_id_str") or tweet.get("in_reply_to_user_id")
    yield base | {
        "text": _own_text(text, to is not None),
        "topics": _topics(entities.get("hashtags"), "text"),
        "mentions": _mentions(entities.get("user_mentions"), "id_str", "screen_name", {str(to)}),
        "quoted": tweet.get("quoted_status_id_str") or _id(quoted),
        "quoted_author": _id(_dict(quoted.get("user"))),
        "answered": tweet.get("in_reply_to_status_id_str") or tweet.get("in_reply_to_status_id"),
        "answered_author": to,
        "likes": tweet.get("favorite_count"),
        "reposts": tweet.get("retweet_count"),
    }
    if quoted:
        yield from _v1_tweets(quoted)


def _id(thing: Mapping[str, Any]) -> Any:
    return thing.get("id_str") or thing.get("id")


def _v1_user(user: Mapping[str, Any]) -> dict[str, Any]:
    names = {"name": "screen_name", "followers": "followers_count", "followings": "friends_count", "bio": "description"}
    names |= {"posts": "statuses_count", "region": "location", "created": "created_at"}
    return {"id": _id(user)} | {field: user.get(name) for field, name in names.items()}


def _format(name: str, title: str, title_zh: str, keys: set[str], **more: Any) -> Format:
    return Format(name, title, title_zh, TWEET, "x", "json", frozenset(keys), **more)


FORMATS = (
    _format(
        "x-v2-pages",
        "twarc2 JSON lines: pages of tweets or users",
        "twarc2 分页 JSONL",
        {"data", "__twarc"},
        rows=_v2_rows,
    ),
    _format("x-v2-raw", "API v2 responses, as JSON lines", "X API v2 响应 JSONL", {"data", "includes"}, rows=_v2_rows),
    _format(
        "x-v2",
        "twarc2 flatten: one tweet a line",
        "twarc2 展平后的推文 JSONL",
        {"id", "author_id", "text"},
        rows=_v2_rows,
    ),
    _format(
        "x-v2-users",
        "twarc2 flatten: one user a line",
        "twarc2 展平后的用户 JSONL",
        {"id", "username", "public_metrics"},
        rows=_v2_rows,
    ),
    _format(
        "x-v1",
        "API 1.1 tweets, one a line",
        "X API 1.1 推文 JSONL",
        {"id_str", "user", "user.screen_name", "created_at"},
        rows=_v1_rows,
    ),
)
