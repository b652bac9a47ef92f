"""Rings: coordinated groups of accounts (water army, 水军), each with a case file."""

from kolgraph.rings.find import find_repost_rings, find_rings
from kolgraph.rings.result import Ring, Rings
from kolgraph.rings.rule import Rule

__all__ = ["Ring", "Rings", "Rule", "find_repost_rings", "find_rings"]
