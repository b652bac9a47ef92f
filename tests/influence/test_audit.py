"""The audit of an account: by hand, by laws, on planted worlds, and where rings cannot be seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.graph import Graph
from kolgraph.influence import coverage, ring_share
from kolgraph.influence.audit import Audit, Group, audit
from kolgraph.locale import catalogue
from kolgraph.report.audit import lines

DAY = 86_400_000.0
IDS = [f"x:{name}" for name in "abcdefgh"] + ["x:kol"]
GRAPH = Graph.from_edges(IDS[:8], ["x:kol"] * 8)


def loaded(shown: float = 8.0):
    return coverage(
        GRAPH, pd.DataFrame({"followers": np.where(GRAPH.ids == "x:kol", shown, 0.0), "followings": 1.0}), complete=True
    )


def asked(followers, reposts, groups, seen=None) -> Audit:
    seen = seen or loaded()
    tables = [pd.DataFrame(part, columns=["account", "actor", "ts"]) for part in (followers, reposts)]
    return audit(
        ["x:kol"], row("x:kol"), followers=tables[0], reposts=tables[1].astype({"actor": int}), groups=groups,
        coverage=seen, ring_share=ring_share(GRAPH, seen, []),
    )  # fmt: skip


def row(*ids: str) -> np.ndarray:
    return np.asarray(GRAPH.rows(ids), np.int64)


KOL = int(row("x:kol")[0])
BOTS = Group("follow:1", "coordinated", row("x:a", "x:b", "x:c"))
FANS = Group("repost:2", "fan club", row("x:d", "x:e"))
#: Bots came in February 2026, one of them in March; the others one a month before, one nobody knows when.
CAME = [
    *((KOL, b, 1_770_000_000_000 + DAY * i) for i, b in enumerate(row("x:a", "x:b"))),
    (KOL, int(row("x:c")[0]), 1_772_500_000_000),
    *((KOL, o, 1_767_300_000_000 + DAY) for o in row("x:d", "x:e", "x:f", "x:g")),
    (KOL, int(row("x:h")[0]), np.nan),
]
PASSED = [
    (KOL, int(row("x:a")[0]), 1.0),
    (KOL, int(row("x:a")[0]), 2.0),
    (KOL, int(row("x:d")[0]), 3.0),
    (KOL, KOL, 4.0),
]


def test_an_audit_by_hand() -> None:
    found = asked(CAME, PASSED, [BOTS, FANS])
    [kol] = found.frame().to_dict("records")
    assert (kol["followers"], kol["ring_followers"], kol["loaded_share"]) == (8, 3, 3 / 8)
    assert (kol["reposts"], kol["ring_reposts"], kol["reposters"], kol["ring_reposters"]) == (3, 2, 2, 1)  # not its own
    assert kol["repost_share"] == pytest.approx(2 / 3)
    assert (kol["dated"], kol["since_ts"], kol["median_ts"]) == (1, CAME[0][2], CAME[1][2])
    assert found.months.values.tolist() == [
        ["x:kol", "2026-01", 0, 4], ["x:kol", "2026-02", 2, 0], ["x:kol", "2026-03", 1, 0]
    ]  # fmt: skip
    assert found.groups[["group", "verdict", "followers", "reposters", "reposts"]].values.tolist() == [
        ["follow:1", "coordinated", 3, 1, 2], ["repost:2", "fan club", 2, 1, 1]
    ]  # fmt: skip
    assert found.ask[0] == ("x:kol", "month", {"month": "2026-02", "share": pytest.approx(2 / 3)})


def test_fans_are_listed_and_not_counted() -> None:
    found = asked(CAME, PASSED, [FANS])
    assert found.accounts["ring_followers"].item() == 0 and found.accounts["ring_reposts"].item() == 0
    assert found.groups["verdict"].tolist() == ["fan club"] and found.ask == ()
    assert found.accounts[["dated", "since_ts", "median_ts"]].isna().all().all()


def test_what_is_not_loaded_is_na_and_not_clean() -> None:
    """One list of ten thousand is loaded: rings cannot be seen; members that are known all the same are counted."""
    few = coverage(
        GRAPH, pd.DataFrame({"followers": np.where(GRAPH.ids == "x:kol", 8.0, 10_000.0), "followings": 900.0})
    )
    found = asked(CAME, [], [BOTS], seen=few)
    [kol] = found.frame().to_dict("records")
    assert kol["reason"] is not None and kol["ring_followers"] == 3
    assert np.isnan([kol["loaded_share"], kol["ring_share"], kol["repost_share"]]).all()
    assert kol["repost_reason"] == "no_repost_loaded"
    assert "lists" in [code for _, code, _ in found.ask]
    for lang in ("en", "zh"):
        said = "\n".join(lines(found, lang, names={}, why=few.why))
        assert few.why(kol["reason"], lang) in said and "%" not in said.splitlines()[1]
        assert catalogue(lang)["case.caution"] in said


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.one_of(st.just(np.nan), st.floats(1e12, 1.9e12))), max_size=30),
    st.sets(st.integers(0, 8), max_size=5),
)
def test_followers_are_counted_once_wherever_they_stand(came, ring) -> None:
    group = Group("follow:1", "coordinated", np.array(sorted(ring), np.int64))
    table = pd.DataFrame([(KOL, a, t) for a, t in dict(came).items()], columns=["account", "actor", "ts"])
    table = table.astype({"account": int, "actor": int, "ts": float})
    found = asked(table.values.tolist(), [], [group])
    [kol] = found.frame().to_dict("records")
    others = [a for a, _ in dict(came).items() if a != KOL]
    assert (kol["followers"], kol["ring_followers"]) == (len(others), len(ring & set(others)))
    dated = [a for a, t in dict(came).items() if a != KOL and t == t]
    assert found.months["ring"].sum() + found.months["others"].sum() == len(dated)
    assert found.months["ring"].sum() == len(ring & set(dated))
    assert asked(table[::-1].values.tolist(), [], [group]).accounts.equals(found.accounts)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_number_stands_behind_its_own_words(lang: str) -> None:
    found = asked(CAME, PASSED, [BOTS, FANS])
    colon = {"en": ": ", "zh": "："}[lang]
    out = lines(found, lang, names={"x:kol": "KOL"}, why=loaded().why)
    assert "KOL (x:kol)" in out[0] and "38%" in out[1] and "67%" in out[2]
    months = [line.strip() for line in out if line.startswith("  ") and " / " in line]
    rest = catalogue(lang)["audit.other_months"].format(others=4)
    assert months == [f"2026-02{colon}2 / 0", f"2026-03{colon}1 / 0", rest]
