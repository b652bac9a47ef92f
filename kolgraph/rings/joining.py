"""One ring over all views: the same accounts found by what they follow and by what they repost are one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kolgraph.results import digest
from kolgraph.rings.nature import trees
from kolgraph.rings.result import Ring, Rings

#: Two blocks are one group if the smaller has at least this part of its members in the other.
SAME = 0.5


def join(found: Sequence[Rings], *, max_false: float) -> dict[str, Rings]:
    """The rings of every view, with one number, one score and one verdict for every group.

    Parameters
    ----------
    found : sequence of Rings
        One of each view.
    max_false : float
        As of `kolgraph.rings.Rule`.

    Returns
    -------
    mapping of str to Rings
        By relation. A group that shows in two views has the same number in both, the sum of its scores (what is seen in
        one says nothing of chance in the other), and its bits by view. Groups are numbered from 1, coordinated ones
        first, then by score.

    Notes
    -----
    A view that accuses is not outvoted by one that cannot tell, only by one that says fan club or community.
    O(blocks x members).
    """
    blocks = [ring for view in found for ring in view.rings]
    groups: dict[int, list[Ring]] = {}
    of: list[int] = []
    for i, ring in enumerate(blocks):
        own, group, most = set(ring.members), i, SAME
        for j, other in enumerate(blocks[:i]):
            shared = len(own.intersection(other.members)) / min(len(own), other.members.size)
            # One block of each view: two of one view are two groups, whatever a third has in common with both.
            if shared >= most and all(part.relation != ring.relation for part in groups[of[j]]):
                group, most = of[j], shared
        of.append(group)
        groups.setdefault(group, []).append(ring)
    least = trees().least(max_false)
    judged = [(*_verdict(parts, least), parts) for parts in groups.values()]
    judged.sort(key=lambda entry: (entry[0] != "coordinated", -entry[1]))
    by_view: dict[str, list[Ring]] = {view.relation: [] for view in found}
    for number, (verdict, score, parts) in enumerate(judged, start=1):
        views = {ring.relation: ring.bits for ring in parts}
        for ring in parts:
            said = replace(ring, number=number, verdict=verdict, score=score, views=views)
            by_view[ring.relation].append(said)
    return {view.relation: replace(view, rings=tuple(by_view[view.relation])) for view in found}


def strongest(views: Sequence[Rings]) -> Rings:
    """All groups in order of their numbers, each by the view with the most bits."""
    best: dict[int, Ring] = {}
    for view in views:
        for ring in view.rings:
            if ring.number not in best or ring.bits > best[ring.number].bits:
                best[ring.number] = ring
    rings = tuple(ring for _, ring in sorted(best.items()))
    parameters = dict(views[0].parameters) | {"relation": None, "items": None}
    graph = digest([view.graph for view in views])
    return Rings(
        relation="all",
        rings=rings,
        habit=all(view.habit for view in views),
        parameters=parameters,
        seed=views[0].seed,
        graph=graph,
    )


def _verdict(rings: Sequence[Ring], least: float) -> tuple[str, float]:
    """Verdict and score of a group, from those of its views."""
    told = [ring for ring in rings if ring.verdict != "cannot tell"]
    score = sum(ring.score for ring in told or rings)
    verdicts = {ring.verdict for ring in told}
    if len(rings) == 1 or not told:
        return rings[0].verdict, rings[0].score
    if "coordinated" in verdicts:
        return ("coordinated" if score >= least or verdicts == {"coordinated"} else "cannot tell"), score
    return ("fan club" if "fan club" in verdicts else "community"), score
