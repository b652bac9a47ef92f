"""Whom to book: the KOL combination with the largest real reach under budget and count, with a certificate."""

from kolgraph.planning.calibrate import calibrated, campaign, factors
from kolgraph.planning.plan import Plan, plan
from kolgraph.planning.pool import Pool, sample_pool

__all__ = ["Plan", "Pool", "calibrated", "campaign", "factors", "plan", "sample_pool"]
