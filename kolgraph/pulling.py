"""Fill a workspace from an existing Neo4j database: one more source, read through the same checks as any file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError
from kolgraph.loaders import headers
from kolgraph.tables import RECORDS

if TYPE_CHECKING:
    from kolgraph.loading import LoadReport
    from kolgraph.settings import Neo4jLogin
    from kolgraph.workspace import Workspace

#: Relationship type -> record, as `kolgraph.publish` writes them.
RELATIONS: Mapping[str, str] = {"FOLLOWS": "follow", "REPOSTED": "repost", "MENTIONS": "mention"}
#: Property -> field, beside those that have the name of a field.
PROPERTIES = {"since_ts": "since", "created_ts": "created", "ts": "time", "last_ts": "time", "times": "weight"}
PROPERTIES |= {"post_id": "post", "root_id": "root", "parent_id": "parent", "observed_ts": "observed"}


def pull(
    workspace: Workspace,
    url: str,
    *,
    label: str = "Account",
    key: str = "id",
    relations: Mapping[str, str] = RELATIONS,
    platform: str | None = None,
    login: Neo4jLogin | None = None,
) -> list[LoadReport]:
    """Load accounts and relationships from a Neo4j server.

    Parameters
    ----------
    url : str
        ``bolt://host:7687`` or ``neo4j+s://host``; the login comes from the environment, unless `login` is given.
    label, key : str
        Label of the nodes that are accounts, and the property that names them: text or whole numbers.
    relations : mapping
        Type of relationship -> ``follow``, ``repost`` or ``mention``; a relationship starts at the one who acts.
    platform : str, optional
        Goes before keys that do not start with one.

    Returns
    -------
    list of LoadReport
        Of the accounts, then of every type of relationship that has any.

    Raises
    ------
    InputError
        A relation that does not exist, or no node with such a label and key.
    StoreUnavailable
        The server does not answer.

    Notes
    -----
    Rows are streamed to disk and loaded like a file of JSON lines: checked, counted, merged; pulling again adds only
    what is new. O(nodes + relationships) time, bounded memory.
    """
    from kolgraph.store import open_store
    from kolgraph.store.neo4j import Neo4jStore

    for record in relations.values():
        if record not in {"follow", "repost", "mention"}:
            raise InputError(f"a relationship cannot be a {record!r}; use follow, repost or mention")
    with tempfile.TemporaryDirectory(prefix="kolgraph-") as scratch, open_store(url, login=login) as store:
        if not isinstance(store, Neo4jStore):
            raise InputError(f"{url}: is no server; name one, for example bolt://127.0.0.1:7687")
        file = Path(scratch) / "accounts.jsonl"
        names = _written(file, partial(store.scan_nodes, label, key))
        if not names:
            raise InputError(f"{url}: no node with the label {label!r} and the property {key!r}; name them")
        called = f"{url} (:{label})"
        reports = [workspace.load(file, name=called, record="account", mapping=_account(names), platform=platform)]
        for number, (kind, record) in enumerate(relations.items()):
            file = Path(scratch) / f"{number}.jsonl"
            names = _written(file, partial(store.scan_relations, kind, label, key))
            if names:
                called, mapping = f"{url} [:{kind}]", _relation(record, names)
                reports.append(workspace.load(file, name=called, record=record, mapping=mapping, platform=platform))
    return reports


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
