"""Plans of a loaded world: what is offered, what has to be said."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.locale import catalogue
from kolgraph.report.checkup import lines
from kolgraph.verbs.plan import candidates
from kolgraph.verbs.show import ranking
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples


def test_a_plan_books_offered_accounts_within_its_limits(town: Workspace) -> None:
    found = town.plan(budget=30_000, count=4)
    offered = candidates(town)
    assert set(found.ids) <= set(offered)
    assert len(found.ids) <= 4
    assert found.spent_cny <= 30_000
    assert found.spent_cny == pytest.approx(sum(offered[i] for i in found.ids), abs=0.05)
    first = found.ids[0]
    other = town.plan(budget=30_000, count=4, never=[first])
    assert first not in other.ids
    assert other.reach <= found.upper_bound
    assert town.plan(budget=30_000, count=4, must=[other.ids[-1]]).ids.count(other.ids[-1]) == 1


def test_a_plan_that_was_read_goes_on_from_the_same_sets(town: Workspace) -> None:
    found = town.plan(count=3)
    again = town.plan(count=3)
    assert again.provenance.read
    assert again.compare(found.ids).equals(found.compare(found.ids))


def test_mistakes_name_the_cure(town: Workspace) -> None:
    with pytest.raises(InputError, match=r"^a plan needs a limit: budget=CNY, count=KOLS, or both"):
        town.plan()
    with pytest.raises(AnalysisError, match="price"):
        town.plan(count=1, region="nowhere")
    with pytest.raises(UnknownAccount, match=r"'weibo:nobody' in the price list"):
        town.plan(count=1, must=["weibo:nobody"])


def test_a_kol_that_grew_too_fast_is_said_everywhere(tmp_path: Path) -> None:
    """Twelve accounts of five followers each, eleven of them three years old or older, k11 of two days."""
    day, now = 86_400_000, 1_700_000_000_000
    kols = pd.DataFrame({"account": [f"k{i}" for i in range(12)], "followers": 5, "price_cny": 10, "observed": now})
    kols["created"] = [now - (2 if i == 11 else 1000 + 100 * i) * day for i in range(12)]
    fans = pd.DataFrame({"account": [f"f{i}" for i in range(60)], "followers": 0, "observed": now})
    follows = pd.DataFrame([(f"f{5 * i + j}", f"k{i}") for i in range(12) for j in range(5)])
    follows.columns = ["follower", "followed"]
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as ws:
        for table in (kols, fans, follows):
            ws.load(table, platform="x")
        rows, _ = ranking(ws, top=99)
        told = {row["account_id"]: row["growth"] for row in rows}
        assert {account for account, growth in told.items() if growth == "fast"} == {"x:k11"}
        assert {told[f"x:k{i}"] for i in range(11)} == {"usual"}
        assert told["x:f1"] is None  # of whom nobody knows the age
        found = ws.plan(count=12)
        assert found.warnings == (("x:k11", "growth_z"),)
        assert {row["account_id"] for row in found.records() if row["warnings"]} == {"x:k11"}
        assert found.frame()["warnings"].tolist() == [row["warnings"] for row in found.records()]
        assert "warnings" not in ws.plan(count=1, never=["k11"]).frame()
        for lang, said in (("en", "gained 2.5 followers a day"), ("zh", "日均涨粉 2.5")):
            assert [line for line in lines(ws.explain("k11"), lang) if said in line and line.startswith("! ")]
            ws.plan(count=12)
            page = ws.report(tmp_path / f"{lang}.html", lang=lang).read_text(encoding="utf-8")
            assert page.count(f'<span class="flag">{catalogue(lang)["warning.growth_z"]}') == 2  # influence and plan


def test_who_is_dear_for_what_it_moves_is_said_where_it_is_booked(tmp_path: Path) -> None:
    """k0 to k23: i + 1 followers took the post of ki, which costs in proportion; but k5 nine times as much."""
    kols = pd.DataFrame({"account": [f"k{i}" for i in range(24)], "followers": range(1, 25), "星级": "4星"})
    kols["price_cny"] = [100 * (i + 2) * (1 + 0.1 * (i % 3)) * (9 if i == 5 else 1) for i in range(24)]
    fans = pd.DataFrame({"account": [f"f{i}" for i in range(24)], "followers": 0})
    pairs = [(i, j) for i in range(24) for j in range(i + 1)]
    follows = pd.DataFrame([(f"f{j}", f"k{i}") for i, j in pairs], columns=["follower", "followed"])
    reposts = pd.DataFrame(
        [(f"r{i}-{j}", f"f{j}", f"k{i}", f"p{i}") for i, j in pairs], columns=["repost", "reposter", "author", "root"]
    )
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as ws:
        for table in (kols, fans, follows, reposts):
            ws.load(table, platform="x")
        told = {row["account_id"]: row["value"] for row in ranking(ws, top=99, raw=True)[0]}
        assert {account for account, said in told.items() if said == "dear"} == {"x:k5"}
        assert (told["x:k20"], told["x:f1"]) == ("usual", None)
        assert ("x:k5", "dear") in ws.plan(count=24, must=["k5"], raw=True).warnings
        found = ws.explain("k5")
        assert (found.value, found.stars, found.price_cny) == (("dear",), 4.0, pytest.approx(7560))
        low, high = found.price_usual
        assert low < 100 * 7 < high < found.price_cny
        for lang in ("en", "zh"):
            assert "! " + catalogue(lang)["warning.dear"] in lines(found, lang)
            assert [line for line in lines(found, lang) if "¥" in line]
        assert ws.fetch("SELECT DISTINCT score FROM accounts WHERE score IS NOT NULL") == [(4.0,)]
