"""What a workspace has seen of forwarding: who took whose posts, which posts there were, who follows since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.verbs.real import real

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph
    from kolgraph.graph.snapshot import Relations
    from kolgraph.influence import Probabilities
    from kolgraph.workspace import Workspace

#: Who published a post, reposts among them. A file may name a root post that no other file holds.
_PUBLISHED = """
    SELECT post_id, any_value(account ORDER BY place, account) AS account FROM (
        SELECT post_id, author AS account, 0 AS place FROM posts
        UNION ALL SELECT post_id, src, 1 FROM reposts
        UNION ALL SELECT root_id, dst, 2 FROM reposts WHERE root_id IS NOT NULL)
    WHERE account IS NOT NULL GROUP BY post_id
"""
#: From whom somebody took a post: from the author of its parent or, where that is unknown, of the root.
_TAKEN = f"""
    WITH published AS ({_PUBLISHED})
    SELECT r.src, coalesce(p.account, r.dst) AS dst, count(DISTINCT coalesce(r.parent_id, r.root_id, r.post_id)) AS n
    FROM reposts r LEFT JOIN published p ON p.post_id = r.parent_id
    WHERE r.src IS NOT NULL AND coalesce(p.account, r.dst) IS NOT NULL GROUP BY ALL ORDER BY ALL
"""
_ROOTS = """
    SELECT post_id, any_value(account ORDER BY place, account) AS account, min(ts) AS ts FROM (
        SELECT post_id, author AS account, created_ts AS ts, 0 AS place FROM posts
        UNION ALL SELECT root_id, dst, NULL, 1 FROM reposts WHERE root_id IS NOT NULL)
    WHERE account IS NOT NULL GROUP BY post_id
"""


#: A day in milliseconds.
_DAY_MS = 86_400_000


class Moves(NamedTuple):
    """Root posts and who reposted them, as `kolgraph.influence.realised.realised` takes them."""

    author: NDArray[np.int64]
    time: NDArray[np.float64]
    post: NDArray[np.int64]
    reposter: NDArray[np.int64]


def forwarding(workspace: Workspace, *, relations: Relations = ("follow",), raw: bool = False) -> tuple[Graph, bool]:
    """Along which edges a post travels, and whether their weights are probabilities.

    They are where there are reposts to learn them from; else all that is known is how many accounts somebody follows.

    Parameters
    ----------
    workspace : Workspace
    relations : str, list, or mapping to a factor
    raw : bool
        Learn from everybody alike; by default what ring members forward is learnt apart.
    """
    from kolgraph.graph import Graph

    graph = Graph.from_workspace(workspace, relations=relations)
    learnt = learn(workspace, graph, raw=raw)
    return (graph, False) if np.isinf(learnt.strength) else (learnt.graph, True)


def learn(
    workspace: Workspace, graph: Graph, *, raw: bool = False, followings: NDArray[np.float64] | None = None
) -> Probabilities:
    """Learn from all reposts how likely every edge is to carry a post on; see `learn_probabilities`."""
    from kolgraph.influence import learn_probabilities

    taken = workspace.arrays(_TAKEN)
    counted = workspace.arrays(f"SELECT account, count(*) AS n FROM ({_PUBLISHED}) GROUP BY account ORDER BY account")
    posts = np.zeros(graph.n)
    posts[counted["account"]] = counted["n"]
    fake = real(workspace, raw=raw).fake
    return learn_probabilities(graph, taken["src"], taken["dst"], taken["n"], posts, fake=fake, followings=followings)


def read_moves(workspace: Workspace) -> Moves:
    """Every root post of a known author, and every account that reposted it."""
    numbered = f"SELECT *, row_number() OVER (ORDER BY post_id) - 1 AS number FROM ({_ROOTS})"
    posts = workspace.sql(f"SELECT account, ts FROM ({numbered}) ORDER BY number")
    moves = workspace.arrays(
        f"SELECT DISTINCT p.number AS post, r.src FROM reposts r JOIN ({numbered}) p ON p.post_id = r.root_id "
        "WHERE r.src IS NOT NULL ORDER BY ALL"
    )
    time = posts["ts"].to_numpy(np.float64, na_value=np.nan)
    return Moves(posts["account"].to_numpy(np.int64), time, moves["post"], moves["src"])


def read_profiles(workspace: Workspace) -> pd.DataFrame:
    """What platforms show of every account, in order of rows: followers, followings, posts, niche, age when seen."""
    columns = "followers::DOUBLE AS followers, followings::DOUBLE AS followings, posts::DOUBLE AS posts, niche"
    columns += f", (observed_ts - created_ts) / {_DAY_MS:.1f} AS age_days"
    return workspace.sql(f"SELECT {columns} FROM accounts ORDER BY account_key")


def read_follow_times(workspace: Workspace) -> NDArray[np.float64]:
    """When every follow came about, in the order of the edges of the graph of follows; NaN where nobody knows."""
    query = "SELECT since_ts FROM follows WHERE src IS NOT NULL AND dst IS NOT NULL ORDER BY dst, src"
    times: NDArray[np.float64] = workspace.sql(query)["since_ts"].to_numpy(np.float64, na_value=np.nan)
    return times


def read_engaged(workspace: Workspace, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Real followers of every account who forwarded a post of it, shape (n,); NaN where no post of it is known."""
    pairs = workspace.arrays(
        "SELECT DISTINCT f.src, f.dst FROM follows f JOIN reposts r ON r.src = f.src AND r.dst = f.dst "
        "WHERE f.src <> f.dst"
    )
    found = np.bincount(pairs["dst"], weights=weight[pairs["src"]], minlength=weight.size).astype(np.float64)
    authors = workspace.arrays(f"SELECT DISTINCT account FROM ({_ROOTS})")["account"]
    silent = np.ones(weight.size, bool)
    silent[authors] = False
    found[silent] = np.nan
    return found
