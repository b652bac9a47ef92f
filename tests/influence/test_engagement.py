"""Engagement: which counts a platform shows, what is missing, who counts, per follower and per view."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.influence.engagement import engagement
from kolgraph.influence.words import own_words, reply_rate

NAN = np.nan


def test_by_hand() -> None:
    # Platform 0 shows likes and comments, of one post of a not the comments; platform 1 reposts only.
    author = [0] * 5 + [1] * 4 + [2] * 4 + [3]
    likes = [60.0] * 4 + [1e6] + [20.0] * 4 + [NAN] * 4 + [1.0]
    comments = [30.0] * 4 + [NAN] + [20.0] * 4 + [NAN] * 4 + [1.0]
    reposts = [10.0] * 5 + [0.0] * 4 + [7.0] * 4 + [1.0]
    views = [1999.5] * 5 + [NAN] * 9
    followers, platform = [100.0, NAN, 100, 100], np.array([0, 0, 1, 0])
    counts = {"likes": likes, "comments": comments, "reposts": reposts}
    ids = np.array(list("abcd"), dtype=object)
    found = engagement(ids, author, counts, views, followers, platform, np.zeros(4, np.int64))
    assert found.values[0] == pytest.approx(1.0)
    assert found.reason.tolist() == [None, "no_followers_shown", "likes_unknown", "too_few_posts"]
    assert found.beside["per_view"][0] == pytest.approx(100.5 / 2000)
    assert found.beside["posts"].tolist() == [4, 4, 0, 1]
    # Half of them are real; reposts are counted already.
    half = engagement(ids, author, counts, views, followers, platform, np.zeros(4, np.int64), share=[0.5] * 14)
    assert half.values[0] == pytest.approx(0.55)


posts = st.lists(st.tuples(st.integers(0, 3), *[st.sampled_from([0.0, 1, 9, 400, NAN])] * 4), max_size=40)


@settings(max_examples=60, deadline=None)
@given(posts, st.lists(st.sampled_from([10.0, 300, NAN]), min_size=4, max_size=4))
def test_rates_are_those_of_plain_python(rows: list[tuple[int, float, float, float, float]], fans: list[float]) -> None:
    author, likes, comments, reposts, views = ([row[i] for row in rows] for i in range(5))
    counts = {"likes": likes, "comments": comments, "reposts": reposts}
    same = np.zeros(4, np.int64)
    found = engagement(np.array(list("abcd"), dtype=object), author, counts, views, fans, same, same)
    shown = [name for name, part in counts.items() if sum(x == x for x in part) > len(rows) / 2]
    for a in range(4):
        sums = [sum(counts[name][i] for name in shown) for i, row in enumerate(rows) if row[0] == a]
        known = [x for x in sums if x == x and set(shown) & {"likes", "comments"}]
        told = len(known) >= 4 and fans[a] == fans[a]
        assert np.isnan(found.values[a]) == (not told)
        if told:
            assert found.values[a] == pytest.approx(np.expm1(np.mean(np.log1p(known))) / fans[a])
            assert found.low[a] <= found.values[a] + 1e-12
            assert found.values[a] <= found.high[a] + 1e-12
    places = found.beside["percentile"]
    assert np.isnan(places).sum() in {np.isnan(found.values).sum(), 4}
    order = np.argsort(found.values[~np.isnan(places)])
    assert (np.diff(places[~np.isnan(places)][order]) >= 0).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 1)), min_size=1, max_size=8))
def test_shares_of_voices(rows: list[tuple[int, int, int]]) -> None:
    part, more, platform = np.array(rows).T
    ids = np.arange(part.size).astype(str).astype(object)
    words = own_words(ids, part, part + more, unknown="no_repost_text")
    replies = reply_rate(ids, part, part + more, platform)
    for i, (hits, rest, where) in enumerate(rows):
        n = hits + rest
        expected = "no_repost_text" if n == 0 else "too_few_voices" if n < 4 else None
        assert words.reason[i] == expected
        silent = not any(p for p, _, other in rows if other == where)
        assert replies.reason[i] == ("no_comment" if n == 0 else "no_answer" if silent else expected)
        if expected is None:
            assert words.values[i] == hits / n
            # Wilson's limits are where the share lies 1.96 standard deviations of the limit away.
            for limit in (words.low[i], words.high[i]):
                deviation = 1.959964 * np.sqrt(limit * (1 - limit) / n)
                assert limit in (0, 1) or abs(hits / n - limit) == pytest.approx(deviation, rel=1e-4, abs=1e-9)


def test_mistakes() -> None:
    zero = np.zeros(1, np.int64)
    with pytest.raises(InputError, match="author, counts"):
        engagement(np.array(["a"]), [0], {"likes": [1, 2]}, [1], [1], zero, zero)
    with pytest.raises(InputError, match="ids, followers"):
        engagement(np.array(["a"]), [0], {"likes": [1]}, [1], [1, 2], zero, zero)
