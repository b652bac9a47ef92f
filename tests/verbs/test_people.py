"""What the accounts of one person have in common, asked of a workspace, in both languages."""

from __future__ import annotations

import pytest

from kolgraph.errors import InputError
from kolgraph.report.pairs import lines
from tests.worlds.shelf import Shelf

DAY = 86_400_000


def load(shelf: Shelf) -> None:
    shelf.load(
        "account,name,followers,niche,region\nweibo:1,甲,200000,美妆,北京\ndouyin:2,乙,50000,汽车,北京\n"
        "weibo:3,丙,50,美妆,\nbilibili:4,丁,,,\n"
    )
    shelf.load("person,account\np1,weibo:1\np1,douyin:2\np2,weibo:3\np3,weibo:3\np3,bilibili:4\n")
    rows = "".join(
        f"weibo:{100 + k},weibo:1,{1_600_000_000_000 + k * (DAY + 7_000_000)},口红\n"
        f"douyin:{100 + k},douyin:2,{1_600_000_000_000 + k * (DAY + 7_000_000) + 60_000},{'口红' if k % 2 else '车'}\n"
        for k in range(40)
    )
    shelf.load(f"post,author,time,topics\n{rows}")


def test_accounts_of_one_person_are_compared_by_what_is_loaded(shelf: Shelf) -> None:
    load(shelf)
    first, second = shelf.ws.people(consistency=True).to_dict("records")
    assert (first["person_id"], first["a_id"], first["b_id"]) == ("p1", "douyin:2", "weibo:1")
    assert first["topics_shared"] == pytest.approx(0.5 / 1.5)
    assert (first["tier_a"], first["tier_b"], first["same_tier"]) == ("尾部", "腰部", False)
    assert first["in_step"] == 1
    assert first["in_step_p"] < 0.05
    assert (first["contradict"], first["agree"]) == (("niche: 汽车 / 美妆",), ("region: 北京",))
    assert (second["person_id"], second["a_id"], second["b_id"]) == ("p3", "bilibili:4", "weibo:3")
    reasons = [second[name] for name in ("topics_reason", "tier_reason", "step_reason", "declared_reason")]
    assert reasons == ["no_post", "no_followers", "no_post", "nothing_declared"]
    assert len(shelf.ws.people(consistency=True, top=1)) == 1


def test_pairs_are_told_in_both_languages(shelf: Shelf) -> None:
    load(shelf)
    found = shelf.ws.people(consistency=True)
    said = lines(found, "en")
    assert said[0] == "p1: douyin:2 and weibo:1"
    assert "Topics: 33% in common (2 and 1 different ones)." in said
    assert "Tier: 尾部 and 腰部." in said
    assert any(line.startswith("Posting: 100% within 60 min of a post on the other account") for line in said)
    assert "! They contradict each other: niche 汽车 / 美妆." in said
    assert "Tier: cannot be told, followers of one of them are not shown." in said
    assert "! 说法相互矛盾：垂类 汽车 / 美妆。" in lines(found, "zh")
    assert "层级：无法判断，其中一个账号没有显示粉丝数。" in lines(found, "zh")
    assert lines(found[:0], "zh") == ["这里没有人有多个账号：请载入人员表（person, account）。"]


def test_one_question_at_a_time(shelf: Shelf) -> None:
    with pytest.raises(InputError, match="consistency and unmatched are 2 questions: ask one"):
        shelf.ws.people(consistency=True, unmatched=True)
