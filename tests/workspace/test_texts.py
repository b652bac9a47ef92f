"""The grammar of posts against texts labelled by hand, its laws, and a second reading of it with look-behind."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.workspace.texts import MACROS

#: Labelled before the grammar was read: what a careful reader finds, not what the code finds.
LABELLED = [json.loads(line) for line in (Path(__file__).parent / "texts.jsonl").read_text("utf-8").splitlines()]
RULES = frozenset(
    """
mention;short name;name characters;full-width at;punctuation after name;adjacent mentions;glued before at;no name;glued
e-mail;url;default text;own words;reply;emoji;mixed languages;newline;zero-width;html;html mention;html topic
chain;chain space;chain full-width;chain no colon;chain truncated;chain default;mention inside chain;topic in chain
topic;super topic;topic unclosed;xhs topic;xhs plain topic;xhs mention;douyin topic;douyin mention;kuaishou
bilibili;bilibili reply;bilibili chain;zhihu;x mention;x length;x e-mail and url;x retweet;hashtag
instagram;tiktok;youtube
""".strip()
    .replace("\n", ";")
    .split(";")
)
READERS = {
    "mentions": "mentions_of(x, platform)",
    "chain": "chain_of(x, platform)",
    "topics": "topics_of(x, platform)",
    "reply": "reply_target(x)",
    "own": "has_own_words(x)",
}
PLATFORMS = sorted({row["platform"] for row in LABELLED})

connection = duckdb.connect()
for macro in MACROS:
    connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")


def read(expression: str, texts: Sequence[str], platforms: Sequence[str] | str) -> list[Any]:
    """The expression for every text; one query, since a query costs more than a hundred texts."""
    if isinstance(platforms, str):
        platforms = [platforms] * len(texts)
    pairs = "SELECT unnest($x::VARCHAR[]) AS x, unnest($p::VARCHAR[]) AS platform"
    rows = connection.execute(f"SELECT {expression} FROM ({pairs})", {"x": list(texts), "p": list(platforms)})
    return [value for (value,) in rows.fetchall()]


def found(kind: str, rows: list[dict[str, Any]]) -> list[Any]:
    return read(READERS[kind], [row["text"] for row in rows], [row["platform"] for row in rows])


def misses(kind: str, rows: list[dict[str, Any]], values: list[Any]) -> str:
    wrong = [(r["platform"], r["text"], r[kind], v) for r, v in zip(rows, values, strict=True) if r[kind] != v]
    return "\n".join(f"{platform}: {text!r} wanted {wanted}, found {value}" for platform, text, wanted, value in wrong)


# ---- the labelled texts


def test_every_rule_of_the_grammar_is_labelled() -> None:
    assert len(LABELLED) >= 300
    assert {row["rule"] for row in LABELLED} == RULES
    assert sum(row["rule"] == "glued" for row in LABELLED) <= 3


@pytest.mark.parametrize("kind", ["mentions", "chain", "topics"])
def test_at_least_99_of_100_names_and_topics_are_right_and_found(kind: str) -> None:
    """Without "glued": where a name ends in running text is known by those who know the names, not by a grammar."""
    rows = [row for row in LABELLED if row["rule"] != "glued"]
    values = found(kind, rows)
    right = sum((Counter(r[kind]) & Counter(v)).total() for r, v in zip(rows, values, strict=True))
    assert right / sum(map(len, values)) >= 0.99, misses(kind, rows, values)
    assert right / sum(len(row[kind]) for row in rows) >= 0.99, misses(kind, rows, values)


@pytest.mark.parametrize("kind", ["reply", "own"])
def test_at_least_99_of_100_texts_are_told_apart(kind: str) -> None:
    values = found(kind, LABELLED)
    right = sum(row[kind] == value for row, value in zip(LABELLED, values, strict=True))
    assert right / len(LABELLED) >= 0.99, misses(kind, LABELLED, values)


def test_a_name_glued_to_text_is_the_beginning_of_what_is_found() -> None:
    glued = [row for row in LABELLED if row["rule"] == "glued"]
    for row, names in zip(glued, found("mentions", glued), strict=True):
        assert [name[: len(wanted)] for name, wanted in zip(names, row["mentions"], strict=True)] == row["mentions"]


# ---- laws

PIECES = ["@", "＠", "/", "//", "#", " ", "\n", ":", "：", "，", ".", "小明", "小", "さ", "A", "b", "7", "_", "-", "·"]
WEIBO = [*PIECES, "//@", "[心]", "a.b@c.cn", " http://t.cn/A6 ", "转发微博", "\u200b"]
X = [*(piece for piece in PIECES if "/" not in piece), "RT @", "RT", "a.b@c.cn", "abcdefghijklmn"]


def joined(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=14).map("".join)


def many(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(texts, min_size=1, max_size=60)


anything = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    joined(
        [*WEIBO, *X, "<a href='/n/A'>", "</a>", "<", ">", "&amp;", "&#39;", "[话题]#", "[超话]#", "回复", "Reply to"]
    ),
)


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=20, deadline=None)
@given(texts=many(anything))
def test_every_text_can_be_read_and_nothing_is_listed_twice_or_empty(platform: str, texts: list[str]) -> None:
    for kind, reader in READERS.items():
        values = read(reader, texts, platform)
        assert len(values) == len(texts)
        for value in values:
            if kind in ("mentions", "topics"):
                assert len(value) == len(set(value))
                assert all(value)


@settings(max_examples=40, deadline=None)
@given(own=many(joined([*WEIBO, "回复@", "<br />"])), behind=joined(WEIBO))
def test_what_stands_behind_a_chain_is_never_the_writers(own: list[str], behind: str) -> None:
    for kind in ("mentions", "topics", "reply", "own"):
        alone = read(READERS[kind], own, "weibo")
        assert read(READERS[kind], [f"{text}//@小红{behind}" for text in own], "weibo") == alone


@pytest.mark.parametrize("text", ["好// /@小明:x", "好///@小明:x", "好//\n@小明:x", "好/ /@小明:x", "好//，@小明:x"])
def test_a_name_is_in_the_chain_or_mentioned_never_both(text: str) -> None:
    (mentions,), (chain,) = (read(READERS[kind], [text], "weibo") for kind in ("mentions", "chain"))
    assert mentions + chain == ["小明"]


@settings(max_examples=40, deadline=None)
@given(texts=many(joined(WEIBO)))
def test_an_email_address_in_front_names_nobody(texts: list[str]) -> None:
    for kind in ("mentions", "chain"):
        plain = read(READERS[kind], [f"看 {text}" for text in texts], "weibo")
        assert read(READERS[kind], [f"看 a.b@c.cn {text}" for text in texts], "weibo") == plain


@settings(max_examples=40, deadline=None)
@given(before=many(joined([*WEIBO, "回复"])), name=st.sampled_from(["小明", "A", "a-b", "さ_7"]), after=joined(WEIBO))
def test_a_mention_is_the_same_as_a_link(before: list[str], name: str, after: str) -> None:
    for kind in ("mentions", "chain", "reply", "own"):
        plain = read(READERS[kind], [f"{text}@{name} {after}" for text in before], "weibo")
        linked = [f'{text}<a href="/n/{name}">@{name}</a> {after}' for text in before]
        assert read(READERS[kind], linked, "weibo") == plain


# ---- a second reading, with the standard library

EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+[@＠][A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}")


def weibo(text: str) -> tuple[list[str], list[str]]:
    """Mentions and chain on Weibo. The words of each writer lie between the separators."""
    own, *others = re.split(r"//\s*[@＠]\s*(?=[\w\-·・])", text.replace("\u200b", ""))
    own = re.split(r"//\s*[@＠]", own)[0]
    chain = [re.match(r"[\w\-·・]{1,30}", words)[0] for words in others]  # type: ignore[index]  # see look-ahead
    return list(dict.fromkeys(re.findall(r"[@＠]([\w\-·・]{1,30})", EMAIL.sub(" ", own)))), chain


def x(text: str) -> tuple[list[str], list[str]]:
    """Mentions and chain on X, where an address that begins inside a word or is too long is none."""
    if repost := re.match(r"\s*RT @(\w+)", text, re.ASCII):
        return [], [repost[1]]
    handle = re.compile(r"(?<![\w@＠])[@＠](\w{1,15})(?!\w)", re.ASCII)
    return list(dict.fromkeys(handle.findall(EMAIL.sub(" ", text)))), []


@pytest.mark.parametrize(("reading", "pieces"), [(weibo, WEIBO), (x, X)])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_names_are_those_of_a_second_reading(reading: Any, pieces: list[str], data: st.DataObject) -> None:
    texts = data.draw(many(joined(pieces)))
    platform = reading.__name__
    values = zip(read(READERS["mentions"], texts, platform), read(READERS["chain"], texts, platform), strict=True)
    for text, value in zip(texts, values, strict=True):
        assert value == reading(text), text
