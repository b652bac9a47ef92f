"""Who is who: laws of candidates, a sum by hand, planted people, and what is said of people and of unknown names."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.workspace.identities import RARE, SURE, bio_similarity, candidates, people, unmatched
from tests.worlds.shelf import Shelf

ROWS = tuple[str, str, str]  # account, name, bio


def load(shelf: Shelf, rows: list[ROWS]) -> None:
    shelf.load("account,name,bio\n" + "".join(f'{a},{n},"{b}"\n' for a, n, b in rows))


def found(shelf: Shelf, **options: Any) -> list[dict[str, Any]]:
    frame = candidates(shelf.ws, **options)
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


# ---------------------------------------------------------------------- by hand


def test_the_parts_add_up_by_hand(shelf: Shelf) -> None:
    load(
        shelf,
        [
            ("weibo:1", "Ｆｏｏ 吧", "abcd"),  # "foo吧" after NFKC, case folding and spaces
            ("douyin:2", "foo吧", "abcx"),
            ("weibo:3", "甲", "abcd"),
            ("weibo:4", "乙", ""),
        ],
    )
    [row] = found(shelf)
    # the name: 2 of 4 accounts have it, -ln(2/4) = 0.6931 nats
    # bios: 3-grams {abc, bcd} and {abc, bcx}, cosine 1/2, worth 3 x 1/2 nats
    # score: 0.95 x (1 - exp(-(0.6931 + 1.5) / 6)) = 0.95 x (1 - 0.6938) = 0.2909
    assert (row["a_id"], row["b_id"]) == ("douyin:2", "weibo:1")
    assert row["name_rarity"] == pytest.approx(math.log(2))
    assert (row["bio_similarity"], row["handle_rarity"], row["shared_links"], row["declared"]) == (0.5, 0, 0, 0)
    assert row["score"] == pytest.approx(0.2909, abs=1e-4)
    assert row["method"] == "name_and_bio"
    assert row["evidence"] == "same name 'foo吧', as 1 in 2 accounts; bios alike (0.50)"


@pytest.mark.parametrize(
    ("rows", "method", "declared"),
    [
        (
            [("weibo:1234567", "甲", "我的B站 https://space.bilibili.com/42"), ("bilibili:42", "乙", "")],
            "declared_link",
            1,
        ),
        (
            [("weibo:1234567", "甲", "space.bilibili.com/42"), ("bilibili:42", "乙", "weibo.com/u/1234567")],
            "declared_link",
            2,
        ),
        ([("weibo:1234567", "甲", ""), ("zhihu:77", "乙乙", "微博 weibo.com/n/甲")], "declared_link", 1),
        ([("weibo:domain:some_one", "甲", ""), ("tiktok:@Some_One", "乙", "")], "same_handle", 0),
        (
            [("weibo:1", "甲", "小店 shop.example.com/a/"), ("douyin:2", "乙", "https://shop.example.com/A")],
            "name_and_bio",
            0,
        ),
    ],
)
def test_links_and_handles_are_evidence(shelf: Shelf, rows: list[ROWS], method: str, declared: int) -> None:
    load(shelf, [*rows, ("weibo:9", "别人", "别的"), ("douyin:9", "他人", "")])
    [row] = found(shelf)
    assert (row["method"], row["declared"]) == (method, declared)
    assert (row["score"] >= SURE) == (declared > 0)
    assert row["score"] > 0


def test_a_homepage_of_a_name_that_two_have_declares_nothing(shelf: Shelf) -> None:
    load(shelf, [("weibo:1", "甲", ""), ("weibo:2", "甲", ""), ("zhihu:3", "乙", "weibo.com/n/甲")])
    assert found(shelf) == []


def test_what_many_have_tells_nobody_apart(shelf: Shelf) -> None:
    rows = [(f"{'weibo' if k % 2 else 'douyin'}:{k}", "momo", "一样的简介 t.cn/abc") for k in range(1, RARE + 2)]
    load(shelf, rows)
    assert found(shelf) == []


def test_decided_pairs_are_left_out(shelf: Shelf) -> None:
    load(shelf, [("weibo:1", "甲甲", ""), ("douyin:2", "甲甲", ""), ("zhihu:3", "甲甲", "")])
    assert len(found(shelf)) == 3
    shelf.load("person,account\np,weibo:1\np,douyin:2\n")
    assert {(r["a_id"], r["b_id"]) for r in found(shelf)} == {("douyin:2", "zhihu:3"), ("weibo:1", "zhihu:3")}


# ---------------------------------------------------------------------- laws

NAMES = ["甲", "乙乙", "Foo", "ｆｏｏ", "丙 丙", "bar_baz"]
BIOS = [
    "",
    "商务合作请联系",
    "商务合作看主页 b.example.com/x",
    "space.bilibili.com/2",
    "weibo.com/n/甲",
    "weibo.com/bar_baz",
]
IDS = [f"{p}:{k}" for p in ("weibo", "douyin", "bilibili") for k in ("1", "2", "3", "domain:bar_baz", "@Bar_Baz")]
worlds = st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from(NAMES), st.sampled_from(BIOS)), min_size=1, max_size=12, unique=True
)


@given(rows=worlds)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_candidates_are_pairs_of_two_platforms_each_once_and_sure_only_if_declared(
    module_shelf: Shelf, rows: list[ROWS]
) -> None:
    module_shelf.empty()
    load(module_shelf, rows)
    before = module_shelf.content()
    out = found(module_shelf)
    pairs = [(r["a_id"], r["b_id"]) for r in out]
    assert len(set(pairs)) == len(pairs)
    for row in out:
        assert row["a_id"] < row["b_id"]
        assert row["a_id"].split(":")[0] != row["b_id"].split(":")[0]
        assert 0 <= row["score"] <= 1
        assert (row["score"] >= SURE) == (row["declared"] > 0)
        assert row["evidence"]
    assert [r["score"] for r in out] == sorted((r["score"] for r in out), reverse=True)
    assert found(module_shelf, limit=2) == out[:2]
    assert module_shelf.content() == before  # nothing is merged


@given(rows=worlds, random=st.randoms(use_true_random=False))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_files_and_rows_is_irrelevant(
    module_shelf: Shelf, rows: list[ROWS], random: random.Random
) -> None:
    module_shelf.empty()
    load(module_shelf, rows)
    out = found(module_shelf)
    random.shuffle(rows)
    cut = random.randrange(len(rows))
    module_shelf.empty()
    for part in filter(None, (rows[:cut], rows[cut:])):
        load(module_shelf, part)
    assert found(module_shelf) == out


@given(a=st.text("abc微博 ", max_size=12), b=st.text("abc微博 ", max_size=12))
@settings(max_examples=50, deadline=None)
def test_bios_are_alike_both_ways(a: str, b: str) -> None:
    assert bio_similarity(a, b) == bio_similarity(b, a)
    assert 0 <= bio_similarity(a, b) <= 1
    assert bio_similarity(a, a) == (1 if len("".join(a.split())) >= 3 else 0)


def test_scores_do_not_depend_on_which_platform_comes_first(shelf: Shelf) -> None:
    rows = [("p", "甲甲", "美妆博主 合作私信"), ("q", "甲甲", "美妆博主合作"), ("p", "乙乙", ""), ("q", "乙乙", "别的")]
    scores = []
    for first, second in (("weibo", "douyin"), ("douyin", "weibo")):
        shelf.empty()
        load(shelf, [(f"{first if x == 'p' else second}:{k}", n, b) for k, (x, n, b) in enumerate(rows)])
        scores.append([row["score"] for row in found(shelf)])
    assert scores[0] == scores[1]


def test_a_negative_limit_is_refused(shelf: Shelf) -> None:
    with pytest.raises(InputError, match="limit is a number of rows, not -1"):
        candidates(shelf.ws, limit=-1)


# ---------------------------------------------------------------------- planted truth


def planted(seed: int) -> tuple[list[ROWS], set[tuple[str, str]], set[tuple[str, str]]]:
    """Invented people on three platforms: rows, true pairs, and those of them that can be seen at all.

    Half of the names get noise in form, a fifth are changed for good; one person in ten has a name that many have, one
    in seven that of one other person. Bios are cut, and share phrases with those of strangers; some handles are equal.
    """
    rng = random.Random(seed)
    letters = "青山白鹿云海星河北风南枝小满知夏拾光鲸落木鱼长安晚舟听雨问月"
    phrases = ["商务合作请私信", "全网同名", "每天更新", "认真生活", "好物分享", "记录日常", "谢绝转载"]
    rows, true, visible, common, name = [], set(), set(), False, ""
    for person in range(150):
        homonym = person > 0 and rng.random() < 0.15  # has the name of the person before
        common = common if homonym else rng.random() < 0.1
        if not homonym:
            name = "小美" if common else "".join(rng.sample(letters, 4)) + str(person % 7)
        bio = "".join(rng.sample(letters, 12)) + "".join(rng.sample(phrases, 2))
        handle = f"user_{person}_{rng.randrange(10**6)}"
        accounts: list[tuple[str, bool]] = []
        for platform in rng.sample(["weibo", "bilibili", "douyin"], rng.choice([1, 2, 2, 3])):
            same_handle = platform != "bilibili" and rng.random() < 0.3
            account = f"{platform}:{'domain:' + handle if same_handle else 10**6 + person * 10 + len(accounts)}"
            changed = rng.random() < 0.2
            shown = "".join(rng.sample(letters, 5)) if changed else name
            if rng.random() < 0.5:  # full width, with a space
                shown = "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in shown[:2] + " " + shown[2:])
            said = bio[: rng.randrange(12, len(bio))] + rng.choice(phrases)
            rows.append((account, shown, said))
            for other, seen in accounts:
                pair = (min(other, account), max(other, account))
                true.add(pair)
                if seen and not changed and not common:
                    visible.add(pair)
            accounts.append((account, not changed))
    return rows, true, visible


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_people_are_found_and_strangers_are_not(shelf: Shelf, seed: int) -> None:
    rows, true, visible = planted(seed)
    load(shelf, rows)
    ranked = [(r["a_id"], r["b_id"]) for r in found(shelf, limit=10_000)]
    assert visible <= set(ranked)  # whoever kept a rare name is found
    strangers = len(ranked) - len(true.intersection(ranked))
    assert len(visible) > 50
    assert strangers > 10
    first = ranked[: len(visible)]  # namesakes come behind, because of their bios
    assert len(true.intersection(first)) >= 0.95 * len(first)


# ---------------------------------------------------------------------- people, and names that nobody has


def test_people_list_their_accounts_and_never_add_their_audiences(shelf: Shelf) -> None:
    shelf.load("account,name,followers\nweibo:1,甲,100\ndouyin:2,甲甲,50\nweibo:3,乙,7\n")
    shelf.load("person,account,name,confidence\np1,weibo:1,甲,1\np1,douyin:2,,0.8\np2,weibo:3,乙,0.5\n")
    assert people(shelf.ws).to_dict("records") == [
        {
            "person_id": "p1",
            "name": "甲",
            "n_accounts": 2,
            "accounts": "douyin:2, weibo:1",
            "platforms": "douyin, weibo",
            "confidences": "0.8, 1.0",
            "followers": "50, 100",
        },
        {
            "person_id": "p2",
            "name": "乙",
            "n_accounts": 1,
            "accounts": "weibo:3",
            "platforms": "weibo",
            "confidences": "0.5",
            "followers": "7",
        },
    ]


def test_unknown_names_come_with_the_closest_known_ones(shelf: Shelf) -> None:
    load(
        shelf,
        [("weibo:1", "青山白鹿", ""), ("xhs:2", "青山白鹿呀", ""), ("weibo:3", "云海", ""), ("weibo:4", "云海", "")],
    )
    shelf.load("昵称,平台,报价\n青山白鹿呀,微博,5\n云海,微博,6\n完全不同,微博,7\n", name="list.csv")
    listed = unmatched(shelf.ws)
    assert [str(file).endswith("list.csv") for file in listed["file"]] == [True] * 3
    assert listed["line"].tolist() == [2, 3, 4]
    assert listed["name"].tolist() == ["青山白鹿呀", "云海", "完全不同"]
    closest = listed["closest"].astype(object).where(listed["closest"].notna(), None).tolist()
    assert closest == [
        "青山白鹿 (weibo:1), 青山白鹿呀 (xhs:2)",  # its own platform first
        "云海 (weibo:3), 云海 (weibo:4)",  # why it was no match: two have it
        None,
    ]


def test_an_empty_workspace_has_nobody(shelf: Shelf) -> None:
    assert candidates(shelf.ws).empty
    assert people(shelf.ws).empty
    assert unmatched(shelf.ws).empty
