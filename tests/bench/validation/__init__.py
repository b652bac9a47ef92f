"""Does influence tell what comes next? Forecasts from what was known, on real accounts, beside followers and the past.

``python -m tests.bench validation [ced] [lowcred] [weibo]``. Nothing here knows the future: every forecast is made from
posts and reposts before the moment it is about.
"""

from __future__ import annotations

import importlib

#: The sets of real accounts, each a module with a ``main``.
PARTS = ("ced", "weibo")


def main(*parts: str) -> None:
    """Print the tables of all sets, or of the named ones."""
    for part in parts or PARTS:
        importlib.import_module(f"tests.bench.validation.{part}").main()
