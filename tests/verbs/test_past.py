"""What posts did, as a workspace has it: who counts, what is loaded, what is only shown, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from kolgraph.verbs.observed import Past, read_moves, read_past
from kolgraph.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """ann's posts on x: p1 with reposts, p2 without, p3 with more than are loaded, q in reposts only; zoe's on y."""
    posts = pd.DataFrame(
        {
            "post": ["p1", "p2", "p3"],
            "author": ["ann"] * 3,
            "time": [1_700_000_000_000 + i for i in range(3)],
            "reposts": ["", "", "10"],
            "likes": ["7", "", "1.2万"],
        }
    )
    acts = [("r1", "bob", "p1"), ("r2", "bob", "p1"), ("r3", "bot", "p1"), ("r4", "ann", "p1")]
    acts += [("r5", "cai", "p3"), ("r6", "bot", "p3"), ("r7", "bob", "q")]
    reposts = pd.DataFrame(acts, columns=["repost", "reposter", "root"]).assign(author="ann", time=1_700_000_001_000)
    other = pd.DataFrame({"post": ["s", "t"], "author": ["zoe"] * 2, "reposts": ["5", ""], "views": ["100", "9"]})
    with Workspace.open(tmp_path_factory.mktemp("past") / "w.kol", create=True) as opened:
        for table, platform in ((posts, "x"), (reposts, "x"), (other, "y")):
            opened.load(table, platform=platform)
        yield opened


def rows(past: Past, ids: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(past._asdict()).assign(author=lambda t: [ids[i] for i in t["author"]])
    return table.sort_values(["author", "time", "moved"]).reset_index(drop=True)


def test_posts_are_read_by_hand(ws: Workspace) -> None:
    ids = ws.ids().tolist()
    weight = np.array([0.0 if account == "x:bot" else 1.0 for account in ids])
    found = rows(read_past(ws, weight), ids)
    assert found["author"].tolist() == ["x:ann"] * 4 + ["y:zoe"] * 2
    # Of 7 loaded reposts of ann 3 are by real others: that is her share, for the 8 of p3 that are not loaded.
    np.testing.assert_allclose(found["moved"], [1, 0, 1 + 8 * 3 / 7, 1, 5, np.nan])
    assert found["source"].tolist() == [0, 0, 1, 0, 2, 2]
    np.testing.assert_array_equal(found["likes"], [7, np.nan, 12000, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found["views"], [np.nan] * 4 + [100, 9])
    assert found["rounded"].tolist() == [0, 0, 2, 0, 0, 0]
    assert found["time"].isna().tolist() == [False] * 3 + [True] * 3


def test_counts_are_those_of_every_repost_read_one_by_one(town: Workspace) -> None:
    weight = town.real().weight
    past, moves = read_past(town, weight), read_moves(town)
    pairs = {(post, who) for post, who in zip(moves.post, moves.reposter, strict=True) if who != moves.author[post]}
    moved = np.zeros(moves.author.size)
    for post, who in pairs:
        moved[post] += weight[who]
    assert (weight == 0).any()
    expected = np.lexsort((moved, moves.time, moves.author))
    found = np.lexsort((past.moved, past.time, past.author))
    for ours, theirs in ((past.author, moves.author), (past.time, moves.time), (past.moved, moved)):
        np.testing.assert_array_equal(ours[found], theirs[expected])
    assert not past.source.any()
