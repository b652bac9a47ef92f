"""What a block of users and items proves: how unlikely it is by degrees, and what the rest of the graph says of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.bipartite import Bipartite, Block

I32 = NDArray[np.int32]

#: A target with less than this part of the typical target's edges is a hanger-on (a friend of two members), not pushed.
_HANGER_ON = 0.25
#: What holds a larger part of all edges is the graph, and no group in it: nothing is left to see it against.
_WHOLE = 0.5
#: A niche counts for the members by so many of their other edges as much as the whole graph does.
_NICHE = 5.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """A block and the numbers that speak for and against it; meanings as in `kolgraph.rings.Ring`."""

    block: Block
    member_edges: I32
    target_edges: I32
    edges: int
    expected: float
    expected_in_niche: float
    density: float
    bits: float
    share_of_targets: float
    share_of_members: float
    dispersion: float
    target_dispersion: float
    outward: float
    reliance: float
    one_customer: float
    #: Pairs of members at other items, and as many as are due by activity.
    tastes: float
    tastes_expected: float
    #: Walks from members over other items that come back to the targets, and as many as are due.
    walks: float
    walks_expected: float
    #: Edges of the members elsewhere, and of the targets from elsewhere.
    member_rest: int
    target_rest: int


class Scale:
    """The smallest block that is weighed, and the communities beside which it is seen."""

    def __init__(self, graph: Bipartite, label: I32, owner: NDArray[np.int64], min_users: int, min_items: int) -> None:
        self.label, self.owner, self.min_users, self.min_items = label, owner, min_users, min_items
        self.volume = np.bincount(label[: graph.m], weights=graph.degree[: graph.m], minlength=int(label.max()) + 1)


def weigh(graph: Bipartite, block: Block, scale: Scale) -> Evidence | None:
    """Evidence of what a block does to others; None if too little of it is left or its bits are not positive.

    The edges of the block itself are left out of what is expected: degrees that are mostly the block's own would
    explain it by itself. What the members do elsewhere, what the targets get from elsewhere, and what others do among
    themselves say how many are due (quasi-independence: Goodman 1968); under the null all four are independent, so that
    what is expected is not chosen together with the block. An edge per member and target is added for what is not known
    of them.

    Parameters
    ----------
    graph : Bipartite
    block : Block
    scale : Scale
        Its ``owner``, shape (n,), int64, says whose every item is: a user, another account (from m on), or -1 where
        that is not known; all unknown ones count as one account. What belongs to a user of the block is no target.
    """
    from kolgraph.kernels.blocks import kinship
    from kolgraph.kernels.peel import bits

    users, items = block
    owner = scale.owner
    per_item = graph.into(items, users)
    total = int(per_item.sum())
    same = np.isin(owner[items - graph.m], users)
    items, per_item = items[~same], per_item[~same]
    outward = int(per_item.sum())
    if outward == 0:
        return None
    # Typical = the median edge's target, so that many hangers-on cannot move it.
    ladder = np.sort(per_item)
    typical = ladder[np.searchsorted(np.cumsum(ladder), outward / 2)]
    items = items[per_item >= _HANGER_ON * typical]
    per_user = graph.into(users, items)
    users, per_user = users[per_user >= 2], per_user[per_user >= 2]
    s, t = users.size, items.size
    if s < scale.min_users or t < scale.min_items:
        return None
    per_item = graph.into(items, users)
    inner = int(per_user.sum())
    if inner > _WHOLE * graph.edges:
        return None
    effort, volume = int(graph.degree[users].sum()), int(graph.degree[items].sum())
    elsewhere = max(graph.edges - effort - volume + inner, 1)
    expected = (effort - inner + s) * (volume - inner + t) / elsewhere
    surplus = float(bits(inner, expected, s, t, graph.m, graph.n))
    if surplus <= 0:
        return None
    kin = kinship(graph.ptr, graph.idx, graph.m, graph.degree, graph.singles, users, items, *graph.work)
    density = inner / (s * t)
    _, customer = np.unique(owner[items - graph.m], return_inverse=True)
    return Evidence(
        block=Block(users, items),
        member_edges=per_user,
        target_edges=per_item,
        edges=inner,
        expected=expected,
        expected_in_niche=max(_in_niche(graph, Block(users, items), scale, effort - inner, volume - inner), expected),
        density=density,
        bits=surplus,
        share_of_targets=inner / volume,
        share_of_members=inner / effort,
        dispersion=float(per_user.var() / per_user.mean()),
        # A full block leaves coin flips no variance: half an edge per target is the least that can be told apart.
        target_dispersion=float(per_item.var() / max(per_item.mean() * (1 - density), 0.5)),
        outward=outward / total,
        reliance=float(np.quantile(per_item / graph.degree[items], 0.75)),
        one_customer=float(np.bincount(customer, weights=per_item).max() / inner),
        tastes=float(kin[0]),
        tastes_expected=float(kin[1]),
        walks=float(kin[2]),
        walks_expected=float(kin[3]),
        member_rest=effort - inner,
        target_rest=volume - inner,
    )


def _in_niche(graph: Bipartite, block: Block, scale: Scale, member_rest: int, target_rest: int) -> float:
    """Edges that as active accounts of the same communities would send to the targets.

    The community of a member is where most of its other edges go, so that the block cannot make a community of itself.
    """
    users, items = block
    label, ptr, idx = scale.label, graph.ptr, graph.idx
    near, k = graph.reached(items)
    outside = ~np.isin(near, users)
    into = np.bincount(label[near[outside]], weights=k[outside], minlength=scale.volume.size)
    count = graph.degree[users]
    who = np.repeat(np.arange(users.size), count)
    at = np.repeat(ptr[users], count) + np.arange(who.size) - np.repeat(np.cumsum(count) - count, count)
    there = idx[at]
    other = ~np.isin(there, items)
    who, place = who[other], label[there[other]].astype(np.int64)
    overall = target_rest / max(graph.edges - int(count.sum()), 1)
    if who.size == 0:
        return float(count.sum() * overall)
    key, times = np.unique(who * scale.volume.size + place, return_counts=True)
    whom, where = key // scale.volume.size, key % scale.volume.size
    best = np.lexsort((-times, whom))
    first = best[np.r_[True, np.diff(whom[best]) > 0]]
    home = where[first]
    weight = np.bincount(who, minlength=users.size)[whom[first]]
    rate = float(np.average(into[home] / np.maximum(scale.volume[home], 1.0), weights=weight))
    return float(count.sum() * (rate * member_rest + overall * _NICHE) / (member_rest + _NICHE))
