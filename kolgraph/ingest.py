"""Check the rows a loader hands over, and merge the good ones into the canonical tables: every row is counted once.

Everything here runs inside the one transaction that `Workspace.load` opens. A row is *accepted* (it adds something),
*merged* (everything it says is known already) or *rejected* (kept aside with line, column, value and reason).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolgraph import texts
from kolgraph.errors import InputError
from kolgraph.loaders.source import MAX_RAW, NeedsRepair, Part, Reading, Reject
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
    """pieces(x, separator) AS list_filter(list_transform(string_split_regex(x, separator), lambda p: trim(p)),
      lambda p: p <> '')""",
    # Ids that are no numbers: a custom domain of Weibo stands where the uid would.
    """platform_of(x) AS split_part(full_id(x), ':', 1)""",
    """weibo_id(x) AS CASE WHEN regexp_full_match(x, '[0-9]+') THEN x WHEN x <> '' THEN 'weibo:domain:' || x END""",
    # 发布于 上海, 来自河南, IP属地：北京
    """region(x) AS nullif(nullif(nullif(trim(regexp_replace(x, '^\\s*(发布于|来自|IP属地：|IP属地:)\\s*', '')), '其他'), '未知'), '')""",
    """verified_kind(flag, kind) AS CASE WHEN kind IN ('200', '220') THEN 'talent' WHEN kind = '-1' THEN 'none'
      WHEN lower(flag) IN ('true', '1') AND kind = '0' THEN 'person' WHEN kind = '1' THEN 'gov' WHEN kind = '2' THEN 'company'
      WHEN kind = '3' THEN 'media' WHEN kind IN ('4', '5', '6', '7') THEN 'org' WHEN lower(flag) IN ('false', '0') THEN 'none'
      WHEN lower(flag) IN ('true', '1') THEN 'unknown' END""",
    # Seconds since 1970 lie in the upper bits of a post id.
    """weibo_ms(mid) AS CASE WHEN regexp_full_match(mid, '[0-9]{15,17}')
      THEN ((try_cast(mid AS BIGINT) >> 22) + 515483463) * 1000 END""",
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
    "share": _Kind(
        "try_cast({x} AS DOUBLE)",
        "CASE WHEN {x} IS NOT NULL AND NOT coalesce({v} BETWEEN 0 AND 1, false) THEN 'BAD_SHARE' END",
    ),
    "names": _Kind("pieces({x}, '[,，;；、]')", "NULL"),
    "words": _Kind("pieces({x}, '\\s')", "NULL"),
}
SQL_TYPE = {"time": "BIGINT", "count": "BIGINT", "weight": "FLOAT", "money": "DECIMAL(14, 2)", "share": "DOUBLE"}
SQL_TYPE |= {"names": "VARCHAR[]", "words": "VARCHAR[]"}
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
    "BAD_SHARE": "is not a number between 0 and 1",
    "NO_ROOT": "is missing, and so is the author: a repost needs one of them; if all rows repost one post, name it: --root",
    "NO_TARGET": "is missing: nobody is named",
    "NO_RECORD": "says nothing that is known: no account, follow, repost, post, mention or comment",
}


#: Of some fields one is needed: code, field to name, condition over typed fields.
NEEDS_ONE: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "repost": [
        (
            "NO_ROOT",
            "root",
            "v_root IS NOT NULL OR v_dst IS NOT NULL OR v_author_name IS NOT NULL OR v_via IS NOT NULL "
            "OR regexp_matches(coalesce(v_text, ''), '//\\s*[@＠]')",
        )
    ],
    "mention": [("NO_TARGET", "dst", "v_dst IS NOT NULL OR v_dst_name IS NOT NULL")],
    "comment": [("NO_TARGET", "post", "v_post IS NOT NULL OR v_dst IS NOT NULL OR v_parent IS NOT NULL")],
}


def _stage_sql(record: str, columns: Collection[str], relation: str, ordinal: str = "") -> str:
    """The SELECT that types every field, and says in ``bad`` what keeps a row from being merged.

    ``bad`` is NULL for a good row, ``[state]`` for one the reading leaves out, else ``[CODE:field, fields...]``: the
    first problem, and the raw text of everything.
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
    for code, field, needed in NEEDS_ONE.get(record, ()):
        problems.append(f"CASE WHEN NOT ({needed}) THEN '{code}:{field}' END")
        usual.append(f"({needed})")
    counts = [n for n in present if fields[n].kind == "count"]
    if counts:
        listed = ", ".join(f"CASE WHEN regexp_matches(plain(x_{n}), '[^0-9.]') THEN '{n}' END" for n in sorted(counts))
        typed.append(f"list_filter([{listed}], lambda n: n IS NOT NULL) AS v_rounded")
    raw = ", ".join(name if name in present else "NULL" for name in fields)
    values = ", ".join(f"v_{name} AS {name}" for name in fields)
    if any(field.kind == "count" for field in fields.values()):
        values += f", {'v_rounded' if counts else 'NULL::VARCHAR[]'} AS rounded"
    # Nearly every row is usual, and asks for no closer look; what is wrong with the others takes one column, because a
    # column more for every row costs as much as reading the file.
    return (
        f"SELECT {values}, {ordinal}CASE WHEN state IS NOT NULL THEN [state] WHEN code IS NOT NULL THEN [code, {raw}] "
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

    for macro in (_full_id(platform), *_MACROS, *texts.MACROS):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    for table in ("reject_errors", "reject_scans"):  # the engine appends to them
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    rows = _Rows(connection, reading)
    try:
        rows.stage()
    except duckdb.InvalidInputException as error:
        if reading.repair is None:
            raise
        raise NeedsRepair(reading.repair) from error
    rejects = rows.rejects()
    accepted = good = 0
    for table, part in rows.staged.items():
        posts = {name for name, field in RECORDS[part.record].items() if field.kind == "post"}
        fields = [f"full_id({name}) AS {name}" if name in posts else name for name in rows.columns(table)]
        refused = " AND ordinal NOT IN (FROM refused)" if part.side and rows.refused else ""
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW good AS SELECT {', '.join(fields)} FROM {table} WHERE bad IS NULL{refused}"
        )
        intern_accounts(connection, part.record)
        added = MERGES[part.record](connection, batch)
        if not part.side:
            accepted += added
            good += _one(connection, "SELECT count(*) FROM good")
        connection.execute("DROP VIEW good")
    rows.drop()
    rejects.sort(key=lambda reject: (reject.line is None, reject.line))
    rejected = sum(not reject.partly for reject in rejects)
    return Counts(good + rejected, accepted, good - accepted, rejected), rejects


class _Rows:
    """The rows of a reading, staged: typed, and those that are not good told apart.

    A row that is one record is typed as it is read. Rows that are several records lie in the table ``raw`` first.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self.connection, self.reading = connection, reading
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
        sql = _stage_sql(part.record, part.fields, relation, ordinal)
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

    def rejects(self) -> list[Reject]:
        """Rows that could not be read, that are nothing known, and those with a value that is not accepted."""
        bad = self._bad()
        known = self.reading.explain(self.connection, sorted({row[1] for row in bad}))
        places = dict(known.places)
        if known.recovered:
            first = _one(self.connection, "SELECT count(*) FROM numbered")
            self._stage_recovered([row for _, _, row in known.recovered], first)
            places |= {first + k: (line, raw) for k, (line, raw, _) in enumerate(known.recovered)}
            bad = self._bad()
        out = list(known.rejects)
        for part, ordinal, problem, raw in bad:
            code, _, field = problem.partition(":")
            line, text = places.get(ordinal, (None, None))
            fields = list(RECORDS[part.record]) if part else []
            value = raw[fields.index(field)] if part else None
            said = repr(value) if value is not None else field or "the row"
            text = text if text is not None else ",".join(cell or "" for cell in raw)
            partly = part is not None and part.side
            out.append(Reject(line, field or None, value, code, f"{said} {REASONS[code]}", text[:MAX_RAW], partly))
        return out

    def _bad(self) -> list[tuple[Part | None, int, str, list[str | None]]]:
        found: list[tuple[Part | None, int, str, list[str | None]]] = []
        for table, part in self.staged.items():
            numbered = f"{table}_numbered" if self.single else table
            query = f"SELECT ordinal, bad FROM {numbered} WHERE contains(bad[1], ':') ORDER BY 1"
            found += [(part, n, bad[0], bad[1:]) for n, bad in self.connection.execute(query).fetchall()]
        if not self.single:
            query = f"SELECT ordinal FROM raw_numbered WHERE state IS NULL AND NOT ({self.taken}) ORDER BY 1"
            found += [(None, n, "NO_RECORD", []) for (n,) in self.connection.execute(query).fetchall()]
        mains = [n for part, n, _, _ in found if part is None or not part.side]
        self.refused = bool(mains)
        if self.refused and not self.single:
            self.connection.execute("CREATE OR REPLACE TEMP TABLE refused (ordinal BIGINT)")
            self.connection.execute("INSERT INTO refused SELECT unnest(?::BIGINT[])", [mains])
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


def _full_id(platform: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", platform):
        raise InputError(f"{platform!r} is no name for a platform; use small letters and digits, for example weibo")
    return (
        "full_id(x) AS CASE WHEN contains(x, ':') AND regexp_matches(x, '^[a-z][a-z0-9_-]*:.') THEN x "
        f"ELSE '{platform}:' || x END"
    )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
