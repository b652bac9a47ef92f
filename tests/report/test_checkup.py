"""A check-up as people read it: every number behind the words that are about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from kolgraph.report.checkup import lines
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples


def test_every_number_stands_behind_its_own_words(tmp_path: Path) -> None:
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as ws:
        ws.load(pd.DataFrame({"follower": ["a", "c"], "followed": ["b", "b"]}), platform="x")
        found = ws.explain("x:b")
    why = replace(found.why, shown=44.0, reach=33.0, without_rings=22.0)
    numbers = {"reach": 31.0, "reach_low": 30.0, "reach_high": 32.0, "followers": 93.0, "inflation": 3.0}
    numbers |= {"posts": 9, "realised": 11.0, "realised_low": 10.0, "realised_high": 12.0}
    numbers |= {"trend": 5.0, "trend_low": 4.0, "trend_high": 6.0}
    numbers |= {"followers_repost": 8.0, "followers_repost_low": 7.0, "followers_repost_high": 9.0}
    numbers |= {"strangers_repost": 2.0, "strangers_repost_low": 1.0, "strangers_repost_high": 3.0}
    said = lines(replace(found, why=why, reason={}, **numbers), "en")
    assert {
        "Expected: a post moves 31 real accounts (95%: 30 to 32); 3 followers shown for each of them.",
        "Observed: 11 real accounts reposted each of 9 posts (95%: 10 to 12).",
        "Trend: the later half of the time brought 5 times as many per post (95%: 4 to 6).",
        "Of its known followers 8 real ones are expected to repost a post directly (95%: 7 to 9).",
        "Of others, who are not among them, 2 real accounts are expected to find a post and repost it directly "
        "(95%: 1 to 3).",
        "With ring members counted it would be 44, without them 33, and 22 if they forwarded nothing.",
    } <= set(said)
