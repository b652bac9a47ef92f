"""What was loaded of what there is, and which accounts can be judged by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kolgraph.verbs.asking import answer
from kolgraph.verbs.observed import read_follow_times, read_profiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kolgraph.influence import Coverage
    from kolgraph.results import Scores
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
    from kolgraph.graph import Graph
    from kolgraph.influence import coverage as compare

    return compare(
        Graph.from_workspace(workspace),
        read_profiles(workspace),
        posts=workspace.sql(_POSTS).set_index("post_id"),
        since=read_follow_times(workspace),
        complete=complete,
    )


def reasons(workspace: Workspace, *, raw: bool) -> NDArray[np.object_]:
    """Why the reach of an account cannot be told, as a code of `Coverage`, shape (n,); None where it can.

    Who counts everybody need not see rings. And who has no follower reaches nobody: that is known.
    """
    found = coverage(workspace)
    reason = (found.reason if raw else found.ring_reason).copy()
    reason[reason == "no_follower"] = None
    return reason


def told(scores: Scores, reason: NDArray[np.object_]) -> Scores:
    """Scores without those that what is loaded cannot tell: NA, with the reason."""
    unknown = np.array([code is not None for code in reason], dtype=bool)
    if scores.reason is not None:
        reason = np.where(unknown, reason, scores.reason)
        unknown |= np.array([code is not None for code in scores.reason], dtype=bool)

    def hidden(part: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(unknown, np.nan, part)

    low, high = (None if part is None else hidden(part) for part in (scores.low, scores.high))
    return replace(scores, values=hidden(scores.values), low=low, high=high, reason=reason)
