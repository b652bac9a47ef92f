"""Results: frozen answers that know how they were made, and files of tables."""

from kolgraph.results.result import Provenance, Result, Scores, best, digest

__all__ = ["Provenance", "Result", "Scores", "best", "digest"]
