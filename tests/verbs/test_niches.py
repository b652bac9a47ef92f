"""Niches of a loaded world, and what is counted to name them."""

from __future__ import annotations

from typing import NoReturn

import pandas as pd
import pytest

from kolgraph import niches
from kolgraph.errors import AnalysisError
from kolgraph.synth import World
from kolgraph.workspace import Workspace


def test_topics_are_counted_per_author(town: Workspace, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[pd.DataFrame] = []

    def look(_: object, *, seed: int, topics: pd.DataFrame) -> NoReturn:
        counted.append(topics)
        raise AnalysisError(f"seen with seed {seed}")

    monkeypatch.setattr(niches, "find_niches", look)
    with pytest.raises(AnalysisError, match="seen with seed 7"):
        town.niches(seed=7)
    [table] = counted
    assert table["n"].sum() == town.sql("SELECT sum(len(topics)) AS n FROM posts")["n"].item()
    assert set(table["account_id"]) <= set("weibo:" + world.posts["author"])


def test_the_tables_hold_the_niches_found_with_the_default_seed(town: Workspace) -> None:
    found = town.niches().summary_frame()
    town.niches(seed=3)
    stored = town.sql("SELECT label, size FROM communities WHERE community >= 0 ORDER BY ALL")
    assert stored["size"].sum() == found["size"].sum()
    assert set(stored["label"].dropna()) == set(found["label"].dropna())
