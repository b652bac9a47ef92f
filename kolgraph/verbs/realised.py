"""What posts of an account did move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.verbs.asking import answer
from kolgraph.verbs.observed import read_moves
from kolgraph.verbs.real import real

if TYPE_CHECKING:
    from kolgraph.influence import Realised
    from kolgraph.workspace import Workspace


def everybody_not_raw(parameters: Mapping[str, Any]) -> bool:
    """The answer that counts real accounts has its rows in the result tables."""
    return not parameters["raw"]


@answer(tabled=everybody_not_raw)
def realised(workspace: Workspace, *, raw: bool = False) -> Realised:
    """Count the real accounts that posts did move, per account and over time.

    Parameters
    ----------
    raw : bool
        Count everybody, ring members too.
    """
    from kolgraph.influence import realised as count

    who = real(workspace, raw=raw)
    return count(who.ids, *read_moves(workspace), real=who.weight)
