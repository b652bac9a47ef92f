"""Cut the wire at every part of a load into a Neo4j server, publish again, and compare every row with what was sent.

``python -m tests.crash.wire --points 500 --seed 1`` prints what the cut loads said and how many were wrong: 0.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, product
from pathlib import Path
from unittest import mock

from kolgraph.errors import KolgraphError
from kolgraph.settings import Neo4jLogin
from kolgraph.store import Snapshot, open_store
from tests.crash.snapshots import differences, snapshot
from tests.servers.neo4j import server
from tests.servers.neo4j.wire import Way, Wire

MODULE = "kolgraph.store.engines.neo4j"
BATCH = 50
#: Where the wire is dead a load need not try for long, and where it is whole again pauses only cost time.
IMPATIENT = {"CONNECT_S": 0.5, "RETRY_S": 0.5, "BATCH_S": 10.0}
QUICK = {"BATCH": BATCH, "PAUSE_S": 0.02}
#: Seconds after which a load hangs: an error has to come within those above, but the machine may be busy.
HANGS_S = 30.0
#: What a wire does after it was cut: it is whole, is cut twice again when as many bytes have passed, or is dead.
AFTER = ("whole", "again", "dead")
CUTS = {"whole": 1, "again": 3, "dead": 1_000_000}


@dataclasses.dataclass(frozen=True)
class Point:
    """Where and how a load is cut: at a part of its bytes that go one way."""

    part: float
    way: Way
    resets: bool
    after: str
    journal: bool

    def __str__(self) -> str:
        return (
            f"{self.way:9}  {'reset' if self.resets else 'end':5}  then {self.after:5}  "
            f"{'what changed' if self.journal else 'everything'}"
        )


@dataclasses.dataclass
class Outcome:
    """What became of the loads of one kind of point."""

    points: int = 0
    finished: int = 0
    errors: Counter[str] = dataclasses.field(default_factory=Counter)
    texts: Counter[str] = dataclasses.field(default_factory=Counter)
    slowest_s: float = 0.0
    wrong: list[str] = dataclasses.field(default_factory=list)


class Sweep:
    """Loads of two snapshots in turn, each of which is cut somewhere and then run again.

    Parameters
    ----------
    login : Neo4jLogin
        Of an empty database.
    seed : int
    """

    def __init__(self, login: Neo4jLogin, *, seed: int) -> None:
        self.login, self.rng = login, random.Random(seed)
        self.turns = cycle(enumerate(snapshot(turn, accounts=60, follows=300, seed=seed) for turn in (0, 1)))
        self.wire = Wire(login.uri)
        self.through = dataclasses.replace(login, uri=self.wire.uri)
        self.outcomes: defaultdict[str, Outcome] = defaultdict(Outcome)

    def points(self, n: int) -> list[Point]:
        """At least `n` of them, spread evenly over the bytes of a load for each kind of cut, in any order."""
        kinds = list(product((False, True), ("to server", "to client"), (False, True), AFTER))
        each = -(-n // len(kinds))
        points = [
            Point((k + self.rng.random()) / each, way, resets, after, journal)  # type: ignore[arg-type]
            for journal, way, resets, after in kinds
            for k in range(each)
        ]
        self.rng.shuffle(points)
        return sorted(points, key=lambda point: point.journal)

    def run(self, n: int) -> None:
        """Do them all: first those that send everything, then those that send what changed."""
        points = self.points(n)
        with tempfile.TemporaryDirectory() as folder:
            for journal in (None, Path(folder)):
                for _ in range(3):  # the third is of the usual kind: the other snapshot is there, and is known
                    whole = self._measured(journal)
                for point in points:
                    if point.journal is bool(journal):
                        self._cut(point, whole, journal)

    def _measured(self, journal: Path | None) -> dict[Way, int]:
        before = dict(self.wire.passed)
        _, new = next(self.turns)
        with mock.patch.multiple(MODULE, **QUICK):
            self._load(new, journal)
        return {way: self.wire.passed[way] - passed for way, passed in before.items()}

    def _load(self, new: Snapshot, journal: Path | None) -> None:
        with open_store(self.through.uri, login=self.through) as store:
            store.replace(new, journal=journal)

    def _cut(self, point: Point, whole: dict[Way, int], journal: Path | None) -> None:
        turn, new = next(self.turns)
        outcome = self.outcomes[str(point)]
        outcome.points += 1
        at = int(point.part * whole[point.way])
        faults = []
        with _logged() as said:
            every = 0 if point.after == "dead" else at
            self.wire.cut_after(at, point.way, resets=point.resets, times=CUTS[point.after], every=every)
            try:
                with mock.patch.multiple(MODULE, **QUICK, **(IMPATIENT if point.after == "dead" else {})):
                    self._load(new, journal)
            except KolgraphError as error:
                cuts = self.wire.cut_at or [time.monotonic()]
                took = time.monotonic() - cuts[0 if point.after == "dead" else -1]
                outcome.errors[type(error).__name__] += 1
                outcome.texts[str(error)] += 1
                outcome.slowest_s = max(outcome.slowest_s, took)
                faults += [f"after {took:.1f} s"] * (took > HANGS_S)
                said["kolgraph"].append(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
                faults.append(f"a traceback: {error!r}")
            else:
                outcome.finished += 1
                faults += differences(self.login, new)
            self.wire.mend()
            with mock.patch.multiple(MODULE, **QUICK):
                self._load(new, journal)
        faults += differences(self.login, new)
        # What the driver writes into its own log may have several lines; a password may be nowhere.
        faults += [f"said: {text}" for text in said["kolgraph"] if "\n" in text or "Traceback" in text]
        faults += ["told the password"] * (self.login.password in str(said))
        if faults:
            outcome.wrong.append(f"turn {turn}, cut at {at} of {whole[point.way]} bytes {point}: {'; '.join(faults)}")


@contextmanager
def _logged() -> Iterator[dict[str, list[str]]]:
    """What the program and the driver log."""
    said: dict[str, list[str]] = {"kolgraph": [], "neo4j": []}
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: said[record.name.partition(".")[0]].append(record.getMessage())  # type: ignore[method-assign]
    loggers = [logging.getLogger(name) for name in said]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def sweep(login: Neo4jLogin, *, points: int, seed: int) -> dict[str, Outcome]:
    """Cut a load at so many points; returns what became of them by kind of point."""
    running = Sweep(login, seed=seed)
    try:
        running.run(points)
    finally:
        running.wire.close()
    return running.outcomes


def main() -> None:
    """Print a table of what became of the loads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begin = time.monotonic()
    with server.running() as running:
        outcomes = sweep(running.login, points=given.points, seed=given.seed)
    total = Outcome()
    for kind, outcome in sorted(outcomes.items()):
        print(f"{kind:45} {_shown(outcome)}")
        total.points += outcome.points
        total.finished += outcome.finished
        total.errors += outcome.errors
        total.texts += outcome.texts
        total.slowest_s = max(total.slowest_s, outcome.slowest_s)
        total.wrong += outcome.wrong
    print(f"{'all':45} {_shown(total)}; {time.monotonic() - begin:.0f} s")
    for text, n in total.texts.most_common():
        print(f"{n:5} {text}")
    print(*total.wrong, sep="\n")
    sys.exit(bool(total.wrong))


def _shown(outcome: Outcome) -> str:
    errors = ", ".join(f"{name} {n}" for name, n in sorted(outcome.errors.items())) or "no errors"
    slowest = f", slowest {outcome.slowest_s:.1f} s" if outcome.errors else ""
    return f"{outcome.points} points: {outcome.finished} finished, {errors}{slowest}; wrong={len(outcome.wrong)}"


if __name__ == "__main__":
    main()
