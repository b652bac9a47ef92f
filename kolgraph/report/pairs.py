"""Whether the accounts of a person fit together, as people read it, in either language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kolgraph.influence.consistency import TOGETHER_MS
from kolgraph.locale import catalogue, duration, number, percent

if TYPE_CHECKING:
    import pandas as pd


def lines(pairs: pd.DataFrame, lang: str) -> list[str]:
    """The table of `kolgraph.influence.consistency.Consistency`: a title for each pair, and what it says.

    Raises
    ------
    UnknownName
        Another language than ``en`` and ``zh``.
    """
    text = catalogue(lang)

    def say(key: str, reason: str | None = None, /, **values: Any) -> str:
        if reason is not None:
            return text[f"pairs.{key}"] + text["pairs.unknown"].format(reason=text[f"pairs.{reason}"])
        return text[f"pairs.{key}"] + text[f"pairs.{key}.told"].format(**values)

    def listed(parts: tuple[str, ...]) -> str:
        named = [part.partition(": ") for part in parts]
        return text["pairs.comma"].join(
            text["pairs.field"].format(name=text[f"pairs.{n}"], said=v) for n, _, v in named
        )

    out = [] if len(pairs) else [text["pairs.nobody"]]
    for row in pairs.to_dict("records"):
        share = {
            name: percent(row[name], lang) for name in ("topics_shared", "in_step", "in_step_by_hours", "in_step_p")
        }
        a, b = (number(row[f"topics_{one}"], lang) for one in "ab")
        tier = [row[f"tier_{one}"] or text["pairs.no_tier"] for one in "ab"]
        together = {"share": share["in_step"], "hours": share["in_step_by_hours"], "p": share["in_step_p"]}
        out += [
            text["pairs.title"].format(person=row["person_id"], a=row["a_id"], b=row["b_id"]),
            say("topics", row["topics_reason"], share=share["topics_shared"], a=a, b=b),
            say("same_tier" if row["same_tier"] else "tier", row["tier_reason"], a=tier[0], b=tier[1]),
            say("step", row["step_reason"], span=duration(TOGETHER_MS / 1000, lang), **together),
        ]
        if row["declared_reason"]:
            out.append(say("declared", row["declared_reason"]))
        if row["contradict"]:
            out.append("! " + text["pairs.contradict"].format(parts=listed(row["contradict"])))
        if row["agree"]:
            out.append(text["pairs.agree"].format(parts=listed(row["agree"])))
    return out
