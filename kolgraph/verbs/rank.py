"""Who really moves people: every account by one measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import InputError, UnknownName, option
from kolgraph.verbs.asking import answer
from kolgraph.verbs.coverage import coverage, reasons, told
from kolgraph.verbs.observed import forwarding, learn
from kolgraph.verbs.past import PAST, Measured
from kolgraph.verbs.proven import proven
from kolgraph.verbs.real import somebody

if TYPE_CHECKING:
    from kolgraph.centrality import Measure
    from kolgraph.graph.snapshot import Relations
    from kolgraph.results import Scores
    from kolgraph.workspace import Workspace


def _by_default(parameters: Mapping[str, Any]) -> bool:
    """A score for everybody: rows of ``scores``, the newest of each measure."""
    odd = ("niche", "region", "near", "raw", "extrapolate")
    return parameters["seed"] == 1 and parameters["relations"] == ["follow"] and not any(parameters[o] for o in odd)


def _normal(parameters: dict[str, Any]) -> dict[str, Any]:
    """A seed that is not used is no part of the question."""
    by = parameters["by"]
    if by in (None, "proven", "reach"):
        return parameters
    from kolgraph.centrality import MEASURES

    return parameters if by in MEASURES and MEASURES[by].seeded else parameters | {"seed": 1}


@answer(method=3, tabled=_by_default, normal=_normal)  # by what posts moved
def rank(
    workspace: Workspace,
    *,
    by: str | None = None,
    relations: Relations = ("follow",),
    niche: str | None = None,
    region: str | None = None,
    near: Sequence[str] = (),
    raw: bool = False,
    extrapolate: bool = False,
    seed: int = 1,
) -> Scores:
    """Score every account: by what its next post moves, or by another measure.

    `measures` lists them: those of `kolgraph.verbs.past.PAST` and of `kolgraph.centrality.MEASURES`, too.

    Parameters
    ----------
    by : str, optional
        ``proven``, ``reach`` (modelled), or a measure of `kolgraph.centrality.MEASURES`. Default: ``proven`` where of
        any posts it is known what they moved, else ``reach``, as for options that only it has.
    relations : str, list, or mapping to a factor
    niche, region : str, optional
        For ``proven`` and ``reach``: count only the real members of a detected niche, or of a region in any spelling.
        For ``pagerank``: as seen from them.
    near : ids
        For ``pagerank``: as seen from these accounts.
    raw : bool
        For ``proven``, ``reach`` and what posts did, and with niche or region: count everybody, ring members too.
    extrapolate : bool
        For ``reach``: scaled to the followers that platforms show, under the assumption that those loaded are a random
        sample of them; see `kolgraph.influence.extrapolate_reach`. Only along follows.
    seed : int

    Returns
    -------
    Scores
        ``measure`` says by what. Unknown is NA, with the reason; so is a reach where too little of the
        audience is loaded, or where rings in it would not show.

    Raises
    ------
    UnknownName, UnknownAccount
    InputError
        Options that mean nothing for the measure.
    AnalysisError
        Nobody counts.
    """
    from kolgraph.centrality import MEASURES, pagerank
    from kolgraph.graph import Graph
    from kolgraph.influence import extrapolate_reach, reach

    near = list(near)
    asked = {"niche": niche is not None, "region": region is not None, "near": bool(near), "raw": raw}
    asked |= {"extrapolate": extrapolate, "relations": list(relations) != ["follow"]}
    if by is None:
        if not (near or extrapolate or asked["relations"]):
            moves = proven(workspace, niche=niche, region=region, raw=raw, seed=seed)
            if moves.model is not None:
                return moves.scores()
        return rank(
            workspace, by="reach", relations=relations, niche=niche, region=region, near=near, raw=raw,
            extrapolate=extrapolate, seed=seed,
        )  # fmt: skip
    allowed = {"proven": {"niche", "region", "raw"}, "reach": set(asked) - {"near"}}
    allowed |= {"pagerank": set(asked) - {"extrapolate"}} | {name: {"raw"} for name in PAST}
    if by not in (known := measures()):
        raise UnknownName.among("measure", by, known)
    if wrong := [name for name, said in asked.items() if said and name not in allowed.get(by, {"relations"})]:
        raise InputError(f"{option(wrong[0])} means nothing for {by!r}: leave it out")
    if near and (niche is not None or region is not None):
        raise InputError(f"{option('near')} names the accounts to start from: leave out niche and region")
    if by == "proven":
        return proven(workspace, niche=niche, region=region, raw=raw, seed=seed).scores()
    if by in PAST:
        return PAST[by](workspace, raw=raw)
    if by == "reach" and extrapolate:
        graph, loaded = Graph.from_workspace(workspace), coverage(workspace)
        learnt = learn(workspace, graph, raw=raw, followings=loaded.followings_shown).graph
        weight = somebody(workspace, niche=niche, region=region, raw=raw)
        found = extrapolate_reach(graph, loaded, probabilities=learnt.incoming.weights, targets=weight)
        return told(found, reasons(workspace, raw=raw))
    if by == "reach":
        graph, given = forwarding(workspace, relations=relations, raw=raw)
        weight = somebody(workspace, niche=niche, region=region, raw=raw)
        found = reach(graph, targets=weight, probabilities=given, seed=seed)
        return told(found, reasons(workspace, raw=raw))
    graph = Graph.from_workspace(workspace, relations=relations)
    if near:
        return pagerank(graph, restart=dict.fromkeys(near, 1.0))
    if niche is not None or region is not None:
        weight = somebody(workspace, niche=niche, region=region, raw=raw)
        rows = np.flatnonzero(weight)
        return pagerank(graph, restart=dict(zip(graph.ids[rows].tolist(), weight[rows].tolist(), strict=True)))
    return MEASURES[by](graph, seed=seed)


def measures() -> dict[str, Measure | Measured]:
    """Every measure that `rank` knows, ``proven`` first, those of posts next."""
    from kolgraph.centrality import MEASURES, Measure
    from kolgraph.influence import proven, reach

    moved = Measure(
        compute=lambda *past, **options: proven(*past, **options).scores(),
        seeded=True,
        en="real accounts that its next post moves, by what its posts did, shrunk to what accounts like it move",
        zh="下一条内容能带动的真实账号数：依据以往内容的实际表现，并向同类账号收缩",
        source="Efron (2010), Rasmussen & Williams (2006)",
        cost="O(posts)",
    )
    model = Measure(
        compute=reach,
        seeded=True,
        en="real accounts that a post of it is expected to move",
        zh="一条内容预计带动的真实账号数",
        source="Kempe, Kleinberg & Tardos (2003); Borgs, Brautbar, Chayes & Lucier (2014)",
        cost="O(m + edges met by 5 n samples)",
    )
    return {"proven": moved, "reach": model, **PAST, **MEASURES}
