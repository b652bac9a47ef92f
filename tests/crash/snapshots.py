"""Two snapshots of a made-up world, so that each publication of the other adds, changes and removes something."""

from __future__ import annotations

from collections import Counter
from typing import Any

import neo4j
import numpy as np
import pyarrow as pa

from kolgraph.settings import Neo4jLogin
from kolgraph.store import Snapshot
from kolgraph.store.sync.schema import MARK, SNAPSHOT, columns
from tests.worlds.stores import HOSTILES, table


def snapshot(turn: int, *, accounts: int, follows: int, seed: int) -> Snapshot:
    """The world at turn 0 or 1, with about so many accounts and follows, and a post of every sixth account.

    From turn to turn a sixth of the accounts and a third of the follows come and go, and a third of what stays has
    other properties.
    """
    rng, gone = np.random.default_rng(seed), accounts // 6
    everybody = accounts + gone
    draws = rng.random((2, 3 * follows))
    # Popularity is unequal: whoever has a low number is followed by many.
    pairs = np.unique((draws[0] * everybody).astype(int) * everybody + (draws[1] ** 3 * everybody).astype(int))
    src, dst = np.divmod(rng.permutation(pairs), everybody)
    here = (np.minimum(src, dst) >= turn * gone) & (np.maximum(src, dst) < turn * gone + accounts)
    here &= np.arange(len(src)) % 4 != turn
    src, dst = src[here][:follows], dst[here][:follows]
    who = np.arange(turn * gone, turn * gone + accounts)
    posting = who[who % 6 == 0]
    return {
        "Account": _table(
            "Account",
            id=_ids("w:", who),
            name=[HOSTILES[(i + turn * (i % 3 == 0)) % len(HOSTILES)] for i in who.tolist()],
            followers=who * 1_000_003 + turn * (who % 3 == 0),
            price_cny=pa.array(who / 7, mask=who % 5 == 0),
        ),
        "Post": _table("Post", id=_ids("p:", posting), text=[HOSTILES[i % len(HOSTILES)] for i in posting.tolist()]),
        "Account-FOLLOWS-Account": _table(
            "Account-FOLLOWS-Account",
            src=_ids("w:", src),
            dst=_ids("w:", dst),
            since_ts=src * 86_400_000 + dst,
            weight=(dst + 1) / 3 + turn * (dst % 3 == 0),
        ),
        "Account-POSTED-Post": _table("Account-POSTED-Post", src=_ids("w:", posting), dst=_ids("p:", posting)),
        "Publication": table("Publication", [{"id": f"turn{turn}", "workspace": f"turn{turn}", "made_ts": turn}]),
    }


def differences(login: Neo4jLogin, wanted: Snapshot) -> list[str]:
    """What a server holds too much and what it lacks, row by row with all properties; nothing if it is exact."""
    sent: Counter[tuple[Any, ...]] = Counter({("Publishing", True): 1})  # all of it arrived
    for name, rows in wanted.items():
        keys = SNAPSHOT[name].keys
        for row in rows.to_pylist():
            sent[name, *(row[key] for key in keys), _frozen(row, keys)] += 1
    held: Counter[tuple[Any, ...]] = Counter()
    with (
        neo4j.GraphDatabase.driver(login.uri, auth=(login.user, login.password)) as driver,
        driver.session(fetch_size=20_000) as session,
    ):
        held.update(("Publishing", whole) for (whole,) in session.run("MATCH (n:Publishing) RETURN n.whole"))
        for labels, id_, row in session.run("MATCH (n) WHERE NOT n:Publishing RETURN labels(n), n.id, properties(n)"):
            held["+".join(labels), id_, _frozen(row, ("id",))] += 1
        text = "MATCH (a)-[r]->(b) RETURN labels(a)[0], type(r), labels(b)[0], a.id, b.id, properties(r)"
        for start, kind, end, src, dst, row in session.run(text):
            held[f"{start}-{kind}-{end}", src, dst, _frozen(row, ())] += 1
    found = [f"too much: {what}" for what in held - sent] + [f"missing: {what}" for what in sent - held]
    return [f"{len(found)} differences", *found[:5]] if found else []


def _frozen(row: dict[str, Any], keys: tuple[str, ...]) -> frozenset[tuple[str, Any]]:
    return frozenset((k, v) for k, v in row.items() if v is not None and k != MARK and k not in keys)


def _ids(prefix: str, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> list[str]:
    return [f"{prefix}{i}" for i in numbers.tolist()]


def _table(name: str, /, **given: Any) -> pa.Table:
    """A table of a snapshot from columns; the others are NULL."""
    empty = table(name, []).schema
    rows = len(next(iter(given.values())))
    return pa.table({c: pa.array(given.get(c, [None] * rows), empty.field(c).type) for c in columns(SNAPSHOT[name])})
