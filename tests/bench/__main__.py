"""All benchmarks, or the named ones: ``python -m tests.bench [rmat] [load] ...``; figures go to stdout."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

HELPERS = {"__main__", "repost_csv", "repost_jsonl"}


def main() -> None:
    """Run the benchmarks in order of name."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    known = [name for name in found if name not in HELPERS and not name.startswith("test_")]
    for name in sys.argv[1:] or known:
        if name not in known:
            sys.exit(f"unknown benchmark {name!r}; known: {', '.join(known)}")
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main()


main()
