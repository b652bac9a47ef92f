"""The process that reads a file of the embedded engine, and can open nothing else.

The engine has clauses that read and write any file, and a lexer that no guard of ours can be sure to share. So a query
runs where the kernel refuses all that it could be made to do: this program opens the database, warms everything up
that would be loaded later, gives its rights away for good, and only then takes the first query.

It is run by its path, as a program, with nothing of kolgraph imported (see `kolgraph.store.engines.reading`). A request
is a line of JSON; an answer is a line of JSON and, where there are rows, as many bytes of Arrow as it says.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from typing import Any

#: Seconds without a question after which the process ends; who asks gives it up earlier.
IDLE_S = 900.0
#: Seconds that who asks has to end this process itself when an answer is late.
LATE_S = 2.0


def main() -> None:
    """Open, lock, answer until nobody asks any more."""
    asked, answered = sys.stdin.buffer, os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (1, 2):  # the engine may print
        os.dup2(nowhere, handle)
    os.close(nowhere)
    told = json.loads(asked.readline())
    sys.path[:] = told["modules"]
    try:
        import ladybug

        database = ladybug.Database(
            told["file"],
            read_only=True,
            buffer_pool_size=told["pool"],
            max_db_size=told["room"],
            max_num_threads=told["threads"],
        )
        for text, parameters in WARM:
            _answer(database, text, parameters, 1)
        locked = not told["open"] and lock(answered, told["memory"])
    except MemoryError:
        return _say(answered, {"error": "memory", "says": "no memory"})
    except Exception as error:  # noqa: BLE001 - said to who asked
        kind = "environment" if isinstance(error, ImportError | OSError) else "file"
        return _say(answered, {"error": kind, "says": str(error)})
    _say(answered, {"version": ladybug.__version__, "storage": ladybug.storage_version, "locked": locked})
    while True:
        _alarm(IDLE_S)
        if not (line := asked.readline()):
            os._exit(0)  # who asked is gone; the engine would take its time to close
        question = json.loads(line)
        _alarm(question["seconds"] + LATE_S)
        try:
            rows, content = _answer(database, question["text"], question["parameters"], question["max_rows"])
        except MemoryError:
            _say(answered, {"error": "memory", "says": "no memory"})
        except Exception as error:  # noqa: BLE001 - said to who asked
            kind = "memory" if "Buffer manager" in str(error) or "bad_alloc" in str(error) else "query"
            _say(answered, {"error": kind, "says": str(error)})
        else:
            _say(answered, {"rows": rows, "bytes": len(content)}, content)


#: What is asked before the lock: afterwards no module can be loaded, and no number format be looked up.
WARM = (
    ("RETURN $a AS a, $b AS b, $c AS c, $d AS d, $e AS e", {"a": 1, "b": 0.5, "c": "x", "d": True, "e": ["x"]}),
    ("UNWIND $rows AS row RETURN row.k AS k, {a: 1.5, b: [NULL, 2]} AS x, sum(1) AS n", {"rows": [{"k": None}]}),
)


def _answer(database: Any, text: str, parameters: dict[str, Any], max_rows: int) -> tuple[int, memoryview]:
    """Rows, and as bytes of an Arrow stream no more of them than are allowed: none where there are too many.

    Each question has its own connection: what a text sets is gone with it.
    """
    import ladybug
    import pyarrow as pa

    connection = ladybug.Connection(database)
    try:
        found = connection.execute(text, parameters)
        if isinstance(found, list):
            raise RuntimeError("one statement at a time")
        rows = found.get_num_tuples()
        if rows > max_rows:
            return rows, memoryview(b"")
        # In one chunk: by default room for ten million values is made first, which takes longer than a short query.
        table = _whole(found.get_as_arrow(chunk_size=-1))
        # While the connection is open: lists of the table may lie in memory that goes with it.
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)
    finally:
        connection.close()
    return rows, memoryview(out.getvalue())


def _whole(table: Any) -> Any:
    """The same table, of which every part is valid: where no text lies in a list, the engine leaves its place unset."""
    import pyarrow as pa

    for k, column in enumerate(table.columns):
        if pa.types.is_nested(column.type):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid:
                made = [pa.array(chunk.to_pylist(), column.type) for chunk in column.chunks]
                table = table.set_column(k, table.schema.field(k), pa.chunked_array(made, column.type))
    return table


def _say(handle: int, header: dict[str, Any], content: memoryview | bytes = b"") -> None:
    for part in (json.dumps(header).encode() + b"\n", content):
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(handle, rest) :]


def _alarm(seconds: float) -> None:
    """End this process in so many seconds, whatever it does by then."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


# ---------------------------------------------------------------------- the lock

#: Linux' numbers of the system calls that reading needs: memory, threads, time, and files that are open already.
#: Those behind the bar are looked at more closely: write, clone, clone3.
CALLS = {
    "x86_64": (
        0xC000003E,
        "0 3 9 10 11 12 13 14 15 17 24 25 28 35 38 39 60 96 99 131 186 202 204 219 228 229 230 231 273 309 318 324 334",
        (1, 56, 435),
    ),
    "aarch64": (
        0xC00000B7,
        "63 57 222 226 215 214 134 135 139 67 124 216 233 101 103 172 93 169 179 132 178 98 123 128 113 114 115 94 99 "
        "168 278 283 293",
        (64, 220, 435),
    ),
}
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _KILL, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026  # EPERM, ENOSYS
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16  # offsets in what a filter sees of a call
_CLONE_THREAD = 0x10000
_NO_NEW_PRIVILEGES, _SECCOMP = 38, {"x86_64": 317, "aarch64": 277}


def lock(out: int, memory: int) -> bool:
    """Give away the right to open, make, remove, connect or start anything; only `out` can be written to.

    The limits hold on every Unix: no file grows, none more is opened, no memory beyond so many bytes more. On Linux a
    filter of system calls (seccomp) stands before all threads, for good.

    Returns
    -------
    bool
        Whether the filter stands.
    """
    with contextlib.suppress(ImportError):
        _limit(out, memory)
    machine = os.uname().machine if sys.platform == "linux" else ""
    if machine not in CALLS:
        return False
    program = _filter(*CALLS[machine], out)
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    content = ctypes.create_string_buffer(program, len(program))
    head = (ctypes.c_ulonglong * 2)(len(program) // 8, ctypes.addressof(content))  # struct sock_fprog
    every_thread = 1
    return bool(kernel.syscall(_SECCOMP[machine], 1, every_thread, head) == 0)


def _limit(out: int, memory: int) -> None:
    import resource

    limits = {
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,  # a dump would hold people's data
        resource.RLIMIT_NOFILE: out + 1,  # all below are taken
    }
    with contextlib.suppress(OSError), open("/proc/self/statm") as pages:  # noqa: PTH123 - nothing more to import
        limits[resource.RLIMIT_AS] = int(pages.read().split()[0]) * resource.getpagesize() + memory
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def _filter(architecture: int, plain: str, checked: tuple[int, int, int], out: int) -> bytes:
    """The program that the kernel runs before every call: what is not named is refused."""
    write, clone, clone3 = checked

    def step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
        return code.to_bytes(2, "little") + bytes([yes, no]) + value.to_bytes(4, "little")

    def only_if(number: int, code: int, value: int) -> list[bytes]:
        return [
            step(_EQUAL, number, no=4),
            step(_LOAD, _FIRST),
            step(code, value, no=1),
            step(_RETURN, _ALLOW),
            step(_RETURN, _REFUSE),
        ]

    steps = [
        step(_LOAD, _ARCHITECTURE),
        step(_EQUAL, architecture, yes=1),
        step(_RETURN, _KILL),
        step(_LOAD, _NUMBER),
    ]
    for number in plain.split():
        steps += [step(_EQUAL, int(number), no=1), step(_RETURN, _ALLOW)]
    steps += only_if(write, _EQUAL, out)
    steps += only_if(clone, _ANY_BIT, _CLONE_THREAD)  # threads, not processes
    steps += [step(_EQUAL, clone3, no=1), step(_RETURN, _UNKNOWN)]  # its flags cannot be seen; clone is tried instead
    return b"".join([*steps, step(_RETURN, _REFUSE)])


if __name__ == "__main__":
    main()
