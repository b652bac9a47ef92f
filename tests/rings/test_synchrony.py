"""Synchrony: by hand, by law, against a general optimiser, and on planted groups beside innocents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse, stats

from kolgraph.errors import InputError
from kolgraph.kernels import synchrony as kernel
from kolgraph.rings import fuse
from kolgraph.rings.views import find_synchronised
from kolgraph.rings.views import following as follow
from kolgraph.rings.views.events import Events
from kolgraph.rings.views.meetings import choose_tau, pair_bits
from kolgraph.synth.regimes import make_regime

#: Draws that tell nothing but whether anything beats them, where a test is about members.
QUICK = {"seed": 1, "draws": 2, "p": 0.4}


def found(world, **options):
    table = world.events
    columns = (table[name] for name in ("account", "object", "time", "kind"))
    return find_synchronised(*columns, **{"seed": 1, **options})


def members(result):
    return sorted(tuple(group.members) for group in result.groups)


def planted(world):
    return sorted(tuple(np.flatnonzero(world.group == g)) for g in range(world.group.max() + 1))


def test_pair_bits_by_hand():
    # Two accounts meet once on each of two objects, at dt = tau: weight e^-1 each, nobody else around. Each has 2 of
    # the 4 actions, so d_a d_b W / (D^2 / 2) = 4 W / 8 = W / 2, and the bits are [W ln 2 - W / 2] / ln 2.
    events = Events.build([0, 1, 0, 1], [0, 0, 1, 1], [0, 1000, 0, 1000], None)
    low, high = kernel.windows(events.ptr, events.time, np.array([1000, 1000]), 9)
    (layer,) = pair_bits(events, np.array([1000]), low, high, 9)
    weight = 2 / np.e
    assert layer.toarray()[0, 1] == pytest.approx(weight - weight / 2 / np.log(2))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 3))
def test_likelihood_is_that_of_a_general_optimiser(seed, classes):
    rng = np.random.default_rng(seed)
    delay, follows = rng.integers(0, classes, 60).astype(np.int32), rng.random(60) < 0.5
    chance = rng.uniform(0.2, 0.8, 60)
    member, weight = rng.random(60) < np.where(follows, 0.9, 0.2), rng.integers(1, 3, 60).astype(float)

    def loss(free, f=None):
        lift = free[:classes][delay] + follows * (free[-1] if f is None else f)
        return -(weight * (member * lift - np.log1p(chance * np.expm1(lift)))).sum()

    box = [(-12, 12)] * classes
    both = optimize.minimize(loss, np.zeros(classes + 1), bounds=[*box, (0, 12)], method="L-BFGS-B")
    habit = optimize.minimize(loss, np.zeros(classes), args=(np.log(follow._UNSEEN),), bounds=box, method="L-BFGS-B")
    expected = (habit.fun - both.fun) / np.log(2) if both.x[-1] > np.log(follow._UNSEEN) else 0
    assert follow.likelihood(member, chance, follows, weight, delay)[0] == pytest.approx(expected, abs=0.02)


def test_habits_are_the_mean_of_a_dirichlet_multinomial_over_its_strength():
    # Account 0 acts 6 times at once, account 1 six times late: with every strength s the mean is (c + s b) / (6 + s).
    user, time = np.repeat([0, 1], 6), np.r_[np.zeros(6, int), np.full(6, 600_000)]
    events = Events.build(user, np.tile(np.arange(6), 2), time, None)
    base = np.full(16, 1 / 28)
    base[[0, events.delay.max()]] = 7 / 28
    strength = 2.0 ** np.arange(11)
    counts = np.zeros(16, int)
    counts[0] = 6
    like = np.array([stats.dirichlet_multinomial.pmf(counts, s * base, 6) for s in strength])
    mean = sum(w * (counts + s * base) / (6 + s) for w, s in zip(like / like.sum(), strength, strict=True))
    assert events.by_delay[0] == pytest.approx(mean / base, rel=1e-4)


@pytest.mark.parametrize(
    ("regime", "posts", "diluted"),
    [("synchronous", 20, 0.0), ("alternating", 20, 0.0), ("rotating", 60, 0.0), ("synchronous", 30, 2 / 3)],
)
def test_planted_groups_are_found_exactly(regime, posts, diluted):
    world = make_regime(regime, seed=7, posts=posts, diluted=diluted)
    result = found(world, **QUICK)
    assert members(result) == planted(world)  # of alternating groups each alone, though they share their objects
    for group in result.groups:
        assert 8_000 <= max(result.tau_ms.values()) <= 256_000 and group.lag_ms < 30_000
        assert group.joint > group.expected and group.first < group.last and group.q <= group.p
        assert sum(group.share.values()) == pytest.approx(1)
        assert (group.share["repost"] < 0.7) == (diluted > 0)


def test_fans_news_and_time_zones_explain_themselves():
    assert not found(make_regime(groups=0, seed=21, fan_clubs=3, news=5, zones=3)).groups


def test_a_group_among_fans_is_found_alone():
    world = make_regime(seed=23, groups=1, fan_clubs=2)
    assert members(found(world)) == planted(world)


def test_names_order_and_doubled_rows_change_nothing():
    world = make_regime(seed=5, accounts=800, objects=400, events=8_000, groups=2)
    table, rng = world.events, np.random.default_rng(1)
    kept = members(found(world, **QUICK))
    assert kept == planted(world)
    name, again = rng.permutation(800), rng.permutation(np.r_[np.arange(len(table)), np.arange(50)])
    mixed = table.iloc[again]
    other = find_synchronised(
        name[mixed["account"]], mixed["object"], mixed["time"] + 86_400_000, mixed["kind"].astype(str), **QUICK
    )
    assert sorted(tuple(sorted(name[list(group)])) for group in kept) == members(other)


def test_without_times_nothing_is_judged_and_undated_actions_are_counted():
    result = find_synchronised([0, 1, 2], [0, 0, 0], None, seed=1)
    assert result.groups == () and "cannot be judged" in result.reason and result.undated == 3
    result = find_synchronised([0, 1, 2], [0, 0, 0], [5.0, np.nan, 7.0], seed=1)
    assert result.undated == 1 and result.reason == ""
    assert find_synchronised([], [], [], seed=1).reason == "no actions"


def test_one_object_of_everybody_at_one_time_is_a_crowd():
    n = 50_000
    result = find_synchronised(np.arange(n), np.zeros(n, int), np.zeros(n, int), seed=1)
    assert result.groups == () and result.crowded == 1.0


def test_bad_input_is_one_line():
    with pytest.raises(InputError, match="of one length"):
        find_synchronised([0, 1], [0], [1, 2], seed=1)
    with pytest.raises(InputError, match="users: give row numbers"):
        find_synchronised([-1], [0], [1], seed=1)
    with pytest.raises(InputError, match="times: give milliseconds"):
        find_synchronised([0], [0], ["noon"], seed=1)
    with pytest.raises(InputError, match=r"p=0\.01: 20 draws tell nothing below 0\.048"):
        find_synchronised([0], [0], [1], seed=1, p=0.01)


def test_tau_is_chosen_where_pairs_meet_again():
    for jitter, least, most in ((4.0, 1_000, 8_000), (600.0, 128_000, 1_024_000)):
        world = make_regime(seed=9, modalities=("repost",), jitter_s=jitter, posts=30)
        table = world.events
        events = Events.build(table["account"], table["object"], table["time"], None)
        assert least <= choose_tau(events, seed=1)[0] <= most
    assert choose_tau(Events.build([0, 1], [0, 1], [0, 1], None), seed=1)[0] == 60_000


def test_communities_need_bits_of_all_kinds_together():
    # Five accounts, each pair with 3 bits in one of two kinds: together 30 bits and a name for each, alone not.
    pairs = np.array([(a, b) for a in range(5) for b in range(a + 1, 5)])
    layers = [
        sparse.csr_matrix((np.full(5, 3.0), (part[:, 0], part[:, 1])), shape=(40, 40))
        for part in (pairs[::2], pairs[1::2])
    ]
    assert {tuple(rows) for rows in fuse.communities(layers, seed=1)} == {(0, 1, 2, 3, 4)}
    assert {tuple(rows) for rows in fuse.communities(layers[:1], seed=1)} == {(1, 2, 4)}  # what is left of five


def test_hangers_on_leave_a_group_and_members_come_in():
    work = np.r_[np.full(8, 10.0), [2.0, 0, 1]]  # the last three: a hanger-on and two strangers

    def near(members):
        return np.arange(11), work[None, :], np.full((1, 11), 0.05)

    assert fuse.grown(np.array([0, 1, 2, 8]), 10_000, near).tolist() == list(range(8))
    assert fuse.grown(np.array([9, 10]), 10_000, lambda _: (np.array([9]), np.zeros((1, 1)), np.ones((1, 1)))) is None
