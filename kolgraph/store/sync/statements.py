"""The Cypher that fills a Neo4j server: every text comes from the schema alone, never from data.

Every node and relationship carries, as `schema.MARK`, the publication that wrote it last; '' marks a node that we gave
up and others hold. A node ``Publishing`` says which publication the server was given last, whether all of it arrived,
over what it came and in how many batches. Each batch moves that number in its own transaction, so that a load can go
on where it stopped, and notices when another one has begun.
"""

from __future__ import annotations

from kolgraph.errors import InputError
from kolgraph.store.sync.schema import INDEXES, MARK, NODES, PUBLICATION, SNAPSHOT, Node, Relation

STATE = (
    f"OPTIONAL MATCH (q:Publishing) WHERE q.{MARK} IS NOT NULL "
    f"RETURN q.{MARK} AS id, q.whole AS whole, q.over AS over, q.batch AS batch, q.done AS done LIMIT 1"
)
BEGIN = (
    f"OPTIONAL MATCH (old:Publication|Publishing) WHERE old.{MARK} IS NOT NULL DELETE old WITH count(*) AS n "
    f"CREATE (:Publishing {{{MARK}: $publication, whole: false, over: $over, batch: $batch, done: 0}})"
)
STEP = f"MATCH (q:Publishing {{{MARK}: $publication}}) SET q.done = $step RETURN count(q) AS n"
END = f"MATCH (q:Publishing {{{MARK}: $publication}}) SET q.whole = true RETURN count(q) AS n"


def schema_texts() -> list[str]:
    """Statements that make constraints and indexes; what exists stays."""
    texts = [
        f"CREATE CONSTRAINT kol_{node.label.lower()}_id IF NOT EXISTS FOR (n:{node.label}) REQUIRE n.id IS UNIQUE"
        for node in (*NODES, PUBLICATION)
    ]
    texts += [
        f"CREATE INDEX kol_{label.lower()}_{name} IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
        for label, names in INDEXES.items()
        for name in names
    ]
    return [*texts, "CALL db.awaitIndexes()"]


def merge_text(name: str) -> str:
    """Write ``$rows`` of a table; returns how many found their place."""
    part = SNAPSHOT[name]
    values = "".join(f"x.{column} = row.{column}, " for column in part.properties)
    if isinstance(part, Node):
        merge = f"MERGE (x:{part.label} {{id: row.id}})"
    else:
        merge = f"{_ends(part)} MERGE (a)-[x:{part.type}]->(b)"
    return f"UNWIND $rows AS row {merge} SET {values}x.{MARK} = $publication RETURN count(*) AS n"


def drop_text(name: str) -> str:
    """Remove the relationships, or give up the nodes, whose keys are ``$rows``."""
    part = SNAPSHOT[name]
    if isinstance(part, Node):
        found = f"MATCH (x:{part.label} {{id: row.id}})"
        return f"UNWIND $rows AS row {found} {_GIVE_UP} RETURN count(*) AS n"
    return f"UNWIND $rows AS row {_ends(part)} MATCH (a)-[x:{part.type}]->(b) DELETE x RETURN count(*) AS n"


def drop_others_text(name: str) -> str:
    """Remove up to ``$batch`` relationships, or give up as many nodes, of other publications."""
    stale = f"MATCH {_pattern(name)} WHERE x.{MARK} <> $publication"
    if isinstance(SNAPSHOT[name], Node):
        return f"{stale} AND x.{MARK} <> '' WITH x LIMIT $batch {_GIVE_UP} RETURN count(*) AS n"
    return f"{stale} WITH x LIMIT $batch DELETE x RETURN count(*) AS n"


def sweep_text(name: str) -> str:
    """Delete up to ``$batch`` nodes that were given up and that nobody holds."""
    free = f"MATCH {_pattern(name)} WHERE x.{MARK} = '' AND NOT EXISTS {{ (x)--() }}"
    return f"{free} WITH x LIMIT $batch DELETE x RETURN count(*) AS n"


def held_text(name: str) -> str:
    """Count nodes that were given up and that others' relationships hold."""
    return f"MATCH {_pattern(name)} WHERE x.{MARK} = '' RETURN count(x) AS n"


def rows_text(name: str) -> str:
    """All rows of a table, with the columns of `schema.columns`."""
    part = SNAPSHOT[name]
    keys = ("x.id",) if isinstance(part, Node) else ("a.id", "b.id")
    values = ", ".join([*keys, *(f"x.{column}" for column in part.properties)])
    ends = f"(x:{part.label})" if isinstance(part, Node) else f"(a:{part.start})-[x:{part.type}]->(b:{part.end})"
    return f"MATCH {ends} WHERE x.{MARK} <> '' RETURN {values}"


def count_text(name: str) -> str:
    """Count what we keep."""
    return f"MATCH {_pattern(name)} WHERE x.{MARK} <> '' RETURN count(x) AS n"


def foreign_text(name: str) -> str:
    """1 if somebody else keeps such data, else 0."""
    return f"MATCH {_pattern(name)} WHERE x.{MARK} IS NULL WITH x LIMIT 1 RETURN count(x) AS n"


def quoted(name: str) -> str:
    """A label, type or property name of somebody else's graph as Cypher."""
    if not name or "\0" in name:
        raise InputError(f"{name!r} is no name of a label, type or property")
    return "`" + name.replace("\\u0060", "`").replace("`", "``") + "`"


# Nothing of the person stays behind on a node that cannot be deleted, but the id that others refer to.
_GIVE_UP = f"SET x = {{id: x.id, {MARK}: ''}}"


def _pattern(name: str) -> str:
    """How the rows of a table are matched, as ``x``."""
    part = SNAPSHOT[name]
    return f"(x:{part.label})" if isinstance(part, Node) else f"(:{part.start})-[x:{part.type}]->(:{part.end})"


def _ends(part: Relation) -> str:
    """One MATCH for each end: written as one, the planner multiplies them."""
    return f"MATCH (a:{part.start} {{id: row.src}}) MATCH (b:{part.end} {{id: row.dst}})"
