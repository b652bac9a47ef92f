"""Charts with axes: influence against followers, who pushes what, reposts over time, the plan step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from kolgraph.locale import money, number, percent, time_unit
from kolgraph.pictures.paint import (
    GRID,
    MARKS,
    PALE,
    REAL,
    RING,
    count_axis,
    faded,
    figure,
    label,
    log_axis,
    name_axis,
)

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

#: Named rows in one chart: more cannot be read.
ROWS = 15


def influence_bars(accounts: pd.DataFrame, *, text: Mapping[str, str]) -> go.Figure:
    """Real influence with its interval beside the followers a platform shows, on one logarithmic axis.

    Parameters
    ----------
    accounts : DataFrame
        Best first: ``name``, ``value``, ``low``, ``high``, ``followers``, ``ring_share`` (of followers, 0..1). The
        first 15 are drawn.
    text : mapping
        A catalogue.
    """
    import plotly.graph_objects as go

    top, lang = accounts.head(ROWS), text["lang"]
    rows = list(range(len(top)))
    # A logarithmic axis has no zero: what reaches nobody is drawn at one person; the hover text says the number.
    value, low, high = (top[c].astype(float).clip(lower=1).to_numpy() for c in ("value", "low", "high"))
    followers = top["followers"].astype(float).clip(lower=1).to_numpy()
    hover = [
        f"<b>{label(a.name, 40)}</b><br>{text['influence.real']}: {number(a.value, lang)}"
        f" ({number(a.low, lang)}–{number(a.high, lang)})<br>{text['influence.followers']}: {number(a.followers, lang)}"
        f"<br>{text['influence.ring_share']}: {percent(a.ring_share, lang)}"
        for a in top.astype({"value": float, "followers": float}).itertuples(index=False)
    ]
    shared = {"y": rows, "hovertext": hover, "hoverinfo": "text"}
    gap_x = [x for a, b in zip(value, followers, strict=True) for x in (a, b, None)]
    gap_y = [y for row in rows for y in (row, row, None)]
    line = {"color": GRID, "width": 6}
    error = {"type": "data", "symmetric": False, "thickness": 2, "width": 4, "color": REAL}
    error |= {"array": np.nan_to_num(high - value), "arrayminus": np.nan_to_num(value - low)}
    traces = [
        go.Scatter(x=gap_x, y=gap_y, mode="lines", line=line, hoverinfo="skip", showlegend=False),
        go.Scatter(
            x=followers,
            mode="markers",
            name=text["influence.followers"],
            marker={"symbol": "circle-open", "size": 10, "color": PALE, "line": {"width": 2, "color": PALE}},
            **shared,
        ),
        go.Scatter(
            x=value,
            mode="markers",
            name=text["influence.real"],
            error_x=error,
            marker={"size": 11, "color": REAL},
            **shared,
        ),
    ]
    seen = np.concatenate([low, high, value, followers])
    seen = seen[np.isfinite(seen)] if np.isfinite(seen).any() else np.ones(1)
    axis = log_axis(float(seen.min()), float(max(seen.max(), seen.min() * 10)), lang, title=text["influence.axis"])
    names = [label(name, 18) for name in top["name"]]
    return figure(traces, height=110 + 27 * len(top), xaxis=axis, yaxis=name_axis(names), showlegend=True)


def ring_matrix(incidence: pd.DataFrame, *, text: Mapping[str, str], limit: int = MARKS) -> go.Figure:
    """Who in a ring pushes which target: one block per pair, the busiest on the top left.

    Parameters
    ----------
    incidence : DataFrame
        One row per pair: ``member``, ``target`` (keys), ``member_name``, ``target_name``.
    text : mapping
        A catalogue.
    limit : int
        Most pairs. Beyond it the busiest members are kept, each with all its targets.

    Notes
    -----
    A dense block shows as a filled carpet; unconnected accounts would show as a few scattered dots.
    """
    import plotly.graph_objects as go

    pairs = incidence.drop_duplicates(["member", "target"])
    busy = pairs.groupby("member").size().sort_values(ascending=False, kind="stable")
    kept = busy.index[: max(1, int((busy.cumsum() <= limit).sum()))]
    pairs = pairs[pairs["member"].isin(kept)].head(limit)
    pushed = pairs.groupby("target").size().sort_values(ascending=False, kind="stable")
    column = {target: i + 1 for i, target in enumerate(pushed.index)}
    row = {member: i + 1 for i, member in enumerate(kept)}
    hover = [
        f"{label(p.member_name, 32)} → {label(p.target_name, 32)}"
        for p in pairs[["member_name", "target_name"]].itertuples(index=False)
    ]
    x, y = [column[t] for t in pairs["target"]], [row[m] for m in pairs["member"]]
    height = int(np.clip(140 + 10 * len(row), 260, 560))
    thick = max(1.5, 0.7 * (height - 90) / max(len(row), 1))
    blocks = go.Scatter(
        x=[v for i in x for v in (i - 0.44, i + 0.44, None)],
        y=[v for i in y for v in (i, i, None)],
        mode="lines",
        line={"color": RING, "width": thick},
        hoverinfo="skip",
    )
    marker = {"size": min(thick, 8), "color": RING, "opacity": 0}  # the middle of a block: what the pointer finds
    dots = go.Scatter(x=x, y=y, mode="markers", hovertext=hover, hoverinfo="text", marker=marker)
    lang, pad = text["lang"], 0.8
    across = count_axis(max(column.values(), default=1), lang, title=text["rings.axis_targets"], side="top")
    down = count_axis(max(row.values(), default=1), lang, title=text["rings.axis_members"])
    across |= {"range": [0, len(column) + pad], "tickvals": across["tickvals"][1:], "ticktext": across["ticktext"][1:]}
    down |= {"range": [len(row) + pad, 0], "tickvals": down["tickvals"][1:], "ticktext": down["ticktext"][1:]}
    return figure([blocks, dots], height=height, xaxis=across, yaxis=down)


def repost_curve(nodes: pd.DataFrame, *, text: Mapping[str, str]) -> go.Figure:
    """Reposts per slice of time since the post, real ones below and those of coordinated accounts on top.

    Parameters
    ----------
    nodes : DataFrame
        ``depth``, ``delay_s`` (seconds since the root post; missing ones are left out), ``ring`` (bool).
    text : mapping
        A catalogue.

    Notes
    -----
    The axis ends where 98 % of the reposts have come: a few late ones would squeeze everything else into one line.
    """
    import plotly.graph_objects as go

    reposts = nodes[(nodes["depth"] > 0) & nodes["delay_s"].notna()]
    delay = reposts["delay_s"].to_numpy(np.float64)
    end = max(float(np.quantile(delay, 0.98)), 60.0) if delay.size else 60.0
    unit, length = time_unit(end)
    edges = np.linspace(0, end, 49)
    ring = reposts["ring"].to_numpy(bool)
    traces, total = [], np.zeros(48)
    for key, colour, chosen in (("curve.real", REAL, ~ring), ("curve.ring", RING, ring)):
        count, _ = np.histogram(delay[chosen], edges)
        total += count
        line = {"color": colour, "width": 0, "shape": "hv"}
        traces.append(
            go.Scatter(
                x=edges / length,
                y=[*count.tolist(), int(count[-1])],  # a step ends where the next begins: the last one needs an end
                mode="lines",
                stackgroup="one",
                name=text[key],
                line=line,
                fillcolor=faded(colour, 0.75),
                hovertext=[f"{text[key]}: {number(c, text['lang'])}" for c in count.tolist()],
                hoverinfo="text",
            )
        )
    across = count_axis(end / length, text["lang"], title=text[f"curve.axis_{unit}"], range=[0, end / length])
    up = count_axis(float(total.max()), text["lang"], title=text["curve.axis_reposts"])
    return figure(traces, height=280, xaxis=across, yaxis=up, showlegend=True)


def plan_curve(picks: pd.DataFrame, *, text: Mapping[str, str]) -> go.Figure:
    """How reach grows with every pick: solid = people nobody before reached, pale = people reached already.

    Parameters
    ----------
    picks : DataFrame
        In order of choice: ``name``, ``price_cny``, ``own_reach``, ``marginal_reach``, ``reach`` (cumulative).
    text : mapping
        A catalogue.
    """
    import plotly.graph_objects as go

    top, lang = picks.head(2 * ROWS).astype({"price_cny": float}), text["lang"]
    gain, own, end = (top[c].to_numpy(np.float64) for c in ("marginal_reach", "own_reach", "reach"))
    overlap = np.clip(own - gain, 0, None)
    begin = end - gain
    rows = range(len(top))

    def strokes(left: np.ndarray, right: np.ndarray) -> dict[str, list[float | None]]:
        x = [v for a, b in zip(left.tolist(), right.tolist(), strict=True) for v in (a, b, None)]
        return {"x": x, "y": [v for row in rows for v in (row, row, None)]}

    hover = [
        f"<b>{label(p.name, 40)}</b><br>{text['plan.marginal']}: {number(p.marginal_reach, lang)}<br>"
        f"{text['plan.own']}: {number(p.own_reach, lang)}<br>{text['plan.price']}: {money(p.price_cny, lang)}"
        for p in top.itertuples(index=False)
    ]
    thick = {"mode": "lines", "hoverinfo": "skip"}
    traces = [
        go.Scatter(
            **strokes(np.maximum(begin - overlap, 0), begin),
            name=text["plan.overlap"],
            line={"color": faded(PALE, 0.4), "width": 12},
            **thick,
        ),
        go.Scatter(**strokes(begin, end), name=text["plan.marginal"], line={"color": REAL, "width": 12}, **thick),
        go.Scatter(
            x=end,
            y=list(rows),
            mode="markers+text",
            text=[number(v, lang) for v in end.tolist()],
            textposition="middle right",
            hovertext=hover,
            hoverinfo="text",
            showlegend=False,
            cliponaxis=False,
            marker={"size": 12, "color": REAL, "opacity": 0},  # only what the pointer finds
        ),
    ]
    reached = float(end.max()) if end.size else 1.0
    across = count_axis(reached, lang, title=text["plan.axis"], range=[0, reached * 1.18 or 1])
    names = [label(name, 18) for name in top["name"]]
    return figure(traces, height=110 + 27 * len(top), xaxis=across, yaxis=name_axis(names), showlegend=True)
