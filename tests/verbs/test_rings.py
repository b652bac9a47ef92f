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
