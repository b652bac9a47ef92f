"""Actions of accounts on objects over time, with groups planted that act together in three ways, and innocents beside.

The regimes are those of the public benchmark of December 2025 (arXiv 2512.19677), written from their names only:
**synchronous**: all members act on an object at about the same time; **alternating**: two groups work on the same
objects but take turns, so that without the time they are one; **rotating**: every joint action is the work of another
small part of the group, so that two members rarely meet. `diluted` moves actions of a group into another modality: of
those who act together, some repost and others post the link.

How many joint actions a group of 20 needs until `kolgraph.rings.find_synchronised` finds it (F1 >= .99, ten worlds, by
``python -m tests.bench regimes``): synchronous 20, alternating 20, rotating 60; 30, 30 and 80 where two thirds of the
actions are diluted. With half of that some of the groups are found, and nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError, UnknownName
from kolgraph.synth.cascades import _HOURS
from kolgraph.synth.follows import BASE_MS, DAY_MS

if TYPE_CHECKING:
    import pandas as pd

#: How members of a group share their work.
REGIMES = ("synchronous", "alternating", "rotating")
#: Part of a rotating group that acts at one time.
_ACTIVE = 0.25
#: Accounts act rank^-a often, objects draw rank^-b actions: heavy tails, as in reposts.
_ACTIVITY, _POPULARITY = 0.7, 0.8
#: An action follows what it reacts to after a lognormal delay: median 2 h 15 min.
_DELAY_S, _SPREAD = np.exp(9.0), 1.8
_HOUR_MS = 3_600_000


@dataclass(frozen=True, eq=False)
class Regime:
    """A world of actions and its key.

    Attributes
    ----------
    events : pandas.DataFrame
        ``account`` and ``object`` (row numbers), ``kind`` (text), ``time`` (UTC epoch milliseconds), ordered by time.
        An object belongs to one kind.
    group : ndarray of int64, shape (accounts,)
        The planted group of every account; -1: none.
    club : ndarray of int64, shape (accounts,)
        Its fan club; -1: none. Fans are innocent.
    """

    events: pd.DataFrame
    group: NDArray[np.int64]
    club: NDArray[np.int64]


def make_regime(
    regime: str = "synchronous",
    *,
    seed: int,
    accounts: int = 2_000,
    objects: int = 1_000,
    events: int = 20_000,
    groups: int = 4,
    size: int = 20,
    posts: int = 20,
    miss: float = 0.3,
    jitter_s: float = 30.0,
    modalities: tuple[str, ...] = ("repost", "link", "hashtag", "mention", "text"),
    diluted: float = 0.0,
    fan_clubs: int = 0,
    news: int = 0,
    zones: int = 1,
) -> Regime:
    """A world of organic actions with groups that act together.

    Parameters
    ----------
    regime : str
        One of `REGIMES`.
    seed : int
        The same seed gives the same world.
    accounts, objects, events : int
        Of organic life; objects are shared out to the modalities.
    groups, size, posts : int
        Planted groups, their members, and their joint actions, each on an object of its own.
    miss : float
        Chance that a member whose turn it is does not act.
    jitter_s : float
        Members act within so many seconds.
    modalities : tuple of str
        Kinds of objects; groups act in the first.
    diluted : float
        Chance that an action of a group moves to an object of another kind, the same for all who act at this time.
    fan_clubs : int
        Clubs of 2 * `size` fans, each as quick as is its habit at any of the `posts` of the idol.
    news : int
        Objects on which a twentieth of all accounts act within one minute.
    zones : int
        Time zones that accounts live in.

    Returns
    -------
    Regime

    Notes
    -----
    Members come from the less active nine tenths. O(events).

    Examples
    --------
    >>> world = make_regime("rotating", seed=1, accounts=300, objects=100, events=2_000, groups=2, size=5)
    >>> int((world.group >= 0).sum()), sorted(world.events["kind"].unique())
    (10, ['hashtag', 'link', 'mention', 'repost', 'text'])
    """
    import pandas as pd

    if regime not in REGIMES:
        raise UnknownName.among("regime", regime, REGIMES)
    clubs = fan_clubs * 2 * size
    if groups * size + clubs > 0.9 * accounts:
        raise InputError(f"accounts={accounts}: {groups} groups of {size} and {clubs} fans do not fit in; ask for more")
    rng = np.random.default_rng(seed)
    free = rng.permutation(np.arange(accounts // 10, accounts))  # row numbers are ranks of activity
    group, club = np.full(accounts, -1), np.full(accounts, -1)
    group[free[: groups * size]] = np.repeat(np.arange(groups), size)
    club[free[groups * size :][:clubs]] = np.repeat(np.arange(fan_clubs), 2 * size)
    kind = np.arange(objects) % len(modalities)
    birth = BASE_MS + rng.integers(0, 30 * DAY_MS, objects)
    parts = [_organic(rng, accounts, objects, events, birth, zones)]
    first = np.flatnonzero(kind == 0)
    for g in range(groups):
        if regime != "alternating" or g % 2 == 0:
            target = rng.choice(first, posts, replace=first.size < posts)
            turn = rng.integers(60_000, 2 * _HOUR_MS, posts)
        else:
            turn = turn + rng.integers(2 * _HOUR_MS, DAY_MS, posts)
        part = _ACTIVE if regime == "rotating" else 1.0
        work = _joint(rng, np.flatnonzero(group == g), target, birth[target] + turn, part, miss, jitter_s)
        parts.append(_moved(rng, work, diluted, np.flatnonzero(kind != 0), target))
    for c in range(fan_clubs):
        own = rng.choice(first, posts, replace=first.size < posts)
        parts.append(_fans(rng, np.flatnonzero(club == c), own, birth))
    for _ in range(news):
        who = rng.choice(accounts, max(accounts // 20, 1), replace=False)
        about = np.full(who.size, rng.choice(first))
        parts.append((who, about, birth[about] + rng.integers(0, 60_000, who.size)))
    who, what, when = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((what, who, when))
    table: dict[str, Any] = {"account": who[order], "kind": pd.Categorical.from_codes(kind[what[order]], modalities)}
    table |= {"object": what[order], "time": when[order]}
    return Regime(pd.DataFrame(table), group, club)


_Part = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _organic(
    rng: np.random.Generator, accounts: int, objects: int, events: int, birth: NDArray[np.int64], zones: int
) -> _Part:
    """Who acts on what and when, each account awake by the clock of its zone."""
    active, liked = np.arange(1, accounts + 1) ** -_ACTIVITY, rng.permutation(np.arange(1, objects + 1) ** -_POPULARITY)
    who = rng.choice(accounts, events, p=active / active.sum())
    what = rng.choice(objects, events, p=liked / liked.sum())
    delay = np.minimum(rng.lognormal(np.log(_DELAY_S), _SPREAD, events), 20 * 86_400)
    when = birth[what] + (1000 * delay).astype(np.int64)
    # Whoever sleeps then acts at an hour of its own instead, within the day.
    clock = (when // _HOUR_MS + (who % zones) * (24 // zones)) % 24
    asleep = rng.random(events) > _HOURS[clock] / _HOURS.max()
    late = rng.choice(24, events, p=_HOURS / _HOURS.sum()) - clock
    when += np.where(asleep, (late % 24) * _HOUR_MS + rng.integers(0, _HOUR_MS, events), 0)
    return who, what, when


def _joint(
    rng: np.random.Generator,
    members: NDArray[np.int64],
    target: NDArray[np.int64],
    turn: NDArray[np.int64],
    part: float,
    miss: float,
    jitter_s: float,
) -> _Part:
    """What a group does together: at every turn a part of it."""
    acts = rng.random((target.size, members.size)).argsort(axis=1) < max(2, round(part * members.size))
    post, member = np.nonzero(acts & (rng.random(acts.shape) >= miss))
    return members[member], target[post], turn[post] + rng.integers(0, max(int(1000 * jitter_s), 1), post.size)


def _moved(
    rng: np.random.Generator, work: _Part, diluted: float, other: NDArray[np.int64], target: NDArray[np.int64]
) -> _Part:
    """The same with actions moved to objects of another kind, one for each target."""
    if not diluted or not other.size:
        return work
    who, what, when = work
    twin = dict(zip(target.tolist(), rng.choice(other, target.size).tolist(), strict=True))
    moved = rng.random(what.size) < diluted
    return who, np.where(moved, [twin[o] for o in what.tolist()], what), when


def _fans(rng: np.random.Generator, fans: NDArray[np.int64], own: NDArray[np.int64], birth: NDArray[np.int64]) -> _Part:
    """Fans are told at once: each takes as long as it always does, half a minute to some minutes."""
    quick, zeal = rng.lognormal(np.log(90.0), 0.8, fans.size), rng.beta(2, 2, fans.size)
    post, fan = np.nonzero(rng.random((own.size, fans.size)) < zeal)
    delay = quick[fan] * rng.lognormal(0.0, 0.4, fan.size)
    return fans[fan], own[post], birth[own[post]] + (1000 * delay).astype(np.int64)
