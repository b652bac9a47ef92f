"""Graph Data Science, Neo4j's own library of algorithms: where a server has it, a second opinion on our measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolgraph.errors import EnvironmentProblem, InputError, StoreError
from kolgraph.store.sync.schema import MARK

if TYPE_CHECKING:
    from kolgraph.store.engines.neo4j import Neo4jStore

_VERSION = "RETURN gds.version()"
_DROP = "CALL gds.graph.drop('kolgraph', false) YIELD graphName RETURN graphName"
#: Accounts that follow nobody and are followed by nobody are in the graph too.
_DIRECTED = (
    f"MATCH (a:Account) WHERE a.{MARK} <> '' OPTIONAL MATCH (a)-[f:FOLLOWS]->(b:Account) "
    "WITH gds.graph.project('kolgraph', a, b, {relationshipProperties: f {.weight}}) AS g RETURN g.relationshipCount"
)
_UNDIRECTED = (
    f"MATCH (a:Account) WHERE a.{MARK} <> '' "
    "OPTIONAL MATCH (a)-[:FOLLOWS]-(b:Account) WHERE a.id < b.id WITH DISTINCT a, b "
    "WITH gds.graph.project('kolgraph', a, b, {}, {undirectedRelationshipTypes: ['*']}) AS g "
    "RETURN g.relationshipCount"
)
_ANSWER = " YIELD nodeId, {} AS score RETURN gds.util.asNode(nodeId).id, score"
_PAGERANK = (
    "CALL gds.pageRank.stream('kolgraph', {maxIterations: 1000, tolerance: 1e-12, relationshipWeightProperty: "
    "'weight'})" + _ANSWER.format("score")
)
_CORE = "CALL gds.kcore.stream('kolgraph')" + _ANSWER.format("coreValue")
_TRIANGLES = "CALL gds.triangleCount.stream('kolgraph')" + _ANSWER.format("triangleCount")
_IN_DEGREE = "CALL gds.degree.stream('kolgraph', {orientation: 'REVERSE'})" + _ANSWER.format("score")
_OUT_DEGREE = "CALL gds.degree.stream('kolgraph')" + _ANSWER.format("score")

#: Measure of ours -> how the graph is projected, and what is called.
CALLS: Mapping[str, tuple[str, str]] = {
    "pagerank": (_DIRECTED, _PAGERANK),
    "in_degree": (_DIRECTED, _IN_DEGREE),
    "out_degree": (_DIRECTED, _OUT_DEGREE),
    "core": (_UNDIRECTED, _CORE),
    "triangles": (_UNDIRECTED, _TRIANGLES),
}


def version(store: Neo4jStore) -> str:
    """Of the library.

    Raises
    ------
    EnvironmentProblem
        The server does not have it.
    """
    try:
        return str(store.ask(_VERSION)[0])
    except InputError:
        raise EnvironmentProblem(
            f"{store.where}: the server has no Graph Data Science library; install its plugin there"
        ) from None


def scores(store: Neo4jStore, measure: str) -> dict[str, float]:
    """A measure of every published account over who follows whom, as the library computes it."""
    projection, call = CALLS[measure]
    found: dict[str, float] = {}
    store.ask(_DROP)
    try:
        store.stream(projection, lambda row: None)
        store.stream(call, lambda row: found.__setitem__(row[0], float(row[1])))
    finally:
        store.ask(_DROP)
    if not found:
        raise StoreError(f"{store.where}: there are no accounts; publish first")
    return found
