"""How much accounts count: chances by hand, laws of evidence, fans in full, labels as the last word."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.rings import Ring, Rings
from kolgraph.rings.views.account import account_features
from kolgraph.rings.weight import REASONS, authenticity, member_bits

IDS = np.array([str(i) for i in range(1000)], dtype=object)


def ring(
    edges: list[int], *, number: int = 1, verdict: str = "coordinated", first: int = 0, dispersion: float = 0.5
) -> Ring:
    """Members from `first` on; half of what members do, and of what targets get, lies in the ring; 10 were expected."""
    k = np.array(edges, dtype=np.int32)
    return Ring(
        number=number, members=IDS[first : first + k.size], targets=IDS[900:920], member_edges=k,
        target_edges=np.ones(20, np.int32), edges=int(k.sum()), expected=10.0, density=0.5, bits=100.0,
        share_of_targets=0.5, share_of_members=0.5, dispersion=dispersion, target_dispersion=1.0, outward=1.0,
        reliance=0.5, one_customer=0.1, verdict=verdict, relation="follow", expected_in_niche=10.0, tastes=0.0,
        tastes_expected=1.0, walks=0.0, walks_expected=1.0, member_rest=10, target_rest=10, p=0.0, score=5.0, points={},
        views={"follow": 100.0},
    )  # fmt: skip


def rings(*blocks: Ring, relation: str = "follow") -> Rings:
    return Rings(relation=relation, rings=blocks)


def test_bits_by_hand() -> None:
    edges = [10] * 9 + [2]
    # 92 inside; members and targets have 184 each; 184 * 184 / 10 edges in all, 3293.6 without those of the ring.
    rest = 184 * 184 / 10 - 92
    degree = np.array([20.0] * 9 + [4.0])

    def poisson(k: int, mean: float) -> float:
        return k * math.log(mean) - mean - math.lgamma(k + 1)

    wanted = []
    for k, d in zip(edges, degree, strict=True):
        outsider = (d - k + 1) * (184 - 92 + 20) / rest
        wanted.append((poisson(k, 9.2) - poisson(k, outsider) + math.log(10 / 990)) / math.log(2))
    assert member_bits(ring(edges), degree, 1000) == pytest.approx(wanted)
    assert wanted[0] > 25
    assert wanted[-1] < 1


def test_an_uneven_workload_forgives_few_edges() -> None:
    even, uneven = (member_bits(ring([10] * 9 + [2], dispersion=d), None, 1000) for d in (0.5, 4.0))
    assert uneven[-1] > even[-1] + 3
    mean = 9.2
    size, p = mean / 3, 1 / 4
    logpmf = math.lgamma(2 + size) - math.lgamma(size) - math.lgamma(3) + size * math.log(p) + 2 * math.log(1 - p)
    poisson = 2 * math.log(mean) - mean - math.lgamma(3)
    assert uneven[-1] - even[-1] == pytest.approx((logpmf - poisson) / math.log(2))


@given(st.lists(st.integers(2, 30), min_size=5, max_size=30), st.floats(0.2, 6))
def test_more_of_the_ring_s_work_never_makes_a_member_less_sure(edges: list[int], dispersion: float) -> None:
    block = replace(ring(sorted(edges), dispersion=dispersion), expected=sum(edges) / 20)
    bits = member_bits(block, None, 1000)
    assert np.isfinite(bits).all()
    assert (np.diff(bits) >= -1e-9).all()
    found = authenticity(IDS, {"follow": rings(block)})
    assert ((found.weight >= 0) & (found.weight <= 1)).all()
    assert (found.weight[len(edges) :] == 1).all()


def test_only_coordinated_rings_discount_and_it_is_said_why() -> None:
    blocks = [
        ring([10] * 9 + [3], number=1, dispersion=2.0),
        ring([10] * 10, number=2, verdict="fan club", first=20),
        ring([10] * 10, number=3, verdict="community", first=40),
        ring([10] * 10, number=4, verdict="cannot tell", first=60),
    ]
    found = authenticity(IDS, {"follow": rings(*blocks)})
    assert found.weight[:9].tolist() == [0] * 9
    assert 0.5 < found.weight[9] < 1
    assert (found.weight[10:] == 1).all()
    said = [found.reason[i] for i in (0, 9, 20, 40, 60, 100)]
    assert said == ["coordinated_unknown", "few_edges", "fan_club", "community", "cannot_tell", None]
    assert set(said) - {None} <= set(REASONS)
    assert found.ring[0] == "follow:1"
    assert found.ring[20] is None


def test_two_rings_leave_less_doubt_than_one() -> None:
    weak = ring([10] * 9 + [3], dispersion=2.0)
    one = authenticity(IDS, {"follow": rings(weak)}).weight[9]
    both = authenticity(IDS, {"follow": rings(weak), "repost": rings(weak, relation="repost")})
    assert both.weight[9] == pytest.approx(one**2, abs=0.01)
    assert both.ring[9] == "follow:1"
    sure = authenticity(
        IDS, {"follow": rings(weak), "repost": rings(replace(weak, member_edges=weak.member_edges + 8))}
    )
    assert (sure.weight[9], sure.ring[9]) == (0, "repost:1")


def test_looks_make_a_stranger_less_of_a_member() -> None:
    rng = np.random.default_rng(1)
    age = rng.uniform(0, 3000, IDS.size)
    age[:30] = rng.uniform(10, 20, 30)
    block = ring([4] * 30)
    alike = authenticity(IDS, {"follow": rings(block)}, features=account_features(pd.DataFrame({"age_days": age})))
    age[29] = 2990
    stranger = authenticity(IDS, {"follow": rings(block)}, features=account_features(pd.DataFrame({"age_days": age})))
    assert alike.reason[0] == stranger.reason[0] == "coordinated_alike"
    assert stranger.bits[29] < alike.bits[29] - 2


def test_labels_have_the_last_word_and_a_classifier_only_lowers() -> None:
    label, chance = np.full(IDS.size, np.nan), np.zeros(IDS.size)
    label[[0, 500]] = 0, 1
    chance[[1, 501, 502]] = 0.1, 0.9, 0.3
    found = authenticity(IDS, {"follow": rings(ring([10] * 10))}, labels=label, chance=chance)
    assert found.weight[[0, 500, 1, 501, 502]].tolist() == [1, 0, 0, 0.1, 0.7]
    said = found.reason[[0, 500, 1, 501, 502]].tolist()
    assert said == ["label_real", "label_fake", "coordinated_unknown", "classifier", "classifier"]
    with pytest.raises(InputError, match="one value for each of 1,000 accounts"):
        authenticity(IDS, {}, labels=[1.0])
