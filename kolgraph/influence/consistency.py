"""Whether the accounts of a person are of one piece: topics, tiers, posting in step, what they say of themselves."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError
from kolgraph.influence.quality import tier_of
from kolgraph.regions import compared
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]

#: What accounts say of themselves, and must not say differently.
DECLARED = ("niche", "region", "verified", "label")
#: Posts of two accounts are one act if they come within this time: who posts everywhere does it in one sitting.
TOGETHER_MS = 3_600_000
_DAY_MS = 86_400_000
#: Shifts that a test at 5 % needs, and those that are tried at most.
_FEWEST, _MOST = 19, 199
_NUMBERS = ("topics_a", "topics_b", "topics_shared", "posts_a", "posts_b", "in_step", "in_step_by_hours", "in_step_p")
#: A platform that vouches for nobody says nothing of who somebody is.
_NOTHING = frozenset({None, "", "none"})


@dataclass(frozen=True, kw_only=True)
class Consistency(Result):
    """How accounts of one person fit together.

    Attributes
    ----------
    pairs : DataFrame
        One row per person and pair of its accounts, in order of ids; what cannot be told is NA, with a reason.
        ``person_id, a_id, b_id``;
        ``topics_a, topics_b`` (different topics), ``topics_shared`` (0 to 1), ``topics_reason``;
        ``tier_a, tier_b, same_tier, tier_reason``;
        ``posts_a, posts_b`` (with a time), ``in_step`` (share of the posts of the account that posts less, in the time
        that both cover, with one of the other within `TOGETHER_MS`), ``in_step_by_hours`` (the share that the hours of
        the day would bring about), ``in_step_p`` (how often they bring about as much), ``step_reason``;
        ``agree, contradict`` (texts; what both say of themselves), ``declared_reason``.
        Reasons: ``no_post``, ``no_topic``, ``no_followers`` (shown nowhere), ``no_time``, ``too_short`` (the time that
        both cover), ``nothing_declared`` (on both).
    """

    analysis: ClassVar[str] = "consistency"
    pairs: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """The pairs."""
        return self.pairs


def consistency(
    accounts: pd.DataFrame, topics: pd.DataFrame, posts: pd.DataFrame, *, tiers: Mapping[str, int]
) -> Consistency:
    """Compare the accounts of every person that has several, two by two.

    Parameters
    ----------
    accounts : DataFrame
        One row per person and account: ``person_id, account_id, followers`` (NA unknown) and `DECLARED` (texts or NA).
    topics : DataFrame
        ``account_id, topic, n``: how many posts of an account name a topic.
    posts : DataFrame
        ``account_id, time``: all posts that are loaded, epoch milliseconds, NaN where nobody knows.
    tiers : mapping of name to least number of followers
        The highest first; see `kolgraph.settings.tiers`.

    Returns
    -------
    Consistency

    Raises
    ------
    InputError
        A column is missing.

    Notes
    -----
    ``topics_shared`` is the weighted Jaccard index (Ružička 1958) of the shares that topics have in the posts of an
    account: sum of the smaller ones / sum of the larger ones. Topics are compared in one form of their letters (NFKC).
    Regions are compared by their names in `kolgraph.regions`, so that 深圳 does not contradict 广东省.

    Accounts of strangers are in step, too, where both post in the evening. So the posts of the one are moved, in a
    circle, through the time that both cover: by whole weeks where there are 20, else by whole days, at least 20.
    Hours of the day (and days of the week) stay as they are, what was posted together comes apart. ``in_step_p`` is the
    share of the 199 nearest such shifts, the true place among them, that are in step as much: near ones, for the zeal
    of accounts changes slowly (Harris, A shift test for independence in generic time series, 2020; Davison & Hinkley,
    Bootstrap Methods, 1997). Nothing is drawn at random. O(pairs x shifts x posts).

    Examples
    --------
    >>> import pandas as pd
    >>> accounts = pd.DataFrame({"person_id": ["p", "p"], "account_id": ["weibo:1", "xhs:1"], "followers": [5000, 50]})
    >>> accounts = accounts.assign(niche=["beauty", "cars"], region=None, verified=None, label=None)
    >>> topics = pd.DataFrame({"account_id": ["weibo:1", "xhs:1"], "topic": ["lipstick"] * 2, "n": [3, 1]})
    >>> posts = pd.DataFrame({"account_id": ["weibo:1", "xhs:1"], "time": [float("nan")] * 2})
    >>> row = consistency(accounts, topics, posts, tiers={"KOC": 1000}).frame().iloc[0]
    >>> float(row.topics_shared), row.same_tier, row.contradict, row.step_reason
    (1.0, False, ('niche: beauty / cars',), 'no_time')
    """
    import pandas as pd

    needed = ((accounts, ("person_id", "account_id", "followers", *DECLARED)), (topics, ("account_id", "topic", "n")))
    for table, columns in (*needed, (posts, ("account_id", "time"))):
        if missing := [name for name in columns if name not in table]:
            raise InputError(f"column {', '.join(missing)} is missing; there are {', '.join(map(str, table.columns))}")
    told = topics.assign(topic=[_folded(topic) for topic in topics["topic"]])
    shares = {who: part.groupby("topic")["n"].sum() for who, part in told.groupby("account_id")}
    times = {who: part.to_numpy(np.float64, na_value=np.nan) for who, part in posts.groupby("account_id")["time"]}
    rows, nothing = [], pd.Series(dtype=np.float64)
    for person, part in accounts.sort_values(["person_id", "account_id"]).groupby("person_id", sort=True):
        for a, b in combinations(part.to_dict("records"), 2):
            x, y = a["account_id"], b["account_id"]
            row = {"person_id": person, "a_id": x, "b_id": y}
            row |= _topics(*(shares.get(who, nothing) if who in times else None for who in (x, y)))
            row |= _tiers(a["followers"], b["followers"], tiers) | _step(times.get(x), times.get(y)) | _declared(a, b)
            rows.append(row)
    names = ["person_id", "a_id", "b_id", *_topics(None, None), *_tiers(None, None, tiers)]
    names += [*_step(None, None), *_declared({}, {})]
    table = pd.DataFrame(rows, columns=names, dtype=object)  # else what is missing among texts becomes a number
    return Consistency(
        pairs=table.astype(dict.fromkeys(_NUMBERS, np.float64)),
        parameters={"tiers": dict(tiers), "together_ms": TOGETHER_MS, "input": digest(accounts, topics, posts)},
    )


def _folded(text: str) -> str:
    """A text as it is compared: full-width forms, case and spaces do not count."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _topics(a: pd.Series | None, b: pd.Series | None) -> dict[str, Any]:
    """How often topics are named by each; None is an account without a loaded post."""
    found = {name: np.nan if one is None else len(one) for name, one in (("topics_a", a), ("topics_b", b))}
    if a is None or b is None or not (len(a) and len(b)):
        reason = "no_post" if a is None or b is None else "no_topic"
        return found | {"topics_shared": np.nan, "topics_reason": reason}
    both = (a / a.sum()).to_frame("a").join((b / b.sum()).rename("b"), how="outer").fillna(0.0)
    shared = both.min(axis=1).sum() / both.max(axis=1).sum()
    return found | {"topics_shared": float(shared), "topics_reason": None}


def _tiers(a: Any, b: Any, tiers: Mapping[str, int]) -> dict[str, Any]:
    """The tiers of two numbers of followers; below the lowest, none has a name, and they are the same."""
    import pandas as pd

    names = [None if pd.isna(followers) else tier_of([followers], tiers)[0] for followers in (a, b)]
    unknown = None in names
    same = None if unknown else names[0] == names[1]
    reason = "no_followers" if unknown else None
    return {"tier_a": names[0], "tier_b": names[1], "same_tier": same, "tier_reason": reason}


def _declared(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    agree, contradict = list[Any](), list[Any]()
    for name in DECLARED:
        said = [str(one[name]) for one in (a, b) if isinstance(one.get(name), str)]
        meant = [compared(text) if name == "region" else _folded(text) for text in said]
        if len(said) < 2 or not _NOTHING.isdisjoint(meant):
            continue
        same = meant[0] == meant[1]
        (agree if same else contradict).append(f"{name}: {' / '.join(dict.fromkeys(said))}")
    reason = None if agree or contradict else "nothing_declared"
    return {"agree": tuple(agree), "contradict": tuple(contradict), "declared_reason": reason}


def _step(a: F64 | None, b: F64 | None) -> dict[str, Any]:
    """Posting in step, against shifts in time."""
    times = [np.sort(one[np.isfinite(one)]) if one is not None else np.empty(0) for one in (a, b)]
    found: dict[str, Any] = {"posts_a": times[0].size, "posts_b": times[1].size}
    found |= {"in_step": np.nan, "in_step_by_hours": np.nan, "in_step_p": np.nan}
    if a is None or b is None:
        return found | {"step_reason": "no_post"}
    if not all(one.size for one in times):
        return found | {"step_reason": "no_time"}
    start, stop = max(one[0] for one in times), min(one[-1] for one in times)
    days = int((stop - start) // _DAY_MS)
    by = 7 if days >= 7 * (_FEWEST + 1) else 1
    turns = days // by
    if turns <= _FEWEST:
        return found | {"step_reason": "too_short"}
    circle = turns * by * _DAY_MS
    fewer, more = sorted((one[(one >= start) & (one < start + circle)] - start for one in times), key=len)
    if not fewer.size:
        return found | {"step_reason": "too_short"}
    every = np.arange(1, turns)
    shifts = every[np.argsort(np.minimum(every, turns - every), kind="stable")[:_MOST]] * by * _DAY_MS
    around = np.concatenate([more[-1:] - circle, more, more[:1] + circle])
    share = _together(fewer, around)
    by_hours = np.array([_together((fewer + shift) % circle, around) for shift in shifts])
    p = (1 + int((by_hours >= share).sum())) / (1 + by_hours.size)
    told = {"in_step": share, "in_step_by_hours": float(by_hours.mean()), "in_step_p": p}
    return found | told | {"step_reason": None}


def _together(times: F64, others: F64) -> float:
    """The share of times with one of the others, which are in order, within `TOGETHER_MS`."""
    after = np.minimum(np.searchsorted(others, times), others.size - 1)
    near = np.minimum(np.abs(others[after] - times), np.abs(others[np.maximum(after - 1, 0)] - times))
    return float((near <= TOGETHER_MS).mean())
