"""Graphs in which nothing was hidden: accounts accused of 1,000, and where nothing could be judged.

Real graphs in every form, natural graphs of seeds that the calibration did not see, volunteers too, and worlds with
niches and fan clubs but no ring. ``russian`` and ``weibo_s`` hold real coordination: they are printed, not judged.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from kolgraph.graph import Graph
from kolgraph.rings import Rings, find_repost_rings, find_rings
from kolgraph.synth import make_world
from kolgraph.synth.natural import KINDS
from tests.bench.rings.graphs import DATA, load

REAL = ("soc-epinions", "epinions", "nethept", "facebook", "wikivote", "hepth")
SEEDS = range(900, 905)
WORLDS = range(500, 550)


def show(name: str, rings: Rings, n: int, seconds: float) -> tuple[float, bool]:
    """A line; accused of 1,000, and whether the relation could not be judged."""
    rate = 1000 * len(rings.accounts()) / max(n, 1)
    kinds = pd.Series([ring.verdict for ring in rings.rings]).value_counts().to_dict()
    said = "not judged" if rings.habit else ""
    print(f"{name:34} {n:8,} accounts, accused of 1,000 {rate:6.2f} {said:10} {kinds} {seconds:.1f} s", flush=True)
    return rate, rings.habit


def of(name: str, src: np.ndarray, dst: np.ndarray) -> tuple[float, bool]:
    """Search a graph of rows."""
    start = time.perf_counter()
    rings = find_rings(Graph.from_edges(src, dst), seed=1)
    return show(name, rings, np.unique(src).size, time.perf_counter() - start)


def main() -> None:
    """Print a row per graph, and how many stay within the stated rate."""
    rates: list[tuple[float, bool]] = []
    for name in REAL:
        for form in ("directed", "oriented", "both"):
            edges = load(name, form)
            rates.append(of(f"{name} {form}", edges.src, edges.dst))
    for file, who, what in (("russian_coord_tweets", "account_id", "object_id"), ("weibo_s_edges", "user", "hashtag")):
        table = pd.read_csv(DATA / "rings" / f"{file}.csv.gz")
        start = time.perf_counter()
        rings = find_repost_rings(table[who].to_numpy(), table[what].to_numpy(), seed=1)
        show(file, rings, table[who].nunique(), time.perf_counter() - start)
    for kind, maker in KINDS.items():
        rates += [of(f"{kind} {seed}", *maker(np.random.default_rng(seed), 2000 + 1000 * (seed % 3))) for seed in SEEDS]
    judged = [rate for rate, habit in rates if not habit]
    print(f"graphs {len(rates)}: not judged {len(rates) - len(judged)}; of the others")
    print(f"accused <= 1 of 1,000 in {np.mean(np.array(judged) <= 1):.3f}, most {max(judged):.2f}")
    rates = []
    for seed in WORLDS:
        world = make_world(2000 + 500 * (seed % 5), seed=seed, rings=0, fan_clubs=3)
        graph = Graph.from_edges(world.follows["src"], world.follows["dst"])
        who = set(find_rings(graph, seed=1).accounts())
        users, posts, authors = (world.reposts[name].to_numpy(object) for name in ("src", "root", "dst"))
        reposts = find_repost_rings(users, posts, authors, seed=1)
        rates.append((1000 * len(who | set(reposts.accounts())) / graph.n, False))
    worlds = np.array([rate for rate, _ in rates])
    print(f"worlds {worlds.size}: accused <= 1 of 1,000 in {np.mean(worlds <= 1):.3f}, most {worlds.max():.2f}")
