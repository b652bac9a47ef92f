"""Mistakes that a careless colleague could make, and the tests that have to notice them.

``mistakes.toml`` lists them, one line of the program each, planted by somebody who wrote none of the other tests: what
is replaced by what, who would be misled and how, and where it has to be noticed. ``python -m tests.mutants`` plants one
after the other in a copy of the tree and says which were noticed; ``test_mistakes.py`` keeps the list true to the code.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mistake:
    """One line that is wrong.

    Attributes
    ----------
    file : str
        From the root of the repository.
    old, new : str
        What stands there, exactly once, and what is put in its place.
    misleads : str
        Who is misled, and how.
    tests : tuple of str
        What pytest is given: files that have to notice, or tests where a file takes long.
    noticed : str
        The test that did, when the list was last gone through; empty for one that survived.
    survives : str
        Why no test notices it; empty for all others.
    """

    file: str
    old: str
    new: str
    misleads: str
    tests: tuple[str, ...]
    noticed: str = ""
    survives: str = ""

    def plant(self, root: Path) -> None:
        """Make the mistake in a tree."""
        place = root / self.file
        text = place.read_text("utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: holds {text.count(self.old)} times, not once: {self.old!r}")
        place.write_text(text.replace(self.old, self.new), "utf-8")


def mistakes() -> list[Mistake]:
    """All of them, in the order of the list; the first has number 1."""
    listed = tomllib.loads((Path(__file__).parent / "mistakes.toml").read_text("utf-8"))["mistake"]
    return [Mistake(**{**entry, "tests": tuple(entry["tests"])}) for entry in listed]
