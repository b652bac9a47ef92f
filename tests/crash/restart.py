"""Restart a Neo4j server again and again during one load, and compare every row with what was sent.

``python -m tests.crash.restart --restarts 10`` stops it and kills it in turn; the load must not notice, and be exact.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest import mock

from kolgraph.errors import KolgraphError
from kolgraph.store import PublishReport, open_store
from tests.crash.snapshots import differences, snapshot
from tests.servers.neo4j import server
from tests.servers.neo4j.server import Server

#: Small, so that there are many moments at which a load can be met.
BATCH = 200


@dataclass
class Outcome:
    """What one load met."""

    rows: int = 0
    moments: list[str] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    report: PublishReport | None = None
    wrong: list[str] = field(default_factory=list)


class _Warnings(logging.Handler):
    """Counts what the program and the driver warn of, whatever the seconds and ports in it."""

    def __init__(self, seen: Counter[str]) -> None:
        super().__init__(logging.WARNING)
        self.seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        text = re.sub(r"\[#\w+\]|[0-9][0-9.:]*", "N", record.getMessage()).partition("\n")[0]
        self.seen[f"{record.name.partition('.')[0]}: {text[:150]}"] += 1


@contextmanager
def _warnings(seen: Counter[str]) -> Iterator[None]:
    handler, loggers = _Warnings(seen), [logging.getLogger(name) for name in ("kolgraph", "neo4j")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def run(running: Server, restarts: int, *, accounts: int, follows: int, seed: int) -> Outcome:
    """Publish once into a server, which is restarted whenever another part of the rows has arrived.

    With k restarts, they come when 1/(k+1), 2/(k+1), ... of the rows have been sent, and a few milliseconds later, so
    that they fall into the middle of a transaction, alternately by a stop and by SIGKILL.
    """
    new, rng, outcome = snapshot(0, accounts=accounts, follows=follows, seed=seed), random.Random(seed), Outcome()
    outcome.rows = sum(rows.num_rows for rows in new.values())
    sent, ended = [0], threading.Event()

    def load() -> None:
        try:
            with (
                mock.patch.multiple("kolgraph.store.engines.neo4j", BATCH=BATCH),
                open_store(where, login=login) as store,
            ):
                outcome.report = store.replace(new, progress=lambda rows: sent.__setitem__(0, rows))
        except KolgraphError as error:
            outcome.wrong.append(f"the load gave up: {type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
            outcome.wrong.append(f"a traceback: {error!r}")
        finally:
            ended.set()

    login, where = running.login, running.login.uri
    thread = threading.Thread(target=load)
    with _warnings(outcome.warnings):
        thread.start()
        for k in range(restarts):
            while sent[0] < outcome.rows * (k + 1) // (restarts + 1) and not ended.wait(0.002):
                pass
            if ended.is_set():
                outcome.wrong.append(f"the load ended before restart {k + 1}")
                break
            time.sleep(rng.uniform(0, 0.05))
            outcome.moments.append(f"{'SIGKILL' if k % 2 else 'stop'} at {sent[0]:,} rows")
            (running.kill if k % 2 else running.stop)()
            running.start()
        thread.join()
    outcome.wrong += differences(login, new)
    return outcome


def main() -> None:
    """Print what the load met and what it left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=10)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--follows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    begin = time.monotonic()
    with server.running() as running:
        outcome = run(running, given.restarts, accounts=given.accounts, follows=given.follows, seed=given.seed)
    print(*outcome.moments, sep="\n")
    for text, n in outcome.warnings.most_common():
        print(f"{n:5} {text}")
    print(*outcome.wrong, sep="\n")
    print(outcome.report or "no report")
    print(
        f"{len(outcome.moments)} restarts during one load of {outcome.rows:,} rows: wrong={len(outcome.wrong)}; "
        f"{time.monotonic() - begin:.0f} s"
    )
    sys.exit(bool(outcome.wrong))


if __name__ == "__main__":
    main()
