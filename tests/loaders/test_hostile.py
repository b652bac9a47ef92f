"""Small files that ask for much: every row is counted, the work is bounded, and what is good is loaded."""

from __future__ import annotations

from collections import Counter

import pytest

from kolgraph.loaders.reading import delimited, source
from kolgraph.loaders.reading.source import Reject
from tests.worlds.shelf import Shelf


def codes(rejects: list[Reject]) -> list[tuple[int | None, str]]:
    return [(reject.line, reject.code) for reject in rejects]


def test_a_line_beyond_the_buffer_of_the_engine_is_a_reject(shelf: Shelf) -> None:
    rows = b"".join(b"%d,2\n" % k for k in range(1000))
    report = shelf.load(b"follower,followed\n" + rows + b"5000," + b"x" * 33_000_000 + b"\n6000,2\n")
    assert codes(report.rejects) == [(1002, "TOO_LONG")]
    assert (report.counts.read, report.counts.accepted) == (1002, 1001)


def test_a_quoted_cell_of_many_megabytes_is_a_reject(shelf: Shelf) -> None:
    report = shelf.load(b'account,name\n1,"' + b"x" * 3_000_000 + b'"\n2,b\n')
    assert codes(report.rejects) == [(2, "TOO_LONG")] and report.counts.accepted == 1


def test_a_line_of_many_cells_is_one_reject(shelf: Shelf) -> None:
    report = shelf.load("follower,followed\n3,2\n" + ",".join(["1"] * 60_000) + "\n1,2\n")
    assert codes(report.rejects) == [(3, "TOO_MANY_FIELDS")] and report.counts.accepted == 2


@pytest.mark.parametrize("where", ["first", "last"])
def test_the_engine_is_never_asked_for_more_rejects_than_a_few(shelf: Shelf, where: str) -> None:
    """It would keep the whole row once for each of them; what lies behind the probe is found by its first rejects."""
    wide = [",".join(["1"] * 300)] * 200
    good = [f"{k},2" for k in range(3 * delimited.PROBE_LINES)]
    report = shelf.load("\n".join(["follower,followed", *(wide + good if where == "first" else good + wide), ""]))
    assert report.counts.rejected == 200 and report.counts.accepted == len(good)
    kept = shelf.rows("SELECT count(*) FROM reject_errors") if where == "last" else [(0,)]
    assert kept[0][0] <= delimited.ENGINE_REJECTS


@pytest.mark.parametrize("row", ["{k},2,3", "{k}", '"{k},2', "{k}.0,2", "{k},"])
def test_all_rows_are_counted_and_the_first_are_told(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    for module in (source, delimited):
        monkeypatch.setattr(module, "MAX_REJECTS", 100)
    monkeypatch.setattr("kolgraph.workspace.ingest.MAX_REJECTS", 100)
    path = shelf.folder / "f.csv"
    bad = "".join(row.format(k=k) + "\n" for k in range(3000))
    path.write_text(f"follower,followed\n1,2\n{bad}3,2\n")
    report = shelf.ws.load(path, max_reject_rate=1.0)
    assert (report.counts.read, report.counts.rejected) == (3002, 3000)
    assert [reject.line for reject in report.rejects] == list(range(3, 103))
    assert sum(report.reasons.values()) == 3000 and report.reasons.keys() == {report.rejects[0].code}
    assert shelf.rows("SELECT count(*) FROM rejects") == [(100,)]


def test_a_quote_that_never_closes_is_looked_behind_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = Counter[str]()
    follow = delimited.quotes

    def counted(line: bytes, delimiter: bytes, *, inside: bool) -> tuple[bool, int, bool]:
        followed["lines"] += 1
        return follow(line, delimiter, inside=inside)

    monkeypatch.setattr(delimited, "quotes", counted)
    lines = 9_000
    report = shelf.load('account,name\n1,"' + "x\n" * lines + "\n2,b\n")
    assert report.counts.rejected == lines and report.counts.accepted == 1
    assert followed["lines"] < 4 * delimited.MAX_CELL_LINES


def test_many_blank_lines_are_no_row(shelf: Shelf) -> None:
    """Together they are longer than a line may be for the engine."""
    report = shelf.load("follower,followed\n1,2\n" + "\n" * 2_100_000 + "3,2\n4\n")
    assert report.counts.accepted == 2 and codes(report.rejects) == [(2_100_004, "TOO_FEW_FIELDS")]


def test_lines_are_those_of_the_file_also_in_a_repaired_copy(shelf: Shelf) -> None:
    text = 'follower,followed\n1,2\n\n"3,2\n\n4.0,2\n"5\n6",2\n7\n8.0,2\n'
    report = shelf.load(text)
    assert codes(report.rejects)[:2] == [(4, "UNBALANCED_QUOTE"), (6, "ID_FLOAT")]
    assert codes(report.rejects)[-2:] == [(9, "TOO_FEW_FIELDS"), (10, "ID_FLOAT")]
