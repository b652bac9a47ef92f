"""Posteriors of counts against integrals taken in other ways, and against a Gaussian process where it is one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gammaln

from kolgraph.influence.countmodel import NEGATIVE_BINOMIAL, POISSON_LOGNORMAL, CountModel, Counts
from kolgraph.kernels.counts import LARGE, _lgamma, poisson_lognormal

F64 = NDArray[np.float64]
#: A fine grid of locations, and of the noise of a Poisson-lognormal count.
U = np.arange(-14, 16, 0.02)
CASES = ([0, 0, 0], [5], [0, 3, 40], [12, 9, 30, 2], [63, 64, 65], [800, 20_000])


def of(*accounts: list[int], days: list[list[float]] | None = None) -> Counts:
    sizes = [len(y) for y in accounts]
    day = [0.0] * sum(sizes) if days is None else [d for one in days for d in one]
    flat = np.array([float(y) for one in accounts for y in one])
    return Counts(np.cumsum([0, *sizes]).astype(np.int64), flat, np.array(day))


def likelihood(model: CountModel, y: float) -> F64:
    """Of one count at every location of U, by sums over a grid of log rates or by scipy."""
    if model.family == NEGATIVE_BINOMIAL:
        k = 1 / model.dispersion**2
        return np.asarray(stats.nbinom.pmf(y, k, k / (k + np.exp(U))))
    e = np.linspace(-8, 8, 1001)
    rate = np.exp(U[:, None] + model.dispersion * e)
    poisson = np.exp(y * np.log(rate) - rate - gammaln(y + 1))
    return np.asarray(poisson @ stats.norm.pdf(e) * (e[1] - e[0]))


def by_grid(model: CountModel, counts: list[int], prior: float) -> tuple[float, F64]:
    """Log evidence, and the posterior on U."""
    density = stats.norm.pdf(U, prior, model.between**0.5)
    for y in counts:
        density = density * likelihood(model, y)
    total = density.sum() * 0.02
    return float(np.log(total)), density * 0.02 / total


@pytest.mark.parametrize("model", [
    CountModel(POISSON_LOGNORMAL, 2.0, 0.8), CountModel(NEGATIVE_BINOMIAL, 2.0, 0.8),
    CountModel(NEGATIVE_BINOMIAL, 0.3, 1.8)])  # fmt: skip
def test_evidence_and_posterior_are_those_of_a_fine_grid(model: CountModel) -> None:
    counts, prior = of(*CASES), np.full(len(CASES), 1.7)
    evidence = model.evidence(counts, prior)
    found = model.posterior(counts, prior, np.zeros(len(CASES)), outside=0.1)
    shift = float(model.shift[0])
    for i, case in enumerate(CASES):
        expected, density = by_grid(model, case, 1.7)
        assert evidence[i] == pytest.approx(expected, abs=0.02 * len(case)), case
        mean = density @ U
        assert found[i, 0] == pytest.approx(mean, abs=0.01), case
        assert found[i, 1] == pytest.approx(density @ (U - mean) ** 2, rel=0.03), case
        for column, share in zip(found[i, 2:5], (0.025, 0.5, 0.975), strict=True):
            assert column - shift == pytest.approx(np.interp(share, np.cumsum(density), U), abs=0.05), case
        assert found[i, 5] - shift == pytest.approx(np.log(density @ np.exp(U)), abs=0.03), case


@pytest.mark.parametrize("family", [POISSON_LOGNORMAL, NEGATIVE_BINOMIAL])
def test_the_next_count_is_foretold_as_it_is_drawn(family: str) -> None:
    model = CountModel(family, 1.5, 0.7, spread=0.25)
    counts, prior = of([0, 1, 0], [30, 12, 45], [2000, 900]), np.full(3, 2.0)
    found = model.posterior(counts, prior, np.zeros(3), outside=0.1)
    rng = np.random.default_rng(3)
    u = rng.normal(found[:, 0], found[:, 1] ** 0.5, (100_000, 3))
    drawn = model.draw(u, rng)
    np.testing.assert_allclose(found[:, 6], np.log1p(drawn).mean(0), rtol=0.03, atol=0.03)
    inside = (drawn >= found[:, 7]) & (drawn <= found[:, 8])
    assert (np.abs(inside.mean(0) - 0.9) < 0.035)[1:].all()
    assert found[0, 7] == 0
    assert inside[:, 0].mean() >= 0.89  # whole numbers: the least interval from 0 on that holds as much


def test_large_counts_that_drift_are_a_gaussian_process() -> None:
    """Log counts of millions are normal: their covariance says how likely they are, and what is next."""
    model = CountModel(POISSON_LOGNORMAL, 2.0, 0.6, odds=1.5, memory=50.0)
    days, now = np.array([0.0, 10.0, 11.0, 90.0, 300.0]), 330.0
    y = np.array([3e6, 2e6, 8e6, 1e6, 9e6])
    counts = Counts(np.array([0, 5]), y, days)
    when = np.append(days, now)
    apart = np.abs(when[:, None] - when)
    covariance = 2.0 * (0.6 + 0.4 * np.exp(-apart / 50.0))
    seen = covariance[:5, :5] + (0.36 + 1 / y) * np.eye(5)
    z, prior = np.log(y), 14.0
    expected = stats.multivariate_normal.logpdf(z, np.full(5, prior), seen) - z.sum()
    # Days 10 and 11 are nearly one time: what is taken together differs by no more than TOGETHER of the variance.
    assert model.evidence(counts, np.array([prior]))[0] == pytest.approx(expected, abs=0.05)
    gain = np.linalg.solve(seen, covariance[:5, 5])
    found = model.posterior(counts, np.array([prior]), np.array([now]), outside=0.1)[0]
    assert found[0] == pytest.approx(prior + gain @ (z - prior), abs=0.02)
    assert found[1] == pytest.approx(2.0 - gain @ covariance[:5, 5], rel=0.03)


def test_what_does_not_drift_does_not_depend_on_time() -> None:
    model = CountModel(POISSON_LOGNORMAL, 2.0, 0.8)
    prior = np.array([1.0])
    together, apart = of([4, 9, 2]), of([4, 9, 2], days=[[0.0, 70.0, 900.0]])
    assert model.evidence(together, prior).tolist() == model.evidence(apart, prior).tolist()


def test_recent_posts_count_more_where_accounts_change() -> None:
    model, prior, now = (
        CountModel(POISSON_LOGNORMAL, 2.0, 0.5, odds=0.3, memory=60.0),
        np.array([2.0]),
        np.array([400.0]),
    )
    rising, falling = (of(y, days=[[0.0, 380.0]]) for y in ([2, 60], [60, 2]))
    assert (
        model.posterior(rising, prior, now, outside=0.1)[0, 0] > model.posterior(falling, prior, now, outside=0.1)[0, 0]
    )


def test_no_counts_leave_the_prior() -> None:
    for model in (
        CountModel(POISSON_LOGNORMAL, 1.2, 0.5),
        CountModel(NEGATIVE_BINOMIAL, 1.2, 0.5, odds=1.0, memory=9.0),
    ):
        found = model.posterior(of([]), np.array([0.7]), np.zeros(1), outside=0.1)[0]
        assert model.evidence(of([]), np.array([0.7]))[0] == pytest.approx(0, abs=1e-3)
        assert found[:2] == pytest.approx([0.7, 1.2], rel=0.01)
        spread = (found[4] - found[2]) / 2 / 1.959964
        assert spread == pytest.approx(1.2**0.5, rel=0.02)


def test_tables_are_probabilities_and_the_gamma_function_is_scipys() -> None:
    table = poisson_lognormal(-4.0, 0.1, 60, np.array([0.4, 1.5]))
    assert table.shape == (2, LARGE, 60)
    assert np.exp(table[:, :, :40]).sum(1)[0] == pytest.approx(1, abs=1e-6)  # rates up to 1: no count is above 63
    for x in (0.01, 0.7, 3.0, 25.5, 1e6):
        assert _lgamma(x) == pytest.approx(float(gammaln(x)), rel=1e-10, abs=1e-9)
