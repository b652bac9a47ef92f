"""Every plot, once: pure functions from tables to Plotly figures, used by notebooks, report and app.

Only SVG scatter traces are used, because WebGL ones stay blank under a strict content security policy. Whatever exceeds
about 2,000 marks is summed up or painted once as an image behind them. Names are escaped before they enter a figure,
because Plotly reads a part of HTML in labels; texts come from a catalogue (`kolgraph.locale.catalogue`).
"""

from kolgraph.pictures.cases import case_lags, case_timeline, lag_names
from kolgraph.pictures.charts import influence_bars, plan_curve, repost_curve, ring_matrix
from kolgraph.pictures.maps import TREE_MARKS, cascade_tree, niche_map
from kolgraph.pictures.paint import MARKS, clip, visible

__all__ = [
    "MARKS",
    "TREE_MARKS",
    "cascade_tree",
    "case_lags",
    "case_timeline",
    "clip",
    "influence_bars",
    "lag_names",
    "niche_map",
    "plan_curve",
    "repost_curve",
    "ring_matrix",
    "visible",
]
