"""Run the property tests on new examples, round after round, until one fails or time is up.

``python -m tests.explore --seconds 600``; what stands behind ``--`` goes to pytest, for example a file.
"""

from __future__ import annotations

import argparse
import math
import random
import subprocess
import sys
import time

PYTEST = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-m", "hypothesis"]


def main() -> int:
    """Explore; returns the exit status of the round that failed, or 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__)
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no round after so long")
    parser.add_argument("pytest", nargs="*", help="more for pytest")
    given = parser.parse_args()
    begin = time.monotonic()
    while time.monotonic() - begin < given.seconds:
        seed = random.randrange(1 << 32)
        print(f"round with --hypothesis-profile=explore --hypothesis-seed={seed}", flush=True)
        options = ["--hypothesis-profile=explore", f"--hypothesis-seed={seed}"]
        done = subprocess.run([*PYTEST, *options, *given.pytest], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
