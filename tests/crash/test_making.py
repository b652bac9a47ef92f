"""A load that is killed while it makes its workspace, or that is not the only one, leaves what the next one can use."""

from __future__ import annotations

import pytest

from tests.crash.making import Outcome, kill, together


@pytest.mark.slow
def test_the_same_command_recovers_from_a_kill_while_a_workspace_is_made() -> None:
    outcome = Outcome()
    kill(4, outcome, seed=3)
    assert outcome.kills == 4
    assert not outcome.problems


@pytest.mark.slow
def test_loads_that_make_one_workspace_at_once_wait_or_say_that_it_is_busy() -> None:
    outcome = Outcome()
    together(4, outcome)
    assert sum(outcome.codes.values()) == 4
    assert not outcome.problems
