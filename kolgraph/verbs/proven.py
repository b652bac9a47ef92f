"""What the next post of every account moves, by what its posts did move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.settings import tiers
from kolgraph.verbs.asking import answer
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.observed import read_past
from kolgraph.verbs.real import real, somebody

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.influence import Proven
    from kolgraph.workspace import Workspace

_DAY_MS = 86_400_000.0


@answer(environment=lambda: dict(tiers()))
def proven(
    workspace: Workspace, *, niche: str | None = None, region: str | None = None, raw: bool = False, seed: int = 1
) -> Proven:
    """Tell what the next post of every account moves: its posts, shrunk to what accounts like it move.

    Parameters
    ----------
    niche, region : str, optional
        Count only the real members of a detected niche, or of a region.
    raw : bool
        Count everybody, ring members too.
    seed : int

    Returns
    -------
    Proven
        Real accounts that repost a post, directly or through others, the author not among them.

    Raises
    ------
    UnknownName
    AnalysisError
        Nobody counts.
    """
    from kolgraph.influence import proven as tell

    who = real(workspace, raw=raw)
    past = read_past(workspace, somebody(workspace, niche=niche, region=region, raw=raw))
    return tell(who.ids, past.author, past.time, past.moved, known=_known(workspace, raw=raw), seed=seed)


def _known(workspace: Workspace, *, raw: bool) -> pd.DataFrame:
    """What is known of accounts besides their posts; nothing that is learnt from reposts, or it would count twice."""
    from kolgraph.graph import Graph

    graph, loaded = Graph.from_workspace(workspace), coverage(workspace)
    table = workspace.sql(
        "SELECT followers::DOUBLE AS followers, created_ts::DOUBLE AS created, platform, niche, verified "
        "FROM accounts ORDER BY account_key"
    )
    shown = table["followers"].to_numpy(np.float64, na_value=np.nan)
    weight = real(workspace, raw=raw).weight
    src, dst, _ = graph.edges()
    other = src != dst
    src, dst = src[other], dst[other]
    # Who follows few accounts sees more of each: what the weighted cascade expects, but for its scale.
    share = weight / np.fmax(graph.outgoing.degree, 1)
    told = np.array([code is None or code == "no_follower" for code in loaded.reason], dtype=bool)
    born = table["created"].to_numpy(np.float64, na_value=np.nan)
    (last,) = workspace.fetch("SELECT max(created_ts)::DOUBLE FROM posts")[0]
    size = np.where(np.isnan(shown), loaded.followers, shown)
    tier = np.full(size.size, None, dtype=object)
    for name, least in sorted(tiers().items(), key=lambda item: item[1]):
        tier[size >= least] = name
    numbers = {
        "followers": shown,
        "real_followers": np.bincount(dst, weights=weight[src], minlength=graph.n),
        "attention": (near := np.bincount(dst, weights=share[src], minlength=graph.n)),
    }
    # The same of its followers, per unit of its own: how far beyond them a post gets.
    far = np.bincount(dst, weights=(near / np.fmax(graph.outgoing.degree, 1))[src], minlength=graph.n)
    numbers["beyond"] = np.divide(far, near, out=np.zeros(graph.n), where=near > 0)
    for name in ("real_followers", "attention", "beyond"):
        numbers[name] = np.where(told, numbers[name], np.nan)
    age = np.full(graph.n, np.nan) if last is None else np.maximum(last - born, 0) / _DAY_MS
    return table[["platform", "niche", "verified"]].assign(tier=tier, **numbers, age_days=age)
