"""Rings: coordinated groups of accounts (water army, 水军), each with a case file."""

from kolgraph.rings.find import find_repost_rings, find_rings
from kolgraph.rings.result import Ring, Rings
from kolgraph.rings.rule import Rule
from kolgraph.rings.views import Group, Synchrony, find_synchronised

__all__ = ["Group", "Ring", "Rings", "Rule", "Synchrony", "find_repost_rings", "find_rings", "find_synchronised"]
