"""Research data sets of rumours and bots: CED, TwiBot-22, Cresci-2017."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError, option
from kolgraph.loaders.reading.source import Reject, Source, lines, readable
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kolgraph.loaders.reading.source import Options
    from kolgraph.loaders.spec import Rows

# ---------------------------------------------------------------------- CED: rumours on Weibo (Song et al. 2018)

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _number(digits: str) -> str:
    """SQL: the value of digits in base 62."""
    values = f"list_transform(string_split({digits}, ''), lambda c: strpos('{ALPHABET}', c)::BIGINT - 1)"
    return f"list_reduce({values}, lambda a, b: a * 62 + b)"


#: SQL: the number that a short id writes in groups of four digits from the right, each worth seven decimal ones.
MID = (
    f"({_number('{mid}[:-9]')} * 100000000000000 + {_number('{mid}[-8:-5]')} * 10000000 + {_number('{mid}[-4:]')})"
    "::VARCHAR"
)
#: Files are called <number>_<short id of the root post>_<its author>.json.
NAMED = {
    "bid": "='weibo:bid:' || nullif(regexp_extract({@stem}, '_([0-9A-Za-z]+)_([0-9A-Za-z_]+)$', 1), '')",
    "author": "=weibo_id(regexp_extract({@stem}, '_([0-9A-Za-z]+)_([0-9A-Za-z_]+)$', 2))",
}
#: Some days lack the year: it is that of the id, which holds the second; a day of grace for the turn of the year.
WHEN = (
    "=CASE WHEN regexp_matches({date}, '^[0-9]+月') AND length({mid}) = 9 AND regexp_full_match({mid}, '[0-9A-Za-z]+') "
    f"THEN yearless_ms({{date}}, clock_part({{date}}), weibo_ms({MID}) + 86400000)::VARCHAR ELSE {{date}} END"
)
CED = (
    Format(
        "ced-reposts",
        "CED rumor-repost and non-rumor-repost: reposts of the post that the file is named after, with parents",
        "CED 谣言/非谣言转发（文件名含原微博），带真实父节点",
        (
            Emit(
                "repost",
                {"post": "='weibo:bid:' || nullif({mid}, '')", "src": "=weibo_id({uid})", "dst": "author"}
                | {"root": "=coalesce({bid}, {@root})", "parent": "='weibo:bid:' || nullif({parent}, '')"}
                | {"time": WHEN, "text": "text"},
            ),
        ),
        "weibo",
        "json",
        frozenset({"mid", "uid", "parent", "kids", "date"}),
        lets=NAMED,
    ),
    Format(
        "ced-originals",
        "CED original-microblog: the root post that the file is named after, and its author",
        "CED 原微博及其作者（文件名含编号）",
        (
            Emit(
                "post",
                {"post": "bid", "author": "author", "time": "time", "text": "text", "likes": "likes"}
                | {"reposts": "reposts", "comments": "comments"},
            ),
            Emit(
                "account",
                {"account": "author", "followers": "user.followers", "followings": "user.friends"}
                | {"posts": "user.messages", "region": "user.location", "created": "user.time"}
                | {"verified": "=verified_kind({user.verified}, {user.verified_type})"},
                when="{user.followers} IS NOT NULL",  # else the user is the word "empty"
                side=True,
            ),
        ),
        "weibo",
        "json",
        frozenset({"text", "user", "has_url", "pics", "time", "reposts"}),
        lets=NAMED,
    ),
)

# ---------------------------------------------------------------------- TwiBot-22 (Feng et al. 2022)

#: Relations that start at a tweet: who acts is the one who posted it.
OF_TWEETS = {"retweeted", "quoted", "replied_to", "mentioned"}
#: What cannot be seen in a cell.
INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
#: Relations with lists, hashtags and likes are no relation between accounts.
LEFT_OUT = {"like", "discuss", "own", "membership", "followed", "contain"}


def _edges(source: Source) -> Iterator[tuple[int, list[str], str]]:
    """Line number, (source, relation, target), and the line itself, of lines that are neither blank nor a header."""
    order = [source.header.index(name) for name in ("source_id", "relation", "target_id")]
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            text = line.decode("utf-8", "replace").lstrip("\ufeff").strip()
            cells = [INVISIBLE.sub("", cell).strip().strip('"').strip() for cell in text.split(source.delimiter)]
            if text and cells != source.header:
                yield number, [cells[k] for k in order] if len(cells) == len(source.header) else [], text


def _twibot_rows(source: Source, options: Options) -> Rows:
    """Edges with the authors of tweets, who stand in other lines; memory: one entry per tweet that needs its author."""
    authors: dict[str, str | None] = {edge[0]: None for _, edge, _ in _edges(source) if edge and edge[1] in OF_TWEETS}
    authors |= {edge[2]: edge[0] for _, edge, _ in _edges(source) if edge and edge[1] == "post" and edge[2] in authors}
    for number, edge, text in _edges(source):
        if not edge:
            yield Reject(number, None, None, "BAD_ROW", "the row has other cells than the header", text)
            continue
        first, relation, second = edge
        if relation == "follow":
            if options.direction is None:
                why = "in TwiBot-20 'follow' does not say which end follows"
                fix = f"add {option('direction', 'forward')} or {option('direction', 'backward')}"
                raise InputError.at(source.path, number, why, fix=fix)
            relation = "following" if options.direction == "forward" else "followers"
        if relation in LEFT_OUT:
            continue
        cells: dict[str, Any] = {"relation": relation, "first": _bare(first), "second": _bare(second)}
        if relation in OF_TWEETS:
            cells["author"] = _bare(authors.get(first))
        yield number, cells


def _bare(node: str | None) -> str | None:
    """u and t before the number say whether it is a user or a tweet; what has no number is neither."""
    found = re.search("[0-9]", node or "")
    return node[1:] if node and found and node[0] in "ut" and found.start() == 1 else node if found else None


def _plain(cell: str) -> str:
    return f"=regexp_replace(clean({{{cell}}}), '^[ut]([0-9]+)$', '\\1')"


#: An answer starts with the names of those it is addressed to, which are no mentions.
def _said(answers: str) -> str:
    return f"=CASE WHEN {answers} THEN regexp_replace({{text}}, '^\\s*(@\\w+\\s+)+', '') ELSE {{text}} END"


RETWEET = "regexp_extract({text}, '^RT @(\\w+):', 1)"
TWIBOT = (
    Format(
        "twibot-edges",
        "TwiBot-22 edge.csv: who follows, posts, retweets, quotes, answers, mentions (the rest is left out)",
        "TwiBot-22 边表（关注、发帖、转推、引用、回复、提及；其余关系略去）",
        (
            Emit("follow", {"src": "first", "dst": "second"}, when="{relation} IN ('following', 'friend')"),
            Emit("follow", {"src": "second", "dst": "first"}, when="{relation} = 'followers'"),
            Emit("post", {"post": "second", "author": "first"}, when="{relation} IN ('post', 'pinned')"),
            Emit("repost", {"post": "first", "src": "author", "root": "second"}, when="{relation} = 'retweeted'"),
            Emit(
                "repost",
                {"post": "first", "src": "author", "root": "second", "kind": "='quote'"},
                when="{relation} = 'quoted'",
            ),
            Emit("comment", {"comment": "first", "src": "author", "post": "second"}, when="{relation} = 'replied_to'"),
            Emit("mention", {"post": "first", "src": "author", "dst": "second"}, when="{relation} = 'mentioned'"),
        ),
        "x",
        "table",
        frozenset({"source_id", "relation", "target_id"}),
        rows=_twibot_rows,
    ),
    Format(
        "twibot-labels",
        "TwiBot-22 label.csv: human or bot",
        "TwiBot-22 标签（真人/机器人）",
        (Emit("account", {"account": _plain("id"), "label": "label"}, when="{label} IN ('human', 'bot')"),),
        "x",
        "table",
        frozenset({"id", "label"}),
        path=r"\blabel\.csv",
    ),
    Format(
        "twibot-users",
        "TwiBot-22 user.json",
        "TwiBot-22 用户资料",
        (
            Emit(
                "account",
                {"account": _plain("id"), "name": "username", "created": "created_at", "region": "location"}
                | {"followers": "public_metrics.followers_count", "followings": "public_metrics.following_count"}
                | {"posts": "public_metrics.tweet_count", "bio": "description"}
                | {"verified": "=verified_kind({verified}, NULL)"},
            ),
        ),
        "x",
        "json",
        frozenset({"id", "username", "public_metrics", "pinned_tweet_id"}),
        path=r"\buser\.json",
    ),
    Format(
        "twibot-tweets",
        "TwiBot-22 tweet_0.json ... tweet_8.json; which tweet a retweet is of stands in edge.csv",
        "TwiBot-22 推文（转推关系见 edge.csv）",
        (
            Emit(
                "repost",
                {"post": _plain("id"), "src": "author_id", "author_name": "=" + RETWEET, "time": "created_at"},
                when=RETWEET + " <> ''",
            ),
            Emit(
                "post",
                {"post": _plain("id"), "author": "author_id", "time": "created_at"}
                | {"text": _said("{in_reply_to_user_id} <> ''")}
                | {"likes": "public_metrics.like_count", "reposts": "public_metrics.retweet_count"}
                | {"comments": "public_metrics.reply_count"},
            ),
            Emit(
                "comment",
                {"comment": _plain("id"), "src": "author_id", "dst": "in_reply_to_user_id", "time": "created_at"},
                when="{in_reply_to_user_id} <> ''",
                side=True,
            ),
        ),
        "x",
        "json",
        frozenset({"id", "author_id", "text", "in_reply_to_user_id"}),
        path=r"\btweet_[0-9]+\.json",
    ),
)

# ---------------------------------------------------------------------- Cresci-2017

LABEL = (
    "=CASE WHEN starts_with({@folder}, 'genuine_accounts') THEN 'human' "
    "WHEN regexp_matches({@folder}, '^(fake_followers|(social|traditional)_spambots)') THEN 'bot' END"
)
#: As API 1.1 wrote it, or as milliseconds with an L.
CREATED = "=regexp_replace({created_at}, '^([0-9]+)L$', '\\1')"
#: The authors' clock, in Italy, as its winter time: the column `timestamp` is `created_at` an hour later.
CRAWLED = "=nullif({crawled_at}, 'NULL') || ' +01:00'"


def _given(cell: str) -> str:
    """SQL: an id, or NULL where the table says that there is none."""
    return f"CASE WHEN {{{cell}}} NOT IN ('', '0', 'NULL') THEN {{{cell}}} END"


def _known(cell: str) -> str:
    return f"=nullif({{{cell}}}, 'NULL')"


ANSWERED = _given("in_reply_to_user_id")
RETWEETED = _given("retweeted_status_id")
CRESCI = (
    Format(
        "cresci-users",
        "Cresci-2017 users.csv: the folder says who is a bot",
        "Cresci-2017 用户表（文件夹名即标签）",
        (
            Emit(
                "account",
                {"account": "id", "name": "screen_name", "label": LABEL, "created": CREATED, "observed": CRAWLED}
                | {"followers": "followers_count", "followings": "friends_count", "posts": "statuses_count"}
                | {"region": _known("location"), "bio": _known("description")}
                | {"verified": "=verified_kind({verified}, NULL)"},
            ),
        ),
        "x",
        "table",
        frozenset({"id", "screen_name", "statuses_count", "favourites_count", "listed_count", "default_profile"}),
    ),
    Format(
        "cresci-tweets",
        "Cresci-2017 tweets.csv (--encoding latin-1 where it is not UTF-8)",
        "Cresci-2017 推文表（非 UTF-8 时加 --encoding latin-1）",
        (
            Emit(
                "repost",
                {"post": "id", "src": "user_id", "root": "=" + RETWEETED, "time": CREATED}
                | {"author_name": f"=nullif({RETWEET}, '')"},
                when=f"{RETWEETED} IS NOT NULL",
            ),
            Emit(
                "post",
                {"post": "id", "author": "user_id", "time": CREATED, "text": _said(f"{ANSWERED} IS NOT NULL")}
                | {"likes": "favorite_count", "reposts": "retweet_count", "comments": "reply_count"}
                | {"observed": CRAWLED},
            ),
            Emit(
                "comment",
                {"comment": "id", "src": "user_id", "dst": "=" + ANSWERED, "time": CREATED}
                | {"post": "=" + _given("in_reply_to_status_id")},
                when=f"{ANSWERED} IS NOT NULL AND {RETWEETED} IS NULL",
                side=True,
            ),
            Emit("account", {"account": "user_id", "label": LABEL}, when=LABEL[1:] + " IS NOT NULL", side=True),
        ),
        "x",
        "table",
        frozenset({"id", "user_id", "text", "retweeted_status_id", "in_reply_to_status_id", "in_reply_to_user_id"}),
    ),
)

FORMATS = (*CED, *TWIBOT, *CRESCI)
