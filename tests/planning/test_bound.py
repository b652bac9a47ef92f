"""The bound of a plan with demanded accounts, by hand."""

from __future__ import annotations

import pytest

from kolgraph.graph import Graph
from kolgraph.planning import plan, sample_pool


@pytest.mark.parametrize("limit", [{"count": 2}, {"budget_cny": 20.0}])
def test_who_is_demanded_takes_one_of_the_places(limit: dict[str, float]) -> None:
    """Three stars of ten followers, and room for two of them: no choice reaches more than 22 of the 33."""
    stars = [(f"{hub}{i}", hub) for hub in "abc" for i in range(10)]
    pool = sample_pool(Graph.from_edges(*map(list, zip(*stars, strict=True))), sets=20_000, seed=1)
    found = plan(pool, candidates=dict.fromkeys("abc", 10.0), must=["a"], **limit)
    assert found.ids[0] == "a"
    assert found.reach == pytest.approx(22, rel=0.05)
    assert 22 * 0.98 < found.upper_bound < 22 * 1.1
