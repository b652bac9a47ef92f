"""A JSON text of any length, walked value by value: exact numbers, lines counted, one item in memory."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

from kolgraph.loaders.reading.shapes import ASSIGNMENT
from kolgraph.loaders.reading.source import MAX_RAW, shown

#: Characters of one item; what is longer is taken for damage.
MAX_ITEM = 64 << 20
MAX_DEPTH = 500


def shallow(value: Any, text: str) -> Any:
    """Refuse nesting that would break whoever writes the value down again."""
    if text.count("[") + text.count("{") > MAX_DEPTH:
        level, depth = [value], 0
        while level:
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError("nested too deeply")
            inner = (x for v in level for x in (v.values() if isinstance(v, dict) else v))
            level = [x for x in inner if isinstance(x, (dict, list))]
    return value


# A float would round ids; a NaN is no JSON, but pandas and Python write it for a missing value.
DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _: None)
SPACE = re.compile(r"[ \t\r\n\ufeff]*")


class Cursor:
    """A place in a JSON text of any length, of which only a window is held; counts lines."""

    WINDOW = 1 << 16

    def __init__(self, raw: IO[bytes], limit: int = sys.maxsize) -> None:
        self.stream = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
        self.text, self.at, self.line, self.left = "", 0, 1, limit

    def fill(self) -> bool:
        """Have more text; twice as much, so that a long item is not tried again and again."""
        more = self.stream.read(max(self.WINDOW, len(self.text) - self.at))
        self.text, self.at = self.text[self.at :] + more, 0
        self.left -= len(more)
        if self.left < 0:
            raise ValueError("too long to be looked through")
        return bool(more)

    def move(self, end: int) -> None:
        """Pass over characters of the window."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            self.move(SPACE.match(self.text, self.at).end())  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.fill():
                return ""

    def take(self, *characters: str) -> str:
        """Pass over the next character, which must be one of these."""
        if (found := self.peek()) not in characters:
            raise ValueError(f"{' or '.join(characters)} expected")
        self.move(self.at + 1)
        return found

    def value(self) -> tuple[Any, str]:
        """The next value, and its text."""
        self.peek()
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except ValueError as error:
                if len(self.text) - self.at > MAX_ITEM:
                    raise ValueError("an item is too long or never ends") from error
                if not self.fill():
                    raise ValueError(str(error).split(":")[0]) from error
                continue
            if end == len(self.text) and self.text[-1] not in '}]"' and self.fill():
                continue  # a number may go on
            text = self.text[self.at : end]
            self.move(end)
            return shallow(value, text), text

    def items(self) -> Iterator[int]:
        """Go into a list: stops before every item, which has to be taken; yields its line."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            self.peek()
            yield self.line
            if self.take(",", "]") == "]":
                return

    def pairs(self) -> Iterator[str]:
        """Go into an object: stops before every value, which has to be taken; yields its key."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                raise ValueError("a key expected")
            key, _ = self.value()
            self.take(":")
            yield str(key)
            if self.take(",", "}") == "}":
                return

    def skip(self) -> None:
        """Pass over a value without holding it: a list item by item."""
        if self.peek() == "[":
            for _ in self.items():
                self.value()
        else:
            self.value()

    def begin(self) -> bool:
        """Pass over what stands before a value, also what assigns it to a variable; False at the end."""
        while self.peek() == ";":
            self.take(";")
        while len(self.text) - self.at < 256 and self.fill():
            pass
        if match := ASSIGNMENT.match(self.text, self.at):
            self.move(match.end())
        return bool(self.peek())

    def rest(self) -> str:
        """The text from here on, as much as is kept of a rejected row."""
        return shown(self.text[self.at : self.at + MAX_RAW].encode("utf-8", "surrogateescape"))
