"""The case of a ring as people read it: text for a terminal, a page to forward; in either language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph import pictures
from kolgraph.locale import catalogue, duration, moment, number, percent
from kolgraph.report.build import page, write_page
from kolgraph.targets import check

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.rings.casefile import CaseFile
    from kolgraph.rings.counter import Point

#: Accounts and targets on a page: beyond these nobody reads, and files hold all.
LISTED = 100
#: What is a share, and what a count, of the numbers of counter-evidence.
_SHARES = {"elsewhere", "audience", "idol", "returned", "names", "regions"}
#: The numbers of the block that have a sentence of their own.
_NUMBERS = ("share_of_targets", "reliance", "share_of_members", "one_customer", "dispersion", "target_dispersion")


def told(case: CaseFile, lang: str) -> dict[str, list[str]]:
    """What a case says, in sentences, by part.

    Returns
    -------
    dict of str to list of str
        ``summary``, ``numbers``, ``when``, ``step``, ``against``, ``for``, ``nothing``, ``ask``.

    Raises
    ------
    UnknownName
        Another language than ``en`` and ``zh``.
    """
    text = catalogue(lang)
    n, when = case.numbers, case.when

    def say(key: str, /, **values: Any) -> str:
        shown = {k: v if isinstance(v, str) else number(v, lang) for k, v in values.items()}
        return text[f"case.{key}"].format(**shown)

    views = text["case.comma"].join(
        say("view", view=text.get(f"relation.{view}", view), bits=bits) for view, bits in case.views.items()
    )
    counts = {name: n[name] for name in ("members", "targets", "edges", "expected")}
    summary = [
        say("block", clients=len(case.clients), density=percent(n["density"], lang), **counts),
        say("evidence", bits=n["bits"], views=views),
    ]
    summary.append(say("score", score=case.found["score"]))
    summary.append(say("p", p=_chance(case.found["p"])))
    summary.append(say("rate", rate=case.found["max_false"]))
    for hypothesis, features in case.hypotheses.items():
        if features:
            said = text["case.comma"].join(text[f"mark.{feature}"] for feature in features)
            summary.append(text[f"case.speaks.{hypothesis}"].format(features=said))
    numbers = [
        say(name, value=percent(n[name], lang) if "dispersion" not in name else n[name], flips=1 - n["density"])
        for name in _NUMBERS
        if n[name] == n[name]
    ]
    points: dict[str, list[str]] = {"against": [], "for": [], "nothing": []}
    for point in case.counter:
        points[point.speaks].append(_point(point, text, lang))
    return {
        "summary": summary,
        "numbers": numbers,
        "when": _when(case, text, lang),
        "step": _step(case, text, lang) if when.reason is None else [],
        **points,
        "ask": [_asked(code, values, text, lang) for code, values in case.ask],
    }


def lines(case: CaseFile, lang: str) -> list[str]:
    """A case as a terminal shows it."""
    text, parts = catalogue(lang), told(case, lang)
    out = [title(case, text), *parts["summary"], text["case.caution"]]
    for part in ("numbers", "when", "step", "against", "for", "nothing"):
        if parts[part]:
            out += ["", text[f"case.title.{part}"], *(f"  {line}" for line in parts[part])]
    out += ["", text["case.title.check"], *(f"  {line}" for line in _checks(case, text, lang))]
    out += [f"  {text['case.check_note']}", "", text["case.title.ask"], *(f"  {line}" for line in parts["ask"])]
    out += ["", text["case.title.targets"]]
    out += [
        f"  {_called(row.client, row.target)}: {number(row.edges, lang)} / {number(row.acted, lang)}"
        f" ({percent(row.share, lang)})"
        for row in case.targets.itertuples()
    ]
    out += ["", text["case.title.members"]]
    out += [
        f"  {_called(row.name, row.account_id)}: {number(row.edges, lang)} / {number(row.acted, lang)}"
        f" ({percent(row.share, lang)})"
        for row in case.members[["name", "account_id", "edges", "acted", "share"]].itertuples(index=False)
    ]
    return out


def title(case: CaseFile, text: Mapping[str, str]) -> str:
    """What the case is called."""
    relation = text.get(f"relation.{case.relation}", case.relation)
    return text["case.title"].format(
        ring=case.ring, relation=relation, verdict=text.get(f"verdict.{case.verdict}", case.verdict)
    )


def write_case(case: CaseFile, path: str | Path, *, lang: str = "en", workspace: str = "", coverage: str = "") -> Path:
    """Write a case as one self-contained HTML file, readable by its owner only.

    Parameters
    ----------
    case : CaseFile
    path : str or Path
        See `kolgraph.targets.check`.
    lang : str
        ``en`` or ``zh``.
    workspace : str
        Name of the workspace, for the command that verifies the case.
    coverage : str
        What was loaded of what there is, in one line.

    Raises
    ------
    UnknownName
        Another language.
    InputError
        There is another file, or it is no place for one.
    EnvironmentProblem
        The folder cannot be written.
    """
    text, target = catalogue(lang), Path(path)
    check(target)
    drawn = {}
    if len(case.pairs):
        drawn["pairs"] = pictures.ring_matrix(_incidence(case), text=text)
    if case.when.reason is None:
        drawn["timeline"] = pictures.case_timeline(case.when.timeline, case.when.unit_s, text=text)
        if case.when.numbers["lags"]:
            drawn["lags"] = pictures.case_lags(case.when.lags, text=text)
    why = [line.partition(": ")[2] for line in _checks(case, text, lang)]
    checked = case.check.assign(kind=[text[f"case.check.{kind}"] for kind in case.check["kind"]], why=why)
    lags = case.when.lags.assign(upto=pictures.lag_names(case.when.lags, text))
    posts = {"created_ts": "moment"} if case.targets["created_ts"].notna().any() else {}
    html = page(
        "case.html",
        drawn,
        lang=lang,
        case=case,
        title=title(case, text),
        told=told(case, lang),
        workspace=workspace,
        command=f"kolgraph rings {workspace or 'WORKSPACE'} --verify case.json",
        coverage=coverage,
        marks=pictures.MARKS,
        old=list(case.provenance.old) if case.provenance else [],
        checked=checked,
        members=_seen(case.members.head(LISTED).rename(columns={"bits": "member_bits"})),
        targets=_seen(case.targets.head(LISTED)).assign(account_id=case.targets["client_id"].head(LISTED)),
        posts=posts,
        clients=case.clients.head(LISTED).assign(account_id=case.clients["client_id"].head(LISTED)),
        lags=lags,
        listed=LISTED,
    )
    return write_page(html, target)


def _point(point: Point, text: Mapping[str, str], lang: str) -> str:
    if point.reason is not None:
        return f"{text[f'case.unknown.{point.code}']}{_colon(lang)}{text[f'case.reason.{point.reason}']}"
    form = percent if point.code in _SHARES else number
    shown = {name: form(getattr(point, name), lang) for name in ("value", "compared")}
    return text[f"case.point.{point.code}"].format(**shown, p=_chance(point.p))


def _when(case: CaseFile, text: Mapping[str, str], lang: str) -> list[str]:
    when = case.when
    if when.reason is not None:
        return [text[f"case.reason.{when.reason}"]]
    times = [case.members["first_ts"].min(), case.members["last_ts"].max()]
    first, last = (moment(float(at), lang) for at in times)
    table = when.timeline
    peak = int(table["members"].to_numpy().argmax())
    share, others = (float(table[c].iloc[peak] / max(table[c].sum(), 1)) for c in ("members", "others"))
    return [
        text["case.dated"].format(dated=percent(when.dated, lang), first=first, last=last),
        text["case.peak"].format(
            unit=duration(when.unit_s, lang),
            begin=moment(float(table["begin_ts"].iloc[peak]), lang),
            share=percent(share, lang),
            others=percent(others, lang),
        ),
    ]


def _step(case: CaseFile, text: Mapping[str, str], lang: str) -> list[str]:
    n = case.when.numbers
    if not n["lags"]:
        return [text["case.lags_few"]]
    out = [text["case.lags"].format(median=duration(n["median_s"], lang), lags=number(n["lags"], lang))]
    if n["other_lags"]:
        shown = {"median": duration(n["other_median_s"], lang), "lags": number(n["other_lags"], lang)}
        out.append(text["case.lags.others"].format(**shown))
    drawn = duration(n["chance_median_s"], lang)
    out.append(text["case.lags.chance"].format(median=drawn, p=_chance(n["p"])))
    if case.when.grain_s >= 60:
        out.append(text["case.grain"].format(grain=duration(case.when.grain_s, lang)))
    return out


def _checks(case: CaseFile, text: Mapping[str, str], lang: str) -> list[str]:
    """Whom to look at, and why."""
    out = []
    for row in case.check.to_dict("records"):
        why = text[f"case.check.why.{row['kind']}"].format(
            edges=number(row["edges"], lang),
            targets=number(case.numbers["targets"], lang),
            share=percent(row["share"], lang),
            elsewhere=percent(1 - row["share"], lang),
        )
        out.append(f"{_called(row['name'], row['account_id'])} ({text['case.check.' + row['kind']]}): {why}")
    return out


def _asked(code: str, values: Mapping[str, Any], text: Mapping[str, str], lang: str) -> str:
    shown = {}
    for name, value in values.items():
        if name.endswith("_ts"):
            shown[name.removesuffix("_ts")] = moment(value, lang)
        elif isinstance(value, list | tuple):
            shown[name] = text["case.comma"].join(map(pictures.visible, value)) or "–"
        else:
            shown[name] = percent(value, lang)
    return text[f"case.ask.{code}"].format(**shown)


def _incidence(case: CaseFile) -> pd.DataFrame:
    """Pairs with names, as `pictures.ring_matrix` takes them."""
    import pandas as pd

    names = dict(zip(case.members["account_id"], case.members["name"].fillna(case.members["account_id"]), strict=True))
    whom = dict(zip(case.targets["target"], case.targets["client"].fillna(case.targets["target"]), strict=True))
    return pd.DataFrame(
        {
            "member": case.pairs["account_id"],
            "target": case.pairs["target"],
            "member_name": case.pairs["account_id"].map(names),
            "target_name": case.pairs["target"].map(whom),
        }
    )


def _seen(table: pd.DataFrame) -> pd.DataFrame:
    """Names where there are some, ids else."""
    name, called = ("name", "account_id") if "name" in table else ("client", "target")
    return table.assign(**{name: table[name].where(table[name].notna(), table[called])})


def _chance(p: float) -> str:
    """A probability: small ones in full, never as zero."""
    if p != p:
        return "–"
    return f"{p:.2g}" if p >= 1e-4 else "< 0.0001"


def _called(name: Any, account_id: Any) -> str:
    """The name where there is one, and the id."""
    named = isinstance(name, str) and name and name != account_id
    return f"{name} ({account_id})" if named else str(account_id)


def _colon(lang: str) -> str:
    return "：" if lang == "zh" else ": "
