"""The measured repost cascades: one row per cascade, one row per post, and how much of it was observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import InputError, UnknownName
from kolgraph.results import Result

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

#: Evidence of a parent that the source itself gave; any other word on an edge was inferred, repaired or absent.
OBSERVED = "api_parent"


@dataclass(frozen=True, kw_only=True)
class Cascades(Result):
    """Shape of every repost cascade; made by `measure_cascades`, exact.

    Attributes
    ----------
    per_cascade : DataFrame, k rows
        What `frame` returns.
    per_node : DataFrame, n rows
        Codes into the name arrays (``post``, ``parent``, ``account``, ``evidence``; -1 = none) and ``depth``,
        ``subtree``, ``children``, ``delay_s``; cascades one after the other in the order of `per_cascade`.
    starts : ndarray, shape (k + 1,), int64
        Rows of cascade c in `per_node` are ``starts[c]:starts[c + 1]``.
    posts, account_ids, evidence : ndarray of str
        The names behind the codes.
    repairs : mapping of str to int
        What had to be repaired before measuring; see `measure_cascades`.
    """

    analysis: ClassVar[str] = "spread"
    per_cascade: pd.DataFrame
    per_node: pd.DataFrame
    starts: NDArray[np.int64]
    posts: NDArray[np.object_]
    account_ids: NDArray[np.object_]
    evidence: NDArray[np.object_]
    repairs: Mapping[str, int]

    def __len__(self) -> int:
        return self.starts.size - 1

    def frame(self) -> pd.DataFrame:
        """One row per cascade, largest first; equal sizes in order of root id.

        ``root_id``; ``account_id`` of the author; ``size`` in posts with the root; ``real_size`` without posts of fake
        accounts; ``depth``; ``breadth``; structural ``virality``; ``half_life_s`` and ``duration_s`` in seconds, NaN
        where the time of the root is unknown; distinct ``accounts``; ``observed``, the share of reposts whose parent
        the source gave (NaN without reposts).
        """
        return self.per_cascade.copy()

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        columns = {name: values[:top].tolist() for name, values in self.columns("per_cascade").items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def entries(self) -> pd.DataFrame:
        """Cascades by their root."""
        return self.frame().set_index("root_id")

    def largest(self) -> str:
        """Root id of the largest cascade."""
        if not len(self):
            raise InputError("there are no cascades; load reposts that name a root post")
        return str(self.per_cascade["root_id"].iloc[0])

    def nodes(self, root_id: str) -> pd.DataFrame:
        """One row per post of a cascade, parents before children: the root, then by depth, delay and post id.

        ``subtree`` counts posts with the node itself, ``delay_s`` is seconds since the root post. A root has no
        ``parent_id``. ``evidence`` says how the parent is known.
        """
        at = self._position(root_id)
        return self._readable(at, at + 1)

    def tree(self, root_id: str) -> Graph:
        """The cascade as a graph over posts, repost -> the post it forwarded; row numbers are those of `nodes`."""
        from kolgraph.graph import Graph

        nodes = self.nodes(root_id)
        parent = _parent_rows(nodes)
        child = np.arange(1, len(nodes), dtype=np.int32)
        ids = np.array([post.encode() for post in nodes["post_id"]])
        return Graph.from_rows(child, parent[1:], None, ids)

    def top_relays(self, root_id: str, k: int = 10) -> pd.DataFrame:
        """Accounts whose reposts drew most further posts in one cascade.

        Parameters
        ----------
        root_id : str
        k : int
            Accounts to return.

        Returns
        -------
        DataFrame
            ``account_id``; ``reposts`` of the account; ``direct`` reposts of these; ``drew``, the posts anywhere below
            them that are not the account's own, each counted once however often the account reposted on the way to it;
            ``share`` of all reposts. The root post itself counts for nobody. Best first; ties by account id.

        Notes
        -----
        O(s log s) for a cascade of s posts.
        """
        import pandas as pd

        from kolgraph.kernels.forest import preorder

        nodes = self.nodes(root_id)
        nodes["position"] = preorder(_parent_rows(nodes), nodes["subtree"].to_numpy(np.int32))
        own = nodes.iloc[1:].dropna(subset="account_id").sort_values(["account_id", "position"])
        # Subtrees of one account nest or are disjoint: a post is nested if it starts before the furthest end so far.
        end = own["position"] + own["subtree"]
        before = end.groupby(own["account_id"]).cummax().groupby(own["account_id"]).shift(fill_value=0)
        own["covered"] = own["subtree"].where(own["position"] >= before, 0)
        total = own.groupby("account_id").agg(
            reposts=("subtree", "size"), direct=("children", "sum"), covered=("covered", "sum")
        )
        drew = total["covered"] - total["reposts"]
        table = pd.DataFrame(
            {
                "account_id": total.index,
                "reposts": total["reposts"].to_numpy(),
                "direct": total["direct"].to_numpy(),
                "drew": drew.to_numpy(),
                "share": drew.to_numpy() / max(len(nodes) - 1, 1),
            }
        )
        return (
            table.sort_values(["drew", "direct", "account_id"], ascending=[False, False, True])
            .head(k)
            .reset_index(drop=True)
        )

    def summary(self) -> dict[str, Any]:
        """Totals, medians over cascades with a repost (None without one), posts per kind of evidence, repairs made."""
        table = self.columns("per_cascade")
        many = table["size"] >= 2
        posts, reposts = int(self.starts[-1]), int(self.starts[-1]) - len(self)
        counts = np.bincount(self.columns("per_node")["evidence"], minlength=self.evidence.size)
        evidence = {str(word): int(c) for word, c in zip(self.evidence, counts, strict=True) if c}
        medians = {
            f"median_{name}": _median(table[name][many]) for name in ("size", "depth", "virality", "half_life_s")
        }
        return {
            "cascades": len(self),
            "posts": posts,
            "real_posts": int(table["real_size"].sum()),
            "reposts": reposts,
            "accounts": self.account_ids.size,
            "observed": evidence.get(OBSERVED, 0) / reposts if reposts else None,
            "max_depth": int(table["depth"].max()) if len(self) else 0,
            **medians,
            "evidence": evidence,
            "repairs": {name: count for name, count in self.repairs.items() if count},
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``cascades``, and of ``cascade_nodes`` for the ``keep_nodes`` largest cascades only."""
        return {
            "cascades": self.frame(),
            "cascade_nodes": self._readable(0, min(self.parameters["keep_nodes"], len(self))),
        }

    def _position(self, root_id: str) -> int:
        found = np.flatnonzero((self.per_cascade["root_id"] == root_id).to_numpy(dtype=bool, na_value=False))
        if not found.size:
            raise UnknownName(f"no cascade with root {root_id!r} among {len(self)}; frame() lists the root ids")
        return int(found[0])

    def _readable(self, first: int, last: int) -> pd.DataFrame:
        """Names instead of codes for the cascades first..last-1, each sorted as `nodes` promises."""
        import pandas as pd

        part = self.per_node.iloc[self.starts[first] : self.starts[last]]
        sizes = np.diff(self.starts[first : last + 1])
        frame = pd.DataFrame(
            {
                "root_id": self.per_cascade["root_id"].iloc[first:last].repeat(sizes).to_numpy(),
                "post_id": named(self.posts, part["post"].to_numpy()),
                "account_id": named(self.account_ids, part["account"].to_numpy()),
                "parent_id": named(self.posts, part["parent"].to_numpy()),
                **{name: part[name].to_numpy() for name in ("depth", "subtree", "children", "delay_s")},
                "evidence": named(self.evidence, part["evidence"].to_numpy()),
                "rank": np.repeat(np.arange(last - first), sizes),
            }
        )
        frame = frame.sort_values(["rank", "depth", "delay_s", "post_id"], ignore_index=True)
        return frame.drop(columns="rank")


def _median(values: NDArray[Any]) -> float | None:
    """Of those that are known."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else None


def named(names: NDArray[np.object_], codes: NDArray[Any]) -> NDArray[np.object_]:
    """Names of codes; -1 is None."""
    out = np.full(codes.size, None, dtype=object)
    known = codes >= 0
    out[known] = names[codes[known]]
    return out


def _parent_rows(nodes: pd.DataFrame) -> NDArray[np.int32]:
    """Row of each post's parent in a frame of `Cascades.nodes`; -1 for the root."""
    import pandas as pd

    return np.asarray(pd.Index(nodes["post_id"]).get_indexer(nodes["parent_id"]), dtype=np.int32)
