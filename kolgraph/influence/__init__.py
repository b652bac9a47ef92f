"""Influence: how many real accounts an account moves, what its audience is worth, and why."""

from __future__ import annotations

from kolgraph.influence.audience import audiences, lookalikes, unique_reach
from kolgraph.influence.composition import Composition, composition
from kolgraph.influence.consistency import Consistency, consistency
from kolgraph.influence.coverage import Coverage, coverage
from kolgraph.influence.elasticity import per_follower
from kolgraph.influence.engagement import engagement
from kolgraph.influence.explanation import Explanation, explain
from kolgraph.influence.extrapolate import extrapolate_reach
from kolgraph.influence.growth import fast_growth, modified_z
from kolgraph.influence.hurdle import Hurdle, fit_hurdle
from kolgraph.influence.moved import moved
from kolgraph.influence.overlap import Overlap, overlap
from kolgraph.influence.past import above_tier, growth, h_index, median_reposts
from kolgraph.influence.prior import followed
from kolgraph.influence.probabilities import Probabilities, learn_probabilities
from kolgraph.influence.proven import Proven, proven
from kolgraph.influence.quality import Quality, quality, tier_of
from kolgraph.influence.rates import Rates
from kolgraph.influence.reach import reach
from kolgraph.influence.realised import Realised, realised
from kolgraph.influence.sampled import audience_share, ring_share, share_of_list
from kolgraph.influence.value import Usual, Value, usual, value
from kolgraph.influence.words import own_words, reply_rate

__all__ = [
    "Composition",
    "Consistency",
    "Coverage",
    "Explanation",
    "Hurdle",
    "Overlap",
    "Probabilities",
    "Proven",
    "Quality",
    "Rates",
    "Realised",
    "Usual",
    "Value",
    "above_tier",
    "audience_share",
    "audiences",
    "composition",
    "consistency",
    "coverage",
    "engagement",
    "explain",
    "extrapolate_reach",
    "fast_growth",
    "fit_hurdle",
    "followed",
    "growth",
    "h_index",
    "learn_probabilities",
    "lookalikes",
    "median_reposts",
    "modified_z",
    "moved",
    "overlap",
    "own_words",
    "per_follower",
    "proven",
    "quality",
    "reach",
    "realised",
    "reply_rate",
    "ring_share",
    "share_of_list",
    "tier_of",
    "unique_reach",
    "usual",
    "value",
]
