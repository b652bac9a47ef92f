"""Who lives in a sample world: verticals, KOLs by tier, bot rings with their clients, fan clubs round an idol."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.synth.words import REGIONS, Ix

#: Members, targets and density of the rings that are planted, repeated when more are asked for.
RING_SHAPES = ((40, 12, 0.8), (60, 20, 0.6), (80, 24, 0.5), (120, 30, 0.4), (160, 36, 0.35), (200, 40, 0.3))
#: Rings are shrunk until bots are at most this share of a small world.
MAX_BOT_SHARE = 0.08


class Ring(NamedTuple):
    """Bots that were sold together: each member follows each target with probability `density`."""

    members: Ix
    targets: Ix
    density: float
    region: int


class Club(NamedTuple):
    """Fans of one idol: real people with many common follows, but of very uneven zeal (`zeal` follows each)."""

    idol: int
    related: Ix
    fans: Ix
    zeal: Ix


class People(NamedTuple):
    """Rows of everybody; `niche` is -1 for bots, KOLs are ordered by vertical, then by rank."""

    niche: Ix
    region: Ix
    kols: Ix
    kol_rank: Ix
    kol_tier: Ix
    rings: tuple[Ring, ...]
    clubs: tuple[Club, ...]

    @property
    def n(self) -> int:
        """Number of accounts."""
        return self.niche.size

    @property
    def bots(self) -> NDArray[np.bool_]:
        """True for water army, shape (n,)."""
        return self.niche < 0

    @property
    def kol_niche(self) -> Ix:
        """Vertical of each KOL, aligned with `kols`; ascending."""
        return self.niche[self.kols]

    @property
    def fame(self) -> NDArray[np.float64]:
        """How strongly each KOL draws followers: Zipf's law by rank in the vertical, with a blunted top."""
        return np.asarray(1.0 / (self.kol_rank + 3.0))


def settle(rng: np.random.Generator, n: int, *, niches: int, kols: int, rings: int, clubs: int) -> People:
    """Give every row a part to play; rows are drawn at random, so a row number tells nothing."""
    shapes = [RING_SHAPES[i % len(RING_SHAPES)] for i in range(rings)]
    shrink = min(1.0, MAX_BOT_SHARE * n / max(1, sum(members for members, _, _ in shapes)))
    sizes = [(max(6, round(m * shrink)), max(4, round(t * shrink**0.5)), p) for m, t, p in shapes]
    cuts = np.cumsum([0] + [m for m, _, _ in sizes])
    everyone = rng.permutation(n)
    share = np.arange(1, niches + 1) ** -0.5
    share /= share.sum()
    per_niche = np.maximum(4, np.round(share * kols)).astype(np.int64)
    bots, rest = everyone[: cuts[-1]], everyone[cuts[-1] :]
    stars, ordinary = rest[: per_niche.sum()], rest[per_niche.sum() :]
    if ordinary.size < n // 2:
        raise InputError(f"{n} accounts are too few for {rings} rings and {kols} KOLs; ask for more accounts or fewer")

    niche = np.full(n, -1)
    niche[stars] = np.repeat(np.arange(niches), per_niche)
    niche[ordinary] = rng.choice(niches, ordinary.size, p=share)
    rank = np.concatenate([np.arange(size) for size in per_niche])
    place = (rank + 0.5) / np.repeat(per_niche, per_niche)
    tier = np.where(rank == 0, 0, np.searchsorted([0.03, 0.15, 0.5], place, side="right"))
    crowd = 1.0 / (np.arange(len(REGIONS)) + 3.0)
    region = rng.choice(len(REGIONS), n, p=crowd / crowd.sum())

    planted = tuple(
        _ring(rng, bots[cuts[i] : cuts[i + 1]], targets, density, stars[tier > 0], ordinary)
        for i, (_, targets, density) in enumerate(sizes)
    )
    for ring in planted:  # most profiles of one ring are filled in with the same province
        same = ring.members[rng.random(ring.members.size) < 0.7]
        region[same] = ring.region
    heads = rng.permutation(stars[tier == 0])
    fans = tuple(_club(rng, int(idol), niche, stars, ordinary) for idol in heads[:clubs])
    return People(niche, region, stars, rank, tier, planted, fans)


def _ring(rng: np.random.Generator, members: Ix, targets: int, density: float, buyers: Ix, ordinary: Ix) -> Ring:
    """Half of the clients are KOLs below the head, who gain most by looking bigger; half are ordinary accounts."""
    paid = rng.choice(buyers, min(buyers.size, targets // 2), replace=False)
    others = rng.choice(ordinary, targets - paid.size, replace=False)
    return Ring(members, np.concatenate([paid, others]), density, int(rng.integers(len(REGIONS))))


def _club(rng: np.random.Generator, idol: int, niche: Ix, stars: Ix, ordinary: Ix) -> Club:
    near = np.where(niche[stars] == niche[idol], 4.0, 1.0) * (stars != idol)
    related = rng.choice(stars, min(24, stars.size // 4), replace=False, p=near / near.sum())
    home = ordinary[niche[ordinary] == niche[idol]]
    size = max(12, round(int(rng.integers(150, 300)) * min(1.0, niche.size / 20_000)))
    fans = rng.choice(home, min(size, home.size // 2), replace=False)
    return Club(idol, related, fans, np.minimum(rng.zipf(1.8, fans.size), related.size))
