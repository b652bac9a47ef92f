"""The case of one ring: who, with whom, when, how unlikely by chance, what speaks against it, and what to ask.

A case is made from what a search found and stored, and from the tables around it; it searches nothing. Every number in
it can be counted anew from the same tables (`kolgraph.rings.verify`). Coordinated is not fake until account evidence
agrees: whatever shows a case shows that as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.results import Result, digest
from kolgraph.rings.block import Measured, Totals, measure
from kolgraph.rings.clock import Clock, clock
from kolgraph.rings.counter import Friends, Point, points
from kolgraph.targets import MARK, atomic_path

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.rings.result import Ring, Rings

#: Accounts to check by hand from either end.
CHECKED = 5
#: Of the draws and shuffles of a case: the same numbers for everybody who checks them.
SEED = 1
#: What the search says of a ring and the case repeats.
_NUMBERS = (
    "edges", "expected", "density", "bits", "share_of_targets", "share_of_members", "dispersion", "target_dispersion",
    "reliance", "one_customer",
)  # fmt: skip
CAUTION = "coordinated is not fake until account evidence agrees"


class Facts(NamedTuple):
    """What the tables say around a block.

    Attributes
    ----------
    acts : DataFrame
        ``actor`` (row number of the account), ``target`` (position among the targets), ``ts`` (epoch milliseconds, NaN
        where unknown): everything that anybody did to the targets.
    accounts : DataFrame
        Indexed by row number, members first and in the order of the ring: ``account_id``, ``name``, ``region``,
        ``followers``, ``followings``, ``posts``, ``created_ts``, ``observed_ts`` and ``acted``, on how many different
        things it acted in all; behind them other accounts that acted on the targets, to compare with.
    targets : DataFrame
        In the order of the ring: ``target`` (id), ``owner`` (row number, -1 where unknown), ``owner_id``,
        ``owner_name``, ``followers`` of the owner, ``created_ts`` of a post.
    returned : DataFrame
        ``actor``, ``target``: the owner of the target follows the actor.
    friends : Friends
    totals : Totals
    """

    acts: pd.DataFrame
    accounts: pd.DataFrame
    targets: pd.DataFrame
    returned: pd.DataFrame
    friends: Friends
    totals: Totals


@dataclass(frozen=True, kw_only=True)
class CaseFile(Result):
    """The case of a ring.

    Attributes
    ----------
    ring : int
        Its number in the answer of `rings`.
    relation : str
        Through which members acted: ``follow`` or ``repost``.
    verdict : str
    numbers : mapping of str to float
        Observed against expected, meanings as in `kolgraph.rings.Ring`: ``members``, ``targets``, ``edges``,
        ``expected``, ``density``, ``bits``, ``share_of_targets``, ``share_of_members``, ``dispersion``,
        ``target_dispersion``, ``reliance``, ``one_customer``.
    totals : Totals
        Of the relation, from which expectations come.
    found : mapping of str to float or None
        What the search says: ``score``, ``p`` and ``max_false``, the stated rate of false accusations per 1,000
        accounts.
    views : mapping of str to float
        Bits by view.
    hypotheses : mapping
        As of `kolgraph.rings.Ring`.
    members : DataFrame
        The surest first: ``account_id``, ``name``, ``edges`` in the block, ``acted`` in all, ``share`` of that,
        ``bits`` that speak for its membership, ``first_ts``, ``last_ts`` of its actions on the targets, ``age_days``
        when seen, ``followers``, ``followings``, ``posts``, ``region``; NaN or None where unknown.
    targets : DataFrame
        The most pushed first: ``target``, ``client_id``, ``client`` (its name; the author of a post), ``edges`` from
        members, ``of_members``, ``acted`` (accounts that acted on it), ``share`` of those, ``followers`` of the client,
        ``created_ts`` of a post.
    clients : DataFrame
        Owners of targets: ``client_id``, ``client``, ``targets``, ``edges``, ``share`` of the edges of the block.
    pairs : DataFrame
        ``account_id``, ``target``: which member acted on which target.
    when : Clock
    counter : tuple of Point
        What speaks against.
    check : DataFrame
        Accounts to look at by hand: ``account_id``, ``name``, ``kind`` (surest, least), ``edges``, ``share``, ``bits``.
    ask : tuple of (str, mapping)
        What to ask the KOL, as codes and the values that belong into the texts.
    """

    analysis: ClassVar[str] = "case"
    ring: int
    relation: str
    verdict: str
    numbers: Mapping[str, float]
    totals: Totals
    found: Mapping[str, float]
    views: Mapping[str, float]
    hypotheses: Mapping[str, Any]
    members: pd.DataFrame
    targets: pd.DataFrame
    clients: pd.DataFrame
    pairs: pd.DataFrame
    when: Clock
    counter: tuple[Point, ...]
    check: pd.DataFrame
    ask: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def variant(self) -> str:
        """Relation and number of the ring."""
        return f"{self.relation}:{self.ring}"

    def summary(self) -> dict[str, Any]:
        """The verdict, and the numbers of the block."""
        return {"verdict": self.verdict} | dict(self.numbers)

    def frame(self) -> pd.DataFrame:
        """A row per member and target, with the verdict and the caution that belongs to it."""
        import pandas as pd

        said = {"ring": self.variant, "verdict": self.verdict, "caution": CAUTION}
        members = self.members.rename(columns={"account_id": "id"}).assign(role="member", **said)
        targets = self.targets.rename(columns={"target": "id", "client": "name"}).assign(role="target", **said)
        columns = ["ring", "verdict", "role", "id", "name", "edges", "acted", "share", "bits", "client_id", "followers"]
        columns += ["followings", "posts", "age_days", "region", "first_ts", "last_ts", "created_ts", "caution"]
        rows = [part.reindex(columns=columns).astype(object) for part in (members, targets)]
        return pd.concat(rows, ignore_index=True).set_index("id")

    def save(self, path: str | Path) -> Path:
        """Write the whole case as .json, which can be verified; as any other table its rows, see `Result.save`."""
        target = Path(path)
        if target.suffix.lower() != ".json":
            return super().save(target)
        text = json.dumps({"made_by": MARK} | self.plain(), ensure_ascii=False, indent=1)
        with atomic_path(target) as part:
            part.write_text(text + "\n", encoding="utf-8", newline="\n")
        return target

    def plain(self) -> dict[str, Any]:
        """As JSON holds it: everything, None where nothing is known."""
        when = self.when
        parts: dict[str, Any] = {
            "ring": self.ring,
            "relation": self.relation,
            "verdict": self.verdict,
            "caution": CAUTION,
            "run": self.run_id,
            "rings": self.parameters.get("rings"),
            "asked": self.parameters.get("asked"),
            "data": self.parameters.get("data"),
            "seed": self.parameters.get("seed"),
            "numbers": dict(self.numbers),
            "totals": asdict(self.totals),
            "found": dict(self.found),
            "views": dict(self.views),
            "hypotheses": dict(self.hypotheses),
            "members": self.members.to_dict("records"),
            "targets": self.targets.to_dict("records"),
            "clients": self.clients.to_dict("records"),
            "timeline": {
                "reason": when.reason,
                "dated": when.dated,
                "grain_s": when.grain_s,
                "unit_s": when.unit_s,
                "slices": when.timeline.to_dict("records"),
            },
            "synchrony": {"reason": when.reason, **when.numbers, "lags": when.lags.to_dict("records")},
            "counter": [asdict(point) for point in self.counter],
            "check": self.check.to_dict("records"),
            "ask": [{"code": code, "values": dict(values)} for code, values in self.ask],
        }
        return {name: _plain(part) for name, part in parts.items()}


def case_file(ring: Ring, rings: Rings, facts: Facts, *, data: str = "") -> CaseFile:
    """Put the case of a ring together.

    Parameters
    ----------
    ring : Ring
        As `in_order` returns it, in the order of the facts.
    rings : Rings
        The answer it is from.
    facts : Facts
    data : str
        Tells the state of the tables they are from.

    Returns
    -------
    CaseFile

    Notes
    -----
    How sure a membership is: with k of d edges in the block, where mu, its part of what is expected by its other
    edges (d - k + 1), is due, and theta = observed / expected of the whole block, ``(k ln theta - mu (theta - 1)) /
    ln 2`` bits. O(a log a) for a actions on the targets.

    Examples
    --------
    >>> from kolgraph.rings.casefile import example
    >>> case = example()
    >>> case.verdict, case.numbers["edges"], case.members["account_id"].head(2).tolist()
    ('coordinated', 48, ['bot0', 'bot1'])
    """
    size = ring.members.size
    keys = facts.accounts.index.to_numpy(np.int64)
    member = np.isin(facts.acts["actor"].to_numpy(np.int64), keys[:size])
    when = clock(facts.acts, member, seed=SEED)
    members = _members(ring, facts, member)
    targets = _targets(ring, facts)
    clients = _clients(targets)
    counter = points(
        facts.accounts.assign(returned=_returned(facts)),
        np.arange(keys.size) < size,
        share_of_members=ring.share_of_members,
        share_of_targets=ring.share_of_targets,
        one_customer=ring.one_customer,
        customers=len(clients),
        member_edges=ring.member_edges,
        targets=ring.targets.size,
        friends=facts.friends,
        seed=SEED,
    )
    numbers: dict[str, float] = {"members": size, "targets": ring.targets.size}
    numbers |= {name: getattr(ring, name) for name in _NUMBERS}
    check = _check(members)
    return CaseFile(
        parameters={
            "rings": rings.run_id,
            "asked": rings.parameters.get("relation"),
            "data": data,
            "seed": rings.seed,
            "facts": digest(facts.acts, facts.accounts.reset_index(), facts.targets, facts.returned, *facts[4:]),
        },
        seed=SEED,
        graph=rings.graph,
        ring=ring.number,
        relation=ring.relation,
        verdict=ring.verdict,
        numbers=numbers,
        totals=facts.totals,
        found={"score": ring.score, "p": ring.p, "max_false": rings.parameters["max_false"]},
        views=dict(ring.views),
        hypotheses=ring.hypotheses,
        members=members,
        targets=targets,
        clients=clients,
        pairs=_pairs(facts, member),
        when=when,
        counter=tuple(counter),
        check=check,
        ask=_ask(clients, check, when),
    )


def in_order(ring: Ring) -> Ring:
    """The ring with members and targets by id: its case does not depend on how the search went through them."""
    parts: dict[str, Any] = {}
    for ids, edges in (("members", "member_edges"), ("targets", "target_edges")):
        order = np.argsort(getattr(ring, ids).astype(str), kind="stable")
        parts |= {ids: getattr(ring, ids)[order], edges: getattr(ring, edges)[order]}
    return replace(ring, **parts)


def counted(facts: Facts, size: int) -> Measured:
    """The block of the first `size` accounts counted from the tables, as `measure` does."""
    return measure(
        facts.acts,
        facts.accounts.index.to_numpy(np.int64)[:size],
        facts.targets["owner"].to_numpy(np.int64),
        facts.accounts["acted"].to_numpy(np.int64)[:size],
        facts.totals,
    )


def _members(ring: Ring, facts: Facts, member: NDArray[np.bool_]) -> pd.DataFrame:
    """Members with what each says, the surest first."""
    table = facts.accounts.head(ring.members.size)
    edges, acted = np.asarray(ring.member_edges, np.int64), table["acted"].to_numpy(np.int64)
    theta = max(ring.edges / max(ring.expected, 1e-9), 1.0001)
    rest = acted - edges + 1
    due = ring.expected * rest / rest.sum()
    times = facts.acts[member].groupby("actor")["ts"]
    return (
        table[["account_id", "name"]]
        .assign(
            edges=edges,
            acted=acted,
            share=edges / np.maximum(acted, 1),
            bits=(edges * np.log(theta) - due * (theta - 1)) / np.log(2),
            first_ts=times.min().reindex(table.index),
            last_ts=times.max().reindex(table.index),
            age_days=(table["observed_ts"] - table["created_ts"]) / 86_400_000.0,
            followers=table["followers"],
            followings=table["followings"],
            posts=table["posts"],
            region=table["region"],
        )
        .sort_values(["bits", "account_id"], ascending=[False, True], kind="stable")
        .reset_index(drop=True)
    )


def _targets(ring: Ring, facts: Facts) -> pd.DataFrame:
    """Targets with their clients, the most pushed first."""
    pairs = facts.acts[["actor", "target"]].drop_duplicates()
    acted = np.bincount(pairs["target"].to_numpy(np.int64), minlength=ring.targets.size)
    edges = np.asarray(ring.target_edges, np.int64)
    table = facts.targets
    return (
        table.rename(columns={"owner_id": "client_id", "owner_name": "client"})[["target", "client_id", "client"]]
        .assign(
            edges=edges,
            of_members=edges / ring.members.size,
            acted=acted,
            share=edges / np.maximum(acted, 1),
            followers=table["followers"],
            created_ts=table["created_ts"],
        )
        .sort_values(["edges", "target"], ascending=[False, True], kind="stable")
        .reset_index(drop=True)
    )


def _clients(targets: pd.DataFrame) -> pd.DataFrame:
    """Owners of targets, those with the most edges first; owners that nobody knows are one row."""
    found = targets.groupby("client_id", dropna=False, as_index=False, sort=False).agg(
        client=("client", "first"), targets=("target", "size"), edges=("edges", "sum")
    )
    found["share"] = found["edges"] / max(int(found["edges"].sum()), 1)
    return found.sort_values(["edges", "client_id"], ascending=[False, True], kind="stable").reset_index(drop=True)


def _pairs(facts: Facts, member: NDArray[np.bool_]) -> pd.DataFrame:
    """Which member acted on which target, by id."""
    import pandas as pd

    pairs = facts.acts[member][["actor", "target"]].drop_duplicates()
    who = facts.accounts["account_id"].reindex(pairs["actor"]).to_numpy(object)
    whom = facts.targets["target"].to_numpy(object)[pairs["target"].to_numpy(np.int64)]
    return pd.DataFrame({"account_id": who, "target": whom})


def _returned(facts: Facts) -> NDArray[np.float64]:
    """Of every account, which part of its edges to the targets was followed back; NaN where no follows are loaded."""
    index = facts.accounts.index
    if not facts.friends.edges:
        return np.full(index.size, np.nan)
    pairs = facts.acts[["actor", "target"]].drop_duplicates()
    made = pairs.groupby("actor").size().reindex(index).to_numpy(np.float64)
    back = facts.returned.drop_duplicates().groupby("actor").size().reindex(index, fill_value=0).to_numpy(np.float64)
    return np.asarray(back / made, dtype=np.float64)


def _check(members: pd.DataFrame) -> pd.DataFrame:
    """The surest and the least sure members; where there are few, none is named twice."""
    n = len(members)
    surest = min(CHECKED, (n + 1) // 2)
    rows = [*range(surest), *range(max(surest, n - CHECKED), n)]
    found = members.iloc[rows][["account_id", "name", "edges", "share", "bits"]]
    found.insert(2, "kind", ["surest"] * surest + ["least"] * (len(rows) - surest))
    return found.reset_index(drop=True)


def _ask(clients: pd.DataFrame, check: pd.DataFrame, when: Clock) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Questions that somebody with nothing to hide can answer."""
    known = clients[clients["client_id"].notna()].head(3)
    asked: list[tuple[str, Mapping[str, Any]]] = []
    if when.reason is None:
        table = when.timeline
        peak = table.loc[table["members"].idxmax()]
        share = float(peak["members"] / max(table["members"].sum(), 1))
        until = float(peak["begin_ts"]) + 1000.0 * when.unit_s
        asked.append(("peak", {"begin_ts": float(peak["begin_ts"]), "end_ts": until, "share": share}))
    asked.append(("source", {"clients": known["client"].fillna(known["client_id"]).tolist()}))
    asked.append(("draw", {}))
    surest = check[check["kind"] == "surest"]
    asked.append(("accounts", {"accounts": surest["name"].fillna(surest["account_id"]).tolist()}))
    asked.append(("backend", {}))
    return tuple(asked)


def _plain(value: Any) -> Any:
    """A value as JSON holds it; None for NaN, text for infinity."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return None if type(value).__name__ in {"NAType", "NaTType"} else value


def example() -> CaseFile:
    """A small case for documentation and tests: eight bots on six customers, twelve honest accounts beside them."""
    import pandas as pd

    from kolgraph.rings.result import Ring, Rings

    bots, honest, customers = 8, 12, 6
    acts = [(b, t, 1.7e12 + 60_000.0 * b + 86_400_000.0 * t) for b in range(bots) for t in range(customers)]
    acts += [(bots + h, (h * 5) % customers, 1.69e12 + 86_400_000.0 * 9 * h) for h in range(honest)]
    accounts = pd.DataFrame(
        {
            "account_id": [f"bot{i}" for i in range(bots)] + [f"person{i}" for i in range(honest)],
            "name": [f"user{i}" for i in range(bots)] + [f"Ann{'a' * i}" for i in range(honest)],
            "region": None,
            "followers": [1.0] * bots + [100.0 + i for i in range(honest)],
            "followings": 6.0,
            "posts": np.nan,
            "created_ts": np.nan,
            "observed_ts": np.nan,
            "acted": [customers] * bots + [3] * honest,
        }
    )
    targets = pd.DataFrame({"target": [f"kol{t}" for t in range(customers)], "owner": np.arange(100, 100 + customers)})
    targets = targets.assign(
        owner_id=targets["target"], owner_name=targets["target"], followers=np.nan, created_ts=np.nan
    )
    facts = Facts(
        acts=pd.DataFrame(acts, columns=["actor", "target", "ts"]),
        accounts=accounts,
        targets=targets,
        returned=pd.DataFrame({"actor": [bots], "target": [0]}),
        friends=Friends(among=0, out=bots * customers, into=1, edges=40_000),
        totals=Totals(actors=5000, targets=2000, edges=40_000),
    )
    found = counted(facts, bots)
    shown: dict[str, Any] = {name: found.numbers[name] for name in _NUMBERS}
    ring = Ring(
        number=1,
        relation="follow",
        members=accounts["account_id"].to_numpy(object)[:bots],
        targets=targets["target"].to_numpy(object),
        member_edges=found.member_edges.astype(np.int32),
        target_edges=found.target_edges.astype(np.int32),
        outward=1.0,
        expected_in_niche=1.0,
        tastes=0.0,
        tastes_expected=0.2,
        walks=0.0,
        walks_expected=0.1,
        member_rest=0,
        target_rest=12,
        p=1e-9,
        score=4.5,
        points={"reliance": 1.5, "dispersion": 0.8, "other_edges": -0.4},
        views={"follow": found.numbers["bits"]},
        verdict="coordinated",
        **shown,
    )
    return case_file(ring, Rings(relation="follow", rings=(ring,), seed=1, parameters={"max_false": 1.0}), facts)
