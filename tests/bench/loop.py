"""The loop: plan, run the campaign, learn from it, plan again; judged by the planted truth, which no plan has seen.

Everything a plan knows it read from files, through the loaders. What it is worth is the mean number of real accounts in
forward simulations (`kolgraph.kernels.rrsets.simulate`) on the planted follows, with the planted probabilities, real
accounts and random numbers of their own: plans are made from reverse sets, of other streams. All plans of a world meet
the same simulation.

Planted probabilities are ``scale / followings``: what structure alone assumes, but for the scale. Where accounts differ
in zeal as well (`zealous`) structure is wrong about everybody, and there is something to learn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from kolgraph.graph import Graph
from kolgraph.kernels.rrsets import simulate
from kolgraph.planning import Plan
from kolgraph.synth import World, make_world
from kolgraph.synth.cascades import Posts, independent_cascades
from kolgraph.synth.follows import BASE_MS, DAY_MS, Follows
from kolgraph.verbs.observed import forwarding
from kolgraph.workspace import Workspace

PLATFORM = "weibo"
#: Budgets, as shares of what the whole price list costs.
BUDGETS = (0.05, 0.15, 0.4)
#: Of these the campaign is run that is learnt from.
CAMPAIGN = 0.15
#: Posts of each booked KOL in the campaign.
POSTS = 3
RUNS = 4000
#: Far from the seeds of worlds and plans.
STREAM = 7_000_000
PLANS = ("most followers first", "cheapest follower first", "ours, everybody counted", "ours")


@dataclass(frozen=True)
class Truth:
    """What was planted, by row of a graph of the planted follows; ids are those of the platform."""

    graph: Graph
    p: NDArray[np.float64]
    real: NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, world: World) -> Truth:
        """The truth of a world."""
        graph = Graph.from_frame(world.follows)
        rows = world.truth["real"].merge(world.truth["probabilities"], on="account").set_index("account")
        rows = rows.reindex(graph.ids)
        real, p = rows["is_real"].to_numpy(np.float64), rows["p_repost"].to_numpy(np.float64)
        return cls(graph, p, real, int(world.parameters["seed"]))

    def zealous(self, spread: float = 1.0) -> Truth:
        """The same, with accounts that forward more or less than others who follow as many; mean factor 1."""
        zeal = np.random.default_rng([STREAM, self.seed]).lognormal(-(spread**2) / 2, spread, self.p.size)
        return replace(self, p=np.minimum(self.p * zeal, 1.0))

    def reached(self, accounts: Sequence[str], runs: int = RUNS) -> float:
        """Real accounts that these reach with a post each: mean of forward simulations."""
        return float(self.campaigns(accounts, runs).mean())

    def campaigns(self, accounts: Sequence[str], runs: int) -> NDArray[np.float64]:
        """The same, simulation by simulation; shape (runs,)."""
        into, one = self.graph.incoming, np.ones(self.graph.n)
        # An account that nobody follows and that follows nobody is not in the graph: it reaches itself.
        inside = np.isin(accounts, self.graph.ids)
        seeds = self.graph.rows([a for a, there in zip(accounts, inside, strict=True) if there]).astype(np.int32)
        weights = self.p[into.idx].astype(np.float32)
        found = simulate(into.ptr, into.idx, weights, one, self.real, seeds, runs, STREAM + self.seed)
        return np.asarray(found + float((~inside).sum()), dtype=np.float64)


def native(plan: Plan) -> list[str]:
    """The accounts of a plan, as the platform calls them."""
    return [account.removeprefix(f"{PLATFORM}:") for account in plan.ids]


def opened(world: World, folder: Path, kinds: Sequence[str]) -> Workspace:
    """A workspace with these exports of a world."""
    files = world.write(folder / "files")
    ws = Workspace.open(folder / "w.kol", create=True)
    for kind in kinds:
        ws.load(files[kind], platform=PLATFORM)
    return ws


def in_order(prices: pd.DataFrame, by: pd.Series, budget: float) -> list[str]:
    """Book in this order, smallest first, whoever can still be paid."""
    booked, left = [], budget
    for row in prices.loc[by.sort_values(kind="stable").index].itertuples():
        if row.price_cny <= left:
            booked.append(str(row.account))
            left -= row.price_cny
    return booked


def four_plans(world: World, ws: Workspace, budget: float) -> dict[str, list[str]]:
    """What each way of planning books."""
    listed = world.accounts.dropna(subset="price_cny")
    listed = listed[listed["followers"] > 0]
    return {
        PLANS[0]: in_order(listed, -listed["followers"], budget),
        PLANS[1]: in_order(listed, listed["price_cny"] / listed["followers"], budget),
        PLANS[2]: native(ws.plan(budget=budget, raw=True)),
        PLANS[3]: native(ws.plan(budget=budget)),
    }


def campaign(world: World, truth: Truth, booked: Sequence[str], folder: Path, *, seed: int = 0) -> dict[str, Path]:
    """Files of what a client sees of a campaign: posts of the booked accounts, and who reposted them through whom.

    Real accounts forward as planted; seven of ten members of a ring repost what its clients post, as in the world.
    """
    rng = np.random.default_rng([STREAM, truth.seed, seed])
    follower, followed, _ = truth.graph.edges()
    known = [account for account in booked if account in set(truth.graph.ids)]
    author = np.repeat(truth.graph.rows(known).astype(np.int64), POSTS)
    time = BASE_MS + 40 * DAY_MS + rng.integers(0, 5 * DAY_MS, author.size)
    posts = Posts(author, time, np.zeros(author.size, np.int64))
    follows = Follows(follower.astype(np.int64), followed.astype(np.int64), np.zeros(follower.size, np.int64))
    moved = independent_cascades(rng, truth.graph.n, follows, posts, truth.p)
    who, root, parent, when = moved.who, moved.root, moved.parent, moved.time
    for _, ring in world.truth["rings"].groupby("ring"):
        member = ring.loc[ring["role"] == "member", "account"]
        member = truth.graph.rows(member[member.isin(truth.graph.ids)].tolist()).astype(np.int64)
        clients = set(ring.loc[ring["role"] == "target", "account"])
        bought = np.flatnonzero([truth.graph.ids[a] in clients for a in author])
        at, by = np.nonzero(rng.random((bought.size, member.size)) < 0.7)
        who, root = np.append(who, member[by]), np.append(root, bought[at])
        parent = np.append(parent, np.full(at.size, -1))
        when = np.append(when, time[bought[at]] + rng.integers(60_000, 7_200_000, at.size))
    names = pd.Series(truth.graph.ids)
    post_ids = pd.Series(7_000_000_000_000_000 + np.arange(author.size)).astype(str)
    repost_ids = pd.Series(7_100_000_000_000_000 + np.arange(who.size)).astype(str)
    through = np.where(parent < 0, post_ids.to_numpy(object)[root], repost_ids.to_numpy(object)[parent])
    writer = names.to_numpy(object)[author]
    seen = replace(
        world,
        posts=pd.DataFrame({"post": post_ids, "author": writer, "time": time, "text": "新品", "likes": 0}),
        reposts=pd.DataFrame(
            {"post": repost_ids, "src": names.to_numpy(object)[who], "dst": writer[root]}
            | {"root": post_ids.to_numpy(object)[root], "parent": through, "time": when, "text": "转发微博"}
        ),
        truth={},
    )
    return seen.write(folder)


@dataclass(frozen=True)
class Round:
    """A plan before a campaign, and after what was seen of it was loaded; both at one budget."""

    first: list[str]
    second: list[str]
    before: float
    after: float
    learnt: tuple[bool, bool]
    reposts: tuple[int, int]


def two_rounds(world: World, truth: Truth, ws: Workspace, budget: float, folder: Path) -> Round:
    """Plan, run the campaign, load what is seen of it, plan again."""

    def known() -> tuple[bool, int]:
        return forwarding(ws)[1], int(ws.fetch("SELECT count(*) FROM reposts")[0][0])

    first, (knew, there) = native(ws.plan(budget=budget)), known()
    files = campaign(world, truth, first, folder)
    for kind in ("posts", "reposts"):
        ws.load(files[kind], platform=PLATFORM)
    second, (knows, now) = native(ws.plan(budget=budget)), known()
    return Round(first, second, truth.reached(first), truth.reached(second), (knew, knows), (there, now))


def compared(accounts: int, seed: int) -> tuple[dict[float, dict[str, float]], dict[str, Round]]:
    """Everything about one world: real accounts by budget and plan, and the rounds of the loop."""
    world = make_world(accounts, seed=seed)
    truth, total = Truth.of(world), float(world.accounts["price_cny"].sum())
    everything, follows = ("accounts", "follows", "posts", "reposts"), ("accounts", "follows")
    rounds = {}
    with tempfile.TemporaryDirectory(prefix="kolgraph-loop-") as name:
        folder = Path(name)
        with opened(world, folder / "all", everything) as ws:
            plans = {b: four_plans(world, ws, b * total) for b in BUDGETS}
            cells = {b: {n: truth.reached(booked) for n, booked in named.items()} for b, named in plans.items()}
            rounds["posts and reposts of a month loaded"] = two_rounds(
                world, truth, ws, CAMPAIGN * total, folder / "campaign-all"
            )
        for name, planted in (
            ("nothing but follows loaded", truth),
            ("the same, accounts differ in zeal", truth.zealous()),
        ):
            with opened(world, folder / name, follows) as ws:
                rounds[name] = two_rounds(world, planted, ws, CAMPAIGN * total, folder / f"campaign {name}")
    return cells, rounds


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean with a 95 % interval by Student's t, over worlds."""
    sample = np.asarray(values, dtype=np.float64)
    half = float(stats.t.ppf(0.975, sample.size - 1)) * float(sample.std(ddof=1)) / np.sqrt(sample.size)
    return float(sample.mean()), float(sample.mean()) - half, float(sample.mean()) + half


def main(*, accounts: int = 5000, seeds: Sequence[int] = range(1, 11)) -> None:
    """Print the tables."""
    print(f"The loop: {len(seeds)} worlds of {accounts:,} accounts, real accounts reached in {RUNS:,} simulated posts")
    found = [compared(accounts, seed) for seed in seeds]
    print("| budget, of the price list | plan | real accounts reached | ours against it | ours is better |")
    print("| --- | --- | --- | --- | --- |")
    for budget in BUDGETS:
        for plan in PLANS:
            mean, low, high = interval([cells[budget][plan] for cells, _ in found])
            against = [cells[budget][PLANS[3]] / cells[budget][plan] for cells, _ in found]
            ratio, least, most = interval(against)
            wins = sum(value > 1 for value in against)
            beside = (
                "| |" if plan == PLANS[3] else f"{ratio:.2f} ({least:.2f} to {most:.2f}) | {wins} of {len(found)} |"
            )
            print(f"| {budget:.0%} | {plan} | {mean:,.0f} ({low:,.0f} to {high:,.0f}) | {beside}")
    print(
        f"| first plan at {CAMPAIGN:.0%}, one campaign of {POSTS} posts a KOL | first | second | gain | better, same |"
    )
    print("| --- | --- | --- | --- | --- |")
    for name in found[0][1]:
        rounds = [rounds[name] for _, rounds in found]
        gain, low, high = interval([one.after / one.before - 1 for one in rounds])
        better = sum(one.after > one.before for one in rounds)
        same = sum(set(one.first) == set(one.second) for one in rounds)
        first, second = (float(np.mean([getattr(one, at) for one in rounds])) for at in ("before", "after"))
        gained = f"{gain:+.1%} ({low:+.1%} to {high:+.1%})"
        print(f"| {name} | {first:,.0f} | {second:,.0f} | {gained} | {better}, {same} of {len(rounds)} |")


if __name__ == "__main__":
    main()
