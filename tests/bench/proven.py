"""Proven influence: do its intervals hold where the truth is planted, and what do a million accounts cost?"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kolgraph.influence import proven
from tests.bench.influence import peak_mib

F64 = NDArray[np.float64]
POSTS = (2, 3, 5, 10, 40)
#: Laws of the counts of one account: sigma of a log-normal rate, or k of a negative binomial.
LAWS = (("log-normal", 0.5), ("log-normal", 1.0), ("log-normal", 1.5), ("negative binomial", 0.3),
        ("negative binomial", 1.0), ("negative binomial", 5.0))  # fmt: skip
BEST = 50


def planted(law: str, value: float, posts: int, accounts: int, seed: int) -> tuple[F64, F64]:
    """Counts, shape (accounts, posts), and true means; log locations are N(2.1, 1.62**2) (facts/influence.md)."""
    rng = np.random.default_rng(seed)
    u = rng.normal(2.1, 1.62, (accounts, 1))
    size = (accounts, posts)
    if law == "log-normal":
        return rng.poisson(np.exp(u + value * rng.normal(size=size))).astype(float), np.exp(u[:, 0] + value**2 / 2)
    return rng.poisson(rng.gamma(value, np.exp(u) / value, size)).astype(float), np.exp(u[:, 0])


def intervals(accounts: int = 2000, seeds: Sequence[int] = range(1, 5)) -> None:
    """Coverage of the 95 % interval of the mean and of the 90 % interval of a next post, case by case."""
    print(f"Intervals, {accounts:,} accounts a case, {len(seeds)} worlds each")
    print(f"  {'':22s} posts  95 %: all   best {BEST}  next 90 %  log width  of width 0")
    for law, value in LAWS:
        for posts in POSTS:
            held, best, following, wide, nothing = [], [], [], [], 0
            for seed in seeds:
                y, mean = planted(law, value, posts + 1, accounts, seed)
                author = np.repeat(np.arange(accounts), posts)
                found = proven(np.arange(accounts).astype(str).astype(object), author, np.full(author.size, np.nan),
                               y[:, :-1].ravel(), seed=1)  # fmt: skip
                inside = (found.low <= mean) & (mean <= found.high)
                held.append(inside.mean())
                best.append(inside[np.argsort(-found.values)[:BEST]].mean())
                following.append(((found.next_low <= y[:, -1]) & (y[:, -1] <= found.next_high)).mean())
                wide.append(np.median(np.log(found.high / found.low)))
                nothing += int((found.high <= found.low).sum())
            print(
                f"  {law:17s} {value:4.1f} {posts:6d} {np.mean(held):10.3f} {np.mean(best):9.3f} "
                f"{np.mean(following):10.3f} {np.mean(wide):10.2f} {nothing:8d}",
                flush=True,
            )


def million(accounts: int = 1_000_000, posts: int = 20_000_000) -> None:
    """Time and memory for very many, with times and with what is known of accounts."""
    rng = np.random.default_rng(1)
    share = rng.pareto(1.2, accounts) + 0.2
    author = rng.choice(accounts, posts, p=share / share.sum())
    u = rng.normal(1.0, 1.5, accounts)
    moved = rng.poisson(np.exp(np.minimum(u[author] + rng.normal(size=posts), 12))).astype(np.float64)
    when = rng.integers(1_500_000_000_000, 1_530_000_000_000, posts).astype(np.float64)
    known = pd.DataFrame(
        {"followers": np.exp(u + rng.normal(3, 1, accounts)).round(), "niche": rng.choice(list("abc"), accounts)}
    )
    ids = np.char.add("weibo:", np.arange(accounts).astype(str)).astype(object)
    before, began, busy = peak_mib(), time.perf_counter(), time.process_time()
    found = proven(ids, author, when, moved, known=known, seed=1)
    wall, busy = time.perf_counter() - began, time.process_time() - busy
    print(
        f"{accounts:,} accounts, {posts:,} posts: {wall:.1f} s, processor {busy:.1f} s, peak {peak_mib():,} MiB "
        f"({before:,} before, the data); {found}"
    )


def main() -> None:
    """Print every figure."""
    million()
    intervals()


if __name__ == "__main__":
    main()
