"""Stored tables and rankings as people read them."""

from __future__ import annotations

import pytest

from kolgraph.errors import UnknownName
from kolgraph.synth import World
from kolgraph.verbs.show import ranking, with_names
from kolgraph.workspace import Workspace


def test_stored_answers_name_people(town: Workspace) -> None:
    town.rank(by="pagerank")
    table = town.table("scores")
    assert {"account_id", "account_name", "measure", "value"} <= set(table.columns)
    assert not {"run_id", "account_key"} & set(table.columns)
    assert len(town.table("follows", limit=7)) == 7
    assert {"src_id", "dst_id"} <= set(town.table("follows", limit=1).columns)
    with pytest.raises(UnknownName, match="unknown table"):
        town.table("secrets")


def test_a_result_table_is_filled_by_asking(town: Workspace) -> None:
    measures = set(town.table("scores")["measure"])
    assert {"reach", "realised", "audience_score"} <= measures
    assert set(town.table("rings")["relation"]) == {"follow", "repost"}
    assert len(town.table("cascades"))
    assert len(town.table("communities"))


def test_names_stand_beside_ids(town: Workspace) -> None:
    rows = with_names(town, town.rank(by="core").records(3))
    assert [list(row)[:3] for row in rows] == [["account_id", "name", "followers"]] * 3
    assert all(row["name"] for row in rows)
    assert with_names(town, [{"account_id": "weibo:nobody", "x": 1}]) == [
        {"account_id": "weibo:nobody", "name": None, "followers": None, "x": 1}
    ]


def test_a_ranking_puts_together_what_each_answer_says(town: Workspace) -> None:
    rows, answers = ranking(town, top=5)
    scores, found, moved, judged, reach = answers
    assert (scores.measure, reach.measure) == ("proven", "reach")
    assert [row["account_id"] for row in rows] == found.frame().index[:5].tolist()
    for row in rows:
        i = list(moved.ids).index(row["account_id"])
        assert (row["proven"], row["low"], row["high"]) == (found.values[i], found.low[i], found.high[i])
        assert (row["posts"], row["reach"]) == (found.posts[i], reach.values[i])
        assert row["realised"] == pytest.approx(moved.values[i], nan_ok=True)
        assert row["audience"] == judged.score[i]
        assert row["inflation"] == row["followers"] / row["proven"]
    for row in ranking(town, top=5, by="reach")[0]:
        assert row["reach"] == reach.frame().loc[row["account_id"], "reach"]
        assert row["inflation"] == row["followers"] / row["reach"]
    assert list(ranking(town, top=5, by="core")[0][0]) == ["account_id", "name", "followers", "core"]


def test_info_counts_what_was_loaded_and_lists_answers(town: Workspace, world: World) -> None:
    town.rings(relation="follow")
    found = town.info()
    sizes = found["tables"].set_index("table")["rows"]
    assert sizes["accounts"] == len(world.accounts)
    assert "rejects" not in sizes
    assert found["rejects"].empty
    assert found["files"]["accepted"].sum() == sum(
        len(part) for part in (world.accounts, world.follows, world.posts, world.reposts)
    )
    answers = found["answers"].set_index("run")
    assert set(answers["state"]) == {"current"}
    # Where reposts change nothing of a block it is the same result, found by two questions.
    assert "rings(relation=follow)" in set(answers.loc[[town.rings(relation="follow").run_id], "answer"])
