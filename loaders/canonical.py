"""Our own tables, as `kolgraph.exchange` writes them: what a workspace was told is told again, and derived anew."""

from __future__ import annotations

from collections.abc import Sequence

from kolgraph.loaders.spec import Emit, Format
from kolgraph.tables import PROFILE


def _shown(*counts: str) -> dict[str, str]:
    """Counts that were rounded say so again."""
    return {c: f"=CASE WHEN contains({{rounded}}, '\"{c}\"') THEN {{{c}}} || '+' ELSE {{{c}}} END" for c in counts}


def _table(name: str, title: str, title_zh: str, keys: Sequence[str], *emits: Emit) -> Format:
    return Format(
        f"kolgraph-{name}",
        f"kolgraph export: {title}",
        f"kolgraph 导出：{title_zh}",
        emits,
        "",
        "table",
        frozenset(keys),
    )


PROFILES = {c: c for c in PROFILE if c not in {"rounded", "created_ts"}}
#: A target that follows from other rows follows from them again.
GIVEN = "=CASE WHEN coalesce({derived}, '') <> 'true' THEN {dst} END"
#: Of chains that the text does not tell only the direct parent is known.
VIA = "=CASE WHEN ends_with({chain}, ',null]') AND json_array_length({chain}) = 2 THEN {chain}->>'$[0]' END"
LISTED = "=array_to_string(from_json({{{0}}}, '[\"VARCHAR\"]'), '{1}')"

FORMATS = (
    _table(
        "accounts",
        "accounts",
        "账号",
        ("account_id", "platform", "rounded", "created_ts", "observed_ts"),
        Emit(
            "account",
            {"account": "account_id"}
            | PROFILES
            | _shown("followers", "followings", "posts")
            | {"created": "created_ts", "observed": "observed_ts"},
        ),
    ),
    _table(
        "identities",
        "who is who",
        "人物账号对应",
        ("person_id", "account_id", "confidence", "method"),
        Emit(
            "identity",
            {"person": "person_id", "account": "account_id"} | {c: c for c in ("name", "confidence", "method", "note")},
        ),
    ),
    _table(
        "posts",
        "posts",
        "帖子",
        ("post_id", "author", "created_ts", "rounded", "observed_ts"),
        Emit(
            "post",
            {"post": "post_id", "author": "author", "time": "created_ts", "text": "text", "observed": "observed_ts"}
            | {"topics": LISTED.format("topics", ","), "urls": LISTED.format("urls", " ")}
            | _shown("likes", "reposts", "comments", "views"),
        ),
    ),
    _table(
        "follows",
        "follows",
        "关注",
        ("src", "dst", "since_ts", "observed_ts", "weight"),
        Emit(
            "follow", {"src": "src", "dst": "dst", "since": "since_ts", "observed": "observed_ts", "weight": "weight"}
        ),
    ),
    _table(
        "reposts",
        "reposts",
        "转发",
        ("post_id", "src", "dst", "root_id", "parent_id", "derived", "chain"),
        Emit(
            "repost",
            {"post": "post_id", "src": "src", "dst": GIVEN, "root": "root_id", "parent": "parent_id", "time": "ts"}
            | {"weight": "weight", "kind": "kind", "via": VIA, "text": "text", "author_name": "author_name"},
        ),
    ),
    _table(
        "mentions",
        "mentions",
        "提及",
        ("post_id", "src", "name", "dst", "ts"),
        Emit("mention", {"post": "post_id", "src": "src", "dst_name": "name", "time": "ts"}, when="{name} <> ''"),
        Emit("mention", {"post": "post_id", "src": "src", "dst": "dst", "time": "ts"}),
    ),
    _table(
        "comments",
        "comments",
        "评论",
        ("comment_id", "src", "dst", "derived", "post_id"),
        Emit(
            "comment",
            {"comment": "comment_id", "src": "src", "dst": GIVEN, "post": "post_id", "parent": "parent_id"}
            | {"time": "ts", "text": "text", "likes": "likes", "author_name": "author_name"},
        ),
    ),
)
