"""Choose the KOL combination with the largest real, non-overlapping reach, and say how good it can be at best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.influence.interval import wilson
from kolgraph.planning.pool import Pool, Sample, sample_pool
from kolgraph.results import Result

if TYPE_CHECKING:
    import pandas as pd

#: The certificate holds with probability 1 - DELTA.
DELTA = 0.01
FEN = 100


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
    """

    analysis: ClassVar[str] = "plan"
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
    pool: Pool

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
        return frame

    def summary(self) -> dict[str, Any]:
        """The numbers of the whole combination."""
        return {
            "kols": len(self.ids),
            "spent_cny": self.spent_cny,
            "reach": self.reach,
            "low": self.low,
            "high": self.high,
            "upper_bound": self.upper_bound,
            "certificate": self.certificate,
            "population": self.population,
            "cny_per_thousand": self.spent_cny / self.reach * 1000 if self.reach > 0 else None,
        }

    def compare(self, ids: Iterable[str]) -> pd.DataFrame:
        """Another combination on the same independent sample: own, marginal and cumulative reach per account."""
        import pandas as pd

        names = list(ids)
        own, fresh = _covered(self.pool.check, self.pool.graph, self.pool.graph.rows(names))
        unit = self.population / len(self.pool.check)
        columns = {"own_reach": own * unit, "marginal_reach": fresh * unit, "reach": np.cumsum(fresh) * unit}
        return pd.DataFrame(columns, index=pd.Index(names, name="account_id"))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``plans``."""
        return {
            "plans": self.frame().drop(columns="overlap").reset_index().assign(position=range(1, len(self.ids) + 1))
        }


def plan(
    source: Graph | Pool,
    *,
    candidates: Mapping[str, float],
    budget_cny: float | None = None,
    count: int | None = None,
    must: Iterable[str] = (),
    never: Iterable[str] = (),
    targets: NDArray[np.float64] | None = None,
    seed: int = 1,
    sets: int = 200_000,
) -> Plan:
    """Choose KOLs within a budget, a count, or both.

    Parameters
    ----------
    source : Graph or Pool
        A pool is used again as it is: `targets`, `seed` and `sets` are its own then.
    candidates : mapping of account id to price in CNY
    budget_cny : float, optional
        Never exceeded; prices are counted in whole fen.
    count : int, optional
        KOLs at most.
    must, never : iterable of ids
        Booked in any case, booked in no case.
    targets : ndarray, shape (n,), optional
        How much each account counts as reached; see `sample_pool`.
    seed, sets
        See `sample_pool`.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        No limit, a price that is negative or no number, an account both demanded and banned.
    UnknownAccount
        A candidate or demanded account is not in the graph.
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
    demanded, banned = list(dict.fromkeys(must)), set(never)
    names, cost = _prices(graph, candidates, demanded, banned)
    budget = None if budget_cny is None else _fen(budget_cny, "the budget")
    if budget is None and count is None:
        raise InputError("a plan needs a budget, a count, or both")
    if count is not None and count < 1:
        raise InputError(f"a plan needs a count of at least 1, not {count}")
    row = {name: i for i, name in enumerate(names)}
    forced = np.array([row[name] for name in demanded], dtype=np.int32)
    _check_limits(cost, forced, budget, count)
    pool = source if isinstance(source, Pool) else sample_pool(graph, targets=targets, sets=sets, seed=seed)
    picks, upper = _choose(pool, graph.rows(names), cost, budget, count, forced)
    if picks.size == 0:
        raise AnalysisError("no candidate reaches anybody of this audience; widen the candidates or the audience")
    chosen = [names[v] for v in picks]
    own, fresh = _covered(pool.check, graph, graph.rows(chosen))
    total, hits, unit = len(pool.check), int(fresh.sum()), pool.population / len(pool.check)
    low, high = (float(x[0]) * pool.population for x in wilson(np.array([hits]), total))
    lower_bound, upper_bound = _certify(hits, upper, total)
    return Plan(
        parameters={
            "budget_cny": budget_cny,
            "count": count,
            "candidates": len(names),
            "must": demanded,
            "never": sorted(banned),
            "sets": total,
            "model": "independent cascade, weighted-cascade probabilities",
        },
        seed=pool.seed,
        graph=graph.fingerprint,
        ids=tuple(chosen),
        prices_cny=tuple(int(cost[v]) / FEN for v in picks),
        own_reach=np.asarray(own * unit, dtype=np.float64),
        marginal_reach=np.asarray(fresh * unit, dtype=np.float64),
        reach=hits * unit,
        low=low,
        high=high,
        upper_bound=min(upper_bound * unit, pool.population),
        certificate=min(lower_bound / min(upper_bound, total), 1.0),
        population=pool.population,
        pool=pool,
    )


def _fen(amount: float, what: str) -> int:
    if not (isinstance(amount, int | float) and math.isfinite(amount) and amount >= 0):
        raise InputError(f"{what}: {amount!r} is not an amount of money >= 0")
    return round(amount * FEN)


def _prices(
    graph: Graph, candidates: Mapping[str, float], demanded: list[str], banned: set[str]
) -> tuple[list[str], NDArray[np.int64]]:
    if both := sorted(banned & set(demanded)):
        raise InputError(f"{both[0]!r} is both demanded and banned; decide for one")
    if unpriced := [name for name in demanded if name not in candidates]:
        raise UnknownAccount.among(unpriced, "the candidates with a price")
    names = sorted(name for name in candidates if name not in banned)
    if not names:
        raise AnalysisError("there is no candidate; give some accounts a price, or ban fewer")
    graph.rows(names)
    cost = np.array([_fen(candidates[name], f"price of {name}") for name in names], dtype=np.int64)
    return names, cost


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


def _choose(
    pool: Pool,
    rows: NDArray[np.int32],
    cost: NDArray[np.int64],
    budget: int | None,
    count: int | None,
    forced: NDArray[np.int32],
) -> tuple[NDArray[np.int32], float]:
    """The picks (positions in `rows`) and an upper bound on the sets of the first sample that any choice covers."""
    from kolgraph.kernels.cover import greedy
    from kolgraph.planning.bound import upper_bound

    ptr, sets, set_ptr, inside = _incidence(pool.choose, pool.graph.n, rows)
    limit = int(cost.sum()) if budget is None else budget
    most = rows.size if count is None else count
    ways = [greedy(ptr, sets, set_ptr, inside, cost, limit, most, forced, False)]
    if budget is not None:
        ways.append(greedy(ptr, sets, set_ptr, inside, cost, limit, most, forced, True))
    picks, _ = max(ways, key=lambda way: way[1])
    bound = upper_bound(ptr, sets, len(pool.choose), cost, budget, count, picks, forced=forced.size)
    return picks, bound


def _incidence(
    sample: Sample, n: int, rows: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Candidate -> sets and set -> candidates, both as CSR."""
    from kolgraph.kernels.cover import index_sets

    position = np.full(n, -1, np.int32)
    position[rows] = np.arange(rows.size, dtype=np.int32)
    ptr, sets = index_sets(sample.offsets, sample.members, position, rows.size)
    inside = position[sample.members]
    keep = inside >= 0
    before = np.concatenate([[0], np.cumsum(keep)])
    return ptr, sets, before[sample.offsets], inside[keep]


def _covered(sample: Sample, graph: Graph, rows: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sets of a sample that each account covers alone, and beyond those before it."""
    from kolgraph.kernels.cover import coverage

    unique, where = np.unique(rows, return_inverse=True)
    ptr, sets, _, _ = _incidence(sample, graph.n, unique.astype(np.int32))
    own, fresh = coverage(where.astype(np.int32), ptr, sets, len(sample))
    return own, fresh


def _certify(hits: int, upper: float, total: int) -> tuple[float, float]:
    """Bounds, in sets, on the coverage to expect of the choice and of the best one, each with probability 1 - DELTA/2.

    The first comes from the independent sample, the second from the sample chosen on (Tang et al., SIGMOD 2018, eq. 5
    and 8): martingale tail bounds, valid for any number of sets.
    """
    c = math.log(2 / DELTA)
    lower = max((math.sqrt(hits + 2 * c / 9) - math.sqrt(c / 2)) ** 2 - c / 18, 0.0)
    return lower, (math.sqrt(upper + c / 2) + math.sqrt(c / 2)) ** 2
