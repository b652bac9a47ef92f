"""The list of planted mistakes fits the code it is about, and says of each what became of it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.mutants import ROOT, Mistake, mistakes

ALL = mistakes()


@pytest.mark.parametrize("mistake", ALL, ids=lambda m: m.file)
def test_what_is_replaced_stands_there_once_and_stays_python(mistake: Mistake, tmp_path: Path) -> None:
    text = (ROOT / mistake.file).read_text("utf-8")
    assert text.count(mistake.old) == 1
    copy = tmp_path / mistake.file
    copy.parent.mkdir(parents=True)
    copy.write_text(text, "utf-8")
    mistake.plant(tmp_path)
    assert copy.read_text("utf-8") != text
    ast.parse(copy.read_text("utf-8"))


@pytest.mark.parametrize("mistake", ALL, ids=lambda m: m.file)
def test_what_has_to_notice_is_there(mistake: Mistake) -> None:
    for said in [*mistake.tests, *([f"tests/{mistake.noticed}"] if mistake.noticed else [])]:
        file, _, name = said.partition("::")
        text = (ROOT / file).read_text("utf-8")
        if name:
            assert re.search(rf"^def {re.escape(name.partition('[')[0])}\(", text, re.MULTILINE), said


def test_every_mistake_is_another_one_and_was_noticed_or_says_why_not() -> None:
    assert max(Counter((m.file, m.old, m.new) for m in ALL).values()) == 1
    assert all(bool(m.noticed) != bool(m.survives) for m in ALL)
    assert len(ALL) >= 40
    assert sum(bool(m.noticed) for m in ALL) >= max(38, round(0.95 * len(ALL)))
