"""Opening the file of a workspace: waiting for others, writing nothing, and an engine's error as one line of ours."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, StoreBusy, StoreError, reason
from kolgraph.targets import Scratch
from kolgraph.workspace.handle import Handle, connect, is_open_here, refuse_inherited
from kolgraph.workspace.making import BUSY, FILE, LEFTOVERS, alone, is_there, make

#: Why a file cannot be written that perhaps can be read.
_UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: In the folder of a workspace.
_NO_LINKS = (FILE, f"{FILE}.wal", "cache", "answers", "spill")


def open_file(file: Path, *, create: bool) -> Handle:
    """Open a workspace's file, waiting a while for another process to finish; made, whole, if there is none.

    Raises
    ------
    InputError
        There is none, and `create` is false; or what is there is no workspace.
    EnvironmentProblem
        It cannot be read, or not be made.
    StoreBusy
        Another process has it open for longer than `settings.BUSY_WAIT_S`.
    """
    folder, deadline = file.parent, time.monotonic() + settings.BUSY_WAIT_S
    try:
        _look(folder, file, create=create)
        refuse_inherited(file)
        while True:
            if create:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Whoever makes the file or takes it away holds the same lock: what is seen here stays until it is open.
            with alone(folder, deadline) as held, translating(file):
                new = held and create and not is_there(file)
                if new:
                    make(file)
                if held and is_there(file) and (handle := _connected(file)):
                    handle.new = new
                    return handle
            if not create and not is_there(file):
                raise _nothing_in(folder)
            if time.monotonic() > deadline:
                raise StoreBusy(f"{folder}: {BUSY}")
            time.sleep(0.1)
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be made or looked into ({reason(error)})") from error


def _look(folder: Path, file: Path, *, create: bool) -> None:
    """Refuse a folder that is none, or that is one of other things."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{folder}: this name is not UTF-8, and the engine opens no such file; rename it") from error
    there = is_there(file)
    if not there and not create:
        raise _nothing_in(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; a workspace is a folder, for example acme.kol")
    for name in _NO_LINKS:  # what we write, tidy or remove must lie in the folder, wherever that came from
        if (folder / name).is_symlink():
            raise InputError(f"{folder / name}: is a link; a workspace holds its own files: put them there")
    ours = {"cache", file.name, *LEFTOVERS}
    if folder.is_dir() and not there and any(path.name not in ours for path in folder.iterdir()):
        raise InputError(f"{folder}: this folder holds other things; name a new folder, for example acme.kol")


def _nothing_in(folder: Path) -> InputError:
    return InputError(f"{folder}: no workspace here; make one with: kolgraph load {folder} FILE...")


def _connected(file: Path) -> Handle | None:
    """Open the file, only to read it where it cannot be written; None while another process has it open."""
    import duckdb

    # An engine that is given another one's file looks for an extension that reads it. Where it is open in this process
    # that was looked at; and to close a file here, by any name, would give up the lock of the engine.
    if not is_open_here(file) and not _is_ours(file):
        raise InputError(f"{file}: is not a workspace of this version (it holds something else)")
    try:
        return Handle(connect(file), file)
    except duckdb.IOException as error:
        # What the engine says, without the name of the file: that may be called like an error.
        said = str(error).replace(str(file.absolute()), "")
        reason = next((os.strerror(code) for code in _UNWRITABLE if os.strerror(code) in said), "")
        if "Conflicting lock is held" in said:
            return None
        if not reason:
            raise
        spill = Scratch()  # beside the file there is no place for it
        try:
            return Handle(connect(file, read_only=True, spill=spill.path), file, unwritable=reason, spill=spill)
        except duckdb.Error:
            spill.close()
        raise EnvironmentProblem(f"{file}: {reason.lower()}; it can neither be written nor read here") from error


def _is_ours(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(12)[8:] == b"DUCK"


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Errors of the engine in this block as ours."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise translated(error, path) from error


def only_read(path: Path, why: str = "") -> EnvironmentProblem:
    """What changes a workspace is refused where it cannot be written."""
    because = f" ({why.lower()})" if why else ""
    return EnvironmentProblem(
        f"{path}: can only be read here{because}; make room, or copy it to a place where you may write"
    )


def translated(error: Exception, path: Path) -> KolgraphError:
    """An engine's error as one line of ours."""
    import duckdb

    text = str(error).splitlines()[0][:300]
    if "attached in read-only mode" in text:
        return only_read(path)
    if isinstance(error, duckdb.OutOfMemoryException):
        more = "raise its limit (ulimit -v)" if "bad allocation" in text else "give more with KOLGRAPH_MEMORY=4GB"
        return EnvironmentProblem(f"{path}: out of memory ({text}); {more}")
    if "not a valid DuckDB database" in text or isinstance(error, duckdb.SerializationException):
        return InputError(f"{path}: is not a workspace of this version ({text})")
    if "gzip" in text.lower():
        return InputError(f"the compressed file is damaged or cut off ({text})")
    if isinstance(error, duckdb.IOException) or "too large" in text.lower() or "No space left" in text:
        folder = next(p for p in (path, *path.absolute().parents) if p.is_dir())
        free = shutil.disk_usage(folder).free
        # The engine may say it in one message inside another one.
        why = next((os.strerror(code) for code in _UNWRITABLE if os.strerror(code) in text), text)
        return EnvironmentProblem(f"{path}: cannot be read or written ({why}); {free / 1e6:,.0f} MB free")
    if isinstance(error, duckdb.DataError | duckdb.ProgrammingError):
        return InputError(f"{path}: {text}")
    return StoreError(f"{path}: {text}")
