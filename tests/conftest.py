"""Fixtures that more than one test module uses."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from kolgraph.settings import Neo4jLogin
from tests.servers.neo4j import server


@pytest.fixture(scope="session")
def neo4j_login() -> Iterator[Neo4jLogin]:
    """A Neo4j server: the one of KOLGRAPH_NEO4J_URI, whose kolgraph data is replaced, or one started here."""
    if os.environ.get("KOLGRAPH_NEO4J_URI"):
        yield Neo4jLogin.from_environment()
        return
    if absent := server.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(absent)
    with server.running() as login:
        yield login
