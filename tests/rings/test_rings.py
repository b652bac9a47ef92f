"""Rings: a ring by hand, laws, planted worlds of both kinds (rings; honest niches and fan clubs), shuffled graphs."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from kolgraph.errors import InputError
from kolgraph.graph import Graph
from kolgraph.rings import Rule, find_repost_rings, find_rings
from kolgraph.rings.bipartite import Bipartite, Block
from kolgraph.rings.candidates import candidates
from kolgraph.rings.evidence import Scale, weigh
from kolgraph.rings.peel import dense_blocks
from kolgraph.rings.refine import by_degree, refine
from tests.worlds.graphs import from_rows, graphs

EPINIONS = Path(__file__).parents[3] / "shared" / "data" / "rings" / "soc_epinions_undirected.txt.gz"
#: members, targets, density: from thin and wide to small and dense
SHAPES = [(200, 100, 0.06), (120, 60, 0.12), (60, 40, 0.25), (40, 20, 0.5), (20, 12, 0.8)]


def honest_world(rng, accounts=6000, niches=8, kols=40, follows=10.0, spread=1.0, fame=1.0):
    """Niches of ordinary people: uneven zeal, Zipf fame, a quarter of the follows outside the niche, some friends."""
    niche = rng.integers(0, niches, accounts)
    wishes = np.maximum(2, rng.poisson(follows * rng.lognormal(-(spread**2) / 2, spread, accounts)))
    src = np.repeat(np.arange(accounts), wishes)
    rank = np.arange(1, kols + 1) ** -fame
    where = np.where(rng.random(src.size) < 0.75, niche[src], rng.integers(0, niches, src.size))
    famous = accounts + where * kols + rng.choice(kols, src.size, p=rank / rank.sum())
    dst = np.where(rng.random(src.size) < 0.3, rng.integers(0, accounts, src.size), famous)
    return src, dst


def with_ring(rng, src, dst, members, targets, density):
    """Sold followers of little-known accounts, and as many follows of others in proportion to their fame."""
    first = max(src.max(), dst.max()) + 1
    popularity = np.bincount(dst)
    customers = rng.choice(np.flatnonzero((popularity >= 1) & (popularity <= 20)), targets, replace=False)
    bot, work = np.nonzero(rng.random((members, targets)) < density)
    src = np.concatenate([src, bot + first, bot + first])
    dst = np.concatenate([dst, customers[work], rng.choice(dst, bot.size)])
    return src, dst, [str(i) for i in range(first, first + members)]


def with_fan_club(rng, src, dst, fans=300, related=60):
    """One idol and what belongs to it: Zipf zeal, Zipf fame, and twice as many follows elsewhere."""
    first = max(src.max(), dst.max()) + 1
    liked = rng.choice(np.unique(dst), related, replace=False)
    fame = 1.0 / np.arange(1, related + 1)
    zeal = np.minimum(rng.zipf(1.8, fans) + 1, related)
    fan = np.repeat(np.arange(first, first + fans), zeal)
    inner = np.concatenate([rng.choice(liked, k, replace=False, p=fame / fame.sum()) for k in zeal])
    outer = np.repeat(fan, 2)
    return np.concatenate([src, fan, outer]), np.concatenate([dst, inner, rng.choice(dst, outer.size)])


def f1(found, truth):
    found, truth = set(map(str, found)), set(truth)
    return 2 * len(found & truth) / (len(found) + len(truth))


@pytest.fixture(scope="module")
def army():
    """A world with five rings and two fan clubs: the graph, the members of each ring, the answer."""
    rng = np.random.default_rng(1)
    src, dst = honest_world(rng)
    planted = []
    for shape in SHAPES:
        src, dst, members = with_ring(rng, src, dst, *shape)
        planted.append(members)
    for _ in range(2):
        src, dst = with_fan_club(rng, src, dst)
    graph = Graph.from_edges(src, dst)
    return graph, planted, find_rings(graph, seed=1, rule=Rule(max_rings=200))


# ---------------------------------------------------------------------- by hand


def test_evidence_by_hand():
    # Users 0-4 follow items 10, 11, 12, all of them: 15 edges. Users 5 and 6 follow 10 and 13: 4 edges. E = 19.
    # Without their own 15 the members have 0 edges and the targets 2; one more is added for each; 2 edges
    # are of others to others: 5 * 5 / 2 = 12.5.
    pairs = [(u, i) for u in range(5) for i in (10, 11, 12)] + [(u, i) for u in (5, 6) for i in (10, 13)]
    graph, _, _ = Bipartite.build(np.array([u for u, _ in pairs]), np.array([i for _, i in pairs]))
    block = Block(np.arange(5, dtype=np.int32), np.array([7, 8, 9], np.int32))
    # So small a block does not pay for its names: ln C(7,5) + ln C(4,3) = 4.43 nats against 15 ln(15/12.5) - 2.5.
    assert weigh(graph, block, beside(graph)) is None
    # 4,000 other users with an item each: 25 / 4002 expected; 15 ln(15/.00625) - 14.99 = 101.8 nats, names cost 59.8.
    more = pairs + [(100 + u, 100 + u) for u in range(4000)]
    graph, users, items = Bipartite.build(np.array([u for u, _ in more]), np.array([i for _, i in more]))
    block = Block(np.arange(5, dtype=np.int32), np.array([graph.m, graph.m + 1, graph.m + 2], np.int32))
    found = weigh(graph, block, beside(graph))
    assert users[:5].tolist() == [0, 1, 2, 3, 4]
    assert items[:3].tolist() == [10, 11, 12]
    assert found is not None
    assert (found.edges, found.density) == (15, 1.0)
    assert found.expected == pytest.approx(25 / 4002)
    assert found.bits == pytest.approx((101.8 - 59.8) / np.log(2), abs=0.5)
    assert found.share_of_targets == pytest.approx(15 / 17)
    assert found.share_of_members == 1.0
    assert (found.dispersion, found.target_dispersion, found.outward) == (0.0, 0.0, 1.0)
    assert (found.member_rest, found.target_rest) == (0, 2)


def beside(graph):
    """Blocks of five users and three items, each item its own owner."""
    return Scale(graph, graph.labels(2.0, 1), np.arange(graph.m, graph.m + graph.n), 5, 3)


def test_members_are_no_targets_and_a_circle_of_friends_is_spared():
    rng = np.random.default_rng(2)
    src, dst = honest_world(rng, accounts=3000)
    circle = np.argwhere((rng.random((40, 40)) < 0.5) & ~np.eye(40, dtype=bool)) + 5000
    friends = find_rings(Graph.from_edges([*src, *circle[:, 0]], [*dst, *circle[:, 1]]), seed=1)
    assert friends.accounts() == []
    for ring in friends.rings:
        assert not set(ring.members) & set(ring.targets)


def test_refine_completes_half_a_ring():
    rng = np.random.default_rng(3)
    bot, work = np.nonzero(rng.random((40, 20)) < 0.5)
    crowd = rng.integers(0, 800, (2, 5000))
    graph, users, items = Bipartite.build(np.r_[crowd[0] + 100, bot], np.r_[crowd[1], work])
    members, targets = np.searchsorted(users, range(40)), np.searchsorted(items, range(20)) + graph.m
    found = refine(graph, Block(members[:20].astype(np.int32), targets[:10].astype(np.int32)), by_degree)
    assert found is not None
    assert found.users.tolist() == members.tolist()
    assert found.items.tolist() == targets.tolist()


def test_dense_blocks_come_one_after_the_other():
    rng = np.random.default_rng(4)
    crowd = rng.integers(0, 2000, (2, 3000))
    one, two = np.argwhere(rng.random((40, 40)) < 0.9), np.argwhere(rng.random((30, 30)) < 0.9)
    user = np.r_[crowd[0] + 100, one[:, 0], two[:, 0] + 40]
    graph, users, _ = Bipartite.build(user, np.r_[crowd[1] + 100, one[:, 1], two[:, 1] + 40])
    found = dense_blocks(graph, blocks=2)
    assert [users[b.users].tolist() for b in found] == [list(range(40)), list(range(40, 70))]


# ---------------------------------------------------------------------- laws


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_small_graphs_hold_the_laws(graph):
    rings = find_rings(graph, seed=1, rule=Rule(min_members=2, min_targets=2))
    weights = rings.real_weights(graph)
    assert weights.shape == (graph.n,)
    assert set(weights.tolist()) <= {0.0, 1.0}
    assert (weights == 0).sum() == len(rings.accounts())
    assert rings.accounts() == []  # nothing so small is ever accused


@settings(max_examples=30, deadline=None)
@given(graphs())
def test_candidates_are_blocks_of_the_graph(shared):
    src, dst, _ = shared.edges()
    graph = Bipartite.build(src[src != dst], dst[src != dst])[0]
    for block in candidates(graph, blocks=2, seed=1)[0]:
        assert (np.diff(block.users) > 0).all()
        assert (np.diff(block.items) > 0).all()
        assert ((block.users >= 0) & (block.users < graph.m)).all()
        assert ((block.items >= graph.m) & (block.items < graph.m + graph.n)).all()


def test_evidence_of_every_ring_equals_a_recount(army):
    graph, _, rings = army
    src, dst, _ = graph.edges()
    edges = set(zip(graph.ids[src[src != dst]], graph.ids[dst[src != dst]], strict=True))
    assert len(rings.rings) > 8
    for ring in rings.rings:
        members, targets = set(ring.members), set(ring.targets)
        inner = [(u, v) for u, v in edges if u in members and v in targets]
        assert ring.edges == len(inner) == ring.member_edges.sum() == ring.target_edges.sum()
        assert ring.density == pytest.approx(len(inner) / (len(members) * len(targets)))
        assert 0 < ring.density <= 1
        effort, volume = sum(u in members for u, _ in edges), sum(v in targets for _, v in edges)
        elsewhere = len(edges) - effort - volume + len(inner)
        due = (effort - len(inner) + len(members)) * (volume - len(inner) + len(targets)) / elsewhere
        assert ring.expected == pytest.approx(due)
        assert (ring.member_rest, ring.target_rest) == (effort - len(inner), volume - len(inner))
        assert (ring.share_of_members, ring.share_of_targets) == pytest.approx(
            (len(inner) / effort, len(inner) / volume)
        )
        assert ring.bits > 0


def test_same_seed_same_answer_and_row_order_does_not_matter(army):
    graph, _, rings = army
    again = find_rings(graph, seed=1, rule=Rule(max_rings=200))
    assert again.frame().equals(rings.frame())
    assert again.run_id == rings.run_id
    assert [r.members.tolist() for r in again.rings] == [r.members.tolist() for r in rings.rings]


def test_weights_loops_and_repeats_do_not_count(army):
    graph, _, rings = army
    src, dst, _ = graph.edges()
    loops = np.arange(graph.n, dtype=np.int32)
    changed = Graph.from_rows(
        np.concatenate([src, src[:500], loops]),
        np.concatenate([dst, dst[:500], loops]),
        None,
        np.array([i.encode() for i in graph.ids]),
    )
    assert find_rings(changed, seed=1, rule=Rule(max_rings=200)).frame().equals(rings.frame())


def test_rings_do_not_share_most_of_their_members(army):
    members = [set(r.members) for r in army[2].rings]
    for i, a in enumerate(members):
        for b in members[:i]:
            assert len(a & b) / len(a | b) < 0.5


# ---------------------------------------------------------------------- planted truth


def test_planted_rings_are_found(army):
    _, planted, rings = army
    accused = [r for r in rings.rings if r.verdict == "coordinated"]
    for shape, members in zip(SHAPES, planted, strict=True):
        assert max(f1(r.members, members) for r in accused) >= 0.9, shape
    assert f1(rings.accounts(), [i for members in planted for i in members]) >= 0.95


def test_two_rings_side_by_side_are_both_accused():
    rng = np.random.default_rng(5)
    src, dst = honest_world(rng, accounts=3000)
    one, two = np.argwhere(rng.random((50, 20)) < 0.6), np.argwhere(rng.random((50, 20)) < 0.6)
    bots = np.r_[one[:, 0] + 10_000, two[:, 0] + 20_000]
    rings = find_rings(Graph.from_edges(np.r_[src, bots], np.r_[dst, one[:, 1], two[:, 1] + 20]), seed=1)
    assert f1(rings.accounts(), [str(i) for first in (10_000, 20_000) for i in range(first, first + 50)]) >= 0.95


@pytest.mark.parametrize("niches, kols, fame", [(8, 40, 1.0), (8, 40, 0.6), (40, 8, 1.0), (40, 12, 0.7)])
def test_honest_worlds_with_fan_clubs_are_not_accused(niches, kols, fame):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        src, dst = honest_world(rng, accounts=4000, niches=niches, kols=kols, fame=fame)
        src, dst = with_fan_club(rng, src, dst)
        rings = find_rings(Graph.from_edges(src, dst), seed=seed, rule=Rule(max_rings=500))
        assert len(rings.rings) > 0  # the niches are seen, and spared
        assert rings.accounts() == []


def test_a_graph_where_everybody_looks_coordinated_accuses_nobody():
    # All accounts of a niche equally famous: every niche is as even as a ring, and evenness proves nothing.
    src, dst = honest_world(np.random.default_rng(1), accounts=3000, niches=5, kols=20, spread=0.0, fame=0.0)
    assert find_rings(Graph.from_edges(src, dst), seed=1).accounts() == []


def test_fan_clubs_are_named(army):
    rings = army[2]
    assert "fan club" in {r.verdict for r in rings.rings}
    assert all(r.dispersion > 4 or r.one_customer > 0.5 for r in rings.rings if r.verdict == "fan club")


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_graph_has_no_rings(army, seed):
    src, dst, _ = army[0].edges()
    shuffled = np.random.default_rng(seed).permutation(dst)
    rings = find_rings(Graph.from_rows(src, shuffled, None, np.array([i.encode() for i in army[0].ids])), seed=seed)
    assert rings.rings == ()
    assert rings.frame().empty
    assert {name: len(table) for name, table in rings.tables().items()} == {"rings": 0, "ring_members": 0}


def test_random_graphs_of_the_same_degrees_have_nothing_like_it(army):
    rings = find_rings(army[0], seed=1, rule=Rule(null_draws=2))
    assert len(rings.null_bits) == 2
    assert max(rings.null_bits) < min(ring.bits for ring in rings.rings if ring.verdict == "coordinated")
    assert all(ring.p <= 0.01 for ring in rings.rings)


# ---------------------------------------------------------------------- faces


def test_tables_fit_the_workspace(army):
    from kolgraph.workspace.tables import RESULTS

    tables = army[2].tables()
    assert set(tables["rings"].columns) == set(RESULTS["rings"].columns) - {"run_id"}
    rows = tables["ring_members"]
    assert set(rows.columns) == set(RESULTS["ring_members"].columns) - {"run_id", "account_key"} | {"account_id"}
    assert rows["post_id"].isna().all()
    assert len(rows) == sum(r.members.size + r.targets.size for r in army[2].rings)
    assert army[2].variant == "follow"


def test_real_weights_discount_only_coordinated_members(army):
    graph, _, rings = army
    weights = rings.real_weights(graph)
    assert set(graph.ids[weights == 0]) == set(rings.accounts())
    spared = replace(rings, rings=tuple(replace(r, verdict="fan club") for r in rings.rings))
    assert (spared.real_weights(graph) == 1).all()
    assert (rings.real_weights(from_rows(3, [(0, 1)])) == 1).all()


@pytest.fixture(scope="module")
def reposts():
    """A crowd, and 40 accounts that repost 15 posts with chance .6: users and posts."""
    rng = np.random.default_rng(6)
    crowd = rng.integers(0, 900, (2, 5000))
    bots, work = np.nonzero(rng.random((40, 15)) < 0.6)
    users = [f"weibo:{i}" for i in [*crowd[0], *(bots + 10**18)]]
    return users, [f"weibo:p{i}" for i in [*crowd[1], *work]]


def test_repost_rings_name_posts(reposts):
    users, posts = reposts
    rings = find_repost_rings(users, posts, [f"author of {p}" for p in posts], seed=1)
    assert rings.accounts() == sorted(f"weibo:{10**18 + i}" for i in range(40))
    rows = rings.tables()["ring_members"]
    targets = rows[rows["role"] == "target"]
    assert set(targets["post_id"]) == {f"weibo:p{i}" for i in range(15)}
    assert targets["account_id"].isna().all()
    assert rows[rows["role"] == "member"]["post_id"].isna().all()
    assert rings.relation == "repost"


@pytest.mark.parametrize("case", ["one idol", "authors unknown", "no authors", "each other"])
def test_reposts_that_fans_or_friends_would_make_are_spared(reposts, case):
    users, posts = reposts
    pushed = {f"weibo:p{i}": i for i in range(15)}
    own = {
        "one idol": lambda i: "idol",
        "authors unknown": lambda i: None,
        "each other": lambda i: f"weibo:{10**18 + i}",
    }
    authors = (
        None if case == "no authors" else [own[case](pushed[p]) if p in pushed else f"author of {p}" for p in posts]
    )
    rings = find_repost_rings(users, posts, authors, seed=1)
    assert rings.accounts() == []
    # Of friends some are no authors of what some others push: a natural group.
    said = {"one idol": ["fan club"], "each other": ["community"]}
    assert [r.verdict for r in rings.rings] == said.get(case, ["cannot tell"])


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="float cannot hold"):
        find_repost_rings([1.0], ["p"], seed=1)
    with pytest.raises(InputError, match="row 1 has no id"):
        find_repost_rings(["a", None], ["p", "q"], seed=1)
    with pytest.raises(InputError, match="equally long"):
        find_repost_rings(["a"], ["p", "q"], seed=1)
    with pytest.raises(InputError, match="2 authors for 1 reposts"):
        find_repost_rings(["a"], ["p"], ["x", "y"], seed=1)
    with pytest.raises(InputError, match="authors must be"):
        find_repost_rings(["a"], ["p"], [0.5], seed=1)
    with pytest.raises(InputError, match="max_rings must be at least 1"):
        find_rings(from_rows(3, [(0, 1)]), seed=1, rule=Rule(max_rings=0))


def test_graphs_without_edges_have_no_rings():
    assert find_rings(from_rows(3, []), seed=1).rings == ()
    assert find_rings(from_rows(3, [(1, 1)]), seed=1).rings == ()
    assert find_repost_rings([], [], seed=1).rings == ()


@pytest.mark.realdata
@pytest.mark.skipif(not EPINIONS.exists(), reason=f"{EPINIONS.name} is not there")
def test_thin_ring_is_found_in_epinions():
    rng = np.random.default_rng(1)
    with gzip.open(EPINIONS, "rt") as lines:
        pairs = np.loadtxt(lines, skiprows=1, dtype=np.int64)
    pairs = np.where(rng.random((len(pairs), 1)) < 0.5, pairs, pairs[:, ::-1])
    src, dst, members = with_ring(rng, pairs[:, 0], pairs[:, 1], 200, 200, 0.10)
    rings = find_rings(Graph.from_edges(src, dst), seed=1, rule=Rule(null_draws=0))
    assert f1(rings.rings[0].members, members) >= 0.97
    assert f1(rings.accounts(), members) >= 0.9
