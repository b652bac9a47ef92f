"""How much an account counts: a weight in [0, 1] with its reason, from rings, looks and labels.

Only rings that are *coordinated* discount: fans, natural groups and blocks that cannot be told count in full, and it is
said why. Within a ring a member with two edges is less surely one than a member with twelve: each has a chance of its
own, by what it did and by how well its age, circle, name and profile fit among those of the members. In eight sample
worlds, where bots differ from people by their circles alone, 10 of 26 that rings took in by mistake count more than
half by their edges, 15 with looks; of 10,474 bots 7 do, and 4.

Coordinated is not fake. The discount is for acting to order, which no audience does; that the accounts of a ring look
made by one hand is said where it is so, as is that they vary, or that nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.rings.result import Ring, Rings
from kolgraph.rings.views.account import Features
from kolgraph.rings.views.alike import of_group, of_members

F64 = NDArray[np.float64]

#: Reasons, as codes; `kolgraph.locale` has them as sentences (``real.`` before the code).
REASONS = (
    "coordinated_alike", "coordinated_ordinary", "coordinated_varied", "coordinated_unknown", "few_edges", "fan_club",
    "community", "cannot_tell", "label_fake", "label_real", "classifier",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Authenticity:
    """Who counts how much, and why.

    Attributes
    ----------
    weight : ndarray, shape (n,), float64
        0 to 1, in hundredths: the model behind it is no better than that.
    ring : ndarray of str, shape (n,)
        The ring an account most likely belongs to, ``follow:3``; None for everybody else.
    reason : ndarray of str, shape (n,)
        One of `REASONS`; None for who is in no group and has no label.
    bits : ndarray, shape (n,), float64
        Evidence for being a member of that ring, prior included; NaN outside of rings.
    """

    weight: F64
    ring: NDArray[np.object_]
    reason: NDArray[np.object_]
    bits: F64


def authenticity(
    ids: NDArray[np.object_],
    rings: Mapping[str, Rings],
    *,
    degree: Mapping[str, ArrayLike] | None = None,
    features: Features | None = None,
    labels: ArrayLike | None = None,
    chance: ArrayLike | None = None,
) -> Authenticity:
    """Weigh every account.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    rings : mapping of relation to Rings
        Of two rings of an account that are equally sure the first relation's is named.
    degree : mapping of relation to array_like, shape (n,), optional
        Distinct edges of every account in it: whom it follows, which posts it reposts. Default: as many as members of
        the ring have in the mean.
    features : Features, optional
        What accounts look like; default: unknown.
    labels : array_like, shape (n,), optional
        1 fake, 0 real, NaN unknown: the last word on an account.
    chance : array_like, shape (n,), optional
        That an account is fake, by a classifier (`kolgraph.rings.labels`). It may lower a weight, never lift it: what a
        ring proves is no matter of looks.

    Returns
    -------
    Authenticity

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    The chance to be in none of several rings is the product of those of each. O(n + members) besides `of_group`.

    Examples
    --------
    >>> from kolgraph.rings import find_rings
    >>> from kolgraph.graph import Graph
    >>> rng = np.random.default_rng(1)
    >>> crowd, (bots, work) = rng.integers(0, 900, (2, 4000)), np.nonzero(rng.random((40, 15)) < 0.6)
    >>> graph = Graph.from_edges([*crowd[0], *(bots + 1000)], [*crowd[1], *work])
    >>> found = authenticity(graph.ids, {"follow": find_rings(graph, seed=1)})
    >>> int((found.weight == 0).sum()), found.reason[graph.rows(["1000"])[0]]
    (40, 'coordinated_unknown')
    """
    n = ids.size
    given = {name: np.asarray(part, dtype=np.float64) for name, part in (degree or {}).items()}
    label, made = (np.full(n, np.nan) if part is None else np.asarray(part, np.float64) for part in (labels, chance))
    if any(part.shape != (n,) for part in (*given.values(), label, made)):
        raise InputError(f"degree, labels and chance need one value for each of {n:,} accounts")
    row = {str(account): i for i, account in enumerate(ids.tolist())}
    none, top, evidence = np.ones(n), np.full(n, -1.0), np.full(n, np.nan)
    ring, reason = np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    for relation, found in rings.items():
        for block in found.rings:
            rows = np.array([row[str(member)] for member in block.members], dtype=np.int64)
            if block.verdict != "coordinated":
                reason[rows[top[rows] < 0]] = block.verdict.replace(" ", "_")
                continue
            bits = member_bits(block, given[relation][rows] if relation in given else None, n)
            looks = "unknown"
            if features is not None:
                looks = of_group(features, rows, seed=block.number).verdict
                bits += of_members(features, rows)
            member = 1 / (1 + np.exp2(-np.clip(bits, -500, 500)))
            none[rows] *= 1 - member
            member = np.round(member, 2)
            better = member > top[rows]
            ring[rows[better]] = f"{relation}:{block.number}"
            top[rows[better]], evidence[rows[better]] = member[better], bits[better]
            reason[rows[better]] = np.where(member[better] >= 0.5, f"coordinated_{looks}", "few_edges")
    weight = np.round(none, 2)
    lower = np.round(1 - made, 2) < weight
    weight[lower], reason[lower] = np.round(1 - made[lower], 2), "classifier"
    for value, code in ((1.0, "label_fake"), (0.0, "label_real")):
        weight[label == value], reason[label == value] = 1 - value, code
    return Authenticity(weight, ring, reason, evidence)


def member_bits(ring: Ring, degree: ArrayLike | None, accounts: int) -> F64:
    """Evidence for each member of a ring that it is one, in bits, prior included.

    Parameters
    ----------
    ring : Ring
    degree : array_like, shape (s,), or None
        Distinct edges of the members in the relation; None: their mean.
    accounts : int
        Accounts there are.

    Returns
    -------
    ndarray, shape (s,), float64

    Notes
    -----
    log2 of the odds that a member has so many edges into the targets rather than somebody as busy who follows by
    fame. A member's number is Poisson around the ring's mean, or negative binomial where the ring's `dispersion` says
    that the workload is uneven; an outsider's is Poisson, its mean from degrees less the edges of the ring itself,
    which would explain themselves otherwise. Prior odds s / (accounts - s).
    """
    from scipy.stats import nbinom, poisson

    k, s = ring.member_edges.astype(np.float64), ring.members.size
    inside = float(k.sum())
    effort, volume = inside / ring.share_of_members, inside / ring.share_of_targets
    rest = max(effort * volume / max(ring.expected, 1e-9) - inside, 1.0)  # edges there are, less those of the ring
    own = np.full(s, effort / s) if degree is None else np.asarray(degree, dtype=np.float64)
    outsider = np.maximum(own - k + 1, 1) * (volume - inside + ring.targets.size) / rest
    mean = inside / s
    if ring.dispersion > 1:
        member = nbinom.logpmf(k, mean / (ring.dispersion - 1), 1 / ring.dispersion)
    else:
        member = poisson.logpmf(k, mean)
    odds = member - poisson.logpmf(k, outsider) + np.log(s / max(accounts - s, 1))
    return np.asarray(odds / np.log(2), dtype=np.float64)
