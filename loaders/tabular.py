"""Generic tables: CSV, TSV, JSON lines and Parquet, with a column mapping or recognisable headers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders import headers
from kolgraph.loaders.source import Options, Reading, Reject, Source, _quoted, check_fields, column


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of a table, or None if its columns are not recognisable."""
    names = _columns(source)
    record, fields = _mapping(source, names, options) or (None, None)
    if record is None or fields is None:
        return None
    decision = f"{record}: " + ", ".join(f"{field} = {name}" for field, name in fields.items())
    if {"src", "dst"} <= set(fields):
        decision += f"; {fields['src']} acts on {fields['dst']}"
    if source.ending == ".parquet":
        return [_parquet(source, record, fields, decision)]
    if source.ending in {".jsonl", ".ndjson", ".json"}:
        return [_json_lines(source, record, fields, decision)]
    sql = {field: column(name) for field, name in fields.items()}
    return [source.delimited(record, sql, columns=names, has_header=True, decision=decision)]


def _mapping(source: Source, names: Sequence[str], options: Options) -> tuple[str, Mapping[str, str]] | None:
    if options.mapping:
        if options.record is None:
            raise InputError("a column mapping needs to know what a row is: add --record follow, repost, mention, ...")
        check_fields(options.record, options.mapping)
        for name in options.mapping.values():
            if name not in names and source.ending not in {".jsonl", ".ndjson", ".json"}:
                raise UnknownName.among(f"column of {source.path}", name, names)
        missing = [f for f in headers.NEEDED[options.record] if f not in options.mapping]
        if missing and not (options.record == "repost" and {"src", "dst"} <= set(options.mapping)):
            raise InputError(f"a {options.record} needs {', '.join(missing)}; add it to --map")
        return options.record, options.mapping
    if options.record is not None:
        check_fields(options.record, ())
    return headers.recognise(names, options.record)


def _columns(source: Source) -> list[str]:
    if source.ending == ".parquet":
        import pyarrow.parquet as pq

        try:
            return [str(name) for name in pq.read_schema(source.path).names]
        except (OSError, ValueError) as error:
            raise InputError(f"{source.path}: not a readable Parquet file ({error})") from error
    if source.ending in {".jsonl", ".ndjson", ".json"}:
        with source.open() as raw:
            for line in raw:
                try:
                    first = json.loads(line.decode("utf-8-sig"))
                except ValueError:
                    continue
                if isinstance(first, dict):
                    return [str(key) for key in first]
        raise InputError(f"{source.path}: holds no JSON object per line; a single big JSON value is not read")
    if len(set(source.header)) < len(source.header):
        twice = next(name for name in source.header if source.header.count(name) > 1)
        raise InputError.at(source.path, source.header_line, f"column {twice!r} appears twice", fix="rename one")
    return source.header


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
    relation = f"SELECT {select}, {cells}, NULL AS state FROM read_parquet({_quoted(str(source.path))})"
    return Reading(record, relation, decision, lambda ks: [(k + 1, None) for k in ks])


def _json_lines(source: Source, record: str, fields: Mapping[str, str], decision: str) -> Reading:
    """DuckDB reads the bulk; a line it cannot read is NULL, in place, and Python reads it again for the reason."""
    paths = {field: "$." + ".".join(f'"{key}"' for key in name.split(".")) for field, name in fields.items()}
    select = ", ".join(f"json->>{_quoted(path)} AS {field}" for field, path in paths.items())
    gz = ", compression='gzip'" if source.text_path.suffix == ".gz" else ""
    relation = (
        f"SELECT {select}, json::VARCHAR AS cell_0, CASE WHEN json IS NULL THEN 'unread' END AS state FROM "
        f"read_json_objects({_quoted(str(source.text_path))}, format='newline_delimited', ignore_errors=true{gz})"
    )

    def lines(ordinals: Sequence[int]) -> list[tuple[int, str]]:
        wanted, places = set(ordinals), {}
        ordinal = 0
        with source.open() as raw:
            for number, line in enumerate(raw, 1):
                if line.strip():
                    if ordinal in wanted:
                        places[ordinal] = (number, line.decode("utf-8", "replace").rstrip("\r\n"))
                    ordinal += 1
        return [places[k] for k in ordinals]

    def locate(ordinals: Sequence[int]) -> list[tuple[int | None, str | None]]:
        return list(lines(ordinals))

    def damaged(connection: Any) -> tuple[list[Reject], list[dict[str, str | None]]]:
        bad = [
            row[0] for row in connection.execute("SELECT rowid FROM stage WHERE state = 'unread' ORDER BY 1").fetchall()
        ]
        rejects, recovered = [], []
        for number, text in lines(bad) if bad else []:
            try:
                # A lone surrogate (half an emoji) is legal JSON but no text: it becomes the replacement character.
                value = json.loads(text.encode().decode("utf-8-sig"))
                if not isinstance(value, dict):
                    raise ValueError("not a JSON object")
                recovered.append({field: _pick(value, name) for field, name in fields.items()})
            except ValueError as error:
                rejects.append(Reject(number, None, None, "BAD_JSON", f"not readable as JSON: {error}", text[:65536]))
        return rejects, recovered

    return Reading(record, relation, decision, locate, damaged)


def _pick(value: Any, name: str) -> str | None:
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
