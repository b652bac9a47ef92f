"""X (Twitter) as crawlers of the years before 2023 save it: CSV of twarc 1, of twitwi and minet, and of twint.

A retweet is a row like any other: only some of its columns say that it is one. Its counts are those of the original.
"""

from __future__ import annotations

from kolgraph.loaders.spec import Emit, Format


def _wrote(prefix: str = "user_") -> dict[str, str]:
    return {
        "account": f"{prefix}id",
        "name": f"{prefix}screen_name",
        "followers": f"{prefix}followers_count",
        "followings": f"{prefix}friends_count",
        "bio": f"{prefix}description",
        "region": f"{prefix}location",
        "created": f"{prefix}created_at",
    }


def _named(account: str, name: str) -> Emit:
    given = f"{{{account}}} <> '' AND {{{name}}} <> ''"
    return Emit("account", {"account": account, "name": name}, when=given, side=True)


TWARC1 = Format(
    "twarc1-csv",
    "twarc 1 json2csv: tweets, retweets and quotes",
    "twarc 1 推文表",
    (
        Emit(
            "repost",
            {"post": "id", "src": "user_id", "root": "retweet_or_quote_id", "dst": "retweet_or_quote_user_id"}
            | {"author_name": "retweet_or_quote_screen_name", "time": "created_at"},
            when="{tweet_type} = 'retweet'",
        ),
        Emit(
            "post",
            {"post": "id", "author": "user_id", "text": "text", "time": "created_at"}
            | {"likes": "favorite_count", "reposts": "retweet_count"},
            when="{tweet_type} IN ('original', 'quote', 'reply')",
        ),
        Emit(
            "repost",
            {"post": "id", "src": "user_id", "root": "retweet_or_quote_id", "dst": "retweet_or_quote_user_id"}
            | {"author_name": "retweet_or_quote_screen_name", "time": "created_at", "kind": "='quote'"},
            when="{tweet_type} = 'quote'",
            side=True,
        ),
        Emit(
            "comment",
            {"comment": "id", "src": "user_id", "dst": "in_reply_to_user_id", "post": "in_reply_to_status_id"}
            | {"author_name": "in_reply_to_screen_name", "time": "created_at"},
            when="{tweet_type} = 'reply'",
            side=True,
        ),
        Emit("account", _wrote(), when="{user_id} <> ''", side=True),
        _named("retweet_or_quote_user_id", "retweet_or_quote_screen_name"),
    ),
    "x",
    "table",
    frozenset({"id", "user_id", "tweet_type", "retweet_or_quote_id", "retweet_or_quote_user_id"}),
)

TWITWI = Format(
    "twitwi",
    "twitwi and minet: tweets with the retweeted, quoted and answered one",
    "twitwi / minet 推文表",
    (
        Emit(
            "repost",
            {"post": "id", "src": "user_id", "root": "retweeted_id", "dst": "retweeted_user_id"}
            | {"author_name": "retweeted_user", "time": "timestamp_utc"},
            when="trim({retweeted_id}) <> ''",
        ),
        Emit(
            "post",
            {"post": "id", "author": "user_id", "text": "text", "time": "timestamp_utc"}
            | {
                "likes": "like_count",
                "reposts": "retweet_count",
                "comments": "reply_count",
                "views": "impression_count",
            },
        ),
        Emit(
            "repost",
            {"post": "id", "src": "user_id", "root": "quoted_id", "dst": "quoted_user_id"}
            | {"author_name": "quoted_user", "time": "timestamp_utc", "kind": "='quote'"},
            when="trim({quoted_id}) <> '' AND coalesce(trim({retweeted_id}), '') = ''",
            side=True,
        ),
        Emit(
            "comment",
            {"comment": "id", "src": "user_id", "dst": "to_userid", "post": "to_tweetid", "time": "timestamp_utc"}
            | {"author_name": "to_username"},
            when="trim({to_tweetid}) <> '' AND coalesce(trim({retweeted_id}), '') = ''",
            side=True,
        ),
        Emit(
            "account",
            {"account": "user_id", "name": "user_screen_name", "followers": "user_followers"}
            | {"followings": "user_friends", "posts": "user_tweets", "bio": "user_description"},
            when="{user_id} <> ''",
            side=True,
        ),
        _named("retweeted_user_id", "retweeted_user"),
    ),
    "x",
    "table",
    frozenset({"id", "user_id", "text", "retweeted_id", "retweeted_user_id"}),
)

#: Of a retweet the columns are those of the original; who retweeted, when and under which id stands in four of them.
TWINT = Format(
    "twint",
    "twint: tweets of users and searches",
    "twint 推文表",
    (
        Emit(
            "repost",
            {"post": "retweet_id", "src": "user_rt_id", "root": "id", "dst": "user_id", "author_name": "username"}
            | {"time": "retweet_date"},
            when="lower({retweet}) = 'true' AND trim({user_rt_id}) <> ''",
        ),
        Emit(
            "post",
            {"post": "id", "author": "user_id", "text": "tweet", "time": "said"}
            | {"likes": "likes_count", "reposts": "retweets_count", "comments": "replies_count"},
            when="coalesce(lower({retweet}), '') <> 'true'",
        ),
        Emit("account", {"account": "user_id", "name": "username"}, when="{user_id} <> ''", side=True),
    ),
    "x",
    "table",
    frozenset({"id", "conversation_id", "user_id", "username", "tweet", "created_at"}),
    # Some versions name the zone behind the time, others in a column.
    lets={"said": "=regexp_replace({created_at}, ' [A-Za-z]+ Standard Time$| [A-Z]{3,4}$', ' UTC')"},
)

FORMATS = (TWARC1, TWITWI, TWINT)
