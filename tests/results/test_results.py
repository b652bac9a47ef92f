"""Results: frozen, told apart by question, ordered without chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kolgraph.results import Scores


def scores(measure: str = "m", **more: object) -> Scores:
    ids = np.array(["b", "a", "c"], dtype=object)
    return Scores(measure=measure, ids=ids, values=np.array([1.0, 1.0, 2.0]), graph="g", **more)  # type: ignore[arg-type]


def test_a_result_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        scores().seed = 2  # type: ignore[misc]


def test_run_id_is_the_question() -> None:
    same = scores(parameters={"x": 1, "y": 2}).run_id
    assert scores(parameters={"y": 2, "x": 1}).run_id == same
    others = [scores(), scores("n"), scores(seed=1), scores(parameters={"x": 2, "y": 2})]
    assert len({same, *(other.run_id for other in others)}) == 5


def test_ties_are_ordered_by_id() -> None:
    assert scores().frame().index.tolist() == ["c", "a", "b"]
    assert scores().top(1)["m"].tolist() == [2.0]


def test_interval_columns_appear_only_with_an_interval() -> None:
    assert list(scores().frame().columns) == ["m"]
    assert list(scores(low=np.zeros(3), high=np.ones(3)).frame().columns) == ["m", "low", "high"]
    assert list(scores().tables()["scores"].columns) == ["account_id", "measure", "value", "low", "high"]


def test_what_is_not_known_is_never_among_the_best() -> None:
    values = np.array([np.nan, 1.0, np.nan, 3.0, 2.0])
    scores = Scores(measure="m", ids=np.array(list("abcde"), dtype=object), values=values)
    assert scores.top(2)["m"].to_dict() == {"d": 3.0, "e": 2.0}
    assert scores.frame().index.tolist() == ["d", "e", "b", "a", "c"]
