"""What is posted and how it travels in a sample world: campaigns, cascades, bought and scheduled reposts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.synth.follows import BASE_MS, DAY_MS, Follows
from kolgraph.synth.people import Club, People, Ring
from kolgraph.synth.words import Ix

#: Why somebody reposted; the numbers in `Reposts.kind`.
KINDS = ("organic", "ring", "fan", "stranger")
ORGANIC, RING, FAN, STRANGER = 0, 1, 2, 3
#: Mean posts of a KOL in 30 days by tier; a client posts some more, and 3 % of the ordinary accounts once.
_POSTS_BY_TIER, _POSTS_OF_CLIENT, _ORDINARY_POSTS = np.array([9.0, 6.0, 3.5, 2.0]), 3, 0.03
#: Posts by hour of the day, UTC: China wakes at 23 and is busiest at 13.
_HOURS = np.array([5, 5, 5, 5, 6, 6, 5, 5, 5, 6, 7, 8, 9, 10, 9, 7, 4, 2, 1, 1, 1, 1, 2, 4], dtype=float)
#: A repost follows after a lognormal delay with a median of half an hour, within a second and two days.
_MEDIAN_DELAY_MS, _DELAY_SPREAD = 30 * 60_000, 1.5
_CHUNK = 1 << 22


class Posts(NamedTuple):
    """Originals ordered by time; `campaign` is -1 outside campaigns."""

    author: Ix
    time: Ix
    campaign: Ix


class Reposts(NamedTuple):
    """Reposts ordered by time; `root` is a row of the posts, `parent` a row of the reposts, -1 for the root."""

    who: Ix
    root: Ix
    parent: Ix
    time: Ix
    depth: Ix
    kind: Ix


def publish(rng: np.random.Generator, people: People, campaigns: int) -> Posts:
    """Everyday posts over 30 days, and campaigns in which several KOLs post for one brand within six hours."""
    ordinary = np.setdiff1d(np.flatnonzero(~people.bots), people.kols)
    clients = np.concatenate([np.empty(0, np.int64), *(ring.targets for ring in people.rings)])
    counts = rng.poisson(_POSTS_BY_TIER[people.kol_tier])
    counts[np.isin(people.kols, [club.idol for club in people.clubs])] += 6
    author = np.concatenate([
        np.repeat(people.kols, counts),
        ordinary[rng.random(ordinary.size) < _ORDINARY_POSTS],
        np.repeat(clients, _POSTS_OF_CLIENT),
    ])  # fmt: skip
    hour = rng.choice(24, author.size, p=_HOURS / _HOURS.sum())
    day = rng.integers(0, 30, author.size)
    time = BASE_MS + day * DAY_MS + hour * 3_600_000 + rng.integers(0, 3_600_000, author.size)
    campaign = np.full(author.size, -1)
    for number in range(campaigns):
        booked = _booked(rng, people, clients)
        launch = BASE_MS + int(rng.integers(2, 27)) * DAY_MS + 10 * 3_600_000
        author = np.concatenate([author, booked])
        time = np.concatenate([time, launch + rng.integers(0, 6 * 3_600_000, booked.size)])
        campaign = np.concatenate([campaign, np.full(booked.size, number)])
    order = np.lexsort((author, time))
    return Posts(author[order], time[order], campaign[order])


def _booked(rng: np.random.Generator, people: People, clients: Ix) -> Ix:
    """The first KOL of a vertical, two to five more of it, and one who bought followers where there is one."""
    home = people.kols[people.kol_niche == rng.integers(people.kol_niche.max() + 1)]
    more = rng.choice(home[1:], min(home.size - 1, int(rng.integers(2, 6))), replace=False)
    cheats = people.kols[np.isin(people.kols, clients)]
    return np.unique(np.concatenate([home[:1], more, rng.choice(cheats, min(1, cheats.size))]))


def spread(rng: np.random.Generator, people: People, follows: Follows, posts: Posts, p: NDArray[np.float64]) -> Reposts:
    """Let every post travel: independent cascades among real people, then rings and fans on top.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
        Probability that an account reposts, once, when an account it follows has posted or reposted.
    """
    organic = independent_cascades(rng, people.n, follows, posts, p)
    extra = [_ring_reposts(rng, ring, posts) for ring in people.rings]
    extra += [_fan_reposts(rng, club, posts) for club in people.clubs]
    columns = _together([organic, *extra])
    # A fan of two clubs, or one who had reposted on its own already, counts once: organic reposts come first.
    _, once = np.unique(columns.root * people.n + columns.who, return_index=True)
    once.sort()
    # Organic reposts keep their places before the sort, so parents still point at them.
    return _by_time(Reposts(*(column[once] for column in columns)))


def discover(
    rng: np.random.Generator,
    people: People,
    follows: Follows,
    posts: Posts,
    reposts: Reposts,
    p: NDArray[np.float64],
    rate: NDArray[np.float64],
) -> Reposts:
    """Let strangers find posts, and pass them on to their own followers.

    Parameters
    ----------
    reposts : Reposts
        What happened without them; nobody reposts a post twice.
    p : ndarray of float64, shape (n,)
        As in `spread`.
    rate : ndarray of float64, shape (n,)
        Strangers that find a post of an account, on average.

    Returns
    -------
    Reposts
        All of them. Strangers are real, any that do not follow the author; they come within two days.
    """
    root = np.repeat(np.arange(posts.author.size), rng.poisson(rate[posts.author]))
    who = rng.choice(np.flatnonzero(~people.bots), root.size)
    key, own = root * people.n + who, np.arange(posts.author.size) * people.n + posts.author
    active = np.sort(np.concatenate([own, reposts.root * people.n + reposts.who]))
    _, first = np.unique(key, return_index=True)
    found = np.zeros(key.size, bool)
    found[first] = True
    found &= ~np.isin(key, active) & ~np.isin(who * people.n + posts.author[root], follows.src * people.n + follows.dst)
    who, root, key = who[found], root[found], key[found]
    time = posts.time[root] + rng.integers(60_000, 2 * DAY_MS, who.size)
    strangers = _direct(who, root, time, STRANGER)
    event = reposts.who.size + np.arange(who.size)
    start = _Front(who, root, time, event, np.sort(np.concatenate([active, key])))
    further = _travel(rng, people.n, follows, start, p, size=reposts.who.size + who.size, depth=1)
    return _by_time(_together([reposts, strangers, further]))


def _together(parts: list[Reposts]) -> Reposts:
    return Reposts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _by_time(reposts: Reposts) -> Reposts:
    """In order of time; parents are rows of what is given."""
    order = np.lexsort((reposts.who, reposts.time))
    place = np.empty(order.size + 1, np.int64)
    place[order], place[-1] = np.arange(order.size), -1
    return Reposts(*(column[order] for column in reposts._replace(parent=place[reposts.parent])))


def independent_cascades(
    rng: np.random.Generator, n: int, follows: Follows, posts: Posts, p: NDArray[np.float64]
) -> Reposts:
    """All cascades at once, one generation per step; of several successful exposures the first is the parent."""
    root = np.arange(posts.author.size)
    start = _Front(posts.author, root, posts.time, np.full(root.size, -1), np.sort(root * n + posts.author))
    return _travel(rng, n, follows, start, p, size=0, depth=0)


class _Front(NamedTuple):
    """Who has just posted or reposted: account, root, time, row of the repost; and keys of all who have so far."""

    node: Ix
    root: Ix
    time: Ix
    event: Ix
    active: Ix


def _travel(
    rng: np.random.Generator, n: int, follows: Follows, start: _Front, p: NDArray[np.float64], *, size: int, depth: int
) -> Reposts:
    """What comes of a front; `size` reposts are there already, those of the front have this depth."""
    fans = follows.src[np.argsort(follows.dst, kind="stable")]
    ptr = np.concatenate([[0], np.cumsum(np.bincount(follows.dst, minlength=n))])
    node, root, time, event, active = start
    found = [(np.empty(0, np.int64),) * 6]
    while node.size:
        depth += 1
        via, who = _successes(rng, ptr, fans, node, p)
        delay = np.exp(rng.normal(np.log(_MEDIAN_DELAY_MS), _DELAY_SPREAD, who.size))
        when = time[via] + np.clip(delay, 1000, 2 * DAY_MS).astype(np.int64)
        key = root[via] * n + who
        order = np.lexsort((when, key))
        first = np.concatenate([[True], np.diff(key[order]) > 0])[: order.size]
        pick = order[first]
        at = np.searchsorted(active, key[pick])
        pick = pick[active[np.minimum(at, active.size - 1)] != key[pick]]
        active = np.sort(np.concatenate([active, key[pick]]))
        node, parent, root, time = who[pick], event[via[pick]], root[via[pick]], when[pick]
        event = np.arange(size, size + node.size)
        size += node.size
        found.append((node, root, parent, time, np.full(node.size, depth), np.full(node.size, ORGANIC)))
    return _together([Reposts(*part) for part in found])


def _successes(rng: np.random.Generator, ptr: Ix, fans: Ix, node: Ix, p: NDArray[np.float64]) -> tuple[Ix, Ix]:
    """Positions in `node` and the followers they moved; one coin per follower, in chunks that bound the memory."""
    count = ptr[node + 1] - ptr[node]
    cuts = np.flatnonzero(np.diff(np.cumsum(count) // _CHUNK)) + 1
    via, who = [], []
    for block in np.split(np.arange(node.size), cuts):
        sender = np.repeat(block, count[block])
        begin = np.cumsum(count[block]) - count[block]
        at = np.arange(sender.size) + np.repeat(ptr[node[block]] - begin, count[block])
        moved = rng.random(sender.size, dtype=np.float32) < p[fans[at]]
        via.append(sender[moved])
        who.append(fans[at[moved]])
    return np.concatenate(via), np.concatenate(who)


def _ring_reposts(rng: np.random.Generator, ring: Ring, posts: Posts) -> Reposts:
    """Seven of ten members repost a client's post within half a minute: campaign posts first, twelve others at most."""
    of_clients = np.isin(posts.author, ring.targets)
    booked = np.flatnonzero(of_clients & (posts.campaign >= 0))
    other = np.flatnonzero(of_clients & (posts.campaign < 0))
    chosen = np.concatenate([booked, rng.choice(other, min(12, other.size), replace=False)])
    order = rng.integers(60_000, 7_200_000, chosen.size)
    post, member = np.nonzero(rng.random((chosen.size, ring.members.size)) < 0.7)
    time = posts.time[chosen[post]] + order[post] + rng.integers(0, 30_000, post.size)
    return _direct(ring.members[member], chosen[post], time, RING)


def _fan_reposts(rng: np.random.Generator, club: Club, posts: Posts) -> Reposts:
    """Fans repost on schedule as well, but each as often as its zeal says: synchrony alone proves nothing."""
    own = np.flatnonzero(posts.author == club.idol)
    chosen = rng.choice(own, min(10, own.size), replace=False)
    post, fan = np.nonzero(rng.random((chosen.size, club.fans.size)) < club.zeal / (club.zeal + 2.0))
    call = rng.integers(60_000, 3_600_000, chosen.size)
    late = np.minimum(rng.exponential(10 * 60_000, post.size), DAY_MS).astype(np.int64)
    return _direct(club.fans[fan], chosen[post], posts.time[chosen[post]] + call[post] + late, FAN)


def _direct(who: Ix, root: Ix, time: Ix, kind: int) -> Reposts:
    """Reposts of the root itself."""
    return Reposts(who, root, np.full(who.size, -1), time, np.ones(who.size, np.int64), np.full(who.size, kind))
