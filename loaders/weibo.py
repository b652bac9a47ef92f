"""Weibo: what crawlers save. nghuyong/WeiboSpider, dataabc/weibo-crawler, weiboSpider and weibo-search, SpiderClub."""

from __future__ import annotations

from kolgraph.loaders.spec import Emit, Format


#: A user object as nghuyong writes it, behind a prefix.
def _user(prefix: str) -> dict[str, str]:
    names = {"account": "_id", "name": "nick_name", "followers": "followers_count", "followings": "friends_count"}
    names |= {"posts": "statuses_count", "region": "location", "bio": "description"}
    fields = {field: f"{prefix}{name}" for field, name in names.items()}
    fields["account"] = f"=weibo_id({{{prefix}_id}})"
    fields["verified"] = f"=verified_kind({{{prefix}verified}}, {{{prefix}verified_type}})"
    return fields | {
        "created": f"{prefix}created_at",
        "observed": "crawl_time",
        "ip_region": f"=region({{{prefix}ip_location}})",
    }


NGHUYONG = (
    Format(
        name="nghuyong-fan",
        title="WeiboSpider fan_*.jsonl: fans of an account",
        title_zh="WeiboSpider 粉丝列表",
        platform="weibo",
        shape="json",
        keys=frozenset({"follower_id", "fan_info"}),
        emits=(
            Emit(
                "follow",
                {"src": "=weibo_id({fan_info._id})", "dst": "=weibo_id({follower_id})", "observed": "crawl_time"},
            ),
            Emit("account", _user("fan_info."), side=True),
        ),
    ),
    Format(
        name="nghuyong-post",
        title="WeiboSpider repost_*.jsonl and tweet_*.jsonl: posts and reposts",
        title_zh="WeiboSpider 微博与转发",
        platform="weibo",
        shape="json",
        keys=frozenset({"_id", "mblogid", "content", "created_at"}),
        lets={
            "uid": "=weibo_id(coalesce({user._id}, regexp_extract({url}, 'weibo\\.com/([0-9A-Za-z_]+)/', 1)))",
            "reposted": "=coalesce({retweet_id}, {@root})",
            "is_repost": "={is_retweet} = 'true' OR {retweet_id} <> '' OR regexp_matches({@stem}, '^repost') OR chain_of({content}, 'weibo') <> []",
        },
        emits=(
            Emit(
                "repost",
                {"src": "uid", "post": "_id", "root": "reposted", "time": "created_at", "text": "content"},
                when="{is_repost}",
            ),
            Emit(
                "post",
                {
                    "post": "_id",
                    "author": "uid",
                    "time": "created_at",
                    "text": "content",
                    "likes": "attitudes_count",
                    "reposts": "reposts_count",
                    "comments": "comments_count",
                    "observed": "crawl_time",
                },
            ),
            Emit("account", _user("user."), when="{user._id} IS NOT NULL", side=True),
        ),
    ),
)
FORMATS = NGHUYONG
