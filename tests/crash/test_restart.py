"""A load outlives the server's restarts."""

from __future__ import annotations

import pytest

from tests.crash.restart import run
from tests.servers.neo4j.server import Server


@pytest.mark.neo4j
def test_a_load_during_which_the_server_stops_and_dies_is_exact(own_server: Server) -> None:
    outcome = run(own_server, 2, accounts=500, follows=5_000, seed=3)
    assert outcome.wrong == []
    assert [moment.split()[0] for moment in outcome.moments] == ["stop", "SIGKILL"]
    assert outcome.warnings  # it met them
