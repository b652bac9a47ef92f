"""Fixtures that more than one test module uses."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kolgraph import cli
from kolgraph.settings import Neo4jLogin
from tests.servers.neo4j import server
from tests.worlds.shelf import Shelf


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Two workers of two threads each would mostly wait for each other; what needs several says so."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        import numba

        numba.set_num_threads(1)


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """The command line: exit code, stdout and stderr of a command."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kolgraph", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return int(end.value.code or 0), out, err

    return call


@pytest.fixture(scope="session")
def neo4j_login() -> Iterator[Neo4jLogin]:
    """A Neo4j server: the one of KOLGRAPH_NEO4J_URI, whose kolgraph data is replaced, or one started here."""
    if os.environ.get("KOLGRAPH_NEO4J_URI"):
        yield Neo4jLogin.from_environment()
        return
    with _started() as running:
        yield running.login


@pytest.fixture(scope="session")
def own_server() -> Iterator[server.Server]:
    """A Neo4j server that a test may stop, kill and cut off without disturbing others; it must leave it running."""
    with _started() as running:
        yield running


@pytest.fixture(scope="session")
def gds_login() -> Iterator[Neo4jLogin]:
    """A Neo4j server with the Graph Data Science library."""
    with _started(gds=True) as running:
        yield running.login


@contextmanager
def _started(*, gds: bool = False) -> Iterator[server.Server]:
    if absent := server.missing():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(absent)
    with server.running(gds=gds) as running:
        yield running


@pytest.fixture(scope="module")
def module_shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """One workspace for a module: making one takes longer than emptying it."""
    made = Shelf(tmp_path_factory.mktemp("shelf"))
    yield made
    made.ws.close()


@pytest.fixture
def shelf(module_shelf: Shelf) -> Shelf:
    """An empty workspace and a way to load files."""
    module_shelf.empty()
    return module_shelf
