"""What a cell may say: grammars of times, counts, money, as SQL that turns text into a value or a reason.

Nothing here depends on when or where a file is loaded: a time without a zone is one of the zone in which sources of
its platform write, and a relative one needs a reference in the row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kolgraph.records import RECORDS, Field

#: 2000-01-01 and 2100-01-01, UTC epoch milliseconds.
EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000

#: What sets thousands apart beside a comma and a dot: an apostrophe, and spaces of several widths.
_GAP = "[ ''’\\x{a0}\\x{2009}\\x{202f}]"
_AMOUNT = (
    f"^([0-9](?:[0-9.,]|{_GAP})*?)\\s*(万亿|千万|百万|千|万|萬|亿|億|[kwmbKWMB])?\\+?"
    "(?:次|人|个|粉丝|播放|followers|views)?$"
)
#: A unit, or a lower bound.
_ROUNDED = f"[^0-9.,{_GAP[1:]}"
MACROS = (
    # Without a byte-order mark, marks of no width and of direction, space around it, and the ="..." with which
    # spreadsheets keep ids as text. To see that a cell is plain is far cheaper than to take signs away.
    """clean(x) AS CASE WHEN regexp_full_match(x, '[!#-<>-~一-龿]+(?: [!#-<>-~一-龿]+)*') THEN x
      ELSE trim(regexp_replace(x,
      '^\\s*(?:="?|")|"$|[\\x{ad}\\x{61c}\\x{feff}\\x{200b}\\x{200e}\\x{200f}\\x{2060}\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]',
      '', 'g'), ' \t\r\n\u0085\u00a0\u1680\u202f\u205f\u3000' || '\u2000\u2001\u2002\u2003\u2004\u2005\u2006'
      || '\u2007\u2008\u2009\u200a') END""",
    """digits_ms(x) AS CASE length(x)
      WHEN 10 THEN try_cast(x AS BIGINT) * 1000 WHEN 13 THEN try_cast(x AS BIGINT)
      WHEN 16 THEN try_cast(x AS BIGINT) // 1000 WHEN 19 THEN try_cast(x AS BIGINT) // 1000000 END""",
    # A zone is Z, UTC, GMT, +08, +0800 or +08:00 behind a clock; without one it is that of the platform.
    """zone(x) AS regexp_extract(x, ':\\d\\d(?:\\.\\d+)?\\s*(Z|UTC|GMT|[+-]\\d\\d(?::?\\d\\d)?)$', 1)""",
    """zone_ms(z) AS CASE WHEN z = '' THEN home_ms() WHEN z[1] NOT IN ('+', '-') THEN 0
      ELSE (CASE z[1] WHEN '-' THEN -1 ELSE 1 END) * 60000 * (z[2:3]::BIGINT * 60
        + CASE WHEN length(z) > 3 THEN right(z, 2)::BIGINT ELSE 0 END) END""",
    """wall(x, z) AS regexp_replace(regexp_replace(replace(trim(x[:length(x) - length(z)]), '/', '-'),
      '^(\\d{4}-\\d+-\\d+)[T-](\\d)', '\\1 \\2'), '(:\\d\\d)\\.\\d+$', '\\1')""",
    """wall_ms(x) AS epoch_ms(try_strptime(x, ['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M', '%Y-%m-%d', '%Y-%m-%d %H-%M-%S',
      '%Y年%m月%d日 %H:%M:%S', '%Y年%m月%d日 %H:%M', '%Y年%m月%d日']))""",
    """clock_ms(x) AS list_transform([trim(x)], lambda t:
      list_transform([zone(t)], lambda z: wall_ms(wall(t, z)) - zone_ms(z))[1])[1]""",
    # Nearly all times are written so, and asked for nothing else they take a sixth of the time.
    """common_ms(x) AS epoch_ms(try_strptime(x, '%Y-%m-%d %H:%M:%S')) - home_ms()""",
    # Weibo appends the device: "2014-05-01 10:00 来自 iPhone".
    """time_ms(x) AS CASE WHEN regexp_matches(x, '^[A-Z][a-z]{2} ')
      THEN epoch_ms(try_strptime(x, '%a %b %d %H:%M:%S %z %Y')) ELSE clock_ms(split_part(x, '来自', 1)) END""",
    """unit(x) AS CASE lower(x) WHEN '' THEN 1 WHEN '千' THEN 1e3 WHEN 'k' THEN 1e3 WHEN '万' THEN 1e4
      WHEN '萬' THEN 1e4 WHEN 'w' THEN 1e4 WHEN '百万' THEN 1e6 WHEN 'm' THEN 1e6 WHEN '千万' THEN 1e7
      WHEN '亿' THEN 1e8 WHEN '億' THEN 1e8 WHEN 'b' THEN 1e9 WHEN '万亿' THEN 1e12 END""",
    """plain(x) AS translate(x, '０１２３４５６７８９．，＋', '0123456789.,+')""",
    # A comma sets thousands apart only before exactly three digits, a dot only where there are several, or a comma
    # behind: else it is a decimal sign. One dot before three digits may be either, and is no number.
    f"""number_of(n, bare) AS CASE WHEN regexp_full_match(n, '[0-9]+') THEN n
      WHEN regexp_full_match(n, '[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\\.[0-9]+)?') THEN replace(n, ',', '')
      WHEN regexp_full_match(n, '[0-9]{{1,3}}(?:(?:\\.[0-9]{{3}}){{2,}}(?:,[0-9]+)?|\\.[0-9]{{3}},[0-9]+)')
        THEN replace(replace(n, '.', ''), ',', '.')
      WHEN regexp_full_match(n, '[0-9]{{1,3}}(?:{_GAP}[0-9]{{3}})+(?:[.,][0-9]+)?')
        THEN replace(regexp_replace(n, '{_GAP}', '', 'g'), ',', '.')
      WHEN bare AND regexp_full_match(n, '[0-9]{{1,3}}\\.[0-9]{{3}}') THEN NULL
      WHEN regexp_full_match(n, '[0-9]+[.,][0-9]+') THEN replace(n, ',', '.') END""",
    # 4.5, 4.5分, 4星, 五星级
    """rated(x) AS try_cast(nullif(regexp_extract(CASE WHEN regexp_full_match(x, '[一二两三四五六七八九]星级?')
      THEN translate(x, '一二两三四五六七八九', '1223456789') ELSE plain(x) END,
      '^([0-9]{1,9}(?:\\.[0-9]{1,9})?) ?(?:分|星|星级|颗星)?$', 1), '') AS DOUBLE)""",
    # 3,456 and 1.2万 and 1,2K and 10万+ are all written by platforms; 1.0 is not, but spreadsheets make it. In lists of
    # one, so that the text is taken apart once, and only where it is no plain number.
    f"""amounts(x) AS list_transform([regexp_extract(plain(x), '{_AMOUNT}', ['n', 'u'])],
      lambda m: try_cast(number_of(m.n, m.u = '') AS DOUBLE) * unit(m.u))""",
    "amount(x) AS amounts(x)[1]",
    """whole_amount(x) AS list_transform(amounts(x),
      lambda v: CASE WHEN abs(v - round(v)) < 1e-6 AND v < 9e15 THEN round(v)::BIGINT END)[1]""",
    # Crawlers keep "3分钟前" and "06-27 10:00" as the page showed them: that means something beside the time of the
    # crawl, or that in the post's id. The clock of the loader is never asked.
    """weibo_ms(mid) AS CASE WHEN regexp_full_match(mid, '[0-9]{15,17}')
      THEN ((try_cast(mid AS BIGINT) >> 22) + 515483463) * 1000 END""",
    """any_ms(x) AS CASE WHEN regexp_full_match(x, '[0-9]{1,19}') THEN digits_ms(x) ELSE time_ms(x) END""",
    """is_relative(x) AS regexp_matches(x,
      '^(刚刚|[0-9]+ *(秒|分钟|小时|天)前|今天|昨天|前天|[0-9]{1,2}-[0-9]{1,2}( |$)|[0-9]{1,2}月[0-9]{1,2}日)')""",
    """midnight(ref) AS (ref + 28800000) // 86400000 * 86400000 - 28800000""",
    """clock_part(x) AS coalesce(try_cast(regexp_extract(x, '([0-9]{1,2}):[0-9]{2}', 1) AS BIGINT) * 3600000
      + try_cast(regexp_extract(x, ':([0-9]{2})', 1) AS BIGINT) * 60000, 0)""",
    """year_day(x) AS replace(replace(regexp_extract(x, '^[0-9]+[月-][0-9]+'), '月', '-'), '日', '')""",
    """year_at(ref) AS year(epoch_ms(ref + 28800000))""",
    # This year's day, or last year's where that would lie in the future.
    """yearless_ms(x, clock, ref) AS list_transform([list_transform([year_at(ref), year_at(ref) - 1],
      lambda y: wall_ms(y || '-' || year_day(x)) - 28800000 + clock)],
      lambda days: CASE WHEN days[1] <= ref + 86400000 THEN days[1] ELSE days[2] END)[1]""",
    """relative_ms(x, ref) AS list_transform([clock_part(x)], lambda clock: CASE WHEN x LIKE '刚刚%' THEN ref
      WHEN x LIKE '今天%' THEN midnight(ref) + clock
      WHEN x LIKE '昨天%' THEN midnight(ref) - 86400000 + clock
      WHEN x LIKE '前天%' THEN midnight(ref) - 172800000 + clock
      WHEN x LIKE '%前%' THEN ref - try_cast(regexp_extract(x, '^[0-9]+') AS BIGINT) * CASE regexp_extract(x,
        '(秒|分钟|小时|天)前', 1) WHEN '秒' THEN 1000 WHEN '分钟' THEN 60000 WHEN '小时' THEN 3600000 ELSE 86400000 END
      ELSE yearless_ms(x, clock, ref) END)[1]""",
    # The time x of a post that was crawled at the time `crawled` and has the Weibo id `mid`. A list of one names the
    # time of the crawl, which would be bound at each of its places.
    """moment(x, crawled, mid) AS CASE WHEN coalesce(x, '') = '' THEN weibo_ms(mid)::VARCHAR
      WHEN is_relative(x) THEN list_transform([any_ms(crawled)],
        lambda ref: coalesce(relative_ms(x, ref), weibo_ms(mid))::VARCHAR)[1] ELSE x END""",
    # Spreadsheets keep 15 digits of a number, or those they show. Whether the number of a post of Weibo lost its last
    # ones is told by the short id beside it: the two differ in the zeros only. Without a short id nobody knows them,
    # and what is left is a float.
    """apart(id, other) AS abs(try_cast(id AS BIGINT) - try_cast(other AS BIGINT))""",
    """lost(id, mid) AS coalesce(list_transform([apart(id, mid)],
      lambda a: a > 0 AND length(a::VARCHAR) <= length(id) - length(rtrim(id, '0')))[1], false)""",
    """is_rounded(id, bid) AS CASE WHEN regexp_full_match(id, '[0-9]{14,16}0') THEN lost(id, mid_of(bid))
      ELSE false END""",
    """exact_mid(id, bid) AS CASE WHEN regexp_full_match(id, '[0-9]{14,16}0') THEN
      list_transform([mid_of(bid)], lambda mid: CASE WHEN lost(id, mid) THEN mid ELSE id END)[1] ELSE id END""",
    """if_exact(id, rounds) AS CASE WHEN rounds AND regexp_full_match(id, '[0-9]{14,16}0') THEN id || 'E+0'
      ELSE id END""",
    """pieces(x, separator) AS list_filter(list_transform(string_split_regex(x, separator), lambda p: trim(p)),
      lambda p: p <> '')""",
    # What stands where the number of an account of Weibo would: a custom domain. What is neither is found out later;
    # the argument stands once, for what stands twice is computed for all rows.
    """weibo_id(x) AS CASE WHEN regexp_full_match(x, '[0-9]+') THEN x ELSE nullif(regexp_replace(clean(x),
      '^([0-9A-Za-z_-]*[A-Za-z_][0-9A-Za-z_-]*)$', 'weibo:domain:\\1'), '') END""",
    # 发布于 上海, 来自河南, IP属地：北京
    """bare_region(x) AS regexp_replace(x, '^\\s*(发布于|来自|IP属地：|IP属地:)\\s*', '')""",
    """region(x) AS CASE WHEN trim(bare_region(x)) NOT IN ('', '其他', '未知') THEN trim(bare_region(x)) END""",
    """verified_kind(flag, kind) AS CASE WHEN kind IN ('200', '220') THEN 'talent' WHEN kind = '-1' THEN 'none'
      WHEN lower(flag) IN ('false', '0') THEN 'none' WHEN kind = '0' THEN 'person' WHEN kind = '1' THEN 'gov'
      WHEN kind = '2' THEN 'company' WHEN kind = '3' THEN 'media' WHEN kind IN ('4', '5', '6', '7') THEN 'org'
      WHEN lower(flag) IN ('true', '1') THEN 'unknown' END""",
    # The account that a name means on a platform (NULL = on any), if just one was ever seen with it.
    """account_named(x, p) AS (SELECT CASE WHEN count(*) = 1 THEN any_value(account_id) END FROM account_names
      JOIN accounts USING (account_key) WHERE name_norm = known_as(x) AND (p IS NULL OR platform = p))""",
)


@dataclass(frozen=True)
class _Kind:
    """SQL over a cleaned text ``{x}`` and its typed value ``{v}``: the value, and a code for what is wrong with it.

    ``{d}`` is true where the raw text is 1-19 digits: nearly all cells are, and they skip every slower test.
    ``{amount}`` is the whole number that a text says, ``{wrong}`` what is wrong with an id.
    """

    value: str
    problem: str


#: What is wrong with ids and amounts, and what they are, is found out for all of a row at once; see `typed_sql`.
_ID = _Kind("{x}", "{wrong}")
KINDS: Mapping[str, _Kind] = {
    "id": _ID,
    "post": _ID,
    "alias": _ID,
    "time": _Kind(
        "CASE WHEN {d} THEN digits_ms({x}) ELSE coalesce(common_ms({x}), time_ms({x})) END",
        f"CASE WHEN {{x}} IS NULL OR {{v}} BETWEEN {EARLIEST_MS} AND {LATEST_MS} THEN NULL "
        "WHEN {v} IS NOT NULL THEN 'TIME_OUT_OF_RANGE' "
        "WHEN regexp_matches({x}, '刚刚|前$|今天|昨天|前天|ago$') THEN 'TIME_RELATIVE_NO_REF' ELSE 'BAD_TIME' END",
    ),
    "count": _Kind(
        "CASE WHEN {d} THEN try_cast({x} AS BIGINT) ELSE {amount} END",
        "CASE WHEN {x} IS NOT NULL AND {v} IS NULL THEN 'BAD_COUNT' END",
    ),
    "weight": _Kind(
        "CASE WHEN regexp_full_match({x}, '[0-9.]+([eE][+-]?[0-9]+)?') THEN try_cast({x} AS FLOAT) END",
        "CASE WHEN {x} IS NOT NULL AND NOT coalesce(isfinite({v}), false) THEN 'BAD_WEIGHT' END",
    ),
    "money": _Kind(
        "try_cast(amount(regexp_replace({x}, '^[¥￥]\\s*|\\s*元$', '', 'g')) AS DECIMAL(14, 2))",
        "CASE WHEN {x} IS NOT NULL AND {v} IS NULL THEN 'BAD_MONEY' END",
    ),
    "score": _Kind(
        "rated({x})",
        "CASE WHEN {x} IS NOT NULL AND {v} IS NULL THEN 'BAD_SCORE' END",
    ),
    # Our own spreadsheets put an apostrophe before text that would run as a formula.
    "label": _Kind(
        "CASE WHEN is_no_name({x}) THEN NULL WHEN starts_with({x}, '''') "
        "AND regexp_matches({x}, '^''[=+\\-@\\t\\r＝＋－＠]') THEN {x}[2:] ELSE {x} END",
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
SQL_TYPE["score"] = "DOUBLE"
SQL_TYPE |= {"names": "VARCHAR[]", "words": "VARCHAR[]"}
REASONS: Mapping[str, str] = {
    "MISSING_FIELD": "is missing, and a row needs it",
    "ID_SCIENTIFIC": "went through a spreadsheet and lost its digits; export the column as text",
    "ID_FLOAT": "went through a float and may have lost digits; export the column as text or integer",
    "BAD_ID": "is not an id: an object, separated digits, control characters, or longer than 256 characters",
    "BAD_TIME": "is not a time; use epoch seconds or milliseconds, or 2026-01-31 08:00:00",
    "TIME_OUT_OF_RANGE": "is a time outside 2000-2099",
    "TIME_RELATIVE_NO_REF": "is relative to an unknown moment; give the time of the crawl",
    "BAD_COUNT": "is not a whole number",
    "BAD_WEIGHT": "is not a finite number >= 0",
    "BAD_MONEY": "is not an amount of money >= 0",
    "BAD_SHARE": "is not a number between 0 and 1",
    "BAD_SCORE": "is no score: a number >= 0, or so many stars (4星)",
    "BAD_ROW": "has a number of cells that this program never writes below this header; was the file edited?",
    "BAD_OBJECT": "is an object that was written as text; export the file again, with objects inside objects",
    "NO_ROOT": "is missing, and so is the author: a repost needs one; the root of all rows can be named",
    "NO_TARGET": "is missing: nobody is named",
    "NO_MATCH": "is the name of no account known here, or of several; load their accounts, or give an id or link",
    "FORGOTTEN": "is somebody who must not come back",
    "NO_RECORD": "says nothing that is known: no account, follow, repost, post, mention or comment",
}


#: Of some fields one is needed: code, field to name, condition over typed fields.
NEEDS_ONE: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "repost": [
        (
            "NO_ROOT",
            "root",
            # Of an original that was deleted nothing may be left: then the source says at least that it is a repost.
            "v_root IS NOT NULL OR v_dst IS NOT NULL OR v_author_name IS NOT NULL OR v_via IS NOT NULL "
            "OR v_kind IS NOT NULL "
            "OR regexp_matches(coalesce(v_text, ''), '//\\s*[@＠]')",
        )
    ],
    # Whoever was looked for by name and not found is "?".
    "account": [("NO_MATCH", "name", "v_account IS DISTINCT FROM '?'")],
    "identity": [("NO_MATCH", "name", "v_account IS DISTINCT FROM '?'")],
    "mention": [("NO_TARGET", "dst", "v_dst IS NOT NULL OR v_dst_name IS NOT NULL")],
    "comment": [("NO_TARGET", "post", "v_post IS NOT NULL OR v_dst IS NOT NULL OR v_parent IS NOT NULL")],
}


def typed_sql(record: str, columns: Collection[str], relation: str, ordinal: str = "", *, side: bool = False) -> str:
    """A SELECT that types every field, and says in ``bad`` what keeps a row from being merged.

    ``bad`` is NULL for a good row, ``[state]`` for one the reading leaves out, else ``[CODE:field, fields...]``: the
    first problem, and the raw text of everything. `side`: the rows are about something else.
    """
    fields = RECORDS[record]
    present = [name for name in fields if name in columns]
    # To bind a macro takes longer than to read a small file, so each stands once, over a list of all cells that need
    # it: of those that are not simply digits.
    parsed = sorted((n for n in present if fields[n].kind not in {"label", "text"}), key=lambda n: _order(fields[n]))
    at = {name: k for k, name in enumerate(parsed, 1)}
    ids, posts, counts = (sum(_order(fields[n]) in which for n in parsed) for which in ((0, 1), (1,), (2,)))
    cells = ", ".join(f"CASE WHEN NOT d_{n} THEN {n} END" for n in parsed)
    simple = " AND ".join(f"d_{n}" for n in parsed)
    digits = [
        f"coalesce({_simple(fields[n], numbers=n == record == 'post' and not side).format(n)}, {n} IS NULL) AS d_{n}"
        for n in parsed
    ]
    cleaned = [f"CASE WHEN {simple} THEN NULL ELSE list_transform([{cells}], lambda x: clean(x)) END AS cleaned"]
    known, clean, typed, problems, usual = [], [], [], [], ["state IS NULL"]
    if ids:
        known.append(f"{_ids(ids, ids - posts)} AS ids")
    if counts:
        mine = f"cleaned[{ids + 1}:{ids + counts}]"
        listed = ", ".join(f"'{n}'" for n in parsed[ids : ids + counts])
        known.append(f"list_transform({mine}, lambda x: whole_amount(x)) AS amounts")
        rounded = f"coalesce(regexp_matches(plain({mine}[i]), '{_ROUNDED}'), false)"
        known.append(f"list_filter([{listed}], lambda n, i: {rounded}) AS v_rounded")
    for name, field in fields.items():
        kind, d, x, v = KINDS[field.kind], f"d_{name}", f"x_{name}", f"v_{name}"
        if name not in present:
            typed.append(f"NULL::{SQL_TYPE.get(field.kind, 'VARCHAR')} AS {v}")
            if field.required:
                problems.append(f"'MISSING_FIELD:{name}'")
                usual.append("false")
            continue
        if name not in at:  # free text is taken as it is; what is parsed is trimmed first
            clean.append(f"{name} AS {x}")
        else:
            found = f"ids[{at[name]}]" if at[name] <= ids else f"nullif(cleaned[{at[name]}], '')"
            clean.append(f"CASE WHEN {d} THEN {name} ELSE {found} END AS {x}")
            if field.kind not in SQL_TYPE:
                usual.append(d)
        if field.required:
            usual.append(f"{name} IS NOT NULL")
        if field.kind in SQL_TYPE:
            good = f"BETWEEN {EARLIEST_MS} AND {LATEST_MS}" if field.kind == "time" else "IS NOT NULL"
            usual.append(f"coalesce({v} {good}, {name} IS NULL)")
        place = at.get(name, 0)
        typed.append(f"{kind.value.format(d=d, x=x, amount=f'amounts[{place - ids}]')} AS {v}")
        problem = kind.problem.format(d=d, x=x, v=v, wrong=f"wrong[{place}]")
        if field.required:
            problem = f"CASE WHEN {x} IS NULL THEN 'MISSING_FIELD' ELSE {problem} END"
        if problem != "NULL":
            problems.append(f"({problem}) || ':{name}'")
    for code, blamed, needed in NEEDS_ONE.get(record, ()):
        problems.append(f"CASE WHEN NOT ({needed}) THEN '{code}:{blamed}' END")
        usual.append(f"({needed})")
    problem = f"coalesce({', '.join(problems)})"
    if ids:
        words = ", ".join(f"CASE WHEN NOT d_{n} THEN x_{n} END" for n in parsed[:ids])
        wrong = f"list_transform([{words}], lambda x: CASE WHEN NOT is_word(x) THEN wrong_id(x) END)"
        problem = f"list_transform([{wrong}], lambda wrong: {problem})[1]"
    raw = ", ".join(name if name in present else "NULL" for name in fields)
    values = ", ".join(f"v_{name} AS {name}" for name in fields)
    if any(field.kind == "count" for field in fields.values()):
        values += f", {'v_rounded' if counts else 'NULL::VARCHAR[]'} AS rounded"
    # Nearly every row is usual, and asks for no closer look; what is wrong with the others takes one column, because a
    # column more for every row costs as much as reading the file. Expressions that occur twice at one level are
    # computed for all rows, also where a CASE leaves them out.
    rows = relation
    for level in (digits, cleaned if parsed else [], known, clean, typed):
        rows = f"SELECT {', '.join(level)}, * FROM ({rows})" if level else rows
    return (
        f"SELECT {values}, {ordinal}CASE WHEN state IS NOT NULL THEN [state] WHEN code IS NOT NULL THEN [code, {raw}] "
        f"END AS bad FROM (SELECT *, CASE WHEN {' AND '.join(usual)} THEN NULL "
        f"WHEN state IS NULL THEN {problem} END AS code FROM ({rows}))"
    )


def _simple(field: Field, *, numbers: bool) -> str:
    """SQL: whether a cell is digits that mean what they say; `numbers` those of the post that a row is about."""
    if _order(field) > 1:
        return "regexp_full_match({}, '[0-9]{{1,19}}')"
    return "is_post_number({})" if numbers and field.kind == "post" else "is_number({})"


def _order(field: Field) -> int:
    """Where a cell stands in the list of those that are parsed: ids, of which those of posts last; counts; others."""
    return {"id": 0, "alias": 0, "post": 1, "count": 2}.get(field.kind, 3)


def _ids(ids: int, accounts: int) -> str:
    """SQL: the ids among the cleaned cells; short ones of Weibo posts, which come behind the accounts, as numbers."""
    if ids == accounts:
        return f"list_transform(cleaned[:{ids}], lambda x: CASE WHEN NOT is_nothing(x) THEN number_in(x) END)"
    nothing = f"CASE WHEN i > {accounts} THEN is_no_post(x) ELSE is_nothing(x) END"
    known = f"list_transform(cleaned[:{ids}], lambda x, i: CASE WHEN NOT ({nothing}) THEN number_in(x) END)"
    return f"list_transform({known}, lambda x, i: CASE WHEN i > {accounts} THEN exact_post(x) ELSE x END)"
