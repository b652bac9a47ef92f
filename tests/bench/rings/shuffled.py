"""A hundred graphs with the degrees of real and planted ones and nothing else: how many accuse anybody."""

from __future__ import annotations

import numpy as np

from kolgraph.graph import Graph
from kolgraph.rings import find_rings
from kolgraph.rings.bipartite import Bipartite
from tests.bench.rings.graphs import load, plant

GRAPHS = ("nethept:oriented", "facebook:oriented", "wikivote:directed", "hepth:oriented")


def main() -> None:
    """Print shuffled graphs with an accusation, of each kind."""
    for name in GRAPHS:
        hidden, _, _ = plant(load(*name.split(":")), np.random.default_rng(3), 200, 200, 0.05, "biased")
        graph, users, items = Bipartite.build(hidden.src, hidden.dst)
        blamed = 0
        for seed in range(25):
            user, item = graph.swapped(seed).pairs
            rings = find_rings(Graph.from_edges(users[user], items[item - graph.m]), seed=seed)
            blamed += bool(rings.accounts())
        print(f"{name:24} shuffled graphs with an accusation: {blamed} of 25", flush=True)
