"""How kernels are compiled, and where the machine code is kept: on any machine, also one where nothing can be kept.

numba keeps what it compiled beside the source, or in the home folder of the user, and gives up where it can write to
neither. Then a private folder among the temporary ones will do; failing that, every process compiles for itself. Never
a folder of a workspace: what is kept is machine code, and a workspace may come from somebody else.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache


class _Cache(FunctionCache):  # type: ignore[misc]
    """Machine code that is kept if it can be."""

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it; a full disk is no reason to have no answer."""
        try:
            super().save_overload(sig, data)
        except OSError:
            self.disable()


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """`numba.njit`, with what was compiled kept where there is a place for it."""

    def compiled(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        try:
            dispatcher._cache = _cache(function)
        except RuntimeError:  # nowhere: it is compiled in every process
            return dispatcher
        return dispatcher

    return compiled


def _cache(function: Callable[..., Any]) -> _Cache:
    try:
        return _Cache(function)
    except RuntimeError:
        if not (place := _private_folder()):
            raise
        numba.config.CACHE_DIR = str(place)
        return _Cache(function)


def _private_folder() -> Path | None:
    """A folder of this user alone: who could write into it could have us run anything."""
    try:
        place = Path(tempfile.gettempdir(), f"kolgraph.numba.{os.getuid()}")
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return place if ours else None
