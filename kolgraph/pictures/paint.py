"""What all pictures share: safe labels, colours, axes, and the image that stands for points too many to draw."""

from __future__ import annotations

import base64
import html
import struct
import unicodedata
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import HIDDEN
from kolgraph.locale import number

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Most interactive marks in one picture: beyond it, drawing without a graphics card takes seconds.
MARKS = 2000
# Okabe & Ito (2008), told apart with any kind of colour blindness; ring = what is not real stays vermillion everywhere.
REAL, RING, PALE = "#0072B2", "#D55E00", "#8a94a3"
NICHES = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A6FBE", "#A89A1B", "#5D7A8C")
GRID = "rgba(128,136,150,0.22)"
FONT = 'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


def visible(name: object) -> str:
    """The text with every hidden or direction-changing character shown as ``[U+202E]``; a missing name is a dash.

    Examples
    --------
    >>> visible("abc\u202edef")
    'abc[U+202E]def'
    """
    if name is None or name != name:  # NaN is the only value that differs from itself
        return "–"
    return HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", str(name))


def clip(name: object, width: int = 20) -> str:
    """`visible`, cut to a display width in Latin letters; a Chinese character counts two."""
    text = visible(name)
    used = 0
    for at, char in enumerate(text):
        used += 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used > width:
            return text[:at].rstrip() + "…"
    return text


def label(name: object, width: int = 20) -> str:
    """A name for a figure: hidden characters visible, cut, and escaped against Plotly's own HTML."""
    return html.escape(clip(name, width), quote=False)


def faded(colour: str, share: float) -> str:
    """A ``#rrggbb`` colour with an opacity of 0..1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def figure(traces: Sequence[Any], *, height: int, **layout: Any) -> go.Figure:
    """A figure in the house look: transparent, no title (the page has one), nothing draggable, so that pages scroll."""
    import plotly.graph_objects as go

    base = {
        "template": {},
        "height": height,
        "autosize": True,
        "margin": {"l": 8, "r": 16, "t": 28, "b": 8},
        "font": {"family": FONT, "size": 12, "color": "#59616d"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "#1f2733", "bordercolor": "#1f2733", "font": {"color": "#ffffff"}, "align": "left"},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "xanchor": "left",
            "itemsizing": "constant",
        },
        "showlegend": False,
    }
    return go.Figure(data=list(traces), layout=base | layout)


def hidden_axis(**more: Any) -> dict[str, Any]:
    """An axis without a line, grid or numbers: positions mean nothing by themselves."""
    return {"visible": False, "showgrid": False, "zeroline": False, "fixedrange": False} | more


def count_axis(top: float, lang: str, *, title: str, **more: Any) -> dict[str, Any]:
    """A linear axis from 0 whose numbers are written in the language."""
    step = _nice(top / 5)
    ticks = [i * step for i in range(int(top / step) + 1)] if top > 0 else [0.0]
    texts = [number(t, lang) for t in ticks]
    axis = {"title": {"text": title}, "tickvals": ticks, "ticktext": texts, "range": [0, top * 1.08 or 1]}
    return _axis() | axis | more


def log_axis(low: float, high: float, lang: str, *, title: str, **more: Any) -> dict[str, Any]:
    """A logarithmic axis in whole decades whose numbers are written in the language."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    ticks = [10.0**e for e in range(first, last + 1)]
    texts = [number(t, lang) for t in ticks]
    span = [np.log10(low) - 0.12, np.log10(high) + 0.12]
    axis = {"type": "log", "title": {"text": title}, "tickvals": ticks, "ticktext": texts, "range": span}
    return _axis() | axis | more


def name_axis(names: Sequence[str], **more: Any) -> dict[str, Any]:
    """A vertical axis with one row per name, the first on top."""
    rows = {"tickvals": list(range(len(names))), "ticktext": list(names), "range": [len(names) - 0.4, -0.6]}
    return _axis() | {"showgrid": False} | rows | more


def _axis() -> dict[str, Any]:
    return {"gridcolor": GRID, "zeroline": False, "automargin": True, "ticks": ""}


def _nice(step: float) -> float:
    """The next larger of 1, 2, 5 times a power of ten; never below 1, because people are whole."""
    if step <= 1:
        return 1.0
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(power * m for m in (1, 2, 5, 10) if power * m >= step))


def words(spots: Sequence[tuple[float, float, str]], half: float, position: str, size: int) -> go.Scatter:
    """Labels in a picture of half side `half`; one that would lie on an earlier, more important one is left out."""
    import plotly.graph_objects as go

    kept: list[tuple[float, float, str]] = []
    for x, y, word in spots:
        if all(abs(x - a) > 0.42 * half or abs(y - b) > 0.075 * half for a, b, _ in kept):
            kept.append((x, y, word))
    halo = ", ".join(
        ["0 0 3px var(--card, #ffffff)"] * 3
    )  # the page's background, so that labels stay readable on dots
    return go.Scatter(
        x=[spot[0] for spot in kept],
        y=[spot[1] for spot in kept],
        text=[spot[2] for spot in kept],
        mode="text",
        textposition=position,
        textfont={"size": size, "shadow": halo},
        hoverinfo="skip",
        cliponaxis=False,
        showlegend=False,
    )


def density_image(x: NDArray[np.float64], y: NDArray[np.float64], *, half: float, colour: str) -> dict[str, Any]:
    """Points painted once into a square image around the origin, to lie behind the marks.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Positions in axis units.
    half : float
        Half the side of the square.
    colour : str
        ``#rrggbb``; the number of points in a pixel is its opacity, on a logarithmic scale.

    Returns
    -------
    dict
        An entry of Plotly's ``layout.images``: a PNG as a data address.
    """
    pixels = 560
    counts, _, _ = np.histogram2d(-y, x, bins=pixels, range=[[-half, half], [-half, half]])
    strength = np.log1p(counts) / np.log1p(max(counts.max(), 1.0))
    image = np.zeros((pixels, pixels, 4), np.uint8)
    image[..., :3] = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    image[..., 3] = np.where(counts > 0, 70 + 150 * strength, 0)
    source = "data:image/png;base64," + base64.b64encode(_png(image)).decode()
    place = {"xref": "x", "yref": "y", "x": -half, "y": half, "sizex": 2 * half, "sizey": 2 * half}
    return {"source": source, "layer": "below", "sizing": "stretch"} | place


def _png(image: NDArray[np.uint8]) -> bytes:
    """An RGBA array as a PNG file (W3C PNG 2003): every row unfiltered, then deflated."""
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
