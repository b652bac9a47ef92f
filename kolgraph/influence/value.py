"""What an account costs, and how it is rated, against what it moves: who is dear, cheap, or has too many followers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

#: Accounts that a line needs. By trial: from here on the 95 % band of `usual` holds for 92 to 97 of 100 further
#: accounts with normal errors and up to a tenth of them far off; with those of a t with 5 degrees of freedom for 90.
FEWEST = 20
#: Points that a line is drawn through at most: its cost grows with their square.
MOST = 1_000
#: Makes the median absolute deviation of normal errors their standard deviation.
_MAD = 1.4826
#: What can be said of an account, the gravest first.
FLAGS = ("many_followers", "score_high", "dear", "cheap")

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at every x; NaN where nothing is known, and everywhere if there is a `reason`.

    Attributes
    ----------
    expected, low, high : ndarray of float64, shape (n,)
        On the line, and the band that holds 95 % of further accounts.
    reason : str or None
        ``too_few`` accounts, or ``no_spread`` in one of the two.
    """

    expected: F64
    low: F64
    high: F64
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Value(Result):
    """Prices, scores and followers beside what is usual for accounts like these.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    price, score, followers : Usual
        The price usual for what an account moves, the score usual for it, and the followers usual for its score.
    codes : ndarray of int8, shape (n,)
        Which of `FLAGS` are said, as a sum of powers of 2 in their order; -1 where nothing can be said.
    """

    analysis: ClassVar[str] = "value"
    ids: NDArray[np.object_]
    price: Usual
    score: Usual
    followers: Usual
    codes: NDArray[np.int8]

    def said(self, row: int) -> tuple[str, ...] | None:
        """What is said of one account; None where nothing can be."""
        code = int(self.codes[row])
        return None if code < 0 else tuple(name for bit, name in enumerate(FLAGS) if code >> bit & 1)

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """Accounts of which anything can be said, those outside of what is usual first, as plain values."""
        rows = np.flatnonzero(self.codes >= 0)
        rows = rows[np.lexsort((self.ids[rows].astype(str), self.codes[rows] == 0))][:top]
        return [
            {
                "account_id": str(self.ids[i]),
                "value": ", ".join(self.said(int(i)) or ()) or "usual",
                "price_low": float(self.price.low[i]),
                "price_high": float(self.price.high[i]),
            }
            for i in rows
        ]

    def frame(self) -> pd.DataFrame:
        """The rows of `records`, indexed by account id."""
        import pandas as pd

        rows = pd.DataFrame(self.records(), columns=["account_id", "value", "price_low", "price_high"])
        return rows.set_index("account_id")

    def summary(self) -> dict[str, Any]:
        """Of how many accounts anything can be said, and how many are outside of what is usual."""
        return {"accounts": int((self.codes >= 0).sum()), "unusual": int((self.codes > 0).sum())}


def usual(y: ArrayLike, x: ArrayLike) -> Usual:
    """Draw a robust line through accounts, with the band that holds 95 % of further ones.

    Parameters
    ----------
    y, x : array_like, shape (n,)
        NaN where unknown.

    Returns
    -------
    Usual

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    Median of the slopes of all pairs (Theil 1950; Sen, JASA 1968): up to 29 % of the accounts can be anywhere. The band
    is that of a line of least squares, ``t sd sqrt(1 + 1 / n + (x - mean)**2 / Sxx)``, with the scaled median absolute
    residual, times n / (n - 2), in the place of the standard deviation. Of more than `MOST` accounts as many, evenly
    along x, make the line. O(n log n).

    Examples
    --------
    >>> found = usual(np.arange(30.0) * 2 + np.tile([0, 1, -1], 10), np.arange(30.0))
    >>> round(float(found.expected[10]), 1), found.reason, usual([1.0], [1.0]).reason
    (20.0, None, 'too_few')
    """
    from scipy.stats import t, theilslopes

    up, along = np.asarray(y, dtype=np.float64), np.asarray(x, dtype=np.float64)
    if up.ndim != 1 or up.shape != along.shape:
        raise InputError("y and x must be equally long")
    nothing, rows = np.full(up.shape, np.nan), np.flatnonzero(np.isfinite(up) & np.isfinite(along))
    n = rows.size
    if n < FEWEST:
        return Usual(nothing, nothing, nothing, "too_few")
    ends = np.sort(along[rows])
    if ends[n // 4] == ends[-1 - n // 4]:  # half of them are at one place
        return Usual(nothing, nothing, nothing, "no_spread")
    order = rows[np.argsort(along[rows], kind="stable")]
    chosen = order[np.linspace(0, n - 1, min(n, MOST)).astype(np.int64)]
    slope = float(theilslopes(up[chosen], along[chosen])[0])
    start = float(np.median(up[rows] - slope * along[rows]))
    spread = _MAD * float(np.median(np.abs(up[rows] - start - slope * along[rows]))) * n / (n - 2)
    if spread < 1e-9:
        return Usual(nothing, nothing, nothing, "no_spread")
    middle = along[rows].mean()
    far = (along - middle) ** 2 / ((along[rows] - middle) ** 2).sum()
    half = t.ppf(0.975, n - 2) * spread * np.sqrt(1 + 1 / n + far)
    line = np.where(np.isfinite(along), start + slope * along, np.nan)
    return Usual(line, line - half, line + half, None)


def value(
    ids: NDArray[np.object_], moved: ArrayLike, *, price: ArrayLike, score: ArrayLike, followers: ArrayLike
) -> Value:
    """Compare what accounts cost, and how they are rated, with what they move.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
        Accounts.
    moved : array_like, shape (n,)
        Real accounts that a post moves, as it is known best; NaN where unknown.
    price : array_like, shape (n,)
        CNY per post; NaN or 0 where there is none.
    score : array_like, shape (n,)
        The rating that the agency or platform gives (星级, 指数), on one scale; NaN where there is none.
    followers : array_like, shape (n,)
        As the platform shows them.

    Returns
    -------
    Value
        Prices in CNY, scores in their own unit, followers in accounts.

    Raises
    ------
    InputError
        Lengths that differ.

    Notes
    -----
    Three lines (`usual`): the logarithm of the price along log(1 + moved), the score along log(1 + moved), and the
    logarithm of the followers along the score. Outside their 95 % bands an account is ``dear`` or ``cheap`` for what it
    moves, its ``score_high`` for what it moves, or it has ``many_followers`` for its score: of ordinary accounts one in
    forty is on each side. All are compared with each other, so a market that is dear as a whole is not seen.
    O(n log n).

    Examples
    --------
    >>> moved = np.arange(1.0, 41)
    >>> price = 100 * (moved + 1) * np.tile([0.9, 1.0, 1.1, 1.0], 10)
    >>> price[[3, 30]] *= [9, 1 / 9]
    >>> unknown = np.full(40, np.nan)
    >>> found = value(np.arange(40).astype(str), moved, price=price, score=unknown, followers=unknown)
    >>> [found.said(row) for row in (2, 3, 30)], found.score.reason
    ([(), ('dear',), ('cheap',)], 'too_few')
    """
    reach, cost, rated, shown = (np.asarray(part, dtype=np.float64) for part in (moved, price, score, followers))
    if reach.ndim != 1 or len({part.shape for part in (ids, reach, cost, rated, shown)}) != 1:
        raise InputError("ids, moved, price, score and followers must be equally long")
    logs = np.log1p(reach)
    cost, shown = (np.where(part > 0, part, np.nan) for part in (cost, shown))
    prices, scores, sizes = usual(np.log(cost), logs), usual(rated, logs), usual(np.log(shown), rated)
    said = {
        "many_followers": np.log(shown) > sizes.high,
        "score_high": rated > scores.high,
        "dear": np.log(cost) > prices.high,
        "cheap": np.log(cost) < prices.low,
    }
    known = np.isfinite(np.log(cost) - prices.expected) | np.isfinite(rated - scores.expected)
    known |= np.isfinite(np.log(shown) - sizes.expected)
    codes = sum(np.where(said[name], 1 << bit, 0) for bit, name in enumerate(FLAGS))
    return Value(
        ids=ids,
        price=_raised(prices),
        score=scores,
        followers=_raised(sizes),
        codes=np.where(known, codes, -1).astype(np.int8),
        parameters={"input": digest(reach, cost, rated, shown)},
        graph=digest(ids),
    )


def _raised(found: Usual) -> Usual:
    """Of logarithms the numbers."""
    return Usual(np.exp(found.expected), np.exp(found.low), np.exp(found.high), found.reason)
