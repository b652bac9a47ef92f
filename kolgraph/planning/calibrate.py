"""Plans by what posts proved to move: followers of a KOL forward it as often more as its posts move more, or less."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.graph import CSR, Graph

F64 = NDArray[np.float64]

#: Of what a whole campaign moves, the stretch between these shares is told: a 90 % interval.
SHARES = (0.05, 0.95)


def factors(reach: ArrayLike, own: ArrayLike, expected: ArrayLike, error: ArrayLike) -> F64:
    """What modelled reach is to be multiplied with, to be what is expected by an account's posts; shape (n,).

    Parameters
    ----------
    reach, own : array_like, shape (n,)
        Modelled real accounts that a post moves, the account itself among them, and what that counts.
    expected : array_like, shape (n,)
        Real accounts that act on a post, as its posts proved, the account not among them.
    error : array_like, shape (n,)
        Standard deviation of the log of that.

    Returns
    -------
    ndarray, shape (n,), float64
        What is usual where nothing is proved of an account; 1 where nobody is reached, and if nothing is proved at all.

    Notes
    -----
    Ratios differ by chance, too. Their logs are shrunk towards their mean as far as their errors explain how they
    differ, and none by more than one standard error, so that who differs by far is not drowned by the many who do not
    (limited translation; Efron & Morris, JASA 1971). O(n).

    Examples
    --------
    >>> factors([11.0, 11.0, 1.0], [1.0, 1.0, 1.0], [20.0, np.nan, 5.0], [0.1, 0.1, 0.1]).round(3).tolist()
    [2.0, 2.0, 1.0]
    """
    moved = np.asarray(reach, dtype=np.float64) - np.asarray(own, dtype=np.float64)
    told, sd = np.asarray(expected, dtype=np.float64), np.asarray(error, dtype=np.float64)
    known = np.isfinite(moved) & np.isfinite(told) & np.isfinite(sd) & (np.nan_to_num(moved) > 0)
    known &= np.nan_to_num(told) > 0
    found = np.ones(moved.shape)
    if known.any():
        z, noise = np.log(told[known] / moved[known]), sd[known] ** 2
        between = max(float(z.var() - noise.mean()), 0.0)
        shrunk = z.mean() + np.divide(between, between + noise, out=np.ones(z.size), where=noise > 0) * (z - z.mean())
        found[np.nan_to_num(moved) > 0] = np.exp(z.mean())
        found[known] = np.exp(z + np.clip(shrunk - z, -sd[known], sd[known]))
    return found


def calibrated(graph: Graph, factor: ArrayLike, *, probabilities: bool) -> Graph:
    """A graph of probabilities in which followers forward each account as often more as its factor says.

    Parameters
    ----------
    graph : Graph
        Follow edges, follower -> followed.
    factor : array_like, shape (n,)
        Of every account, > 0.
    probabilities : bool
        The weights of `graph` are probabilities; else they are shares of what a follower follows.

    Returns
    -------
    Graph
        Its weights are probabilities, at most 1.

    Raises
    ------
    InputError
        Another number of factors, or one that is not above 0.

    Notes
    -----
    What goes on from the followers is left as it is. O(m).
    """
    times = np.asarray(factor, dtype=np.float64)
    if times.shape != (graph.n,) or not (np.isfinite(times) & (times >= 0)).all():
        raise InputError(f"a factor is a number >= 0 for each of the {graph.n:,} accounts")
    src, dst, weight = graph.edges()
    strength = np.ones(graph.n) if probabilities else graph.outgoing.strength
    p = np.divide(weight, strength[src], out=np.zeros(graph.m), where=strength[src] > 0)
    into = graph.incoming
    return Graph(CSR(into.ptr, into.idx, np.minimum(p * times[dst], 1.0).astype(np.float32)), graph.id_table)


def campaign(own_reach: F64, marginal_reach: F64, own: ArrayLike, moved: F64) -> tuple[float, float]:
    """90 % interval of the real accounts that a combination moves with a post each.

    Parameters
    ----------
    own_reach, marginal_reach : ndarray, shape (k,)
        Accounts that each KOL reaches alone, and beyond those before it, itself among them.
    own : array_like, shape (k,)
        What each KOL counts itself.
    moved : ndarray, shape (runs, k)
        What next posts move, drawn at random (`Proven.draw`).

    Notes
    -----
    Of what a post moves the part counts that nobody before it reaches: as much of it as the model says.
    """
    itself = np.asarray(own, dtype=np.float64)
    alone = own_reach - itself
    fresh = np.divide(marginal_reach - itself, alone, out=np.zeros(alone.shape), where=alone > 0)
    total = itself.sum() + moved @ np.clip(fresh, 0, 1)
    low, high = np.quantile(total, SHARES)
    return float(low), float(high)
