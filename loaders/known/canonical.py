"""Our own tables, as `kolgraph.verbs.export` writes them: what a workspace was told is told again, and derived anew."""

from __future__ import annotations

from kolgraph.loaders.spec import Emit, Format
from kolgraph.records import PROFILE


def _table(name: str, title_zh: str, keys: str, *emits: Emit) -> Format:
    """The file of one table, recognised by these of its columns."""
    title = name.replace("_", " ")
    known = frozenset(keys.split())
    return Format(
        f"kolgraph-{name}", f"kolgraph export: {title}", f"kolgraph 导出：{title_zh}", emits, "", "table", known
    )


def _same(names: str) -> dict[str, str]:
    """Fields that are called like their columns."""
    return {name: name for name in names.split()}


def _time(column: str) -> str:
    """Before September 2001 milliseconds have a digit less, and would not be known for what they are."""
    return f"=CASE WHEN length({{{column}}}) = 12 THEN '0' || {{{column}}} ELSE {{{column}}} END"


def _shown(*counts: str) -> dict[str, str]:
    """Counts that were rounded say so again."""
    return {c: f"=CASE WHEN contains({{rounded}}, '\"{c}\"') THEN {{{c}}} || '+' ELSE {{{c}}} END" for c in counts}


def _list(column: str) -> str:
    """SQL of a list; a cell that is damaged is none."""
    return f"CASE WHEN json_valid({{{column}}}) THEN from_json({{{column}}}, '[\"VARCHAR\"]') END"


#: A target that follows from other rows follows from them again.
GIVEN = "=CASE WHEN coalesce({derived}, '') <> 'true' THEN {dst} END"
#: The direct parent, where a source named it or the text that tells of it was not kept.
VIA = (
    f"=CASE WHEN (len({_list('chain')}) = 2 AND {_list('chain')}[2] IS NULL) "
    f"OR NOT regexp_matches(coalesce({{text}}, ''), '//\\s*[@＠]|^\\s*RT @') THEN {_list('chain')}[1] END"
)
#: A topic that holds a comma is told by the text, and by nothing else.
TOPICS = (
    f"=array_to_string(list_filter({_list('topics')}, "
    "lambda t: coalesce({text}, '') = '' OR NOT regexp_matches(t, '[,，;；、]')), ',')"
)
PROFILES = {c: c for c in PROFILE if c not in {"rounded", "created_ts"}}
NAMED = {"account": "account_id", "name": "name"}

FORMATS = (
    _table(
        "accounts",
        "账号",
        "account_id platform rounded created_ts observed_ts",
        Emit(
            "account",
            {"account": "account_id"}
            | PROFILES
            | _shown("followers", "followings", "posts")
            | {"created": _time("created_ts"), "observed": _time("observed_ts")},
        ),
    ),
    _table(
        "account_names",
        "账号曾用名",
        "account_id name first_seen_ts last_seen_ts",
        Emit("account", NAMED | {"observed": _time("last_seen_ts")}),
        Emit("account", NAMED | {"observed": _time("first_seen_ts")}, side=True),
    ),
    _table(
        "account_aliases",
        "账号的其他ID",
        "alias account_id",
        Emit("account", {"account": "account_id", "other_id": "alias"}),
    ),
    _table(
        "identities",
        "人物账号对应",
        "person_id account_id confidence method note",
        Emit("identity", {"person": "person_id", "account": "account_id"} | _same("name confidence method note")),
    ),
    _table(
        "posts",
        "帖子",
        "post_id author created_ts rounded observed_ts",
        Emit(
            "post",
            {"post": "post_id", "author": "author", "text": "text", "topics": TOPICS}
            | {"time": _time("created_ts"), "observed": _time("observed_ts")}
            | {"urls": f"=array_to_string({_list('urls')}, ' ')"}
            | _shown("likes", "reposts", "comments", "views"),
        ),
    ),
    _table(
        "campaigns",
        "营销活动",
        "campaign_id name post_id",
        Emit("campaign", {"campaign": "campaign_id", "post": "post_id", "name": "name"}),
    ),
    _table(
        "follows",
        "关注",
        "src dst since_ts observed_ts weight",
        Emit("follow", _same("src dst weight") | {"since": _time("since_ts"), "observed": _time("observed_ts")}),
    ),
    _table(
        "reposts",
        "转发",
        "post_id src dst root_id parent_id ts derived chain author_name",
        Emit(
            "repost",
            {"post": "post_id", "dst": GIVEN, "root": "root_id", "parent": "parent_id", "time": _time("ts"), "via": VIA}
            | _same("src weight kind text author_name")
            | _shown("likes", "reposts", "comments", "views")
            | {"observed": _time("observed_ts")},
        ),
    ),
    _table(
        "comments",
        "评论",
        "comment_id src dst derived post_id parent_id ts author_name",
        Emit(
            "comment",
            {"comment": "comment_id", "dst": GIVEN, "post": "post_id", "parent": "parent_id", "time": _time("ts")}
            | _same("src text likes author_name"),
        ),
    ),
    _table(
        "mentions",
        "提及",
        "post_id src name dst ts",
        Emit(
            "mention", {"post": "post_id", "src": "src", "dst_name": "name", "time": _time("ts")}, when="{name} <> ''"
        ),
        Emit("mention", {"post": "post_id", "src": "src", "dst": "dst", "time": _time("ts")}),
    ),
)
