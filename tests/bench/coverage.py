"""Do the intervals hold when follower lists are sampled, cut, or those of few accounts? On worlds with planted rings.

``python -m tests.bench coverage``. Every row is the mean over worlds of 20,000 accounts, seeds 21 to 25, on which
nothing was tuned (`POOLED` was chosen on 1 to 3, `rings.power` made of 11 to 16); single seeds come before. Judged
accounts with 30 or more loaded followers count. Truths:

* *ring share*: what full lists and the same detector say (`full`), and the planted share of bots (`planted`);
* *overlap*: followers in common of pairs among the 60 largest accounts, and the union of 3 and of 5 of them, counted;
* *reach*: every way from real account to real account with the planted probabilities, on all follows.

`best` are the 50 accounts of largest estimated reach, of smallest estimated ring share, and the pairs among the 11 of
largest estimated reach: whoever picks the best picks lucky samples too. `picked` are the 50 of 1,770 pairs of most
estimated overlap. `reach (learnt)` takes probabilities learnt from the reposts along loaded follows, its truth those
along all follows. `reach (sampled sets)` is the interval of `reach (planted)` against what `reach` says of all follows:
it counts nobody twice, and has an error of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kolgraph.graph import Graph
from kolgraph.influence import Coverage, coverage, extrapolate_reach, learn_probabilities, overlap, reach, ring_share
from kolgraph.results import Scores
from kolgraph.rings import Rings, find_repost_rings, find_rings
from kolgraph.synth import World, make_world, thin_follows

F64 = NDArray[np.float64]
ENOUGH = 30
SEEDS = (21, 22, 23, 24, 25)
#: Name, share of every list, order, lists of so many KOLs only, whether reposts are loaded.
CRAWLS: tuple[tuple[str, float, str, int | None, bool], ...] = (
    ("10% random", 0.1, "random", None, True),
    ("10% random, no reposts", 0.1, "random", None, False),
    ("30% random", 0.3, "random", None, True),
    ("30% random, no reposts", 0.3, "random", None, False),
    ("40% random, no reposts", 0.4, "random", None, False),
    ("50% random, no reposts", 0.5, "random", None, False),
    ("100%", 1.0, "random", None, True),
    ("100%, no reposts", 1.0, "random", None, False),
    ("10% newest", 0.1, "newest", None, True),
    ("30% newest", 0.3, "newest", None, True),
    ("30 KOLs", 1.0, "random", 30, True),
    ("30 KOLs, no reposts", 1.0, "random", 30, False),
)


class Truth(NamedTuple):
    """A world by row numbers, and what full lists say of it."""

    world: World
    ids: NDArray[np.object_]
    rows: pd.Series
    bot: NDArray[np.bool_]
    p: F64
    reposts: Rings
    ring_share: dict[bool, F64]
    planted: F64
    reach: F64
    learnt: F64
    sets: F64
    followers: F64


class Answer(NamedTuple):
    """What is said of a part of it."""

    found: Coverage
    graph: Graph
    rings: Scores
    reach: Scores
    learnt: Scores


def truth_of(world: World) -> Truth:
    """Count everything on all follows."""
    ids = world.accounts["account"].to_numpy(object)
    rows = pd.Series(np.arange(ids.size), index=ids)
    real = world.truth["real"].set_index("account")["is_real"].reindex(ids).to_numpy(bool)
    p = world.truth["probabilities"].set_index("account")["p_repost"].reindex(ids).to_numpy()
    reposts = find_repost_rings(*(world.reposts[name].to_numpy(object) for name in ("src", "root", "dst")), seed=1)
    bare = Truth(world, ids, rows, ~real, p, reposts, {}, *(np.empty(0),) * 5)
    full = dict(zip((True, False), ask(bare, world.follows), strict=True))
    src, dst = rows[world.follows["src"]].to_numpy(), rows[world.follows["dst"]].to_numpy()
    followers = np.bincount(dst, minlength=ids.size)
    bots = np.bincount(dst, weights=~real[src], minlength=ids.size)
    shares = {flag: answer.rings.values for flag, answer in full.items()}
    planted = bots / np.maximum(followers, 1)
    weighted = Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), p[src].astype(np.float32), ids)
    sets = reach(weighted, targets=real.astype(float), probabilities=True, seed=1).values
    ways, learnt = full[True].reach.values, full[True].learnt.values
    return bare._replace(ring_share=shares, planted=planted, reach=ways, learnt=learnt, sets=sets, followers=followers)


def ask(truth: Truth, follows: pd.DataFrame) -> tuple[Answer, Answer]:
    """Coverage, ring shares and reach of what was loaded: with all reposts, and without any."""
    src, dst = truth.rows[follows["src"]].to_numpy(), truth.rows[follows["dst"]].to_numpy()
    graph = Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), None, truth.ids)
    count = truth.world.reposts["root"].value_counts()
    loaded = truth.world.posts["post"].map(count).fillna(0)
    author = truth.rows[truth.world.posts["author"]].to_numpy()
    posts = pd.DataFrame({"author": author, "reposts_loaded": loaded, "reposts_shown": loaded})
    since = pd.Series(follows["since"].to_numpy(), index=pd.MultiIndex.from_arrays([dst, src]))
    edge_src, edge_dst, _ = graph.edges()
    times = since.reindex(pd.MultiIndex.from_arrays([edge_dst, edge_src])).to_numpy(np.float64)
    shown = truth.world.accounts[["followers", "followings"]]
    rings, answers = [find_rings(graph, seed=1)], []
    real = (~truth.bot).astype(float)
    learnt = learn_from(truth, graph, author)
    for table in (posts, None):
        found = coverage(graph, shown, posts=table, since=times)
        reaches = [extrapolate_reach(graph, found, probabilities=p, targets=real) for p in (truth.p[edge_src], learnt)]
        also = [] if table is None else [truth.reposts]
        answers.append(Answer(found, graph, ring_share(graph, found, [*rings, *also]), *reaches))
    return answers[0], answers[1]


def learn_from(truth: Truth, graph: Graph, author: NDArray[np.int64]) -> F64:
    """Probabilities of the edges, from the reposts along them."""
    who, whom = (truth.rows[truth.world.truth["cascades"][name]].to_numpy() for name in ("account", "parent_account"))
    pairs, taken = np.unique(np.column_stack([who, whom]), axis=0, return_counts=True)
    posts = np.bincount(np.concatenate([author, who]), minlength=graph.n)
    shown = truth.world.accounts["followings"].to_numpy(np.float64)
    found = learn_probabilities(graph, *pairs.T, taken, posts, fake=truth.bot, followings=shown)
    return found.graph.incoming.weights.astype(np.float64)


def crawl(truth: Truth, share: float, order: str, only: int | None, seed: int) -> pd.DataFrame:
    """A part of the follows; of KOLs, those with the largest planted share of bots and the largest ones, half each."""
    lists = None
    if only is not None:
        kols = truth.rows[truth.world.truth["kols"]["account"]].to_numpy()
        worst, largest = (kols[np.argsort(-of[kols], kind="stable")] for of in (truth.planted, truth.followers))
        booked = np.concatenate([worst[: only // 2], np.setdiff1d(largest, worst[: only // 2], assume_unique=True)])
        lists = truth.ids[booked[:only]].tolist()
    return thin_follows(truth.world.follows, share=share, order=order, only=lists, seed=seed)


def held(scores: Scores, truth: F64, rows: NDArray[np.int64], best: NDArray[np.int64]) -> dict[str, float]:
    """Share of intervals that hold the truth, share of accounts judged, width."""
    assert scores.low is not None
    assert scores.high is not None
    judged = rows[~np.isnan(scores.values[rows])]
    if not judged.size:
        return {"judged": 0.0 if rows.size else np.nan}
    slack = 1e-9 * np.maximum(1, np.abs(truth))
    inside = (scores.low - slack <= truth) & (truth <= scores.high + slack)
    best = best[~np.isnan(scores.values[best])]
    return {
        "judged": judged.size / rows.size,
        "holds": float(inside[judged].mean()),
        "too_low": float((scores.high + slack < truth)[judged].mean()),
        "best": float(inside[best].mean()) if best.size else np.nan,
        "width": float(np.median((scores.high - scores.low)[judged])),
        "off": float(np.median(np.abs(scores.values - truth)[judged])),
    }


def overlaps(truth: Truth, answer: Answer, seed: int) -> Iterator[dict[str, Any]]:
    """Pairs of the 60 largest, and unions of 3 and 5 of them."""
    ok = answer.found.judged & (answer.found.followers >= ENOUGH)
    rows = np.argsort(-np.where(ok, truth.followers, -1), kind="stable")[: min(60, int(ok.sum()))]
    if rows.size < 5:
        return
    src, dst = (truth.rows[truth.world.follows[name]].to_numpy() for name in ("src", "dst"))
    sets = {int(v): src[dst == v] for v in rows}
    found = overlap(answer.graph, answer.found, truth.ids[rows].tolist())
    a, b = np.triu_indices(rows.size, 1)
    real = np.array([np.intersect1d(sets[int(rows[i])], sets[int(rows[j])]).size for i, j in zip(a, b, strict=True)])
    value, low, high = (part[a, b] for part in (found.shared, found.low, found.high))
    if np.isnan(value).all():
        yield {"what": "overlap of pairs", "judged": 0.0}
        return
    inside = (low - 1e-9 <= real) & (real <= high + 1e-9)
    picked = np.argsort(-value, kind="stable")[:50]
    top = rows[np.argsort(-answer.reach.values[rows], kind="stable")[:11]]
    best = np.isin(rows[a], top) & np.isin(rows[b], top)
    yield {
        "what": "overlap of pairs", "judged": float(np.isfinite(value).mean()), "holds": inside.mean(),
        "too_low": (high + 1e-9 < real).mean(), "best": inside[best].mean(), "picked": inside[picked].mean(),
        "width": np.median(high - low), "off": np.median(np.abs(value - real)),
    }  # fmt: skip
    rng = np.random.default_rng(seed)
    for k in (3, 5):
        hits, widths, errors = [], [], []
        for _ in range(20):
            some = rng.choice(rows, k, replace=False)
            one = overlap(answer.graph, answer.found, truth.ids[some].tolist())
            union = np.unique(np.concatenate([sets[int(v)] for v in some])).size
            hits.append(one.union_low - 1e-6 <= union <= one.union_high + 1e-6)
            widths.append(one.union_high - one.union_low)
            errors.append(abs(one.union - union))
        yield {
            "what": f"union of {k}", "judged": 1.0, "holds": np.mean(hits), "width": np.median(widths),
            "off": np.median(errors),
        }  # fmt: skip


def rows_of(truth: Truth, name: str, answer: Answer, seed: int, *, reposts: bool) -> Iterator[dict[str, Any]]:
    """One row per crawl and question."""
    many = np.flatnonzero(answer.found.followers >= ENOUGH)
    shares, ways = answer.rings, answer.reach
    least = many[np.argsort(np.nan_to_num(shares.values[many], nan=9.0), kind="stable")[:50]]
    most = many[np.argsort(-np.nan_to_num(ways.values[many]), kind="stable")[:50]]
    yield {"what": "ring share (full)", **held(shares, truth.ring_share[reposts], many, least)}
    yield {"what": "ring share (planted)", **held(shares, truth.planted, many, least)}
    army = np.flatnonzero((truth.planted >= 0.2) & (answer.found.followers > 0))
    assert shares.high is not None
    clean = shares.high[army] < 0.05
    judged = float((~np.isnan(shares.values[army])).mean()) if army.size else np.nan
    yield {"what": "20% army called clean", "n": army.size, "judged": judged, "holds": clean.sum()}
    yield {"what": "reach (planted)", **held(ways, truth.reach, many, most)}
    yield {"what": "reach (sampled sets)", **held(ways, truth.sets, many, most)}
    most = many[np.argsort(-np.nan_to_num(answer.learnt.values[many]), kind="stable")[:50]]
    yield {"what": "reach (learnt)", **held(answer.learnt, truth.learnt, many, most)}
    yield from overlaps(truth, answer, seed)


def measure(accounts: int, seeds: tuple[int, ...], crawls: tuple[tuple[Any, ...], ...] = CRAWLS) -> pd.DataFrame:
    """All rows of all worlds."""
    rows = []
    for seed in seeds:
        truth, known = truth_of(make_world(accounts, seed=seed)), {}
        for name, share, order, only, reposts in crawls:
            key = (share, order, only)
            if key not in known:
                known = {key: ask(truth, crawl(truth, share, order, only, seed))}
            answer = known[key][not reposts]
            facts = {
                "crawl": name,
                "seed": seed,
                "order": answer.found.order,
                "n": int((answer.found.followers >= ENOUGH).sum()),
            }
            rows += [facts | row for row in rows_of(truth, name, answer, seed, reposts=reposts)]
    return pd.DataFrame(rows)


def main() -> None:
    """Print every seed, then the means; of "20% army called clean" `n` and `holds` are numbers of accounts."""
    table = measure(20_000, SEEDS)
    shown = ["n", "judged", "holds", "too_low", "best", "picked", "width", "off"]
    print(table.set_index(["what", "crawl", "seed"])[[*shown, "order"]].sort_index().round(3).to_string())
    print(table.groupby(["what", "crawl"], sort=False)[shown].mean().round(3).to_string())
