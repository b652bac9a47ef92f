"""A check-up: everything there is to say about one account, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

from kolgraph.errors import UnknownAccount
from kolgraph.locale import LANGUAGES
from kolgraph.results import Result, digest
from kolgraph.verbs.asking import answer
from kolgraph.verbs.audience import audience, read_groups
from kolgraph.verbs.coverage import coverage
from kolgraph.verbs.observed import learn, read_profiles
from kolgraph.verbs.proven import proven
from kolgraph.verbs.quality import quality
from kolgraph.verbs.rank import rank
from kolgraph.verbs.real import real
from kolgraph.verbs.realised import realised
from kolgraph.verbs.value import value

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.influence import Composition, Explanation
    from kolgraph.workspace import Workspace

#: Followers to name.
_TOP = 5


@dataclass(frozen=True, kw_only=True)
class CheckUp(Result):
    """What is known of one account; a number that nothing is known of is None.

    Attributes
    ----------
    account_id, name, tier : str
    followers : float or None
        As the platform shows them.
    proven, proven_low, proven_high : float or None
        Real accounts that repost a next post, by what its posts did, with a 95 % interval; the author not among them.
    next_low, next_high : float or None
        90 % interval of the next post.
    prior : float or None
        What would be said without its posts: what accounts like it move.
    proven_posts : int
        Own posts of which it is known what they moved.
    unproven : dict of language to str
        Why nothing is proven; empty where something is.
    reach, reach_low, reach_high : float or None
        Real accounts moved per post by the model, with a 95 % interval, the author among them: reach - 1 compares with
        what is proven.
    inflation : float or None
        Followers for each account that a post is proven to move; for each one reached where of no account anything is.
    posts : int
        Own posts known.
    realised, realised_low, realised_high : float or None
        Real accounts that did repost, per post.
    trend, trend_low, trend_high : float or None
        Later half of the time / earlier half.
    followers_repost, followers_repost_low, followers_repost_high : float or None
        Real known followers expected to repost a post of its own directly from it.
    strangers_repost, strangers_repost_low, strangers_repost_high : float or None
        The same of real accounts that are not among the known followers.
    score : float or None
        Of the audience, 0 to 100 within its tier.
    shares : dict
        See `kolgraph.influence.quality.Quality`.
    problems : tuple of str
        Shares beyond their limits.
    reason : dict of language to str
        Why reach and score cannot be told; empty where they can.
    why : Explanation
        Whom it reaches, through whom, and what the rings have to do with it.
    groups : Composition
        Regions and niches of its real followers.
    price_cny, stars : float or None
        As loaded; the price per post, and the score that an agency or platform gives.
    price_usual : tuple of float or None
        From and to which price accounts that move as much cost in 95 of 100 cases.
    value : tuple of str or None
        What is unusual in price, score and followers (`kolgraph.influence.value`); None where nothing can be said.
    """

    analysis: ClassVar[str] = "explain"
    account_id: str
    name: str
    tier: str
    followers: float | None
    proven: float | None
    proven_low: float | None
    proven_high: float | None
    next_low: float | None
    next_high: float | None
    prior: float | None
    proven_posts: int
    unproven: dict[str, str]
    reach: float | None
    reach_low: float | None
    reach_high: float | None
    inflation: float | None
    posts: int
    realised: float | None
    realised_low: float | None
    realised_high: float | None
    trend: float | None
    trend_low: float | None
    trend_high: float | None
    followers_repost: float | None
    followers_repost_low: float | None
    followers_repost_high: float | None
    strangers_repost: float | None
    strangers_repost_low: float | None
    strangers_repost_high: float | None
    score: float | None
    shares: dict[str, float | None]
    problems: tuple[str, ...]
    reason: dict[str, str]
    why: Explanation
    groups: Composition
    price_cny: float | None = None
    price_usual: tuple[float, float] | None = None
    stars: float | None = None
    value: tuple[str, ...] | None = None

    @property
    def variant(self) -> str:
        """The account."""
        return self.account_id

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        own = [f.name for f in fields(self) if f.name not in {"why", "groups", "parameters", "seed", "graph"}]
        tables = {name: getattr(self.why, name).to_dict("records") for name in ("audiences", "edges")}
        parts = {"why": self.why.summary() | tables, "groups": self.groups.records()}
        return {name: getattr(self, name) for name in own} | parts

    def summary(self) -> dict[str, Any]:
        """The numbers that every other page shows of the account, too."""
        return {name: getattr(self, name) for name in ("proven", "reach", "inflation", "realised", "score")}

    def frame(self) -> pd.DataFrame:
        """One row: what is known of the account."""
        import pandas as pd

        row = {
            name: value for name, value in self.plain().items() if name not in {"why", "groups", "shares", "problems"}
        }
        return pd.DataFrame([row | self.shares]).set_index("account_id")


@answer(method=5)  # what is proven comes first, and inflation is by it
def explain(workspace: Workspace, account: str, *, seed: int = 1) -> CheckUp:
    """Everything there is to say about one account.

    The numbers are those of `proven`, `rank`, `realised` and `quality`; what is of this account alone is simulated.

    Parameters
    ----------
    workspace : Workspace
    account : str
        ``platform:native_id``.
    seed : int

    Returns
    -------
    CheckUp

    Raises
    ------
    UnknownAccount
    """
    from kolgraph.graph import Graph
    from kolgraph.influence import explain as take_apart

    who = real(workspace)
    row = next((i for i, account_id in enumerate(who.ids.tolist()) if account_id == account), None)
    if row is None:
        raise UnknownAccount.among([account], str(workspace.path))
    found, scores = proven(workspace, seed=seed), rank(workspace, by="reach", seed=seed)
    moved, judged = realised(workspace), quality(workspace)
    codes = (None if reasons is None else reasons[row] for reasons in (found.reason, scores.reason))
    unproven, reason = (
        {} if code is None else {lang: coverage(workspace).why(code, lang) for lang in LANGUAGES} for code in codes
    )
    given = Graph.from_workspace(workspace)
    channels = learn(workspace, given)
    graph, learnt = channels.along(given)
    groups, worth = audience(workspace, [account]).groups, _worth(workspace, account, row)
    followers, strangers = channels.followers.of([row]), channels.strangers.of([row])
    profiles = read_profiles(workspace)
    why = take_apart(
        graph,
        account,
        onward=scores.values,
        targets=who.weight,
        probabilities=learnt,
        fake=who.fake,
        groups=read_groups(workspace),
        top=_TOP,
        seed=seed,
    )
    named = [account, *why.edges["account_id"]]
    rows = workspace.fetch("SELECT account_id, name FROM accounts WHERE list_contains(?, account_id)", [named])
    names = {account_id: name or "" for account_id, name in rows}
    shown, reach = _number(profiles["followers"].iloc[row]), _number(scores.values[row])
    moves = _number(found.values[row]) if found.model is not None else reach
    return CheckUp(
        parameters={
            "account": account,
            "of": [a.run_id for a in (found, scores, moved, judged, why, groups)],
            "names": digest(sorted(names.items())),
            "channels": digest(followers.values, followers.high, strangers.values, strangers.high),
            "worth": digest(worth),
        },
        seed=seed,
        graph=graph.fingerprint,
        account_id=account,
        name=names[account],
        tier=judged.tier[row],
        followers=shown,
        proven=_number(found.values[row]),
        proven_low=_number(found.low[row]),
        proven_high=_number(found.high[row]),
        next_low=_number(found.next_low[row]),
        next_high=_number(found.next_high[row]),
        prior=_number(found.prior[row]),
        proven_posts=int(found.posts[row]),
        unproven=unproven,
        reach=reach,
        reach_low=_number(scores.low[row]) if scores.low is not None else None,
        reach_high=_number(scores.high[row]) if scores.high is not None else None,
        inflation=shown / moves if shown and moves else None,
        posts=int(moved.posts[row]),
        realised=_number(moved.values[row]),
        realised_low=_number(moved.low[row]),
        realised_high=_number(moved.high[row]),
        trend=_number(moved.trend[row]),
        trend_low=_number(moved.trend_low[row]),
        trend_high=_number(moved.trend_high[row]),
        followers_repost=_number(followers.values[0]),
        followers_repost_low=_number(followers.low[0]),
        followers_repost_high=_number(followers.high[0]),
        strangers_repost=_number(strangers.values[0]),
        strangers_repost_low=_number(strangers.low[0]),
        strangers_repost_high=_number(strangers.high[0]),
        score=_number(judged.score[row]),
        shares={str(name): _number(value) for name, value in judged.shares.iloc[row].items()},
        problems=judged.problems()[row],
        reason=reason,
        groups=groups,
        **worth,
        why=replace(why, edges=why.edges.assign(name=[names[i] for i in why.edges["account_id"]])),
    )


def _worth(workspace: Workspace, account: str, row: int) -> dict[str, Any]:
    """Price and score of an account, and what they are worth."""
    found = value(workspace)
    [said] = workspace.fetch("SELECT price_cny::DOUBLE, score FROM accounts WHERE account_id = ?", [account])
    worth: dict[str, Any] = {"price_cny": said[0], "stars": said[1]}
    low, high = _number(found.price.low[row]), _number(found.price.high[row])
    if low is not None and high is not None:
        worth["price_usual"] = (low, high)
    return worth | {"value": found.said(row)}


def _number(value: Any) -> float | None:
    """None where nothing is known."""
    return None if value is None or value != value else float(value)
