"""Find rings: groups of accounts that act on the same targets far more often, and far more evenly, than chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError
from kolgraph.rings.bipartite import Bipartite
from kolgraph.rings.evidence import Evidence, weigh
from kolgraph.rings.peel import Block, candidates
from kolgraph.rings.result import Ring, Rings
from kolgraph.rings.rule import Rule

if TYPE_CHECKING:
    from kolgraph.graph import Graph

#: Coarse communities catch rings of hundreds, fine ones rings of tens.
_RESOLUTIONS = (2.0, 16.0)
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
        Of the communities and the shuffled graphs.
    relation : str
        What an edge means, for the tables: ``follow``, ``repost``, ``mention``.
    rule : Rule
        What to look for, and from when on to accuse.

    Returns
    -------
    Rings

    Notes
    -----
    Time: one Leiden run per resolution (2 and 16) and per draw, plus O(m) peels. Candidates come from Leiden (Traag et
    al. 2019) and from a FRAUDAR peel (Hooi et al., KDD 2016); inside each, the block with the most bits is refined on
    the whole graph and judged by the rule in `kolgraph.rings.evidence`. Followers sold only to accounts so famous that
    the ring is a small part of their audience leave no trace here.

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
    rings, null_key = _search(src[keep], dst[keep], itself, graph.ids, graph.ids, rule, seed)
    return Rings(
        relation=relation, rings=rings, null_key=null_key, parameters=options, seed=seed, graph=graph.fingerprint
    )


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
        idol, so all are called fan clubs and nobody is accused.
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
    rings, null_key = _search(user, post, owner, user_ids, post_ids, rule, seed)
    digest = hashlib.blake2b(digest_size=16)
    for part in (
        user.tobytes(),
        post.tobytes(),
        owner.tobytes(),
        "\n".join(user_ids).encode(),
        "\n".join(post_ids).encode(),
    ):
        digest.update(part)
    return Rings(
        relation="repost", rings=rings, null_key=null_key, parameters=options, seed=seed, graph=digest.hexdigest()
    )


def _search(
    user: NDArray[np.integer],
    item: NDArray[np.integer],
    owner: NDArray[np.int64],
    user_ids: NDArray[np.object_],
    item_ids: NDArray[np.object_],
    rule: Rule,
    seed: int,
) -> tuple[tuple[Ring, ...], float]:
    """Rings of an edge list, and the best rank among shuffled ones; `owner` names the user (row) behind every item."""
    if user.size == 0:
        return (), 0.0
    graph, users, items = Bipartite.build(user, item)
    # In terms of the bipartite graph: user nodes first, accounts that never act behind them.
    node = np.arange(graph.m, graph.m + max(int(owner.max()) + 1, users[-1] + 1))
    node[users] = np.arange(graph.m)
    owner = np.where(owner[items] < 0, -1, node[owner[items]])
    accuse = {"fan_club_dispersion": rule.fan_club_dispersion, "min_share": rule.min_share}
    # Work that was handed out comes first, so that a natural group around a ring does not swallow it.
    found = sorted(_weighed(graph, owner, rule, seed), key=lambda e: (e.verdict(**accuse) != "coordinated", -e.key))
    rng = np.random.default_rng(seed)
    null = [
        evidence.key
        for _ in range(rule.null_draws if found else 0)
        for evidence in _weighed(graph.rewired(rng), owner, rule, seed)
    ]
    null_key = max(null, default=0.0)
    kept: list[Evidence] = []
    taken = np.zeros(graph.m, bool)
    smallest = {"min_users": rule.min_members, "min_items": rule.min_targets}
    for candidate in found:
        # An account is judged once, in its strongest block. A later block stands on what it adds: else a known ring
        # that touches a fan club would make the fans look like its members.
        fresh = candidate.block.users[~taken[candidate.block.users]]
        if fresh.size == candidate.block.users.size:
            evidence: Evidence | None = candidate
        else:
            evidence = weigh(graph, Block(fresh, candidate.block.items), owner, **smallest)
        if evidence is not None and evidence.key > null_key:
            kept.append(evidence)
            taken[evidence.block.users] = True
    judged = [(evidence, evidence.verdict(**accuse)) for evidence in kept]
    accused = [evidence.block.users for evidence, verdict in judged if verdict == "coordinated"]
    if accused and np.unique(np.concatenate(accused)).size > rule.max_accused * graph.m:
        judged = [(evidence, verdict.replace("coordinated", "community")) for evidence, verdict in judged]
    judged.sort(key=lambda pair: pair[1] != "coordinated")  # stable: by rank within each
    rings = []
    for number, (evidence, verdict) in enumerate(judged[: rule.max_rings], start=1):
        shown = {k: v for k, v in asdict(evidence).items() if k != "block"}
        members = user_ids[users[evidence.block.users]]
        targets = item_ids[items[evidence.block.items - graph.m]]
        rings.append(Ring(number=number, members=members, targets=targets, verdict=verdict, **shown))
    return tuple(rings), null_key


def _weighed(graph: Bipartite, owner: NDArray[np.int64], rule: Rule, seed: int) -> Iterator[Evidence]:
    """Evidence of every candidate block that has any."""
    least = {"min_users": rule.min_members, "min_items": rule.min_targets}
    for block in candidates(graph, resolutions=_RESOLUTIONS, blocks=rule.dense_blocks, seed=seed):
        evidence = weigh(graph, block, owner, **least)
        if evidence is not None:
            yield evidence


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
