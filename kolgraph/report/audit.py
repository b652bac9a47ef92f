"""The audit of accounts as people read it, line by line, in either language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.locale import catalogue, moment, number, percent
from kolgraph.report.build import rows

if TYPE_CHECKING:
    from kolgraph.influence.audit import Audit

#: What the sentence on the whole audience says, and the columns it is from.
_WHOLE = {"share": "ring_share", "low": "low", "high": "high"}


def lines(found: Audit, lang: str, *, names: Mapping[str, str], why: Callable[[str, str], str]) -> list[str]:
    """As people read it.

    Parameters
    ----------
    found : Audit
    lang : str
        ``en`` or ``zh``.
    names : mapping
        Id -> name, where there is one.
    why : callable
        A reason of coverage, and the language, as a sentence (`Coverage.why`).

    Raises
    ------
    UnknownName
        Another language.
    """
    text, out = catalogue(lang), list[str]()

    def say(key: str, /, **values: Any) -> str:
        shown = {k: v if isinstance(v, str) else number(v, lang) for k, v in values.items()}
        return text[f"audit.{key}"].format(**shown)

    for row in rows(found.frame().reset_index()):
        account = row["account_id"]
        name = names.get(account)
        out += [""] * bool(out) + [say("title", who=f"{name} ({account})" if name else account)]
        ring, followers = row["ring_followers"], row["followers"]
        if row["reason"] is not None:
            out.append("! " + say("unseen", reason=why(row["reason"], lang)))
            if ring:
                out.append(say("at_least", followers=followers, ring=ring))
        else:
            out.append(say("share", followers=followers, ring=ring, share=percent(row["loaded_share"], lang)))
            if row["ring_share"] is not None and row["low"] != row["high"]:  # of a sample
                out.append(say("whole", **{k: percent(row[v], lang) for k, v in _WHOLE.items()}))
        if row["repost_reason"] is not None:
            out.append(text[f"audit.{row['repost_reason']}"])
        else:
            shown = {
                "reposts": row["reposts"],
                "ring": row["ring_reposts"],
                "share": percent(row["repost_share"], lang),
            }
            out.append(say("reposts", **shown, accounts=row["ring_reposters"], all=row["reposters"]))
        if ring and row["since_ts"] is None:
            out.append(text["audit.undated"])
        elif ring:
            first, median = (moment(row[key], lang) for key in ("since_ts", "median_ts"))
            out.append(say("since", first=first, median=median, dated=percent(row["dated"], lang)))
        if row["reason"] is None and not ring and not row["ring_reposts"]:
            out.append(text["audit.none"])
        out += _groups(found, account, say, lang) + _months(found, account, say, bool(ring))
        asked = [(code, values) for who, code, values in found.ask if who == account]
        if asked:
            out.append(text["audit.ask"])
            for code, values in asked:
                shown = {k: percent(v, lang) if k == "share" else str(v) for k, v in values.items()}
                out.append("  " + say(f"ask.{code}", **shown))
    return [*out, "", text["case.caution"]]


def _groups(found: Audit, account: str, say: Callable[..., str], lang: str) -> list[str]:
    table = rows(found.groups[found.groups["account_id"] == account])
    if not table:
        return []
    text, out = catalogue(lang), [say("groups")]
    for row in table:
        relation, _, number_of = row["group"].partition(":")
        shown = {name: row[name] for name in ("followers", "reposters", "reposts")}
        shown |= {"first": moment(row["first_ts"], lang), "last": moment(row["last_ts"], lang)}
        views = text["case.comma"].join(text.get(f"relation.{view}", view) for view in relation.split("+"))
        shown |= {"group": f"{number_of}, {views}" if lang == "en" else f"{number_of}、{views}"}
        shown["members"] = row["n_members"]
        verdict = text.get(f"verdict.{row['verdict']}", row["verdict"])
        out.append("  " + say("group", **shown, verdict=verdict))
    return out


def _months(found: Audit, account: str, say: Callable[..., str], bought: bool) -> list[str]:
    table = found.months[found.months["account_id"] == account]
    if table.empty or not bought:
        return []
    shown = table[table["ring"] > 0]
    out = [say("months")]
    out += ["  " + say("month", month=row["month"], ring=row["ring"], others=row["others"]) for row in rows(shown)]
    rest = int(table["others"].sum() - shown["others"].sum())
    return [*out, "  " + say("other_months", others=rest)] if len(table) > len(shown) else out
