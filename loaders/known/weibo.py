"""Weibo as its own pages answer, as nghuyong/WeiboSpider and SpiderClub/weibospider save it, and Weiboscope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Reject
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Options, Source
    from kolgraph.loaders.spec import Rows


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


#: Whether a spreadsheet rounded the ids of posts on the way: their short ids say it.
ROUNDS = "(SELECT count_if(is_rounded({_id}, {mblogid})) > 0 FROM raw)"


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
            {"post": "mid", "src": "uid", "time": "at", "text": "content"}
            | {"root": f"=coalesce(if_exact({{retweet_id}}, {ROUNDS}), {{@root}})"},
            when="{is_retweet} = 'true' OR {retweet_id} <> '' OR regexp_matches({@stem}, '(^|[^A-Za-z])repost') "
            "OR regexp_matches({content}, '//\\s*[@＠]')",
        ),
        Emit(
            "post",
            {"post": "mid", "author": "uid", "time": "at", "text": "content", "likes": "attitudes_count"}
            | {"reposts": "reposts_count", "comments": "comments_count", "views": "reads_count"}
            | {"observed": "crawl_time"},
        ),
        Emit("account", _user("user."), when="{user._id} IS NOT NULL", side=True),
        lets={
            "uid": "=weibo_id(coalesce({user._id}, regexp_extract({url}, 'weibo\\.com/([0-9A-Za-z_]+)/', 1)))",
            "at": "=moment({created_at}, {crawl_time}, {_id})",
            "mid": "=exact_mid({_id}, {mblogid})",
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
        Emit("account", {"account": "uid", "name": "=clean({uid})"}, side=True),
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

# ---------------------------------------------------------------------- answers of m.weibo.cn and weibo.com


def _answers(source: Source, options: Options) -> Rows:
    """The posts, comments and users in every answer, wherever in it they lie."""
    follow: dict[str, Any] = {}
    if options.subject is not None and options.direction is not None:
        follow = {"subject": options.subject, "direction": options.direction}
    for row in containers.json_items(source):
        if isinstance(row, Reject):
            yield row
            continue
        line, answer = row
        found = list(_things(answer))
        if not found:
            yield Reject(line, None, None, "NO_RECORD", "holds neither posts nor users", str(answer)[:500])
        for thing in found:
            yield line, {"listed": thing["user"]} | follow if "user" in thing else thing


def _things(answer: Any) -> Iterator[dict[str, Any]]:
    left = [answer]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += reversed(value)
        elif not isinstance(value, dict):
            continue
        elif "created_at" in value and "user" in value:
            original = value.get("retweeted_status")
            yield {"post" if "reposts_count" in value or original else "comment": value}
            if isinstance(original, dict) and original.get("user"):  # of a deleted one nothing is left but the id
                left.append(original)
        elif "screen_name" in value and "id" in value:
            yield {"user": value}
        else:
            left += reversed(value.values())


def _profile(prefix: str) -> dict[str, str]:
    return {
        "account": f"=coalesce({{{prefix}idstr}}, {{{prefix}id}})",
        "name": f"{prefix}screen_name",
        "followers": f"{prefix}followers_count",
        "followings": f"=coalesce({{{prefix}follow_count}}, {{{prefix}friends_count}})",
        "posts": f"{prefix}statuses_count",
        "region": f"{prefix}location",
        "bio": f"{prefix}description",
        "verified": f"=verified_kind({{{prefix}verified}}, {{{prefix}verified_type}})",
    }


POST_USER = "coalesce({post.user.idstr}, {post.user.id})"
COMMENT_USER = "coalesce({comment.user.idstr}, {comment.user.id})"
ANSWERED = (
    Emit(
        "repost",
        {"post": "mid", "src": f"={POST_USER}", "time": "at", "text": "said"}
        | {"root": "=coalesce({post.retweeted_status.mid}, {post.retweeted_status.id})"}
        | {"dst": "=coalesce({post.retweeted_status.user.idstr}, {post.retweeted_status.user.id})"},
        when="coalesce({post.retweeted_status.mid}, {post.retweeted_status.id}) IS NOT NULL",
    ),
    Emit(
        "comment",
        {"comment": "comment.id", "src": f"={COMMENT_USER}", "post": "@root", "text": "comment.text"}
        | {"time": "=moment({comment.created_at}, NULL, {comment.id})", "likes": "comment.like_count"},
        when="{comment.created_at} IS NOT NULL",
    ),
    Emit("account", _profile("listed."), when="{listed.id} IS NOT NULL"),
    Emit(
        "post",
        {"post": "mid", "author": f"={POST_USER}", "time": "at", "text": "said", "likes": "post.attitudes_count"}
        | {"reposts": "post.reposts_count", "comments": "post.comments_count"},
    ),
    Emit(
        "account",
        _profile("post.user.") | {"ip_region": "=region({post.region_name})"},
        when=f"{POST_USER} IS NOT NULL",
        side=True,
    ),
    Emit("account", _profile("comment.user."), when=f"{COMMENT_USER} IS NOT NULL", side=True),
    *(
        Emit("follow", {"src": src, "dst": dst}, when=f"{{direction}} = '{direction}'", side=True)
        for direction, src, dst in (("forward", "listed.id", "subject"), ("backward", "subject", "listed.id"))
    ),
)


def _answer(name: str, title: str, title_zh: str, keys: set[str], **more: Any) -> Format:
    lets = {
        "mid": "=coalesce({post.mid}, {post.idstr}, {post.id})",
        "at": "=moment({post.created_at}, NULL, {mid})",
        "said": "=coalesce({post.longText.longTextContent}, {post.text_raw}, {post.raw_text}, {post.text})",
    }
    return Format(
        f"weibo-api{name}",
        title,
        title_zh,
        ANSWERED,
        "weibo",
        "json",
        frozenset(keys),
        rows=_answers,
        lets=lets,
        **more,
    )


SUBJECT = {
    "subject": "the answer does not say whose list it is",
    "direction": "the answer does not say who follows: those listed the subject (forward), or it them (backward)",
}
API = (
    _answer(
        "", "answers of m.weibo.cn and weibo.com/ajax", "微博网页接口返回（m.weibo.cn、weibo.com）", {"ok", "data"}
    ),
    _answer(
        "-list",
        "answers of weibo.com/ajax/friendships: followers (--direction forward) or followed (backward) of --subject",
        "微博网页接口的关注/粉丝列表（需 --subject 与 --direction）",
        {"users", "total_number"},
        needs=SUBJECT,
    ),
    _answer("-cards", "cards of m.weibo.cn, one a line", "m.weibo.cn 卡片", {"mblog"}),
    _answer(
        "-posts",
        "posts of m.weibo.cn and weibo.com, one a line or in a list",
        "微博接口原始微博",
        {"created_at", "reposts_count", "user", "user.screen_name"},
        without=frozenset({"_id"}),
    ),
)

FORMATS = (*NGHUYONG, *SPIDERCLUB, WEIBOSCOPE, BAZHUAYU, *API)
