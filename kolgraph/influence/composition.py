"""What an audience is made of: the share of every region and niche among the followers, from a sample of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.influence.coverage import Coverage
from kolgraph.influence.sampled import ASSUMPTION, sampled_reason, share_of_list
from kolgraph.results import Result, digest

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

_COLUMNS = ("kind", "group", "share", "low", "high", "members", "sample", "reason")


@dataclass(frozen=True, kw_only=True)
class Composition(Result):
    """Groups among the followers of some accounts: one row per account, kind and group.

    Attributes
    ----------
    ids, kind, group : ndarray of object, shape (k,)
        The accounts as they were named, each with its largest group first; ``group`` is None where there is a reason.
    share, low, high : ndarray of float64, shape (k,)
        Of all followers that count, with a 95 % interval; NaN where there is a reason.
    members, sample : ndarray of int64, shape (k,)
        Those of the group among the loaded ones that count and whose group is known, and these.
    reason : ndarray of object, shape (k,)
        Why there is no share, as a code of `Coverage`; None where there is one.
    """

    analysis: ClassVar[str] = "composition"
    ids: NDArray[np.object_]
    kind: NDArray[np.object_]
    group: NDArray[np.object_]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    members: NDArray[np.int64]
    sample: NDArray[np.int64]
    reason: NDArray[np.object_]

    def frame(self) -> pd.DataFrame:
        """The rows, not indexed: ``account_id, kind, group, share, low, high, members, sample, reason``."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in _COLUMNS}
        return pd.DataFrame({"account_id": self.ids} | columns)

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows as plain values."""
        names, columns = ("account_id", *_COLUMNS), [getattr(self, name)[:top].tolist() for name in ("ids", *_COLUMNS)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def composition(
    graph: Graph,
    coverage: Coverage,
    accounts: Sequence[str],
    groups: Mapping[str, ArrayLike],
    *,
    counted: ArrayLike | None = None,
) -> Composition:
    """Estimate of which groups the followers of some accounts are.

    Parameters
    ----------
    graph : Graph
        Who follows whom; the one `coverage` is about.
    coverage : Coverage
    accounts : sequence of str
    groups : mapping of kind to array_like, shape (n,)
        The group of every account; None or "" where it is unknown.
    counted : array_like, shape (n,), bool, optional
        Who counts as a follower. Default: everybody.

    Returns
    -------
    Composition

    Raises
    ------
    InputError
        Arrays of another length.
    UnknownAccount

    Notes
    -----
    The intervals are those of `share_of_list`: scores for a finite list, Wilson's where nobody knows its length, and
    nothing wide where every follower is loaded and known. Of those that count as many are not loaded as of all; who is
    of an unknown group is left out as if not loaded, so groups that say less of themselves are underrated. Assumes that
    the loaded followers of an account are a random sample of all of them. O(followers of the accounts).

    Examples
    --------
    >>> import pandas as pd
    >>> from kolgraph.graph import Graph
    >>> from kolgraph.influence.coverage import coverage
    >>> g = Graph.from_edges(["x", "y", "z"], ["ann", "ann", "ann"])
    >>> shown = pd.DataFrame({"followers": np.where(g.ids == "ann", 3.0, 0.0), "followings": 1.0})
    >>> region = np.where(g.ids == "x", "广东", "北京")
    >>> found = composition(g, coverage(g, shown), ["ann"], {"region": region})
    >>> found.frame()[["group", "share", "low", "sample"]].round(3).to_dict("records")[0]
    {'group': '北京', 'share': 0.667, 'low': 0.667, 'sample': 3}
    """
    counts = np.ones(graph.n, bool) if counted is None else np.asarray(counted, dtype=bool)
    labels = {kind: np.asarray(of, dtype=object) for kind, of in groups.items()}
    if any(array.shape != (graph.n,) for array in (counts, coverage.ids, *labels.values())):
        raise InputError(f"coverage, groups and counted need one value for each of {graph.n:,} accounts")
    into, reasons, rows = graph.incoming, sampled_reason(coverage, coverage.reason), list[tuple[Any, ...]]()
    for row in graph.rows(accounts):
        followers = into.idx[into.ptr[row] : into.ptr[row + 1]]
        followers = followers[followers != row]
        crowd = followers[counts[followers]]
        size = coverage.size[row] * (crowd.size / followers.size if followers.size else 0.0)
        for kind, of in labels.items():
            # What a table of pandas lacks is NaN.
            seen = Counter(label for label in of[crowd] if isinstance(label, str) and label)
            told, account = seen.total(), graph.ids[row]
            reason = reasons[row] or (None if told else "nothing_known")
            if reason is not None:
                rows.append((account, kind, None, np.nan, np.nan, np.nan, 0, told, reason))
                continue
            most = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
            shares = np.transpose(share_of_list([n for _, n in most], told, np.maximum(size, told)))
            rows += [
                (account, kind, name, *share, n, told, None) for (name, n), share in zip(most, shares, strict=True)
            ]
    columns: dict[str, Any] = {
        name: np.array([*(row[i] for row in rows), None], dtype=object)[:-1]
        for i, name in enumerate(("ids", *_COLUMNS))
    }
    columns |= {name: columns[name].astype(np.float64) for name in ("share", "low", "high")}
    columns |= {name: columns[name].astype(np.int64) for name in ("members", "sample")}
    return Composition(
        **columns,
        parameters={
            "accounts": [str(account) for account in accounts],
            "kinds": sorted(labels),
            "assumption": ASSUMPTION,
            "coverage": coverage.run_id,
            "input": digest(counts, *(of for _, of in sorted(labels.items()))),
        },
        graph=graph.fingerprint,
    )
