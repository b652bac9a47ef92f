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
        rings=np.array([0, 0, 0.25, 0.917, 1, 1, 0.917, 1, 1, 1]),
        members=np.array([0.37, 0.452, 0.513, 0.572, 0.648, 0.744, 0.862, 0.94, 0.968, 0.983]),
        edges=np.array([0.731, 0.766, 0.784, 0.812, 0.852, 0.895, 0.949, 0.98, 0.989, 0.994]),
        workload=np.array([2.574, 2.718, 2.994, 3.097, 3.198, 3.567, 4.203, 5.151, 6.19, 6.803]),
        spread=np.array([0.028, 0.073, 0.108, 0.107, 0.115, 0.104, 0.084, 0.059, 0.042, 0]),
    ),
    "repost": Power(
        rings=np.array([0, 0.417, 0.917, 1, 1, 1, 1, 1, 0.917, 1]),
        members=np.array([0.507, 0.606, 0.713, 0.808, 0.876, 0.958, 0.984, 0.998, 1, 1]),
        edges=np.array([0.792, 0.831, 0.885, 0.93, 0.958, 0.989, 0.996, 1, 1, 1]),
        workload=np.array([2.777, 3.23, 3.486, 3.728, 4.077, 4.826, 5.685, 7.082, 8.459, 9.355]),
        spread=np.array([0.114, 0.116, 0.113, 0.088, 0.067, 0.03, 0.015, 0.007, 0, 0]),
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
    [0.35, 0.3]
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
