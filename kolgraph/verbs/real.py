"""Who counts: a weight in [0, 1] for every account, and why; decided here only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError, UnknownName, option
from kolgraph.locale import catalogue
from kolgraph.regions import compared, regions
from kolgraph.results import Result, digest
from kolgraph.verbs.asking import answer
from kolgraph.verbs.looks import read_degrees, read_features
from kolgraph.verbs.niches import niches
from kolgraph.verbs.rings import RELATIONS, rings

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.rings import Rings
    from kolgraph.rings.labels import Learned
    from kolgraph.rings.views.account import Features
    from kolgraph.workspace import Workspace

#: Who counts less than this is called fake where only yes or no can be said.
HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class Real(Result):
    """Who counts.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
        Accounts, in order of their keys: row numbers of every graph of the workspace.
    weight : ndarray of float64, shape (n,)
        0 for a sure member of a coordinated ring, 1 for everybody else, something between for who is less surely one.
    ring : ndarray of str, shape (n,)
        The ring of a member, ``follow:3``; None for everybody else.
    reason : ndarray of str, shape (n,)
        Why it counts so much, one of `kolgraph.rings.weight.REASONS`; None for who is in no group. `why` explains.
    learned : Learned or None
        What labels taught.
    notes : tuple of str
        How far that holds, or why they taught nothing.
    """

    analysis: ClassVar[str] = "real"
    ids: NDArray[np.object_]
    weight: NDArray[np.float64]
    ring: NDArray[np.object_]
    reason: NDArray[np.object_]
    learned: Learned | None = None
    notes: tuple[str, ...] = ()

    @property
    def fake(self) -> NDArray[np.bool_]:
        """Those who count less than half, shape (n,)."""
        return np.asarray(self.weight < HALF)

    @staticmethod
    def why(code: str, lang: str = "en") -> str:
        """A reason as a sentence."""
        return catalogue(lang)[f"real.{code}"]

    def frame(self) -> pd.DataFrame:
        """Accounts that do not count in full, their rings and reasons, indexed by id."""
        import pandas as pd

        table = pd.DataFrame(
            {"weight": self.weight, "ring": self.ring, "reason": self.reason},
            index=pd.Index(self.ids, name="account_id"),
        )
        return table[self.weight < 1].sort_index()

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        rows = np.flatnonzero(self.weight < 1)
        rows = rows[np.argsort(self.ids[rows].astype(str), kind="stable")][:top]
        return [
            {"account_id": self.ids[i], "weight": float(self.weight[i]), "ring": self.ring[i], "reason": self.reason[i]}
            for i in rows
        ]

    def summary(self) -> dict[str, Any]:
        """How many count, and how many do not."""
        counts = {"accounts": self.ids.size, "fake": int(self.fake.sum())}
        partly = int(((self.weight > 0) & (self.weight < 1)).sum())
        return counts | ({"partly": partly} if partly else {})


def _normal(parameters: dict[str, Any]) -> dict[str, Any]:
    """Labels by what they say, not by where they stand: another content, another question."""
    from kolgraph.rings.labels import label_of, read_labels

    labels = parameters["labels"]
    if isinstance(labels, str | Path):
        labels = read_labels(labels)
    elif isinstance(labels, Mapping):
        labels = {account: label_of("labels", None, labels[account]) for account in sorted(labels)}
    elif labels is not None:
        raise InputError(f"{option('labels')} must be a CSV file, or a mapping of account ids to fake or real")
    if parameters["raw"] and labels is not None:
        raise InputError(f"{option('raw')} counts everybody in full: leave out {option('labels')}")
    return parameters | {"labels": labels}


@answer(method=2, normal=_normal)  # a member of a ring counts by how surely it is one
def real(workspace: Workspace, *, raw: bool = False, labels: Mapping[str, Any] | str | Path | None = None) -> Real:
    """Decide who counts, by the coordinated rings among followers and among reposters, and by labels.

    Parameters
    ----------
    raw : bool
        Count everybody in full.
    labels : path, or mapping of account id to label, optional
        A CSV file of ``account_id,label``, fake or real (bot or human, 1 or 0). They are the last word on the accounts
        they name; from four groups of either class on a classifier learns from them what lowers the weight of others.
        They count here, not where other verbs ask who is real: what holds of one set of labels need not hold of others.

    Raises
    ------
    InputError
        A label file that cannot be read, or labels of which none is about an account of the workspace.
    """
    from kolgraph.graph import Graph
    from kolgraph.rings.weight import authenticity

    graph = Graph.from_workspace(workspace)
    ids = graph.ids
    if raw:
        nothing = np.full(ids.size, None, dtype=object)
        return _answer(ids, np.ones(ids.size), nothing, nothing, {"raw": True})
    found = {relation: rings(workspace, relation=relation) for relation in RELATIONS}
    label = _labelled(workspace, ids, labels)
    accused = any(block.verdict == "coordinated" for blocks in found.values() for block in blocks.rings)
    features = read_features(workspace, graph) if accused or labels else None
    degree = read_degrees(workspace, graph) if accused else {}
    weighed = authenticity(ids, found, degree=degree, features=features, labels=label)
    given = {"raw": False, "labels": None if labels is None else digest(label)}
    learned, notes = None, tuple[str, ...]()
    if labels and features is not None:
        try:
            learned = _learned(ids, features, weighed.bits, label, found)
            notes = tuple(learned.lines())
        except AnalysisError as error:
            notes = (str(error),)
        if learned is not None and learned.worth:
            weighed = authenticity(ids, found, degree=degree, features=features, labels=label, chance=learned.p)
    return replace(_answer(ids, weighed.weight, weighed.ring, weighed.reason, given), learned=learned, notes=notes)


def _answer(
    ids: NDArray[np.object_],
    weight: NDArray[np.float64],
    ring: NDArray[np.object_],
    reason: NDArray[np.object_],
    given: dict[str, Any],
) -> Real:
    # Known by what it says, not by the rings it is from: while the verdicts stay, so does all that stands on them.
    said = given | {"ring": digest(ring), "weight": digest(weight), "reason": digest(reason)}
    return Real(parameters=said, graph=digest(ids), ids=ids, weight=weight, ring=ring, reason=reason)


def _labelled(
    workspace: Workspace, ids: NDArray[np.object_], labels: Mapping[str, Any] | str | Path | None
) -> NDArray[np.float64]:
    """1 for fake, 0 for real, NaN for accounts without a label."""
    label = np.full(ids.size, np.nan)
    if not isinstance(labels, Mapping):
        return label
    row = {account: i for i, account in enumerate(ids.tolist())}
    there = {account: fake for account, fake in labels.items() if account in row}
    if not there:
        example = f": {next(iter(labels))}" if labels else ""
        raise InputError(
            f"{workspace.path}: none of the {len(labels)} labelled accounts is loaded{example}; "
            "account_id is platform:native_id, as kolgraph prints it"
        )
    label[[row[account] for account in there]] = list(there.values())
    return label


def _learned(
    ids: NDArray[np.object_],
    features: Features,
    bits: NDArray[np.float64],
    label: NDArray[np.float64],
    found: Mapping[str, Rings],
) -> Learned:
    """What labels teach. Members of one block are learnt from together."""
    from kolgraph.rings.labels import learn

    group = np.arange(ids.size)
    row = {account: i for i, account in enumerate(ids.tolist())}
    for blocks in found.values():
        for block in blocks.rings:
            rows = [row[str(member)] for member in block.members]
            group[np.isin(group, group[rows])] = group[rows[0]]  # who is in two blocks makes them one
    return learn(np.column_stack([features.table.to_numpy(), bits]), label, group, seed=1)


def somebody(workspace: Workspace, **who: Any) -> NDArray[np.float64]:
    """`targets` of a question that has no answer where nobody counts.

    Raises
    ------
    UnknownName
    AnalysisError
        Nobody counts: the workspace is empty, or of this niche and region only members of rings are known.
    """
    weight = targets(workspace, **who)
    if not weight.any():
        raise AnalysisError(f"{workspace.path}: no account counts; load some with kolgraph load, or widen the audience")
    return weight


def targets(
    workspace: Workspace, *, niche: str | None = None, region: str | None = None, raw: bool = False
) -> NDArray[np.float64]:
    """How much every account counts as reached: by `real`, and 0 outside a detected niche or a region.

    Returns
    -------
    ndarray of float64, shape (n,)
        In order of account keys.

    Raises
    ------
    UnknownName
        No such niche or region.
    """
    weight: NDArray[np.float64] = real(workspace, raw=raw).weight.copy()
    if niche is not None:
        found = niches(workspace)
        weight[found.community != found.number(niche)] = 0
    if region is not None:
        known = read_regions(workspace)
        inside = known == (compared(region) or region)
        if not inside.any():
            raise UnknownName.among("region", region, {name for name in known if name is not None})
        weight[~inside] = 0
    return weight


def read_regions(workspace: Workspace) -> NDArray[np.object_]:
    """The region of every account, in order of account keys, as `kolgraph.regions` compares them; None if unknown.

    The one it declares or, where that is unknown, the one where the platform saw it.
    """
    said = workspace.sql("SELECT region, ip_region FROM accounts ORDER BY account_key")
    declared, seen = (said[name].astype(object).where(said[name].notna(), None) for name in ("region", "ip_region"))
    return np.array(regions(declared, seen), dtype=object)
