"""Results: frozen answers that know how they were made, and files of tables."""

from kolgraph.results.result import Result, Scores

__all__ = ["Result", "Scores"]
