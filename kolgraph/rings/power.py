"""How much of a ring is found when only a part of its edges is loaded: calibrated on worlds with planted rings.

A ring shows by what its members do in common. If of all follower lists a tenth is loaded, a bot with twelve paid
follows is seen with one, and nothing can be told from it. The table here says which part of the members is found at
which share, and from which share on nearly every ring is found at all; ``python -m tests.bench ring_power`` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.result import Ring


class Power(NamedTuple):
    """What is found in one view, by the share of edges loaded; arrays of shape (k,).

    `rings` is the part of rings found at all, in the size of world where fewest are. Of those found, `members` is the
    part of members found, `edges` the part of edges into the ring's found targets that come from found members,
    `workload` the edges per found member, and `spread` the standard deviation of `members` between rings, which is left
    out at full lists: they are the standard.
    """

    rings: NDArray[np.float64]
    members: NDArray[np.float64]
    edges: NDArray[np.float64]
    workload: NDArray[np.float64]
    spread: NDArray[np.float64]


#: Shares of edges loaded, to which the rows of `POWER` belong: 36 rings in six worlds.
SHARES = np.array([0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
POWER: Mapping[str, Power] = {
    "follow": Power(
        rings=np.array([0, 0, 0, 0.333, 0.583, 0.917, 0.917, 1, 1, 1]),
        members=np.array([0.481, 0.491, 0.613, 0.681, 0.684, 0.779, 0.878, 0.954, 0.977, 0.988]),
        edges=np.array([0.757, 0.765, 0.85, 0.875, 0.865, 0.911, 0.956, 0.987, 0.993, 0.996]),
        workload=np.array([3.267, 3.267, 3.153, 3.38, 3.512, 3.773, 4.126, 4.88, 5.754, 6.144]),
        spread=np.array([0.046, 0.046, 0.073, 0.085, 0.1, 0.094, 0.086, 0.044, 0.03, 0]),
    ),
    "repost": Power(
        rings=np.array([0.583, 0.917, 1, 0.917, 0.917, 1, 1, 1, 0.917, 1]),
        members=np.array([0.584, 0.7, 0.806, 0.881, 0.924, 0.976, 0.994, 0.999, 1, 1]),
        edges=np.array([0.846, 0.903, 0.944, 0.969, 0.981, 0.996, 0.999, 1, 1, 1]),
        workload=np.array([2.771, 3.024, 3.313, 3.637, 4.011, 4.785, 5.657, 7.093, 8.509, 9.417]),
        spread=np.array([0.073, 0.083, 0.061, 0.037, 0.04, 0.018, 0.009, 0.003, 0, 0]),
    ),
}
#: Part of rings that must be found, in the size of world where fewest are, for a view to count as one that shows rings.
#: Not more: of the 12 rings of a size one is missed by chance at .6, and a stricter rule would follow that one.
ENOUGH = 0.9
#: Standard deviation of `workload` between rings, relative to it.
WORKLOAD_SPREAD = 0.12
#: Paid edges per member of the planted rings: 8 to 13; whose members made fewer may be missed at any share.
WORKLOAD = 8.0


class Recall(NamedTuple):
    """Chance that a member of a ring is found, relative to full lists; `spread` is a standard deviation.

    `member` is that of any, `edge` that of a member seen at a target that was found.
    """

    member: float
    edge: float
    spread: float


def seen_from(relation: str = "follow") -> float:
    """Share of edges that must be loaded for nearly every ring to be found.

    Examples
    --------
    >>> [round(seen_from(view), 2) for view in POWER]
    [0.49, 0.25]
    """
    # Where more is loaded no less is found: a dip is chance, and counts against what lies before it.
    power = np.minimum.accumulate(POWER[relation].rings[::-1])[::-1]
    return float(np.interp(ENOUGH, power, SHARES))


def recall_at(share: float, relation: str = "follow") -> Recall:
    """Recall of rings that nothing else is known of; see `recall_of`.

    Examples
    --------
    >>> recall_at(1.0)
    Recall(member=1.0, edge=1.0, spread=0.0)
    """
    power = POWER[relation]
    member, edge = (float(np.interp(share, SHARES, part / part[-1])) for part in (power.members, power.edges))
    return Recall(member, edge, float(np.interp(share, SHARES, power.spread)))


def recall_of(ring: Ring, share: float, relation: str = "follow") -> Recall:
    """Which part of a found ring was found.

    Parameters
    ----------
    ring : Ring
    share : float
        Of the edges of its targets, the part that is loaded.
    relation : str
        ``follow`` or ``repost``: the view it was found in.

    Returns
    -------
    Recall

    Notes
    -----
    Calibrated on rings of 29 to 200 members with 8 to 13 paid edges each. A ring whose found members show clearly more
    edges than those did at this share works more, and is found as often as they were where so many edges are usual.
    """
    usual = POWER[relation].workload
    least = float(ring.member_edges.mean()) * (1 - 2 * WORKLOAD_SPREAD)
    return recall_at(max(share, float(np.interp(least, usual, SHARES))), relation)
