"""The sizes of later posts of an author, from the cascades known before: Weibo's rumours and others (CED).

Cut-offs in time: what happened before one foretells what authors post between it and the next. Reposts that came after
a cut-off are unknown at it, also those of earlier posts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kolgraph.centrality import harmonic, k_core, pagerank
from kolgraph.graph import Graph
from kolgraph.influence import learn_probabilities, reach
from tests.bench.validation.metrics import F64, Cases, Told, compare, lines, part_of
from tests.bench.validation.ours import proven_told
from tests.bench.validation.simple import line, shrunk

DATA = Path(__file__).parents[4] / "shared" / "data" / "cascades"
#: Shares of the posts that lie before the cut-offs.
CUTS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Cascades(NamedTuple):
    """Posts: ``cascade, author, time, size``; reposts: ``cascade, account, parent, time``; followers of every account.

    Accounts are numbers from 0, `parent` is the account from which a repost was taken. The set counted followers once,
    after all posts, and those of authors only; NaN is unknown.
    """

    posts: pd.DataFrame
    reposts: pd.DataFrame
    followers: F64


def read_ced(folder: Path) -> Cascades:
    """The cascades of the CED data set."""
    posts = pd.read_csv(folder / "ced_cascades_dev.csv.gz", dtype={"root_user": str})
    rows = pd.read_csv(
        folder / "ced_reposts_dev.csv.gz", usecols=["cascade", "row", "parent_row", "user", "dt"], dtype={"user": str}
    )
    root = posts.set_index("cascade")
    who = rows.set_index(["cascade", "row"])["user"]
    parent = who.reindex(pd.MultiIndex.from_frame(rows[["cascade", "parent_row"]])).to_numpy(object)
    author = root["root_user"].reindex(rows["cascade"]).to_numpy(object)
    parent = np.where(rows["parent_row"] == 0, author, parent)
    names = pd.concat([posts["root_user"], rows["user"]]).unique()
    number = pd.Index(names)
    known = pd.notna(parent)
    rows, parent = rows[known], parent[known]
    time = root["root_time"].reindex(rows["cascade"]).to_numpy() + np.maximum(rows["dt"].to_numpy(), 0)
    return Cascades(
        pd.DataFrame(
            {
                "cascade": posts["cascade"],
                "author": number.get_indexer(posts["root_user"]),
                "time": posts["root_time"],
                "size": posts["n_rows"],
            }
        ),
        pd.DataFrame(
            {
                "cascade": rows["cascade"].to_numpy(object),
                "account": number.get_indexer(rows["user"]),
                "parent": number.get_indexer(parent),
                "time": time,
            }
        ),
        posts.groupby("root_user")["followers"].last().reindex(names).to_numpy(np.float64),
    )


def before(data: Cascades, cut: float) -> Cascades:
    """What was known at a moment; sizes are those of then."""
    posts, reposts = data.posts[data.posts["time"] < cut], data.reposts[data.reposts["time"] < cut]
    reposts = reposts[reposts["cascade"].isin(posts["cascade"])]
    size = posts["cascade"].map(reposts["cascade"].value_counts()).fillna(0)
    return data._replace(posts=posts.assign(size=size), reposts=reposts)


def predictors(known: Cascades) -> dict[str, Told]:
    """Simple forecasts and structural ones of every account, shape (accounts,)."""
    n, posts = known.followers.size, known.posts.sort_values("time", kind="stable")
    size = posts["size"].to_numpy(np.float64)
    logs, author = np.log1p(size), posts["author"].to_numpy()
    count = np.bincount(author, minlength=n)
    mean = np.divide(np.bincount(author, weights=logs, minlength=n), count, out=np.full(n, np.nan), where=count > 0)
    fitted = line(np.log1p(known.followers), author, logs)
    pairs = known.reposts.groupby(["account", "parent"])["cascade"].nunique().reset_index()
    src, dst = pairs["account"].to_numpy(np.int32), pairs["parent"].to_numpy(np.int32)
    taken = pairs["cascade"].to_numpy(np.float64)
    graph = Graph.from_rows(src, dst, taken.astype(np.float32), np.arange(n))
    shown = count + np.bincount(known.reposts["account"], minlength=n)
    learnt = learn_probabilities(graph, src, dst, taken, shown)
    return {
        "followers": Told(known.followers, fitted),
        "past": Told(mean, mean),
        "past, shrunk": shrunk(author, logs, np.full(n, logs.mean())),
        "past and followers": shrunk(author, logs, fitted),
        "reposters": Told(graph.incoming.degree.astype(np.float64)),
        "PageRank": Told(pagerank(graph).values),
        "k-core": Told(k_core(graph).values),
        "harmonic": Told(harmonic(graph).values),
        "reach, weighted cascade": Told(reach(graph, seed=1).values),
        "reach, learnt": Told(reach(learnt.graph, probabilities=True, seed=1).values),
    }


def forecasts(known: Cascades, cut: float) -> dict[str, Told]:
    """All that is compared: `predictors`, and proven influence of authors."""
    n, posts = known.followers.size, known.posts
    author = posts["author"].to_numpy()
    authors = np.flatnonzero(np.isfinite(known.followers) | (np.bincount(author, minlength=n) > 0))
    row = np.empty(n, np.int64)
    row[authors] = np.arange(authors.size)
    ours = proven_told(
        authors.astype(str).astype(object),
        row[author],
        posts["time"].to_numpy(np.float64) * 1000,
        posts["size"].to_numpy(np.float64),
        known=pd.DataFrame({"followers": known.followers[authors]}),
        now=cut * 1000,
    )
    return predictors(known) | {name: _spread(one, authors, n) for name, one in ours.items()}


def _spread(one: Told, rows: NDArray[np.int64], n: int) -> Told:
    """Forecasts of some rows as forecasts of all, unknown for the others."""

    def full(values: F64 | None) -> F64 | None:
        if values is None:
            return None
        found = np.full(n, np.nan)
        found[rows] = values
        return found

    return Told(*map(full, one))  # type: ignore[arg-type]


def cases(
    data: Cascades, predict: Callable[[Cascades, float], Mapping[str, Told]] = forecasts
) -> tuple[Cases, dict[str, Told], NDArray[np.bool_]]:
    """Posts of every window, what was foretold of them as it began, and whether their authors had posted before."""
    cuts = [*np.quantile(data.posts["time"], CUTS), np.inf]
    found, posts, history = [], [], []
    for cut, stop in pairwise(cuts):
        known = before(data, cut)
        later = data.posts[(data.posts["time"] >= cut) & (data.posts["time"] < stop)]
        posts.append(later.assign(window=cut))
        history.append(later["author"].isin(known.posts["author"]).to_numpy())
        found.append(part_of(predict(known, cut), later["author"].to_numpy()))
    told = {name: Told(*(_joined([one[name][i] for one in found]) for i in range(4))) for name in found[0]}
    table = pd.concat(posts)
    came = Cases(table["author"].to_numpy(), table["size"].to_numpy(np.float64), table["window"].to_numpy())
    return came, told, np.concatenate(history)


def _joined(parts: list[F64 | None]) -> F64 | None:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None


def main(folder: Path = DATA, *, times: int = 1000) -> None:
    """Print the tables; without the data that is said."""
    if not (folder / "ced_reposts_dev.csv.gz").exists():
        print("  LEFT OUT: the cascades are not here (shared/data/cascades)")
        return
    came, told, history = cases(read_ced(folder))
    for name, rows in (("all posts", np.ones(history.size, bool)), ("posts with history", history)):
        some = Cases(*(values[rows] for values in came))
        print(f"CED, {name}: {rows.sum():,} of {np.unique(some.account).size:,} authors in {len(CUTS)} windows")
        found = compare(some, part_of(told, rows), ["followers", "past"], times=times)
        print("\n".join(lines(found)))
