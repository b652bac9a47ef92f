"""What the last post of an author moves, from the posts before it: Weibo, 2019-2024 (shared/data/influence)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.bench.validation.metrics import F64, Cases, Told, compare, lines
from tests.bench.validation.ours import proven_told

DATA = Path(__file__).parents[4] / "shared" / "data" / "influence"
#: Days after which a post counts half in the decayed mean.
HALF_LIFE = 180.0
DAY_MS = 86_400_000
#: Normal quantile of a two-sided 90 % interval.
Z90 = 1.6448536269514722


class Posts(NamedTuple):
    """Authors with several posts: all but their last ones, and these, one per author.

    Attributes
    ----------
    authors : ndarray of str, shape (n,)
    author, time, moved : ndarray, shape (p,)
        Row of the author, epoch milliseconds and reposts of every post that is known.
    now, outcome : ndarray of float64, shape (n,)
        When the last post came, and its reposts.
    fans : ndarray of float64, shape (n,)
        As the page of the author showed them, at a time that nobody knows; NaN where it is not in the data.
    """

    authors: NDArray[np.object_]
    author: NDArray[np.int64]
    time: F64
    moved: F64
    now: F64
    outcome: F64
    fans: F64


def read(folder: Path = DATA) -> Posts:
    """Split the posts of every author with several in time; the last posts of all others are unknown as well."""
    posts = pd.read_csv(folder / "weibo_posts_dev.csv.gz").sort_values("time", kind="stable", ignore_index=True)
    fans = pd.read_csv(folder / "weibo_fans_dev.csv.gz").groupby("author")["fans"].first()
    last = ~posts["author"].duplicated(keep="last")
    known = posts[~last]
    final = posts[last & posts["author"].isin(known["author"])].set_index("author").sort_index()
    return Posts(
        final.index.to_numpy(object),
        np.asarray(final.index.get_indexer(known["author"])),
        known["time"].to_numpy(np.float64) * 1000,
        known["reposts"].to_numpy(np.float64),
        final["time"].to_numpy(np.float64) * 1000,
        final["reposts"].to_numpy(np.float64),
        fans.reindex(final.index).to_numpy(np.float64),
    )


def variances(author: NDArray[np.int64], logs: F64) -> tuple[float, float]:
    """Variances of logarithms within and between authors with several posts: one post tells neither.

    One-way analysis of variance with groups of unequal size (Searle, Linear Models, 1971).
    """
    n = np.bincount(author)
    several = n > 1
    mean = np.bincount(author, weights=logs) / np.maximum(n, 1)
    posts = several[author]
    within = float(((logs - mean[author])[posts] ** 2).sum() / (n[several] - 1).sum())
    total, groups = n[several].sum(), int(several.sum())
    size = (total - (n[several] ** 2).sum() / total) / (groups - 1)
    overall = float(n[several] @ mean[several] / total)
    spread = float(n[several] @ (mean[several] - overall) ** 2 / (groups - 1))
    return within, max((spread - within) / size, 1e-9)


def baselines(posts: Posts) -> dict[str, Told]:
    """Forecasts of the simple kind: the mean of the past, the same shrunk to all others, the same with decay."""
    logs, n = np.log1p(posts.moved), np.bincount(posts.author, minlength=posts.now.size)
    mean = np.bincount(posts.author, weights=logs, minlength=n.size) / n
    within, between = variances(posts.author, logs)
    ratio, overall = within / between, float(logs.mean())
    weight = 0.5 ** ((posts.now[posts.author] - posts.time) / (HALF_LIFE * DAY_MS))

    def towards_all(weight: F64) -> Told:
        much = np.bincount(posts.author, weights=weight, minlength=n.size)
        log = (np.bincount(posts.author, weights=weight * logs, minlength=n.size) + ratio * overall) / (much + ratio)
        half = Z90 * np.sqrt(within + within / (much + ratio))
        return Told(log, log, np.floor(np.expm1(np.maximum(log - half, 0))), np.ceil(np.expm1(log + half)))

    return {
        "past": Told(mean, mean),
        "past, shrunk": towards_all(np.ones(logs.size)),
        "past, shrunk, decayed": towards_all(weight),
    }


def forecasts(posts: Posts) -> dict[str, Told]:
    """All that is compared."""
    return baselines(posts) | proven_told(
        posts.authors, posts.author, posts.time, posts.moved, known=None, now=posts.now, rows=slice(None)
    )


def main(folder: Path = DATA, *, times: int = 1000) -> None:
    """Print the table; without the data that is said."""
    if not (folder / "weibo_posts_dev.csv.gz").exists():
        print("  LEFT OUT: the posts are not here (shared/data/influence)")
        return
    posts = read(folder)
    told = forecasts(posts)
    print(f"Weibo, the last posts of {posts.now.size:,} authors from {posts.time.size:,} posts before")
    print("\n".join(lines(compare(Cases(posts.authors, posts.outcome), told, ["past"], times=times))))
    shown = np.isfinite(posts.fans)
    part = {name: Told(*(None if v is None else v[shown] for v in one)) for name, one in told.items()}
    part = {"fans": Told(posts.fans[shown]), **part}
    print(f"The same of {shown.sum()} authors whose fans are known")
    found = compare(Cases(posts.authors[shown], posts.outcome[shown]), part, ["fans", "past"], times=times)
    print("\n".join(lines(found)))
