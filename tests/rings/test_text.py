"""The text view: own words by hand and as SQL cuts them; bits by brute force; planted templates are found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.rings.views.text import own_words, same_words, shared
from kolgraph.verbs.heard import WORDS
from kolgraph.workspace.texts import MACROS, NO_WORDS

WORDY = [
    "转发微博",
    "轉發微博",
    "repost",
    "好用",
    "//@甲:",
    "// @乙 ",
    "RT @ann ",
    "回复@丙: ",
    "@丁 ",
    "[赞]",
    "！",
    " ",
    "a1",
]
ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 5), st.integers(1, 3)), max_size=40)


@pytest.mark.parametrize(
    "text",
    [
        "转发微博",
        "轉發微博",
        "Repost",
        "repost.",
        "转发",
        "//@甲:买它买它",
        "[赞][赞]",
        "@甲 @乙",
        "http://t.cn/A6",
        "  ",
        "",
    ],
)
def test_what_platforms_and_others_write_is_nobody_s_own(text: str) -> None:
    assert own_words(text) == ""
    assert same_words([text, "买它"]).tolist() == [-1, 0]


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for macro in MACROS[1:3]:
            connection.execute(f"CREATE MACRO {macro}")
        yield connection


@given(texts=st.lists(st.lists(st.sampled_from(WORDY), max_size=6).map("".join), min_size=20, max_size=20))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_own_words_are_those_of_the_workspace(db: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    rows = db.execute(f"SELECT {WORDS} FROM (SELECT unnest(?) AS text)", [texts]).fetchall()
    theirs = ["" if re.fullmatch(NO_WORDS, words) else words for (words,) in rows]
    assert [own_words(text) for text in texts] == theirs


def test_nearly_the_same_is_the_same_and_half_is_not() -> None:
    rng = np.random.default_rng(1)
    alphabet = np.array(
        list(
            "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
        )
    )
    texts = ["".join(rng.choice(alphabet, 30)) for _ in range(300)]
    near = [text[:28] + "呀！" for text in texts]
    half = [text[:15] + "".join(rng.choice(alphabet, 15)) for text in texts]
    english = ["This cream really works, buy it today", "THIS cream really works: buy it today!!"]
    code = same_words(texts + near + half + english)
    assert (code[:300] == code[300:600]).mean() > 0.95
    assert (code[:300] == code[600:900]).mean() < 0.02
    assert np.unique(code[:300]).size == 300
    assert code[-1] == code[-2]


@given(ROWS, st.integers(0, 30))
def test_bits_are_those_of_plain_counting(rows: list[tuple[int, int, int]], budget: int) -> None:
    who, what, uses = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    found = shared(who, what, uses, n=7, max_pairs=budget)
    users: dict[int, set[int]] = {}
    for account, text, _ in rows:
        if text >= 0:
            users.setdefault(text, set()).add(account)
    m = len(set().union(*users.values())) if users else 0
    worth = {text: np.log2(m / len(by)) if len(by) > 1 else 0.0 for text, by in users.items()}
    for account in range(7):
        mine = [n * worth[text] for who, text, n in rows if who == account and text >= 0]
        assert found.bits[account] == pytest.approx(sum(mine) if mine else np.nan, nan_ok=True)
    rare = sorted((len(by), text) for text, by in users.items() if len(by) > 1)
    made, used = set(), 0
    for size, text in rare:
        used += size * (size - 1) // 2
        made |= {text} if used <= budget else set()
    pairs: dict[tuple[int, int], float] = {}
    for text in made:
        for pair in combinations(sorted(users[text]), 2):
            pairs[pair] = pairs.get(pair, 0.0) + worth[text]
    assert {tuple(pair) for pair in found.pairs.tolist()} == set(pairs)
    assert found.pair_bits == pytest.approx([pairs[tuple(pair)] for pair in found.pairs.tolist()])
    assert set(found.capped.tolist()) == {text for _, text in rare} - made
    assert sorted(found.texts.tolist()) == sorted(text for _, text in rare)


def test_a_text_of_a_million_accounts_costs_no_pairs() -> None:
    n = 1_000_000
    who = np.concatenate([np.arange(n), [0, 1]])
    found = shared(who, np.concatenate([np.zeros(n, np.int64), [1, 1]]), n=n, max_pairs=1000)
    assert found.pairs.tolist() == [[0, 1]]
    assert found.capped.tolist() == [0]
    assert found.bits[2] == 0


def test_a_planted_template_stands_out_of_phrases_that_everybody_uses() -> None:
    rng = np.random.default_rng(2)
    crowd = rng.integers(0, 1000, 5000)
    phrase = rng.zipf(1.5, 5000) % 400
    army = np.repeat(np.arange(30), 4)
    found = shared(np.concatenate([crowd, army]), np.concatenate([phrase, 1000 + np.tile(np.arange(4), 30)]),
                   n=1000, max_pairs=100_000)  # fmt: skip
    strong = found.pairs[found.pair_bits >= np.sort(found.pair_bits)[-435]]
    assert (strong < 30).all(axis=1).mean() > 0.95


def test_columns_that_do_not_fit_are_told() -> None:
    with pytest.raises(InputError, match="equal lengths"):
        shared([0, 1], [0], n=2, max_pairs=0)
    with pytest.raises(InputError, match="accounts below 2"):
        shared([2], [0], n=2, max_pairs=0)
    assert shared([], [], n=2, max_pairs=5).pairs.shape == (0, 2)
