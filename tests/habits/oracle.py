"""What a load left behind, as single facts; and whether what a habit changed in it was said or silent."""

from __future__ import annotations

import csv
import io
import logging
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kolgraph.errors import InputError, LimitError
from kolgraph.workspace.tables import CANONICAL
from tests.habits.goods import Good
from tests.worlds.shelf import Shelf

#: One thing that a workspace knows: table, row, field, value. A row that is there is a fact of its own.
Fact = tuple[str, str, str, str]

_ENDS = "s.account_id AS actor, d.account_id AS other"
_JOINS = " FROM {} t LEFT JOIN accounts s ON s.account_key = t.src LEFT JOIN accounts d ON d.account_key = t.dst"
_OF = "FROM {} t JOIN accounts USING (account_key)"
FACTS = {
    "accounts": "SELECT *, account_id AS id FROM accounts",
    "account_names": f"SELECT account_id || ' ' || name_norm AS id {_OF.format('account_names')}",
    "account_aliases": f"SELECT account_id || ' ' || alias AS id {_OF.format('account_aliases')}",
    "follows": "SELECT s.account_id || ' > ' || d.account_id AS id, t.*",
    "reposts": f"SELECT t.post_id AS id, {_ENDS}, t.*",
    "namings": "SELECT concat_ws(' ', t.post_id, s.account_id, role, pos, coalesce(d.account_id, t.name)) AS id, t.ts",
    "comments": f"SELECT t.comment_id AS id, {_ENDS}, t.*",
    "posts": "SELECT t.post_id AS id, s.account_id AS actor, t.* FROM posts t "
    "LEFT JOIN accounts s ON s.account_key = t.author",
    "identities": f"SELECT person_id || account_id AS id {_OF.format('identities')}",
    "campaigns": "SELECT campaign_id || post_id AS id FROM campaigns",
}
#: What is no content: keys, what follows from other fields, when it was loaded or seen, and which counts were rounded.
_NOT_SAID = frozenset(
    {"account_key", "src", "dst", "author", "platform", "batch", "derived", "evidence", "observed_ts", "rounded"}
)
#: Fields that hold words, in which other forms of the same letters mean the same.
_WORDS = frozenset({"name", "niche", "bio", "region", "ip_region", "city", "agency", "text"})


@dataclass(frozen=True)
class Outcome:
    """What became of a file: its facts, codes and line numbers of rejected rows, and all lines that were printed.

    `refused`: the one line with which the whole file was refused.
    """

    facts: frozenset[Fact] = frozenset()
    rejects: tuple[str, ...] = ()
    lines: tuple[int | None, ...] = ()
    said: tuple[str, ...] = ()
    refused: str = ""

    def lost(self) -> int:
        """Rows of which all or something was rejected."""
        return len(self.rejects) + sum(line.startswith("partly ") for line in self.said)


@dataclass(frozen=True)
class Draw:
    """One file as a habit left it, and what may become of it.

    Attributes
    ----------
    rows : set of int
        Rows that the habit touched; they may be rejected, and no others.
    also : tuple of (Good, tuple of str)
        Other files that it may mean as well; a printed line has one of the words then, where there are any.
    never : bool
        It cannot mean the same as before.
    aliases : tuple of (str, str)
        A name, and the name that stands for it in `also`.
    """

    good: Good
    habits: tuple[str, ...]
    name: str
    data: bytes
    rows: frozenset[int] = frozenset()
    also: tuple[tuple[Good, tuple[str, ...]], ...] = ()
    never: bool = False
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """How it ended: same, meant (as another file would), rejected, refused, or silent, with what nobody explained."""

    kind: str
    more: frozenset[Fact] = frozenset()
    fewer: frozenset[Fact] = frozenset()
    said: tuple[str, ...] = ()


class Judge:
    """A workspace to load files into, and what is known of the good ones."""

    def __init__(self, folder: Path) -> None:
        self.shelf, self.number = Shelf(folder), 0
        self.known: dict[Any, Outcome] = {}
        with self.shelf.ws.transaction() as connection:
            # A file of three rows takes as long as its statements take to be prepared.
            connection.execute("SET threads = 1")
            connection.execute("PRAGMA disable_optimizer")

    def close(self) -> None:
        """Let go of the workspace."""
        self.shelf.ws.close()

    def load(self, good: Good, name: str, data: bytes) -> Outcome:
        """Load these bytes under this name into an empty workspace."""
        self.shelf.empty()
        self.number += 1
        path = self.shelf.folder / str(self.number) / name
        path.parent.mkdir(parents=True)
        for other, content in good.beside.items():
            (path.parent / other).write_bytes(content)
        path.write_bytes(data)
        with _heard() as lines:
            try:
                report = self.shelf.load_file(path, **good.options)
            except (InputError, LimitError) as error:
                return Outcome(refused=str(error))
            finally:
                for left in (path, *(path.parent / other for other in good.beside)):
                    left.unlink(missing_ok=True)
        codes = tuple(reject.code for reject in report.rejects if not reject.partly)
        places = tuple(reject.line for reject in report.rejects if not reject.partly)
        partly = tuple(f"partly {reject.code} {reject.column}" for reject in report.rejects if reject.partly)
        place = str(path.parent)
        said = tuple(line.replace(place, "") for line in (*report.decisions, *partly, *lines))
        return Outcome(self.facts(), codes, places, said)

    def good(self, good: Good) -> Outcome:
        """What a good file leaves behind; loaded once."""
        key = _key(good)
        if key not in self.known:
            self.known[key] = self.load(good, good.name, good.written())
        return self.known[key]

    def facts(self) -> frozenset[Fact]:
        """All that the workspace holds."""
        out: set[Fact] = set()
        for table, query in ((table, query) for table, query in FACTS.items() if table in CANONICAL):
            for row in self.shelf.ws.arrow(query if " FROM " in query else query + _JOINS.format(table)).to_pylist():
                key = str(row.pop("id"))
                out.add((table, key, "", ""))
                said = {name: v for name, v in row.items() if name not in _NOT_SAID and v not in (None, [], "")}
                out.update((table, key, name, plain(name, v)) for name, v in said.items())
        return frozenset(out)

    def judge(self, draw: Draw) -> Verdict:
        """Whether all that a habit changed was explained."""
        base = self.good(draw.good)
        outcome = self.load(draw.good, draw.name, draw.data)
        if outcome.refused:
            return Verdict("refused", said=(outcome.refused,))
        said = (*outcome.rejects, *outcome.said)
        if outcome.facts == base.facts:
            # Where a column is used, and what stands in it cannot mean the same, something has to be lost.
            used = draw.never and any(self.good(meant).facts != base.facts for meant, _ in draw.also)
            return Verdict("silent" if used else "same", said=said)
        facts = outcome.facts
        for now, alias in draw.aliases:
            facts = frozenset(
                (t, k.replace(plain("name", now), alias), n, v.replace(plain("name", now), alias))
                for t, k, n, v in facts
            )
        more, fewer = facts - base.facts, base.facts - facts
        new = [line for line in outcome.said if line not in base.said]
        for meant, words in draw.also:
            if (more or fewer) and (not words or any(word in line for line in new for word in words)):
                other = self.good(meant)
                if len(outcome.rejects) >= len(other.rejects) and not other.refused:
                    more, fewer = more - other.facts, fewer - (base.facts - other.facts)
        if not more and not fewer:
            return Verdict("meant", said=said)
        lost = outcome.lost() - base.lost()
        if lost > 0 and draw.good.rows:
            gone = {row for row in draw.rows if self.unique(draw.good, row) & fewer}
            if len(gone) <= lost:
                left = self.good(draw.good.without(*gone))
                more, fewer = more - left.facts, fewer - (base.facts - left.facts)
        elif lost > 0:
            fewer = frozenset()  # nobody knows which facts are of which row
        return Verdict("silent" if more or fewer else "rejected", more, fewer, said)

    def unique(self, good: Good, row: int) -> frozenset[Fact]:
        """What only this row says."""
        return self.good(good).facts - self.good(good.without(row)).facts

    def unexplained(self, good: Good, name: str, data: bytes, meant: Good) -> frozenset[Fact] | None:
        """In what a file differs from the one that it is meant to be, without the rows that are said to be rejected.

        One more load for any number of changes; None: nobody knows which rows were rejected.
        """
        outcome = self.load(good, name, data)
        if outcome.refused or any(line is None for line in outcome.lines):
            return frozenset() if outcome.refused else None
        starts = _starts(good.form, data)
        rows = {starts.get(line, -1) for line in outcome.lines if line is not None}
        if -1 in rows or len(rows) != len(outcome.rejects):
            return None
        left = meant.without(*rows)
        wanted = self.load(left, left.name, left.written()).facts if left.rows else frozenset()
        return outcome.facts ^ wanted


def _starts(form: str, data: bytes) -> dict[int, int]:
    """Number of the line -> the row that starts there."""
    if form != "csv":
        return {line: line - (2 if form == "xlsx" else 1) for line in range(1, 1000)}
    reader = csv.reader(io.StringIO(data.decode(), newline=""))
    found, begin = {}, 1
    for at, _ in enumerate(reader):
        found[begin] = at - 1
        begin = reader.line_num + 1
    return found


def plain(name: str, value: object) -> str:
    """A value as text; of words, without regard to other forms of the same letters and to what cannot be seen.

    A name is compared without the @ that is no part of it.
    """
    text = str(value)
    if name in _WORDS:
        text = unicodedata.normalize("NFKC", text)
        text = " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").casefold().split())
        text = text.lstrip("@") if name == "name" else text
    return text


def _key(good: Good) -> Any:
    return (good.name, good.form, good.columns, good.rows, good.raw, repr(good.options))


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What is logged for the user while a file is loaded."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    ear, log = Ear(logging.INFO), logging.getLogger("kolgraph")
    log.addHandler(ear)
    try:
        yield lines
    finally:
        log.removeHandler(ear)


def shown(facts: Sequence[Fact] | frozenset[Fact]) -> str:
    """Facts as text, a few of them."""
    lines = [" ".join(part for part in fact if part) for fact in sorted(facts)]
    return "; ".join(lines[:6]) + (f"; and {len(lines) - 6} more" if len(lines) > 6 else "")
