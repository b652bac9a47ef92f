"""What people and their tools do to files alters nothing in silence: `python -m tests.habits` draws many more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.habits.__main__ import blamed, report
from tests.habits.catalogue import HABITS, draw, goods, pairs, several
from tests.habits.goods import GOODS, Good, short
from tests.habits.oracle import Draw, Judge
from tests.worlds.samples import SAMPLES

#: What was drawn is a seed, and a smaller seed is no smaller file.
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)
TABLES = tuple(good for good in GOODS if good.rows)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """A workspace to load into, which remembers what good files leave behind."""
    with closing(Judge(tmp_path_factory.mktemp("habits"))) as made:
        yield made


@pytest.mark.slow
@settings(max_examples=20, phases=DRAWN)
@given(pair=st.deferred(lambda: st.sampled_from(pairs())), seed=st.integers(0, 2**32))
def test_a_habit_alters_nothing_in_silence(judge: Judge, pair: tuple[str, Good], seed: int) -> None:
    if one := draw(*pair, Random(seed)):
        verdict = judge.judge(one)
        assert verdict.kind != "silent", report(one, verdict)


@pytest.mark.slow
@settings(max_examples=3, phases=DRAWN)
@given(good=st.sampled_from(TABLES), seed=st.integers(0, 2**32))
def test_habits_of_many_cells_alter_nothing_in_silence(judge: Judge, good: Good, seed: int) -> None:
    for one, verdict in blamed(judge, *several(good, Random(seed))):
        assert verdict.kind != "silent", report(one, verdict)


def test_the_catalogue_has_at_least_forty_habits_and_each_has_its_files() -> None:
    assert len(HABITS) >= 40
    assert {name for name, _ in pairs()} == set(HABITS)


def test_the_same_seed_makes_the_same_file() -> None:
    for name, good in pairs()[::40]:
        once, again = (draw(name, good, Random(7)) for _ in range(2))
        assert (once is None) == (again is None)
        if once is not None and again is not None and good.form != "xlsx" and not once.data.startswith(b"PK"):
            assert (once.data, once.name, once.rows) == (again.data, again.name, again.rows)


def test_good_files_are_good(judge: Judge) -> None:
    for good in GOODS:
        outcome = judge.good(good)
        assert (outcome.refused, outcome.rejects) == ("", ()), good.name
        assert outcome.facts, good.name


def test_the_samples_are_there() -> None:
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: habits are tried on our own files only")
    assert len(goods()) > len(GOODS) + 30


def test_short_ids_are_posts_in_base_62() -> None:
    # FORMATS 1.1, measured on real posts.
    assert [short(mid) for mid in (3501756485200075, 4454572602912349)] == ["z0JH2lOMb", "ImTGkcdDn"]


# ---------------------------------------------------------------------- the judge judges


def changed(good: Good, other: Good, rows: frozenset[int] = frozenset()) -> Draw:
    """A file of which the content was replaced."""
    return Draw(good, ("replaced",), good.name, other.written(), rows)


def test_another_account_another_count_or_a_lost_row_is_silent(judge: Judge) -> None:
    follows, accounts = GOODS[0], next(good for good in GOODS if good.name == "accounts.csv")
    assert judge.judge(changed(follows, follows)).kind == "same"
    other = judge.judge(changed(follows, follows.cell(1, "followed", "1000000099"), frozenset({1})))
    assert other.kind == "silent"
    assert ("accounts", "weibo:1000000099", "", "") in other.more
    count = judge.judge(changed(accounts, accounts.cell(0, "followers", "38121"), frozenset({0})))
    assert [fact[2:] for fact in count.more] == [("followers", "38121")]
    assert judge.judge(changed(follows, follows.without(2), frozenset({2}))).kind == "silent"


def test_a_rejected_row_explains_itself_and_no_other(judge: Judge) -> None:
    follows = GOODS[0]
    bad = follows.cell(1, "followed", "")
    assert judge.judge(changed(follows, bad, frozenset({1}))).kind == "rejected"
    assert judge.judge(changed(follows, bad, frozenset({0}))).kind == "silent"
    both = bad.cell(0, "follower", "1000000098")
    assert judge.judge(changed(follows, both, frozenset({0, 1}))).kind == "silent"


def test_what_else_a_file_may_mean_has_to_be_told_where_words_are_asked_for(judge: Judge) -> None:
    follows = GOODS[0]
    other = follows.cell(0, "since", "")
    one = Draw(follows, ("told",), follows.name, other.written(), frozenset(), ((other, ()),))
    assert judge.judge(one).kind == "meant"
    asked = Draw(follows, ("told",), follows.name, other.written(), frozenset(), ((other, ("a word",)),))
    assert judge.judge(asked).kind == "silent"
    never = Draw(follows, ("never",), follows.name, follows.written(), also=((other, ("a word",)),), never=True)
    assert judge.judge(never).kind == "silent"
    unused = replace(never, also=((follows, ()),))
    assert judge.judge(unused).kind == "same"
