"""A network of co-action as an answer: edges, communities, what they pushed, what was left out, what columns mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import EnvironmentProblem, UnknownName, reason
from kolgraph.locale import catalogue
from kolgraph.results import Result
from kolgraph.results.files import write_table
from kolgraph.targets import MARK, atomic_path, marked

if TYPE_CHECKING:
    import pandas as pd

#: Members and objects that are shown of a community.
_SHOWN = 3
#: Table -> its columns, and their units; what they mean is ``coordination.<table>.<column>`` in the catalogues.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "edges": {
        "source": "id",
        "target": "id",
        "weight": "acts",
        "objects": "objects",
        "closeness": "pairs",
        "expected": "objects",
        "bits": "bits",
    },
    "accounts": {"account_id": "id", "community": "number", "acts": "acts", "partners": "accounts"},
    "communities": {
        "community": "number",
        "accounts": "accounts",
        "pairs": "pairs",
        "density": "share",
        "mean_weight": "objects",
    },
    "pushed": {
        "community": "number",
        "object": "object",
        "accounts": "accounts",
        "acts": "acts",
        "first_ts": "time",
        "last_ts": "time",
    },
    "capped": {"object": "object", "acts": "acts", "acts_left_out": "acts", "pairs_left_out": "pairs"},
}


@dataclass(frozen=True, kw_only=True)
class Coordination(Result):
    """Who acts on the same objects at nearly the same time. Coordinated is not fake: fans and colleagues do so, too.

    Attributes
    ----------
    kind : str
        What kind of object.
    ids : ndarray of str, shape (n,)
        Accounts with an edge, ascending.
    source, target : ndarray of int32, shape (e,)
        Ends of edges as rows of `ids`; the heaviest first.
    weight, objects : ndarray of int32, shape (e,)
        Acts of the source with one of the target within the window; objects on which the two meet so.
    closeness : ndarray of float64, shape (e,), or None
        With a decay: the sum of ``exp(-dt / decay)`` over pairs of acts of the two.
    expected, bits : ndarray of float64, shape (e,)
        Objects to be expected from how active both are, and the surplus over them in bits.
    community : ndarray of int32, shape (n,)
        Of every account, from 0, the largest first.
    shares : ndarray of int64, shape (n,)
        Acts of every account.
    groups, pushed, capped : DataFrame
        See `frames`.
    counted : mapping
        ``rows`` that were given, of which ``kinds`` how many, ``shares`` that could be compared, ``timeless`` ones that
        could not, and ``objects``.
    """

    analysis: ClassVar[str] = "coordination"
    kind: str
    ids: NDArray[np.object_]
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    weight: NDArray[np.int32]
    objects: NDArray[np.int32]
    closeness: NDArray[np.float64] | None = None
    expected: NDArray[np.float64]
    bits: NDArray[np.float64]
    community: NDArray[np.int32]
    shares: NDArray[np.int64]
    groups: pd.DataFrame
    pushed: pd.DataFrame
    capped: pd.DataFrame
    counted: Mapping[str, Any]

    @property
    def variant(self) -> str:
        """The kind of object: each has its own answer."""
        return self.kind

    def summary(self) -> dict[str, Any]:
        """How large the network is, what it was made of, and what was left out of it."""
        return {
            "kind": self.kind,
            "acts": self.counted["shares"],
            "objects": self.counted["objects"],
            "accounts": self.ids.size,
            "edges": self.source.size,
            "communities": len(self.groups),
            "acts_without_time": self.counted["timeless"],
            "capped_objects": len(self.capped),
            "acts_left_out": int(self.capped["acts_left_out"].sum()),
            "pairs_left_out": int(self.capped["pairs_left_out"].sum()),
        }

    def frame(self) -> pd.DataFrame:
        """A row per edge, indexed by ``source`` and ``target``, the heaviest first."""
        return self._edges(self.source.size)

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The heaviest edges as plain values."""
        return list(self._edges(self.source.size if top is None else top).reset_index().to_dict("records"))

    def _edges(self, top: int) -> pd.DataFrame:
        import pandas as pd

        ends = [self.ids[self.source[:top]], self.ids[self.target[:top]]]
        columns: dict[str, NDArray[Any]] = {"weight": self.weight, "objects": self.objects}
        columns |= {} if self.closeness is None else {"closeness": self.closeness}
        columns |= {"expected": self.expected, "bits": self.bits}
        index = pd.MultiIndex.from_arrays(ends, names=["source", "target"])
        return pd.DataFrame({name: column[:top] for name, column in columns.items()}, index=index)

    def accounts(self) -> pd.DataFrame:
        """A row per account with an edge, indexed by its id: ``community, acts, partners``."""
        import pandas as pd

        a, b = np.minimum(self.source, self.target), np.maximum(self.source, self.target)
        pairs = np.unique(a.astype(np.int64) << 32 | b)
        ends = np.concatenate([pairs >> 32, pairs & 0xFFFFFFFF])
        partners = np.bincount(ends, minlength=self.ids.size)
        table = {"community": self.community, "acts": self.shares, "partners": partners}
        return pd.DataFrame(table, index=pd.Index(self.ids, name="account_id"))

    def group_records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The largest communities as plain values, with some members and some of what they acted on."""
        order = np.argsort(self.community, kind="stable")
        start = np.searchsorted(self.community[order], np.arange(len(self.groups)))
        most = self.pushed.groupby("community")["object"].apply(list).to_dict() if len(self.pushed) else {}
        return [
            {"community": row.Index}
            | {"accounts": row.accounts, "pairs": row.pairs, "density": row.density, "mean_weight": row.mean_weight}
            | {"members": self.ids[order[start[row.Index] :][: min(row.accounts, _SHOWN)]].tolist()}
            | {"pushed": most.get(row.Index, [])[:_SHOWN]}
            for row in self.groups.head(len(self.groups) if top is None else top).itertuples()
        ]

    def entries(self) -> pd.DataFrame:
        """Accounts: communities have no name that lasts."""
        return self.accounts()[["acts", "partners"]]

    def frames(self) -> dict[str, pd.DataFrame]:
        """All tables by name.

        ``edges``; ``accounts`` with an edge; ``communities``; ``pushed``, the objects on which most members of a
        community acted; ``capped``, objects with crowds, which were left out. `dictionary` says what columns mean.
        """
        return {
            "edges": self.frame().reset_index(),
            "accounts": self.accounts().reset_index(),
            "communities": self.groups.rename_axis("community").reset_index(),
            "pushed": self.pushed,
            "capped": self.capped,
        }

    def dictionary(self, lang: str = "en") -> pd.DataFrame:
        """What every column of every table means, and its unit.

        Raises
        ------
        UnknownName
            Another language than ``en`` and ``zh``.
        """
        import pandas as pd

        text = catalogue(lang)
        rows = [
            (table, column, text[f"coordination.unit.{unit}"], text[f"coordination.{table}.{column}"])
            for table, columns in COLUMNS.items()
            for column, unit in columns.items()
            if column != "closeness" or self.closeness is not None
        ]
        return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])

    def save(self, path: str | Path, *, lang: str = "en") -> Path:
        """Write all tables and the data dictionary: one file of JSON, or a folder of CSV.

        Parameters
        ----------
        path : str or Path
            Ends in ``.json``, or names a folder, which is made.
        lang : str
            Of the data dictionary: ``en`` or ``zh``.

        Raises
        ------
        UnknownName
            Another ending, or another language.
        InputError
            There is a file that kolgraph did not write.
        EnvironmentProblem
            The folder cannot be written.
        """
        target = Path(path)
        tables = {**self.frames(), "dictionary": self.dictionary(lang)}
        if target.suffix == ".json":
            with atomic_path(target, marked) as part, part.open("w", encoding="utf-8", newline="\n") as out:
                head = {"made": MARK, "run": self.run_id, "parameters": self.parameters, "seed": self.seed}
                head |= {"summary": self.summary(), "counted": self.counted}
                out.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2])
                for name, table in tables.items():
                    rows = table.to_json(orient="records", force_ascii=False, double_precision=15)
                    out.write(f',\n "{name}": {rows}')
                out.write("\n}\n")
            return target
        if target.suffix:
            raise UnknownName.among("ending of a network", target.suffix, [".json", "none: a folder"])
        try:
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise EnvironmentProblem(f"{target}: cannot be made ({reason(error)})") from error
        for name, table in tables.items():
            write_table(table, target / f"{name}.csv")
        return target
