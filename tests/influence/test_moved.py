"""What a post moved: counted where it can be, told from the shown count else, and unknown rather than 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kolgraph.errors import InputError
from kolgraph.influence.moved import LOADED, SCALED, UNDISCOUNTED, moved

NAN = np.nan


def test_by_hand() -> None:
    # Platform 0: v0 has 10 of 10 real, v1 5 of 10. Platform 1: no repost is loaded.
    author = [0, 0, 1, 1, 1, 2, 2]
    events = [10, 0, 10, 0, 4, 0, 0]
    real = [10, 0, 5, 0, 2, 0, 0]
    shown = [NAN, NAN, 7, 100, 8, 50, NAN]
    found, source, _ = moved(author, [0, 0, 1], events, real, shown)
    # p = 17/24; squares = 10 (7/24)^2 + 14 (5/24)^2 = 35/24; rho = (squares / (p q) - 1) / (24 - 296/24 - 1).
    p = 17 / 24
    rho = (35 / 24 / (p * (1 - p)) - 1) / (23 - 296 / 24)
    share = p + (0.5 - p) * rho * 14 / (rho * 14 + 1 - rho)
    np.testing.assert_allclose(found, [10, 0, 5, 100 * share, 2 + 4 * share, 50, NAN])
    assert source.tolist() == [LOADED, LOADED, LOADED, SCALED, SCALED, UNDISCOUNTED, UNDISCOUNTED]


posts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 9), st.integers(0, 30) | st.just(NAN)), max_size=12
)


@settings(max_examples=80, deadline=None)
@given(posts, st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_laws(rows: list[tuple[int, int, int, float]], platform: list[int]) -> None:
    author, events, real, shown = (np.array([row[i] for row in rows], dtype=float) for i in range(4))
    real = np.minimum(real, events)
    found, source, _ = moved(author.astype(int), platform, events, real, shown)
    known = ~np.isnan(found)
    # Never fewer than were counted, never more than reposts there are; what is loaded whole is counted.
    assert (found[known] >= real[known]).all()
    assert (found[known] <= np.fmax(events, shown)[known] + 1e-9).all()
    np.testing.assert_array_equal(found[source == LOADED], real[source == LOADED])
    blind = np.array([events[np.isin(author, np.flatnonzero(np.array(platform) == p))].sum() == 0 for p in (0, 1)])
    blind = blind[np.array(platform)[author.astype(int)]] if rows else np.zeros(0, bool)
    np.testing.assert_array_equal(source == UNDISCOUNTED, blind)
    np.testing.assert_array_equal(known, ~(blind & np.isnan(shown)))
    # A platform alone is told as it is among others.
    first = np.array([platform[int(who)] == 0 for who in author], dtype=bool)
    alone, *_ = moved(author[first].astype(int), platform, events[first], real[first], shown[first])
    np.testing.assert_allclose(alone, found[first])


def test_planted_shares_are_found_and_few_reposts_are_shrunk() -> None:
    rng = np.random.default_rng(2)
    n = 1500
    share = rng.beta(6, 2, n)
    events = stats.nbinom(0.7, 0.02).rvs(n, random_state=rng)
    real = rng.binomial(events, share)
    author = np.tile(np.arange(n), 2)  # of every author one post with its reposts, and one with a count
    found, *_ = moved(author, np.zeros(n), np.append(events, np.zeros(n)), np.append(real, np.zeros(n)), [1000] * 2 * n)
    told = found[n:] / 1000
    with np.errstate(invalid="ignore"):
        own = np.where(events > 0, real / events, real.sum() / events.sum())
    best = (6 + real) / (8 + events)  # who knew the truth of all authors could say no more
    error, plain, least = (np.sqrt(np.mean((part - share) ** 2)) for part in (told, own, best))
    assert error < 0.8 * plain
    assert error < 1.03 * least


def test_mistakes() -> None:
    with pytest.raises(InputError, match="equally long"):
        moved([0], [0], [1], [1], [1, 2])
    with pytest.raises(InputError, match="more real reposters"):
        moved([0], [0], [1], [2], [NAN])
