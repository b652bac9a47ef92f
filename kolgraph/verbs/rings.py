"""Coordinated groups: who acts together as if by order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.errors import UnknownName
from kolgraph.verbs.asking import answer

if TYPE_CHECKING:
    from kolgraph.rings import Rings
    from kolgraph.workspace import Workspace

#: What rings can be seen in; `kolgraph.verbs.real` looks at all of them.
RELATIONS = ("follow", "repost")
#: The seed of answers that others build on.
SEED = 1


def by_default(parameters: Mapping[str, Any]) -> bool:
    """Answers found with the default seed have their rows in the result tables."""
    return bool(parameters["seed"] == SEED)


@answer(method=2, tabled=by_default)  # communities are our own Leiden's
def rings(workspace: Workspace, *, relation: str = "follow", seed: int = SEED) -> Rings:
    """Find coordinated groups among followers, or among those who repost the same posts.

    Parameters
    ----------
    relation : str
        ``follow`` or ``repost``.
    seed : int

    Raises
    ------
    UnknownName
    """
    from kolgraph.graph import Graph
    from kolgraph.rings import find_repost_rings, find_rings

    if relation == "follow":
        return find_rings(Graph.from_workspace(workspace), seed=seed)
    if relation != "repost":
        raise UnknownName.among("relation", relation, RELATIONS)
    rows = workspace.sql(
        "SELECT a.account_id, r.root_id, d.account_id AS author FROM reposts r "
        "JOIN account_ids a ON a.account_key = r.src LEFT JOIN account_ids d ON d.account_key = r.dst "
        "WHERE r.root_id IS NOT NULL ORDER BY ALL"
    )
    # The authors tell an army with many customers from the fans of one idol, who repost together as well.
    authors = rows["author"].astype(object).where(rows["author"].notna(), None)
    users, posts = rows["account_id"].to_numpy(object), rows["root_id"].to_numpy(object)
    return find_repost_rings(users, posts, authors.to_numpy(), seed=seed)
