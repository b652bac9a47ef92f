"""The audit of an account: which part of its audience and of its reposts comes from rings, which rings, since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.influence.coverage import Coverage
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.results import Scores

I64 = NDArray[np.int64]


class Group(NamedTuple):
    """A found group as an audit needs it: its name, the verdict on it, and the rows of its members."""

    name: str
    verdict: str
    members: I64


@dataclass(frozen=True, kw_only=True)
class Audit(Result):
    """What of some accounts comes from rings; a number that nothing is known of is NaN, with a reason.

    Attributes
    ----------
    accounts : DataFrame
        A row per account, as they were named: ``account_id``, ``followers`` loaded, ``ring_followers`` of those,
        ``loaded_share``; ``ring_share`` of the whole audience with its 95 % interval ``low``, ``high``, as everywhere;
        ``reposters`` loaded and ``ring_reposters``, ``reposts`` and ``ring_reposts`` of its posts, ``repost_share`` of
        those; ``dated``, the part of the ring followers whose time is known, ``since_ts`` of the first, ``median_ts``.
    reason, repost_reason : ndarray of object, shape (k,)
        Why rings in its audience (a code of `Coverage`), and among its reposts, cannot be seen; None where they can.
    groups : DataFrame
        Found groups of any verdict that follow or repost an account: ``account_id``, ``group`` (``follow:1``,
        or ``follow+repost:1`` where several views show it),
        ``verdict``, ``n_members``, ``followers``, ``reposters``, ``reposts``, ``first_ts``, ``last_ts``.
    months : DataFrame
        Followers that came, by month (UTC): ``account_id``, ``month`` (``2026-01``), ``ring``, ``others``.
    ask : tuple of (str, str, mapping)
        Account, code of the question, and the values that belong into it.
    """

    analysis: ClassVar[str] = "audit"
    accounts: pd.DataFrame
    reason: NDArray[np.object_]
    repost_reason: NDArray[np.object_]
    groups: pd.DataFrame
    months: pd.DataFrame
    ask: tuple[tuple[str, str, Mapping[str, Any]], ...]

    def frame(self) -> pd.DataFrame:
        """A row per account, as they were named, with the reasons."""
        import pandas as pd

        codes = {name: pd.Series(getattr(self, name), dtype=object) for name in ("reason", "repost_reason")}
        return self.accounts.assign(**codes).set_index("account_id")

    def plain(self) -> dict[str, Any]:
        """Everything, as plain values."""
        asked = [{"account_id": who, "code": code, "values": dict(values)} for who, code, values in self.ask]
        tables = {"accounts": self.frame().reset_index(), "groups": self.groups, "months": self.months}
        return {name: table.to_dict("records") for name, table in tables.items()} | {"ask": asked}


def audit(
    accounts: Sequence[str],
    rows: I64,
    *,
    followers: pd.DataFrame,
    reposts: pd.DataFrame,
    groups: Sequence[Group],
    coverage: Coverage,
    ring_share: Scores,
) -> Audit:
    """Audit accounts.

    Parameters
    ----------
    accounts : sequence of str, length k
        Ids.
    rows : ndarray of int64, shape (k,)
        Their rows.
    followers : DataFrame
        ``account`` (row), ``actor`` (row), ``ts`` (since when, epoch milliseconds, NaN where unknown): each follower
        once.
    reposts : DataFrame
        The same columns: each repost of a post of an account, with its time.
    groups : sequence of Group
        Found ones, of any verdict: only members of coordinated ones count as ring members.
    coverage : Coverage
    ring_share : Scores
        Estimated share of ring members in whole audiences (`kolgraph.influence.ring_share`).

    Returns
    -------
    Audit

    Notes
    -----
    Where rings cannot be seen shares are NaN, but members that were found are counted: they are a lower bound. Reposts
    by the account itself do not count. O(rows of the tables + members).

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> from kolgraph.influence import coverage, ring_share
    >>> g = Graph.from_edges(["a", "b", "c", "d"], ["kol"] * 4)
    >>> seen = coverage(g, pd.DataFrame({"followers": np.where(g.ids == "kol", 4.0, 0.0), "followings": 1.0}))
    >>> [kol] = g.rows(["kol"])
    >>> table = pd.DataFrame({"account": kol, "actor": g.rows(["a", "b", "c", "d"]), "ts": np.nan})
    >>> bots = Group("follow:1", "coordinated", np.asarray(g.rows(["a", "b"])))
    >>> share = ring_share(g, seen, [])
    >>> found = audit(["kol"], np.array([kol]), followers=table, reposts=table.head(0), groups=[bots], coverage=seen,
    ...               ring_share=share)
    >>> found.accounts[["followers", "ring_followers", "loaded_share"]].values.tolist()
    [[4.0, 2.0, 0.5]]
    """
    import pandas as pd

    n = coverage.ids.size
    ring = np.zeros(n, bool)
    for group in groups:
        if group.verdict == "coordinated":
            ring[group.members] = True
    table, months, asked, codes = (
        [],
        [],
        list[tuple[str, str, Mapping[str, Any]]](),
        list[tuple[str | None, str | None]](),
    )
    for name, row in zip(accounts, rows.tolist(), strict=True):
        came, passed = (part[(part["account"] == row) & (part["actor"] != row)] for part in (followers, reposts))
        mine = ring[came["actor"].to_numpy(np.int64)]
        by_ring = ring[passed["actor"].to_numpy(np.int64)]
        when = came["ts"].to_numpy(np.float64)
        grown = _months(when, mine).assign(account_id=name)
        reason = coverage.ring_reason[row]
        unseen = None if len(passed) else "no_repost_loaded"
        if unseen is None and "repost" not in coverage.views and not by_ring.any():
            unseen = "reposts_too_few"
        known = when[mine & np.isfinite(when)]
        table.append(
            {
                "account_id": name,
                "followers": len(came),
                "ring_followers": int(mine.sum()),
                "loaded_share": mine.mean() if len(came) and reason is None else np.nan,
                "ring_share": ring_share.values[row],
                "low": np.nan if ring_share.low is None else ring_share.low[row],
                "high": np.nan if ring_share.high is None else ring_share.high[row],
                "reposters": passed["actor"].nunique(),
                "ring_reposters": passed["actor"][by_ring].nunique(),
                "reposts": len(passed),
                "ring_reposts": int(by_ring.sum()),
                "repost_share": by_ring.mean() if unseen is None else np.nan,
                "dated": known.size / mine.sum() if mine.any() else np.nan,
                "since_ts": known.min() if known.size else np.nan,
                "median_ts": float(np.median(known)) if known.size else np.nan,
            }
        )
        months.append(grown)
        codes.append((reason, unseen))
        asked += [(name, *question) for question in _ask(grown, bool(mine.any() or by_ring.any()), reason)]
    why, why_not_reposts = (np.array([*part, None], object)[:-1] for part in zip(*codes, strict=True))
    return Audit(
        parameters={
            "accounts": list(accounts),
            "input": digest(followers, reposts),
            "groups": digest(*(part for group in groups for part in group)),
            "coverage": coverage.run_id,
            "ring_share": ring_share.run_id,
        },
        graph=coverage.graph,
        accounts=pd.DataFrame(table),
        reason=why,
        repost_reason=why_not_reposts,
        groups=_groups(accounts, rows, followers, reposts, groups),
        months=pd.concat([m for m in months if len(m)] or months[:1], ignore_index=True)[
            ["account_id", "month", "ring", "others"]
        ],
        ask=tuple(asked),
    )


def _months(when: NDArray[np.float64], mine: NDArray[np.bool_]) -> pd.DataFrame:
    """Followers that came, by calendar month; months without any between the first and the last are there, too."""
    import pandas as pd

    known = np.isfinite(when)
    month = when[known].astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    if not month.size:
        return pd.DataFrame({"month": [], "ring": np.empty(0, int), "others": np.empty(0, int)})
    first, n = int(month.min()), int(month.max() - month.min()) + 1
    names = (first + np.arange(n)).astype("datetime64[M]").astype(str).tolist()
    counts = {
        key: np.bincount(month[chosen] - first, minlength=n)
        for key, chosen in (("ring", mine[known]), ("others", ~mine[known]))
    }
    return pd.DataFrame({"month": names, **counts})


def _groups(
    accounts: Sequence[str], rows: I64, followers: pd.DataFrame, reposts: pd.DataFrame, groups: Sequence[Group]
) -> pd.DataFrame:
    """Which groups follow or repost which account, those with the most followers first."""
    import pandas as pd

    found = []
    for name, row in zip(accounts, rows.tolist(), strict=True):
        came, passed = (part[part["account"] == row] for part in (followers, reposts))
        for group in groups:
            fans, pushed = (part[part["actor"].isin(group.members)] for part in (came, passed))
            if len(fans) or len(pushed):
                times = pd.concat([fans["ts"], pushed["ts"]])
                counted = (group.members.size, len(fans), pushed["actor"].nunique(), len(pushed))
                found.append((name, group.name, group.verdict, *counted, times.min(), times.max()))
    columns = ["account_id", "group", "verdict", "n_members", "followers", "reposters", "reposts"]
    table = pd.DataFrame(found, columns=[*columns, "first_ts", "last_ts"])
    place = {name: at for at, name in enumerate(accounts)}
    order = np.lexsort((-table["followers"] - table["reposters"], table["account_id"].map(place)))
    return table.iloc[order].reset_index(drop=True)


def _ask(months: pd.DataFrame, found: bool, reason: str | None) -> list[tuple[str, Mapping[str, Any]]]:
    """What the account can be asked: about what was found, or for what would show it."""
    asked: list[tuple[str, Mapping[str, Any]]] = []
    if found:
        bought = months["ring"].to_numpy(np.int64)
        if bought.any():
            at = int(bought.argmax())
            asked.append(("month", {"month": months["month"].iloc[at], "share": float(bought[at] / bought.sum())}))
        asked += [("source", {}), ("draw", {})]
    if reason is not None and reason != "no_follower":
        asked.append(("lists", {}))
    if asked:
        asked.append(("backend", {}))
    return asked
