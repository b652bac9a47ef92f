"""Habits on good files: ``python -m tests.habits [--draws N] [--seed N] [--habit TEXT] [--good TEXT] ...``.

Prints how the draws of each habit ended, and every silent difference; exit 1 if there was one. Many cells are changed
in one load; they are `explained` together where the file is what they mean without the rejected rows, else looked at
alone, those first that are near a difference.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

from tests.habits.catalogue import HABITS, Named, draw, goods, meant, of_cells, pairs, several
from tests.habits.goods import Good
from tests.habits.oracle import Draw, Fact, Judge, Verdict, shown

KINDS = ("explained", "same", "meant", "rejected", "refused", "silent")


def main() -> int:
    """See above."""
    parser = argparse.ArgumentParser(prog="python -m tests.habits", description=__doc__)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--habit", default="", help="only those with this in their name")
    parser.add_argument("--good", default="", help="only files with this in their name")
    parser.add_argument("--known", type=Path, help="a file to keep what good files leave behind from run to run")
    parser.add_argument("--alone", action="store_true", help="one habit a file")
    args = parser.parse_args()
    random, begin, done = Random(args.seed), time.monotonic(), 0
    ended: dict[str, Counter[str]] = defaultdict(Counter)
    found: dict[str, set[str]] = defaultdict(set)
    chosen: dict[str, list[Good]] = defaultdict(list)
    for name, good in pairs():
        if args.habit in name and args.good in good.name:
            chosen[name].append(good)
    tabled = [good for good in goods() if good.rows and args.good in good.name]
    with tempfile.TemporaryDirectory() as folder, closing(Judge(Path(folder))) as judge:
        if args.known and args.known.exists():
            judge.known = pickle.loads(args.known.read_bytes())
        while done < args.draws and time.monotonic() - begin < args.seconds:
            if not (args.habit or args.alone) and random.random() < 0.5:
                good = random.choice(tabled)
                judged = blamed(judge, *several(good, random, found[good.name]))
            else:
                # Every habit as often as any other, whatever number of files it has.
                name = random.choice(list(chosen))
                one = draw(name, random.choice(chosen[name]), random)
                if one is None or pair(one) in found[one.good.name]:
                    continue
                judged = iter([(one, judge.judge(one))])
            for one, verdict in judged:
                done += 1
                ended[one.habits[0].partition(":")[0]][verdict.kind] += 1
                if verdict.kind == "silent" and pair(one) not in found[one.good.name]:
                    print(report(one, verdict), flush=True)
                    found[one.good.name].add(pair(one))
                if time.monotonic() - begin > args.seconds:
                    break
        if args.known:
            args.known.write_bytes(pickle.dumps(judge.known))
    print(f"{'habit':<40}" + "".join(f"{kind:>10}" for kind in KINDS))
    for name in HABITS:
        if ended[name]:
            print(f"{name:<40}" + "".join(f"{ended[name][kind]:>10}" for kind in KINDS))
    silent = sum(map(len, found.values()))
    print(f"{done} draws, {silent} pairs of habit and file with a silent difference, {time.monotonic() - begin:.0f} s")
    return 1 if silent else 0


def blamed(judge: Judge, good: Good, changes: list[Named]) -> Iterator[tuple[Draw, Verdict]]:
    """Every change with its verdict: all at once where they are explained together, else those that are near it."""
    if not changes:
        return
    whole = of_cells(good, changes)
    if len(changes) == 1:
        yield whole, judge.judge(whole)
        return
    wrong = judge.unexplained(good, whole.name, whole.data, meant(good, changes))
    if wrong is not None and not wrong:
        yield from ((of_cells(good, [change]), Verdict("explained")) for change in changes)
        return
    near = [change for change in changes if wrong and is_near(good, change, wrong)]
    if not 0 < len(near) <= len(changes) // 2:
        near = changes[: len(changes) // 2]
    yield from blamed(judge, good, near)
    yield from blamed(judge, good, [change for change in changes if change not in near])


def is_near(good: Good, named: Named, wrong: Iterable[Fact]) -> bool:
    """Whether facts speak of an account or post of the row that is changed, or of what is written there now."""
    _, change = named
    row = dict(zip(good.columns, good.rows[change.row], strict=True))
    ids = [cell for column, cell in row.items() if good.roles.get(column, "") in tuple("AaPpNnHB") and cell]
    return any(cell in text for cell in (*ids, str(change.value)) for fact in wrong for text in fact)


def pair(one: Draw) -> str:
    """Which habit, and of which column: found once in a file, it is told once and left alone."""
    return one.habits[0].rpartition(" of row ")[0] or one.habits[0]


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
