"""Fixtures that more than one test module uses."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import pytest
from hypothesis import is_hypothesis_test, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from kolgraph import cli
from kolgraph.settings import Neo4jLogin
from tests.servers.neo4j import server
from tests.worlds.shelf import Shelf

# The same examples every time, so that a red run is red again; `make explore` draws others (tests/explore.py). What one
# test says (how many) leaves the rest of the profile as it is. A deadline would test how busy the machine is.
settings.register_profile("same", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("same")
# A shell that starts something in the background takes Ctrl-C away from it, and what it starts; the tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
#: How many times as many examples of each property are drawn in a round of exploring.
MORE = 10
#: The fixtures that start a server, and what parametrises with one.
SERVERS = re.compile(r"\b(neo4j_login|own_server|gds_login|ENGINES)\b")


class Scopes(LoadScopeScheduling):
    """Tests that share something expensive run in one worker: those of a file its fixtures, those of a server it.

    The mark xdist_group would say so test by test, but pytest 9.2 ignores it (pytest-dev/pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "servers" if file in self._served else file

    @cached_property
    def _served(self) -> set[str]:
        root = self.config.rootpath
        files = (path for path in (root / "tests").rglob("test_*.py") if SERVERS.search(path.read_text("utf-8")))
        return {path.relative_to(root).as_posix() for path in files}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scopes:
    """Ours, whatever --dist says."""
    return Scopes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Explore more examples of each property than the tests ask for; there is no setting that says so."""
    if settings.get_current_profile_name() == "explore":
        for test in {getattr(item, "function", None) for item in items}:
            if is_hypothesis_test(test):
                own = test._hypothesis_internal_use_settings
                test._hypothesis_internal_use_settings = settings(own, max_examples=MORE * own.max_examples)


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
def own_server() -> Iterator[server.Server]:
    """A Neo4j server that a test may stop, kill and cut off; it must leave it running."""
    with _started() as running:
        yield running


@pytest.fixture(scope="session")
def neo4j_login(request: pytest.FixtureRequest) -> Neo4jLogin:
    """A Neo4j server: the one of KOLGRAPH_NEO4J_URI, whose kolgraph data is replaced, or our own."""
    if os.environ.get("KOLGRAPH_NEO4J_URI"):
        return Neo4jLogin.from_environment()
    login: Neo4jLogin = request.getfixturevalue("own_server").login
    return login


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
