"""All benchmarks, or the named ones: ``python -m tests.bench [rmat] [load] ...``; figures go to stdout.

Behind the name of a benchmark may stand those of its parts: ``python -m tests.bench validation weibo``.
"""

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
    asked: dict[str, list[str]] = {}
    for word in sys.argv[1:] or known:
        before = next(reversed(asked), None)
        if word in known:
            asked[word] = []
        elif before and word in getattr(importlib.import_module(f"tests.bench.{before}"), "PARTS", ()):
            asked[before].append(word)
        else:
            sys.exit(f"unknown benchmark {word!r}; known: {', '.join(known)}")
    for name, parts in asked.items():
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main(*parts)


main()
