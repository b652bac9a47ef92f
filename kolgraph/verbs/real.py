"""Who counts: the weight of every account, 0 for water army, 1 for an ordinary account, and why; decided here only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, UnknownName
from kolgraph.regions import compared, regions
from kolgraph.results import Result, digest
from kolgraph.verbs.asking import answer
from kolgraph.verbs.niches import niches
from kolgraph.verbs.rings import RELATIONS, rings

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Real(Result):
    """Who counts.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
        Accounts, in order of their keys: row numbers of every graph of the workspace.
    weight : ndarray of float64, shape (n,)
        0 for a member of a coordinated ring, 1 for everybody else.
    ring : ndarray of str, shape (n,)
        The ring of a member, ``follow:3``; None for everybody else.
    """

    analysis: ClassVar[str] = "real"
    ids: NDArray[np.object_]
    weight: NDArray[np.float64]
    ring: NDArray[np.object_]

    @property
    def fake(self) -> NDArray[np.bool_]:
        """Members of coordinated rings, shape (n,)."""
        return np.asarray(self.weight == 0)

    def frame(self) -> pd.DataFrame:
        """Accounts that do not count in full, and their rings, indexed by id."""
        import pandas as pd

        table = pd.DataFrame({"weight": self.weight, "ring": self.ring}, index=pd.Index(self.ids, name="account_id"))
        return table[self.weight < 1].sort_index()

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        rows = np.flatnonzero(self.weight < 1)
        rows = rows[np.argsort(self.ids[rows].astype(str), kind="stable")][:top]
        return [{"account_id": self.ids[i], "weight": float(self.weight[i]), "ring": self.ring[i]} for i in rows]

    def summary(self) -> dict[str, Any]:
        """How many count, and how many do not."""
        return {"accounts": self.ids.size, "fake": int(self.fake.sum())}


@answer()
def real(workspace: Workspace, *, raw: bool = False) -> Real:
    """Decide who counts, by the coordinated rings among followers and among reposters.

    Parameters
    ----------
    raw : bool
        Count everybody in full.
    """
    from kolgraph.graph import Graph

    ids = Graph.from_workspace(workspace).ids
    ring = np.full(ids.size, None, dtype=object)
    if not raw:
        row = {account: i for i, account in enumerate(ids.tolist())}
        for relation in reversed(RELATIONS):  # the first relation has the last word on which ring is named
            for block in rings(workspace, relation=relation).rings:
                if block.verdict == "coordinated":
                    ring[[row[str(member)] for member in block.members]] = f"{relation}:{block.number}"
    weight = np.array([1.0 if name is None else 0.0 for name in ring])
    # Known by what it says, not by the rings it is from: while the verdicts stay, so does all that stands on them.
    return Real(parameters={"raw": raw, "ring": digest(ring)}, graph=digest(ids), ids=ids, weight=weight, ring=ring)


def somebody(workspace: Workspace, **who: Any) -> NDArray[np.float64]:
    """`targets` of a question that has no answer where nobody counts.

    Raises
    ------
    UnknownName
    AnalysisError
        Nobody counts: the workspace is empty, or of this niche and region only members of rings are known.
    """
    weight = targets(workspace, **who)
    if not weight.any():
        raise AnalysisError(f"{workspace.path}: no account counts; load some with kolgraph load, or widen the audience")
    return weight


def targets(
    workspace: Workspace, *, niche: str | None = None, region: str | None = None, raw: bool = False
) -> NDArray[np.float64]:
    """How much every account counts as reached: by `real`, and 0 outside a detected niche or a region.

    Returns
    -------
    ndarray of float64, shape (n,)
        In order of account keys.

    Raises
    ------
    UnknownName
        No such niche or region.
    """
    weight: NDArray[np.float64] = real(workspace, raw=raw).weight.copy()
    if niche is not None:
        found = niches(workspace)
        weight[found.community != found.number(niche)] = 0
    if region is not None:
        known = read_regions(workspace)
        inside = known == (compared(region) or region)
        if not inside.any():
            raise UnknownName.among("region", region, {name for name in known if name is not None})
        weight[~inside] = 0
    return weight


def read_regions(workspace: Workspace) -> NDArray[np.object_]:
    """The region of every account, in order of account keys, as `kolgraph.regions` compares them; None if unknown.

    The one it declares or, where that is unknown, the one where the platform saw it.
    """
    said = workspace.sql("SELECT region, ip_region FROM accounts ORDER BY account_key")
    declared, seen = (said[name].astype(object).where(said[name].notna(), None) for name in ("region", "ip_region"))
    return np.array(regions(declared, seen), dtype=object)
