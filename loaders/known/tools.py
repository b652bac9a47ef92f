"""What research tools write: Hoaxy, 4CAT, CooRTweet, the coordination-network-toolkit of QUT, Gephi."""

from __future__ import annotations

from kolgraph.loaders.known.x import ADDRESS
from kolgraph.loaders.spec import Emit, Format

ZONELESS = r"^\d+-\d+-\d+[ T]\d+:\d+(:\d+(\.\d+)?)?$"


def _utc(cell: str) -> str:
    """A time that is UTC even if it does not say so."""
    return f"=CASE WHEN regexp_matches({{{cell}}}, '{ZONELESS}') THEN {{{cell}}} || ' UTC' ELSE {{{cell}}} END"


#: In Hoaxy an edge runs with the information, from the author to the one who retweets; a mention runs from its writer.
HOAXY = Format(
    "hoaxy",
    "Hoaxy edges: from the original author to the one who retweets or quotes",
    "Hoaxy 传播边",
    (
        Emit(
            "repost",
            {"post": "tweet_id", "src": "to_user_id", "dst": "from_user_id", "time": "at"}
            | {"kind": "=CASE {tweet_type} WHEN 'quote' THEN 'quote' ELSE 'repost' END"},
            when="{tweet_type} IN ('retweet', 'quote') AND NOT {names}",
        ),
        Emit(
            "mention",
            {"post": "tweet_id", "src": "from_user_id", "dst": "to_user_id", "time": "at"},
            when="{names}",
        ),
        Emit(
            "comment",
            {"comment": "tweet_id", "src": "from_user_id", "dst": "to_user_id", "time": "at"},
            when="{tweet_type} = 'reply'",
        ),
        Emit(
            "post",
            {"post": "tweet_id", "author": "from_user_id", "time": "at", "urls": "canonical_url"},
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
    lets={"at": _utc("tweet_created_at"), "names": "=coalesce(lower({is_mention}), '') = 'true'"},
)

QUT = Format(
    "qut",
    "coordination-network-toolkit messages",
    "QUT coordination-network-toolkit 消息表",
    (
        Emit(
            "repost",
            {"post": "message_id", "src": "user_id", "root": "repost_id", "time": "at"},
            when="given({repost_id}) IS NOT NULL",
        ),
        Emit(
            "post",
            {"post": "message_id", "author": "user_id", "time": "at", "text": "message", "urls": "links"},
        ),
        Emit(
            "comment",
            {"comment": "message_id", "src": "user_id", "post": "reply_id", "time": "at"},
            when="given({reply_id}) IS NOT NULL AND given({repost_id}) IS NULL",
            side=True,
        ),
        Emit("account", {"account": "user_id", "name": "username"}, when="given({username}) IS NOT NULL", side=True),
    ),
    "",
    "table",
    frozenset({"message_id", "user_id", "repost_id", "reply_id", "message"}),
    lets={
        # Seconds; of tweets the toolkit leaves out the moment from which their ids count.
        "seconds": "=try_cast({timestamp} AS DOUBLE)",
        "ms": "=try_cast(floor({seconds} * 1000 + CASE WHEN {seconds} < 946684800 THEN 1288834974657 ELSE 0 END) "
        "AS BIGINT)",
        "at": "=coalesce({ms}::VARCHAR, {timestamp})",
        "links": "=CASE WHEN starts_with({urls}, '[') "
        "THEN array_to_string(regexp_extract_all({urls}, '''([^'']+)''', 1), ' ') ELSE given({urls}) END",
    },
)

#: Who shares two links in one post shares twice; the post stands for itself only where a post is shared.
COORTWEET = Format(
    "coortweet",
    "CooRTweet: who shared which object when",
    "CooRTweet 分享记录",
    (
        Emit(
            "repost",
            {"src": "account_id", "root": "object_id", "time": _utc("timestamp_share")}
            | {
                "post": "=CASE WHEN regexp_full_match({object}, '[0-9]+') OR is_no_post({content_id}) "
                "THEN {content_id} ELSE {content_id} || '/' || left(md5({object}), 8) END"
            },
        ),
    ),
    "",
    "table",
    frozenset({"object_id", "account_id", "content_id", "timestamp_share"}),
    lets={"object": "=number_in(clean({object_id}))"},
)

#: 4CAT always writes these columns; times are UTC.
BASE = {"id", "thread_id", "author", "body", "timestamp"}
WITHOUT_ADDRESS = f"=CASE {{is_reply}} WHEN 'yes' THEN regexp_replace({{body}}, '{ADDRESS}', '') ELSE {{body}} END"
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
                | {"likes": "like_count", "comments": "reply_count", "topics": "hashtags"}
                | {"views": "impression_count", "urls": "=replace({urls}, ',', ' ')"},
            ),
            Emit(
                "repost",
                {"post": "id", "src": "author_id", "author_name": "quoted_user", "kind": "='quote'", "time": AT},
                when="{is_quote_tweet} = 'yes' AND {quoted_user} <> '' AND {is_retweet} <> 'yes'",
                side=True,
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
        "4CAT export of any source: authors by name, no relations but mentions; name the platform",
        "4CAT 通用导出（作者为名称）",
        (Emit("post", {"post": "id", "author": "author", "time": AT, "text": "body"}),),
        "",
        "table",
        frozenset(BASE),
    ),
)

#: In Gephi a label is what people call a node; elsewhere it may say who is a bot.
GEPHI = Format(
    "gephi-nodes",
    "Gephi table of nodes",
    "Gephi 节点表",
    (
        Emit(
            "account",
            {"account": "Id", "name": "Label", "followers": "followers", "niche": "niche", "region": "region"},
        ),
    ),
    "",
    "table",
    frozenset({"Id", "Label"}),
    without=frozenset({"Source", "Target"}),
)

FORMATS = (HOAXY, QUT, COORTWEET, *FOURCAT, GEPHI)
