"""kolgraph: real influence, water army with evidence, how it spread, and whom to book.

The public names, loaded when they are used: ``import kolgraph`` costs nothing.

>>> import kolgraph as kg
>>> g = kg.Graph.from_edges(["ann", "bob", "cai"], ["bob", "cai", "bob"])
>>> kg.pagerank(g).top(1).index.item()
'bob'
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module
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
    "Provenance": "results",
    "Result": "results",
    "Rings": "rings",
    "Rule": "rings",
    "Scores": "results",
    "StoreError": "errors",
    "UnknownAccount": "errors",
    "UnknownName": "errors",
    "Workspace": "workspace",
    "World": "synth",
    "audiences": "influence",
    "betweenness": "centrality",
    "collective_influence": "centrality",
    "components": "centrality",
    "degree": "centrality",
    "eigenvector": "centrality",
    "explain": "influence",
    "find_niches": "niches",
    "find_repost_rings": "rings",
    "find_rings": "rings",
    "harmonic": "centrality",
    "hits": "centrality",
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
    "quality": "influence",
    "reach": "influence.reach",
    "read_cascades": "verbs.spread",
    "realised": "influence",
    "sample_pool": "planning",
    "triangles": "centrality",
    "unique_reach": "influence",
    "vote_rank": "centrality",
    "write_table": "results.files",
}

#: Every question that a workspace can be asked -> where it is answered: a method of `Workspace`, and a command.
VERBS = {
    "audience": "verbs.audience:audience",
    "audit": "verbs.audit:audit",
    "case": "verbs.case:case",
    "coordination": "verbs.coordination:coordination",
    "coverage": "verbs.coverage:coverage",
    "cross_check": "verbs.crosscheck:cross_check",
    "diff": "verbs.diff:diff",
    "explain": "verbs.explain:explain",
    "export": "verbs.export:export",
    "forget": "verbs.forget:forget",
    "import_offline": "verbs.publish:import_offline",
    "info": "verbs.info:info",
    "niches": "verbs.niches:niches",
    "people": "verbs.people:people",
    "plan": "verbs.plan:plan",
    "proven": "verbs.proven:proven",
    "publish": "verbs.publish:publish",
    "pull": "verbs.pull:pull",
    "quality": "verbs.quality:quality",
    "query": "verbs.ask:query",
    "rank": "verbs.rank:rank",
    "real": "verbs.real:real",
    "realised": "verbs.realised:realised",
    "report": "report:report",
    "rings": "verbs.rings:rings",
    "similar": "verbs.audience:similar",
    "spread": "verbs.spread:spread",
    "table": "verbs.show:table",
    "unload": "verbs.unload:unload",
    "value": "verbs.value:value",
    "verify": "verbs.case:verify",
}
#: What names of earlier versions are called now.
_MOVED = {
    "answer": "Workspace.table",
    "check_up": "Workspace.explain",
    "cross_check": "Workspace.cross_check",
    "import_offline": "Workspace.import_offline",
    "publish": "Workspace.publish",
    "pull": "Workspace.pull",
    "query": "Workspace.query",
    "run": "methods of Workspace: rank, rings, niches, spread, plan, audience, quality, realised",
    "write_report": "Workspace.report",
}

if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature

    from kolgraph.centrality import (
        Groups,
        betweenness,
        collective_influence,
        components,
        eigenvector,
        harmonic,
        hits,
        k_core,
        katz,
        label_propagation,
        leader_rank,
        personal_pageranks,
        vote_rank,
    )
    from kolgraph.centrality.degree import degree
    from kolgraph.centrality.pagerank import pagerank
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
    from kolgraph.influence import audiences, explain, learn_probabilities, lookalikes, unique_reach
    from kolgraph.influence.quality import quality
    from kolgraph.influence.reach import reach
    from kolgraph.influence.realised import realised
    from kolgraph.niches import Niches, find_niches
    from kolgraph.planning import Plan, sample_pool
    from kolgraph.planning.plan import plan
    from kolgraph.results import Provenance, Result, Scores
    from kolgraph.results.files import write_table
    from kolgraph.rings import Rings, Rule, find_repost_rings, find_rings
    from kolgraph.spread import Cascades, measure_cascades
    from kolgraph.store import open_store
    from kolgraph.synth import World, make_world
    from kolgraph.verbs.explain import CheckUp
    from kolgraph.verbs.spread import read_cascades
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
    "Provenance",
    "Result",
    "Rings",
    "Rule",
    "Scores",
    "StoreError",
    "UnknownAccount",
    "UnknownName",
    "Workspace",
    "World",
    "audiences",
    "betweenness",
    "collective_influence",
    "components",
    "degree",
    "eigenvector",
    "explain",
    "find_niches",
    "find_repost_rings",
    "find_rings",
    "harmonic",
    "hits",
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
    "quality",
    "reach",
    "read_cascades",
    "realised",
    "sample_pool",
    "triangles",
    "unique_reach",
    "vote_rank",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        raise AttributeError(f"kolgraph.{name} is now {_MOVED[name]}")
    if name not in _HOME:
        raise AttributeError(f"module 'kolgraph' has no attribute {name!r}")
    value = getattr(import_module(f"kolgraph.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def verb(name: str) -> Callable[..., Any]:
    """The function of `VERBS`, which takes the workspace first."""
    module, _, function = VERBS[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(f"kolgraph.{module}"), function)
    return found


def bound_verb(workspace: Workspace, name: str) -> Callable[..., Any]:
    """A verb as a method; it also takes ``as_is`` (old answers will do) and ``fresh`` (find everything anew)."""
    from kolgraph.errors import EnvironmentProblem
    from kolgraph.numbers import check_numbers

    function = verb(name)

    @wraps(function)
    def method(*args: Any, as_is: bool = False, fresh: bool = False, **options: Any) -> Any:
        check_numbers(options)
        try:
            with workspace.turn():  # one thread at a time: what an answer stands on is noticed while it is found
                if not (as_is or fresh):
                    return function(workspace, *args, **options)
                with workspace.asking(as_is=as_is, fresh=fresh):
                    return function(workspace, *args, **options)
        except OSError as error:
            raise EnvironmentProblem.of(error) from error

    method.__signature__ = _as_method(function)  # type: ignore[attr-defined]
    return method


def _as_method(function: Callable[..., Any]) -> Signature:
    """How a verb is called as a method: without the workspace, with the two ways of asking."""
    from inspect import Parameter, signature

    of = signature(function)
    modes = [Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation="bool") for name in ("as_is", "fresh")]
    named = list(of.parameters.values())[1:]
    rest = [parameter for parameter in named if parameter.kind is Parameter.VAR_KEYWORD]
    return of.replace(parameters=[*(p for p in named if p not in rest), *modes, *rest])
