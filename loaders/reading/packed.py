"""Packed files: opened as a stream, with limits that stop bombs."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import IO, Any

from kolgraph import settings
from kolgraph.errors import LimitError, option

PACKED = {".gz", ".zst"}
#: Unpacked bytes and the ratio beyond which a file is taken for a bomb, the latter once this much was unpacked.
#: Text packs 3 to 30 times smaller, rarely 100 times.
MAX_INPUT = settings.MAX_INPUT
MAX_RATIO = 200
RATIO_FROM = 64 << 20


class _Unpacked(io.RawIOBase):
    """The bytes of a packed file; one that unpacks to too much is given up."""

    def __init__(self, packed: IO[bytes], inner: IO[bytes], path: Path, max_input: int) -> None:
        self.packed, self.inner, self.path, self.max_input = packed, inner, path, max_input
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size: int = self.inner.readinto(buffer)  # type: ignore[attr-defined]
        self.count += size
        check_size(self.path, self.count, self.packed.tell(), self.max_input)
        return size

    def close(self) -> None:
        if not self.closed:
            self.inner.close()
            self.packed.close()
        super().close()


class _Zstandard(io.RawIOBase):
    """The bytes of a Zstandard file: unlike the library's own reader it notices a file that is cut off."""

    #: Packed bytes at a time: the format can make 2 KiB at most 64 MiB, however hostile they are.
    PIECE = 2048

    def __init__(self, packed: IO[bytes]) -> None:
        import zstandard

        self.packed, self.error = packed, zstandard.ZstdError
        self.start = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj
        self.frame, self.fresh = self.start(), True
        self.rest, self.ready = b"", memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.ready:
            piece = self.rest or self.packed.read(self.PIECE)
            if not piece:
                if not self.fresh:
                    raise EOFError("it ends in the middle")
                return 0
            try:
                self.ready = memoryview(self.frame.decompress(piece))
            except self.error as error:
                raise EOFError(str(error)) from error
            self.rest, self.fresh = b"", False
            if self.frame.eof:
                self.rest, self.frame, self.fresh = self.frame.unused_data, self.start(), True
        size = min(len(buffer), len(self.ready))
        buffer[:size] = self.ready[:size]
        self.ready = self.ready[size:]
        return size


def opened(path: Path, max_input: int = MAX_INPUT) -> IO[bytes]:
    """The bytes of a file, unpacked, with the limits of unpacking."""
    packing = path.suffix.lower()
    packed = path.open("rb")
    if packing not in PACKED:
        return packed
    inner: Any = gzip.GzipFile(fileobj=packed) if packing == ".gz" else _Zstandard(packed)
    return io.BufferedReader(_Unpacked(packed, inner, path, max_input), 1 << 16)


def check_size(path: object, unpacked: int, packed: int, max_input: int) -> None:
    """Refuse what unpacks to too much."""
    if unpacked > max_input:
        raise LimitError(
            f"{path}: unpacks to more than {max_input:,} bytes; raise {option('max_input')} if that is right"
        )
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * packed and max_input <= MAX_INPUT:
        raise LimitError(
            f"{path}: unpacks to more than {MAX_RATIO} times its size, as only bombs do; if it is none, "
            f"raise {option('max_input')} above {MAX_INPUT:,}"
        )
