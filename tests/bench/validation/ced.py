"""Does influence learnt from the earlier cascades of an author tell the sizes of the later ones? On real cascades.

Cut-offs in time: what happened before one predicts what authors post between it and the next. Reposts that came after
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

F64 = NDArray[np.float64]

DATA = Path(__file__).parents[4] / "shared" / "data" / "cascades"
#: Shares of the posts that lie before the cut-offs.
CUTS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
#: Share of authors that a precision is about.
TOP = 0.1


class Cascades(NamedTuple):
    """Posts: ``cascade, author, time, followers, size``; reposts: ``cascade, account, parent, time``.

    Accounts are numbers from 0, `parent` is the account from which a repost was taken.
    """

    posts: pd.DataFrame
    reposts: pd.DataFrame
    accounts: int


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
                "followers": posts["followers"],
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
        len(names),
    )


def before(data: Cascades, cut: float) -> Cascades:
    """What was known at a moment; sizes are those of then."""
    posts, reposts = data.posts[data.posts["time"] < cut], data.reposts[data.reposts["time"] < cut]
    reposts = reposts[reposts["cascade"].isin(posts["cascade"])]
    size = posts["cascade"].map(reposts["cascade"].value_counts()).fillna(0)
    return Cascades(posts.assign(size=size), reposts, data.accounts)


def predictors(known: Cascades) -> dict[str, F64]:
    """Every prediction for every account, shape (accounts,); only the order counts, NaN is unknown."""
    n, posts = known.accounts, known.posts.sort_values("time")
    logs = np.log1p(posts["size"].to_numpy(np.float64))
    author = posts["author"].to_numpy()
    count = np.bincount(author, minlength=n)
    mean = np.divide(np.bincount(author, weights=logs, minlength=n), count, out=np.full(n, np.nan), where=count > 0)
    followers = np.full(n, np.nan)
    followers[author] = posts["followers"]  # of several the last, that is the latest
    pairs = known.reposts.groupby(["account", "parent"])["cascade"].nunique().reset_index()
    src, dst = pairs["account"].to_numpy(np.int32), pairs["parent"].to_numpy(np.int32)
    taken = pairs["cascade"].to_numpy(np.float64)
    graph = Graph.from_rows(src, dst, taken.astype(np.float32), np.arange(n))
    shown = count + np.bincount(known.reposts["account"], minlength=n)
    learnt = learn_probabilities(graph, src, dst, taken, shown)
    return {
        "followers": followers,
        "past mean": mean,
        "past mean, shrunk": _shrunk(author, logs, mean, np.full(n, logs.mean())),
        "past mean and followers": _shrunk(author, logs, mean, _fitted(followers, mean)),
        "reposters": graph.incoming.degree.astype(np.float64),
        "PageRank": pagerank(graph).values,
        "k-core": k_core(graph).values,
        "harmonic": harmonic(graph).values,
        "reach, weighted cascade": reach(graph, seed=1).values,
        "reach, learnt": reach(learnt.graph, probabilities=True, seed=1).values,
    }


def _shrunk(author: NDArray[np.int64], logs: F64, mean: F64, towards: F64) -> F64:
    """Means drawn towards a prior, the more the fewer posts they are of (James & Stein 1961)."""
    count = np.bincount(author, minlength=mean.size)
    several = count > 1
    within = float(((logs - mean[author]) ** 2)[several[author]].sum() / max((count[several] - 1).sum(), 1))
    spread = float(np.nanvar(mean - towards))
    between = max(spread - within * float(np.mean(1 / count[count > 0])), 1e-9)
    weight = between / (between + within / np.maximum(count, 1))
    return towards + weight * (mean - towards)


def _fitted(followers: F64, mean: F64) -> F64:
    """What followers alone say of the mean, by least squares; of an author without a count what is said of all."""
    known = np.isfinite(followers) & np.isfinite(mean)
    slope, start = np.polyfit(np.log1p(followers[known]), mean[known], 1) if known.sum() > 1 else (0.0, 0.0)
    return np.where(np.isfinite(followers), start + slope * np.log1p(followers), np.nanmean(mean))


def places(values: F64) -> F64:
    """Place of each value among all, from 0 to 1; equal ones share theirs, unknown ones stand in the middle."""
    return np.asarray(pd.Series(values).rank(pct=True).fillna(0.5), dtype=np.float64)


def cases(data: Cascades, predict: Callable[[Cascades], Mapping[str, F64]] = predictors) -> pd.DataFrame:
    """One row per author and window: places of the outcome and of every prediction within the window."""
    cuts = [*np.quantile(data.posts["time"], CUTS), np.inf]
    rows = []
    for cut, stop in pairwise(cuts):
        known = before(data, cut)
        later = data.posts[(data.posts["time"] >= cut) & (data.posts["time"] < stop)]
        later = later[later["author"].isin(known.posts["author"])]
        outcome = np.log1p(later["size"]).groupby(later["author"]).mean()
        if len(outcome) < 2:
            continue
        who = outcome.index.to_numpy()
        told = {name: values[who] for name, values in predict(known).items()}
        told["reach + followers"] = places(told["reach, learnt"]) + places(told["followers"])
        placed = {name: places(values) for name, values in told.items()}
        rows.append(pd.DataFrame({"author": who, "outcome": places(outcome.to_numpy(np.float64)), **placed}))
    return pd.concat(rows, ignore_index=True)


def spearman(a: F64, b: F64) -> float:
    """Correlation of places."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def precision(outcome: F64, prediction: F64, share: float = TOP) -> float:
    """Of the authors placed highest, how many are among those that came out highest."""
    k = max(1, round(share * outcome.size))
    best = set(np.argsort(-outcome, kind="stable")[:k].tolist())
    return len(best & set(np.argsort(-prediction, kind="stable")[:k].tolist())) / k


def resampled(table: pd.DataFrame, statistic: Callable[[pd.DataFrame], F64], times: int, seed: int) -> tuple[F64, F64]:
    """95 % intervals by drawing authors with replacement, all their windows together (Efron 1979)."""
    rng = np.random.default_rng(seed)
    where = list(table.groupby("author").indices.values())
    drawn = []
    for _ in range(times):
        picked = rng.integers(0, len(where), len(where))
        drawn.append(statistic(table.iloc[np.concatenate([where[i] for i in picked])]))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return low, high


def compare(table: pd.DataFrame, *, times: int = 1000, seed: int = 1) -> pd.DataFrame:
    """Spearman and precision of every prediction with intervals, and the difference to followers."""
    names = [name for name in table.columns if name not in {"author", "outcome"}]

    def statistic(rows: pd.DataFrame) -> F64:
        outcome = rows["outcome"].to_numpy()
        order = np.array([spearman(outcome, rows[name].to_numpy()) for name in names])
        top = np.array([precision(outcome, rows[name].to_numpy()) for name in names])
        return np.stack([order, top, order - order[names.index("followers")]])

    value = statistic(table)
    low, high = resampled(table, statistic, times, seed)
    columns = {}
    for row, name in enumerate(("spearman", "precision", "beyond_followers")):
        columns |= {name: value[row], f"{name}_low": low[row], f"{name}_high": high[row]}
    return pd.DataFrame(columns, index=pd.Index(names, name="prediction")).sort_values("spearman", ascending=False)


def main(folder: Path = DATA) -> None:
    """Print the table; without the data that is said."""
    if not (folder / "ced_reposts_dev.csv.gz").exists():
        print("  LEFT OUT: the cascades are not here (shared/data/cascades)")
        return
    data = read_ced(folder)
    table = cases(data)
    posts = data.posts["author"].value_counts()
    print(
        f"CED, {len(data.posts):,} cascades of {len(posts):,} authors, {int((posts > 1).sum()):,} with several; "
        f"{len(table):,} cases of {table['author'].nunique():,} authors in {len(CUTS)} windows"
    )
    print(f"  {'':24s} Spearman with 95 % interval    of the top {TOP:.0%} found   Spearman beyond followers")
    for name, row in compare(table).iterrows():
        print(
            f"  {name!s:24s} {row.spearman:6.2f}  ({row.spearman_low:5.2f} to {row.spearman_high:5.2f})   "
            f"{row.precision:6.2f}  ({row.precision_low:4.2f} to {row.precision_high:4.2f})   "
            f"{row.beyond_followers:+6.2f}  ({row.beyond_followers_low:+5.2f} to {row.beyond_followers_high:+5.2f})"
        )


if __name__ == "__main__":
    main()
