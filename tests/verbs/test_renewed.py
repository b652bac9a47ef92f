"""Result tables are read after a load: each of them holds the answers of now, whoever filled it before."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples


def test_all_measures_of_a_table_are_found_anew(tmp_path: Path) -> None:
    follows = pd.DataFrame({"follower": [f"f{i}" for i in range(9)], "followed": ["ann"] * 5 + ["bob"] * 4})
    reposts = {"repost": ["r1", "r2"], "reposter": ["f1", "f6"], "author": ["ann", "bob"], "root": ["p1", "p2"]}
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(follows, platform="x")
        ws.load(pd.DataFrame(reposts).assign(parent=["p1", "p2"], time=1_700_000_000_000), platform="x")
        before = {run for (run,) in ws.fetch("SELECT run_id FROM runs WHERE tabled")}
        assert not before
        ws.table("scores")
        held = "SELECT DISTINCT run_id FROM scores"
        old = {run for (run,) in ws.fetch(held)}
        more = pd.DataFrame({"follower": ["f7", "f8", "g1"], "followed": "ann"})
        ws.load(more, platform="x")
        ws.load(pd.DataFrame({"repost": ["r3"], "reposter": ["g1"], "author": ["ann"], "root": ["p1"]}).assign(
            parent="p1", time=1_700_000_001_000), platform="x")  # fmt: skip
        ws.table("scores")
        now = {run for (run,) in ws.fetch(held)}
        assert not now & old
        assert now == {ws.rank().run_id, ws.rank(by="reach").run_id, ws.realised().run_id, ws.quality().run_id}
