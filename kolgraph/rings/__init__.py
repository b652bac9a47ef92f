"""Rings: coordinated groups of accounts (water army, 水军), each with a case file; and who acts together."""

from kolgraph.rings.coordinated import Coordination
from kolgraph.rings.coordination import coordination
from kolgraph.rings.find import find_repost_rings, find_rings
from kolgraph.rings.result import Ring, Rings
from kolgraph.rings.rule import Rule
from kolgraph.rings.validated import Pairs, validated_pairs

__all__ = [
    "Coordination",
    "Pairs",
    "Ring",
    "Rings",
    "Rule",
    "coordination",
    "find_repost_rings",
    "find_rings",
    "validated_pairs",
]
