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

    `rings` is the part of rings found at all; of those, `members` is the part of members found, `edges` the part of
    edges into the ring's found targets that come from found members, `workload` the edges per found member, and
    `spread` the standard deviation of `members` between rings, beyond that of full lists.
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
        rings=np.array([0.111, 0.861, 0.972, 1, 1, 1, 1, 1, 1, 1]),
        members=np.array([0.359, 0.432, 0.535, 0.626, 0.693, 0.811, 0.902, 0.967, 0.989, 0.994]),
        edges=np.array([0.717, 0.75, 0.799, 0.842, 0.876, 0.926, 0.964, 0.989, 0.996, 0.998]),
        workload=np.array([2.817, 2.754, 2.973, 3.178, 3.323, 4.002, 4.606, 5.81, 6.844, 7.57]),
        spread=np.array([0.015, 0.078, 0.085, 0.077, 0.082, 0.076, 0.068, 0.038, 0.019, 0]),
    ),
    "repost": Power(
        rings=np.array([0.417, 0.972, 1, 1, 0.972, 0.972, 0.972, 1, 1, 1]),
        members=np.array([0.497, 0.614, 0.743, 0.811, 0.89, 0.956, 0.986, 0.998, 1, 1]),
        edges=np.array([0.782, 0.836, 0.907, 0.932, 0.966, 0.987, 0.996, 1, 1, 1]),
        workload=np.array([2.822, 3.14, 3.377, 3.718, 4.032, 4.832, 5.65, 7.017, 8.384, 9.316]),
        spread=np.array([0.104, 0.119, 0.087, 0.088, 0.055, 0.033, 0.016, 0.005, 0, 0]),
    ),
}
#: Part of rings that must be found for a view to count as one in which rings can be seen.
ENOUGH = 0.95
#: Standard deviation of `workload` between rings, relative to it.
WORKLOAD_SPREAD = 0.12
#: Paid edges per member of the planted rings: 9.6 to 12.6.
WORKLOAD = 10.0


class Recall(NamedTuple):
    """Chance that a member of a ring is found, relative to full lists; `spread` is a standard deviation."""

    member: float
    edge: float
    spread: float


def seen_from(relation: str = "follow") -> float:
    """Share of edges that must be loaded for nearly every ring to be found.

    Examples
    --------
    >>> [round(seen_from(view), 2) for view in POWER]
    [0.29, 0.25]
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
    Calibrated on rings of 40 to 200 members with 10 to 13 paid edges each. A ring whose found members show clearly more
    edges than those did at this share works more, and is found as often as they were where so many edges are usual.
    """
    usual = POWER[relation].workload
    least = float(ring.member_edges.mean()) * (1 - 2 * WORKLOAD_SPREAD)
    return recall_at(max(share, float(np.interp(least, usual, SHARES))), relation)
