"""Who acts together: beside coordination-network-toolkit 1.5.2 and bicm 3.4, on much, and on input that asks for more.

The peers are no part of `make bench`'s environment; where they are not installed their lines say so:
``pip install coordination-network-toolkit==1.5.2 "bicm>=3.1"``. Behind the name may stand parts: ``toolkit``, ``bicm``
(five minutes, bicm's), ``large``, ``limits``.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import io
import multiprocessing
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kolgraph.errors import KolgraphError
from kolgraph.kernels.copost import Edges, shares, tally
from kolgraph.rings import coordination, validated_pairs
from tests.bench.influence import peak_mib

RUSSIAN = Path(__file__).parents[3] / "shared" / "data" / "rings" / "russian_coord_tweets.csv.gz"
I64 = np.ndarray[Any, np.dtype[np.int64]]


class Reposts(NamedTuple):
    """Who reposted which post when, in seconds."""

    user: I64
    post: I64
    time: I64


def reposts(organic: int, *, seed: int = 1) -> Reposts:
    """Uneven accounts and posts over 30 days (facts of rings, 2.6), and 20 rings that repost within a minute."""
    rng = np.random.default_rng(seed)
    users, posts = organic // 10, organic // 20
    active, fame = np.arange(1, users + 1) ** -0.7, np.arange(1, posts + 1) ** -0.8
    user, post = (rng.choice(p.size, organic, p=p / p.sum()) for p in (active, fame))
    born = rng.integers(0, 30 * 86400, posts)
    parts = [Reposts(user, post, born[post] + rng.lognormal(9, 1.8, organic).astype(np.int64))]
    for _ in range(20):
        ring = rng.choice(np.arange(users // 10, users), rng.integers(10, 41), replace=False)
        for target in rng.integers(0, posts, rng.integers(15, 41)):
            there = ring[rng.random(ring.size) < 0.7]
            at = born[target] + rng.integers(60, 7200) + rng.integers(0, rng.integers(30, 51), there.size)
            parts.append(Reposts(there, np.full(there.size, target), at))
    return Reposts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Peers print what they do."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def missing(module: str) -> bool:
    """Whether a peer is not installed; then it says so."""
    if importlib.util.find_spec(module):
        return False
    print(f"  {module}: SKIPPED, not installed", flush=True)
    return True


def timed(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall and processor seconds, and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = function()
    return time.perf_counter() - wall, time.process_time() - cpu, answer


def kernel(rows: Reposts, *, crowded: bool = False) -> Edges:
    """From arrays to edges: what the toolkit does after it has read."""
    found = shares(
        rows.user.astype(np.int32), rows.post.astype(np.int32), rows.time, items=int(rows.post.max()) + 1, window=60,
        crowd=1000,
    )  # fmt: skip
    assert crowded or not found.crowded.size  # the toolkit leaves nothing out
    return Edges.joined(tally(found, int(rows.user.max()) + 1, least=np.full((1, 1), 2.0)))


def network(rows: Reposts, **options: Any) -> Any:
    """All of it: ids, edges, communities, what they pushed."""
    return coordination(rows.user, rows.post, rows.time * 1000, kind="repost", **options)


# ---------------------------------------------------------------------- beside the toolkit


def toolkit() -> None:
    """Edges and weights identical without self-loops, and how much faster."""
    if missing("coordination_network_toolkit"):
        return
    from coordination_network_toolkit.compute_networks import compute_co_retweet_parallel
    from coordination_network_toolkit.preprocess import preprocess_data

    kernel(reposts(2000))
    for organic in (200_000, 1_000_000):
        rows = reposts(organic)
        runs = [timed(partial(kernel, rows)) for _ in range(3)]
        wall, cpu, edges = min(runs, key=lambda run: run[1])
        whole, _, _ = timed(partial(network, rows))
        with tempfile.TemporaryDirectory(prefix="kolgraph-bench-") as folder, quiet():
            file = f"{folder}/toolkit.db"
            messages = (
                (i, f"u{u}", "", f"p{p}", "", "", int(t), [])
                for i, (u, p, t) in enumerate(zip(*(column.tolist() for column in rows), strict=True))
            )
            read, _, _ = timed(lambda file=file, messages=messages: preprocess_data(file, messages))
            theirs, _, _ = timed(lambda file=file: compute_co_retweet_parallel(file, 60, 2, 2))
            with contextlib.closing(sqlite3.connect(file)) as opened:
                found = opened.execute("SELECT user_1, user_2, weight FROM co_retweet_network").fetchall()
        both = {(int(a[1:]), int(b[1:])): w for a, b, w in found if a != b}
        mine = dict(
            zip(zip(edges.source.tolist(), edges.target.tolist(), strict=True), edges.weight.tolist(), strict=True)
        )
        print(
            f"  {rows.user.size:9,} reposts: {edges.source.size:,} edges, "
            f"{'identical' if mine == both else 'DIFFERENT'} without its {len(found) - len(both):,} self-loops; "
            f"ours {wall:.3f} s (processor {cpu:.3f}), whole answer {whole:.2f} s; toolkit, 2 processes: compute "
            f"{theirs:.1f} s ({theirs / wall:.0f}x), with its reading {theirs + read:.1f} s "
            f"({(theirs + read) / whole:.0f}x the whole answer)",
            flush=True,
        )


# ---------------------------------------------------------------------- on much


def _apart(function: Callable[[], Any]) -> tuple[float, float, int, Any]:
    """Wall and processor seconds, MiB above those of the program and its input, and what was said; in this process."""
    small = Reposts(np.array([0, 1] * 2), np.array([0, 0, 1, 1]), np.zeros(4, np.int64))
    network(small)
    validated_pairs(small.user, small.post)
    work = function()
    before = peak_mib()
    try:
        wall, cpu, answer = timed(work)
    except KolgraphError as error:
        return 0.0, 0.0, peak_mib() - before, f"{type(error).__name__}: {error}"
    return wall, cpu, peak_mib() - before, answer


def apart(function: Callable[[], Any]) -> tuple[float, float, int, Any]:
    """The same in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_apart, (function,))


def _large(organic: int, what: str) -> Callable[[], str]:
    rows = reposts(organic)
    if what == "edges":
        kernel(reposts(2000))
        return lambda: f"{kernel(rows, crowded=True).source.size:,} edges"
    users, posts, times = rows.user, rows.post, rows.time * 1000
    if what == "text":
        users, posts = (np.char.add("weibo:", column.astype(str)).astype(object) for column in (users, posts))
    return lambda: _told(coordination(users, posts, times, kind="repost"))


def large() -> None:
    """Five million reposts: edges and weights; the whole answer, with communities and what they pushed."""
    named = {"edges": "edges and weights", "whole": "the whole answer", "text": "the whole answer, ids as text"}
    for what, name in named.items():
        wall, cpu, mib, said = apart(partial(_large, 5_000_000, what))
        print(f"  5,000,000 reposts, {name}: {wall:.2f} s (processor {cpu:.2f}), {mib:,} MiB  {said}", flush=True)


# ---------------------------------------------------------------------- beside bicm


def bicm() -> None:
    """Validated pairs of real reposts: the same, and how much faster."""
    if not RUSSIAN.exists():
        print(f"  {RUSSIAN.name}: SKIPPED, not there")
        return
    with gzip.open(RUSSIAN, "rt") as file:
        table = pd.read_csv(file)
    user, item = (pd.factorize(table[name], sort=True)[0] for name in ("account_id", "object_id"))
    validated_pairs(user[:500], item[:500])
    runs = [timed(lambda: validated_pairs(user, item)) for _ in range(3)]
    wall, cpu, found = min(runs, key=lambda run: run[1])
    whole, _, every = timed(lambda: validated_pairs(user, item, alpha=1.0))
    print(
        f"  {table.shape[0]:,} reposts: {found.u.size} of {every.u.size:,} pairs that share something come in at .05; "
        f"ours {wall:.2f} s (processor {cpu:.2f}), with all p values {whole:.2f} s",
        flush=True,
    )
    if missing("bicm"):
        return
    from bicm import BipartiteGraph

    with quiet():
        edges = [tuple(map(int, pair)) for pair in np.unique(np.stack([user, item], 1), axis=0)]
        graph = BipartiteGraph(edgelist=edges)
        solved, _, _ = timed(graph.solve_tool)
        pairs, _, theirs = timed(lambda: graph.get_rows_projection(alpha=0.05, threads_num=1, progress_bar=False))
    names = graph.rows_dict
    validated = {tuple(sorted((int(a), int(b)))) for a, others in theirs.items() for b in others}
    p = {
        tuple(sorted((int(names[a]), int(names[b])))): value
        for a, others in graph.rows_pvals.items()
        for b, value in others.items()
    }
    ours = dict(zip(zip(every.u.tolist(), every.v.tolist(), strict=True), every.p.tolist(), strict=True))
    off = max(abs(ours[pair] / value - 1) for pair, value in p.items()) if p.keys() == ours.keys() else np.inf
    same = validated == set(zip(found.u.tolist(), found.v.tolist(), strict=True))
    print(
        f"  bicm: validated pairs {'equal' if same else 'DIFFERENT'}, p values off by {off:.1e} of themselves at most; "
        f"{solved:.1f} s to solve and {pairs:.1f} s for the pairs ({(solved + pairs) / wall:,.0f}x; all p values "
        f"{(solved + pairs) / whole:,.0f}x)",
        flush=True,
    )


# ---------------------------------------------------------------------- what asks for too much


def _one_post(n: int, seconds: int) -> Callable[[], str]:
    rng = np.random.default_rng(1)
    rows = Reposts(rng.permutation(n), np.zeros(n, np.int64), rng.integers(0, seconds, n))
    return lambda: _told(network(rows))


def _everything(n: int) -> Callable[[], str]:
    user = np.r_[np.zeros(n, np.int64), np.arange(1, n + 1)]
    rows = Reposts(user, np.tile(np.arange(n), 2), np.tile(np.arange(n), 2))
    return lambda: _told(network(rows, min_weight=1))


def _block(users: int, posts: int, options: dict[str, Any]) -> Callable[[], str]:
    rows = Reposts(
        np.tile(np.arange(users), posts), np.repeat(np.arange(posts), users), np.zeros(users * posts, np.int64)
    )
    return lambda: _told(network(rows, **options))


def _no_times() -> Callable[[], str]:
    rows = reposts(1_000_000)
    return lambda: _told(coordination(rows.user, rows.post, kind="repost"))


def _no_window() -> Callable[[], str]:
    rows = reposts(1_000_000)
    return lambda: _told(coordination(rows.user, rows.post, kind="repost", window_s=None))


def _null_of_hubs() -> Callable[[], str]:
    rows = reposts(1_000_000)
    user, item = np.r_[rows.user, np.arange(1_000_000)], np.r_[rows.post, np.full(1_000_000, 10**6)]

    def work() -> str:
        found = validated_pairs(user, item)
        return f"{found.u.size:,} pairs, {found.items_left_out.size} items left out"

    return work


def _told(found: Any) -> str:
    left_out = found.summary()
    return ", ".join(
        f"{name} {left_out[name]:,}" for name in ("edges", "communities", "acts_left_out", "pairs_left_out")
    )


ASKING: dict[str, Callable[[], Callable[[], str]]] = {
    "one post, 1M accounts within a day": partial(_one_post, 1_000_000, 86_400),
    "one post, 1M accounts within a week": partial(_one_post, 1_000_000, 7 * 86_400),
    "one post, 1M accounts at one moment": partial(_one_post, 1_000_000, 1),
    "one account on each of 1M posts, and 1M others": partial(_everything, 1_000_000),
    "2,000 accounts on 1,000 posts at one moment": partial(_block, 2000, 1000, {}),
    "1,000 accounts on 2,000 posts at one moment": partial(_block, 1000, 2000, {}),
    "the same, at most 100,000 edges": partial(_block, 1000, 2000, {"max_edges": 100_000}),
    "1M reposts without times": _no_times,
    "1M reposts without times, and no window": _no_window,
    "validated pairs, one item of 1M users": _null_of_hubs,
}


def limits() -> None:
    """Input that asks for too much: bounded time and memory, and a clear answer."""
    for name, case in ASKING.items():
        wall, cpu, mib, said = apart(case)
        print(f"  {name:48} {wall:6.2f} s (processor {cpu:6.2f})  {mib:6,} MiB  {said}", flush=True)


PARTS: dict[str, Callable[[], None]] = {"toolkit": toolkit, "large": large, "bicm": bicm, "limits": limits}


def main(*parts: str) -> None:
    """Print every figure, or those of the named parts."""
    for name in parts or PARTS:
        print(f" {name}", flush=True)
        PARTS[name]()
