"""Columns of ids that went through a spreadsheet: it keeps 15 digits of a number, and writes zeros for the others.

One id that ends in a zero says nothing; that all long ones of a column end in as many zeros as they have digits beyond
15 is no chance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kolgraph.records import RECORDS

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Part
    from kolgraph.workspace.names import Connection

#: Digits that a spreadsheet keeps.
KEPT = 15
#: Zeros that all have to be there by chance before it is called none: one in a hundred million.
ZEROS = 8
#: Ids that are looked at before all are.
FIRST = 64


def refuse_rounded(connection: Connection, staged: Mapping[str, Part]) -> None:
    """Mark the rows of tables of typed records whose ids are in a column that was rounded.

    Parameters
    ----------
    staged : mapping
        Table -> the record that its rows are; where ``bad`` is not NULL a row was refused already.
    """
    for table, part in staged.items():
        fields = RECORDS[part.record]
        asked = [name for name in part.fields if fields[name].kind in {"id", "post"}]
        for name in _rounded(connection, table, asked):
            raw = ", ".join(name if field == name else "NULL" for field in fields)
            # An update of lists would move the rows, and their order is that of the file.
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * REPLACE (CASE WHEN bad IS NULL AND "
                f"{_LONG.format(name)} THEN ['ID_SCIENTIFIC:{name}', {raw}] ELSE bad END AS bad) FROM {table}"
            ).fetchall()


_LONG = f"strlen({{0}}) > {KEPT} AND regexp_full_match({{0}}, '[0-9]{{{{{KEPT + 1},19}}}}')"
_is_long = re.compile(f"[0-9]{{{KEPT + 1},19}}").fullmatch


def _rounded(connection: Connection, table: str, names: Sequence[str]) -> list[str]:
    """Those of the columns that were rounded; most are told by their first ids."""
    if not names:
        return []
    rows = connection.execute(f"SELECT {', '.join(names)} FROM {table} WHERE bad IS NULL LIMIT {FIRST}").fetchall()
    columns: list[tuple[str | None, ...]] = list(zip(*rows, strict=True)) or [()] * len(names)
    found = [(name, {x for x in ids if x and _is_long(x)}) for name, ids in zip(names, columns, strict=True)]
    open_ = [name for name, ids in found if all(x.endswith("0" * (len(x) - KEPT)) for x in ids)]
    if len(rows) < FIRST:
        return [name for name, ids in found if name in open_ and sum(len(x) - KEPT for x in ids) >= ZEROS]
    return [name for name in open_ if _is_rounded(connection, table, name)]


def _is_rounded(connection: Connection, table: str, name: str) -> bool:
    for few in (f"LIMIT {FIRST}", ""):
        long = f"SELECT {name} AS x FROM {table} WHERE bad IS NULL AND {_LONG.format(name)} {few}"
        [(exact, zeros)] = connection.execute(
            f"SELECT count_if(NOT ends_with(x, repeat('0', strlen(x) - {KEPT}))), sum(strlen(x) - {KEPT}) "
            f"FROM (SELECT DISTINCT x FROM ({long}))"
        ).fetchall()
        if exact or not zeros:
            return False
    return bool(zeros >= ZEROS)
