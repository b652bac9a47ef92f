"""Several ids of one account: it is one account whatever is loaded first, with all that was said of either id."""

from __future__ import annotations

import itertools
import json

import pytest

from kolgraph.verbs.forget import forget
from kolgraph.verbs.unload import unload
from kolgraph.workspace import Workspace
from tests.worlds.shelf import Shelf

SEC = "MS4wLjABAAAAabcdefghijklmnopqrstuvwxyz0123456789"
ALIAS, ACCOUNT = f"douyin:sec_uid:{SEC}", "douyin:700000000000000017"
VIDEO = {"aweme_id": "7400000000000000123", "aweme_type": "0", "title": "t", "desc": "d", "create_time": 1738983845}
VIDEO |= {"user_id": "700000000000000017", "sec_uid": SEC, "nickname": "甲", "liked_count": "10", "aweme_url": ""}
VIDEO |= {"collected_count": "1", "comment_count": "2", "share_count": "3", "last_modify_ts": 1738983845000}

#: File -> its text; the first alone says that the two ids are one account.
FILES = {
    "douyin.jsonl": json.dumps(VIDEO),
    "prices.csv": f"平台,昵称,主页链接,报价\n抖音,甲甲,https://www.douyin.com/user/{SEC},8000\n",
    "follows.csv": f"follower,followed,observed\n5,{ALIAS},2024-01-01\n5,{ACCOUNT},2024-02-01\n{ALIAS},9,2024-01-01\n",
    "accounts.csv": f"account,name,bio,followers,observed\n{ALIAS},旧名,b,7,2020-01-01\n{ACCOUNT},新名,,9,2026-01-01\n",
    "people.csv": f"person,account,name\np,{ALIAS},甲\np,{ACCOUNT},甲\np,weibo:1,甲\n",
    "posts.csv": f"post,author,text\n1,{ALIAS},@甲\n2,{ACCOUNT},b\n",
    "mentions.csv": f"writer,mentioned,post\n5,{ALIAS},8\n5,{ACCOUNT},8\n{ALIAS},6,7\n{ACCOUNT},6,7\n",
    "reposts.csv": f"repost,reposter,author,root\n3,{ALIAS},5,4\n31,5,{ALIAS},1\n",
    "others.csv": "account,name\n1,z\n99,y\n",
}


def load(shelf: Shelf, names: list[str]) -> None:
    for name in names:
        assert shelf.load(FILES[name], name, platform="douyin").rejects == []


def dense(shelf: Shelf) -> bool:
    """Whether keys are still row numbers, and all that name an account name one that is there."""
    keys = [row[0] for row in shelf.rows("SELECT account_key FROM accounts ORDER BY 1")]
    named = shelf.rows(
        "SELECT src FROM follows UNION SELECT dst FROM follows UNION SELECT author FROM posts UNION "
        "SELECT src FROM reposts UNION SELECT src FROM namings UNION SELECT account_key FROM account_names UNION "
        "SELECT account_key FROM identities UNION SELECT account_key FROM profile_times"
    )
    return keys == list(range(len(keys))) and {row[0] for row in named} <= set(keys)


def test_the_order_of_files_does_not_matter(shelf: Shelf) -> None:
    first, *rest = FILES
    load(shelf, [first, *rest])
    wanted = shelf.content()
    assert ALIAS not in repr(wanted)
    for order in ([*reversed(rest), first], [*rest[:4], first, *rest[4:]]):
        shelf.empty()
        load(shelf, order)
        assert shelf.content() == wanted
        assert dense(shelf)


def test_what_was_said_of_either_id_is_said_of_the_account(shelf: Shelf) -> None:
    load(shelf, list(reversed(FILES)))
    facts = shelf.rows(f"SELECT name, bio, followers, price_cny::VARCHAR FROM accounts WHERE account_id = '{ACCOUNT}'")
    assert facts == [("新名", "b", 9, "8000.00")]
    names = "SELECT name_norm FROM account_names JOIN accounts USING (account_key) WHERE account_id = '{}' ORDER BY 1"
    assert shelf.rows(names.format(ACCOUNT)) == [("新名",), ("旧名",), ("甲",), ("甲甲",)]
    assert shelf.rows("SELECT count(*), max(observed_ts) FROM follows") == [(2, 1706716800000)]
    assert shelf.rows("SELECT count(*) FROM identities") == [(2,)]
    assert shelf.rows("SELECT count(*) FROM mentions WHERE post_id IN ('douyin:7', 'douyin:8')") == [(2,)]


def test_a_row_that_adds_another_id_says_something_new_and_again_nothing(shelf: Shelf) -> None:
    user = {"aweme_id": "1", "author": {"uid": "5"}, "statistics": {"digg_count": 1}}
    shelf.load(json.dumps(user), "f.jsonl")
    user["author"] |= {"sec_uid": SEC}
    shelf.load(json.dumps(user), "f.jsonl")
    assert shelf.rows("SELECT * FROM account_aliases") == [(ALIAS, 0)]
    shelf.load(f"follower,followed\n9,{ALIAS}\n", platform="douyin")
    assert shelf.rows("SELECT account_id FROM accounts ORDER BY 1") == [("douyin:5",), ("douyin:9",)]


@pytest.mark.parametrize(
    ("given", "order"), [(ALIAS, ["douyin.jsonl", "follows.csv"]), (ACCOUNT, ["follows.csv", "douyin.jsonl"])]
)
def test_who_is_forgotten_by_one_id_comes_back_by_none(shelf: Shelf, given: str, order: list[str]) -> None:
    load(shelf, order)
    forget(shelf.ws, [given])
    assert shelf.rows("SELECT account_id FROM accounts WHERE platform <> 'forgotten' ORDER BY 1") == [
        ("douyin:5",),
        ("douyin:9",),
    ]
    assert shelf.rows("SELECT * FROM account_aliases") == []
    for name in ("douyin.jsonl", "follows.csv", "prices.csv", "reposts.csv"):
        again = shelf.load(FILES[name] + "\n", name, platform="douyin")
        assert {r.code for r in again.rejects if r.line and not r.partly} <= {"FORGOTTEN"}
    assert not [row for row in shelf.rows("SELECT account_id FROM accounts") if row[0] in {ALIAS, ACCOUNT}]


def test_without_the_file_that_named_both_they_are_two_again(shelf: Shelf) -> None:
    for name in ("follows.csv", "douyin.jsonl"):
        (shelf.folder / name).write_text(FILES[name], encoding="utf-8")
        shelf.load_file(shelf.folder / name, platform="douyin")
    assert (ALIAS,) not in shelf.rows("SELECT account_id FROM accounts")
    unload(shelf.ws, shelf.folder / "douyin.jsonl")
    assert (ALIAS,) in shelf.rows("SELECT account_id FROM accounts")


def test_under_pseudonyms_they_are_one_too(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOLGRAPH_KEY", "a" * 64)
    counts = set()
    for number, order in enumerate(itertools.permutations(["douyin.jsonl", "follows.csv", "prices.csv"])):
        with Workspace.open(shelf.folder / f"p{number}.kol", create=True) as ws:
            for name in order:
                (shelf.folder / name).write_text(FILES[name], encoding="utf-8")
                ws.load(shelf.folder / name, platform="douyin", pseudonymise=True)
            ids = [row[0] for row in ws.fetch("SELECT account_id FROM accounts ORDER BY 1")]
            assert all(account.startswith("douyin:p_") for account in ids)
            counts.add((*ids, *ws.fetch("SELECT count(*), count(price_cny) FROM accounts, follows")))
    assert len(counts) == 1
    assert len(next(iter(counts))) == 4


# ---------------------------------------------------------------------- one id that is said to be of two accounts

CLAIM = "account_id,alias\n{},{}\n"
OTHER = "douyin:700000000000000018"
CONTRADICTED = {
    "one.csv": CLAIM.format(ACCOUNT, ALIAS),
    "two.csv": CLAIM.format(OTHER, ALIAS),
    **{name: FILES[name] for name in ("follows.csv", "accounts.csv", "people.csv", "posts.csv", "reposts.csv")},
}


def test_an_id_that_is_said_to_be_of_two_accounts_is_of_nobody_in_any_order(shelf: Shelf) -> None:
    facts = [name for name in CONTRADICTED if name not in {"one.csv", "two.csv"}]
    wanted = None
    for order in (
        ["one.csv", *facts, "two.csv"],
        ["two.csv", *facts, "one.csv"],
        [*facts[:2], "two.csv", "one.csv", *facts[2:]],
    ):
        shelf.empty()
        said = {}
        for name in order:
            said[name] = shelf.load(CONTRADICTED[name], name, platform="douyin").decisions[-1]
            assert dense(shelf)
        content = shelf.content()
        assert wanted in (None, content)
        wanted = content
        last = max(("one.csv", "two.csv"), key=order.index)
        assert (
            said[last] == f"ids that are said to be of several accounts identify nobody: {ALIAS} of {ACCOUNT}, {OTHER}"
        )
    assert shelf.rows(f"SELECT bio, followers FROM accounts WHERE account_id = '{ALIAS}'") == [("b", 7)]
    assert shelf.rows("SELECT count(*) FROM follows") == [(3,)]
    assert shelf.rows("SELECT * FROM as_given") == []


def test_what_one_of_its_ids_says_later_is_kept_as_given_too(shelf: Shelf) -> None:
    later = f"follower,followed,observed\n5,{ACCOUNT},2025-02-01\n{ALIAS},10,2025-01-01\n"
    contents = []
    for order in (["one.csv", "follows.csv", "later", "two.csv"], ["two.csv", "one.csv", "later", "follows.csv"]):
        shelf.empty()
        for name in order:
            shelf.load(later if name == "later" else CONTRADICTED[name], "f.csv", platform="douyin")
        contents.append(shelf.content())
    assert contents[0] == contents[1]


def test_a_third_id_of_an_account_is_kept_as_given_beside_the_second(shelf: Shelf) -> None:
    third = "douyin:sec_uid:third"
    texts = [
        CLAIM.format(ACCOUNT, ALIAS) + f"{ACCOUNT},{third}\n",
        f"follower,followed,since\n{ALIAS},9,2024-01-01\n{ACCOUNT},9,2024-03-01\n",
        f"follower,followed,since\n{third},9,2024-02-01\n",
        CLAIM.format(OTHER, ALIAS),
    ]
    contents = []
    for order in itertools.permutations(range(4)):
        if order in {(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)}:
            shelf.empty()
            for k in order:
                shelf.load(texts[k], platform="douyin")
                assert dense(shelf)
            contents.append(shelf.content())
    assert contents[0] == contents[1] == contents[2]
    assert len(contents[0]["follows"]) == 2


def test_ids_that_are_claimed_for_each_other_or_in_a_row(shelf: Shelf) -> None:
    shelf.load("follower,followed\ndouyin:sec_uid:a,1\ndouyin:sec_uid:b,2\n", platform="douyin")
    shelf.load(CLAIM.format("douyin:sec_uid:b", "douyin:sec_uid:a") + "douyin:7,douyin:sec_uid:b\n", platform="douyin")
    shelf.load("account_id,alias\ndouyin:8,douyin:9\ndouyin:9,douyin:8\n", platform="douyin")
    ids = [row[0] for row in shelf.rows("SELECT account_id FROM accounts ORDER BY 1")]
    assert ids == ["douyin:1", "douyin:2", "douyin:7", "douyin:8", "douyin:9"]
    assert shelf.rows(
        "SELECT count(*) FROM follows WHERE src = (SELECT account_key FROM accounts WHERE account_id = 'douyin:7')"
    ) == [(2,)]
    assert dense(shelf)


def test_who_is_forgotten_leaves_nothing_that_was_kept_as_given(shelf: Shelf) -> None:
    load(shelf, ["douyin.jsonl", "follows.csv", "accounts.csv"])
    assert shelf.rows("SELECT count(*) > 0 FROM as_given") == [(True,)]
    forget(shelf.ws, [ACCOUNT])
    assert shelf.rows("SELECT * FROM as_given") == []
    assert not [row for row in shelf.rows("FROM accounts") if ALIAS in row or ACCOUNT in row]
