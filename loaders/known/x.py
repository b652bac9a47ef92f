"""X (Twitter) as twarc keeps it: API v2 pages and flattened tweets, and tweets of API 1.1, as JSON lines.

A tweet is a post, or a repost when it retweets. What a retweet says belongs to the original and its author; whoever
is answered or retweeted is not mentioned. Mentions have ids where the platform still knew them, else names. Pages of
followers say only in the address they came from whose followers they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Reject
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Options, Source
    from kolgraph.loaders.spec import Rows

#: Handles at the start of an answer name those who are answered; the engine reads this pattern too.
ADDRESS = r"^\s*(@\w+\b[\s,.:;!?]*)+"
RETWEET = re.compile(r"^RT @(\w+)\b", re.ASCII)
HANDLE = re.compile(r"@(\w+)", re.ASCII)
#: Whose list a page of users is, and which.
LIST = re.compile(r"/users/(\d+)/(followers|following)\b", re.ASCII)
#: Words of the platform for those who are verified; "blue" only says that somebody pays.
VERIFIED = {"business": "company", "government": "gov"}

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
        "follow",
        {"src": "follower", "dst": "followed", "observed": "seen"},
        when="{follower} IS NOT NULL",
        side=True,
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
        | {
            "urls": "urls",
            "likes": "likes",
            "reposts": "reposts",
            "comments": "comments",
            "views": "views",
            "observed": "seen",
        },
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


def _urls(links: Any) -> str | None:
    """Where links lead; pictures and films of the tweet itself are no links."""
    ends = [link.get("expanded_url") for link in map(_dict, _list(links)) if "media_key" not in link]
    return " ".join(dict.fromkeys(end for end in ends if isinstance(end, str))) or None


def _said(text: Any, mentions: Any, keys: tuple[str, str], answers: bool, to: Any) -> dict[str, Any]:
    """What a tweet says and whom it mentions by id, without those it answers."""
    address = re.match(ADDRESS, text, re.ASCII) if answers and isinstance(text, str) else None
    addressed = {name.lower() for name in HANDLE.findall(address[0])} if address else set()
    found = [(str(_dict(m).get(keys[0])), _dict(m).get(keys[1])) for m in _list(mentions)]
    return {
        "text": text[address.end() :] if address else text,
        "mentions": [
            {"id": account, "name": name}
            for account, name in found
            if account.isdecimal() and account != str(to) and str(name).lower() not in addressed
        ],
    }


def _verified(flag: Any, kind: Any) -> str | None:
    if flag is None:
        return None
    return VERIFIED.get(str(kind), str(kind or "unknown")) if flag else "none"


# ---------------------------------------------------------------------- API v2


def _v2_rows(source: Source, options: Options) -> Rows:
    """Pages hold tweets and what they refer to; a flattened tweet holds both in itself."""
    del options
    for row in containers.json_items(source):
        if isinstance(row, Reject):
            yield row
            continue
        line, page = row
        for cells in _v2_page(page):
            if cells:
                yield line, cells
            else:
                yield Reject(line, None, None, "NO_RECORD", "holds neither a tweet nor a user", str(page)[:500])


def _v2_page(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a page: one per user and tweet; an empty one for what is neither, or for an empty page."""
    about, includes = _dict(page.get("__twarc")), _dict(page.get("includes"))
    items = [_dict(item) for item in _list(page.get("data", page))]
    tweets = [item for item in items if "author_id" in item or "text" in item]
    listed = [item for item in items if "username" in item and item.get("id") is not None]
    others = [item for item in map(_dict, _list(includes.get("tweets"))) if "author_id" in item]
    for tweet in tweets:  # flattened: whole objects inside
        others += [t for t in map(_dict, _list(tweet.get("referenced_tweets"))) if "author_id" in t]
    users = [*map(_dict, _list(includes.get("users")))]
    for tweet in (*tweets, *others):
        users += [_dict(tweet.get("author")), _dict(tweet.get("in_reply_to_user"))]
    seen = about.get("retrieved_at")
    rows = [{"user": _v2_user(u), "seen": seen} | _v2_follow(u["id"], about.get("url")) for u in listed]
    rows += [{"user": _v2_user(user), "seen": seen} for user in users if user.get("id") is not None]
    authors = {str(t.get("id")): t.get("author_id") for t in (*others, *tweets)}
    known = {str(t.get("id")) for t in tweets}
    rows += [_v2_tweet(t, authors, seen) for t in (*tweets, *(t for t in others if str(t.get("id")) not in known))]
    unknown = len(items) - len(tweets) - len(listed)
    return rows + [{}] * (unknown or not rows)


def _v2_follow(user: Any, url: Any) -> dict[str, Any]:
    """Who follows whom, if the user comes from a list of followers or of those who are followed."""
    subject = LIST.search(url) if isinstance(url, str) else None
    if subject is None:
        return {}
    src, dst = (user, subject[1]) if subject[2] == "followers" else (subject[1], user)
    return {"follower": src, "followed": dst}


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
        "verified": _verified(user.get("verified"), user.get("verified_type")),
    }


def _v2_tweet(tweet: Mapping[str, Any], authors: Mapping[str, Any], seen: Any) -> dict[str, Any]:
    refers = {
        str(r.get("type")): str(r.get("id")) for r in map(_dict, _list(tweet.get("referenced_tweets"))) if r.get("id")
    }
    long, counts = _dict(tweet.get("note_tweet")), _dict(tweet.get("public_metrics"))
    text, entities = long.get("text") or tweet.get("text"), _dict(long.get("entities") or tweet.get("entities"))
    base = {"id": tweet.get("id"), "author": tweet.get("author_id"), "time": tweet.get("created_at"), "seen": seen}
    if "retweeted" in refers:
        root = refers["retweeted"]
        named = RETWEET.match(text) if isinstance(text, str) else None
        return base | {"root": root, "root_author": authors.get(root), "root_name": named[1] if named else None}
    answered, to = refers.get("replied_to"), tweet.get("in_reply_to_user_id")
    said = _said(text, entities.get("mentions"), ("id", "username"), answered is not None or to is not None, to)
    return base | {
        **said,
        "topics": _topics(entities.get("hashtags"), "tag"),
        "urls": _urls(entities.get("urls")),
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
    for row in containers.json_items(source):
        if isinstance(row, Reject):
            yield row
        elif folded := [k for k in _V1_OBJECTS if isinstance(row[1].get(k), str) and row[1][k][:1] == "{"]:
            why = "is an object that was written as text; export the file again, with objects inside objects"
            yield Reject(row[0], folded[0], None, "BAD_OBJECT", f"{folded[0]} {why}", None)
        else:
            for cells in _v1_tweets(row[1]):
                yield row[0], cells


#: What is inside a tweet.
_V1_OBJECTS = ("user", "retweeted_status", "quoted_status")


def _v1_tweets(tweet: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tweet, and those inside it."""
    inside = [tweet]
    while inside:
        tweet = inside.pop()
        user, original, quoted = (_dict(tweet.get(k)) for k in _V1_OBJECTS)
        if _id(user) is not None:
            yield {"user": _v1_user(user)}
        base = {"id": _id(tweet), "author": _id(user), "time": tweet.get("created_at")}
        if original:
            yield base | {"root": _id(original), "root_author": _id(_dict(original.get("user")))}
            inside.append(original)
            continue
        yield base | _v1_said(tweet) | {"quoted_author": _id(_dict(quoted.get("user")))}
        if quoted:
            inside.append(quoted)


def _v1_said(tweet: Mapping[str, Any]) -> dict[str, Any]:
    """What a tweet that is no retweet says; archives of users write it in the same way."""
    long = _dict(tweet.get("extended_tweet"))
    entities = _dict(long.get("entities") or tweet.get("entities"))
    text = long.get("full_text") or tweet.get("full_text") or tweet.get("text")
    to = _id(tweet, "in_reply_to_user_id")
    return {
        **_said(text, entities.get("user_mentions"), ("id_str", "screen_name"), to is not None, to),
        "topics": _topics(entities.get("hashtags"), "text"),
        "urls": _urls(entities.get("urls")),
        "quoted": _id(tweet, "quoted_status_id") or _id(_dict(tweet.get("quoted_status"))),
        "answered": _id(tweet, "in_reply_to_status_id"),
        "answered_author": to,
        "likes": tweet.get("favorite_count"),
        "reposts": tweet.get("retweet_count"),
        "comments": tweet.get("reply_count"),
    }


def _id(thing: Mapping[str, Any], key: str = "id") -> Any:
    """An id, as text where there is one: other programs may have rounded the number."""
    return thing.get(f"{key}_str") or thing.get(key)


def _v1_user(user: Mapping[str, Any]) -> dict[str, Any]:
    names = {"name": "screen_name", "followers": "followers_count", "followings": "friends_count", "bio": "description"}
    names |= {"posts": "statuses_count", "region": "location", "created": "created_at"}
    known = {field: user.get(name) for field, name in names.items()}
    return known | {"id": _id(user), "verified": _verified(user.get("verified"), user.get("verified_type"))}


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
