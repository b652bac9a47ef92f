"""Thinned worlds: so many of every list, the newest or any, and nothing else touched."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownName
from kolgraph.synth import thin_follows

pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(0, 99)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(pairs, st.floats(0.01, 1), st.sampled_from(["random", "newest"]), st.integers(1, 5), st.integers(0, 9))
def test_every_list_keeps_its_part(
    rows: list[tuple[int, int, int]], share: float, order: str, most: int, seed: int
) -> None:
    table = pd.DataFrame(rows, columns=["src", "dst", "since"]).astype({"since": "int64"})
    part = thin_follows(table, share=share, most=most, order=order, seed=seed)
    assert part.equals(thin_follows(table, share=share, most=most, order=order, seed=seed))
    for listed, before in table.groupby("dst"):
        after = part[part["dst"] == listed]
        assert len(after) == min(most, math.ceil(share * len(before) - 1e-9))
        if order == "newest":
            assert sorted(after["since"]) == sorted(before["since"])[-len(after) :]
    kept = part.merge(table.drop_duplicates(), how="left", indicator=True)
    assert (kept["_merge"] == "both").all()


def test_only_some_lists() -> None:
    table = pd.DataFrame({"src": ["a", "b", "c"], "dst": ["x", "x", "y"], "since": [1, 2, 3]})
    assert thin_follows(table, only=["x"]).equals(table.head(2))
    assert thin_follows(table, only=[]).empty
    assert thin_follows(table).equals(table)


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.1}, {"most": 0}, {"order": "oldest"}])
def test_wrong_parts_are_refused(wrong: dict[str, Any]) -> None:
    table = pd.DataFrame({"src": ["a"], "dst": ["x"], "since": [1]})
    with pytest.raises((InputError, UnknownName)):
        thin_follows(table, **wrong)
