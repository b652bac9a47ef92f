"""Kill a load at random moments, again and again, and compare what the workspace holds with what the file says.

``python -m tests.crash.kill --kills 40 --seed 1`` prints what was lost and what was doubled; both must be 0.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from kolgraph.workspace import Workspace
from tests.bench.repost_csv import write


@dataclass
class Outcome:
    """Counts over all loads."""

    kills: int = 0
    before_commit: int = 0
    lost: int = 0
    doubled: int = 0


def _load(workspace: Path, file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kolgraph", "load", str(workspace), str(file), "--platform", "weibo"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _ids(workspace: Path) -> list[str]:
    """Post ids of all reposts, as they stand after whatever happened."""
    with Workspace.open(workspace, create=True) as ws:
        return list(ws.sql("SELECT post_id FROM reposts ORDER BY 1")["post_id"])


def run(kills: int, *, rows: int, seed: int) -> Outcome:
    """Load two files into a fresh workspace, again and again; each load is killed at a random moment, then run again.

    After every kill each file is there whole or not at all; after the second run everything is there once.
    """
    rng, outcome = random.Random(seed), Outcome()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [write(folder / f"part{k}.csv", rows, accounts=max(rows // 8, 60), seed=seed + k) for k in range(2)]
        # The generator numbers its posts from the same start: the second file gets its own range.
        files[1].write_text(files[1].read_text("utf-8").replace('"4910', '"5910'), "utf-8")
        contents = [{f"weibo:{start}10{i:012d}" for i in range(rows)} for start in (49, 59)]
        begin = time.monotonic()
        _load(folder / "timed.kol", files[0]).wait()
        took = time.monotonic() - begin  # so that the kills fall inside a load
        while outcome.kills < kills:
            workspace = folder / f"w{outcome.kills}.kol"
            loaded: set[str] = set()
            for file, content in zip(files, contents, strict=True):
                process = _load(workspace, file)
                time.sleep(rng.uniform(0.15, 1.1) * took)
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    outcome.kills += 1
                else:
                    took *= 0.8  # the machine has less to do than it had
                process.wait()
                held = _ids(workspace)
                outcome.before_commit += not content & set(held)
                _check(held, loaded | content if content & set(held) else loaded, outcome)
                if _load(workspace, file).wait() != 0:
                    raise RuntimeError(f"after kill {outcome.kills}: the same command did not resume")
                loaded |= content
                _check(_ids(workspace), loaded, outcome)
            shutil.rmtree(workspace)
    return outcome


def _check(held: list[str], expected: set[str], outcome: Outcome) -> None:
    outcome.lost += len(expected - set(held))
    outcome.doubled += len(held) - len(set(held)) + len(set(held) - expected)


def main() -> None:
    """Print what became of the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    outcome = run(given.kills, rows=given.rows, seed=given.seed)
    print(
        f"{outcome.kills} kills ({outcome.before_commit} before the commit): "
        f"lost={outcome.lost} doubled={outcome.doubled}"
    )
    sys.exit(bool(outcome.lost or outcome.doubled))


if __name__ == "__main__":
    main()
