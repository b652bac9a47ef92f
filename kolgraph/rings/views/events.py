"""Actions in order of object and time, and the habits of those who act: what synchrony is judged against.

A fan who has switched on notifications is quick at every post, and a night owl acts at night: both are near others like
them without any order being given. The habits of an account are how long after the first action on an object it acts
(in octaves), and at which hour of the day (in quarters of a day), each compared with all accounts and drawn towards
them as far as what an account did says little (Dirichlet-multinomial).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from kolgraph.errors import InputError
from kolgraph.kernels import synchrony as kernel

#: Classes of delay (octaves of seconds: the last is from nine hours on) and of the hour.
_DELAYS, _HOURS = 16, 4
_QUARTER_MS = 6 * 3_600_000
#: Strengths of the prior that are weighed; with so many actions an account's habit is its own at any of them.
_STRENGTHS, _SURE = 2.0 ** np.arange(11), 4096


@dataclass(frozen=True, eq=False)
class Events:
    """Actions by object and time; rows of accounts and objects are those of the caller.

    Attributes
    ----------
    user, of, kind : ndarray of int32, shape (events,)
        Account, object (a number per kind and object) and kind of every action.
    time : ndarray of int64, shape (events,)
        Milliseconds.
    ptr : ndarray of int64, shape (objects + 1,)
    object_row : ndarray of int64, shape (objects,)
        Row of the caller.
    kinds : tuple of str
    activity : ndarray of float64, shape (kinds, accounts)
        Actions.
    delay, hour : ndarray of int32, shape (events,)
        Classes of the time.
    by_delay, by_hour : ndarray of float32, shape (accounts, classes)
        How much likelier than others an account acts at such times.
    undated : int
        Actions left out because their time is not known.
    """

    user: NDArray[np.int32]
    of: NDArray[np.int32]
    kind: NDArray[np.int32]
    time: NDArray[np.int64]
    ptr: NDArray[np.int64]
    object_row: NDArray[np.int64]
    kinds: tuple[str, ...]
    activity: NDArray[np.float64]
    delay: NDArray[np.int32]
    hour: NDArray[np.int32]
    by_delay: NDArray[np.float32]
    by_hour: NDArray[np.float32]
    undated: int

    @property
    def accounts(self) -> int:
        """Rows of accounts."""
        return int(self.activity.shape[1])

    @property
    def kind_of(self) -> NDArray[np.int32]:
        """Kind of every object, shape (objects,)."""
        return self.kind[self.ptr[:-1]]

    @classmethod
    def build(cls, users: ArrayLike, objects: ArrayLike, times: ArrayLike | None, kinds: ArrayLike | None) -> Events:
        """Sort actions; those without a time are left out, and what an account does twice at one time counts once.

        Raises
        ------
        InputError
            Columns of unequal length, rows that are no whole numbers from 0 on, times that are none.
        """
        user, item = _rows("users", users), _rows("objects", objects)
        time = np.full(user.size, np.nan) if times is None else np.asarray(times)
        if time.dtype.kind == "M":
            time = np.where(np.isnat(time), np.nan, time.astype("datetime64[ms]").astype(np.float64))
        if time.dtype.kind not in "iuf":
            raise InputError("times: give milliseconds, or datetime64")
        name = np.zeros(user.size, "U6") if kinds is None else np.asarray(kinds, dtype=object).astype(str)
        if not user.shape == item.shape == time.shape == name.shape:
            raise InputError("users, objects, times and kinds must be of one length")
        accounts = int(user.max()) + 1 if user.size else 0
        known = np.isfinite(time) if time.dtype.kind == "f" else np.ones(time.shape, bool)
        user, item, time, name = user[known], item[known], time[known].astype(np.int64), name[known]
        labels, code = np.unique(name, return_inverse=True) if kinds is not None else (np.array(["action"]), 0 * user)
        order = np.lexsort((user, time, item, code))
        user, item, time, code = user[order], item[order], time[order], code[order]
        new = np.ones(user.size, bool)
        new[1:] = (user[1:] != user[:-1]) | (time[1:] != time[:-1]) | (item[1:] != item[:-1]) | (code[1:] != code[:-1])
        user, item, time, code = user[new], item[new], time[new], code[new]
        first = np.ones(user.size, bool)
        first[1:] = (item[1:] != item[:-1]) | (code[1:] != code[:-1])
        start = np.flatnonzero(first)
        of = (np.cumsum(first) - 1).astype(np.int32)
        activity = np.bincount(code * accounts + user, minlength=labels.size * accounts).astype(np.float64)
        delay = np.minimum(np.log2(1 + (time - time[start][of]) / 1000), _DELAYS - 1).astype(np.int32)
        hour = (time // _QUARTER_MS % _HOURS).astype(np.int32)
        user = user.astype(np.int32)
        return cls(
            user=user,
            of=of,
            kind=code.astype(np.int32),
            time=time,
            ptr=np.r_[start, user.size],
            object_row=item[start],
            kinds=tuple(labels.tolist()),
            activity=activity.reshape(labels.size, accounts),
            delay=delay,
            hour=hour,
            by_delay=_habits(user, delay, accounts, _DELAYS),
            by_hour=_habits(user, hour, accounts, _HOURS),
            undated=int((~known).sum()),
        )

    def shuffled(self, *, seed: int, sweeps: int) -> Events:
        """The same, with accounts permuted among the times of each object in keeping with their habits."""
        table = (self.by_delay, self.by_hour)
        return replace(self, user=kernel.shuffle(self.ptr, self.user, self.delay, self.hour, *table, sweeps, seed))


def _rows(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= 2**31:
        raise InputError(f"{name}: give row numbers, whole and from 0 on")
    return array.astype(np.int64)


def _habits(user: NDArray[np.int32], value: NDArray[np.int32], accounts: int, classes: int) -> NDArray[np.float32]:
    """How much likelier than others every account acts at times of a class, shape (accounts, classes).

    The mean of a Dirichlet-multinomial around all accounts, over a flat prior of its strength: each account is drawn
    towards the others as far as its own actions leave open whether it differs.
    """
    count = np.bincount(user.astype(np.int64) * classes + value, minlength=accounts * classes)
    base = (np.bincount(value, minlength=classes) + 1) / (value.size + classes)
    cell = np.flatnonzero(count)
    who, what, often = cell // classes, cell % classes, np.minimum(count[cell], _SURE)
    total = np.bincount(user, minlength=accounts)
    likely = np.empty((_STRENGTHS.size, accounts))
    for i, strength in enumerate(_STRENGTHS):
        prior = strength * base
        table = gammaln(np.arange(_SURE + 1) + prior[:, None]) - gammaln(prior)[:, None]
        likely[i] = np.bincount(who, weights=table[what, often], minlength=accounts)
        likely[i] -= (gammaln(np.arange(_SURE + 1) + strength) - gammaln(strength))[np.minimum(total, _SURE)]
    likely = np.exp(likely - likely.max(axis=0))
    likely /= likely.sum(axis=0)
    drawn = 1 / (total + _STRENGTHS[:, None])
    own, others = (likely * drawn).sum(axis=0), (likely * drawn * _STRENGTHS[:, None]).sum(axis=0)
    ratio: NDArray[np.float32] = count.reshape(accounts, classes) * (own[:, None] / base) + others[:, None]
    return ratio.astype(np.float32)
