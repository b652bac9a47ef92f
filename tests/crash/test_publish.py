"""A publication into a file that is killed has happened or it has not, and nobody who asks meanwhile can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.publish import Rounds, World


@pytest.mark.slow
def test_a_killed_publication_leaves_the_old_content_or_the_new(tmp_path: Path) -> None:
    outcome = Rounds(tmp_path, World(accounts=2_000, follows=20_000, seed=5), seed=5).run(4)
    assert outcome.wrong == []
    assert outcome.killed.total() == outcome.old + outcome.new == 4
    assert outcome.asked > 0
