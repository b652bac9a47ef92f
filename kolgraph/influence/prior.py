"""What is expected of an account before its posts are looked at: by its followers, tier, platform, niche, age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]

#: Accounts with posts from which it can be learnt what features say.
FEWEST = 30
#: Kinds of a text column that are told apart, the most frequent ones; each of so many accounts with posts at least.
_KINDS, _FEWEST_OF_A_KIND = 20, 10


def design(known: pd.DataFrame, told: NDArray[np.bool_]) -> F64:
    """Features as numbers, shape (n, features): standardised on the accounts that are told, constant ones left out.

    Parameters
    ----------
    known : DataFrame
        Numbers >= 0 (log(1 + x) is taken; NaN where unknown, which is a feature, too), booleans, and texts (a kind).
    told : ndarray of bool, shape (n,)
        Accounts with posts.

    Raises
    ------
    InputError
        A number below 0.
    """
    columns: list[F64] = []
    for name in known.columns:
        if known[name].dtype.kind in "biuf":
            values = known[name].to_numpy(np.float64)
            if (values < 0).any():
                raise InputError(f"{name} must be a number >= 0, or unknown")
            there = np.isfinite(values)
            logs = np.log1p(values)
            middle = float(logs[told & there].mean()) if (told & there).any() else 0.0
            columns += [np.where(there, logs, middle), there.astype(np.float64)]
        else:
            kinds = known[name].to_numpy(object)
            counts = known[name][told].value_counts()
            frequent = sorted(counts[counts >= _FEWEST_OF_A_KIND].index.astype(str))[:_KINDS]
            columns += [(kinds == kind).astype(np.float64) for kind in frequent]
    x = np.column_stack(columns) if columns else np.empty((len(known), 0))
    mean, spread = x[told].mean(0), x[told].std(0)
    varied = spread > 1e-9
    return np.asarray((x[:, varied] - mean[varied]) / spread[varied])


def expected(known: pd.DataFrame, found: F64, error: F64, between: float, told: NDArray[np.bool_]) -> F64 | None:
    """Expected log location of every account, by regression; None where there is too little to learn from.

    Parameters
    ----------
    known : DataFrame
        See `design`.
    found, error : ndarray, shape (n,)
        What the counts alone say of the location of an account, and the variance of that; read where `told`.
    between : float
        Variance between accounts.
    told : ndarray of bool, shape (n,)

    Notes
    -----
    Linear regression whose penalty is found by its evidence (MacKay, Neural Computation 1992; scikit-learn), weighted
    by 1 / (between + error).
    """
    if told.sum() < FEWEST:
        return None
    x = design(known, told)
    if not x.shape[1]:
        return None
    from sklearn.linear_model import BayesianRidge

    weight = 1 / (between + error[told])
    fitted = BayesianRidge().fit(x[told], found[told], sample_weight=weight / weight.mean())
    # What nobody with posts looks like is no better known than the most extreme of those.
    least, most = x[told].min(0), x[told].max(0)
    return np.asarray(fitted.predict(np.clip(x, least, most)), dtype=np.float64)
