"""Ids that a spreadsheet rounded are refused, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.worlds.shelf import Shelf


def table(ids: list[str], form: str) -> str:
    rows = [{"post": f"p{k}", "author": one, "text": "x"} for k, one in enumerate(ids)]
    if form == "csv":
        return "post,author,text\n" + "".join(",".join(row.values()) + "\n" for row in rows)
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("platform", "ids"),
    [
        ("x", ["1213456789012340000", "1213456789012350000"]),
        ("tiktok", ["6999999999999990000", "7000000000000010000", "42"]),
        ("weibo", [f"49551234567{k:04}0" for k in range(8)]),
        ("x", ["1210000000000000000", "1220000000000000000"]),
        ("douyin", ["700000000000012000", "700000000000013000", "700000000000014000"]),
    ],
)
def test_a_column_of_long_ids_that_all_end_in_zeros_was_rounded(
    shelf: Shelf, form: str, platform: str, ids: list[str]
) -> None:
    report = shelf.load(table(ids, form), f"f.{form}", platform=platform)
    long = [one for one in ids if len(one) > 15]
    found = [(reject.column, reject.value, reject.code) for reject in report.rejects]
    assert found == [("author", one, "ID_SCIENTIFIC") for one in long]
    first = 2 if form == "csv" else 1
    assert [reject.line for reject in report.rejects] == list(range(first, first + len(long)))
    assert report.counts.accepted == len(ids) - len(long)


@pytest.mark.parametrize(
    "ids",
    [
        ["1213456789012340000", "1213456789012350001"],
        ["1213456789012340000"],
        ["1213456789012340000"] * 9,  # one account, many posts
        [f"49551234567{k:04}0" for k in range(7)],
        [f"10000000{k}000000" for k in range(9)],  # 15 digits are kept
        ["1213456789012340000", *(f"12134567890123412{k}" for k in range(10, 99))],
    ],
)
def test_ids_that_end_in_zeros_by_chance_are_ids(shelf: Shelf, ids: list[Any]) -> None:
    assert shelf.load(table(ids, "csv"), platform="x").rejects == []


def test_a_row_of_several_records_is_refused_with_all_of_them(shelf: Shelf) -> None:
    header = "id,timestamp_utc,user_screen_name,text,user_id,retweeted_id,retweeted_user,retweeted_user_id\n"
    rows = "".join(f"12134567890123{k}0000,1577872800,fan,RT,77,1213456789012{k}0000,kol,55\n" for k in range(4, 9))
    report = shelf.load(header + rows)
    assert [reject.code for reject in report.rejects] == ["ID_SCIENTIFIC"] * 5
    assert shelf.rows("SELECT post_id FROM reposts UNION ALL SELECT account_id FROM accounts") == []
