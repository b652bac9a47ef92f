"""Sources: what a file is shows in its content, packed files have limits, and what is no data is refused."""

from __future__ import annotations

import gzip
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, LimitError
from tests.worlds.sources import source

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# ---------------------------------------------------------------------- packed files

PACKERS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}


@pytest.mark.parametrize("packing", PACKERS)
@few
@given(st.binary(min_size=1, max_size=5000), st.integers(1, 4))
def test_what_is_packed_comes_out_again(tmp_path: Path, packing: str, data: bytes, parts: int) -> None:
    text = data.hex().encode() + b"\n"
    step = -(-len(text) // parts)
    packed = b"".join(PACKERS[packing](text[k : k + step]) for k in range(0, len(text), step))
    with source(tmp_path, f"f.csv{packing}", packed) as found:
        assert found.ending == ".csv" and found.shape == "table"
        assert found.text_path.read_bytes() == text
        with found.open() as raw:
            assert raw.read() == text


@pytest.mark.parametrize("packing", PACKERS)
def test_a_packed_file_that_is_cut_off_is_refused(tmp_path: Path, packing: str) -> None:
    packed = PACKERS[packing](os.urandom(3000).hex().encode())
    with (
        pytest.raises(InputError, match="damaged or cut off"),
        source(tmp_path, f"f.csv{packing}", packed[: len(packed) - 20]) as found,
    ):
        found.text_path.read_bytes()


@pytest.mark.parametrize("packing", PACKERS)
def test_a_packed_file_stops_at_the_limit(tmp_path: Path, packing: str) -> None:
    text = b"a,b\n" + b"1,2\n" * 50_000
    with (
        pytest.raises(LimitError, match="max_input"),
        source(tmp_path, f"f.csv{packing}", PACKERS[packing](text), max_input=len(text) - 1) as found,
    ):
        found.text_path.read_bytes()
    with source(tmp_path, f"f.csv{packing}", PACKERS[packing](text), max_input=len(text)) as found:
        assert found.text_path.stat().st_size == len(text)


BOMB = """
import sys
from kolgraph.errors import LimitError
from kolgraph.loaders.reading.source import Source
from contextlib import closing
try:
    with closing(Source(sys.argv[1])) as found:
        found.text_path
except LimitError as error:
    assert "max_input" in str(error)
    status = open("/proc/self/status")  # ru_maxrss begins with the peak of the process that started this one
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory of a process is read from /proc")
@pytest.mark.parametrize("packing", PACKERS)
def test_a_bomb_is_given_up_with_little_memory(tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"bomb.csv{packing}"
    piece = PACKERS[packing](b"1,2\n" * (4 << 20))  # 16 MiB, a hundred times
    path.write_bytes(piece * 100)
    assert path.stat().st_size < 2_000_000
    done = subprocess.run([sys.executable, "-c", BOMB, path], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 300


# ---------------------------------------------------------------------- what a file is

SHAPES = {
    "table": ("a,b\n1,2\n", "f.csv", []),
    "table of brackets": ("[id],[name]\n1,2\n", "f.csv", []),
    "jsonl": ('{"a":1,"u":{"n":2}}\n{"b":[]}\n', "f.txt", ["a", "b", "u", "u.n"]),
    "jsonl, first line cut": ('{"a":tr\n\n{"a":1}\n{"b":2}\n', "f.json", ["a", "b"]),
    "jsonl, first line noise": ('crawl started\n{"a":1}\n', "f.jsonl", ["a"]),
    "json of braces": ('{\n "x": [\n  {},\n  {}\n ],\n "y": [\n  {}\n ]\n}', "f.jsonl", ["x", "y"]),
    "jsonl of one line": ('{"a":1}', "f.jsonl", ["a"]),
    "json list": ('\ufeff\n [ {"a":{"b":{"c":1}}},\n{"d":1}, 3 ]', "f.json", ["a", "a.b", "d"]),
    "json object": (
        '{"user":{"id":1},"weibo":[{"x":1},{"x":2}],"z":null}',
        "f.json",
        ["user", "user.id", "weibo", "z"],
    ),
    "json, indented": ('{\n  "a": [\n    {"x":1},\n    {"x":2}\n  ],\n  "b": 1\n}', "f.json", ["a", "b"]),
    "json, cut off": ('[{"a":1},{"b":', "f.json", ["a"]),
    "js": (
        'window.YTD.follower.part0 = [\n{"follower":{"accountId":"5"}}]',
        "f.js",
        ["follower", "follower.accountId"],
    ),
    "xml": ("<?xml version='1.0'?><graphml/>", "f.xml", []),
}


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("case", SHAPES)
def test_the_content_says_what_a_file_is(tmp_path: Path, case: str, packing: str) -> None:
    text, name, keys = SHAPES[case]
    data = PACKERS[packing](text.encode()) if packing else text.encode()
    with source(tmp_path, name + packing, data) as found:
        assert found.shape == case.replace(",", "").split()[0]
        assert sorted(found.keys) == keys
        assert bool(found.header) == (found.shape == "table")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16", "utf-16-le", "big5"])
@pytest.mark.parametrize("case", ["table", "jsonl", "json list", "js"])
def test_the_shape_does_not_depend_on_the_encoding(tmp_path: Path, case: str, encoding: str) -> None:
    text, name, keys = SHAPES[case]
    text = text.lstrip("\ufeff") + ("中文,文\n" if case == "table" else '\n{"b":"中文"}\n' if case == "jsonl" else "")
    told = encoding if encoding in {"utf-16-le", "big5"} else None
    with source(tmp_path, name, text.encode(encoding), encoding=told) as found:
        assert found.shape == case.split()[0] and sorted(found.keys) == keys
        assert found.text_path.read_text("utf-8-sig") == text


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("f.pkl", b"1,2", "run code"),
        ("f.joblib", b"1,2", "run code"),
        ("f.npy", b"1,2", "run code"),
        ("f.pickle.gz", gzip.compress(b"1,2", mtime=0), "run code"),
        *(("f.csv", pickle.dumps({"a": [np.arange(3)]}, protocol), "run code") for protocol in (0, 2, 4, 5)),
        ("f.csv.gz", gzip.compress(pickle.dumps([1]), mtime=0), "run code"),
        ("f.csv", b"\x93NUMPY\x01\x00 object", "run code"),
        ("f.csv", b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel"),
        ("f.csv", b"PK\x03\x04 no archive", "damaged"),
        ("f.rar", b"Rar!", "unpack it"),
        ("f.tar.gz", b"x", "unpack it"),
        ("f.db.gz", gzip.compress(b"SQLite format 3\0", mtime=0), "unpack it first"),
        ("f.db", b"SQLite format 3\0 no database", None),
    ],
)
def test_files_that_are_no_data_are_refused_in_one_line(
    tmp_path: Path, name: str, data: bytes, problem: str | None
) -> None:
    with pytest.raises(InputError, match=problem) as caught, source(tmp_path, name, data) as found:
        _ = found.keys
    assert "\n" not in str(caught.value)
