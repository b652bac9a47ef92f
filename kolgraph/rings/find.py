"""Find rings: groups of accounts that act on the same targets far more often, and far more evenly, than chance."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.rings.bipartite import Bipartite
from kolgraph.rings.judging import chance, judged, weighed
from kolgraph.rings.nature import MARKS
from kolgraph.rings.result import SHOWN, Ring, Rings
from kolgraph.rings.rule import Rule

if TYPE_CHECKING:
    from kolgraph.graph import Graph

#: What a search looks for unless it is told otherwise.
DEFAULT = Rule()


def find_rings(
    graph: Graph,
    *,
    seed: int,
    relation: str = "follow",
    rule: Rule = DEFAULT,
) -> Rings:
    """Groups of accounts that act on the same accounts as if by order.

    Parameters
    ----------
    graph : Graph
        Edges from the account that acts to the account acted on. Loops and weights do not count.
    seed : int
        Of the communities and the random graphs.
    relation : str
        What an edge means, for the tables: ``follow``, ``repost``, ``mention``.
    rule : Rule
        What to look for, and from when on to accuse.

    Returns
    -------
    Rings

    Notes
    -----
    Time: three Leiden runs (Traag et al. 2019), five peels (Hooi et al., FRAUDAR, KDD 2016), pairs that share
    little-known accounts (at most 25 per edge), and the edges that candidates touch; as much again per null draw. Every
    candidate is refined on the whole graph (`kolgraph.rings.refine`), weighed without its own edges
    (`kolgraph.rings.evidence`), and judged beside natural groups (`kolgraph.rings.nature`). Followers sold only to
    accounts so famous that the ring is a small part of their audience leave no trace here.

    Examples
    --------
    >>> from kolgraph.graph import Graph
    >>> rng = np.random.default_rng(1)
    >>> crowd = rng.integers(0, 900, (2, 4000))
    >>> bots, customers = np.nonzero(rng.random((40, 15)) < 0.6)
    >>> g = Graph.from_edges([*crowd[0], *(bots + 1000)], [*crowd[1], *customers])
    >>> rings = find_rings(g, seed=1)
    >>> rings.frame()[["n_members", "n_targets", "verdict"]].values.tolist()
    [[40, 15, 'coordinated']]
    """
    src, dst, _ = graph.edges()
    keep = src != dst
    options = {"relation": relation, "items": "accounts"} | rule.plain()
    itself = np.arange(graph.n)
    found = _search(src[keep], dst[keep], itself, graph.ids, graph.ids, rule, seed, relation)
    return Rings(relation=relation, **found, parameters=options, seed=seed, graph=graph.fingerprint)


def find_repost_rings(
    users: ArrayLike,
    posts: ArrayLike,
    authors: ArrayLike | None = None,
    *,
    seed: int,
    rule: Rule = DEFAULT,
) -> Rings:
    """Groups of accounts that repost the same posts as if by order.

    Parameters
    ----------
    users, posts : array_like, shape (m,)
        Who reposted, and the root post: text or whole numbers, never floats. Repeats count once.
    authors : array_like, shape (m,), optional
        Who wrote the root post; None where that is not known. Without it no block can be told from the fans of one
        idol: nobody is accused.
    seed, rule
        As for `find_rings`.

    Returns
    -------
    Rings
        With relation ``repost``; targets are posts.

    Raises
    ------
    InputError
        Lists that differ in length, floats or missing ids.

    Notes
    -----
    Cost and method as for `find_rings`; times are not looked at.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> crowd = rng.integers(0, 900, (2, 4000))
    >>> bots, work = np.nonzero(rng.random((40, 15)) < 0.6)
    >>> posts = np.concatenate([crowd[1], work])
    >>> rings = find_repost_rings([*crowd[0], *(bots + 1000)], posts, posts + 5000, seed=1)
    >>> rings.accounts() == [str(i) for i in range(1000, 1040)]
    True
    """
    user, user_ids = _codes(users, "users")
    post, post_ids = _codes(posts, "posts")
    if user.size != post.size:
        raise InputError(f"users and posts must be two equally long lists, not {user.size} and {post.size}")
    author = _written_by(authors, user_ids, user.size)
    owner = np.full(post_ids.size, -1)
    owner[post[::-1]] = author[::-1]  # the first row of a post decides
    options = {"relation": "repost", "items": "posts"} | rule.plain()
    found = _search(user, post, owner, user_ids, post_ids, rule, seed, "repost")
    digest = hashlib.blake2b(digest_size=16)
    for part in (
        user.tobytes(),
        post.tobytes(),
        owner.tobytes(),
        "\n".join(user_ids).encode(),
        "\n".join(post_ids).encode(),
    ):
        digest.update(part)
    return Rings(relation="repost", **found, parameters=options, seed=seed, graph=digest.hexdigest())


def _search(
    user: NDArray[np.integer],
    item: NDArray[np.integer],
    owner: NDArray[np.int64],
    user_ids: NDArray[np.object_],
    item_ids: NDArray[np.object_],
    rule: Rule,
    seed: int,
    view: str,
) -> dict[str, Any]:
    """Rings of an edge list, and what the search says of itself; `owner`: whose every item is, -1 where unknown."""
    if user.size == 0:
        return {"rings": (), "habit": False, "null_bits": ()}
    graph, users, items = Bipartite.build(user, item)
    # In terms of the bipartite graph: user nodes first, accounts that never act behind them.
    node = np.arange(graph.m, graph.m + max(int(owner.max()) + 1, users[-1] + 1))
    node[users] = np.arange(graph.m)
    owner = np.where(owner[items] < 0, -1, node[owner[items]])
    blocks, habit = judged(graph, owner, rule, seed)
    null = tuple(
        max((evidence.bits for evidence in weighed(graph.swapped(seed + draw), owner, rule, seed)[0]), default=0.0)
        for draw in range(rule.null_draws if blocks else 0)
    )
    rings = []
    for number, block in enumerate(blocks[: rule.max_rings], start=1):
        shown = {f.name: getattr(block.evidence, f.name) for f in fields(block.evidence) if f.name in SHOWN}
        members = user_ids[users[block.evidence.block.users]]
        targets = item_ids[items[block.evidence.block.items - graph.m]]
        rings.append(
            Ring(
                number=number, relation=view, members=members, targets=targets, verdict=block.verdict,
                score=block.judgement.score,
                p=chance(graph, block.evidence),
                points=dict(zip(MARKS, block.judgement.points.round(3).tolist(), strict=True)),
                views={view: block.evidence.bits}, **shown,
            )
        )  # fmt: skip
    return {"rings": tuple(rings), "habit": habit, "null_bits": null}


def _codes(ids: ArrayLike, what: str) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Whole numbers for ids, and the ids as text."""
    import pandas as pd

    raw = np.asarray(ids)
    if raw.dtype.kind not in "iuOUST" and raw.size:
        raise InputError(f"{what} must be integers or text, not {raw.dtype}: a float cannot hold a 19-digit id exactly")
    codes, names = pd.factorize(raw.astype(object), use_na_sentinel=True)
    if (codes < 0).any():
        raise InputError(f"{what}: row {int(np.argmax(codes < 0))} has no id; every repost needs a user and a post")
    return codes.astype(np.int64), np.array([str(name) for name in names], dtype=object)


def _written_by(authors: ArrayLike | None, user_ids: NDArray[np.object_], rows: int) -> NDArray[np.int64]:
    """Row numbers of authors: those of `user_ids`, further ones behind them, -1 where unknown."""
    import pandas as pd

    if authors is None:
        return np.full(rows, -1)
    raw = np.asarray(authors)
    if raw.size != rows:
        raise InputError(f"{raw.size} authors for {rows} reposts")
    if raw.dtype.kind not in "iuOUST" and raw.size:
        raise InputError(
            f"authors must be integers or text, not {raw.dtype}: a float cannot hold a 19-digit id exactly"
        )
    known = ~pd.isna(raw)
    out = np.full(rows, -1)
    names = np.concatenate([user_ids, raw[known].astype(str).astype(object)])
    out[known] = pd.factorize(names)[0][user_ids.size :]
    return out
