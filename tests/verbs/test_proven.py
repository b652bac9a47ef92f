"""What posts are proven to move: counted again from the files, and what is said where nothing was posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kolgraph.influence
from kolgraph.verbs.show import ranking
from kolgraph.workspace import Workspace
from tests.verbs.world import few_samples, make

DAY = 86_400_000


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A planted world whose army reposts, too, and what every call of the subject was given."""
    world, folder = make(), tmp_path_factory.mktemp("proven")
    files, tell, given = world.write(folder / "files"), kolgraph.influence.proven, list[Any]()

    def look(*past: Any, **options: Any) -> Any:
        given.append(SimpleNamespace(author=past[1], moved=past[3], **options))
        return tell(*past, **options)

    rings = world.truth["rings"]
    bots = set("weibo:" + rings[rings["role"] == "member"]["account"])
    with pytest.MonkeyPatch.context() as patch, few_samples(), Workspace.open(folder / "w.kol", create=True) as ws:
        patch.setattr(kolgraph.influence, "proven", look)
        for kind in ("accounts", "follows", "posts", "reposts"):
            ws.load(files[kind], platform="weibo")
        yield SimpleNamespace(world=world, ws=ws, bots=bots, given=given)


@pytest.mark.parametrize("options", [{}, {"raw": True}, {"niche": "美妆"}, {"region": "广东"}])
def test_the_reposters_that_count_are_handed_on(seen: SimpleNamespace, options: dict[str, Any]) -> None:
    found = seen.ws.proven(**options, seed=3)
    accounts = seen.world.accounts.assign(account="weibo:" + seen.world.accounts["account"]).set_index("account")
    inside = set(accounts.index) - (set() if options.get("raw") else seen.bots)
    if "region" in options:
        inside &= set(accounts.index[accounts["region"] == options["region"]])
    if "niche" in options:
        niches = seen.ws.niches()
        inside &= set(niches.ids[niches.community == niches.number(options["niche"])])
    moved: dict[str, set[str]] = defaultdict(set)
    for row in seen.world.reposts.itertuples():
        moved[row.root].add(f"weibo:{row.src}")
    expected = defaultdict(list)
    for post, author in zip(seen.world.posts["post"], "weibo:" + seen.world.posts["author"], strict=True):
        expected[author].append(len((moved[post] - {author}) & inside))
    given = seen.given[-1]
    counts = defaultdict(list)
    for author, count in zip(found.ids[given.author], given.moved, strict=True):
        counts[author].append(count)
    assert {author: sorted(some) for author, some in counts.items()} == {a: sorted(e) for a, e in expected.items()}
    assert dict(zip(found.ids, found.posts, strict=True)) == {a: len(expected[a]) for a in found.ids}
    followers = defaultdict(int)
    for src, dst in zip("weibo:" + seen.world.follows["src"], "weibo:" + seen.world.follows["dst"], strict=True):
        followers[dst] += bool(options.get("raw")) or src not in seen.bots
    assert given.known["real_followers"].tolist() == [followers[account] for account in found.ids]


def test_bots_prove_nothing(seen: SimpleNamespace) -> None:
    clean, raw = seen.ws.proven().frame(), seen.ws.proven(raw=True).frame()
    reposts = seen.world.reposts.assign(src="weibo:" + seen.world.reposts["src"]).query("src in @seen.bots")
    author = seen.world.posts.set_index("post")["author"]
    pushed = ("weibo:" + reposts["root"].map(author)).value_counts().index[0]
    assert raw.loc[pushed, "proven"] > 1.05 * clean.loc[pushed, "proven"]
    assert seen.ws.rank(by="proven", raw=True).frame().loc[pushed, "proven"] == raw.loc[pushed, "proven"]


def test_the_headline_is_what_is_proven(seen: SimpleNamespace) -> None:
    found = seen.ws.proven()
    for options in ({}, {"niche": "美妆"}, {"raw": True}):
        headline = seen.ws.rank(**options)
        assert headline.measure == "proven"
        assert headline == seen.ws.rank(by="proven", **options)
    assert seen.ws.rank().values.tolist() == found.values.tolist()
    # What only the model knows is asked of the model.
    assert seen.ws.rank(relations="repost").measure == "reach"
    assert seen.ws.rank(extrapolate=True).measure == "extrapolated_reach"
    rows = seen.ws.sql("SELECT value FROM scores WHERE measure = 'proven' ORDER BY account_key")
    assert rows["value"].tolist() == found.values.tolist()
    asked = seen.ws.query("top-accounts", by="proven", limit=3)
    assert asked["id"].tolist() == found.frame().index[:3].tolist()


# ---------------------------------------------------------------------- by hand


ACCOUNTS = pd.DataFrame(
    {
        "account": [*(f"k{i}" for i in range(8)), "loud", "quiet", "bare", *(f"u{i}" for i in range(40))],
        "followers": [*(100 * 2**i for i in range(8)), 800, 800, *[None] * 41],
    }
)
POSTS = pd.DataFrame(
    [(f"p{who}_{j}", who, 1_700_000_000_000 + j * DAY) for who in ACCOUNTS["account"][:9] for j in range(5)],
    columns=["post", "author", "time"],
)
REPOSTS = pd.DataFrame(
    [(f"r{post}_{n}", f"u{n}", author, post, post, when + 1) for post, author, when in POSTS.itertuples(index=False)
     for n in range(int(post[-1]) + (36 if author == "loud" else 4 * int(author[1:])))],
    columns=["repost", "reposter", "author", "root", "parent", "time"],
)  # fmt: skip


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    """Eight accounts, two of the size of k3: one moves more, one never posts; and one of which nothing is known."""
    follows = pd.DataFrame({"follower": ["u1", "u2"], "followed": ["k0", "k1"]})
    for name, table in {"accounts": ACCOUNTS, "follows": follows, "posts": POSTS, "reposts": REPOSTS}.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    with few_samples(), Workspace.open(tmp_path / "w.kol", create=True) as opened:
        load(opened, "accounts", "follows")
        yield opened


def load(ws: Workspace, *names: str, platform: str = "x") -> None:
    for name in names:
        ws.load(ws.path.parent / f"{name}.csv", platform=platform)


def test_whoever_has_no_posts_has_what_accounts_like_it_have(ws: Workspace) -> None:
    load(ws, "posts", "reposts")
    found = ws.proven().frame()
    known, loud, quiet, bare = (found.loc[f"x:{name}"] for name in ("k3", "loud", "quiet", "bare"))
    assert (known["posts"], quiet["posts"]) == (5, 0)
    assert np.log(quiet["high"] / quiet["low"]) > 1.5 * np.log(known["high"] / known["low"])
    assert quiet["proven"] == pytest.approx(quiet["prior"], rel=0.05)
    assert known["prior"] == pytest.approx(loud["prior"])
    assert known["proven"] < quiet["proven"] < loud["proven"]
    assert loud["proven"] > 2 * known["proven"]
    assert bare[["proven", "low", "high", "next_low", "next_high", "prior"]].isna().all()
    assert bare["reason"] == "no_data"
    rows, _ = ranking(ws, top=len(ACCOUNTS))
    assert {row["account_id"]: row["reason"] for row in rows}["x:bare"].startswith("no post of it is known")
    assert {row["account_id"]: row["inflation"] for row in rows}["x:k3"] == 800 / known["proven"]


def test_what_posts_moved_makes_the_ranking_another_one(ws: Workspace) -> None:
    """Posts of which nobody knows what they moved move no number: not to zero either."""

    def held() -> set[str]:
        return set(ws.sql("SELECT DISTINCT measure FROM scores")["measure"])

    load(ws, "posts")
    assert ws.rank().measure == "reach"
    assert ws.proven().posts.sum() == 0
    assert set(ws.proven().reason) == {"no_past"}
    assert held() == {"reach"}
    load(ws, "reposts")
    assert ws.rank().measure == "proven"
    assert held() == {"proven"}  # what answered the question before is no answer any more
    assert ws.rank().best(1).tolist() == np.flatnonzero(ws.ids() == "x:loud").tolist()
    assert {"proven", "reach"} <= set(ws.table("scores")["measure"])
    ws.unload([ws.path.parent / "reposts.csv"])
    assert ws.rank().measure == "reach"
    assert held() == {"reach"}


def test_of_a_platform_without_reposts_nothing_is_counted(ws: Workspace) -> None:
    load(ws, "posts", "reposts")
    load(ws, "posts", platform="y")
    found = ws.proven().frame()
    assert found.loc["x:k3", "posts"] == 5
    assert found.loc["y:k3", "posts"] == 0
    assert found.loc["y:k3", "proven":"prior"].isna().all()
