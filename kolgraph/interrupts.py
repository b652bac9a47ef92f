"""Ctrl-C: always 130, never in the middle of what cannot be broken off."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from kolgraph.errors import ON_COMMAND_LINE

#: Exit code of a command that was interrupted.
INTERRUPTED = 130


@contextmanager
def noted() -> Iterator[list[int]]:
    """Collect Ctrl-C in a list, beside raising `KeyboardInterrupt`.

    Libraries turn that into errors of their own: an engine into ``Query interrupted``, an import into half a module.
    """
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    with _handling(note):
        yield seen


@contextmanager
def held() -> Iterator[None]:
    """Ctrl-C waits for the end of the block; the second one does not.

    For igraph, which calls our random numbers from the middle of its own memory: broken off there, it frees what it
    does not own, and the process aborts. Python runs handlers in the main thread only; elsewhere nothing is to be done.
    """
    waiting: list[FrameType | None] = []

    def wait(number: int, frame: FrameType | None) -> None:
        if waiting and ON_COMMAND_LINE.get():
            os._exit(INTERRUPTED)
        waiting.append(frame)

    with _handling(wait) as before:
        yield
    if waiting and callable(before):
        before(signal.SIGINT, waiting[0])


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[object]:
    if threading.current_thread() is not threading.main_thread():
        yield None
        return
    before = signal.getsignal(signal.SIGINT)
    if before in (None, signal.SIG_IGN):  # somebody else's, or of a command in the background
        yield None
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield before
    finally:
        signal.signal(signal.SIGINT, before)
