"""What speaks against a group being work that was handed out, point by point, each with its number.

Three kinds of points. What members share with nobody in particular (most of their activity lies elsewhere, most of the
targets' audience is not theirs, most of the edges reach one idol, uneven zeal, they follow each other) needs no
comparison but what chance or a majority would give. Whether accounts are *alike* (age, name, region, size, being
followed back) is compared with others who acted on the same targets: alike more than those are speaks for a common
maker where chance would make any of these comparisons speak less than once in twenty (Bonferroni); else it speaks
against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

#: What chance brings about once in twenty is no evidence (Fisher, Statistical Methods for Research Workers, 1925).
LEVEL = 0.05
#: Shuffles of who is a member; the smallest p is one in `SHUFFLES` + 1.
SHUFFLES = 199
#: Accounts with a known value on either side, fewer of which can be told from nothing.
FEWEST = 5
_DAY_MS = 86_400_000.0

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Friends:
    """Follows of the members: among each other, of anybody, by anybody; and all follows there are."""

    among: int
    out: int
    into: int
    edges: int


@dataclass(frozen=True)
class Point:
    """One point: its number, the number to compare with, how often chance does as much, and for what it speaks.

    `speaks` is ``against`` (the accusation), ``for`` (it), or ``nothing``; `reason` says why nothing is known.
    """

    code: str
    value: float
    compared: float
    p: float
    speaks: str
    reason: str | None


def points(
    accounts: pd.DataFrame,
    member: NDArray[np.bool_],
    *,
    share_of_members: float,
    share_of_targets: float,
    one_customer: float,
    customers: int,
    member_edges: NDArray[np.integer],
    targets: int,
    friends: Friends,
    seed: int,
) -> list[Point]:
    """Counter-evidence of a group.

    Parameters
    ----------
    accounts : DataFrame
        A row per member and per other account that acted on the same targets: ``name``, ``region``, ``followers``,
        ``created_ts``, ``returned`` (part of its edges to the targets that was followed back); missing where unknown.
    member : ndarray of bool
        Whose rows those of members are.
    share_of_members, share_of_targets, one_customer : float
        As in `kolgraph.rings.Ring`.
    customers : int
        Owners of targets.
    member_edges : ndarray of int, shape (s,)
        Edges of members to the targets.
    targets : int
    friends : Friends
    seed : int
        Of the shuffles.

    Returns
    -------
    list of Point
        In the order in which a case tells them.

    Notes
    -----
    Uneven zeal is told by Fisher's index of dispersion: s * variance / (mean * (1 - density)) is chi-squared with s - 1
    degrees of freedom where everybody's edges are coin flips. O(199 * accounts).

    Examples
    --------
    >>> import pandas as pd
    >>> names = [*(f"u{i}" for i in range(9)), *("Ann" * i for i in range(1, 10))]
    >>> people = pd.DataFrame({"name": names, "region": None})
    >>> people[["followers", "created_ts", "returned"]] = np.nan
    >>> found = points(people, np.arange(18) < 9, share_of_members=0.3, share_of_targets=0.9, one_customer=0.2,
    ...     customers=5, member_edges=np.array([3, 3, 4, 3, 3, 2, 3, 3, 3]), targets=5,
    ...     friends=Friends(0, 40, 0, 900), seed=1)
    >>> [(one.code, one.speaks) for one in found if one.code in {"elsewhere", "names"}]
    [('elsewhere', 'against'), ('names', 'for')]
    """
    from scipy.special import gammainc, gammaincc

    rng = np.random.default_rng(seed)
    edges = np.asarray(member_edges, np.float64)
    s, mean = edges.size, float(edges.mean()) if edges.size else 0.0
    zeal = float(edges.var() / mean) if mean else float("nan")
    flips = 1 - mean / targets if targets else float("nan")
    # The tails of chi-squared and of Poisson; scipy.stats takes a second to import.
    uneven = float(gammaincc((s - 1) / 2, s * zeal / flips / 2)) if flips > 0 and s > 1 else float("nan")
    due = friends.out * friends.into / friends.edges if friends.edges else float("nan")
    friendly = (float(gammainc(friends.among, due)) if friends.among else 1.0) if due == due else float("nan")
    found = [
        _majority("elsewhere", 1 - share_of_members),
        _majority("audience", 1 - share_of_targets),
        _majority("idol", one_customer, 1 / customers if customers else float("nan")),
        Point("zeal", zeal, flips, uneven, "against" if uneven < LEVEL else "for", None)
        if uneven == uneven
        else Point("zeal", zeal, flips, uneven, "nothing", "full_block"),
        Point("friends", friends.among, due, friendly, "against" if friendly < LEVEL else "nothing", None)
        if due == due
        else Point("friends", float("nan"), due, due, "nothing", "no_follows"),
    ]
    alike: dict[str, tuple[NDArray[Any], Callable[..., float], int]] = {  # 1: a large number means alike, -1: a small
        "returned": (accounts["returned"].to_numpy(np.float64), _mean, -1),
        "ages": (accounts["created_ts"].to_numpy(np.float64) / _DAY_MS, _spread, -1),
        "names": (np.array([shape(name) for name in accounts["name"]], object), agreement, 1),
        "regions": (accounts["region"].to_numpy(object), agreement, 1),
        "followers": (accounts["followers"].to_numpy(np.float64), _median, -1),
    }
    return found + [_compared(code, *how, member, LEVEL / len(alike), rng) for code, how in alike.items()]


def shape(name: object) -> str | None:
    """How a name is built: runs of Chinese characters, letters, digits and all else, with their lengths.

    Examples
    --------
    >>> shape("用户8812"), shape("ann_7"), shape(None)
    ('字2 94', 'a3 -1 91', None)
    """
    if not isinstance(name, str) or not name:
        return None

    def kind(char: str) -> str:
        if char.isdecimal():
            return "9"
        return "-" if not char.isalpha() else "a" if char < "\u2e80" else "字"

    return " ".join(f"{what}{len(list(run))}" for what, run in groupby(map(kind, name)))


def agreement(values: NDArray[Any]) -> float:
    """Chance that two of them are equal.

    Examples
    --------
    >>> agreement(np.array(["a", "a", "b"]))
    0.3333333333333333
    """
    _, counts = np.unique(values, return_counts=True)
    n = values.size
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else float("nan")


def _majority(code: str, value: float, compared: float = float("nan")) -> Point:
    """A share that speaks against where it is the larger part."""
    if value != value:
        return Point(code, value, compared, float("nan"), "nothing", "nothing_counted")
    return Point(code, value, compared, float("nan"), "against" if value > 0.5 else "for", None)


def _compared(
    code: str,
    values: NDArray[Any],
    statistic: Callable[..., float],
    alike: int,
    member: NDArray[np.bool_],
    level: float,
    rng: np.random.Generator,
) -> Point:
    """Members against others, by shuffling who is a member."""
    import pandas as pd

    known = ~pd.isna(values)
    values, member = values[known], member[known]
    if values.dtype == object:
        values = pd.factorize(values)[0].astype(np.float64)
    mine, others = int(member.sum()), int((~member).sum())
    nothing = float("nan")
    if mine < FEWEST or others < FEWEST:
        own = statistic(values[member]) if mine >= FEWEST else nothing
        return Point(code, own, nothing, nothing, "nothing", "no_comparison" if mine >= FEWEST else "unknown")
    own, other = statistic(values[member]), statistic(values[~member])
    if own == other:
        return Point(code, own, other, 1.0, "nothing", None)
    # Medians jump where many values are equal: what is tested is the mean rank.
    tested, by = (pd.Series(values).rank().to_numpy(), _mean) if statistic is _median else (values, statistic)
    seen = by(tested[member])
    shuffled = np.array([by(tested[rng.permutation(member)]) for _ in range(SHUFFLES)])
    p = float((1 + (alike * shuffled >= alike * seen).sum()) / (1 + SHUFFLES))
    return Point(code, own, other, p, "for" if p < level else "against", None)


def _mean(values: F64) -> float:
    return float(values.mean())


def _median(values: F64) -> float:
    return float(np.median(values))


def _spread(values: F64) -> float:
    """Median distance from the median."""
    return float(np.median(np.abs(values - np.median(values))))
