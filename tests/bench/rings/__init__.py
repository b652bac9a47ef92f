"""Rings hidden in real graphs, and graphs in which nothing was hidden: who is accused, and who should be.

``python -m tests.bench rings [injected] [clean] [shuffled] [bought] [calibrate]``.
"""

from __future__ import annotations

import importlib

PARTS = ("injected", "clean", "shuffled", "bought", "calibrate")


def main(*parts: str) -> None:
    """Print the tables of all parts but the calibration, or of the named ones."""
    for part in parts or PARTS[:-1]:
        importlib.import_module(f"tests.bench.rings.{part}").main()
