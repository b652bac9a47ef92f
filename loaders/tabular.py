"""Generic tables: CSV, TSV, JSON lines and Parquet, with a column mapping or recognisable headers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders import headers
from kolgraph.loaders.delimited import delimited
from kolgraph.loaders.source import (
    Explained,
    Options,
    Reading,
    Reject,
    Source,
    check_fields,
    column,
    lines,
    quoted,
    readable,
    shown,
)

if TYPE_CHECKING:
    import duckdb

JSON_LINES = {".jsonl", ".ndjson", ".json"}
#: Lines in which the keys of JSON objects are looked for: optional ones may be missing from the first.
KEY_LINES = 1000


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of a table, or None if its columns are not recognisable."""
    names = _columns(source)
    record, fields = _mapping(source, names, options) or (None, None)
    if record is None or fields is None:
        return None
    decision = f"{record}: " + ", ".join(f"{field} = {name}" for field, name in fields.items())
    if {"src", "dst"} <= set(fields):
        decision += f"; {fields['src']} acts on {fields['dst']}"
        if options.direction == "backward" and not options.mapping:
            raise InputError(
                f"{source.path}: the columns say already that {fields['src']} acts on {fields['dst']}; "
                "leave --direction out, or turn them round with --map"
            )
    if source.ending == ".parquet":
        return [_parquet(source, record, fields, decision)]
    if source.ending in JSON_LINES:
        return [_json_lines(source, record, fields, decision)]
    # Columns go by number: headers may be empty, or differ in case only, which SQL does not tell apart.
    sql = {field: f"c{names.index(name)}" for field, name in fields.items()}
    columns = [f"c{i}" for i in range(len(names))]
    return [delimited(source, record, sql, columns=columns, has_header=True, decision=decision)]


def _mapping(source: Source, names: Sequence[str], options: Options) -> tuple[str, Mapping[str, str]] | None:
    if not options.mapping:
        if options.record is not None:
            check_fields(options.record, ())
        return headers.recognise(names, options.record)
    if options.record is None:
        raise InputError("a column mapping needs to know what a row is: add --record follow, repost, mention, ...")
    check_fields(options.record, options.mapping)
    for name in options.mapping.values():
        # A path into nested JSON is not a column.
        if name not in names and not (source.ending in JSON_LINES and name.split(".")[0] in names):
            raise UnknownName.among(f"column of {source.path}", name, names)
    missing = [f for f in headers.NEEDED[options.record] if f not in options.mapping]
    if missing and not (options.record == "repost" and {"src", "dst"} <= set(options.mapping)):
        raise InputError(f"a {options.record} needs {', '.join(missing)}; add it to --map")
    return options.record, options.mapping


def _columns(source: Source) -> list[str]:
    if source.ending == ".parquet":
        import pyarrow.parquet as pq

        try:
            names = [str(name) for name in pq.read_schema(source.path).names]
        except (OSError, ValueError) as error:
            problem = str(error).splitlines()[0][:200]
            raise InputError(f"{source.path}: not a readable Parquet file ({problem})") from error
    elif source.ending in JSON_LINES:
        names = _keys(source)
    else:
        names = source.header
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError.at(source.path, source.header_line, f"column {twice[0]!r} appears twice", fix="rename one")
    return names


def _keys(source: Source) -> list[str]:
    if source.header[0].startswith("["):
        raise InputError(f"{source.path}: is one big JSON value; write one JSON object per line (.jsonl)")
    keys: dict[str, None] = {}
    with readable(source.path), source.open() as raw:
        for line in islice(lines(raw), KEY_LINES):
            value = _object(line)
            keys |= dict.fromkeys(value or ())
    if not keys:
        raise InputError(f"{source.path}: holds no JSON object per line")
    return list(keys)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parquet(source: Source, record: str, fields: Mapping[str, str], decision: str) -> Reading:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from kolgraph.tables import RECORDS

    schema = pq.read_schema(source.path)
    for field, name in fields.items():
        if RECORDS[record][field].kind in {"id", "post"} and pa.types.is_floating(schema.field(name).type):
            raise InputError(
                f"{source.path}: column {name!r} holds floats; a float cannot hold a 19-digit id exactly, "
                "so the ids may already be damaged: export them as text or integers"
            )
    select = ", ".join(f"{column(name)}::VARCHAR AS {field}" for field, name in fields.items())
    cells = ", ".join(f"{column(name)}::VARCHAR AS cell_{i}" for i, name in enumerate(fields.values()))
    relation = f"SELECT {select}, {cells}, NULL AS state FROM read_parquet({quoted(str(source.path))})"
    return Reading(record, relation, decision, lambda _, ks: Explained({k: (k + 1, None) for k in ks}, []))


def _json_lines(source: Source, record: str, fields: Mapping[str, str], decision: str) -> Reading:
    """DuckDB reads the bulk; a line it cannot read is NULL, in place, and Python reads it again for the reason."""
    select = ", ".join(f"json->>{quoted(_path(name))} AS {field}" for field, name in fields.items())
    gz = ", compression='gzip'" if source.text_path.suffix == ".gz" else ""
    relation = (
        f"SELECT {select}, json::VARCHAR AS cell_0, CASE WHEN json IS NULL THEN 'unread' END AS state FROM "
        f"read_json_objects({quoted(str(source.text_path))}, format='newline_delimited', ignore_errors=true{gz})"
    )

    def explain(connection: duckdb.DuckDBPyConnection, wanted: Sequence[int]) -> Explained:
        unread = {
            row[0] for row in connection.execute("SELECT ordinal FROM numbered WHERE bad[1] = 'unread'").fetchall()
        }
        places: dict[int, tuple[int | None, str | None]] = {}
        rejects: list[Reject] = []
        recovered: list[tuple[int, str, dict[str, str | None]]] = []
        asked, ordinal = set(wanted) | unread, 0
        with readable(source.path), source.open() as raw:
            for number, line in enumerate(lines(raw) if asked else (), 1):
                if not line.strip():
                    continue
                if ordinal in unread:
                    # A lone surrogate (half an emoji) is legal JSON but no text; Python reads it.
                    value = _object(line)
                    if value is None:
                        rejects.append(Reject(number, None, None, "BAD_JSON", _why(line), shown(line)))
                    else:
                        row = {field: _pick(value, name) for field, name in fields.items()}
                        recovered.append((number, shown(line), row))
                elif ordinal in asked:
                    places[ordinal] = (number, shown(line))
                ordinal += 1
        return Explained(places, rejects, recovered)

    return Reading(record, relation, decision, explain)


def _why(line: bytes) -> str:
    try:
        json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "the line is not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"not readable as JSON: {error}"
    return "not a JSON object"


def _path(name: str) -> str:
    """A JSON path of quoted keys."""
    return "$" + "".join('."' + key.replace('"', '\\"') + '"' for key in name.split("."))


def _pick(value: Any, name: str) -> str | None:
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
