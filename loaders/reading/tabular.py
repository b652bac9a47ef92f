"""Generic tables: delimited text, JSON, Parquet and spreadsheets, with a column mapping or recognisable headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kolgraph.errors import InputError, UnknownName, option
from kolgraph.loaders.reading import containers, headers, parquet
from kolgraph.loaders.reading.delimited import delimited
from kolgraph.loaders.reading.jsonrows import json_rows, made_rows
from kolgraph.loaders.reading.source import Options, Part, Reading, Source, check_fields

JSON = {"jsonl", "json"}
#: Columns or keys that only exports of apoc.export.csv and apoc.export.json have.
APOC = (
    {"_id", "_labels", "_start", "_end", "_type"},
    {"type", "id", "label", "start", "end"},
    {"type", "labels", "properties"},
)


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of a table, or None if its columns are not recognisable."""
    if source.shape not in {"table", "parquet", "xlsx", *JSON}:
        return None
    if source.shape == "xlsx":
        return _sheets(source, options)
    names = _columns(source)
    said = _said(source, names, options)
    if said is None:
        return None
    record, fields, decision = said
    if source.shape in {"table", "parquet"}:
        # Columns go by number: headers may be empty, or differ in case only, which SQL does not tell apart.
        part = Part(record, {field: f"c{names.index(name)}" for field, name in fields.items()})
        if source.shape == "parquet":
            return [parquet.reading(source, [part], decision)]
        columns = [f"c{i}" for i in range(len(names))]
        return [delimited(source, [part], columns=columns, has_header=True, decision=decision)]
    paths = {f"c{k}": name for k, name in enumerate(fields.values())}
    parts = [Part(record, {field: f"c{k}" for k, field in enumerate(fields)})]
    if source.shape == "jsonl":
        return [json_rows(source, paths, parts, decision=decision)]
    return [made_rows(source, containers.json_items(source), paths, parts, decision=decision)]


def _said(source: Source, names: Sequence[str], options: Options) -> tuple[str, Mapping[str, str], str] | None:
    """The record that columns describe, field -> column, and what is to be said about it."""
    if any(marks <= set(names) for marks in APOC) and not options.mapping:
        fix = "export it with bulkImport: true, or load the database itself with kolgraph pull"
        raise InputError(f"{source.path}: is an export of APOC, nodes and relationships in one file; {fix}")
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
    return record, fields, decision


def _sheets(source: Source, options: Options) -> list[Reading] | None:
    """A reading of every sheet of a workbook whose columns are understood."""
    found: list[Reading] = []
    for number, (sheet, names) in enumerate(containers.xlsx_headers(source.path, max_input=source.max_input).items()):
        if number and (len(set(names)) < len(names) or not set(options.mapping.values()) <= set(names)):
            continue
        _once(source, names)
        said = _said(source, names, options)
        if said is not None:
            record, fields, decision = said
            paths = {f"c{k}": name for k, name in enumerate(fields.values())}
            parts = [Part(record, {field: f"c{k}" for k, field in enumerate(fields)})]
            rows = containers.xlsx_rows(source.path, sheet, max_input=source.max_input)
            found.append(made_rows(source, rows, paths, parts, decision=decision))
            found[-1].sheet = sheet
    if len(found) > 1:
        for reading in found:
            reading.decision = f"sheet {reading.sheet}: {reading.decision}"
    return found or None


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
    return _once(source, names)


def _once(source: Source, names: list[str]) -> list[str]:
    """Columns, each of which has a name of its own or none that is used."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError.at(source.path, source.header_line, f"column {twice[0]!r} appears twice", fix="rename one")
    return names
