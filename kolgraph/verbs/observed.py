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
    SELECT post_id, any_value(account ORDER BY place, account) AS account, min(place) <> 1 AS original FROM (
        SELECT post_id, author AS account, 0 AS place FROM posts
        UNION ALL SELECT post_id, src, 1 FROM reposts
        UNION ALL SELECT root_id, dst, 2 FROM reposts WHERE root_id IS NOT NULL)
    WHERE account IS NOT NULL GROUP BY post_id
"""
#: From whom somebody took which post: from the author of its parent or, where that is unknown, of the root. Posts get
#: numbers without being sorted.
_TAKEN = f"""
    WITH published AS ({_PUBLISHED})
    SELECT DISTINCT r.src, coalesce(p.account, r.dst) AS dst,
           (hash(coalesce(r.parent_id, r.root_id, r.post_id)) >> 1)::BIGINT AS post,
           coalesce(p.original, true) AS original
    FROM reposts r LEFT JOIN published p ON p.post_id = r.parent_id
    WHERE r.src IS NOT NULL AND coalesce(p.account, r.dst) IS NOT NULL ORDER BY ALL
"""
#: What platforms show of a post.
SHOWN = ("reposts", "likes", "comments", "views")
_COUNTS = ", ".join(f"coalesce({name}::DOUBLE, 'nan') AS {name}" for name in SHOWN)
_ROUNDED = " + ".join(
    f"CASE WHEN list_contains(rounded, '{name}') THEN {1 << bit} ELSE 0 END" for bit, name in enumerate(SHOWN)
)
#: Root posts of known authors: what is loaded, and what the platform shows. ``light``: who does not count in full.
#: Posts are joined by their text once, and by number from there on; nothing is sorted here: that takes longest.
_PAST = f"""
    WITH light AS (SELECT unnest(?::INTEGER[]) AS src, unnest(?::DOUBLE[]) AS weight),
         acts AS (SELECT p.rowid AS number, CASE WHEN p.rowid IS NULL THEN r.root_id END AS name, r.src,
                         min(coalesce(p.author, r.dst)) AS account, count(*) AS n
                  FROM reposts r LEFT JOIN posts p ON p.post_id = r.root_id WHERE r.root_id IS NOT NULL GROUP BY ALL),
         spread AS (SELECT number, name, min(account) AS account, sum(n)::DOUBLE AS events,
                           sum(coalesce(weight, 1)) FILTER (src <> account) AS real
                    FROM acts LEFT JOIN light USING (src) GROUP BY ALL)
    SELECT coalesce(p.author, s.account)::BIGINT AS author, coalesce(created_ts::DOUBLE, 'nan') AS time,
           coalesce(events, 0) AS events, coalesce(real, 0) AS real, {_COUNTS}, ({_ROUNDED})::UTINYINT AS rounded,
           hash(coalesce(p.post_id, s.name)) AS place
    FROM posts p FULL JOIN spread s ON s.number = p.rowid WHERE coalesce(p.author, s.account) IS NOT NULL
"""


#: A day in milliseconds.
_DAY_MS = 86_400_000


class Past(NamedTuple):
    """Root posts of known authors and what came of them; one value per post, in order of authors.

    Attributes
    ----------
    author : ndarray of int64
        Row of the account.
    time : ndarray of float64
        Epoch milliseconds; NaN where unknown.
    moved : ndarray of float64
        Real accounts that reposted it, directly or through others, each once and the author not; NaN where unknown.
    source : ndarray of uint8
        What that stands on; see `kolgraph.influence.moved`.
    likes, comments, views : ndarray of float64
        As the platform shows them; NaN where it does not.
    rounded : ndarray of uint8
        Which counts were shown rounded: 1 reposts, 2 likes, 4 comments, 8 views, summed.
    share : ndarray of float64
        Real accounts per repost of the author; NaN where nothing is known of who reposts on the platform.
    """

    author: NDArray[np.int64]
    time: NDArray[np.float64]
    moved: NDArray[np.float64]
    source: NDArray[np.uint8]
    likes: NDArray[np.float64]
    comments: NDArray[np.float64]
    views: NDArray[np.float64]
    rounded: NDArray[np.uint8]
    share: NDArray[np.float64]


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
    return learn(workspace, graph, raw=raw).along(graph)


def learn(
    workspace: Workspace, graph: Graph, *, raw: bool = False, followings: NDArray[np.float64] | None = None
) -> Probabilities:
    """Learn from all reposts how likely every edge is to carry a post on; see `learn_probabilities`."""
    from kolgraph.influence import learn_probabilities

    taken = workspace.arrays(_TAKEN)
    counted = workspace.arrays(
        "SELECT account, count(*) AS published, count(*) FILTER (original) AS originals "
        f"FROM ({_PUBLISHED}) GROUP BY account ORDER BY account"
    )
    posts, originals = np.zeros(graph.n), np.zeros(graph.n)
    posts[counted["account"]], originals[counted["account"]] = counted["published"], counted["originals"]
    fake = real(workspace, raw=raw).fake
    return learn_probabilities(
        graph,
        taken["src"],
        taken["dst"],
        np.ones(taken["src"].size),
        posts,
        post=taken["post"],
        original=taken["original"],
        originals=originals,
        fake=fake,
        followings=followings,
    )


def read_past(workspace: Workspace, weight: NDArray[np.float64]) -> Past:
    """What every root post of a known author did; ``weight`` says how much every account counts (`real`)."""
    from kolgraph.influence import moved

    light = np.flatnonzero(weight != 1)
    posts = workspace.arrays(_PAST, [light, weight[light]])
    # In whatever order files were loaded, posts are in this one.
    order = np.lexsort((posts.pop("place"), posts["author"]))
    posts = {name: part[order] for name, part in posts.items()}
    told = (posts[name] for name in ("events", "real", "reposts"))
    found, source, share = moved(posts["author"], read_platforms(workspace), *told)
    kept = {name: posts[name] for name in ("author", "time", "likes", "comments", "views", "rounded")}
    return Past(moved=found, source=source, share=share, **kept)


def read_platforms(workspace: Workspace) -> NDArray[np.int64]:
    """The platform of every account as a number, in order of rows."""
    query = "SELECT dense_rank() OVER (ORDER BY platform) - 1 AS number FROM account_ids ORDER BY account_key"
    return np.asarray(workspace.arrays(query)["number"], dtype=np.int64)


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


def read_engaged(workspace: Workspace, weight: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Real followers of every account who forwarded a post of it, shape (n,); NaN where that is not ``known``."""
    pairs = workspace.arrays(
        "SELECT DISTINCT f.src, f.dst FROM follows f JOIN reposts r ON r.src = f.src AND r.dst = f.dst "
        "WHERE f.src <> f.dst"
    )
    found = np.bincount(pairs["dst"], weights=weight[pairs["src"]], minlength=weight.size)
    return np.where(known, found, np.nan)
