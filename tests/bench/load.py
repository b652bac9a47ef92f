"""Load a 5M-row repost table, whole and with 1 % damaged rows, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.repost_csv import write

CHILD = """
import json, resource, sys, time
from kolgraph.workspace import Workspace
start = time.perf_counter()
with Workspace.open(sys.argv[1], create=True) as ws:
    report = ws.load(sys.argv[2], platform="weibo", max_reject_rate=0.05)
    wall = time.perf_counter() - start
    kept = int(ws.sql("SELECT count(*) AS n FROM reposts")["n"].item())
use, c = resource.getrusage(resource.RUSAGE_SELF), report.counts
figures = [wall, use.ru_utime + use.ru_stime, use.ru_maxrss / 1024]
print(json.dumps([*figures, c.read, c.accepted, c.merged, c.rejected, kept]))
"""


def damage(source: Path, target: Path, every: int = 100) -> int:
    """Copy a file, spoiling about every hundredth record in one of five ways; returns how many."""
    count, spoil = 0, False
    with source.open("rb") as lines, target.open("wb") as out:
        for number, line in enumerate(lines):
            spoil = spoil or (number > 0 and number % every == 0)
            # Only records on a line of their own: a quoted text may begin here and go on over the next line.
            if spoil and line.startswith(b'"49') and line.endswith(b'"\n'):
                spoil, count, cells = False, count + 1, line.rstrip(b"\n").split(b",")
                ways = (
                    [*cells[:5], b"x" + cells[5], *cells[6:]],  # no time
                    [*cells[:6], b'"' + cells[6].replace(b'"', b"")],  # a quote that never closes
                    cells[:4],
                    [*cells, b"x", b"y"],
                    [*cells[:6], b"\xff\xfe"],  # no text
                )
                line = b",".join(ways[count % len(ways)]) + b"\n"
            out.write(line)
    return count


def measured(folder: Path, name: str, file: Path) -> list[float]:
    """Wall and CPU seconds, peak MiB, and the counts of one load."""
    command = [sys.executable, "-c", CHILD, str(folder / name), str(file)]
    return list(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def main(*, rows: int = 5_000_000, rounds: int = 3) -> None:
    """Print the figures of every round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = write(folder / "good.csv", rows)
        print(f"{rows:,} reposts, {good.stat().st_size / 1e6:,.0f} MB")
        for number in range(rounds):
            wall, cpu, peak, read, accepted, _, rejected, _ = measured(folder, f"g{number}.kol", good)
            print(
                f"  whole    {wall:5.1f} s wall  {cpu:5.1f} s CPU  {peak:5.0f} MiB"
                f"  {read:,.0f} read, {accepted:,.0f} accepted, {rejected:,.0f} rejected"
            )
        bad = damage(good, folder / "bad.csv")
        wall, cpu, peak, _, _, _, rejected, kept = measured(folder, "b.kol", folder / "bad.csv")
        print(
            f"  damaged  {wall:5.1f} s wall  {cpu:5.1f} s CPU  {peak:5.0f} MiB"
            f"  {bad:,} damaged, {rejected:,.0f} rejected, {rows - bad - kept:,.0f} good rows lost"
        )


if __name__ == "__main__":
    main()
