"""Who acts on the same object at about the same time: windows, pairs, and what a group does, over sorted events.

Events lie ordered by object, then by time: those of object o are ``ptr[o]:ptr[o + 1]``. Every pass is a walk of two
pointers; nothing is held but the events and what is returned.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kolgraph.kernels.compiling import njit

I32: TypeAlias = NDArray[np.int32]
I64: TypeAlias = NDArray[np.int64]
F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]
Bool: TypeAlias = NDArray[np.bool_]

#: Events of an object that a swap looks ahead.
_NEAR = 16


@njit(nogil=True)
def windows(ptr: I64, time: I64, tau: I64, crowd: int) -> tuple[I64, I64]:
    """Events of the same object within `tau` of every event.

    Parameters
    ----------
    ptr, time
        Events by object and time.
    tau : ndarray of int64, shape (objects,)
        How near is near, in the unit of `time`.
    crowd : int
        An event with more events around it than this is left without a window: in a crowd everybody is near.

    Returns
    -------
    low, high : ndarray of int64, shape (events,)
        The window of event e is ``low[e]:high[e]``, itself included; empty at events in a crowd.
    """
    low, high = np.empty(time.size, np.int64), np.empty(time.size, np.int64)
    for o in range(ptr.size - 1):
        first = last = ptr[o]
        for e in range(ptr[o], ptr[o + 1]):
            while time[e] - time[first] > tau[o]:
                first += 1
            while last < ptr[o + 1] and time[last] - time[e] <= tau[o]:
                last += 1
            if last - first <= crowd + 1:
                low[e], high[e] = first, last
            else:
                low[e] = high[e] = e
    return low, high


@njit(nogil=True)
def pairs(user: I32, low: I64, reach: int) -> tuple[I32, I32, I64, I64]:
    """Every event with the at most `reach` events before it in its window that are by other accounts.

    Returns
    -------
    a, b : ndarray of int32, shape (pairs,)
        The accounts, a < b.
    earlier, later : ndarray of int64, shape (pairs,)
        The events.
    """
    total = 0
    for e in range(user.size):
        for f in range(max(low[e], e - reach), e):
            total += user[f] != user[e]
    a, b = np.empty(total, np.int32), np.empty(total, np.int32)
    earlier, later = np.empty(total, np.int64), np.empty(total, np.int64)
    k = 0
    for e in range(user.size):
        for f in range(max(low[e], e - reach), e):
            if user[f] != user[e]:
                a[k], b[k] = min(user[e], user[f]), max(user[e], user[f])
                earlier[k], later[k] = f, e
                k += 1
    return a, b, earlier, later


@njit(nogil=True)
def rows_of(user: I32, n: int) -> tuple[I64, I64]:
    """Events of every account: those of u are ``rows[ptr[u]:ptr[u + 1]]``, ascending."""
    ptr = np.zeros(n + 1, np.int64)
    for u in user:
        ptr[u + 1] += 1
    for u in range(n):
        ptr[u + 1] += ptr[u]
    at, rows = ptr[:-1].copy(), np.empty(user.size, np.int64)
    for e in range(user.size):
        rows[at[user[e]]] = e
        at[user[e]] += 1
    return ptr, rows


@njit(nogil=True)
def near_group(
    rows: I64, inside: Bool, user: I32, kind: I32, low: I64, high: I64, hits: I64, touched: I32
) -> tuple[int, I64]:
    """Count, by account, its events within the window of an event of a member other than itself.

    Parameters
    ----------
    rows : ndarray of int64
        The members' events, ascending.
    inside : ndarray of bool, shape (accounts,)
        Members.
    user, kind : ndarray of int32, shape (events,)
    low, high
        From `windows`.
    hits : ndarray of int64, shape (kinds, accounts)
        All zero; counts are written here.
    touched : ndarray of int32, shape (accounts,)
        Written: accounts with hits.

    Returns
    -------
    count : int
        Accounts touched.
    outside : ndarray of int64, shape (kinds,)
        Such events of accounts that are no members.
    """
    kinds = hits.shape[0]
    outside, count, done, first = np.zeros(kinds, np.int64), 0, np.int64(0), 0
    for r in rows:
        for e in range(max(low[r], done), high[r]):
            u, k = user[e], kind[e]
            while first < rows.size and rows[first] < low[e]:
                first += 1
            i = first
            while i < rows.size and rows[i] < high[e] and user[rows[i]] == u:
                i += 1
            if i == rows.size or rows[i] >= high[e]:
                continue
            seen = 0
            for q in range(kinds):
                seen += hits[q, u]
            if seen == 0:
                touched[count] = u
                count += 1
            hits[k, u] += 1
            if not inside[u]:
                outside[k] += 1
        done = max(done, high[r])
    return count, outside


@njit(nogil=True)
def at_risk(ptr: I64, user: I32, delay: I32, hour: I32, by_delay: F32, by_hour: F32) -> F64:
    """What all accounts whose action on the object is still to come would add up to at the time of every event.

    Parameters
    ----------
    delay, hour : ndarray of int32, shape (events,)
        Classes of the times of events.
    by_delay, by_hour : ndarray of float32, shape (accounts, classes)
        How much likelier than others an account acts at times of a class.

    Returns
    -------
    ndarray of float64, shape (events,)
        Sum of ``by_delay[u, delay[e]] * by_hour[u, hour[e]]`` over the events of the object from e on, by accounts u.
    """
    delays, hours = by_delay.shape[1], by_hour.shape[1]
    out, total = np.empty(user.size), np.zeros((delays, hours))
    for o in range(ptr.size - 1):
        total[:] = 0.0
        for e in range(ptr[o + 1] - 1, ptr[o] - 1, -1):
            u = user[e]
            # The classes of delay ahead of this event are not asked for any more: time runs backwards here.
            for d in range(delay[e] + 1):
                for h in range(hours):
                    total[d, h] += by_delay[u, d] * by_hour[u, h]
            out[e] = total[delay[e], hour[e]]
    return out


@njit(nogil=True)
def trials(
    rows: I64,
    ptr: I64,
    of: I32,
    user: I32,
    delay: I32,
    hour: I32,
    by_delay: F32,
    by_hour: F32,
    risk: F64,
    low: I64,
    high: I64,
    inside: Bool,
    kind: I32,
    share: F64,
    surplus: float,
    most: int,
) -> tuple[I64, F64, Bool, F64]:
    """Every action on objects that members prefer, and the chance that it is a member's.

    Parameters
    ----------
    rows : ndarray of int64
        The members' events, ascending.
    of : ndarray of int32, shape (events,)
        Object of every event.
    delay, hour, by_delay, by_hour, risk
        As given to and by `at_risk`.
    inside : ndarray of bool, shape (accounts,)
        Members.
    kind : ndarray of int32, shape (events,)
    share : ndarray of float64, shape (kinds,)
        The members' part of all actions.
    surplus : float
        Only objects are looked at with so many nats of evidence that members act on them more than that (Poisson).
    most : int
        Of the actions of others on an object that follow no member's, about so many are kept, for all of them.

    Returns
    -------
    event : ndarray of int64, shape (t,)
    chance : ndarray of float64, shape (t,)
        The members' part of `risk`: given the object, who acts on it, its times, and everybody's habits.
    follows : ndarray of bool, shape (t,)
        Whether another member acted within the window before.
    weight : ndarray of float64, shape (t,)
        For how many actions it stands.
    """
    size, i = 0, 0
    for r in range(rows.size):
        if r == 0 or of[rows[r]] != of[rows[r - 1]]:
            size += ptr[of[rows[r]] + 1] - ptr[of[rows[r]]]
    event, chance = np.empty(size, np.int64), np.empty(size)
    follows, weight = np.empty(size, np.bool_), np.empty(size)
    t, i = 0, 0
    while i < rows.size:
        o, j = of[rows[i]], i
        while j < rows.size and of[rows[j]] == o:
            j += 1
        due = share[kind[rows[i]]] * (ptr[o + 1] - ptr[o])
        several = j - i > due and (j - i) * np.log((j - i) / due) - (j - i - due) > surplus
        step = max((ptr[o + 1] - ptr[o]) // most, 1)
        at = first = i
        for e in range(ptr[o], rows[j - 1] + 1 if several else ptr[o]):
            while at < j and rows[at] < e:
                at += 1
            while first < j and rows[first] < low[e]:
                first += 1
            before = first
            while before < at and user[rows[before]] == user[e]:
                before += 1
            if before == at and not inside[user[e]] and e % step:
                continue
            part = 0.0
            for m in range(at, j):
                u = user[rows[m]]
                part += by_delay[u, delay[e]] * by_hour[u, hour[e]]
            event[t], chance[t], follows[t] = e, min(part / risk[e], 1.0), before < at
            weight[t] = step if before == at and not inside[user[e]] else 1.0
            t += 1
        i = j
    return event[:t], chance[:t], follows[:t], weight[:t]


@njit(nogil=True)
def shuffle(ptr: I64, user: I32, delay: I32, hour: I32, by_delay: F32, by_hour: F32, sweeps: int, seed: int) -> I32:
    """Who acts, drawn anew among the times of each object, in keeping with everybody's habits.

    Rounds of swaps that are accepted by the odds of the habits of both accounts (Metropolis): with one of the next
    `_NEAR` events of the object, and with any of them, in turn. They start from what was, so that an account that
    hardly ever acts at other times stays where it was, however few the rounds.

    Returns
    -------
    ndarray of int32, shape (events,)
        The account of every event; objects, times and who acts on what are kept exactly.
    """
    np.random.seed(seed)
    out = user.copy()
    for o in range(ptr.size - 1):
        start, size = ptr[o], ptr[o + 1] - ptr[o]
        for turn in range(2 * sweeps if size > 1 else 0):
            for e in range(start, start + size):
                if turn % 2:
                    f = start + np.random.randint(0, size)
                else:
                    f = min(e + np.random.randint(1, _NEAR + 1), start + size - 1)
                u, v = out[e], out[f]
                swapped = by_delay[u, delay[f]] * by_hour[u, hour[f]] * by_delay[v, delay[e]] * by_hour[v, hour[e]]
                kept = by_delay[u, delay[e]] * by_hour[u, hour[e]] * by_delay[v, delay[f]] * by_hour[v, hour[f]]
                if swapped >= kept or np.random.random() * kept < swapped:
                    out[e], out[f] = v, u
    return out
