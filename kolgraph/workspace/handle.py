"""The open file of a workspace, which belongs to the process that opened it: the engine knows nothing of forks."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from kolgraph import settings
from kolgraph.errors import StoreError
from kolgraph.workspace.macros import Macros

if TYPE_CHECKING:
    import duckdb

    from kolgraph.targets import Scratch

_HOW = "open it there with Workspace.open, in a process that was not forked from this one while it was open (spawn)"


class Handle:
    """A connection, and who may use it.

    Attributes
    ----------
    unwritable : str
        Why the file can only be read; empty where it can be written.
    spill : Scratch, optional
        A folder that goes when the file is closed.
    macros : Macros
        Those of the connection.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        file: Path,
        *,
        unwritable: str = "",
        spill: Scratch | None = None,
    ) -> None:
        self._connection, self.unwritable, self._spill = connection, unwritable, spill
        self.file = file.resolve()
        #: Whether it was made just now: there is nothing in it that is not ours.
        self.new = False
        #: Whether nobody else, in this process either, has the file open for writing.
        self.first = not unwritable and not is_open_here(file)
        self.open = True
        self.macros = Macros()
        _HANDLES.add(self)

    def check(self) -> None:
        """Refuse a process that was forked from the one that opened the file.

        Raises
        ------
        StoreError
            What this process wrote would undo what that one writes.
        """
        if self in _INHERITED:
            raise StoreError(f"{self.file.parent}: was opened before this process was forked; {_HOW}")

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection; see `check`."""
        self.check()
        return self._connection

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self not in _INHERITED:
            self.open = False
            self._connection.close()
            if self._spill is not None:
                self._spill.close()


def connect(file: Path, *, read_only: bool = False, spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open a file with the limits of a workspace, and without anything the engine would fetch from elsewhere."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.WORKSPACE_MEMORY,
        "temp_directory": str(spill or file.absolute().parent / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    # Absolute: what stands before a colon would be the name of an engine (a:b.kol).
    connection = duckdb.connect(str(file.absolute()), read_only=read_only, config=config)
    with suppress(duckdb.Error):  # in a notebook without ipywidgets there is no progress bar, and saying so is an error
        connection.execute("SET enable_progress_bar = false")
    return connection


_HANDLES: WeakSet[Handle] = WeakSet()
#: In a process that was forked: what its parent had open. It is never closed here, for closing writes.
_INHERITED: set[Handle] = set()


def is_open_here(file: Path) -> bool:
    """Whether this process has the file open."""
    return any(handle.open and handle.file == file.resolve() for handle in list(_HANDLES))


def refuse_inherited(file: Path) -> None:
    """Refuse to open what the parent had open: the engine would go on with its copy of the parent's memory."""
    if any(handle.file == file.resolve() for handle in _INHERITED):
        raise StoreError(f"{file.parent}: was open when this process was forked; {_HOW}")


def _after_fork() -> None:
    for handle in list(_HANDLES):
        if handle.open:
            _INHERITED.add(handle)
            # One reference too many, so that not even the end of the process closes it.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle._connection))


os.register_at_fork(after_in_child=_after_fork)
