"""What changed between two runs of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kolgraph.errors import InputError, UnknownName, option
from kolgraph.results import Result
from kolgraph.verbs.asking import ask_again

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace
    from kolgraph.workspace.answers import Stored


@dataclass(frozen=True, kw_only=True)
class Diff(Result):
    """Two runs of an answer, side by side.

    Attributes
    ----------
    rows : DataFrame
        One row per row of either answer that is not the same in both: its key, ``change`` (new, gone, changed), and
        every column that differs anywhere, as ``<column>_before`` and ``<column>_after``.
    same : int
        Rows that did not change.
    """

    analysis: ClassVar[str] = "diff"
    rows: pd.DataFrame
    same: int

    def frame(self) -> pd.DataFrame:
        """The rows that differ."""
        return self.rows

    def summary(self) -> dict[str, Any]:
        """How many rows are new, gone, changed, the same."""
        counts = self.rows["change"].value_counts()
        return {name: int(counts.get(name, 0)) for name in ("new", "gone", "changed")} | {"same": self.same}


def diff(
    workspace: Workspace, before: str | None = None, after: str | None = None, *, since: str | None = None
) -> Diff:
    """Say what changed between two runs of an answer.

    Parameters
    ----------
    before, after : str
        Runs, as `info` lists them.
    since : str
        A run; it is compared with the answer to its question now, which is found anew if need be.

    Raises
    ------
    UnknownName
        No such run is kept.
    InputError
        Two answers to different kinds of questions.
    """
    if (since is None) == (before is None or after is None):
        raise InputError(f"name two runs, or one with {option('since', 'RUN')}; kolgraph info lists them")
    first = _stored(workspace, since or str(before))
    old = _read(workspace, first)
    new = ask_again(workspace, first) if since else _read(workspace, _stored(workspace, str(after)))
    if type(old) is not type(new):
        raise InputError(f"{old.analysis} and {new.analysis} are no answers to one question")
    rows, same = _compared(old.entries(), new.entries())
    return Diff(parameters={"before": old.run_id, "after": new.run_id}, rows=rows, same=same)


def _stored(workspace: Workspace, run: str) -> Stored:
    found = workspace.answers.of(run)
    if found is None:
        raise UnknownName.among("run", run, (stored.run for stored in workspace.answers.all()))
    return found


def _read(workspace: Workspace, stored: Stored) -> Result:
    found = workspace.answers.read(stored)
    if found is None:
        raise InputError(f"run {stored.run} is not kept any more")
    return found


def _compared(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    keys = old.index.union(new.index, sort=True)
    a, b = old.reindex(keys), new.reindex(keys)
    there, here = keys.isin(old.index), keys.isin(new.index)
    shared = [column for column in new.columns if column in old.columns]
    differs = {c: ~((a[c] == b[c]) | (a[c].isna() & b[c].isna())).fillna(False).to_numpy(bool) for c in shared}
    anything = np.logical_or.reduce(list(differs.values())) if differs else np.zeros(len(keys), bool)
    change = np.select([~there, ~here, anything], ["new", "gone", "changed"], "")
    rows = pd.DataFrame({"change": change}, index=keys)
    for column in shared:
        if differs[column].any():
            rows[f"{column}_before"], rows[f"{column}_after"] = a[column], b[column]
    return rows[change != ""], int((change == "").sum())
