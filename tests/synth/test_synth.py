"""Sample worlds: every planted truth is counted again in the exports."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.synth import World, make_world
from kolgraph.synth.cascades import Posts, spread
from kolgraph.synth.follows import BASE_MS, Follows
from kolgraph.synth.people import RING_SHAPES, People
from kolgraph.synth.words import HOSTILE_NAMES, NICHES

NONE = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def world() -> World:
    """Large enough for rings of full size."""
    return make_world(9000, seed=7)


def pairs(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(table["src"], table["dst"], strict=True))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.csv")
    }


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


# ------------------------------------------------------------------ laws of any world


@settings(max_examples=8, deadline=None)
@given(
    accounts=st.integers(400, 1500),
    seed=st.integers(0, 2**32),
    niches=st.integers(1, 12),
    rings=st.integers(0, 8),
    campaigns=st.integers(0, 5),
)
def test_any_world_is_consistent(accounts: int, seed: int, niches: int, rings: int, campaigns: int) -> None:
    w = make_world(accounts, seed=seed, niches=niches, rings=rings, fan_clubs=min(2, niches), campaigns=campaigns)
    ids = set(w.accounts["account"])
    assert len(ids) == len(w.accounts) == accounts
    assert w.accounts["name"].is_unique
    assert set(w.follows["src"]) | set(w.follows["dst"]) <= ids
    assert set(w.posts["author"]) | set(w.reposts["src"]) | set(w.reposts["dst"]) <= ids
    assert not w.follows.duplicated(["src", "dst"]).any()
    assert (w.follows["src"] != w.follows["dst"]).all()
    assert (w.follows["since"] < BASE_MS).all() and (w.posts["time"] >= BASE_MS).all()
    bots = set(w.truth["real"].loc[~w.truth["real"]["is_real"], "account"])
    assert bots == set(w.truth["rings"].loc[w.truth["rings"]["role"] == "member", "account"])
    assert set(w.truth["niches"]["account"]) == ids - bots
    assert w.truth["campaigns"]["campaign"].nunique() == campaigns
    assert len(bots) <= 0.08 * accounts + 6 * rings


def test_apparent_followers_are_the_in_degree(world: World) -> None:
    shown = world.accounts.set_index("account")
    counted = world.follows["dst"].value_counts().reindex(shown.index, fill_value=0)
    assert (shown["followers"] == counted).all()
    counted = world.follows["src"].value_counts().reindex(shown.index, fill_value=0)
    assert (shown["followings"] == counted).all()


def test_a_world_without_rings_clubs_and_campaigns_is_all_real() -> None:
    w = make_world(500, seed=3, rings=0, fan_clubs=0, campaigns=0)
    assert w.truth["real"]["is_real"].all()
    assert [len(w.truth[name]) for name in ("rings", "ring_shapes", "bought", "fan_clubs", "campaigns")] == [0] * 5
    assert (w.truth["cascades"]["kind"] == "organic").all() and len(w.reposts) > 0


@pytest.mark.parametrize(
    "wrong",
    [{"accounts": 10}, {"niches": 13}, {"fan_clubs": 9}, {"rings": -1}, {"scale": 1.5}, {"kols": 0}, {"rings": 100}],
)
def test_a_number_out_of_range_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))}|too few"):
        make_world(**({"accounts": 1000, "seed": 1} | wrong))


# ------------------------------------------------------------------ follower graph


def test_one_percent_of_the_accounts_hold_a_third_of_the_follows(world: World) -> None:
    followers = np.sort(world.accounts["followers"])[::-1]
    assert followers[:90].sum() > 0.3 * followers.sum()


@pytest.mark.parametrize("accounts", [5000, 15_000])
def test_follows_grow_with_the_accounts(accounts: int) -> None:
    w = make_world(accounts, seed=5)
    assert 11 <= len(w.follows) / accounts <= 16
    assert 0.01 <= w.accounts["price_cny"].notna().mean() <= 0.03


def test_most_follows_of_kols_come_from_their_own_vertical(world: World) -> None:
    niche = world.truth["niches"].set_index("account")["niche"]
    kols = world.truth["kols"]["account"]
    edges = world.follows[world.follows["dst"].isin(kols) & world.follows["src"].isin(niche.index)]
    same = edges["src"].map(niche).to_numpy() == edges["dst"].map(niche).to_numpy()
    assert same.mean() > 0.7


def test_higher_tiers_have_more_followers_and_cost_more(world: World) -> None:
    kols = world.truth["kols"].merge(world.accounts.drop(columns="niche"), on="account")
    for column in ("followers", "price_cny"):
        by_tier = kols.groupby("tier")[column].median().loc[["KOC", "尾部", "腰部", "头部"]]
        assert by_tier.is_monotonic_increasing
    assert kols["followers"].corr(kols["price_cny"].astype(float), method="spearman") > 0.7


def test_only_kols_declare_a_niche_and_a_price(world: World) -> None:
    kols = world.truth["kols"].set_index("account")["niche"]
    declared = world.accounts.set_index("account")["niche"].dropna()
    assert declared.sort_index().equals(kols.sort_index())
    assert set(world.accounts.loc[world.accounts["price_cny"].notna(), "account"]) == set(kols.index)
    assert set(kols) == set(list(NICHES)[:8])


# ------------------------------------------------------------------ rings and fan clubs


def test_rings_have_the_planted_size_and_density(world: World) -> None:
    edges = pairs(world.follows)
    for (ring, table), shape in zip(world.truth["rings"].groupby("ring"), RING_SHAPES, strict=True):
        members, targets = (table.loc[table["role"] == role, "account"] for role in ("member", "target"))
        assert (len(members), len(targets)) == shape[:2], ring
        density = np.mean([(a, b) in edges for a in members for b in targets])
        # Bernoulli: five standard errors of a share.
        assert abs(density - shape[2]) < 5 * np.sqrt(shape[2] * (1 - shape[2]) / (len(members) * len(targets)))


def test_bought_followers_are_the_ring_edges_of_a_client(world: World) -> None:
    rings = world.truth["rings"]
    members, targets = rings[rings["role"] == "member"], rings[rings["role"] == "target"]
    sold = world.follows.merge(members, left_on="src", right_on="account").merge(
        targets, left_on=["ring", "dst"], right_on=["ring", "account"]
    )
    bought = world.truth["bought"].set_index("account")
    assert sold["dst"].value_counts().sort_index().equals(bought["bought_followers"].sort_index().rename("count"))
    shown = world.accounts.set_index("account").loc[bought.index, "followers"]
    assert np.allclose(bought["bought_share"], bought["bought_followers"] / shown)
    assert bought["bought_share"].between(0, 1, inclusive="right").all()
    assert bought.index.isin(world.truth["kols"]["account"]).sum() >= 20


def test_fans_differ_from_bots_by_uneven_zeal(world: World) -> None:
    edges = pairs(world.follows)

    def dispersion(table: pd.DataFrame, role: str) -> float:
        inside = table["role"] == role
        columns = table.loc[~inside, "account"]
        k = np.array([sum((a, b) in edges for b in columns) for a in table.loc[inside, "account"]])
        return float(k.var() / k.mean())

    clubs = world.truth["fan_clubs"]
    of_rings = [dispersion(table, "member") for _, table in world.truth["rings"].groupby("ring")]
    of_clubs = [dispersion(table, "fan") for _, table in clubs.groupby("club")]
    assert max(of_rings) < 1.0 < min(of_clubs)
    idols = clubs[clubs["role"] == "idol"].set_index("club")["account"]
    fans = clubs[clubs["role"] == "fan"]
    assert set(zip(fans["account"], fans["club"].map(idols), strict=True)) <= edges
    assert world.truth["real"].set_index("account").loc[clubs["account"], "is_real"].all()


def test_ring_reposts_come_at_once_and_from_bots_only(world: World) -> None:
    tree = world.truth["cascades"].assign(time=world.reposts["time"])
    member = world.truth["rings"].query("role == 'member'").set_index("account")["ring"]
    paid = tree[tree["kind"] == "ring"]
    assert set(tree.loc[tree["account"].isin(member.index), "kind"]) == {"ring"}
    assert paid["account"].isin(member.index).all()
    span = paid.groupby([paid["account"].map(member), "root"])["time"].agg(lambda t: t.max() - t.min())
    assert (span < 30_000).all()
    assert set(paid["root"]) & set(world.truth["campaigns"]["post"])


# ------------------------------------------------------------------ cascades


def test_the_parent_precedes_the_child_in_the_same_cascade(world: World) -> None:
    events = world.reposts.set_index("post")
    child = events[events["parent"] != events["root"]]
    parent = events.loc[child["parent"]]
    assert (parent["time"].to_numpy() < child["time"].to_numpy()).all()
    assert (parent["root"].to_numpy() == child["root"].to_numpy()).all()
    roots = world.posts.set_index("post").loc[events["root"]]
    assert (roots["time"].to_numpy() < events["time"].to_numpy()).all()
    assert (roots["author"].to_numpy() == events["dst"].to_numpy()).all()
    assert not world.reposts.duplicated(["root", "src"]).any()


def test_post_ids_rise_with_time_and_are_unique(world: World) -> None:
    events = pd.concat([world.posts[["post", "time"]], world.reposts[["post", "time"]]])
    assert events["post"].is_unique and events["post"].str.fullmatch(r"\d{16}").all()
    assert events.sort_values("post")["time"].is_monotonic_increasing
    assert world.accounts["account"].str.fullmatch(r"\d{10}").all()


def test_real_reposts_travel_along_follows(world: World) -> None:
    tree = world.truth["cascades"]
    real = tree[tree["kind"] != "ring"]
    assert set(zip(real["account"], real["parent_account"], strict=True)) <= pairs(world.follows)


def test_the_true_tree_agrees_with_the_export(world: World) -> None:
    tree = world.truth["cascades"].set_index("repost")
    events = world.reposts.set_index("post")
    assert tree["parent_post"].equals(events["parent"].rename("parent_post"))
    deep = tree[tree["depth"] > 1]
    assert (deep["depth"].to_numpy() == tree.loc[deep["parent_post"], "depth"].to_numpy() + 1).all()
    assert ((events["parent"] == events["root"]) == (tree["depth"] == 1)).all()
    assert len(deep) > 100


def test_direct_reposts_have_the_planted_probability(world: World) -> None:
    # The first coin of every follower is tossed for the root itself, so direct organic reposts of a post are a sum of
    # independent Bernoulli(p_repost) over the author's followers: mean sum p, variance sum p (1 - p).
    p = world.truth["probabilities"].set_index("account")["p_repost"]
    chance = world.follows["src"].map(p)
    by_author = pd.DataFrame({"mean": chance, "var": chance * (1 - chance)}).groupby(world.follows["dst"]).sum()
    expected = by_author.reindex(world.posts["author"]).fillna(0.0)
    tree = world.truth["cascades"]
    direct = ((tree["kind"] == "organic") & (tree["depth"] == 1)).sum()
    assert abs(direct - expected["mean"].sum()) < 4 * np.sqrt(expected["var"].sum())
    twice = make_world(2000, seed=7, scale=0.7).truth["probabilities"]["p_repost"]
    assert np.allclose(twice, 2 * make_world(2000, seed=7, scale=0.35).truth["probabilities"]["p_repost"])


def test_strangers_find_posts_and_leave_the_rest_as_it_is() -> None:
    quiet, found = (make_world(2000, seed=7, rings=2, discovery=rate) for rate in (0.0, 6.0))
    pd.testing.assert_frame_equal(quiet.follows, found.follows)
    columns = ["src", "dst", "time"]  # posts are numbered in order of time, reposts among them
    before, after = (set(map(tuple, w.reposts[columns].to_numpy())) for w in (quiet, found))
    assert before < after
    assert "discovery" not in quiet.truth
    tree = found.truth["cascades"].assign(time=found.reposts["time"])
    strange, edges = tree[tree["kind"] == "stranger"], pairs(found.follows)
    assert not set(zip(strange["account"], strange["parent_account"], strict=True)) & edges
    assert (strange["parent_post"] == strange["root"]).all() and (strange["depth"] == 1).all()
    assert found.truth["real"].set_index("account").loc[strange["account"], "is_real"].all()
    others = tree[~tree["kind"].isin(["ring", "stranger"])]
    assert set(zip(others["account"], others["parent_account"], strict=True)) <= edges
    assert others["parent_post"].isin(found.reposts.loc[strange.index, "post"]).sum() > 50  # passed on
    assert not found.reposts.duplicated(["root", "src"]).any()
    assert (tree["delay_ms"] > 0).all()
    rate = found.truth["discovery"].set_index("account")["strangers"]
    assert set(rate.index) == set(found.posts["author"])
    share = 1 - found.accounts.set_index("account")["followers"] / 2000
    expected = (rate * share).reindex(found.posts["author"]).sum()
    assert abs(len(strange) - expected) < 5 * np.sqrt(expected)
    with pytest.raises(InputError, match="discovery"):
        make_world(500, seed=1, discovery=-1.0)


def test_chain_text_names_the_true_parents(world: World) -> None:
    name = world.accounts.set_index("account")["name"]
    tree, text = world.truth["cascades"].set_index("repost"), world.reposts.set_index("post")["text"]
    assert not text[tree["depth"] == 1].str.contains("//@").any()
    for repost, row in tree[tree["depth"] > 1].head(200).iterrows():
        assert text[repost].endswith(f" //@{name[row['parent_account']]}: {text[row['parent_post']]}")


def test_certain_reposts_reach_everybody_by_the_shortest_way() -> None:
    # With p = 1 a post reaches exactly those from whom a path of follows leads to its author; depth is the distance.
    rng = np.random.default_rng(2)
    edges = np.unique(rng.integers(0, 30, (60, 2)), axis=0)
    edges = edges[edges[:, 0] != edges[:, 1]]
    people = People(np.zeros(30, np.int64), NONE, NONE, NONE, NONE, (), ())
    posts = Posts(np.array([1, 5]), np.array([100, 200]), np.array([-1, -1]))
    follows = Follows(edges[:, 0], edges[:, 1], np.zeros(len(edges), np.int64))
    found = spread(rng, people, follows, posts, np.ones(30))
    graph: Any = nx.DiGraph(edges[:, ::-1].tolist())
    graph.add_nodes_from(range(30))
    for root, author in enumerate(posts.author.tolist()):
        distance = dict(nx.single_source_shortest_path_length(graph, author))
        mine = found.root == root
        assert dict(zip(found.who[mine].tolist(), found.depth[mine].tolist(), strict=True)) | {author: 0} == distance


def test_impossible_reposts_do_not_happen() -> None:
    w = make_world(600, seed=1, niches=2, rings=2, fan_clubs=1, campaigns=1, scale=0.0)
    assert set(w.truth["cascades"]["kind"]) == {"ring", "fan"}


def test_campaign_posts_carry_the_brand_topic(world: World) -> None:
    campaigns = world.truth["campaigns"]
    text = world.posts.set_index("post")["text"]
    assert all(text[post].startswith(f"#{topic}#") for topic, post in campaigns[["topic", "post"]].to_numpy())
    assert campaigns.groupby("campaign")["account"].nunique().between(3, 7).all()
    assert set(campaigns["post"]) & set(world.reposts["root"])


def test_mentions_name_accounts_of_the_world(world: World) -> None:
    named = world.posts["text"].str.extractall(r" @(\S+)")[0]
    assert named.isin(world.accounts["name"]).all()
    assert (named.groupby(level=0).size() >= 2).sum() > 20  # co-mentions


# ------------------------------------------------------------------ bytes


def test_same_seed_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_world(600, seed=seed, niches=3, fan_clubs=1).write(tmp_path / name)
    a, b, c = (hashes(tmp_path / name) for name in "abc")
    assert a == b and len(a) == 14
    assert not {name for name in a if a[name] == c[name]} - {"truth/ring_shapes.csv"}


def test_csv_keeps_ids_and_hostile_text_as_they_are(world: World, tmp_path: Path) -> None:
    paths = world.write(tmp_path)
    headers = {
        "accounts": "account,name,followers,followings,niche,region,price_cny,observed",
        "follows": "follower,followed,since",
        "posts": "post,author,time,text,likes",
        "reposts": "repost,reposter,author,root,parent,time,text",
    }
    for name, header in headers.items():
        table = getattr(world, name)
        rows = cells(paths[name])
        assert ",".join(rows[0]) == header
        assert b"\r" not in paths[name].read_bytes()
        expected = table.astype("str").where(table.notna(), "").to_numpy().tolist()
        assert rows[1:] == expected
    assert set(HOSTILE_NAMES) <= set(world.accounts["name"])
    assert sorted(p.name for p in tmp_path.iterdir()) == [*(f"{name}.csv" for name in headers), "truth"]
    assert {name for name in paths if name.startswith("truth/")} == {f"truth/{name}" for name in world.truth}


@pytest.mark.parametrize("damage", [1, 9])
def test_damage_adds_bad_rows_and_says_where(damage: int, tmp_path: Path) -> None:
    w = make_world(500, seed=4, niches=3, rings=2, fan_clubs=1, campaigns=1)
    good = cells(w.write(tmp_path / "good")["reposts"])
    paths = w.write(tmp_path / "bad", damage=damage)
    rows = cells(paths["reposts"])
    log = pd.read_csv(paths["truth/damage"])
    assert len(log) == damage and log["kind"].nunique() == min(4, damage)
    bad = dict(zip(log["line"] - 1, log["kind"], strict=True))
    assert [row for at, row in enumerate(rows) if at not in bad] == good
    for at, kind in bad.items():
        row = rows[at]
        seen = {
            "no_reposter": len(row) == 7 and row[1] == "",
            "letters_in_time": len(row) == 7 and not row[5].isdigit(),
            "too_few_cells": len(row) == 5,
            "too_many_cells": len(row) == 8,
        }
        assert [name for name, holds in seen.items() if holds] == [kind]
    with pytest.raises(InputError, match="damage"):
        w.write(tmp_path / "bad", damage=-1)
