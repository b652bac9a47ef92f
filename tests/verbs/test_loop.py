"""Every verb on a planted world, counted again from the files in plain Python, or simulated forwards.

A verb that forgets who counts, an option, or what was learnt gives another number than the count.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from kolgraph import locale
from kolgraph.graph import Graph
from kolgraph.influence import learn_probabilities
from kolgraph.kernels.rrsets import simulate
from kolgraph.planning import factors
from kolgraph.planning.choose import DELTA, certify
from kolgraph.report import data
from kolgraph.synth import make_world
from kolgraph.verbs.show import ranking
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples, make

#: Simulated posts, and how far a sampled mean may lie from a simulated one.
RUNS, NEAR = 3_000, 0.1
REGION = "广东"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The world, its workspace, and plain counts of its files."""
    world, folder = make(), tmp_path_factory.mktemp("loop")
    files = world.write(folder / "files")
    with pytest.MonkeyPatch.context() as patch, Workspace.open(folder / "w.kol", create=True) as ws:
        patch.setattr(import_module("kolgraph.influence.reach"), "SETS", 60_000)
        patch.setitem(import_module("kolgraph.planning.pool").sample_pool.__kwdefaults__, "sets", 20_000)
        patch.setitem(import_module("kolgraph.influence.explanation").explain.__kwdefaults__, "runs", 5_000)
        patch.setattr("plotly.offline.get_plotlyjs", lambda: "")
        for kind in ("accounts", "follows", "posts", "reposts"):
            ws.load(files[kind], platform="weibo")
        yield SimpleNamespace(world=world, ws=ws, folder=folder, **counted(world))


def counted(world: Any) -> dict[str, Any]:
    """What the files say, by native id with the platform in front."""
    accounts = world.accounts.assign(account="weibo:" + world.accounts["account"]).set_index("account")
    follows = list(zip("weibo:" + world.follows["src"], "weibo:" + world.follows["dst"], strict=True))
    author = dict(zip(world.posts["post"], "weibo:" + world.posts["author"], strict=True))
    reposts = [("weibo:" + r.src, author[r.root], r.root, r.parent, r.post, r.time) for r in world.reposts.itertuples()]
    rings, clubs = world.truth["rings"], world.truth["fan_clubs"]
    bots = set("weibo:" + rings[rings["role"] == "member"]["account"])
    fans = set("weibo:" + clubs["account"]) - bots
    followers: dict[str, set[str]] = defaultdict(set)
    for src, dst in follows:
        followers[dst].add(src)
    kols = accounts[accounts["price_cny"].notna()]
    top = sorted(kols.index, key=lambda a: (-len(followers[a]), a))
    return {
        "accounts": accounts, "follows": follows, "author": author, "reposts": reposts, "bots": bots, "fans": fans,
        "followers": followers, "top": top, "client": max(followers, key=lambda a: (len(followers[a] & bots), a)),
    }  # fmt: skip


def weights(seen: SimpleNamespace, *, raw: bool = False, region: str | None = None, niche: str | None = None) -> Any:
    """How much each account counts, in the order of the accounts of the file."""
    inside = set(seen.accounts.index) - (set() if raw else seen.bots)
    if region:
        inside &= set(seen.accounts.index[seen.accounts["region"] == region])
    if niche:
        found = seen.ws.niches()
        inside &= set(found.ids[found.community == found.number(niche)])
    return np.array([float(account in inside) for account in seen.accounts.index])


def simulated(seen: SimpleNamespace, seeds: list[str], weight: Any, *, raw: bool = False, times: Any = None) -> float:
    """Forward simulation on probabilities that were learnt from the files, without the workspace.

    `times` says how much more often than that followers forward each account.
    """
    ids = seen.accounts.index.to_numpy(object)
    row = {account: i for i, account in enumerate(ids)}
    graph = Graph.from_edges([*ids, *(a for a, _ in seen.follows)], [*ids, *(b for _, b in seen.follows)])
    assert list(graph.ids) == list(ids)  # the loops that keep the order carry nothing on
    graph = Graph.from_rows(
        np.array([row[a] for a, _ in seen.follows], np.int32),
        np.array([row[b] for _, b in seen.follows], np.int32),
        None,
        graph.id_table,
    )
    writer = seen.author | {post: src for src, _, _, _, post, _ in seen.reposts}
    posts = np.zeros(len(ids))
    for account in writer.values():
        posts[row[account]] += 1
    taken: dict[tuple[int, int], set[str]] = defaultdict(set)
    for src, _, _, parent, _, _ in seen.reposts:
        taken[row[src], row[writer[parent]]].add(parent)
    pairs = sorted(taken)
    learnt = learn_probabilities(
        graph,
        [a for a, _ in pairs],
        [b for _, b in pairs],
        [len(taken[pair]) for pair in pairs],
        posts,
        fake=None if raw else [account in seen.bots for account in ids],
    ).graph
    into = learnt.incoming
    rows = np.array([row[account] for account in seeds], np.int32)
    ones = np.ones(len(ids))
    more = ones if times is None else np.asarray(times)
    p = np.minimum(into.weights * np.repeat(more, into.degree), 1).astype(np.float32)
    return float(np.mean(simulate(into.ptr, into.idx, p, ones, weight, rows, RUNS, 7)))


def proved(seen: SimpleNamespace, weight: Any, **options: Any) -> Any:
    """How much more than the model says posts of accounts with a price proved to move."""
    moves, scores = seen.ws.proven(**options), seen.ws.rank(by="reach", **options)
    priced = np.flatnonzero(seen.accounts["price_cny"].notna())
    rows = [row_of(moves, account) for account in seen.accounts.index[priced]]
    times = np.ones(len(weight))
    posted = np.where(moves.posts[rows] > 0, moves.expected[rows], np.nan)
    told = (scores.values[rows], weight[priced], posted, moves.location_sd[rows])
    times[priced] = factors(*told)
    return times


def row_of(scores: Any, account: str) -> int:
    return int(np.flatnonzero(scores.ids == account)[0])


# ---------------------------------------------------------------------- who counts


def test_the_planted_army_does_not_count_and_fans_do(seen: SimpleNamespace) -> None:
    found = seen.ws.real()
    assert set(found.ids[found.fake]) == seen.bots
    assert seen.ws.real(raw=True).weight.min() == 1
    accused = seen.ws.sql(
        "SELECT account_id FROM ring_members m JOIN rings r ON r.run_id = m.run_id AND r.ring = m.ring "
        "JOIN accounts USING (account_key) WHERE role = 'member' AND verdict = 'coordinated'"
    )
    assert not set(accused["account_id"]) & seen.fans


def test_fans_that_are_found_to_be_a_club_are_accused_nowhere(tmp_path: Path) -> None:
    world = make_world(1500, seed=6, niches=3, kols=38, rings=2, fan_clubs=3, campaigns=2)
    files, plain = world.write(tmp_path / "files"), counted(world)
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as ws:
        for kind in ("accounts", "follows", "posts", "reposts"):
            ws.load(files[kind], platform="weibo")
        blocks = [block for relation in ("follow", "repost") for block in ws.rings(relation=relation).rings]
        clubs = [block for block in blocks if block.verdict == "fan club"]
        assert clubs, "a world without a club that is found shows nothing"
        fans = {str(member) for block in clubs for member in block.members}
        assert not fans & plain["bots"]
        found = ws.real()
        assert set(found.ids[found.fake]) == plain["bots"]
        page = ws.report(tmp_path / "r.html").read_text(encoding="utf-8")
        shown, members = data.rings(ws), len(plain["bots"])
        share = sum(src in plain["bots"] for src, _ in plain["follows"]) / len(plain["follows"])
        assert (shown.totals["members"], shown.totals["clubs"]) == (members, len(clubs))
        assert shown.totals["share"] == pytest.approx(share)
        # Not in the sentence about the water army, not in the picture of the largest cascade.
        assert f"{members} accounts" in re.sub(r"<[^>]+>", "", page)
        cascade = data.cascade(ws)
        guilty = {name for name, ring in zip(cascade.nodes["name"], cascade.nodes["ring"], strict=True) if ring}
        assert guilty <= set(plain["accounts"].loc[sorted(plain["bots"]), "name"])
        for account in plain["top"][:5]:
            expected = len(plain["followers"][account] & plain["bots"]) / len(plain["followers"][account])
            assert ws.explain(account).shares["ring_share"] == pytest.approx(expected)


def test_an_answer_of_another_relation_or_seed_is_not_picked_up(seen: SimpleNamespace) -> None:
    follow, repost = (seen.ws.rings(relation=view) for view in ("follow", "repost"))
    posts = set(seen.ws.table("posts")["post_id"])
    for target in (str(t) for block in repost.rings for t in block.targets):
        assert target in posts
    assert {str(t) for block in follow.rings for t in block.targets} <= set(seen.accounts.index)
    for verb, options in (("rings", {"relation": "follow"}), ("niches", {}), ("rank", {}), ("rank", {"by": "reach"})):
        getattr(seen.ws, verb)(**options)
        getattr(seen.ws, verb)(**options, seed=2)
    stored = seen.ws.fetch("SELECT DISTINCT run_id FROM rings ORDER BY 1")
    assert {run for (run,) in stored} == {follow.run_id, repost.run_id}
    assert {run for (run,) in seen.ws.fetch("SELECT DISTINCT run_id FROM communities")} == {seen.ws.niches().run_id}
    reach = seen.ws.fetch("SELECT DISTINCT run_id FROM scores WHERE measure = 'reach'")
    assert reach == [(seen.ws.rank(by="reach").run_id,)]
    proven = seen.ws.fetch("SELECT DISTINCT run_id FROM scores WHERE measure = 'proven'")
    assert proven == [(seen.ws.rank().run_id,)]
    # Only members of rings among followers would be missed by whoever reads those among reposters, and the reverse.
    only = {str(m) for block in follow.rings for m in block.members if block.verdict == "coordinated"}
    assert only | {str(m) for b in repost.rings for m in b.members if b.verdict == "coordinated"} == seen.bots


# ---------------------------------------------------------------------- counts


@pytest.mark.parametrize("raw", [False, True])
def test_realised_is_a_count_of_real_reposters(seen: SimpleNamespace, raw: bool) -> None:
    moved: dict[str, set[str]] = defaultdict(set)
    for src, author, root, *_ in seen.reposts:
        if src != author and (raw or src not in seen.bots):
            moved[root].add(src)
    by_author: dict[str, list[int]] = defaultdict(list)
    for post, author in seen.author.items():
        by_author[author].append(len(moved[post]))
    expected = {author: float(np.mean(counts)) for author, counts in by_author.items()}
    assert seen.ws.realised(raw=raw).frame()["realised"].to_dict() == pytest.approx(expected)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("window", [False, True])
def test_cascades_are_counted_in_their_window(seen: SimpleNamespace, raw: bool, window: bool) -> None:
    times = sorted(time for *_, time in seen.reposts)
    # Both ends are the time of a repost: the first belongs to the window, the second does not.
    since, until = (times[len(times) // 4], times[len(times) // 2]) if window else (None, None)
    size: dict[str, int] = {}
    real: dict[str, int] = {}
    for src, author, root, _, _, time in seen.reposts:
        if (since is None or time >= since) and (until is None or time < until):
            size.setdefault(root, 1)
            real.setdefault(root, int(raw or author not in seen.bots))
            size[root] += 1
            real[root] += int(raw or src not in seen.bots)
    table = seen.ws.spread(since=since, until=until, raw=raw).frame()
    table = table.reset_index() if "root_id" not in table else table
    bare = table["root_id"].str.removeprefix("weibo:")
    assert dict(zip(bare, table["size"], strict=True)) == size
    assert dict(zip(bare, table["real_size"], strict=True)) == real
    assert raw or real != size


def test_audiences_are_judged_by_their_real_followers(seen: SimpleNamespace) -> None:
    judged, everybody = seen.ws.quality(), seen.ws.quality(raw=True)
    acted: dict[str, set[str]] = defaultdict(set)
    for src, author, *_ in seen.reposts:
        acted[author].add(src)
    for account in [*seen.top[:5], seen.client]:
        followers = seen.followers[account]
        real = followers - seen.bots
        i = row_of(judged, account)
        assert judged.shares["ring_share"].iloc[i] == pytest.approx(len(followers & seen.bots) / len(followers))
        assert everybody.shares["ring_share"].iloc[i] == 0
        assert judged.shares["engaged"].iloc[i] == pytest.approx(len(real & acted[account]) / len(real))
        assert everybody.shares["engaged"].iloc[i] == pytest.approx(len(followers & acted[account]) / len(followers))
    assert judged.shares["ring_share"].max() > 0.2


@pytest.mark.parametrize("options", [{}, {"raw": True}, {"region": REGION}, {"niche": "美妆"}])
def test_audiences_overlap_as_sets_do(seen: SimpleNamespace, options: dict[str, Any]) -> None:
    picks = [seen.client, *[a for a in seen.top if a != seen.client][:2]]
    counts = dict(zip(seen.accounts.index, weights(seen, **options), strict=True))
    found = seen.ws.audience(picks, **options)
    for account in picks:
        assert found.frame().loc[account, "known"] == len(seen.followers[account])
        assert found.frame().loc[account, "real"] == sum(counts[a] for a in seen.followers[account])
    together = set().union(*(seen.followers[a] for a in picks))
    assert found.summary()["unique_reach"] == sum(counts[a] for a in together)


@pytest.mark.parametrize("raw", [False, True])
def test_similar_accounts_share_real_followers(seen: SimpleNamespace, raw: bool) -> None:
    def real(account: str) -> set[str]:
        return seen.followers[account] - (set() if raw else seen.bots)

    found = seen.ws.similar(seen.client, raw=raw)
    for account in [a for a in seen.top if a != seen.client][:8]:
        mine, theirs = real(seen.client), real(account)
        assert found.values[row_of(found, account)] == pytest.approx(len(mine & theirs) / len(mine | theirs))


# ---------------------------------------------------------------------- simulations


OPTIONS: list[dict[str, Any]] = [{}, {"raw": True}, {"region": REGION}, {"niche": "美妆"}]


@pytest.mark.parametrize("options", OPTIONS)
def test_reach_is_what_a_simulation_forwards_finds(seen: SimpleNamespace, options: dict[str, Any]) -> None:
    scores, weight = seen.ws.rank(by="reach", **options), weights(seen, **options)
    for account in [seen.client, *seen.top[:4]]:
        i = row_of(scores, account)
        expected = simulated(seen, [account], weight, raw=options.get("raw", False))
        assert scores.values[i] == pytest.approx(expected, rel=NEAR)
        assert scores.low[i] <= scores.values[i] <= scores.high[i]
        assert scores.low[i] < expected * 1.05
        assert scores.high[i] > expected * 0.95


@pytest.mark.parametrize("options", OPTIONS)
def test_a_plan_reaches_what_a_simulation_forwards_finds(seen: SimpleNamespace, options: dict[str, Any]) -> None:
    names = {"region": "audience_region", "niche": "audience"}
    found = seen.ws.plan(budget=5000, **{names.get(key, key): value for key, value in options.items()})
    weight, raw = weights(seen, **options), options.get("raw", False)
    assert found.population == weight.sum()
    times = proved(seen, weight, **options)
    assert found.calibration == pytest.approx([times[list(seen.accounts.index).index(i)] for i in found.ids])
    assert found.reach == pytest.approx(simulated(seen, list(found.ids), weight, raw=raw, times=times), rel=NEAR)
    assert found.low <= found.reach <= found.high <= found.upper_bound * 1.05
    # Where everybody or the wrong ones are reached another combination is best; none of ours is worse than the top.
    naive: list[str] = []
    for account in seen.top:
        if seen.accounts.loc[[*naive, account], "price_cny"].sum() <= 5000:
            naive.append(account)
    assert found.reach >= 0.95 * simulated(seen, naive, weight, raw=raw, times=times)


def test_explain_takes_the_reach_of_rank_apart(seen: SimpleNamespace) -> None:
    found, scores = seen.ws.explain(seen.client), seen.ws.rank(by="reach")
    i = row_of(scores, seen.client)
    assert (found.reach, found.reach_low, found.reach_high) == (scores.values[i], scores.low[i], scores.high[i])
    real, everybody = weights(seen), np.ones(len(seen.accounts))
    assert found.why.reach == pytest.approx(simulated(seen, [seen.client], real), rel=NEAR)
    assert found.why.shown == pytest.approx(simulated(seen, [seen.client], everybody), rel=NEAR)
    assert found.why.shown > found.why.reach >= found.why.without_rings * 0.98
    shown = int(seen.accounts.loc[seen.client, "followers"])
    assert found.followers == shown
    known = seen.ws.proven()
    assert (found.proven, found.proven_low, found.proven_high) == (known.values[i], known.low[i], known.high[i])
    assert (found.next_low, found.next_high) == (known.next_low[i], known.next_high[i])
    assert (found.prior, found.proven_posts) == (known.prior[i], known.posts[i])
    assert found.inflation == shown / known.values[i]
    assert "ring_share" in found.problems
    regions = found.why.audiences.query("kind == 'region'")
    assert set(regions["group"]) <= set(seen.accounts["region"])
    assert regions["share"].sum() == pytest.approx(1)


# ---------------------------------------------------------------------- whom to book


def test_only_who_may_be_booked_is_booked_at_the_price_of_the_list(seen: SimpleNamespace) -> None:
    prices = seen.accounts["price_cny"].dropna().astype(float).to_dict()
    dear, cheap = max(prices, key=lambda a: (prices[a], a)), min(prices, key=lambda a: (prices[a], a))
    found = seen.ws.plan(budget=5000)
    assert found.prices_cny == tuple(prices[account] for account in found.ids)
    assert found.spent_cny == sum(found.prices_cny) <= 5000
    asked = seen.ws.plan(budget=5000, must=[cheap], never=[found.ids[0]])
    assert cheap in asked.ids
    assert found.ids[0] not in asked.ids
    assert dear in seen.ws.plan(count=2, must=[dear]).ids
    region = seen.accounts.loc[found.ids[0], "region"]
    niche = seen.accounts.loc[found.ids[0], "niche"]
    assert set(seen.accounts.loc[list(seen.ws.plan(count=3, region=region).ids), "region"]) == {region}
    assert set(seen.accounts.loc[list(seen.ws.plan(count=3, niche=niche).ids), "niche"]) == {niche}
    assert len(seen.ws.plan(count=3).ids) == 3


def lower(hits: float) -> float:
    """Tang, Tang, Xiao & Yuan (SIGMOD 2018), eq. 5, written down once more: a = ln(2 / delta)."""
    a = math.log(2) - math.log(0.01)
    return max(0.0, (math.sqrt(hits + a * 2 / 9) - math.sqrt(a * 0.5)) ** 2 - a / 18)


def test_a_certificate_divides_the_bounds_of_the_paper(seen: SimpleNamespace) -> None:
    found = seen.ws.plan(budget=5000)
    unit = found.population / len(found.pool.check)
    assert DELTA == 0.01
    assert found.certificate == pytest.approx(lower(round(found.reach / unit)) * unit / found.upper_bound, rel=1e-9)
    assert 0.7 < found.certificate < 1


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3])
def test_bounds_hold_as_often_as_they_promise(share: float) -> None:
    """Exactly, by the binomial distribution: a bound that is too tight fails more often than delta / 2."""
    sets = 20_000
    middle, wide = sets * share, 12 * math.sqrt(sets * share)
    hits = np.arange(max(0, int(middle - wide)), int(middle + wide) + 1)
    chance = binom.pmf(hits, sets, share)
    bounds = np.array([certify(int(h), float(h)) for h in hits])
    too_high, too_low = chance[bounds[:, 0] > middle].sum(), chance[bounds[:, 1] < middle].sum()
    assert 1e-6 < too_high <= 0.01 / 2
    assert 1e-6 < too_low <= 0.01 / 2


# ---------------------------------------------------------------------- faces


def test_the_report_shows_each_number_in_its_place(seen: SimpleNamespace) -> None:
    page = seen.ws.report(seen.folder / "r.html").read_text(encoding="utf-8")
    scores, moved, judged = seen.ws.proven(), seen.ws.realised(), seen.ws.quality()
    reach, table = seen.ws.rank(by="reach"), data.influence(seen.ws)
    assert set(table["measure"]) == {"proven"}
    section = page.split('<section id="influence">')[1].split("</section>")[0]
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in section.split("<tr>")[2:]]
    show: Callable[[float], str] = lambda value: str(locale.number(value, lang="en"))  # noqa: E731
    for row, shown in zip(table.to_dict("records"), cells, strict=True):
        account, i = row["account_id"], row_of(scores, row["account_id"])
        followers = len(seen.followers[account])
        ring_share = len(seen.followers[account] & seen.bots) / followers
        assert (row["value"], row["low"], row["high"]) == (scores.values[i], scores.low[i], scores.high[i])
        assert row["modelled"] == reach.values[i]
        assert row["realised"] == pytest.approx(moved.values[i], nan_ok=True)
        assert row["score"] == judged.score[i]
        assert row["inflation"] == pytest.approx(seen.accounts.loc[account, "followers"] / scores.values[i])
        assert row["ring_share"] == pytest.approx(ring_share)
        assert bool(row["flag"]) == (ring_share > 0.05) == ("ring_share" in judged.problems()[i])
        assert shown[1:3] == [show(scores.values[i]), f"{show(scores.low[i])} – {show(scores.high[i])}"]
    assert [row["account_id"] for row in scores.records(len(table))] == table["account_id"].tolist()
    rings = data.rings(seen.ws)
    assert rings.totals["members"] == len(seen.bots)
    assert rings.totals["share"] == pytest.approx(sum(a in seen.bots for a, _ in seen.follows) / len(seen.follows))


def test_every_face_divides_the_same_followers_by_what_is_proven(seen: SimpleNamespace) -> None:
    scores = seen.ws.proven()
    rows, _ = ranking(seen.ws, top=10)
    asked = seen.ws.query("top-accounts", by="inflation", limit=500).set_index("id")["score"]
    for row in rows:
        account, moves = row["account_id"], scores.values[row_of(scores, row["account_id"])]
        expected = seen.accounts.loc[account, "followers"] / moves
        assert row["inflation"] == asked[account] == seen.ws.explain(account).inflation == expected
