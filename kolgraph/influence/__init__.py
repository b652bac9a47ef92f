"""Influence: how many real accounts an account moves, what its audience is worth, and why."""

from __future__ import annotations

from kolgraph.centrality import Measure
from kolgraph.influence.audience import audiences, lookalikes, unique_reach
from kolgraph.influence.coverage import Coverage, coverage
from kolgraph.influence.explanation import Explanation, explain
from kolgraph.influence.extrapolate import extrapolate_reach
from kolgraph.influence.overlap import Overlap, overlap
from kolgraph.influence.probabilities import Probabilities, learn_probabilities
from kolgraph.influence.quality import Quality, quality
from kolgraph.influence.reach import reach
from kolgraph.influence.realised import Realised, realised
from kolgraph.influence.sampled import audience_share, ring_share, share_of_list

__all__ = [
    "REACH",
    "Coverage",
    "Explanation",
    "Overlap",
    "Probabilities",
    "Quality",
    "Realised",
    "audience_share",
    "audiences",
    "coverage",
    "explain",
    "extrapolate_reach",
    "learn_probabilities",
    "lookalikes",
    "overlap",
    "quality",
    "reach",
    "realised",
    "ring_share",
    "share_of_list",
    "unique_reach",
]

#: The measure of influence itself; a workspace gives it probabilities, real targets and niches (`kolgraph.verbs`).
REACH = Measure(
    compute=reach,
    seeded=True,
    en="real accounts that a post of it is expected to move",
    zh="一条内容预计带动的真实账号数",
    source="Kempe, Kleinberg & Tardos (2003); Borgs, Brautbar, Chayes & Lucier (2014)",
    cost="O(m + edges met by 5 n samples)",
)
