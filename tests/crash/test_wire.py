"""A load over a wire that breaks has happened or says so; the next one makes it exact."""

from __future__ import annotations

import pytest

from tests.crash.wire import sweep
from tests.servers.neo4j.server import Server


@pytest.mark.neo4j
def test_loads_cut_at_any_byte_are_exact_after_the_next_one(own_server: Server) -> None:
    outcomes = sweep(own_server.login, points=24, seed=2).values()
    assert [fault for outcome in outcomes for fault in outcome.wrong] == []
    assert sum(outcome.points for outcome in outcomes) == 24
    assert sum(outcome.finished for outcome in outcomes) == 16  # of the dead wires none
