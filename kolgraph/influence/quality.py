"""Quality of audiences: how many of those who follow an account are real, can be reached, came one by one, and act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.growth import OUTLIER, fast_growth
from kolgraph.results import Result, best, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph
    from kolgraph.influence.coverage import Coverage
    from kolgraph.results import Scores

#: Who follows more accounts than this hardly sees a post of any one of them.
MASS_FOLLOWINGS = 1_500
#: A day is a burst if so many followers came, and as many by chance less than once in a million such days.
BURST, BURST_CHANCE = 10, 1e-6
#: An audience is doubtful from these shares on.
LIMITS: Mapping[str, float] = {"ring_share": 0.05, "zombie_share": 0.2, "burst_share": 0.1, "growth_z": OUTLIER}
#: Those of them that say that an account grew too fast.
GROWTH = ("burst_share", "growth_z")
#: An audience is doubtful below these shares.
FLOORS: Mapping[str, float] = {"reachable": 0.5, "known_share": 0.1}
_DAY_MS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Quality(Result):
    """Audiences and what is wrong with them; a share that nothing is known of is NaN.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    shares : DataFrame
        One row per account, in order of rows: ``known`` followers that are in the graph, ``known_share`` of those the
        platform shows, ``ring_share``; ``zombie_share``, its 95 % interval ``zombie_low``, ``zombie_high``, and the
        number of ``profiles`` it is told from; ``reachable``, ``reciprocal``, ``burst_share``; ``growth``, followers
        per day of its age, and ``growth_z``, how far from its tier (`kolgraph.influence.growth`); ``engaged``.
    tier : ndarray of str, shape (n,)
    score : ndarray of float64, shape (n,)
        0 to 100: percentile within the tier; NaN without followers, and where too little of them is loaded.
    reason : ndarray of object, shape (n,), or None
        Why there is no score, as a code of `Coverage`; None where there is one.
    """

    analysis: ClassVar[str] = "quality"
    ids: NDArray[np.object_]
    shares: pd.DataFrame
    tier: NDArray[np.object_]
    score: NDArray[np.float64]
    reason: NDArray[np.object_] | None = None

    def frame(self) -> pd.DataFrame:
        """Accounts with followers, indexed by id, best score first, NaN last, with their `problems`."""
        import pandas as pd

        table = self.shares.assign(tier=self.tier, score=self.score, problems=self.problems())
        table.index = pd.Index(self.ids, name="account_id")
        if self.reason is not None:
            table["reason"] = pd.Series(self.reason, index=table.index, dtype=object)
        return table.iloc[self._rows()]

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        shares, problems = self.columns("shares"), self.problems()
        reason = np.full(self.ids.size, None) if self.reason is None else self.reason
        return [
            {"account_id": str(self.ids[i])}
            | {name: share[i].item() for name, share in shares.items()}
            | {"tier": self.tier[i], "score": float(self.score[i]), "problems": problems[i], "reason": reason[i]}
            for i in self._rows(top)
        ]

    def _rows(self, top: int | None = None) -> NDArray[np.int64]:
        """Accounts with followers, loaded or only shown, best score first."""
        there = self.columns("shares")["known"] > 0
        if self.reason is not None:
            there |= self.reason == "no_follower_loaded"
        rows = np.flatnonzero(there)
        return np.asarray(rows[best(self.score[rows], self.ids[rows], top)])

    def growth(self, row: int) -> tuple[str, ...] | None:
        """Which of `GROWTH` say that an account grew too fast; None where nothing is known of its growth."""
        shares = self.columns("shares")
        told = [name for name in GROWTH if not np.isnan(shares[name][row])]
        return tuple(name for name in told if shares[name][row] > LIMITS[name]) if told else None

    def problems(self) -> list[tuple[str, ...]]:
        """For every account the shares above `LIMITS`, and those below `FLOORS`."""
        shares = self.columns("shares")
        bad = {name: shares[name] > most for name, most in LIMITS.items()}
        bad |= {name: shares[name] < least for name, least in FLOORS.items()}
        found: list[tuple[str, ...]] = [()] * self.ids.size
        for row in np.flatnonzero(np.logical_or.reduce(list(bad.values()))):
            found[row] = tuple(name for name, where in bad.items() if where[row])
        return found

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``scores``: measures ``audience_score`` and ``ring_share``, and those of `GROWTH` where known."""
        import pandas as pd

        table = self.frame().reset_index()
        parts = [
            pd.DataFrame({"account_id": table["account_id"], "measure": measure, "value": table[column]})
            for measure, column in (("audience_score", "score"), ("ring_share", "ring_share"))
        ]
        for name in GROWTH:
            known = table[table[name].notna()]
            parts.append(pd.DataFrame({"account_id": known["account_id"], "measure": name, "value": known[name]}))
        return {"scores": pd.concat(parts, ignore_index=True).assign(low=None, high=None)}


def tier_of(followers: ArrayLike, tiers: Mapping[str, int]) -> NDArray[np.object_]:
    """The tier of every account by its followers; "" below all of them, and where they are unknown (NaN).

    Examples
    --------
    >>> tier_of([5.0, 20.0, np.nan], {"star": 10, "some": 1}).tolist()
    ['some', 'star', '']
    """
    size = np.asarray(followers, dtype=np.float64)
    tier = np.full(size.shape, "", dtype=object)
    for name, least in sorted(tiers.items(), key=lambda item: item[1]):
        tier[size >= least] = name
    return tier


def quality(
    graph: Graph,
    profiles: pd.DataFrame,
    *,
    tiers: Mapping[str, int],
    fake: ArrayLike | None = None,
    since: ArrayLike | None = None,
    engaged: ArrayLike | None = None,
    coverage: Coverage | None = None,
    ring_share: Scores | None = None,
) -> Quality:
    """Judge the audience of every account.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    profiles : DataFrame
        One row per account, in order of rows: ``followers``, ``followings``, ``posts`` as the platform shows them, NaN
        where it does not; and, if that is known of any, its ``age_days`` at that time.
    tiers : mapping of name to least number of followers
        The highest first; see `kolgraph.settings.tiers`.
    fake : array_like, shape (n,), bool, optional
        Members of coordinated rings.
    since : array_like, shape (m,), optional
        When each edge came about, epoch milliseconds, in the order of `Graph.edges`; NaN where nobody knows.
    engaged : array_like, shape (n,), optional
        Real followers who forwarded something, of every account; NaN where it has no posts.
    coverage : Coverage, optional
        What was loaded of this graph. Where it says that an audience, or the rings in it, cannot be judged, there is no
        score, no share that the sample cannot tell, and no problem: NaN, with the reason.

    ring_share : Scores, optional
        The share of ring members estimated for whole audiences (`kolgraph.influence.ring_share`), in the place of the
        share among those loaded; ``ring_low`` and ``ring_high`` are its interval.

    Returns
    -------
    Quality

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    Of the followers in the graph: ``ring_share`` are members of rings. ``zombie_share``, of those whose profile is
    known, show two of: no post; no more than 2 followers; fewer than 1 follower for every 20 they follow, of 40 or
    more; its interval is that of `kolgraph.influence.share_of_list` for all followers, so it takes those profiles for a
    random sample, and says nothing where lists are read newest first. ``reachable`` follow at most 1,500 accounts, by
    their profile or else by the graph. ``reciprocal`` are followed back. ``burst_share``, of those with a time, came on
    a day with 10 or more, of which a Poisson process with the rate of all other days would make as many once in a
    million days. ``engaged`` is the share of real followers who forwarded anything.

    The score is the percentile, within the tier, of
    ``(1 - ring_share) (1 - zombie_share) (1 - burst_share) sqrt(reachable) (1 + place) / 2``, where ``place`` is the
    percentile of ``engaged`` in the tier, from 0 to 1; equal ones are in the middle of their places. Of a share that is
    unknown the median of the tier is taken, and 1 if nobody's is known. O(n + m), with times O(n + m log m).

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "y", "bot"], ["ann", "bob", "bob"])
    >>> table = pd.DataFrame(index=range(g.n), columns=["followers", "followings", "posts"], dtype=float)
    >>> found = quality(g, table, tiers={"KOC": 1000}, fake=g.ids == "bot")
    >>> found.frame()[["ring_share", "score", "problems"]].to_dict("index")["bob"]
    {'ring_share': 0.5, 'score': 25.0, 'problems': ('ring_share',)}
    """
    import pandas as pd

    from kolgraph.kernels.audience import count_returned

    n = graph.n
    fakes = np.zeros(n, bool) if fake is None else np.asarray(fake, dtype=bool)
    acted = np.full(n, np.nan) if engaged is None else np.asarray(engaged, dtype=np.float64)
    times = np.full(graph.m, np.nan) if since is None else np.asarray(since, dtype=np.float64)
    if len(profiles) != n or fakes.shape != (n,) or acted.shape != (n,) or times.shape != (graph.m,):
        raise InputError(f"profiles, fake and engaged need one value for each of {n:,} accounts, since for each edge")
    if coverage is not None and coverage.ids.shape != (n,):
        raise InputError(f"coverage is about {coverage.ids.size:,} accounts, the graph has {n:,}")
    src, dst, _ = graph.edges()
    other = src != dst
    src, dst, times = src[other], dst[other], times[other]
    shown, followings, posts = (profiles[name].to_numpy(np.float64) for name in ("followers", "followings", "posts"))
    zombie = _zombies(shown, followings, posts)
    follows = np.where(np.isnan(followings), graph.outgoing.degree, followings)
    known = np.bincount(dst, minlength=n)

    def share(of: NDArray[Any], whole: NDArray[Any] = known) -> NDArray[np.float64]:
        count = np.bincount(dst, weights=of, minlength=n)
        return np.asarray(np.divide(count, whole, out=np.full(n, np.nan), where=whole > 0), dtype=np.float64)

    into, out = graph.incoming, graph.outgoing
    returned = count_returned(into.ptr, into.idx, out.ptr, out.idx)
    told = np.bincount(dst, weights=~np.isnan(zombie[src]), minlength=n)
    real = np.bincount(dst, weights=~fakes[src], minlength=n)
    tier = tier_of(np.where(np.isnan(shown), known, shown), tiers)
    age = profiles["age_days"].to_numpy(np.float64) if "age_days" in profiles else np.full(n, np.nan)
    per_day, fast = fast_growth(shown, age, tier)
    shares = pd.DataFrame(
        {
            "known": known,
            "known_share": np.divide(known, shown, out=np.full(n, np.nan), where=shown > 0),
            "ring_share": share(fakes[src]),
            **_zombie_share(np.bincount(dst, weights=np.nan_to_num(zombie[src]), minlength=n), told, shown, coverage),
            "reachable": share(follows[src] <= MASS_FOLLOWINGS),
            "reciprocal": np.divide(returned, known, out=np.full(n, np.nan), where=known > 0),
            "burst_share": _bursts(dst, times, n),
            "growth": per_day,
            "growth_z": fast,
            "engaged": np.divide(acted, real, out=np.full(n, np.nan), where=real > 0),
        }
    )
    if ring_share is not None:
        estimate = {"ring_share": ring_share.values, "ring_low": ring_share.low, "ring_high": ring_share.high}
        shares = shares.assign(**estimate)
    reason = None
    if coverage is not None:
        shares, reason = _told(shares, coverage)
    return Quality(
        ids=graph.ids,
        shares=shares,
        tier=tier,
        score=_scores(shares, tier, np.ones(n, bool) if coverage is None else coverage.rings_judged),
        reason=reason,
        parameters={
            "tiers": dict(tiers),
            "limits": dict(LIMITS) | dict(FLOORS),
            "times": since is not None,
            "input": digest(shown, followings, posts, age, fakes, times, acted),
            "coverage": None if coverage is None else coverage.run_id,
            "ring_share": None if ring_share is None else ring_share.run_id,
        },
        graph=graph.fingerprint,
    )


def _told(shares: pd.DataFrame, coverage: Coverage) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Shares without those that what is loaded cannot tell, and the reasons."""
    shares = shares.copy()
    told = [name for name in shares if name not in ("known", "known_share", "profiles", "growth", "growth_z")]
    shares.loc[~coverage.judged, told] = np.nan
    shares.loc[~coverage.rings_judged, "ring_share"] = np.nan
    return shares, coverage.ring_reason


def _zombie_share(
    zombies: NDArray[Any], profiles: NDArray[Any], shown: NDArray[np.float64], coverage: Coverage | None
) -> dict[str, NDArray[np.float64]]:
    """Zombies among all followers: their share, its interval, and how many profiles it is told from."""
    from kolgraph.influence.sampled import sampled_reason, share_of_list

    size = np.maximum(shown if coverage is None else coverage.size, profiles)  # NaN stays NaN: nobody knows
    found = dict(
        zip(("zombie_share", "zombie_low", "zombie_high"), share_of_list(zombies, profiles, size), strict=True)
    )
    if coverage is not None:
        blind = np.array([code is not None for code in sampled_reason(coverage, coverage.reason)], dtype=bool)
        found = {name: np.where(blind, np.nan, part) for name, part in found.items()}
    return {**found, "profiles": profiles.astype(np.int64)}


def _zombies(
    followers: NDArray[np.float64], followings: NDArray[np.float64], posts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """1 for a profile with two of three signs, 0 for another, NaN with fewer than two signs to look at."""
    signs = np.array([posts == 0, followers <= 2, (followings >= 40) & (followers * 20 < followings)])
    unknown = np.array([np.isnan(posts), np.isnan(followers), np.isnan(followers) | np.isnan(followings)])
    return np.where(unknown.sum(0) > 1, np.nan, ((signs & ~unknown).sum(0) >= 2).astype(np.float64))


def _bursts(dst: NDArray[np.int32], times: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Share of followers with a time who came on a day with many more than other days explain."""
    from scipy.stats import poisson

    timed = np.isfinite(times)
    row, day = dst[timed].astype(np.int64), (times[timed] // _DAY_MS).astype(np.int64)
    total = np.bincount(row, minlength=n)
    if not row.size:
        return np.full(n, np.nan)
    first, last = np.full(n, day.max()), np.full(n, day.min())
    np.minimum.at(first, row, day)
    np.maximum.at(last, row, day)
    span = day.max() - day.min() + 1
    keys, count = np.unique(row * span + day - day.min(), return_counts=True)
    many = count >= BURST
    who, count = keys[many] // span, count[many]
    # The rate of all other days; of an account whose followers all came in one day nothing can be said.
    others = (last - first)[who]
    rate = np.divide(total[who] - count, others, out=np.full(who.size, np.inf), where=others > 0)
    burst = poisson.sf(count - 1, rate) < BURST_CHANCE
    came = np.bincount(who[burst], weights=count[burst], minlength=n)
    return np.asarray(np.divide(came, total, out=np.full(n, np.nan), where=total > 0), dtype=np.float64)


def _scores(shares: pd.DataFrame, tier: NDArray[np.object_], judged: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Percentile within the tier of what `quality` multiplies."""
    score = np.full(len(shares), np.nan)
    followed = (shares["known"].to_numpy() > 0) & judged
    for name in np.unique(tier.astype(str)):
        rows = np.flatnonzero(followed & (tier == name))
        part = {key: values.to_numpy()[rows] for key, values in shares.items()}
        factors = [1 - part[key] for key in ("ring_share", "zombie_share", "burst_share")]
        factors += [np.sqrt(part["reachable"]), (1 + _places(part["engaged"])) / 2]
        raw = np.ones(rows.size)
        for values in factors:
            there = ~np.isnan(values)
            raw *= np.where(there, values, np.median(values[there]) if there.any() else 1.0)
        score[rows] = 100 * _places(raw.round(12))
    return score


def _places(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percentile of each value among all, from 0 to 1; NaN stays NaN."""
    from scipy.stats import rankdata

    there = ~np.isnan(values)
    places = np.full(values.size, np.nan)
    places[there] = (rankdata(values[there]) - 0.5) / max(int(there.sum()), 1)
    return places
