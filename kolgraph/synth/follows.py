"""Who follows whom in a sample world: verticals with famous KOLs, friends, sold followers, fans."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.synth.people import People, Ring
from kolgraph.synth.words import Ix

DAY_MS = 86_400_000
#: 2026-01-01T00:00:00Z. Posts are written in the 30 days after it, everybody was followed before it.
BASE_MS = 1_767_225_600_000

#: Where an ordinary follow goes: a KOL of the own vertical, any KOL, a neighbour in the own vertical.
_OWN_KOL, _ANY_KOL = 0.60, 0.16
#: Follows an account picks itself: lognormal, mean 14; some picks repeat, friends come on top.
_MEDIAN_FOLLOWS, _SPREAD, _MOST_FOLLOWS = 9.5, 0.85, 2000


class Follows(NamedTuple):
    """Distinct follows ordered by follower, then followed; `since` in UTC epoch milliseconds."""

    src: Ix
    dst: Ix
    since: Ix


def follow(rng: np.random.Generator, people: People) -> Follows:
    """All follows of a world; O(m log m) for m follows."""
    organic = np.concatenate([_by_interest(rng, people), _friends(rng, people), *_by_clubs(rng, people)])
    organic_since = BASE_MS - (rng.random(organic.shape[0]) ** 1.5 * 1000 * DAY_MS).astype(np.int64) - 1
    sold = [_sold(rng, ring) for ring in people.rings]
    hidden = [_camouflage(rng, people, ring) for ring in people.rings]
    pairs = np.concatenate([*(pair for pair, _ in sold), organic, *hidden])
    hidden_since = BASE_MS - rng.integers(1, 400 * DAY_MS, sum(pair.shape[0] for pair in hidden))
    since = np.concatenate([*(when for _, when in sold), organic_since, hidden_since])
    keep = pairs[:, 0] != pairs[:, 1]
    keys, first = np.unique(pairs[keep, 0] * people.n + pairs[keep, 1], return_index=True)
    return Follows(keys // people.n, keys % people.n, since[keep][first])


def _by_interest(rng: np.random.Generator, people: People) -> Ix:
    """Heavy-tailed numbers of follows, mostly towards the KOLs of the own vertical by Zipf's law."""
    real = np.flatnonzero(~people.bots)
    wishes = np.exp(rng.normal(np.log(_MEDIAN_FOLLOWS), _SPREAD, real.size))
    src = np.repeat(real, np.clip(wishes, 1, _MOST_FOLLOWS).astype(np.int64))
    kind = rng.random(src.size)
    # One sorted ladder for all verticals: the steps of vertical v lie in [v, v + 1), so one search serves everybody.
    fame = people.fame
    total = np.bincount(people.kol_niche, weights=fame)
    ladder = np.cumsum(fame / total[people.kol_niche])
    where = np.where(kind < _OWN_KOL, people.niche[src], rng.choice(total.size, src.size, p=total / total.sum()))
    at = np.searchsorted(ladder, where + rng.random(src.size), side="right")
    dst = people.kols[np.minimum(at, people.kols.size - 1)]
    near = kind >= _OWN_KOL + _ANY_KOL
    dst[near] = _neighbours(rng, people, src[near], tail=2.0)
    return np.column_stack([src, dst])


def _neighbours(rng: np.random.Generator, people: People, of: Ix, *, tail: float) -> Ix:
    """Accounts of the same vertical; a larger `tail` prefers the same few."""
    members = np.argsort(people.niche, kind="stable")[people.bots.sum() :]
    count = np.bincount(people.niche[members])
    start = np.cumsum(count) - count
    home = people.niche[of]
    return np.asarray(members[start[home] + (count[home] * rng.random(of.size) ** tail).astype(np.int64)])


def _friends(rng: np.random.Generator, people: People) -> Ix:
    """Friends follow each other: 0.6 pairs per account, inside a vertical."""
    real = np.flatnonzero(~people.bots)
    one = rng.choice(real, round(0.6 * real.size))
    pairs = np.column_stack([one, _neighbours(rng, people, one, tail=1.0)])
    return np.concatenate([pairs, pairs[:, ::-1]])


def _by_clubs(rng: np.random.Generator, people: People) -> list[Ix]:
    """Every fan follows the idol, and as many related accounts as its zeal says, the best known first."""
    pairs = []
    for club in people.clubs:
        zeal = np.repeat(club.fans, club.zeal)
        fame = 1.0 / np.arange(1, club.related.size + 1)
        liked = rng.choice(club.related, zeal.size, p=fame / fame.sum())
        pairs += [np.column_stack([club.fans, np.full(club.fans.size, club.idol)]), np.column_stack([zeal, liked])]
    return pairs


def _sold(rng: np.random.Generator, ring: Ring) -> tuple[Ix, Ix]:
    """The edges that were paid for, Bernoulli(density); a client's delivery takes a few days."""
    pairs = np.argwhere(rng.random((ring.members.size, ring.targets.size)) < ring.density)
    delivery = BASE_MS - rng.integers(20 * DAY_MS, 200 * DAY_MS, ring.targets.size)
    late = np.minimum(rng.exponential(1.5 * DAY_MS, pairs.shape[0]), 15 * DAY_MS).astype(np.int64)
    return np.column_stack([ring.members[pairs[:, 0]], ring.targets[pairs[:, 1]]]), delivery[pairs[:, 1]] + late


def _camouflage(rng: np.random.Generator, people: People, ring: Ring) -> Ix:
    """6 to 14 famous accounts and 2 colleagues per bot; never a client, so that sold edges keep their density."""
    src = np.repeat(ring.members, rng.integers(6, 15, ring.members.size))
    famous = rng.choice(people.kols, src.size, p=people.fame / people.fame.sum())
    open_: NDArray[np.bool_] = ~np.isin(famous, ring.targets)
    colleagues = np.column_stack([np.repeat(ring.members, 2), rng.choice(ring.members, 2 * ring.members.size)])
    return np.concatenate([np.column_stack([src[open_], famous[open_]]), colleagues])
