"""Pictures: bounded for any size of data, deterministic, safe labels, and positions that mean what the caption says."""

from __future__ import annotations

import base64
import json
import struct
import unicodedata
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph import pictures
from kolgraph.locale import catalogue
from kolgraph.pictures.maps import pack, tree_positions
from kolgraph.pictures.paint import density_image, label

if TYPE_CHECKING:
    import plotly.graph_objects as go

EN, ZH = catalogue("en"), catalogue("zh")
EVIL = "<b>x</b><script>alert(1)</script>"


def marks(figure: go.Figure) -> int:
    """Markers and words: what a browser draws one by one. A line is one path, whatever its length."""
    drawn = [trace for trace in figure.data if "markers" in trace.mode or "text" in trace.mode]
    return sum(len(trace.x) for trace in drawn if trace.x is not None)


def marker_points(figure: go.Figure) -> list[tuple[float, float, str]]:
    """x, y, hover text of every marker."""
    points = []
    for trace in figure.data:
        if "markers" in trace.mode:
            points += list(zip(trace.x, trace.y, trace.hovertext, strict=True))
    return points


def world(n: int, *, niches: int = 30, seed: int = 3) -> dict[str, pd.DataFrame]:
    """Accounts in niches of unequal size, with links inside and between them."""
    rng = np.random.default_rng(seed)
    community = np.minimum(rng.geometric(0.12, n) - 1, niches - 1)
    accounts = pd.DataFrame({"account_key": np.arange(n), "community": community, "value": rng.pareto(1.2, n)})
    accounts = accounts.assign(name=[f"达人{i}" for i in range(n)], followers=np.nan)
    table = accounts.groupby("community").size().rename("size").reset_index()
    table["label"] = [f"圈层{c}" for c in table["community"]]
    links = pd.DataFrame(rng.integers(0, n, (4 * n, 2)), columns=["src", "dst"])
    pairs = rng.integers(0, niches, (200, 2))
    ties = pd.DataFrame({"a": pairs[:, 0], "b": pairs[:, 1], "edges": rng.integers(1, 99, 200)})
    return {"niches": table, "accounts": accounts, "links": links, "ties": ties[ties["a"] < ties["b"]]}


def tree(n: int, seed: int = 3) -> pd.DataFrame:
    """A random recursive tree of n posts, every post later than its parent."""
    rng = np.random.default_rng(seed)
    parent = np.array([0, *(int(i * rng.random() ** 3) for i in range(1, n))])
    depth, subtree = np.zeros(n, np.int64), np.ones(n, np.int64)
    for i in range(1, n):
        depth[i] = depth[parent[i]] + 1
    for i in range(n - 1, 0, -1):
        subtree[parent[i]] += subtree[i]
    post = np.array([f"p{i}" for i in range(n)])
    return pd.DataFrame(
        {
            "post_id": post,
            "parent_id": [None, *post[parent[1:]]],
            "name": [f"达人{i}" for i in range(n)],
            "depth": depth,
            "subtree": subtree,
            "delay_s": np.arange(n) * 3.0,
            "ring": np.arange(n) % 5 == 1,
        }
    )


def influencers(n: int) -> pd.DataFrame:
    value = 50_000.0 / np.arange(1, n + 1)
    columns = {"name": [f"达人{i}" for i in range(n)], "value": value, "low": value * 0.9, "high": value * 1.1}
    return pd.DataFrame(columns | {"followers": value * 40, "ring_share": 0.05})


def picks(n: int) -> pd.DataFrame:
    gain = 1000.0 / np.arange(1, n + 1)
    columns = {"name": [f"达人{i}" for i in range(n)], "price_cny": 9000.0, "own_reach": gain * 1.5}
    return pd.DataFrame(columns | {"marginal_reach": gain, "reach": gain.cumsum()})


def incidence(pairs: list[tuple[int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["member", "target"])
    return frame.assign(member_name="m" + frame["member"].astype(str), target_name="t" + frame["target"].astype(str))


def every(n: int, text: Any = EN) -> dict[str, go.Figure]:
    """All pictures of data of size n."""
    rng = np.random.default_rng(1)
    cascade, pairs = tree(n), [(int(a), int(b)) for a, b in rng.integers(0, max(n // 40, 2), (n, 2))]
    return {
        "niches": pictures.niche_map(**world(n), text=text),
        "influence": pictures.influence_bars(influencers(n), text=text),
        "rings": pictures.ring_matrix(incidence(pairs), text=text),
        "tree": pictures.cascade_tree(cascade, text=text),
        "curve": pictures.repost_curve(cascade, text=text),
        "plan": pictures.plan_curve(picks(n), text=text),
    }


@pytest.fixture(scope="module")
def large() -> dict[str, go.Figure]:
    return every(50_000)


def test_no_picture_of_50k_accounts_draws_more_than_the_limit(large: dict[str, go.Figure]) -> None:
    for name, figure in large.items():
        assert marks(figure) <= pictures.MARKS, name
        assert name == "curve" or marks(figure) > 0, name  # areas have no marks
        assert len(figure.to_json()) < 500_000, name


def test_only_svg_scatter_is_used(large: dict[str, go.Figure]) -> None:
    assert {trace.type for figure in large.values() for trace in figure.data} == {"scatter"}


def test_same_data_same_bytes() -> None:
    a, b = every(600), every(600)
    assert {k: v.to_json() for k, v in a.items()} == {k: v.to_json() for k, v in b.items()}


@pytest.mark.parametrize("text", [EN, ZH], ids=["en", "zh"])
@pytest.mark.parametrize("n", [1, 2])
def test_tiny_data_draw(text: Any, n: int) -> None:
    for figure in every(n, text).values():
        assert json.loads(figure.to_json())["data"]


def test_empty_tables_draw_empty_pictures() -> None:
    parts = {key: frame.iloc[:0] for key, frame in world(5).items()}
    assert marks(pictures.niche_map(**parts, text=EN)) == 0
    assert marks(pictures.influence_bars(influencers(1).iloc[:0], text=EN)) == 0
    assert marks(pictures.ring_matrix(incidence([]), text=EN)) == 0
    assert marks(pictures.cascade_tree(tree(1).iloc[:0], text=EN)) == 0
    assert marks(pictures.plan_curve(picks(1).iloc[:0], text=EN)) == 0
    assert sum(sum(trace.y) for trace in pictures.repost_curve(tree(1), text=EN).data) == 0


def test_missing_numbers_are_drawn_as_missing() -> None:
    gaps = influencers(3).assign(low=None, high=None, followers=None, ring_share=None)
    hover = [text for _, _, text in marker_points(pictures.influence_bars(gaps, text=EN))]
    assert all("–" in text and "nan" not in text.lower() and "None" not in text for text in hover)


# ---------------------------------------------------------------------- names


def test_names_are_escaped_in_every_picture() -> None:
    parts, cascade = world(40, niches=3), tree(30).assign(name=EVIL)
    parts["niches"]["label"] = EVIL
    parts["accounts"]["name"] = EVIL
    pairs = incidence([(0, 1), (1, 1)]).assign(member_name=EVIL, target_name=EVIL)
    figures = [
        pictures.niche_map(**parts, text=EN),
        pictures.influence_bars(influencers(3).assign(name=EVIL), text=EN),
        pictures.ring_matrix(pairs, text=EN),
        pictures.cascade_tree(cascade, text=EN),
        pictures.plan_curve(picks(3).assign(name=EVIL), text=EN),
    ]
    for figure in figures:
        raw = json.dumps(json.loads(figure.to_json()))
        assert "&lt;b&gt;x" in raw
        assert "<script" not in raw and "<b>x" not in raw


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\u200db", "a[U+200D]b"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),  # joiners inside an emoji are how a family is written
        ("行\n二", "行[U+000A]二"),
        ("ﷺ العربية", "ﷺ العربية"),
        (None, "–"),
        (float("nan"), "–"),
        ("=1+1", "=1+1"),
    ],
)
def test_hidden_characters_are_shown(name: object, shown: str) -> None:
    assert pictures.visible(name) == shown


@given(st.text())
@settings(max_examples=60, deadline=None)
def test_a_label_holds_no_markup_and_is_short(name: str) -> None:
    text = label(name, 12)
    assert "<" not in text and ">" not in text
    shown = [char for char in pictures.clip(name, 12) if not unicodedata.combining(char)]
    assert sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown) <= 12 + len("…")


def test_clip_counts_a_chinese_character_as_two_letters() -> None:
    assert pictures.clip("abcdefgh", 6) == "abcdef…"
    assert pictures.clip("护肤博主小红", 6) == "护肤博…"
    assert pictures.clip("护肤博", 6) == "护肤博"


# ---------------------------------------------------------------------- positions


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_packed_discs_do_not_overlap_and_hang_together(sizes: list[float]) -> None:
    radius = np.sort(np.array(sizes))[::-1]
    x, y = pack(radius)
    gap = np.hypot(x[:, None] - x, y[:, None] - y) - radius[:, None] - radius
    np.fill_diagonal(gap, np.inf)
    assert gap.min() > -1e-6
    assert len(sizes) == 1 or np.all(gap.min(axis=1) < 1e-6)  # each touches another one


def test_accounts_lie_inside_the_disc_of_their_niche() -> None:
    parts = world(2000, niches=9)
    figure = pictures.niche_map(**parts, text=EN)
    discs = [(s.x0, s.x1, s.y0, s.y1) for s in figure.layout.shapes]
    inside = [trace for trace in figure.data if trace.mode == "markers"]
    assert len(discs) == len(inside) == parts["niches"].shape[0]
    for (x0, x1, y0, y1), trace in zip(discs, inside, strict=True):
        away = np.hypot(np.array(trace.x) - (x0 + x1) / 2, np.array(trace.y) - (y0 + y1) / 2)
        assert away.max() < (x1 - x0) / 2
    drawn = {text.split("<br>")[0] for _, _, text in marker_points(figure)}
    best = parts["accounts"].sort_values("value").groupby("community").tail(1)["name"]
    assert {f"<b>{name}</b>" for name in best} <= drawn  # who matters most is always there


def test_a_larger_niche_is_a_larger_disc() -> None:
    figure = pictures.niche_map(**world(2000, niches=9), text=EN)
    widths = [s.x1 - s.x0 for s in figure.layout.shapes]
    assert widths == sorted(widths, reverse=True)


def test_a_tree_by_hand() -> None:
    # root -> a, b; a -> c. a owns two of the three reposts, hence two thirds of the circle.
    nodes = pd.DataFrame(
        {
            "post_id": ["r", "a", "b", "c"],
            "parent_id": [None, "r", "r", "a"],
            "depth": [0, 1, 1, 2],
            "subtree": [4, 2, 1, 1],
            "delay_s": [0.0, 0.0, 0.0, 0.0],
        }
    )
    parent, x, y, begins = tree_positions(nodes)
    assert parent.tolist() == [-1, 0, 0, 1]
    angle = np.arctan2(x, y) % (2 * np.pi)  # clockwise from the top
    assert np.allclose(angle[1:], [2 * np.pi / 3, 2 * np.pi * 2.5 / 3, 2 * np.pi * 0.5 / 3])
    assert np.allclose(np.hypot(x, y), [0, begins[1], begins[1], begins[2]])


def test_every_post_lies_in_the_ring_of_its_step_and_the_sector_of_its_parent() -> None:
    nodes = tree(800).sort_values(["depth", "post_id"]).reset_index(drop=True)
    parent, x, y, begins = tree_positions(nodes)
    depth, radius = nodes["depth"].to_numpy(), np.hypot(x, y)
    edges = np.array(begins)
    assert (radius[1:] >= edges[depth[1:]] - 1e-9).all()
    assert (radius[1:] <= edges[depth[1:] + 1] + 1e-9).all()
    angle = np.arctan2(x, y) % (2 * np.pi)
    half = np.pi * nodes["subtree"].to_numpy() / (len(nodes) - 1)  # half of a sector of subtree / reposts
    child = np.flatnonzero(depth > 1)
    apart = np.abs(angle[child] - angle[parent[child]])
    assert (apart <= half[parent[child]] + 1e-9).all()


def test_an_orphan_hangs_on_the_root() -> None:
    nodes = tree(6)
    nodes.loc[5, "parent_id"] = "deleted"
    parent, *_ = tree_positions(nodes.sort_values("depth", kind="stable").reset_index(drop=True))
    assert (parent == -1).sum() == 1 and parent[0] == -1


def test_drawn_posts_come_with_all_their_ancestors() -> None:
    nodes = tree(3000)
    figure = pictures.cascade_tree(nodes, text=EN, limit=200)
    lines = figure.data[0]
    ends = {(x, y) for x, y in zip(lines.x, lines.y, strict=True) if x is not None}
    spots = {(x, y) for x, y, _ in marker_points(figure)}
    assert len(spots) == 200 and ends <= spots  # a line never ends where nothing is drawn
    assert len(figure.layout.images) == 2  # the rest: real and ring


# ---------------------------------------------------------------------- numbers


def test_the_curve_counts_every_repost_once() -> None:
    nodes = tree(1000)
    nodes.loc[7, "delay_s"] = np.nan
    real, ring = pictures.repost_curve(nodes, text=EN).data
    shown = nodes[(nodes["depth"] > 0) & nodes["delay_s"].notna()]
    late = shown["delay_s"] > shown["delay_s"].quantile(0.98)
    assert sum(real.y[:-1]) + sum(ring.y[:-1]) == (~late).sum()  # the last value closes the last step
    assert sum(ring.y[:-1]) == (~late & shown["ring"]).sum()


def test_the_matrix_puts_the_busiest_first_and_keeps_whole_members() -> None:
    pairs = [(0, t) for t in range(6)] + [(1, t) for t in range(3)] + [(2, 0)]
    figure = pictures.ring_matrix(incidence(pairs), text=EN, limit=9)
    points = {(text, x, y) for x, y, text in marker_points(figure)}
    assert {y for _, _, y in points} == {1, 2}  # member 2 does not fit in nine pairs
    assert ("m0 → t0", 1, 1) in points
    assert sum(y == 1 for _, _, y in points) == 6


def test_the_plan_ends_at_its_reach() -> None:
    figure = pictures.plan_curve(picks(5), text=EN)
    ends = [x for x, _, _ in marker_points(figure)]
    assert np.allclose(ends, picks(5)["reach"])
    gain = figure.data[1]
    lengths = np.array(gain.x[1::3], float) - np.array(gain.x[0::3], float)
    assert np.allclose(lengths, picks(5)["marginal_reach"])


def test_the_density_image_is_a_png_of_the_points() -> None:
    spots = np.array([-0.99, 0.5, 0.5]), np.array([0.99, -0.5, -0.5])
    image = density_image(*spots, half=1.0, colour="#0072B2")
    raw = base64.b64decode(image["source"].split(",")[1])
    assert raw.startswith(b"\x89PNG") and raw.endswith(b"IEND" + struct.pack(">I", zlib.crc32(b"IEND")))
    start = raw.index(b"IDAT") + 4
    (size,) = struct.unpack(">I", raw[start - 8 : start - 4])
    rows = np.frombuffer(zlib.decompress(raw[start : start + size]), np.uint8).reshape(560, 1 + 560 * 4)
    pixels = rows[:, 1:].reshape(560, 560, 4)
    filled = np.argwhere(pixels[..., 3] > 0)
    assert filled.tolist() == [[2, 2], [420, 420]]  # the top left corner, and right of and below the middle
    assert pixels[420, 420, 3] > pixels[2, 2, 3]  # two points are darker than one
    assert pixels[2, 2, :3].tolist() == [0x00, 0x72, 0xB2]
