"""Niches: who belongs together, how surely, and what to call it."""

from kolgraph.niches.groups import Groups, components, label_propagation
from kolgraph.niches.labels import label_communities
from kolgraph.niches.leiden import Division, Niches, find_niches

__all__ = [
    "Division",
    "Groups",
    "Niches",
    "components",
    "find_niches",
    "label_communities",
    "label_propagation",
]
