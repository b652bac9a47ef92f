"""Graphs in which nobody was paid: what dense groups look like that grew by themselves.

Each function gives who acts on whom as two arrays of rows, no loops, no repeats. They stand in for kinds of real graphs
that a search for rings must spare: groups there are dense, even, or share their targets, for reasons of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
Pairs = tuple[I64, I64]


def core_periphery(rng: np.random.Generator, n: int = 6000, *, degree: float = 12.0, core: float = 0.5) -> Pairs:
    """No niches: all look at the famous, the more an account does the more of it within the core (Borgatti & Everett 2000)."""
    zeal = rng.lognormal(0, 1.2, n)
    order = np.argsort(np.argsort(-zeal))
    src = rng.choice(n, round(degree * n), p=zeal / zeal.sum())
    fame = rng.permutation(n)[np.minimum((n * rng.random(src.size) ** 3).astype(np.int64), n - 1)]
    by_zeal = np.argsort(-zeal)
    inner = by_zeal[np.minimum((0.05 * n * rng.random(src.size) ** 1.5).astype(np.int64), n - 1)]
    deep = rng.random(src.size) < core * (1 - order[src] / n) ** 2
    return _distinct(src, np.where(deep, inner, fame), n)


def protein(rng: np.random.Generator, n: int = 4000, *, keep: float = 0.45, link: float = 0.25) -> Pairs:
    """Growth by duplication and divergence, as protein networks (Vazquez et al. 2003): copies share their partners."""
    ties: list[set[int]] = [{1}, {0}]
    for new in range(2, n):
        model = int(rng.integers(new))
        kept = [v for v in ties[model] if rng.random() < keep]
        ties.append(set())
        for v in kept or [int(rng.integers(new))]:
            ties[new].add(v)
            ties[v].add(new)
        if rng.random() < link:
            ties[new].add(model)
            ties[model].add(new)
    a = np.array([(u, v) for u, near in enumerate(ties) for v in near if u < v], dtype=np.int64)
    turn = rng.random(len(a)) < 0.5
    return _distinct(np.where(turn, a[:, 0], a[:, 1]), np.where(turn, a[:, 1], a[:, 0]), n)


def mail(rng: np.random.Generator, n: int = 3000, *, teams: int = 60, degree: float = 14.0) -> Pairs:
    """Who writes to whom in a firm: teams of very different size, half answers, lists, and desks that write to all."""
    size = rng.pareto(1.2, teams) + 1
    team = rng.choice(teams, n, p=size / size.sum())
    zeal = rng.lognormal(0, 1.0, n)
    src = rng.choice(n, round(degree * n), p=zeal / zeal.sum())
    members = [np.flatnonzero(team == t) for t in range(teams)]
    dst = rng.choice(n, src.size, p=zeal / zeal.sum())
    for t, rows in enumerate(members):
        here = np.flatnonzero((team[src] == t) & (rng.random(src.size) < 0.7))
        if rows.size:
            fame = zeal[rows]
            dst[here] = rng.choice(rows, here.size, p=fame / fame.sum())
    answers = rng.random(src.size) < 0.5
    lists = [rng.choice(n, int(rng.integers(10, 60)), replace=False) for _ in range(n // 60)]
    on = [(s, d) for who in lists for s in rng.choice(who, max(2, who.size // 4), replace=False) for d in who]
    desk = rng.choice(n, 5, replace=False)
    told = [(s, d) for s in desk for d in rng.choice(n, n // 3, replace=False)]
    extra = np.array(on + told, dtype=np.int64)
    return _distinct(np.r_[src, dst[answers], extra[:, 0]], np.r_[dst, src[answers], extra[:, 1]], n)


def hashtags(rng: np.random.Generator, n: int = 4000, *, tags: int = 8000, topics: int = 80, degree: float = 15.0) -> Pairs:
    """Accounts and the tags they use: trends that everybody takes up, topics, and tags that always come together."""
    zeal = rng.lognormal(0, 1.3, n)
    acts = np.maximum(1, rng.poisson(degree * zeal / zeal.mean()))
    src = np.repeat(np.arange(n), acts)
    topic = rng.integers(0, topics, (n, 3))
    rank = np.arange(1, tags + 1) ** -0.85
    dst = rng.choice(tags, src.size, p=rank / rank.sum())
    own = rng.random(src.size) < 0.5
    per = tags // topics
    which = topic[src[own], rng.integers(0, 3, own.sum())]
    dst[own] = which * per + np.minimum((per * rng.random(own.sum()) ** 2).astype(np.int64), per - 1)
    bundle = rng.integers(0, tags, (tags // 20, 4))  # tags of one event, used in one breath
    burst = rng.choice(src.size, src.size // 12, replace=False)
    chosen = bundle[rng.choice(len(bundle), burst.size, p=_zipf(len(bundle)))]
    return _distinct(np.r_[src, np.repeat(src[burst], 4)], np.r_[dst, chosen.ravel()] + n, n + tags)


def circles(rng: np.random.Generator, n: int = 3000, *, degree: float = 24.0) -> Pairs:
    """Friends: every account in one to three circles of 8 to 120, dense within, few ties between; both ways."""
    src, dst = [], []
    inside = 0
    while inside < degree * n / 2:
        who = rng.choice(n, int(min(120, 8 * (1 + rng.pareto(1.3)))), replace=False)
        a, b = np.triu_indices(who.size, 1)
        met = rng.random(a.size) < rng.uniform(0.15, 0.6)
        src.append(who[a[met]])
        dst.append(who[b[met]])
        inside += int(met.sum())
    more = rng.integers(0, n, (2, n))
    s, d = np.r_[*src, more[0]], np.r_[*dst, more[1]]
    return _distinct(np.r_[s, d], np.r_[d, s], n)


def niches(
    rng: np.random.Generator, n: int = 5000, *, niches: int = 12, kols: int = 40, fame: float = 1.0, spread: float = 1.0,
    loyal: float = 0.75,
) -> Pairs:  # fmt: skip
    """Followers of the famous of their niche, and of some friends; zeal and fame as uneven as asked."""
    niche = rng.integers(0, niches, n)
    wishes = np.maximum(2, rng.poisson(10 * rng.lognormal(-(spread**2) / 2, spread, n)))
    src = np.repeat(np.arange(n), wishes)
    where = np.where(rng.random(src.size) < loyal, niche[src], rng.integers(0, niches, src.size))
    rank = np.arange(1, kols + 1) ** -fame
    famous = n + where * kols + rng.choice(kols, src.size, p=rank / rank.sum())
    return _distinct(src, np.where(rng.random(src.size) < 0.3, rng.integers(0, n, src.size), famous), n + niches * kols)


def volunteers(rng: np.random.Generator, n: int = 5000, *, groups: int = 6, size: int = 60) -> Pairs:
    """Niches, and in them supporters of a cause who act on nearly all of its thirty accounts, evenly, and on their niche."""
    src, dst = niches(rng, n)
    total = int(max(src.max(), dst.max())) + 1
    own = np.bincount(dst, minlength=total)
    for _ in range(groups):
        seed = int(rng.choice(np.flatnonzero(own >= 20)))
        fans = np.unique(src[dst == seed])
        fans = rng.choice(fans, min(size, fans.size), replace=False)
        # A cause has followers of its own: whom nobody else follows would be nobody's cause.
        near = np.where(own >= 5, np.bincount(dst[np.isin(src, fans)], minlength=total) / np.maximum(own, 5), 0.0)
        cause = rng.choice(total, 30, replace=False, p=near / near.sum())
        who, what = np.nonzero(rng.random((fans.size, 30)) < rng.uniform(0.15, 0.5))
        src, dst = np.r_[src, fans[who]], np.r_[dst, cause[what]]
    return _distinct(src, dst, total)


def _zipf(k: int) -> NDArray[np.float64]:
    weight = 1.0 / np.arange(1, k + 1)
    return np.asarray(weight / weight.sum())


def _distinct(src: NDArray[np.integer], dst: NDArray[np.integer], n: int) -> Pairs:
    other = src != dst
    key = np.unique(src[other].astype(np.int64) * n + dst[other])
    return key // n, key % n


#: Name -> generator, with its defaults.
KINDS: Mapping[str, Callable[..., Pairs]] = {
    maker.__name__: maker for maker in (core_periphery, protein, mail, hashtags, circles, niches, volunteers)
}
