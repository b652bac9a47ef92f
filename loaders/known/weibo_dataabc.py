"""Weibo as the crawlers of dataabc save it: weibo-crawler, weiboSpider and weibo-search, as CSV, JSON and SQLite.

Headers changed with nearly every year, and the rows of one file differ in length: what a cell is goes by the names in
the header and the number of cells. The owner of a file of posts stands in its name. People open these files with a
spreadsheet, which rounds the ids of posts; the short ids beside them are text and stay exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolgraph.loaders.reading import containers
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Options, Source
    from kolgraph.loaders.spec import Rows

COUNTS_ZH = {"likes": "点赞数", "reposts": "转发数", "comments": "评论数"}
COUNTS_EN = {"likes": "attitudes_count", "reposts": "reposts_count", "comments": "comments_count"}


def _prefixed(prefix: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {field: prefix + name for field, name in fields.items()}


#: A post by its number, or by its short id where a spreadsheet rounded the number; and whether it rounded any here.
MID = "=exact_mid(trim({id}, ' \t'), {bid})"
ROUNDS = "(SELECT count_if(is_rounded(trim({id}, ' \t'), {bid})) > 0 FROM raw)"

# ---------------------------------------------------------------------- weibo-crawler

#: The columns of a post in every version since 2019, newest last: what was new came into the middle.
BASES = [
    ["id", "正文", "原始图片url", "位置", "日期", "工具", "点赞数", "评论数", "转发数", "话题", "@用户"],
]
for _name, _behind in (
    ("视频url", "原始图片url"),
    ("bid", "id"),
    ("头条文章url", "正文"),
    ("完整日期", "@用户"),
    ("Live Photo视频url", "视频url"),
    (("是否编辑过", "编辑次数"), "完整日期"),
):
    _at = BASES[-1].index(_behind) + 1
    BASES.append([*BASES[-1][:_at], *([_name] if isinstance(_name, str) else _name), *BASES[-1][_at:]])
ORIGINAL, AUTHOR = "是否原创", ["源用户id", "源用户昵称"]


def _crawler_layouts(header: Sequence[str]) -> dict[int, Sequence[str]]:
    """What the cells of a row are, by their number: a newer version appends to a file without a new header.

    A post that is no repost has nothing behind `ORIGINAL`. A repost has all, without those last columns of what is
    reposted that the program does not know. So the number of cells tells the version.
    """
    if ORIGINAL not in header:  # only posts that are no reposts were wanted
        return {len(base): base for base in BASES} if list(header) in BASES else {len(header): header}
    width = header.index(ORIGINAL)
    if list(header[:width]) not in BASES:
        return {n: header[:n] for n in (width + 1, width + 3, len(header))}
    layouts: dict[int, Sequence[str]] = {}
    for base in BASES:
        layouts[len(base) + 1] = [*base, ORIGINAL]
        source = [f"源微博{name}" if name != "id" else "源微博id" for name in base]
        whole = [*base, ORIGINAL, *AUTHOR, *source]
        for end in {len(whole), len(whole) - 2 * ("编辑次数" in base)}:
            layouts[end] = whole[:end]
    return layouts


SOURCE_MID = "exact_mid(trim({源微博id}, ' \t'), {源微博bid})"
IS_REPOST = "trim({源微博id}) <> ''"
CRAWLER_CSV = Format(
    "weibo-crawler",
    "dataabc/weibo-crawler <uid>.csv: posts of one account with what they repost",
    "weibo-crawler 单用户微博 CSV",
    (
        Emit(
            "repost",
            {"post": MID, "src": "@owner", "time": "=moment(coalesce({完整日期}, {日期}), NULL, trim({id}))"}
            | {"root": f"=CASE WHEN {{源微博bid}} <> '' THEN {SOURCE_MID} ELSE if_exact({SOURCE_MID}, {ROUNDS}) END"}
            | {"dst": f"=CASE WHEN {IS_REPOST} THEN weibo_id({{源用户id}}) END"}
            | {"author_name": f"=CASE WHEN {IS_REPOST} THEN {{源用户昵称}} END", "text": "正文"}
            | COUNTS_ZH,
            when=f"lower({{是否原创}}) = 'false' OR {IS_REPOST}",
        ),
        Emit(
            "post",
            {"post": MID, "author": "@owner", "time": "=moment(coalesce({完整日期}, {日期}), NULL, trim({id}))"}
            | {"text": "正文", "topics": "话题"}
            | COUNTS_ZH,
            when="coalesce(lower({是否原创}), 'true') = 'true' AND coalesce({源用户id}, '') = ''",
        ),
        Emit(
            "post",
            {"post": f"={SOURCE_MID}", "author": "=weibo_id({源用户id})", "text": "源微博正文", "topics": "源微博话题"}
            | {"time": "=moment(coalesce({源微博完整日期}, {源微博日期}), NULL, trim({源微博id}))"}
            | _prefixed("源微博", COUNTS_ZH),
            when=f"{{源用户id}} <> '' AND {IS_REPOST}",
            side=True,
        ),
        Emit(
            "account",
            {"account": "=weibo_id({源用户id})", "name": "源用户昵称"},
            when=f"{{源用户id}} <> '' AND {IS_REPOST}",
            side=True,
        ),
    ),
    "weibo",
    "table",
    frozenset({"id", "正文", "点赞数", "转发数"}),
    without=frozenset({"user_id", "用户id"}),
    layouts=_crawler_layouts,
    owned=True,
)

CRAWLER_USERS = Format(
    "weibo-crawler-users",
    "dataabc/weibo-crawler users.csv: profiles",
    "weibo-crawler 用户资料 CSV",
    (
        Emit(
            "account",
            {"account": "=weibo_id({用户id})", "name": "昵称", "region": "所在地", "ip_region": "=region({IP属地})"}
            | {"posts": "微博数", "followers": "粉丝数", "followings": "关注数", "bio": "简介", "created": "注册时间"}
            | {"verified": "=verified_kind({是否认证}, {认证类型})"},
        ),
    ),
    "weibo",
    "table",
    frozenset({"用户id", "昵称", "微博数", "粉丝数", "关注数"}),
)


def _crawler_rows(source: Source, options: Options) -> Rows:
    """The profile of the owner, then the posts."""
    del options
    for key, cell in (("user", "user"), ("weibo", "post")):
        for row in containers.json_items(source, key):
            yield (row[0], {cell: row[1]}) if isinstance(row, tuple) and len(row) == 2 else row


def _json_post(prefix: str, author: str) -> dict[str, str]:
    created = f"coalesce({{{prefix}full_created_at}}, {{{prefix}created_at}})"
    return (
        {"post": f"{prefix}id", author: f"=weibo_id({{{prefix}user_id}})", "text": f"{prefix}text"}
        | {"time": f"=moment({created}, NULL, {{{prefix}id}})"}
        | ({"topics": f"{prefix}topics"} if author == "author" else {})
        | _prefixed(prefix, COUNTS_EN)
    )


CRAWLER_JSON = Format(
    "weibo-crawler-json",
    "dataabc/weibo-crawler <uid>.json: one account and its posts",
    "weibo-crawler 单用户 JSON",
    (
        Emit(
            "account",
            {"account": "=weibo_id({user.id})", "name": "user.screen_name", "followers": "user.followers_count"}
            | {"followings": "user.follow_count", "posts": "user.statuses_count", "region": "user.location"}
            | {
                "ip_region": "=region({user.ip_location})",
                "bio": "user.description",
                "created": "user.registration_time",
            }
            | {"verified": "=verified_kind({user.verified}, {user.verified_type})"},
            when="{user} IS NOT NULL",
        ),
        Emit(
            "repost",
            _json_post("post.", "src") | {"root": "post.retweet.id", "dst": "=weibo_id({post.retweet.user_id})"},
            when="{post.retweet.id} IS NOT NULL",
        ),
        Emit("post", _json_post("post.", "author")),
        Emit("post", _json_post("post.retweet.", "author"), when="{post.retweet.user_id} <> ''", side=True),
        Emit(
            "account",
            {"account": "=weibo_id({post.retweet.user_id})", "name": "post.retweet.screen_name"},
            when="{post.retweet.user_id} <> ''",
            side=True,
        ),
    ),
    "weibo",
    "json",
    frozenset({"user", "weibo", "user.screen_name"}),
    rows=_crawler_rows,
)


def _sqlite(table: str, title_zh: str, keys: set[str], *emits: Emit) -> Format:
    return Format(
        f"weibo-sqlite-{table}",
        f"weibodata.db of weibo-crawler and weibo-search: table {table}",
        title_zh,
        emits,
        "weibo",
        "sqlite",
        frozenset(keys),
        table=table,
    )


SQLITE = (
    _sqlite(
        "user",
        "weibodata.db 用户表",
        {"nick_name", "follower_count"},
        Emit(
            "account",
            {"account": "=weibo_id({id})", "name": "nick_name", "followers": "follower_count", "region": "location"}
            | {
                "followings": "follow_count",
                "ip_region": "=region({ip_location})",
                "bio": "bio",
                "created": "reg_date",
            },
        ),
    ),
    _sqlite(
        "weibo",
        "weibodata.db 微博表",
        {"user_id", "text", "retweet_id"},
        Emit(
            "repost",
            {"post": MID, "src": "=weibo_id({user_id})", "text": "text"}
            | {"root": f"=if_exact(trim({{retweet_id}}, ' \\t'), {ROUNDS})"}
            | {"time": "=moment({created_at}, NULL, {id})"}
            | COUNTS_EN,
            when="trim(given({retweet_id})) <> ''",
        ),
        Emit(
            "post",
            {"post": MID, "author": "=weibo_id({user_id})", "text": "text", "topics": "topics"}
            | {"time": "=moment({created_at}, NULL, {id})"}
            | COUNTS_EN,
        ),
        Emit("account", {"account": "=weibo_id({user_id})", "name": "screen_name"}, when="{user_id} <> ''", side=True),
    ),
    _sqlite(
        "comments",
        "weibodata.db 评论表",
        {"weibo_id", "root_id", "user_id"},
        Emit(
            "comment",
            {"comment": "id", "src": "=weibo_id({user_id})", "post": "weibo_id", "text": "text", "likes": "like_count"}
            | {"parent": "=CASE WHEN {root_id} NOT IN ('', '0', {id}) THEN {root_id} END"}
            | {"time": "=moment({created_at}, NULL, {id})"},
        ),
        Emit("account", {"account": "=weibo_id({user_id})", "name": "user_screen_name"}, side=True),
    ),
    # The text is cut at the first "//", so who forwarded it is lost: only the root is known.
    _sqlite(
        "reposts",
        "weibodata.db 转发表",
        {"weibo_id", "user_id", "user_screen_name"},
        Emit(
            "repost",
            {"post": "id", "src": "=weibo_id({user_id})", "root": "weibo_id", "text": "text", "likes": "like_count"}
            | {"time": "=moment({created_at}, NULL, {id})"},
        ),
        Emit("account", {"account": "=weibo_id({user_id})", "name": "user_screen_name"}, side=True),
    ),
)

# ---------------------------------------------------------------------- weiboSpider

#: A repost is one cell: own words, the name of the author, the words of the author.
OWN = "regexp_replace(regexp_replace({微博正文}, '\\s*(原始用户|转发内容)[:：].*', '', 's'), '^转发理由[:：]\\s*', '')"
SPIDER_CSV = Format(
    "weiboSpider",
    "dataabc/weiboSpider <uid>.csv: posts of one account; of the reposted author only the name is known",
    "weiboSpider 单用户微博 CSV",
    (
        Emit(
            "repost",
            {"post": "='weibo:bid:' || trim({微博id})", "src": "@owner", "time": "发布时间", "text": f"={OWN}"}
            | {"author_name": "=nullif(trim(regexp_extract({微博正文}, '原始用户[:：] *([^\\r\\n]+)', 1)), '')"}
            | {"kind": "='repost'"}  # of an original that was deleted nothing else is known
            | COUNTS_ZH,
            when="lower({是否为原创微博}) = 'false'",
        ),
        Emit(
            "post",
            {"post": "='weibo:bid:' || trim({微博id})", "author": "@owner", "time": "发布时间", "text": f"={OWN}"}
            | COUNTS_ZH,
        ),
    ),
    "weibo",
    "table",
    frozenset({"微博id", "微博正文", "发布时间"}),
    owned=True,
)

# ---------------------------------------------------------------------- weibo-search

#: Its columns today; those that came in later, the latest first.
SEARCH_NOW = [
    "id",
    "bid",
    "user_id",
    "用户昵称",
    "微博正文",
    "头条文章url",
    "发布位置",
    "艾特用户",
    "话题",
    "转发数",
    "评论数",
    "点赞数",
    "发布时间",
    "发布工具",
    "微博图片url",
    "微博视频url",
    "retweet_id",
    "ip",
    "user_authentication",
    "会员类型",
    "会员等级",
]
SEARCH_BASES = [SEARCH_NOW]
for _later in ({"会员类型", "会员等级"}, {"user_authentication"}, {"ip"}, {"头条文章url"}, {"retweet_id"}):
    SEARCH_BASES.append([name for name in SEARCH_BASES[-1] if name not in _later])


def _search_layouts(header: Sequence[str]) -> dict[int, Sequence[str]]:
    """As with weibo-crawler: the number of cells tells the version that wrote a row."""
    return {len(base): base for base in SEARCH_BASES} if list(header) in SEARCH_BASES else {}


SEARCH = Format(
    "weibo-search",
    "dataabc/weibo-search <keyword>.csv: found posts, each repost behind its original",
    "weibo-search 关键词搜索 CSV",
    (
        Emit(
            "repost",
            {"post": MID, "src": "=weibo_id({user_id})", "text": "微博正文"}
            | {"root": f"=if_exact(trim({{retweet_id}}, ' \\t'), {ROUNDS})"}
            | {"time": "=moment({发布时间}, NULL, trim({id}))"}
            | COUNTS_ZH,
            when="trim(given({retweet_id})) <> ''",
        ),
        Emit(
            "post",
            {"post": MID, "author": "=weibo_id({user_id})", "text": "微博正文", "topics": "话题"}
            | {"time": "=moment({发布时间}, NULL, trim({id}))"}
            | COUNTS_ZH,
        ),
        Emit(
            "account",
            {"account": "=weibo_id({user_id})", "name": "用户昵称", "ip_region": "=region({ip})"}
            | {
                "verified": "=CASE {user_authentication} WHEN '蓝V' THEN 'org' WHEN '普通用户' THEN 'none' "
                "WHEN '黄V' THEN 'person' WHEN '红V' THEN 'person' WHEN '金V' THEN 'person' END"
            },
            side=True,
        ),
    ),
    "weibo",
    "table",
    frozenset({"id", "user_id", "用户昵称", "微博正文"}),
    layouts=_search_layouts,
)

FORMATS = (SEARCH, CRAWLER_USERS, CRAWLER_CSV, CRAWLER_JSON, *SQLITE, SPIDER_CSV)
