"""A known format is known in other clothes: capitals, other signs between words, quotes; else it is refused or told."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from kolgraph.errors import UnknownFormat
from tests.worlds.shelf import Shelf

SPIDERCLUB = "id,user_id,follow_or_fans_id,type\n1,1000000011,1000000012,1\n2,1000000011,1000000013,2\n"
TWARC = (
    "id,author_id,text,referenced_tweets.retweeted.id,retweeted_user_id,author.username\n"
    "1742034227821791951,77001,RT @kol: x,1742018876668040839,55002,fan_b\n"
)


def spelt(text: str, *, old: str, new: str) -> str:
    """The file with another header, letter by letter or as a whole."""
    header, _, rows = text.partition("\n")
    changed = header.upper() if old == "" else header.replace(old, new)
    assert changed != header
    return changed + "\n" + rows


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (SPIDERCLUB, "", ""),
        (SPIDERCLUB, "_", "-"),
        (SPIDERCLUB, "user_id", "`user_id`"),
        (SPIDERCLUB, "user_id", "ｕｓｅｒ＿ｉｄ"),
        (SPIDERCLUB, "user_id,follow_or_fans_id", " userId ,\u200bFollow Or Fans Id"),
        (TWARC, "", ""),
        (TWARC, ".", "_"),
    ],
)
def test_a_known_format_is_known_however_its_header_is_spelt(shelf: Shelf, text: str, old: str, new: str) -> None:
    good = shelf.load(text)
    content = shelf.content()
    shelf.empty()
    report = shelf.load(spelt(text, old=old, new=new))
    assert (report.loader, report.rejects) == (good.loader, [])
    assert shelf.content() == content
    assert len(report.decisions[0]) > len(good.decisions[0])  # what was taken for what


def test_an_exact_header_goes_before_one_that_is_like_another(shelf: Shelf) -> None:
    header = "id,ID,user_id,follow_or_fans_id,type,USER_ID\n"
    assert shelf.load(header + "1,9,1000000011,1000000012,1,7\n").loader == "spiderclub-relation"
    assert shelf.rows("SELECT account_id FROM accounts ORDER BY 1") == [("weibo:1000000011",), ("weibo:1000000012",)]


def test_where_a_known_column_is_missing_the_others_are_named(shelf: Shelf) -> None:
    header = "id,creation_time,zzz5,mcl_url,post_owner.id,post_owner.name,statistics.reaction_count\n"
    report = shelf.load(header + "123456,2024-01-02T03:04:05Z,hello,u,99999,n,3\n")
    assert report.loader == "mcl-facebook"
    assert "not used: zzz5" in report.decisions[0]


def test_json_with_the_keys_of_a_format_in_capitals_is_refused(shelf: Shelf) -> None:
    tweets = [{"AUTHOR_ID": "77001", "ID": str(1742034227821791951 + k), "TEXT": "x"} for k in range(2)]
    with pytest.raises(UnknownFormat, match="keys of x-v2 in another spelling"):
        shelf.load("\n".join(map(json.dumps, tweets)), "t.jsonl")


@pytest.mark.parametrize("second", ["varchar,int", "字段,说明", "(text),(num)"])
def test_a_second_line_of_the_header_is_no_row(shelf: Shelf, second: str) -> None:
    assert shelf.load(f"follower,followed\n{second}\nann,bob\n").counts.read == 1
    assert shelf.load("follower,followed\nint,cai\n").counts.read == 1  # somebody is called so


def test_a_column_called_number_sign_begins_no_comment(shelf: Shelf) -> None:
    assert shelf.load("#,follower,followed\n0,ann,bob\n1,cai,bob\n").counts.accepted == 2


@pytest.mark.parametrize("user", ['{"_id": "1000000013", "nick_name": "样例丙"}', "{'_id': '1000000013'}"])
def test_an_object_that_became_text_costs_its_row(shelf: Shelf, user: str) -> None:
    post = {"_id": "4985690216650375", "mblogid": "NzXc1rU47", "content": "好", "created_at": "2024-01-02 11:04:00"}
    posts = [post | {"user": {"_id": "1000000011"}}, post | {"_id": "4985705568914127", "user": user}]
    report = shelf.load("\n".join(json.dumps(p, ensure_ascii=False) for p in posts), "tweet_1.jsonl")
    assert [(r.line, r.column, r.code) for r in report.rejects] == [(2, "user", "BAD_OBJECT")]


def test_ids_that_a_spreadsheet_rounded_are_told_by_their_short_ids_in_json_too(shelf: Shelf) -> None:
    post = {"_id": "4985690216650300", "mblogid": "NzXc1rU47", "content": "好", "created_at": "2024-01-02 11:04:00"}
    shelf.load(json.dumps(post | {"user": {"_id": "1000000011"}}), "tweet_1.jsonl")
    assert shelf.rows("SELECT post_id FROM posts") == [("weibo:4985690216650375",)]


def test_a_sheet_is_known_by_its_own_header_however_it_is_spelt(shelf: Shelf, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["说明"], ["x"]):
        book.active.append(row)
    sheet = book.create_sheet("fans")
    for row in (["Id", "User_Id", "Follow_Or_Fans_Id", "Type"], ["1", "1000000011", "1000000012", "1"]):
        sheet.append(row)
    book.save(tmp_path / "b.xlsx")
    report = shelf.load_file(tmp_path / "b.xlsx")
    assert (report.loader, report.counts.accepted) == ("spiderclub-relation", 1)
    assert "User_Id = user_id" in report.decisions[0]
