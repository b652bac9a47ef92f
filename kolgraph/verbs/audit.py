"""The audit of accounts: what of their audience and of their reposts comes from rings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kolgraph.verbs.asking import answer
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.rings import RELATIONS, rings

if TYPE_CHECKING:
    from kolgraph.influence.audit import Audit
    from kolgraph.rings import Ring
    from kolgraph.workspace import Workspace

_ROWS = "SELECT unnest(?::INTEGER[]) AS account"
_FOLLOWERS = f"""
    SELECT dst AS account, src AS actor, coalesce(since_ts::DOUBLE, 'nan') AS ts
    FROM follows JOIN ({_ROWS}) ON account = dst WHERE src IS NOT NULL ORDER BY ALL"""
#: Of its own posts: the author of the root is known by the post, else by the repost.
_REPOSTS = f"""
    SELECT coalesce(p.author, r.dst) AS account, r.src AS actor, coalesce(r.ts::DOUBLE, 'nan') AS ts
    FROM reposts r LEFT JOIN posts p ON p.post_id = r.root_id JOIN ({_ROWS}) ON account = coalesce(p.author, r.dst)
    WHERE r.src IS NOT NULL ORDER BY ALL"""


@answer()
def audit(workspace: Workspace, accounts: Sequence[str]) -> Audit:
    """Say which part of the audience and of the reposts of accounts comes from rings, which, and since when.

    Parameters
    ----------
    accounts : ids
    """
    from kolgraph.graph import Graph
    from kolgraph.influence import ring_share
    from kolgraph.influence.audit import Group
    from kolgraph.influence.audit import audit as look

    graph, loaded = Graph.from_workspace(workspace), coverage(workspace)
    rows = np.asarray(graph.rows(accounts), np.int64)
    found = [rings(workspace, relation=relation) for relation in RELATIONS]
    shown: dict[int, list[Ring]] = {}  # a group has one number in every relation that shows it
    for ring in (ring for view in found for ring in view.rings):
        shown.setdefault(ring.number, []).append(ring)
    groups = [
        Group(
            f"{'+'.join(view.relation for view in views)}:{number}",
            views[0].verdict,
            np.asarray(graph.rows(sorted({str(member) for view in views for member in view.members})), np.int64),
        )
        for number, views in sorted(shown.items())
    ]
    followers, reposts = (workspace.sql(query, [rows.tolist()]) for query in (_FOLLOWERS, _REPOSTS))
    return look(
        list(accounts),
        rows,
        followers=followers,
        reposts=reposts,
        groups=groups,
        coverage=loaded,
        ring_share=ring_share(graph, loaded, found),
    )
