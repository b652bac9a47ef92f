"""What the documentation says is run: every example in a docstring, every command and Python block of the README."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import kolgraph

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
MODULES = [m.name for m in pkgutil.walk_packages(kolgraph.__path__, "kolgraph.") if not m.name.endswith("__main__")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kolgraph", *MODULES])
def test_docstring_examples_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


@pytest.mark.slow
def test_every_readme_command_succeeds(folder: Path) -> None:
    lines = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line)
        if words[0] == "make":  # running them here would run this test again: the target has to exist
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.M), line
            continue
        assert words[0] == "kolgraph", line
        done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.slow
def test_every_readme_python_block_runs() -> None:
    blocks = [block for kind, block in BLOCKS if kind == "python"]
    assert blocks
    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_readme_output_was_printed_by_the_program() -> None:
    # The shown tables come from a run: no placeholder is left, and the figures of the demo are its own.
    text = (ROOT / "README.md").read_text("utf-8")
    assert not re.findall(r"\b[A-Z]+_(?:OUTPUT|TABLE)\b", text)
    assert "precision" in text
