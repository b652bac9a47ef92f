"""The case of a ring as text and as a page: both sides and the caution in both languages, hostile names as text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kolgraph import pictures
from kolgraph.errors import InputError, UnknownName
from kolgraph.locale import catalogue, number, percent
from kolgraph.report.case import lines, told, write_case
from kolgraph.rings.casefile import CaseFile, example
from tests.report.test_report import HOSTILE, Page


def hostile() -> CaseFile:
    """The example with names that try to run, to break out, or to reorder the text around them."""
    case = example()
    names = [HOSTILE[i % len(HOSTILE)] for i in range(len(case.members))]
    asked = tuple((code, dict(v) | ({"accounts": HOSTILE} if "accounts" in v else {})) for code, v in case.ask)
    return replace(
        case,
        members=case.members.assign(name=names),
        check=case.check.assign(name=names),
        targets=case.targets.assign(client=HOSTILE[: len(case.targets)]),
        clients=case.clients.assign(client=HOSTILE[: len(case.clients)]),
        ask=asked,
    )


CASE = hostile()


def undated() -> CaseFile:
    """The example where no time is known, a search that states its null, and views and hypotheses."""
    case = example()
    when = replace(case.when, reason="no_times", dated=0.0, timeline=case.when.timeline.head(0))
    said = {"score": 0.93, "p": 1e-9, "max_false": 1.0}
    hypotheses = {"coordinated": ["dispersion", "return"], "community": ["outward"]}
    return replace(case, when=when, found=said, views={"follow": 200.0, "repost": 41.8}, hypotheses=hypotheses)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_text_and_page_say_the_same_sentences(tmp_path: Path, lang: str) -> None:
    text, say = "\n".join(lines(example(), lang)), catalogue(lang)
    page = Page(write_case(example(), tmp_path / "c.html", lang=lang).read_text("utf-8"))
    for part, sentences in told(example(), lang).items():
        assert sentences, part
        for sentence in sentences:
            assert sentence in text and sentence in page.text, part
    assert say["case.caution"] in text and say["case.caution"] in page.text
    for account in example().members["account_id"]:
        assert account in text and account in page.text
    assert [a["data-plot"] for _, a in page.tags if "data-plot" in a] == ["pairs", "timeline", "lags"]
    assert not re.search(r"\{\w+\}", text), "a placeholder is left"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_numbers_stand_behind_their_own_words(lang: str) -> None:
    case, parts = example(), told(example(), lang)
    n = case.numbers
    for value in (8, 6, 48, n["expected"]):
        assert number(value, lang) in parts["summary"][0]
    assert percent(n["share_of_targets"], lang) in parts["numbers"][0]
    assert len(parts["against"]) + len(parts["for"]) + len(parts["nothing"]) == len(case.counter) == 10


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_unknown_is_said_and_what_is_stated_is_shown(tmp_path: Path, lang: str) -> None:
    say = catalogue(lang)
    stated = "\n".join(lines(undated(), lang))
    assert say["case.reason.no_times"] in stated and say["case.title.step"] not in stated.splitlines()
    assert "< 0.0001" in stated and "0.93" in stated and say["mark.dispersion"] in stated
    page = Page(write_case(undated(), tmp_path / "c.html", lang=lang).read_text("utf-8"))
    assert [a["data-plot"] for _, a in page.tags if "data-plot" in a] == ["pairs"]
    assert say["case.reason.no_times"] in page.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_names_are_text_and_nothing_else(tmp_path: Path, lang: str) -> None:
    path = write_case(CASE, tmp_path / "c.html", lang=lang, workspace='<b>"acme".kol', coverage="<i>half</i>")
    html = path.read_text("utf-8")
    page = Page(html)
    for name in HOSTILE:
        assert name.replace("\u202e", "[U+202E]") in page.text
    assert "\u202e" not in html
    assert [tag for tag, _ in page.tags if tag in {"img", "iframe", "a"}] == ["a"] * 6  # the contents, nothing more
    assert all(not key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert sum(tag == "script" for tag, _ in page.tags) == 4 and sum(tag in {"b", "i"} for tag, _ in page.tags) == 0
    raw = next(s for s in page.scripts if s.startswith("{") and '"layout"' in s)
    assert "<" not in raw and ">" not in raw
    labels = json.dumps(json.loads(raw), ensure_ascii=False)
    assert "<script" not in labels and "<a " not in labels and "<img" not in labels
    assert path.stat().st_mode & 0o077 == 0 and path.stat().st_size < 6_000_000


def test_the_same_case_gives_the_same_bytes_and_never_replaces_another_file(tmp_path: Path) -> None:
    once, twice = (write_case(CASE, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert once == twice
    (tmp_path / "mine.html").write_text("<p>mine</p>")
    with pytest.raises(InputError, match="did not write it"):
        write_case(CASE, tmp_path / "mine.html")
    with pytest.raises(UnknownName, match="'fr'"):
        write_case(CASE, tmp_path / "c.html", lang="fr")


def scatters(figure: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in figure.data if trace.name}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_timeline_shows_shares_that_sum_to_one(lang: str) -> None:
    text, when = catalogue(lang), example().when
    drawn = scatters(pictures.case_timeline(when.timeline, when.unit_s, text=text))
    for name in ("members", "others"):
        line = drawn[text[f"case.line.{name}"]]
        total = when.timeline[name].sum()
        assert sum(line.y[:-1]) == pytest.approx(1 if total else 0)
        assert len(line.x) == len(when.timeline) + 1 and line.line.shape == "hv"


def test_lags_are_drawn_as_shares_that_rise_to_one_and_nothing_is_no_line() -> None:
    text, when = catalogue("en"), example().when
    drawn = scatters(pictures.case_lags(when.lags, text=text))
    assert set(drawn) == {text[f"case.line.{name}"] for name in ("members", "others", "chance")}
    for line in drawn.values():
        assert np.all(np.diff(line.y) >= 0) and line.y[-1] == pytest.approx(1)
    members = drawn[text["case.line.members"]]
    assert members.y[2] == 1  # all within a minute
    alone = when.lags.assign(others=0, chance=np.nan)
    assert set(scatters(pictures.case_lags(alone, text=text))) == {text["case.line.members"]}


def test_pictures_of_nothing_are_no_error() -> None:
    when = example().when
    assert pictures.case_timeline(when.timeline.head(0), float("nan"), text=catalogue("en")).data
    assert not pictures.case_lags(when.lags.assign(members=0, others=0, chance=0), text=catalogue("en")).data
