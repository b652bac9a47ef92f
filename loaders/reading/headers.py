"""What column headers mean, in English and Chinese, and whether they say which way an edge points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolgraph.errors import InputError, UnknownName, option

if TYPE_CHECKING:
    from pathlib import Path

#: Header (lower case, without spaces and underscores) -> field, per record. The first record whose needed fields are
#: all present wins, so the more telling records come first.
NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "repost": {
        "src": ("reposter", "retweeter", "转发者", "转发用户", "转发人"),
        "dst": ("author", "originalauthor", "reposted", "原作者", "被转发者", "原微博作者"),
        "post": ("repost", "repostid", "转发id"),
        "root": ("root", "rootid", "original", "originalid", "原微博id", "源微博id"),
        "parent": ("parent", "parentid", "上级id"),
        "time": ("time", "timestamp", "created", "createdat", "时间", "转发时间"),
        "weight": ("weight", "count", "次数"),
        "text": ("text", "content", "正文", "转发内容"),
    },
    "follow": {
        "src": ("follower", "fan", "followerid", "粉丝", "粉丝id", "关注者"),
        "dst": ("followed", "followee", "followedid", "kol", "被关注者", "博主", "博主id"),
        "since": ("since", "followedat", "关注时间"),
        "observed": ("observed", "crawltime", "采集时间"),
        "weight": ("weight", "权重"),
    },
    "mention": {
        "src": ("writer", "mentioner", "发布者"),
        "dst": ("mentioned", "被提及者", "被提及"),
        "post": ("post", "postid", "微博id"),
        "time": ("time", "timestamp", "时间"),
    },
    "comment": {
        "comment": ("comment", "commentid", "评论id"),
        "src": ("commenter", "commenterid", "评论者", "评论者id"),
        "dst": ("answered", "repliedto", "被回复者"),
        "post": ("post", "postid", "微博id"),
        "parent": ("parent", "parentid", "上级评论id"),
        "time": ("time", "timestamp", "created", "createdat", "时间", "评论时间"),
        "text": ("text", "content", "正文", "评论内容"),
        "likes": ("likes", "点赞数"),
    },
    "identity": {
        "person": ("person", "personid", "人物id"),
        "account": ("account", "accountid", "账号id", "账号"),
        "name": ("name", "姓名"),
        "confidence": ("confidence", "置信度"),
        "method": ("method", "方法"),
        "note": ("note", "备注"),
    },
    "post": {
        "post": ("post", "postid", "微博id", "id"),
        "author": ("author", "authorid", "userid", "作者", "作者id", "用户id"),
        "time": ("time", "timestamp", "created", "createdat", "发布时间", "时间"),
        "text": ("text", "content", "正文", "微博正文"),
        "topics": ("topics", "话题"),
        "urls": ("urls", "links", "链接"),
        "likes": ("likes", "点赞数"),
        "reposts": ("reposts", "转发数"),
        "comments": ("comments", "评论数"),
        "views": ("views", "阅读数", "播放数"),
        "observed": ("observed", "crawltime", "采集时间"),
    },
    "campaign": {
        "campaign": ("campaign", "campaignid", "活动", "活动id", "项目"),
        "name": ("name", "campaignname", "活动名称", "项目名称"),
        "post": ("post", "postid", "微博id", "帖子id", "笔记id", "作品id"),
    },
    "account": {
        "account": ("account", "accountid", "uid", "userid", "id", "用户id", "账号id", "账号"),
        "name": ("name", "screenname", "nickname", "用户昵称", "昵称"),
        "followers": ("followers", "followerscount", "粉丝数"),
        "followings": ("followings", "friendscount", "followcount", "关注数"),
        "posts": ("posts", "statusescount", "微博数", "作品数"),
        "niche": ("niche", "category", "垂类", "领域", "类型", "类别", "分类", "行业", "内容领域", "账号类型"),
        "region": ("region", "province", "location", "地区", "省份", "地域", "所在地", "所在地区"),
        "city": ("city", "城市", "所在城市"),
        "agency": ("agency", "mcn", "机构", "所属机构", "mcn机构", "机构名称", "经纪公司"),
        "available": ("available", "availability", "schedule", "档期", "排期", "是否可接", "可接档期"),
        "price_cny": ("pricecny", "price", "报价", "价格"),
        "verified": ("verified", "认证类型"),
        "bio": ("bio", "description", "简介", "个人简介", "账号简介"),
        "ip_region": ("ipregion", "iplocation", "ip属地"),
        "label": ("label",),
        "created": ("created", "createdat", "注册时间"),
        "observed": ("observed", "crawltime", "采集时间"),
    },
}
NEEDED: Mapping[str, Sequence[str]] = {
    "repost": ("src", "root"),
    "follow": ("src", "dst"),
    "mention": ("src", "dst"),
    "comment": ("comment", "src"),
    "identity": ("person", "account"),
    "post": ("post", "author"),
    "campaign": ("campaign", "post"),
    "account": ("account",),
}
#: Headers of an edge that do not say who acts on whom: sources use them both ways.
UNDIRECTED = ({"source", "target"}, {"src", "dst"}, {"from", "to"}, {"fromnodeid", "tonodeid"})
#: These may be accounts as well: they are headers where the row below them is of another make.
LETTERS = ({"u", "v"}, {"a", "b"})
WEIGHTS = ("weight", "w", "count", "n")
#: Records that edges can be where the file does not say it.
RELATIONS = ("follow", "repost", "mention")
DIRECTIONS = ("forward", "backward")


def norm(header: str) -> str:
    """Compare headers without case, spaces, underscores and dashes."""
    return "".join(ch for ch in header.lower() if ch not in " _-\t\ufeff")


def recognise(header: Sequence[str], record: str | None = None) -> tuple[str, dict[str, str]] | None:
    """The record a header describes, and field -> column; None if it describes none."""
    by_norm = {norm(cell): cell for cell in reversed(header)}
    for candidate, names in NAMES.items():
        if record not in (None, candidate):
            continue
        found = {f: by_norm[n] for f, options in names.items() for n in reversed(options) if n in by_norm}
        # "account" would swallow anything with an id, so it has to be told by a second column as well.
        if all(f in found for f in NEEDED[candidate]) and (record or candidate != "account" or len(found) > 1):
            return candidate, found
    return None


def endpoints(header: Sequence[str], below: Sequence[str] = ()) -> tuple[int, int, int | None] | None:
    """Positions of the two ends and of the weight of an edge whose header does not say the direction.

    `below` is the first row: it tells whether two letters are a header.
    """
    normal = [norm(cell) for cell in header]
    evident = bool(set(normal) & set(WEIGHTS)) or any(len(cell) > 1 or cell.isdecimal() for cell in below[:2])
    for pair in (*UNDIRECTED, *(LETTERS if evident else ())):
        if pair <= set(normal):
            first, second = sorted(normal.index(name) for name in pair)
            return first, second, next((normal.index(w) for w in WEIGHTS if w in normal), None)
    return None


def check_edge(path: Path, line: int | None, record: str | None, direction: str | None, *, what: str, who: str) -> str:
    """The record that edges are, where the user has to say it and the direction: `what` and `who` ask for them.

    Raises
    ------
    InputError
        One of them was not said.
    UnknownName
        One of them does not exist.
    """
    if record is None:
        raise InputError.at(path, line, what, fix=f"add {option('record')} with one of {', '.join(RELATIONS)}")
    if record not in RELATIONS:
        raise UnknownName.among("relation", record, RELATIONS)
    if direction is None:
        fix = f"add {option('direction', 'forward')} or {option('direction', 'backward')}"
        raise InputError.at(path, line, f"unknown direction: {who}", fix=fix)
    if direction not in DIRECTIONS:
        raise UnknownName.among("direction", direction, DIRECTIONS)
    return record
