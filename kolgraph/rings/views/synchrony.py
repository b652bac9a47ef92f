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
from scipy.stats import binom, chi2

from kolgraph.errors import InputError, option
from kolgraph.kernels import synchrony as kernel
from kolgraph.rings.fuse import apart, communities, grown
from kolgraph.rings.views.events import Events
from kolgraph.rings.views.following import likelihood
from kolgraph.rings.views.meetings import choose_tau, pair_bits

#: With more actions than this around it, an action is in a crowd and tells nothing.
_CROWD = 1000
#: Pairs of events in memory: so many per event, but not more than in all.
_REACH, _PAIRS = 64, 40_000_000
#: Rounds of swaps of a draw, and draws at one time.
_SWEEPS, _AT_ONCE = 4, 2
#: An object is a group's if members act on it more than by chance: 1 in 20, in nats.
_PREFERRED = 3.0
#: Actions of others that stand for all on an object, when a group is judged.
_STAND_FOR = 500


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
        Part of the draws with a group of so many bits, none of them real: family-wise. Not below what theory says of
        one group (a likelihood ratio with a factor per kind, each at its bound in half of the cases).
    q : float
        False discovery rate: groups of so many bits per draw over those here (Benjamini & Hochberg on all draws).
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
    >>> world = make_regime(seed=1, accounts=600, objects=300, events=6_000, groups=1)
    >>> table = world.events
    >>> found = find_synchronised(table["account"], table["object"], table["time"], table["kind"], seed=1)
    >>> [bool((world.group[group.members] == 0).all()) and group.members.size for group in found.groups]
    [20]
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
        return _Search.over(events.shuffled(seed=(seed + 1 + d) % 2**32, sweeps=_SWEEPS), tau).groups(seed)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        null = list(pool.map(drawn, range(draws if found else 0)))
    bits = np.array([group.bits.sum() for group in found])
    most = np.array([max((group.bits.sum() for group in draw), default=0.0) for draw in null])
    every = np.sort(np.array([group.bits.sum() for draw in null for group in draw]))
    family = (1 + (most[None, :] >= bits[:, None]).sum(axis=1)) / (draws + 1)
    # Draws may hold no group at all: then theory bounds what a factor per kind, in half of them at its bound, gains.
    kinds = np.arange(1, len(events.kinds) + 1)
    bound = chi2.sf(2 * np.log(2) * bits[:, None], kinds) @ binom.pmf(kinds, kinds.size, 0.5)
    family = np.maximum(family, bound)
    # False groups of so many bits that a world has, by the draws, over groups of so many bits that this one has.
    false = (1 + every.size - np.searchsorted(every, bits)) / (draws + 1)
    q = np.minimum.accumulate((false / np.arange(1, bits.size + 1))[::-1])[::-1].clip(max=1.0)
    groups = tuple(look.told(g, family[i], q[i]) for i, g in enumerate(found) if family[i] <= p)
    named = MappingProxyType({name: int(t) for name, t in zip(events.kinds, tau, strict=True)})
    crowded = float((look.high == look.low).mean())
    return Synchrony(groups, named, crowded, look.reach, events.undated, draws)


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
        """All groups that time proves anything of, by falling bits."""
        layers = pair_bits(self.events, self.tau, self.low, self.high, self.reach)
        hits = np.zeros(self.events.activity.shape, np.int64)
        touched = np.empty(self.events.accounts, np.int32)
        found: dict[bytes, _Found] = {}
        for start in communities(layers, seed=seed):
            members = grown(start, self.events.accounts, lambda who: self._near(who, hits, touched))
            if members is not None and members.tobytes() not in found:
                found[members.tobytes()] = self._judged(members)
        proved = [group for group in found.values() if group.bits.sum() > 0]
        worth = [float(group.bits.sum()) for group in proved]
        return [proved[i] for i in apart([group.members for group in proved], worth, self.events.accounts)]

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
