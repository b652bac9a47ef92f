"""What platforms hand to researchers: TikTok Research API, YouTube API and Data Tools, Meta's library, CrowdTangle.

Times without a zone are UTC here, except where the source writes the zone behind them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from kolgraph.errors import InputError, option
from kolgraph.loaders.reading import containers
from kolgraph.loaders.reading.source import Options, Reject, Source
from kolgraph.loaders.spec import Emit, Format


def _joined(cell: str) -> str:
    """SQL: a JSON list as the comma list that topics are."""
    whole = f"json_valid({{{cell}}}) AND json_type({{{cell}}}) = 'ARRAY'"
    return f"CASE WHEN {whole} THEN array_to_string(from_json({{{cell}}}, '[\"VARCHAR\"]'), ',') ELSE {{{cell}}} END"


def _utc(cell: str) -> str:
    """SQL: a time in UTC, whether it says so or not."""
    naive = f"regexp_full_match({{{cell}}}, '[0-9-]+[ T][0-9]+:[0-9]+:[0-9.]+')"
    return f"=CASE WHEN {naive} THEN {{{cell}}} || ' UTC' ELSE {{{cell}}} END"


# ---------------------------------------------------------------------- TikTok: users are known by handle

Rows = Iterator[tuple[int | None, dict[str, Any]] | Reject]


def _asked_for(prefix: str) -> Callable[[Source, Options], Rows]:
    """Items of an answer, with the user that only the question named: an option or the file's name tells it."""

    def rows(source: Source, options: Options) -> Rows:
        stem = source.path.name.split(".")[0]
        found = re.search(r"user_(?:followers|following|reposted_videos|info)_(.+)", stem)
        subject = options.subject or (found[1] if found else None)
        if subject is not None and ":" not in subject:
            subject = f"@{subject.lstrip('@')}"
        for row in containers.json_items(source, prefix):
            if isinstance(row, Reject):
                yield row
                continue
            line, item = row
            asked = f"@{item['following_user']}" if item.get("following_user") else subject
            if asked is None:
                raise InputError.at(
                    source.path, line, "the answer does not say whom it is about", fix=f"add {option('subject')}"
                )
            yield line, item | {"subject": asked}

    return rows


HANDLE = "='@' || nullif({username}, '')"
USER = Emit("account", {"account": HANDLE, "name": "display_name"}, when="{username} <> ''", side=True)
VIDEO = Emit(
    "post",
    {
        "post": "=coalesce({id}, {video_id})",
        "author": HANDLE,
        "time": "create_time",
        "text": "video_description",
        "topics": "=" + _joined("hashtag_names"),
        "likes": "like_count",
        "reposts": "share_count",
        "comments": "comment_count",
        "views": "view_count",
    },
)
MENTIONED = Emit(
    "mention",
    {"src": HANDLE, "dst": "='@' || {item}", "post": "=coalesce({id}, {video_id})", "time": "create_time"},
    when="{username} <> ''",
    each="video_mention_list",
    side=True,
)


def _tiktok(kind: str, chinese: str, key: str, *emits: Emit, asked: bool = False) -> Format:
    return Format(
        name=f"tiktok-{kind}",
        title=f"TikTok Research API: {kind}",
        title_zh=f"TikTok 研究 API：{chinese}",
        platform="tiktok",
        shape="json",
        keys=frozenset(key.split()),
        prefix="" if asked else key,
        rows=_asked_for(key) if asked else None,
        emits=emits,
    )


TIKTOK_VIDEOS = _tiktok("videos", "视频", "data.videos", VIDEO, MENTIONED)
TIKTOK = (
    TIKTOK_VIDEOS,
    replace(
        TIKTOK_VIDEOS,
        name="tiktok-video-rows",
        title="TikTok Research API: videos, one a row",
        shape="",
        prefix="",
        keys=frozenset({"video_description", "username", "create_time"}),
    ),
    _tiktok(
        "followers", "粉丝", "data.user_followers", Emit("follow", {"src": HANDLE, "dst": "subject"}), USER, asked=True
    ),
    _tiktok(
        "following", "关注", "data.user_following", Emit("follow", {"src": "subject", "dst": HANDLE}), USER, asked=True
    ),
    # The time is that of the video: nobody says when it was reposted.
    _tiktok(
        "reposts",
        "转发",
        "data.user_reposted_videos",
        Emit("repost", {"src": "subject", "dst": HANDLE, "root": "=coalesce({id}, {video_id})"}),
        replace(VIDEO, side=True),
        MENTIONED,
        asked=True,
    ),
    # Writers are left out by the platform; rows that have none are no edges, and are said to lack one.
    _tiktok(
        "comments",
        "评论",
        "data.comments",
        Emit(
            "comment",
            {
                "src": HANDLE,
                "comment": "id",
                "post": "video_id",
                "parent": "=CASE WHEN {parent_comment_id} NOT IN ('0', '', {video_id}) THEN {parent_comment_id} END",
                "time": "create_time",
                "text": "text",
                "likes": "like_count",
            },
        ),
    ),
)

# ---------------------------------------------------------------------- YouTube: accounts are channels


def _said(prefix: str) -> dict[str, str]:
    """A comment resource behind a prefix."""
    text = f"=coalesce({{{prefix}snippet.textOriginal}}, {{{prefix}snippet.textDisplay}})"
    fields = {"src": "authorChannelId.value", "parent": "parentId", "time": "publishedAt", "likes": "likeCount"}
    fields = {field: f"={{{prefix}snippet.{name}}}" for field, name in fields.items()}
    return fields | {"comment": f"={{{prefix}id}}", "text": text, "post": "snippet.videoId"}


def _writer(prefix: str, each: str = "") -> Emit:
    """Names of writers are handles today: @name."""
    account = f"={{{prefix}snippet.authorChannelId.value}}"
    fields = {"account": account, "name": f"=ltrim({{{prefix}snippet.authorDisplayName}}, '@')"}
    return Emit("account", fields, when="" if each else f"{account[1:]} IS NOT NULL", each=each, side=True)


VIDEO_ID = "coalesce({snippet.resourceId.videoId}, {id.videoId}, CASE WHEN {id} NOT LIKE '%{%' THEN {id} END)"
CHANNEL = "coalesce({snippet.videoOwnerChannelId}, {snippet.channelId})"
TITLED = "=coalesce({snippet.videoOwnerChannelTitle}, {snippet.channelTitle})"
YOUTUBE_API = Format(
    name="youtube-api",
    title="YouTube Data API: comment threads, comments, subscriptions, channels, videos",
    title_zh="YouTube Data API：评论、订阅、频道、视频",
    platform="youtube",
    shape="json",
    keys=frozenset({"kind", "items"}),
    prefix="items",
    emits=(
        Emit(
            "comment",
            _said("snippet.topLevelComment.") | {"dst": "snippet.channelId"},
            when="{snippet.topLevelComment.id} IS NOT NULL",
        ),
        Emit("comment", _said(""), when="coalesce({snippet.textOriginal}, {snippet.textDisplay}) IS NOT NULL"),
        Emit(
            "follow",
            {"src": "snippet.channelId", "dst": "snippet.resourceId.channelId", "since": "snippet.publishedAt"},
            when="{snippet.resourceId.channelId} IS NOT NULL",
        ),
        Emit(
            "account",
            {
                "account": "id",
                "name": "=coalesce(ltrim({snippet.customUrl}, '@'), {snippet.title})",
                "followers": "=CASE WHEN {statistics.hiddenSubscriberCount} IS DISTINCT FROM 'true' "
                "THEN {statistics.subscriberCount} END",
                "posts": "statistics.videoCount",
                "bio": "snippet.description",
                "region": "snippet.country",
                "created": "snippet.publishedAt",
            },
            when="{id} LIKE 'UC%' AND length({id}) = 24",
        ),
        Emit(
            "post",
            {
                "post": "=" + VIDEO_ID,
                "author": "=" + CHANNEL,
                "time": "=coalesce({contentDetails.videoPublishedAt}, {snippet.publishedAt})",
                "text": "=concat_ws(chr(10), {snippet.title}, nullif({snippet.description}, ''))",
                "likes": "statistics.likeCount",
                "comments": "statistics.commentCount",
                "views": "statistics.viewCount",
            },
            when="{snippet.channelId} IS NOT NULL AND coalesce({kind}, '') NOT LIKE '%#playlist' "
            f"AND {VIDEO_ID} IS NOT NULL",
        ),
        _writer("snippet.topLevelComment."),
        _writer(""),
        Emit("account", {"account": "=" + CHANNEL, "name": TITLED}, when=f"{TITLED[1:]} IS NOT NULL", side=True),
        Emit("comment", _said("item."), each="replies.comments", side=True),
        _writer("item.", each="replies.comments"),
    ),
)
#: Newer names are handles, and tell people apart; older ones are only names.
YTDT_WRITER = (
    "=coalesce(nullif({authorChannelId}, ''), nullif(regexp_extract({authorChannelUrl}, '/channel/([^/?]+)', 1), ''), "
    "CASE WHEN {authorName} LIKE '@%' THEN {authorName} ELSE 'youtube:name:' || nullif({authorName}, '') END)"
)
YOUTUBE = (
    YOUTUBE_API,
    replace(
        YOUTUBE_API,
        name="youtube-items",
        title="YouTube Data API: items, one a line",
        prefix="",
        keys=frozenset({"kind", "snippet", "snippet.publishedAt"}),
    ),
    Format(
        name="ytdt-videos",
        title="YouTube Data Tools: list of videos",
        title_zh="YouTube Data Tools 视频列表",
        platform="youtube",
        keys=frozenset({"videoId", "channelId", "channelTitle", "publishedAt"}),
        emits=(
            Emit(
                "post",
                {
                    "post": "videoId",
                    "author": "channelId",
                    "time": _utc("publishedAt"),
                    "text": "=concat_ws(chr(10), {videoTitle}, nullif({videoDescription}, ''))",
                    "likes": "likeCount",
                    "comments": "commentCount",
                    "views": "viewCount",
                },
            ),
            Emit("account", {"account": "channelId", "name": "channelTitle"}, side=True),
        ),
    ),
    Format(
        name="ytdt-comments",
        title="YouTube Data Tools: comments of a video",
        title_zh="YouTube Data Tools 评论",
        platform="youtube",
        keys=frozenset({"id", "isReplyTo", "authorName", "text", "publishedAt"}),
        emits=(
            Emit(
                "comment",
                {
                    "src": YTDT_WRITER,
                    "comment": "id",
                    "post": "=coalesce({@root}, nullif(regexp_extract({@stem}, 'videoinfo_(...........)_', 1), ''))",
                    "parent": "=nullif({isReplyTo}, '')",
                    "time": _utc("publishedAt"),
                    "text": "text",
                    "likes": "likeCount",
                },
            ),
            Emit("account", {"account": YTDT_WRITER, "name": "=ltrim({authorName}, '@')"}, side=True),
        ),
    ),
)

# ---------------------------------------------------------------------- Meta


def _library(platform: str, chinese: str, *keys: str) -> Format:
    return Format(
        name=f"mcl-{platform}",
        title=f"Meta Content Library: posts of {platform.capitalize()}",
        title_zh=f"Meta Content Library {chinese}帖子",
        platform=platform,
        keys=frozenset({"mcl_url", "creation_time", "post_owner.id", *keys}),
        emits=(
            Emit(
                "post",
                {
                    "post": "id",
                    "author": "post_owner.id",
                    "time": _utc("creation_time"),
                    "text": "text",
                    "topics": "=" + _joined("hashtags"),
                    "likes": "statistics.like_count",
                    "reposts": "statistics.share_count",
                    "comments": "statistics.comment_count",
                    "views": "statistics.views",
                },
            ),
            # People are named by username.
            Emit(
                "account",
                {"account": "post_owner.id", "name": "=coalesce({post_owner.username}, {post_owner.name})"},
                when="{post_owner.id} <> ''",
                side=True,
            ),
        ),
    )


#: Abbreviations that mean one zone only; CST, IST and BST mean several, and such a time is left out and said so.
ZONES = {"UTC": "+00", "GMT": "+00", "WET": "+00", "WEST": "+01", "CET": "+01", "CEST": "+02", "EET": "+02"}
ZONES |= {"EEST": "+03", "MSK": "+03", "HKT": "+08", "SGT": "+08", "JST": "+09", "KST": "+09", "AEST": "+10"}
ZONES |= {"AEDT": "+11", "NZST": "+12", "NZDT": "+13", "EST": "-05", "EDT": "-04", "CDT": "-05", "MST": "-07"}
ZONES |= {"MDT": "-06", "PST": "-08", "PDT": "-07"}
_OFFSET = " ".join(f"WHEN '{name}' THEN '{offset}'" for name, offset in ZONES.items())
POSTED = (
    "=CASE WHEN regexp_matches({Post Created}, ' [A-Z]+$') THEN regexp_replace({Post Created}, ' [A-Z]+$', '') || "
    f"CASE regexp_extract({{Post Created}}, '[A-Z]+$') {_OFFSET} END ELSE {{Post Created}} END"
)
#: First parts of addresses on facebook.com that are no pages.
PLACES = (
    "photo photo.php photos watch events story.php permalink.php groups hashtag sharer sharer.php reel reels share "
    "pages people video.php videos profile.php pg notes help business marketplace media stories l.php plugins dialog"
)


def _number(cell: str) -> str:
    return f"=CASE WHEN regexp_matches({{{cell}}}, '^[0-9]') THEN {{{cell}}} END"


def _object(cell: str) -> str:
    """SQL: the id in the address of a post of Facebook."""
    told = "(?:fbid=|[?&]v=|/(?:posts|videos|permalink|reel)/(?:[^/?]*/)*)(pfbid[0-9A-Za-z]+|[0-9]+)"
    last = "/([0-9]+)/?(?:[?].*)?$"
    found = [f"nullif(regexp_extract({{{cell}}}, '{pattern}', 1), '')" for pattern in (told, last)]
    return f"coalesce({', '.join(found)})"


COUNTS = {"likes": _number("Likes"), "comments": _number("Comments")}
#: A time whose zone nobody knows.
UNSURE = "{posted} IS NULL AND {Post Created} <> ''"
CROWDTANGLE = (
    Format(
        name="crowdtangle-facebook",
        title="CrowdTangle: posts of pages and groups of Facebook",
        title_zh="CrowdTangle Facebook 帖子",
        platform="facebook",
        keys=frozenset({"Facebook Id", "Post Created", "URL", "Message"}),
        lets={
            "posted": POSTED,
            "post": f"=coalesce({_object('URL')}, 'facebook:url:' || nullif({{URL}}, ''))",
            "other": "=nullif(regexp_extract({Link}, '^https?://(?:www[.]|m[.])?facebook[.]com/([^/?#]+)/', 1), '')",
            "shared": "=lower({other}) NOT IN (lower(coalesce({User Name}, '')), coalesce({Facebook Id}, ''), "
            + ", ".join(f"'{name}'" for name in PLACES.split())
            + ")",
        },
        emits=(
            Emit(
                "repost",
                {
                    "src": "Facebook Id",
                    "post": "post",
                    "root": "=" + _object("Link"),
                    "dst": "=CASE WHEN regexp_full_match({other}, '[0-9]+') THEN {other} END",
                    "author_name": "=CASE WHEN NOT regexp_full_match({other}, '[0-9]+') THEN {other} END",
                    "time": "posted",
                    "text": "Message",
                },
                when="{shared}",
            ),
            Emit(
                "post",
                COUNTS
                | {
                    "post": "post",
                    "author": "Facebook Id",
                    "time": "posted",
                    "text": "Message",
                    "reposts": _number("Shares"),
                    "views": _number("Total Views"),
                    "observed": "posted",
                },
            ),
            Emit("post", {"post": "post", "time": "Post Created"}, when=UNSURE, side=True),
            Emit(
                "account",
                {
                    "account": "Facebook Id",
                    "name": "=coalesce(nullif({Page Name}, ''), nullif({Group Name}, ''))",
                    "followers": _number("Followers at Posting"),
                    "bio": "=nullif({Page Description}, '')",
                    "region": "=nullif({Page Admin Top Country}, '')",
                    "observed": "posted",
                },
                when="{Facebook Id} <> ''",
                side=True,
            ),
            # The name in addresses; the one above is shown, because it was observed.
            Emit("account", {"account": "Facebook Id", "name": "User Name"}, when="{User Name} <> ''", side=True),
        ),
    ),
    Format(
        name="crowdtangle-instagram",
        title="CrowdTangle: posts of Instagram",
        title_zh="CrowdTangle Instagram 帖子",
        platform="instagram",
        keys=frozenset({"Account", "User Name", "Post Created", "URL", "Photo"}),
        lets={
            "posted": POSTED,
            "post": "='instagram:shortcode:' || nullif(regexp_extract({URL}, '/(?:p|tv|reel)/([^/?]+)', 1), '')",
            "who": "='@' || nullif({User Name}, '')",
        },
        emits=(
            Emit(
                "post",
                COUNTS
                | {
                    "post": "post",
                    "author": "who",
                    "time": "posted",
                    "text": "Description",
                    "views": _number("Views"),
                    "observed": "posted",
                },
            ),
            Emit("post", {"post": "post", "time": "Post Created"}, when=UNSURE, side=True),
            Emit(
                "account",
                {
                    "account": "who",
                    "name": "User Name",
                    "followers": _number("Followers at Posting"),
                    "observed": "posted",
                },
                when="{who} IS NOT NULL",
                side=True,
            ),
        ),
    ),
)
FORMATS = (
    *TIKTOK,
    *YOUTUBE,
    _library("facebook", "Facebook ", "statistics.reaction_count"),
    _library("instagram", "Instagram "),
    *CROWDTANGLE,
)
