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
    proven = {"proven": 24.0, "proven_low": 20.0, "proven_high": 28.0, "next_low": 13.0, "next_high": 41.0}
    proven |= {"prior": 17.0, "proven_posts": 6, "unproven": {}}
    numbers |= {"posts": 9, "realised": 11.0, "realised_low": 10.0, "realised_high": 12.0}
    numbers |= {"trend": 5.0, "trend_low": 4.0, "trend_high": 6.0}
    numbers |= {"followers_repost": 8.0, "followers_repost_low": 7.0, "followers_repost_high": 9.0}
    numbers |= {"strangers_repost": 2.0, "strangers_repost_low": 1.0, "strangers_repost_high": 3.0}
    modelled = lines(replace(found, why=why, reason={}, **numbers), "en")
    said = lines(replace(found, why=why, reason={}, **numbers, **proven), "en")
    # Where nothing is proven the model comes first; then it does not, and followers are divided by what is proven.
    assert modelled[1:3] == [
        "! Nothing is proven: of no post here it is known what it moved.",
        "Expected by the model: a post moves 31 real accounts (95%: 30 to 32); 3 followers shown for each of them.",
    ]
    assert said[1:4] == [
        "Proven: a post moves 24 real accounts (95%: 20 to 28), as 6 posts tell; 3 followers shown for each of them.",
        "Next post: 13 to 41 in 9 of 10 cases; accounts like it move 17.",
        "Expected by the model: a post moves 31 real accounts (95%: 30 to 32).",
    ]
    assert "reach - 1 compares with proven" in said[4]
    assert {
        "Observed: 11 real accounts reposted each of 9 posts (95%: 10 to 12).",
        "Trend: the later half of the time brought 5 times as many per post (95%: 4 to 6).",
        "Of its known followers 8 real ones are expected to repost a post directly (95%: 7 to 9).",
        "Of others, who are not among them, 2 real accounts are expected to find a post and repost it directly "
        "(95%: 1 to 3).",
        "With ring members counted it would be 44, without them 33, and 22 if they forwarded nothing.",
    } <= set(said)
