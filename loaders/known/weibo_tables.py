"""Tables of Weibo crawlers as people export them from MySQL and MongoDB: the same columns as in their own files."""

from __future__ import annotations

from dataclasses import replace

from kolgraph.loaders.known.weibo_dataabc import SQLITE
from kolgraph.loaders.spec import Emit, Format

#: Table of weibodata.db -> columns that its export has, and that no other has.
_KEYS = {
    "user": ("id nick_name follower_count follow_count", ""),
    "weibo": ("id bid user_id text retweet_id", ""),
    "comments": ("id weibo_id root_id user_id user_screen_name", ""),
    "reposts": ("id weibo_id user_id user_screen_name text", "root_id pic_url"),
}
EXPORTS = tuple(
    replace(
        fmt,
        name=f"weibo-table-{fmt.table}",
        title=f"dataabc and weibo-search: table {fmt.table}, exported from MySQL or MongoDB",
        title_zh=fmt.title_zh.replace("weibodata.db ", "MySQL / MongoDB 导出的"),
        shape="",
        keys=frozenset(_KEYS[fmt.table][0].split()),
        without=frozenset(_KEYS[fmt.table][1].split()),
        table="",
    )
    for fmt in SQLITE
)


def _earlier(name: str, title: str, title_zh: str, keys: str, without: str, *emits: Emit) -> Format:
    """A collection of nghuyong's WeiboSpider before 2022-10."""
    return Format(
        f"nghuyong-earlier-{name}",
        f"WeiboSpider before 2022-10: {title}",
        f"WeiboSpider 旧版{title_zh}",
        emits,
        "weibo",
        "",
        frozenset(keys.split()),
        without=frozenset(without.split()),
    )


AT = "=moment({created_at}, {crawl_time}, NULL)"
EARLIER = (
    _earlier(
        "repost",
        "reposts",
        "转发",
        "_id user_id weibo_id content created_at",
        "comment_user_id like_num",
        Emit(
            "repost",
            {"post": "_id", "src": "=weibo_id({user_id})", "root": "weibo_id", "text": "content", "time": AT},
        ),
    ),
    _earlier(
        "comment",
        "comments",
        "评论",
        "_id comment_user_id weibo_id content",
        "",
        Emit(
            "comment",
            {"comment": "_id", "src": "=weibo_id({comment_user_id})", "post": "weibo_id", "text": "content"}
            | {"likes": "like_num", "time": AT},
        ),
    ),
)

FORMATS = (*EXPORTS, *EARLIER)
