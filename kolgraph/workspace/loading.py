"""Load one file: what it is, what its rows become, and an account of every one of them in the ledger."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from typing import TYPE_CHECKING

from kolgraph.errors import InputError, one_line, option
from kolgraph.loaders import read
from kolgraph.loaders.reading.source import Options, Reject, Source, content_hash
from kolgraph.workspace import pseudonyms
from kolgraph.workspace.aliases import contradictions
from kolgraph.workspace.ingest import Counts, ingest
from kolgraph.workspace.names import count
from kolgraph.workspace.platforms import platform_in_question, zone_of
from kolgraph.workspace.tables import CANONICAL

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pandas as pd

#: Raised when a change in the loaders makes the same bytes mean something else.
LOADER_VERSION = 7


@dataclass(frozen=True)
class LoadReport:
    """What became of one file.

    Attributes
    ----------
    counts : Counts
        ``read == accepted + merged + rejected``, always.
    known : bool
        The same bytes were loaded before with the same options: nothing was done.
    decisions : list of str
        What the columns were taken for, and which way the edges point.
    rejects : list of Reject
        Rejected rows, of many the first 10,000; they are in the table ``rejects`` too.
    reasons : mapping
        Code -> rows that were rejected for it: all are counted.
    sample : mapping
        Of a dry run: the first rows of every table that the file would add to.
    skipped : str
        Why nothing was done about this file, in one line; empty otherwise.
    """

    file: str
    loader: str
    counts: Counts
    known: bool = False
    decisions: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    reasons: Mapping[str, int] = field(default_factory=dict)
    sample: dict[str, pd.DataFrame] = field(default_factory=dict)
    skipped: str = ""

    def __str__(self) -> str:
        c = self.counts
        if self.skipped:
            return f"skipped: {self.skipped}"
        if self.known:
            return f"{self.file}: loaded before, nothing changed ({c.read:,} rows)"
        fate = f"{c.accepted:,} accepted + {c.merged:,} merged + {c.rejected:,} rejected"
        return f"{self.file}: {c.read:,} rows read = {fate}"


def contents(path: Path, options: Options, *, version: int = LOADER_VERSION) -> tuple[str, str]:
    """Hashes of the bytes of a file and of all that decides what they mean: without its name, and with it.

    Some crawlers say in the names of file and folder whose posts or fans these are.
    """
    plain = hashlib.blake2b((content_hash(path) + _meaning(options, version)).encode(), digest_size=32).hexdigest()
    place = f"{plain}/{path.parent.name}/{path.name}"
    return plain, hashlib.blake2b(place.encode(), digest_size=32).hexdigest()


def _meaning(options: Options, version: int = LOADER_VERSION) -> str:
    return json.dumps([version, asdict(options)], sort_keys=True, ensure_ascii=False)


def load_file(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    options: Options,
    name: str,
    max_reject_rate: float,
    *,
    instead: int | None = None,
    key: bytes | None = None,
    before: bool = False,
) -> LoadReport:
    """Load a file inside a transaction, perhaps instead of a batch that was the same file; see `Workspace.load`.

    `before`: it was loaded before, so that its platform is no longer in question.
    """
    pseudonyms.check(connection, key)
    earlier = 0
    if instead is not None:
        connection.execute("DELETE FROM rejects WHERE batch = ?", [instead])
        gone = connection.execute("DELETE FROM batches WHERE batch = ? RETURNING accepted", [instead]).fetchall()
        earlier = int(gone[0][0])
    plain, named = contents(source.path, options)
    if key is not None:
        plain, named = pseudonyms.seal(plain, key), pseudonyms.seal(named, key)
    same = connection.execute(
        "SELECT loader, rows_read, accepted, merged, rejected FROM batches WHERE content_hash IN (?, ?)", [plain, named]
    ).fetchall()
    if same:
        called = name if key is None else pseudonyms.seal(name, key)
        return LoadReport(called, same[0][0], Counts(*same[0][1:]), known=True)
    loader, readings = read(source, options)
    content = named if any(reading.named for reading in readings) else plain
    batch = int(connection.execute("SELECT coalesce(max(batch), 0) + 1 FROM batches").fetchall()[0][0])
    counts, rejects, reasons = Counts(), list[Reject](), Counter[str]()
    # Our own tables say the platform with every id.
    whole = loader.startswith("kolgraph-")
    known = count(connection, "SELECT count(*) FROM accounts")
    for reading in readings:
        platform = reading.platform or options.platform or "local"
        part, bad = ingest(connection, reading, platform=platform, batch=batch, key=key, whole=whole)
        counts, rejects, reasons = counts + part, rejects + bad, reasons + bad.reasons
    if counts.read == 0:
        raise InputError(f"{name}: has a header but no row")
    decisions = [f"encoding: {source.doubt}"] if source.doubt else []
    decisions += [one_line(r.decision) for r in readings]
    decisions += contradictions(connection, batch)
    if loader == "table":  # other formats know their zones
        decisions += [line for r in readings for line in zone_of(r, r.platform or options.platform or "local")][:1]
    told = whole or all(reading.platform for reading in readings)
    if not (told or options.platform or before or key):
        decisions += platform_in_question(connection, known, name)
    name, meaning = (pseudonyms.for_ledger(connection, text, key) for text in (name, _meaning(options)))
    _check_rate(name, counts, rejects, max_reject_rate)
    ledger = Counts(counts.read, counts.accepted + earlier, counts.merged - earlier, counts.rejected)
    size, now = source.path.stat().st_size, int(time.time() * 1000)
    connection.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [batch, loader, name, size, content, meaning, *astuple(ledger), now],
    )
    if rejects:
        _keep_rejects(connection, batch, name, rejects)
    return LoadReport(name, loader, counts, decisions=decisions, rejects=rejects, reasons=reasons)


def sample(connection: duckdb.DuckDBPyConnection, rows: int = 3) -> dict[str, pd.DataFrame]:
    """The first rows that the newest batch added to each table, with ids instead of keys."""
    batch = connection.execute("SELECT max(batch) FROM batches").fetchall()[0][0]
    out = {}
    for table in CANONICAL.values():
        if "batch" not in table.columns or table.name in {"batches", "rejects"}:
            continue
        keys = [c for c in ("src", "dst", "author") if c in table.columns]
        ids = ", ".join(f"(SELECT account_id FROM accounts k WHERE k.account_key = t.{c}) AS {c}" for c in keys)
        shown = f"t.* REPLACE ({ids})" if keys else "t.* EXCLUDE (account_key)"
        query = f"SELECT {shown} FROM {table.name} t WHERE t.batch = ? ORDER BY t.rowid LIMIT ?"
        frame = connection.execute(query, [batch, rows]).fetchdf()
        if len(frame):
            out[table.name] = frame.dropna(axis="columns", how="all").drop(columns="batch")
    return out


def _keep_rejects(connection: duckdb.DuckDBPyConnection, batch: int, name: str, rejects: list[Reject]) -> None:
    import pyarrow as pa

    columns = zip(*rejects, strict=True)
    kinds = [pa.int64()] + [pa.string()] * (len(Reject._fields) - 2) + [pa.bool_()]
    table = pa.table([pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)], names=Reject._fields)
    connection.register("handed_over", table)
    connection.execute("INSERT INTO rejects SELECT ?, ?, * FROM handed_over", [batch, name]).fetchall()
    connection.unregister("handed_over")


def _check_rate(name: str, counts: Counts, rejects: list[Reject], limit: float) -> None:
    rate = counts.rejected / counts.read
    if rate <= limit:
        return
    enough = f"{min(1.0, rate * 1.01):.3g}"
    first = "; ".join(describe(name, reject) for reject in rejects[:5])
    raise InputError(
        f"{name}: {counts.rejected:,} of {counts.read:,} rows rejected ({rate:.1%}, allowed {limit:.1%}), "
        "nothing loaded; "
        f"{first}; repair the file, or load the good rows with {option('max_reject_rate', enough)}"
    )


def describe(name: str, reject: Reject) -> str:
    """One line for one rejected row."""
    place = f"{name}:{reject.line}" if reject.line is not None else name
    column = f" column {reject.column!r}:" if reject.column else ""
    return f"{place}:{column} {reject.message} (rejected, {reject.code})"
