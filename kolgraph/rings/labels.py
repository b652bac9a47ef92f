"""What labelled accounts teach about the others: a calibrated classifier, and how far it may be believed.

What holds inside one set of labels says little of another: anomaly of account features found bought followers with an
AUC of .08, worse than a coin, in one public set, while a classifier of the same set reached .9999. So every figure here
is cross-validated with whole groups left out, has an interval, and comes with that warning.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import AnalysisError, InputError

if TYPE_CHECKING:
    import pandas as pd

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

#: Words for the two classes, in small letters.
_WORDS = dict.fromkeys(("fake", "bot", "suspicious", "inauthentic", "1", "true", "yes", "水军", "假"), True)
_WORDS |= dict.fromkeys(("real", "human", "normal", "authentic", "0", "false", "no", "真人", "真"), False)
#: Folds at most, and groups of either class in each: with fewer groups there are fewer folds, at least two.
_FOLDS, _EACH = 5, 2
#: Below so many labels a step function has more steps than it has evidence for: a sigmoid instead (Niculescu-Mizil &
#: Caruana, ICML 2005).
_ISOTONIC = 1000
#: Trees of a classifier, and samples of an interval.
_ROUNDS, _BOOTSTRAPS = 100, 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """A classifier's word on every account.

    Attributes
    ----------
    p : ndarray, shape (n,), float64
        Chance that an account is fake. Of a labelled one by a classifier that did not see its group.
    measures : mapping of str to (value, low, high)
        ``ap``, ``auc`` and ``brier`` of the labelled accounts, cross-validated; 95 % intervals over groups.
    base : mapping of str to float
        What the same would be for somebody who only knows the share of fakes.
    reliability : DataFrame
        ``low, high, accounts, said, seen``: of accounts whose chance lies in a tenth, the mean chance and the share of
        fakes.
    accounts, fakes, groups, folds : int
        Labels that were learnt from.
    """

    p: F64
    measures: Mapping[str, tuple[float, float, float]]
    base: Mapping[str, float]
    reliability: pd.DataFrame
    accounts: int
    fakes: int
    groups: int
    folds: int

    @property
    def worth(self) -> bool:
        """Whether it knows more than the share of fakes, at the bad end of its interval."""
        return self.measures["brier"][2] < self.base["brier"]

    def lines(self) -> list[str]:
        """The figures, and what they do not say."""
        said = [f"{name.upper()} {a:.3f} ({low:.3f} to {high:.3f})" for name, (a, low, high) in self.measures.items()]
        return [
            f"{self.accounts} labels, {self.fakes} of them fake, in {self.groups} groups; {self.folds}-fold, whole"
            " groups left out",
            ", ".join(said) + f"; who only knows the share of fakes has a Brier score of {self.base['brier']:.3f}",
            "These figures hold for accounts like the labelled ones. They do not carry over to another platform, time"
            " or source of labels.",
        ]


def read_labels(path: str | Path) -> dict[str, bool]:
    """Read a CSV file of ``account_id,label``.

    Returns
    -------
    dict of str to bool
        Account id to whether it is fake, in order of ids.

    Raises
    ------
    InputError
        The file cannot be read, a column is missing, a label is unknown, or an account has two: which line.
    """
    found: dict[str, bool] = {}
    if not Path(path).is_file():  # a device would be read for ever
        raise InputError.at(path, None, "is no file")
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if missing := {"account_id", "label"} - set(rows.fieldnames or ()):
                raise InputError.at(
                    path, 1, f"no column {min(missing)!r}", fix="the first line must name account_id and label"
                )
            for row in rows:
                account, label = (row["account_id"] or "").strip(), label_of(path, rows.line_num, row["label"])
                if not account:
                    raise InputError.at(path, rows.line_num, "no account_id")
                if found.setdefault(account, label) != label:
                    raise InputError.at(path, rows.line_num, f"{account} is labelled both real and fake")
    except (OSError, UnicodeError, csv.Error) as error:
        raise InputError.at(path, None, f"cannot be read as CSV: {error}") from error
    return dict(sorted(found.items()))


def label_of(path: object, line: int | None, said: Any) -> bool:
    """Whether a label means fake."""
    word = str(said).strip().lower()
    if word not in _WORDS:
        raise InputError.at(path, line, f"unknown label {word!r}", fix="fake or real, bot or human, 1 or 0")
    return _WORDS[word]


def learn(features: ArrayLike, labels: ArrayLike, groups: ArrayLike, *, seed: int) -> Learned:
    """Learn from labelled accounts what fake ones look like.

    Parameters
    ----------
    features : array_like, shape (n, k), float
        Per account; NaN where nothing is known.
    labels : array_like, shape (n,), float
        1 fake, 0 real, NaN unknown.
    groups : array_like, shape (n,), int
        Accounts of one ring or circle have one number, and are learnt from together or not at all: else a classifier
        recognises the ring instead of what makes it one.
    seed : int

    Returns
    -------
    Learned

    Raises
    ------
    InputError
        Lengths that differ.
    AnalysisError
        Labels of fewer than four groups of either class, or of accounts of which nothing is known.

    Notes
    -----
    Histogram boosting (Ke et al., NeurIPS 2017) with a sigmoid, from 1,000 labels on a monotone step function,
    fitted on groups it was not trained on (Niculescu-Mizil & Caruana, ICML 2005). 18 fits at most, O(labels x k) each.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> fake = np.arange(200) % 2
    >>> found = learn(fake[:, None] + rng.normal(0, 0.2, (200, 1)), fake, np.arange(200), seed=1)
    >>> found.worth, bool((found.p[fake == 1] > 0.5).mean() > 0.95)
    (True, True)
    """
    import sklearn.ensemble  # noqa: F401 - limits hold for what is loaded when they are set
    from threadpoolctl import threadpool_limits  # a part of every scikit-learn

    X, y, group = np.asarray(features, dtype=np.float64), np.asarray(labels, np.float64), np.asarray(groups)
    if X.ndim != 2 or not X.shape[0] == y.size == group.size:
        raise InputError("features, labels and groups need a row for each account")
    rows = np.flatnonzero(~np.isnan(y))
    known, label = X[rows], y[rows] > 0.5
    group = np.unique(group[rows], return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    sides = _sides(label, group)
    folds = min(_FOLDS, int(sides.sum(axis=1).min()) // _EACH)
    if folds < 2:
        raise AnalysisError(
            f"labels of {sides[0].sum()} groups with fakes and {sides[1].sum()} with real accounts are too few to learn"
            f" from: {2 * _EACH} of each are needed"
        )
    fold = _folds(label, group, folds, rng)
    # One thread: the same bytes on every machine, and where all cores are busy threads that wait cost most of the time.
    with threadpool_limits(1):
        out = np.empty(rows.size)
        for k in range(folds):
            train = fold != k
            out[~train] = _fitted(known[train], label[train], group[train], rng)(known[~train])
        p = _fitted(known, label, group, rng)(X)
    p[rows] = out
    share = label.mean()
    return Learned(
        p=p,
        measures=_measured(label, out, group, rng),
        base={"ap": float(share), "auc": 0.5, "brier": float(share * (1 - share))},
        reliability=_reliability(label, out),
        accounts=rows.size,
        fakes=int(label.sum()),
        groups=int(group.max()) + 1,
        folds=folds,
    )


def _sides(label: NDArray[np.bool_], group: I64) -> NDArray[np.bool_]:
    """Which groups hold fakes, and which real accounts, shape (2, groups)."""
    return np.array([np.bincount(group, weights=side) > 0 for side in (label, ~label)])


def _folds(label: NDArray[np.bool_], group: I64, k: int, rng: np.random.Generator) -> I64:
    """The fold of every account: groups with and without fakes are dealt out in turn, the largest first."""
    size, (fakes, reals) = np.bincount(group), _sides(label, group)
    order = np.lexsort((rng.random(size.size), -size, 2 * fakes + reals))
    dealt = np.empty(size.size, dtype=np.int64)
    dealt[order] = np.arange(size.size) % k
    return dealt[group]


def _fitted(X: F64, label: NDArray[np.bool_], group: I64, rng: np.random.Generator) -> Callable[[F64], F64]:
    """A classifier whose chances were set right on groups it did not see."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import HistGradientBoostingClassifier

    group = np.unique(group, return_inverse=True)[1]
    folds = min(3, int(_sides(label, group).sum(axis=1).min()))
    fold = _folds(label, group, folds, rng)
    splits = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]
    # Trees take no column that is unknown of all they learn from.
    told = np.logical_and.reduce([~np.isnan(X[train]).all(axis=0) for train, _ in splits])
    if not told.any():
        raise AnalysisError("nothing is loaded of the labelled accounts that they could be told by")
    trees = HistGradientBoostingClassifier(max_iter=_ROUNDS, random_state=int(rng.integers(2**31)))
    method = "isotonic" if label.size >= _ISOTONIC else "sigmoid"
    model = CalibratedClassifierCV(trees, method=method, cv=splits).fit(X[:, told], label)
    return lambda rows: np.asarray(model.predict_proba(rows[:, told])[:, 1], dtype=np.float64)


def _measured(
    label: NDArray[np.bool_], p: F64, group: I64, rng: np.random.Generator
) -> dict[str, tuple[float, float, float]]:
    """AP, AUC and Brier score, each with the interval of groups drawn anew."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    scores = {"ap": average_precision_score, "auc": roc_auc_score, "brier": brier_score_loss}
    order = np.argsort(group, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(group))[:-1])
    drawn = []
    for _ in range(_BOOTSTRAPS):
        rows = np.concatenate([parts[i] for i in rng.integers(0, len(parts), len(parts))])
        if 0 < label[rows].sum() < rows.size:
            drawn.append([score(label[rows], p[rows]) for score in scores.values()])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {
        name: (float(score(label, p)), float(a), float(b))
        for (name, score), a, b in zip(scores.items(), low, high, strict=True)
    }


def _reliability(label: NDArray[np.bool_], p: F64) -> pd.DataFrame:
    import pandas as pd

    place = np.minimum((p * 10).astype(np.int64), 9)
    table = pd.DataFrame({"said": p, "seen": label.astype(float), "accounts": 1}).groupby(place)
    found = table.agg({"accounts": "sum", "said": "mean", "seen": "mean"})
    found.insert(0, "low", found.index / 10)
    found.insert(1, "high", (found.index + 1) / 10)
    return found.reset_index(drop=True)
