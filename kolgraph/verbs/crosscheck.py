"""A second opinion: our measures of the follow graph beside those of Neo4j's Graph Data Science library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.centrality import MEASURES
from kolgraph.errors import InputError, shown
from kolgraph.graph import Graph

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.settings import Neo4jLogin
    from kolgraph.workspace import Workspace

#: Relative to the largest value: a difference below is one of summing in another order.
TOLERANCE = 1e-6


def cross_check(workspace: Workspace, url: str, *, login: Neo4jLogin | None = None) -> pd.DataFrame:
    """Compute measures of the follow graph here and, with its own library, on a Neo4j server, and compare them.

    Parameters
    ----------
    workspace : Workspace
        What it holds must have been published to the server.
    url : str
        ``bolt://host:7687``; the login comes from the environment, unless `login` is given.

    Returns
    -------
    pandas.DataFrame
        One row per measure: accounts compared, how many differ, the largest difference as a share of the largest
        value, the share of equal accounts among the top 100, and the version of the library.

    Raises
    ------
    EnvironmentProblem
        The server has no Graph Data Science library.
    InputError
        It holds something else than the workspace.

    Notes
    -----
    PageRank is compared as shares of its sum: the library does not give back what accounts that follow nobody receive.
    """
    import pandas as pd

    from kolgraph.store import open_store
    from kolgraph.store.engines import gds
    from kolgraph.store.engines.neo4j import Neo4jStore

    with open_store(url, login=login) as store:
        if not isinstance(store, Neo4jStore):
            raise InputError(f"{shown(url)}: is no server; name one, for example bolt://127.0.0.1:7687")
        version = gds.version(store)
        if not store.is_published() or store.info().workspace != workspace.version:
            raise InputError(f"{url}: holds something else than the workspace; publish first")
        graph, rows = Graph.from_workspace(workspace, relations="follow"), []
        for measure in gds.CALLS:
            found = gds.scores(store, measure)
            ours = MEASURES[measure].compute(graph)
            there = [i for i, account in enumerate(ours.ids) if account in found]  # not the forgotten
            a, b = ours.values[there], np.array([found[ours.ids[i]] for i in there])
            if measure == "pagerank":
                a, b = a / a.sum(), b / b.sum()
            gap = np.abs(a - b) / max(float(b.max()), 1e-300)
            k = min(100, len(there))
            same = len(set(np.argsort(-a, kind="stable")[:k]) & set(np.argsort(-b, kind="stable")[:k])) / k
            rows.append((measure, len(there), int((gap > TOLERANCE).sum()), float(gap.max()), same, f"GDS {version}"))
    names = ["measure", "accounts", "differing", "largest_difference", "same_top_100", "compared_with"]
    return pd.DataFrame(rows, columns=names).set_index("measure")
