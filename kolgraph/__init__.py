"""kolgraph: real influence, water army with evidence, how it spread, and whom to book."""

__version__ = "0.1.0"
