"""Real graphs to hide rings in, and the injector: who acts, on whom, and which of them were planted."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).parents[4] / "shared" / "data"
I64 = NDArray[np.int64]

#: Members x targets, density, of the rings that the bars name.
CAMOUFLAGES = ("none", "random", "biased", "hijack")


class Edges(NamedTuple):
    """Who acts on what: rows of accounts, shape (m,), int64; accounts 0 .. n-1."""

    src: I64
    dst: I64
    n: int


def _distinct(src: I64, dst: I64, n: int) -> Edges:
    key = np.unique(src[src != dst] * n + dst[src != dst])
    return Edges(key // n, key % n, n)


def load(name: str, form: str = "directed", *, seed: int = 0) -> Edges:
    """A graph of ``shared/data``: ``directed`` as it is, ``oriented`` one random way per tie, ``both`` ways."""
    if name == "soc-epinions":
        pairs = np.loadtxt(gzip.open(DATA / "rings" / "soc_epinions_undirected.txt.gz"), dtype=np.int64, skiprows=1) - 1
    elif name == "hepth":
        return _hepth(form, seed)
    else:
        pairs = np.loadtxt(gzip.open(DATA / "im" / f"{name}.csv.gz"), dtype=np.int64, delimiter=",", skiprows=1)
    return _formed(pairs, form, seed)


def _formed(pairs: I64, form: str, seed: int) -> Edges:
    n = int(pairs.max()) + 1
    if form == "directed":
        return _distinct(pairs[:, 0], pairs[:, 1], n)
    ties = _distinct(pairs.min(axis=1), pairs.max(axis=1), n)
    if form == "both":
        return _distinct(np.r_[ties.src, ties.dst], np.r_[ties.dst, ties.src], n)
    turn = np.random.default_rng([seed, n]).random(ties.src.size) < 0.5
    return _distinct(np.where(turn, ties.dst, ties.src), np.where(turn, ties.src, ties.dst), n)


def _hepth(form: str, seed: int) -> Edges:
    lines = gzip.open(DATA / "im" / "bimp_CA-HepTh_b10000.txt.gz", "rt").read().splitlines()
    count = int(lines[0].split()[1])
    raw = np.array([line.split()[:2] for line in lines[1 : count + 1]], dtype=np.int64)
    return _formed(np.unique(raw, return_inverse=True)[1].reshape(raw.shape), form, seed)


def plant(
    edges: Edges, rng: np.random.Generator, members: int, targets: int, density: float, camouflage: str,
    *, sigma: float = 0.0, pool: I64 | None = None,
) -> tuple[Edges, I64, I64]:  # fmt: skip
    """Hide a ring: Bernoulli edges to little-known targets, and as many others.

    Parameters
    ----------
    camouflage : str
        Further edges of a member, as many as paid ones: ``none``; ``random`` targets; ``biased`` by their fame;
        ``hijack``: members are accounts of the graph that act at least thrice, with random further edges.
    sigma : float
        Workloads of members are log-normal with it.
    pool : ndarray, optional
        Accounts that may be targets; default: all of 1 to 20 followers.

    Returns
    -------
    edges : Edges
    members, targets : ndarray, ascending
    """
    fame = np.bincount(edges.dst, minlength=edges.n)
    little = np.flatnonzero((fame >= 1) & (fame <= 20))
    pool = little if pool is None else np.intersect1d(pool, little)
    chosen = rng.choice(pool, min(targets, pool.size), replace=False)
    n = edges.n
    if camouflage == "hijack":
        acts = np.flatnonzero(np.bincount(edges.src, minlength=n) >= 3)
        ring = np.sort(rng.choice(np.setdiff1d(acts, chosen), members, replace=False))
    else:
        ring = np.arange(n, n + members)
        n += members
    zeal = rng.lognormal(-(sigma**2) / 2, sigma, members) if sigma else np.ones(members)
    who, what = np.nonzero(rng.random((members, chosen.size)) < np.minimum(1.0, density * zeal)[:, None])
    src, dst = ring[who], chosen[what]
    if camouflage != "none":
        other = rng.choice(edges.dst, src.size) if camouflage == "biased" else rng.integers(0, edges.n, src.size)
        src, dst = np.r_[src, src], np.r_[dst, other]
    return _distinct(np.r_[edges.src, src], np.r_[edges.dst, dst], n), ring, np.sort(chosen)


def core_periphery(rng: np.random.Generator, n: int = 8000, m: int = 120_000, *, spread: float = 1.2, tags: int = 0) -> Edges:
    """No communities: everybody acts on a core by fame, heavy-tailed both ways; with `tags` on so many things only."""
    zeal = rng.lognormal(0, spread, n)
    what = tags or n
    fame = np.arange(1, what + 1) ** -0.9
    src = rng.choice(n, m, p=zeal / zeal.sum())
    dst = rng.permutation(what)[rng.choice(what, m, p=fame / fame.sum())]
    # The more an account does, the deeper in the core it does it.
    order = np.argsort(np.argsort(-zeal))
    deep = rng.random(m) < 0.5 * (1 - order[src] / n) ** 3
    dst = np.where(deep, dst[rng.integers(0, m, m)], dst)
    return _distinct(src + what, dst, n + what) if tags else _distinct(src, dst, n)
