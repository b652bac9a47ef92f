"""Name niches by what their members write about more than others do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError, UnknownName

if TYPE_CHECKING:
    import pandas as pd

#: Topics with their scores, best first.
Topics: TypeAlias = tuple[tuple[str, float], ...]


def label_communities(
    ids: NDArray[np.object_], community: NDArray[np.int32], topics: pd.DataFrame | None, *, top: int = 5
) -> tuple[tuple[str, ...], tuple[Topics, ...]]:
    """A distinct label and the most telling topics of every community.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    community : ndarray of int32, shape (n,)
        ``0 .. k-1``, or -1 for accounts in none.
    topics : DataFrame or None
        ``account_id, topic, n``: how often an account wrote about a topic. Accounts that are not in `ids` are left out.
    top : int
        At most so many topics per community.

    Returns
    -------
    labels : tuple of str, length k
        The first topic, with the next ones until no larger community has that label; ``niche 3`` where none is known.
    topics : tuple of tuples of (topic, score), length k
        Best first; equal scores in order of the text. Scores are >= 0.

    Raises
    ------
    UnknownName
        A column is missing.
    InputError
        A count that is not a finite number >= 0.

    Notes
    -----
    c-TF-IDF of Grootendorst (2022): share of the topic in the community, times ln(1 + A / f) with f the weight of the
    topic everywhere and A the mean weight of a community. Every account has one vote, split over its topics, so one
    noisy account cannot name a niche. O(rows of topics).

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"account_id": ["a", "b", "b"], "topic": ["tea", "cars", "tea"], "n": [2, 3, 1]})
    >>> label_communities(np.array(["a", "b"], dtype=object), np.array([0, 1], dtype=np.int32), told)[0]
    ('tea', 'cars')
    """
    k = int(community.max(initial=-1)) + 1
    best = tuple(() for _ in range(k)) if topics is None else _best_topics(ids, community, topics, k, top)
    labels: list[str] = []
    for number, names in enumerate(best):
        labels.append(_distinct([name for name, _ in names], number, labels))
    return tuple(labels), best


def _best_topics(
    ids: NDArray[np.object_], community: NDArray[np.int32], topics: pd.DataFrame, k: int, top: int
) -> tuple[Topics, ...]:
    import pandas as pd

    for column in ("account_id", "topic", "n"):
        if column not in topics.columns:
            raise UnknownName.among("column", column, map(str, topics.columns))
    n = topics["n"].to_numpy(np.float64)
    if not (np.isfinite(n) & (n >= 0)).all():
        raise InputError("topics: a count n is not a finite number >= 0")
    where = pd.Index(ids).get_indexer(topics["account_id"])
    keep = (where >= 0) & topics["topic"].notna().to_numpy() & (n > 0)
    keep &= community[where] >= 0
    who, share = where[keep], n[keep]
    share = share / np.bincount(who, weights=share, minlength=ids.size)[who]
    code, names = pd.factorize(topics["topic"][keep].astype(str), sort=True)
    if not names.size:
        return tuple(() for _ in range(k))
    cell = community[who].astype(np.int64) * names.size + code
    table = np.bincount(cell, weights=share, minlength=k * names.size).reshape(k, names.size)
    rarity = np.log1p(table.sum() / k / table.sum(axis=0))
    score = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300) * rarity
    order = np.argsort(-score, axis=1, kind="stable")[:, :top]
    return tuple(tuple((str(names[t]), float(score[c, t])) for t in order[c] if score[c, t] > 0) for c in range(k))


def _distinct(names: Sequence[str], number: int, taken: Sequence[str]) -> str:
    """The shortest run of topics that is not taken; the number settles the rest."""
    for length in range(1, len(names) + 1):
        label = " / ".join(names[:length])
        if label not in taken:
            return label
    return f"{names[0]} {number}" if names else f"niche {number}"
