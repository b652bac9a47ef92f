"""How people speak to an account: shares of those with words of their own, and of comments that are answered."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.influence.scored import LEAST, shares
from kolgraph.results import Scores, digest


def own_words(
    ids: NDArray[np.object_], own: ArrayLike, people: ArrayLike, *, measure: str = "own_words", unknown: str
) -> Scores:
    """Share of those who spoke to an account who said something of their own.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    own, people : array_like, shape (n,)
        Real accounts that did, and that spoke at all; sums of weights. 0 of 0 where nothing is loaded.
    measure : str
        What the scores are called.
    unknown : str
        The reason where nothing is loaded.

    Returns
    -------
    Scores
        With the interval of Wilson, and ``people`` beside it; NA with fewer than four.

    Examples
    --------
    >>> own_words(np.array(["ann", "bob", "cai"]), [3, 0, 1], [4, 0, 1], unknown="no_text").reason.tolist()
    [None, 'no_text', 'too_few_voices']
    """
    whole = np.asarray(people, dtype=np.float64)
    reason = _few(whole, unknown)
    given = digest(np.asarray(own, dtype=np.float64), whole)
    return shares(measure, ids, own, whole, reason, {"people": whole}, given)


def reply_rate(
    ids: NDArray[np.object_], answered: ArrayLike, comments: ArrayLike, platform: NDArray[np.int64]
) -> Scores:
    """Share of the comments to an account that it answers in person.

    Parameters
    ----------
    ids : ndarray of str, shape (n,)
    answered, comments : array_like, shape (n,)
        Comments of real accounts that it answered, and all of them; sums of weights.
    platform : ndarray, shape (n,), int64
        Number of the platform of every account.

    Returns
    -------
    Scores
        With the interval of Wilson, and ``comments`` beside it. NA with fewer than four, and where nobody on the
        platform ever answers: then answers were not loaded.

    Examples
    --------
    >>> found = reply_rate(np.array(["ann", "bob", "cai"]), [1, 0, 0], [4, 4, 9], np.array([0, 0, 1]))
    >>> found.values.tolist(), found.reason.tolist()
    ([0.25, 0.0, nan], [None, None, 'no_answer'])
    """
    part, whole = np.asarray(answered, dtype=np.float64), np.asarray(comments, dtype=np.float64)
    silent = np.bincount(platform, weights=part)[platform] == 0
    reason = _few(whole, "no_comment")
    reason[(whole > 0) & silent] = "no_answer"
    return shares("reply_rate", ids, part, whole, reason, {"comments": whole}, digest(part, whole, platform))


def _few(whole: NDArray[np.float64], unknown: str) -> NDArray[np.object_]:
    reason = np.where(whole > 0, "too_few_voices", unknown).astype(object)
    reason[whole >= LEAST] = None
    return reason
