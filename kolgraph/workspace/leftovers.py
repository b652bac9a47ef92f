"""What processes that were killed leave in the folder of a workspace: copies of its rows, of no use to anybody."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

#: What the engine spills to disk; files and folders that were to take the place of others; answers half written.
_LEFT = ("spill", "*.new", "*.new.*", ".part-*", "unloading.*", "kolgraph-*", ".kolgraph-*")


def tidy(folder: Path) -> None:
    """Tidy the folder of a workspace that a command just opened: nobody else has it open, so this is of the dead."""
    for pattern in _LEFT:
        for left in list(folder.rglob(pattern)):
            _remove(left)


def _remove(left: Path) -> None:
    with suppress(OSError):  # on a medium that cannot be written it stays
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()
