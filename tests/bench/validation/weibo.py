"""What the last post of an author moves, from the posts before it: Weibo, 2019-2024 (shared/data/influence)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.bench.validation.metrics import F64, Cases, Told, compare, lines, part_of
from tests.bench.validation.ours import proven_told
from tests.bench.validation.simple import shrunk

DATA = Path(__file__).parents[4] / "shared" / "data" / "influence"
#: Days after which a post counts half in the decayed mean.
HALF_LIFE = 180.0
DAY_MS = 86_400_000


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


def baselines(posts: Posts) -> dict[str, Told]:
    """The mean of the past, the same shrunk to all others, the same where recent posts count more."""
    logs, n = np.log1p(posts.moved), posts.now.size
    mean = np.bincount(posts.author, weights=logs, minlength=n) / np.bincount(posts.author, minlength=n)
    overall = np.full(n, logs.mean())
    weight = 0.5 ** ((posts.now[posts.author] - posts.time) / (HALF_LIFE * DAY_MS))
    return {
        "past": Told(mean, mean),
        "past, shrunk": shrunk(posts.author, logs, overall),
        "past, shrunk, decayed": shrunk(posts.author, logs, overall, weight=weight),
    }


def forecasts(posts: Posts) -> dict[str, Told]:
    """All that is compared."""
    return baselines(posts) | proven_told(
        posts.authors, posts.author, posts.time, posts.moved, known=None, now=posts.now
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
    known = pd.DataFrame({"followers": posts.fans})
    more = proven_told(posts.authors, posts.author, posts.time, posts.moved, known=known, now=posts.now)
    told |= {f"{name}, fans known": one for name, one in more.items()}
    part = {"followers": Told(posts.fans[shown]), **part_of(told, shown)}
    print(f"The same of {shown.sum()} authors whose fans are known")
    found = compare(Cases(posts.authors[shown], posts.outcome[shown]), part, ["followers", "past"], times=times)
    print("\n".join(lines(found)))
