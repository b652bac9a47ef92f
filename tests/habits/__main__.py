"""Habits on good files, many times: ``python -m tests.habits [--draws N] [--seed N] [--habit TEXT] [--good TEXT]``.

Prints how the draws of each habit ended, and every silent difference; exit 1 if there was one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from random import Random

from tests.habits.catalogue import HABITS, draw, goods, pairs, several
from tests.habits.oracle import Draw, Judge, Verdict, shown

KINDS = ("same", "meant", "rejected", "refused", "silent")


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m tests.habits", description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--habit", default="", help="only those with this in their name")
    parser.add_argument("--good", default="", help="only files with this in their name")
    parser.add_argument("--alone", action="store_true", help="one habit a file")
    args = parser.parse_args()
    random, begin, done = Random(args.seed), time.monotonic(), 0
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    found: dict[tuple[str, str], tuple[Draw, Verdict]] = {}
    chosen = [(name, good) for name, good in pairs() if args.habit in name and args.good in good.name]
    tabled = [good for good in goods() if good.rows and args.good in good.name]
    with tempfile.TemporaryDirectory() as folder, closing(Judge(Path(folder))) as judge:
        while done < args.draws and time.monotonic() - begin < args.seconds:
            together = None
            if not (args.habit or args.alone) and random.random() < 0.6:
                together = several(random.choice(tabled), random)
            if together:
                whole, singles = together
                verdict = judge.judge(whole)
                done += len(singles)
                judged = [(one, verdict) for one in singles]
                if verdict.kind == "silent":
                    # A pair that was found before is counted, not looked at again.
                    known = [(one, found[key][1]) for one in singles if (key := pair(one)) in found]
                    judged = [(one, judge.judge(one)) for one in singles if pair(one) not in found]
                    if not known and all(v.kind != "silent" for _, v in judged):
                        judged.append((whole, verdict))
                    judged += known
            else:
                # Every habit as often as any other, whatever number of files it has.
                name = random.choice(sorted({n for n, _ in chosen}))
                one = draw(name, random.choice([g for n, g in chosen if n == name]), random)
                if one is None:
                    continue
                done += 1
                judged = [(one, judge.judge(one))]
            for one, verdict in judged:
                habit = one.habits[0].partition(":")[0]
                ended[habit][verdict.kind] += 1
                if verdict.kind == "silent":
                    if pair(one) not in found:
                        print(report(one, verdict), flush=True)
                    found.setdefault(pair(one), (one, verdict))
    print(f"{'habit':<40}" + "".join(f"{kind:>9}" for kind in KINDS))
    for name in HABITS:
        if ended[name]:
            print(f"{name:<40}" + "".join(f"{ended[name][kind]:>9}" for kind in KINDS))
    silent = sum(counter["silent"] for counter in ended.values())
    print(f"{done} draws, {silent} silent in {len(found)} pairs of habit and file, {time.monotonic() - begin:.0f} s")
    return 1 if found else 0


def pair(one: Draw) -> tuple[str, str]:
    """Which habit, or of which column, of which file: found once, it is told once."""
    return one.habits[0].rpartition(" of row ")[0] or one.habits[0], one.good.name


def report(one: Draw, verdict: Verdict) -> str:
    """A silent difference, with what is needed to see it again."""
    lines = [f"SILENT {one.good.name} ({one.good.form}): {'; '.join(one.habits)}"]
    if one.name != one.good.name:
        lines.append(f"  called {one.name}")
    lines.append(f"  options {dict(one.good.options)}")
    if verdict.more:
        lines.append(f"  came out: {shown(verdict.more)}")
    if verdict.fewer:
        lines.append(f"  is gone: {shown(verdict.fewer)}")
    lines.append(f"  said: {' | '.join(verdict.said)[:500]}")
    if one.good.form not in ("xlsx", "db") and not one.data.startswith(b"PK"):
        lines.append(f"  bytes: {one.data[:900]!r}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
