"""Check the rows a loader hands over, and merge the good ones into the canonical tables: every row is counted once.

Everything here runs inside the one transaction that `Workspace.load` opens. A row is *accepted* (it adds something),
*merged* (everything it says is known already) or *rejected* (kept aside with line, column, value and reason).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolgraph.loaders.source import Reading, Reject
from kolgraph.tables import RECORDS

if TYPE_CHECKING:
    import duckdb


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


# ---------------------------------------------------------------------- values: text -> typed, or a reason

#: 2000-01-01 and 2100-01-01, UTC epoch milliseconds.
EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000

_MACROS = (
    # A byte-order mark, zero-width spaces, and the ="..." with which spreadsheets keep ids as text.
    """clean(x) AS nullif(trim(regexp_replace(x, '^\\s*="?|"$|[\\x{feff}\\x{200b}]', '', 'g'), ' \t\r\n'), '')""",
    """digits_ms(x) AS CASE length(x)
      WHEN 10 THEN try_cast(x AS BIGINT) * 1000 WHEN 13 THEN try_cast(x AS BIGINT)
      WHEN 16 THEN try_cast(x AS BIGINT) // 1000 WHEN 19 THEN try_cast(x AS BIGINT) // 1000000 END""",
    # Without a zone a time is Beijing time, as every Chinese source writes it.
    """zone_ms(x) AS CASE WHEN regexp_matches(x, '(Z|UTC|GMT)$') THEN 0
      WHEN regexp_matches(x, '[+-]\\d\\d:?\\d\\d$') AND NOT regexp_full_match(x, '\\d+-\\d+-\\d+') THEN
        (CASE WHEN regexp_extract(x, '([+-])\\d\\d:?\\d\\d$', 1) = '-' THEN -1 ELSE 1 END)
        * (regexp_extract(x, '[+-](\\d\\d):?\\d\\d$', 1)::BIGINT * 60 + regexp_extract(x, '(\\d\\d)$', 1)::BIGINT)
        * 60000
      ELSE 28800000 END""",
    """wall(x) AS regexp_replace(regexp_replace(replace(x, '/', '-'), '^(\\d{4}-\\d+-\\d+)T', '\\1 '),
      '(\\d:\\d\\d)(\\.\\d+)?\\s*(Z|UTC|GMT|[+-]\\d\\d:?\\d\\d)$', '\\1')""",
    """wall_ms(x) AS epoch_ms(try_strptime(regexp_replace(wall(x), '(:\\d\\d)\\.\\d+$', '\\1'),
      ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d', '%Y-%m-%d-%H:%M:%S',
       '%Y年%m月%d日 %H:%M', '%Y年%m月%d日']))""",
    """time_ms(x) AS CASE WHEN regexp_full_match(x, '\\d+') THEN digits_ms(x)
      WHEN regexp_matches(x, '^[A-Z][a-z]{2} ') THEN epoch_ms(try_strptime(x, '%a %b %d %H:%M:%S %z %Y'))
      ELSE wall_ms(x) - zone_ms(x) END""",
    """unit(x) AS CASE lower(x) WHEN '' THEN 1 WHEN '千' THEN 1000 WHEN 'k' THEN 1000 WHEN '万' THEN 10000
      WHEN 'w' THEN 10000 WHEN '百万' THEN 1000000 WHEN 'm' THEN 1000000 WHEN '千万' THEN 10000000
      WHEN '亿' THEN 100000000 WHEN 'b' THEN 1000000000 END""",
    # 3,456 and 1.2万 and 10万+ are all written by platforms; 1.0 and -0 are not, but spreadsheets make them.
    """count_of(x) AS coalesce(try_cast(x AS BIGINT), (
      try_cast(regexp_extract(replace(x, ',', ''), '^(\\d+(\\.\\d+)?)(百万|千万|千|万|亿|[kwmbKWMB])?\\+?$', 1)
        AS DECIMAL(24, 6))
      * unit(regexp_extract(x, '(百万|千万|千|万|亿|[kwmbKWMB])?\\+?$', 1)))::BIGINT)""",
)


@dataclass(frozen=True)
class _Kind:
    """SQL over a cleaned text ``{x}`` and its typed value ``{v}``: the value, and a code for what is wrong with it.

    ``{d}`` is true where the raw text is 1-19 digits: nearly all cells are, and they skip every slower test.
    """

    value: str
    problem: str


_ID = _Kind(
    "CASE WHEN {d} THEN {platform} || {x} "
    "WHEN regexp_matches({x}, '^[a-z][a-z0-9_-]*:.') THEN {x} ELSE {platform} || {x} END",
    "CASE WHEN {d} OR {x} IS NULL THEN NULL "
    "WHEN regexp_full_match({x}, '[0-9]+(\\.[0-9]+[eE]\\+?|[eE]\\+)[0-9]+') THEN 'ID_SCIENTIFIC' "
    "WHEN regexp_full_match({x}, '[0-9]+\\.[0-9]*') THEN 'ID_FLOAT' "
    "WHEN lower({x}) IN ('nan', 'null', '\\n') THEN 'MISSING_FIELD' "
    "WHEN length({x}) > 256 OR regexp_matches({x}, '[\\x00-\\x1f]') THEN 'BAD_ID' END",
)
KINDS: Mapping[str, _Kind] = {
    "id": _ID,
    "post": _ID,
    "time": _Kind(
        "CASE WHEN {d} THEN digits_ms({x}) ELSE time_ms({x}) END",
        f"CASE WHEN {{x}} IS NULL OR {{v}} BETWEEN {EARLIEST_MS} AND {LATEST_MS} THEN NULL "
        "WHEN {v} IS NOT NULL THEN 'TIME_OUT_OF_RANGE' "
        "WHEN regexp_matches({x}, '刚刚|前$|今天|昨天|ago$') THEN 'TIME_RELATIVE_NO_REF' ELSE 'BAD_TIME' END",
    ),
    "count": _Kind("count_of({x})", "CASE WHEN {x} IS NOT NULL AND coalesce({v}, -1) < 0 THEN 'BAD_COUNT' END"),
    "weight": _Kind(
        "try_cast({x} AS FLOAT)",
        "CASE WHEN {x} IS NOT NULL AND NOT coalesce(isfinite({v}) AND {v} >= 0, false) THEN 'BAD_WEIGHT' END",
    ),
    "money": _Kind(
        "try_cast(regexp_replace({x}, '[¥￥,]', '', 'g') AS DECIMAL(14, 2))",
        "CASE WHEN {x} IS NOT NULL AND coalesce({v}, -1) < 0 THEN 'BAD_MONEY' END",
    ),
    "text": _Kind("{x}", "NULL"),
}
SQL_TYPE = {"time": "BIGINT", "count": "BIGINT", "weight": "FLOAT", "money": "DECIMAL(14, 2)"}
REASONS: Mapping[str, str] = {
    "MISSING_FIELD": "is missing, and a row needs it",
    "ID_SCIENTIFIC": "went through a spreadsheet and lost its digits; export the column as text",
    "ID_FLOAT": "went through a float and may have lost digits; export the column as text or integer",
    "BAD_ID": "is not an id: control characters, or longer than 256 characters",
    "BAD_TIME": "is not a time; use epoch seconds or milliseconds, or 2026-01-31 08:00:00",
    "TIME_OUT_OF_RANGE": "is a time outside 2000-2099",
    "TIME_RELATIVE_NO_REF": "is relative to an unknown moment; give the time of the crawl",
    "BAD_COUNT": "is not a whole number",
    "BAD_WEIGHT": "is not a finite number >= 0",
    "BAD_MONEY": "is not an amount of money >= 0",
    "NO_ROOT": "is missing, and so is the author: a repost needs one of them",
}


def _stage_sql(record: str, columns: list[str], relation: str, platform: str) -> str:
    """The SELECT that types every field; a bad row gets its first problem as ``CODE:field`` and keeps its raw cells."""
    fields = RECORDS[record]
    present = set(columns) & set(fields)
    prefix = "'" + platform.replace("'", "''") + ":'"
    digits, clean, typed, problems = [], [], [], []
    for name, field in fields.items():
        kind, d, x, v = KINDS[field.kind], f"d_{name}", f"x_{name}", f"v_{name}"
        if name in present:
            # Free text is taken as it is; what is parsed is trimmed first.
            parsed = field.kind != "text"
            if parsed:
                digits.append(f"coalesce(regexp_full_match({name}, '[0-9]{{1,19}}'), false) AS {d}")
            clean.append(
                f"CASE WHEN {d} THEN {name} WHEN {name} = '' THEN NULL ELSE clean({name}) END AS {x}"
                if parsed
                else f"{name} AS {x}"
            )
            typed.append(f"{kind.value.format(d=d, x=x, platform=prefix)} AS {v}")
            problem = kind.problem.format(d=d, x=x, v=v)
            if field.required:
                problem = f"CASE WHEN {x} IS NULL THEN 'MISSING_FIELD' ELSE {problem} END"
            if problem != "NULL":
                problems.append(f"({problem}) || ':{name}'")
        else:
            typed.append(f"NULL::{SQL_TYPE.get(field.kind, 'VARCHAR')} AS {v}")
    if record == "repost":
        problems.append("CASE WHEN v_root IS NULL AND v_dst IS NULL THEN 'NO_ROOT:root' END")
    raw = ", ".join(name if name in present else "NULL" for name in fields)
    cells = ", ".join(name for name in columns if name.startswith("cell_"))
    values = ", ".join(f"v_{name} AS {name}" for name in fields)
    # The lists are made for bad rows only: made for every row they would cost as much as reading the file.
    return (
        f"SELECT {values}, code, CASE WHEN code IS NOT NULL THEN [{raw}] END AS raw, "
        f"CASE WHEN code IS NOT NULL THEN [{cells}] END AS cells, state FROM ("
        f"SELECT *, CASE WHEN state IS NULL THEN coalesce({', '.join(problems)}) END AS code FROM ("
        f"SELECT {', '.join(typed)}, * FROM (SELECT {', '.join(clean)}, * FROM ("
        f"SELECT {', '.join(digits)}, * FROM ({relation})))))"
    )


def ingest(
    connection: duckdb.DuckDBPyConnection, reading: Reading, *, platform: str, batch: int
) -> tuple[Counts, list[Reject]]:
    """Read, check, merge; returns what became of the rows, and the rejected ones in order of line."""
    for macro in _MACROS:
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    if reading.arrow is not None:
        connection.register("handed_over", reading.arrow)
    columns = [row[0] for row in connection.execute(f"DESCRIBE {reading.relation}").fetchall()]
    sql = _stage_sql(reading.record, columns, reading.relation, platform)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE stage AS {sql}").fetchall()
    rejects, recovered = reading.damaged(connection)
    first_recovered = _one(connection, "SELECT count(*) FROM stage")
    if recovered:
        _stage_recovered(connection, reading.record, recovered, platform)
    rejects += _rejected(connection, reading, first_recovered)
    good = _one(connection, "SELECT count(*) FROM stage WHERE code IS NULL AND state IS NULL")
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW good AS SELECT rowid AS ordinal, * FROM stage WHERE code IS NULL AND state IS NULL"
    )
    from kolgraph.merge import MERGES, intern_accounts

    intern_accounts(connection, reading.record, batch)
    accepted = MERGES[reading.record](connection, batch)
    connection.execute("DROP VIEW good")
    connection.execute("DROP TABLE stage")
    if reading.arrow is not None:
        connection.unregister("handed_over")
    rejects.sort(key=lambda reject: (reject.line is None, reject.line))
    return Counts(good + len(rejects), accepted, good - accepted, len(rejects)), rejects


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _stage_recovered(
    connection: duckdb.DuckDBPyConnection, record: str, rows: list[dict[str, str | None]], platform: str
) -> None:
    import pyarrow as pa

    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})
    connection.register("recovered", table)
    cells = ", ".join(f"{name} AS cell_{name}" for name in rows[0])
    relation = f"SELECT *, {cells}, NULL AS state FROM recovered"
    columns = [row[0] for row in connection.execute(f"DESCRIBE {relation}").fetchall()]
    connection.execute(f"INSERT INTO stage {_stage_sql(record, columns, relation, platform)}").fetchall()
    connection.unregister("recovered")


def _rejected(connection: duckdb.DuckDBPyConnection, reading: Reading, first_recovered: int) -> list[Reject]:
    """Rows whose cells could be read but not accepted."""
    rows = connection.execute("SELECT rowid, code, raw, cells FROM stage WHERE code IS NOT NULL ORDER BY 1").fetchall()
    if not rows:
        return []
    read = [row[0] for row in rows if row[0] < first_recovered]
    places = dict(zip(read, reading.locate(read), strict=True))
    fields = list(RECORDS[reading.record])
    out = []
    for ordinal, problem, raw, cells in rows:
        code, field = problem.split(":")
        line, text = places.get(ordinal, (None, None))
        text = text if text is not None else ",".join("" if cell is None else str(cell) for cell in cells)
        value = raw[fields.index(field)]
        out.append(Reject(line, field, value, code, f"{value!r} {REASONS[code]}", text[:65536]))
    return out
