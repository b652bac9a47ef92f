"""kolgraph: real influence, water army with evidence, how it spread, and whom to book.

The public names, loaded when they are used: ``import kolgraph`` costs nothing.

>>> import kolgraph as kg
>>> g = kg.Graph.from_edges(["ann", "bob", "cai"], ["bob", "cai", "bob"])
>>> kg.pagerank(g).top(1).index.item()
'bob'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "AnalysisError": "errors",
    "Cascades": "spread",
    "CheckUp": "verbs.explain",
    "EnvironmentProblem": "errors",
    "Graph": "graph",
    "Groups": "centrality",
    "InputError": "errors",
    "KolgraphError": "errors",
    "LimitError": "errors",
    "LoadReport": "workspace.loading",
    "Niches": "niches",
    "Plan": "planning",
    "Result": "results",
    "Rings": "rings",
    "Scores": "results",
    "StoreError": "errors",
    "UnknownAccount": "errors",
    "UnknownName": "errors",
    "Workspace": "workspace",
    "World": "synth",
    "answer": "verbs.show",
    "audiences": "influence",
    "betweenness": "centrality",
    "check_up": "verbs.explain",
    "collective_influence": "centrality",
    "components": "centrality",
    "cross_check": "verbs.crosscheck",
    "degree": "centrality",
    "eigenvector": "centrality",
    "explain": "influence",
    "find_niches": "niches",
    "find_repost_rings": "rings",
    "find_rings": "rings",
    "harmonic": "centrality",
    "hits": "centrality",
    "import_offline": "verbs.publish",
    "k_core": "centrality",
    "katz": "centrality",
    "label_propagation": "centrality",
    "leader_rank": "centrality",
    "learn_probabilities": "influence",
    "lookalikes": "influence",
    "make_world": "synth",
    "measure_cascades": "spread",
    "open_store": "store",
    "pagerank": "centrality",
    "personal_pageranks": "centrality",
    "plan": "planning",
    "publish": "verbs.publish",
    "pull": "verbs.pull",
    "quality": "influence",
    "query": "verbs.ask",
    "reach": "influence.reach",
    "read_cascades": "spread",
    "realised": "influence",
    "run": "verbs.run",
    "sample_pool": "planning",
    "triangles": "centrality",
    "unique_reach": "influence",
    "vote_rank": "centrality",
    "write_report": "report",
    "write_table": "results.files",
}

if TYPE_CHECKING:
    from kolgraph.centrality import Groups, components, label_propagation
    from kolgraph.centrality.core import k_core
    from kolgraph.centrality.degree import degree
    from kolgraph.centrality.pagerank import pagerank, personal_pageranks
    from kolgraph.centrality.paths import betweenness, harmonic
    from kolgraph.centrality.spectral import eigenvector, hits, katz, leader_rank
    from kolgraph.centrality.spreaders import collective_influence, vote_rank
    from kolgraph.centrality.triangles import triangles
    from kolgraph.errors import (
        AnalysisError,
        EnvironmentProblem,
        InputError,
        KolgraphError,
        LimitError,
        StoreError,
        UnknownAccount,
        UnknownName,
    )
    from kolgraph.graph import Graph
    from kolgraph.influence.audience import audiences, lookalikes, unique_reach
    from kolgraph.influence.explanation import explain
    from kolgraph.influence.probabilities import learn_probabilities
    from kolgraph.influence.quality import quality
    from kolgraph.influence.reach import reach
    from kolgraph.influence.realised import realised
    from kolgraph.niches import Niches, find_niches
    from kolgraph.planning.plan import Plan, plan
    from kolgraph.planning.pool import sample_pool
    from kolgraph.report import write_report
    from kolgraph.results import Result, Scores
    from kolgraph.results.files import write_table
    from kolgraph.rings import Rings, find_repost_rings, find_rings
    from kolgraph.spread import Cascades, measure_cascades, read_cascades
    from kolgraph.store import open_store
    from kolgraph.synth import World, make_world
    from kolgraph.verbs import run
    from kolgraph.verbs.ask import query
    from kolgraph.verbs.crosscheck import cross_check
    from kolgraph.verbs.explain import CheckUp, check_up
    from kolgraph.verbs.publish import import_offline, publish
    from kolgraph.verbs.pull import pull
    from kolgraph.verbs.show import answer
    from kolgraph.workspace import Workspace
    from kolgraph.workspace.loading import LoadReport

__all__ = [
    "AnalysisError",
    "Cascades",
    "CheckUp",
    "EnvironmentProblem",
    "Graph",
    "Groups",
    "InputError",
    "KolgraphError",
    "LimitError",
    "LoadReport",
    "Niches",
    "Plan",
    "Result",
    "Rings",
    "Scores",
    "StoreError",
    "UnknownAccount",
    "UnknownName",
    "Workspace",
    "World",
    "answer",
    "audiences",
    "betweenness",
    "check_up",
    "collective_influence",
    "components",
    "cross_check",
    "degree",
    "eigenvector",
    "explain",
    "find_niches",
    "find_repost_rings",
    "find_rings",
    "harmonic",
    "hits",
    "import_offline",
    "k_core",
    "katz",
    "label_propagation",
    "leader_rank",
    "learn_probabilities",
    "lookalikes",
    "make_world",
    "measure_cascades",
    "open_store",
    "pagerank",
    "personal_pageranks",
    "plan",
    "publish",
    "pull",
    "quality",
    "query",
    "reach",
    "read_cascades",
    "realised",
    "run",
    "sample_pool",
    "triangles",
    "unique_reach",
    "vote_rank",
    "write_report",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kolgraph' has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"kolgraph.{_HOME[name]}")
    # `run` is a module: it is its own value.
    value = getattr(module, name, module)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
