"""Stored answers: what was asked, what the answer stood on, and the answer itself.

An answer is known by its question (verb, parameters, seed, version of the method) and by its run: what the analysis was
given, to the last number. It stands on the counters of the tables that were read for it and on the runs of the answers
that were used for it. While all of these are what they were, the answer is read, not computed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, reason
from kolgraph.results.packing import DAMAGE, checksum, pack, unpack
from kolgraph.workspace.tables import RESULTS

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.results import Result
    from kolgraph.workspace.folder import Workspace
    from kolgraph.workspace.names import Connection

_log = logging.getLogger(__name__)

#: How the runs of answers are called.
_NAME = re.compile("[0-9a-f]{8,64}")
#: The verb of results that were computed outside the verbs.
SAVED = "save"

_COLUMNS = "run_id, question, verb, parameters, method, stands_on, made_ts, seconds, tabled, analysis, variant, summary"


#: Of a longer mapping only the length is said.
_SHORT = 8
#: What is asked unless something else is, and goes without saying.
_USUAL = {"seed=1", "max_false=1"}


@dataclass(frozen=True)
class Question:
    """What is asked: equal questions have equal keys.

    Attributes
    ----------
    verb : str
    parameters : mapping
        Every option, as JSON holds it; the seed among them.
    method : str
        Version of the way the answer is found.
    """

    verb: str
    parameters: Mapping[str, Any]
    method: str

    @property
    def key(self) -> str:
        """The same text for the same question, in any workspace."""
        asked = json.dumps([self.verb, self.parameters, self.method], sort_keys=True, default=str)
        return hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()

    def __str__(self) -> str:
        given = {k: v for k, v in self.parameters.items() if v not in (None, [], "") and v is not False}
        said = [f"{k}={len(v) if isinstance(v, dict) and len(v) > _SHORT else v}" for k, v in given.items()]
        return f"{self.verb}({', '.join(part for part in said if part not in _USUAL)})"


@dataclass
class Trace:
    """What an answer stands on, written down while it is computed.

    Attributes
    ----------
    tables : dict
        Table of facts -> its counter.
    answers : dict
        Key of a question -> run of the answer that was used.
    """

    tables: dict[str, int] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """An answer that is kept."""

    run: str
    question: Question
    trace: Trace
    made_ts: int
    seconds: float
    tabled: bool
    summary: Mapping[str, Any] = field(default_factory=dict)
    checksum: str = ""  # of its files


class Answers:
    """The answers of a workspace.

    Attributes
    ----------
    folder : Path
        ``answers`` in the workspace: readable by its owner only, as all that holds people's data.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.folder = workspace.path / "answers"
        #: Answers whose files could not be written: they last as long as the workspace is open.
        self._held: dict[tuple[str, str], Result] = {}

    # ------------------------------------------------------------------ finding

    def latest(self, key: str) -> Stored | None:
        """The newest answer to a question, old or not."""
        return next(self._rows("question = ? ORDER BY made_ts DESC, run_id LIMIT 1", [key]), None)

    def of(self, run: str) -> Stored | None:
        """The newest answer with this run."""
        return next(self._rows("run_id = ? ORDER BY made_ts DESC LIMIT 1", [run]), None)

    def all(self) -> list[Stored]:
        """Every answer that is kept, the newest first."""
        return list(self._rows("true ORDER BY made_ts DESC, verb, question", []))

    def tabled(self, verb: str) -> list[Stored]:
        """The answers of a verb whose rows are in the result tables, the newest first."""
        return list(self._rows("verb = ? AND tabled ORDER BY made_ts DESC, question", [verb]))

    def _rows(self, where: str, values: list[Any]) -> Iterator[Stored]:
        rows = self._workspace.fetch(f"SELECT {_COLUMNS} FROM runs WHERE {where}", values)
        for run, _, verb, parameters, method, stands_on, made_ts, seconds, tabled, _, _, summary in rows:
            try:
                on = json.loads(stands_on)
                question = Question(verb, dict(json.loads(parameters)), method)
                trace = Trace(dict(on["tables"]), dict(on["answers"]))
                told = dict(json.loads(summary))
            except (ValueError, TypeError, KeyError):  # written by somebody else: no answer of ours
                continue
            yield Stored(run, question, trace, made_ts, seconds, tabled, told, str(on.get("checksum", "")))

    # ------------------------------------------------------------------ reading and keeping

    def read(self, stored: Stored, rest: Mapping[str, Callable[[], Any]] | None = None) -> Result | None:
        """The answer itself; None where its files are gone, damaged or others, and it has to be found anew."""
        held = self._held.get((stored.question.key, stored.run))
        if held is not None:
            return copy(held)
        try:
            place = self._place(stored.question.key, stored.run)
            if checksum(place) != stored.checksum:
                raise ValueError
            return unpack(place, rest)
        except FileNotFoundError:
            return None
        except DAMAGE:
            _log.warning("%s: the answer to %s is damaged; it is found anew", self.folder, stored.question)
            return None

    def _place(self, key: str, run: str) -> Path:
        if not _NAME.fullmatch(run):  # from a file that anybody may have written: it must not lead out of the folder
            raise ValueError(run)
        return self.folder / key / run

    def keep(self, question: Question, result: Result, trace: Trace, *, seconds: float, tabled: bool) -> Stored:
        """Keep an answer; of each question the newest `settings.KEPT_ANSWERS` stay, and one has its rows in tables."""
        sealed = self._write(result, self._place(question.key, result.run_id))
        now = int(time.time() * 1000)
        stored = Stored(result.run_id, question, trace, now, seconds, tabled, checksum=sealed)
        try:
            gone = self._entered(stored, result)
        except EnvironmentProblem as error:  # a full disk: while this is open, results are kept in memory
            _log.debug("%s: answers are not kept (%s)", self.folder, error)
            self._workspace.keep_aside()
            gone = self._entered(stored, result)
        for run in filter(_NAME.fullmatch, gone):
            shutil.rmtree(self._place(question.key, run), ignore_errors=True)
        return stored

    def _entered(self, stored: Stored, result: Result) -> list[str]:
        with self._workspace.transaction() as connection:
            self._enter(connection, stored, result)
            return self._surplus(connection, stored.question.key)

    def _write(self, result: Result, place: Path) -> str:
        """Write the files of an answer; returns their checksum."""
        part = None
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            part = Path(tempfile.mkdtemp(dir=place.parent, prefix=".part-"))
            pack(result, part)
            sealed = checksum(part)
            shutil.rmtree(place, ignore_errors=True)
            part.replace(place)
        except OSError as error:  # a full disk: the answer is there, it will only have to be found again
            if not self._held:  # said once
                _log.warning("%s: an answer could not be kept (%s); it will be found anew", self.folder, reason(error))
            self._held[place.parent.name, place.name] = result
            return ""
        else:
            self._held.pop((place.parent.name, place.name), None)
            return sealed
        finally:
            if part is not None:
                shutil.rmtree(part, ignore_errors=True)

    def _enter(self, connection: Connection, stored: Stored, result: Result) -> None:
        from kolgraph import __version__

        question, analysis, variant = stored.question, result.analysis, result.variant
        connection.execute("DELETE FROM runs WHERE question = ? AND run_id = ?", [question.key, stored.run])
        if stored.tabled:
            # The same question may have been answered by another measure, which is no answer to it any more.
            there = "tabled AND (question = ? OR (analysis = ? AND variant = ?))"
            place = [question.key, analysis, variant]
            rows = connection.execute(f"SELECT run_id FROM runs WHERE {there}", place).fetchall()
            earlier = [run for (run,) in rows]
            for table in RESULTS:
                if table != "runs":
                    connection.executemany(
                        f"DELETE FROM {table} WHERE run_id = ?", [(r,) for r in (*earlier, stored.run)]
                    )
            connection.execute(f"UPDATE runs SET tabled = false WHERE {there}", place)
        connection.execute(
            f"INSERT INTO runs ({_COLUMNS}, seed, graph, version) VALUES ({', '.join('?' * 15)})",
            [
                stored.run,
                question.key,
                question.verb,
                json.dumps(dict(question.parameters), default=str, ensure_ascii=False),
                question.method,
                json.dumps(
                    {"tables": stored.trace.tables, "answers": stored.trace.answers, "checksum": stored.checksum}
                ),
                stored.made_ts,
                stored.seconds,
                stored.tabled,
                analysis,
                variant,
                json.dumps(result.summary(), default=str, ensure_ascii=False),
                result.seed,
                result.graph,
                __version__,
            ],
        )
        if stored.tabled:
            for table, frame in result.tables().items():
                insert(connection, table, frame, stored.run)

    @staticmethod
    def _surplus(connection: Connection, key: str) -> list[str]:
        """Drop the oldest answers to a question; returns their runs."""
        newest_first = connection.execute(
            "SELECT run_id FROM runs WHERE question = ? ORDER BY tabled DESC, made_ts DESC, run_id", [key]
        ).fetchall()
        gone = [run for (run,) in newest_first[settings.KEPT_ANSWERS :]]
        if gone:
            connection.executemany("DELETE FROM runs WHERE question = ? AND run_id = ?", [(key, run) for run in gone])
        return gone

    def clear(self, key: str) -> None:
        """Take the rows of the answer to a question out of the result tables: there is no answer any more."""
        rows = self._workspace.fetch("SELECT run_id FROM runs WHERE question = ? AND tabled", [key])
        if not rows:
            return
        with self._workspace.transaction() as connection:
            for table in RESULTS:
                if table != "runs":
                    connection.executemany(f"DELETE FROM {table} WHERE run_id = ?", rows)
            connection.execute("UPDATE runs SET tabled = false WHERE question = ?", [key]).fetchall()

    def drop_all(self) -> None:
        """Drop the files of all answers; their rows go with the transaction that makes this necessary."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # ------------------------------------------------------------------ old or not

    def old_because(
        self, stored: Stored, of_today: Callable[[Question], bool], _seen: frozenset[str] = frozenset()
    ) -> list[str]:
        """Why an answer is old: the tables that changed since, and the answers below it that are old or other ones.

        `of_today` says whether a question would be answered in the same way now.
        """
        now = self._workspace.counters()
        why = [] if of_today(stored.question) else ["the method"]
        why += [table for table, counter in stored.trace.tables.items() if now.get(table) != counter]
        for key, run in stored.trace.answers.items():
            below = self.latest(key)
            if below is None:
                why.append("an answer that is gone")
            elif below.run != run or (key not in _seen and self.old_because(below, of_today, _seen | {key})):
                why.append(str(below.question))
        return why


def insert(connection: Connection, table: str, frame: pd.DataFrame, run: str) -> None:
    """Insert rows that name accounts by id into a result table that names them by key."""
    from kolgraph.errors import UnknownAccount

    if frame.empty:
        return
    connection.register("result_rows", frame)
    has_account = "account_id" in frame.columns
    if has_account:
        known = "EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = r.account_id)"
        query = f"SELECT DISTINCT account_id FROM result_rows r WHERE account_id IS NOT NULL AND NOT {known} ORDER BY 1"
        missing = [row[0] for row in connection.execute(query).fetchall()]
        if missing:
            raise UnknownAccount.among(missing, "this workspace")
    columns = [c for c in RESULTS[table].columns if c != "run_id"]
    values = ["a.account_key" if c == "account_key" else f"r.{c}" if c in frame.columns else "NULL" for c in columns]
    join = "LEFT JOIN accounts a ON a.account_id = r.account_id" if has_account else ""
    if not has_account:
        values = ["NULL" if v == "a.account_key" else v for v in values]
    connection.execute(
        f"INSERT INTO {table} (run_id, {', '.join(columns)}) SELECT ?, {', '.join(values)} FROM result_rows r {join}",
        [run],
    ).fetchall()
    connection.unregister("result_rows")


@contextmanager
def tracing(stack: list[Trace]) -> Iterator[Trace]:
    """Write down what is read and used in this block."""
    trace = Trace()
    stack.append(trace)
    try:
        yield trace
    finally:
        stack.pop()
