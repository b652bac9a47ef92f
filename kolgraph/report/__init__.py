"""The report: one HTML file with pictures and tables that opens anywhere, without a network."""

from kolgraph.report.build import write_report

__all__ = ["write_report"]
