"""A workspace that is made: whole or not at all, by one process at a time, and taken away if nothing came into it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph import settings
from kolgraph.errors import StoreBusy
from kolgraph.targets import discard, to_disk
from kolgraph.workspace.handle import connect
from kolgraph.workspace.layout import lay_out_new
from kolgraph.workspace.names import count

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

#: The file of tables in the folder.
FILE = "workspace.duckdb"
#: What it is called until it is whole.
_PART = f"{FILE}.part"
#: What a process leaves that is killed while it makes one.
LEFTOVERS = (_PART, f"{_PART}.wal")
#: What a process leaves that is killed while it loads, answers, forgets or unloads.
_LEFT = ("spill", "*.new", "*.new.*", ".part-*", "unloading.*", "kolgraph-*", ".kolgraph-*")
#: Rows in one of them are a reason to keep a workspace.
_KEPT = ("batches", "forgotten", "runs", "accounts")

BUSY = "another process has it open; wait for it, then run again"


def is_there(file: Path) -> bool:
    """Whether there is a workspace; an empty file was left by an earlier version that was killed."""
    return file.exists() and file.stat().st_size > 0


@contextmanager
def alone(folder: Path, deadline: float) -> Iterator[bool]:
    """Hold the lock of a folder, which goes with the process; false if the folder was taken away meanwhile.

    Raises
    ------
    StoreBusy
        Another process holds it until the deadline.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        _lock(handle, folder, deadline)
        yield folder.exists() and os.path.samestat(folder.stat(), os.fstat(handle))
    finally:
        _unlock(handle)  # a process that was forked meanwhile holds the same
        os.close(handle)


def _lock(handle: int, folder: Path, deadline: float) -> None:
    import fcntl

    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise StoreBusy(f"{folder}: {BUSY}") from error
            time.sleep(0.02)
        except OSError:  # a file system without locks: on such a one the engine has none either
            return None


def _unlock(handle: int) -> None:
    import fcntl

    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_UN)


def make(file: Path) -> None:
    """Make an empty workspace beside the place where it belongs, and put it there; the lock of the folder is held."""
    part = file.with_name(_PART)
    _sweep(file.parent)
    try:
        connection = connect(part)
        try:
            settings.private(part)
            connection.execute("BEGIN")
            lay_out_new(connection)
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")  # all of it in the one file
        finally:
            connection.close()
        to_disk(part)
        part.replace(file)
        to_disk(file.parent)
    finally:
        _sweep(file.parent)


def _sweep(folder: Path) -> None:
    """Remove what makers left that are dead: one that lives would hold the lock."""
    for name in LEFTOVERS:
        discard(folder / name)


def sweep_dead(folder: Path) -> None:
    """Remove what processes left that were killed at work: nobody else has the workspace open."""
    for pattern in _LEFT:
        for left in list(folder.rglob(pattern)):
            discard(left)


class Making:
    """What is not there before a workspace is opened: its file, and folders above it."""

    def __init__(self, file: Path) -> None:
        self.file, self.new = file, False
        self.folders: list[Path] = []
        with suppress(OSError):  # what cannot be looked into is not made either
            self.new = not is_there(file)
            self.folders = [folder for folder in file.absolute().parents if not folder.exists()]

    def undo(self, connection: Connection | None) -> None:
        """Remove what was made since, if nothing was put into it; `connection` is closed in any case.

        Without a connection, because opening failed, there is no file of ours.
        """
        import duckdb

        try:
            with alone(self.file.parent, time.monotonic() + settings.BUSY_WAIT_S):
                if connection is not None and self.new and self.file.exists() and _is_empty(connection):
                    self.file.unlink()  # while it is locked: whoever waits for it finds that it is gone
                    connection.close()
                    discard(self.file.with_name(f"{self.file.name}.wal"))
                    discard(self.file.parent / "spill")
                for folder in self.folders:  # the innermost first
                    folder.rmdir()
        except (duckdb.Error, OSError, StoreBusy):
            return  # an empty workspace does no harm; or somebody else put something there
        finally:
            if connection is not None:
                connection.close()


def _is_empty(connection: Connection) -> bool:
    return not any(count(connection, f"SELECT count(*) FROM {table}") for table in _KEPT)
