"""Whom to book: the KOL combination with the largest real, non-overlapping reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import AnalysisError, InputError, UnknownAccount, option
from kolgraph.regions import compared, regions
from kolgraph.results import digest
from kolgraph.verbs.asking import answer
from kolgraph.verbs.coverage import reasons
from kolgraph.verbs.observed import forwarding
from kolgraph.verbs.proven import proven
from kolgraph.verbs.quality import quality
from kolgraph.verbs.rank import rank
from kolgraph.verbs.real import somebody
from kolgraph.verbs.value import value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kolgraph.graph.snapshot import Relations
    from kolgraph.influence import Proven
    from kolgraph.planning import Plan, Pool
    from kolgraph.workspace import Workspace


#: Campaigns that are drawn for the interval of what one moves.
_RUNS = 4000


def _always(parameters: Mapping[str, Any]) -> bool:
    """The plan asked for last has its rows in ``plans``."""
    return not parameters["raw"]


def _rest(workspace: Workspace, **options: Any) -> Mapping[str, Callable[[], Pool]]:
    """The sets behind a plan are not kept: the same seed draws the same ones."""
    wanted = {name: options[name] for name in ("audience", "audience_region", "relations", "raw", "seed")}
    return {"pool": lambda: pool(workspace, **wanted)}


def _normal(parameters: dict[str, Any]) -> dict[str, Any]:
    """A budget of 60000 is one of 60000.0."""
    budget = parameters["budget"]
    return parameters | {"budget": float(budget)} if isinstance(budget, int) else parameters


@answer(method=3, tabled=_always, normal=_normal, rest=_rest)  # reach as its posts proved it
def plan(
    workspace: Workspace,
    *,
    budget: float | None = None,
    count: int | None = None,
    niche: str | None = None,
    region: str | None = None,
    audience: str | None = None,
    audience_region: str | None = None,
    must: Sequence[str] = (),
    never: Sequence[str] = (),
    relations: Relations = ("follow",),
    raw: bool = False,
    seed: int = 1,
) -> Plan:
    """Choose the KOL combination with the largest real, non-overlapping reach.

    Parameters
    ----------
    budget : float, optional
        CNY in total; never exceeded.
    count : int, optional
        KOLs at most; a budget, a count or both.
    niche, region : str, optional
        Of the KOLs that may be chosen, as declared; a region in any spelling (`kolgraph.regions`).
    audience, audience_region : str, optional
        Of the people to reach: a detected niche, a region.
    must, never : ids
    relations : str, list, or mapping to a factor
    raw : bool
        Count everybody, ring members too.
    seed : int

    Raises
    ------
    InputError, UnknownAccount, UnknownName
    AnalysisError
        Nothing fits.
    """
    from kolgraph.planning import plan as choose

    if budget is None and count is None:
        raise InputError(f"a plan needs a limit: {option('budget', 'CNY')}, {option('count', 'KOLS')}, or both")
    must = list(must)
    prices = candidates(workspace, niche=niche, region=region)
    unknown = _unknown(workspace, raw=raw)
    left_out = {account: unknown[account] for account in prices if account in unknown and account not in must}
    if len(left_out) == len(prices):
        raise AnalysisError(
            f"of no candidate enough followers are loaded to tell its reach; load follower lists, or {option('raw')}"
        )
    prices = {account: price for account, price in prices.items() if account not in left_out}
    if missing := [account for account in must if account not in prices]:
        everyone = candidates(workspace)
        if unpriced := [account for account in missing if account not in everyone]:
            raise UnknownAccount.among(unpriced, "the price list")
        prices |= {account: everyone[account] for account in missing}
    who: dict[str, Any] = {"audience": audience, "audience_region": audience_region, "raw": raw, "seed": seed}
    sets = pool(workspace, relations=relations, **who)
    found = choose(sets, candidates=prices, budget_cny=budget, count=count, must=must, never=list(never))
    warnings = _warnings(workspace, found, raw=raw)
    said = {**found.parameters, "left_out": digest(sorted(left_out.items())), "warnings": digest(warnings)}
    found = replace(found, warnings=warnings, left_out=tuple(sorted(left_out.items())), parameters=said)
    return _proved(workspace, found, relations=relations, **who)


def _proved(workspace: Workspace, found: Plan, *, relations: Relations, **who: Any) -> Plan:
    """The plan with what its reach was multiplied with, and what one post of each KOL moves."""
    from kolgraph.planning import campaign

    moves, times = _calibration(workspace, relations=relations, **who)
    if moves.model is None:
        return found
    found = replace(found, parameters={**found.parameters, "moved": moves.run_id})
    rows = found.pool.graph.rows(found.ids).astype(np.int64)
    calibration = tuple(times[rows].tolist())
    if not np.isfinite(moves.values[rows]).all():
        return replace(found, calibration=calibration)
    drawn = moves.draw(rows, _RUNS, seed=found.pool.seed)
    low, high = campaign(found.own_reach, found.marginal_reach, found.pool.targets[rows], drawn)
    return replace(found, calibration=calibration, campaign_low=low, campaign_high=high)


def _calibration(
    workspace: Workspace,
    *,
    relations: Relations,
    audience: str | None,
    audience_region: str | None,
    raw: bool,
    seed: int,
) -> tuple[Proven, NDArray[np.float64]]:
    """What posts prove to move, and what the reach of accounts that can be booked is to be multiplied with."""
    from kolgraph.planning import factors

    who: dict[str, Any] = {"niche": audience, "region": audience_region, "raw": raw, "seed": seed}
    moves, model = proven(workspace, **who), rank(workspace, by="reach", relations=relations, **who)
    own = somebody(workspace, niche=audience, region=audience_region, raw=raw)
    times = np.ones(own.size)
    key = workspace.arrays("SELECT account_key FROM accounts WHERE price_cny IS NOT NULL ORDER BY account_key")
    booked = key["account_key"]
    # What accounts like it move says less of an account without posts than its followers do.
    proved = np.where(moves.posts > 0, moves.expected, np.nan)
    parts = (model.values, own, proved, moves.location_sd)
    times[booked] = factors(*(part[booked] for part in parts))
    return moves, times


def _warnings(workspace: Workspace, found: Plan, *, raw: bool) -> tuple[tuple[str, str], ...]:
    """What is odd about the accounts that were chosen, in their order."""
    judged, worth = quality(workspace, raw=raw), value(workspace, raw=raw)
    said = list[tuple[str, str]]()
    for account, row in zip(found.ids, found.pool.graph.rows(found.ids), strict=True):
        said += [(account, code) for code in judged.growth(int(row)) or ()]
        said += [(account, code) for code in worth.said(int(row)) or ()]
    return tuple(said)


def _unknown(workspace: Workspace, *, raw: bool) -> dict[str, str]:
    """Accounts whose reach cannot be told, and why, as a code of `kolgraph.influence.Coverage`."""
    reason = reasons(workspace, raw=raw)
    ids = workspace.ids()
    return {ids[i]: reason[i] for i in range(ids.size) if reason[i] is not None}


def pool(
    workspace: Workspace,
    *,
    audience: str | None = None,
    audience_region: str | None = None,
    relations: Relations = ("follow",),
    raw: bool = False,
    seed: int = 1,
) -> Pool:
    """Draw the sets that plans for an audience are made from; hand them to `kolgraph.plan` for what-ifs.

    Of accounts that can be booked, followers forward as often more as posts prove to move more than the model says.
    """
    from kolgraph.planning import calibrated, sample_pool

    who: dict[str, Any] = {"audience": audience, "audience_region": audience_region, "raw": raw, "seed": seed}
    weight = somebody(workspace, niche=audience, region=audience_region, raw=raw)
    graph, learnt = forwarding(workspace, relations=relations, raw=raw)
    moves, times = _calibration(workspace, relations=relations, **who)
    if moves.model is not None:
        graph, learnt = calibrated(graph, times, probabilities=learnt), True
    return sample_pool(graph, targets=weight, probabilities=learnt, seed=seed)


def candidates(
    workspace: Workspace, *, niche: str | None = None, region: str | None = None, max_price: float | None = None
) -> dict[str, float]:
    """Accounts that can be booked (they have a price): id -> price in CNY.

    Raises
    ------
    AnalysisError
        There are none.
    """
    conditions, values = ["price_cny IS NOT NULL"], list[Any]()
    for condition, said in (("niche = ?", niche), ("price_cny <= ?", max_price)):
        if said is not None:
            conditions.append(condition)
            values.append(said)
    rows = workspace.fetch(
        "SELECT account_id, price_cny::DOUBLE, region, ip_region FROM accounts "
        f"WHERE {' AND '.join(conditions)} ORDER BY 1",
        values,
    )
    found = {account: price for account, price, _, _ in rows}
    if region is not None:
        wanted, places = compared(region) or region, regions(*([row[i] for row in rows] for i in (2, 3)))
        found = {
            account: price for (account, price), place in zip(found.items(), places, strict=True) if place == wanted
        }
    if not found:
        raise AnalysisError(
            "no account with a price fits; load a price list (account, price_cny), or widen niche, region or price"
        )
    return found
