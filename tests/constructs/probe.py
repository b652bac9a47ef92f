"""Asks an engine what a construct means, without anything of kolgraph in between."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import ladybug
import neo4j
from neo4j.graph import Entity
from neo4j.graph import Path as GraphPath

from kolgraph.settings import Neo4jLogin
from kolgraph.store import Snapshot, open_store
from tests.constructs.texts import Construct
from tests.constructs.world import snapshot

SNAPSHOT = Path(__file__).with_name("snapshot.json")
REJECTED = "rejected"
NOT_RUN = "not run"
#: Names of the columns and rows, or one of the words above.
Outcome: TypeAlias = "list[list[Any]] | str"
#: Seconds.
LIMIT = 30


class Engine(Protocol):
    """A database that holds the small world."""

    name: str
    version: str

    def ask(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
        """Names of the columns, and rows."""


class Ladybug:
    """The embedded engine, opened without kolgraph."""

    name, version = "ladybug", version("ladybug")

    def __init__(self, path: Path) -> None:
        self.database = ladybug.Database(path, read_only=True, buffer_pool_size=256 << 20)
        self.connection = ladybug.Connection(self.database)
        self.connection.set_query_timeout(LIMIT * 1000)

    def ask(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
        answer = self.connection.execute(text, dict(parameters))
        return answer.get_column_names(), [list(row) for row in answer.get_all()]


class Neo4j:
    """A server, asked through the plain driver."""

    name = "neo4j"

    def __init__(self, driver: neo4j.Driver, database: str | None) -> None:
        self.driver, self.database = driver, database
        self.version = driver.get_server_info().agent.removeprefix("Neo4j/")

    def ask(self, text: str, parameters: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
        with self.driver.session(database=self.database, default_access_mode="READ") as session:
            answer = session.run(neo4j.Query(text, timeout=LIMIT), dict(parameters))
            return list(answer.keys()), [record.values() for record in answer]


@contextmanager
def embedded(folder: Path, world: Snapshot | None = None) -> Iterator[Ladybug]:
    """The embedded engine with the small world."""
    path = folder / "graph.lbug"
    with open_store(path) as store:
        store.replace(world or snapshot())
    engine = Ladybug(path)
    try:
        yield engine
    finally:
        engine.connection.close()
        engine.database.close()


@contextmanager
def server(login: Neo4jLogin) -> Iterator[Neo4j]:
    """A server with the small world; what kolgraph published there is replaced."""
    with open_store(login.uri, login=login) as store:
        store.replace(snapshot())
    auth = (login.user, login.password)
    with neo4j.GraphDatabase.driver(login.uri, auth=auth, notifications_min_severity="OFF") as driver:
        yield Neo4j(driver, login.database)


def outcome(engine: Engine, construct: Construct) -> Outcome:
    """What an engine answers."""
    if engine.name == construct.not_on:
        return NOT_RUN
    try:
        names, rows = engine.ask(construct.text, construct.parameters)
    except (RuntimeError, ValueError, OverflowError, neo4j.exceptions.Neo4jError):  # some from packing parameters
        return REJECTED
    return comparable(names, rows, ordered(construct))


def ordered(construct: Construct) -> bool:
    """Whether a construct asks for an order; by a number, to Cypher a constant and no position, it does not."""
    return bool(re.search(r"ORDER BY (?!\d)", construct.text))


def comparable(names: list[str], rows: list[list[Any]], in_order: bool) -> Outcome:
    """An answer as JSON, in which 1 is not 1.0; in a fixed order where none was asked for."""
    shown = [_plain(row) for row in rows]
    return [names, *(shown if in_order else sorted(shown, key=json.dumps))]


def same(one: Outcome, two: Outcome) -> bool:
    """Whether two outcomes are equal in values and types."""
    return json.dumps(one) == json.dumps(two)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):  # a sum of whole numbers; `kolgraph.store.typed` makes it one again
        return int(value)
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else str(value)
    if isinstance(value, Entity):
        return {"entity": value.get("id")}
    if isinstance(value, GraphPath):
        return {"path": len(value)}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        if "_id" in value:
            return {"entity": value.get("id")}
        if "_rels" in value:
            return {"path": len(value["_rels"])}
        return {key: _plain(one) for key, one in value.items()}
    return str(value)


def differs(outcomes: Mapping[str, Outcome]) -> str:
    """How the engines' outcomes compare: identical, rejected (by at least one), or different."""
    one, two = outcomes["ladybug"], outcomes["neo4j"]
    if same(one, two):
        return "identical"
    return "rejected" if isinstance(one, str) or isinstance(two, str) else "different"


def load() -> dict[str, Any]:
    """The pinned meanings: versions, and outcomes by construct and engine."""
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text("utf-8"))
    return found


def save(versions: Mapping[str, str], outcomes: Mapping[str, Mapping[str, Outcome]]) -> None:
    """Pin, one construct per line, so that a change reads well."""
    lines = [f"    {json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in outcomes.items()]
    text = f'{{\n  "versions": {json.dumps(versions)},\n  "constructs": {{\n' + ",\n".join(lines) + "\n  }\n}\n"
    SNAPSHOT.write_text(text, "utf-8")
