"""Check a saved case: every number of it against the same case counted anew from the tables.

The file gives names only: which accounts, which targets, which relation. All else is counted from the tables without
the stored result (`kolgraph.rings.block`), and compared leaf by leaf. What only a search can say, the verdict and its
null, is compared with the rings that are kept.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from kolgraph.errors import EnvironmentProblem, InputError
from kolgraph.results import Result, digest
from kolgraph.rings.casefile import CaseFile, Facts, counted

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.rings.result import Ring, Rings

#: Numbers that agree to so many parts are equal: sums may be made in another order.
EQUAL = 1e-9
#: A case of 100,000 accounts has 50 MB.
LARGEST = 1 << 28
#: By what the rows of a list are known, instead of their places.
_NAMED_BY = {
    "members": "account_id", "targets": "target", "clients": "client_id", "slices": "begin_ts", "lags": "upto_s",
    "counter": "code", "check": "account_id", "ask": "code",
}  # fmt: skip
#: What a file says of itself.
_OWN = {"made_by"}


class Saved(NamedTuple):
    """A case from a file; members and targets are sorted, each once; `asked` is the relation that was asked for."""

    path: str
    content: Mapping[str, Any]
    relation: str
    asked: str | None
    seed: int
    max_false: float
    members: list[str]
    targets: list[str]


@dataclass(frozen=True, kw_only=True)
class Verification(Result):
    """What of a saved case agrees with the tables.

    Attributes
    ----------
    rows : DataFrame
        One row per value: ``part`` (numbers, members, ...), ``what``, ``saved``, ``found`` (as JSON writes them),
        ``agrees``.
    missing : tuple of str
        Members and targets that the workspace does not hold: forgotten, or never loaded.
    changed : bool
        The tables are not those that the case was made from.
    """

    analysis: ClassVar[str] = "verify"
    rows: pd.DataFrame
    missing: tuple[str, ...]
    changed: bool

    @property
    def agrees(self) -> bool:
        """Every number is what the tables say."""
        return bool(self.rows["agrees"].all()) and not self.missing

    def summary(self) -> dict[str, Any]:
        """How many values agree, how many do not."""
        good = int(self.rows["agrees"].sum())
        return {"agree": good, "differ": len(self.rows) - good, "missing": len(self.missing), "changed": self.changed}

    def parts(self) -> pd.DataFrame:
        """Values that agree and that do not, per part of the case."""
        found = self.rows.groupby("part", sort=False)["agrees"].agg(agree="sum", values="size")
        return found.assign(differ=found["values"] - found["agree"])[["agree", "differ"]].reset_index()

    def frame(self) -> pd.DataFrame:
        """All values, those that differ first."""
        return self.rows.sort_values("agrees", kind="stable").set_index("what")


def read_case(path: str | Path) -> Saved:
    """A case that `CaseFile.save` wrote as JSON.

    Raises
    ------
    InputError
        There is no such file, it is too large, or it holds no case.
    EnvironmentProblem
        It cannot be read.
    """
    file = Path(path)
    try:
        if not file.is_file():
            raise InputError(f"{file}: no such file")
        if file.stat().st_size > LARGEST:
            raise InputError(f"{file}: larger than {LARGEST >> 20} MB, which no saved case is")
        content = json.loads(file.read_text("utf-8"))
        members = [row["account_id"] for row in content["members"]]
        targets = [row["target"] for row in content["targets"]]
        relation, asked = content["relation"], content["asked"]
        seed, max_false = content["seed"], float(content["found"]["max_false"])
    except OSError as error:
        raise EnvironmentProblem.of(error) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{file}: is no case that kolgraph saved as JSON") from error
    if not all(isinstance(name, str) for name in (*members, *targets, relation, asked or "")) or type(seed) is not int:
        raise InputError(f"{file}: is no case that kolgraph saved as JSON: an id is no text, or the seed no number")
    return Saved(str(file), content, relation, asked, seed, max_false, sorted(set(members)), sorted(set(targets)))


def recounted(saved: Saved, rings: Rings, facts: Facts) -> Ring:
    """The ring of a saved case with its numbers counted from the tables.

    What only a search can say is that of the kept ring with these members; where there is none it says so.
    """
    from kolgraph.rings.result import Ring

    known = set(saved.members)
    members = [account for account in facts.accounts["account_id"] if account in known]
    found = counted(facts, len(members))
    same = (ring for ring in rings.rings if set(map(str, ring.members)) == known)
    kept = next(same, None)
    block: dict[str, Any] = {
        "members": np.array([*members, None], object)[:-1],
        "targets": facts.targets["target"].to_numpy(object),
        "member_edges": found.member_edges.astype(np.int32),
        "target_edges": found.target_edges.astype(np.int32),
        **{name: value for name, value in found.numbers.items() if name not in {"members", "targets"}},
    }
    if kept is not None:
        return replace(kept, **block)
    unknown: dict[str, Any] = {field.name: float("nan") for field in fields(Ring)}
    unknown |= {"number": -1, "relation": saved.relation, "verdict": "not found", "points": {}, "views": {}}
    return Ring(**unknown | block)


def verification(saved: Saved, again: CaseFile) -> Verification:
    """Compare a saved case with the same one made anew.

    Parameters
    ----------
    saved : Saved
    again : CaseFile
        Of the same members and targets, from the tables as they are.

    Returns
    -------
    Verification

    Notes
    -----
    Lists are compared row by row under the name of the row, wherever it stands; a row that only one side has, or that
    stands twice, differs. O(values).
    """
    import pandas as pd

    given = [pair for name, part in saved.content.items() if name not in _OWN for pair in _leaves(name, part)]
    mine = dict(_leaf for name, part in again.plain().items() for _leaf in _leaves(name, part))
    rows, seen = [], set()
    for what, value in given:
        there = what in mine and what not in seen
        rows.append((what, value, mine.get(what), there and _equal(value, mine[what])))
        seen.add(what)
    rows += [(what, None, value, False) for what, value in mine.items() if what not in seen]
    table = pd.DataFrame(
        [(w.partition(" ")[0], w, _shown(a), _shown(b), bool(ok)) for w, a, b, ok in rows],
        columns=["part", "what", "saved", "found", "agrees"],
    )
    here = {*again.members["account_id"], *again.targets["target"]}
    return Verification(
        parameters={"case": digest(json.dumps(saved.content, sort_keys=True)), "again": again.run_id},
        rows=table,
        missing=tuple(name for name in (*saved.members, *saved.targets) if name not in here),
        changed=saved.content.get("data") != again.parameters["data"],
    )


def _leaves(name: str, value: Any, key: str | None = None) -> Iterator[tuple[str, Any]]:
    """Every value below a name, under a name of its own."""
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield from _leaves(f"{name} {part}", inner, str(part))
    elif isinstance(value, list | tuple):
        by = _NAMED_BY.get(key or name)
        yield f"{name} count", len(value)
        for at, row in enumerate(value):
            called = row.get(by, at) if by and isinstance(row, Mapping) else at
            yield from _leaves(f"{name} {called}", row)
    else:
        yield name, value


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool) or not (isinstance(a, int | float) and isinstance(b, int | float)):
        return bool(type(a) is type(b) and a == b)
    return math.isclose(a, b, rel_tol=EQUAL, abs_tol=1e-12)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
