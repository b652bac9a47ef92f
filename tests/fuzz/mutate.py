"""Mutations that know what files are: lines, cells, quotes, encodings, JSON values, and what is packed."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

#: Values that have broken readers before.
# fmt: off
NASTY: tuple[Any, ...] = (
    "", " ", "0", "-1", "+1", "1e18", "1.0", "１２３", "1_0", "0x1", "NaN", "null", "nan", "1e400", "=1+1", "infinity",
    "9007199254740993", "9223372036854775808", "1" * 400, "x" * 5000, "a\u0301" * 100, "\u202e", "\u200b", "\0", "\r",
    "\ud83d", "\ufeff", "😀", "'", '"', '""', "\\", "%", "#", "$.a", "{}", "[]", '{"a"', "[1",
    "@", "//@", "//@a://@b:", "http://[", "https://",
    "0000-00-00", "2024-13-45 25:61:61", "2024-02-30T00:00:00+99:00", "Wed Oct 10 20:19:24 +9999 2018",
    "9999999999999", "99999999999999999", "-62135596801", "1小时前", "昨天 99:99", "100000000000000000000天前",
    "12万", "1.2.3亿", "10万+",
    0, -1, 1.5, 1e308, 2**63, 10**400, True, None, [], {}, [None], [[]], {"a": {}}, {"": ""},
    float("nan"), float("inf"),
)
# fmt: on
WRITTEN = [v if isinstance(v, str) else json.dumps(v) for v in NASTY]
BYTES = [text.encode("utf-8", "surrogatepass") for text in WRITTEN]
ENCODINGS = ("gb18030", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "big5", "latin-1", "shift-jis")
DELIMITERS = (b",", b"\t", b";", b"|", b" ")


def mutate(data: bytes, random: Random, other: bytes) -> bytes:
    """One to three mutations of a file; `other` is one to take pieces from."""
    if data[:2] == b"PK":
        return _in_zip(data, random, other)
    if data[:2] == b"\x1f\x8b":
        try:
            return gzip.compress(mutate(gzip.decompress(data), random, other), 1, mtime=0)
        except (OSError, EOFError, zlib.error):
            return flip(data, random, other)
    for _ in range(random.randint(1, 3)):
        data = random.choice(WAYS)(data, random, other)
    return data


def _in_zip(data: bytes, random: Random, other: bytes) -> bytes:
    """The same archive with one member changed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out := io.BytesIO(), "w") as new:
            names = old.namelist()
            chosen = random.choice([n for n in names if "sheet" in n or "shared" in n] or names)
            for name in names:
                content = old.read(name)
                new.writestr(zipfile.ZipInfo(name), mutate(content, random, other) if name == chosen else content)
        return out.getvalue()
    except Exception:  # noqa: BLE001 - it was no archive any more
        return flip(data, random, other)


def flip(data: bytes, random: Random, other: bytes) -> bytes:
    """Some bytes changed, put in or taken out."""
    del other
    out = bytearray(data)
    for _ in range(random.randint(1, 8)):
        at = random.randrange(len(out) + 1)
        out[at : at + random.randint(0, 2)] = random.choice(
            (b"", bytes([random.randrange(256)]), random.choice(BYTES)[:50])
        )
    return bytes(out)


def cut(data: bytes, random: Random, other: bytes) -> bytes:
    """The end is missing, or a piece of the middle."""
    del other
    a, b = sorted(random.randrange(len(data) + 1) for _ in "ab")
    return data[:a] if random.random() < 0.5 else data[:a] + data[b:]


def in_lines(data: bytes, random: Random, other: bytes) -> bytes:
    """A line is doubled, dropped, moved, made blank, or comes from another file."""
    lines = data.splitlines(keepends=True) or [b""]
    at, to = random.randrange(len(lines)), random.randrange(len(lines))
    new = [lines[at], b"\n", b"", random.choice(other.splitlines(keepends=True) or [b""]), lines[at] * 30]
    lines[to : to + random.randint(0, 1)] = [random.choice(new)]
    return b"".join(lines)


def splice(data: bytes, random: Random, other: bytes) -> bytes:
    """The first part of one file and the last of another."""
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other) + 1) :]


def in_cells(data: bytes, random: Random, other: bytes) -> bytes:
    """Cells of a line are swapped, replaced, dropped or added; or the delimiter is another one."""
    del other
    lines = data.split(b"\n")
    delimiter = max(DELIMITERS[:4], key=data.count)
    at = random.randrange(len(lines))
    cells = lines[at].split(delimiter)
    a, b = random.randrange(len(cells)), random.randrange(len(cells))
    way = random.randrange(5)
    if way == 0:
        cells[a], cells[b] = cells[b], cells[a]
    elif way == 1:
        cells[a] = random.choice(BYTES)
    elif way == 2:
        del cells[a]
    elif way == 3:
        cells.insert(a, random.choice(BYTES))
    else:
        return data.replace(delimiter, random.choice(DELIMITERS))
    lines[at] = delimiter.join(cells)
    return b"\n".join(lines)


def in_quotes(data: bytes, random: Random, other: bytes) -> bytes:
    """A quote more or less, other quotes, or quotes around a cell with a line end in it."""
    del other
    at = random.randrange(len(data) + 1)
    way = random.randrange(4)
    if way == 0:
        return data[:at] + random.choice((b'"', b'""', b"\\", b"'")) + data[at:]
    if way == 1:
        return data.replace(b'"', b"'", random.randint(1, 4))
    if way == 2:
        return data.replace(b'"', b"", random.randint(1, 4))
    return data.replace(b",", random.choice((b',"a\nb",', b',"', b'",', b',"a""b",')), random.randint(1, 3))


def encode(data: bytes, random: Random, other: bytes) -> bytes:
    """Another encoding, other line ends, a mark in the middle."""
    del other
    way = random.randrange(5)
    if way == 0:
        return data.replace(b"\r\n", b"\n").replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\r", b"\n\n")))
    if way == 1:
        return data.replace(b"\n", b"\n\xef\xbb\xbf", 1) if random.random() < 0.5 else b"\xef\xbb\xbf" + data
    if way == 2:
        at = random.randrange(len(data) + 1)
        return data[:at] + random.choice((b"\xff\xfe", b"\x80", b"\0", b"\xed\xa0\xbd", b"\xf0\x9f")) + data[at:]
    return data.decode("utf-8", "replace").encode(random.choice(ENCODINGS), "replace")


def in_json(data: bytes, random: Random, other: bytes) -> bytes:
    """A value somewhere in the JSON of a line, or of the whole file, is one of another type, doubled or gone."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    try:
        value = json.loads(lines[at])
    except (ValueError, RecursionError):
        return in_cells(data, random, other)
    try:
        text = json.dumps(
            _changed(value, random), ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 1))
        )
    except (ValueError, RecursionError):
        return data
    lines[at] = text.encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _changed(value: Any, random: Random) -> Any:
    """A value with one of the values in it changed."""
    if isinstance(value, (dict, list)) and value and random.random() < 0.8:
        key = random.choice(list(value) if isinstance(value, dict) else range(len(value)))
        way = random.random()
        if way < 0.08:
            del value[key]
        elif way < 0.14 and isinstance(value, dict):
            value[str(random.choice(WRITTEN))[:100]] = value.pop(key)
        elif way < 0.2 and isinstance(value, list):
            value.insert(key, value[key])
        else:
            value[key] = _changed(value[key], random)
        return value
    way = random.random()
    if way < 0.1:
        return [value]
    if way < 0.2:
        return {"a": value}
    if way < 0.25:
        return json.dumps(value, ensure_ascii=False)
    if way < 0.27:
        return json.loads("[" * 400 + "]" * 400)
    return random.choice(NASTY)


WAYS: tuple[Callable[[bytes, Random, bytes], bytes], ...] = (
    *(flip, cut, in_lines, splice, in_cells, in_cells, in_quotes, encode, in_json, in_json, in_json),
)
