"""Check the rows a loader hands over, and merge the good ones into the canonical tables: every row is counted once.

Everything here runs inside the one transaction that `Workspace.load` opens. A row is *accepted* (it adds something),
*merged* (everything it says is known already) or *rejected* (kept aside with line, column, value and reason).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolgraph.errors import InputError
from kolgraph.loaders.source import MAX_RAW, NeedsRepair, Reading, Reject
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

_AMOUNT = r"^(\d+(?:\.\d+)?)(万亿|千万|百万|千|万|萬|亿|億|[kwmbKWMB])?\+?(?:次|人|个|粉丝|播放|followers|views)?$"
_MACROS = (
    # A byte-order mark, zero-width spaces, and the ="..." with which spreadsheets keep ids as text.
    """clean(x) AS nullif(trim(regexp_replace(x, '^\\s*="?|"$|[\\x{feff}\\x{200b}]', '', 'g'), ' \t\r\n'), '')""",
    """digits_ms(x) AS CASE length(x)
      WHEN 10 THEN try_cast(x AS BIGINT) * 1000 WHEN 13 THEN try_cast(x AS BIGINT)
      WHEN 16 THEN try_cast(x AS BIGINT) // 1000 WHEN 19 THEN try_cast(x AS BIGINT) // 1000000 END""",
    # A zone is Z, UTC, GMT, +08, +0800 or +08:00 behind a clock; without one a time is Beijing time, as every Chinese
    # source writes it.
    """zone(x) AS regexp_extract(x, ':\\d\\d(?:\\.\\d+)?\\s*(Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?)$', 1)""",
    """zone_ms(z) AS CASE WHEN z = '' THEN 28800000 WHEN z[1] NOT IN ('+', '-') THEN 0
      ELSE (CASE z[1] WHEN '-' THEN -1 ELSE 1 END) * 60000 * (z[2:3]::BIGINT * 60
        + CASE WHEN length(z) > 3 THEN right(z, 2)::BIGINT ELSE 0 END) END""",
    """wall(x, z) AS regexp_replace(regexp_replace(replace(trim(x[:length(x) - length(z)]), '/', '-'),
      '^(\\d{4}-\\d+-\\d+)[T-](\\d)', '\\1 \\2'), '(:\\d\\d)\\.\\d+$', '\\1')""",
    """wall_ms(x) AS epoch_ms(try_strptime(x, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d', '%Y-%m-%d %H-%M-%S',
      '%Y年%m月%d日 %H:%M:%S', '%Y年%m月%d日 %H:%M', '%Y年%m月%d日']))""",
    """clock_ms(x) AS wall_ms(wall(x, zone(x))) - zone_ms(zone(x))""",
    # Weibo appends the device: "2014-05-01 10:00 来自 iPhone".
    """time_ms(x) AS CASE WHEN regexp_matches(x, '^[A-Z][a-z]{2} ')
      THEN epoch_ms(try_strptime(x, '%a %b %d %H:%M:%S %z %Y')) ELSE clock_ms(trim(split_part(x, '来自', 1))) END""",
    """unit(x) AS CASE lower(x) WHEN '' THEN 1 WHEN '千' THEN 1e3 WHEN 'k' THEN 1e3 WHEN '万' THEN 1e4
      WHEN '萬' THEN 1e4 WHEN 'w' THEN 1e4 WHEN '百万' THEN 1e6 WHEN 'm' THEN 1e6 WHEN '千万' THEN 1e7
      WHEN '亿' THEN 1e8 WHEN '億' THEN 1e8 WHEN 'b' THEN 1e9 WHEN '万亿' THEN 1e12 END""",
    # 3,456 and 1.2万 and 10万+ are all written by platforms; 1.0 is not, but spreadsheets make it.
    f"""amount(x) AS try_cast(regexp_extract(x, '{_AMOUNT}', 1) AS DOUBLE) * unit(regexp_extract(x, '{_AMOUNT}', 2))""",
    """plain(x) AS replace(translate(x, '０１２３４５６７８９．，＋', '0123456789.,+'), ',', '')""",
    """whole(x) AS CASE WHEN abs(x - round(x)) < 1e-6 AND x < 9e15 THEN round(x)::BIGINT END""",
)


@dataclass(frozen=True)
class _Kind:
    """SQL over a cleaned text ``{x}`` and its typed value ``{v}``: the value, and a code for what is wrong with it.

    ``{d}`` is true where the raw text is 1-19 digits: nearly all cells are, and they skip every slower test.
    """

    value: str
    problem: str


_ID = _Kind(
    "{x}",
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
        "WHEN regexp_matches({x}, '刚刚|前$|今天|昨天|前天|ago$') THEN 'TIME_RELATIVE_NO_REF' ELSE 'BAD_TIME' END",
    ),
    "count": _Kind(
        "CASE WHEN {d} THEN try_cast({x} AS BIGINT) ELSE whole(amount(plain({x}))) END",
        "CASE WHEN {x} IS NOT NULL AND {v} IS NULL THEN 'BAD_COUNT' END",
    ),
    "weight": _Kind(
        "CASE WHEN regexp_full_match({x}, '[0-9.]+([eE][+-]?[0-9]+)?') THEN try_cast({x} AS FLOAT) END",
        "CASE WHEN {x} IS NOT NULL AND NOT coalesce(isfinite({v}), false) THEN 'BAD_WEIGHT' END",
    ),
    "money": _Kind(
        "try_cast(amount(plain(regexp_replace({x}, '^[¥￥]\\s*|元$', '', 'g'))) AS DECIMAL(14, 2))",
        "CASE WHEN {x} IS NOT NULL AND {v} IS NULL THEN 'BAD_MONEY' END",
    ),
    # Our own spreadsheets put an apostrophe before text that would run as a formula.
    "label": _Kind(
        "CASE WHEN starts_with({x}, '''') AND regexp_matches({x}, '^''[=+\\-@\\t\\r＝＋－＠]') THEN {x}[2:] "
        "ELSE {x} END",
        "NULL",
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


def _stage_sql(record: str, columns: list[str], relation: str) -> str:
    """The SELECT that types every field, and says in ``bad`` what keeps a row from being merged.

    ``bad`` is NULL for a good row, ``[state]`` for one the reading leaves out, else ``[CODE:field, fields...,
    cells...]``: the first problem, and the raw text of everything.
    """
    fields = RECORDS[record]
    present = set(columns) & set(fields)
    digits, clean, typed, problems, usual = [], [], [], [], ["state IS NULL"]
    for name, field in fields.items():
        kind, d, x, v = KINDS[field.kind], f"d_{name}", f"x_{name}", f"v_{name}"
        if name not in present:
            typed.append(f"NULL::{SQL_TYPE.get(field.kind, 'VARCHAR')} AS {v}")
            if field.required:
                problems.append(f"'MISSING_FIELD:{name}'")
                usual.append("false")
            continue
        if field.kind in {"label", "text"}:  # free text is taken as it is; what is parsed is trimmed first
            clean.append(f"{name} AS {x}")
        else:
            digits.append(f"coalesce(regexp_full_match({name}, '[0-9]{{1,19}}'), {name} IS NULL) AS {d}")
            clean.append(f"CASE WHEN {d} THEN {name} ELSE clean({name}) END AS {x}")
            usual.append(d)
        if field.required:
            usual.append(f"{name} IS NOT NULL")
        if field.kind in SQL_TYPE:
            good = f"BETWEEN {EARLIEST_MS} AND {LATEST_MS}" if field.kind == "time" else "IS NOT NULL"
            usual.append(f"coalesce({v} {good}, {name} IS NULL)")
        typed.append(f"{kind.value.format(d=d, x=x)} AS {v}")
        problem = kind.problem.format(d=d, x=x, v=v)
        if field.required:
            problem = f"CASE WHEN {x} IS NULL THEN 'MISSING_FIELD' ELSE {problem} END"
        if problem != "NULL":
            problems.append(f"({problem}) || ':{name}'")
    if record == "repost":
        problems.append("CASE WHEN v_root IS NULL AND v_dst IS NULL THEN 'NO_ROOT:root' END")
        usual.append("(v_root IS NOT NULL OR v_dst IS NOT NULL)")
    raw = ", ".join(name if name in present else "NULL" for name in fields)
    cells = ", ".join(name for name in columns if name.startswith("cell_"))
    values = ", ".join(f"v_{name} AS {name}" for name in fields)
    # Nearly every row is usual, and asks for no closer look; what is wrong with the others takes one column, because a
    # column more for every row costs as much as reading the file.
    return (
        f"SELECT {values}, CASE WHEN state IS NOT NULL THEN [state] WHEN code IS NOT NULL THEN [code, {raw}, {cells}] "
        f"END AS bad FROM (SELECT *, CASE WHEN {' AND '.join(usual)} THEN NULL "
        f"WHEN state IS NULL THEN coalesce({', '.join(problems)}) END AS code FROM ("
        f"SELECT {', '.join(typed)}, * FROM (SELECT {', '.join(clean)}, * FROM ("
        f"SELECT {', '.join(digits)}, * FROM ({relation})))))"
    )


def ingest(
    connection: duckdb.DuckDBPyConnection, reading: Reading, *, platform: str, batch: int
) -> tuple[Counts, list[Reject]]:
    """Read, check, merge; returns what became of the rows, and the rejected ones in order of line.

    Raises
    ------
    NeedsRepair
        The engine cannot read the file as it is, or lost count of its rows.
    """
    import duckdb

    from kolgraph.merge import MERGES, intern_accounts

    for macro in (*_MACROS, _full_id(platform)):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    for table in ("reject_errors", "reject_scans"):  # the engine appends to them
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    try:
        _stage(connection, reading.record, reading.relation, reading.arrow, "CREATE OR REPLACE TEMP TABLE stage AS")
    except duckdb.InvalidInputException as error:
        if reading.repair is None:
            raise
        raise NeedsRepair(reading.repair) from error
    # Rows of a table made in this transaction are numbered from somewhere beyond 2^55.
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW numbered AS SELECT rowid - (SELECT min(rowid) FROM stage) AS ordinal, * FROM stage"
    )
    coded = connection.execute("SELECT ordinal FROM numbered WHERE contains(bad[1], ':') ORDER BY 1").fetchall()
    known = reading.explain(connection, [row[0] for row in coded])
    places = dict(known.places)
    if known.recovered:
        first = _one(connection, "SELECT count(*) FROM stage")
        _stage_recovered(connection, reading.record, [row for _, _, row in known.recovered])
        places |= {first + k: (line, raw) for k, (line, raw, _) in enumerate(known.recovered)}
    rejects = known.rejects + _rejected(connection, reading.record, places)
    connection.execute(_good_sql(reading.record))
    good = _one(connection, "SELECT count(*) FROM good")
    intern_accounts(connection, reading.record)
    accepted = MERGES[reading.record](connection, batch)
    connection.execute("DROP VIEW good")
    connection.execute("DROP VIEW numbered")
    connection.execute("DROP TABLE stage")
    rejects.sort(key=lambda reject: (reject.line is None, reject.line))
    return Counts(good + len(rejects), accepted, good - accepted, len(rejects)), rejects


def _full_id(platform: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", platform):
        raise InputError(f"{platform!r} is no name for a platform; use small letters and digits, for example weibo")
    return (
        "full_id(x) AS CASE WHEN contains(x, ':') AND regexp_matches(x, '^[a-z][a-z0-9_-]*:.') THEN x "
        f"ELSE '{platform}:' || x END"
    )


def _good_sql(record: str) -> str:
    """The rows to be merged; ids of accounts stay as written, because the table ``ids`` knows their keys."""
    fields = ", ".join(f"full_id({f}) AS {f}" if RECORDS[record][f].kind == "post" else f for f in RECORDS[record])
    return f"CREATE OR REPLACE TEMP VIEW good AS SELECT {fields} FROM stage WHERE bad IS NULL"


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _stage(connection: duckdb.DuckDBPyConnection, record: str, relation: str, arrow: object, into: str) -> None:
    if arrow is not None:
        connection.register("handed_over", arrow)
    columns = [row[0] for row in connection.execute(f"DESCRIBE {relation}").fetchall()]
    connection.execute(f"{into} {_stage_sql(record, columns, relation)}").fetchall()
    if arrow is not None:
        connection.unregister("handed_over")


def _stage_recovered(connection: duckdb.DuckDBPyConnection, record: str, rows: list[dict[str, str | None]]) -> None:
    import pyarrow as pa

    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})
    cells = ", ".join(f"{name} AS cell_{name}" for name in rows[0])
    _stage(connection, record, f"SELECT *, {cells}, NULL AS state FROM handed_over", table, "INSERT INTO stage")


def _rejected(
    connection: duckdb.DuckDBPyConnection, record: str, places: Mapping[int, tuple[int | None, str | None]]
) -> list[Reject]:
    """Rows whose cells could be read but not accepted."""
    rows = connection.execute("SELECT ordinal, bad FROM numbered WHERE contains(bad[1], ':') ORDER BY 1").fetchall()
    fields = list(RECORDS[record])
    out = []
    for ordinal, (problem, *raw) in rows:
        code, field = problem.split(":")
        line, text = places.get(ordinal, (None, None))
        text = text if text is not None else ",".join(cell or "" for cell in raw[len(fields) :])
        value = raw[fields.index(field)]
        said = repr(value) if value is not None else field
        out.append(Reject(line, field, value, code, f"{said} {REASONS[code]}", text[:MAX_RAW]))
    return out
