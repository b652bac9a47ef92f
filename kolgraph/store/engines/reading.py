"""Questions to a file of the embedded engine, put to a process that can open nothing but that file.

The process (`kolgraph.store.engines.locked`) is started when it is needed and kept for the next question. What it does
wrong ends with it: an engine that crashes, hangs or takes all memory is killed, and started anew for the next question.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.errors import EnvironmentProblem, InputError, KolgraphError, LimitError, NotPublished, StoreError, reason
from kolgraph.settings import QUERY_MEMORY
from kolgraph.store.protocol import too_many, too_slow
from kolgraph.targets import scratch

if TYPE_CHECKING:
    import pyarrow as pa

_log = logging.getLogger(__name__)

#: Memory of the engine's page cache in bytes; left alone it takes most of the machine.
READ_POOL = 256 << 20
#: Seconds until a file must be open.
OPEN_S = 60.0
#: Seconds after which a process that nobody asked is not asked any more; it ends by itself a little later.
IDLE_S = 600.0
#: Whether the process locks itself; the tests that show what the lock is there for do without.
LOCKED = True
_PROGRAM = Path(__file__).with_name("locked.py")
#: What the process may know of our environment.
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


class Reader:
    """One process that has one file open.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path, self.key = path, _key(path)
        self.used = time.monotonic()
        self._hello: Mapping[str, Any] | None = None
        self._maker = os.getpid()
        if not sys.executable:
            raise EnvironmentProblem(f"{path}: another Python has to read it, and this program does not name its own")
        try:
            with scratch() as nowhere:  # gone as soon as it is entered
                self._process = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-I", "-S", "-X", "utf8", str(_PROGRAM)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=nowhere,
                    env={name: os.environ[name] for name in _KEPT if name in os.environ},
                    start_new_session=True,  # Ctrl-C is for us
                )
        except OSError as error:
            raise EnvironmentProblem(f"{path}: no process can be started to read it ({reason(error)})") from error
        assert self._process.stdin and self._process.stdout  # noqa: S101 - both were asked for
        self._in, self._out = self._process.stdin, self._process.stdout
        told = {
            "file": str(path.absolute()),
            "modules": [place for place in sys.path if place],
            "pool": READ_POOL,
            "room": room(path.stat().st_size),
            "threads": 2 if _address_space() else 0,
            "memory": QUERY_MEMORY,
            "open": not LOCKED,
        }
        self._write(_as_json(told))

    @property
    def alive(self) -> bool:
        """Whether it can be asked: by this process, and not by one that was forked from it."""
        return self._maker == os.getpid() and self._process.poll() is None

    @property
    def engine(self) -> str:
        """Version of the engine and of its files."""
        hello = self._ready()
        return f"{hello['version']} (storage {hello['storage']})"

    def ask(self, text: str, parameters: Mapping[str, Any], *, max_rows: int, timeout_s: float) -> pa.Table:
        """The rows of an answer.

        Raises
        ------
        InputError
            The engine does not take the text.
        LimitError
            Too many rows, too much time or memory, or the engine broke down.
        NotPublished, EnvironmentProblem
            The file cannot be read.
        """
        import pyarrow as pa

        self._ready()
        question = {"text": text, "parameters": dict(parameters), "max_rows": max_rows, "seconds": timeout_s}
        try:
            header, content = self._exchange(_as_json(question), timeout_s)
        except _Ended as end:
            if end.late:
                raise too_slow(timeout_s) from None
            raise LimitError(f"query: the engine broke down over it ({end}); ask for less at once") from None
        if header.get("error") == "memory":
            self.close()  # the engine gives back what the query held only then
            raise LimitError(f"query: needs more than {READ_POOL >> 20} MB of memory; ask for less")
        if "error" in header:
            raise InputError(f"query: {_first_line(header['says'])}")
        if header["rows"] > max_rows:
            raise too_many(max_rows)
        try:
            table = pa.ipc.open_stream(content).read_all()
            table.validate(full=True)
        except pa.ArrowInvalid as error:
            raise StoreError(f"query: the engine's answer is damaged ({_first_line(str(error))}); ask again") from error
        return table

    def close(self) -> None:
        """End the process, if it is ours."""
        if self._maker == os.getpid():
            self._process.kill()
            self._process.wait()
        else:
            self._process.returncode = 0  # nobody here waits for it
        for pipe in (self._in, self._out):
            with suppress(BrokenPipeError):
                pipe.close()

    # ------------------------------------------------------------------ talking

    def _ready(self) -> Mapping[str, Any]:
        """What it said when it had opened and locked itself."""
        if self._hello is None:
            try:
                header, _ = self._exchange(b"", OPEN_S)
            except _Ended as end:
                header = {"error": "file", "says": f"the engine broke down over it: {end}"}
            if "error" in header:
                self.close()
                raise self._unreadable(header["error"], _first_line(header["says"]))
            if LOCKED and not header["locked"]:
                _log.warning(
                    "%s: this system cannot lock the process that reads it (seccomp of Linux can): "
                    "queries are kept from other files by limits and by their words",
                    self.path,
                )
            self._hello = header
        return self._hello

    def _unreadable(self, kind: str, says: str) -> KolgraphError:
        limit = _address_space()
        if limit and (kind == "memory" or "Mmap" in says or "allocate" in says):
            return EnvironmentProblem(
                f"{self.path}: to open it takes more than {limit >> 20:,} MB of addresses; raise that limit (ulimit -v)"
            )
        if kind == "environment":
            return EnvironmentProblem(f"{self.path}: the engine cannot be started ({says})")
        return NotPublished(
            f"{self.path}: this version of the engine cannot read the file ({says}); run: kolgraph publish"
        )

    def _exchange(self, request: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Header and content of an answer; a late one ends the process, and no other way is as sure.

        Raises
        ------
        _Ended
        """
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        begin = time.monotonic()
        timer.start()
        try:
            self._write(request)
            line = self._out.readline()
            header: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
            size = header.get("bytes", 0)
            content = self._out.read(size) if size else b""
        except BaseException:  # Ctrl-C: what would come now answers nobody
            self.close()
            raise
        finally:
            timer.cancel()
        self.used = time.monotonic()
        if self.used - begin > seconds:  # the timer may come a moment after the answer
            self.close()
            raise _Ended("late", late=True)
        if not header or len(content) < size:
            code = self._process.wait()
            self.close()
            raise _Ended(signal.Signals(-code).name if code < 0 else f"status {code}", late=late.is_set())
        return header, content

    def _write(self, request: bytes) -> None:
        with suppress(BrokenPipeError):  # that it ended is noticed when the answer is read
            self._in.write(request)
            self._in.flush()


class _Ended(Exception):
    """The process ended instead of answering."""

    def __init__(self, how: str, *, late: bool) -> None:
        super().__init__(how)
        self.late = late


def room(size: int) -> int:
    """Address space for a file of so many bytes, a power of two; by default the engine takes 8 TB, and may not."""
    return 1 << max(26, (2 * size).bit_length())


def _as_json(request: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(request, default=_plain).encode() + b"\n"
    except RecursionError:
        raise InputError("query: a parameter is nested too deeply") from None


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    if hasattr(value, "item"):
        return value.item()
    raise InputError(f"query: a parameter cannot be a {type(value).__name__}; pass text, numbers, truth values, lists")


def _first_line(says: str) -> str:
    return says.strip().partition("\n")[0]


def _address_space() -> int:
    """The limit of this process in bytes; 0 where there is none."""
    try:
        import resource
    except ImportError:
        return 0
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return 0 if limit == resource.RLIM_INFINITY else limit


# ---------------------------------------------------------------------- kept for the next question

_idle: list[Reader] = []
_lock = threading.Lock()


def take(path: Path) -> Reader:
    """A process that has this file open as it is now: the idle one, or a new one."""
    key = _key(path)
    with _lock:
        reader = _idle.pop() if _idle else None
    if reader is not None:
        if reader.alive and reader.key == key and time.monotonic() - reader.used < IDLE_S:
            return reader
        reader.close()
    return Reader(path)


def warm_up(path: Path) -> None:
    """Begin to open a file that will be asked; what is done meanwhile need not wait for it."""
    with suppress(FileNotFoundError):
        give_back(take(path))


def give_back(reader: Reader) -> None:
    """Keep a process for the next question; only one is kept."""
    left: Reader | None = reader
    if reader.alive:
        with _lock:
            _idle.insert(0, reader)
            left = _idle.pop() if len(_idle) > 1 else None
    if left is not None:
        left.close()


@atexit.register
def end_idle() -> None:
    """End what is kept."""
    with _lock:
        left, _idle[:] = list(_idle), []
    for reader in left:
        reader.close()


def _key(path: Path) -> tuple[str, int, int, int]:
    found = path.stat()
    return str(path.absolute()), found.st_ino, found.st_size, found.st_mtime_ns
