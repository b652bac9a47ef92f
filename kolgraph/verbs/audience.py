"""How audiences overlap, and who has a similar one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kolgraph.results import Result
from kolgraph.verbs.asking import answer
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.niches import niches
from kolgraph.verbs.observed import read_profiles
from kolgraph.verbs.real import HALF, read_regions, real, targets

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from kolgraph.influence import Composition
    from kolgraph.influence.audience import Audiences
    from kolgraph.influence.overlap import Overlap
    from kolgraph.results import Scores
    from kolgraph.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Audience(Result):
    """The followers of some accounts.

    Attributes
    ----------
    everybody : Audiences
        All followers that were loaded.
    real : Audiences
        Those of them that count: no ring members, and members of the niche and region that were asked for.
    whole : Overlap
        The same, estimated for the whole audiences where only a sample of them is loaded.
    groups : Composition
        Regions and niches of the followers that count: shares of the whole audiences, with intervals.
    """

    analysis: ClassVar[str] = "audience"
    everybody: Audiences
    real: Audiences
    whole: Overlap
    groups: Composition

    def frame(self) -> pd.DataFrame:
        """One row per account, as they were named: ``known`` followers, ``real`` ones, those that it alone has."""
        table = self.real.frame().rename(columns={"audience": "real"})
        table.insert(0, "known", self.everybody.frame()["audience"])
        return table.assign(whole=self.whole.size, reason=self.whole.reason)

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        parts = self.everybody.records(top), self.real.records(top), self.whole.size[:top], self.whole.reason[:top]
        return [
            {"account_id": row["account_id"], "known": everybody["audience"], "real": row["audience"]}
            | {"alone": row["alone"], "alone_share": row["alone_share"], "whole": float(size), "reason": reason}
            for everybody, row, size, reason in zip(*parts, strict=True)
        ]

    def pairs(self) -> pd.DataFrame:
        """How much every two of them share; see `Audiences.pairs`."""
        return self.real.pairs()

    def summary(self) -> dict[str, Any]:
        """What they reach together, of those loaded and of all."""
        whole = {f"whole_{name}": value for name, value in self.whole.summary().items() if name != "summed"}
        return self.real.summary() | whole


@answer(method=3)  # regions in any spelling; groups
def audience(
    workspace: Workspace,
    accounts: Sequence[str],
    *,
    niche: str | None = None,
    region: str | None = None,
    raw: bool = False,
) -> Audience:
    """Followers of some accounts, how they overlap, and where they live: all of them, and the real ones.

    Parameters
    ----------
    accounts : ids
    niche, region : str, optional
        Of the real ones count only the members of a detected niche, or of a region in any spelling.
    raw : bool
        Count everybody, ring members too.
    """
    from kolgraph.graph import Graph
    from kolgraph.influence import audiences, composition, overlap

    graph = Graph.from_workspace(workspace)
    weight = targets(workspace, niche=niche, region=region, raw=raw)
    everybody, counted = audiences(graph, accounts), audiences(graph, accounts, real=weight)
    loaded = coverage(workspace)
    whole = overlap(graph, loaded, accounts, real=weight)
    groups = composition(graph, loaded, accounts, read_groups(workspace), counted=weight >= HALF)
    return Audience(
        parameters={**counted.parameters, "whole": whole.run_id, "groups": groups.run_id},
        graph=counted.graph,
        everybody=everybody,
        real=counted,
        whole=whole,
        groups=groups,
    )


def read_groups(workspace: Workspace) -> dict[str, NDArray[np.object_]]:
    """Niche and region of every account: the detected niche, where none has a name the declared one."""
    found = niches(workspace).frame()["label"]
    if not found.notna().any():
        found = read_profiles(workspace)["niche"]
    return {"niche": found.to_numpy(object), "region": read_regions(workspace)}


@answer()
def similar(workspace: Workspace, account: str, *, raw: bool = False) -> Scores:
    """Accounts whose real followers are those of one account.

    Parameters
    ----------
    account : str
    raw : bool
        Count everybody, ring members too.
    """
    from kolgraph.graph import Graph
    from kolgraph.influence import lookalikes

    return lookalikes(Graph.from_workspace(workspace), account, real=real(workspace, raw=raw).weight)
