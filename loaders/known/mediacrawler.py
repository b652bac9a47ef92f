"""MediaCrawler (NanmiCoder): contents, comments, creators of seven platforms; of Bilibili also contacts and dynamics.

One format per platform and kind serves CSV, JSON, JSON lines, workbooks and the tables of its SQLite file. On
2026-07-01 user ids gave way to ``creator_hash``, the first 16 hex digits of SHA-256 of the id: older files name the
account by its id, newer ones by the hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kolgraph.loaders.spec import Emit, Format

CHINESE = {
    "weibo": "微博",
    "xhs": "小红书",
    "douyin": "抖音",
    "kuaishou": "快手",
    "bilibili": "哔哩哔哩",
    "tieba": "贴吧",
    "zhihu": "知乎",
}
KINDS = {"contents": "内容", "comments": "评论", "creators": "创作者", "contacts": "关注关系", "dynamics": "动态"}

#: Titles are often the first words of the text.
TEXT = (
    "=CASE WHEN starts_with({desc}, {title}) THEN {desc} "
    "ELSE nullif(concat_ws(chr(10), nullif({title}, ''), nullif({desc}, '')), '') END"
)
ID = "nullif({user_id}, '')"
SEC_UID = "coalesce(nullif({user_id}, ''), 'douyin:sec_uid:' || nullif({sec_uid}, ''))"
#: Tieba writes no id but a link to a profile, by portrait or by name.
PROFILE_LINK = (
    "coalesce(nullif({user_id}, ''), "
    "'tieba:portrait:' || nullif(regexp_extract({user_link}, '[?&]id=([^&#]+)', 1), ''), "
    "'tieba:name:' || nullif(regexp_extract({user_link}, '[?&]un=([^&#]+)', 1), ''))"
)
#: Another id of the same account.
ALSO = {"douyin": "'douyin:sec_uid:' || nullif({sec_uid}, '')"}
IDS = {"douyin": SEC_UID, "tieba": PROFILE_LINK}
#: `create_time` is 28,800 s too big: the wall time of Beijing labelled as UTC. `create_date_time` is right.
WEIBO_TIME = "=coalesce(nullif({create_date_time}, ''), (try_cast({create_time} AS BIGINT) - 28800)::VARCHAR)"
#: The numbers of answers, articles and videos are not told apart by themselves.
ZHIHU_ID = "='zhihu:' || coalesce(nullif({content_type}, '') || ':', '') || {content_id}"


def _format(platform: str, kind: str, keys: str, emits: tuple[Emit, ...], table: str, without: str = "") -> Format:
    native = IDS.get(platform, ID)
    return Format(
        name=f"mediacrawler-{platform}-{kind}",
        title=f"MediaCrawler: {kind} of {platform}",
        title_zh=f"MediaCrawler {CHINESE[platform]}{KINDS[kind]}",
        platform=platform,
        keys=frozenset(keys.split()),
        without=frozenset(without.split()),
        table=table,
        lets={
            "who": f"=coalesce({native}, '{platform}:sha256_16:' || nullif({{creator_hash}}, ''))",
            "also": f"={ALSO.get(platform, 'NULL')}",
            "called": "=coalesce(nullif({nickname}, ''), nullif({user_nickname}, ''), nullif({user_name}, ''))",
            "answered": "=CASE WHEN {parent_comment_id} NOT IN ('0', '', {comment_id}) THEN {parent_comment_id} END",
        },
        emits=emits,
    )


#: What a row says of its writer.
WRITER = Emit(
    "account",
    {
        "account": "who",
        "other_id": "also",
        "name": "called",
        "bio": "=nullif({user_signature}, '')",
        "ip_region": "=region({ip_location})",
        "observed": "last_modify_ts",
    },
    when="{who} IS NOT NULL",
    side=True,
)


def _contents(
    platform: str, keys: str, table: str, post: str, time: str, counts: Mapping[str, str], text: str = TEXT
) -> Format:
    written = {"post": post, "time": time, "text": text}
    emits = [Emit("post", {**written, **counts, "author": "who", "observed": "last_modify_ts"}), WRITER]
    if platform == "weibo":  # the original is not named, but those through whom a post came are
        emits.insert(0, Emit("repost", written | {"src": "who"}, when="chain_of({content}, 'weibo') <> []"))
    return _format(platform, "contents", keys, tuple(emits), table)


def _comments(
    platform: str,
    keys: str,
    table: str,
    post: str,
    *,
    time: str = "create_time",
    likes: str = "like_count",
    without: str = "",
) -> Format:
    written = {"src": "who", "comment": "comment_id", "post": post, "parent": "answered", "time": time}
    # In a thread all answers have its first comment as parent; the text says whom they answer.
    comment = Emit("comment", written | {"text": "content", "likes": likes, "author_name": "=reply_target({content})"})
    return _format(platform, "comments", keys, (comment, WRITER), table, without)


def _creators(platform: str, keys: str, table: str, **counts: str) -> Format:
    fields = {"followers": "fans", "followings": "follows", "bio": "=coalesce(nullif({desc}, ''), nullif({sign}, ''))"}
    emit = Emit("account", {**WRITER.fields, **fields, **counts})
    return _format(platform, "creators", keys, (emit,), table)


CONTENTS = (
    _contents(
        "weibo",
        "note_id content shared_count",
        "weibo_note",
        "note_id",
        WEIBO_TIME,
        {"likes": "liked_count", "comments": "comments_count", "reposts": "shared_count"},
        text="content",
    ),
    _contents(
        "xhs",
        "note_id desc collected_count",
        "xhs_note",
        "note_id",
        "time",
        {"likes": "liked_count", "comments": "comment_count", "reposts": "share_count", "topics": "tag_list"},
    ),
    _contents(
        "douyin",
        "aweme_id desc aweme_url",
        "douyin_aweme",
        "aweme_id",
        "create_time",
        {"likes": "liked_count", "comments": "comment_count", "reposts": "share_count"},
    ),
    _contents(
        "kuaishou",
        "video_id viewd_count",
        "kuaishou_video",
        "video_id",
        "create_time",
        {"likes": "liked_count", "views": "viewd_count"},
    ),
    _contents(
        "bilibili",
        "video_id video_play_count",
        "bilibili_video",
        "video_id",
        "create_time",
        {
            "likes": "liked_count",
            "comments": "video_comment",
            "reposts": "video_share_count",
            "views": "video_play_count",
        },
    ),
    _contents(
        "tieba",
        "note_id tieba_name total_replay_num",
        "tieba_note",
        "note_id",
        "publish_time",
        {"comments": "total_replay_num"},
    ),
    _contents(
        "zhihu",
        "content_id content_type voteup_count",
        "zhihu_content",
        ZHIHU_ID,
        "created_time",
        {"likes": "voteup_count", "comments": "comment_count"},
        text="=concat_ws(chr(10), nullif({title}, ''), coalesce(nullif({content_text}, ''), nullif({desc}, '')))",
    ),
)
COMMENTS = (
    _comments(
        "weibo",
        "comment_id note_id content create_date_time",
        "weibo_note_comment",
        "note_id",
        time=WEIBO_TIME,
        likes="comment_like_count",
    ),
    _comments("tieba", "comment_id note_id content tieba_name", "tieba_comment", "note_id", time="publish_time"),
    _comments("xhs", "comment_id note_id content create_time", "xhs_note_comment", "note_id"),
    _comments("douyin", "comment_id aweme_id content", "douyin_aweme_comment", "aweme_id"),
    _comments("bilibili", "comment_id video_id content parent_comment_id", "bilibili_video_comment", "video_id"),
    _comments("kuaishou", "comment_id video_id content", "kuaishou_video_comment", "video_id"),
    _comments("zhihu", "comment_id content_id content", "zhihu_comment", ZHIHU_ID, time="publish_time"),
)
#: Old comments of Bilibili have the columns of Kuaishou: the folder tells.
OLD = replace(
    _comments("bilibili", "comment_id video_id content", "", "video_id"),
    name="mediacrawler-bilibili-old-comments",
    path=r"/bili(bili)?/.+",
)
CREATORS = (
    _creators("douyin", "user_id fans follows videos_count", "dy_creator", posts="videos_count"),
    _creators("tieba", "user_id fans follows registration_duration", "tieba_creator"),
    _creators("xhs", "user_id fans follows interaction tag_list", "xhs_creator"),
    _creators("weibo", "user_id fans follows tag_list", "weibo_creator"),
    _creators("kuaishou", "user_id fans follows interaction last_modify_ts", "kuaishou_creator"),
    _creators("zhihu", "user_id fans follows anwser_count", "zhihu_creator"),
    _creators("bilibili", "user_id nickname total_fans", "bilibili_up_info", followers="total_fans"),
)


def _of(side: str) -> Emit:
    """One side of a contact."""
    fields = {"account": f"{side}_id", "name": f"=nullif({{{side}_name}}, '')", "bio": f"=nullif({{{side}_sign}}, '')"}
    return Emit("account", fields | {"observed": "last_modify_ts"}, side=True)


BILIBILI = (
    _format(
        "bilibili",
        "contacts",
        "up_id fan_id",
        (Emit("follow", {"src": "fan_id", "dst": "up_id", "observed": "last_modify_ts"}), _of("fan"), _of("up")),
        "bilibili_contact_info",
    ),
    _format(
        "bilibili",
        "dynamics",
        "dynamic_id pub_ts",
        (
            Emit(
                "repost",
                {"src": "who", "post": "dynamic_id", "root": "@root", "time": "pub_ts", "text": "text"},
                when="{type} LIKE '%FORWARD'",
            ),
            Emit(
                "post",
                {
                    "post": "dynamic_id",
                    "author": "who",
                    "time": "pub_ts",
                    "text": "text",
                    "likes": "total_liked",
                    "reposts": "total_forwards",
                    "comments": "total_comments",
                    "observed": "last_modify_ts",
                },
            ),
            WRITER,
        ),
        "bilibili_up_dynamic",
    ),
)
FORMATS = (*CONTENTS, OLD, *COMMENTS, *CREATORS, *BILIBILI)
