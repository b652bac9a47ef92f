"""What is expected of an account before its posts are looked at: by its followers, tier, platform, niche, age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

F64 = NDArray[np.float64]

#: Accounts with posts from which it can be learnt what features say.
FEWEST = 30
#: Kinds of a text column that are told apart, the most frequent ones; each of so many accounts with posts at least.
_KINDS, _FEWEST_OF_A_KIND = 20, 10


def followed(graph: Graph, real: F64) -> dict[str, F64]:
    """What follows alone say of how many a post moves; nothing is learnt from reposts, or these would count twice.

    Parameters
    ----------
    graph : Graph
        Who follows whom.
    real : ndarray, shape (n,)
        How much every account counts.

    Returns
    -------
    dict of ndarray, shape (n,)
        ``real_followers``; ``attention``, their sum when each is divided by how many it follows, which is what the
        weighted cascade expects to forward but for its scale; ``beyond``, the same of these followers' followers, per
        unit of it. O(m).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "x", "y", "z"], ["ann", "bob", "ann", "x"])
    >>> {name: values[g.rows(["ann"])].tolist() for name, values in followed(g, np.ones(g.n)).items()}
    {'real_followers': [2.0], 'attention': [1.5], 'beyond': [0.3333333333333333]}
    """
    src, dst, _ = graph.edges()
    other = src != dst
    src, dst = src[other], dst[other]
    each = 1 / np.maximum(np.bincount(src, minlength=graph.n), 1)

    def total(part: F64) -> F64:
        return np.bincount(dst, weights=part[src], minlength=graph.n).astype(np.float64)

    near = total(real * each)
    beyond = np.divide(total(near * each), near, out=np.zeros(graph.n), where=near > 0)
    return {"real_followers": total(real), "attention": near, "beyond": beyond}


def design(known: pd.DataFrame, rows: NDArray[np.int64]) -> F64:
    """Features as numbers, shape (n, features): standardised on some accounts, without what is constant there.

    Parameters
    ----------
    known : DataFrame
        Numbers >= 0 (log(1 + x) is taken; NaN where unknown, which is a feature, too), booleans, and texts (a kind).
    rows : ndarray, shape (k,)
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
            middle = float(logs[rows][there[rows]].mean()) if there[rows].any() else 0.0
            columns += [np.where(there, logs, middle), there.astype(np.float64)]
        else:
            kinds = known[name].to_numpy(object)
            counts = known[name].iloc[rows].value_counts()
            frequent = sorted(counts[counts >= _FEWEST_OF_A_KIND].index.astype(str))[:_KINDS]
            columns += [(kinds == kind).astype(np.float64) for kind in frequent]
    x = np.column_stack(columns) if columns else np.empty((len(known), 0))
    mean, spread = x[rows].mean(0), x[rows].std(0)
    varied = spread > 1e-9
    return np.asarray((x[:, varied] - mean[varied]) / spread[varied])


def expected(known: pd.DataFrame, rows: NDArray[np.int64], found: F64, error: F64, between: float) -> F64 | None:
    """Expected log location of every account, by regression; None where there is too little to learn from.

    Parameters
    ----------
    known : DataFrame
        See `design`.
    rows : ndarray, shape (k,)
        Accounts with counts, to learn from.
    found, error : ndarray, shape (k,)
        What the counts alone say of their location, and the variance of that.
    between : float
        Variance between accounts.

    Notes
    -----
    Linear regression whose penalty is found by its evidence (MacKay, Neural Computation 1992; scikit-learn), weighted
    by 1 / (between + error). O(n features).
    """
    if rows.size < FEWEST:
        return None
    x = design(known, rows)
    if not x.shape[1]:
        return None
    from sklearn.linear_model import BayesianRidge

    weight = 1 / (between + error)
    fitted = BayesianRidge().fit(x[rows], found, sample_weight=weight / weight.mean())
    # Beyond the most extreme of those with posts, nothing more is known.
    return np.asarray(fitted.predict(np.clip(x, x[rows].min(0), x[rows].max(0))), dtype=np.float64)
