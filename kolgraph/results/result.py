"""Results: frozen answers that know how they were made, can be stored as tables and handed on safely."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Result:
    """An answer with its provenance.

    Attributes
    ----------
    parameters : mapping
        Every option that shaped the answer, as plain values.
    seed : int or None
        None where no randomness was used.
    graph : str
        Fingerprint of the graph (or of the rows) the answer is about.
    """

    analysis: ClassVar[str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    graph: str = ""

    @property
    def variant(self) -> str:
        """Which of several answers of one analysis this is: the measure, the relation; usually there is one only."""
        return ""

    def summary(self) -> dict[str, Any]:
        """The few numbers that belong to the whole answer rather than to a row."""
        return {}

    @property
    def run_id(self) -> str:
        """Same question, same graph, same seed: same id, so a repeated run replaces itself."""
        question = [self.analysis, self.variant, dict(self.parameters), self.seed, self.graph]
        manifest = json.dumps(question, sort_keys=True, default=str)
        return hashlib.blake2b(manifest.encode(), digest_size=8).hexdigest()

    def frame(self) -> pd.DataFrame:
        """The answer as one table for people."""
        raise NotImplementedError

    def tables(self) -> dict[str, pd.DataFrame]:
        """The answer as rows of the workspace's result tables; accounts are named by ``account_id``."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Scores(Result):
    """One number per account.

    Attributes
    ----------
    measure : str
        What the number is: ``pagerank``, ``core``, ``reach``, ...
    ids : ndarray of str, shape (n,)
    values : ndarray of float64, shape (n,)
    low, high : ndarray of float64, shape (n,), or None
        95 % interval; None where the value is exact.
    reason : ndarray of object, shape (n,), or None
        Why a value is NaN, as a code; None for accounts that have one. Texts: ``coverage.<code>`` in the catalogues.
    """

    analysis: ClassVar[str] = "scores"
    measure: str
    ids: NDArray[np.object_]
    values: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    reason: NDArray[np.object_] | None = None

    @property
    def variant(self) -> str:
        """The measure."""
        return self.measure

    def frame(self) -> pd.DataFrame:
        """Indexed by account id, best first, NaN last; equal values in order of id, so the order is never by chance."""
        import pandas as pd

        columns = {self.measure: self.values}
        if self.low is not None and self.high is not None:
            columns |= {"low": self.low, "high": self.high}
        table = pd.DataFrame(columns, index=pd.Index(self.ids, name="account_id"))
        if self.reason is not None and not pd.isna(self.reason).all():
            table["reason"] = pd.Series(self.reason, index=table.index, dtype=object)
        order = np.lexsort((self.ids.astype(str), -self.values))
        return table.iloc[order]

    def top(self, k: int) -> pd.DataFrame:
        """The k best."""
        return self.frame().head(k)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``scores``."""
        import pandas as pd

        columns = {"account_id": self.ids, "measure": self.measure, "value": self.values}
        columns |= {"low": self.low, "high": self.high}
        return {"scores": pd.DataFrame(columns)}
