"""Whether accounts that act together look as if one hand had made them: more alike than accounts drawn at random.

Drawn at random are accounts that are as busy: else any fan club is alike, since fans are busier than most people. What
accounts do together makes their days and words alike by itself, and that none of them is a KOL their circles: in sample
worlds fan clubs are as alike in these as armies are. That is reported and is no sign of one hand; ages, names and
profiles are.

Alike is evidence, not a verdict on people: newcomers of one campaign are of one age, too. That the ages of a group vary
more than at random speaks against one hand. Where nothing is loaded nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.rings.views.account import Features

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

#: What whoever makes accounts gives them: of these is the verdict.
_MADE = frozenset({"age_days", "name_digits", "name_vowels", "name_default", "pattern", "empty_fields"})
#: By what it is told whether an account fits among others; what is told from one fact counts as one.
_KINDS = (("age_days",), ("ratio",), ("name_digits", "name_vowels", "name_default", "pattern"), ("empty_fields",))
#: Random groups, members of a group that are compared at most, and parts of a scale in which a member is placed.
_DRAWS, _COMPARED, _PARTS = 1023, 256, 10
#: How often in a hundred random groups would be called alike, or varied, by any feature.
_LEVEL = 0.05
#: Differences that are none.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Alike:
    """How a group of accounts compares with random ones of its size, feature by feature.

    Attributes
    ----------
    bits : mapping of str to float
        For what is more alike than in random groups: -log2 of how rarely a random group is so far off on either side;
        at most 9. ``pattern`` and ``hours`` among the names.
    against : mapping of str to float
        The same for what varies more than in random groups.
    unknown : tuple of str
        What fewer than two members are known by, and what all accounts have alike.
    """

    bits: Mapping[str, float]
    against: Mapping[str, float]
    unknown: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """``alike`` or ``varied``, by the strongest sign, if chance does not make it; ``ordinary``, ``unknown``."""
        sides = [[bits for name, bits in side.items() if name in _MADE] for side in (self.bits, self.against)]
        known = sum(map(len, sides))
        if not known:
            return "unknown"
        most, least = (max(side, default=0.0) for side in sides)
        if max(most, least) < np.log2(known / _LEVEL):
            return "ordinary"
        return "alike" if most >= least else "varied"


def of_group(features: Features, members: ArrayLike, *, seed: int) -> Alike:
    """Compare a group of accounts with random groups of its size.

    Parameters
    ----------
    features : Features
    members : array_like, shape (k,), int
        Rows. Of more than 256, as many are drawn.
    seed : int

    Returns
    -------
    Alike
        Numbers are alike if their ranks lie close together (variance), name patterns if pairs of members have the
        same, hours if their days overlap (mean Bhattacharyya coefficient of pairs).

    Notes
    -----
    1,023 random groups: in the place of every member an account of which the feature is known and that follows, and
    posts, as many to the octave; drawn with replacement, the member itself among them. O(n + 1,023 k) per feature.

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.rings.views.account import account_features
    >>> ages = np.random.default_rng(1).permutation(1000).astype(float)
    >>> found = of_group(account_features(pd.DataFrame({"age_days": ages})), np.flatnonzero(ages < 12), seed=1)
    >>> found.verdict, found.bits, found.against
    ('alike', {'age_days': 9.0}, {})
    """
    rng = np.random.default_rng(seed)
    group = np.unique(np.asarray(members, dtype=np.int64))
    if group.size > _COMPARED:
        group = np.sort(rng.choice(group, _COMPARED, replace=False))
    found: dict[str, tuple[bool, float]] = {}
    unknown = ["device"]
    for name in (*features.table, "pattern", "hours"):
        value, known, spread = _measure(features, name)
        everybody, inside = np.flatnonzero(known), group[known[group]]
        if inside.size < 2 or (value[everybody] == value[everybody[0]]).all():
            unknown.append(name)
            continue
        drawn = _as_busy(features.busy, everybody, inside, rng)
        random, own = spread(value[drawn]), spread(value[inside[None]])[0]
        low, high = (int((side <= _ROUNDING).sum()) + 1 for side in (random - own, own - random))
        found[name] = (low <= high, float(np.log2((_DRAWS + 1) / min(_DRAWS + 1, 2 * min(low, high)))))
    return Alike(
        bits={name: bits for name, (closer, bits) in found.items() if closer},
        against={name: bits for name, (closer, bits) in found.items() if not closer},
        unknown=tuple(unknown),
    )


def _as_busy(busy: I64, known: I64, members: I64, rng: np.random.Generator) -> I64:
    """For every member as many accounts as there are groups, all as busy as it is, shape (groups, members)."""
    order = known[np.argsort(busy[known], kind="stable")]
    level = busy[order]
    first, last = (np.searchsorted(level, busy[members], side=side) for side in ("left", "right"))
    return np.asarray(order[first + (rng.random((_DRAWS, members.size)) * (last - first)).astype(np.int64)])


def of_members(features: Features, members: ArrayLike) -> F64:
    """How much more each member looks like the other members than like anybody.

    Parameters
    ----------
    features : Features
    members : array_like, shape (k,), int
        Rows, each once.

    Returns
    -------
    ndarray, shape (k,), float64
        Bits of age, circle, name and profile, averaged within each of these and summed; positive for one that fits in;
        0 where nothing is known, near 0 in a group that looks like everybody.

    Notes
    -----
    O(n + k) per feature. Each feature is one of ten parts of its scale, or a name pattern; how common a part is in the
    group is told from the other members, with as many made-up ones as there are parts, spread like everybody.

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.rings.views.account import account_features
    >>> features = account_features(pd.DataFrame({"age_days": np.arange(1000.0)}))
    >>> of_members(features, [0, 1, 2, 3, 4, 900]).round(1).tolist()
    [1.7, 1.7, 1.7, 1.7, 1.7, -0.6]
    """
    group = np.asarray(members, dtype=np.int64)
    bits = np.zeros(group.size)
    for kind in _KINDS:
        told, known_by = np.zeros(group.size), np.zeros(group.size)
        for name in kind:
            value, known, _ = _measure(features, name)
            inside = known[group]
            part = value if name == "pattern" else np.minimum(np.where(known, value, 0) * _PARTS, _PARTS - 1)
            part = part.astype(np.int64)
            common = np.bincount(part[known], minlength=1) / max(int(known.sum()), 1)
            mine = part[group[inside]]
            among = np.bincount(mine, minlength=common.size)[mine] - 1
            made_up = (common > 0).sum()
            told[inside] += np.log2((among + made_up * common[mine]) / (inside.sum() - 1 + made_up) / common[mine])
            known_by += inside
        bits += np.divide(told, known_by, out=np.zeros(group.size), where=known_by > 0)
    return bits


def _measure(
    features: Features, name: str
) -> tuple[NDArray[np.number], NDArray[np.bool_], Callable[[NDArray[np.number]], F64]]:
    """Values of a feature, of whom it is known, and how much groups vary: from shape (groups, k) to (groups,)."""
    if name == "hours":
        total = features.hours.sum(axis=1)
        day = np.sqrt(features.hours / np.maximum(total, 1)[:, None])
        return day, total > 0, lambda groups: -(groups.sum(axis=1) ** 2).sum(axis=1)
    if name == "pattern":
        code = features.patterns
        kinds = int(code.max(initial=0)) + 1
        return code, code >= 0, lambda groups: -_matches(groups, kinds)
    rank = features.ranks[name]
    return rank, ~np.isnan(rank), lambda groups: groups.var(axis=1)


def _matches(groups: NDArray[np.number], kinds: int) -> F64:
    """Pairs of the same kind in every group, each pair twice and everyone with itself."""
    key = groups.astype(np.int64) + kinds * np.arange(groups.shape[0])[:, None]
    count = np.bincount(key.ravel(), minlength=kinds * groups.shape[0]).reshape(-1, kinds)
    return np.asarray((count.astype(np.float64) ** 2).sum(axis=1))
