"""What accounts will move of which only totals of the past are known: the chance of anything, times the size of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]

#: Standard deviation, per standard deviation of a column, of the normal prior of the coefficients of the chance.
_PRIOR = 1.0
#: Accounts per coefficient below which a regression is not to be trusted (Peduzzi et al., J. Clin. Epidemiology 1996).
_PER_COEFFICIENT = 10
#: log(1 + reposts) of who is reposted at all: once at least, and not by more than there are people.
_LEAST, _MOST = float(np.log(2)), float(np.log(8.2e9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurdle:
    """A fitted hurdle model.

    Attributes
    ----------
    columns : tuple of str
        What has to be known of an account.
    past : str
        The column that holds the total of its past reposts.
    followers : str or None
        The column that holds its followers.
    chance, size : ndarray of float64, shape (k,)
        Coefficients of the logit of the chance of any repost, and of log(1 + reposts) where there are any: of 1, of
        log(1 + x) of every column, of "no past", and of its product with the logarithm of followers.
    splice : float
        From this total of the past on accounts are ordered by it alone.
    """

    columns: tuple[str, ...]
    past: str
    followers: str | None
    chance: F64
    size: F64
    splice: float

    def predict(self, known: pd.DataFrame) -> pd.DataFrame:
        """Foretell the later reposts of accounts.

        Parameters
        ----------
        known : DataFrame, n rows
            Holds `columns`: totals, 0 or more; NaN is unknown.

        Returns
        -------
        DataFrame
            With the index of `known`, float64; NaN where a column is NaN. ``chance`` is that of any later repost, 0 to
            1, ``expected_log`` the expectation of log(1 + later reposts). ``score`` orders accounts: the same below
            the splice, and from it on, above all of those, log(1 + past) and a constant.

        Raises
        ------
        InputError
            A column is missing, or holds a negative or an infinite number.
        """
        import pandas as pd

        x = _described(known, self.columns, self.past, self.followers)
        chance, expected = _foretold(x, self.chance, self.size)
        past = x[:, 1 + self.columns.index(self.past)]
        score = np.where((past >= np.log1p(self.splice)) & ~np.isnan(expected), _MOST + past, expected)
        return pd.DataFrame({"score": score, "expected_log": expected, "chance": chance}, index=known.index)


def fit_hurdle(known: pd.DataFrame, later: ArrayLike, *, past: str, followers: str | None = None) -> Hurdle:
    """Learn from accounts of which later reposts are known what those of others will be.

    Most accounts move nothing, and a few very much: the chance of any repost is a logistic regression, log(1 + reposts)
    of those with any a linear one, both in log(1 + x) of every column, "no past", and its product with the logarithm of
    followers, for of an account without a past only its followers tell.

    Parameters
    ----------
    known : DataFrame, n rows
        What was known of the accounts before: totals of any kind (followers, reposts of the past, h-index), 0 or more.
        Rows with a NaN are not learnt from. What became known later, an account's suspension say, must not be in it.
    later : array_like, shape (n,)
        Reposts of each account after that, 0 or more; NaN where nobody knows.
    past : str
        The column that holds reposts of the past.
    followers : str, optional
        The column that holds followers, if there is one.

    Returns
    -------
    Hurdle

    Raises
    ------
    InputError
        A column is missing or holds a negative or an infinite number, lengths differ, or no account has later reposts.

    Notes
    -----
    Mullahy (Journal of Econometrics 1986), with logarithms for counts. The coefficients of the chance have a normal
    prior, sd 1 per standard deviation of a column: it is felt where accounts are few, and keeps them finite where the
    past tells the outcome perfectly.

    The accounts with the greatest past, 10 per coefficient, are too few to tell how the forecast bends there: they are
    above all others, and ordered by their past alone. O(n) per step of Newton's method.

    Examples
    --------
    >>> import pandas as pd
    >>> known = pd.DataFrame({"reposts": [0, 0, 0, 0, 9, 9, 9, 9, 9, 9]})
    >>> model = fit_hurdle(known, [0, 0, 0, 1, 0, 7, 7, 7, 7, 7], past="reposts")
    >>> model.predict(known.iloc[[0, 9]])["expected_log"].round(2).tolist()
    [0.22, 1.64]
    """
    columns = tuple(map(str, known.columns))
    x, y = _described(known, columns, past, followers), np.asarray(later, dtype=np.float64)
    if y.shape != (len(known),):
        raise InputError(f"later needs one number for each of {len(known):,} accounts")
    if (y < 0).any() or np.isinf(y).any():
        raise InputError("later reposts are counts: 0 or more, or NaN where nobody knows")
    rows = np.flatnonzero(~np.isnan(y) & ~np.isnan(x).any(1))
    x, y, total = x[rows], y[rows], known[past].to_numpy(np.float64, na_value=np.nan)[rows]
    if not (y > 0).any():
        raise InputError(f"none of {y.size:,} accounts has later reposts: there is nothing to learn from")
    chance, size = _fitted(x, y)
    few = min(_PER_COEFFICIENT * size.size, y.size)
    splice = float(np.partition(total, -few)[-few])
    return Hurdle(columns=columns, past=past, followers=followers, chance=chance, size=size, splice=max(splice, 1.0))


def _described(known: pd.DataFrame, columns: Sequence[str], past: str, followers: str | None) -> F64:
    """One row per account: 1, logarithms, no past, and its product with followers; NaN where something is unknown."""
    for name in (*columns, past, *([followers] if followers else [])):
        if name not in known:
            raise InputError(f"column {name} is missing; there are {', '.join(map(str, known.columns))}")
    values = {name: known[name].to_numpy(np.float64, na_value=np.nan) for name in columns}
    for name, column in values.items():
        if (column < 0).any() or np.isinf(column).any():
            raise InputError(f"column {name}: totals are numbers, 0 or more, or NaN where nobody knows")
    logs = {name: np.log1p(column) for name, column in values.items()}
    nothing = (values[past] == 0).astype(np.float64)
    product = [nothing * logs[followers]] if followers else []
    return np.column_stack([np.ones(len(known)), *logs.values(), nothing, *product])


def _fitted(x: F64, y: F64) -> tuple[F64, F64]:
    """Coefficients of the chance and of the size; a column that says nothing has none."""
    from sklearn.linear_model import LogisticRegression

    some = y > 0
    size = np.asarray(np.linalg.lstsq(x[some], np.log1p(y[some]), rcond=None)[0], dtype=np.float64)
    mean, spread = x[:, 1:].mean(0), x[:, 1:].std(0)
    scale = np.divide(1.0, spread, out=np.zeros(spread.size), where=spread > 0)
    chance = np.zeros(x.shape[1])
    if some.all():
        chance[0] = np.inf
        return chance, size
    model = LogisticRegression(C=_PRIOR**2, solver="newton-cholesky", tol=1e-8)
    model.fit((x[:, 1:] - mean) * scale, some)
    chance[1:] = model.coef_[0] * scale
    chance[0] = model.intercept_[0] - chance[1:] @ mean
    return chance, size


def _foretold(x: F64, chance: F64, size: F64) -> tuple[F64, F64]:
    """Chance of any repost, and expected log(1 + reposts)."""
    from scipy.special import expit

    some: F64 = expit(x @ chance)
    return some, some * np.clip(x @ size, _LEAST, _MOST)
