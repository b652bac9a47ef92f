"""What research tools write: Hoaxy, 4CAT, CooRTweet, the coordination-network-toolkit of QUT."""

from __future__ import annotations

from kolgraph.loaders.spec import Emit, Format

#: In Hoaxy an edge runs with the information, from the author to the one who retweets; a mention runs from its writer.
HOAXY = Format(
    "hoaxy",
    "Hoaxy edges: from the original author to the one who retweets or quotes",
    "Hoaxy 传播边",
    (
        Emit(
            "repost",
            {"post": "tweet_id", "src": "to_user_id", "dst": "from_user_id", "time": "tweet_created_at"}
            | {"kind": "=CASE {tweet_type} WHEN 'quote' THEN 'quote' ELSE 'repost' END"},
            when="{tweet_type} IN ('retweet', 'quote') AND lower({is_mention}) <> 'true'",
        ),
        Emit(
            "mention",
            {"post": "tweet_id", "src": "from_user_id", "dst": "to_user_id", "time": "tweet_created_at"},
            when="lower({is_mention}) = 'true'",
        ),
        Emit(
            "comment",
            {"comment": "tweet_id", "src": "from_user_id", "dst": "to_user_id", "time": "tweet_created_at"},
            when="{tweet_type} = 'reply'",
        ),
        Emit(
            "post",
            {"post": "tweet_id", "author": "from_user_id", "time": "tweet_created_at"},
            when="{tweet_type} = 'origin'",
        ),
        Emit(
            "account",
            {"account": "from_user_id", "name": "from_user_screen_name"},
            when="{from_user_id} <> ''",
            side=True,
        ),
        Emit("account", {"account": "to_user_id", "name": "to_user_screen_name"}, when="{to_user_id} <> ''", side=True),
    ),
    "x",
    "table",
    frozenset({"from_user_id", "to_user_id", "tweet_type", "tweet_id"}),
)

QUT = Format(
    "qut",
    "coordination-network-toolkit messages",
    "QUT coordination-network-toolkit 消息表",
    (
        Emit(
            "repost",
            {"post": "message_id", "src": "user_id", "root": "repost_id", "time": "at"},
            when="{repost_id} <> ''",
        ),
        Emit(
            "post",
            {"post": "message_id", "author": "user_id", "time": "at", "text": "message"}
            | {"urls": "=trim(regexp_replace({urls}, '[\\[\\]'',]', ' ', 'g'))"},
        ),
        Emit(
            "comment",
            {"comment": "message_id", "src": "user_id", "post": "reply_id", "time": "at"},
            when="{reply_id} <> '' AND coalesce({repost_id}, '') = ''",
            side=True,
        ),
        Emit("account", {"account": "user_id", "name": "username"}, when="{username} <> ''", side=True),
    ),
    "",
    "table",
    frozenset({"message_id", "user_id", "repost_id", "reply_id", "message"}),
    lets={"at": "=(floor(try_cast({timestamp} AS DOUBLE) * 1000)::BIGINT)::VARCHAR"},
)

COORTWEET = Format(
    "coortweet",
    "CooRTweet: who shared which object when",
    "CooRTweet 分享记录",
    (
        Emit(
            "repost",
            {"post": "content_id", "src": "account_id", "root": "object_id"}
            | {
                "time": "=CASE WHEN contains({timestamp_share}, ':') THEN {timestamp_share} || ' UTC' "
                "ELSE {timestamp_share} END"
            },
        ),
    ),
    "",
    "table",
    frozenset({"object_id", "account_id", "content_id", "timestamp_share"}),
)

#: 4CAT always writes these columns; times are UTC.
BASE = {"id", "thread_id", "author", "body", "timestamp"}
WITHOUT_ADDRESS = "=CASE {is_reply} WHEN 'yes' THEN regexp_replace({body}, '^\\s*(@\\w+\\s+)+', '') ELSE {body} END"
AT = "=coalesce(nullif({unix_timestamp}, ''), {timestamp} || ' UTC')"
FOURCAT = (
    Format(
        "4cat-twitter",
        "4CAT export of tweets",
        "4CAT 推文导出",
        (
            Emit(
                "repost",
                {"post": "id", "src": "author_id", "author_name": "retweeted_user", "time": AT},
                when="{is_retweet} = 'yes'",
            ),
            Emit(
                "post",
                {"post": "id", "author": "author_id", "time": AT, "text": WITHOUT_ADDRESS, "reposts": "retweet_count"}
                | {"likes": "like_count", "comments": "reply_count", "topics": "hashtags"},
            ),
            Emit(
                "comment",
                {"comment": "id", "src": "author_id", "post": "thread_id", "author_name": "replied_user"}
                | {"time": AT},
                when="{is_reply} = 'yes' AND {thread_id} <> {id}",
                side=True,
            ),
            Emit("account", {"account": "author_id", "name": "author", "followers": "author_followers"}, side=True),
        ),
        "x",
        "table",
        frozenset(BASE | {"author_id", "is_retweet", "retweeted_user"}),
    ),
    Format(
        "4cat-douyin",
        "4CAT export of Douyin posts",
        "4CAT 抖音导出",
        (
            Emit(
                "post",
                {"post": "id", "author": "author_user_id", "time": AT, "text": "body", "topics": "hashtags"}
                | {"likes": "like_count", "comments": "comment_count", "reposts": "forward_count"},
            ),
            Emit("account", {"account": "author_user_id", "name": "author_nickname"}, side=True),
            Emit(
                "mention",
                {"post": "id", "src": "author_user_id", "dst": "='douyin:sec_uid:' || {item}", "time": AT},
                each="=regexp_extract_all({mentions}, 'douyin\\.com/user/([^,\\s]+)', 1)",
                side=True,
            ),
        ),
        "douyin",
        "table",
        frozenset(BASE | {"author_user_id", "author_nickname"}),
    ),
    Format(
        "4cat",
        "4CAT export of any source: authors by name, no relations but mentions; add --platform",
        "4CAT 通用导出（作者为名称）",
        (Emit("post", {"post": "id", "author": "author", "time": AT, "text": "body"}),),
        "",
        "table",
        frozenset(BASE),
    ),
)

FORMATS = (HOAXY, QUT, COORTWEET, *FOURCAT)
