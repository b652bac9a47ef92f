"""From candidates to verdicts: every block scored, the surest first, no account judged twice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.rings.bipartite import Bipartite, Block
from kolgraph.rings.candidates import candidates
from kolgraph.rings.evidence import Evidence, Scale, weigh
from kolgraph.rings.nature import Judgement, judge, trees
from kolgraph.rings.refine import by_workload, refine
from kolgraph.rings.rule import Rule

I32 = NDArray[np.int32]


#: Below that many rings, and where they are no more than this part of all blocks, they stand out.
_MANY, _MOST = 8, 0.5
#: Blocks that come by degrees alone with a higher chance than this are not spoken of.
_CHANCE = 0.01
#: So much of its score a ring may lose when it is completed; what costs more is another block.
_SURE = 1.0
#: Who shares fewer targets shares them by chance too often to be accused of it.
_TARGETS = 5
#: Part of the edges that reaches one account from which on that account may be the reason for all.
_ONE_CUSTOMER = 0.5


class Judged(NamedTuple):
    """A block and what the trees say of it."""

    evidence: Evidence
    judgement: Judgement
    verdict: str = ""


def weighed(graph: Bipartite, owner: NDArray[np.int64], rule: Rule, seed: int) -> tuple[list[Evidence], Scale]:
    """Evidence of every candidate block that has any."""
    found, label = candidates(graph, blocks=rule.dense_blocks, seed=seed)
    scale = Scale(graph, label, owner, rule.min_members, rule.min_targets)
    evidence = (weigh(graph, block, scale) for block in found)
    return [one for one in evidence if one is not None], scale


def judged(graph: Bipartite, owner: NDArray[np.int64], rule: Rule, seed: int) -> tuple[list[Judged], bool]:
    """Blocks that share no account, the surest rings first; and whether work looks handed out everywhere here.

    Where most blocks of a graph look like rings, that is the habit of its kind, and says nothing of anybody: tags that
    always come together, a core without niches. Then nobody is accused.
    """
    found, scale = weighed(graph, owner, rule, seed)
    found = [one for one in found if chance(graph, one) <= _CHANCE]
    order = sorted((Judged(one, judge(one)) for one in found), key=lambda j: (-j.judgement.score, -j.evidence.bits))
    least = trees().least(rule.max_false)
    kept: list[Judged] = []
    taken = np.zeros(graph.m, bool)
    for candidate in order:
        # An account is judged once, in its strongest block. A later block stands on what it adds: else a known ring
        # that touches a fan club would make the fans look like its members.
        block = candidate.evidence.block
        fresh = block.users[~taken[block.users]]
        if fresh.size < block.users.size:
            evidence = weigh(graph, Block(fresh, block.items), scale) if fresh.size else None
            if evidence is None or chance(graph, evidence) > _CHANCE:
                continue
            candidate = Judged(evidence, judge(evidence))
        if candidate.judgement.score >= least:
            candidate = exact(graph, candidate, scale, taken, least)
        kept.append(candidate)
        taken[candidate.evidence.block.users] = True
    kept = [one._replace(verdict=verdict(graph, one, owner, least, rule)) for one in kept]
    accused = sum(one.verdict == "coordinated" for one in kept)
    habit = accused > _MANY and accused > _MOST * len(kept)
    if habit:
        kept = [one._replace(verdict=one.verdict.replace("coordinated", "cannot tell")) for one in kept]
    kept.sort(key=lambda one: (one.verdict != "coordinated", -one.judgement.score, -one.evidence.bits))
    return kept, habit


def exact(graph: Bipartite, one: Judged, scale: Scale, taken: NDArray[np.bool_], least: float) -> Judged:
    """The same ring with all its members: that there is one says its surest version, who is in it says the workload."""
    block = refine(graph, one.evidence.block, by_workload)
    if block is None:
        return one
    evidence = weigh(graph, Block(block.users[~taken[block.users]], block.items), scale)
    if evidence is None or chance(graph, evidence) > _CHANCE:
        return one
    whole = Judged(evidence, judge(evidence))
    return whole if whole.judgement.score >= max(least, one.judgement.score - _SURE) else one


def verdict(graph: Bipartite, one: Judged, owner: NDArray[np.int64], least: float, rule: Rule) -> str:
    """``coordinated``, ``fan club``, ``community``, or ``cannot tell`` what it is."""
    evidence, score = one.evidence, one.judgement.score
    unknown = float((owner[evidence.block.items - graph.m] < 0).mean()) > _ONE_CUSTOMER
    if score >= least:
        if evidence.target_edges.size < _TARGETS:
            return "cannot tell"
        if unknown:  # whether all is for one idol or for many customers is not loaded
            return "cannot tell"
        return "fan club" if evidence.one_customer > _ONE_CUSTOMER else "coordinated"
    if unknown:
        return "cannot tell"
    if evidence.one_customer > _ONE_CUSTOMER or evidence.dispersion > rule.fan_club_dispersion:
        return "fan club"
    return "cannot tell" if score >= 0 else "community"


def chance(graph: Bipartite, evidence: Evidence) -> float:
    """Upper bound of the chance that degrees alone give any block as surprising.

    The bits pay for naming the block among all of its size; the factor m x n pays for the choice of the size.
    """
    return float(min(1.0, 2.0 ** min(np.log2(float(graph.m) * graph.n) - evidence.bits, 0.0)))
