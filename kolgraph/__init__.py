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
    "CheckUp": "checkup",
    "EnvironmentProblem": "errors",
    "Graph": "graph",
    "Groups": "niches",
    "InputError": "errors",
    "KolgraphError": "errors",
    "LimitError": "errors",
    "LoadReport": "loading",
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
    "answer": "answers",
    "audiences": "influence",
    "betweenness": "influence",
    "check_up": "checkup",
    "collective_influence": "influence",
    "components": "niches",
    "cross_check": "crosscheck",
    "degree": "influence",
    "eigenvector": "influence",
    "explain": "influence",
    "find_niches": "niches",
    "find_repost_rings": "rings",
    "find_rings": "rings",
    "harmonic": "influence",
    "hits": "influence",
    "import_offline": "publishing",
    "k_core": "influence",
    "katz": "influence",
    "label_propagation": "niches",
    "leader_rank": "influence",
    "learn_probabilities": "influence",
    "lookalikes": "influence",
    "make_world": "synth",
    "measure_cascades": "spread",
    "open_store": "store",
    "pagerank": "influence",
    "personal_pageranks": "influence",
    "plan": "planning",
    "publish": "publishing",
    "pull": "pulling",
    "quality": "influence",
    "query": "asking",
    "reach": "influence.reach",
    "read_cascades": "spread",
    "realised": "influence",
    "run": "run",
    "sample_pool": "planning",
    "triangles": "influence",
    "unique_reach": "influence",
    "vote_rank": "influence",
    "write_report": "report",
    "write_table": "export",
}

if TYPE_CHECKING:
    from kolgraph import run
    from kolgraph.answers import answer
    from kolgraph.asking import query
    from kolgraph.checkup import CheckUp, check_up
    from kolgraph.crosscheck import cross_check
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
    from kolgraph.export import write_table
    from kolgraph.graph import Graph
    from kolgraph.influence.audience import audiences, lookalikes, unique_reach
    from kolgraph.influence.core import k_core
    from kolgraph.influence.degree import degree
    from kolgraph.influence.explanation import explain
    from kolgraph.influence.pagerank import pagerank, personal_pageranks
    from kolgraph.influence.paths import betweenness, harmonic
    from kolgraph.influence.probabilities import learn_probabilities
    from kolgraph.influence.quality import quality
    from kolgraph.influence.reach import reach
    from kolgraph.influence.realised import realised
    from kolgraph.influence.spectral import eigenvector, hits, katz, leader_rank
    from kolgraph.influence.spreaders import collective_influence, vote_rank
    from kolgraph.influence.triangles import triangles
    from kolgraph.loading import LoadReport
    from kolgraph.niches import Groups, Niches, components, find_niches, label_propagation
    from kolgraph.planning.plan import Plan, plan
    from kolgraph.planning.pool import sample_pool
    from kolgraph.publishing import import_offline, publish
    from kolgraph.pulling import pull
    from kolgraph.report import write_report
    from kolgraph.results import Result, Scores
    from kolgraph.rings import Rings, find_repost_rings, find_rings
    from kolgraph.spread import Cascades, measure_cascades, read_cascades
    from kolgraph.store import open_store
    from kolgraph.synth import World, make_world
    from kolgraph.workspace import Workspace

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
