"""Influence: how many real accounts an account moves, what its audience is worth, and why."""

from __future__ import annotations

from kolgraph.influence.audience import audiences, lookalikes, unique_reach
from kolgraph.influence.consistency import Consistency, consistency
from kolgraph.influence.coverage import Coverage, coverage
from kolgraph.influence.explanation import Explanation, explain
from kolgraph.influence.extrapolate import extrapolate_reach
from kolgraph.influence.hurdle import Hurdle, fit_hurdle
from kolgraph.influence.moved import moved
from kolgraph.influence.overlap import Overlap, overlap
from kolgraph.influence.probabilities import Probabilities, learn_probabilities
from kolgraph.influence.proven import Proven, proven
from kolgraph.influence.quality import Quality, quality
from kolgraph.influence.reach import reach
from kolgraph.influence.realised import Realised, realised
from kolgraph.influence.sampled import audience_share, ring_share, share_of_list

__all__ = [
    "Consistency",
    "Coverage",
    "Explanation",
    "Hurdle",
    "Overlap",
    "Probabilities",
    "Proven",
    "Quality",
    "Realised",
    "audience_share",
    "audiences",
    "consistency",
    "coverage",
    "explain",
    "extrapolate_reach",
    "fit_hurdle",
    "learn_probabilities",
    "lookalikes",
    "moved",
    "overlap",
    "proven",
    "quality",
    "reach",
    "realised",
    "ring_share",
    "share_of_list",
    "unique_reach",
]
