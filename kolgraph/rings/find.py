"""Find rings: groups of accounts that act on the same targets far more often, and far more evenly, than chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolgraph.errors import InputError, UnknownName
from kolgraph.results import Result
from kolgraph.rings.bipartite import Bipartite
from kolgraph.rings.evidence import Evidence, weigh
from kolgraph.rings.peel import Block, candidates

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.graph import Graph

#: Coarse communities catch rings of hundreds, fine ones rings of tens.
_RESOLUTIONS = (2.0, 16.0)
_CAUTION = "coordinated is not fake until account evidence agrees"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ring:
    """A block of accounts and what they push, with its evidence.

    Attributes
    ----------
    number : int
        From 1, coordinated rings first, then by evidence.
    members : ndarray of str, shape (s,)
        Account ids.
    targets : ndarray of str, shape (t,)
        Ids of the accounts or posts they push; members are never targets.
    member_edges, target_edges : ndarray of int32, shapes (s,) and (t,)
        Edges of each inside the block.
    edges, expected : int, float
        Edges from members to targets, and as many as their degrees alone would give.
    density : float
        edges / (s * t), at most 1.
    bits : float
        Surplus of edges in bits, less the price of naming the members and targets; positive.
    share_of_targets, share_of_members : float
        Part of all edges of the targets, and of the members, that lies in the block.
    dispersion : float
        Variance / mean of the members' edges: 1 - density for a flat workload, far above 1 for fans.
    target_dispersion : float
        Variance of the targets' edges over that of independent coin flips: 1 if every target is served alike.
    outward : float
        Part of the group's edges that leave the group.
    reliance : float
        A quarter of the targets owe at least this part of all their edges to the group.
    one_customer : float
        Largest part of the edges that reaches one account, or posts of one account: near 1 for fans of an idol.
    verdict : str
        ``coordinated``, ``fan club`` or ``community``; the rule is in `kolgraph.rings.evidence`.
    """

    number: int
    members: NDArray[np.object_]
    targets: NDArray[np.object_]
    member_edges: NDArray[np.int32]
    target_edges: NDArray[np.int32]
    edges: int
    expected: float
    density: float
    bits: float
    share_of_targets: float
    share_of_members: float
    dispersion: float
    target_dispersion: float
    outward: float
    reliance: float
    one_customer: float
    verdict: str


_EVIDENCE = ("edges", "expected", "density", "bits", "share_of_targets", "share_of_members", "dispersion")
_SHOWN = (*_EVIDENCE, "target_dispersion", "outward", "reliance", "one_customer", "verdict")


@dataclass(frozen=True, kw_only=True)
class Rings(Result):
    """The rings of a graph, with case files.

    Attributes
    ----------
    relation : str
        ``follow``, ``repost`` or ``mention``: what an edge means.
    rings : tuple of Ring
        Coordinated ones first; fan clubs and communities stay listed, as counter-evidence.
    null_key : float
        Best rank found in shuffled graphs with the same degrees: every ring here beats it. 0 if nothing was found.
    """

    analysis: ClassVar[str] = "rings"
    relation: str
    rings: tuple[Ring, ...]
    null_key: float = 0.0

    @property
    def variant(self) -> str:
        """The relation: each has its own answer in the workspace."""
        return self.relation

    def frame(self) -> pd.DataFrame:
        """A row per ring, indexed by its number."""
        import pandas as pd

        return pd.DataFrame(self.records(), columns=["ring", "n_members", "n_targets", *_SHOWN]).set_index("ring")

    def records(self, top: int | None = None) -> list[dict[str, Any]]:
        """The rows of `frame` as plain values."""
        return [
            {"ring": r.number, "n_members": r.members.size, "n_targets": r.targets.size}
            | {name: getattr(r, name) for name in _SHOWN}
            for r in self.rings[:top]
        ]

    def entries(self) -> pd.DataFrame:
        """Members with the verdict on their ring: rings have no name that lasts."""
        import pandas as pd

        rows = [(str(i), ring.verdict, ring.members.size) for ring in self.rings for i in ring.members]
        return pd.DataFrame(rows, columns=["account_id", "verdict", "n_members"]).set_index("account_id")

    def members_frame(self) -> pd.DataFrame:
        """A row per member and target: ``ring, account_id, post_id, role, edges``; ids that do not apply are None."""
        import pandas as pd

        target_column = (
            "post_id" if self.relation == "repost" and self.parameters.get("items") == "posts" else "account_id"
        )
        parts = []
        for ring in self.rings:
            for role, ids, edges in (
                ("member", ring.members, ring.member_edges),
                ("target", ring.targets, ring.target_edges),
            ):
                column = target_column if role == "target" else "account_id"
                part = pd.DataFrame(
                    {"ring": ring.number, "account_id": None, "post_id": None, "role": role, "edges": edges}
                )
                part[column] = ids
                parts.append(part)
        columns = ["ring", "account_id", "post_id", "role", "edges"]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Rows of ``rings`` and ``ring_members``."""
        table = self.frame().reset_index().drop(columns=["target_dispersion", "outward", "reliance", "one_customer"])
        table.insert(1, "relation", self.relation)
        return {"rings": table, "ring_members": self.members_frame()}

    def accounts(self) -> list[str]:
        """Ids of the members of coordinated rings, ascending; fan clubs and communities are not accused."""
        return sorted({str(i) for ring in self.rings if ring.verdict == "coordinated" for i in ring.members})

    def real_weights(self, graph: Graph) -> NDArray[np.float64]:
        """Weight of every account of a graph, shape (n,): 0 for members of coordinated rings, 1 for all others."""
        import pandas as pd

        return np.where(pd.Index(graph.ids).isin(self.accounts()), 0.0, 1.0)

    def explain(self, number: int) -> str:
        """The case file of a ring as text: who, whom, observed against expected, and what speaks against it."""
        known = {ring.number: ring for ring in self.rings}
        if number not in known:
            raise UnknownName.among("ring", str(number), map(str, known))
        r = known[number]
        order = np.argsort(-r.target_edges, kind="stable")
        by_work = np.argsort(-r.member_edges, kind="stable")
        return "\n".join(
            [
                f"Ring {number} ({self.relation}): {r.verdict}",
                f"{r.members.size} members share {r.targets.size} targets: {r.edges} edges where {r.expected:.1f} are"
                f" expected from their degrees, {r.density:.0%} of all possible.",
                f"Evidence {r.bits:.0f} bits; best rank in shuffled graphs {self.null_key:.0f}.",
                f"The group makes {r.share_of_targets:.0%} of all edges of its targets and spends"
                f" {r.share_of_members:.0%} of its own on them; a quarter of the targets owe it {r.reliance:.0%} or"
                f" more; {r.outward:.0%} of its common edges leave the group;"
                f" at most {r.one_customer:.0%} reach one account.",
                f"Dispersion of members {r.dispersion:.2f} (fans: far above 1), of targets {r.target_dispersion:.2f}"
                " (all served alike: about 1).",
                f"Caution: {_CAUTION}.",
                "Targets:",
                *(f"  {r.targets[i]}: {r.target_edges[i]} of {r.members.size} members" for i in order),
                "Members:",
                *(f"  {r.members[i]}: {r.member_edges[i]} of {r.targets.size} targets" for i in by_work),
            ]
        )


def find_rings(
    graph: Graph,
    *,
    seed: int,
    relation: str = "follow",
    max_rings: int = 20,
    min_members: int = 5,
    min_targets: int = 3,
    fan_club_dispersion: float = 4.0,
    min_share: float = 0.6,
    max_accused: float = 0.3,
    dense_blocks: int = 5,
    null_draws: int = 1,
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
    max_rings : int
        At most so many blocks of all verdicts, coordinated ones first.
    min_members, min_targets : int
        Smallest block.
    fan_club_dispersion : float
        Variance / mean of the members' edges from which on a block is a fan club.
    min_share : float
        A quarter of a ring's targets owe it at least this part of their edges.
    max_accused : float
        If more than this part of the acting accounts came out as coordinated, evenness is the habit of this graph and
        proves nothing: all such blocks are called communities.
    dense_blocks : int
        Blocks peeled from the whole graph besides those found in communities.
    null_draws : int
        Shuffled graphs with the same degrees that a block has to beat; 0 skips them.

    Returns
    -------
    Rings

    Raises
    ------
    InputError
        An option out of range.

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
    options = {"relation": relation, "items": "accounts", "max_rings": max_rings, "min_members": min_members}
    options |= {"min_targets": min_targets, "fan_club_dispersion": fan_club_dispersion, "min_share": min_share}
    options |= {"max_accused": max_accused, "dense_blocks": dense_blocks, "null_draws": null_draws}
    itself = np.arange(graph.n)
    rings, null_key = _search(src[keep], dst[keep], itself, graph.ids, graph.ids, options, seed)
    return Rings(
        relation=relation, rings=rings, null_key=null_key, parameters=options, seed=seed, graph=graph.fingerprint
    )


def find_repost_rings(
    users: ArrayLike,
    posts: ArrayLike,
    authors: ArrayLike | None = None,
    *,
    seed: int,
    max_rings: int = 20,
    min_members: int = 5,
    min_targets: int = 3,
    fan_club_dispersion: float = 4.0,
    min_share: float = 0.6,
    max_accused: float = 0.3,
    dense_blocks: int = 5,
    null_draws: int = 1,
) -> Rings:
    """Groups of accounts that repost the same posts as if by order.

    Parameters
    ----------
    users, posts : array_like, shape (m,)
        Who reposted, and the root post: text or whole numbers, never floats. Repeats count once.
    authors : array_like, shape (m,), optional
        Who wrote the root post; None where that is not known. Without it no block can be told from the fans of one
        idol, so all are called fan clubs and nobody is accused.
    seed, max_rings, min_members, min_targets, fan_club_dispersion, min_share, max_accused, dense_blocks, null_draws
        As for `find_rings`.

    Returns
    -------
    Rings
        With relation ``repost``; targets are posts.

    Raises
    ------
    InputError
        Lists that differ in length, floats or missing ids, an option out of range.

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
    options = {"relation": "repost", "items": "posts", "max_rings": max_rings, "min_members": min_members}
    options |= {"min_targets": min_targets, "fan_club_dispersion": fan_club_dispersion, "min_share": min_share}
    options |= {"max_accused": max_accused, "dense_blocks": dense_blocks, "null_draws": null_draws}
    rings, null_key = _search(user, post, owner, user_ids, post_ids, options, seed)
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
    options: dict[str, Any],
    seed: int,
) -> tuple[tuple[Ring, ...], float]:
    """Rings of an edge list, and the best rank among shuffled ones; `owner` names the user (row) behind every item."""
    for name, least in (
        ("max_rings", 1),
        ("min_members", 2),
        ("min_targets", 2),
        ("dense_blocks", 0),
        ("null_draws", 0),
    ):
        if options[name] < least:
            raise InputError(f"{name} must be at least {least}, not {options[name]}")
    if user.size == 0:
        return (), 0.0
    graph, users, items = Bipartite.build(user, item)
    # In terms of the bipartite graph: user nodes first, accounts that never act behind them.
    node = np.arange(graph.m, graph.m + max(int(owner.max()) + 1, users[-1] + 1))
    node[users] = np.arange(graph.m)
    owner = np.where(owner[items] < 0, -1, node[owner[items]])
    rule = {"fan_club_dispersion": options["fan_club_dispersion"], "min_share": options["min_share"]}
    # Work that was handed out comes first, so that a natural group around a ring does not swallow it.
    found = sorted(_weighed(graph, owner, options, seed), key=lambda e: (e.verdict(**rule) != "coordinated", -e.key))
    rng = np.random.default_rng(seed)
    null = [
        evidence.key
        for _ in range(options["null_draws"] if found else 0)
        for evidence in _weighed(graph.rewired(rng), owner, options, seed)
    ]
    null_key = max(null, default=0.0)
    kept: list[Evidence] = []
    taken = np.zeros(graph.m, bool)
    smallest = {"min_users": options["min_members"], "min_items": options["min_targets"]}
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
    judged = [(evidence, evidence.verdict(**rule)) for evidence in kept]
    accused = [evidence.block.users for evidence, verdict in judged if verdict == "coordinated"]
    if accused and np.unique(np.concatenate(accused)).size > options["max_accused"] * graph.m:
        judged = [(evidence, verdict.replace("coordinated", "community")) for evidence, verdict in judged]
    judged.sort(key=lambda pair: pair[1] != "coordinated")  # stable: by rank within each
    rings = []
    for number, (evidence, verdict) in enumerate(judged[: options["max_rings"]], start=1):
        shown = {k: v for k, v in asdict(evidence).items() if k != "block"}
        members = user_ids[users[evidence.block.users]]
        targets = item_ids[items[evidence.block.items - graph.m]]
        rings.append(Ring(number=number, members=members, targets=targets, verdict=verdict, **shown))
    return tuple(rings), null_key


def _weighed(graph: Bipartite, owner: NDArray[np.int64], options: dict[str, Any], seed: int) -> Iterator[Evidence]:
    """Evidence of every candidate block that has any."""
    least = {"min_users": options["min_members"], "min_items": options["min_targets"]}
    for block in candidates(graph, resolutions=_RESOLUTIONS, blocks=options["dense_blocks"], seed=seed):
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
