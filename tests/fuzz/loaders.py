"""Fuzz every loader, guided by coverage: ``python -m tests.fuzz.loaders [--seconds N] [--target NAME ...] [--seed N]``.

Each target of `seeds.cases` runs in a process of its own and gets a fair share of the seconds. Exit 1 if anything
was found; the inputs lie in the folder that is printed, and ``--repeat FILE`` shows what one of them does.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zlib import compress

from tests.fuzz.seeds import cases

STATUS = re.compile(r"#(\d+)\s+([A-Z]\w+)\s+(?:cov: (\d+) ft: (\d+) corp: \d+)?.*?exec/s: \d+ rss: (\d+)Mb")
#: Seconds between two lines of progress.
OFTEN = 5.0


@dataclass
class Ran:
    """What became of a target: executions, edges and features of the code that were reached, peak of memory in MiB."""

    target: str
    runs: int = 0
    edges: int = 0
    features: int = 0
    memory: int = 0
    findings: int = 0

    def __str__(self) -> str:
        return (
            f"{self.target:<14} {self.runs:>7} runs  cov {self.edges:>5}  ft {self.features:>6}  "
            f"{self.memory:>5} MiB  {self.findings} findings"
        )


def fuzz(target: str, out: Path, seconds: float, seed: int) -> Ran:
    """Run one target, and tell how it goes on."""
    ran = Ran(target)
    command = [sys.executable, "-m", "tests.fuzz.guided", target, str(out), f"{seconds:.1f}", str(seed)]
    last = deque[str](maxlen=20)
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace"
    ) as child:
        try:
            assert child.stderr is not None
            _follow(child.stderr, ran, last)
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        print(*last, sep="", flush=True)
    found = [p for p in out.glob(f"{target}-*") if p.suffix != ".txt"]
    ran.findings = len(found) or int(child.returncode != 0)
    return ran


def _follow(said: IO[str], ran: Ran, last: deque[str]) -> None:
    """Read what libFuzzer says until it ends; tell some of it."""
    told = time.monotonic()
    for line in said:
        if "leaked" not in line:  # what the engine says of itself whenever Python ends
            last.append(line)
        if status := STATUS.match(line):
            runs, event, edges, features, memory = status.groups()
            ran.runs, ran.memory = int(runs), int(memory)
            ran.edges, ran.features = int(edges or ran.edges), int(features or ran.features)
            if event == "INITED" or time.monotonic() - told > OFTEN:
                told = time.monotonic()
                print("  " + " ".join(line.split()), flush=True)
        elif peak := re.match(r"stat::peak_rss_mb:\s+(\d+)", line):
            ran.memory = int(peak[1])


def repeat(file: Path) -> None:
    """What an input does, with its traceback."""
    from tests.fuzz.trial import Trial

    target = next(name for name in sorted(cases(), key=len, reverse=True) if file.name.startswith(f"{name}-"))
    with tempfile.TemporaryDirectory() as folder, closing(Trial(target, Path(folder))) as trial:
        trial.run(file.read_bytes(), whole=True)


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--target", nargs="+", choices=sorted(cases()), default=sorted(cases()))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=Path)
    args = parser.parse_args()
    if args.repeat:
        repeat(args.repeat)
        return 0
    with tempfile.TemporaryDirectory(prefix="kolgraph-fuzz-") as scratch:
        out = Path(scratch) / "findings"
        out.mkdir()
        done: list[Ran] = []
        try:
            for target in args.target:
                print(target, flush=True)
                done.append(fuzz(target, out, args.seconds / len(args.target), args.seed))
        except KeyboardInterrupt:
            print("interrupted")
        print(*done, sep="\n")
        if not any(out.iterdir()):
            return 1 if any(ran.findings for ran in done) else 0 if len(done) == len(args.target) else 130
        kept = Path(tempfile.mkdtemp(prefix="kolgraph-findings-"))
        out.rename(kept / "inputs")
    for file in sorted((kept / "inputs").iterdir()):
        if file.suffix == ".txt":  # all of it: where only the output is kept, it has to be enough
            print(file.read_text(encoding="utf-8"))
        else:
            print(f"python -m tests.fuzz.loaders --repeat {file}  # {b64encode(compress(file.read_bytes())).decode()}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
