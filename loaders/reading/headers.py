"""What column headers mean, in English and Chinese, and whether they say which way an edge points."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
        "likes": ("likes", "点赞数"),
        "reposts": ("reposts", "转发数"),
        "comments": ("comments", "评论数"),
        "views": ("views", "阅读数", "播放数"),
        "observed": ("observed", "crawltime", "采集时间"),
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
        "src": ("commenter", "commenterid", "commentuserid", "评论者", "评论者id"),
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
        "post": ("post", "postid", "微博id", "id", "_id"),
        "author": ("author", "authorid", "userid", "作者", "作者id", "用户id"),
        "time": ("time", "timestamp", "created", "createdat", "发布时间", "时间"),
        "text": ("text", "content", "fulltext", "tweet", "正文", "微博正文"),
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
        "score": (
            "score",
            "rating",
            "stars",
            "星级",
            "评分",
            "星级评分",
            "指数",
            "达人星级",
            "达人指数",
            "账号星级",
            "账号评分",
        ),
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
#: Of a table of posts: what is reposted, and by whom it is. A row in which the first is empty is a post.
REPOSTED: Mapping[str, tuple[str, ...]] = {
    "root": (
        *("retweetid", "retweetedid", "retweetedstatusid", "retweetstatusid", "retweetedtweetid", "retweettweetid"),
        *("retweetof", "retweetofid", "retweetedpostid", "repostedid", "repostedpostid", "repostof", "repostofid"),
        *(
            "originalpostid",
            "originaltweetid",
            "originalweiboid",
            "originweibo",
            "originweiboid",
            "sharedpostid",
            "rtid",
        ),
        *("被转发微博id", "被转发id", "原微博id", "源微博id", "转发微博id"),
    ),
    "dst": (
        *("retweeteduserid", "retweetuserid", "retweetedauthorid", "retweetauthorid", "reposteduserid", "repostuserid"),
        *("originaluserid", "originalauthorid", "originaluid", "被转发用户id", "原作者id", "源用户id"),
    ),
}
#: Who has one of these tells of posts or comments, whatever else is there: it is no table of accounts.
SAID = {"text", "fulltext", "content", "tweet", "正文", "微博正文", "评论内容", "转发内容", "comment", "commentid"}
SAID |= {name for names in REPOSTED.values() for name in names}
#: Beside an id of the row these are the post that it comments on or reposts, and no header says which of both.
ABOUT = {
    "postid",
    "weiboid",
    "noteid",
    "videoid",
    "awemeid",
    "tweetid",
    "statusid",
    "微博id",
    "帖子id",
    "笔记id",
    "作品id",
}
#: How often somebody did something with a post.
COUNTED = {
    f"{what}{form}" for what in ("like", "quote", "retweet", "reply", "repost") for form in ("count", "scount", "s")
}
COUNTED |= {"favoritecount", "attitudescount", "commentscount", "点赞数", "转发数", "评论数"}
#: What an account is told by where its column is called just "id".
PROFILED = {"name", "followers", "followings", "posts", "niche", "region", "agency", "price_cny", "verified", "bio"}
#: Headers of an edge that do not say who acts on whom: sources use them both ways.
UNDIRECTED = ({"source", "target"}, {"src", "dst"}, {"from", "to"}, {"fromnodeid", "tonodeid"})
#: These may be accounts as well: they are headers where the row below them is of another make.
LETTERS = ({"u", "v"}, {"a", "b"})
#: What databases and people write below a header: what kind of cell a column has.
TYPES = {"text", "varchar", "nvarchar", "char", "string", "str", "object", "int", "integer", "bigint", "int64", "long"}
TYPES |= {"num", "number", "numeric", "float", "double", "decimal", "bool", "boolean", "date", "datetime", "timestamp"}
TYPES |= {"字段", "说明", "类型", "含义", "文本", "字符串", "数字", "整数", "小数", "日期", "时间", "布尔"}
#: Names of columns that a line lists at most.
UNUSED = 12
WEIGHTS = ("weight", "w", "count", "n")
#: Records that edges can be where the file does not say it.
RELATIONS = ("follow", "repost", "mention")
DIRECTIONS = ("forward", "backward")


def norm(header: str) -> str:
    """Compare headers without case, spaces, underscores and dashes."""
    return "".join(ch for ch in header.lower() if ch not in " _-\t\ufeff")


def recognise(header: Sequence[str], record: str | None = None) -> tuple[str, dict[str, str]] | None:
    """The record a header describes, and field -> column; None if it describes none, or may describe several."""
    by_norm = {norm(cell): cell for cell in reversed(header)}
    for candidate, names in NAMES.items():
        if record not in (None, candidate):
            continue
        found = _found(by_norm, names)
        if all(f in found for f in NEEDED[candidate]) and (record or _is_told(candidate, found, by_norm.keys())):
            return candidate, found
    return None


def _is_told(record: str, found: Mapping[str, str], header: Collection[str]) -> bool:
    """Whether a header says enough: an id and something else may be an account, a post, a comment or a repost."""
    if record == "post":
        return not ({"id", "_id"} & set(header) and ABOUT & set(header))
    if record != "account":
        return True
    # "account" would swallow anything with an id, so it has to be told by a second column as well.
    if SAID & set(header):
        return False
    if norm(found["account"]) == "id" and (not PROFILED & found.keys() or (ABOUT | COUNTED) & set(header)):
        return False
    return len(found) > 1


def reposted(header: Sequence[str]) -> dict[str, str]:
    """Of a table of posts: field of a repost -> column, for those that a post has not; empty if it holds no reposts."""
    found = _found({norm(cell): cell for cell in reversed(header)}, REPOSTED)
    return found if "root" in found else {}


def unused(header: Sequence[str], used: Collection[str], *, most: int = UNUSED) -> str:
    """What to tell of columns that a table has and nobody reads, of `most` by name; empty if there are none."""
    left = [name for name in header if name and name not in used]
    if not left:
        return ""
    shown = [name if len(name) <= 40 else f"{name[:39]}…" for name in left[:most]]
    more = f" and {len(left) - most} more" if len(left) > most else ""
    return f"; not used: {', '.join(shown)}{more}"


def is_of_types(row: Sequence[str | None]) -> bool:
    """Whether the row below a header says of every column what kind it is: it is the header's second line."""
    said = [norm(cell).strip("()（）[]<>") for cell in row if cell]
    return len(said) == len(row) > 1 and TYPES.issuperset(said)


def _found(by_norm: Mapping[str, str], names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {f: by_norm[n] for f, options in names.items() for n in reversed(options) if n in by_norm}


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
