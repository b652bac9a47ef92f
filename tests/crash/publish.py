"""Kill publications into a graph file, and see that it always holds the old content or the new, for readers too.

``python -m tests.crash.publish --kills 30`` kills them at any time, shortly before and after the new file takes the
place of the old one, and at each step that touches a file; wrong must be 0.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.compute as pc

from kolgraph.store import GraphStore, Snapshot, open_store
from kolgraph.store.sync.schema import SNAPSHOT
from tests.crash.snapshots import snapshot

#: What tells two contents apart: name, counts, and two sums.
State: TypeAlias = "tuple[str, tuple[int, ...], int, int]"
_SUMS = (
    "MATCH (a:Account) RETURN coalesce(sum(a.followers), 0) AS n",
    "MATCH (a:Account)-[f:FOLLOWS]->(b:Account) RETURN coalesce(sum(f.since_ts), 0) AS n",
)
#: When a publication is killed: at any time, about when the new file takes its place, or at a step that touches a file.
KINDS = ("any time", "near the swap", "at a step")


@dataclass(frozen=True)
class World:
    """Two snapshots to publish in turn."""

    accounts: int
    follows: int
    seed: int

    def snapshot(self, turn: int) -> Snapshot:
        return snapshot(turn, accounts=self.accounts, follows=self.follows, seed=self.seed)

    def state(self, turn: int) -> State:
        """What a file with this content answers."""
        new = self.snapshot(turn)
        counts = tuple(new[name].num_rows if name in new else 0 for name in SNAPSHOT)
        sums = (new["Account"]["followers"], new["Account-FOLLOWS-Account"]["since_ts"])
        return f"turn{turn}", counts, *(int(pc.sum(column).as_py()) for column in sums)  # type: ignore[return-value]

    @property
    def options(self) -> list[str]:
        return [f"--{name}={value}" for name, value in vars(self).items()]


def held(store: GraphStore) -> State:
    """What an open file answers."""
    info = store.info()
    sums = (int(store.query(text)["n"][0].as_py()) for text in _SUMS)
    return info.workspace, tuple(info.counts[name] for name in SNAPSHOT), *sums  # type: ignore[return-value]


@dataclass
class Outcome:
    """What became of the publications."""

    killed: Counter[str] = field(default_factory=Counter)
    old: int = 0
    new: int = 0
    whole: int = 0
    left_behind: int = 0
    asked: int = 0
    wrong: list[str] = field(default_factory=list)


class Rounds:
    """Publications that are killed, and now and then one that is not.

    Parameters
    ----------
    folder : Path
        Empty.
    world : World
    seed : int
    """

    def __init__(self, folder: Path, world: World, *, seed: int) -> None:
        self.path, self.world, self.rng, self.outcome = folder / "graph.lbug", world, random.Random(seed), Outcome()
        self.states = [world.state(turn) for turn in (0, 1)]
        self.turn = 1
        self.took_s, self.built_s, self.steps = math.inf, math.inf, 0

    def run(self, kills: int) -> Outcome:
        """Publish until so many were killed, while a reader asks all the time."""
        for _ in range(2):  # the second meets a file that is there
            self._publish_whole()
        reader = subprocess.Popen(self._command("reader"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while sum(self.outcome.killed.values()) < kills:
            self._publish_and_kill(KINDS[sum(self.outcome.killed.values()) % len(KINDS)])
            if self.rng.random() < 0.3:
                self._publish_whole()
        self._publish_whole()
        said, _ = reader.communicate()
        asked, *wrong = said.splitlines() or ["0", "the reader said nothing"]
        self.outcome.asked = int(asked)
        self.outcome.wrong += [f"reader: {line}" for line in wrong]
        return self.outcome

    def _command(self, role: str, *more: object) -> list[str]:
        given = [role, str(self.path), *self.world.options, *map(str, more)]
        return [sys.executable, "-m", "tests.crash.publish", *given]

    def _publish(self, die_at: int, end: Callable[[subprocess.Popen[str]], None]) -> subprocess.Popen[str]:
        command = self._command("writer", f"--turn={1 - self.turn}", f"--die-at={die_at}")
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin and process.stdout
        with process.stdin, process.stdout:
            self._wait_for(process, "ready")
            process.stdin.write("go\n")
            process.stdin.flush()
            end(process)
            process.wait()
        return process

    @staticmethod
    def _wait_for(process: subprocess.Popen[str], word: str) -> str:
        assert process.stdout
        line = next((line for line in process.stdout if line.startswith(word)), "")
        return line.removeprefix(word).strip()

    def _publish_whole(self) -> None:
        def measure(process: subprocess.Popen[str]) -> None:
            begin = time.monotonic()
            self._wait_for(process, "built")
            self.built_s = min(self.built_s, time.monotonic() - begin)
            self.steps = int(self._wait_for(process, "done") or 0)
            self.took_s = min(self.took_s, time.monotonic() - begin)

        if self._publish(0, measure).returncode:
            self.outcome.wrong.append("a publication that was left alone failed")
        self.outcome.whole += 1
        self._check(Counter({1 - self.turn: 1}))
        if left := self._left():
            self.outcome.wrong.append(f"not swept: {left}")

    def _publish_and_kill(self, kind: str) -> None:
        def kill(process: subprocess.Popen[str]) -> None:
            if kind == "any time":
                time.sleep(self.rng.uniform(0, self.took_s))
            elif kind == "near the swap":
                time.sleep(self.rng.uniform(0.8 * self.built_s, self.took_s))
            else:
                self._wait_for(process, "done")  # it kills itself
            process.kill()

        before = set(self._left())
        process = self._publish(self.rng.randint(1, self.steps) if kind == "at a step" else 0, kill)
        self.outcome.killed[kind] += process.returncode == -signal.SIGKILL
        self._check(Counter({self.turn: 1, 1 - self.turn: 1}) if process.returncode else Counter({1 - self.turn: 1}))
        own = {name for name in self._left() if name.startswith(f"graph.lbug.{process.pid}.new")}
        self.outcome.left_behind += bool(own)
        odd = set(self._left()) - own - (set() if own else before)  # whoever began to build has swept before
        if odd:
            self.outcome.wrong.append(f"not swept: {sorted(odd)}")

    def _left(self) -> list[str]:
        return sorted(path.name for path in self.path.parent.iterdir() if path != self.path)

    def _check(self, allowed: Counter[int]) -> None:
        """The file opens, and holds one of these turns exactly."""
        try:
            with open_store(self.path) as store:
                state = held(store)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
            self.outcome.wrong.append(f"the file does not answer: {error!r}")
            return
        if state not in [self.states[turn] for turn in allowed]:
            self.outcome.wrong.append(f"neither old nor new: {state}")
            return
        turn = self.states.index(state)
        if len(allowed) > 1:
            self.outcome.old += turn == self.turn
            self.outcome.new += turn != self.turn
        self.turn = turn


def write(path: Path, new: Snapshot, *, die_at: int) -> None:
    """Publish when told to, telling when the new file is built; with `die_at`, die at that step that touches a file."""
    steps = 0

    def step(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal steps
        touches = event in {"open", "os.chmod", "os.remove", "os.rename"} and str(path.parent) in str(arguments[0])
        if not touches or not going:
            return
        steps += 1
        if event == "os.chmod":
            print("built", flush=True)
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    going = False
    with open_store(path) as store:
        sys.addaudithook(step)
        print("ready", flush=True)
        sys.stdin.readline()
        going = True
        store.replace(new)
        going = False
    print(f"done {steps}", flush=True)


def read(path: Path, known: list[State]) -> None:
    """Ask, with a file that stays open and with one that is opened anew, until nobody listens; say what was wrong."""
    asked, wrong, ended = 0, [], False
    while not ended:
        with open_store(path) as kept:
            first = None
            for _ in range(10):
                try:
                    with open_store(path) as fresh:
                        states = [held(kept), held(fresh)]
                except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
                    wrong.append(repr(error))
                    continue
                asked += 2
                first = first or states[0]
                wrong += [f"neither old nor new: {state}" for state in states if state not in known]
                wrong += [f"an open file changed from {first} to {states[0]}"] * (states[0] != first)
                ended = _ended()
    print(asked, *wrong, sep="\n")


def _ended() -> bool:
    return bool(select.select([sys.stdin], [], [], 0.02)[0])


def main() -> None:
    """Print what became of the publications."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", choices=["writer", "reader"], help="what a process of its own does")
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--follows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--turn", type=int, default=0)
    parser.add_argument("--die-at", type=int, default=0)
    given = parser.parse_args()
    world = World(given.accounts, given.follows, given.seed)
    if given.role == "writer":
        write(given.path, world.snapshot(given.turn), die_at=given.die_at)
        return
    if given.role == "reader":
        read(given.path, [world.state(turn) for turn in (0, 1)])
        return
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(Path(folder), world, seed=given.seed)
        outcome = rounds.run(given.kills)
    print(f"a publication takes {rounds.took_s:.2f} s, is built after {rounds.built_s:.2f} s, has {rounds.steps} steps")
    print(*outcome.wrong, sep="\n")
    print(
        f"{outcome.killed.total()} kills ({', '.join(f'{n} {kind}' for kind, n in outcome.killed.items())}): "
        f"{outcome.old} old, {outcome.new} new, {outcome.left_behind} left files behind; {outcome.whole} whole; "
        f"the reader asked {outcome.asked} times; wrong={len(outcome.wrong)}; {time.monotonic() - begin:.0f} s"
    )
    sys.exit(bool(outcome.wrong))


if __name__ == "__main__":
    main()
