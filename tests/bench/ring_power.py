"""How many members of planted rings are found when only a share of all edges is loaded: the table of `rings.power`.

``python -m tests.bench ring_power`` prints for every share: rings found at all, in the size of world where fewest are;
and, over all worlds, members found, edges into the found targets that come from found members, edges per found member,
and the spread of the members found between rings. `kolgraph.rings.power` holds these figures. Worlds of 6,000 accounts
have rings of 29 to 145 members with 8 to 11 paid follows each, larger ones of 40 to 200 members with 10 to 13.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kolgraph.graph import Graph
from kolgraph.rings import Rings, find_repost_rings, find_rings
from kolgraph.synth import World, make_world, thin_follows

SHARES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0)
WORLDS = ((6_000, 11), (6_000, 12), (12_000, 13), (12_000, 14), (20_000, 15), (20_000, 16))


def found(rings: Rings, pairs: pd.DataFrame, planted: pd.Series) -> list[dict[str, Any]]:
    """A row per planted ring: was it found, how many of its members, and of their edges."""
    accused = set(rings.accounts())
    coordinated = [ring for ring in rings.rings if ring.verdict == "coordinated"]
    blocks = {int(planted.reindex(ring.members).mode().iloc[0]): ring for ring in coordinated}
    rows = []
    for number, members in planted.groupby(planted):
        ring = blocks.get(int(number))
        row: dict[str, Any] = {"power": float(ring is not None)}
        if ring is not None:
            into = pairs[pairs["src"].map(planted).eq(number) & pairs["dst"].isin(set(ring.targets))]
            row |= {"member": members.index.isin(accused).mean(), "edge": into["src"].isin(accused).mean()}
            row |= {"edges": float(ring.member_edges.mean())}
        rows.append(row)
    return rows


def of_follows(world: World, share: float, seed: int) -> list[dict[str, Any]]:
    """Rings in a share of every follower list."""
    part = thin_follows(world.follows, share=share, seed=seed)
    graph = Graph.from_edges(part["src"].tolist(), part["dst"].tolist())
    return found(find_rings(graph, seed=1), part, _planted(world))


def of_reposts(world: World, share: float, seed: int) -> list[dict[str, Any]]:
    """Rings in a share of all reposts."""
    part = world.reposts[np.random.default_rng(seed).random(len(world.reposts)) < share]
    users, posts, authors = (part[name].to_numpy(object) for name in ("src", "root", "dst"))
    pairs = pd.DataFrame({"src": users, "dst": posts})
    return found(find_repost_rings(users, posts, authors, seed=1), pairs, _planted(world))


def _planted(world: World) -> pd.Series:
    roles = world.truth["rings"]
    return roles[roles["role"] == "member"].set_index("account")["ring"]


def main() -> None:
    """Print the table."""
    rows = []
    for accounts, seed in WORLDS:
        world = make_world(accounts, seed=seed)
        for share in SHARES:
            for view, look in (("follow", of_follows), ("repost", of_reposts)):
                facts = {"view": view, "share": share, "accounts": accounts}
                rows += [facts | row for row in look(world, share, seed)]
    table = pd.DataFrame(rows)
    least = table.groupby(["view", "share", "accounts"])["power"].mean().groupby(["view", "share"]).min()
    groups = table.groupby(["view", "share"])
    mean, spread = groups[["member", "edge", "edges"]].mean(), groups["member"].std().rename("spread")
    print(least.to_frame().join(mean).join(spread).round(3).to_string())
