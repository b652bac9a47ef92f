"""Pictures of a case: when a group acted, and how soon after one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.locale import duration, moment, number, percent
from kolgraph.pictures.paint import PALE, REAL, RING, count_axis, faded, figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

#: Dates along a time axis: more overlap on a phone.
_DATES = 5


def case_timeline(slices: pd.DataFrame, unit_s: float, *, text: Mapping[str, str]) -> go.Figure:
    """Share of their dated actions per slice of time, of members and of others on the same targets.

    Parameters
    ----------
    slices : DataFrame
        ``begin_ts``, ``members``, ``others``: counts; at most a few dozen rows.
    unit_s : float
        Length of a slice in seconds.
    text : mapping
        A catalogue.
    """
    import plotly.graph_objects as go

    lang, begin = text["lang"], slices["begin_ts"].to_numpy(np.float64)
    ends = np.append(begin, begin[-1] + 1000.0 * unit_s) if begin.size else begin
    traces, top = [], 0.0
    for name, colour, how in (
        ("members", RING, {"fill": "tozeroy", "fillcolor": faded(RING, 0.35)}),
        ("others", PALE, {}),
    ):
        counts = slices[name].to_numpy(np.float64)
        share = counts / max(counts.sum(), 1.0)
        top = max(top, float(share.max(initial=0.0)))
        hover = [
            f"{moment(at, lang)}<br>{text[f'case.line.{name}']}: {number(n, lang)} ({percent(part, lang)})"
            for at, n, part in zip(begin.tolist(), counts.tolist(), share.tolist(), strict=True)
        ]
        traces.append(
            go.Scatter(
                x=ends,
                y=[*share.tolist(), *share[-1:].tolist()],  # a step ends where the next begins: the last needs an end
                mode="lines",
                name=text[f"case.line.{name}"],
                line={"color": colour, "width": 2, "shape": "hv"},
                hovertext=[*hover, *hover[-1:]],
                hoverinfo="text",
                **how,
            )
        )
    at = np.linspace(0, max(begin.size - 1, 0), min(_DATES, begin.size)).round().astype(int)
    dates = [moment(begin[i], lang)[: 10 if unit_s >= 86_400 else 16] for i in at]
    across = count_axis(1, lang, title="") | {"tickvals": begin[at].tolist(), "ticktext": dates}
    across |= {"range": [begin[0], ends[-1]] if begin.size else [0, 1]}
    return figure(traces, height=280, xaxis=across, yaxis=_shares(top, text, "case.timeline.axis"), showlegend=True)


def case_lags(lags: pd.DataFrame, *, text: Mapping[str, str]) -> go.Figure:
    """Which part of the pairs of consecutive accounts on one target are at most so far apart.

    Parameters
    ----------
    lags : DataFrame
        ``upto_s`` (infinite in the last row), ``members``, ``chance``, ``others``: pairs by length, NaN where unknown.
    text : mapping
        A catalogue.
    """
    import plotly.graph_objects as go

    lang = text["lang"]
    names = lag_names(lags, text)
    rows = list(range(len(lags)))
    traces = []
    for name, colour, dash in (("others", PALE, "dot"), ("chance", REAL, "dash"), ("members", RING, "solid")):
        counts = lags[name].to_numpy(np.float64)
        total = counts.sum()
        if not total > 0:
            continue
        share = np.cumsum(counts) / total
        hover = [
            f"{label}<br>{text[f'case.line.{name}']}: {percent(part, lang)}"
            for label, part in zip(names, share.tolist(), strict=True)
        ]
        traces.append(
            go.Scatter(
                x=rows,
                y=share.tolist(),
                mode="lines+markers",
                name=text[f"case.line.{name}"],
                line={"color": colour, "width": 2, "dash": dash},
                marker={"size": 7, "color": colour},
                hovertext=hover,
                hoverinfo="text",
            )
        )
    across = count_axis(len(lags), lang, title="") | {"tickvals": rows, "ticktext": names}
    across |= {"range": [-0.3, len(lags) - 0.7]}
    return figure(traces, height=300, xaxis=across, yaxis=_shares(1.0, text, "case.lagged.axis"), showlegend=True)


def lag_names(lags: pd.DataFrame, text: Mapping[str, str]) -> list[str]:
    """Upper ends of the classes of lags as people read them."""
    ends = lags["upto_s"].to_numpy(np.float64)
    return [duration(end, text["lang"]) if np.isfinite(end) else text["case.longer"] for end in ends]


def _shares(top: float, text: Mapping[str, str], title: str) -> dict[str, Any]:
    """A vertical axis of shares from 0."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if top / s <= 5 or s == 0.25)
    ticks = [i * step for i in range(int(top / step + 1e-9) + 1)]
    axis = count_axis(1, text["lang"], title=text[title])
    return axis | {
        "tickvals": ticks,
        "ticktext": [percent(t, text["lang"]) for t in ticks],
        "range": [0, top * 1.05 or 1],
    }
