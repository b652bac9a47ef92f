"""f2 (Johnserf-Seed): raw answers of Douyin that its handlers save, and its SQLite files of four platforms.

The columns ``nickname``, ``signature`` and ``desc`` of the SQLite files have lost every special character, the @ of
mentions too; those that end in ``_raw`` have not.
"""

from __future__ import annotations

from kolgraph.loaders.spec import Emit, Format

#: A user id; of some accounts only sec_uid is known.
ID = (
    "coalesce(nullif(nullif({{{0}uid}}, ''), '0'), 'douyin:sec_uid:' || nullif({{{0}sec_uid}}, ''))"  # as in `_user`
).format
SUBJECT = "=CASE WHEN {@subject} LIKE 'MS4wLjAB%' THEN 'douyin:sec_uid:' || {@subject} ELSE {@subject} END"
#: Marks in a text: topics have a name, mentions an id.
MARKS = "coalesce({text_extra}, {textExtra})"
LETS = {
    "named": "=list_filter(from_json(CASE WHEN json_valid(" + MARKS + ") AND json_type(" + MARKS + ") = 'ARRAY' "
    "THEN " + MARKS + " END, '[\"JSON\"]'), lambda mark: coalesce(mark->>'$.sec_uid', mark->>'$.secUid', '') <> '')",
    "written": "=coalesce({desc}, {text})",
    # Names may hold spaces, so a name after @ is only a guess: not made where ids are given.
    "text_left": "=CASE WHEN len({named}) > 0 THEN translate({written}, '@＠', '') ELSE {written} END",
}


def _user(prefix: str = "", each: str = "") -> Emit:
    """The profile in a user object."""
    names = {"followers": "follower_count", "followings": "following_count", "posts": "aweme_count"}
    fields = {field: f"={{{prefix}{name}}}" for field, name in names.items()}
    fields |= {"account": "=" + ID(prefix), "other_id": f"='douyin:sec_uid:' || nullif({{{prefix}sec_uid}}, '')"}
    fields |= {"name": f"=nullif({{{prefix}nickname}}, '')"}
    fields |= {"bio": f"=nullif({{{prefix}signature}}, '')", "ip_region": f"=region({{{prefix}ip_location}})"}
    given = "" if each else f"{ID(prefix)} IS NOT NULL"
    return Emit("account", fields, when=given, each=each, side=True)


def _mentions(src: str, post: str) -> Emit:
    given = "coalesce({item}->>'$.user_id', {item}->>'$.userId', '')"
    sec_uid = "coalesce({item}->>'$.sec_uid', {item}->>'$.secUid')"
    named = f"=coalesce(nullif(nullif({given}, ''), '0'), 'douyin:sec_uid:' || {sec_uid})"
    fields = {"src": f"={src}", "dst": named, "post": post, "time": "create_time"}
    return Emit("mention", fields, when=f"{src} IS NOT NULL", each="={named}", side=True)


def _list(kind: str, chinese: str, key: str, emits: tuple[Emit, ...], *, needs: str = "", own: str = "") -> Format:
    return Format(
        name=f"f2-douyin-{kind}",
        title=f"f2: raw {kind} of Douyin",
        title_zh=f"f2 抖音{chinese}",
        platform="douyin",
        shape="json",
        keys=frozenset({key, "status_code"} if not own else own.split()),
        prefix=key,
        needs={"subject": needs} if needs else {},
        lets=LETS | {"subject": SUBJECT},
        emits=emits,
    )


POST = (
    Emit(
        "post",
        {
            "post": "aweme_id",
            "author": "=" + ID("author."),
            "time": "create_time",
            "text": "text_left",
            "likes": "statistics.digg_count",
            "reposts": "statistics.share_count",
            "comments": "statistics.comment_count",
            "views": "=nullif({statistics.play_count}, '0')",  # hidden
        },
    ),
    _user("author."),
    _mentions(ID("author."), "aweme_id"),
)


def _comment(prefix: str, text: str, *, each: str = "") -> Emit:
    answered = f"nullif(nullif({{{prefix}reply_to_reply_id}}, '0'), '')"
    fields = {
        "src": "=" + ID(f"{prefix}user."),
        "comment": f"={{{prefix}cid}}",
        "post": f"={{{prefix}aweme_id}}",
        "parent": f"=coalesce({answered}, nullif(nullif({{{prefix}reply_id}}, '0'), ''))",
        "time": f"={{{prefix}create_time}}",
        "text": text,
        "likes": f"={{{prefix}digg_count}}",
    }
    return Emit("comment", fields, each=each, side=bool(each))


COMMENTS = (
    _comment("", "text_left"),
    _user("user."),
    _mentions(ID("user."), "cid"),
    _comment("item.", "={item.text}", each="reply_comment"),
    _user("item.user.", each="reply_comment"),
)
LISTS = (
    _list(
        "followings",
        "关注列表",
        "followings",
        (Emit("follow", {"src": "subject", "dst": "=" + ID("")}), _user()),
        needs="a list of followings does not say whose it is",
    ),
    _list(
        "followers",
        "粉丝列表",
        "followers",
        (Emit("follow", {"src": "=" + ID(""), "dst": "subject"}), _user()),
        needs="a list of followers does not say whose it is",
    ),
    _list("comments", "评论", "comments", COMMENTS),
    _list("posts", "作品", "aweme_list", POST),
    _list("post", "单个作品", "aweme_detail", POST, own="aweme_detail"),
    _list("items", "作品（逐行）", "", POST, own="aweme_id author statistics"),
)


def _table(platform: str, kind: str, keys: str, emits: tuple[Emit, ...], table: str = "user_info_web") -> Format:
    return Format(
        name=f"f2-{platform}-{kind}",
        title=f"f2: {kind} of {platform} (SQLite)",
        title_zh=f"f2 数据库（{platform}）",
        platform=platform,
        shape="sqlite",
        keys=frozenset(keys.split()),
        table=table,
        emits=emits,
    )


def _profile(account: str, name: str, **counts: str) -> Emit:
    bio = "=coalesce({signature_raw}, {signature}, {user_description_raw}, {user_description}, {description})"
    return Emit("account", {"account": account, "name": name, "bio": bio} | counts)


NICKNAME = "=coalesce({nickname_raw}, {nickname})"
SEC_USER_ID = "=coalesce(nullif({uid}, ''), 'douyin:sec_uid:' || nullif({sec_user_id}, ''))"
#: Beijing time, with hyphens in the clock.
JOINED = "=regexp_replace({join_time}, '^([0-9-]+) ([0-9]+)-([0-9]+)-([0-9]+)$', '\\1 \\2:\\3:\\4+08:00')"
TABLES = (
    _table(
        "douyin",
        "users",
        "sec_user_id nickname follower_count",
        (
            _profile(
                SEC_USER_ID,
                NICKNAME,
                other_id="='douyin:sec_uid:' || nullif({sec_user_id}, '')",
                followers="follower_count",
                followings="following_count",
                posts="aweme_count",
                ip_region="=region({ip_location})",
            ),
        ),
    ),
    # On TikTok and X people name each other by handle.
    _table(
        "tiktok",
        "users",
        "secUid uniqueId",
        (
            _profile(
                "=coalesce(nullif({uid}, ''), '@' || {uniqueId})",
                "uniqueId",
                followers="followerCount",
                followings="followingCount",
                posts="videoCount",
            ),
        ),
    ),
    _table(
        "x",
        "users",
        "user_unique_id friends_count",
        (
            _profile(
                "=coalesce(nullif({user_rest_id}, ''), '@' || {user_unique_id})",
                "user_unique_id",
                followers="followers_count",
                followings="friends_count",
                posts="statuses_count",
                region="location",
                created=JOINED,
            ),
        ),
    ),
    _table(
        "weibo",
        "users",
        "uid weibo_count",
        (
            _profile(
                "uid",
                "nickname",
                followers="followers_count",
                followings="friends_count",
                posts="weibo_count",
                region="location",
            ),
        ),
    ),
    _table(
        "douyin",
        "videos",
        "aweme_id sec_user_id desc",
        (
            Emit(
                "post",
                {
                    "post": "aweme_id",
                    "author": SEC_USER_ID,
                    "time": "create_time",
                    "text": "=coalesce({desc_raw}, {desc})",
                    "likes": "digg_count",
                    "reposts": "share_count",
                    "comments": "comment_count",
                },
            ),
            Emit(
                "account", {"account": SEC_USER_ID, "name": NICKNAME}, when=SEC_USER_ID[1:] + " IS NOT NULL", side=True
            ),
        ),
        table="video_info",
    ),
)
FORMATS = (*LISTS, *TABLES)
