"""What posts of an account did move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.verbs.asking import answer
from kolgraph.verbs.observed import read_past
from kolgraph.verbs.real import real

if TYPE_CHECKING:
    from kolgraph.influence import Realised
    from kolgraph.workspace import Workspace


def everybody_not_raw(parameters: Mapping[str, Any]) -> bool:
    """The answer that counts real accounts has its rows in the result tables."""
    return not parameters["raw"]


@answer(method=2, tabled=everybody_not_raw)  # unknown is not nobody
def realised(workspace: Workspace, *, raw: bool = False) -> Realised:
    """Count the real accounts that posts did move, per account and over time.

    Parameters
    ----------
    raw : bool
        Count everybody, ring members too.
    """
    from kolgraph.influence import realised as count

    who = real(workspace, raw=raw)
    past = read_past(workspace, who.weight)
    return count(who.ids, past.author, past.time, past.moved)
