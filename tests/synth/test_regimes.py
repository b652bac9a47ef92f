"""Planted groups act as their regime says, and innocents as theirs."""

from __future__ import annotations

import numpy as np
import pytest

from kolgraph.errors import InputError, UnknownName
from kolgraph.synth.regimes import make_regime

SMALL = {"accounts": 400, "objects": 200, "events": 0, "groups": 2, "posts": 10, "miss": 0.0}


def acts(world, group):
    table = world.events
    return table[world.group[table["account"]] == group]


def test_members_act_together_in_every_regime():
    for regime, size in (("synchronous", 20), ("alternating", 20), ("rotating", 5)):
        table = acts(make_regime(regime, seed=3, **SMALL), 0)
        turns = table.groupby("object")
        assert len(turns) == 10 and (turns["account"].nunique() == size).all()
        assert (turns["time"].max() - turns["time"].min() < 30_000).all()


def test_alternating_groups_share_objects_but_never_a_minute():
    world = make_regime("alternating", seed=3, **SMALL)
    first, second = (acts(world, g).groupby("object")["time"].agg(["min", "max"]) for g in (0, 1))
    assert set(first.index) == set(second.index)
    assert (second["min"] - first["max"]).min() > 3_600_000


def test_diluted_actions_move_to_one_object_of_another_kind():
    table = acts(make_regime(seed=3, diluted=2 / 3, **SMALL), 0)
    assert (table["kind"] != "repost").mean() == pytest.approx(2 / 3, abs=0.1)
    moved = table[table["kind"] != "repost"]
    assert moved["object"].nunique() <= 10
    assert table.groupby(table["time"] // 30_000)["object"].nunique().max() <= 4  # a target and its twin, two windows


def test_the_same_seed_gives_the_same_world_and_another_another():
    one, same, other = (make_regime(seed=seed, accounts=300, objects=50, events=500, groups=1) for seed in (1, 1, 2))
    assert one.events.equals(same.events) and not one.events.equals(other.events)
    assert np.array_equal(one.group, same.group) and one.events["time"].is_monotonic_increasing


def test_bad_worlds_are_refused_in_one_line():
    with pytest.raises(UnknownName, match="unknown regime 'circular'"):
        make_regime("circular", seed=1)
    with pytest.raises(InputError, match="do not fit in"):
        make_regime(seed=1, accounts=50)
