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
    """What is known of accounts besides their posts."""
    from kolgraph.graph import Graph
    from kolgraph.influence import followed, tier_of

    loaded = coverage(workspace)
    table = workspace.sql(
        "SELECT followers::DOUBLE AS followers, platform, niche, verified, "
        f"((SELECT max(created_ts) FROM posts) - created_ts) / {_DAY_MS} AS age_days FROM accounts ORDER BY account_key"
    )
    for name in ("followers", "age_days"):
        table[name] = table[name].astype(np.float64).clip(lower=0)
    told = np.array([code is None or code == "no_follower" for code in loaded.reason], dtype=bool)
    follows = followed(Graph.from_workspace(workspace), real(workspace, raw=raw).weight)
    table = table.assign(**{name: np.where(told, part, np.nan) for name, part in follows.items()})
    return table.assign(
        tier=tier_of(np.where(table["followers"].isna(), loaded.followers, table["followers"]), tiers())
    )
