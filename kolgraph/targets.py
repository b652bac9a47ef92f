"""Files that are written for somebody: whole or not at all, for their owner only, and never over what is not ours.

Every file that a command writes comes through `atomic_path`, every temporary folder through `scratch`. What a process
that was killed left of either is removed by the next one that writes there, or by the next command (`sweep`).
"""

from __future__ import annotations

import csv
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kolgraph.errors import EnvironmentProblem, InputError, reason

#: Stands in the files that have a place for it, where their readers do not mind.
MARK = "written by kolgraph"
#: How much of a file is looked at for the mark, at either end.
_ENDS = 1 << 14
#: In a folder of this name that holds it, everything is the workspace's own.
TABLES = "workspace.duckdb"
#: Of temporary files and folders, before the number of the process that made them.
_PREFIX = "kolgraph-"


def marked(path: Path) -> bool:
    """Whether a file says that kolgraph wrote it."""
    with path.open("rb") as file:
        head = file.read(_ENDS)
        file.seek(max(0, path.stat().st_size - _ENDS))
        found = MARK.encode() in head + file.read()
    if found or not head.startswith(b"PK\3\4"):
        return found
    import zipfile

    with suppress(OSError, KeyError, ValueError, zipfile.BadZipFile), zipfile.ZipFile(path) as book:
        return MARK.encode() in book.read("docProps/core.xml")
    return False


def with_columns(columns: Sequence[str]) -> Callable[[Path], bool]:
    """A test for CSV, which has no place for a mark: whether a file has exactly these columns, or says it is ours."""

    def same(path: Path) -> bool:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            try:
                return next(csv.reader(iter(lambda: file.readline(_ENDS), "")), []) == list(columns)
            except csv.Error:
                return False

    return same


def check(target: Path, own: Callable[[Path], bool] = marked, *, within: bool = False) -> None:
    """Refuse a target that is no place for a file of ours.

    Parameters
    ----------
    target : Path
    own : callable
        Whether a file that is there was written by kolgraph, and so may be replaced. An empty file may be anyway.
    within : bool
        The file may lie inside a workspace.

    Raises
    ------
    InputError
        It is no name of a file, or a folder, a device or a link; it lies inside a workspace; or there is a file that
        kolgraph did not write.
    EnvironmentProblem
        It cannot be looked at.
    """
    if "\0" in str(target) or not target.name:
        raise InputError(f"{str(target)!r} is no file name")
    try:
        home = Path(os.path.realpath(target.parent))
        if not within and any((folder / TABLES).exists() for folder in (home, *home.parents)):
            raise InputError(f"{target}: lies inside a workspace, which keeps its own files; name another place")
        try:
            kind = target.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISDIR(kind):
            raise InputError(f"{target}: is a folder; give a file name")
        if stat.S_ISLNK(kind):
            raise InputError(f"{target}: is a link; name the file itself")
        if not stat.S_ISREG(kind):
            raise InputError(f"{target}: is no regular file; name a new file")
        if target.stat().st_size and not own(target):
            raise InputError(
                f"{target}: is there, and kolgraph did not write it like this; remove it, or name a new file"
            )
    except OSError as error:
        raise EnvironmentProblem(f"{target}: cannot write here ({reason(error)}); choose another place") from error


@contextmanager
def atomic_path(target: Path, own: Callable[[Path], bool] = marked, *, within: bool = False) -> Iterator[Path]:
    """A temporary path that becomes `target` when the block ends well, and vanishes when it does not; see `check`.

    The file is there, empty, and readable by its owner only. A writer that puts another one in its place keeps that.
    """
    check(target, own, within=within)
    sweep(target.parent, f".{_PREFIX}")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=_mine(f".{_PREFIX}"), suffix=target.suffix)
    except OSError as error:
        raise EnvironmentProblem(f"{target}: cannot write here ({reason(error)}); choose another folder") from error
    path = Path(name)
    try:
        with suppress(OSError):  # where nothing can be locked, the number of the process has to do
            _lock(handle)
        yield path
        path.chmod(0o600)
        to_disk(path)  # or, after a power cut, there is neither the old file nor the new one
        path.replace(target)
    except OSError as error:
        raise EnvironmentProblem(f"{target}: cannot be written ({reason(error)})") from error
    finally:
        discard(path)
        os.close(handle)


def discard(path: Path) -> None:
    """Remove a file or folder of ours, if it is there and can be removed: a clean-up must not hide why it is needed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


def to_disk(path: Path) -> None:
    """Have a file, or the names in a folder, written."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def scratch(folder: Path | None = None) -> Iterator[Path]:
    """A temporary folder for its owner only; by default among all temporary folders."""
    made = Scratch(folder)
    try:
        yield made.path
    finally:
        made.close()


class Scratch:
    """A temporary folder that lives until it is closed, or until the process ends and another one comes by."""

    def __init__(self, folder: Path | None = None) -> None:
        sweep(folder)
        try:
            self.path = Path(tempfile.mkdtemp(prefix=_mine(_PREFIX), dir=folder))
            self._handle = os.open(self.path, os.O_RDONLY)
            with suppress(OSError):
                _lock(self._handle)
        except OSError as error:
            place = folder or "the folder for temporary files (TMPDIR names another one)"
            raise EnvironmentProblem(f"{place}: cannot be written ({reason(error)})") from error

    def close(self) -> None:
        """Remove it; safe to call twice."""
        if self._handle >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._handle)
            self._handle = -1


def sweep(folder: Path | None = None, prefix: str = _PREFIX) -> None:
    """Remove what processes that are no more left in a folder, by default among all temporary folders.

    Only what this user owns, what carries the number of a process that is gone, and what nobody has locked: another
    machine, or a container with numbers of its own, may use the same folder.
    """
    with suppress(OSError), os.scandir(folder or tempfile.gettempdir()) as entries:
        for entry in entries:
            if not entry.name.startswith(prefix):
                continue
            process = entry.name.removeprefix(prefix).partition("-")[0]
            if process.isascii() and process.isdigit() and not is_alive(int(process)):
                with suppress(OSError):
                    _remove(Path(entry.path))


def _lock(handle: int) -> None:
    """Lock a file or folder as long as it is open, or this process lives; an error if somebody else has."""
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove(left: Path) -> None:
    if left.lstat().st_uid != os.geteuid():
        return
    handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        _lock(handle)
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()
    finally:
        os.close(handle)


def is_alive(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _mine(prefix: str) -> str:
    return f"{prefix}{os.getpid()}-"
