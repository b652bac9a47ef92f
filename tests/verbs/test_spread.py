"""Cascades of a loaded world."""

from __future__ import annotations

from pathlib import Path

import pytest

from kolgraph.errors import AnalysisError
from kolgraph.synth import World
from kolgraph.workspace import Workspace


def test_every_repost_is_in_one_tree_and_members_of_rings_do_not_count(town: Workspace, world: World) -> None:
    found = town.spread().frame()
    assert found["size"].sum() - len(found) == len(world.reposts)
    who = town.real()
    raw = town.spread(raw=True).frame()
    assert (raw["size"] == raw["real_size"]).all()
    query = "SELECT count({}) AS n FROM reposts JOIN accounts ON account_key = {} WHERE list_contains(?, account_id)"
    fake = who.ids[who.fake].tolist()
    theirs = town.sql(query.format("*", "src"), [fake])["n"].item()
    roots = town.sql(query.format("DISTINCT root_id", "dst"), [fake])["n"].item()
    assert (found["size"] - found["real_size"]).sum() == theirs + roots


def test_without_reposts_there_is_no_answer(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "e.kol", create=True) as empty, pytest.raises(AnalysisError, match="reposts"):
        empty.spread()
