"""What the audience of every account is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kolgraph.settings import tiers
from kolgraph.verbs.asking import answer
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.observed import read_engaged, read_follow_times, read_profiles
from kolgraph.verbs.real import real
from kolgraph.verbs.realised import everybody_not_raw, realised
from kolgraph.verbs.rings import RELATIONS, rings

if TYPE_CHECKING:
    from kolgraph.influence import Quality
    from kolgraph.workspace import Workspace


@answer(method=5, tabled=everybody_not_raw, environment=lambda: dict(tiers()))  # members by how surely they are
def quality(workspace: Workspace, *, raw: bool = False) -> Quality:
    """Judge the audience of every account: rings, zombies, bursts, who can be reached, who acts.

    Parameters
    ----------
    raw : bool
        Do not look for rings: nobody counts as a member of one.
    """
    from kolgraph.graph import Graph
    from kolgraph.influence import quality as judge
    from kolgraph.influence import ring_share

    graph, loaded = Graph.from_workspace(workspace), coverage(workspace)
    who = real(workspace, raw=raw)
    if raw:
        loaded = replace(loaded, ring_reason=loaded.reason)
        share = None
    else:
        share = ring_share(
            graph, loaded, [rings(workspace, relation=relation) for relation in RELATIONS], fake=who.fake
        )
    return judge(
        graph,
        read_profiles(workspace),
        tiers=tiers(),
        fake=who.fake,
        since=read_follow_times(workspace),
        engaged=read_engaged(workspace, who.weight, realised(workspace, raw=raw).posts > 0),
        coverage=loaded,
        ring_share=share,
    )
