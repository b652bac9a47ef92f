"""Synchrony: groups of accounts that act on the same objects at the same time, over all kinds of objects.

1. How near is near is chosen per kind (`choose_tau`): where pairs of accounts meet again most beyond chance.
2. Every pair gets bits per kind (`pair_bits`): joint actions, weighted by exp(-dt / tau) and by 1 / (others around),
   so that a crowd weighs no more than two; against what the activity of both explains (Poisson).
3. Bits of all kinds together give communities, and these grow or shrink to groups (`kolgraph.rings.fuse`).
4. A group is judged by time alone: of all actions that follow one of a member within tau, how many are by members,
   where who acts on the object, its times, and the habits of everybody are given (Cox's partial likelihood, the factor
   fitted per kind). Fans who are told at once, breaking news and the hours of the day explain themselves.
5. The same search runs on draws in which accounts are permuted among the times of each object, in keeping with their
   habits. A group must have more bits than any group of any draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import chi2

from kolgraph.errors import InputError, option
from kolgraph.kernels import synchrony as kernel
from kolgraph.rings.fuse import apart, communities, grown
from kolgraph.rings.views.events import Events

#: Taus that are compared: octaves from a second to two hours. Without any excess the minute of the toolkits is used.
_TAUS_MS, _USUAL_MS = 1000 * 2 ** np.arange(14), 60_000
#: Chance that an excess at any of them is none.
_CHANCE = 0.01
#: With more actions than this around it, an action is in a crowd and tells nothing.
_CROWD = 1000
#: Pairs of events in memory: so many per event, but not more than in all.
_REACH, _PAIRS = 64, 40_000_000
#: Rounds of swaps of a draw, and draws at one time.
_SWEEPS, _AT_ONCE = 4, 2
#: Actions that choosing tau looks back.
_BACK = 4
#: An object is a group's if members act on it more than by chance: 1 in 20, in nats.
_PREFERRED = 3.0
#: Members may follow members so many times more than all habits that are seen explain. Fan clubs, whose members are
#: quick to different degrees, come to 2.2 at most in 60 worlds; planted groups to 90 and more (`bench regimes innocent`).
_UNSEEN = 4.0
#: Actions of others that stand for all on an object, when a group is judged.
_STAND_FOR = 500
#: Largest logarithm of a factor that is fitted, and how well.
_STEEP, _HALVINGS, _ROUNDS = 12.0, 30, 8


@dataclass(frozen=True, eq=False)
class Group:
    """Accounts that act together in time.

    Attributes
    ----------
    members : ndarray of int64, shape (s,)
        Rows of accounts, ascending.
    objects : ndarray of int64, shape (t,)
        Rows of objects that at least two of them acted on within tau, ascending.
    bits : mapping of str to float
        Evidence of time per kind, against the same actions at the times of the same objects by the habits of everybody.
    share : mapping of str to float
        Part of every kind in the evidence.
    joint : int
        Actions of members that follow another member's within tau.
    expected : float
        How many would, given objects, times and habits.
    p : float
        Part of the draws with a group of so many bits, none of them real, but not below what theory says of so many
        groups: family-wise.
    q : float
        False discovery rate: groups of so many bits in a draw, over those here (Benjamini & Hochberg, p from all draws).
    first, last : int
        Times of the first and last joint action, milliseconds.
    lag_ms : float
        Median time since the last member acted.
    """

    members: NDArray[np.int64]
    objects: NDArray[np.int64]
    bits: Mapping[str, float]
    share: Mapping[str, float]
    joint: int
    expected: float
    p: float
    q: float
    first: int
    last: int
    lag_ms: float


@dataclass(frozen=True, eq=False)
class Synchrony:
    """Groups that act together in time, and how that was judged.

    Attributes
    ----------
    groups : tuple of Group
        By falling bits.
    tau_ms : mapping of str to int
        How near is near, per kind.
    crowded : float
        Part of the actions that was too crowded to tell anything.
    reach : int
        Actions before it that an action was paired with at most.
    undated : int
        Actions left out because their time is not known.
    draws : int
        Permuted worlds that groups were compared with.
    reason : str
        Why nothing can be judged; empty if it can.
    """

    groups: tuple[Group, ...]
    tau_ms: Mapping[str, int]
    crowded: float
    reach: int
    undated: int
    draws: int
    reason: str = ""


def find_synchronised(
    users: ArrayLike,
    objects: ArrayLike,
    times: ArrayLike | None,
    kinds: ArrayLike | None = None,
    *,
    seed: int,
    draws: int = 20,
    p: float = 0.05,
) -> Synchrony:
    """Groups of accounts that act on the same objects at the same time more than their habits explain.

    Parameters
    ----------
    users, objects : array_like of int, shape (events,)
        Rows of accounts and objects, from 0 on.
    times : array_like, shape (events,), or None
        UTC milliseconds, or datetime64; NaN and NaT: not known.
    kinds : array_like of str, shape (events,), or None
        What sort of object: ``repost``, ``link`` ... The same row in two kinds is two objects. None: all of one.
    seed : int
        Of communities and draws.
    draws : int
        Permuted worlds; more of them make `p` finer, at the cost of a search each.
    p : float
        Largest family-wise p of a group; below 1 / (draws + 1) nothing can be found.

    Returns
    -------
    Synchrony

    Raises
    ------
    InputError
        Columns of unequal length, rows that are no row numbers, or `p` that no draw can reach.

    Notes
    -----
    O(events x (habits + pairs within tau)) per draw; memory O(events + pairs), pairs capped at 64 per event and 40
    million in all. Newman weights and the kernel of time as in arXiv 2512.19677 (2025); pair likelihood and the null as
    measured for this project; partial likelihood after Cox (1975). Synchronised is not fake: accounts may have agreed
    to act, and whether they are what they seem is a question for other views.

    Examples
    --------
    >>> from kolgraph.synth.regimes import make_regime
    >>> world = make_regime(seed=1, accounts=400, objects=200, events=4_000, groups=1, size=10)
    >>> table = world.events
    >>> found = find_synchronised(table["account"], table["object"], table["time"], table["kind"], seed=1)
    >>> [bool((world.group[group.members] == 0).all()) and group.members.size for group in found.groups]
    [10]
    >>> find_synchronised([0, 1], [0, 0], None, seed=1).reason
    'no times: whether accounts act together in time cannot be judged'
    """
    if not (1 / (draws + 1) <= p <= 1):
        raise InputError(f"{option('p', str(p))}: {draws} draws tell nothing below {1 / (draws + 1):.3f}; ask for more")
    events = Events.build(users, objects, times, kinds)
    if not events.user.size:
        reason = "no times: whether accounts act together in time cannot be judged" if events.undated else "no actions"
        return Synchrony((), MappingProxyType({}), 0.0, 0, events.undated, 0, reason)
    tau = choose_tau(events, seed=seed)
    look = _Search.over(events, tau)
    found = look.groups(seed)

    def drawn(d: int) -> list[_Found]:
        return _Search.over(events.shuffled(seed=seed + 1 + d, sweeps=_SWEEPS), tau).groups(seed)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        null = list(pool.map(drawn, range(draws if found else 0)))
    bits = np.array([group.bits.sum() for group in found])
    most = np.array([max((group.bits.sum() for group in draw), default=0.0) for draw in null])
    every = np.sort(np.array([group.bits.sum() for draw in null for group in draw]))
    family = (1 + (most[None, :] >= bits[:, None]).sum(axis=1)) / (draws + 1)
    # Draws may hold no group at all: then theory bounds what one factor per kind gains by chance.
    family = np.maximum(family, np.minimum(chi2.sf(2 * np.log(2) * bits, len(events.kinds)) * bits.size, 1.0))
    # False groups of so many bits that a world has, by the draws, over groups of so many bits that this one has.
    false = (1 + every.size - np.searchsorted(every, bits)) / (draws + 1)
    q = np.minimum.accumulate((false / np.arange(1, bits.size + 1))[::-1])[::-1].clip(max=1.0)
    groups = tuple(look.told(g, family[i], q[i]) for i, g in enumerate(found) if family[i] <= p)
    named = MappingProxyType({name: int(t) for name, t in zip(events.kinds, tau, strict=True)})
    crowded = float((look.high == look.low).mean())
    return Synchrony(groups, named, crowded, look.reach, events.undated, draws)


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


@dataclass(frozen=True, eq=False)
class _Found:
    """A group in one world: bits per kind, and the actions of members that follow a member's, with how many are due."""

    members: NDArray[np.int64]
    bits: NDArray[np.float64]
    joint: NDArray[np.int64]
    expected: float


@dataclass(frozen=True, eq=False)
class _Search:
    """One world, real or permuted, with its windows."""

    events: Events
    tau: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    reach: int
    ptr: NDArray[np.int64]
    rows: NDArray[np.int64]
    risk: NDArray[np.float64]

    @classmethod
    def over(cls, events: Events, tau: NDArray[np.int64]) -> _Search:
        low, high = kernel.windows(events.ptr, events.time, tau[events.kind_of], _CROWD)
        before, reach = np.arange(low.size) - low, _REACH
        while np.minimum(before, reach).sum() > _PAIRS and reach > 1:
            reach //= 2
        ptr, rows = kernel.rows_of(events.user, events.accounts)
        times = (events.delay, events.hour, events.by_delay, events.by_hour)
        return cls(events, tau, low, high, reach, ptr, rows, kernel.at_risk(events.ptr, events.user, *times))

    def groups(self, seed: int) -> list[_Found]:
        """All groups, by falling bits."""
        layers = pair_bits(self.events, self.tau, self.low, self.high, self.reach)
        hits = np.zeros(self.events.activity.shape, np.int64)
        touched = np.empty(self.events.accounts, np.int32)
        found: dict[bytes, _Found] = {}
        for start in communities(layers, seed=seed):
            members = grown(start, self.events.accounts, lambda who: self._near(who, hits, touched))
            if members is not None and members.tobytes() not in found:
                found[members.tobytes()] = self._judged(members)
        all_of_them = list(found.values())
        worth = [float(group.bits.sum()) for group in all_of_them]
        return [all_of_them[i] for i in apart([group.members for group in all_of_them], worth, self.events.accounts)]

    def _actions(self, members: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Events of members, ascending, and who is one."""
        inside = np.zeros(self.events.accounts, bool)
        inside[members] = True
        return np.sort(np.concatenate([self.rows[self.ptr[u] : self.ptr[u + 1]] for u in members])), inside

    def _near(
        self, members: NDArray[np.int64], hits: NDArray[np.int64], touched: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """As `kolgraph.rings.fuse.Near`: what is due follows from what accounts outside the group do near it."""
        events, (rows, inside) = self.events, self._actions(members)
        count, outside = kernel.near_group(rows, inside, events.user, events.kind, self.low, self.high, hits, touched)
        who = touched[:count].astype(np.int64)
        near = hits[:, who].astype(np.float64)
        hits[:, who] = 0
        acts = events.activity
        rest = np.maximum(acts.sum(axis=1) - acts[:, members].sum(axis=1), 1)
        return who, near, acts[:, who] * ((outside + 0.5) / rest)[:, None] + 1e-9

    def _judged(self, members: NDArray[np.int64]) -> _Found:
        events, (rows, inside) = self.events, self._actions(members)
        habits = (events.delay, events.hour, events.by_delay, events.by_hour)
        acts = events.activity
        event, chance, follows, weight = kernel.trials(
            rows,
            events.ptr,
            events.of,
            events.user,
            *habits,
            self.risk,
            self.low,
            self.high,
            inside,
            events.kind,
            acts[:, members].sum(axis=1) / np.maximum(acts.sum(axis=1), 1),
            _PREFERRED,
            _STAND_FOR,
        )
        member, kind = inside[events.user[event]], events.kind[event]
        bits, due = np.zeros(len(events.kinds)), 0.0
        for k in np.unique(kind):
            at = kind == k
            bits[k], expected = likelihood(member[at], chance[at], follows[at], weight[at], events.delay[event[at]])
            due += expected
        return _Found(members, bits, event[member & follows], due)

    def told(self, found: _Found, p: float, q: float) -> Group:
        """A group in the words of the result."""
        events, (rows, _) = self.events, self._actions(found.members)
        joint = found.joint
        last = rows[np.searchsorted(rows, joint) - 1]
        total = found.bits.sum()
        return Group(
            members=found.members,
            objects=np.unique(events.object_row[events.of[joint]]),
            bits=MappingProxyType(dict(zip(events.kinds, found.bits.tolist(), strict=True))),
            share=MappingProxyType(dict(zip(events.kinds, (found.bits / total).tolist(), strict=True))),
            joint=joint.size,
            expected=found.expected,
            p=float(p),
            q=float(q),
            first=int(events.time[joint].min()),
            last=int(events.time[joint].max()),
            lag_ms=float(np.median(events.time[joint] - events.time[last])),
        )


def likelihood(
    member: NDArray[np.bool_],
    chance: NDArray[np.float64],
    follows: NDArray[np.bool_],
    weight: NDArray[np.float64],
    delay: NDArray[np.int32],
) -> tuple[float, float]:
    """Bits by which members follow members, beyond chance and the tempo of the group.

    Parameters
    ----------
    member : ndarray of bool, shape (t,)
        Is the action a member's?
    chance : ndarray of float64, shape (t,)
        Chance that it is.
    follows : ndarray of bool, shape (t,)
        Does it follow a member's?
    weight : ndarray of float64, shape (t,)
        For how many actions it stands.
    delay : ndarray of int32, shape (t,)
        Class of the time since the object's first action.

    Returns
    -------
    bits, expected : float
        And how many of those that follow would be members' by chance and tempo.

    Notes
    -----
    Cox's partial likelihood: members are r_d times as likely at delays of class d (the tempo of the group, at these
    objects), and f times more after a member. Bits compare the best f with f = `_UNSEEN`, the best r_d in both.

    Examples
    --------
    >>> half = np.full(8, 0.5)
    >>> after = np.arange(8) < 4
    >>> bits, expected = likelihood(after, half, after, np.ones(8), np.zeros(8, np.int32))
    >>> round(bits, 2), round(expected, 2)
    (4.65, 2.0)
    """
    own, follow, classes = weight * member, weight * follows, int(delay.max(initial=0)) + 1
    count, seen = np.bincount(delay, weights=own, minlength=classes), float((own * follows).sum())

    def model(r: NDArray[np.float64], f: float) -> NDArray[np.float64]:
        ratio = np.exp(r[delay] + f * follows)
        return chance * ratio / (1 + chance * (ratio - 1))

    def value(r: NDArray[np.float64], f: float) -> float:
        lift = r[delay] + f * follows
        return float((own * lift - weight * np.log1p(chance * np.expm1(lift))).sum())

    def tempo(f: float) -> NDArray[np.float64]:
        low, high = np.full(classes, -_STEEP), np.full(classes, _STEEP)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            short = np.bincount(delay, weights=weight * model(middle, f), minlength=classes) < count
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return (low + high) / 2

    alone = log_r = tempo(0.0)
    log_f, expected = 0.0, float((follow * model(alone, 0.0)).sum())
    if seen <= expected:
        return 0.0, expected
    for _ in range(_ROUNDS):
        low, high = 0.0, _STEEP
        for _ in range(_HALVINGS):
            log_f = (low + high) / 2
            low, high = (log_f, high) if (follow * model(log_r, log_f)).sum() < seen else (low, log_f)
        log_r = tempo(log_f)
    if log_f <= np.log(_UNSEEN):
        return 0.0, expected
    habit = np.log(_UNSEEN)
    return float(max(value(log_r, log_f) - value(tempo(habit), habit), 0.0) / np.log(2)), expected
