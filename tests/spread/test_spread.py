"""Repost cascades: a hand-computed campaign, repairs, laws, planted truth, the reader's SQL, and real cascades."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError, UnknownName
from kolgraph.spread import Cascades, measure_cascades
from kolgraph.verbs.spread import read_cascades
from kolgraph.workspace.tables import ACCOUNT_IDS, CANONICAL, RESULTS

COLUMNS = ["post_id", "parent_id", "root_id", "account_id", "ts", "evidence"]
DATA = Path(__file__).parents[3] / "shared" / "data" / "cascades"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="needs shared/data/cascades")


def frame(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=COLUMNS)


def campaign() -> pd.DataFrame:
    """Two cascades, rows shuffled: r by ann (a, b, c, d, e) and q by bob (f)."""
    return frame(
        ("d", "b", "r", "eve", 9_000, "api_parent"),  # r            depth 0
        ("a", "r", "r", "bob", 1_000, "api_parent"),  # |-- a        1  bob
        ("f", None, "q", "ann", 60_000, "root_only"),  # |   |-- b    2  cai
        ("r", None, "r", "ann", 0, None),  #              |   |   |-- d  3  eve
        ("b", "a", "r", "cai", 4_000, "api_parent"),  # |   |   `-- e  3  bob
        ("e", "b", "r", "bob", 20_000, "chain"),  #       `-- c        1  dan
        ("q", None, "q", "bob", 50_000, None),
        ("c", "r", "r", "dan", 2_000, "api_parent"),
    )


def test_campaign_by_hand() -> None:
    # r: subtrees a 4, b 3, c 1, d 1, e 1 of n = 6: W = 4*2 + 3*3 + 5 + 5 + 5 = 32, SV = 2*32 / (6*5) = 32/15
    # times 0 1 2 4 9 20 s: index floor(6/2) = 3 is 4 s. Breadth 2 (depths 1 and 3). Accounts ann bob cai dan eve = 5.
    # Observed: a, b, c, d of 5 reposts; e's parent was inferred from its chain. eve is fake: real size 5.
    # q: f hangs on q because no parent was given: observed 0 of 1, half-life = duration = 10 s, SV 1.
    table = measure_cascades(campaign(), fake=["eve"]).frame()
    assert table.to_dict("records") == [
        {
            "root_id": "r",
            "account_id": "ann",
            "size": 6,
            "real_size": 5,
            "depth": 3,
            "breadth": 2,
            "virality": 32 / 15,
            "half_life_s": 4.0,
            "duration_s": 20.0,
            "accounts": 5,
            "observed": 0.8,
        },
        {
            "root_id": "q",
            "account_id": "bob",
            "size": 2,
            "real_size": 2,
            "depth": 1,
            "breadth": 1,
            "virality": 1.0,
            "half_life_s": 10.0,
            "duration_s": 10.0,
            "accounts": 2,
            "observed": 0.0,
        },
    ]


def test_nodes_run_parents_first_with_their_evidence() -> None:
    cascades = measure_cascades(campaign())
    nodes = cascades.nodes(cascades.largest())
    assert nodes["post_id"].tolist() == ["r", "a", "c", "b", "d", "e"]
    assert nodes["account_id"].tolist() == ["ann", "bob", "dan", "cai", "eve", "bob"]
    assert nodes["parent_id"].isna().tolist() == [True] + [False] * 5
    assert nodes["parent_id"].tolist()[1:] == ["r", "r", "a", "b", "b"]
    assert nodes["depth"].tolist() == [0, 1, 1, 2, 3, 3]
    assert nodes["subtree"].tolist() == [6, 4, 1, 3, 1, 1]
    assert nodes["children"].tolist() == [2, 1, 0, 2, 0, 0]
    assert nodes["delay_s"].tolist() == [0.0, 1.0, 2.0, 4.0, 9.0, 20.0]
    assert nodes["evidence"].tolist() == ["root"] + ["api_parent"] * 4 + ["chain"]
    assert (nodes["root_id"] == "r").all()


def test_tree_has_the_edges_of_the_nodes() -> None:
    cascades = measure_cascades(campaign())
    tree = cascades.tree("r")
    assert tree.ids.tolist() == cascades.nodes("r")["post_id"].tolist()
    src, dst, _ = tree.edges()
    edges = {(tree.ids[a], tree.ids[b]) for a, b in zip(src, dst, strict=True)}
    assert edges == {("a", "r"), ("c", "r"), ("b", "a"), ("d", "b"), ("e", "b")}


def test_top_relays_count_every_post_below_an_account_once() -> None:
    # bob: a and e, e below a. Below a: b, d, e; e is his own, so he drew b and d = 2 (of 5 reposts), direct b = 1.
    # cai: b drew d and e = 2, direct 2: more direct, so first. dan and eve drew nobody.
    relays = measure_cascades(campaign()).top_relays("r", 3)
    assert relays["account_id"].tolist() == ["cai", "bob", "dan"]
    assert relays["reposts"].tolist() == [1, 2, 1]
    assert relays["direct"].tolist() == [2, 1, 0]
    assert relays["drew"].tolist() == [2, 2, 0]
    assert relays["share"].tolist() == [0.4, 0.4, 0.0]


def test_summary_takes_medians_over_cascades_with_a_repost() -> None:
    lonely = frame(("z", None, "z", "zoe", None, None))
    summary = measure_cascades(pd.concat([campaign(), lonely], ignore_index=True), fake={"eve"}).summary()
    assert (summary["cascades"], summary["posts"], summary["reposts"], summary["real_posts"]) == (3, 9, 6, 8)
    assert summary["accounts"] == 6
    assert summary["observed"] == 4 / 6
    assert summary["median_size"] == 4.0  # of 6 and 2, without z
    assert summary["median_depth"] == 2.0
    assert summary["max_depth"] == 3
    assert summary["evidence"] == {"root": 3, "root_only": 1, "api_parent": 4, "chain": 1}
    assert summary["repairs"] == {"root_only": 1, "without_time": 1}


# ---------------------------------------------------------------------- repairs


def test_unusable_parents_hang_on_the_root_and_are_counted() -> None:
    rows = frame(
        ("r", None, "r", "ann", 1_000, None),
        ("u", "gone", "r", "bob", 2_000, "api_parent"),  # unseen
        ("s", "s", "r", "cai", 2_000, "api_parent"),  # its own parent
        ("x", "y", "r", "dan", 2_000, "api_parent"),  # x <-> y
        ("y", "x", "r", "eve", 2_000, "api_parent"),
        ("w", "x", "r", "fay", 500, "api_parent"),  # below the cycle: its parent stays; before root and parent
        ("o", "b", "r", "gus", 2_000, "api_parent"),  # parent in the other cascade
        ("b", None, "q", "hal", 2_000, None),  # q has no row: added
        ("p", "r", "p", "ivy", 0, None),  # a root that names a parent
    )
    cascades = measure_cascades(rows)
    nodes = cascades.nodes("r").set_index("post_id")
    assert nodes.loc[["u", "s", "x", "y", "o"], "parent_id"].tolist() == ["r"] * 5
    assert nodes.loc[["u", "s", "x", "y", "o"], "evidence"].tolist() == [
        "parent_unseen",
        "parent_self",
        "parent_cycle",
        "parent_cycle",
        "parent_elsewhere",
    ]
    assert nodes.loc["w", ["parent_id", "evidence", "delay_s"]].tolist() == ["x", "api_parent", 0.0]
    assert cascades.summary()["repairs"] == {
        "root_added": 1,
        "root_only": 1,
        "parent_unseen": 1,
        "parent_elsewhere": 1,
        "parent_self": 1,
        "parent_cycle": 2,
        "root_parent": 1,
        "before_root": 1,
        "before_parent": 1,
        "without_time": 1,
    }
    table = cascades.frame().set_index("root_id")
    assert table["size"].to_dict() == {"r": 7, "q": 2, "p": 1}
    assert table.loc["r", "observed"] == 1 / 6
    assert np.isnan(table.loc["p", "observed"])
    assert pd.isna(table.loc["q", "account_id"])
    assert np.isnan(table.loc["q", "half_life_s"])


def test_a_root_that_is_a_repost_elsewhere_is_in_both_cascades() -> None:
    # m reposts r, and n was crawled with m as its root: m is a node of r and the root of its own cascade.
    rows = frame(
        ("r", None, "r", "ann", 0, None),
        ("m", "r", "r", "bob", 3_000, "api_parent"),
        ("k", "m", "r", "cai", 4_000, "api_parent"),
        ("n", "m", "m", "dan", 8_000, "api_parent"),
    )
    cascades = measure_cascades(rows)
    table = cascades.frame().set_index("root_id")
    assert table["size"].to_dict() == {"r": 3, "m": 2}
    assert table.loc["m", ["account_id", "half_life_s", "observed"]].tolist() == ["bob", 5.0, 1.0]
    assert cascades.nodes("r")["parent_id"].tolist()[1:] == ["r", "m"]
    assert cascades.summary()["repairs"]["root_added"] == 1


def test_accounts_may_be_unknown() -> None:
    cascades = measure_cascades(
        frame(("a", None, "r", None, None, None), ("b", "a", "r", None, None, None)), fake=["x"]
    )
    assert cascades.frame()[["size", "real_size", "accounts"]].values.tolist() == [[3, 3, 0]]
    assert cascades.top_relays("r").empty
    assert len(cascades.tree("r")) == 3


def test_no_rows_give_no_cascades() -> None:
    cascades = measure_cascades(frame())
    assert len(cascades.frame()) == 0
    assert (cascades.summary()["posts"], cascades.summary()["max_depth"]) == (0, 0)
    assert (cascades.summary()["observed"], cascades.summary()["median_half_life_s"]) == (None, None)
    assert [len(table) for table in cascades.tables().values()] == [0, 0]
    with pytest.raises(InputError, match="no cascades"):
        cascades.largest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="ts"), "no column 'ts'"),
        (lambda rows: pd.concat([rows, rows.iloc[[1]]]), "'a' occurs twice"),
        (lambda rows: rows.assign(root_id=None), "row 0: root_id is missing"),
        (lambda rows: rows.assign(post_id=np.arange(8.0)), "column 'post_id' holds floats"),
        (lambda rows: rows.assign(ts="today"), "column 'ts'"),
        (lambda rows: rows.assign(ts=pd.Timestamp(0)), "column 'ts'"),
    ],
)
def test_bad_rows_are_refused_in_one_line(change: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        measure_cascades(change(campaign()))
    assert "\n" not in str(error.value)


def test_bad_options_are_refused() -> None:
    with pytest.raises(InputError, match="list or set"):
        measure_cascades(campaign(), fake="eve")
    with pytest.raises(InputError, match="keep_nodes"):
        measure_cascades(campaign(), keep_nodes=-1)
    with pytest.raises(UnknownName, match="no cascade with root 'nope' among 2"):
        measure_cascades(campaign()).nodes("nope")


# ---------------------------------------------------------------------- laws


@st.composite
def rows_with_defects(draw: st.DrawFn) -> pd.DataFrame:
    """Reposts in three cascades whose parents are any post, themselves, nobody or a stranger."""
    n = draw(st.integers(1, 16))
    posts = [f"p{i:02d}" for i in range(n)]
    parents = st.sampled_from([*posts, "A", "B", "C", "stranger", None])
    made = [
        (
            post,
            draw(parents),
            draw(st.sampled_from("ABC")),
            draw(st.sampled_from(["u", "v", "w", None])),
            draw(st.none() | st.integers(0, 5)),
            draw(st.sampled_from(["api_parent", "chain", None])),
        )
        for post in posts
    ]
    return frame(*made, *[(root, None, root, "u", 2, None) for root in draw(st.sets(st.sampled_from("ABC")))])


def same(a: Cascades, b: Cascades) -> bool:
    return a.run_id == b.run_id and all(a.tables()[name].equals(b.tables()[name]) for name in a.tables())


@settings(max_examples=40, deadline=None)
@given(rows_with_defects(), st.integers(0, 2**32 - 1))
def test_row_order_changes_nothing(rows: pd.DataFrame, seed: int) -> None:
    assert same(measure_cascades(rows), measure_cascades(rows.sample(frac=1, random_state=seed)))


@settings(max_examples=40, deadline=None)
@given(rows_with_defects())
def test_every_post_is_in_its_cascade_once_and_every_cascade_is_a_tree(rows: pd.DataFrame) -> None:
    cascades = measure_cascades(rows, fake=["v"])
    table = cascades.frame()
    summary = cascades.summary()
    assert table["size"].sum() == len(rows) + cascades.repairs["root_added"] == summary["posts"]
    assert sum(summary["evidence"].values()) == summary["posts"]
    assert table["real_size"].sum() == summary["posts"] - (rows["account_id"] == "v").sum()
    for row in table.itertuples():
        nodes = cascades.nodes(row.root_id)
        wanted = set(rows.loc[rows["root_id"] == row.root_id, "post_id"]) | {row.root_id}
        assert set(nodes["post_id"]) == wanted
        tree = nx.Graph(list(nodes[["post_id", "parent_id"]].iloc[1:].itertuples(index=False, name=None)))
        tree.add_node(row.root_id)
        assert nx.is_tree(tree)
        expected = nx.average_shortest_path_length(tree) if len(tree) > 1 else 0.0
        assert row.virality == pytest.approx(expected, rel=1e-14)
        assert nodes["depth"].tolist() == [nx.shortest_path_length(tree, row.root_id, p) for p in nodes["post_id"]]
        assert row.accounts == nodes["account_id"].nunique()
        # A usable parent is never replaced.
        told = rows.set_index("post_id")["parent_id"]
        kept = nodes[nodes["evidence"].isin(["api_parent", "chain"])]
        assert kept["parent_id"].tolist() == told[kept["post_id"]].tolist()


@settings(max_examples=40, deadline=None)
@given(rows_with_defects())
def test_relays_agree_with_counting_descendants_one_by_one(rows: pd.DataFrame) -> None:
    cascades = measure_cascades(rows)
    root = cascades.largest()
    nodes = cascades.nodes(root).set_index("post_id")
    tree = nx.DiGraph(list(nodes["parent_id"].iloc[1:].items())).reverse()
    tree.add_node(root)
    expected = {}
    for account, own in nodes.iloc[1:].groupby("account_id").groups.items():
        below = set().union(*(nx.descendants(tree, post) for post in own))
        expected[account] = len(below - set(own))
    relays = cascades.top_relays(root, 10)
    assert dict(zip(relays["account_id"], relays["drew"], strict=True)) == expected
    assert relays["drew"].is_monotonic_decreasing


def test_fake_accounts_change_the_run_and_only_the_real_size() -> None:
    plain, discounted = measure_cascades(campaign()), measure_cascades(campaign(), fake={"eve", "nobody"})
    assert plain.run_id != discounted.run_id
    assert plain.graph == discounted.graph
    assert plain.frame().drop(columns="real_size").equals(discounted.frame().drop(columns="real_size"))
    assert (plain.frame()["real_size"] == plain.frame()["size"]).all()


@pytest.mark.parametrize("column", COLUMNS)
def test_any_changed_value_changes_the_fingerprint(column: str) -> None:
    rows = campaign()
    rows.loc[rows["post_id"] == "e", column] = 5 if column == "ts" else "other"
    assert measure_cascades(rows).graph != measure_cascades(campaign()).graph


def test_tables_fit_the_result_tables_and_keep_only_the_largest() -> None:
    tables = measure_cascades(campaign(), keep_nodes=1).tables()
    for name, table in tables.items():
        wanted = ["account_id" if c == "account_key" else c for c in RESULTS[name].columns if c != "run_id"]
        assert table.columns.tolist() == wanted
    assert set(tables["cascade_nodes"]["root_id"]) == {"r"}
    assert len(tables["cascades"]) == 2


def test_planted_relays_are_found() -> None:
    # 40 cascades of 200 reposts: relay KOLs k0 > k1 > k2 feed 60, 30 and 15 posts each, the rest repost the root.
    rng = np.random.default_rng(3)
    rows = []
    for c in range(40):
        feeds = [f"{c}/k0"] * 60 + [f"{c}/k1"] * 30 + [f"{c}/k2"] * 15 + [f"{c}/r"] * 92
        rows += [(f"{c}/k{j}", f"{c}/r", f"{c}/r", f"k{j}", 1_000, "api_parent") for j in range(3)]
        rows += [
            (f"{c}/{i}", parent, f"{c}/r", f"user{rng.integers(10**9)}-{c}-{i}", 2_000 + i, "api_parent")
            for i, parent in enumerate(feeds)
        ]
        rows.append((f"{c}/r", None, f"{c}/r", "brand", 0, None))
    cascades = measure_cascades(frame(*rows).sample(frac=1, random_state=0))
    assert (cascades.frame()["size"] == 201).all()
    for c in range(40):
        relays = cascades.top_relays(f"{c}/r", 3)
        assert relays["account_id"].tolist() == ["k0", "k1", "k2"]
        assert relays["drew"].tolist() == [60, 30, 15]


# ---------------------------------------------------------------------- the reader


class FakeWorkspace:
    """The two things the reader needs: the canonical tables and `sql`."""

    def __init__(self) -> None:
        self.db = duckdb.connect()
        for name in ("accounts", "posts", "reposts"):
            self.db.execute(CANONICAL[name].ddl())
        self.db.execute(ACCOUNT_IDS)
        people = ["ann", "bob", "cai", "dan"]
        self.insert("accounts", account_key=[0, 1, 2, 3], account_id=[f"weibo:{p}" for p in people])

    def insert(self, table: str, **columns: list[Any]) -> None:
        for row in zip(*columns.values(), strict=True):
            marks = ", ".join("?" * len(row))
            self.db.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", row)

    def sql(self, query: str, params: list[Any] | None = None) -> pd.DataFrame:
        return self.db.execute(query, params).df()


@pytest.fixture
def workspace() -> FakeWorkspace:
    w = FakeWorkspace()
    w.insert("posts", post_id=["r", "s", "unrelated"], author=[0, None, 0], created_ts=[1_000, 2_000, 3_000])
    w.insert(
        "reposts",
        post_id=["a", "b", "c", "d", "e"],
        src=[1, 2, 3, 1, 2],
        dst=[0, 0, 3, None, 1],
        root_id=["r", "r", "s", "t", None],  # s: author only in dst; t: nothing known; e names no root
        parent_id=["r", "a", None, "t", None],
        ts=[5_000, 1_700_000_000_123, 6_000, None, 7_000],
    )
    return w


def test_reader_joins_accounts_and_finds_the_authors_of_roots(workspace: Any) -> None:
    rows = read_cascades(workspace)
    assert rows.columns.tolist() == COLUMNS
    found = {post: (account, ts) for post, account, ts in rows[["post_id", "account_id", "ts"]].itertuples(index=False)}
    assert set(found) == {"a", "b", "c", "d", "r", "s", "t"}
    assert found["r"] == ("weibo:ann", 1_000)
    assert found["s"] == ("weibo:dan", 2_000)
    assert pd.isna(found["t"][0])
    assert pd.isna(found["t"][1])
    assert found["b"] == ("weibo:cai", 1_700_000_000_123)
    table = measure_cascades(rows).frame().set_index("root_id")
    assert table["size"].to_dict() == {"r": 3, "s": 2, "t": 2}
    assert table.loc["r", ["depth", "observed", "half_life_s"]].tolist() == [2, 1.0, 4.0]
    assert table.loc["s", "account_id"] == "weibo:dan"


def test_reader_takes_a_time_window_of_reposts_with_their_roots(workspace: Any) -> None:
    rows = read_cascades(workspace, since=5_000, until=6_000)
    assert rows["post_id"].tolist() == ["r", "a"]
    assert read_cascades(workspace, since=6_000)["post_id"].tolist() == ["r", "b", "s", "c"]
    assert measure_cascades(read_cascades(workspace, since=6_000)).summary()["repairs"]["parent_unseen"] == 1
    assert measure_cascades(read_cascades(workspace, until=0)).summary()["cascades"] == 0


def test_reader_never_doubles_a_root_that_is_a_repost_itself(workspace: Any) -> None:
    workspace.insert("reposts", post_id=["f"], src=[3], dst=[1], root_id=["a"], parent_id=["a"], ts=[9_000])
    rows = read_cascades(workspace)
    assert rows["post_id"].is_unique
    table = measure_cascades(rows).frame().set_index("root_id")
    assert table.loc["a", ["account_id", "size", "half_life_s"]].tolist() == ["weibo:bob", 2, 4.0]


# ---------------------------------------------------------------------- real cascades


@pytest.fixture(scope="module")
def ced() -> Cascades:
    reposts = pd.read_csv(DATA / "ced_reposts_dev.csv.gz", usecols=range(5), dtype={"user": str})
    roots = pd.read_csv(DATA / "ced_cascades_dev.csv.gz", dtype={"root_user": str})
    reposts = pd.concat(
        [reposts, roots[["cascade"]].assign(row=0, parent_row=-1, user=roots["root_user"], dt=0)], ignore_index=True
    )
    prefix = reposts["cascade"] + "/"
    parent = prefix + reposts["parent_row"].astype(str)
    rows = pd.DataFrame(
        {
            "post_id": prefix + reposts["row"].astype(str),
            "parent_id": parent.where(reposts["parent_row"] >= 0),
            "root_id": prefix + "0",
            "account_id": reposts["user"],
            "ts": reposts["dt"] * 1000,
            "evidence": "api_parent",
        }
    )
    return measure_cascades(rows)


@pytest.mark.realdata
@needs_data
def test_weibo_cascades_have_the_known_shape(ced: Cascades) -> None:
    summary = ced.summary()
    assert (summary["cascades"], summary["reposts"], summary["observed"]) == (2_704, 1_014_573, 1.0)
    assert (summary["median_depth"], summary["max_depth"]) == (5.0, 25)
    assert round(summary["median_virality"], 2) == 2.93
    assert round(summary["median_half_life_s"] / 3600, 1) == 3.8
    assert summary["repairs"] == {"before_root": 2, "before_parent": 5}


@pytest.mark.realdata
@needs_data
def test_weibo_virality_agrees_with_igraph(ced: Cascades) -> None:
    table = ced.frame().set_index("root_id")
    for root in table.index[::90]:
        tree = ced.tree(root).to_igraph().as_undirected()
        assert table.loc[root, "virality"] == pytest.approx(tree.average_path_length(), rel=1e-12)


@pytest.mark.realdata
@needs_data
def test_xiaomi_campaign_has_the_depths_of_its_file() -> None:
    table = pd.read_csv(DATA / "xiaomi_2012_campaign.csv.gz", dtype={"user": str})
    rows = pd.DataFrame(
        {
            "post_id": table["row"].astype(str),
            "parent_id": table["parent_row"].astype(str).where(table["parent_row"] >= 0),
            "root_id": "0",
            "account_id": table["user"],
            "ts": pd.to_datetime(table["time"]).astype("datetime64[ms]").astype("int64"),
            "evidence": "api_parent",
        }
    )
    cascades = measure_cascades(rows)
    assert cascades.frame()[["size", "depth"]].values.tolist() == [[6_060, 8]]
    nodes = cascades.nodes("0").set_index("post_id")
    told = table.set_index(table["row"].astype(str))["depth"]
    assert nodes["depth"].equals(told[nodes.index].rename_axis("post_id"))
