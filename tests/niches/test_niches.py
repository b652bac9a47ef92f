"""Niches: by hand, by law, against brute force and igraph, and planted ones found again."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.metrics import adjusted_mutual_info_score

from kolgraph.errors import InputError, UnknownName
from kolgraph.graph import CSR, Graph
from kolgraph.niches import find_niches, label_communities
from kolgraph.niches.leiden import Division, _choose, _matched, _stability, _Ties
from tests.worlds.graphs import from_rows, graphs

few = settings(max_examples=30, deadline=None)


def planted(sizes: list[int], inside: float, outside: float, seed: int) -> tuple[Graph, np.ndarray]:
    """Directed edges with one chance inside a niche and another between niches; the truth."""
    truth = np.repeat(np.arange(len(sizes)), sizes)
    same = truth[:, None] == truth
    src, dst = np.nonzero(np.random.default_rng(seed).random(same.shape) < np.where(same, inside, outside))
    ids = np.array([f"a{i:04d}" for i in range(truth.size)], dtype="S8")
    return Graph.from_rows(src.astype(np.int32), dst.astype(np.int32), None, ids), truth


def ring_of_cliques(cliques: int, size: int) -> tuple[Graph, np.ndarray]:
    edges = [(c * size + i, c * size + j) for c in range(cliques) for i in range(size) for j in range(i)]
    edges += [(c * size, (c + 1) % cliques * size + 1) for c in range(cliques)]
    pairs = np.array(edges, dtype=np.int32)
    graph = Graph.from_rows(pairs[:, 0].copy(), pairs[:, 1].copy(), None, np.arange(cliques * size))
    return graph, np.repeat(np.arange(cliques), size)


def told(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["account_id", "topic", "n"])


def two_cliques() -> Graph:
    """0-1-2-3 all tied, 4-5-6 all tied, a tie 3-4; 7-8 a pair of its own, 9 alone."""
    ties = [*combinations(range(4), 2), *combinations(range(4, 7), 2), (3, 4), (7, 8), (8, 7)]
    return from_rows(10, ties)


# ---------------------------------------------------------------- by hand


def test_two_cliques_by_hand() -> None:
    found = find_niches(two_cliques(), resolutions=[1.0], seed=1)
    assert found.community.tolist() == [0, 0, 0, 0, 1, 1, 1, -1, -1, -1]  # a pair is not a niche, nor is an isolate
    # Ends of ties of 0..3: 6 ties inside = 12 ends, and 1 outward. Of 4..6: 3 ties = 6 ends, and 1 outward.
    assert found.internal_share.tolist() == pytest.approx([12 / 13, 6 / 7])
    assert found.stability.tolist() == [1.0, 1.0]
    assert found.labels == ("niche 0", "niche 1")
    assert found.members("niche 1").tolist() == ["v04", "v05", "v06"]
    assert found.members(-1).tolist() == ["v07", "v08", "v09"]
    assert found.chosen is not None and found.chosen.niches == 2 and found.chosen.covered == pytest.approx(7 / 9)


def test_bits_by_hand() -> None:
    # Two triangles with one tie between: 7 ties, volumes 7 and 7, so degrees alone give half of the ties inside;
    # 6/7 are. Surplus 7 * (6/7 log2(12/7) + 1/7 log2(2/7)) bits. Price: 6!/(3! 3!) = 20 ways to fill two groups of 3,
    # 5 choose 1 = 5 pairs of sizes, 6 numbers of groups.
    ties = _Ties.of(from_rows(6, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3)]))
    surplus = 6 * np.log2(12 / 7) + np.log2(2 / 7)
    assert ties.bits(np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(surplus - np.log2(20 * 5 * 6))
    assert ties.bits(np.zeros(6, np.int64)) == pytest.approx(-np.log2(6))  # one group explains nothing


def test_stability_of_a_community_by_hand() -> None:
    # {0,1,2,3}: found as {0,1,2} (3/4) and, in the other repeat, with 4 (4/5). {4,5,6}: whole (1), then {5,6} (2/3).
    label = np.array([0, 0, 0, 0, 1, 1, 1, -1], dtype=np.int32)
    others = [np.array([5, 5, 5, 0, 2, 2, 2, 3]), np.array([1, 1, 1, 1, 1, 0, 0, 2])]
    assert _matched(label, others).tolist() == pytest.approx([(3 / 4 + 4 / 5) / 2, (1 + 2 / 3) / 2])


def test_stability_of_a_division_by_hand() -> None:
    # {0,1,2} {3,4,5} 6 against {0,1,2,3} {4,5} 6. First way: 3/4 for three accounts, 2/3 for three, 6 is in none.
    # Other way: {0,1,2,3} finds {0,1,2}, 3/4 for four accounts; {4,5} is a pair, in no niche. Of 7 accounts each.
    runs = [np.array([0, 0, 0, 1, 1, 1, 2]), np.array([0, 0, 0, 0, 1, 1, 2])]
    first, second = (3 * 3 / 4 + 3 * 2 / 3) / 7, (4 * 3 / 4) / 7
    assert _stability(runs) == pytest.approx((first + second) / 2)


def test_numbers_fall_with_size_and_ties_go_to_the_smallest_id() -> None:
    ids = np.array(["z", "y", "x", "c", "b", "a", "m1", "m2", "m3", "m4"], dtype="S2")
    edges = [*combinations(range(3), 2), *combinations(range(3, 6), 2), *combinations(range(6, 10), 2)]
    pairs = np.array(edges, dtype=np.int32)
    found = find_niches(Graph.from_rows(pairs[:, 0].copy(), pairs[:, 1].copy(), None, ids), seed=1)
    assert [set(found.members(i)) for i in range(3)] == [{"m1", "m2", "m3", "m4"}, {"a", "b", "c"}, {"x", "y", "z"}]


def division(resolution: float, *, niches: int = 5, stability: float, bits: float) -> Division:
    return Division(resolution=resolution, niches=niches, covered=1.0, modularity=0.5, stability=stability, bits=bits)


def test_the_most_stable_resolution_wins() -> None:
    one, two = division(1, stability=0.7, bits=900), division(2, stability=0.9, bits=100)
    assert _choose([one, two]) is two


def test_of_equally_stable_ones_the_one_that_saves_most_bits_wins() -> None:
    one, two = division(1, stability=0.97, bits=900), division(2, stability=0.98, bits=100)
    assert _choose([one, two]) is one


def test_a_single_niche_does_not_win_by_being_trivially_stable() -> None:
    one, two = division(1, niches=1, stability=1, bits=-9), division(2, stability=0.6, bits=50)
    assert _choose([one, two]) is two


def test_a_single_niche_wins_where_no_division_saves_bits() -> None:
    one, two = division(1, niches=1, stability=1, bits=-9), division(2, stability=0.6, bits=-50)
    assert _choose([one, two]) is one


# ---------------------------------------------------------------- laws


@few
@given(graphs())
def test_every_niche_is_connected_and_has_three_members_or_more(graph: Graph) -> None:
    found = find_niches(graph, seed=3)
    ptr, idx, weight = graph.undirected()
    ties = nx.Graph()
    for v in range(graph.n):
        near = idx[ptr[v] : ptr[v + 1]]
        positive = near if weight is None else near[weight[ptr[v] : ptr[v + 1]] > 0]
        ties.add_edges_from((v, u) for u in positive.tolist())
    sizes = []
    for number in range(len(found.labels)):
        members = np.flatnonzero(found.community == number)
        sizes.append(members.size)
        assert nx.is_connected(ties.subgraph(members.tolist()))
    assert all(size >= 3 for size in sizes) and sizes == sorted(sizes, reverse=True)


@few
@given(graphs())
def test_shares_lie_between_zero_and_one_and_tables_agree(graph: Graph) -> None:
    found = find_niches(graph, seed=3, resolutions=[1.0])
    tables = found.tables()
    assert ((found.internal_share > 0) & (found.internal_share <= 1 + 1e-12)).all()
    assert ((found.stability > 0) & (found.stability <= 1)).all()
    counted = tables["community_members"].query("community >= 0")["community"].value_counts().sort_index()
    assert counted.tolist() == tables["communities"]["size"].tolist()
    assert tables["community_members"]["account_id"].tolist() == graph.ids.tolist()


@few
@given(graphs())
def test_same_seed_same_bytes(graph: Graph) -> None:
    first, second = find_niches(graph, seed=5), find_niches(graph, seed=5)
    assert first.community.tobytes() == second.community.tobytes()
    assert first.stability.tobytes() == second.stability.tobytes()
    assert first.sweep == second.sweep and first.run_id == second.run_id


@few
@given(graphs())
def test_scale_of_the_weights_does_not_matter(graph: Graph) -> None:
    ptr, idx, _ = graph.incoming
    weight = graph.edges()[2]
    ids = graph.ids.astype("S8")
    one, many = Graph(CSR(ptr, idx, weight), ids), Graph(CSR(ptr, idx, weight * np.float32(256)), ids)
    assert find_niches(one, seed=2).community.tolist() == find_niches(many, seed=2).community.tolist()


@few
@given(graphs())
def test_an_isolate_changes_nothing(graph: Graph) -> None:
    ptr, idx, weight = graph.incoming
    more = Graph(CSR(np.append(ptr, ptr[-1]), idx, weight), np.append(graph.ids.astype("S8"), b"new"))
    before, after = find_niches(graph, seed=2), find_niches(more, seed=2)
    assert after.community.tolist() == [*before.community.tolist(), -1]
    assert after.sweep == before.sweep


# ---------------------------------------------------------------- against igraph and brute force


@few
@given(graphs())
def test_modularity_and_shares_equal_those_of_igraph(graph: Graph) -> None:
    found = find_niches(graph, seed=4, resolutions=[1.0])
    if found.chosen is None:
        return
    ties = graph.to_igraph().as_undirected(mode="collapse", combine_edges="sum").simplify(combine_edges="sum")
    ties.delete_edges(ties.es.select(weight_eq=0))
    singles = np.where(found.community >= 0, found.community, np.arange(graph.n) + graph.n)
    if found.chosen.covered == 1.0:  # else groups below three are in the quality, but not in the answer
        assert found.chosen.modularity == pytest.approx(
            ties.modularity(np.unique(singles, return_inverse=True)[1], "weight")
        )
    for number, share in enumerate(found.internal_share):
        members = np.flatnonzero(found.community == number)
        inside = sum(ties.subgraph(members.tolist()).es["weight"])
        assert share == pytest.approx(2 * inside / sum(ties.strength(members.tolist(), weights="weight")), rel=1e-5)


def test_communities_in_pieces_are_split() -> None:
    ties = _Ties.of(from_rows(6, [(0, 1), (1, 2), (3, 4), (4, 5), (2, 3)]))
    split = ties.connected(np.array([0, 0, 1, 0, 0, 2]))  # 0-1 and 3-4 share a label but no tie
    assert [sorted(np.flatnonzero(split == c).tolist()) for c in np.unique(split)] == [[0, 1], [2], [3, 4], [5]]


# ---------------------------------------------------------------- planted truth


@pytest.mark.parametrize(
    ("sizes", "inside", "outside"),
    [([60] * 10, 0.12, 0.005), ([100] * 4, 0.15, 0.02), ([120, 80, 60, 40, 40, 30], 0.2, 0.005)],
)
def test_planted_niches_are_found(sizes: list[int], inside: float, outside: float) -> None:
    graph, truth = planted(sizes, inside, outside, seed=1)
    found = find_niches(graph, seed=1)
    assert adjusted_mutual_info_score(truth, found.community) >= 0.95
    assert found.chosen is not None and found.chosen.bits > 0


def test_small_niches_that_resolution_one_merges_are_found() -> None:
    graph, truth = ring_of_cliques(30, 5)
    merged = find_niches(graph, seed=1, resolutions=[1.0])
    assert len(merged.labels) < 30
    found = find_niches(graph, seed=1)
    assert adjusted_mutual_info_score(truth, found.community) == pytest.approx(1)
    assert found.chosen is not None and found.chosen.resolution > 1 and found.stability.tolist() == [1.0] * 30


def test_niches_of_power_law_sizes_are_found() -> None:
    lfr = nx.LFR_benchmark_graph(
        1000, 2.5, 1.5, 0.25, average_degree=12, max_degree=80, min_community=20, max_community=120, seed=3
    )
    lfr.remove_edges_from(list(nx.selfloop_edges(lfr)))
    truth = {v: min(lfr.nodes[v]["community"]) for v in lfr}
    found = find_niches(Graph.from_networkx(lfr), seed=1)
    frame = found.frame()["community"]
    assert adjusted_mutual_info_score([truth[int(i)] for i in frame.index], frame) >= 0.95


def test_a_random_graph_saves_no_bits() -> None:
    graph, _ = planted([400], 0.01, 0.0, seed=4)
    found = find_niches(graph, seed=1)
    assert all(d.bits < 0 for d in found.sweep)


# ---------------------------------------------------------------- labels


def test_labels_by_hand() -> None:
    # Niche 0 = a, b; niche 1 = c, d. "daily" is in both, so the rarer topics name them. a's single "cars" is a quarter
    # of a vote. Votes: tea .75 + 1/2, cars .25, daily 1/2 | cars 1 + 1/2, daily 1/2. All: tea 1.25, cars 1.75, daily 1.
    ids = np.array(["a", "b", "c", "d", "e"], dtype=object)
    topics = told(("a", "tea", 3), ("a", "cars", 1), ("b", "tea", 5), ("b", "daily", 5), ("c", "cars", 9),
                  ("d", "cars", 1), ("d", "daily", 1), ("e", "tea", 99), ("stranger", "tea", 9))  # fmt: skip
    labels, best = label_communities(ids, np.array([0, 0, 1, 1, -1], dtype=np.int32), topics)
    assert labels == ("tea", "cars")
    assert dict(best[0]) == pytest.approx(
        {
            "tea": 1.25 / 2 * np.log(1 + 2 / 1.25),
            "daily": 0.5 / 2 * np.log(1 + 2 / 1.0),
            "cars": 0.25 / 2 * np.log(1 + 2 / 1.75),
        }
    )
    assert [name for name, _ in best[1]] == ["cars", "daily"]


def test_labels_are_distinct() -> None:
    ids = np.array(list("abcd"), dtype=object)
    topics = told(("a", "tea", 1), ("b", "tea", 99), ("b", "cars", 1), ("c", "tea", 1))
    labels, best = label_communities(ids, np.arange(4, dtype=np.int32), topics)
    assert labels == ("tea", "tea / cars", "tea 2", "niche 3")
    assert best[3] == ()


def test_one_noisy_account_cannot_name_a_niche() -> None:
    ids = np.array(list("abcd"), dtype=object)
    topics = told(("a", "lottery", 10_000), ("b", "tea", 1), ("c", "tea", 2), ("d", "cars", 1))
    assert label_communities(ids, np.array([0, 0, 0, 1], dtype=np.int32), topics)[0] == ("tea", "cars")


def test_topics_name_the_niches_of_a_graph() -> None:
    found = find_niches(two_cliques(), seed=1, topics=told(("v00", "茶", 2), ("v05", "车", 1), ("v09", "x", 1)))
    assert found.summary_frame()["label"].tolist() == ["茶", "车"]
    assert found.members("车").tolist() == found.members(1).tolist() == ["v04", "v05", "v06"]
    assert found.frame()["label"].isna().tolist() == [False] * 7 + [True] * 3
    assert found.tables()["communities"]["topics"].tolist() == [["茶"], ["车"]]
    assert found.run_id != find_niches(two_cliques(), seed=1).run_id


def test_labels_are_checked() -> None:
    with pytest.raises(UnknownName, match="'topic'"):
        find_niches(two_cliques(), seed=1, topics=pd.DataFrame({"account_id": ["v00"], "n": [1]}))
    with pytest.raises(InputError, match="count"):
        find_niches(two_cliques(), seed=1, topics=told(("v00", "tea", -1)))


# ---------------------------------------------------------------- edges of the input


@pytest.mark.parametrize("edges", [[], [(0, 0)]])
def test_no_ties_no_niches(edges: list[tuple[int, int]]) -> None:
    found = find_niches(from_rows(3, edges), seed=1, topics=told(("v00", "tea", 1)))
    assert found.community.tolist() == [-1, -1, -1] and found.chosen is None and found.summary() == {}
    assert found.summary_frame().empty and found.sweep_frame().empty and found.tables()["communities"].empty


@pytest.mark.parametrize(
    "options", [{"resolutions": []}, {"resolutions": [0.0]}, {"resolutions": [float("nan")]}, {"repeats": 1}]
)
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        find_niches(two_cliques(), seed=1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["tea", 2, -2])
def test_an_unknown_niche_is_refused_with_the_known_ones(name: str | int) -> None:
    with pytest.raises(UnknownName, match="niche 0, niche 1"):
        find_niches(two_cliques(), seed=1).members(name)
