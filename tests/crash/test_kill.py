"""A load that is killed has happened or it has not; the same command resumes."""

from __future__ import annotations

import pytest

from tests.crash.kill import run


@pytest.mark.slow
def test_killed_loads_lose_nothing_and_double_nothing() -> None:
    outcome = run(3, rows=40_000, seed=4)
    assert outcome.kills >= 3
    assert (outcome.lost, outcome.doubled) == (0, 0)
