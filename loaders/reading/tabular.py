"""Generic tables: delimited text, JSON, Parquet and spreadsheets, with a column mapping or recognisable headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kolgraph.errors import InputError, UnknownName, option
from kolgraph.loaders.reading import containers, headers, parquet
from kolgraph.loaders.reading.delimited import delimited
from kolgraph.loaders.reading.jsonrows import json_rows, made_rows
from kolgraph.loaders.reading.source import Options, Part, Reading, Source, check_fields
from kolgraph.records import RECORDS

JSON = {"jsonl", "json"}


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of a table, or None if its columns are not recognisable."""
    if source.shape not in {"table", "parquet", "xlsx", *JSON}:
        return None
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
                f"leave {option('direction')} out, or turn them round with {option('mapping')}"
            )
    records = [(record, fields)]
    if record == "post" and not options.mapping and (more := headers.reposted(names)):
        records = [("repost", _as_repost(fields) | more), *records]
        decision = (
            f"repost where {more['root']} is given: "
            + ", ".join(f"{field} = {name}" for field, name in more.items())
            + f"; else {decision}"
        )
    used = {name: None for _, columns in records for name in columns.values()}
    if not options.mapping:
        decision += headers.unused(names, used)
    if source.shape in {"table", "parquet"}:
        # Columns go by number: headers may be empty, or differ in case only, which SQL does not tell apart.
        parts = _parts(records, {name: f"c{names.index(name)}" for name in used})
        if source.shape == "parquet":
            return [parquet.reading(source, parts, decision)]
        columns = [f"c{i}" for i in range(len(names))]
        return [delimited(source, parts, columns=columns, has_header=True, decision=decision)]
    paths = {f"c{k}": name for k, name in enumerate(used)}
    parts = _parts(records, {name: column for column, name in paths.items()})
    if source.shape == "jsonl":
        return [json_rows(source, paths, parts, decision=decision)]
    if source.shape == "json":
        return [made_rows(source, containers.json_items(source), paths, parts, decision=decision)]
    cells = containers.xlsx_rows(source.path, max_input=source.max_input)
    return [made_rows(source, cells, paths, parts, decision=decision)]


def _as_repost(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields of a post as those of a repost."""
    renamed = {"author": "src"}
    return {renamed.get(f, f): name for f, name in fields.items() if renamed.get(f, f) in RECORDS["repost"]}


def _parts(records: Sequence[tuple[str, Mapping[str, str]]], columns: Mapping[str, str]) -> list[Part]:
    """The records that a row may be; of several each but the last holds where its root is given."""
    parts: list[Part] = []
    for record, fields in records:
        sql = {field: columns[name] for field, name in fields.items()}
        when = f"trim(given({sql['root']})) <> ''" if len(records) > len(parts) + 1 else ""
        parts.append(Part(record, sql, when))
    return parts


def _mapping(source: Source, names: Sequence[str], options: Options) -> tuple[str, Mapping[str, str]] | None:
    if not options.mapping:
        if options.record is not None:
            check_fields(options.record, ())
        return headers.recognise(names, options.record)
    if options.record is None:
        raise InputError(
            f"a column mapping needs to know what a row is: add {option('record', 'follow')}, repost, mention, ..."
        )
    check_fields(options.record, options.mapping)
    for name in options.mapping.values():
        # A path into nested JSON is not a column.
        if name not in names and not (source.shape in JSON and name.split(".")[0] in names):
            raise UnknownName.among(f"column of {source.path}", name, names)
    missing = [f for f in headers.NEEDED[options.record] if f not in options.mapping]
    if missing and not (options.record == "repost" and {"src", "dst"} <= set(options.mapping)):
        raise InputError(f"a {options.record} needs {', '.join(missing)}; add it to {option('mapping')}")
    return options.record, options.mapping


def _columns(source: Source) -> list[str]:
    if source.shape in JSON:
        names = sorted(source.keys)
        if not names:
            raise InputError(f"{source.path}: holds no JSON object per line, nor a list of them")
    else:
        names = source.header
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError.at(source.path, source.header_line, f"column {twice[0]!r} appears twice", fix="rename one")
    return names
