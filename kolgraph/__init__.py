"""kolgraph: real influence, water army with evidence, how it spread, and whom to book."""
