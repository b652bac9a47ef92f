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
    max_false : float
        Accounts that may be accused wrongly, of every 1,000 where nobody was paid: measured on natural graphs, from 0.1
        to 30.
    dense_blocks : int
        Blocks peeled from the whole graph besides those found in communities.
    null_draws : int
        Random graphs with exactly the same degrees beside which the blocks are seen, beyond the bound that is always
        computed; each costs a search.

    Raises
    ------
    InputError
        An option out of range.
    """

    max_rings: int = 20
    min_members: int = 5
    min_targets: int = 3
    fan_club_dispersion: float = 4.0
    max_false: float = 1.0
    dense_blocks: int = 5
    null_draws: int = 0

    def __post_init__(self) -> None:
        least = {"max_rings": 1, "min_members": 2, "min_targets": 2, "dense_blocks": 0, "null_draws": 0}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise InputError(f"{name} must be at least {smallest}, not {getattr(self, name)}")
        if not 0.1 <= self.max_false <= 30:
            raise InputError(f"max_false={self.max_false} was not measured; choose 0.1 to 30 of 1,000 accounts")

    def plain(self) -> dict[str, Any]:
        """As an answer records it."""
        return asdict(self)
