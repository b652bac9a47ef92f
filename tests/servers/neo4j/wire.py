"""A relay in front of a server that can cut the connection at any byte, behind a COMMIT, or go silent."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Literal

Way = Literal["to server", "to client"]

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
_RESET = struct.pack("ii", 1, 0)  # linger for no time: what was not sent is thrown away and the other side is told so


class Wire:
    """Connections that somebody else's server gets through us.

    Attributes
    ----------
    uri : str
        The address to connect to instead of the server's.
    passed : dict
        Bytes that came out at the other end, by way, over all connections.
    cuts : int
        How many times it will still break; then it is whole.
    cut_at : list of float
        When it broke, by the monotonic clock.
    silent : bool
        The server's answers are swallowed.
    """

    def __init__(self, uri: str) -> None:
        host, port = uri.rpartition("/")[2].split(":")
        self._server = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"
        self.silent, self.cuts = False, 0
        self.cut_at: list[float] = []
        self.passed: dict[Way, int] = {"to server": 0, "to client": 0}
        self._where: tuple[Way, int] | None = None  # None: behind a COMMIT
        self._every, self._resets = 0, False
        self._open: dict[socket.socket, tuple[socket.socket, Way]] = {}
        self._committed: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._closed = False
        # One thread for everything: a socket that another thread reads from cannot be reset.
        self._thread = threading.Thread(target=self._serve, name="wire", daemon=True)
        self._thread.start()

    def cut_after(self, n: int, way: Way, *, resets: bool = False, times: int = 1, every: int | None = None) -> None:
        """Let `n` more bytes pass that way and cut: with an end of stream, or with a reset.

        With more `times`, cut again whenever `every` (by default as many) more bytes have passed.
        """
        self._where, self._every, self._resets = (way, self.passed[way] + n), n if every is None else every, resets
        self.cut_at, self.cuts = [], times

    def cut_behind_commit(self, times: int = 1) -> None:
        """Let a COMMIT pass and cut when the server answers: it has happened and nobody will know."""
        self._where, self._resets, self.cut_at, self.cuts = None, False, [], times

    def mend(self) -> None:
        """Be whole from now on."""
        self.cuts = 0

    def close(self) -> None:
        """Hang up and listen no more."""
        self._closed = True
        self._thread.join()

    def _serve(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(0.05):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._open:  # else it was cut off a moment ago
                    self._relay(key.fileobj)
        for end in (self._listener, *self._open):
            end.close()
        self._selector.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._server)
        except OSError:
            client.close()
            return
        self._open |= {client: (server, "to server"), server: (client, "to client")}
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(end, selectors.EVENT_READ)

    def _relay(self, source: socket.socket) -> None:
        sink, way = self._open[source]
        data = b""
        with suppress(OSError):
            data = source.recv(65536)
        if not data:
            self._hang_up(source, sink)
            return
        if self.silent and way == "to client":
            return
        cut, data = self._cut(source, way, data)
        with suppress(OSError):  # the other side may be gone already
            sink.sendall(data)
            self.passed[way] += len(data)
        if cut:
            self.cuts -= 1
            self.cut_at.append(time.monotonic())
            if self._where:
                self._where = way, self.passed[way] + self._every
            self._hang_up(source, sink, resets=self._resets)

    def _cut(self, source: socket.socket, way: Way, data: bytes) -> tuple[bool, bytes]:
        """Is this where it breaks, and what gets through before it does?"""
        if self.cuts <= 0:
            return False, data
        if self._where:
            left = self._where[1] - self.passed[way]
            return (True, data[:left]) if way == self._where[0] and len(data) > left else (False, data)
        if way == "to server" and COMMIT in data:
            self._committed.add(self._open[source][0])
        return (True, b"") if source in self._committed else (False, data)

    def _hang_up(self, *ends: socket.socket, resets: bool = False) -> None:
        for end in ends:
            self._selector.unregister(end)
            self._committed.discard(end)
            del self._open[end]
            if resets:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            else:
                self._end(end)
            end.close()

    @staticmethod
    def _end(end: socket.socket) -> None:
        """Say that nothing follows; a close with something unread would be a reset."""
        with suppress(OSError):
            end.shutdown(socket.SHUT_WR)
            end.setblocking(False)
            while end.recv(65536):
                pass
