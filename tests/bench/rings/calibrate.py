"""Grow the trees of `kolgraph.rings.nature` and measure how many accounts they accuse where nobody was paid.

``python -m tests.bench rings calibrate`` writes ``kolgraph/rings/nature.json``. Natural graphs are real ones, and those
of `kolgraph.synth.natural`; rings of many shapes are hidden in each. What is printed of a kind of graph comes from
trees that saw no graph of that kind.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import kolgraph.rings
from kolgraph.rings.bipartite import Bipartite
from kolgraph.rings.judging import weighed
from kolgraph.rings.nature import MARKS, marks
from kolgraph.rings.rule import Rule
from kolgraph.synth import make_world
from kolgraph.synth.natural import KINDS
from tests.bench.rings.bought import audience
from tests.bench.rings.graphs import Edges, load, plant

REAL = {
    "epinions": ("soc-epinions:oriented", "epinions:directed"),
    "nethept": ("nethept:oriented", "nethept:both"),
    "facebook": ("facebook:oriented", "facebook:both"),
    "wikivote": ("wikivote:directed",),
    "hepth": ("hepth:oriented", "hepth:both"),
}
#: members, targets, density
SHAPES = (
    (200, 200, 0.03), (200, 200, 0.05), (200, 200, 0.1), (60, 60, 0.05), (60, 60, 0.1), (20, 20, 0.3), (40, 12, 0.6),
    (100, 50, 0.15), (400, 60, 0.1), (30, 30, 0.2),
)  # fmt: skip
CAMOUFLAGES = ("none", "random", "biased", "hijack")
RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
#: Part of the kinds of graphs whose typical one keeps to the rate where the trees saw no graph of that kind, and part
#: of all graphs where they did.
UNSEEN, SEEN = 0.9, 0.95


class Seen(NamedTuple):
    """A block of a graph: its marks, who is in it, and whether it is a planted ring (1), natural (0), between (-1)."""

    family: str
    graph: str
    planted: bool
    m: int
    x: NDArray[np.float64]
    users: NDArray[np.int32]
    y: int
    f1: float


def look(
    family: str, name: str, edges: Edges, ring: NDArray[np.int64], owner: NDArray[np.int64] | None = None
) -> list[Seen]:
    """All blocks of a graph. `owner`: whose each item is; default: itself."""
    graph, users, items = Bipartite.build(edges.src, edges.dst)
    node = np.arange(graph.m, graph.m + edges.n)
    node[users] = np.arange(graph.m)
    whose = node[items if owner is None else owner[items]]
    truth = np.flatnonzero(np.isin(users, ring))
    rows = []
    for evidence in weighed(graph, whose, Rule(), 1)[0]:
        hit = np.isin(evidence.block.users, truth).sum()
        f1 = 2 * hit / (evidence.block.users.size + truth.size)
        y = 1 if f1 >= 0.6 else 0 if hit <= 0.1 * evidence.block.users.size else -1
        rows.append(Seen(family, name, ring.size > 0, graph.m, marks(evidence), evidence.block.users, y, float(f1)))
    best = max((row.f1 for row in rows if ring.size), default=0.0)
    print(f"{name:40} {graph.m:8,} {graph.edges:9,} blocks {len(rows):5} best {best:.2f}", flush=True)
    return rows


def everything(rng: np.random.Generator) -> list[Seen]:
    """Blocks of all graphs, natural and with a ring."""
    rows: list[Seen] = []
    nobody = np.empty(0, np.int64)
    natural: list[tuple[str, str, Edges]] = []
    for family, names in REAL.items():
        natural += [(family, name, load(*name.split(":"))) for name in names]
    for kind, maker in KINDS.items():
        if kind == "chance":
            continue
        # Where groups come closest to rings, more of them are looked at.
        more = range(2000, 5000, 250) if kind in ("volunteers", "mail", "protein", "hashtags") else ()
        for size in (4000, 1500, 6000, *more):
            src, dst = maker(np.random.default_rng([size, zlib.crc32(kind.encode())]), size)
            natural.append((kind, f"{kind}:{size}", Edges(src, dst, int(max(src.max(), dst.max())) + 1)))
    for family, name, edges in natural:
        rows += look(family, name, edges, nobody)
        if (family in KINDS and not name.endswith(":4000")) or name.endswith(":both") or name == "epinions:directed":
            continue
        fame = np.bincount(edges.dst, minlength=edges.n)
        for number in range(5 if family == "epinions" else 14):
            shape = SHAPES[int(rng.integers(len(SHAPES)))]
            camouflage = CAMOUFLAGES[int(rng.integers(4))]
            sigma = 1.0 if number % 4 == 3 else 0.0
            pool = None
            if number % 7 == 6 and shape[2] >= 0.1:  # all targets from the surroundings of one account
                first = int(rng.choice(np.flatnonzero(fame >= 20)))
                pool = np.unique(edges.dst[np.isin(edges.src, edges.src[edges.dst == first])])
            hidden, ring, _ = plant(edges, rng, *shape, camouflage, sigma=sigma, pool=pool)
            rows += look(family, f"{name} {shape} {camouflage} {sigma}", hidden, ring)
    for number in range(40):  # graphs of chance, of any size and evenness, with a ring in every other
        size, spread = int(rng.integers(300, 4000)), float(rng.uniform(0, 1.5))
        src, dst = KINDS["chance"](rng, size, spread=spread, degree=float(rng.uniform(3, 15)))
        edges = Edges(src, dst, 2 * size)
        rows += look("chance", f"chance:{number}", edges, nobody)
        if number % 2:
            shape = ((40, 15, 0.6), (30, 30, 0.25), (60, 60, 0.1))[number % 3]
            hidden, ring, _ = plant(edges, rng, *shape, CAMOUFLAGES[number % 4])
            rows += look("chance", f"chance:{number} {shape}", hidden, ring)
    for number in range(12):  # niches in which all are equally famous; and audiences that are mostly bought
        src, dst = KINDS["niches"](
            rng, 1500 + 100 * number, niches=4 + number % 5, kols=20, fame=(number % 3) / 5, spread=(number % 4) / 4
        )
        rows += look("even", f"even:{number}", Edges(src, dst, int(max(src.max(), dst.max())) + 1), nobody)
        src, dst, bots = audience(rng, 0.05 + 0.07 * number, 2000)
        rows += look("even", f"even:{number} bought", Edges(src, dst, int(max(src.max(), dst.max())) + 1), bots)
    for seed in range(6):
        for rings in (0, 6):
            world = make_world((1500, 6000, 12_000)[seed % 3], seed=100 + seed, rings=rings)
            index = {account: row for row, account in enumerate(world.accounts["account"])}
            bots = world.truth["rings"]
            bots = bots[bots["role"] == "member"]
            member = bots["account"].map(index).to_numpy(np.int64) if rings else nobody
            each = [member[bots["ring"].to_numpy() == k] for k in range(6)] if rings else [nobody]
            src, dst = (world.follows[name].map(index).to_numpy(np.int64) for name in ("src", "dst"))
            rows += parts("world", f"world:{seed}", Edges(src, dst, len(index)), each, None)
            posts = {post: row + len(index) for row, post in enumerate(world.posts["post"])}
            who = world.reposts["src"].map(index).to_numpy(np.int64)
            what = world.reposts["root"].map(posts).to_numpy(np.int64)
            owner = np.r_[np.arange(len(index)), world.posts["author"].map(index).to_numpy(np.int64)]
            key = np.unique(who * (owner.size + 1) + what)
            edges = Edges(key // (owner.size + 1), key % (owner.size + 1), owner.size)
            rows += parts("reposts", f"reposts:{seed}", edges, each, owner)
    return rows


def parts(family: str, name: str, edges: Edges, rings: list[NDArray[np.int64]], owner: Any) -> list[Seen]:
    """`look` where there may be several rings: a block is judged by the one it fits best."""
    seen = [look(family, name, edges, ring, owner) for ring in rings]
    merged = []
    for same in zip(*seen, strict=True):
        best = max(same, key=lambda row: row.f1)
        mixed = -1 if any(row.y != 0 for row in same) else 0
        merged.append(best if best.y == 1 else best._replace(y=mixed))
    return merged


def grow(rows: list[Seen]) -> Any:
    """Trees that tell planted blocks from natural ones; every kind of graph counts the same on both sides."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    x, y = np.array([row.x for row in rows]), np.array([row.y for row in rows])
    group = np.unique([f"{row.family}|{row.y}" for row in rows], return_inverse=True)[1]
    weight = 1.0 / np.bincount(group)[group]
    model = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=8, learning_rate=0.1, l2_regularization=1.0, min_samples_leaf=30,
        monotonic_cst=[way for _, way in MARKS.values()], early_stopping=False, random_state=1,
    )  # fmt: skip
    return model.fit(x, y, sample_weight=weight * len(rows) / weight.sum())


def needed(rows: list[Seen], score: NDArray[np.float64]) -> dict[str, list[float]]:
    """Of every natural graph: the score from which on no more than each of `RATES` are accused."""
    found: dict[str, list[float]] = {}
    for name in sorted({row.graph for row in rows if not row.planted}):
        here = [i for i, row in enumerate(rows) if row.graph == name and not row.planted]
        here.sort(key=lambda i: -score[i])
        taken = np.zeros(rows[here[0]].m, bool)
        least = [-5.0] * len(RATES)
        for i in here:
            taken[rows[i].users] = True
            for k, rate in enumerate(RATES):
                if taken.sum() > rate * taken.size / 1000 and least[k] == -5.0:
                    least[k] = float(score[i])
        found[name] = least
    return found


def found(rows: list[Seen], score: NDArray[np.float64], least: float) -> float:
    """Part of the planted rings with a block that is accused, of those with a block at all."""
    best: dict[str, float] = {}
    for row, value in zip(rows, score, strict=True):
        if row.planted and row.y == 1:
            best[row.graph] = max(best.get(row.graph, -99.0), float(value))
    return float(np.mean([value > least for value in best.values()])) if best else float("nan")


def plain(model: Any, least: list[float]) -> dict[str, Any]:
    """The trees as lists: marks, cuts, children and values of their nodes."""
    trees = []
    for (tree,) in model._predictors:
        node = tree.nodes
        leaf = node["is_leaf"].astype(bool)
        trees.append(
            {
                "mark": np.where(leaf, -1, node["feature_idx"]).tolist(),
                "cut": [round(float(v), 6) for v in np.where(leaf, 0, node["num_threshold"])],
                "left": np.where(leaf, -1, node["left"]).astype(int).tolist(),
                "right": np.where(leaf, -1, node["right"]).astype(int).tolist(),
                "value": [round(float(v), 6) for v in node["value"]],
            }
        )
    start = float(np.ravel(model._baseline_prediction)[0])
    return {"marks": list(MARKS), "start": start, "rates": list(RATES), "scores": least, "trees": trees}


def main() -> None:
    """Print what every kind of graph would have cost, and write the trees."""
    rows = everything(np.random.default_rng(20261130))
    families = sorted({row.family for row in rows})
    # Around a hidden ring the natural blocks are those of the graph without it: a tenth of them will do.
    use = [row for i, row in enumerate(rows) if row.y == 1 or (row.y == 0 and (not row.planted or i % 10 == 0))]
    score = np.zeros(len(rows))
    for family in families:
        model = grow([row for row in use if row.family != family])
        here = [i for i, row in enumerate(rows) if row.family == family]
        score[here] = model.decision_function(np.array([rows[i].x for i in here]))
    final = grow(use)
    own = final.decision_function(np.array([row.x for row in rows]))
    apart, seen = needed(rows, score), needed(rows, own)
    for name in apart:
        print(f"{name:28} unseen {np.round(apart[name], 1)} seen {np.round(seen[name], 1)}")
    for family in families:
        part = [i for i, row in enumerate(rows) if row.family == family]
        here = [rows[i] for i in part]
        recall = [[round(found(here, s[part], t), 2) for t in (2, 3, 3.5, 4, 5)] for s in (score, own)]
        print(f"{family:16} rings found above 2, 3, 3.5, 4, 5: unseen {recall[0]}, seen {recall[1]}")
    # Tags that come in bundles look like rings to all marks; `kolgraph.rings.judging` sees that they do so everywhere.
    family_of = {row.graph: row.family for row in rows if not row.planted}
    judged = sorted(set(family_of.values()) - {"hashtags"})  # a kind whose graphs have no block at all says nothing
    table = []
    for k in range(len(RATES)):
        typical = [np.median([apart[name][k] for name in apart if family_of[name] == family]) for family in judged]
        own_graphs = [seen[name][k] for name in seen if family_of[name] in judged]
        table.append(max(float(np.quantile(typical, UNSEEN)), float(np.quantile(own_graphs, SEEN))))
    least = np.minimum.accumulate(table).round(3).tolist()
    print("least", dict(zip(RATES, least, strict=True)))
    target = Path(kolgraph.rings.__file__).with_name("nature.json")
    target.write_text(json.dumps(plain(final, least), separators=(",", ":")) + "\n")
    print(f"{target.name}: {target.stat().st_size:,} bytes")
