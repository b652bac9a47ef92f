"""Niche clusters: who belongs together, and what they write about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.verbs.asking import answer

if TYPE_CHECKING:
    from kolgraph.graph.snapshot import Relations
    from kolgraph.niches import Niches
    from kolgraph.workspace import Workspace


def _by_default(parameters: Mapping[str, Any]) -> bool:
    return parameters["seed"] == 1 and parameters["relations"] in ("follow", ["follow"])


@answer(method=2, tabled=_by_default)  # as for rings
def niches(workspace: Workspace, *, relations: Relations = ("follow",), seed: int = 1) -> Niches:
    """Find niche clusters and label them by what their members write about.

    Parameters
    ----------
    relations : str, list, or mapping to a factor
        ``follow``, ``repost``, ``mention``.
    seed : int
    """
    from kolgraph.graph import Graph
    from kolgraph.niches import find_niches

    # How often each account wrote about each topic.
    topics = workspace.sql(
        "SELECT a.account_id, topic, count(*) AS n FROM (SELECT author, unnest(topics) AS topic FROM posts) "
        "JOIN account_ids a ON a.account_key = author GROUP BY ALL ORDER BY ALL"
    )
    return find_niches(Graph.from_workspace(workspace, relations=relations), seed=seed, topics=topics)
