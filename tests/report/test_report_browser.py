"""The report in a real browser: everything draws, nothing runs that should not, nothing leaves the file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from kolgraph.locale import catalogue
from kolgraph.report.case import write_case
from kolgraph.workspace import Workspace
from tests.report.test_case import hostile
from tests.report.test_report import HOSTILE, fill

pytestmark = pytest.mark.browser
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
PLOTS = ("influence", "niches", "rings", "tree", "curve", "plan")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    missing = "Chromium" if CHROMIUM is None else "playwright" if find_spec("playwright") is None else None
    if missing is not None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"needs {missing}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    with Workspace.open(folder / "acme.kol", create=True) as workspace:
        fill(workspace)
        with workspace.asking(as_is=True):  # the tables as `fill` made them
            return {lang: workspace.report(folder / f"{lang}.html", lang=lang) for lang in ("en", "zh")}


@dataclass
class Seen:
    """What a page did besides showing itself."""

    dialogs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def opened(browser: Any, path: Path, **options: Any) -> tuple[Any, Seen]:
    """A page that has finished drawing, with the network and dialogs watched."""
    page, seen = browser.new_page(**options), Seen()

    def dialog(window: Any) -> None:
        seen.dialogs.append(window.message)
        window.dismiss()

    page.on("dialog", dialog)
    page.on("console", lambda message: seen.problems.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.problems.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-plot]')].every(p => p.querySelector('.main-svg'))"
    )
    return page, seen


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_draws_and_nothing_else_happens(browser: Any, reports: dict[str, Path], lang: str) -> None:
    page, seen = opened(browser, reports[lang])
    assert page.evaluate("[...document.querySelectorAll('[data-plot]')].map(p => p.dataset.plot)") == list(PLOTS)
    for plot in PLOTS:
        shapes = page.locator(f"#plot-{plot} .main-svg .scatterlayer path").count()
        assert shapes > 2, plot
        if plot != "curve":  # areas have no points
            assert page.locator(f"#plot-{plot} .main-svg .point").count() > 0, plot
    page.mouse.wheel(0, 4000)
    page.locator("details summary").click()
    page.locator("#plot-tree").hover()
    page.wait_for_timeout(200)
    assert seen.dialogs == []
    assert seen.problems == []
    assert {url.split(":", 1)[0] for url in seen.requests} <= {"file", "data", "blob"}
    assert [url for url in seen.requests if url.startswith("file")] == [reports[lang].as_uri()]
    assert page.evaluate("document.documentElement.lang") == catalogue(lang)["html_lang"]
    page.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_hostile_name_is_shown_as_it_is(browser: Any, reports: dict[str, Path], lang: str) -> None:
    page, _ = opened(browser, reports[lang])
    shown = page.locator("#influence tbody th bdi").all_inner_texts()
    for name in HOSTILE:
        assert name.replace("\u202e", "[U+202E]") in shown
    assert page.locator("main img, main iframe, main a").count() == 0
    ticks = page.locator("#plot-influence .ytick text").all_text_contents()
    assert "=1+1" in ticks and "<script>alert(1)</…" in ticks  # cut, but not interpreted
    assert page.locator("#plot-influence .ytick a, #plot-influence .ytick script").count() == 0
    page.close()


def test_the_policy_stops_what_escaping_would_miss(browser: Any, reports: dict[str, Path], tmp_path: Path) -> None:
    html = reports["en"].read_text("utf-8")
    hurt = tmp_path / "hurt.html"
    hole = "<img src=x onerror=alert(1)><script>alert(2)</script><img src='https://collector.invalid/x.png'>"
    hurt.write_text(html.replace("<main>", f"<main>{hole}"), "utf-8")
    page, seen = opened(browser, hurt)
    assert seen.dialogs == []
    assert len([p for p in seen.problems if "Content Security Policy" in p]) >= 3
    assert any("collector.invalid" in p and "violates" in p for p in seen.problems)
    page.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_its_screen(browser: Any, reports: dict[str, Path], width: int) -> None:
    for path in reports.values():
        page, _ = opened(browser, path, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        widths = page.evaluate(
            "[...document.querySelectorAll('.plot .main-svg')].map(s => s.getBoundingClientRect().right)"
        )
        assert max(widths) <= width
        page.close()


def test_labels_follow_the_colour_scheme(browser: Any, reports: dict[str, Path]) -> None:
    page, _ = opened(browser, reports["en"], color_scheme="dark")
    fill_of = "getComputedStyle(document.querySelector('#plot-influence .ytick text')).fill"
    dark = page.evaluate(fill_of)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => {fill_of} !== '{dark}'")
    assert dark == "rgb(231, 234, 238)" and page.evaluate(fill_of) == "rgb(27, 34, 44)"
    page.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_of_a_case_draws_and_nothing_else_happens(browser: Any, tmp_path: Path, lang: str, width: int) -> None:
    path = write_case(hostile(), tmp_path / "case.html", lang=lang, workspace="acme.kol")
    page, seen = opened(browser, path, viewport={"width": width, "height": 800})
    for plot in ("pairs", "timeline", "lags"):
        assert page.locator(f"#plot-{plot} .main-svg .scatterlayer path").count() > 1, plot
    for at in range(page.locator("details summary").count()):
        page.locator("details summary").nth(at).click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert seen.dialogs == [] and seen.problems == []
    assert [url for url in seen.requests if not url.startswith(("data", "blob"))] == [path.as_uri()]
    assert page.evaluate("document.documentElement.lang") == catalogue(lang)["html_lang"]
    shown = page.locator("#check tbody th bdi").all_inner_texts()
    assert set(shown) >= {name.replace("\u202e", "[U+202E]") for name in HOSTILE[:8]}
    assert page.locator("main img, main iframe, main a").count() == 0
    page.close()
