"""Rings: coordinated groups of accounts (water army, 水军), each with a case file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kolgraph.rings.coordinated import Coordination
    from kolgraph.rings.find import find_repost_rings, find_rings
    from kolgraph.rings.network import coordination
    from kolgraph.rings.result import Ring, Rings
    from kolgraph.rings.rule import Rule
    from kolgraph.rings.validated import Pairs, validated_pairs
    from kolgraph.rings.views import Group, Synchrony, find_synchronised

#: Where each name is: who reads an answer that is kept must not wait for the libraries that found it.
_HOME = {
    "Coordination": "coordinated",
    "Group": "views.synchrony",
    "Pairs": "validated",
    "Ring": "result",
    "Rings": "result",
    "Rule": "rule",
    "Synchrony": "views.synchrony",
    "coordination": "network",
    "find_repost_rings": "find",
    "find_rings": "find",
    "find_synchronised": "views.synchrony",
    "validated_pairs": "validated",
}

__all__ = [
    "Coordination",
    "Group",
    "Pairs",
    "Ring",
    "Rings",
    "Rule",
    "Synchrony",
    "coordination",
    "find_repost_rings",
    "find_rings",
    "find_synchronised",
    "validated_pairs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
