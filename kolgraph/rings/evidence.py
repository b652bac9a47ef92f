"""What a block of users and items proves, and the rule that keeps natural groups from being accused.

Dense blocks are common among honest people: circles of friends, niches, fan clubs. A block is called *coordinated* only
if it looks like work that was handed out, which all of these lack in at least one respect:

* **outward**: circles follow each other, sold followers follow customers. At least `_MIN_OUTWARD` of the edges must
  leave the group. (Epinions, a trust network: median 0.3 in its natural blocks.)
* **enough to judge**: below `_MIN_EDGES` edges the three marks that follow cannot be told from luck.
* **many customers**: fans serve one idol. At most `_ONE_CUSTOMER` of the edges may reach a single account or what it
  wrote; a block beyond that is a *fan club*.
* **even among members**: zeal is heavy-tailed, a workload is not. Variance / mean of the members' edges must not exceed
  `fan_club_dispersion`; a block beyond it is a *fan club*, too.
* **even among targets**: followers of a niche spread over its accounts by fame, a ring serves every customer alike.
  The variance of the targets' edges must stay within `_UNEVEN` times what independent coin flips would give.
* **it makes targets**: for a quarter of the targets, at least `min_share` of all their edges come from the group. A
  small piece of a niche can be even by luck, but all its targets have most of their audience elsewhere; among the
  customers of a ring are some who would be nobody without it.

Everything else is a *community*. The rule prefers missing a ring to accusing people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.bipartite import Bipartite
from kolgraph.rings.peel import Block

_MIN_OUTWARD = 0.6
_MIN_EDGES = 30
_ONE_CUSTOMER = 0.5
_UNEVEN = 2.5
#: A target with less than this part of the typical target's edges is a hanger-on (a friend of two members), not pushed.
_HANGER_ON = 0.25


@dataclass(frozen=True, eq=False)
class Evidence:
    """A block and the numbers that speak for and against it; meanings as in `kolgraph.rings.Ring`."""

    block: Block
    member_edges: NDArray[np.int32]
    target_edges: NDArray[np.int32]
    edges: int
    expected: float
    density: float
    bits: float
    share_of_targets: float
    share_of_members: float
    dispersion: float
    target_dispersion: float
    outward: float
    reliance: float
    one_customer: float

    @property
    def key(self) -> float:
        """Rank: evidence, less for targets with a life of their own and for members of uneven zeal."""
        return self.bits * self.share_of_targets / max(self.dispersion, 0.5)

    def verdict(self, *, fan_club_dispersion: float, min_share: float) -> str:
        """``coordinated``, ``fan club`` or ``community``, by the rule at the top of this module."""
        if self.outward < _MIN_OUTWARD or self.edges < _MIN_EDGES:
            return "community"
        if self.one_customer > _ONE_CUSTOMER or self.dispersion > fan_club_dispersion:
            return "fan club"
        if self.target_dispersion > _UNEVEN or self.reliance < min_share:
            return "community"
        return "coordinated"


def weigh(
    graph: Bipartite, block: Block, owner: NDArray[np.int64], *, min_users: int, min_items: int
) -> Evidence | None:
    """Evidence of what a block does to others; None if too little of it is left or its bits are not positive.

    Parameters
    ----------
    graph : Bipartite
    block : Block
    owner : ndarray, shape (n,), int64
        Whose every item of the graph is: a user, another account (from m on), or -1 where that is not known; all
        unknown ones count as one account. What belongs to a user of the block is no target.
    """
    from kolgraph.kernels.peel import bits, hits

    users, items = block
    per_item = hits(graph.ptr, graph.idx, users)[items]
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
    per_user = hits(graph.ptr, graph.idx, items)[users]
    users, per_user = users[per_user >= 2], per_user[per_user >= 2]
    s, t = users.size, items.size
    if s < min_users or t < min_items:
        return None
    per_item = hits(graph.ptr, graph.idx, users)[items]
    inner, volume = int(per_user.sum()), float(graph.degree[items].sum())
    effort = float(graph.degree[users].sum())
    expected = effort * volume / graph.edges
    surplus = float(bits(inner, expected, s, t, graph.m, graph.n))
    if surplus <= 0:
        return None
    density = inner / (s * t)
    _, customer = np.unique(owner[items - graph.m], return_inverse=True)
    return Evidence(
        block=Block(users, items),
        member_edges=per_user,
        target_edges=per_item,
        edges=inner,
        expected=expected,
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
    )
