"""How audiences overlap, and who has a similar one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from kolgraph.results import Result
from kolgraph.verbs.asking import answer
from kolgraph.verbs.real import real, targets

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.influence.audience import Audiences
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
    """

    analysis: ClassVar[str] = "audience"
    everybody: Audiences
    real: Audiences

    def frame(self) -> pd.DataFrame:
        """One row per account, as they were named: ``known`` followers, ``real`` ones, those that it alone has."""
        table = self.real.frame().rename(columns={"audience": "real"})
        table.insert(0, "known", self.everybody.frame()["audience"])
        return table

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        known = {row["account_id"]: row["audience"] for row in self.everybody.records()}
        rows = [
            {"account_id": row["account_id"], "known": known[row["account_id"]]} | row for row in self.real.records(top)
        ]
        return [{"real" if name == "audience" else name: value for name, value in row.items()} for row in rows]

    def pairs(self) -> pd.DataFrame:
        """How much every two of them share; see `Audiences.pairs`."""
        return self.real.pairs()

    def summary(self) -> dict[str, Any]:
        """What they reach together."""
        return self.real.summary()


@answer()
def audience(
    workspace: Workspace,
    accounts: Sequence[str],
    *,
    niche: str | None = None,
    region: str | None = None,
    raw: bool = False,
) -> Audience:
    """Followers of some accounts and how they overlap: all of them, and the real ones.

    Parameters
    ----------
    accounts : ids
    niche, region : str, optional
        Of the real ones count only the members of a detected niche, or of a declared region.
    raw : bool
        Count everybody, ring members too.
    """
    from kolgraph.graph import Graph
    from kolgraph.influence import audiences

    graph = Graph.from_workspace(workspace)
    weight = targets(workspace, niche=niche, region=region, raw=raw)
    everybody, counted = audiences(graph, accounts), audiences(graph, accounts, real=weight)
    return Audience(parameters=counted.parameters, graph=counted.graph, everybody=everybody, real=counted)


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
