"""Rows that are JSON objects: the engine reads the bulk, and Python the lines that the engine cannot.

Files whose rows are neither lines of text nor lines of JSON (one big JSON value, SQLite, spreadsheets, blocks of lines)
are turned into JSON lines first, so that everything behind sees one kind of row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.loaders.reading.encodings import without_surrogates
from kolgraph.loaders.reading.source import (
    MAX_RAW,
    Explained,
    Part,
    Reading,
    Reject,
    Rejects,
    Source,
    column,
    lines,
    quoted,
    readable,
    shown,
)

if TYPE_CHECKING:
    import duckdb

#: Key under which a row that was made from something else carries its line number.
LINE = "@line"
NO_TEXT = "the line is no text in the encoding of the file"


def json_rows(source: Source, paths: Mapping[str, str], parts: Sequence[Part], *, decision: str) -> Reading:
    """A reading of JSON lines: `paths` maps a column of the relation to a dotted path of keys."""
    return _reading(source, source.text_path, paths, parts, decision, None)


def made_rows(
    source: Source,
    rows: Iterable[tuple[int | None, dict[str, Any]] | Reject],
    paths: Mapping[str, str],
    parts: Sequence[Part],
    *,
    decision: str,
) -> Reading:
    """A reading of rows that Python makes: they are written down as JSON lines, with the line each came from."""
    copy = source.copy()
    rejects = Rejects()
    with readable(source.path), copy.open("w", encoding="utf-8", errors="surrogatepass") as out:
        for row in rows:
            if isinstance(row, Reject):
                rejects.append(row._replace(raw=None if row.raw is None else without_surrogates(row.raw)))
            else:
                line, cells = row
                out.write(json.dumps(cells | {LINE: line}, ensure_ascii=True, default=str) + "\n")
    return _reading(source, copy, paths, parts, decision, rejects)


def _reading(
    source: Source,
    file: Path,
    paths: Mapping[str, str],
    parts: Sequence[Part],
    decision: str,
    made: Rejects | None,  # what was rejected while the rows were made
) -> Reading:
    """One extraction per row for all paths: asking path by path takes five times as long."""
    wanted = "[" + ", ".join(quoted(_path(path)) for path in paths.values()) + "]"
    cells = ", ".join(f"v[{k}] AS {column(name)}" for k, name in enumerate(paths, 1))
    relation = (
        f"SELECT {cells}, CASE WHEN v IS NULL THEN 'unread' {_folded(paths)}END AS state FROM (SELECT json, "
        f"json_extract_string(json, {wanted}) AS v FROM read_json_objects({source.for_engine(file)}, "
        "format='newline_delimited', hive_partitioning=false, ignore_errors=true))"
    )

    def explain(connection: duckdb.DuckDBPyConnection, asked: Sequence[int]) -> Explained:
        unread = {
            row[0] for row in connection.execute("SELECT ordinal FROM numbered WHERE state = 'unread'").fetchall()
        }
        places: dict[int, tuple[int | None, str | None]] = {}
        rejects = Rejects(made or ())
        recovered: list[tuple[int, str, dict[str, str | None]]] = []
        wanted = set(asked) | unread
        if not wanted:
            return Explained({}, rejects)
        with readable(source.path), source.open(file) as raw:
            ordinal = 0
            for number, line in enumerate(lines(raw), 1):
                if not line.strip():
                    continue
                if ordinal in wanted:
                    value, why = _object(line) if made is not None or ordinal in unread else (None, "")
                    place, text = number, shown(line)
                    if made is not None and value is not None:
                        place = value.pop(LINE)
                        text = without_surrogates(json.dumps(value, ensure_ascii=False)[:MAX_RAW])
                    if ordinal not in unread:
                        places[ordinal] = (place, text)
                    elif value is None:
                        code = "BAD_ENCODING" if why is NO_TEXT else "BAD_JSON"
                        rejects.append(Reject(number, None, None, code, why, text))
                    else:  # a lone surrogate (half an emoji) is legal JSON but no text; Python reads it
                        recovered.append((place, text, {name: _pick(value, path) for name, path in paths.items()}))
                ordinal += 1
        return Explained(places, rejects, recovered)

    return Reading(relation, list(paths), parts, decision, explain)


def _folded(paths: Mapping[str, str]) -> str:
    """Cases of a row in which an object that is wanted is a text: it went through a table, and nothing of it is read.

    The row is parsed once more only where nothing of the object was found.
    """
    inside: dict[str, list[int]] = {}
    for k, path in enumerate(paths.values(), 1):
        if "." in path:
            inside.setdefault(path.rpartition(".")[0], []).append(k)
    cases = ""
    for above, found in inside.items():
        nothing, place = " AND ".join(f"v[{k}] IS NULL" for k in found), quoted(_path(above))
        cases += (
            f"WHEN {nothing} AND json_type(json, {place}) = 'VARCHAR' "
            f"AND starts_with(json_extract_string(json, {place}), '{{') THEN {quoted(f'BAD_OBJECT:{above}')} "
        )
    return cases


def _object(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object on a line, or why there is none."""
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None, NO_TEXT
    except (ValueError, RecursionError) as error:
        return None, f"not readable as JSON: {error}"
    return (value, "") if isinstance(value, dict) else (None, "not a JSON object")


def _path(name: str) -> str:
    """A JSON path of quoted keys."""
    return "$" + "".join('."' + key.replace('"', '\\"') + '"' for key in name.split("."))


def _pick(value: Any, name: str) -> str | None:
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return None
    return without_surrogates(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
