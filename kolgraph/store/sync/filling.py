"""How a publication gets into a server: only what changed, in small transactions, from wherever the last try stopped.

The server says which publication it holds, or between which ones it is (`statements`); the journal knows what these
are. Of an unknown state everything is sent, and what other publications left is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kolgraph.errors import StoreError
from kolgraph.store.protocol import Progress
from kolgraph.store.sync.journal import Journal, Publication, to_remove, to_send
from kolgraph.store.sync.schema import NODES, PUBLICATION, RELATIONS, SNAPSHOT
from kolgraph.store.sync.statements import (
    BEGIN,
    END,
    STATE,
    count_text,
    drop_others_text,
    drop_text,
    foreign_text,
    held_text,
    merge_text,
    sweep_text,
)

_log = logging.getLogger(__name__)

#: After so many publications that each broke off midway it is simpler to send everything.
_MIXED = 3
_NODES = tuple(part.name for part in NODES)
_RELATIONS = tuple(part.name for part in RELATIONS)


class Server(Protocol):
    """What a server must be able to do to be filled."""

    where: str

    def ask(self, text: str, /) -> list[Any]:
        """The one row of an answer."""

    def execute(self, text: str, /, *, step: int | None = None, **parameters: Any) -> int:
        """Run a statement that can be repeated until it is confirmed; returns its number.

        With a step, `statements.STEP` goes before it in the same transaction, which fails if nothing is under way.
        """


class Differs(StoreError):
    """The server does not hold what it should hold."""


@dataclass
class Filling:
    """A publication on its way into a server.

    Parameters
    ----------
    server : Server
    journal : Journal
    new : Publication
    batch : int
        Rows of a transaction.
    progress : callable
    """

    server: Server
    journal: Journal
    new: Publication
    batch: int
    progress: Progress
    sent: int = field(default=0, init=False)
    removed: int = field(default=0, init=False)
    held: int = field(default=0, init=False)

    def fill(self) -> dict[str, int]:
        """Send what is needed; returns the rows of every table, counted in the server.

        Raises
        ------
        StoreError
            The counts differ from what was sent, or another publication began meanwhile.
        """
        last, whole, over, batch, done = self.server.ask(STATE)
        again = not whole and (last, batch) == (self.new.id, self.batch)
        if whole:
            over = [last]
        elif over and not again:
            over.append(last)  # it stopped midway: the server holds parts of all of these
        over = over or []
        known = [found for identity in dict.fromkeys(over) if (found := self.journal.find(identity))]
        if len(known) < len(set(over)) or len(known) > _MIXED:
            known, again = [], False
        try:
            return self._send(known, done if again else None)
        except Differs as error:
            if not known and not again:
                raise
            _log.warning("%s; sending everything", error)
            return self._send([], None)

    def _send(self, over: Sequence[Publication], done: int | None) -> dict[str, int]:
        """Go on behind so many batches, or begin."""
        identities = [p.id for p in over]
        self.journal.note(self.server.where, [*identities, self.new.id])
        if done is None:
            self.server.execute(BEGIN, publication=self.new.id, over=identities, batch=self.batch)
        self._done, self._step = done or 0, 0
        for name in (*_NODES, *_RELATIONS):  # relationships need both ends
            self._send_table(name, over)
        for name in (*_RELATIONS, *_NODES):  # nothing may hang on a node that goes
            for rows in to_remove(name, self.new, over, self.batch):
                self.removed += (self._batch(drop_text(name), rows) or 0) * (name in _RELATIONS)
            if not over:
                self.removed += self._repeat(drop_others_text(name)) * (name in _RELATIONS)
        self.removed += sum(self._repeat(sweep_text(name)) for name in _NODES)
        self._send_table(PUBLICATION.name, [])
        counts = {name: self.server.execute(count_text(name)) for name in SNAPSHOT}
        for name, n in counts.items():
            if n != self.new.rows[name]:
                raise Differs(f"{self.server.where}: {name}: {n:,} rows after loading {self.new.rows[name]:,}")
        self.held = sum(self.server.execute(held_text(name)) for name in _NODES)
        if not self.server.execute(END, publication=self.new.id):
            raise overtaken(self.server.where)
        self.journal.note(self.server.where, [self.new.id])
        return counts

    def _send_table(self, name: str, over: Sequence[Publication]) -> None:
        for rows in to_send(name, self.new, over, self.batch):
            if (found := self._batch(merge_text(name), rows)) is None:
                continue
            if found < len(rows):
                raise Differs(f"{self.server.where}: {name}: {len(rows) - found:,} rows without their two ends")
            self.sent += len(rows) * (name != PUBLICATION.name)
            self.progress(self.sent)

    def _batch(self, text: str, rows: list[dict[str, Any]]) -> int | None:
        """Write a batch and its number, unless an earlier try did."""
        self._step += 1
        if self._step <= self._done:
            return None
        return self.server.execute(text, step=self._step, publication=self.new.id, rows=rows)

    def _repeat(self, text: str) -> int:
        """Run a statement that takes a batch at a time until nothing is left; returns how many it took."""
        total = 0
        while n := self.server.execute(text, step=self._step, publication=self.new.id, batch=self.batch):
            total += n
        return total


def overtaken(where: str) -> StoreError:
    """The error for a publication that another one took the place of."""
    return StoreError(f"{where}: another publication began meanwhile; publish again")


def refuse_foreign(server: Server, advice: str) -> None:
    """Stop before anything is written where our labels or relationships are somebody else's."""
    for name in SNAPSHOT:
        if server.execute(foreign_text(name)):
            raise StoreError(f"{server.where}: there already is {name} data that kolgraph did not write; {advice}")
