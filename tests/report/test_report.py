"""The report: complete in both languages, self-contained, the same every time, and safe against hostile names."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kolgraph.errors import EnvironmentProblem, UnknownName
from kolgraph.locale import catalogue, duration, moment, money, number, percent
from kolgraph.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

#: Names that try to run, to break out, to reorder the text around them, or are just not Latin.
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</script><script>alert(3)</script>",
    "=1+1",
    "{{ 7*7 }} %{x} ${alert(4)}",
    "\u202egnp.exe",
    "小红🍓测评",
    '<a href="javascript:alert(5)">美妆</a>',
    "&lt;b&gt; & <b>bold</b>",
]
T0 = 1_735_700_000_000
SECTIONS = ("influence", "niches", "rings", "spread", "plan", "health", "method")


def fill(workspace: Workspace, *, accounts: int = 1500, reposts: int = 1400) -> None:
    """An invented brand's world: 4 niches, a ring of 45 on 12 targets, a fan club, a cascade, a plan of 6."""
    import pandas as pd

    rng = np.random.default_rng(7)
    key = np.arange(accounts)
    names = [HOSTILE[k] if k < len(HOSTILE) else f"美妆达人{k}号" if k % 3 else f"Studio {k}" for k in key]
    niche = key % 4
    put(
        workspace,
        "accounts",
        account_key=key,
        account_id=[f"weibo:{7_000_000_000 + k}" for k in key],
        platform="weibo",
        name=names,
        followers=np.where(key < 80, (2_400_000 / (key + 1)).astype(int), 300),
        price_cny=np.where(key < 80, 60_000.0 / (key + 1), np.nan),
        niche=[["美妆", "母婴", "数码", "Fitness"][c] for c in niche],
    )
    src = rng.integers(80, accounts, 6000)
    dst = np.minimum((80 * rng.random(6000) ** 2).astype(int) // 4 * 4 + niche[src], 79)
    bots, pushed = np.nonzero(rng.random((45, 12)) < 0.6)
    src, dst = np.concatenate([src, bots + accounts - 45]), np.concatenate([dst, pushed * 5])
    follows = pd.DataFrame({"src": src, "dst": dst}).drop_duplicates()
    put(workspace, "follows", src=follows["src"], dst=follows["dst"], since_ts=T0, weight=1.0, batch=1)
    reach = 9000.0 / (key + 1) ** 0.8
    run(workspace, "reach", "scores", "reach", {"measure": "reach", "p": 0.05})
    put(
        workspace,
        "scores",
        run_id="reach",
        account_key=key[:400],
        measure="reach",
        value=reach[:400],
        low=reach[:400] * 0.9,
        high=reach[:400] * 1.12,
    )
    run(workspace, "niches", "niches", "", {"resolution": 1.0})
    labels = ["美妆 · 护肤", "<img src=x onerror=alert(6)>", "数码", "Fitness"]
    size = np.bincount(niche)
    put(
        workspace,
        "communities",
        run_id="niches",
        community=range(4),
        size=size,
        label=labels,
        internal_share=[0.9, 0.84, 0.7, 0.95],
        stability=[0.99, 0.9, 0.62, 1.0],
    )
    put(workspace, "community_members", run_id="niches", community=niche, account_key=key)
    run(workspace, "rings", "rings", "follow", {"relation": "follow"})
    put(
        workspace,
        "rings",
        run_id="rings",
        ring=[1, 2],
        relation="follow",
        n_members=[45, 200],
        n_targets=[12, 3],
        edges=[bots.size, 320],
        expected=[4.2, 40.0],
        density=[bots.size / 540, 0.53],
        bits=[3120.5, 800.0],
        share_of_targets=[0.31, 0.8],
        share_of_members=[0.97, 0.4],
        dispersion=[0.9, 8.0],
        verdict=["coordinated", "fan club"],
    )
    put(
        workspace,
        "ring_members",
        run_id="rings",
        ring=1,
        role=["member"] * 45 + ["target"] * 12,
        account_key=[*range(accounts - 45, accounts), *range(0, 60, 5)],
        edges=[*np.bincount(bots, minlength=45), *np.bincount(pushed, minlength=12)],
    )
    _cascade(workspace, rng, accounts, reposts)
    run(
        workspace,
        "plan",
        "plan",
        "",
        {"budget_cny": 100000, "count": 6},
        reach=21000,
        low=20100,
        high=21800,
        certificate=0.93,
    )
    gain = np.array([9000, 5200, 3100, 1900, 1100, 700.0])
    put(
        workspace,
        "plans",
        run_id="plan",
        position=range(6),
        account_key=range(6),
        price_cny=[30000, 22000, 16000, 12850, 9000, 6000.0],
        own_reach=gain * [1, 1.1, 1.3, 1.5, 2, 2.5],
        marginal_reach=gain,
        reach=gain.cumsum(),
    )
    put(
        workspace,
        "batches",
        batch=[1, 2],
        file=["/home/somebody/exports/follows.csv", "C:\\exports\\转发<b>.csv"],
        rows_read=[6300, 1500],
        accepted=[6250, 1400],
        merged=[48, 99],
        rejected=[2, 1],
    )
    put(
        workspace,
        "rejects",
        batch=[1, 1, 2],
        file=["follows.csv"] * 3,
        line=[17, 94, 3],
        column_name=["followers", "src", "ts"],
        value=["n/a", "</script><script>alert(7)</script>", "昨天"],
        code="bad_number",
        message=["'n/a' is not a whole number", "an id is missing", "not a time"],
    )


def _cascade(workspace: Workspace, rng: np.random.Generator, accounts: int, reposts: int) -> None:
    """Preferential attachment: early posts collect more reposts; the last accounts of the world are the ring."""
    n = reposts + 1
    parent = np.zeros(n, np.int64)
    for i in range(1, n):
        parent[i] = int(i * rng.random() ** 3.5)
    depth, subtree = np.zeros(n, np.int64), np.ones(n, np.int64)
    for i in range(1, n):
        depth[i] = depth[parent[i]] + 1
    for i in range(n - 1, 0, -1):
        subtree[parent[i]] += subtree[i]
    post = np.array([f"weibo:p{i}" for i in range(n)])
    writer = np.concatenate([[0], rng.integers(1, accounts, reposts)])
    delay = np.concatenate([[0.0], np.sort(rng.gamma(1.2, 9000, reposts))])
    text = "新品上市 <script>alert(8)</script> 转发抽奖"
    put(workspace, "posts", post_id=["weibo:p0"], author=[0], created_ts=[T0], text=[text])
    times = T0 + (delay[1:] * 1000).astype(np.int64)
    put(
        workspace,
        "reposts",
        post_id=post[1:],
        src=writer[1:],
        dst=0,
        root_id="weibo:p0",
        parent_id=post[parent[1:]],
        ts=times,
        weight=1.0,
    )
    run(workspace, "cascades", "cascades", "", {})
    put(
        workspace,
        "cascades",
        run_id="cascades",
        root_id=["weibo:p0"],
        account_key=[0],
        size=[n],
        real_size=[n - 40],
        depth=[int(depth.max())],
        half_life_s=[float(np.median(delay))],
        accounts=[int(np.unique(writer).size)],
        observed=[0.944],
    )
    put(
        workspace,
        "cascade_nodes",
        run_id="cascades",
        root_id="weibo:p0",
        post_id=post,
        account_key=writer,
        parent_id=[None, *post[parent[1:]]],
        depth=depth,
        subtree=subtree,
        children=np.bincount(parent[1:], minlength=n),
        delay_s=delay,
    )


def put(workspace: Workspace, table: str, **columns: Any) -> None:
    """Rows straight into a table."""
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame(columns)
    with workspace.transaction() as connection:
        connection.register("new_rows", frame)
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM new_rows")
        connection.unregister("new_rows")


def run(
    workspace: Workspace, run_id: str, analysis: str, variant: str, options: dict[str, Any], **summary: Any
) -> None:
    """A manifest."""
    parameters, numbers = json.dumps(options), json.dumps(summary)
    columns = {"analysis": [analysis], "variant": variant, "parameters": parameters, "summary": numbers, "seed": 1}
    columns |= {"question": run_id, "verb": analysis, "method": "1", "seconds": 0.0, "tabled": True}
    columns |= {"stands_on": '{"tables": {}, "answers": {}}'}
    put(workspace, "runs", run_id=run_id, **columns, graph="ab12" * 8, version="0.1.0", made_ts=T0)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("example") / "acme.kol", create=True) as workspace:
        fill(workspace)
        yield workspace


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "empty.kol", create=True) as workspace:
        yield workspace


def written(workspace: Workspace, path: Path, lang: str = "en") -> str:
    """The report of what is in the tables: `fill` put it there, and no verb knows of it."""
    with workspace.asking(as_is=True):
        return Path(workspace.report(path, lang=lang)).read_text("utf-8")


class Page(HTMLParser):
    """Tags with their attributes, and the text outside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        inside = self.tags[-1][0] if self.tags else ""
        (self.scripts if inside == "script" and self.cdata_elem == "script" else self.words).append(data)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_section_and_answer_is_there(example: Workspace, tmp_path: Path, lang: str) -> None:
    page, text = Page(written(example, tmp_path / "r.html", lang)), catalogue(lang)
    assert {a.get("id") for tag, a in page.tags if tag == "section"} == set(SECTIONS)
    for section in SECTIONS:
        assert text[f"{section}.title"] in page.text
    assert text["missing"] not in page.text
    assert text["rings.caution"] in page.text
    plots = [a for _, a in page.tags if "data-plot" in a]
    assert [a["data-plot"] for a in plots] == ["influence", "niches", "rings", "tree", "curve", "plan"]
    assert all(a["role"] == "img" and a["aria-label"] for a in plots)
    figures = json.loads(next(s for s in page.scripts if s.startswith("{") and '"layout"' in s))
    assert set(figures) == {a["data-plot"] for a in plots}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_empty_workspace_says_what_to_run(empty: Workspace, tmp_path: Path, lang: str) -> None:
    page, text = Page(empty.report(tmp_path / "r.html", lang=lang).read_text("utf-8")), catalogue(lang)
    for section in SECTIONS:
        assert text[f"{section}.title"] in page.text
    # Rings were looked for, and there are none; of what is left there are three answers on top, and four sections.
    assert page.text.count(text["missing"]) == 3 + 4
    for command in ("rank", "niches", "spread", "plan"):
        assert f"kolgraph {command} empty.kol" in page.text
    assert text["head.rings.none"] in page.text
    assert not [a for _, a in page.tags if "data-plot" in a]


def test_an_analysis_that_found_nothing_is_not_one_that_was_not_run(empty: Workspace, tmp_path: Path) -> None:
    run(empty, "r1", "rings", "follow", {})
    page, text = Page(written(empty, tmp_path / "r.html")), catalogue("en")
    assert text["head.rings.none"] in page.text
    assert "kolgraph rings" not in page.text


def test_the_numbers_are_those_of_the_tables(example: Workspace, tmp_path: Path) -> None:
    text = Page(written(example, tmp_path / "r.html")).text
    assert "about 9,000 with one post (95% range: 8,100 to 10,080)" in text
    assert "6 accounts for ¥95,850 reach about 21,000 real people" in text
    assert "The budget was ¥100,000." in text
    assert "at least 93% of the best possible" in text
    assert "The largest spread: 1,400 reposts" in text  # a cascade's size counts the root too
    assert "1,360 of them came from outside" in text
    # Every ring member follows only targets of the ring here, so its links are its follows.
    mine = example.sql("SELECT count(*) FILTER (src >= 1455) AS ring, count(*) AS n FROM follows").iloc[0]
    assert f"with 45 accounts and {percent(mine['ring'] / mine['n'], 'en')} of all follow links" in text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_names_are_text_and_nothing_else(example: Workspace, tmp_path: Path, lang: str) -> None:
    html = written(example, tmp_path / "r.html", lang)
    page = Page(html)
    for name in HOSTILE:
        shown = name.replace("\u202e", "[U+202E]")
        assert shown in page.text
    assert "\u202e" not in html
    assert [tag for tag, _ in page.tags if tag in {"img", "iframe", "a"}] == ["a"] * 7  # the contents, nothing more
    assert all(not key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert "49" not in re.findall(r"\{\{ 7\*7 \}\}|\b49\b(?= %\{x\})", html)
    assert sum(tag == "script" for tag, _ in page.tags) == 4


def test_a_name_in_a_figure_cannot_use_plotlys_html(example: Workspace, tmp_path: Path) -> None:
    page = Page(written(example, tmp_path / "r.html"))
    raw = next(s for s in page.scripts if s.startswith("{") and '"layout"' in s)
    assert "<" not in raw and ">" not in raw  # as JSON escapes only
    labels = json.dumps(json.loads(raw), ensure_ascii=False)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in labels
    assert "<script" not in labels and "<a " not in labels and "<img" not in labels


def test_one_file_that_loads_nothing(example: Workspace, tmp_path: Path) -> None:
    from plotly.offline import get_plotlyjs

    path = tmp_path / "r.html"
    html = written(example, path)
    page = Page(html)
    assert html.count(get_plotlyjs()) == 1
    loads = [(tag, a) for tag, a in page.tags if {"src", "srcset", "action", "data", "poster"} & set(a)]
    assert loads == []
    assert all(str(a.get("href", "#")).startswith("#") for _, a in page.tags)
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    nonce = re.search(r"'nonce-([0-9a-f]{32})'", policy)
    assert nonce is not None
    assert policy.startswith(
        f"default-src 'none'; script-src {nonce[0]}; style-src 'unsafe-inline'; img-src data: blob:"
    )
    run_by_browser = [a for tag, a in page.tags if tag == "script" and a.get("type") != "application/json"]
    assert {a["nonce"] for a in run_by_browser} == {nonce[1]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size < 6_000_000


def test_the_folders_of_this_machine_stay_here(example: Workspace, tmp_path: Path) -> None:
    html = written(example, tmp_path / "r.html")
    assert "follows.csv" in html and "somebody" not in html and "C:\\exports" not in html
    assert str(example.path.parent) not in html


def test_same_data_same_bytes(example: Workspace, tmp_path: Path) -> None:
    assert written(example, tmp_path / "a.html") == written(example, tmp_path / "b.html")
    assert written(example, tmp_path / "a.html") != written(example, tmp_path / "b.html", "zh")


def test_an_existing_report_is_replaced_and_a_missing_folder_is_named(empty: Workspace, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    target.write_text("<!-- written by kolgraph -->")
    assert written(empty, target).startswith("<!doctype html>")
    with pytest.raises(EnvironmentProblem, match="no-such-folder"):
        written(empty, tmp_path / "no-such-folder" / "r.html")
    with pytest.raises(UnknownName, match="'fr'"):
        written(empty, target, "fr")


# ---------------------------------------------------------------------- the catalogues


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    en, zh = catalogue("en"), catalogue("zh")
    assert set(en) == set(zh)
    for key in en:
        assert set(re.findall(r"{\w+}", en[key])) == set(re.findall(r"{\w+}", zh[key])), key
        assert key == "gap" or (en[key] and zh[key]), key  # Chinese sentences follow each other without a space


def test_every_text_that_is_used_exists_and_every_text_is_used() -> None:
    import kolgraph

    assert kolgraph.__file__ is not None
    folder = Path(kolgraph.__file__).parent
    sources = [*(path for name in ("pictures", "report", "locale") for path in folder.glob(f"{name}/*.py"))]
    code = "\n".join(path.read_text("utf-8") for path in [*sources, *folder.glob("report/*.html")])
    keys = set(catalogue("en"))
    used = set(re.findall(r"""\b(?:t|text)\[["']([\w.]+)["']\]""", code))
    assert used <= keys
    families = set(re.findall(r"""\b(?:t|text)\[["']([\w.]+\.)["'] ~""", code))
    families |= {
        "unit.",
        "menu.",
        "curve.axis_",
        "audit.",
        "case.",
        "mark.",
        "real.",
        "checkup.",
        "coverage.",
        "pairs.",
        "coordination.",
    } | {f"{family}." for family in ("relation", "verdict")}
    spoken = {key for key in keys if any(key.startswith(family) for family in families)}
    quoted = {key for key in keys if f'"{key}"' in code or f"'{key}'" in code}
    assert keys == used | spoken | quoted


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (0, "0", "0"),
        (0.25, "0.25", "0.25"),
        (9.96, "10", "10"),
        (999.6, "1,000", "1,000"),
        (12_345, "12,345", "1.23万"),
        (120_000, "120,000", "12万"),
        (99_999_999, "100M", "1亿"),
        (234_567_890, "235M", "2.35亿"),
        (2e9, "2B", "20亿"),
        (-5400, "-5,400", "-5,400"),
        (float("nan"), "–", "–"),
        (None, "–", "–"),
    ],
)
def test_numbers_read_as_people_write_them(value: float | None, en: str, zh: str) -> None:
    assert (number(value, "en"), number(value, "zh")) == (en, zh)


def test_money_is_exact_to_the_yuan() -> None:
    assert (money(12850, "en"), money(12850, "zh")) == ("¥12,850", "¥1.285万")
    assert (money(9999, "zh"), money(None, "zh"), money(123456789, "zh")) == ("¥9,999", "–", "¥1.23456789亿")


def test_shares_times_and_durations() -> None:
    assert [percent(v, "en") for v in (0, 0.0004, 0.0312, 0.5, 0.9996, 1, None)] == [
        "0%",
        "<0.1%",
        "3.1%",
        "50%",
        ">99.9%",
        "100%",
        "–",
    ]
    assert moment(T0, "en") == "2025-01-01 02:53 UTC"
    assert moment(T0, "zh") == "2025-01-01 10:53 北京时间"  # eight hours later
    assert [duration(s, "en") for s in (17, 150, 7200, 864000, None)] == ["17 s", "2.5 min", "2 h", "10 days", "–"]
    with pytest.raises(UnknownName):
        number(1, "de")
