"""A world with planted rings, fans and bought followers, loaded once; tests that share it only ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kolgraph.synth import World, make_world
from kolgraph.workspace import Workspace


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(8000, seed=5)


@pytest.fixture(scope="session")
def town(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The workspace of that world."""
    folder = tmp_path_factory.mktemp("town")
    files = world.write(folder / "files")
    with Workspace.open(folder / "w.kol", create=True) as workspace:
        for kind in ("accounts", "follows", "posts", "reposts"):
            workspace.load(files[kind], platform="weibo")
        yield workspace
