"""Choose the KOL combination with the largest real, non-overlapping reach, and say how good it can be at best."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError
from kolgraph.graph import Graph
from kolgraph.influence.interval import wilson
from kolgraph.planning.choose import certify, choose, covered
from kolgraph.planning.pool import Pool, sample_pool
from kolgraph.planning.prices import FEN, Candidates, fen, price_list
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Plan(Result):
    """A combination in order of choice, its reach, and a bound on what any combination could reach.

    Attributes
    ----------
    ids : tuple of str
    prices_cny : tuple of float
    own_reach, marginal_reach : ndarray of float64
        Real accounts each KOL reaches alone, and beyond those before it.
    reach, low, high : float
        Of the whole combination, from sets it was not chosen on, with a 95 % interval.
    upper_bound : float
        No combination within the limits reaches more, with probability .99 (LP-dual bound).
    certificate : float
        Lower bound of this combination / upper bound of any: 0.9 means nothing is more than 11 % better.
    population : float
        Total weight of the audience.
    budget_cny : float or None
    pool : Pool
        The sets behind the numbers; hand it to `plan` for the next what-if.
    left_out : tuple of (id, code)
        Candidates that were not considered, because what is loaded cannot tell their reach, and why.
    calibration : tuple of float
        By what the reach of every KOL was multiplied, because its posts move more or less than the model says; empty
        where it was not.
    campaign_low, campaign_high : float or None
        90 % interval of the accounts that one post of each moves: posts differ, and of each only some are known. None
        where it is not known what posts moved.
    warnings : tuple of (id, code)
        What is odd about those that were chosen, and who is cheap (``warning.<code>`` of `kolgraph.locale.catalogue`).
    """

    analysis: ClassVar[str] = "plan"
    LEFT_OUT: ClassVar[tuple[str, ...]] = ("pool",)
    ids: tuple[str, ...]
    prices_cny: tuple[float, ...]
    own_reach: NDArray[np.float64]
    marginal_reach: NDArray[np.float64]
    reach: float
    low: float
    high: float
    upper_bound: float
    certificate: float
    population: float
    budget_cny: float | None
    pool: Pool
    left_out: tuple[tuple[str, str], ...] = ()
    calibration: tuple[float, ...] = ()
    campaign_low: float | None = None
    campaign_high: float | None = None
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def spent_cny(self) -> float:
        """What the combination costs."""
        return sum(round(price * FEN) for price in self.prices_cny) / FEN

    def frame(self) -> pd.DataFrame:
        """A row per KOL in order of choice, indexed by account id; overlap = share of its reach others reach before."""
        import pandas as pd

        own, marginal = self.own_reach, self.marginal_reach
        overlap = 1 - np.divide(marginal, own, out=np.ones_like(own), where=own > 0)
        columns = {"price_cny": self.prices_cny, "own_reach": own, "marginal_reach": marginal, "overlap": overlap}
        frame = pd.DataFrame(columns, index=pd.Index(self.ids, name="account_id"))
        frame["reach"] = np.cumsum(marginal)
        if self.calibration:
            frame["calibration"] = self.calibration
        if self.calibration:
            frame["calibration"] = self.calibration
        if self.warnings:
            frame["warnings"] = [self._warned(i) for i in self.ids]
        return frame

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        rows = zip(self.ids, self.prices_cny, self.own_reach.tolist(), self.marginal_reach.tolist(), strict=True)
        reach = np.cumsum(self.marginal_reach).tolist()
        found = [
            {"account_id": i, "price_cny": price, "own_reach": own, "marginal_reach": marginal}
            | {"overlap": 1 - marginal / own if own > 0 else 0.0, "reach": total}
            | ({"warnings": self._warned(i)} if self.warnings else {})
            for (i, price, own, marginal), total in zip(rows, reach, strict=True)
        ]
        for row, factor in zip(found, self.calibration, strict=False):
            row["calibration"] = factor
        return found[:top]

    def _warned(self, account: str) -> str:
        return ", ".join(code for who, code in self.warnings if who == account)

    def summary(self) -> dict[str, Any]:
        """The numbers of the whole combination."""
        return {
            "kols": len(self.ids),
            "spent_cny": self.spent_cny,
            "reach": self.reach,
            "low": self.low,
            "high": self.high,
            "campaign_low": self.campaign_low,
            "campaign_high": self.campaign_high,
            "upper_bound": self.upper_bound,
            "certificate": self.certificate,
            "population": self.population,
            "cny_per_thousand": self.spent_cny / self.reach * 1000 if self.reach > 0 else None,
            "budget_cny": self.budget_cny,
        }

    def compare(self, ids: Iterable[str]) -> pd.DataFrame:
        """Another combination on the same independent sample: own, marginal and cumulative reach per account."""
        import pandas as pd

        names = list(ids)
        # Of a plan that was kept the pool is drawn when it is asked for, from what the workspace holds by then.
        if (self.pool.graph.fingerprint, digest(self.pool.targets)) != (self.graph, self.parameters["targets"]):
            raise AnalysisError("what the plan was made from has changed since: ask for the plan again, then compare")
        own, fresh = covered(self.pool.check, self.pool.graph, self.pool.graph.rows(names))
        unit = self.population / len(self.pool.check)
        columns = {"own_reach": own * unit, "marginal_reach": fresh * unit, "reach": np.cumsum(fresh) * unit}
        return pd.DataFrame(columns, index=pd.Index(names, name="account_id"))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``plans``, positions from 1."""
        rows = self.frame().drop(columns=["overlap", "calibration", "warnings"], errors="ignore").reset_index()
        rows.insert(0, "position", range(1, len(rows) + 1))
        return {"plans": rows}


def plan(
    source: Graph | Pool,
    *,
    candidates: Candidates,
    budget_cny: float | None = None,
    count: int | None = None,
    must: Iterable[str] = (),
    never: Iterable[str] = (),
    targets: NDArray[np.float64] | None = None,
    seed: int | None = None,
    sets: int = 200_000,
) -> Plan:
    """Choose KOLs within a budget, a count, or both.

    Parameters
    ----------
    source : Graph or Pool
        A pool is used again as it is: `targets`, `seed` and `sets` are its own then.
    candidates : mapping, Series or DataFrame
        Account id -> price in CNY; a frame has the columns ``account_id`` (or that index) and ``price_cny``.
    budget_cny : float, optional
        Never exceeded: prices are rounded up to whole fen, the budget down.
    count : int, optional
        KOLs at most.
    must, never : iterable of ids
        Booked in any case, booked in no case.
    targets : ndarray, shape (n,), optional
        How much each account counts as reached; see `sample_pool`.
    seed, sets
        See `sample_pool`. A graph needs a seed.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        No limit, a price that is negative or no number, an account both demanded and banned, a graph without a seed,
        a pool with other targets.
    UnknownAccount
        A candidate, demanded or banned account is not in the graph, or a demanded one has no price.
    AnalysisError
        Nothing fits: the demanded ones exceed a limit, or no candidate is affordable or reaches anybody.

    Notes
    -----
    Greedy by gain, and with a budget also greedy by gain per price completed by the best single candidate, whichever
    covers more (Khuller, Moss & Naor 1999). Certificate: OPIM-C bounds (Tang et al., SIGMOD 2018), with the LP dual in
    the place of the greedy bound.

    Examples
    --------
    >>> g = Graph.from_edges(["a", "b", "c", "d"], ["x", "x", "y", "x"])
    >>> p = plan(g, candidates={"x": 10.0, "y": 10.0}, budget_cny=10.0, sets=2000, seed=1)
    >>> p.ids, p.spent_cny
    (('x',), 10.0)
    """
    graph = source.graph if isinstance(source, Pool) else source
    demanded, banned = list(dict.fromkeys(map(str, must))), sorted(set(map(str, never)))
    names, cost = price_list(candidates, demanded, banned)
    graph.rows(banned)  # a mistyped ban would book the account that was meant
    rows = graph.rows(names)
    budget = None if budget_cny is None else fen(budget_cny, "the budget", up=False)
    if budget is None and count is None:
        raise InputError("a plan needs a budget, a count, or both")
    if count is not None and (not isinstance(count, Integral) or count < 1):
        raise InputError(f"a plan needs a whole count of at least 1, not {count}")
    position = {name: i for i, name in enumerate(names)}
    forced = np.array([position[name] for name in demanded], dtype=np.int32)
    _check_limits(cost, forced, budget, count)
    pool = _pool(source, targets, seed, sets)
    picks, upper = choose(pool, rows, cost, budget, count, forced)
    if picks.size == 0:
        raise AnalysisError("no candidate reaches anybody of this audience; widen the candidates or the audience")
    chosen = [names[v] for v in picks]
    own, fresh = covered(pool.check, graph, rows[picks])
    total, hits, unit = len(pool.check), int(fresh.sum()), pool.population / len(pool.check)
    low, high = (float(x[0]) * pool.population for x in wilson(np.array([hits]), total))
    lower_bound, upper_bound = certify(hits, upper)
    return Plan(
        parameters={
            "budget_cny": budget_cny,
            "count": count,
            "candidates": len(names),
            "prices": digest(names, cost),
            "must": demanded,
            "never": banned,
            "targets": digest(pool.targets),
            "sets": total,
            "model": f"independent cascade, {pool.model}",
        },
        seed=pool.seed,
        graph=graph.fingerprint,
        ids=tuple(chosen),
        prices_cny=tuple(int(cost[v]) / FEN for v in picks),
        own_reach=np.asarray(own * unit, dtype=np.float64),
        marginal_reach=np.asarray(fresh * unit, dtype=np.float64),
        reach=hits * unit,
        low=min(low, hits * unit),  # rounding leaves the limits of 0 and of everybody a hair inside
        high=max(high, hits * unit),
        upper_bound=min(upper_bound * unit, pool.population),
        certificate=min(lower_bound / min(upper_bound, total), 1.0),
        population=pool.population,
        budget_cny=None if budget is None else budget / FEN,
        pool=pool,
    )


def _pool(source: Graph | Pool, targets: NDArray[np.float64] | None, seed: int | None, sets: int) -> Pool:
    if isinstance(source, Pool):
        if targets is not None:
            raise InputError("a pool has its audience already; give the targets to sample_pool")
        return source
    if seed is None:
        raise InputError("a plan from a graph draws random sets; give a seed, so that it can be repeated")
    return sample_pool(source, targets=targets, sets=sets, seed=seed)


def _check_limits(cost: NDArray[np.int64], forced: NDArray[np.int32], budget: int | None, count: int | None) -> None:
    if count is not None and forced.size > count:
        raise AnalysisError(f"{forced.size} accounts are demanded, but the count is {count}; raise it")
    if budget is None:
        return
    if (needed := int(cost[forced].sum())) > budget:
        raise AnalysisError(f"the demanded accounts cost {needed / FEN:,.2f} CNY, the budget is {budget / FEN:,.2f}")
    if forced.size == 0 and int(cost.min()) > budget:
        raise AnalysisError(
            f"no candidate is affordable: the cheapest costs {int(cost.min()) / FEN:,.2f} CNY, "
            f"the budget is {budget / FEN:,.2f}"
        )
