"""Accounts that meet: how near in time is near, and what every pair of accounts is worth in bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kolgraph.kernels import synchrony as kernel
from kolgraph.rings.views.events import Events

#: Taus that are compared: octaves from a second to two hours. Without any excess the minute of the toolkits is used.
_TAUS_MS, _USUAL_MS = 1000 * 2 ** np.arange(14), 60_000
#: Chance that an excess at any of them is none.
_CHANCE = 0.01
#: Actions that choosing tau looks back.
_BACK = 4
#: Rounds of swaps of the permuted world.
_SWEEPS = 4


def choose_tau(events: Events, *, seed: int) -> NDArray[np.int64]:
    """How near in time is near, per kind: where pairs that met already meet again most beyond chance.

    Parameters
    ----------
    events : Events
    seed : int
        Of the permuted world.

    Returns
    -------
    ndarray of int64, shape (kinds,)
        Milliseconds, an octave of seconds up to two hours: that with the largest likelihood ratio between two Poisson
        counts, meetings again within it (all but the closest one of every pair) here and in one permuted world; a
        minute where chance explains the excess at all of them.
    """
    seen, due = _again(events) + 0.5, _again(events.shuffled(seed=seed, sweeps=_SWEEPS)) + 0.5
    gain = seen * np.log(2 * seen / (seen + due)) + due * np.log(2 * due / (seen + due))
    gain[(seen <= due) | (gain < np.log(_TAUS_MS.size / _CHANCE))] = 0
    return np.where(gain.max(axis=1) > 0, _TAUS_MS[gain.argmax(axis=1)], _USUAL_MS)


def _again(events: Events) -> NDArray[np.float64]:
    """Meetings of pairs that have a closer one, within every tau, shape (kinds, taus)."""
    longest = np.full(events.ptr.size - 1, _TAUS_MS[-1])
    low, _ = kernel.windows(events.ptr, events.time, longest, events.user.size)
    a, b, earlier, later = kernel.pairs(events.user, low, _BACK)
    step = np.searchsorted(_TAUS_MS, events.time[later] - events.time[earlier])
    pair = (events.kind[later] * np.int64(events.accounts) + a) * events.accounts + b
    code = np.sort(pair << 4 | step)  # 14 steps; the pair fits into the 59 bits left: kinds x accounts^2
    again = code[1:][code[1:] >> 4 == code[:-1] >> 4]
    place = (again >> 4) // np.int64(events.accounts) ** 2 * _TAUS_MS.size + (again & 15)
    counts = np.bincount(place, minlength=len(events.kinds) * _TAUS_MS.size)
    return counts.reshape(len(events.kinds), -1).cumsum(axis=1).astype(np.float64)


def pair_bits(
    events: Events, tau: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64], reach: int
) -> list[sparse.csr_matrix]:
    """Bits of every pair of accounts that acts together, one matrix (accounts, accounts) per kind, a < b.

    Notes
    -----
    A joint action weighs exp(-dt / tau) / (others in the window); an account's activity d of D explains
    d_a d_b W / (D^2 / 2) of all weight W. Bits are the Poisson likelihood ratio, 0 where there is no surplus.
    """
    a, b, earlier, later = kernel.pairs(events.user, low, reach)
    kind = events.kind[later]
    weight = np.exp((events.time[earlier] - events.time[later]) / np.maximum(tau[kind], 1)) / (high - low - 1)[later]
    layers, shape = [], (events.accounts, events.accounts)
    for k in range(len(events.kinds)):
        at = kind == k
        met = sparse.coo_matrix((weight[at], (a[at], b[at])), shape=shape).tocsr()
        acts = events.activity[k]
        row = np.repeat(np.arange(events.accounts), np.diff(met.indptr))
        due = acts[row] * acts[met.indices] * (2 * met.data.sum() / max(acts.sum(), 1) ** 2)
        surplus = np.maximum(met.data / due, 1.0)
        bits = np.where(surplus > 1, met.data * np.log(surplus) - (met.data - due), 0.0) / np.log(2)
        layers.append(sparse.csr_matrix((bits, met.indices, met.indptr), shape=shape))
    return layers
