"""The report: one HTML file with pictures and tables that opens anywhere, without a network."""

from kolgraph.report.build import report

__all__ = ["report"]
