"""Lines of delimited text: read in pieces, followed quote by quote, compared by their make."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import IO

from kolgraph.loaders.reading.encodings import is_utf8
from kolgraph.loaders.reading.source import MAX_LINE, lines

#: Small enough that a piece without a quote is not rare.
PIECE = 1 << 16
#: Digits as 0, letters as a.
MAKE = bytes(48 if chr(b).isdigit() else 97 if chr(b).isalpha() else b for b in range(128)) + bytes(range(128, 256))


def same_make(one: bytes, other: bytes) -> bool:
    """Whether two cells are of the same make, however many digits and letters stand in a row."""
    return one == other or re.sub(rb"0+|a+", _first, one) == re.sub(rb"0+|a+", _first, other)


def _first(found: re.Match[bytes]) -> bytes:
    return found[0][:1]


def bare(line: bytes) -> bytes:
    """The first line without a byte-order mark."""
    return line.removeprefix(BOM_UTF8)


def split(record: bytes, rows: int) -> list[bytes]:
    """The rows of what `_Text._told` tells: lines, or one that may span several."""
    return record.splitlines(keepends=True) if rows > 1 else [record] * rows


class Pieces:
    """A text in pieces: the `lines` of one, that all end in a line feed alone.

    It is `plain` if no cell in it has a quote, no line is too long, and all is text.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw, self.lines, self.is_text, self.plain = raw, list[bytes](), True, False

    def read(self) -> bool:
        """Go on to the next piece; False at the end."""
        piece = self.raw.read(PIECE)
        if piece and not piece.endswith(b"\n"):
            piece += next(lines(self.raw), b"")
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.lines, self.is_text = piece.splitlines(keepends=True), is_utf8(piece)
        self.plain = self.is_text and b'"' not in piece and len(piece) < MAX_LINE
        return bool(piece)

    def judged(self) -> Iterator[tuple[bytes, bool]]:
        """The lines, and whether each is text."""
        return ((line, self.is_text or is_utf8(line)) for line in self.lines)


def quotes(line: bytes, delimiter: bytes, *, inside: bool) -> tuple[bool, int, bool]:
    """Follow the quotes of one line: is a cell still open at its end, how many separators, is it well formed.

    A quote opens a cell only at its start; inside, two quotes stand for one; after the closing one the cell must end.
    As for the engine, one space before the opening quote and all behind the closing one are not there.
    """
    space = b" " if delimiter != b" " else b""
    at, separators, fresh = 0, 0, not inside
    if fresh and line.count(b'"') == 1:  # as in every line below a quote that was forgotten
        before = line[: line.index(b'"')]
        opens = not before or before == space or before.endswith((delimiter, delimiter + space))
        return opens, (before if opens else line).count(delimiter), True
    while True:
        if inside:
            at = line.find(b'"', at)
            if at < 0:
                return True, separators, True
            if line.startswith(b'"', at + 1):
                at += 2
                continue
            inside, at = False, at + 1
            while space and line.startswith(space, at):
                at += 1
            if not (line.startswith(delimiter, at) or not line[at:].strip(b"\r\n")):
                return False, separators, False
        elif fresh and line.startswith((b'"', space + b'"'), at):
            inside, fresh, at = True, False, line.index(b'"', at) + 1
        else:
            at = line.find(delimiter, at)
            if at < 0:
                return False, separators, True
            at, separators, fresh = at + len(delimiter), separators + 1, True
