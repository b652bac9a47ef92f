"""Interrupt and kill commands at random moments, and run the same command again.

``python -m tests.crash.interrupt --interrupts 100 --kills 100 --seed 1`` prints what went wrong; nothing may.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from kolgraph.synth import make_world
from kolgraph.workspace import Workspace

#: Who is forgotten: an account of this name, which others speak of.
NAME = "金丝雀阿明"


@dataclass
class Outcome:
    """What became of the rounds."""

    caught: int = 0
    done: int = 0
    wrong: list[str] = field(default_factory=list)


class Bench:
    """A workspace to copy, and a temporary folder of its own, in which nothing may stay."""

    def __init__(self, folder: Path, seed: int, accounts: int) -> None:
        self.folder, self.rng = folder, random.Random(seed)
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        files = make_world(accounts, seed=3).write(folder / "files")
        self.account = "weibo:9900100200300400"
        native = self.account.partition(":")[2]
        (folder / "name.csv").write_text(f"account,name\n{native},{NAME}\n77,路人\n", "utf-8")
        rows = "".join(f"{k},77,2025-01-02,我爱{NAME} {k}\n" for k in range(2000))
        (folder / "said.csv").write_text(f"post,author,time,text\n{rows}", "utf-8")
        with Workspace.open(folder / "kept.kol", create=True) as ws:
            for kind in ("accounts", "follows", "reposts"):
                ws.load(files[kind], platform="weibo")
            ws.load_all([folder / "name.csv", folder / "said.csv"], platform="weibo")

    def copy(self) -> Path:
        """The workspace as it was, without an answer."""
        place = self.folder / "w.kol"
        shutil.rmtree(place, ignore_errors=True)
        return Path(shutil.copytree(self.folder / "kept.kol", place))

    def start(self, *command: object) -> subprocess.Popen[str]:
        """Begin a command, as a shell does that lets it be interrupted."""
        return subprocess.Popen(
            [sys.executable, "-m", "kolgraph", *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"TMPDIR": str(self.temporary)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )

    def run(self, *command: object) -> tuple[int, str, str, float]:
        """Run a command to its end."""
        begin = time.monotonic()
        process = self.start(*command)
        out, err = process.communicate()
        return process.returncode, out, err, time.monotonic() - begin

    def left(self) -> list[str]:
        """What a command that ended should not have left."""
        inside = [p.name for p in (self.folder / "w.kol").rglob("*") if ".new" in p.name or p.name.startswith(".part-")]
        return inside + [p.name for p in self.temporary.iterdir()]


def interrupt_rings(bench: Bench, rounds: int, seconds: float = math.inf) -> Outcome:
    """Ctrl-C in the middle of ``rings``: 130 and one line; the same command then gives the answer."""
    outcome = Outcome()
    command = ("rings", bench.copy(), "--format", "json")
    code, expected, err, _ = bench.run(*command)
    assert code == 0, err
    bench.copy()
    took = bench.run(*command)[3]  # with everything compiled
    end = time.monotonic() + seconds
    while time.monotonic() < end and (outcome.caught + outcome.done < rounds or (rounds and not outcome.caught)):
        bench.copy()
        process = bench.start(*command)
        at = bench.rng.uniform(0.12, 1.0) * took
        time.sleep(at)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        if process.returncode == 0:
            outcome.done += 1
            took *= 0.97
            continue
        outcome.caught += 1
        said = err.strip().splitlines()[-1:] or [""]
        # In the first moments there is no program yet that could say something.
        if process.returncode != 130 or (said[0] and "interrupted; run the same command again" not in said[0]):
            outcome.wrong.append(f"after {at:.2f} s of {took:.2f}: exit {process.returncode}: {said[0][:200]}")
        code, again, err, _ = bench.run(*command)
        if code or again != expected or (left := bench.left()):
            outcome.wrong.append(f"after {at:.2f} s: the same command ended with {code}, left {left}: {err[-200:]}")
    return outcome


def kill_forget(bench: Bench, rounds: int, seconds: float = math.inf) -> Outcome:
    """SIGKILL in the middle of ``forget``: the same command forgets, and nothing is left of the name."""
    outcome = Outcome()
    command = ("forget", bench.copy(), bench.account)
    code, _, err, took = bench.run(*command)
    assert code == 0, err
    end = time.monotonic() + seconds
    while time.monotonic() < end and (outcome.caught + outcome.done < rounds or (rounds and not outcome.caught)):
        bench.copy()
        process = bench.start(*command)
        at = bench.rng.uniform(0.2, 1.05) * took
        time.sleep(at)
        process.kill()
        process.communicate()
        outcome.caught += process.returncode == -signal.SIGKILL
        outcome.done += process.returncode == 0
        code, _, err, _ = bench.run(*command)
        if code:
            outcome.wrong.append(f"after {at:.2f} s: the same command ended with {code}: {err[-200:]}")
        files = [path for path in (bench.folder / "w.kol").rglob("*") if path.is_file()]
        if any(NAME.encode() in path.read_bytes() for path in files) or (left := bench.left()):
            outcome.wrong.append(f"after {at:.2f} s: still there: {[p.name for p in files]}, {left}")
    return outcome


def run(
    *, interrupts: int, kills: int, seed: int, accounts: int = 3000, seconds: float = math.inf
) -> dict[str, Outcome]:
    """Both, on one bench; no round is begun after `seconds`, of which each has half."""
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), seed, accounts)
        return {
            "rings": interrupt_rings(bench, interrupts, seconds / 2),
            "forget": kill_forget(bench, kills, seconds / 2),
        }


def main() -> None:
    """Print what became of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interrupts", type=int, default=100)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=math.inf)
    given = parser.parse_args()
    found = run(**vars(given))
    for name, outcome in found.items():
        print(f"{name}: {outcome.caught} broken off, {outcome.done} done before; wrong={len(outcome.wrong)}")
        print("".join(f"  {line}\n" for line in outcome.wrong), end="")
    sys.exit(any(outcome.wrong for outcome in found.values()))


if __name__ == "__main__":
    main()
