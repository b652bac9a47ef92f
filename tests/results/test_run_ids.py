"""Equal inputs, equal run; no two different inputs share one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import AnalysisError
from kolgraph.graph import Graph
from kolgraph.influence import audiences, lookalikes, quality, realised
from kolgraph.niches import find_niches
from kolgraph.planning import plan, sample_pool
from kolgraph.results import digest

N = 5
IDS = np.array([f"a{i}" for i in range(N)], object)
EDGES = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), min_size=4, max_size=8, unique=True)
WEIGHTS = st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=N, max_size=N)
FLAGS = st.lists(st.booleans(), min_size=N, max_size=N)
SHOWN = st.lists(st.sampled_from([0.0, 3.0, np.nan]), min_size=N, max_size=N)


def graph(edges: list[tuple[int, int]], weights: list[float] | None = None) -> Graph:
    src, dst = np.array(sorted(edges), np.int32).T
    return Graph.from_rows(src, dst, None if weights is None else np.array(weights, np.float32), np.array(IDS, "S"))


def profiles(columns: list[list[float]]) -> pd.DataFrame:
    return pd.DataFrame(dict(zip(("followers", "followings", "posts"), columns, strict=True)))


@st.composite
def judged(draw: st.DrawFn) -> tuple[Any, Callable[[], Any]]:
    # Nobody follows himself: when he came to do so would be an input that means nothing.
    edges = [(a, b) for a, b in draw(EDGES) if a != b] or [(0, 1)]
    columns, fake = draw(st.lists(SHOWN, min_size=3, max_size=3)), draw(FLAGS)
    since = draw(st.lists(st.sampled_from([1e12, 2e12, np.nan]), min_size=len(edges), max_size=len(edges)))
    engaged, cut = draw(SHOWN), draw(st.sampled_from([1, 2]))
    return (sorted(edges), columns, fake, since, engaged, cut), lambda: quality(
        graph(edges), profiles(columns), tiers={"t": cut}, fake=fake, since=since, engaged=engaged
    )


@st.composite
def moved(draw: st.DrawFn) -> tuple[Any, Callable[[], Any]]:
    posts = draw(
        st.lists(st.tuples(st.integers(0, N - 1), st.sampled_from([1.0, 2.0, np.nan])), min_size=1, max_size=3)
    )
    counts = st.sampled_from([0.0, 1.0, 2.5, np.nan])
    moves = draw(st.lists(counts, min_size=len(posts), max_size=len(posts)))
    windows = draw(st.sampled_from([2, 4]))
    who, when = zip(*posts, strict=True)
    known = [(*post, move) for post, move in zip(posts, moves, strict=True) if move == move]
    return (known, windows), lambda: realised(IDS, who, when, moves, windows=windows)


@st.composite
def overlapping(draw: st.DrawFn) -> tuple[Any, Callable[[], Any]]:
    edges, real = draw(EDGES), draw(st.none() | WEIGHTS)
    accounts = draw(st.lists(st.sampled_from(IDS.tolist()), min_size=1, max_size=3, unique=True))
    return (sorted(edges), real, accounts), lambda: audiences(graph(edges), accounts, real=real)


@st.composite
def alike(draw: st.DrawFn) -> tuple[Any, Callable[[], Any]]:
    edges, real, account = draw(EDGES), draw(st.none() | WEIGHTS), draw(st.sampled_from(IDS.tolist()))
    return (sorted(edges), real, account), lambda: lookalikes(graph(edges), account, real=real)


@st.composite
def clustered(draw: st.DrawFn) -> tuple[Any, Callable[[], Any]]:
    edges, seed = draw(EDGES), draw(st.sampled_from([1, 2]))
    topics = draw(
        st.lists(
            st.tuples(st.sampled_from(IDS.tolist()), st.sampled_from(["x", "x\ny", "y"]), st.integers(1, 2)),
            max_size=3,
            unique_by=lambda row: row[:2],
        ).map(sorted)
    )
    table = pd.DataFrame(topics, columns=["account_id", "topic", "n"])
    return (sorted(edges), seed, topics), lambda: find_niches(
        graph(edges), seed=seed, topics=table, resolutions=[1.0], repeats=2
    )


@st.composite
def booked(draw: st.DrawFn) -> tuple[Any, Callable[[], Any]]:
    edges, seed, sets = draw(EDGES), draw(st.sampled_from([1, 2])), draw(st.sampled_from([50, 60]))
    weights = draw(st.lists(st.sampled_from([0.5, 1.0]), min_size=len(edges), max_size=len(edges)))
    targets, given = draw(WEIGHTS.filter(any)), draw(st.booleans())
    price, count = draw(st.sampled_from([1.0, 2.0])), draw(st.sampled_from([1, 2]))
    never = draw(st.sampled_from([[], ["a4"]]))

    def ask() -> Any:
        pool = sample_pool(graph(edges, weights), targets=np.array(targets), probabilities=given, sets=sets, seed=seed)
        return plan(pool, candidates=dict.fromkeys(IDS.tolist(), price), count=count, never=never)

    return (sorted(edges), seed, sets, weights, targets, given, price, count, never), ask


def told(value: object) -> str:
    """As text: NaN is equal to NaN there."""
    return repr(value)


@pytest.mark.parametrize("cases", [judged(), moved(), overlapping(), alike(), clustered(), booked()])
def test_two_different_inputs_never_share_a_run(cases: st.SearchStrategy[tuple[Any, Callable[[], Any]]]) -> None:
    seen: dict[str, str] = {}

    @settings(max_examples=40, deadline=None)
    @given(case=cases)
    def check(case: tuple[Any, Callable[[], Any]]) -> None:
        given_, ask = case
        try:
            run = ask().run_id
        except AnalysisError:  # nobody reaches anybody
            return
        assert ask().run_id == run
        assert seen.setdefault(run, told(given_)) == told(given_)

    check()


TEXTS = st.lists(st.none() | st.text(max_size=3), max_size=4)


@given(a=TEXTS, b=TEXTS)
def test_texts_are_told_apart_wherever_they_end(a: list[str | None], b: list[str | None]) -> None:
    first, second = (np.array([*texts, None], object)[:-1] for texts in (a, b))
    assert (digest(first) == digest(second)) == (a == b)
    assert (digest(*a) == digest(*b)) == (a == b)


def test_parts_do_not_run_into_each_other() -> None:
    assert digest(1, 23) != digest(12, 3)
    assert digest(np.array(["a", "b\nc"], object)) != digest(np.array(["a\nb", "c"], object))
    assert digest(np.array(["None"], object)) != digest(np.array([None], object))
    assert digest(pd.DataFrame({"a": [1], "b": [2]})) != digest(pd.DataFrame({"a": [2], "b": [1]}))
