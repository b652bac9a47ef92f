"""Spread: repost trees, their shape, who moved them, and how much of it was observed."""

from kolgraph.spread.cascades import Cascades
from kolgraph.spread.forest import measure_cascades

__all__ = ["Cascades", "measure_cascades"]
