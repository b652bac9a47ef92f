"""Kill loads while they make their workspace, and start many that make the same one; the same command has to recover.

``python -m tests.crash.making --kills 200 --together 50 --seed 1`` prints what was found; every problem counts.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from kolgraph.workspace import Workspace
from kolgraph.workspace.folder import FILE

#: What a workspace may hold after a load.
_KNOWN = {FILE, "cache"}
#: Exit codes that are promised: it worked; somebody else has it open.
_PROMISED = {0, 4}


@dataclass
class Outcome:
    """Counts over all rounds."""

    kills: int = 0
    unmade: int = 0  # kills before there was a workspace, but something in its folder
    codes: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def _load(workspace: Path, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kolgraph", "load", str(workspace), str(file), "--platform", "weibo"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate()
    return process.returncode, said.strip().rpartition("\n")[2]


def _edges(file: Path, start: int, rows: int = 20) -> Path:
    file.write_text("follower,followed\n" + "".join(f"{start + i},{start}\n" for i in range(1, rows + 1)))
    return file


def _look(workspace: Path, rows: int, outcome: Outcome) -> None:
    """Everything is there once, and nothing else."""
    with Workspace.open(workspace) as ws:
        held = len(ws.sql("FROM follows"))
    if held != rows:
        outcome.problems.append(f"{workspace.name}: {held} rows, not {rows}")
    if left := {path.name for path in workspace.iterdir()} - _KNOWN:
        outcome.problems.append(f"{workspace.name}: left behind {sorted(left)}")


def kill(kills: int, outcome: Outcome, *, seed: int) -> None:
    """Kill a load as soon as there is a folder, or a little later; then run it again."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        file = _edges(Path(name) / "f.csv", 1000)
        while outcome.kills < kills:
            workspace = Path(name) / f"w{outcome.kills}.kol"
            process = _load(workspace, file)
            while not workspace.exists() and process.poll() is None:
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.25) ** 2 * 4)
            process.send_signal(signal.SIGKILL)
            _finish(process)
            outcome.kills += 1
            outcome.unmade += not (workspace / FILE).exists()
            code, said = _finish(_load(workspace, file))
            outcome.codes[code] += 1
            if code:
                outcome.problems.append(f"after kill {outcome.kills} the same command said {code}: {said}")
            else:
                _look(workspace, 20, outcome)


def together(loads: int, outcome: Outcome) -> None:
    """Load as many files into one new workspace, all at once; those that it was busy for run again, alone."""
    with tempfile.TemporaryDirectory() as name:
        workspace = Path(name) / "deep" / "w.kol"
        files = [_edges(Path(name) / f"f{k}.csv", 1000 * (k + 1)) for k in range(loads)]
        started = [(_load(workspace, file), file) for file in files]
        for process, file in started:
            code, said = _finish(process)
            outcome.codes[code] += 1
            if code not in _PROMISED:
                outcome.problems.append(f"{file.name}: {code}: {said}")
        for file in files:
            code, said = _finish(_load(workspace, file))
            if code:
                outcome.problems.append(f"{file.name} again: {code}: {said}")
        _look(workspace, 20 * loads, outcome)


def main() -> None:
    """Print what became of the workspaces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--together", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    killed, crowd = Outcome(), Outcome()
    kill(given.kills, killed, seed=given.seed)
    if given.together:
        together(given.together, crowd)
    print(f"{killed.kills} kills ({killed.unmade} before it was made), the same command: {dict(killed.codes)}")
    print(f"{given.together} first loads at once: {dict(crowd.codes)}")
    problems = killed.problems + crowd.problems
    print(*problems, f"problems={len(problems)}", sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
