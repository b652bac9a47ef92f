"""Power of finding rings in a part of all edges: the table is orderly, and a small world agrees with it."""

from __future__ import annotations

import numpy as np
import pytest

from kolgraph.rings import find_rings
from kolgraph.rings.power import POWER, SHARES, recall_at, recall_of, seen_from
from kolgraph.synth import make_world
from tests.bench.ring_power import of_follows


@pytest.mark.parametrize("view", POWER)
def test_more_edges_show_more(view: str) -> None:
    power = POWER[view]
    for part in power:
        assert part.shape == SHARES.shape
    assert (np.diff(power.members) > -0.01).all()
    assert (np.diff(power.workload) > -0.15).all()
    recalls = [recall_at(share, view) for share in np.linspace(0.2, 1, 9)]
    assert all(0 < recall.member <= recall.edge <= 1 for recall in recalls)
    assert recalls[-1] == (1, 1, 0)
    assert 0.2 < seen_from(view) < 0.5


def test_a_ring_that_works_more_is_found_more_often() -> None:
    rng = np.random.default_rng(1)
    crowd = rng.integers(0, 900, (2, 4000))
    bots, customers = np.nonzero(rng.random((40, 30)) < 0.6)
    from kolgraph.graph import Graph

    graph = Graph.from_edges([*crowd[0], *(bots + 1000)], [*crowd[1], *customers])
    ring = find_rings(graph, seed=1).rings[0]
    # Eighteen edges a member: as many as no planted ring shows, so nearly everybody was found at any share.
    assert recall_of(ring, 0.3).member == 1
    assert recall_at(0.3).member < 0.8


def test_the_table_holds_for_a_world_it_was_not_made_of() -> None:
    rows = of_follows(make_world(9000, seed=77), 0.5, 1)
    assert np.mean([row["power"] for row in rows]) > 0.9
    member = np.mean([row["member"] for row in rows if "member" in row])
    assert member == pytest.approx(recall_at(0.5).member, abs=0.1)
