"""Why an account reaches as many as it does: whom, through whom, and what the rings have to do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.reach import audience
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

#: Followers that are drawn for in all runs together: an account of millions needs fewer runs for the same certainty,
#: because every run draws for each of its followers. And the fewest runs.
DRAWS, FEWEST = 1_000_000_000, 200


@dataclass(frozen=True, kw_only=True)
class Explanation(Result):
    """The reach of one account, taken apart; every number is a mean over the runs of a simulation.

    Attributes
    ----------
    account : str
    reach : float
        Real accounts that a post reaches, the account itself among them.
    shown : float
        The same with every account counted, ring members among them.
    without_rings : float
        Real accounts that a post would reach if the members of rings were not there to forward it.
    direct : float
        Real followers among `reach`.
    audiences : DataFrame
        ``kind, group, reached, share``: whom a post reaches by every kind of group that was asked for, most first.
    edges : DataFrame
        ``account_id, probability, onward, contribution``: followers that carry it on, those that bring most first;
        ``onward`` is the reach of the follower, ``contribution`` the product. Audiences of followers overlap, so the
        contributions add up to more than the reach.
    """

    analysis: ClassVar[str] = "explanation"
    account: str
    reach: float
    shown: float
    without_rings: float
    direct: float
    audiences: pd.DataFrame
    edges: pd.DataFrame

    @property
    def variant(self) -> str:
        """The account."""
        return self.account

    def summary(self) -> dict[str, Any]:
        """The four numbers."""
        return {name: getattr(self, name) for name in ("reach", "shown", "without_rings", "direct")}

    def frame(self) -> pd.DataFrame:
        """The edges."""
        return self.edges


def explain(
    graph: Graph,
    account: str,
    *,
    onward: NDArray[np.float64],
    targets: NDArray[np.float64] | None = None,
    probabilities: bool = False,
    fake: ArrayLike | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
    top: int = 10,
    runs: int = 20_000,
    seed: int,
) -> Explanation:
    """Take the reach of an account apart.

    Parameters
    ----------
    graph, targets, probabilities
        As in `kolgraph.influence.reach.reach`.
    account : str
    onward : ndarray, shape (n,)
        Reach of every account.
    fake : array_like, shape (n,), bool, optional
        Members of coordinated rings.
    groups : mapping of kind to array_like, shape (n,), optional
        The group of every account; None or "" where it is unknown.
    top : int
        Edges to name.
    runs : int
        Simulated posts; the standard error of a number is at most its standard deviation between posts / sqrt(runs).
        Fewer for an account of more than `DRAWS` / `runs` followers: the result says how many.
    seed : int

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        Arrays of another length; no run.
    UnknownAccount

    Notes
    -----
    Two simulations forwards, O(edges met) per run; runs x followers are bounded by `DRAWS`. Independent cascade (Kempe,
    Kleinberg & Tardos, KDD 2003).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "y", "bot"], ["ann", "ann", "ann"])
    >>> real = (g.ids != "bot").astype(float)
    >>> found = explain(g, "ann", onward=real, targets=real, fake=g.ids == "bot", seed=1)
    >>> found.reach, found.shown, found.edges["account_id"].tolist()
    (3.0, 4.0, ['x', 'y', 'bot'])
    """
    import pandas as pd

    from kolgraph.kernels.rrsets import count_reached

    row, weight = int(graph.rows([account])[0]), audience(graph, targets)
    fakes = np.zeros(graph.n, bool) if fake is None else np.asarray(fake, dtype=bool)
    labels = {kind: np.asarray(of, dtype=object) for kind, of in (groups or {}).items()}
    if any(array.shape != (graph.n,) for array in (fakes, onward, *labels.values())):
        raise InputError(f"fake, onward and groups need one value for each of {graph.n:,} accounts")
    if runs < 1:
        raise InputError(f"a simulation needs at least one run, not {runs}")
    runs = min(runs, max(FEWEST, DRAWS // max(1, int(graph.incoming.degree[row]))))
    into, strength = graph.incoming, np.ones(graph.n) if probabilities else graph.outgoing.strength
    seeds = np.array([row], np.int32)
    chance = count_reached(into.ptr, into.idx, into.weights, strength, seeds, runs, seed) / runs
    # Nobody forwards what a ring member posts, and ring members forward nothing.
    dst = np.repeat(np.arange(graph.n), into.degree)
    kept = np.where(fakes[into.idx] | fakes[dst], 0, into.weights if into.weights.size else 1).astype(np.float32)
    alone = count_reached(into.ptr, into.idx, kept, strength, seeds, runs, seed) / runs

    near = np.arange(into.ptr[row], into.ptr[row + 1])
    follower = into.idx[near]
    near, follower = near[follower != row], follower[follower != row]
    p = into.weights[near] if into.weights.size else np.ones(near.size)
    p = np.divide(p, strength[follower], out=np.zeros(near.size), where=strength[follower] > 0)
    edges = pd.DataFrame(
        {"account_id": graph.ids[follower], "probability": p, "onward": onward[follower]}
    ).assign(contribution=p * onward[follower])  # fmt: skip
    best = np.lexsort((edges["account_id"].astype(str), -edges["probability"], -edges["contribution"]))[:top]
    others = np.arange(graph.n) != row
    return Explanation(
        account=str(account),
        reach=float(chance @ weight),
        shown=float(chance.sum()),
        without_rings=float(alone @ weight),
        direct=float((p * weight[follower]).sum()),
        audiences=_by_group(labels, chance * weight * others),
        edges=edges.iloc[best].reset_index(drop=True),
        parameters={
            "runs": runs,
            "top": top,
            "kinds": sorted(labels),
            "input": digest(weight, strength, fakes, onward, *(of for _, of in sorted(labels.items()))),
        },
        seed=seed,
        graph=graph.fingerprint,
    )


def _by_group(labels: Mapping[str, NDArray[np.object_]], reached: NDArray[np.float64]) -> pd.DataFrame:
    """Whom it reaches besides itself, by kind of group."""
    import pandas as pd

    parts = []
    rows = np.flatnonzero(reached > 0)
    for kind, of in labels.items():
        name = pd.Series(of[rows]).fillna("").astype(str)
        total = pd.Series(reached[rows]).groupby(name.to_numpy()).sum()
        order = np.lexsort((total.index.astype(str), -total.to_numpy()))
        total = total.iloc[order]
        parts.append(
            pd.DataFrame(
                {"kind": kind, "group": total.index, "reached": total.to_numpy(), "share": total / total.sum()}
            )
        )
    columns = ["kind", "group", "reached", "share"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
