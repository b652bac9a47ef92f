"""Why an account reaches so many: by hand, as exact enumeration, and consistent with the reach of all accounts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownAccount
from kolgraph.graph import Graph
from kolgraph.influence import explain, explanation, reach
from kolgraph.influence.explanation import FEWEST
from tests.planning.test_planning import exact_reach
from tests.worlds.graphs import from_rows, graphs, path, star


def test_by_hand() -> None:
    # v2 -> bot v1 -> v0, all with p = 1: without the bot nothing gets to v2.
    graph = from_rows(4, [(1, 0), (2, 1), (3, 0)])
    fake = np.arange(4) == 1
    real = (~fake).astype(float)
    onward = reach(graph, targets=real, sets=10, seed=1).values
    found = explain(
        graph, "v00", onward=onward, targets=real, fake=fake, groups={"city": ["a", "b", "c", None]}, seed=1
    )
    assert found.summary() == {"reach": 3.0, "shown": 4.0, "without_rings": 2.0, "direct": 1.0}
    assert found.audiences.to_dict("records") == [
        {"kind": "city", "group": "", "reached": 1.0, "share": 0.5},
        {"kind": "city", "group": "c", "reached": 1.0, "share": 0.5},
    ]
    # Through the bot one real account is reached, and v3 brings itself.
    assert found.edges[["account_id", "probability"]].to_numpy().tolist() == [["v01", 1.0], ["v03", 1.0]]
    assert found.edges["contribution"].tolist() == pytest.approx([1, 1], abs=0.5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reach_equals_exact_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = from_rows(6, [(int(a), int(b)) for a, b in rng.integers(0, 5, (8, 2))])
    for v in range(6):
        found = explain(graph, f"v{v:02d}", onward=np.ones(6), runs=40_000, seed=seed)
        assert found.reach == pytest.approx(exact_reach(graph, [v]), abs=0.05)
        assert found.shown == found.reach == found.without_rings  # nobody is fake


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_laws(graph: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fake = rng.random(graph.n) < 0.3
    fake[0] = False
    real, account = (~fake).astype(float), str(graph.ids[rng.integers(graph.n)])
    group = np.where(rng.random(graph.n) < 0.5, "x", "y")
    found = explain(graph, account, onward=real, targets=real, fake=fake, groups={"g": group}, runs=200, seed=seed)
    own = real[graph.rows([account])[0]]
    assert found.reach <= found.shown + 1e-9
    assert found.reach >= own
    assert found.audiences["reached"].sum() == pytest.approx(found.reach - own)
    assert found.edges["contribution"].is_monotonic_decreasing
    assert len(found.edges) <= 10
    again = explain(graph, account, onward=real, targets=real, fake=fake, groups={"g": group}, runs=200, seed=seed)
    assert again.summary() == found.summary()


def test_probabilities_are_taken_as_they_are() -> None:
    graph = from_rows(3, [(1, 0), (2, 0)], [0.25, 0.5])
    found = explain(graph, "v00", onward=np.ones(3), probabilities=True, runs=40_000, seed=2)
    assert found.reach == pytest.approx(1.75, abs=0.02)
    assert found.edges["probability"].tolist() == [0.5, 0.25]


def test_it_agrees_with_the_reach_of_all_accounts() -> None:
    rng = np.random.default_rng(8)
    edges = [(int(a), int(b)) for a, b in zip(rng.integers(0, 400, 2400), rng.zipf(1.6, 2400) % 400, strict=True)]
    graph = from_rows(400, edges)
    scores = reach(graph, sets=100_000, seed=3)
    for v in np.argsort(-scores.values)[:5]:
        found = explain(graph, str(graph.ids[v]), onward=scores.values, runs=20_000, seed=4)
        assert found.reach == pytest.approx(scores.values[v], rel=0.05)


def test_the_bound_for_very_many_followers_costs_no_certainty(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each of 4,000 followers carries it on with p = 1/2: reach 1 + 2,000, standard deviation sqrt(4,000 / 4) per post.
    monkeypatch.setattr(explanation, "DRAWS", 800_000)
    graph = from_rows(4001, [(v, 0) for v in range(1, 4001)], [0.5] * 4000)
    found = [explain(graph, "v00", onward=np.ones(4001), probabilities=True, seed=seed) for seed in range(60)]
    assert {answer.parameters["runs"] for answer in found} == {FEWEST}
    off = np.array([answer.reach - 2001 for answer in found]) / np.sqrt(1000 / FEWEST)
    assert abs(off.mean()) < 3 / np.sqrt(60)
    assert 0.88 <= np.mean(np.abs(off) < 1.96) <= 1  # of 60 at most 7 outside: 95 % less three deviations


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(UnknownAccount):
        explain(star(3), "nobody", onward=np.ones(4), seed=1)
    for wrong in ({"onward": np.ones(3)}, {"onward": np.ones(4), "fake": [True]}, {"onward": np.ones(4), "runs": 0}):
        with pytest.raises(InputError):
            explain(path(4), "v0", seed=1, **wrong)
