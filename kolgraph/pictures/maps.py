"""Pictures without axes: the map of niches, and the tree of a repost cascade."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.interrupts import held
from kolgraph.locale import duration, number
from kolgraph.pictures.paint import (
    GRID,
    NICHES,
    PALE,
    REAL,
    RING,
    density_image,
    faded,
    figure,
    hidden_axis,
    label,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ISLANDS = 24
LABELLED = 10
#: Posts of a cascade drawn as marks; the others are painted behind them.
TREE_MARKS = 1000


def niche_map(
    niches: pd.DataFrame,
    accounts: pd.DataFrame,
    links: pd.DataFrame,
    ties: pd.DataFrame,
    *,
    text: Mapping[str, str],
    limit: int = 700,
) -> go.Figure:
    """Niches as islands: a disc per niche, its most influential accounts inside, lines where niches are tied.

    Parameters
    ----------
    niches : DataFrame
        ``community``, ``label``, ``size`` (accounts). The 24 largest are drawn.
    accounts : DataFrame
        ``account_key``, ``name``, ``community``, ``value`` (influence; missing counts as 0), ``followers``.
    links : DataFrame
        Edges among accounts: ``src``, ``dst`` (account keys). They arrange the accounts inside a disc.
    ties : DataFrame
        Edges between niches: ``a``, ``b`` (communities), ``edges``.
    text : mapping
        A catalogue.
    limit : int
        Most accounts drawn, shared among the niches by their size.

    Notes
    -----
    Separation is by construction: gaps between discs carry no meaning, the lines do. Inside a disc: Fruchterman &
    Reingold (1991), then radii spread evenly over the area. Deterministic.
    """
    import plotly.graph_objects as go

    drawn = niches.sort_values(["size", "community"], ascending=[False, True]).head(ISLANDS)
    size = drawn["size"].to_numpy(np.float64)
    radius = np.sqrt(size / size.max()) if size.size else size
    radius = np.maximum(radius, 0.16)  # the smallest must still hold a few dots
    x, y = pack(radius * 1.06)
    lang, traces = text["lang"], []
    place = {int(c): i for i, c in enumerate(drawn["community"])}
    traces.append(_ties(ties, place, x, y))
    accounts = accounts.assign(value=accounts["value"].astype(float).fillna(0.0))
    ranked = accounts.sort_values(["value", "account_key"], ascending=[False, True])
    share = np.maximum(4, np.floor(limit * size / max(size.sum(), 1))).astype(int) if size.size else size
    best = max(float(ranked["value"].max()), 1e-12) if len(ranked) else 1.0
    stars = []
    for community, i in place.items():
        inside = ranked[ranked["community"] == community].head(int(share[i]))
        dx, dy = _local(inside["account_key"].to_numpy(), links)
        px, py = x[i] + radius[i] * 0.84 * dx, y[i] + radius[i] * 0.84 * dy
        hover = [
            f"<b>{label(a.name, 40)}</b><br>{label(drawn['label'].iloc[i], 40)}<br>"
            f"{text['influence.real']}: {number(a.value, lang)}<br>"
            f"{text['influence.followers']}: {number(a.followers, lang)}"
            for a in inside.astype({"followers": float}).itertuples(index=False)
        ]
        marks = 4 + 15 * np.sqrt(inside["value"].to_numpy() / best)
        colour = NICHES[i % len(NICHES)]
        dots = {"size": marks, "color": colour, "opacity": 0.85, "line": {"width": 0.6, "color": "#ffffff"}}
        traces.append(
            go.Scatter(x=px, y=py, mode="markers", marker=dots, hovertext=hover, hoverinfo="text", name=f"niche {i}")
        )
        if len(inside) and i < LABELLED:
            stars.append((px[0], py[0] - marks[0] * radius.max() / 150, label(inside["name"].iloc[0], 14)))
    box = _box(x, y, radius)
    half = max(box[1] - box[0], box[3] - box[2]) / 2
    traces.append(words(stars, half, "bottom center", 10))
    titles = [(x[i], y[i] + radius[i], f"<b>{label(drawn['label'].iloc[i], 18)}</b>") for i in range(len(drawn))]
    traces.append(words(titles, half, "top center", 12))
    shapes = [_disc(x[i], y[i], radius[i], NICHES[i % len(NICHES)]) for i in range(len(drawn))]
    axes = {"xaxis": hidden_axis(range=box[:2]), "yaxis": hidden_axis(range=[box[2], box[3] + 0.12 * half])}
    axes["yaxis"] |= {"scaleanchor": "x"}
    return figure(traces, height=560, shapes=shapes, margin={"l": 4, "r": 4, "t": 4, "b": 4}, **axes)


def pack(radius: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places for discs, largest first, so that none overlap and all lie close to the middle.

    Parameters
    ----------
    radius : ndarray of float64, shape (n,)
        In falling order.

    Returns
    -------
    x, y : ndarray of float64, shape (n,)

    Notes
    -----
    Every next disc touches two placed ones, at the free place nearest to the middle. O(n^4), for tens of discs.

    Examples
    --------
    >>> x, y = pack(np.array([2.0, 1.0]))
    >>> float(np.hypot(x[1] - x[0], y[1] - y[0]))
    3.0
    """
    at = np.zeros((radius.size, 2))
    if radius.size > 1:
        at[1] = radius[0] + radius[1], 0
    for k in range(2, radius.size):
        i, j = (np.concatenate(part) for part in zip(np.triu_indices(k, 1), np.tril_indices(k, -1), strict=True))
        a, b = radius[i] + radius[k], radius[j] + radius[k]
        gap = at[j] - at[i]
        d = np.hypot(gap[:, 0], gap[:, 1])
        along = (a**2 - b**2 + d**2) / (2 * d)
        aside = np.sqrt(np.where(a**2 >= along**2, a**2 - along**2, np.nan))  # NaN: too far apart to touch both
        unit = gap / d[:, None]
        # Ordered pairs come both ways round, so one side of each pair is enough.
        spot = at[i] + along[:, None] * unit + aside[:, None] * np.column_stack([-unit[:, 1], unit[:, 0]])
        clear = np.hypot(*(spot[:, None, :] - at[None, :k, :]).transpose(2, 0, 1)) - radius[:k] - radius[k]
        far = np.where((clear > -1e-9).all(axis=1), np.hypot(spot[:, 0] * 0.65, spot[:, 1]), np.inf)
        at[k] = spot[int(np.argmin(far))]  # the factor makes the whole wider than high, like a screen
    return at[:, 0], at[:, 1]


def _local(keys: NDArray[np.int64], links: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions in the unit disc: neighbours near each other, density even, whatever the forces did."""
    import igraph

    n = keys.size
    row = {int(key): i for i, key in enumerate(keys)}
    inside = links[links["src"].isin(row) & links["dst"].isin(row)]
    pairs = [(row[int(a)], row[int(b)]) for a, b in zip(inside["src"], inside["dst"], strict=True)]
    angle = np.arange(n) * np.pi * (3 - np.sqrt(5))  # golden angle: an even start
    start = np.column_stack([np.cos(angle), np.sin(angle)]) * np.sqrt((np.arange(n) + 0.5) / max(n, 1))[:, None]
    igraph.set_random_number_generator(random.Random(0))
    try:
        with held():
            layout = igraph.Graph(n, pairs).layout_fruchterman_reingold(seed=start.tolist(), niter=200)
    finally:
        igraph.set_random_number_generator(random)
    spot = np.array(layout.coords, dtype=np.float64).reshape(-1, 2)
    spot -= np.median(spot, axis=0) if n else 0
    reach = np.hypot(spot[:, 0], spot[:, 1])
    even = np.empty(n)
    even[np.argsort(reach, kind="stable")] = np.sqrt((np.arange(n) + 0.5) / max(n, 1))
    turn = np.arctan2(spot[:, 1], spot[:, 0])
    return even * np.cos(turn), even * np.sin(turn)


def _ties(ties: pd.DataFrame, place: Mapping[int, int], x: NDArray[np.float64], y: NDArray[np.float64]) -> go.Scatter:
    """Lines between the most tied niches, all in one trace: a line is there or not, tables give the numbers."""
    import plotly.graph_objects as go

    shown = ties[ties["a"].isin(place) & ties["b"].isin(place)]
    shown = shown.sort_values(["edges", "a", "b"], ascending=[False, True, True]).head(2 * ISLANDS)
    ends = [(place[int(t.a)], place[int(t.b)]) for t in shown.itertuples(index=False)]
    return go.Scatter(
        x=[v for a, b in ends for v in (x[a], x[b], None)],
        y=[v for a, b in ends for v in (y[a], y[b], None)],
        mode="lines",
        line={"color": GRID, "width": 2},
        hoverinfo="skip",
    )


def _disc(x: float, y: float, radius: float, colour: str) -> dict[str, object]:
    place = {"x0": x - radius, "x1": x + radius, "y0": y - radius, "y1": y + radius, "xref": "x", "yref": "y"}
    return {
        "type": "circle",
        "layer": "below",
        "fillcolor": faded(colour, 0.11),
        "line": {"color": colour, "width": 1},
    } | place


def _box(
    x: NDArray[np.float64], y: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of all discs, with a little air."""
    if not x.size:
        return -1.0, 1.0, -1.0, 1.0
    air = 0.03 * radius.max()
    ends = (x - radius).min() - air, (x + radius).max() + air, (y - radius).min() - air, (y + radius).max() + air
    return float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3])


def cascade_tree(nodes: pd.DataFrame, *, text: Mapping[str, str], limit: int = TREE_MARKS) -> go.Figure:
    """The repost tree of one post: the post in the middle, every ring outwards one more step of forwarding.

    Parameters
    ----------
    nodes : DataFrame
        One row per post of the cascade: ``post_id``, ``parent_id``, ``name``, ``depth`` (0 = the root), ``subtree``
        (reposts it caused, itself included), ``delay_s``, ``ring`` (bool).
    text : mapping
        A catalogue.
    limit : int
        Most posts drawn as marks: those with the largest subtrees, hence always with all their ancestors. All others
        are painted once as an image behind them.

    Notes
    -----
    A subtree owns a sector as wide as its size. Within a step, later reposts lie further out. O(n log n).
    """
    import plotly.graph_objects as go

    lang = text["lang"]
    order = ["depth", "delay_s", "post_id"]
    nodes = nodes.sort_values(order, na_position="last", kind="stable").reset_index(drop=True)
    parent, x, y, rings = tree_positions(nodes)
    subtree = nodes["subtree"].to_numpy(np.int64)
    ring = nodes["ring"].to_numpy(bool)
    rank = np.lexsort((np.arange(subtree.size), nodes["depth"].to_numpy(), -subtree))
    kept, rest = np.sort(rank[:limit]), np.sort(rank[limit:])
    half = float(max(np.abs(x).max(initial=0.0), np.abs(y).max(initial=0.0), 1.0)) * 1.04
    images = [
        density_image(x[chosen], y[chosen], half=half, colour=colour)
        for chosen, colour in ((rest[~ring[rest]], REAL), (rest[ring[rest]], RING))
        if chosen.size
    ]
    child = kept[parent[kept] >= 0]
    lines = go.Scatter(
        x=[v for i in child for v in (x[parent[i]], x[i], None)],
        y=[v for i in child for v in (y[parent[i]], y[i], None)],
        mode="lines",
        line={"color": "rgba(128,136,150,0.45)", "width": 0.8},
        hoverinfo="skip",
        showlegend=False,
    )
    traces = [lines]
    for key, colour, mine in (
        ("tree.real", REAL, kept[~ring[kept]]),
        ("tree.ring", RING, kept[ring[kept]]),
    ):
        hover = [
            f"<b>{label(n.name, 40)}</b><br>{text['tree.caused']}: {number(n.subtree - 1, lang)}<br>"
            f"{text['tree.step']}: {n.depth}<br>{text['tree.after']}: {duration(n.delay_s, lang)}"
            for n in nodes.iloc[mine].astype({"delay_s": float}).itertuples(index=False)
        ]
        marker = {"size": 4 + 16 * np.sqrt(subtree[mine] / max(subtree.max(initial=1), 1)), "color": colour}
        marker |= {"opacity": 0.9, "line": {"width": 0.5, "color": "#ffffff"}}
        traces.append(
            go.Scatter(
                x=x[mine],
                y=y[mine],
                mode="markers",
                marker=marker,
                hovertext=hover,
                hoverinfo="text",
                name=text[key],
            )
        )
    named = [i for i in rank[:14] if i in set(kept.tolist()) and (subtree[i] > 1 or nodes["depth"].iloc[i] == 0)]
    names = [(x[i], y[i], label(nodes["name"].iloc[i], 14)) for i in named]
    traces.append(words(names, half, "top center", 11))
    axes = {"xaxis": hidden_axis(range=[-half, half]), "yaxis": hidden_axis(range=[-half, half], scaleanchor="x")}
    steps = [
        {"type": "circle", "layer": "below", "xref": "x", "yref": "y", "x0": -r, "x1": r, "y0": -r, "y1": r}
        | {"line": {"color": faded(PALE, 0.33), "width": 1, "dash": "dot"}}
        for r in rings[1:]
        if r < half
    ]
    return figure(traces, height=560, images=images, shapes=steps, showlegend=True, **axes)


def tree_positions(
    nodes: pd.DataFrame,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], list[float]]:
    """Row of every post's parent (-1 for the root), its place, and the radius at which each step begins.

    Parameters
    ----------
    nodes : DataFrame
        See `cascade_tree`; rows in order of depth, the root first. A post whose parent is not there hangs on the root.

    Notes
    -----
    Within a step the order of time decides, not the time itself, because most reposts come in the first minutes. A step
    with many posts gets a wide ring and a thin one a narrow ring, or a single long chain would squeeze all else.
    """
    import pandas as pd

    depth = nodes["depth"].to_numpy(np.int64)
    parent = pd.Index(nodes["post_id"]).get_indexer(nodes["parent_id"]).astype(np.int64)
    parent[(parent < 0) | (depth[parent] >= depth)] = 0
    if parent.size:
        parent[0] = -1
    width = nodes["subtree"].to_numpy(np.float64)
    before = nodes.assign(parent_row=parent).groupby("parent_row")["subtree"].cumsum().to_numpy(np.float64) - width
    start = np.zeros(parent.size)
    for step in range(1, int(depth.max(initial=0)) + 1):
        rows = np.flatnonzero((depth == step) & (parent >= 0))
        start[rows] = start[parent[rows]] + before[rows]
    whole = max(float((start + width)[1:].max(initial=1.0)), 1.0)
    angle = 2 * np.pi * (start + width / 2) / whole
    steps = nodes.groupby("depth")["delay_s"]
    late = ((steps.rank(method="min") - 1) / steps.transform("size")).fillna(0.0).to_numpy(np.float64)
    crowd = np.sqrt(np.bincount(depth)[1:]) if depth.size else np.zeros(0)
    band = 0.25 + crowd / max(float(crowd.max(initial=0.0)), 1.0)
    begins = np.concatenate([[0.0], 0.35 + np.cumsum(np.concatenate([[0.0], band]))])
    radius = begins[depth] + 0.8 * late * np.diff(begins, append=begins[-1])[depth]
    radius[parent < 0] = 0.0
    return parent, radius * np.sin(angle), radius * np.cos(angle), begins.tolist()
