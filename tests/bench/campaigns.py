"""Do plans reach what they say? Campaigns of planned KOLs in worlds with planted truth, fans of idols among them.

A campaign is one post of every booked KOL, spread as the posts of the world were: independent cascades with the planted
probabilities and, of an idol, the fans that its club calls, as often as it does. What a plan says was read from files.
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
from tests.bench.loop import BUDGETS, PLATFORM, interval, native, opened

CAMPAIGNS = 200
#: Posts of an idol that its club reposts, at most (`kolgraph.synth.cascades`).
CALLED = 10
STREAM = 9_000_000


@dataclass(frozen=True)
class Said:
    """What a plan says, and what its campaigns reached."""

    reached: NDArray[np.float64]
    low: float
    high: float
    before: float

    @property
    def holds(self) -> float:
        """Share of campaigns inside the interval."""
        return float(np.mean((self.reached >= self.low) & (self.reached <= self.high)))


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
    field = Field(world)
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
            found[share] = Said(
                field.campaigns(native(ours)), ours.campaign_low, ours.campaign_high,
                float(field.campaigns(native(model)).mean()),
            )  # fmt: skip
    return found


def main(*, accounts: int = 20_000, seeds: Sequence[int] = range(1, 11)) -> None:
    """Print every figure."""
    print(f"Plans in {len(seeds)} worlds of {accounts:,} accounts on {PLATFORM}, {CAMPAIGNS} campaigns each")
    found = [compared(accounts, seed) for seed in seeds]
    for share in BUDGETS:
        cells = [cell[share] for cell in found]
        held = [cell.holds for cell in cells]
        wide = np.median([cell.high / cell.low for cell in cells])
        gain, low, high = interval([cell.reached.mean() / cell.before for cell in cells])
        print(
            f"  {share:.0%} of the price list: 90 % intervals hold for {np.mean(held):.1%} of campaigns "
            f"({min(held):.0%} to {max(held):.0%} by world), upper / lower {wide:.2f} (median); real accounts reached, "
            f"against plans of the model alone: {gain:.3f} ({low:.3f} to {high:.3f})"
        )


if __name__ == "__main__":
    main()
