"""Labels: files by hand, figures as scikit-learn has them, planted chances, and no peeking at a ring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kolgraph.errors import AnalysisError, InputError
from kolgraph.rings.labels import _folds, learn, read_labels


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kolgraph.rings.labels._BOOTSTRAPS", 40)
    monkeypatch.setattr("kolgraph.rings.labels._ROUNDS", 20)


def planted(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A true chance by logistic regression on the first column; the second says nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 2, (n, 2))
    chance = 1 / (1 + np.exp(-x[:, 0]))
    return x, chance, (rng.random(n) < chance).astype(float)


def test_chances_are_those_that_were_planted() -> None:
    x, chance, label = planted(1)
    hidden = label.copy()
    hidden[::3] = np.nan
    found = learn(x, hidden, np.arange(label.size), seed=1)
    assert np.abs(found.p - chance).mean() < 0.4 * np.abs(label.mean() - chance).mean()
    assert np.abs(found.reliability["said"] - found.reliability["seen"]).max() < 0.2
    assert found.measures["ap"][1] < found.measures["ap"][0] < found.measures["ap"][2]
    seen = ~np.isnan(hidden)
    assert found.measures["ap"][0] == pytest.approx(average_precision_score(label[seen], found.p[seen]))
    assert found.reliability["accounts"].sum() == found.accounts == seen.sum()
    assert found.worth
    assert "do not carry over" in found.lines()[-1]


def test_who_is_known_by_its_ring_alone_is_not_known() -> None:
    rng = np.random.default_rng(2)
    ring = np.repeat(np.arange(40), 10)
    label = (rng.permutation(40) < 20)[ring].astype(float)
    x = np.column_stack([rng.permutation(40)[ring], rng.normal(size=ring.size)])  # a column that names the ring
    apart = learn(x, label, ring, seed=1)
    peeking = learn(x, label, np.arange(ring.size), seed=1)
    assert peeking.measures["auc"][0] > 0.85
    assert apart.measures["auc"][0] < 0.65
    assert not apart.worth


def test_what_is_unknown_of_some_or_all_is_no_harm() -> None:
    x, _, label = planted(4, 80)
    x[:40, 1] = np.nan
    found = learn(np.column_stack([x, np.full(80, np.nan)]), label, np.arange(80) // 2, seed=1)
    assert np.isfinite(found.p).all()
    assert found.groups == 40


def test_no_group_is_torn_apart_and_every_fold_has_both_classes() -> None:
    rng = np.random.default_rng(3)
    group = rng.integers(0, 60, 300)
    label = group % 3 == 0
    fold = _folds(label, group, 5, rng)
    assert all(np.unique(fold[group == g]).size == 1 for g in np.unique(group))
    assert all(np.unique(label[fold == k]).size == 2 for k in range(5))


def test_what_cannot_be_learnt_is_told() -> None:
    x, _, label = planted(1, 40)
    with pytest.raises(AnalysisError, match="too few to learn from: 4 of each"):
        learn(x, np.where(np.arange(40) < 6, label, np.nan), np.arange(40), seed=1)
    with pytest.raises(AnalysisError, match="nothing is loaded of the labelled accounts"):
        learn(x * np.nan, label, np.arange(40), seed=1)
    with pytest.raises(InputError, match="a row for each account"):
        learn(x, label[:-1], np.arange(40), seed=1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "no column 'account_id'"),
        ("account_id,label\nw:1,perhaps\n", "2: unknown label 'perhaps'"),
        ("account_id,label\nw:1,fake\nw:1,real\n", "3: w:1 is labelled both real and fake"),
        ("account_id,label\n,fake\n", "2: no account_id"),
        ("", "no column"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_labels(file)
    for place in (tmp_path, "/dev/full", "a\0b"):
        with pytest.raises(InputError, match="is no file"):
            read_labels(place)
    file.write_bytes(b"account_id,label\n\xff,fake\n")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read_labels(file)


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("\ufeffaccount_id,label\nweibo:2,水军\nweibo:1,Human \nweibo:2,1\n", encoding="utf-8")
    assert read_labels(file) == {"weibo:1": False, "weibo:2": True}
