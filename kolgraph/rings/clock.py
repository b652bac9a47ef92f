"""When a group acted: over the months, and how soon after one another its members acted on the same target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]
_MS = 1000.0
#: Slices of a timeline, in seconds; the first of which `SLICES` cover the whole span.
UNITS = (3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000)
SLICES = 60
#: Upper ends of the classes of lags, in seconds; longer lags are the last class.
LAGS = (1, 10, 60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000)
#: Times that are all whole days tell nothing of lags below a day.
_GRAINS = (86_400, 3600, 60, 1)
#: Draws of as many accounts from all who acted on the same targets.
DRAWS = 99


@dataclass(frozen=True)
class Clock:
    """When members and others acted on the same targets.

    Attributes
    ----------
    reason : str or None
        Why nothing can be said, as a code; None where something can.
    dated : float
        Part of the members' actions whose time is known; NaN without any.
    grain_s : float
        All times differ by multiples of so many seconds; NaN where there are none.
    timeline : DataFrame
        ``begin_ts``, ``members``, ``others``: dated actions per slice, empty slices too.
    unit_s : float
        Length of a slice.
    lags : DataFrame
        ``upto_s`` (infinite for the last), ``members``, ``others``: lags between consecutive accounts on one target, by
        length; ``chance`` as many as drawn accounts have on average.
    numbers : dict of str to float
        ``lags``, ``median_s``, ``within_minute`` of members, ``other_lags``, ``other_median_s``,
        ``other_within_minute``, ``chance_median_s`` and ``p``; NaN where nothing is known.
    """

    reason: str | None
    dated: float
    grain_s: float
    timeline: pd.DataFrame
    unit_s: float
    lags: pd.DataFrame
    numbers: dict[str, float]


def clock(acts: pd.DataFrame, member: NDArray[np.bool_], *, seed: int) -> Clock:
    """Say when members acted, and whether in step.

    Parameters
    ----------
    acts : DataFrame
        ``actor``, ``target``, ``ts`` (epoch milliseconds, NaN where unknown); one row per action.
    member : ndarray of bool
        Whose actions are those of members.
    seed : int
        Of the draws.

    Returns
    -------
    Clock

    Notes
    -----
    A lag is the time between one member's first action on a target and the next member's. Where more accounts act lags
    are shorter, so the comparison draws, from all who acted on a target, as many as members did (99 draws): ``p`` is
    how often their median lag is as short. Where nearly all who acted are members, this can tell nothing and p is near
    1. O(a log a) for a actions.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = [0, 1, 2, *range(100, 5100, 100)]
    >>> acts = pd.DataFrame({"actor": range(53), "target": 0, "ts": [3_600_000.0 * h for h in hours]})
    >>> found = clock(acts, np.arange(53) < 3, seed=1)
    >>> found.numbers["median_s"], found.numbers["other_median_s"], found.numbers["p"]
    (3600.0, 360000.0, 0.01)
    """
    import pandas as pd

    known = acts["ts"].notna().to_numpy()
    mine = int(member.sum())
    dated = float((known & member).sum() / mine) if mine else float("nan")
    ts = acts["ts"].to_numpy(np.float64)[known]
    table, unit = _timeline(ts, member[known])
    first = acts[known].assign(member=member[known])
    first = first.groupby(["target", "actor"], as_index=False).agg(ts=("ts", "min"), member=("member", "first"))
    first = first.sort_values(["target", "ts", "actor"], kind="stable")
    target, when, inside = (first[name].to_numpy() for name in ("target", "ts", "member"))
    own, other = _lags(target[inside], when[inside]), _lags(target[~inside], when[~inside])
    drawn = _drawn(target, when, inside, np.random.default_rng(seed))
    classes = [*LAGS, float("inf")]
    counts = {"members": _classes(own), "others": _classes(other)}
    chance = np.mean([_classes(lags) for lags in drawn], axis=0) if drawn else np.full(len(classes), np.nan)
    medians = np.array([_median(lags) for lags in drawn])
    early = float((1 + (medians <= _median(own)).sum()) / (1 + medians.size)) if drawn else float("nan")
    numbers: dict[str, float] = {
        "lags": own.size,
        "median_s": _median(own),
        "within_minute": _share(own),
        "other_lags": other.size,
        "other_median_s": _median(other),
        "other_within_minute": _share(other),
        "chance_median_s": _median(medians),
        "p": early,
    }
    return Clock(
        reason=None if (known & member).any() else "no_times",
        dated=dated,
        grain_s=_grain(ts),
        timeline=table,
        unit_s=unit,
        lags=pd.DataFrame({"upto_s": classes} | counts | {"chance": chance}),
        numbers=numbers,
    )


def _timeline(ts: F64, member: NDArray[np.bool_]) -> tuple[pd.DataFrame, float]:
    """Actions per slice from the first of a member to the last, others in the same time."""
    import pandas as pd

    if not member.any():
        return pd.DataFrame({name: np.empty(0) for name in ("begin_ts", "members", "others")}), float("nan")
    low, high = ts[member].min(), ts[member].max()
    unit = next((u for u in UNITS if (high - low) / (u * _MS) < SLICES), UNITS[-1]) * _MS
    begin = np.floor(low / unit) * unit
    place = np.floor((ts - begin) / unit).astype(np.int64)
    n = int((high - begin) // unit) + 1
    inside = (place >= 0) & (place < n)
    counts = {
        name: np.bincount(place[inside & chosen], minlength=n)
        for name, chosen in (("members", member), ("others", ~member))
    }
    return pd.DataFrame({"begin_ts": begin + unit * np.arange(n)} | counts), unit / _MS


def _lags(target: NDArray[np.int64], when: F64) -> F64:
    """Seconds between consecutive actions on one target; rows sorted by target and time."""
    gap = np.diff(when) / _MS
    return np.asarray(gap[np.diff(target) == 0], dtype=np.float64)


def _drawn(target: NDArray[np.int64], when: F64, member: NDArray[np.bool_], rng: np.random.Generator) -> list[F64]:
    """The lags of `DRAWS` draws: from every target as many accounts as members acted on it."""
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    ends = np.append(starts[1:], target.size)
    wanted = np.add.reduceat(member.astype(np.int64), starts) if starts.size else np.empty(0, np.int64)
    several = wanted >= 2
    if not several.any():
        return []
    found = []
    for _ in range(DRAWS):
        parts = [
            np.diff(when[np.sort(a + rng.choice(b - a, k, replace=False, shuffle=False))])
            for a, b, k in zip(starts[several], ends[several], wanted[several], strict=True)
        ]
        found.append(np.concatenate(parts) / _MS)
    return found


def _classes(lags: F64) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(np.array(LAGS, np.float64), lags), minlength=len(LAGS) + 1)


def _median(values: F64) -> float:
    return float(np.median(values)) if values.size else float("nan")


def _share(lags: F64) -> float:
    return float((lags <= 60).mean()) if lags.size else float("nan")


def _grain(ts: F64) -> float:
    """The largest of day, hour, minute and second that all differences are multiples of; a millisecond else."""
    if not ts.size:
        return float("nan")
    apart = ts - ts.min()  # a day begins at another hour elsewhere
    return float(next((g for g in _GRAINS if (apart % (g * _MS) == 0).all()), 0.001))
