"""Weibo as nghuyong/WeiboSpider and SpiderClub/weibospider save it, and the research samples of Weiboscope."""

from __future__ import annotations

from kolgraph.loaders.spec import Emit, Format


def _user(prefix: str) -> dict[str, str]:
    """A user object of nghuyong's spiders behind a prefix."""
    return {
        "account": f"=weibo_id({{{prefix}_id}})",
        "name": f"{prefix}nick_name",
        "followers": f"{prefix}followers_count",
        "followings": f"{prefix}friends_count",
        "posts": f"{prefix}statuses_count",
        "region": f"{prefix}location",
        "bio": f"{prefix}description",
        "verified": f"=verified_kind({{{prefix}verified}}, {{{prefix}verified_type}})",
        "ip_region": f"=region({{{prefix}ip_location}})",
        "created": f"{prefix}created_at",
        "observed": "crawl_time",
    }


def _nghuyong(name: str, title: str, title_zh: str, keys: set[str], *emits: Emit, **more: object) -> Format:
    return Format(f"nghuyong-{name}", title, title_zh, emits, "weibo", "json", frozenset(keys), **more)  # type: ignore[arg-type]


NGHUYONG = (
    # The names of the keys say the opposite of what they mean: `follower_id` is the one who is followed.
    _nghuyong(
        "fan",
        "WeiboSpider fan_*.jsonl: who follows an account",
        "WeiboSpider 粉丝列表",
        {"follower_id", "fan_info"},
        Emit(
            "follow", {"src": "=weibo_id({fan_info._id})", "dst": "=weibo_id({follower_id})", "observed": "crawl_time"}
        ),
        Emit("account", _user("fan_info."), side=True),
    ),
    _nghuyong(
        "follower",
        "WeiboSpider follower_*.jsonl: whom an account follows",
        "WeiboSpider 关注列表",
        {"fan_id", "follower_info"},
        Emit(
            "follow", {"src": "=weibo_id({fan_id})", "dst": "=weibo_id({follower_info._id})", "observed": "crawl_time"}
        ),
        Emit("account", _user("follower_info."), side=True),
    ),
    _nghuyong(
        "relationship",
        "WeiboSpider before 2022-10: relationships",
        "WeiboSpider 旧版关系",
        {"fan_id", "followed_id"},
        Emit("follow", {"src": "=weibo_id({fan_id})", "dst": "=weibo_id({followed_id})", "observed": "crawl_time"}),
    ),
    _nghuyong(
        "comment",
        "WeiboSpider comment_*.jsonl; the commented post is named with --root",
        "WeiboSpider 评论（用 --root 指定被评论微博）",
        {"_id", "content", "comment_user"},
        Emit(
            "comment",
            {"comment": "_id", "src": "=weibo_id({comment_user._id})", "dst": "=weibo_id({reply_comment.user._id})"}
            | {"post": "@root", "parent": "reply_comment._id", "text": "content", "likes": "like_counts"}
            | {"time": "=moment({created_at}, {crawl_time}, NULL)"},
        ),
        Emit("account", _user("comment_user."), side=True),
        Emit("account", _user("reply_comment.user."), when="{reply_comment.user._id} IS NOT NULL", side=True),
    ),
    _nghuyong(
        "post",
        "WeiboSpider tweet_*.jsonl and repost_*.jsonl; before 2024 the reposted post is named with --root",
        "WeiboSpider 微博与转发（2024 年以前用 --root 指定原微博）",
        {"_id", "mblogid", "content", "created_at"},
        Emit(
            "repost",
            {"post": "_id", "src": "uid", "root": "=coalesce({retweet_id}, {@root})", "time": "at", "text": "content"},
            when="{is_retweet} = 'true' OR {retweet_id} <> '' OR starts_with({@stem}, 'repost') "
            "OR regexp_matches({content}, '//\\s*[@＠]')",
        ),
        Emit(
            "post",
            {"post": "_id", "author": "uid", "time": "at", "text": "content", "likes": "attitudes_count"}
            | {"reposts": "reposts_count", "comments": "comments_count", "views": "reads_count"}
            | {"observed": "crawl_time"},
        ),
        Emit("account", _user("user."), when="{user._id} IS NOT NULL", side=True),
        lets={
            "uid": "=weibo_id(coalesce({user._id}, regexp_extract({url}, 'weibo\\.com/([0-9A-Za-z_]+)/', 1)))",
            "at": "=moment({created_at}, {crawl_time}, {_id})",
        },
    ),
    _nghuyong(
        "user",
        "WeiboSpider user_*.jsonl: profiles",
        "WeiboSpider 用户资料",
        {"_id", "nick_name", "followers_count"},
        Emit("account", _user("")),
        without=frozenset({"mblogid", "content"}),
    ),
)

SPIDERCLUB = (
    Format(
        "spiderclub-relation",
        "SpiderClub weibospider: table user_relation",
        "SpiderClub 用户关系表",
        (
            Emit(
                "follow",
                {"src": "=weibo_id({follow_or_fans_id})", "dst": "=weibo_id({user_id})", "observed": "crawl_time"},
                when="{type} = '1'",
            ),
            Emit(
                "follow",
                {"src": "=weibo_id({user_id})", "dst": "=weibo_id({follow_or_fans_id})", "observed": "crawl_time"},
                when="{type} = '2'",
            ),
        ),
        "weibo",
        "table",
        frozenset({"user_id", "follow_or_fans_id", "type"}),
    ),
    Format(
        "spiderclub-repost",
        "SpiderClub weibospider: table weibo_repost, with the name of the direct parent",
        "SpiderClub 转发表（含直接上级昵称）",
        (
            Emit(
                "repost",
                {"post": "weibo_id", "src": "=weibo_id({user_id})", "root": "root_weibo_id", "time": "repost_time"}
                | {"via": "parent_user_name", "text": "repost_cont"},
            ),
            Emit("account", {"account": "=weibo_id({user_id})", "name": "user_name"}, side=True),
        ),
        "weibo",
        "table",
        frozenset({"weibo_id", "root_weibo_id", "parent_user_name", "user_id"}),
    ),
    Format(
        "spiderclub-user",
        "SpiderClub weibospider: table wbuser",
        "SpiderClub 用户表",
        (
            Emit(
                "account",
                {"account": "=weibo_id({uid})", "name": "name", "followers": "fans_num", "followings": "follows_num"}
                | {"posts": "wb_num", "region": "location", "bio": "description", "created": "register_time"}
                | {"verified": "=verified_kind(NULL, {verify_type})"},
            ),
        ),
        "weibo",
        "table",
        frozenset({"uid", "fans_num", "follows_num", "wb_num"}),
    ),
    Format(
        "spiderclub-post",
        "SpiderClub weibospider: table weibo_data",
        "SpiderClub 微博表",
        (
            Emit(
                "post",
                {"post": "weibo_id", "author": "=weibo_id({uid})", "time": "create_time", "text": "weibo_cont"}
                | {"likes": "praise_num", "reposts": "repost_num", "comments": "comment_num"},
            ),
        ),
        "weibo",
        "table",
        frozenset({"weibo_id", "weibo_cont", "praise_num", "uid"}),
    ),
)

WEIBOSCOPE = Format(
    "weiboscope",
    "HKU Weiboscope weekly files: hashed ids, which also stand for names in the texts",
    "港大 Weiboscope 周数据（哈希 ID）",
    (
        Emit(
            "repost",
            {"post": "mid", "src": "uid", "root": "retweeted_status_mid", "dst": "retweeted_uid"}
            | {"time": "created_at", "text": "text"},
            when="{retweeted_status_mid} <> ''",
        ),
        Emit("post", {"post": "mid", "author": "uid", "time": "created_at", "text": "text"}),
        Emit("account", {"account": "uid", "name": "uid"}, side=True),
    ),
    "weibo",
    "table",
    frozenset({"mid", "retweeted_status_mid", "uid", "retweeted_uid", "text"}),
)

BAZHUAYU = Format(
    "bazhuayu",
    "Bazhuayu (Octoparse) export of Weibo search: names and texts, no ids",
    "八爪鱼微博搜索导出（只有昵称和正文）",
    (
        Emit(
            "post",
            {"post": "='~' || left(md5(concat_ws('|', {标题}, {txt}, {from1})), 20)"}
            | {"author": "='weibo:name:' || trim({标题})", "text": "txt"}
            | {"time": "=CASE WHEN contains({from1}, '年') THEN {from1} END"},  # without the year it is no time
        ),
        Emit("account", {"account": "='weibo:name:' || trim({标题})", "name": "标题"}, side=True),
    ),
    "weibo",
    "table",
    frozenset({"标题", "txt", "from1"}),
)

FORMATS = (*NGHUYONG, *SPIDERCLUB, WEIBOSCOPE, BAZHUAYU)
