"""Who really moves people: every account by one measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import InputError, UnknownName, option
from kolgraph.verbs.asking import answer
from kolgraph.verbs.observed import forwarding
from kolgraph.verbs.real import targets

if TYPE_CHECKING:
    from kolgraph.graph.snapshot import Relations
    from kolgraph.results import Scores
    from kolgraph.workspace import Workspace


def _by_default(parameters: Mapping[str, Any]) -> bool:
    """A score for everybody: rows of ``scores``, the newest of each measure."""
    odd = ("niche", "region", "near", "raw")
    return parameters["seed"] == 1 and parameters["relations"] == ["follow"] and not any(parameters[o] for o in odd)


def _normal(parameters: dict[str, Any]) -> dict[str, Any]:
    """A seed that is not used is no part of the question."""
    by = parameters["by"]
    if by == "reach":
        return parameters
    from kolgraph.centrality import MEASURES

    return parameters if by in MEASURES and MEASURES[by].seeded else parameters | {"seed": 1}


@answer(tabled=_by_default, normal=_normal)
def rank(
    workspace: Workspace,
    *,
    by: str = "reach",
    relations: Relations = ("follow",),
    niche: str | None = None,
    region: str | None = None,
    near: Sequence[str] = (),
    raw: bool = False,
    seed: int = 1,
) -> Scores:
    """Score every account by a measure of `kolgraph.centrality.MEASURES`, or by ``reach``: real people moved per post.

    Parameters
    ----------
    by : str
    relations : str, list, or mapping to a factor
    niche, region : str, optional
        For ``reach``: count only the real members of a detected niche, or of a declared region. For ``pagerank``: as
        seen from them.
    near : ids
        For ``pagerank``: as seen from these accounts.
    raw : bool
        For ``reach``, and with niche or region: count everybody, ring members too.
    seed : int

    Raises
    ------
    UnknownName, UnknownAccount
    InputError
        Options that mean nothing for the measure.
    """
    from kolgraph.centrality import MEASURES, pagerank
    from kolgraph.graph import Graph
    from kolgraph.influence import reach

    near = list(near)
    asked = {"niche": niche is not None, "region": region is not None, "near": bool(near), "raw": raw}
    allowed = {"reach": {"niche", "region", "raw"}, "pagerank": set(asked)}.get(by, set())
    if by != "reach" and by not in MEASURES:
        raise UnknownName.among("measure", by, [*MEASURES, "reach"])
    if wrong := [name for name, said in asked.items() if said and name not in allowed]:
        raise InputError(f"{option(wrong[0])} means nothing for {by!r}: leave it out")
    if near and (niche is not None or region is not None):
        raise InputError(f"{option('near')} names the accounts to start from: leave out niche and region")
    if by == "reach":
        graph, learnt = forwarding(workspace, relations=relations, raw=raw)
        weight = targets(workspace, niche=niche, region=region, raw=raw)
        return reach(graph, targets=weight, probabilities=learnt, seed=seed)
    graph = Graph.from_workspace(workspace, relations=relations)
    if near:
        return pagerank(graph, restart=dict.fromkeys(near, 1.0))
    if niche is not None or region is not None:
        weight = targets(workspace, niche=niche, region=region, raw=raw)
        return pagerank(graph, restart=dict.fromkeys(graph.ids[np.flatnonzero(weight)].tolist(), 1.0))
    return MEASURES[by](graph, seed=seed)
