"""Containers: what a user names becomes files, files become rows, and hostile ones are refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, LimitError, UnknownName
from kolgraph.loaders.reading import archives, containers
from kolgraph.loaders.reading.source import Reject, Source
from tests.worlds.sources import source

BIG = 1900000000000000001  # a float would make 1900000000000000000 of it
few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=8)


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def names(*given: str | Path, **options: Any) -> list[str]:
    return [found.name for found in archives.expand(given, **options)]


# ---------------------------------------------------------------------- what a user names


def test_a_folder_is_all_its_files_in_order_without_litter(tmp_path: Path) -> None:
    for name in (
        "b.csv",
        "a/2.csv",
        "a/1.csv",
        "._b.csv",
        ".DS_Store",
        "Thumbs.db",
        "__MACOSX/x.csv",
        ".git/c",
        "README.md",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path) == [str(tmp_path / n) for n in ("README.md", "b.csv", "a/1.csv", "a/2.csv")]


def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.csv").write_text("x")
    (inside / "a.csv").write_text("x")
    (inside / "link.csv").symlink_to(outside / "secret.csv")
    (inside / "folder").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    assert names(inside) == [str(inside / "a.csv")]


def test_a_pattern_is_what_matches_it_and_a_real_name_is_no_pattern(tmp_path: Path) -> None:
    for name in ("a1.csv", "a2.csv", "b.csv", "[x].csv"):
        (tmp_path / name).write_text("x")
    assert names(str(tmp_path / "a*.csv")) == [str(tmp_path / "a1.csv"), str(tmp_path / "a2.csv")]
    assert names(tmp_path / "[x].csv") == [str(tmp_path / "[x].csv")]
    assert names(tmp_path / "b.csv", str(tmp_path / "b*")) == [str(tmp_path / "b.csv")]


def test_an_empty_folder_and_a_pattern_without_match_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no file"):
        archives.expand([tmp_path])
    with pytest.raises(InputError, match=r"no file matches"):
        archives.expand([str(tmp_path / "*.csv")])


def test_members_of_an_archive_lie_in_a_private_folder_one_at_a_time(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"d/a.csv": b"1", "b.csv": b"2", "__MACOSX/._a": b"", ".hidden": b""})
    seen: list[Path] = []
    for found in archives.expand([path]):
        assert not any(old.exists() for old in seen)
        seen.append(found.path)
        assert found.path.read_bytes() == {"a.csv": b"1", "b.csv": b"2"}[found.path.name]
        stem, scratch = (found.path.parents[found.name.count("/", len(str(path)) + 2) + k] for k in (0, 1))
        assert stem.name == "x"  # the folder that unpacking would make: the same every time
        assert scratch.name.startswith("kolgraph-") and scratch.stat().st_mode & 0o077 == 0
    assert [p.name for p in seen] == ["a.csv", "b.csv"] and seen[0].parent.name == "d"
    assert not seen[-1].exists()
    assert names(path) == [f"{path}!/d/a.csv", f"{path}!/b.csv"]


def test_names_in_old_chinese_archives_are_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"AABB.csv": b"1"})
    path.write_bytes(path.read_bytes().replace(b"AABB", "微博".encode("gb18030")))
    assert names(path) == [f"{path}!/微博.csv"]


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.parametrize(
    "name", ["../../x.csv", "/etc/x.csv", "C:/x.csv", "c:\\x.csv", "..\\x.csv", "a/../../x.csv", "a//b.csv", "./x.csv"]
)
def test_paths_that_lead_out_of_an_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as out:
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = name
        out.writestr("good.csv", b"1")
        out.writestr(info, b"2")
    with pytest.raises(InputError, match="leads out"):
        archives.expand([path])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.zip"]


def test_hostile_archives_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))

    def refused(problem: str, write: Callable[[zipfile.ZipFile], object], error: type[Exception] = InputError) -> None:
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("good.csv", "a,b\n1,2\n")
            write(out)
        with pytest.raises(error, match=problem) as caught:
            archives.expand([path])
        assert "\n" not in str(caught.value)
        assert list(scratch.iterdir()) == []

    refused("appears twice", lambda out: out.writestr("GOOD.csv", "x"))
    refused("also a file", lambda out: out.writestr("good.csv/x", "x"))
    refused("is a link", lambda out: out.writestr(link(), "/etc/passwd"))
    refused("archive itself", lambda out: out.writestr("inner.zip", "x"))
    refused("archive itself", lambda out: out.writestr("inner.tar.gz", "x"))
    refused("10,001 members", lambda out: [out.writestr(f"{k}.csv", "") for k in range(10_000)])  # type: ignore[func-returns-value]
    refused("max_input", lambda out: out.writestr("bomb.csv", bytes(70 << 20)), LimitError)

    path = archive(tmp_path / "x.zip", {"a.csv": b"1"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="encrypted"):
        archives.expand([path])
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match="damaged"):
        archives.expand([path])
    with pytest.raises(LimitError, match="max_input"):
        archives.expand([archive(tmp_path / "y.zip", {"a.csv": b"123456"})], max_input=5)


# ---------------------------------------------------------------------- JSON


def test_numbers_in_json_stay_exact(tmp_path: Path) -> None:
    text = f'[{{"id":{BIG},"f":4.9E+15,"s":1.10,"n":NaN}}]'
    expected = {"id": BIG, "f": Decimal("4.9E+15"), "s": Decimal("1.10"), "n": None}
    with source(tmp_path, "f.json", text) as found:
        assert list(containers.json_items(found)) == [(1, expected)]
    with source(tmp_path, "f.jsonl", text[1:-1]) as found:
        assert list(containers.json_lines(found)) == [(1, expected)]


def test_items_are_found_at_a_prefix_and_know_their_lines(tmp_path: Path) -> None:
    text = '{"user":{"data":[1]},\n"data":{"x":[[]],\n"videos":[\n{"a":1},\n\n{"a":2}],"y":1}}'
    with source(tmp_path, "f.json", text) as found:
        assert list(containers.json_items(found, "data.videos")) == [(4, {"a": 1}), (6, {"a": 2})]
        assert [item for _, item in containers.json_items(found)] == [json.loads(text)]
        assert list(containers.json_items(found, "nothing.here")) == []
    with source(
        tmp_path, "f.jsonl", '{"data":[{"a":1},{"a":2}]}\n{"data":{"a":3}}\n{"x":1}\n{"data":null}\n{"data":[4]}'
    ) as found:
        *good, bad = containers.json_items(found, "data")
        assert good == [(1, {"a": 1}), (1, {"a": 2}), (2, {"a": 3})]
        assert isinstance(bad, Reject) and bad.line == 5


def test_parts_of_an_archive_of_x_are_read_without_running_them(tmp_path: Path) -> None:
    text = 'window.YTD.tweets.part0 = [{"a":1}];\nwindow.YTD.tweets.part1 = [\n{"a":2}]\n'
    with source(tmp_path, "tweets.js", text) as found:
        assert list(containers.json_items(found)) == [(1, {"a": 1}), (3, {"a": 2})]


@few
@given(st.integers(0, 200))
def test_of_damaged_json_the_good_items_come_and_then_one_reject(tmp_path: Path, cut: int) -> None:
    items = [{"k": k, "t": '文]}"' * k} for k in range(6)]
    text = json.dumps(items, ensure_ascii=False)[:-1]
    cut = min(cut, len(text))
    ends = [len(json.dumps(items[: k + 1], ensure_ascii=False)) - 1 for k in range(6)]
    whole = sum(end <= cut for end in ends)
    with (
        source(tmp_path, "f.json", " " + text[:cut] or " [", encoding="utf-8")
        if cut
        else source(tmp_path, "f.json", "[") as found
    ):
        *good, last = containers.json_items(found)
    assert [item for _, item in good] == items[:whole]  # type: ignore[misc]
    assert isinstance(last, Reject) and last.code == "BAD_JSON" and last.line == 1


def test_bad_items_do_not_stop_the_good_ones(tmp_path: Path) -> None:
    gbk = '{"t":"中文"}'.encode("gb18030")
    lines = [b'{"a":"%s"}' % "好".encode()] * 9
    with source(
        tmp_path, "f.json", b"[" + b",\n".join([*lines, gbk, b"7", b'{"z":1}']) + b"]", encoding="utf-8"
    ) as found:
        rows = list(containers.json_items(found))
    assert [row.code for row in rows if isinstance(row, Reject)] == ["BAD_ENCODING", "BAD_JSON"]
    assert rows[-1] == (12, {"z": 1}) and len(rows) == 12


@pytest.mark.parametrize(
    "text", ['[{"a":' + "[" * 100_000, '[{"a":' + "[" * 700 + "]" * 700 + "}]", '[{"a":' + "9" * 5000 + "}]"]
)
def test_hostile_nesting_and_numbers_are_one_reject(tmp_path: Path, text: str) -> None:
    with source(tmp_path, "f.json", text) as found:
        (bad,) = containers.json_items(found)
        assert isinstance(bad, Reject) and found.keys == frozenset()


def test_lines_that_are_no_objects_are_rejected_in_place(tmp_path: Path) -> None:
    with source(tmp_path, "f.jsonl", b'{"a":1}\n\n[1]\n{"a":\n{"a":1} x\n{"a":2}') as found:
        rows = list(containers.json_lines(found))
    assert [(row.line, "BAD") if isinstance(row, Reject) else row for row in rows] == [
        (1, {"a": 1}),
        (3, "BAD"),
        (4, "BAD"),
        (5, "BAD"),
        (6, {"a": 2}),
    ]


@few
@given(
    st.lists(
        st.dictionaries(cells, st.none() | st.integers() | cells | st.lists(st.booleans()), max_size=3), max_size=6
    ),
    st.sampled_from([None, 1]),
    st.integers(1, 64),
)
def test_any_list_of_objects_comes_back(
    tmp_path: Path, items: list[dict[str, Any]], indent: int | None, window: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kolgraph.loaders.reading.jsontext.Cursor.WINDOW", window)
        for prefix, value in (("", items), ("a.b", {"x": [items], "a": {"b": items, "c": items}})):
            with source(tmp_path, "f.json", json.dumps(value, indent=indent, ensure_ascii=False)) as found:
                assert [row[1] for row in containers.json_items(found, prefix)] == items


# ---------------------------------------------------------------------- SQLite and spreadsheets


def database(path: Path, *statements: str) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


def test_a_database_is_read_exactly_and_only_read(tmp_path: Path) -> None:
    path = database(
        tmp_path / "f.db",
        'CREATE TABLE "we""i-bo; DROP" (id, "sel ect", f REAL, b BLOB)',
        f"INSERT INTO \"we\"\"i-bo; DROP\" VALUES ({BIG}, '{BIG}', 4.9e18, x'00'), (NULL, 'x', 2.0, x'E794B2')",
        'CREATE VIEW v AS SELECT * FROM "we""i-bo; DROP"',
    )
    before = path.read_bytes()
    with closing(Source(path)) as found:
        table = 'we"i-bo; DROP'
        assert found.keys == {table, *(f"{table}.{name}" for name in ("id", "sel ect", "f", "b"))}
        assert found.shape == "sqlite" and found.header == []
    rows = list(containers.sqlite_rows(path, 'we"i-bo; DROP'))
    assert rows == [
        (1, {"id": str(BIG), "sel ect": str(BIG), "f": "4.9000000000000000E+18", "b": None}),
        (2, {"id": None, "sel ect": "x", "f": "2", "b": "甲"}),
    ]
    assert next(containers.sqlite_rows(path, 'we"i-bo; DROP', ["f"])) == (1, {"f": "4.9000000000000000E+18"})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    for table, columns in (("v", None), ("nothing", None), ('we"i-bo; DROP', ["nothing"])):
        with pytest.raises(UnknownName):
            list(containers.sqlite_rows(path, table, columns))


def test_a_database_that_is_being_written_or_damaged_is_refused(tmp_path: Path) -> None:
    path = database(
        tmp_path / "f.db", "CREATE TABLE t (a)", *(f"INSERT INTO t VALUES ('{'x' * 500}{k}')" for k in range(99))
    )
    log = tmp_path / "f.db-wal"
    log.write_bytes(b"x")
    with pytest.raises(InputError, match="end that program"):
        list(containers.sqlite_rows(path, "t"))
    log.unlink()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a readable SQLite"):
        list(containers.sqlite_rows(path, "t"))


def workbook(path: Path, *rows: list[Any], title: str = "s") -> Path:
    book = openpyxl.Workbook()
    book.create_sheet(title)
    for row in rows:
        book[title].append(row)
    book.save(path)
    return path


def test_cells_of_a_workbook_are_exact_or_look_inexact(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5)
    path = workbook(
        tmp_path / "f.xlsx",
        [],
        ["id ", None, "n", "when", "f"],
        [str(BIG), "unnamed", 2.0, moment, "#REF!"],
        [],
        ["'" + str(BIG), None, 4.9e18, None, "#N/A"],
        [2**53, None, 0.5, True],
    )
    with closing(Source(path)) as found:
        assert (found.shape, found.header, found.header_line) == ("xlsx", ["id", "", "n", "when", "f"], 2)
    assert list(containers.xlsx_rows(path)) == [
        (3, {"id": str(BIG), "n": "2", "when": "2026-01-02T03:04:05", "f": None}),
        (5, {"id": "'" + str(BIG), "n": "4.9000000000000000E+18", "when": None, "f": None}),
        (6, {"id": str(2**53), "n": "0.5", "when": "true", "f": None}),
    ]
    with pytest.raises(UnknownName, match="sheet"):
        list(containers.xlsx_rows(path, "nothing"))


def sheet(path: Path, change: Callable[[str], str]) -> Path:
    """A workbook whose first sheet is changed by hand."""
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append([1])
    book.save(path)
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    name = "xl/worksheets/sheet1.xml"
    return archive(path, parts | {name: change(parts[name].decode()).encode()})


def test_hostile_workbooks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    lol = "<!DOCTYPE w [<!ENTITY a 'xxxxxxxxxx'>" + "".join(
        f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    for change in (
        lambda x: x.replace('r="2"', 'r="99999999999"'),
        lambda x: lol + "]>" + x.replace("<v>1</v>", "<v>&j;</v>"),
        lambda x: x[: len(x) // 2],
    ):
        with pytest.raises(InputError):
            list(containers.xlsx_rows(sheet(path, change)))
    with pytest.raises(LimitError, match="max_input"):
        list(containers.xlsx_rows(sheet(path, lambda x: x + " " * (70 << 20))))


@few
@given(tables)
@example([("=1+1", "'x"), ("", "1.0"), ("007", "00E1")])
def test_a_table_is_the_same_in_every_container(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    header = ["id", "名"]
    expected = [dict(zip(header, [a or None, b or None], strict=True)) for a, b in rows if a or b]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    zipped = archive(tmp_path / "t.zip", {"d/t.csv": text.getvalue().encode()})
    for pack, name in ((lambda b: b, "t.csv"), (gzip.compress, "t.csv.gz"), (zstandard.compress, "t.csv.zst")):
        with source(tmp_path, name, pack(text.getvalue().encode())) as found:
            assert found.header == header and found.text_path.read_text("utf-8") == text.getvalue()
    for member in archives.expand([zipped]):
        assert member.path.read_text("utf-8") == text.getvalue()
    path = database(tmp_path / "t.db", 'CREATE TABLE t (id TEXT, "名" TEXT)')
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(a or None, b or None) for a, b in rows if a or b])
    assert [row for _, row in containers.sqlite_rows(path, "t")] == expected
    book = openpyxl.Workbook()
    for r, row in enumerate([header, *rows], 1):
        for c, value in enumerate(row, 1):
            cell = book.active.cell(r, c)
            cell.value, cell.data_type = value or None, "s" if value else "n"
    book.save(tmp_path / "t.xlsx")
    assert [row for _, row in containers.xlsx_rows(tmp_path / "t.xlsx")] == expected


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_list_of_pages_is_read_page_by_page_and_null_is_an_empty_list(tmp_path: Path, ending: str) -> None:
    pages = [
        '{"data": {"users": [{"id": 1}, {"id": 2}]}}',
        '{"data": {"users": null}}',
        '{"data": {"users": [{"id": 3}]}}',
    ]
    text = f"[{', '.join(pages)}]" if ending == "json" else "\n".join(pages)
    path = tmp_path / f"f.{ending}"
    path.write_text(text)
    with closing(Source(path)) as found:
        assert [value["id"] for _, value in containers.json_items(found, "data.users")] == [1, 2, 3]
