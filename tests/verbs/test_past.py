"""What posts did, as a workspace has it: who counts, what is loaded, what is only shown, and what nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.influence import h_index
from kolgraph.locale import LANGUAGES, catalogue
from kolgraph.verbs.heard import WORDS, read_replies, read_words
from kolgraph.verbs.observed import Past, read_past
from kolgraph.verbs.past import PAST
from kolgraph.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """ann's posts on x: p1 with reposts, p2 without, p3 with more than are loaded, q in reposts only; zoe's on y."""
    posts = pd.DataFrame(
        {
            "post": ["p1", "p2", "p3"],
            "author": ["ann"] * 3,
            "time": [1_700_000_000_000 + i for i in range(3)],
            "reposts": ["", "", "10"],
            "likes": ["7", "", "1.2万"],
        }
    )
    acts = [("r1", "bob", "p1"), ("r2", "bob", "p1"), ("r3", "bot", "p1"), ("r4", "ann", "p1")]
    acts += [("r5", "cai", "p3"), ("r6", "bot", "p3"), ("r7", "bob", "q")]
    reposts = pd.DataFrame(acts, columns=["repost", "reposter", "root"]).assign(author="ann", time=1_700_000_001_000)
    other = pd.DataFrame({"post": ["s", "t"], "author": ["zoe"] * 2, "reposts": ["5", ""], "views": ["100", "9"]})
    with Workspace.open(tmp_path_factory.mktemp("past") / "w.kol", create=True) as opened:
        for table, platform in ((posts, "x"), (reposts, "x"), (other, "y")):
            opened.load(table, platform=platform)
        yield opened


def rows(past: Past, ids: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(past._asdict()).assign(author=lambda t: [ids[i] for i in t["author"]])
    return table.sort_values(["author", "time", "moved"]).reset_index(drop=True)


def test_posts_are_read_by_hand(ws: Workspace) -> None:
    ids = ws.ids().tolist()
    weight = np.array([0.0 if account == "x:bot" else 1.0 for account in ids])
    found = rows(read_past(ws, weight), ids)
    assert found["author"].tolist() == ["x:ann"] * 4 + ["y:zoe"] * 2
    # Of 7 loaded reposts of ann 3 are by real others: that is her share, for the 8 of p3 that are not loaded.
    np.testing.assert_allclose(found["moved"], [1, 0, 1 + 8 * 3 / 7, 1, 5, np.nan])
    assert found["source"].tolist() == [0, 0, 1, 0, 2, 2]
    np.testing.assert_array_equal(found["likes"], [7, np.nan, 12000, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found["views"], [np.nan] * 4 + [100, 9])
    assert found["rounded"].tolist() == [0, 0, 2, 0, 0, 0]
    assert found["time"].isna().tolist() == [False] * 3 + [True] * 3


def test_counts_are_those_of_every_repost_read_one_by_one(town: Workspace) -> None:
    weight = town.real().weight
    assert (weight == 0).any()
    past = read_past(town, weight)
    posts = town.fetch("SELECT post_id, author, created_ts FROM posts")
    moved: dict[str, set[int]] = {post: set() for post, _, _ in posts}
    for root, src in town.fetch("SELECT root_id, src FROM reposts"):
        moved[root].add(src)
    expected = sorted((author, ts, sum(weight[v] for v in moved[post] - {author})) for post, author, ts in posts)
    found = sorted(zip(past.author.tolist(), past.time.tolist(), past.moved.tolist(), strict=True))
    assert found == expected
    assert not past.source.any()


def test_what_nobody_knows_moved_nobody_in_no_answer(ws: Workspace) -> None:
    """Of zoe's second post there is no count, and no repost of her platform is loaded: it is none of her posts."""
    ids = ws.ids().tolist()
    found, row = ws.realised(raw=True), ids.index("y:zoe")
    assert (found.posts[row], found.values[row]) == (1, 5)
    assert ws.proven(raw=True).posts[row] == 1
    assert found.frame().loc["x:ann", "posts"] == 4


#: What texts are made of.
PIECES = ["好", "OK ", "12", "[赞]", "🔥", "@b7 ", "//@b7:", "http://t.cn/a ", "，", " ", "回复@b7:"]
#: Texts of reposts, and whether they say something of their own.
TEXTS = {
    "太好看了": True,
    "转发微博": False,
    "Repost": False,
    "": False,
    "[赞][赞][心]": False,
    "🔥🔥！！": False,
    "//@b7: 说得好": False,
    "回复@b7: 同意": True,
    "@b8 @b9": False,
    "买了，//@b7: 说得好": True,
    "http://t.cn/abc": False,
    "回复@b7:": False,
    "1": True,
}


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """ann's reposters say each of `TEXTS`, three more of them the same; her commenters are answered now and then."""
    said = [*TEXTS, "求链接", "求链接！", " 求链接", "转发微博", "还不错", "还不错"]
    reposts = pd.DataFrame(
        {"repost": [f"r{i}" for i in range(len(said))], "reposter": [f"b{i}" for i in range(len(said))]}
    )
    reposts = reposts.assign(author="ann", root="p", text=said, time=1_700_000_001_000)
    reposts.loc[len(said) - 1, "reposter"] = "ann"
    silent = pd.DataFrame({"repost": ["s1"], "reposter": ["b1"], "author": ["bob"], "root": ["q"], "text": [""]})
    comments = pd.DataFrame(
        [
            ("c1", "b1", "p", "", "好"),  # answered
            ("c2", "b2", "p", "", "[赞]"),  # not
            ("c3", "ann", "p", "c1", "谢谢"),
            ("c4", "b3", "p", "c1", "也谢谢"),  # to b1
            ("c5", "b1", "p", "c3", "不客气"),  # answered, in the thread of c3
            ("c6", "ann", "p", "c5", "好的"),
            ("c7", "b4", "p", "", "好"),  # not: somebody else answers
            ("c8", "b2", "p", "c7", "[赞]"),
            ("c9", "ann", "p", "", "置顶"),
            ("c10", "bot", "p", "", "广告"),
        ],
        columns=["comment", "src", "post", "parent", "text"],
    )
    posts = pd.DataFrame({"post": ["p", "q", "z"], "author": ["ann", "bob", "zoe"]})
    with Workspace.open(tmp_path_factory.mktemp("talk") / "w.kol", create=True) as opened:
        opened.load(posts, platform="x")
        for table in (reposts, silent):
            opened.load(table, platform="x")
        fields = {name: name for name in comments}
        opened.load(comments, platform="x", record="comment", mapping=fields)
        yield opened


def test_words_of_ones_own_by_hand(talk: Workspace) -> None:
    ids = talk.ids().tolist()
    weight = np.ones(len(ids))
    ann, bob = ids.index("x:ann"), ids.index("x:bob")
    own, people = read_words(talk, weight, "reposts")
    # Three ask for the link alike, two like it alike, one of them ann herself.
    assert people[ann] == len(TEXTS) + 5
    assert own[ann] == sum(TEXTS.values()) + 1
    assert people[bob] == 0  # no text of his reposts is loaded: that is not an empty one
    weight[ids.index("x:b0")] = 0.25
    less, fewer = read_words(talk, weight, "reposts")
    assert (own[ann] - less[ann], people[ann] - fewer[ann]) == (0.75, 0.75)
    own, people = read_words(talk, np.ones(len(ids)), "comments")
    assert (own[ann], people[ann]) == (4, 5)  # b1, b3, b4 and bot; b2 sends faces


def plain_words(text: str) -> str:
    """The rule once more, with Python's own patterns and without knowing the one that is tested."""
    text = re.sub(r"//\s*@.*", "", text, flags=re.S)
    text = re.sub(r"^回复@\w+:", "", text)
    text = re.sub(r"\[[^\[\]]*\]|@\w+|https?://[\w./]+", "", text)
    return "".join(letter for letter in text.lower() if letter.isalnum())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.lists(st.sampled_from(PIECES), max_size=3)), max_size=12))
def test_words_are_those_of_plain_python(talk: Workspace, rows: list[tuple[int, list[str]]]) -> None:
    said = [(who, plain_words("".join(pieces))) for who, pieces in rows]
    sql = talk.sql(
        f"SELECT {WORDS} AS words FROM (SELECT unnest(?::VARCHAR[]) AS text)", [["".join(p) for _, p in rows]]
    )
    assert sql["words"].tolist() == [words for _, words in said]


def test_replies_by_hand(talk: Workspace) -> None:
    ids = talk.ids().tolist()
    weight = np.ones(len(ids))
    ann = ids.index("x:ann")
    part, whole = read_replies(talk, weight)
    assert (part[ann], whole[ann]) == (2, 5)  # c1 and c5, of c1, c2, c5, c7 and c10; c4 and c8 speak to others
    weight[ids.index("x:bot")] = 0
    assert read_replies(talk, weight).whole[ann] == 4
    assert np.delete(whole, ann).sum() == 0  # only those who post are asked


def test_what_is_not_loaded_has_a_reason_and_no_number(talk: Workspace, ws: Workspace) -> None:
    words, replies = talk.rank(by="own_words").frame(), talk.rank(by="reply_rate").frame()
    assert words.loc[["x:ann", "x:bob", "x:zoe"], "reason"].tolist() == [None, "no_repost_text", "no_repost_text"]
    assert replies.loc["x:ann", ["reply_rate", "comments"]].tolist() == [0.4, 5]
    assert replies.loc["x:bob", "reason"] == "no_comment"
    assert ws.rank(by="reply_rate").reason.tolist() == ["no_comment"] * ws.ids().size
    assert set(ws.rank(by="engagement").frame().loc[["x:ann", "y:zoe"], "reason"]) == {"likes_unknown"}
    for by, measure in PAST.items():
        assert np.isnan(ws.rank(by=by).values).any(), by
        assert measure.en
        assert measure.zh
    codes = {code for w in (talk, ws) for by in PAST for code in w.rank(by=by).reason if code is not None}
    assert len(codes) > 6
    for lang in LANGUAGES:
        assert {f"coverage.{code}" for code in codes} <= set(catalogue(lang))


def test_ranks_count_real_people_unless_asked_for_all(town: Workspace) -> None:
    past = read_past(town, town.real().weight)
    found, raw = town.rank(by="h_index"), town.rank(by="h_index", raw=True)
    np.testing.assert_array_equal(found.values, h_index(found.ids, past.author, past.moved).values)
    assert (raw.values >= found.values)[~np.isnan(found.values)].all()
    assert (raw.values > found.values).any()
    stored = town.sql("SELECT measure, count(*) AS n FROM scores WHERE measure = 'h_index' GROUP BY ALL")
    assert stored["n"].tolist() == [found.ids.size]
    with pytest.raises(InputError, match=r"^niche means nothing for 'h_index'"):
        town.rank(by="h_index", niche="美妆")
    with pytest.raises(InputError, match=r"^relations means nothing for 'growth'"):
        town.rank(by="growth", relations=["repost"])


def test_rates_and_tiers_are_those_of_the_tables(town: Workspace) -> None:
    past, tier = read_past(town, town.real().weight), town.quality().tier
    rates, share, grown = (town.rank(by=by) for by in ("engagement", "above_tier", "growth"))
    followers = town.sql("SELECT followers FROM accounts ORDER BY account_key")["followers"].to_numpy(float)
    i = int(rates.best(1)[0])
    mine = past.author == i
    interactions = past.likes[mine] * past.share[mine] + past.moved[mine]
    assert past.share[mine][0] < 1  # some of its reposts, or of others, are no real people's
    assert rates.values[i] == pytest.approx(np.expm1(np.log1p(interactions).mean()) / followers[i])
    same = np.flatnonzero(tier == tier[i])
    inside = np.isin(past.author, same)
    weight = 1 / np.bincount(past.author)[past.author[inside]]
    below = past.moved[inside] < share.beside["tier_median"][i]
    assert weight[below].sum() < weight.sum() / 2
    assert weight[past.moved[inside] <= share.beside["tier_median"][i]].sum() >= weight.sum() / 2 - 1e-9
    assert share.values[i] == (past.moved[mine] > share.beside["tier_median"][i]).mean()
    when = past.time[mine]
    halves = [np.log1p(past.moved[mine][side * (when - np.median(when)) > 0]).mean() for side in (-1, 1)]
    assert grown.values[i] == pytest.approx(np.exp(halves[1] - halves[0]))
