"""True influence of every account of a world of a million: time, memory, and whether the intervals hold."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kolgraph import run
from kolgraph.graph import Graph
from kolgraph.kernels.rrsets import simulate
from kolgraph.results import Scores
from kolgraph.synth import make_world
from kolgraph.workspace import Workspace
from tests.bench.rmat import measured


def peak_mib() -> int:
    """Most memory this process ever had."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) // 1024


def coverage(
    graph: Graph, real: NDArray[np.float64], scores: Scores, rows: NDArray[np.int64], *, runs: int = 40_000
) -> tuple[float, float]:
    """Share of accounts whose interval holds the mean of forward simulations, and the median relative error."""
    assert scores.low is not None
    assert scores.high is not None
    into, one = graph.incoming, np.ones(graph.n)
    held, off = [], []
    for v in rows:
        seeds = np.array([v], np.int32)
        mean = simulate(into.ptr, into.idx, into.weights, one, real, seeds, runs, 1000 + int(v)).mean()
        held.append(scores.low[v] <= mean <= scores.high[v])
        off.append(abs(scores.values[v] / mean - 1) if mean else 0.0)
    return float(np.mean(held)), float(np.median(off))


def main(*, accounts: int = 1_000_000, sample: int = 200) -> None:
    """Print every figure."""
    print(f"True influence, world of {accounts:,} accounts")
    with tempfile.TemporaryDirectory(prefix="kolgraph-bench-") as folder:
        world = make_world(accounts, seed=1)
        files = world.write(Path(folder) / "files")
        bots = "weibo:" + world.truth["rings"].query("role == 'member'")["account"]
        del world
        with Workspace.open(Path(folder) / "w.kol", create=True) as ws:
            for kind in ("accounts", "follows", "posts", "reposts"):
                ws.load(files[kind], platform="weibo")
            rings, _ = measured(lambda: run.rings(ws, seed=1))
            began = peak_mib()
            first, scores = measured(lambda: run.rank(ws, seed=1))
            again, _ = measured(lambda: run.rank(ws, seed=2))
            moved, _ = measured(run.realised, ws)
            judged, _ = measured(run.quality, ws)
            print(f"  rings {rings:.1f} s; reach of all {first:.1f} s, again {again:.1f} s (with compiling, without)")
            print(f"  realised {moved:.1f} s, quality {judged:.1f} s; peak {peak_mib():,} MiB, {began:,} before")
            graph, learnt = run.forwarding_graph(ws)
            real = run.real_audience(ws, graph)
        assert learnt
        assert scores.low is not None
        assert scores.high is not None
        fakes = graph.rows(bots)
        print(f"  {fakes.size:,} planted bots, {np.mean(real[fakes] == 0):.1%} with weight 0")
        rng = np.random.default_rng(7)
        uncertain = np.flatnonzero(scores.high > scores.low)
        best = np.argsort(-scores.values)[: accounts // 50]
        for name, pool in (("any that can be uncertain", uncertain), ("the best 2 %", best)):
            held, off = coverage(graph, real, scores, rng.choice(pool, sample, replace=False))
            print(f"  {sample} of {name}: intervals hold for {held:.1%}, median error {off:.1%}")


if __name__ == "__main__":
    main()
