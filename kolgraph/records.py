"""What a loader hands over: the records a row of a file can be, and the fields of each, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Fields of an account that change with time -> SQL type.
PROFILE = {
    "name": "VARCHAR",
    "followers": "BIGINT",  # as the platform shows it
    "followings": "BIGINT",
    "posts": "BIGINT",
    "rounded": "VARCHAR[]",  # the counts that were shown rounded ("1.2万") or as a lower bound ("10万+")
    "niche": "VARCHAR",  # as declared by the account or its agency
    "region": "VARCHAR",
    "city": "VARCHAR",
    "agency": "VARCHAR",
    "available": "VARCHAR",  # as the agency says it: yes, no, from when
    "price_cny": "DECIMAL(14, 2)",  # per forwarded post
    "verified": "VARCHAR",  # none, person, gov, company, media, org, talent, or as the source says it
    "bio": "VARCHAR",
    "ip_region": "VARCHAR",  # where the platform saw it, as opposed to what it says of itself
    "label": "VARCHAR",  # human or bot, in research data
    "created_ts": "BIGINT",
    "score": "DOUBLE",  # as an agency or platform rates it: stars, points, an index
}


@dataclass(frozen=True)
class Field:
    """A field of a raw row: its kind decides how its text is checked and turned into a value."""

    kind: str  # id, post, time, count, weight, share, money, score, label (a short text), text, names, words
    required: bool = False


def _fields(kind: str, *names: str, required: bool = False) -> dict[str, Field]:
    return {name: Field(kind, required) for name in names}


#: The records a loader may hand over, as text; `Workspace` checks them and merges them into the canonical tables.
RECORDS: Mapping[str, Mapping[str, Field]] = {
    "account": _fields("id", "account", required=True)
    | _fields("alias", "other_id")  # another id of the account
    | _fields(
        "label", "name", "niche", "region", "city", "agency", "available", "verified", "bio", "ip_region", "label"
    )
    | _fields("count", "followers", "followings", "posts")
    | _fields("money", "price_cny")
    | _fields("score", "score")
    | _fields("time", "created", "observed"),
    "follow": _fields("id", "src", "dst", required=True)
    | _fields("time", "since", "observed")
    | _fields("weight", "weight"),
    "repost": _fields("id", "src", required=True)
    | _fields("id", "dst")
    | _fields("post", "post", "root", "parent")
    | _fields("label", "author_name", "via", "kind")  # via: name of the direct parent
    | _fields("time", "time", "observed")
    | _fields("weight", "weight")
    | _fields("text", "text")
    | _fields("count", "likes", "reposts", "comments", "views"),
    "mention": _fields("id", "src", required=True)
    | _fields("id", "dst")
    | _fields("label", "dst_name")
    | _fields("post", "post")
    | _fields("time", "time"),
    "post": _fields("post", "post", required=True)
    | _fields("id", "author")
    | _fields("time", "time", "observed")
    | _fields("text", "text")
    | _fields("names", "topics")
    | _fields("words", "urls")
    | _fields("count", "likes", "reposts", "comments", "views"),
    "comment": _fields("id", "src", required=True)
    | _fields("id", "dst")
    | _fields("post", "comment", "post", "parent")
    | _fields("label", "author_name")
    | _fields("time", "time")
    | _fields("text", "text")
    | _fields("count", "likes"),
    "identity": _fields("label", "person", required=True)
    | _fields("id", "account", required=True)
    | _fields("label", "name", "method", "note")
    | _fields("share", "confidence"),
    "campaign": _fields("label", "campaign", required=True)
    | _fields("post", "post", required=True)
    | _fields("label", "name"),
}
