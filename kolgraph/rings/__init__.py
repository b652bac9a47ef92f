"""Rings: coordinated groups of accounts (water army, 水军), each with a case file."""

from kolgraph.rings.find import Ring, Rings, find_repost_rings, find_rings

__all__ = ["Ring", "Rings", "find_repost_rings", "find_rings"]
