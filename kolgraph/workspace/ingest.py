"""Check the rows a loader hands over, and merge the good ones into the canonical tables: every row is counted once.

Everything here runs inside the one transaction that `Workspace.load` opens. A row is *accepted* (it adds something),
*merged* (everything it says is known already) or *rejected* (kept aside with line, column, value and reason).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolgraph.loaders.reading.delimited import NeedsRepair
from kolgraph.loaders.reading.source import MAX_RAW, MAX_REJECTS, Part, Reading, Reject, Rejects
from kolgraph.records import RECORDS
from kolgraph.workspace import texts
from kolgraph.workspace.ids import identity_macros
from kolgraph.workspace.rounding import refuse_rounded
from kolgraph.workspace.tables import NUMBERED
from kolgraph.workspace.values import MACROS, REASONS, typed_sql

if TYPE_CHECKING:
    import duckdb

    from kolgraph.workspace.tombstones import Tombstones


@dataclass(frozen=True)
class Counts:
    """What became of the rows of one kind; the three always sum to `read`."""

    read: int = 0
    accepted: int = 0
    merged: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.accepted + other.accepted,
            self.merged + other.merged,
            self.rejected + other.rejected,
        )


def ingest(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    *,
    platform: str,
    batch: int,
    key: bytes | None = None,
    whole: bool = False,
) -> tuple[Counts, Rejects]:
    """Read, check, merge; returns what became of the rows, and the first rejected ones in order of line.

    With a `key` accounts and posts enter under pseudonyms, names as hashes, and texts not at all; of a rejected row
    only the place and the reason are told. `whole`: all ids say their platform.

    Raises
    ------
    NeedsRepair
        The engine cannot read the file as it is, or lost count of its rows.
    """
    import duckdb

    from kolgraph.workspace.merge import MERGES, intern_accounts
    from kolgraph.workspace.tombstones import SOMEBODY, Tombstones, bare

    connection.macros.teach([*identity_macros(platform, key, whole=whole), *MACROS, *texts.MACROS])
    for table in ("reject_errors", "reject_scans"):  # the engine appends to them
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    forgotten = Tombstones(connection)
    rows = _Rows(connection, reading, forgotten)
    try:
        rows.stage()
    except duckdb.InvalidInputException as error:
        if reading.repair is None:
            raise
        raise NeedsRepair(reading.repair) from error
    refuse_rounded(connection, rows.staged)
    rejects = rows.rejects()
    if forgotten:
        rejects[:] = forgotten.scrub(rejects)
    if key is not None:
        rejects[:] = [bare(reject) for reject in rejects]
    accepted = good = 0
    for table, part in rows.staged.items():
        names = rows.columns(table)
        if forgotten:
            forgotten.mask(table, names)
        fields = [f"{_enters(part.record, name)} AS {name}" for name in names]
        refused = " AND ordinal NOT IN (FROM refused)" if part.side and rows.refused else ""
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW good AS SELECT {', '.join(fields)} FROM {table} WHERE bad IS NULL{refused}"
        )
        intern_accounts(connection, part.record)
        if key is not None:
            _remember_handles(connection)
        added = MERGES[part.record](connection, batch)
        if not part.side:
            accepted += added
            good += _one(connection, "SELECT count(*) FROM good")
        connection.execute("DROP VIEW good")
    if forgotten:
        connection.execute(f"DELETE FROM namings WHERE role = 'mention' AND name = known_as('{SOMEBODY}')").fetchall()
    rows.drop()
    rejects.sort(key=lambda reject: (reject.line is None, reject.line))
    return Counts(good + rejects.total, accepted, good - accepted, rejects.total), rejects


def _enters(record: str, field: str) -> str:
    """How a field enters beyond its type; the macros do nothing, or with a key let nothing readable pass."""
    if (record, field) in {("identity", "person"), ("campaign", "campaign")}:
        return f"sealed({field})"
    if field in {"available", "verified", "label", "kind", "method"}:
        return f"coded({field})"
    kind = RECORDS[record][field].kind if field in RECORDS[record] else ""
    ids = {"post": "post_as", "alias": "as_account"}
    return f"{ids[kind]}({field})" if kind in ids else field


def _remember_handles(connection: duckdb.DuckDBPyConnection) -> None:
    """Where ids are handles the name is the id itself: with pseudonyms nobody could tell unless it is written down."""
    others = ", ".join(f"'{platform}'" for platform in NUMBERED)
    connection.execute(
        "INSERT INTO account_names SELECT *, NULL, NULL FROM (SELECT account_key, known_as(ltrim("
        f"split_part(whole_account(raw), ':', -1), '@')) FROM ids JOIN accounts USING (account_key) "
        f"WHERE platform NOT IN ({others}) "
        "EXCEPT SELECT account_key, name_norm FROM account_names)"
    ).fetchall()


#: Of a row that is several records: the reading itself refuses it, and says why.
_REFUSED = "contains(state, ':')"


class _Rows:
    """The rows of a reading, staged: typed, and those that are not good told apart.

    A row that is one record is typed as it is read. Rows that are several records lie in the table ``raw`` first.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, reading: Reading, forgotten: Tombstones) -> None:
        self.connection, self.reading, self.forgotten = connection, reading, forgotten
        parts = reading.parts
        self.single = len(parts) == 1 and not parts[0].when and not parts[0].each
        self.staged = {f"stage_{k}": part for k, part in enumerate(parts)}
        self.refused = False

    def stage(self) -> None:
        """Fill the tables; nothing is said yet of rows that are not good."""
        if self.single:
            self._fill("stage_0", self._fields(self.reading.relation, self.reading.parts[0]), new=True)
            self._number("stage_0", "bad[1] AS state")
        else:
            self._register(f"CREATE OR REPLACE TEMP TABLE raw AS {self.reading.relation}", self.reading.arrow)
            self._number("raw", "state")
            self._stage_parts(0)

    def _stage_parts(self, first: int) -> None:
        """Type the rows from ordinal `first` on, for every part."""
        taken = "false"
        for table, part in self.staged.items():
            holds = f"coalesce({part.when}, false)" if part.when else "true"
            mine = holds if part.side else f"{holds} AND NOT ({taken})"
            rows = f"SELECT * FROM raw_numbered WHERE state IS NULL AND ordinal >= {first} AND {mine}"
            if part.each:
                rows = f"SELECT *, unnest({part.each}) AS item FROM ({rows})"
            if not part.side:
                taken += f" OR {holds}"
            self._fill(table, self._fields(rows, part, "ordinal, "), new=first == 0, ordinal="ordinal, ")
        self.taken = taken

    def _fields(self, rows: str, part: Part, ordinal: str = "") -> str:
        fields = ", ".join(f"{sql} AS {name}" for name, sql in part.fields.items())
        return f"SELECT {fields}, {ordinal}state FROM ({rows})"

    def _fill(self, table: str, relation: str, *, new: bool, ordinal: str = "", arrow: object = None) -> None:
        part = self.staged[table]
        into = f"CREATE OR REPLACE TEMP TABLE {table} AS" if new else f"INSERT INTO {table}"
        sql = typed_sql(part.record, part.fields, relation, ordinal, side=part.side)
        if self.forgotten:
            sql = self.forgotten.refuse(part.record, sql)
        self._register(f"{into} {sql}", self.reading.arrow if arrow is None else arrow)

    def _register(self, query: str, arrow: object) -> None:
        if arrow is not None:
            self.connection.register("handed_over", arrow)
        self.connection.execute(query).fetchall()
        if arrow is not None:
            self.connection.unregister("handed_over")

    def _number(self, table: str, state: str) -> None:
        # Rows of a table made in this transaction are numbered from somewhere beyond 2^55.
        first = f"(SELECT min(rowid) FROM {table})"
        for name, columns in (("numbered", f"{state}"), (f"{table}_numbered", "*")):
            self.connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT rowid - {first} AS ordinal, {columns} FROM {table}"
            )

    def columns(self, table: str) -> list[str]:
        """Typed fields of a staged part."""
        names = [row[0] for row in self.connection.execute(f"DESCRIBE {table}").fetchall()]
        return [name for name in names if name not in {"bad", "ordinal"}]

    def rejects(self) -> Rejects:
        """The first rows that could not be read, that are nothing known, or have a value that is not accepted.

        All are counted; what a row says beside its main record is told, and not counted.
        """
        reasons = self._find_bad()
        bad = self._bad()
        known = self.reading.explain(self.connection, sorted({row[1] for row in bad}))
        places = dict(known.places)
        if known.recovered:
            first = _one(self.connection, "SELECT count(*) FROM numbered")
            self._stage_recovered([row for _, _, row in known.recovered], first)
            places |= {first + k: (line, raw) for k, (line, raw, _) in enumerate(known.recovered)}
            reasons = self._find_bad()
            bad = self._bad()
        out = Rejects(known.rejects)
        for part, ordinal, problem, raw in bad:
            code, _, field = problem.partition(":")
            line, text = places.get(ordinal, (None, None))
            fields = list(RECORDS[part.record]) if part else []
            value = raw[fields.index(field)] if field in fields else None
            said = repr(value) if value is not None else field or "the row"
            text = text if text is not None else ",".join(cell or "" for cell in raw)
            partly = part is not None and part.side
            out.append(Reject(line, field or None, value, code, f"{said} {REASONS[code]}", text[:MAX_RAW], partly))
        out.reasons = known.rejects.reasons + reasons
        return out

    def _find_bad(self) -> Counter[str]:
        """Note which rows are refused in the table ``refused``; returns for what, items counted alone."""
        queries = [
            f"SELECT ordinal, bad[1] AS code FROM {self._numbered(table)} WHERE contains(bad[1], ':')"
            for table, part in self.staged.items()
            if not part.side
        ]
        if not self.single:
            nothing = f"state IS NULL AND NOT ({self.taken})"
            queries.append(f"SELECT ordinal, 'NO_RECORD' AS code FROM raw_numbered WHERE {nothing}")
            queries.append(f"SELECT ordinal, state AS code FROM raw_numbered WHERE {_REFUSED}")
        every = " UNION ALL ".join(queries)
        counted = f"SELECT split_part(code, ':', 1), count(*) FROM ({every}) GROUP BY 1"
        reasons = Counter(dict(self.connection.execute(counted).fetchall()))
        self.refused = bool(reasons)
        if self.refused and not self.single:
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE refused AS SELECT ordinal FROM ({every})")
        return reasons

    def _numbered(self, table: str) -> str:
        return f"{table}_numbered" if self.single else table

    def _bad(self) -> list[tuple[Part | None, int, str, list[str | None]]]:
        """The first bad rows of every part."""
        found: list[tuple[Part | None, int, str, list[str | None]]] = []
        for table, part in self.staged.items():
            query = f"SELECT ordinal, bad FROM {self._numbered(table)} WHERE contains(bad[1], ':')"
            rows = self.connection.execute(f"{query} LIMIT {MAX_REJECTS}").fetchall()
            found += [(part, n, bad[0], bad[1:]) for n, bad in rows]
        if not self.single:
            query = f"SELECT ordinal FROM raw_numbered WHERE state IS NULL AND NOT ({self.taken})"
            rows = self.connection.execute(f"{query} LIMIT {MAX_REJECTS}").fetchall()
            found += [(None, n, "NO_RECORD", []) for (n,) in rows]
            query = f"SELECT ordinal, state FROM raw_numbered WHERE {_REFUSED} LIMIT {MAX_REJECTS}"
            found += [(None, n, state, []) for n, state in self.connection.execute(query).fetchall()]
        return found

    def _stage_recovered(self, rows: list[dict[str, str | None]], first: int) -> None:
        import pyarrow as pa

        table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in self.reading.columns})
        relation = "SELECT *, NULL AS state FROM handed_over"
        if self.single:
            self._fill("stage_0", self._fields(relation, self.reading.parts[0]), new=False, arrow=table)
        else:
            self._register(f"INSERT INTO raw {relation}", table)
            self._stage_parts(first)

    def drop(self) -> None:
        """Forget the tables."""
        for table in (*self.staged, *([] if self.single else ["raw"])):
            self.connection.execute(f"DROP VIEW IF EXISTS {table}_numbered")
            self.connection.execute(f"DROP TABLE {table}")
        self.connection.execute("DROP VIEW numbered")


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
