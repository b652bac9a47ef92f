"""PageRank: by hand, by law, against igraph, and with planted order."""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.centrality import MEASURES, pagerank
from kolgraph.centrality.pagerank import personal_pageranks
from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.graph import CSR, Graph
from tests.worlds.graphs import clique, dangling_chain, from_rows, graphs, path, random_edges, star

DATA = Path(__file__).parents[3] / "shared" / "data"
few = settings(max_examples=30, deadline=None)


def values(graph: Graph, **options: object) -> np.ndarray:
    return pagerank(graph, **options).values  # type: ignore[arg-type]


def relabelled(graph: Graph, new: np.ndarray) -> Graph:
    """The same graph with row v called new[v]."""
    src, dst, weight = graph.edges()
    ids = np.empty(graph.n, dtype=object)
    ids[new] = graph.ids
    w = None if graph.incoming.weight is None else weight
    return Graph.from_rows(new[src].astype(np.int32), new[dst].astype(np.int32), w, ids.astype("S8"))


# ---------------------------------------------------------------- by hand


def test_dangling_chain() -> None:
    # Nobody acts on 0, so it has the share t that everybody gets from new starts: r0 = t, r1 = t + .85 t/2 = 1.425 t,
    # r2 = t + .85 t/2 + .85 r1 = 2.63625 t. The sum 5.06125 t is 1: t = .19758, r1 = .28155, r2 = .52087.
    assert values(dangling_chain()).round(3).tolist() == [0.198, 0.282, 0.521]


def test_star_by_hand() -> None:
    # A leaf has the share t of new starts, the hub t + .85 * 4 t = 4.4 t; four leaves and the hub add up to 8.4 t = 1.
    assert pagerank(star(4)).frame()["pagerank"].to_dict() == pytest.approx(
        {"hub": 4.4 / 8.4} | {f"leaf{i}": 1 / 8.4 for i in range(4)}, abs=1e-9
    )


def test_restart_gives_dangling_mass_back_to_the_restart_account() -> None:
    # 0 -> 1, 1 dangling, restart at 0: r0 = .15 + .85 r1, r1 = .85 r0, so r0 (1 - .7225) = .15.
    got = values(path(2), restart={"v0": 3.0})
    assert got.tolist() == pytest.approx([0.15 / 0.2775, 0.1275 / 0.2775], abs=1e-9)


def test_damping_zero_is_the_restart() -> None:
    assert values(dangling_chain(), damping=0.0).tolist() == pytest.approx([1 / 3] * 3)


def test_empty_graph_has_no_scores() -> None:
    nobody = np.empty(0, np.int64)
    assert values(Graph.from_edges(nobody, nobody)).size == 0


# ---------------------------------------------------------------- laws


@few
@given(graphs(), st.sampled_from([0.3, 0.85, 0.99]))
def test_sums_to_one_and_nobody_is_below_the_teleport_share(graph: Graph, damping: float) -> None:
    got = values(graph, damping=damping, max_iter=5000)
    assert got.sum() == pytest.approx(1)
    assert got.min() >= (1 - damping) / graph.n - 1e-12


@few
@given(graphs(), st.randoms(use_true_random=False))
def test_relabelling_moves_the_scores_along(graph: Graph, random: object) -> None:
    new = np.arange(graph.n)
    random.shuffle(new)  # type: ignore[attr-defined]
    assert values(relabelled(graph, new))[new] == pytest.approx(values(graph), abs=2e-9)


@few
@given(graphs(), st.sampled_from([0.125, 3.0, 1024.0]))
def test_scale_of_the_weights_does_not_matter(graph: Graph, scale: float) -> None:
    ptr, idx, _ = graph.incoming
    weight = graph.edges()[2] * np.float32(scale)
    scaled = Graph(CSR(ptr, idx, weight), graph.ids.astype("S8"))
    assert values(scaled) == pytest.approx(values(graph), abs=2e-9)


@few
@given(graphs())
def test_an_isolate_changes_nothing_but_the_teleport_share(graph: Graph) -> None:
    # The newcomer has no edges, so every account keeps its ratio to an account that nobody acts on (the isolate n-1).
    ptr, idx, weight = graph.incoming
    ids = np.append(graph.ids.astype("S8"), b"new")
    before, after = values(graph), values(Graph(CSR(np.append(ptr, ptr[-1]), idx, weight), ids))
    assert after[:-1] / after[-1] == pytest.approx(before / before[-1], abs=1e-6)
    assert after[-1] == pytest.approx(after[-2], abs=1e-12)


@few
@given(graphs())
def test_uniform_restart_is_the_default(graph: Graph) -> None:
    assert values(graph, restart=dict.fromkeys(graph.ids, 2.0)) == pytest.approx(values(graph), abs=2e-9)


@few
@given(graphs(weighted=False))
def test_unit_weights_are_no_weights(graph: Graph) -> None:
    src, dst, _ = graph.edges()
    plain = Graph.from_rows(src, dst, None, graph.ids.astype("S8"))
    ones = Graph.from_rows(src, dst, np.ones(src.size, np.float32), graph.ids.astype("S8"))
    assert values(plain).tobytes() == values(ones).tobytes() == values(graph, weighted=False).tobytes()


@pytest.mark.parametrize("weighted", [False, True])
def test_same_bytes_on_any_number_of_threads(weighted: bool) -> None:
    src, dst = random_edges(2000, 15_000, seed=3)
    weight = np.random.default_rng(3).random(15_000).astype(np.float32) if weighted else None
    graph = Graph.from_rows(src, dst, weight, np.arange(2000))
    threads, before, answers = numba.config.NUMBA_NUM_THREADS, numba.get_num_threads(), set()
    try:
        for n in range(1, threads + 1):
            numba.set_num_threads(n)
            answers.add(values(graph).tobytes())
    finally:
        numba.set_num_threads(before)
    assert len(answers) == 1


def test_the_residual_bounds_the_distance_to_the_exact_answer() -> None:
    src, dst = random_edges(300, 900, seed=5)
    graph = Graph.from_rows(src, dst, None, np.arange(300))
    exact = values(graph, tol=1e-14, damping=0.95)
    for tol in (1e-2, 1e-4, 1e-7):
        assert np.abs(values(graph, tol=tol, damping=0.95) - exact).sum() <= tol


# ---------------------------------------------------------------- against igraph


@few
@given(graphs(), st.sampled_from([0.5, 0.85]), st.booleans())
def test_equals_igraph(graph: Graph, damping: float, weighted: bool) -> None:
    peer = graph.to_igraph()
    expected = peer.pagerank(damping=damping, weights="weight" if weighted else None)
    assert values(graph, damping=damping, weighted=weighted, tol=1e-11) == pytest.approx(expected, abs=1e-9)


@few
@given(graphs(), st.data())
def test_equals_igraph_from_chosen_restart_accounts(graph: Graph, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, graph.n - 1), min_size=1, max_size=3, unique=True))
    reset = np.zeros(graph.n)
    reset[rows] = np.arange(1, len(rows) + 1)
    expected = graph.to_igraph().personalized_pagerank(reset=reset.tolist(), weights="weight")
    restart = {graph.ids[v]: reset[v] for v in rows}
    assert values(graph, restart=restart, tol=1e-11) == pytest.approx(expected, abs=1e-9)


@pytest.mark.realdata
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_igraph_on_epinions(weighted: bool) -> None:
    import pandas as pd

    file = DATA / "im" / "epinions.csv.gz"
    if not file.exists():
        pytest.skip(f"{file} is not on this machine")
    edges = pd.read_csv(file)
    weight = np.random.default_rng(1).integers(0, 5, len(edges)) if weighted else None
    graph = Graph.from_edges(edges["src"].to_numpy(), edges["dst"].to_numpy(), weight)
    assert graph.m == 508_837
    expected = np.array(graph.to_igraph().pagerank(weights="weight"))
    assert np.abs(values(graph) - expected).sum() <= 2e-9


# ---------------------------------------------------------------- planted, and refusals


def test_the_account_that_everybody_follows_wins() -> None:
    src, dst = random_edges(200, 400, seed=2)
    src = np.concatenate([src, np.arange(1, 200, dtype=np.int32)])
    dst = np.concatenate([dst, np.zeros(199, np.int32)])
    graph = Graph.from_rows(src, dst, None, np.array([f"a{i}" for i in range(200)], dtype="S8"))
    assert pagerank(graph).top(1).index.tolist() == ["a0"]


def test_restart_in_a_niche_ranks_that_niche_first() -> None:
    two = from_rows(8, [(0, 1), (1, 2), (2, 0), (3, 0), (4, 5), (5, 6), (6, 4), (7, 4), (3, 4)])
    best = pagerank(two, restart={"v07": 1.0}).top(4).index
    assert set(best) == {"v04", "v05", "v06", "v07"}


def test_an_answer_that_has_not_converged_is_refused() -> None:
    with pytest.raises(AnalysisError, match=r"after 3 iterations.*raise max_iter or tol"):
        pagerank(dangling_chain(), max_iter=3)


@pytest.mark.parametrize(
    "options",
    [
        {"damping": 1.0},
        {"damping": float("nan")},
        {"tol": 0.0},
        {"max_iter": 0},
        {"restart": {}},
        {"restart": {"v0": 0.0}},
        {"restart": {"v0": -1.0, "v1": 2.0}},
        {"restart": {"v0": float("inf")}},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        values(clique(3), **options)


def test_an_unknown_restart_account_is_refused() -> None:
    with pytest.raises(UnknownAccount, match="nobody"):
        pagerank(clique(3), restart={"nobody": 1.0})


def test_the_answer_names_its_question() -> None:
    graph = clique(3)
    scores = pagerank(graph, restart={"v1": 2})
    assert scores.graph == graph.fingerprint and scores.parameters["restart"] == {"v1": 2.0}
    assert scores.run_id != pagerank(graph).run_id


# ---------------------------------------------------------------- personalised, for many accounts


def test_personal_by_hand() -> None:
    # 0 -> 1, 1 dangling, from 0: r0 = .15 + .85 r1, r1 = .85 r0. From 1, which acts on nobody, all stays there.
    got = personal_pageranks(path(2), ["v0", "v1"])
    assert got.values == pytest.approx(np.array([[0.15 / 0.2775, 0.1275 / 0.2775], [0, 1]]), abs=1e-6)
    assert got.frame()["v1"].to_dict() == {"v0": 0, "v1": 1}
    assert got.top("v0", 5).index.tolist() == ["v1"]


@few
@given(graphs(), st.sampled_from([0.0, 0.3, 0.85, 0.99]), st.booleans(), st.sampled_from([1e-2, 1e-6, 1e-11]))
def test_personal_is_within_tol_of_the_solution(graph: Graph, damping: float, weighted: bool, tol: float) -> None:
    src, dst, weight = graph.edges()
    moves = np.zeros((graph.n, graph.n))
    moves[src, dst] = weight if weighted else 1
    moves /= np.where(moves.sum(axis=1) > 0, moves.sum(axis=1), 1)[:, None]
    exact = np.linalg.inv(np.eye(graph.n) - damping * moves)
    exact /= exact.sum(axis=1)[:, None]  # what dangling accounts send back only makes the restart larger
    options = {"damping": damping, "weighted": weighted, "tol": tol, "max_iter": 5000}
    got = personal_pageranks(graph, list(graph.ids), **options).values  # type: ignore[arg-type]
    assert got.sum(axis=1) == pytest.approx(1)
    assert np.abs(got - exact).sum(axis=1).max() <= tol + 1e-13
    assert (got[exact < 1e-15] == 0).all()


@few
@given(graphs(), st.booleans())
def test_personal_equals_igraph(graph: Graph, weighted: bool) -> None:
    peer = graph.to_igraph()
    got = personal_pageranks(graph, list(graph.ids), weighted=weighted, tol=1e-11).values
    for v, row in enumerate(got):
        expected = peer.personalized_pagerank(reset_vertices=[v], weights="weight" if weighted else None)
        assert row == pytest.approx(expected, abs=1e-9)


def test_an_answer_depends_neither_on_the_others_nor_on_threads() -> None:
    src, dst = random_edges(300, 700, seed=9)  # many dangling rows; chains and cycles that converge at different times
    graph = Graph.from_rows(src, dst, None, np.arange(300))
    everybody = [str(i) for i in range(300)]
    alone = np.concatenate([personal_pageranks(graph, [account]).values for account in everybody[:40]])
    threads, before = numba.config.NUMBA_NUM_THREADS, numba.get_num_threads()
    try:
        for n in range(1, threads + 1):
            numba.set_num_threads(n)
            together = personal_pageranks(graph, everybody).values
            assert together[:40].tobytes() == alone.tobytes()
    finally:
        numba.set_num_threads(before)
    for row, account in zip(together[::17], everybody[::17], strict=True):
        assert np.abs(row - values(graph, restart={account: 1.0})).sum() <= 1e-6


def test_seen_from_a_niche_its_own_accounts_come_first() -> None:
    rng = np.random.default_rng(4)
    src, dst = rng.integers(0, 50, 600), rng.integers(0, 50, 600)
    src, dst = np.append(src, src + 50), np.append(dst, dst + 50)  # two niches alike, and ten ties between them
    src, dst = np.append(src, np.arange(10)), np.append(dst, 50 + np.arange(10))
    graph = Graph.from_edges(src, dst)
    found = personal_pageranks(graph, ["30", "80"])
    assert all(int(account) < 50 for account in found.top("30", 10).index)
    assert all(int(account) >= 50 for account in found.top("80", 10).index)


@pytest.mark.parametrize(
    ("accounts", "options", "error", "words"),
    [
        (["v0", "v0"], {}, InputError, "named twice"),
        (["v0", "nobody"], {}, UnknownAccount, "nobody"),
        (["v0"], {"tol": 0.0}, InputError, "tol must be above 0"),
        (["v0"], {"damping": 1.0}, InputError, "damping"),
        (["v0", "v1"], {"max_iter": 2}, AnalysisError, r"2 of 2 answers .* after 2 sweeps"),
    ],
)
def test_a_wrong_personal_question_is_refused(accounts, options, error, words) -> None:
    with pytest.raises(error, match=words):
        personal_pageranks(clique(3), accounts, **options)


def test_top_of_an_account_that_was_not_asked_about() -> None:
    found = personal_pageranks(clique(3), [])
    assert found.values.shape == (0, 3)
    with pytest.raises(UnknownAccount, match="v0"):
        found.top("v0", 1)


# ---------------------------------------------------------------- the list of measures


def test_every_measure_carries_its_name() -> None:
    for name, measure in MEASURES.items():
        assert measure.compute(clique(4)).measure == name
        assert measure.en and measure.zh and measure.cost
