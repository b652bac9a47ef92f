"""Who is who on several platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.errors import InputError, option
from kolgraph.workspace import identities

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace


def people(
    workspace: Workspace, *, candidates: bool = False, unmatched: bool = False, top: int | None = None
) -> pd.DataFrame:
    """People and their accounts, as the lists that were loaded say.

    Parameters
    ----------
    candidates : bool
        Instead: accounts that may belong to one person, with the evidence; see `identities.candidates`.
    unmatched : bool
        Instead: rows of price lists whose names no account has, and the closest names.
    top : int, optional
        Rows at most.
    """
    if candidates and unmatched:
        raise InputError(f"{option('candidates')} and {option('unmatched')} are two questions: ask one")
    if candidates:
        return identities.candidates(workspace) if top is None else identities.candidates(workspace, limit=top)
    found = identities.unmatched(workspace) if unmatched else identities.people(workspace)
    return found if top is None else found.head(top)
