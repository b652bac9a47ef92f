"""Plans of a loaded world: what is offered, what has to be said."""

from __future__ import annotations

import pytest

from kolgraph.errors import AnalysisError, InputError, UnknownAccount
from kolgraph.verbs.plan import candidates
from kolgraph.workspace import Workspace


def test_a_plan_books_offered_accounts_within_its_limits(town: Workspace) -> None:
    found = town.plan(budget=30_000, count=4)
    offered = candidates(town)
    assert set(found.ids) <= set(offered)
    assert len(found.ids) <= 4
    assert found.spent_cny <= 30_000
    assert found.spent_cny == pytest.approx(sum(offered[i] for i in found.ids), abs=0.05)
    first = found.ids[0]
    other = town.plan(budget=30_000, count=4, never=[first])
    assert first not in other.ids
    assert other.reach <= found.upper_bound
    assert town.plan(budget=30_000, count=4, must=[other.ids[-1]]).ids.count(other.ids[-1]) == 1


def test_a_plan_that_was_read_goes_on_from_the_same_sets(town: Workspace) -> None:
    found = town.plan(count=3)
    again = town.plan(count=3)
    assert again.provenance.read
    assert again.compare(found.ids).equals(found.compare(found.ids))


def test_mistakes_name_the_cure(town: Workspace) -> None:
    with pytest.raises(InputError, match=r"^a plan needs a limit: budget=CNY, count=KOLS, or both"):
        town.plan()
    with pytest.raises(AnalysisError, match="price"):
        town.plan(count=1, region="nowhere")
    with pytest.raises(UnknownAccount, match=r"'weibo:nobody' in the price list"):
        town.plan(count=1, must=["weibo:nobody"])
