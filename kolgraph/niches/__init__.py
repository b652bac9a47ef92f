"""Niches: who belongs together, how surely, and what to call it."""

from kolgraph.niches.labels import label_communities
from kolgraph.niches.leiden import Division, Niches, find_niches

__all__ = [
    "Division",
    "Niches",
    "find_niches",
    "label_communities",
]
