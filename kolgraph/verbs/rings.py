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
#: What answers that others build on were asked with.
SEED, MAX_FALSE = 1, 1.0
#: Blocks of a relation that are kept, the surest rings first.
MOST = 200


def by_default(parameters: Mapping[str, Any]) -> bool:
    """Answers to the default question have their rows in the result tables, one of each relation."""
    return bool(parameters["seed"] == SEED and parameters["max_false"] == MAX_FALSE and parameters["relation"])


@answer(method=3, tabled=by_default)  # blocks are judged by nature, and once for all relations
def rings(
    workspace: Workspace, *, relation: str | None = None, max_false: float = MAX_FALSE, seed: int = SEED
) -> Rings:
    """Find coordinated groups by whom accounts follow and what they repost; each has one number and one verdict.

    Parameters
    ----------
    relation : str, optional
        ``follow`` or ``repost``: only groups that show there, with what they share there. Default: every group, by the
        relation that shows most of it.
    max_false : float
        Accounts that may be accused wrongly, of every 1,000 where nobody was paid; 0.1 to 30.
    seed : int

    Raises
    ------
    UnknownName
    InputError
        A rate that was not measured.
    """
    from kolgraph.rings.joining import join, strongest

    if relation is not None and relation not in RELATIONS:
        raise UnknownName.among("relation", relation, RELATIONS)
    found = [blocks(workspace, relation=view, max_false=max_false, seed=seed) for view in RELATIONS]
    joined = join(found, max_false=max_false)
    return strongest(list(joined.values())) if relation is None else joined[relation]


@answer()
def blocks(workspace: Workspace, *, relation: str, max_false: float = MAX_FALSE, seed: int = SEED) -> Rings:
    """Dense blocks of one relation, judged by it alone: what `rings` joins.

    Parameters
    ----------
    relation : str
        ``follow`` or ``repost``.
    max_false, seed
        As of `rings`.
    """
    from kolgraph.graph import Graph
    from kolgraph.rings import Rule, find_repost_rings, find_rings

    rule = Rule(max_false=max_false, max_rings=MOST)
    if relation == "follow":
        return find_rings(Graph.from_workspace(workspace), seed=seed, rule=rule)
    rows = workspace.sql(
        "SELECT a.account_id, r.root_id, d.account_id AS author FROM reposts r "
        "JOIN account_ids a ON a.account_key = r.src LEFT JOIN account_ids d ON d.account_key = r.dst "
        "WHERE r.root_id IS NOT NULL ORDER BY ALL"
    )
    # The authors tell an army with many customers from the fans of one idol, who repost together as well.
    authors = rows["author"].astype(object).where(rows["author"].notna(), None)
    users, posts = rows["account_id"].to_numpy(object), rows["root_id"].to_numpy(object)
    return find_repost_rings(users, posts, authors.to_numpy(), seed=seed, rule=rule)
