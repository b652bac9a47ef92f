"""True influence of every account of a world of a million: time, memory, and whether the intervals hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kolgraph.graph import Graph
from kolgraph.kernels.rrsets import simulate
from kolgraph.results import Scores
from kolgraph.synth import make_world
from kolgraph.verbs.observed import forwarding
from kolgraph.workspace import Workspace
from tests.bench.rmat import measured


def peak_mib() -> int:
    """Most memory this process ever had."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) // 1024


def coverage(
    graph: Graph, real: NDArray[np.float64], scores: Scores, rows: NDArray[np.int64], *, runs: int = 40_000
) -> tuple[float, float]:
    """Share of accounts whose interval holds the mean of forward simulations, and the median relative error.

    The mean has an error of its own, and where nearly all of a reach is known exactly the interval ends where the truth
    is: an interval is missed only by a mean that is more than two standard errors outside.
    """
    assert scores.low is not None
    assert scores.high is not None
    into, one = graph.incoming, np.ones(graph.n)
    held, off = [], []
    for v in rows:
        seeds = np.array([v], np.int32)
        reached = simulate(into.ptr, into.idx, into.weights, one, real, seeds, runs, 1000 + int(v))
        mean, slack = reached.mean(), 2 * reached.std() / np.sqrt(runs)
        held.append(scores.low[v] - slack <= mean <= scores.high[v] + slack)
        off.append(abs(scores.values[v] / mean - 1) if mean else 0.0)
    return float(np.mean(held)), float(np.median(off))


def asked_again(workspace: Path, *arguments: str, runs: int = 5) -> tuple[float, float]:
    """Wall and processor seconds of a repeated command, start of the program included: medians."""
    wall, busy = [], []
    for _ in range(runs + 1):
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "kolgraph", arguments[0], str(workspace), *arguments[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, arguments
        wall.append(time.perf_counter() - began)
        busy.append(used.ru_utime + used.ru_stime)
    return float(np.median(wall[1:])), float(np.median(busy[1:]))  # the first fills the caches of the machine


def main(*, accounts: int = 1_000_000, sample: int = 200) -> None:
    """Print every figure."""
    print(f"True influence, world of {accounts:,} accounts; everybody counts: rings are another benchmark's")
    with tempfile.TemporaryDirectory(prefix="kolgraph-bench-") as folder:
        path = Path(folder) / "w.kol"
        files = make_world(accounts, seed=1).write(Path(folder) / "files")
        with Workspace.open(path, create=True) as ws:
            for kind in ("accounts", "follows", "posts", "reposts"):
                ws.load(files[kind], platform="weibo")
            began = peak_mib()
            pagerank, _ = measured(lambda: ws.rank(by="pagerank"))
            first, scores = measured(lambda: ws.rank(by="reach", raw=True))
            again, _ = measured(lambda: ws.rank(by="reach", raw=True, seed=2))
            proved, _ = measured(lambda: ws.proven(raw=True))
            moved, _ = measured(lambda: ws.realised(raw=True))
            judged, _ = measured(lambda: ws.quality(raw=True))
            print(f"  pagerank of all {pagerank:.1f} s (with a new graph and compiling)")
            print(f"  reach of all {first:.1f} s (with compiling), with another seed {again:.1f} s")
            print(f"  proven {proved:.1f} s, realised {moved:.1f} s, quality {judged:.1f} s")
            print(f"  peak {peak_mib():,} MiB, {began:,} before")
            graph, learnt = forwarding(ws, raw=True)
        for arguments in (("rank", "--by", "pagerank"), ("rank", "--raw")):
            wall, busy = asked_again(path, *arguments)
            print(f"  kolgraph {' '.join(arguments)}, again: {wall:.2f} s, processor {busy:.2f} s")
    assert learnt
    assert scores.low is not None
    assert scores.high is not None
    real = np.ones(graph.n)
    rng = np.random.default_rng(7)
    uncertain = np.flatnonzero(scores.high > scores.low)
    best = np.argsort(-scores.values)[: accounts // 50]
    for name, pool in (("any that can be uncertain", uncertain), ("the best 2 %", best)):
        held, off = coverage(graph, real, scores, rng.choice(pool, sample, replace=False))
        print(f"  {sample} of {name}: intervals hold for {held:.1%}, median error {off:.1%}")


if __name__ == "__main__":
    main()
