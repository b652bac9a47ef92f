"""``python -m tests.constructs [--write]``: ask both engines what every construct means, count, and pin it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from kolgraph.settings import Neo4jLogin
from tests.constructs.probe import Outcome, differs, embedded, load, outcome, same, save, server
from tests.constructs.texts import CONSTRUCTS
from tests.servers.neo4j import server as own


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m tests.constructs", description=__doc__)
    parser.add_argument("--write", action="store_true", help="pin what was found in snapshot.json")
    arguments = parser.parse_args()
    given = bool(os.environ.get("KOLGRAPH_NEO4J_URI"))
    absent = "" if given else own.missing()
    if absent and arguments.write:
        sys.exit(f"both engines are pinned together: {absent}")
    with ExitStack() as stack:
        engines = [stack.enter_context(embedded(Path(stack.enter_context(tempfile.TemporaryDirectory()))))]
        if not absent:
            login = Neo4jLogin.from_environment() if given else stack.enter_context(own.running()).login
            engines.append(stack.enter_context(server(login)))
        found: dict[str, dict[str, Outcome]] = {
            construct.name: {engine.name: outcome(engine, construct) for engine in engines} for construct in CONSTRUCTS
        }
        versions = {engine.name: engine.version for engine in engines}
    if arguments.write:
        save(versions, found)
    pinned = load()["constructs"]
    for engine, version in versions.items():
        changed = [n for n, one in found.items() if n not in pinned or not same(one[engine], pinned[n][engine])]
        print(f"{engine} {version}: {len(found)} constructs, {len(changed)} not as pinned", *changed, sep="\n  ")
    if not absent:
        for kind, n in sorted(Counter(differs(one) for one in found.values()).items()):
            print(f"{kind:10} {n:4}")


if __name__ == "__main__":
    main()
