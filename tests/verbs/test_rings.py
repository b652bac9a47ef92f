"""Rings of a loaded world: planted ones are found, fans are spared."""

from __future__ import annotations

import pytest

from kolgraph.errors import UnknownName
from kolgraph.synth import World
from kolgraph.workspace import Workspace


@pytest.mark.parametrize("relation", ["follow", "repost"])
def test_planted_rings_are_found_and_fans_are_spared(town: Workspace, world: World, relation: str) -> None:
    planted = set("weibo:" + world.truth["rings"].query("role == 'member'")["account"])
    fans = set("weibo:" + world.truth["fan_clubs"]["account"])
    found = set(town.rings(relation=relation).accounts())
    assert len(found & planted) >= 0.9 * len(found)
    assert not (found & fans) - planted


def test_another_relation_is_one_clear_line(town: Workspace) -> None:
    with pytest.raises(UnknownName, match="unknown relation 'likes'; known: follow, repost"):
        town.rings(relation="likes")


def test_the_table_of_members_tells_rings_of_two_relations_apart(town: Workspace) -> None:
    rows = town.table("ring_members")
    rows = rows[rows["role"] == "member"]
    for relation in ("follow", "repost"):
        found = {(ring.number, str(i)) for ring in town.rings(relation=relation).rings for i in ring.members}
        mine = rows[rows["relation"] == relation]
        assert set(zip(mine["ring"], mine["account_id"], strict=True)) == found
