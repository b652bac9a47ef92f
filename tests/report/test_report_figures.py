"""The report of a whole world: its figures are those of every other page, and it accuses nobody wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kolgraph.influence.quality import LIMITS
from kolgraph.locale import catalogue, number, percent
from kolgraph.report.checkup import lines
from kolgraph.synth import World, make_world
from kolgraph.verbs.show import ranking
from kolgraph.workspace import Workspace


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(3000, seed=3)


@pytest.fixture(scope="module")
def ws(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = tmp_path_factory.mktemp("figures")
    files = world.write(folder / "files")
    with Workspace.open(folder / "w.kol", create=True) as workspace:
        for kind in ("accounts", "follows", "posts", "reposts"):
            workspace.load(files[kind], platform="weibo")
        workspace.plan(budget=20_000)
        yield workspace


@pytest.fixture(scope="module")
def pages(ws: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report in either language, without its figures."""
    folder = tmp_path_factory.mktemp("reports")
    html = {lang: ws.report(folder / f"{lang}.html", lang=lang).read_text("utf-8") for lang in ("en", "zh")}
    return {lang: re.sub(r"<script.*?</script>", "", text, flags=re.S) for lang, text in html.items()}


def section(page: str, name: str) -> str:
    return re.search(rf'<section id="{name}">.*?</section>', page, re.S)[0]  # type: ignore[index]


def rows(part: str) -> list[dict[str, str]]:
    """Rows of the first table, by column; the id stands under the name."""
    table = re.search(r"<table>.*?</table>", part, re.S)[0]  # type: ignore[index]
    titles = [text(cell) for cell in re.findall(r'<th scope="col".*?</th>', table, re.S)]
    found = []
    for row in re.findall(r"<tr>.*?</tr>", table, re.S)[1:]:
        cells = re.findall(r"<(?:th|td).*?</(?:th|td)>", row, re.S)
        account = re.search(r'class="id"><bdi>(.*?)</bdi>', cells[0])
        found.append(dict(zip(titles, map(text, cells), strict=True)) | {"id": account[1] if account else ""})
    return found


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_figures_of_the_best_are_those_of_rank_and_explain(ws: Workspace, pages: dict[str, str], lang: str) -> None:
    say = catalogue(lang)
    shown = rows(section(pages[lang], "influence"))
    ranked, _ = ranking(ws, top=20)
    assert [row["id"] for row in shown] == [row["account_id"] for row in ranked]
    for row, best in zip(shown, ranked, strict=True):
        found = ws.explain(row["id"])
        wanted = {
            "proven": number(found.proven, lang),
            "range": f"{number(found.proven_low, lang)} – {number(found.proven_high, lang)}",
            "modelled": number(found.reach, lang),
            "realised": number(found.realised, lang),
            "followers": number(found.followers, lang),
            "inflation": number(found.inflation, lang),
            "score": number(found.score, lang),
            "ring_share": percent(found.shares["ring_share"], lang),
        }
        assert {key: row[say[f"col.{key}"]] for key in wanted} == wanted
        assert (found.proven, found.proven_low, found.proven_high) == (best["proven"], best["low"], best["high"])
        assert found.reach == best["reach"] or (found.reach is None and best["reach"] != best["reach"])
        assert (found.inflation, found.score) == (best["inflation"], best["audience"])
        assert found.realised == best["realised"] or (found.realised is None and best["realised"] != best["realised"])
        assert (row[say["col.flag"]] == say["influence.flag"]) == ("ring_share" in found.problems)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everywhere_the_same_limit_makes_a_flag(ws: Workspace, pages: dict[str, str], lang: str) -> None:
    limit = percent(LIMITS["ring_share"], lang)
    assert limit in catalogue(lang)["influence.flag_note"].format(limit=limit)
    assert catalogue(lang)["influence.flag_note"].format(limit=limit) in section(pages[lang], "influence")
    judged = ws.quality()
    flagged = [i for i, problems in enumerate(judged.problems()) if "ring_share" in problems]
    assert (judged.shares["ring_share"].to_numpy()[flagged] > LIMITS["ring_share"]).all()
    found = ws.explain(str(judged.ids[flagged[0]]))
    assert any(limit in line for line in lines(found, lang) if line.startswith("! "))


def test_the_share_that_is_shown_is_that_of_the_verdict(ws: Workspace) -> None:
    """Also of accounts that are followed by themselves, or by nobody that is known."""
    from kolgraph.report.data import influence

    shown = influence(ws)
    assert shown is not None
    judged = ws.quality()
    share = dict(zip(judged.ids, judged.shares["ring_share"], strict=True))
    assert shown["ring_share"].to_numpy(float) == pytest.approx([share[i] for i in shown["account_id"]], nan_ok=True)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_fan_clubs_are_listed_and_not_accused(ws: Workspace, world: World, pages: dict[str, str], lang: str) -> None:
    planted = set("weibo:" + world.truth["rings"].query("role == 'member'")["account"])
    fans = set("weibo:" + world.truth["fan_clubs"]["account"]) - planted
    idols = set("weibo:" + world.truth["fan_clubs"].get("idol", world.truth["fan_clubs"]["account"]).astype(str))
    assert fans
    who = ws.real()
    assert not set(who.ids[who.fake]) & fans
    say, part = catalogue(lang), section(pages[lang], "rings")
    accused, spared = (rows(half) for half in part.split(f"<h3>{say['rings.clubs']}</h3>"))
    assert {row[say["col.verdict"]] for row in accused} == {say["verdict.coordinated"]}
    assert say["verdict.coordinated"] not in {row[say["col.verdict"]] for row in spared}
    assert say["rings.caution"] in part
    top = {row["id"]: row for row in rows(section(pages[lang], "influence"))}
    for idol in idols & set(top):
        if "ring_share" not in ws.explain(idol).problems:
            assert top[idol][say["col.flag"]] == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_plan_and_the_cascade_are_those_of_their_verbs(ws: Workspace, pages: dict[str, str], lang: str) -> None:
    say, plan = catalogue(lang), ws.plan(budget=20_000)
    shown = rows(section(pages[lang], "plan"))
    assert [row["id"] for row in shown] == list(plan.ids)
    assert [row[say["col.reach"]] for row in shown] == [number(r, lang) for r in np.cumsum(plan.marginal_reach)]
    assert number(plan.reach, lang) in text(section(pages[lang], "plan"))
    largest: Any = ws.spread().frame().iloc[0]
    assert number(largest["size"] - 1, lang) in text(section(pages[lang], "spread"))
    assert say["missing"] not in pages[lang]


def test_a_report_finds_old_answers_anew_and_as_is_shows_them(ws: Workspace, world: World, tmp_path: Path) -> None:
    def best(**how: bool) -> dict[str, str]:
        page = ws.report(tmp_path / "r.html", **how).read_text("utf-8")
        said.append(re.findall(r"<li>([^<]*) is old: ", page))
        return rows(section(page, "influence"))[0]

    said: list[list[str]] = []

    before = best()
    file = tmp_path / "f.csv"
    file.write_text("follower,followed\n" + "".join(f"{9_100_000_000 + i},{before['id'][6:]}\n" for i in range(400)))
    ws.load(file, platform="weibo")
    assert best(as_is=True) == before
    after = best()
    assert after["id"] == before["id"]
    assert after != before
    assert said[0] == said[2] == []
    assert {"rank(relations=['follow']", "rank(by=reach", "quality(", "rings(relation=follow"} <= {
        unescape(part).split(",")[0].split(")")[0] for part in said[1]
    }
