"""A check-up as people read it, line by line, in either language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kolgraph.influence.quality import FLOORS, LIMITS
from kolgraph.locale import catalogue, money, number, percent

if TYPE_CHECKING:
    from kolgraph.verbs.explain import CheckUp

#: Groups to name.
_TOP = 5
#: What is no share.
_NUMBERS = {"known", "profiles", "growth", "growth_z"}
#: Accounts per post that are as good as none.
_FEW = 0.01


def lines(found: CheckUp, lang: str) -> list[str]:
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

    why, shares = found.why, found.shares
    known = {name: percent(value, lang) for name, value in shares.items() if name not in _NUMBERS}
    known |= {name: number(shares.get(name), lang) for name in ("growth", "growth_z")}
    for what in ("ring", "zombie"):
        if shares.get(f"{what}_low") != shares.get(f"{what}_high"):  # of a sample
            bounds = {end: known[f"{what}_{end}"] for end in ("low", "high")}
            known[f"{what}_share"] += text["checkup.span"].format(**bounds)
    who = _called(found.name, found.account_id)
    out = [say("title", who=who, tier=found.tier, followers=found.followers).rstrip()]
    each = "" if found.inflation is None else say("each", each=found.inflation)
    if found.unproven:
        out.append("! " + say("unproven", reason=found.unproven[lang]))
    else:
        told = {"proven": found.proven, "span": span(found.proven_low, found.proven_high), "each": each}
        out.append(say("proven", posts=float(found.proven_posts), **told))
        out.append(say("next", low=found.next_low, high=found.next_high, prior=found.prior))
        each = ""
    if found.reason:
        out.append("! " + say("cannot_tell", reason=found.reason[lang]))
    else:
        out.append(say("reach", reach=found.reach, span=span(found.reach_low, found.reach_high), each=each))
        if not found.unproven:
            out.append(text["conversion"])
    if found.realised is not None:
        moved = span(found.realised_low, found.realised_high)
        out.append(say("realised", posts=float(found.posts), realised=found.realised, span=moved))
    if found.trend is not None:
        out.append(say("trend", trend=found.trend, span=span(found.trend_low, found.trend_high)))
    for channel in ("followers_repost", "strangers_repost"):
        rate, low, high = (getattr(found, f"{channel}{end}") for end in ("", "_low", "_high"))
        if rate is not None and high < _FEW:
            out.append(say(channel, rate="<" + number(_FEW, lang), span=""))
        elif rate is not None:
            out.append(say(channel, rate=rate, span=span(low, high)))
    if not found.reason:
        out.append(say("rings", shown=why.shown, reach=why.reach, without=why.without_rings))
    if found.score is not None:
        out.append(say("score", score=found.score))
        out.append(say("shares", known=shares["known"], profiles=shares["profiles"], **known))
    daily = known["growth"]
    out += [
        "! " + say(f"problem.{name}", share=known[name], limit=_limit(name, lang), growth=daily)
        for name in found.problems
    ]
    if found.price_cny is not None and found.price_usual is not None:
        low, high = (money(part, lang) for part in found.price_usual)
        out.append(say("price", price=money(found.price_cny, lang), low=low, high=high))
    if found.stars is not None:
        out.append(say("stars", stars=found.stars))
    out += ["! " + text[f"warning.{code}"] for code in found.value or ()]
    for kind, rows in found.groups.frame().dropna(subset="share").groupby("kind", sort=False):
        parts = [f"{row.group} {_between(row, lang)}" for row in rows.head(_TOP).itertuples()]
        sample = float(rows["sample"].iloc[0])
        out.append(say(f"followers.{kind}", sample=sample, parts=text["checkup.comma"].join(parts)))
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


def _between(row: Any, lang: str) -> str:
    """A share, with its interval where it has one."""
    value, low, high = (percent(part, lang) for part in (row.share, row.low, row.high))
    return value + ("" if row.low == row.high else catalogue(lang)["checkup.between"].format(low=low, high=high))


def _limit(name: str, lang: str) -> str:
    limit = LIMITS.get(name, FLOORS.get(name))
    return (number if name in _NUMBERS else percent)(limit, lang)
