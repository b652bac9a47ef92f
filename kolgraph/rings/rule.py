"""What a search for rings looks for, and from when on it accuses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kolgraph.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Options of a search for rings.

    Attributes
    ----------
    max_rings : int
        At most so many blocks of all verdicts, coordinated ones first.
    min_members, min_targets : int
        Smallest block.
    fan_club_dispersion : float
        Variance / mean of the members' edges from which on a block is a fan club.
    min_share : float
        A quarter of a ring's targets owe it at least this part of their edges.
    max_accused : float
        If more than this part of the acting accounts came out as coordinated, evenness is the habit of this graph and
        proves nothing: all such blocks are called communities.
    dense_blocks : int
        Blocks peeled from the whole graph besides those found in communities.
    null_draws : int
        Shuffled graphs with the same degrees that a block has to beat; 0 skips them.

    Raises
    ------
    InputError
        An option out of range.
    """

    max_rings: int = 20
    min_members: int = 5
    min_targets: int = 3
    fan_club_dispersion: float = 4.0
    min_share: float = 0.6
    max_accused: float = 0.3
    dense_blocks: int = 5
    null_draws: int = 1

    def __post_init__(self) -> None:
        least = {"max_rings": 1, "min_members": 2, "min_targets": 2, "dense_blocks": 0, "null_draws": 0}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise InputError(f"{name} must be at least {smallest}, not {getattr(self, name)}")

    def plain(self) -> dict[str, Any]:
        """As an answer records it."""
        return asdict(self)
