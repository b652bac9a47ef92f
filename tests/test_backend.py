"""The backend of networkx passes networkx's own tests, and gives what networkx gives on awkward graphs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import networkx as nx
import numba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph import backend

#: networkx's tests of the functions that are dispatched.
MODULES = [
    "networkx.algorithms.link_analysis.tests.test_pagerank",
    "networkx.algorithms.tests.test_core",
    "networkx.algorithms.tests.test_cluster",
    "networkx.algorithms.components.tests.test_connected",
    "networkx.algorithms.components.tests.test_weakly_connected",
    "networkx.algorithms.components.tests.test_strongly_connected",
    "networkx.algorithms.centrality.tests.test_harmonic_centrality",
]
COUNTED = """
import functools, json, sys, pytest
from kolgraph import backend
calls = dict.fromkeys(backend.FUNCTIONS, 0)
def counted(name, function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        calls[name] += 1
        return function(*args, **kwargs)
    return call
for name in calls:
    setattr(backend, name, counted(name, getattr(backend, name)))
passed = []
class Count:
    def pytest_runtest_logreport(self, report):
        passed.extend([report.nodeid] if report.when == "call" and report.passed else [])
code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--pyargs", *sys.argv[1:]], plugins=[Count()])
print("\\n" + json.dumps({"code": int(code), "passed": len(passed), "calls": calls}))
"""
kinds = st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
nodes = st.integers(0, 7)
edges = st.lists(st.tuples(nodes, nodes, st.sampled_from([0, 0.1, 1, 2.0, 1e-60, 1e60])), max_size=24)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """networkx warns that it keeps converted graphs. One thread: on a busy machine two wait long for each other."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Note: conversions to backend graphs")
        yield
    numba.set_num_threads(before)


@pytest.mark.slow
def test_the_tests_of_networkx_pass(tmp_path: Path) -> None:
    pytest.importorskip("networkx.algorithms.components.tests", reason="networkx was installed without its tests")
    script = tmp_path / "counted.py"
    script.write_text(COUNTED)
    environment = os.environ | {"NETWORKX_TEST_BACKEND": "kolgraph", "NETWORKX_FALLBACK_TO_NX": "True"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    ran = subprocess.run(
        [sys.executable, script, *MODULES], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    told = json.loads(ran.stdout.strip().splitlines()[-1])
    assert told["code"] == 0, ran.stdout[-3000:]
    assert told["passed"] > 140
    assert all(told["calls"].values()), told["calls"]


def made(kind: type, pairs: list[tuple[int, int, float]]) -> Any:
    graph = kind()
    graph.add_nodes_from([7, "x", 3, (1, 2)])
    graph.add_weighted_edges_from(pairs)
    return graph


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]), edges, st.sampled_from(["weight", None])
)
def test_answers_are_those_of_networkx(kind: type, pairs: list[tuple[int, int, float]], weight: str | None) -> None:
    graph = made(kind, pairs)
    start = {node: i for i, node in enumerate(graph)}
    for options in ({}, {"personalization": start}):
        expected = nx.pagerank(graph, 0.6, tol=1e-13, max_iter=1000, weight=weight, **options)
        found = nx.pagerank(graph, 0.6, tol=1e-13, max_iter=1000, weight=weight, backend="kolgraph", **options)
        assert found == pytest.approx(expected, abs=1e-11)
        assert list(found) == list(graph)
    for some in (None, 7, ["x", 3, "x", "nobody"], []):
        expected = nx.harmonic_centrality(graph, some)
        assert nx.harmonic_centrality(graph, some, backend="kolgraph") == pytest.approx(expected)
    if graph.is_directed():
        same_sets(nx.weakly_connected_components, graph)
        same_sets(nx.strongly_connected_components, graph)
        for function in (nx.is_weakly_connected, nx.is_strongly_connected, nx.number_strongly_connected_components):
            assert function(graph, backend="kolgraph") == function(graph)
        return
    same_sets(nx.connected_components, graph)
    assert nx.is_connected(graph, backend="kolgraph") == nx.is_connected(graph)
    assert nx.triangles(graph, backend="kolgraph") == nx.triangles(graph)
    if not graph.is_multigraph():
        assert nx.triangles(graph, 7, backend="kolgraph") == nx.triangles(graph, 7)
        assert nx.clustering(graph, [3, 7], backend="kolgraph") == pytest.approx(nx.clustering(graph, [3, 7]))
        graph.remove_edges_from(list(nx.selfloop_edges(graph)))
        assert nx.core_number(graph, backend="kolgraph") == nx.core_number(graph)


def same_sets(function: Any, graph: Any) -> None:
    assert sorted(map(repr, function(graph, backend="kolgraph"))) == sorted(map(repr, function(graph)))


def test_what_means_something_else_is_left_to_networkx() -> None:
    graph = nx.DiGraph([(0, 1), (1, 2)])
    converted = backend.convert_from_nx(graph)
    assert backend.can_run("pagerank", (converted,), {"nstart": {0: 1}}) == "nstart is not supported by kolgraph"
    assert backend.can_run("core_number", (converted,), {}) == "directions are not supported by kolgraph"
    assert "among" in str(backend.can_run("katz_centrality", (converted,), {}))
    assert backend.can_run("pagerank", (converted,), {"dangling": None}) is True
    assert "between 0 and 1" in str(backend.can_run("pagerank", (converted,), {"alpha": 1}))
    parallel = nx.MultiGraph([(0, 1), (0, 1)])
    for name, options in (("clustering", {}), ("triangles", {"nodes": [0]})):  # networkx refuses these
        assert "parallel edges" in str(backend.can_run(name, (parallel,), options))
    assert backend.can_run("triangles", (parallel,), {}) is True
    with pytest.raises(NotImplementedError, match="weights"):
        backend.convert_from_nx(nx.Graph([(0, 1, {"weight": -1})]), edge_attrs={"weight": 1})


def test_errors_are_those_of_networkx() -> None:
    for call in (
        lambda b: nx.pagerank(nx.path_graph(4), max_iter=1, tol=1e-12, backend=b),
        lambda b: nx.pagerank(nx.path_graph(4), tol=0, backend=b),
        lambda b: nx.pagerank(nx.path_graph(4), personalization={9: 1}, backend=b),
        lambda b: nx.pagerank(nx.path_graph(4), personalization={0: float("nan")}, backend=b),
        lambda b: nx.core_number(nx.Graph([(0, 0)]), backend=b),
        lambda b: nx.is_connected(nx.Graph(), backend=b),
        lambda b: nx.triangles(nx.path_graph(3), 99, backend=b),
    ):
        with pytest.raises(Exception) as ours:
            call("kolgraph")
        with pytest.raises(type(ours.value)):
            call("networkx")


def test_importing_networkx_loads_nothing_of_ours() -> None:
    code = "import sys, networkx; print(sorted(m for m in sys.modules if m.startswith(('kolgraph', 'numba'))))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(json.loads(ran.stdout.replace("'", '"'))) <= {"kolgraph", "kolgraph.backend"}
