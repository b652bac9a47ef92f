"""Commands that are interrupted or killed leave nothing behind, and run again."""

from __future__ import annotations

import os

import pytest

from tests.crash.interrupt import run


@pytest.mark.slow
def test_what_was_broken_off_runs_again() -> None:
    rounds = int(os.environ.get("KOLGRAPH_CRASH_ROUNDS", "4"))
    for name, outcome in run(interrupts=rounds, kills=rounds, seed=5, accounts=1500).items():
        assert outcome.caught + outcome.done >= rounds, name
        assert not outcome.wrong, name
