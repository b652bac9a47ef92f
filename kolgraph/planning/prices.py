"""Prices and budgets in whole fen, rounded so that a plan never costs more than it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError, UnknownAccount

if TYPE_CHECKING:
    import pandas as pd

FEN = 100
#: Sums of prices stay far inside int64.
MOST_CNY = 10**10

Candidates: TypeAlias = "Mapping[str, float] | pd.Series[float] | pd.DataFrame"


def fen(amount: object, what: str, *, up: bool) -> int:
    """Whole fen: a price is rounded up, a budget down; the decimal digits as written count, not their binary image."""
    if isinstance(amount, Real | Decimal) and not isinstance(amount, bool):
        exact = Decimal(str(amount))
        if exact.is_finite() and 0 <= exact <= MOST_CNY:
            return int((exact * FEN).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))
    raise InputError(f"{what}: {amount!r} is not an amount of money from 0 to {MOST_CNY:,} CNY")


def price_list(
    candidates: Candidates, must: Iterable[str], never: Iterable[str]
) -> tuple[list[str], NDArray[np.int64]]:
    """Who may be booked, sorted by id, and for how many fen."""
    prices, banned = dict(_pairs(candidates)), set(never)
    for name in must:
        if name in banned:
            raise InputError(f"{name!r} is both demanded and banned; decide for one")
        if name not in prices:
            raise UnknownAccount.among([name], "the candidates with a price")
    names = sorted(prices.keys() - banned)
    if not names:
        raise AnalysisError("there is no candidate; give some accounts a price, or ban fewer")
    return names, np.array([fen(prices[name], f"price of {name}", up=True) for name in names], dtype=np.int64)


def _pairs(candidates: Candidates) -> list[tuple[str, Any]]:
    """Id and price from a mapping, a Series indexed by id, or a frame with ``price_cny`` (and ``account_id``)."""
    frame: Any = candidates
    if isinstance(candidates, Mapping):
        return [(str(name), price) for name, price in candidates.items()]
    if hasattr(frame, "columns"):
        if "price_cny" not in frame.columns:
            raise InputError("the table of candidates needs a column price_cny")
        frame = (frame.set_index("account_id") if "account_id" in frame.columns else frame)["price_cny"]
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        raise InputError(f"{str(twice)!r} has more than one price; keep one row per account")
    return [(str(name), price) for name, price in frame.items()]
