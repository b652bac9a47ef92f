"""A check-up: everything there is to say about one account, with the evidence, on one page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.influence.explanation import Explanation, explain
from kolgraph.influence.observed import read_profiles
from kolgraph.influence.quality import FLOORS, LIMITS
from kolgraph.influence.reach import reach
from kolgraph.locale import catalogue, number, percent
from kolgraph.verbs import run

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.results import Scores
    from kolgraph.workspace import Workspace

#: Groups and followers to name.
_TOP = 5


@dataclass(frozen=True, kw_only=True)
class CheckUp:
    """What is known of one account; a number that nothing is known of is None.

    Attributes
    ----------
    account_id, name, tier : str
    followers : float or None
        As the platform shows them.
    reach, reach_low, reach_high : float
        Real accounts moved per post, expected, with a 95 % interval.
    inflation : float or None
        Followers for each of them.
    posts : int
        Own posts known.
    realised, realised_low, realised_high : float or None
        Real accounts that did repost, per post.
    trend, trend_low, trend_high : float or None
        Later half of the time / earlier half.
    score : float or None
        Of the audience, 0 to 100 within its tier.
    shares : dict
        See `kolgraph.influence.quality.Quality`.
    problems : tuple of str
        Shares beyond their limits.
    why : Explanation
        Whom it reaches, through whom, and what the rings have to do with it.
    """

    account_id: str
    name: str
    tier: str
    followers: float | None
    reach: float
    reach_low: float
    reach_high: float
    inflation: float | None
    posts: int
    realised: float | None
    realised_low: float | None
    realised_high: float | None
    trend: float | None
    trend_low: float | None
    trend_high: float | None
    score: float | None
    shares: dict[str, float | None]
    problems: tuple[str, ...]
    why: Explanation

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        flat = {name: value for name, value in asdict(self).items() if name != "why"}
        tables = {name: getattr(self.why, name).to_dict("records") for name in ("audiences", "edges")}
        return flat | {"why": self.why.summary() | tables}

    def lines(self, lang: str) -> list[str]:
        """As people read it.

        Raises
        ------
        UnknownName
            Another language than ``en`` and ``zh``.
        """
        text = catalogue(lang)

        def say(key: str, /, **values: Any) -> str:
            shown = {k: v if isinstance(v, str) else number(v, lang) for k, v in values.items()}
            return text[f"checkup.{key}"].format(**shown)

        def span(low: float | None, high: float | None) -> str:
            return "" if low is None or high is None else say("span", low=low, high=high)

        why, shares = self.why, self.shares
        known = {name: percent(value, lang) for name, value in shares.items() if name != "known"}
        who = _called(self.name, self.account_id)
        out = [say("title", who=who, tier=self.tier, followers=self.followers).rstrip()]
        out.append(say("reach", reach=self.reach, span=span(self.reach_low, self.reach_high), each=self.inflation))
        if self.realised is not None:
            moved = span(self.realised_low, self.realised_high)
            out.append(say("realised", posts=float(self.posts), realised=self.realised, span=moved))
        if self.trend is not None:
            out.append(say("trend", trend=self.trend, span=span(self.trend_low, self.trend_high)))
        out.append(say("rings", shown=why.shown, reach=why.reach, without=why.without_rings))
        if self.score is not None:
            out.append(say("score", score=self.score))
            out.append(say("shares", known=shares["known"], **known))
        out += ["! " + say(f"problem.{name}", share=known[name], limit=_limit(name, lang)) for name in self.problems]
        for kind, rows in why.audiences.groupby("kind", sort=False):
            parts = [f"{row.group or text['checkup.unknown']} {percent(row.share, lang)}" for row in rows.itertuples()]
            out.append(say(f"audience.{kind}", parts=text["checkup.comma"].join(parts[:_TOP])))
        for row in why.edges.itertuples():
            brings = {"p": percent(row.probability, lang), "onward": row.onward, "brings": row.contribution}
            out.append(say("edge", follower=_called(str(row.name), str(row.account_id)), **brings))
        return out


def _called(name: str, account_id: str) -> str:
    """The name where there is one, and the id."""
    return f"{name} ({account_id})" if name else account_id


def _limit(name: str, lang: str) -> str:
    return percent(LIMITS.get(name, FLOORS.get(name)), lang)


def check_up(workspace: Workspace, account: str, *, seed: int = 1) -> CheckUp:
    """Everything there is to say about one account.

    Parameters
    ----------
    workspace : Workspace
        Find rings and niches first: without them nobody counts as fake, and no niche is known.
    account : str
        ``platform:native_id``.
    seed : int

    Returns
    -------
    CheckUp

    Raises
    ------
    UnknownAccount

    Notes
    -----
    As long as `rank`, `realised` and `quality` together; nothing is stored.
    """
    graph, learnt = run.forwarding_graph(workspace)
    row = int(graph.rows([account])[0])
    targets = run.real_audience(workspace, graph)
    scores = reach(graph, targets=targets, probabilities=learnt, seed=seed)
    likely = scores.frame().loc[account]
    profiles = read_profiles(workspace)
    why = explain(
        graph,
        account,
        onward=scores.values,
        targets=targets,
        probabilities=learnt,
        fake=targets == 0,
        groups=_groups(workspace, profiles, scores),
        top=_TOP,
        seed=seed,
    )
    who = (
        workspace.sql(
            "SELECT account_id, name FROM accounts WHERE list_contains(?, account_id)",
            [[account, *why.edges["account_id"]]],
        )
        .set_index("account_id")["name"]
        .fillna("")
    )
    moved, judged = run.realised(workspace, save=False), run.quality(workspace, save=False)
    shown = _number(profiles["followers"].iloc[row])
    return CheckUp(
        account_id=account,
        name=str(who[account]),
        tier=judged.tier[row],
        followers=shown,
        reach=float(likely["reach"]),
        reach_low=float(likely["low"]),
        reach_high=float(likely["high"]),
        inflation=shown / float(likely["reach"]) if shown and likely["reach"] > 0 else None,
        posts=int(moved.posts[row]),
        realised=_number(moved.values[row]),
        realised_low=_number(moved.low[row]),
        realised_high=_number(moved.high[row]),
        trend=_number(moved.trend[row]),
        trend_low=_number(moved.trend_low[row]),
        trend_high=_number(moved.trend_high[row]),
        score=_number(judged.score[row]),
        shares={str(name): _number(value) for name, value in judged.shares.iloc[row].items()},
        problems=judged.problems()[row],
        why=replace(why, edges=why.edges.assign(name=who.reindex(why.edges["account_id"]).to_numpy())),
    )


def _groups(workspace: Workspace, profiles: pd.DataFrame, scores: Scores) -> dict[str, Any]:
    """Niche and region of every account: the detected niche, where none was detected the declared one."""
    detected = workspace.sql(
        "SELECT a.account_key, any_value(c.label) AS label FROM community_members m JOIN communities c "
        "USING (run_id, community) JOIN accounts a USING (account_key) WHERE c.label IS NOT NULL GROUP BY ALL"
    )
    niche = profiles["niche"].to_numpy(object)
    if len(detected):
        niche = np.full(scores.ids.size, None, dtype=object)
        niche[detected["account_key"].to_numpy()] = detected["label"].to_numpy(object)
    return {"niche": niche, "region": profiles["region"].to_numpy(object)}


def _number(value: Any) -> float | None:
    """None where nothing is known."""
    return None if value is None or value != value else float(value)
