"""What was loaded of what there is, and which accounts can be judged by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.graph import Graph
from kolgraph.verbs.asking import answer
from kolgraph.verbs.observed import read_follow_times, read_profiles

if TYPE_CHECKING:
    from kolgraph.influence import Coverage
    from kolgraph.workspace import Workspace

#: Original posts: those that a file holds, and those that reposts and comments name.
_POSTS = """
    WITH spread AS (SELECT root_id AS post_id, count(*) AS n, min(dst) AS dst FROM reposts
                    WHERE root_id IS NOT NULL GROUP BY root_id),
         answered AS (SELECT post_id, count(*) AS n FROM comments WHERE post_id IS NOT NULL GROUP BY post_id)
    SELECT coalesce(p.post_id, s.post_id, c.post_id) AS post_id, coalesce(p.author, s.dst, -1)::BIGINT AS author,
           coalesce(s.n, 0)::DOUBLE AS reposts_loaded, p.reposts::DOUBLE AS reposts_shown,
           coalesce(c.n, 0)::DOUBLE AS comments_loaded, p.comments::DOUBLE AS comments_shown
    FROM posts p FULL JOIN spread s USING (post_id) FULL JOIN answered c ON c.post_id = coalesce(p.post_id, s.post_id)
    ORDER BY 1
"""


@answer()
def coverage(workspace: Workspace, *, complete: bool | None = None) -> Coverage:
    """Compare what was loaded with what platforms show: followers and followings, reposts and comments.

    Parameters
    ----------
    complete : bool, optional
        Whether follower lists of accounts without a shown count are loaded in full; by default told from the graph.
    """
    from kolgraph.influence import coverage as compare

    return compare(
        Graph.from_workspace(workspace),
        read_profiles(workspace),
        posts=workspace.sql(_POSTS).set_index("post_id"),
        since=read_follow_times(workspace),
        complete=complete,
    )
