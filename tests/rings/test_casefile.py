"""The case of a ring: by hand, against the search, by laws; its clock and counter-evidence on planted truth."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.graph import Graph
from kolgraph.rings import find_rings
from kolgraph.rings.block import Totals, measure
from kolgraph.rings.casefile import CAUTION, CaseFile, example, in_order
from kolgraph.rings.clock import DRAWS, LAGS, clock
from kolgraph.rings.counter import Friends, points

CASE = example()


def point(case: CaseFile, code: str):
    return next(found for found in case.counter if found.code == code)


def test_the_numbers_of_a_case_by_hand() -> None:
    """8 bots follow all 6 customers; 12 people follow one each (kol0, kol5, kol4, ...: two for every customer)."""
    n = CASE.numbers
    assert (n["members"], n["targets"], n["edges"]) == (8, 6, 48)
    # What both sides do elsewhere, and one more for each: (0 + 8) * (12 + 6) / all but the block.
    expected = 8 * 18 / (40_000 - 48)
    assert n["expected"] == pytest.approx(expected)
    assert (n["density"], n["share_of_members"], n["share_of_targets"]) == (1, 1, 48 / 60)
    assert (n["dispersion"], n["one_customer"], n["reliance"]) == (0, 8 / 48, 8 / 10)
    surplus = 48 * math.log(48 / expected) - (48 - expected)
    price = math.log(math.comb(5000, 8)) + math.log(math.comb(2000, 6))
    assert n["bits"] == pytest.approx((surplus - price) / math.log(2))
    bot = CASE.members.iloc[0]
    theta, due = 48 / expected, 6 * 60 / 40_000
    assert bot["bits"] == pytest.approx((6 * math.log(theta) - due * (theta - 1)) / math.log(2))
    assert bot["first_ts"] == 1.7e12 and bot["last_ts"] == 1.7e12 + 5 * 86_400_000
    assert CASE.targets["acted"].tolist() == [10] * 6 and CASE.targets["share"].tolist() == [0.8] * 6
    assert CASE.clients[["targets", "edges"]].values.tolist() == [[1, 8]] * 6


def test_when_members_acted_by_hand() -> None:
    """Bots follow one a minute, one customer a day; people every ninth day, each customer twice, 54 days apart."""
    when = CASE.when
    assert (when.dated, when.grain_s, when.unit_s) == (1, 1, 21_600)
    table = when.timeline[when.timeline["members"] > 0]
    assert np.diff(table["begin_ts"]).tolist() == [86_400_000] * 5 and table["members"].tolist() == [8] * 6
    n = when.numbers
    assert (n["lags"], n["median_s"], n["within_minute"]) == (6 * 7, 60, 1)
    assert (n["other_lags"], n["other_median_s"], n["other_within_minute"]) == (6, 54 * 86_400, 0)
    assert n["p"] > 0.9 and n["chance_median_s"] == 60  # of ten who acted eight are bots: who is drawn is in step, too
    lags = when.lags.set_index("upto_s")
    assert lags.loc[60, "members"] == 42 and lags.loc[math.inf, "others"] == 6
    assert lags["members"].sum() == 42 and lags["chance"].sum() == pytest.approx(42)


def test_what_speaks_against_by_hand() -> None:
    speaks = {found.code: found.speaks for found in CASE.counter}
    assert speaks["elsewhere"] == speaks["audience"] == speaks["idol"] == "for"
    assert point(CASE, "zeal").reason == "full_block"  # all six each: no room for zeal
    assert point(CASE, "ages").reason == "unknown"
    assert point(CASE, "names").value == 1 and speaks["names"] == "for"  # user0 ... against Ann, Anna, Annaa ...
    assert point(CASE, "followers").compared == 105.5 and speaks["followers"] == "for"
    # One person of twelve was followed back, no bot: chance does that as well.
    assert point(CASE, "returned").compared == pytest.approx(1 / 12) and speaks["returned"] == "against"


def test_whom_to_check_and_what_to_ask() -> None:
    assert CASE.check["kind"].tolist() == ["surest"] * 4 + ["least"] * 4
    assert CASE.check["account_id"].is_unique
    codes = [code for code, _ in CASE.ask]
    assert codes == ["peak", "source", "draw", "accounts", "backend"]
    assert dict(CASE.ask)["peak"]["share"] == pytest.approx(1 / 6)


def test_every_face_holds_the_caution(tmp_path: Path) -> None:
    assert CASE.plain()["caution"] == CAUTION
    assert set(CASE.frame()["caution"]) == {CAUTION}
    saved = json.loads(CASE.save(tmp_path / "c.json").read_text("utf-8"))
    assert saved["caution"] == CAUTION and saved["members"][0]["age_days"] is None
    rows = pd.read_csv(CASE.save(tmp_path / "c.csv"))
    assert len(rows) == 8 + 6 and set(rows["caution"]) == {CAUTION}
    assert (tmp_path / "c.json").stat().st_mode & 0o077 == 0


def test_a_case_does_not_depend_on_the_order_of_a_ring() -> None:
    ring = replace(
        found_ring()[1], members=found_ring()[1].members[::-1], member_edges=found_ring()[1].member_edges[::-1]
    )
    again = in_order(ring)
    assert again.members.tolist() == sorted(ring.members.tolist())
    assert dict(zip(again.members, again.member_edges, strict=True)) == dict(
        zip(ring.members, ring.member_edges, strict=True)
    )


def found_ring():
    rng = np.random.default_rng(1)
    crowd = rng.integers(0, 900, (2, 4000))
    bots, customers = np.nonzero(rng.random((40, 15)) < 0.6)
    graph = Graph.from_edges([*crowd[0], *(bots + 1000)], [*crowd[1], *customers])
    return graph, find_rings(graph, seed=1).rings[0]


def test_what_is_counted_anew_is_what_the_search_said() -> None:
    """Two ways to one number: the search on its bipartite graph, the count from the raw edges."""
    graph, ring = found_ring()
    src, dst, _ = graph.edges()
    edges = pd.DataFrame({"src": src, "dst": dst}).query("src != dst").drop_duplicates()
    members, targets = graph.rows(ring.members), graph.rows(ring.targets)
    place = {int(row): i for i, row in enumerate(targets)}
    acts = edges[edges["dst"].isin(targets)]
    pairs = pd.DataFrame({"actor": acts["src"], "target": acts["dst"].map(place)})
    totals = Totals(edges["src"].nunique(), edges["dst"].nunique(), len(edges))
    acted = edges.groupby("src").size().reindex(members).to_numpy()
    found = measure(pairs, np.asarray(members, np.int64), np.asarray(targets, np.int64), acted, totals)
    for name, value in found.numbers.items():
        if name not in {"members", "targets"}:
            assert value == pytest.approx(getattr(ring, name), rel=1e-12), name
    assert found.member_edges.tolist() == ring.member_edges.tolist()
    assert found.target_edges.tolist() == ring.target_edges.tolist()


ACTS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 3), st.one_of(st.just(math.nan), st.integers(0, 10**9).map(float))),
    max_size=60,
)


@settings(max_examples=40)
@given(ACTS, st.integers(0, 6))
def test_every_dated_action_and_every_lag_is_counted_once(acts, members) -> None:
    frame = pd.DataFrame(acts, columns=["actor", "target", "ts"]).astype({"ts": float})
    inside = (frame["actor"] < members).to_numpy()
    found = clock(frame, inside, seed=1)
    known = frame["ts"].notna().to_numpy()
    assert found.timeline["members"].sum() == (known & inside).sum()
    assert found.timeline["others"].sum() <= (known & ~inside).sum()
    first = frame[known].groupby(["target", "actor"], as_index=False)["ts"].min()
    for name, chosen in (("members", first["actor"] < members), ("others", first["actor"] >= members)):
        by_hand = [
            gap / 1000
            for _, times in first[chosen].groupby("target")["ts"]
            for gap in np.diff(np.sort(times.to_numpy()))
        ]
        counts = [
            sum(low < g <= high for g in by_hand) for low, high in zip([-1, *LAGS], [*LAGS, math.inf], strict=True)
        ]
        assert found.lags[name].tolist() == counts
    if found.numbers["lags"]:
        assert 1 / (1 + DRAWS) <= found.numbers["p"] <= 1
        assert found.lags["chance"].sum() == pytest.approx(found.numbers["lags"])
    assert (found.reason is None) == bool((known & inside).any())


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 5))
def test_counted_numbers_do_not_depend_on_the_order_of_rows(seed, n, t) -> None:
    rng = np.random.default_rng(seed)
    pairs = pd.DataFrame({"actor": rng.integers(0, 12, n), "target": rng.integers(0, t, n)})
    args = np.arange(5), rng.integers(0, 2, t), np.full(5, 7), Totals(40, 40, 500)
    once = measure(pairs, *args)
    twice = measure(pd.concat([pairs.sample(frac=1, random_state=seed), pairs]), *args)
    assert once.numbers == pytest.approx(twice.numbers, nan_ok=True)
    brute = {(a, b) for a, b in pairs.values.tolist() if a < 5}
    assert once.numbers["edges"] == len(brute)
    assert once.member_edges.tolist() == [sum(a == i for a, _ in brute) for i in range(5)]


@pytest.mark.parametrize("same", [True, False])
def test_accounts_made_alike_are_told_from_accounts_like_others(same: bool) -> None:
    """Planted: forty members of one week, one region and one pattern of names, or drawn as the others are."""
    rng = np.random.default_rng(3)
    n = 240
    member = np.arange(n) < 40
    people = pd.DataFrame(
        {
            "name": [f"{'Ann' * (1 + i % 7)}{'x' * (i % 5)}" for i in rng.permutation(n)],
            "region": rng.choice(["广东", "上海", "四川", "浙江", "湖南"], n),
            "followers": rng.lognormal(4, 1, n),
            "created_ts": rng.uniform(1.3e12, 1.7e12, n),
            "returned": rng.uniform(0, 0.6, n),
        }
    )
    if same:
        people.loc[member, "name"] = [f"用户{rng.integers(10**6, 10**7)}" for _ in range(40)]
        people.loc[member, ["region", "followers", "returned"]] = ["广东", 1.0, 0.0]
        people.loc[member, "created_ts"] = 1.69e12 + rng.uniform(0, 6e8, 40)
    found = points(
        people, member, share_of_members=0.9, share_of_targets=0.9, one_customer=0.1, customers=12,
        member_edges=rng.binomial(12, 0.5, 40), targets=12, friends=Friends(0, 400, 0, 10**5), seed=1,
    )  # fmt: skip
    speaks = {one.code: one.speaks for one in found}
    alike = {"returned", "ages", "names", "regions", "followers"}
    assert {speaks[code] for code in alike} == ({"for"} if same else {"against"})
    assert speaks["zeal"] == "for" and speaks["friends"] == "nothing"


def test_uneven_zeal_friends_and_an_idol_speak_against() -> None:
    people = pd.DataFrame({name: [None] * 60 for name in ("name", "region")})
    people = people.assign(followers=np.nan, created_ts=np.nan, returned=np.nan)
    zeal = np.minimum(np.random.default_rng(1).zipf(1.8, 60) + 1, 40)
    found = points(
        people, np.ones(60, bool), share_of_members=0.2, share_of_targets=0.1, one_customer=0.8, customers=3,
        member_edges=zeal, targets=40, friends=Friends(300, 900, 400, 10**5), seed=1,
    )  # fmt: skip
    assert {one.code: one.speaks for one in found[:5]} == dict.fromkeys(
        ("elsewhere", "audience", "idol", "zeal", "friends"), "against"
    )
    assert {one.reason for one in found[5:]} == {"unknown"}


def test_members_with_no_times_are_not_in_step_and_not_out_of_it() -> None:
    acts = pd.DataFrame({"actor": [0, 1, 2], "target": 0, "ts": [np.nan, np.nan, 1e12]})
    found = clock(acts, np.array([True, True, False]), seed=1)
    assert found.reason == "no_times" and found.dated == 0
    assert math.isnan(found.numbers["p"]) and math.isnan(found.numbers["median_s"])


def test_a_group_that_is_the_whole_audience_is_not_called_in_step() -> None:
    """Where all who acted are members, drawing as many gives the members: nothing can be told."""
    rng = np.random.default_rng(2)
    acts = pd.DataFrame({"actor": range(30), "target": 0, "ts": rng.uniform(0, 1e9, 30)})
    assert clock(acts, np.ones(30, bool), seed=1).numbers["p"] == 1
