"""Spreaders chosen together: each where the ones before do not already reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kolgraph.errors import InputError
from kolgraph.results import Scores

if TYPE_CHECKING:
    from kolgraph.graph import Graph


def vote_rank(graph: Graph, *, most: int = 1000) -> Scores:
    """Elect spreaders one by one, by votes of the accounts that act on them; whoever has voted is worth less next time.

    Parameters
    ----------
    graph : Graph
        Loops and weights do not count; an edge of weight 0 is a vote.
    most : int
        Elect at most so many, at least 1.

    Returns
    -------
    Scores
        Measure ``vote_rank``: votes at the moment of election, which never rise from one to the next; 0 for all who
        were not elected.

    Raises
    ------
    InputError
        `most` out of range.

    Notes
    -----
    About O(m log n). A voter loses the mean degree's inverse of its vote with each of its candidates that is elected.
    Zhang, Chen, Dong & Zhao (2016).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["x", "y", "x", "y", "z"], ["ann", "ann", "bob", "bob", "cai"])
    >>> vote_rank(g).frame()["vote_rank"].to_dict()
    {'ann': 2.0, 'cai': 1.0, 'bob': 0.0, 'x': 0.0, 'y': 0.0, 'z': 0.0}
    """
    if most < 1:
        raise InputError(f"most must be at least 1, not {most}")
    from kolgraph.kernels.votes import vote_rank as kernel

    src, dst, _ = graph.edges()
    edges = int((src != dst).sum())
    values = np.zeros(graph.n)
    if edges:
        elected, votes = kernel(graph.incoming.ptr, graph.incoming.idx, min(most, graph.n), graph.n / edges)
        values[elected] = votes
    return Scores(measure="vote_rank", ids=graph.ids, values=values, parameters={"most": most}, graph=graph.fingerprint)


def collective_influence(graph: Graph, *, radius: int = 2, most: int = 1000) -> Scores:
    """Find the accounts without which a graph falls apart: few may be followed by many, but join those who are.

    Parameters
    ----------
    graph : Graph
        Two accounts are tied if either acts on the other. Loops and weights do not count; an edge of weight 0 is a tie.
    radius : int
        Look at accounts exactly so many ties away: 1 or 2.
    most : int
        Remove at most so many, at least 1.

    Returns
    -------
    Scores
        Measure ``collective_influence``: (ties - 1) times the sum of (ties - 1) over the accounts `radius` away, at the
        moment of removal; it never rises from one to the next. 0 for all who were not removed.

    Raises
    ------
    InputError
        An option out of range.

    Notes
    -----
    Only accounts that may be next are looked at: O(m) at first, then some ten times the ties within radius - 1 for each
    that is removed; hubs make radius 2 slow. Values of larger radius could rise again, and where there are hubs, two
    steps reach most accounts anyway. Morone & Makse (2015); Morone, Min, Bo, Mari & Makse (2016).

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> g = Graph.from_edges(["u", "v", "ann", "ann", "x", "y"], ["bob", "bob", "bob", "cai", "cai", "cai"])
    >>> collective_influence(g, radius=1).top(2)["collective_influence"].to_dict()
    {'ann': 4.0, 'bob': 0.0}
    """
    if radius not in (1, 2):
        raise InputError(f"radius must be 1 or 2, not {radius}")
    if most < 1:
        raise InputError(f"most must be at least 1, not {most}")
    from kolgraph.kernels.collective import collective_influence as kernel

    ptr, idx, _ = graph.undirected()
    values = np.zeros(graph.n)
    removed, influence = kernel(ptr, idx, radius, min(most, graph.n))
    values[removed] = influence
    options = {"radius": radius, "most": most}
    return Scores(
        measure="collective_influence", ids=graph.ids, values=values, parameters=options, graph=graph.fingerprint
    )
