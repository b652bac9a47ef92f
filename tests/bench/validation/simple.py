"""Forecasts of the simple kind, which others have to beat: means of the past, shrunk to what is known of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.bench.validation.metrics import F64, Told

I64 = NDArray[np.int64]

#: Normal quantile of a two-sided 90 % interval.
Z90 = 1.6448536269514722


def variances(author: I64, logs: F64) -> tuple[float, float]:
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


def shrunk(author: I64, logs: F64, prior: F64, *, weight: F64 | None = None) -> Told:
    """The prior of every account, moved towards its posts the more the more there are; normal intervals.

    Parameters
    ----------
    author : ndarray of int64, shape (p,)
        Row of the author of every post.
    logs : ndarray of float64, shape (p,)
        log(1 + reposts).
    prior : ndarray of float64, shape (n,)
        What is expected of an account without posts.
    weight : ndarray of float64, shape (p,), optional
        How much a post counts; 1 each by default.
    """
    residual = logs - prior[author]
    within, between = variances(author, residual)
    counts = np.ones(logs.size) if weight is None else weight
    much = np.bincount(author, weights=counts, minlength=prior.size) + within / between
    log = prior + np.bincount(author, weights=counts * residual, minlength=prior.size) / much
    half = Z90 * np.sqrt(within + within / much)
    return Told(log, log, np.floor(np.expm1(np.maximum(log - half, 0))), np.ceil(np.expm1(np.maximum(log + half, 0))))


def line(x: F64, author: I64, logs: F64) -> F64:
    """What a number that is known of accounts says of their posts, by least squares; of those without it the mean."""
    known = np.isfinite(x[author])
    slope, start = np.polyfit(x[author][known], logs[known], 1) if np.ptp(x[author][known]) > 0 else (0.0, logs.mean())
    return np.where(np.isfinite(x), start + slope * x, logs.mean())
