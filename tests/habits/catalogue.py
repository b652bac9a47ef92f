"""Every habit, and one drawn application of it to a good file. See `oracle` for what may become of that."""

from __future__ import annotations

from collections.abc import Container
from functools import cache
from random import Random

from tests.habits import cells, files, tables
from tests.habits.cells import Cells, Change
from tests.habits.goods import GOODS, Good, grown, samples
from tests.habits.oracle import Draw
from tests.habits.tables import Whole

#: Name -> habit.
HABITS: dict[str, Cells | Whole] = {
    habit.name: habit
    for habit in (*cells.HABITS, *tables.HABITS, *tables.OBJECT_HABITS, *files.FILE_HABITS, *files.SHEET_HABITS)
}
#: How often a habit is tried to find a cell, before it counts as having none in a file.
TRIES = 6
#: How often the rows of a file are in one that is loaded for many habits at once.
TIMES = 48


@cache
def goods() -> tuple[Good, ...]:
    """All good files: ours, and the samples of ../shared where they are there."""
    return (*GOODS, *samples())


def draw(name: str, good: Good, random: Random) -> Draw | None:
    """A habit applied to a file; None where the file has nothing of that kind."""
    habit = HABITS[name]
    for _ in range(TRIES):
        if isinstance(habit, Cells):
            if not good.rows:
                return None
            change = habit.changes(good, random.randrange(len(good.rows)), random)
            if change is not None:
                return of_cells(good, [(name, change)])
        else:
            if good.form not in habit.forms:
                return None
            made = habit.make(good, random)
            if made is not None:
                also = tuple(m if isinstance(m, tuple) else (m, made.told) for m in made.also)
                return Draw(good, (name,), made.name or good.name, made.data, made.rows, also)
    return None


def of_cells(good: Good, changes: list[tuple[str, Change]]) -> Draw:
    """Changes of cells of several rows in one file."""
    also = []
    for _, change in changes:
        also += [(good.cell(change.row, change.column, text), change.words) for text in change.instead]
        also.append((good.cell(change.row, change.column, ""), ("partly",)))
    return Draw(
        good,
        tuple(f"{name}: {change.column} of row {change.row + 1} = {change.value!r}" for name, change in changes),
        good.name,
        cells.written(good, [change for _, change in changes]),
        frozenset(change.row for _, change in changes),
        tuple(also),
        any(change.never for _, change in changes),
        tuple(change.alias for _, change in changes if change.alias),
    )


#: A habit and the cell that it changes.
Named = tuple[str, Change]


def several(good: Good, random: Random, leave: Container[str] = ()) -> tuple[Good, list[Named]]:
    """Habits of cells in many rows at once, because a load takes as long with one as with many; not those to leave."""
    good = wide(good)
    changes: list[Named] = []
    for row in range(len(good.rows)):
        names = [h for h in cells.HABITS if good.form in h.forms and not h.never and not h.stranger]
        random.shuffle(names)
        change = next(((h.name, c) for h in names[:TRIES] if (c := h.changes(good, row, random)) is not None), None)
        if change is not None and f"{change[0]}: {change[1].column}" not in leave:
            changes.append(change)
    return good, changes


def meant(good: Good, changes: list[Named]) -> Good:
    """What a file most likely means with these cells."""
    for _, change in changes:
        if change.instead:
            good = good.cell(change.row, change.column, change.instead[0])
    return good


@cache
def wide(good: Good) -> Good:
    """A file with so many rows that one load tries more than a hundred cells."""
    return grown(good, TIMES)


@cache
def pairs() -> tuple[tuple[str, Good], ...]:
    """Every habit with every file of a form that has it, and cells of the kind."""
    return tuple((name, good) for name, habit in HABITS.items() for good in goods() if _fits(habit, good))


def _fits(habit: Cells | Whole, good: Good) -> bool:
    if not isinstance(habit, Cells):
        return good.form in habit.forms
    return any(habit.changes(good, row, Random(seed)) for row in range(len(good.rows)) for seed in range(TRIES))
