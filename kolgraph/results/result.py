"""Results: frozen answers that know how they were made, can be stored as tables and handed on safely."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def digest(*parts: Any) -> str:
    """What an answer was given, in a few letters: arrays, tables and plain values; other input, other text.

    Examples
    --------
    >>> digest(np.arange(3)) == digest(np.arange(3)), digest(np.arange(3)) == digest(np.arange(3.0))
    (True, False)
    """
    found = hashlib.blake2b(digest_size=8)

    def add(raw: bytes) -> None:  # with its length, or (1, 23) would be (12, 3)
        found.update(b"%d:" % len(raw))
        found.update(raw)

    for part in parts:
        if hasattr(part, "columns"):  # a table: its columns, by name
            for name in part.columns:
                add(f"{name}={digest(part[name].to_numpy())}".encode())
        elif not isinstance(part, np.ndarray):
            add(repr(part).encode())
        else:
            add(str((part.dtype.str, part.shape)).encode())
            exact = part.dtype.kind != "O"  # texts as Python writes them: where one ends is part of them
            add(np.ascontiguousarray(part).tobytes() if exact else repr(part.tolist()).encode())
    return found.hexdigest()


@dataclass(frozen=True)
class Provenance:
    """How an answer of a workspace came about.

    Attributes
    ----------
    verb : str
    parameters : mapping
        As they were asked, defaults among them.
    run : str
        Equal inputs, equal run.
    made_ts : int
        When it was computed, UTC epoch milliseconds.
    seconds : float
        That it took.
    read : bool
        It was not computed now, but read.
    old : tuple of str
        Tables and answers that changed since; empty, unless an old answer was asked for.
    coverage : str
        What share of what there is was loaded, in one line.
    """

    verb: str
    parameters: Mapping[str, Any]
    run: str
    made_ts: int
    seconds: float
    read: bool
    old: tuple[str, ...] = ()
    coverage: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """An answer with its provenance.

    Attributes
    ----------
    parameters : mapping
        Every option and every input that shaped the answer, as plain values and digests.
    seed : int or None
        None where no randomness was used.
    graph : str
        Fingerprint of the graph (or of the rows) the answer is about.
    provenance : Provenance or None
        Of an answer that a workspace was asked for.
    """

    analysis: ClassVar[str]
    #: Fields that are made anew rather than kept with the answer.
    LEFT_OUT: ClassVar[tuple[str, ...]] = ()
    provenance: ClassVar[Provenance | None] = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    graph: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Else every dataclass brings its own, which prints arrays and compares them element by element.
        for name in ("__repr__", "__eq__", "__hash__"):
            if name not in cls.__dict__:
                setattr(cls, name, getattr(Result, name))

    def __getattr__(self, name: str) -> Any:
        # Of an answer that was read, arrays and tables are read when they are asked for (`kolgraph.results.packing`).
        pending = self.__dict__.get("_pending", {})
        if name not in pending:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        try:
            value = pending[name]()
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(f"run {self.run_id} is not kept any more, or damaged: ask for it again") from error
        object.__setattr__(self, name, value)
        return value

    def columns(self, name: str) -> dict[str, NDArray[Any]]:
        """The columns of a field that is a table: read without pandas, which takes longer to import than to ask."""
        kept = self.__dict__.get("_kept", {})
        if name in kept and name not in self.__dict__:
            return dict(kept[name]())
        table = getattr(self, name)
        return {str(column): table[column].to_numpy() for column in table.columns}

    def __eq__(self, other: object) -> bool:
        """Equal inputs and method, equal answers."""
        return type(self) is type(other) and isinstance(other, Result) and self.run_id == other.run_id

    def __hash__(self) -> int:
        return hash(self.run_id)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{k}={_short(v)}" for k, v in self.summary().items() if not isinstance(v, dict | list))
        called = f" {self.variant}" if self.variant else ""
        old = f", old: {', '.join(self.provenance.old)} changed" if self.provenance and self.provenance.old else ""
        return f"<{type(self).__name__}{called}{': ' if numbers else ''}{numbers}; run {self.run_id}{old}>"

    def _repr_html_(self) -> str:
        """For notebooks: one line, and the first rows of the answer."""
        from html import escape

        return f"<p>{escape(repr(self))}</p>{self.frame().head(10).to_html(escape=True)}"

    @property
    def variant(self) -> str:
        """Which of several answers of one analysis this is: the measure, the relation; usually there is one only."""
        return ""

    def summary(self) -> dict[str, Any]:
        """The few numbers that belong to the whole answer rather than to a row."""
        return {}

    @property
    def run_id(self) -> str:
        """Same question, same input, same seed: same id; anything else has another."""
        question = [self.analysis, self.variant, dict(self.parameters), self.seed, self.graph]
        manifest = json.dumps(question, sort_keys=True, default=str)
        return hashlib.blake2b(manifest.encode(), digest_size=8).hexdigest()

    def frame(self) -> pd.DataFrame:
        """The answer as one table for people."""
        raise NotImplementedError

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The first rows of the answer as plain values."""
        table = self.frame()
        return list((table if top is None else table.head(top)).reset_index().to_dict("records"))

    def entries(self) -> pd.DataFrame:
        """What two answers are compared by: rows with a name that means the same in both."""
        return self.frame()

    def tables(self) -> dict[str, pd.DataFrame]:
        """The answer as rows of the workspace's result tables; accounts are named by ``account_id``."""
        return {}

    def save(self, path: str | Path) -> Path:
        """Write `frame` as .csv, .xlsx, .json or .parquet; see `kolgraph.write_table`."""
        from kolgraph.results.files import write_table

        return write_table(self.frame(), path)


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def best(values: NDArray[np.float64], ids: NDArray[np.object_], k: int | None = None) -> NDArray[np.int64]:
    """Row numbers of the k best (default: of all), best first; equal values in order of id, NaN last."""
    rows = np.arange(values.size)
    if k is not None and k < rows.size:
        # Sorting a million ids as text takes seconds: only those that can be among the best count.
        cost = -np.nan_to_num(values, nan=-np.inf)
        rows = np.flatnonzero(cost <= np.partition(cost, k - 1)[k - 1]) if k else rows[:0]
    order = np.lexsort((ids[rows].astype(str), -values[rows]))[:k]
    return np.asarray(rows[order], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Scores(Result):
    """One number per account.

    Attributes
    ----------
    measure : str
        What the number is: ``pagerank``, ``core``, ``reach``, ...
    ids : ndarray of str, shape (n,)
    values : ndarray of float64, shape (n,)
        NaN where nothing can be said.
    low, high : ndarray of float64, shape (n,), or None
        95 % interval; None where the value is exact.
    reason : ndarray of object, shape (n,), or None
        Why a value is NaN, as a code; None for accounts that have one. Texts: ``coverage.<code>`` in the catalogues.
    beside : mapping of name to ndarray, shape (n,)
        What a number is read with: of how many it is, what others have.
    """

    analysis: ClassVar[str] = "scores"
    measure: str
    ids: NDArray[np.object_]
    values: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    reason: NDArray[np.object_] | None = None
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def variant(self) -> str:
        """The measure."""
        return self.measure

    def summary(self) -> dict[str, Any]:
        """How many accounts have a number."""
        return {"accounts": int(np.isfinite(self.values).sum())}

    def best(self, k: int) -> NDArray[np.int64]:
        """Row numbers of the k best, best first; equal values in order of id, so the order never depends on chance."""
        return best(self.values, self.ids, k)

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The best accounts, with their interval where there is one."""
        rows = best(self.values, self.ids, top)
        columns = self._columns()
        found = [{"account_id": str(self.ids[i])} | {c: v[i].item() for c, v in columns.items()} for i in rows]
        if self.reason is None or all(code is None for code in self.reason):
            return found
        return [row | {"reason": self.reason[i]} for row, i in zip(found, rows, strict=True)]

    def _columns(self) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {self.measure: self.values}
        if self.low is not None and self.high is not None:
            found |= {"low": self.low, "high": self.high}
        return found | dict(self.beside)

    def frame(self) -> pd.DataFrame:
        """Indexed by account id, best first; accounts without a number last."""
        return self.top(self.values.size)

    def top(self, k: int) -> pd.DataFrame:
        """The k best."""
        import pandas as pd

        rows = self.best(k)
        columns = {name: part[rows] for name, part in self._columns().items()}
        table = pd.DataFrame(columns, index=pd.Index(self.ids[rows], name="account_id"))
        if self.reason is not None and not pd.isna(self.reason).all():
            table["reason"] = pd.Series(self.reason[rows], index=table.index, dtype=object)
        return table

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``scores``."""
        import pandas as pd

        columns = {"account_id": self.ids, "measure": self.measure, "value": self.values}
        columns |= {"low": self.low, "high": self.high}
        return {"scores": pd.DataFrame(columns)}
