"""What was opened, called and run, as the kernel saw it: witnesses of attacks."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest

#: Stands in every file that is not to be read.
SECRET = "precious-8131"


def targets(folder: Path) -> Path:
    """A folder of files that nobody but their owner may read or write."""
    from pyarrow import parquet, table

    folder.mkdir()
    (folder / "secret.csv").write_text(f"{SECRET}\n")
    (folder / "secret.json").write_text(f'[{{"a": "{SECRET}"}}]')
    parquet.write_table(table({"a": [SECRET]}), folder / "secret.parquet")
    (folder / "secret.npy").write_bytes(SECRET.encode())
    (folder / "evil.lbug_extension").write_bytes(b"\x7fELF")
    return folder


class Watch:
    """What Linux saw of a folder and its files: whoever opened, read, changed, made or removed something."""

    def __init__(self, folder: Path) -> None:
        self._kernel = ctypes.CDLL(None, use_errno=True)
        self._handle = self._kernel.inotify_init1(os.O_NONBLOCK)
        everything = 0xFFF
        assert self._kernel.inotify_add_watch(self._handle, os.fsencode(folder), everything) > 0

    def seen(self) -> set[str]:
        """Names of files since the last time."""
        found = set()
        with suppress(BlockingIOError):
            while True:
                content = os.read(self._handle, 1 << 16)
                while content:
                    length = int.from_bytes(content[12:16], "little")
                    found.add(content[16 : 16 + length].rstrip(b"\0").decode())
                    content = content[16 + length :]
        return found

    def close(self) -> None:
        os.close(self._handle)


class Listener:
    """Somebody who is not to be called: counts who does, and hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.calls = 0
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        with suppress(OSError):
            while True:
                self._socket.accept()[0].close()
                self.calls += 1

    def close(self) -> None:
        """End it: a socket that is only closed would go on waiting."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def absent(why: str) -> NoReturn:
    """End a test that has no witness: in the CI, which has them all, as a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(why)


@contextmanager
def traced(pid: int, log: Path, calls: str) -> Iterator[None]:
    """Write down system calls of a process and its threads, as ``strace -e trace=`` names them."""
    if not shutil.which("strace"):
        absent("no strace here: install it")
    command = ["strace", "-f", "-qq", "-e", f"trace={calls}", "-e", "signal=none", "-o", log, "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    try:
        while any("TracerPid:\t0\n" in of.read_text() for of in Path(f"/proc/{pid}/task").glob("*/status")):
            if tracer.poll() is not None or time.monotonic() > deadline:
                absent(f"strace may not attach: {tracer.stderr.read() if tracer.stderr else ''}")
            time.sleep(0.05)
        yield
    finally:
        tracer.terminate()
        tracer.communicate(timeout=20)


def traced_calls(log: Path) -> list[str]:
    """The calls that were written down, each whole, without the number of its thread."""
    begun, found = dict[str, str](), list[str]()
    for line in log.read_text(errors="replace").splitlines():
        thread, _, call = line.partition(" ")
        call = call.lstrip()
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>")
        elif call.startswith("<..."):
            found.append(begun.pop(thread, "") + call.partition("resumed>")[2])
        else:
            found.append(call)
    return [*found, *begun.values()]
