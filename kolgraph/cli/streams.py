"""Standard streams as shells hand them over: closed, full, cut off by ``head``, or in an encoding of long ago."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

from kolgraph.errors import EnvironmentProblem, reason

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Patient(io.RawIOBase):
    """A stream that nobody may read any more: what is done goes on and is done, and the rest is written to nowhere.

    Parameters
    ----------
    fd : int
    wanted : bool
        Whether it is an error that what is written cannot be kept: of answers, not of what is said beside them.
    """

    def __init__(self, fd: int, *, wanted: bool) -> None:
        self._fd = fd
        self._wanted = wanted

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def fileno(self) -> int:
        """Number of the stream."""
        return self._fd

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._fd)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write as much as there is room for."""
        try:
            return os.write(self._fd, data)
        except OSError as error:
            _to_nowhere(self._fd)
            if self._wanted and error.errno != errno.EPIPE:
                raise EnvironmentProblem(f"the answer cannot be written ({reason(error)})") from error
            return memoryview(data).nbytes


def guard() -> None:
    """Make the standard streams patient; those that somebody else put in their place stay as they are.

    A closed stream is opened to nowhere: its number would go to the next file that is opened, a workspace perhaps.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            _to_nowhere(fd)
    for fd, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__") and not isinstance(getattr(stream, "buffer", None), _Guarded):
            raw = Patient(fd, wanted=name == "stdout")
            encoding = stream.encoding if stream else "utf-8"
            # What an encoding cannot hold is visible rather than an error.
            fresh = io.TextIOWrapper(
                _Guarded(raw), encoding, "backslashreplace", line_buffering=fd == 2 or raw.isatty()
            )
            setattr(sys, name, fresh)


def is_guarded() -> bool:
    """Whether this process has its streams for itself, as a command has and a test has not."""
    return isinstance(getattr(sys.stdout, "buffer", None), _Guarded)


class _Guarded(io.BufferedWriter):
    """The buffer of a stream of ours."""


def _to_nowhere(fd: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != fd:
        os.dup2(nowhere, fd)
        os.close(nowhere)
