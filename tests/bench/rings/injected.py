"""Rings of known members in real graphs: F1 of all who are accused, innocents beside them, seconds.

``best`` is the F1 that refining the planted block itself gives: what no search can be expected to pass.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np

from kolgraph.graph import Graph
from kolgraph.rings import find_rings
from kolgraph.rings.bipartite import Bipartite, Block
from kolgraph.rings.refine import by_workload, refine
from tests.bench.rings.graphs import Edges, load, plant

GRAPHS = ("soc-epinions:oriented", "nethept:oriented", "facebook:oriented", "wikivote:directed")
#: members, targets, density, camouflage, sigma of workloads, whether all targets are of one niche
CASES = (
    (200, 200, 0.03, "none", 0.0, False), (200, 200, 0.03, "biased", 0.0, False), (200, 200, 0.03, "hijack", 0.0, False),
    (200, 200, 0.05, "hijack", 0.0, False), (60, 60, 0.10, "none", 0.0, False), (60, 60, 0.10, "biased", 0.0, False),
    (60, 60, 0.10, "hijack", 0.0, False), (60, 60, 0.05, "biased", 0.0, False), (60, 60, 0.05, "hijack", 0.0, False),
    (20, 20, 0.30, "biased", 0.0, False), (20, 20, 0.30, "hijack", 0.0, False), (200, 200, 0.10, "biased", 1.0, False),
    (60, 60, 0.10, "biased", 0.0, True), (200, 200, 0.10, "biased", 0.0, True),
)  # fmt: skip
#: Draws of every case: KOLGRAPH_BENCH_DRAWS=2 for a quick look.
DRAWS = int(os.environ.get("KOLGRAPH_BENCH_DRAWS", "10"))


def niche(edges: Edges, rng: np.random.Generator) -> np.ndarray:
    """What else those follow who follow one account of the graph."""
    first = int(rng.choice(np.flatnonzero(np.bincount(edges.dst, minlength=edges.n) >= 20)))
    return np.unique(edges.dst[np.isin(edges.src, edges.src[edges.dst == first])])


def cases(name: str, edges: Edges) -> Iterator[tuple[str, list[tuple[Edges, np.ndarray, np.ndarray]]]]:
    """Every case with its draws."""
    for members, targets, density, camouflage, sigma, near in CASES:
        rng = np.random.default_rng([len(name), members, round(1000 * density), len(camouflage), int(sigma), int(near), 9])
        draws = []
        for _ in range(DRAWS):
            pool = niche(edges, rng) if near else None
            draws.append(plant(edges, rng, members, targets, density, camouflage, sigma=sigma, pool=pool))
        label = f"{members}x{targets} {density:.2f} {camouflage}{' uneven' if sigma else ''}{' niche' if near else ''}"
        yield label, draws


def best(edges: Edges, ring: np.ndarray, targets: np.ndarray) -> float:
    """F1 of the block refined from the planted members and targets."""
    graph, users, items = Bipartite.build(edges.src, edges.dst)
    truth = np.flatnonzero(np.isin(users, ring)).astype(np.int32)
    found = refine(graph, Block(truth, np.flatnonzero(np.isin(items, targets)).astype(np.int32) + graph.m), by_workload)
    return f1(users[found.users], ring) if found else 0.0


def f1(found: np.ndarray, ring: np.ndarray) -> float:
    """Of two sets of rows."""
    return 2 * np.intersect1d(found, ring).size / max(found.size + ring.size, 1)


def accused(edges: Edges, seed: int = 1) -> np.ndarray:
    """Rows of accounts in coordinated rings."""
    rings = find_rings(Graph.from_edges(edges.src, edges.dst), seed=seed)
    return np.array(rings.accounts(), dtype=np.int64)


def main() -> None:
    """Print a row per graph and case."""
    print(f"{'':42} mean F1  worst  found  best  innocents/ring  seeds (best - worst)  s")
    for name in GRAPHS:
        edges = load(*name.split(":"))
        for label, draws in cases(name, edges):
            scores, beside, seconds = [], [], []
            for hidden, ring, _ in draws:
                start = time.perf_counter()
                who = accused(hidden)
                seconds.append(time.perf_counter() - start)
                scores.append(f1(who, ring))
                beside.append(np.setdiff1d(who, ring).size / ring.size)
            bound = [best(*draw) for draw in draws]
            hidden, ring, _ = draws[0]
            by_seed = [f1(accused(hidden, seed), ring) for seed in range(1, 6)] if DRAWS >= 10 else [0.0]
            print(
                f"{name:24}{label:34} {np.mean(scores):.3f}  {min(scores):.2f}  {np.mean(np.array(scores) > 0.5):.2f}"
                f"  {np.mean(bound):.2f}  {np.mean(beside):.3f}  {max(by_seed) - min(by_seed):.2f}  {np.mean(seconds):.1f}",
                flush=True,
            )
