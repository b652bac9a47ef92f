"""One KOL's audience, bought to 5 to 80 %, all of one platform: members found at each step.

The platform sells followers in orders: every bot follows the KOL and eight to fourteen of the platform's sixty customers,
and some famous accounts. The KOL's own followers live in their niches. Only the KOL's audience acts in the graph.
"""

from __future__ import annotations

import numpy as np

from kolgraph.graph import Graph
from kolgraph.rings import find_rings
from kolgraph.synth.natural import niches

SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def audience(rng: np.random.Generator, share: float, n: int = 2000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who follows whom among a KOL's followers and those they follow, and the bots."""
    src, dst = niches(rng, n)
    fans = n - round(share * n)
    keep = src < fans
    src, dst = src[keep], dst[keep]
    bots = np.arange(fans, n)
    total = int(dst.max()) + 2
    kol = total - 1
    fame = np.bincount(dst, minlength=total)
    customers = rng.choice(np.flatnonzero((fame > 0) & (fame <= 20)), 60, replace=False)
    orders = rng.integers(8, 15, bots.size)
    paid = np.concatenate([rng.choice(customers, k, replace=False) for k in orders])
    other = rng.choice(dst, int(orders.sum()))
    who = np.repeat(bots, orders)
    everybody = np.arange(n)
    return np.r_[src, who, who, everybody], np.r_[dst, paid, other, np.full(n, kol)], bots


def main() -> None:
    """Print recall and precision for each share, five draws each."""
    for share in SHARES:
        recall, precision = [], []
        for seed in range(5):
            src, dst, bots = audience(np.random.default_rng([seed, int(100 * share)]), share)
            who = np.array(find_rings(Graph.from_edges(src, dst), seed=seed + 1).accounts(), dtype=np.int64)
            hit = np.intersect1d(who, bots).size
            recall.append(hit / bots.size)
            precision.append(hit / max(who.size, 1))
        print(f"bought {share:.0%}: recall {np.mean(recall):.3f} (worst {min(recall):.3f}), precision {np.mean(precision):.3f} (worst {min(precision):.3f})", flush=True)
