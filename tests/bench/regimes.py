"""Groups that act together in time: three regimes, dilution, innocents, a real data set, and speed.

Peers of the public benchmark are written from their papers, and get the best of their thresholds, chosen on the truth:

* **co-action**: Pacheco et al. (ICWSM 2021): accounts as TF-IDF vectors of objects per kind, cosine, edges above a
  threshold, components;
* **centrality**: Luceri et al. (WWW 2024): the same similarities of all kinds fused, accounts below a threshold of
  eigenvector centrality pruned, components;
* **multislice** in our own pipeline: one layer per kind, copies of an account coupled, in place of the sum of bits
  (Mucha et al. 2010, as arXiv 2512.19677 uses it).

``python -m tests.bench regimes [bars] [fewest] [innocent] [russian] [reposts] [speed]``
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from kolgraph.kernels import synchrony as kernel
from kolgraph.kernels.leiden import leiden
from kolgraph.rings import fuse
from kolgraph.rings.views import synchrony
from kolgraph.rings.views.events import Events
from kolgraph.rings.views.synchrony import find_synchronised
from kolgraph.synth.regimes import REGIMES, Regime, make_regime

PARTS = ("bars", "fewest", "innocent", "russian", "reposts", "speed")
SEEDS = range(300, 310)
#: Joint actions of a group that are enough, without and with two thirds of its actions moved into another kind.
ENOUGH = {"synchronous": (20, 30), "alternating": (20, 30), "rotating": (60, 80)}

DATA = Path(__file__).parents[3] / "shared" / "data" / "rings"
#: Actions of a kind below which a peer leaves an account out.
LEAST = (3, 8)
Groups = Sequence[np.ndarray]


def planted(regime: str, *, seed: int, posts: int, diluted: float) -> Regime:
    """A world of the usual size; of twice that for groups that rotate, who else meet on one object time and again."""
    size = 2 if regime == "rotating" and not diluted else 1
    scale = {"accounts": 2_000 * size, "objects": 1_000 * size, "events": 20_000 * size}
    return make_regime(regime, seed=seed, posts=posts, diluted=diluted, **scale)


def score(groups: Groups, world: Regime) -> tuple[float, float]:
    """F1 of accounts, and weighted precision: sum n p^2 / sum n p over groups of n accounts, p of them planted."""
    planted, found = world.group >= 0, np.zeros(world.group.size, bool)
    for group in groups:
        found[group] = True
    f1 = 2 * (found & planted).sum() / max(found.sum() + planted.sum(), 1)
    n, p = np.array([g.size for g in groups]), np.array([planted[g].mean() for g in groups])
    return float(f1), float((n * p * p).sum() / max((n * p).sum(), 1e-9)) if len(groups) else 0.0


def ours(world: Regime, **options: Any) -> Groups:
    table = world.events
    columns = (table[name] for name in ("account", "object", "time", "kind"))
    return [group.members for group in find_synchronised(*columns, seed=1, **options).groups]


def multislice(layers: Sequence[sparse.csr_matrix], *, seed: int) -> list[np.ndarray]:
    """Candidates as `fuse.communities`, from one layer per kind with the copies of an account coupled."""
    core = fuse._core(sum(layers[1:], start=layers[0]).tocsr())
    part = [(layer[core][:, core] + layer[core][:, core].T) for layer in layers]
    n, total = core.size, layers[0].shape[0]
    if not n:
        return []
    coupling = np.mean(np.concatenate([layer.data for layer in part]))
    same = sparse.kron(sparse.csr_matrix(1 - np.eye(len(part))), sparse.identity(n) * coupling)
    supra = (sparse.block_diag(part) + same).tocsr()
    found = []
    for resolution in fuse._RESOLUTIONS:
        label = leiden(
            supra.indptr.astype(np.int64),
            supra.indices.astype(np.int32),
            supra.data.astype(np.float32),
            resolution=resolution * len(part),
            iterations=2,
            rng=np.random.default_rng(seed),
        )
        for c in range(int(label.max()) + 1):
            rows = np.unique(np.flatnonzero(label == c) % n)
            if 3 <= rows.size < n:
                joint = sum(layer[rows][:, rows].sum() for layer in part) / 2
                if joint > fuse._START * fuse.price(total, rows.size):
                    found.append(core[rows])
    return found


def coupled(world: Regime) -> Groups:
    kept = synchrony.communities
    synchrony.communities = multislice  # type: ignore[assignment]
    try:
        return ours(world)
    finally:
        synchrony.communities = kept


def similarities(world: Regime, least: int) -> list[sparse.csr_matrix]:
    """Cosine of TF-IDF vectors of objects, of accounts with so many actions, one (accounts, accounts) per kind."""
    table, n = world.events, world.group.size
    layers = []
    for _, part in table.groupby("kind", observed=True):
        count = sparse.coo_matrix((np.ones(len(part)), (part["account"], part["object"]))).tocsr()
        count.resize(n, count.shape[1])
        acts = count.sum(axis=1).A1
        count = sparse.diags((acts >= least).astype(float)) @ count
        rarity = np.log(n / np.maximum(np.bincount(count.indices, minlength=count.shape[1]), 1))
        tfidf = count @ sparse.diags(rarity)
        length = np.sqrt(tfidf.multiply(tfidf).sum(axis=1)).A1
        unit = sparse.diags(1 / np.maximum(length, 1e-12)) @ tfidf
        layers.append(sparse.triu(unit @ unit.T, 1).tocsr())
    return layers


def components(graph: sparse.csr_matrix) -> Groups:
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    size = np.bincount(label)
    return [np.flatnonzero(label == c) for c in np.flatnonzero(size >= 3)]


def best(candidates: Iterator[Groups], world: Regime) -> Groups:
    """Those of the threshold with the best F1 on the truth."""
    return max(candidates, key=lambda groups: score(groups, world)[0])


def co_action(world: Regime) -> Groups:

    def cut() -> Iterator[Groups]:
        for least in LEAST:
            layers = [layer for layer in similarities(world, least) if layer.nnz]
            for share in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999):
                kept = [layer.multiply(layer > np.quantile(layer.data, share)) for layer in layers]
                yield components(sum(kept[1:], start=kept[0]).tocsr()) if kept else []

    return best(cut(), world)


def centrality(world: Regime) -> Groups:

    def cut() -> Iterator[Groups]:
        for least in LEAST:
            layers = similarities(world, least)
            joint = sum(layers[1:], start=layers[0])
            graph = (joint + joint.T).tocsr()
            value = np.ones(graph.shape[0])
            for _ in range(100):
                value = graph @ value
                value /= max(np.linalg.norm(value), 1e-300)
            for share in (0.5, 0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99):
                rows = np.flatnonzero(value > np.quantile(value, share))
                yield [rows[group] for group in components(graph[rows][:, rows])]

    return best(cut(), world)


METHODS: dict[str, Callable[[Regime], Groups]] = {
    "ours (bits summed)": ours,
    "ours (multislice)": coupled,
    "co-action": co_action,
    "centrality": centrality,
}


def bars() -> None:
    """Three regimes, with and without dilution: ten worlds each, the first three of them for the others."""
    print(f"{'regime':12} {'moved':>5} {'posts':>5}  " + "  ".join(f"{name:>22}" for name in METHODS))
    print(" " * 26 + "  ".join(f"{'F1  weighted precision':>22}" for _ in METHODS))
    missed: list[tuple[str, float]] = []
    for regime in REGIMES:
        for moved, posts in zip((0.0, 2 / 3), ENOUGH[regime], strict=True):
            worlds = [planted(regime, seed=seed, posts=posts, diluted=moved) for seed in SEEDS]
            mean = [
                np.mean([score(method(world), world) for world in (worlds if method is ours else worlds[:3])], axis=0)
                for method in METHODS.values()
            ]
            cells = "  ".join(f"{f1:>15.3f} {wp:.3f} " for f1, wp in mean)
            print(f"{regime:12} {moved:5.2f} {posts:5}  {cells}", flush=True)
            missed += [(regime, moved)] if mean[0][0] < 0.99 or mean[0][1] < 0.95 else []
    assert not missed, missed


def fewest() -> None:
    """The smallest number of joint actions from which on the bars hold."""
    for regime in REGIMES:
        for moved in (0.0, 2 / 3):
            steps = (12, 16, 20, 30, 40, 50, 60, 80)
            for posts in steps[3:] if regime == "rotating" else steps:
                worlds = [planted(regime, seed=seed, posts=posts, diluted=moved) for seed in SEEDS]
                f1, precision = np.mean([score(ours(world), world) for world in worlds], axis=0)
                if held := f1 >= 0.99 and precision >= 0.95:
                    print(f"{regime:12} moved {moved:.2f}: {posts} joint actions of 20, F1 {f1:.3f}", flush=True)
                    break
            assert held, (regime, moved)


def innocent() -> None:
    """Fans who are told at once, breaking news, time zones: worlds with a group that was found, of 20 each."""
    for name, facts in {
        "fan clubs": {"fan_clubs": 4},
        "eager fan clubs": {"fan_clubs": 2, "posts": 40},
        "breaking news, zones": {"news": 10, "zones": 3},
        "all of it": {"fan_clubs": 4, "news": 5, "zones": 3},
    }.items():
        wrong = 0
        for seed in range(400, 420):
            world = make_regime(groups=0, seed=seed, **facts)  # type: ignore[arg-type]
            wrong += bool(ours(world))
        print(f"{name:22} {wrong} of 20 worlds with a false group", flush=True)
        assert wrong <= 1, name


def russian() -> None:
    """Reposts of a real data set without labels: pairs that share much within a minute, and groups."""
    if not (path := DATA / "russian_coord_tweets.csv.gz").exists():
        print("russian: skipped, no ../shared/data")
        return
    table = pd.read_csv(path)
    user, item = pd.factorize(table["account_id"])[0], pd.factorize(table["object_id"])[0]
    events = Events.build(user, item, (table["timestamp_share"] * 1000).astype(np.int64), None)
    for shared in (2, 3, 5):
        null = [_sharing(events.shuffled(seed=seed, sweeps=4), shared) for seed in range(20)]
        seen = _sharing(events, shared)
        print(f"pairs sharing >= {shared} within 60 s: {seen}, permuted {np.mean(null):.1f} (max {max(null)})")
    found = find_synchronised(user, item, table["timestamp_share"] * 1000, seed=1)
    groups = [(group.members.size, round(sum(group.bits.values()))) for group in found.groups]
    print(f"tau {dict(found.tau_ms)} ms, groups (members, bits) {groups}")


def _sharing(events: Events, shared: int) -> int:
    low, _ = kernel.windows(events.ptr, events.time, np.full(events.ptr.size - 1, 60_000), events.user.size)
    a, b, _, later = kernel.pairs(events.user, low, events.user.size)
    met = np.unique(np.stack([a.astype(np.int64) * events.accounts + b, events.of[later]], axis=1), axis=0)[:, 0]
    return int((np.unique(met, return_counts=True)[1] >= shared).sum())


def co_reposts(size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Synthetic reposts of facts/rings.md 2.6: 20 rings of 10-40, 6-12 posts each, half of the members missing."""
    rng = np.random.default_rng(seed)
    users, posts = size // 10, size // 20
    active, liked = np.arange(1, users + 1) ** -0.7, np.arange(1, posts + 1) ** -0.8
    birth = 1000 * rng.integers(0, 30 * 86_400, posts)
    user, post = rng.choice(users, size, p=active / active.sum()), rng.choice(posts, size, p=liked / liked.sum())
    parts = [(user, post, birth[post] + (1000 * rng.lognormal(9, 1.8, size)).astype(np.int64))]
    free, ring = rng.permutation(np.arange(users // 10, users)), np.full(users, -1)
    for r in range(20):
        members, free = np.split(free, [rng.integers(10, 41)])
        ring[members] = r
        own = rng.choice(posts, rng.integers(6, 13), replace=False)
        turn = birth[own] + 1000 * rng.integers(60, 7_200, own.size)
        i, j = np.nonzero(rng.random((own.size, members.size)) >= 0.5)
        parts.append((members[j], own[i], turn[i] + (rng.random(i.size) * 40_000).astype(np.int64)))
    user, post, when = (np.concatenate(column) for column in zip(*parts, strict=True))
    return user, post, when, ring


def reposts() -> None:
    """Account AP at .2M and 1M reposts: pair likelihood alone, members of groups first, and what is possible."""
    from sklearn.metrics import average_precision_score

    for size in (200_000, 1_000_000):
        for seed in (1, 2):
            user, post, when, ring = co_reposts(size, seed)
            events = Events.build(user, post, when, None)
            pair, truth = _pair_score(events), (ring >= 0)[: events.accounts]
            found = find_synchronised(user, post, when, seed=1)
            ours, member = pair.copy(), np.zeros(events.accounts, bool)
            for group in found.groups:
                member[group.members] = True
            ours[member] += pair.max()
            # Ring accounts that met no other of their ring within a minute cannot be told from anybody.
            met = _met_own(events, ring)
            ceiling = average_precision_score(truth, truth & met)
            ap = [average_precision_score(truth, value) for value in (pair, ours)]
            print(
                f"{size / 1e6:.1f}M, draw {seed}: AP pairs {ap[0]:.3f}, groups first {ap[1]:.3f} of {ceiling:.3f};",
                end=" ",
            )
            print(f"groups P {truth[member].mean():.3f} R {member[truth].mean():.3f}", flush=True)


def _pair_score(events: Events) -> np.ndarray:
    """Largest Poisson likelihood ratio of an account's pairs within 60 s (facts/rings.md 2.6)."""
    low, _ = kernel.windows(events.ptr, events.time, np.full(events.ptr.size - 1, 60_000), events.user.size)
    a, b, _, later = kernel.pairs(events.user, low, events.user.size)
    met = np.unique(np.stack([a.astype(np.int64) * events.accounts + b, events.of[later]], axis=1), axis=0)[:, 0]
    pair, w = np.unique(met, return_counts=True)
    i, j, d = pair // events.accounts, pair % events.accounts, events.activity[0]
    due = d[i] * d[j] * w.sum() / ((d.sum() ** 2 - (d**2).sum()) / 2)
    value, gain = np.zeros(events.accounts), w * np.log(np.maximum(w / due, 1)) - (w - np.minimum(w, due))
    np.maximum.at(value, i, gain)
    np.maximum.at(value, j, gain)
    return value


def _met_own(events: Events, ring: np.ndarray) -> np.ndarray:
    low, _ = kernel.windows(events.ptr, events.time, np.full(events.ptr.size - 1, 60_000), events.user.size)
    a, b, _, _ = kernel.pairs(events.user, low, events.user.size)
    own = (ring[a] >= 0) & (ring[a] == ring[b])
    met = np.zeros(events.accounts, bool)
    met[a[own]] = met[b[own]] = True
    return met


def speed() -> None:
    """Seconds for 1M and 5M actions, with 20 draws."""
    ours(make_regime(seed=1))  # compiled
    for size in (1_000_000, 5_000_000):
        user, post, when, _ = co_reposts(size, 1)
        begin = time.perf_counter()
        events = Events.build(user, post, when, None)
        look = synchrony._Search.over(events, synchrony.choose_tau(events, seed=1))
        look.groups(1)
        once = time.perf_counter() - begin
        found = find_synchronised(user, post, when, seed=1)
        whole = time.perf_counter() - begin - once
        print(f"{size / 1e6:.0f}M: one search {once:.1f} s, with 20 draws {whole:.1f} s, {len(found.groups)} groups")


def main(*parts: str) -> None:
    """Print the named parts, or all."""
    for part in parts or PARTS:
        print(f"-- {part}", flush=True)
        globals()[part]()
