"""Small files that ask for much: seconds and peak memory beside what is promised for a file of that size.

Promised: 8 times the input and 64 MiB above the program itself, which is measured with a file of one bad row; and 5
seconds per 10 MB, above the program too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

LOAD = """
import json, resource, sys, time
from kolgraph.workspace import Workspace
start = time.perf_counter()
with Workspace.open(sys.argv[2], create=True) as ws:
    counts = ws.load(sys.argv[1], platform="weibo", max_reject_rate=1).counts
assert counts.read == counts.accepted + counts.merged + counts.rejected
use = resource.getrusage(resource.RUSAGE_SELF)
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([time.perf_counter() - start, use.ru_utime + use.ru_stime, peak / 1024, counts.read, counts.rejected]))
"""


def rows(header: str, row: str, count: int = 1_000_000) -> Iterator[str]:
    """A header and rows in which {k} is the number of the row."""
    yield header + "\n"
    for k in range(count):
        yield row.format(k=k) + "\n"


FILES: Mapping[str, Callable[[], Iterator[str]]] = {
    "one bad row (the program itself)": lambda: rows("follower,followed", "1", 1),
    "a line of 60,000 cells": lambda: iter(["follower,followed\n", ",".join(["1"] * 60_000), "\n1,2\n"]),
    "a surplus cell in every row": lambda: rows("follower,followed", "{k},2,3"),
    "a cell too few in every row": lambda: rows("follower,followed", "{k}"),
    "an id that is a float in every row": lambda: rows("follower,followed", "{k}.0,2"),
    "a quote that never closes": lambda: iter(["account,name\n", '1,"', "x\n" * 4_000_000, "\n2,b\n"]),
    "a quote that opens in every row": lambda: rows("account,name", '{k},"a'),
    "JSON that is cut off in every row": lambda: rows('{"follower": "1", "followed": "2"}', '{{"follower": "{k}"'),
    "a line of 33 MB": lambda: iter(["account,name\n1,", "x" * 33_000_000, "\n2,b\n"]),
    "a quoted cell of 200 MB": lambda: iter(["account,name\n1,", '"' + "x" * 200_000_000 + '"', "\n2,b\n"]),
    "2 million blank lines": lambda: iter(["follower,followed\n1,2\n", "\n" * 2_000_000, "3,4\n"]),
}


def main() -> None:
    """Print one line per file."""
    own: list[float] = []
    print(f"{'file':36} {'MB':>6} {'s':>6} {'cpu s':>6} {'limit':>6} {'MB':>6} {'limit':>6}  rows read, rejected")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, content) in enumerate(FILES.items()):
            file = Path(folder, f"{number}.jsonl" if "JSON" in name else f"{number}.csv")
            with file.open("w") as out:
                out.writelines(content())
            arguments = [sys.executable, "-c", LOAD, str(file), f"{folder}/{number}.kol"]
            done = subprocess.run(arguments, capture_output=True, text=True, check=False)
            size = file.stat().st_size / 1e6
            file.unlink()
            if done.returncode:
                print(f"{name:36} {size:6.1f} {done.stderr.strip().splitlines()[-1]}")
                continue
            seconds, cpu, peak, read, rejected = json.loads(done.stdout)
            own = own or [cpu, peak]
            limits = own[0] + max(1.0, size / 2), own[1] + 8 * size / 1.048576 + 64
            shown = f"{size:6.1f} {seconds:6.1f} {cpu:6.1f} {limits[0]:6.1f} {peak:6.0f} {limits[1]:6.0f}"
            print(f"{name:36} {shown}  {read:,}, {rejected:,}", flush=True)
