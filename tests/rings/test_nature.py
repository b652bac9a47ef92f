"""What tells work from nature: kinship by brute force, refining, trades, trees that obey their laws, natural graphs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.kernels.blocks import kinship
from kolgraph.kernels.shared import shared_pairs
from kolgraph.kernels.trades import traded
from kolgraph.rings import Rule, find_rings
from kolgraph.rings.bipartite import Bipartite, Block
from kolgraph.rings.candidates import candidates
from kolgraph.rings.evidence import Scale, weigh
from kolgraph.rings.joining import join, strongest
from kolgraph.rings.judging import chance
from kolgraph.rings.nature import MARKS, Trees, marks, trees
from kolgraph.rings.refine import by_degree, by_workload, refine
from kolgraph.synth.natural import KINDS, niches
from tests.bench.rings.bought import audience


def crowd(seed: int, users: int = 60, items: int = 40, edges: int = 400) -> tuple[Bipartite, set[tuple[int, int]]]:
    rng = np.random.default_rng(seed)
    graph, _, _ = Bipartite.build(rng.integers(0, users, edges), rng.integers(0, items, edges))
    return graph, set(zip(*(part.tolist() for part in graph.pairs), strict=True))


# ---------------------------------------------------------------------- by hand


def test_kinship_by_hand():
    # Members 0, 1; targets 10, 11 (both of both); both also have 12, which users 2 and 3 have; 2 has target 10, too.
    pairs = [(0, 10), (0, 11), (1, 10), (1, 11), (0, 12), (1, 12), (2, 12), (3, 12), (2, 10), (3, 13)]
    graph, _, _ = Bipartite.build(np.array([u for u, _ in pairs]), np.array([i for _, i in pairs]))
    block = Block(np.array([0, 1], np.int32), np.array([4, 5], np.int32))
    found = kinship(graph.ptr, graph.idx, graph.m, graph.degree, graph.singles, *block, *graph.work)
    # At item 12, of 4 users, both members: 2 * 1 / 3. Each has 1 other edge of 10 - 4: due 5 * ((2/6)^2 - 2 * (1/6)^2).
    # Walks: 2 members at 12, from there each to 2 and to 3 by 1/3; of 2's other edge the target is all there is.
    # mass 2 * 2/3, of which the target edges from outside are 1 of 6.
    assert found == pytest.approx([2 / 3, 5 * (1 / 9 - 2 / 36), 2 / 3, 4 / 3 / 6])
    assert not any(work.any() for work in graph.work)


def test_workload_finds_members_whose_other_edges_are_many():
    # Ten hijacked accounts with a hundred edges elsewhere, five paid ones each into ten little-known items.
    rng = np.random.default_rng(1)
    users, items = np.repeat(np.arange(10), 5), np.concatenate([rng.choice(10, 5, replace=False) for _ in range(10)])
    other = rng.integers(10, 3000, (2, 20_000))
    own = np.repeat(np.arange(10), 100), rng.integers(10, 3000, 1000)
    graph, _, _ = Bipartite.build(np.r_[users, other[0], own[0]], np.r_[items, other[1], own[1]])
    half = Block(np.arange(5, dtype=np.int32), np.arange(graph.m, graph.m + 10, dtype=np.int32))
    found = refine(graph, half, by_workload)
    assert found is not None
    assert found.users.tolist() == list(range(10))
    assert set(range(10)) <= set((found.items - graph.m).tolist())
    assert found.items.size <= 12  # chance brings one in


def test_uneven_workloads_are_told_from_the_rest():
    graph, _ = crowd(3, users=2000, items=2000, edges=6000)
    near = np.arange(40, dtype=np.int32)
    even = by_workload(graph, near, np.full(40, 6, np.int32), near, np.arange(graph.m, graph.m + 30, dtype=np.int32))
    k = np.r_[np.full(20, 2), np.full(20, 10)].astype(np.int32)
    uneven = by_workload(graph, near, k, near, np.arange(graph.m, graph.m + 30, dtype=np.int32))
    assert uneven[0] > 0 < even[0]  # two edges of a mean of six are no outlier where the work is so uneven
    nobody = by_workload(graph, near, k, np.array([50], np.int32), np.arange(graph.m, graph.m + 30, dtype=np.int32))
    assert np.isneginf(nobody).all()


# ---------------------------------------------------------------------- laws


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_kinship_and_pairs_equal_brute_force(seed):
    graph, edges = crowd(seed)
    rng = np.random.default_rng(seed)
    users = np.sort(rng.choice(graph.m, 8, replace=False)).astype(np.int32)
    items = np.sort(rng.choice(np.arange(graph.m, graph.m + graph.n), 6, replace=False)).astype(np.int32)
    of = {j: {u for u, i in edges if i == j} for j in range(graph.m, graph.m + graph.n)}
    member, target = set(users.tolist()), set(items.tolist())
    inner = sum(u in member and i in target for u, i in edges)
    volume = sum(i in target for _, i in edges)
    pairs = sum(
        len(of[j] & member) * (len(of[j] & member) - 1) / (len(of[j]) - 1)
        for j in of
        if j not in target and len(of[j]) > 1
    )
    rest = len(edges) - inner
    rate = [sum(a == u and i not in target for a, i in edges) / rest for u in member]
    due = (len(edges) - volume) * (sum(rate) ** 2 - sum(r * r for r in rate))
    degree = {u: sum(a == u for a, _ in edges) for u in range(graph.m)}
    mass = land = 0.0
    for j, who in of.items():
        if j not in target and len(who) > 1:
            step = len(who & member) / (len(who) - 1)
            for u in who - member:
                if degree[u] >= 2:
                    mass += step
                    land += step * sum((u, i) in edges for i in target) / (degree[u] - 1)
    found = kinship(graph.ptr, graph.idx, graph.m, graph.degree, graph.singles, users, items, *graph.work)
    slack = sum(len({u for u in who & member if degree[u] == 1}) for who in of.values())  # counted among those without
    assert found[:3] == pytest.approx([pairs, due, land])
    assert found[3] == pytest.approx(mass * (volume - inner) / rest, abs=slack + 1e-9)
    u, v, nats = shared_pairs(graph.ptr, graph.idx, graph.m, 12, 0.0)
    small = {j: who for j, who in of.items() if len(who) <= 12}
    both = {
        (a, b): sum(a in who and b in who for who in small.values())
        for a in range(graph.m)
        for b in range(a + 1, graph.m)
    }
    tied = set(zip(u.tolist(), v.tolist(), strict=True))
    assert tied <= {pair for pair, w in both.items() if w >= 2}
    assert (nats > 0).all()
    at, k = graph.reached(users)
    assert dict(zip(at.tolist(), k.tolist(), strict=True)) == {j: len(w & member) for j, w in of.items() if w & member}
    assert graph.into(items, users).tolist() == [len(of[j] & member) for j in items.tolist()]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_trades_keep_every_degree(seed):
    graph, before = crowd(seed)
    after = graph.swapped(seed)
    assert after.degree.tolist() == graph.degree.tolist()
    assert after.edges == len(before)  # no edge twice
    assert set(zip(*(part.tolist() for part in after.pairs), strict=True)) != before
    _, item = graph.pairs
    assert traded(graph.ptr[: graph.m + 1], item - graph.m, graph.n, 0, 1).tolist() == (item - graph.m).tolist()


def test_the_score_never_rises_where_a_mark_says_more_for_nature():
    rng = np.random.default_rng(1)
    grown = trees()
    for _ in range(200):
        x = rng.normal(0, 2, len(MARKS))
        for k, (_, way) in enumerate(MARKS.values()):
            more = x.copy()
            more[k] += rng.exponential(1.0)
            gain = grown.judge(more).score - grown.judge(x).score
            assert gain * way >= -1e-6, list(MARKS)[k]
        said = grown.judge(x)
        base = grown.start + sum(tree["value"][0] for tree in grown.trees)
        assert said.score == pytest.approx(base + said.points.sum())


def test_a_lower_rate_accuses_fewer():
    least = [trees().least(rate) for rate in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)]
    assert least == sorted(least, reverse=True)
    with pytest.raises(InputError, match=r"max_false=0\.01 was not measured"):
        Rule(max_false=0.01)


def test_trees_by_hand():
    facts = {
        "start": -1.0, "rates": [1, 10], "scores": [2, 0],
        "trees": [{"mark": [0, -1, -1], "cut": [0.5, 0, 0], "left": [1, -1, -1], "right": [2, -1, -1], "value": [0.1,
        -0.4, 0.6]}],
    }  # fmt: skip
    grown = Trees(facts)
    assert grown.judge(np.array([0.5])).score == pytest.approx(-1.4)
    assert grown.judge(np.array([0.6])).score == pytest.approx(-0.4)
    assert grown.judge(np.array([0.6])).points == pytest.approx([0.5])
    assert grown.least(np.sqrt(10)) == pytest.approx(1.0)


def test_what_a_block_brings_itself_is_not_expected():
    # Forty accounts whose every edge goes to targets that nobody else has: by all degrees nothing is odd about them.
    bot, work = np.nonzero(np.random.default_rng(2).random((40, 20)) < 0.5)
    rest = np.random.default_rng(3).integers(100, 900, (2, 4000))
    graph, _, _ = Bipartite.build(np.r_[bot, rest[0]], np.r_[work, rest[1]])
    block = Block(np.arange(40, dtype=np.int32), np.arange(graph.m, graph.m + 20, dtype=np.int32))
    scale = Scale(graph, graph.labels(2.0, 1), np.arange(graph.m, graph.m + graph.n), 5, 3)
    found = weigh(graph, block, scale)
    assert found is not None
    assert found.expected == pytest.approx(40 * 20 / 4000, rel=0.05)  # one edge each for what is not known of them
    assert found.edges > 40 * found.expected
    assert chance(graph, found) < 1e-100
    assert marks(found).shape == (len(MARKS),)


# ---------------------------------------------------------------------- planted truth, and nature


@pytest.mark.parametrize("kind", list(KINDS))
def test_natural_graphs_are_spared(kind):
    src, dst = KINDS[kind](np.random.default_rng(77), 1500)
    rings = find_rings(Graph.from_edges(src, dst), seed=1)
    assert len(rings.accounts()) <= 1.5 or rings.habit


def test_where_all_looks_handed_out_nobody_is_accused(monkeypatch):
    # Were all blocks of a graph to look like rings, that would be the habit of its kind.
    src, dst = KINDS["mail"](np.random.default_rng(5), 1500)
    assert not find_rings(Graph.from_edges(src, dst), seed=1).habit
    monkeypatch.setattr(Trees, "least", lambda self, rate: -99.0)
    rings = find_rings(Graph.from_edges(src, dst), seed=1)
    assert rings.habit
    assert rings.accounts() == []
    assert "cannot tell" in {ring.verdict for ring in rings.rings}
    assert rings.summary()["judged"].startswith("no")


def test_hijacked_accounts_are_found_whatever_the_seed():
    rng = np.random.default_rng(4)
    src, dst = niches(rng, 4000)
    fame = np.bincount(dst)
    targets = rng.choice(np.flatnonzero((fame > 0) & (fame <= 20)), 60, replace=False)
    members = rng.choice(4000, 60, replace=False)
    who, what = np.nonzero(rng.random((60, 60)) < 0.12)
    graph = Graph.from_edges(np.r_[src, members[who]], np.r_[dst, targets[what]])
    truth = {str(i) for i in members}
    for seed in (1, 2, 3):
        accused = set(find_rings(graph, seed=seed).accounts())
        assert 2 * len(accused & truth) / (len(accused) + len(truth)) >= 0.9


def test_half_of_an_audience_may_be_bought():
    src, dst, bots = audience(np.random.default_rng(1), 0.5, 1500)
    accused = set(find_rings(Graph.from_edges(src, dst), seed=1).accounts())
    truth = {str(i) for i in bots}
    assert len(accused & truth) >= 0.95 * len(truth)
    assert len(accused & truth) >= 0.98 * len(accused)


def test_candidates_are_all_different():
    src, dst = niches(np.random.default_rng(6), 1500)
    graph, _, _ = Bipartite.build(src, dst)
    found, label = candidates(graph, blocks=2, seed=1)
    assert len({(b.users.tobytes(), b.items.tobytes()) for b in found}) == len(found)
    assert label.shape == (graph.m + graph.n,)
    assert refine(graph, Block(found[0].users[:1], found[0].items[:1]), by_degree) is None


def test_a_group_seen_in_two_views_is_one_ring():
    src, dst = niches(np.random.default_rng(7), 2000)
    bot, work = np.nonzero(np.random.default_rng(8).random((40, 15)) < 0.6)
    graph = Graph.from_edges(np.r_[src, bot + 5000], np.r_[dst, work])
    follow = find_rings(graph, seed=1)
    one = next(ring for ring in follow.rings if ring.verdict == "coordinated")
    repost = replace(
        follow, relation="repost", rings=(replace(one, relation="repost", members=one.members[:30], bits=9.0),)
    )
    joined = join([follow, repost], max_false=1.0)
    again = {ring.number: ring for ring in joined["follow"].rings}[joined["repost"].rings[0].number]
    assert again.members.size == one.members.size
    assert dict(again.views) == {"follow": one.bits, "repost": 9.0}
    assert again.score == pytest.approx(2 * one.score)
    half = replace(one, members=one.members[:20], bits=7.0), replace(one, members=one.members[20:], bits=8.0)
    split = join(
        [replace(follow, rings=half), replace(repost, rings=(replace(one, relation="repost"),))], max_false=1.0
    )
    assert [ring.number for ring in split["follow"].rings] == [1, 2]  # never two of one view under one number
    assert split["repost"].rings[0].number in (1, 2)
    rows = strongest(list(joined.values())).members_frame()
    assert rows["post_id"].isna().all()  # the group is shown by what it follows
    by_posts = strongest(
        [replace(joined["repost"], rings=(replace(joined["repost"].rings[0], member_edges=one.member_edges[:30]),))]
    )
    assert by_posts.members_frame().query("role == 'target'")["account_id"].isna().all()
    numbers = [ring.number for ring in joined["follow"].rings]
    assert numbers == sorted(set(numbers))
    doubt = replace(repost, rings=(replace(repost.rings[0], verdict="fan club", score=-one.score),))
    assert join([follow, doubt], max_false=1.0)["repost"].rings[0].verdict == "cannot tell"
    unsure = replace(repost, rings=(replace(repost.rings[0], verdict="cannot tell", score=-9.0),))
    assert join([follow, unsure], max_false=1.0)["follow"].rings[0].verdict == "coordinated"
