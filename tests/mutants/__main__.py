"""Plant every mistake in a copy of the tree, one at a time, and see whether a test notices.

``python -m tests.mutants --only 7 12`` plants these two. The work tree is never touched. First all tests that are named
run without a mistake: a test that fails anyway would notice everything.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.mutants import ROOT, Mistake, mistakes

#: What the program and its tests are made of. Compiled kernels come along: compiling them anew takes a minute.
TREE = ("kolgraph", "loaders", "cypher", "tests", "pyproject.toml", "README.md", "CHANGELOG.md", "Makefile")
PYTEST = [
    sys.executable,
    "-m",
    "pytest",
    "-x",
    "-q",
    "-rfE",
    "--tb=no",
    "-p",
    "no:cacheprovider",
    "-m",
    "not neo4j and not browser",
]
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
#: Exit states of pytest that say something about the program: all passed, some failed, could not be collected.
PASSED, NOTICED = 0, {1, 2}


def copy(folder: Path) -> Path:
    """The tree, in a folder of its own."""
    root = folder / "tree"
    root.mkdir()
    for name in TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, symlinks=True)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, root / name)
    return root


def run(tests: Iterable[str], seconds: float, mistake: Mistake | None = None) -> str:
    """The test that failed; "" if none did, and "nothing in time" if they took too long."""
    with tempfile.TemporaryDirectory(prefix="kolgraph-mutants.") as folder:
        root = copy(Path(folder))
        if mistake is not None:
            mistake.plant(root)
        # Before what is installed, which may be the work tree itself.
        around = os.environ | {"PYTHONPATH": str(root), "TMPDIR": folder}
        around.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            done = subprocess.run(
                [*PYTEST, *tests], cwd=root, env=around, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return "nothing in time"
    if done.returncode == PASSED:
        return ""
    found = FAILED.findall(done.stdout)
    if done.returncode not in NOTICED or not found:
        raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return str(found[0]).removeprefix("tests/")


def main() -> int:
    """Plant them; returns 0 if only those survive of which the list says so."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="these numbers; all by default")
    parser.add_argument("--seconds", type=float, default=600, help="the longest that the tests of one mistake may take")
    parser.add_argument("--unchecked", action="store_true", help="do not run the tests without a mistake first")
    given = parser.parse_args()
    chosen = [(i, m) for i, m in enumerate(mistakes(), 1) if given.only is None or i in given.only]
    if not given.unchecked:
        named = sorted({test for _, mistake in chosen for test in mistake.tests})
        if failed := run(named, given.seconds * len(named)):
            print(f"without any mistake: {failed} fails")
            return 2
    caught, unexpected = 0, 0
    for number, mistake in chosen:
        by = run(mistake.tests, given.seconds, mistake)
        survived = by in ("", "nothing in time")
        caught += not survived
        unexpected += survived and not mistake.survives
        said = f"SURVIVED ({by or mistake.survives or 'unexpectedly'})" if survived else f"caught by {by}"
        print(f"{number:3} {mistake.file}: {mistake.misleads}: {said}", flush=True)
    print(f"{len(chosen)} planted, {caught} caught, {len(chosen) - caught} survived ({unexpected} unexpectedly)")
    return int(unexpected > 0)


if __name__ == "__main__":
    sys.exit(main())
