"""A graph that somebody else made: nodes with a label are accounts, relationships between them relations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders.reading import headers
from kolgraph.records import RECORDS

if TYPE_CHECKING:
    from kolgraph.store.engines.neo4j import Neo4jStore
    from kolgraph.workspace import Workspace
    from kolgraph.workspace.loading import LoadReport

#: Relationship type -> record, as `kolgraph.publish` writes them.
RELATIONS: Mapping[str, str] = {"FOLLOWS": "follow", "REPOSTED": "repost", "MENTIONS": "mention"}
#: Property -> field, beside those that have the name of a field.
PROPERTIES = {"since_ts": "since", "created_ts": "created", "ts": "time", "last_ts": "time", "times": "weight"}
PROPERTIES |= {"post_id": "post", "root_id": "root", "parent_id": "parent", "observed_ts": "observed"}


def pull_foreign(
    workspace: Workspace,
    store: Neo4jStore,
    scratch: Path,
    label: str,
    key: str,
    relations: Mapping[str, str] | None,
    properties: Mapping[str, str],
    platform: str | None,
) -> list[LoadReport]:
    """Load accounts, then every type of relationship that there is; see `kolgraph.pull`."""
    relations = RELATIONS if relations is None else relations
    for record in relations.values():
        if record not in {"follow", "repost", "mention"}:
            raise InputError(f"a relationship cannot be a {record!r}; use follow, repost or mention")
    known = {field for record in ("account", *relations.values()) for field in RECORDS[record]}
    if strange := sorted(set(properties) - known):
        raise UnknownName.among("field", strange[0], known)
    file = scratch / "accounts.jsonl"
    names = _written(file, partial(store.scan_nodes, label, key))
    if not names:
        raise InputError(f"{store.where}: no node with the label {label!r} and the property {key!r}; name them")
    mapping = _account(names) | _given(properties, names, "account")
    called = f"{store.where} (:{label})"
    reports = [workspace.load(file, name=called, record="account", mapping=mapping, platform=platform)]
    for number, (kind, record) in enumerate(relations.items()):
        file = scratch / f"{number}.jsonl"
        names = _written(file, partial(store.scan_relations, kind, label, key))
        if names:
            mapping = _relation(record, names) | _given(properties, names, record)
            called = f"{store.where} [:{kind}]"
            reports.append(workspace.load(file, name=called, record=record, mapping=mapping, platform=platform))
    return reports


def _given(properties: Mapping[str, str], names: list[str], record: str) -> dict[str, str]:
    """The fields of a record that the user named the properties of, as far as there are such."""
    return {field: name for field, name in properties.items() if field in RECORDS[record] and name in names}


def _written(file: Path, scan: Callable[[Callable[[dict[str, Any]], object]], int]) -> list[str]:
    """Write rows down as JSON lines; returns the names of their properties, none if there is no row."""
    names: dict[str, None] = {}
    with file.open("w", encoding="ascii") as out:

        def sink(row: dict[str, Any]) -> None:
            names.update(dict.fromkeys(row))
            out.write(json.dumps(row, default=str) + "\n")

        scan(sink)
    return list(names)


def _account(names: list[str]) -> dict[str, str]:
    """Field of an account -> property."""
    found = headers.recognise(names, "account")
    mapping = dict(found[1]) if found else {}
    mapping |= {PROPERTIES[n]: n for n in names if PROPERTIES.get(n) in RECORDS["account"]}
    return mapping | {"account": "id"}


def _relation(record: str, names: list[str]) -> dict[str, str]:
    """Field of a relation -> property."""
    mapping = {PROPERTIES[n]: n for n in names if PROPERTIES.get(n) in RECORDS[record]}
    return mapping | {n: n for n in names if n in RECORDS[record]}
