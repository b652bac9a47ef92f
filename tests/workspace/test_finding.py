"""Somebody who writes an id in another way means the same account: one function finds it, for every verb."""

from __future__ import annotations

import pytest

from kolgraph.errors import UnknownAccount
from kolgraph.verbs.forget import forget
from tests.worlds.shelf import Shelf

SEC = "MS4wLjABAAAAabcdefghijklmnopqrstuvwxyz0123456789"
FANS = "follower,followed\n{0}\n"


@pytest.fixture
def people(shelf: Shelf) -> Shelf:
    shelf.load(FANS.format("x:77,x:ann_a\nx:ann_a,instagram:bea.b\nweibo:17,weibo:18"), platform="x")
    shelf.load(f"account_id,alias\ndouyin:7,douyin:sec_uid:{SEC}\n", platform="douyin")
    shelf.load("account,name,price_cny\n17,样例甲,5\n18,ＫＯＬ　乙,7\n", platform="weibo")
    shelf.load("account,name\ndouyin:7,样例丙\ndouyin:9,样例丙\n", platform="douyin")
    shelf.load(
        "repost,reposter,author,root,time\n4985705568914127,17,18,4985690216650375,2024-01-02 12:05\n", platform="weibo"
    )
    return shelf


def test_an_account_is_found_by_all_that_means_it(people: Shelf) -> None:
    meant = {
        "x:ann_a": ["x:Ann_A", "x:@ANN_A", "@ann_a", "Ann_A", " x:ann_a ", "https://x.com/Ann_A"],
        "instagram:@bea.b": ["@Bea.B", "instagram:BEA.b"],
        "douyin:7": [f"douyin:sec_uid:{SEC}", SEC, f"https://www.douyin.com/user/{SEC}"],
        "weibo:17": ["17", "样例甲", "@样例甲", "weibo:样例甲"],
        "weibo:18": ["KOL 乙", "kol 乙", "ＫＯＬ　乙"],
    }
    for account, spellings in meant.items():
        assert people.ws.find(spellings) == [account] * len(spellings)
    assert people.ws.find(["weibo:99", "nobody"]) == ["weibo:99", "nobody"]


def test_what_may_be_two_accounts_is_asked_about(people: Shelf) -> None:
    with pytest.raises(UnknownAccount, match="'样例丙' may be douyin:7, douyin:9; say which"):
        people.ws.find(["样例丙"])


def test_a_post_is_found_by_its_short_id(people: Shelf) -> None:
    for said in ("NzXc1rU47", "weibo:NzXc1rU47", "weibo:bid:NzXc1rU47", "4985690216650375", "weibo:4985690216650375"):
        assert people.ws.find_post(said) == "weibo:4985690216650375"


def test_verbs_are_asked_in_any_spelling(people: Shelf) -> None:
    ws = people.ws
    audience = ws.audience(["@ANN_A", "KOL 乙"])
    assert audience.frame().index.tolist() == ["x:ann_a", "weibo:18"]
    assert ws.audience(["x:ann_a", "weibo:18"]).run_id == audience.run_id
    assert ws.plan(count=1, must=["样例甲"], raw=True).frame().index.tolist() == ["weibo:17"]
    forget(ws, ["x:Ann_A"])
    assert people.rows("SELECT * FROM accounts WHERE account_id = 'x:ann_a'") == []
