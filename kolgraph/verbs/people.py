"""Who is who on several platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.errors import InputError, option
from kolgraph.influence.consistency import DECLARED
from kolgraph.settings import tiers
from kolgraph.workspace import identities

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace


#: The accounts of who has several, and what they say of themselves.
_ACCOUNTS = f"""
    SELECT person_id, account_id, followers, {", ".join(DECLARED)} FROM identities JOIN accounts USING (account_key)
    QUALIFY count(*) OVER (PARTITION BY person_id) > 1 ORDER BY person_id, account_id
"""
_POSTS = f"""
    SELECT account_id, p.topics, p.created_ts AS time FROM posts p JOIN accounts ON account_key = author
    WHERE account_id IN (SELECT account_id FROM ({_ACCOUNTS}))
"""


def people(
    workspace: Workspace,
    *,
    candidates: bool = False,
    consistency: bool = False,
    unmatched: bool = False,
    top: int | None = None,
) -> pd.DataFrame:
    """People and their accounts, as the lists that were loaded say.

    Parameters
    ----------
    candidates : bool
        Instead: accounts that may belong to one person, with the evidence; see `identities.candidates`.
    consistency : bool
        Instead: accounts of one person, two by two, and whether they fit together; see
        `kolgraph.influence.consistency.Consistency`.
    unmatched : bool
        Instead: rows of price lists whose names no account has, and the closest names.
    top : int, optional
        Rows at most.
    """
    asked = {"candidates": candidates, "consistency": consistency, "unmatched": unmatched}
    several = [option(name) for name, wanted in asked.items() if wanted]
    if len(several) > 1:
        raise InputError(f"{' and '.join(several)} are {len(several)} questions: ask one")
    if candidates:
        return identities.candidates(workspace) if top is None else identities.candidates(workspace, limit=top)
    if consistency:
        found = _consistency(workspace)
    else:
        found = identities.unmatched(workspace) if unmatched else identities.people(workspace)
    return found if top is None else found.head(top)


def _consistency(workspace: Workspace) -> pd.DataFrame:
    from kolgraph.influence import consistency

    topics = (
        f"SELECT account_id, topic, count(*) AS n FROM (SELECT account_id, unnest(topics) AS topic FROM ({_POSTS})) "
    )
    return consistency(
        workspace.sql(_ACCOUNTS),
        workspace.sql(topics + "GROUP BY ALL ORDER BY ALL"),
        workspace.sql(f"SELECT account_id, time FROM ({_POSTS}) ORDER BY ALL"),
        tiers=tiers(),
    ).frame()
