"""Audiences: by hand, by law, against Python sets and scipy, and with planted overlaps and water army."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.influence import audiences, lookalikes, unique_reach
from tests.worlds.graphs import from_rows, graphs, path, random_edges

few = settings(max_examples=50, deadline=None)
some = st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True)


def followers(graph: Graph, row: int) -> set[int]:
    src, dst, _ = graph.edges()
    return {int(a) for a, b in zip(src, dst, strict=True) if b == row and a != row}


def weights(graph: Graph) -> list[float]:
    return [(0.0, 1.0, 0.5)[v % 3] for v in range(graph.n)]


def test_by_hand() -> None:
    # v0 is followed by 2, 3, 4 and itself, v1 by 3, 4, 5 and, twice told, by 5; 5 is a bot.
    graph = from_rows(6, [(2, 0), (3, 0), (4, 0), (0, 0), (3, 1), (4, 1), (5, 1), (5, 1)])
    found = audiences(graph, ["v00", "v01"])
    assert found.shared.tolist() == [[3, 2], [2, 3]]
    assert (found.alone.tolist(), found.union) == ([1, 1], 4)
    assert found.summary() == {"unique_reach": 4, "summed": 6, "duplication": 1.5}
    real = audiences(graph, ["v00", "v01"], real=[1, 1, 1, 1, 1, 0])
    assert real.frame().to_dict("list") == {"audience": [3, 2], "alone": [1, 0], "alone_share": [1 / 3, 0]}
    assert real.pairs().to_dict("records") == [
        {"a": "v00", "b": "v01", "shared": 2, "of_a": 2 / 3, "of_b": 1, "jaccard": 2 / 3}
    ]


def test_of_one_of_none_and_of_accounts_without_followers() -> None:
    graph = path(3)
    assert audiences(graph, ["v0"]).summary() == {"unique_reach": 0, "summed": 0, "duplication": 0}
    assert audiences(graph, []).union == 0
    assert audiences(graph, ["v2", "v0"]).frame()["audience"].to_dict() == {"v2": 1, "v0": 0}
    assert lookalikes(graph, "v0").values.tolist() == [0, 0, 0]


@few
@given(graphs(), some)
def test_equals_sets(graph: Graph, rows: list[int]) -> None:
    weight = weights(graph)
    groups = [followers(graph, row) for row in rows]

    def size(members: set[int]) -> float:
        return sum(weight[v] for v in members)

    found = audiences(graph, [str(graph.ids[row]) for row in rows], real=weight)
    together = unique_reach(graph, [str(graph.ids[row]) for row in [*rows, rows[0]]], real=weight)
    assert found.union == together == size(set().union(*groups))
    assert found.shared.tolist() == [[size(a & b) for b in groups] for a in groups]
    others = [set().union(*(g for j, g in enumerate(groups) if j != i)) for i in range(len(groups))]
    assert found.alone.tolist() == [size(g - o) for g, o in zip(groups, others, strict=True)]


@few
@given(graphs(), some)
def test_laws_of_the_union(graph: Graph, rows: list[int]) -> None:
    ids = [str(graph.ids[row]) for row in rows]
    found = audiences(graph, ids)
    sizes = np.diag(found.shared)
    assert max(sizes) <= found.union <= sizes.sum()
    # What an account brings alone is what is lost without it, and the order of naming does not matter.
    assert found.union - audiences(graph, ids[1:]).union == found.alone[0]
    turned = audiences(graph, ids[::-1])
    assert turned.shared.tolist() == found.shared[::-1, ::-1].tolist() and turned.union == found.union


@few
@given(graphs(), st.integers(0, 5))
def test_lookalikes_equal_sets(graph: Graph, row: int) -> None:
    weight = weights(graph)
    mine = followers(graph, row)
    for v, value in enumerate(lookalikes(graph, str(graph.ids[row]), real=weight).values):
        both, either = (
            sum(weight[u] for u in part) for part in (mine & followers(graph, v), mine | followers(graph, v))
        )
        assert value == pytest.approx(both / either if either and v != row else 0)


def test_equals_scipy_on_a_larger_graph() -> None:
    src, dst = random_edges(2000, 30_000, seed=3)
    graph = Graph.from_rows(src, (dst // 20).astype(np.int32), None, np.arange(2000))
    ids = [str(i) for i in range(60)]
    src, dst, _ = graph.edges()
    off = (src != dst) & (dst < 60)
    matrix = sp.csr_matrix((np.ones(off.sum()), (dst[off], src[off])), shape=(60, 2000))
    found = audiences(graph, ids)
    assert np.array_equal(found.shared, (matrix @ matrix.T).toarray())
    assert found.union == (matrix.sum(axis=0) > 0).sum()


def test_a_planted_twin_is_found_behind_a_crowd_of_bots() -> None:
    # twin shares 80 of star's 100 fans; bought shares all of star's 300 bots and nothing else.
    star, twin, bought = 0, 1, 2
    edges = [(10 + i, star) for i in range(100)] + [(30 + i, twin) for i in range(100)]
    edges += [(200 + i, star) for i in range(300)] + [(200 + i, bought) for i in range(300)]
    graph = from_rows(600, edges)
    real = np.r_[np.ones(200), np.zeros(300), np.ones(100)]
    assert lookalikes(graph, "v00").top(1).index.item() == "v02"
    best = lookalikes(graph, "v00", real=real).top(1)["similarity"]
    assert best.to_dict() == {"v01": pytest.approx(80 / 120)}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda g: audiences(g, ["v0", "v0"]), InputError, "an account is named twice"),
        (lambda g: audiences(g, ["v0", "nobody"]), UnknownAccount, "nobody"),
        (lambda g: audiences(g, ["v0"], real=[1]), InputError, "for each of the 3 accounts"),
        (lambda g: audiences(g, ["v0"], real=[1, -1, 0]), InputError, "for each of the 3 accounts"),
        (lambda g: lookalikes(g, "v0", real=[1, float("nan"), 0]), InputError, "for each of the 3 accounts"),
    ],
)
def test_a_mistake_is_told(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call(path(3))


def test_the_command_line_compares_audiences(invoke, tmp_path) -> None:
    (tmp_path / "f.csv").write_text("follower,followed\n1,8\n2,8\n2,9\n3,9\n4,9\n")
    file = tmp_path / "a.kol"
    assert invoke("load", file, tmp_path / "f.csv", "--platform", "weibo")[0] == 0
    code, out, err = invoke("audience", file, "weibo:8", "weibo:9", "--format", "json")
    assert (code, "unique_reach=4, summed=5, duplication=1.25" in err) == (0, True)
    assert [(row["known"], row["real"], row["alone"]) for row in json.loads(out)] == [(2, 2, 1), (3, 3, 2)]
    assert (
        json.loads(invoke("audience", file, "weibo:8", "weibo:9", "--pairs", "--format", "json")[1])[0]["shared"] == 1
    )
    code, out, _ = invoke("audience", file, "weibo:8", "--similar", "--top", "1", "--format", "json")
    assert json.loads(out)[0]["account_id"] == "weibo:9"
    assert invoke("audience", file, "weibo:8", "--similar", "--pairs")[0] == 2
