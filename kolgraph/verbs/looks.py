"""What accounts look like, read from the tables for `kolgraph.rings.views.account`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.verbs.heard import WORDS

if TYPE_CHECKING:
    from kolgraph.graph import Graph
    from kolgraph.rings.views.account import Features
    from kolgraph.workspace import Workspace

_DAY_MS = 86_400_000
_PROFILES = f"""
    SELECT name, followers::DOUBLE AS followers, followings::DOUBLE AS followings, bio, region, ip_region, verified,
           (observed_ts - created_ts) / {_DAY_MS:.1f} AS age_days
    FROM accounts ORDER BY account_key
"""
_EVENTS = """
    SELECT author AS account, created_ts::DOUBLE AS time FROM posts WHERE author IS NOT NULL AND created_ts IS NOT NULL
    UNION ALL SELECT src, ts::DOUBLE FROM reposts WHERE src IS NOT NULL AND ts IS NOT NULL
"""
#: Own words of everybody, and how often; a text without any is an empty one.
_TEXTS = f"""
    SELECT account, {WORDS} AS words, count(*) AS uses FROM (
        SELECT author AS account, text FROM posts
        UNION ALL SELECT src, text FROM reposts
        UNION ALL SELECT src, text FROM comments)
    WHERE account IS NOT NULL AND text IS NOT NULL GROUP BY ALL ORDER BY ALL
"""


def read_features(workspace: Workspace, graph: Graph) -> Features:
    """Age, circle, rhythm, words, name and profile of every account, in order of rows."""
    from kolgraph.rings.views.account import account_features
    from kolgraph.rings.views.text import same_words, shared

    profiles, events, texts = workspace.sql(_PROFILES), workspace.arrays(_EVENTS), workspace.sql(_TEXTS)
    account, uses = texts["account"].to_numpy(np.int64), texts["uses"].to_numpy(np.int64)
    number = same_words(texts["words"])
    followers, followings = (
        profiles[name].to_numpy(np.float64, na_value=np.nan) for name in ("followers", "followings")
    )
    return account_features(
        profiles,
        graph=graph,
        whole=(graph.incoming.degree >= followers) & (graph.outgoing.degree >= followings),
        events=(events["account"], events["time"]),
        texts=(np.repeat(account, uses), np.repeat(number, uses)),
        shared_bits=shared(account, number, uses, n=graph.n, max_pairs=0).bits,
    )


def read_degrees(workspace: Workspace, graph: Graph) -> dict[str, NDArray[np.float64]]:
    """Distinct edges of every account in the relations that rings are looked for in."""
    rows = workspace.arrays(
        "SELECT src, count(DISTINCT root_id) AS posts FROM reposts WHERE root_id IS NOT NULL AND src IS NOT NULL "
        "GROUP BY src ORDER BY src"
    )
    posts = np.bincount(rows["src"], weights=rows["posts"], minlength=graph.n)
    return {"follow": graph.outgoing.degree.astype(np.float64), "repost": posts.astype(np.float64)}
