"""Data sets whose files are told apart by their names, and hold little but numbers: SNAP and AMiner."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kolgraph.errors import InputError, UnknownName
from tests.worlds.samples import found
from tests.worlds.shelf import Shelf

BIG = [2**53 - 1, 2**53 + 1, 2**63 - 1]


def load(shelf: Shelf, folder: Path, name: str, data: str, **options: Any) -> Any:
    """Load a file of this name."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data, encoding="utf-8")
    return shelf.load_file(path, **options)


def codes(report: Any) -> list[tuple[int | None, str]]:
    return [(reject.line, reject.code) for reject in report.rejects]


# ---------------------------------------------------------------------- SNAP


def test_events_of_higgs_are_what_their_letters_say(shelf: Shelf, tmp_path: Path) -> None:
    rows = "3 2 1341100972 RT\n3 2 1341100972 RT\n1 2 1341101181 MT\n2 3 1341101183 RE\n1 2 1341101181 XX\n1 2\n"
    report = load(shelf, tmp_path, "higgs-activity_time.txt", rows)
    assert codes(report) == [(5, "NO_RECORD"), (6, "TOO_FEW_FIELDS")]
    # The same event twice is two events.
    assert shelf.rows("SELECT ts FROM reposts") == [(1341100972000,), (1341100972000,)]
    assert {row[:2] for row in found(shelf)["reposts"]} == {("3", "2")}
    assert {row[:2] for row in found(shelf)["mentions"]} == {("1", "2")}
    assert {row[:2] for row in found(shelf)["replies"]} == {("2", "3")}


@pytest.mark.parametrize(
    ("name", "row", "relation"),
    [
        ("higgs-social_network.edgelist", "1 2", "follows"),
        ("higgs-retweet_network.edgelist", "1 2 5", "reposts"),
        ("higgs-mention_network.edgelist", "1 2 5", "mentions"),
        ("higgs-reply_network.edgelist", "1 2 5", "replies"),
    ],
)
def test_networks_of_higgs_point_from_who_acts(
    shelf: Shelf, tmp_path: Path, name: str, row: str, relation: str
) -> None:
    load(shelf, tmp_path, name, f"{row}\n")
    edges = found(shelf)
    assert {found[:2] for found in edges.pop(relation)} == {("1", "2")}
    assert not any(edges.values())
    assert shelf.rows("SELECT weight FROM reposts") == [(5.0,)] * (relation == "reposts")


@pytest.mark.parametrize("folder", ["twitter", "ego-Twitter"])
def test_the_ego_follows_everybody_in_its_file(shelf: Shelf, tmp_path: Path, folder: str) -> None:
    load(shelf, tmp_path, f"{folder}/11.edges", "10 12\n12 10\n10 13\n")
    assert found(shelf)["follows"] == {
        ("10", "12"),
        ("12", "10"),
        ("10", "13"),
        *(("11", x) for x in ("10", "12", "13")),
    }


def test_ego_networks_elsewhere_have_no_direction(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="record"):
        load(shelf, tmp_path, "facebook/11.edges", "10 12\n")
    load(shelf, tmp_path, "egos/11.edges", "10 12\n", format="snap-ego")
    assert ("11", "12") in found(shelf)["follows"]


def test_numbers_under_another_name_are_not_taken_for_higgs(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="record"):
        load(shelf, tmp_path, "activity.txt", "1 2 5\n")


def test_pokec_lists_friends_and_has_quotes_in_its_texts(shelf: Shelf, tmp_path: Path) -> None:
    load(shelf, tmp_path, "soc-pokec-relationships.txt", "1\t13\n1\t11\n")
    assert found(shelf)["follows"] == {("pokec:1", "pokec:13"), ("pokec:1", "pokec:11")}
    cells = ["1", "1", "14", "1", 'a "kraj, b', "2012-05-25 11:20:00.0", "2005-04-03 00:00:00.0", "26"]
    row = "\t".join([*cells, *['"x'] * 51]) + "\t\n"
    nobody = "\t".join(["2", *["null"] * 58]) + "\t\n"
    report = load(shelf, tmp_path, "soc-pokec-profiles.txt", row + "3\t1\n" + nobody)
    assert (report.counts.accepted, codes(report)) == (2, [(2, "TOO_FEW_FIELDS")])
    created = int(datetime(2005, 4, 2, 23, tzinfo=UTC).timestamp() * 1000)
    query = "SELECT region, created_ts FROM accounts WHERE account_id = 'pokec:{}'"
    assert shelf.rows(query.format(1)) == [('a "kraj, b', created)]
    assert shelf.rows(query.format(2)) == [(None, None)]


# ---------------------------------------------------------------------- AMiner


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    """A folder with the lists of ids; account 3 is not known."""
    (tmp_path / "diffusion").mkdir()
    (tmp_path / "diffusion" / "uidlist.txt").write_text("1000\n1001\n1002\n\n1004\n")
    (tmp_path / "diffusion" / "repost_idlist.txt").write_text("70\n71\n72\n")
    return tmp_path


def reposts(shelf: Shelf) -> set[tuple[Any, ...]]:
    """(who, whose, which post) of every repost."""
    return set(
        shelf.rows(
            "SELECT s.account_id, d.account_id AS whose, root_id FROM reposts JOIN accounts s ON s.account_key = src "
            "LEFT JOIN accounts d ON d.account_key = dst"
        )
    )


def test_reposts_belong_to_the_post_above_them(shelf: Shelf, ids: Path) -> None:
    text = "0 2\n1352244462 1\n1352249027 2\n1\t0\n2\t1\n1352244462\t4\n"
    report = load(shelf, ids, "diffusion/repost_data.txt", text)
    assert (report.counts.accepted, report.counts.rejected) == (3, 0)
    assert reposts(shelf) == {
        ("weibo:1001", None, "weibo:70"),
        ("weibo:1002", None, "weibo:70"),
        ("weibo:1004", None, "weibo:72"),
    }
    assert set(shelf.rows("SELECT ts FROM reposts")) == {(1352244462000,), (1352249027000,)}


def test_a_repost_whose_post_is_not_certain_is_kept_aside(shelf: Shelf, ids: Path) -> None:
    lines = ["0 1", "1352244462 1", "1 ?", "1352244463 2", "2 3", "13522x 1", "1352244464 3", "1352244465 4", "9 1"]
    report = load(shelf, ids, "diffusion/repost_data.txt", "\n".join([*lines, "1352244466 1"]))
    assert codes(report) == [
        (3, "BAD_ROW"),  # whose post this is cannot be read
        (4, "NO_ROOT"),
        (6, "BAD_ROW"),
        (7, "MISSING_FIELD"),  # account 3 is not listed
        (10, "NO_ROOT"),  # nor is post 9
    ]
    assert reposts(shelf) == {("weibo:1001", None, "weibo:70"), ("weibo:1004", None, "weibo:72")}


def test_the_lists_of_ids_are_needed(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"put uidlist\.txt"):
        load(shelf, tmp_path, "repost_data.txt", "0 1\n1352244462 1\n")


def test_who_follows_whom_has_to_be_said(shelf: Shelf, ids: Path) -> None:
    month = "0 1 1\n0 2 1348470000\n1 3 0\n1 x 0\n"
    with pytest.raises(InputError, match="direction"):
        load(shelf, ids, "graph_170w_1month.txt", month)
    with pytest.raises(UnknownName):
        load(shelf, ids, "graph_170w_1month.txt", month, direction="up")
    report = load(shelf, ids, "graph_170w_1month.txt", month, direction="forward")
    assert codes(report) == [(3, "MISSING_FIELD"), (4, "BAD_ROW")]
    assert found(shelf)["follows"] == {("weibo:1000", "weibo:1001"), ("weibo:1000", "weibo:1002")}
    # A third number is a time, or a flag that is none.
    assert set(shelf.rows("SELECT since_ts FROM follows")) == {(None,), (1348470000000,)}
    shelf.empty()
    load(shelf, ids, "graph_170w_1month.txt", month, direction="backward")
    assert found(shelf)["follows"] == {("weibo:1001", "weibo:1000"), ("weibo:1002", "weibo:1000")}


def test_a_line_of_the_network_holds_as_many_accounts_as_it_says(shelf: Shelf, ids: Path) -> None:
    with pytest.raises(InputError, match="direction"):
        load(shelf, ids, "weibo_network.txt", "3 3\n0 1 1 1\n")
    text = "5 4\n0\t2\t1\t1\t2\t0\n1\t2\t0\t1\t2\n2 0\n4 1 0 1\nx 1 0 1\n"
    report = load(shelf, ids, "weibo_network.txt", text, direction="forward")
    assert codes(report) == [(3, "BAD_ROW"), (6, "BAD_ROW")]
    assert found(shelf)["follows"] == {
        ("weibo:1000", "weibo:1001"),
        ("weibo:1000", "weibo:1002"),
        ("weibo:1004", "weibo:1000"),
    }


def test_pairs_are_reposts_of_the_post_in_the_line_above(shelf: Shelf, ids: Path) -> None:
    day = "2012-09-24-15:47:{}"
    lines = [f"70 {day.format(16)} 0 2", f"1 {day.format(17)} 2 {day.format(18)}", f"71 {day.format(19)} 3 0", ""]
    lines += [f"1 {day.format(20)}", f"72 {day.format(21)} 1 1", f"2 {day.format(22)} 0", f"2 {day.format(23)}"]
    report = load(shelf, ids, "total.txt", "\n".join(lines))
    # What stands below nothing, or below damage, has no post.
    assert codes(report) == [(5, "NO_ROOT"), (7, "BAD_ROW"), (8, "NO_ROOT")]
    assert reposts(shelf) == {("weibo:1001", "weibo:1000", "weibo:70"), ("weibo:1002", "weibo:1000", "weibo:70")}
    authors = "SELECT post_id, account_id FROM posts LEFT JOIN accounts ON author = account_key"
    assert set(shelf.rows(authors)) == {("weibo:70", "weibo:1000"), ("weibo:71", None), ("weibo:72", "weibo:1001")}
    noon = int(datetime(2012, 9, 24, 7, 47, 16, tzinfo=UTC).timestamp() * 1000)  # 15:47 in Beijing
    assert shelf.rows("SELECT created_ts FROM posts WHERE post_id = 'weibo:70'") == [(noon,)]


DAY = "2012-11-07-00:02:22"
TEXTS = [
    f"70\t1000\t{DAY}\t9",
    "3",
    f"1001\t{DAY}\t81",
    "好 //@甲:乙",
    f"1002\t{DAY}\t82",
    "",
    f"1003\t{DAY}\t83",
    "丁",
]
TEXTS += [f"71\t1004\t{DAY}\t1", "1", f"1005\t{DAY}\t84", "7"]


def test_a_repost_has_its_text_in_the_next_line(shelf: Shelf, tmp_path: Path) -> None:
    report = load(shelf, tmp_path, "retweetWithContent/repost2.txt", "\n".join(TEXTS))
    assert (report.counts.accepted, report.counts.rejected) == (6, 0)
    assert reposts(shelf) == {
        ("weibo:1001", "weibo:1000", "weibo:70"),
        ("weibo:1002", "weibo:1000", "weibo:70"),
        ("weibo:1003", "weibo:1000", "weibo:70"),
        ("weibo:1005", "weibo:1004", "weibo:71"),
    }
    texts = dict(shelf.rows("SELECT post_id, text FROM reposts"))
    assert texts == {"weibo:81": "好 //@甲:乙", "weibo:82": "", "weibo:83": "丁", "weibo:84": "7"}
    assert ("weibo:1001", "name:甲", "81", "parent") in found(shelf)["reposts"]


@pytest.mark.parametrize("lost", range(len(TEXTS)))
@pytest.mark.parametrize("left", ["", "?"])
def test_a_damaged_line_never_gives_a_repost_to_another_post(
    shelf: Shelf, tmp_path: Path, lost: int, left: str
) -> None:
    load(shelf, tmp_path, "retweetWithContent/repost2.txt", "\n".join(TEXTS))
    whole = reposts(shelf)
    damaged = [*TEXTS[:lost], left, *TEXTS[lost + 1 :]] if left else [*TEXTS[:lost], *TEXTS[lost + 1 :]]
    shelf.empty()
    try:
        report = load(shelf, tmp_path, "retweetWithContent/repost2.txt", "\n".join(damaged))
    except InputError:
        assert lost == 0  # the first line is the one that the file is known by
        return
    assert reposts(shelf) <= whole
    assert len(whole - reposts(shelf)) <= 3
    if left and lost not in (3, 5, 7, 11):  # a damaged text is a text
        assert report.counts.rejected > 0


PERSON = ["1000", "10", "5", "True", "1000", "上海", "31", "200", "甲", "m", "2010-05-31-23:07:59", "0", "900", "简介"]
HEAD = "# id\n# bi_followers_count\n"


def test_profiles_have_fourteen_lines_and_blank_ones_count(shelf: Shelf, tmp_path: Path) -> None:
    blank = ["1001", *PERSON[1:5], "", *PERSON[6:13], "# no bio"]
    text = HEAD + "\n".join([*PERSON, "", *blank, "", "1002", "??", "1003", *PERSON[1:13]]) + "\n\n"
    report = load(shelf, tmp_path, "userProfile/user_profile1.txt", text)
    assert codes(report) == [(33, "BAD_ROW"), (34, "BAD_ROW")]
    created = int(datetime(2010, 5, 31, 15, 7, 59, tzinfo=UTC).timestamp() * 1000)
    query = "SELECT account_id, name, followers, followings, posts, region, bio, verified, created_ts FROM accounts"
    assert sorted(shelf.rows(query), key=str) == [
        ("weibo:1000", "甲", 1000, 200, 900, "上海", "简介", "person", created),
        ("weibo:1001", "甲", 1000, 200, 900, "", "# no bio", "person", created),
        ("weibo:1003", "甲", 1000, 200, 900, "上海", "", "person", created),
    ]


# ---------------------------------------------------------------------- ids


@pytest.mark.parametrize("n", BIG)
def test_large_ids_stay_exact(shelf: Shelf, tmp_path: Path, n: int) -> None:
    (tmp_path / "uidlist.txt").write_text(f"{n}\n{n - 1}\n")
    (tmp_path / "repost_idlist.txt").write_text(f"{n}\n")
    load(shelf, tmp_path, "higgs-social_network.edgelist", f"{n} {n - 1}\n")
    load(shelf, tmp_path, f"twitter/{n}.edges", f"{n - 1} {n}\n")
    load(shelf, tmp_path, "repost_data.txt", "0 1\n1352244462 1\n")
    load(shelf, tmp_path, "graph_170w_1month.txt", "0 1 0\n", direction="forward")
    load(shelf, tmp_path, "retweetWithContent/1.txt", f"{n} {n} {DAY} 1\n1\n{n - 1} {DAY} {n - 2}\nx\n")
    ids = {account for (account,) in shelf.rows("SELECT account_id FROM accounts")}
    assert ids == {f"{platform}:{k}" for platform in ("local", "weibo") for k in (n, n - 1)}
    assert shelf.rows("SELECT DISTINCT root_id FROM reposts") == [(f"weibo:{n}",)]
    assert (f"weibo:{n - 2}",) in shelf.rows("SELECT post_id FROM reposts")
