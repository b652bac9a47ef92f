"""The laws that fuzzing checks, on some changed files of every loader: `tests.fuzz.loaders` tries many more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from kolgraph.errors import InputError, UnknownName
from kolgraph.workspace.loading import LoadReport
from tests.fuzz.named import REPOSTS, ROOTS
from tests.fuzz.seeds import cases, database
from tests.fuzz.trial import HEAD, Finding, Trial, check_line, check_refusal, unraisable
from tests.worlds.shelf import Shelf

EACH = 20


@pytest.fixture(scope="module", params=sorted(cases()))
def trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The cases of one target."""
    with closing(Trial(request.param, tmp_path_factory.mktemp("fuzz"))) as made:
        yield made


@pytest.mark.slow
def test_changed_files_are_accounted_for_or_refused_in_one_line(trial: Trial) -> None:
    random = Random(7)
    seeds = list(trial.seeds())
    for _ in range(EACH):
        trial.run(trial.mutated(random.choice(seeds), random, 1 << 14))


def test_the_same_seed_changes_a_file_in_the_same_way(trial: Trial) -> None:
    raw = next(trial.seeds())
    changed = [[trial.mutated(raw, Random(k), 1 << 14) for k in range(20)] for _ in range(2)]
    assert changed[0] == changed[1]
    assert len(set(changed[0])) > 10
    assert max(len(data) for data in changed[0]) > HEAD


def test_a_defect_is_not_taken_for_a_refusal() -> None:
    from kolgraph.errors import KolgraphError, StoreError

    check_refusal(InputError("f.csv:2: no row"))
    for defect in (KolgraphError("of 3 rows 2 are told"), StoreError("engine")):
        with pytest.raises(Finding):
            check_refusal(defect)
    for text in ("two\nlines", "clear\x1b[2J", "", "nul\0"):
        with pytest.raises(Finding):
            check_line(text)


def test_files_left_open_are_seen(tmp_path: Path) -> None:
    with unraisable() as seen:
        (tmp_path / "f").open("w")
    assert "unclosed file" in seen[0]


# ---------------------------------------------------------------------- what fuzzing has found


def test_names_in_an_error_cannot_break_its_line() -> None:
    error = UnknownName.among("column", "a", ["b\0t\x1c", "c\u2028\ud83d", "d\r\n"])
    assert str(error) == r"unknown column 'a'; known: b\x00t\x1c, c\u2028\ud83d, d\r\n"


@pytest.mark.parametrize("cell", [' ""0', ' "y"z', ' "y"\t', ' "y'])
def test_a_space_before_a_damaged_quote_does_not_lose_the_row_above(shelf: Shelf, cell: str) -> None:
    report = shelf.load(f"follower,followed,since\n1,2,\n3,4,{cell}\n5,6,\n")
    assert (report.counts.accepted, [reject.line for reject in report.rejects]) == (2, [3])
    report = shelf.load('follower,followed,since\n,,\n ""0, "": ')
    assert [reject.line for reject in report.rejects] == [2, 3]


def test_a_byte_order_mark_alone_on_a_line_is_no_row(shelf: Shelf) -> None:
    report = shelf.load(b"\xef\xbb\xbf\n0\t1\n2\n", "a.txt", record="follow", direction="forward")
    assert (report.counts.accepted, [reject.line for reject in report.rejects]) == (1, [3])


def test_a_quote_that_opens_in_the_header_loses_no_row(shelf: Shelf) -> None:
    report = shelf.load('follower;followed;since";"c\nd";\n3;4;x\n5;6;1;x\n')
    assert (report.counts.accepted, [reject.line for reject in report.rejects]) == (1, [2, 3])


def test_one_space_around_quotes_belongs_to_neither_cell(shelf: Shelf) -> None:
    # The last line makes the file one that has to be repaired.
    report = shelf.load('follower,followed\n"a,1", "b,2"\n"c"  , "d"\n"x"y,2\n', platform="p")
    assert (report.counts.accepted, [reject.line for reject in report.rejects]) == (2, [4])
    assert shelf.rows("SELECT account_id FROM accounts ORDER BY 1") == [(f"p:{x}",) for x in ("a,1", "b,2", "c", "d")]


def test_half_an_emoji_in_a_rejected_item_is_kept_as_text(shelf: Shelf) -> None:
    report = shelf.load('[{"follower": "1", "followed": "2"}, {"follower": "\\ud83d"}]', "f.json")
    assert [reject.raw for reject in report.rejects] == ['{"follower": "\ufffd"}']


def test_a_database_whose_damage_is_no_text_is_refused(shelf: Shelf) -> None:
    data = database("user", ["id"], [["1"]])
    with pytest.raises(InputError, match="not a readable SQLite file"):
        shelf.load(data.replace(b"CREATE TABLE", b"CREATE T\xaeBLE"), "f.db")


def reposts_with_roots(shelf: Shelf, folder: Path, roots: str) -> LoadReport:
    """Load reposts of CED beside the header of cascades.csv and these rows."""
    header = ROOTS.splitlines()[0]
    (folder / "cascades.csv").write_text(f"{header}\n{roots}", encoding="utf-8")
    (folder / "reposts.csv").write_text(REPOSTS, encoding="utf-8")
    return shelf.load_file(folder / "reposts.csv")


def test_a_cascade_that_is_listed_twice_does_not_double_its_reposts(shelf: Shelf, tmp_path: Path) -> None:
    once = "1,0,10,1262304000,2,0,0,9,9,9,0,2\n"
    assert reposts_with_roots(shelf, tmp_path, once * 2).counts.accepted == 2
    assert shelf.rows("SELECT ts FROM reposts ORDER BY 1") == [(1262304005000,), (1262304009000,)]
    shelf.empty()
    assert reposts_with_roots(shelf, tmp_path, once + once.replace(",10,", ",11,")).counts.accepted == 2
    assert shelf.rows("SELECT DISTINCT dst, ts FROM reposts") == [(None, None)]


def test_a_damaged_table_of_cascades_is_named(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cascades\.csv:3: the table of cascades is damaged"):
        reposts_with_roots(shelf, tmp_path, '1,0,10,1262304000,2,0,0,9,9,9,0,2\n2,"\n')
