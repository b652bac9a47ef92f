"""Do plans reach what they say? Campaigns of planned KOLs in worlds with planted truth, fans of idols among them.

A campaign is one post of every booked KOL. It is run as plans model it, as one independent cascade with the planted
probabilities; and as the posts of the world were spread, each for itself and, of an idol, with the fans that its club
calls, as often as it does. What a plan says was read from files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kolgraph.planning import plan, sample_pool
from kolgraph.synth import World, make_world
from kolgraph.synth.cascades import Posts, independent_cascades
from kolgraph.synth.follows import BASE_MS, Follows
from kolgraph.verbs.observed import forwarding
from kolgraph.verbs.plan import candidates
from kolgraph.verbs.real import real
from tests.bench.loop import BUDGETS, PLATFORM, Truth, interval, native, opened

CAMPAIGNS = 200
STREAM = 9_000_000


@dataclass(frozen=True)
class Said:
    """What a plan says, and what its campaigns reached.

    Attributes
    ----------
    low, high : float
        90 % interval.
    together, apart : ndarray, shape (CAMPAIGNS,)
        Real accounts moved: by one cascade from all KOLs at once, as plans model it; by a post of each, which spread
        apart, fans among those who repost.
    before_together, before_apart : float
        Means of the same for a plan of the model alone.
    """

    low: float
    high: float
    together: NDArray[np.float64]
    apart: NDArray[np.float64]
    before_together: float
    before_apart: float

    def holds(self, reached: NDArray[np.float64]) -> float:
        """Share of campaigns inside the interval."""
        return float(np.mean((reached >= self.low) & (reached <= self.high)))


class Field:
    """A world in which campaigns are run."""

    def __init__(self, world: World) -> None:
        self.seed = int(world.parameters["seed"])
        self.row = pd.Index(world.accounts["account"])
        rows = world.truth["real"].merge(world.truth["probabilities"], on="account").set_index("account")
        rows = rows.reindex(self.row)
        self.real = rows["is_real"].to_numpy(bool)
        self.p = rows["p_repost"].to_numpy(np.float64)
        src, dst = (self.row.get_indexer(world.follows[name]) for name in ("src", "dst"))
        self.follows = Follows(src, dst, np.zeros(src.size, np.int64))
        # How often every fan reposted, of the posts of its idol.
        fans = world.truth["cascades"].query("kind == 'fan'")
        author = world.posts.set_index("post")["author"]
        pairs = fans.assign(idol=author.reindex(fans["root"]).to_numpy()).groupby(["idol", "account"]).size()
        posts = world.posts["author"].value_counts()
        self.fans = {
            idol: (self.row.get_indexer(part.index.get_level_values("account")), part.to_numpy() / posts[idol])
            for idol, part in pairs.groupby(level="idol")
        }

    def campaigns(self, accounts: Sequence[str], runs: int = CAMPAIGNS) -> NDArray[np.float64]:
        """Real accounts that campaigns of these move, themselves among them; shape (runs,)."""
        rng = np.random.default_rng([STREAM, self.seed])
        n, k = len(self.row), len(accounts)
        author = np.tile(self.row.get_indexer(accounts), runs)
        posts = Posts(author, np.full(author.size, BASE_MS), np.full(author.size, -1))
        spread = independent_cascades(rng, n, self.follows, posts, self.p)
        moved = [np.arange(author.size) // k * n + author, spread.root // k * n + spread.who]
        for account in accounts:
            if account in self.fans:
                fans, chance = self.fans[account]
                run, fan = np.nonzero(rng.random((runs, fans.size)) < chance)
                moved.append(run * n + fans[fan])
        who = np.unique(np.concatenate(moved))
        return np.bincount(who // n, weights=self.real[who % n], minlength=runs).astype(np.float64)


def compared(accounts: int, seed: int, *, clubs: int = 3) -> dict[float, Said]:
    """By budget: what plans say and reach, and what those of the model alone reach."""
    world = make_world(accounts, seed=seed, fan_clubs=clubs)
    field, truth = Field(world), Truth.of(world)
    found = {}
    with (
        tempfile.TemporaryDirectory(prefix="kolgraph-bench-") as folder,
        opened(world, Path(folder), ("accounts", "follows", "posts", "reposts")) as ws,
    ):
        prices = candidates(ws)
        graph, learnt = forwarding(ws)
        alone = sample_pool(graph, targets=real(ws).weight, probabilities=learnt, seed=1)
        for share in BUDGETS:
            budget = share * sum(prices.values())
            ours = ws.plan(budget=budget)
            model = plan(alone, candidates=prices, budget_cny=budget)
            chosen, before = native(ours), native(model)
            found[share] = Said(
                ours.campaign_low,
                ours.campaign_high,
                truth.campaigns(chosen, CAMPAIGNS),
                field.campaigns(chosen),
                truth.reached(before),
                float(field.campaigns(before).mean()),
            )
    return found


def main(*, accounts: int = 20_000, seeds: Sequence[int] = range(1, 11)) -> None:
    """Print every figure."""
    print(f"Plans in {len(seeds)} worlds of {accounts:,} accounts on {PLATFORM}, {CAMPAIGNS} campaigns each")
    found = [compared(accounts, seed) for seed in seeds]
    for share in BUDGETS:
        cells = [cell[share] for cell in found]
        wide = np.median([cell.high / cell.low for cell in cells])
        print(f"  {share:.0%} of the price list: upper / lower end of the 90 % interval {wide:.2f} (median)")
        for how, before in (("together", "before_together"), ("apart", "before_apart")):
            reached = [getattr(cell, how) for cell in cells]
            held = [cell.holds(part) for cell, part in zip(cells, reached, strict=True)]
            gain = [part.mean() / getattr(cell, before) for cell, part in zip(cells, reached, strict=True)]
            ratio, low, high = interval(gain)
            print(
                f"    {how}: it holds for {np.mean(held):.1%} of campaigns ({min(held):.0%} to {max(held):.0%} by "
                f"world); against plans of the model alone {ratio:.3f} ({low:.3f} to {high:.3f})"
            )


if __name__ == "__main__":
    main()
