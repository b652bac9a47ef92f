"""Is a block work that was handed out, or did it grow? A score, calibrated on graphs in which nobody was paid.

Dense blocks are common among honest people: circles of friends, niches, fan clubs, the core of a forum. By degrees
alone they are as unlikely as a ring. What tells them apart is the rest of the graph: natural members share other
tastes, walks from them come back, their niche explains much of what they have in common, their zeal is heavy-tailed,
and their targets live without them. No mark decides alone. They are weighed by trees that were grown on natural graphs
and on rings hidden in them (``python -m tests.bench rings calibrate``, which writes `nature.json`), none of which may
rise where a mark says more for nature. How high a score must be for how many false accusations is measured on natural
graphs of a kind that the trees did not see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.evidence import Evidence

F64 = NDArray[np.float64]


def _at_most(count: float, due: float) -> float:
    """Logarithm of count / due at the upper end of what the count may mean: little is known from few."""
    return float(np.log((count + 2 + 2 * np.sqrt(count + 1)) / (due + 1e-3)))


#: Mark -> (what it is of a block, the direction in which it speaks for a ring: 1, -1, or 0 for either).
MARKS: Mapping[str, tuple[Callable[[Evidence], float], int]] = {
    "other_tastes": (lambda e: float(np.log((e.tastes + 0.5) / (e.tastes_expected + 0.5))), -1),
    "other_tastes_at_most": (lambda e: min(_at_most(e.tastes, e.tastes_expected), 5.0), -1),
    "tastes_known": (lambda e: float(np.log1p(e.tastes_expected)), 0),
    "return": (lambda e: float(np.log((e.walks + 0.5) / (e.walks_expected + 0.5))), -1),
    "surplus": (lambda e: float(np.clip(np.log(e.edges / e.expected), 0, 9)), 0),
    "surplus_over_niche": (lambda e: float(np.clip(np.log(e.edges / e.expected_in_niche), -3, 8)), 1),
    "bits": (lambda e: float(np.log(e.bits)), 1),
    "share_of_targets": (lambda e: float(np.log(e.share_of_targets)), 1),
    "reliance": (lambda e: e.reliance, 1),
    "share_of_members": (lambda e: e.share_of_members, 0),
    "other_edges": (lambda e: float(np.log1p(e.member_rest / e.member_edges.size)), 0),
    "dispersion": (lambda e: float(np.log(e.dispersion + 0.1)), -1),
    "target_dispersion": (lambda e: float(np.log(e.target_dispersion + 0.1)), -1),
    "outward": (lambda e: e.outward, 1),
    "density": (lambda e: float(np.log(e.density)), 0),
    "members": (lambda e: float(np.log(e.member_edges.size)), 0),
}


def marks(evidence: Evidence) -> F64:
    """The marks of a block, in order of `MARKS`, shape (k,)."""
    return np.array([of(evidence) for of, _ in MARKS.values()])


class Judgement(NamedTuple):
    """Score of a block, log odds of a ring in calibration, and how much each mark adds, shape (k,)."""

    score: float
    points: F64


class Trees:
    """Additive trees: a node goes left where a mark is at most its cut; every node knows what is due below it."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.start = float(facts["start"])
        self.trees = [{k: np.array(v) for k, v in tree.items()} for tree in facts["trees"]]
        self.rates = np.array(facts["rates"])  # false accusations per 1,000 accounts
        self.scores = np.array(facts["scores"])  # from which score on there were no more

    def judge(self, x: F64) -> Judgement:
        """Score and points of one block: the change of what is due along the path of each tree (Saabas 2014)."""
        points = np.zeros(x.size)
        score = self.start
        for tree in self.trees:
            at, value, cut, mark = 0, tree["value"], tree["cut"], tree["mark"]
            score += value[0]
            while mark[at] >= 0:
                below = tree["left"][at] if x[mark[at]] <= cut[at] else tree["right"][at]
                points[mark[at]] += value[below] - value[at]
                at = below
        return Judgement(float(score + points.sum()), points)

    def least(self, max_false: float) -> float:
        """Score from which on at most so many of 1,000 accounts were accused where nobody was paid."""
        return float(np.interp(np.log(max_false), np.log(self.rates), self.scores))


@cache
def trees() -> Trees:
    """The trees of this version."""
    return Trees(json.loads(files("kolgraph.rings").joinpath("nature.json").read_text()))


def judge(evidence: Evidence) -> Judgement:
    """Score of a block and the points of its marks."""
    return trees().judge(marks(evidence))
