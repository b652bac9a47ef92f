"""Influence: how many real accounts an account moves, what its audience is worth, and why."""

from __future__ import annotations

from kolgraph.influence.audience import audiences, lookalikes, unique_reach
from kolgraph.influence.composition import Composition, composition
from kolgraph.influence.coverage import Coverage, coverage
from kolgraph.influence.explanation import Explanation, explain
from kolgraph.influence.extrapolate import extrapolate_reach
from kolgraph.influence.growth import growth, modified_z
from kolgraph.influence.overlap import Overlap, overlap
from kolgraph.influence.probabilities import Probabilities, learn_probabilities
from kolgraph.influence.quality import Quality, quality
from kolgraph.influence.reach import reach
from kolgraph.influence.realised import Realised, realised
from kolgraph.influence.sampled import audience_share, ring_share, share_of_list
from kolgraph.influence.value import Usual, Value, usual, value

__all__ = [
    "Composition",
    "Coverage",
    "Explanation",
    "Overlap",
    "Probabilities",
    "Quality",
    "Realised",
    "Usual",
    "Value",
    "audience_share",
    "audiences",
    "composition",
    "coverage",
    "explain",
    "extrapolate_reach",
    "growth",
    "learn_probabilities",
    "lookalikes",
    "modified_z",
    "overlap",
    "quality",
    "reach",
    "realised",
    "ring_share",
    "share_of_list",
    "unique_reach",
    "usual",
    "value",
]
