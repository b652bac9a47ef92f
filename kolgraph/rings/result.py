"""Rings: who, whom, how unlikely by chance; the case of one is in `kolgraph.rings.casefile`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.results import Result
from kolgraph.rings.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph


#: Points from which on a mark is worth telling: it moves the odds by a third.
HEAVY = 0.3


@dataclass(frozen=True, kw_only=True, eq=False)
class Ring:
    """A block of accounts and what they push, with its evidence.

    Attributes
    ----------
    number : int
        From 1, coordinated rings first, then by score; the same in all views that show the ring.
    relation : str
        The view: ``follow``, ``repost``, ``mention``.
    members : ndarray of str, shape (s,)
        Account ids.
    targets : ndarray of str, shape (t,)
        Ids of the accounts or posts they push; members are never targets.
    member_edges, target_edges : ndarray of int32, shapes (s,) and (t,)
        Edges of each inside the block.
    edges, expected : int, float
        Edges from members to targets, and as many as their other edges would give.
    expected_in_niche : float
        As many as equally active accounts of the same communities would have sent there.
    density : float
        edges / (s * t), at most 1.
    bits : float
        Surplus of edges in bits, less the price of naming the members and targets; positive.
    share_of_targets, share_of_members : float
        Part of all edges of the targets, and of the members, that lies in the block.
    dispersion : float
        Variance / mean of the members' edges: 1 - density for a flat workload, far above 1 for fans.
    target_dispersion : float
        Variance of the targets' edges over that of independent coin flips: 1 if every target is served alike.
    outward : float
        Part of the group's edges that leave the group.
    reliance : float
        A quarter of the targets owe at least this part of all their edges to the group.
    one_customer : float
        Largest part of the edges that reaches one account, or posts of one account: near 1 for fans of an idol.
    tastes, tastes_expected, walks, walks_expected : float
        What the rest of the graph says: pairs of members at other targets, and walks from members over other targets
        that come back, each beside what activity alone gives. Natural groups have many times more.
    member_rest, target_rest : int
        Edges of the members elsewhere, and of the targets from elsewhere.
    p : float
        Upper bound of the chance that degrees alone give any block as surprising (`kolgraph.rings.judging.chance`).
    score : float
        Log odds of a ring against a natural group in calibration (`kolgraph.rings.nature`).
    points : mapping of str to float
        What every mark adds to the score: above 0 it speaks for a ring, below for nature.
    views : mapping of str to float
        Bits by each view that shows the ring.
    verdict : str
        ``coordinated``, ``fan club``, ``community`` or ``cannot tell``; see `kolgraph.rings.judging`.
    """

    number: int
    relation: str
    members: NDArray[np.object_]
    targets: NDArray[np.object_]
    member_edges: NDArray[np.int32]
    target_edges: NDArray[np.int32]
    edges: int
    expected: float
    density: float
    bits: float
    share_of_targets: float
    share_of_members: float
    dispersion: float
    target_dispersion: float
    outward: float
    reliance: float
    one_customer: float
    expected_in_niche: float
    tastes: float
    tastes_expected: float
    walks: float
    walks_expected: float
    member_rest: int
    target_rest: int
    p: float
    score: float
    points: Mapping[str, float]
    views: Mapping[str, float]
    verdict: str

    @property
    def hypotheses(self) -> Mapping[str, list[str]]:
        """Marks that speak for work that was handed out (``coordinated``) and for nature (``community``)."""
        marks = sorted(self.points, key=lambda mark: -abs(self.points[mark]))
        heavy = [mark for mark in marks if abs(self.points[mark]) >= HEAVY]
        return {
            "coordinated": [mark for mark in heavy if self.points[mark] > 0],
            "community": [mark for mark in heavy if self.points[mark] < 0],
        }


_EVIDENCE = ("edges", "expected", "density", "bits", "share_of_targets", "share_of_members", "dispersion")
_SHOWN = (*_EVIDENCE, "target_dispersion", "outward", "reliance", "one_customer", "score", "verdict")
#: Fields of the evidence of a block that a ring keeps.
SHOWN = frozenset(Ring.__annotations__) & frozenset(Evidence.__annotations__)


@dataclass(frozen=True, kw_only=True)
class Rings(Result):
    """The rings of a graph.

    Attributes
    ----------
    relation : str
        ``follow``, ``repost`` or ``mention``: what an edge means.
    rings : tuple of Ring
        Coordinated ones first; fan clubs and communities stay listed, as counter-evidence.
    habit : bool
        Most blocks look like rings: this relation cannot be judged, and nobody is accused by it.
    null_bits : tuple of float
        Most bits of any block, in each of the random graphs with the same degrees that were asked for.
    """

    analysis: ClassVar[str] = "rings"
    relation: str
    rings: tuple[Ring, ...]
    habit: bool = False
    null_bits: tuple[float, ...] = ()

    @property
    def variant(self) -> str:
        """The relation: each has its own answer in the workspace."""
        return self.relation

    def frame(self) -> pd.DataFrame:
        """A row per ring, indexed by its number."""
        import pandas as pd

        return pd.DataFrame(self.records(), columns=["ring", "relation", "n_members", "n_targets", *_SHOWN]).set_index(
            "ring"
        )

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        return [
            {"ring": r.number, "relation": r.relation, "n_members": r.members.size, "n_targets": r.targets.size}
            | {name: getattr(r, name) for name in _SHOWN}
            for r in self.rings[:top]
        ]

    def summary(self) -> dict[str, Any]:
        """Rings and accounts accused, groups nobody can tell, and whether this can be judged at all."""
        verdicts = [ring.verdict for ring in self.rings]
        said = {"coordinated": verdicts.count("coordinated"), "accounts": len(self.accounts())}
        said |= {"cannot tell": verdicts.count("cannot tell")}
        return said | {"judged": "no: most groups here look handed out" if self.habit else "yes"}

    def entries(self) -> pd.DataFrame:
        """Members with the verdict on their ring: rings have no name that lasts."""
        import pandas as pd

        rows = [(str(i), ring.verdict, ring.members.size) for ring in self.rings for i in ring.members]
        return pd.DataFrame(rows, columns=["account_id", "verdict", "n_members"]).set_index("account_id")

    def members_frame(self) -> pd.DataFrame:
        """A row per member and target: ``ring, account_id, post_id, role, edges``; ids that do not apply are None."""
        import pandas as pd

        parts = []
        for ring in self.rings:
            posts = ring.relation == "repost" and self.parameters.get("items") != "accounts"
            target_column = "post_id" if posts else "account_id"
            for role, ids, edges in (
                ("member", ring.members, ring.member_edges),
                ("target", ring.targets, ring.target_edges),
            ):
                column = target_column if role == "target" else "account_id"
                part = pd.DataFrame(
                    {"ring": ring.number, "account_id": None, "post_id": None, "role": role, "edges": edges}
                )
                part[column] = ids
                parts.append(part)
        columns = ["ring", "account_id", "post_id", "role", "edges"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``rings`` and ``ring_members``."""
        left_out = ["target_dispersion", "outward", "reliance", "one_customer", "score"]
        table = self.frame().reset_index().drop(columns=left_out)
        return {"rings": table, "ring_members": self.members_frame()}

    def accounts(self) -> list[str]:
        """Ids of the members of coordinated rings, ascending; fan clubs and communities are not accused."""
        return sorted({str(i) for ring in self.rings if ring.verdict == "coordinated" for i in ring.members})

    def real_weights(self, graph: Graph) -> NDArray[np.float64]:
        """Weight of every account of a graph, shape (n,): 0 for members of coordinated rings, 1 for all others."""
        import pandas as pd

        return np.where(pd.Index(graph.ids).isin(self.accounts()), 0.0, 1.0)
