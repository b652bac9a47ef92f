"""The numbers of a block, counted anew from who acted on what: what a saved case is checked against.

Nothing here is shared with the search (`kolgraph.rings.evidence`): two ways to one number that must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Totals:
    """Sizes of the whole relation: accounts that act, what is acted on, and distinct pairs of both."""

    actors: int
    targets: int
    edges: int


class Measured(NamedTuple):
    """A block as counted.

    Attributes
    ----------
    numbers : dict of str to float
        Named and meant as in `kolgraph.rings.Ring`.
    member_edges, target_edges : ndarray of int64, shapes (s,) and (t,)
        Distinct pairs inside the block.
    target_acts : ndarray of int64, shape (t,)
        Accounts that act on each target, members or not.
    """

    numbers: dict[str, float]
    member_edges: I64
    target_edges: I64
    target_acts: I64


def measure(pairs: pd.DataFrame, members: I64, owner: I64, acted: I64, totals: Totals) -> Measured:
    """Count a block of named members and targets.

    Parameters
    ----------
    pairs : DataFrame
        ``actor``, ``target``: everybody who acted on the targets; a pair may repeat. Targets are numbered from 0.
    members : ndarray of int64, shape (s,)
        The accounts among the actors that are members.
    owner : ndarray of int64, shape (t,)
        Whose every target is; equal numbers are one customer.
    acted : ndarray of int64, shape (s,)
        On how many different things each member acted in all.
    totals : Totals

    Returns
    -------
    Measured

    Notes
    -----
    Expected edges are those that the other edges of both sides give, one more for each account and target: (VS - O + s)
    (VT - O + t) / (E - VS - VT + O); bits the Poisson surplus less the price of naming s of m
    accounts and t of n targets. O(rows of pairs).

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({"actor": [1, 1, 2, 2, 3], "target": [0, 1, 0, 1, 0]})
    >>> found = measure(pairs, np.array([1, 2]), np.array([7, 8]), np.array([2, 3]), Totals(9, 9, 20))
    >>> found.numbers["edges"], found.numbers["expected"], found.numbers["share_of_targets"]
    (4, 0.6428571428571429, 0.8)
    """
    t = owner.size
    seen = pairs[["actor", "target"]].drop_duplicates()
    place = _places(members, seen["actor"].to_numpy())
    target = seen["target"].to_numpy(np.int64)
    target_acts = np.bincount(target, minlength=t)
    member_edges = np.bincount(place[place >= 0], minlength=members.size)
    target_edges = np.bincount(target[place >= 0], minlength=t)
    edges, possible = int(member_edges.sum()), members.size * t
    effort, volume = float(acted.sum()), float(target_acts.sum())
    elsewhere = max(totals.edges - effort - volume + edges, 1)
    expected = (effort - edges + members.size) * (volume - edges + t) / elsewhere
    density = _part(edges, possible)
    _, customer = np.unique(owner, return_inverse=True)
    numbers: dict[str, float] = {
        "members": members.size,
        "targets": t,
        "edges": edges,
        "expected": expected,
        "density": density,
        "bits": _bits(edges, expected, members.size, t, totals),
        "share_of_targets": _part(edges, volume),
        "share_of_members": _part(edges, effort),
        "dispersion": _part(float(member_edges.var()), float(member_edges.mean())) if members.size else float("nan"),
        "target_dispersion": float(target_edges.var() / max(target_edges.mean() * (1 - density), 0.5))
        if t
        else float("nan"),
        "reliance": float(np.quantile(target_edges / np.maximum(target_acts, 1), 0.75)) if t else float("nan"),
        "one_customer": _part(float(np.bincount(customer, weights=target_edges).max()), edges) if t else float("nan"),
    }
    return Measured(numbers, member_edges, target_edges, target_acts)


def _bits(edges: int, expected: float, s: int, t: int, totals: Totals) -> float:
    """Poisson log-likelihood ratio of the edges, less the price of naming the accounts, in bits."""
    from scipy.special import gammaln

    def choose(n: int, k: int) -> float:
        return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    due = max(expected, 1e-9)
    gain = edges * np.log(edges / due) - (edges - due) if edges > due else 0.0
    return float((gain - choose(totals.actors, s) - choose(totals.targets, t)) / np.log(2))


def _places(members: I64, actors: I64) -> I64:
    """Position among the members of every actor, -1 where it is none."""
    order = np.argsort(members, kind="stable")
    at = np.minimum(np.searchsorted(members, actors, sorter=order), members.size - 1)
    if not members.size:
        return np.full(actors.size, -1)
    found = order[at]
    return np.where(members[found] == actors, found, -1)


def _part(a: float, b: float) -> float:
    return a / b if b else float("nan")
