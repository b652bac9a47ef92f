"""The case of one ring, from what was found and stored; and a saved case, counted anew from the tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import UnknownName
from kolgraph.regions import regions
from kolgraph.verbs.asking import answer
from kolgraph.verbs.rings import MAX_FALSE, RELATIONS, SEED, rings

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.rings.casefile import CaseFile, Facts
    from kolgraph.rings.verify import Verification
    from kolgraph.workspace import Workspace

#: Others who acted on the targets, to compare members with: a sample by their ids, the same everywhere.
OTHERS = 2000
#: What a case is told from.
_TABLES = ("accounts", "follows", "posts", "reposts")
#: Of every relation: who did what to the targets ``t`` (``key``, ``pos``), and all distinct pairs there are.
_ACTS = {
    "follow": "SELECT src AS actor, pos AS target, since_ts AS ts FROM follows JOIN t ON t.key = dst WHERE src <> dst",
    "repost": "SELECT src AS actor, pos AS target, ts FROM reposts JOIN t ON t.key = root_id WHERE src IS NOT NULL",
}
_PAIRS = {
    "follow": "SELECT src, dst FROM follows WHERE src <> dst",
    "repost": "SELECT DISTINCT src, root_id AS dst FROM reposts WHERE src IS NOT NULL AND root_id IS NOT NULL",
}
#: How many act, how many are acted on, and how many pairs there are. Accounts are bits: to count different ones in 14M
#: rows takes 0.4 s so, and 2 s otherwise.
_TOTALS = {
    "follow": "SELECT coalesce(bit_count(bitstring_agg(src, 0, {last})), 0), "
    "coalesce(bit_count(bitstring_agg(dst, 0, {last})), 0), count(*) FROM follows WHERE src <> dst",
    "repost": f"SELECT count(DISTINCT src), count(DISTINCT dst), count(*) FROM ({_PAIRS['repost']})",
}
#: Follows of members ``m``: among each other, of anybody, by anybody, and all there are.
_FRIENDS = """
    WITH m AS (SELECT unnest(?::INTEGER[]) AS key), f AS (SELECT src, dst FROM follows WHERE src <> dst)
    SELECT (SELECT count(*) FROM f JOIN m a ON a.key = src JOIN m b ON b.key = dst),
           (SELECT count(*) FROM f JOIN m ON key = src), (SELECT count(*) FROM f JOIN m ON key = dst),
           (SELECT count(*) FROM f)"""
#: Whose each target is: of a post the author that its first repost names, as the search takes it (`verbs.rings`).
_TARGETS = {
    "follow": """
        SELECT t.pos, a.account_id AS target, a.account_key AS owner, a.account_id AS owner_id, a.name AS owner_name,
               a.followers::DOUBLE AS followers, NULL::DOUBLE AS created_ts
        FROM t LEFT JOIN accounts a ON a.account_key = t.key ORDER BY pos""",
    "repost": """
        SELECT t.pos, t.key AS target, a.account_key AS owner, a.account_id AS owner_id, a.name AS owner_name,
               a.followers::DOUBLE AS followers, p.created_ts::DOUBLE AS created_ts
        FROM t LEFT JOIN (SELECT root_id, first(r.dst ORDER BY s.account_id, d.account_id) AS owner FROM reposts r
                          JOIN t ON t.key = r.root_id JOIN account_ids s ON s.account_key = r.src
                          LEFT JOIN account_ids d ON d.account_key = r.dst GROUP BY root_id) n ON n.root_id = t.key
        LEFT JOIN posts p ON p.post_id = t.key LEFT JOIN accounts a ON a.account_key = n.owner ORDER BY pos""",
}


@answer()
def case(
    workspace: Workspace, ring: int, *, relation: str | None = None, max_false: float = MAX_FALSE, seed: int = SEED
) -> CaseFile:
    """The case of a ring: members, targets, when they acted, how unlikely, what speaks against it, what to ask.

    Rings that were found before are read, not searched again.

    Parameters
    ----------
    ring : int
        Its number in the answer of `rings`.
    relation, max_false, seed
        As of `rings`.

    Raises
    ------
    UnknownName
    """
    from kolgraph.rings.casefile import case_file, in_order

    found = rings(workspace, relation=relation, max_false=max_false, seed=seed)
    known = {one.number: one for one in found.rings}
    if ring not in known:
        raise UnknownName.among("ring", str(ring), map(str, known))
    chosen = in_order(known[ring])
    facts = read_facts(workspace, chosen.relation, chosen.members.tolist(), chosen.targets.tolist())
    return case_file(chosen, found, facts, data=workspace.version_of(_TABLES))


def read_facts(workspace: Workspace, relation: str, members: list[str], targets: list[str]) -> Facts:
    """What the tables say around a block; members and targets that are not there are left out."""
    import pandas as pd

    from kolgraph.rings.block import Totals
    from kolgraph.rings.casefile import Facts
    from kolgraph.rings.counter import Friends

    keys = _keys(workspace, members)
    chosen: list[Any] = targets if relation == "repost" else _keys(workspace, targets)
    kind = "VARCHAR" if relation == "repost" else "INTEGER"
    block = f"t AS (SELECT unnest(?::{kind}[]) AS key, unnest(range(len(?::{kind}[]))) AS pos)"
    given = [chosen, chosen]
    acts = workspace.arrays(
        f"WITH {block} SELECT actor, target, coalesce(ts::DOUBLE, 'nan') AS ts FROM ({_ACTS[relation]}) "
        "ORDER BY actor, target, ts",
        given,
    )
    table = workspace.sql(f"WITH {block} {_TARGETS[relation]}", given)
    owners = table["owner"].fillna(-1).astype(np.int64)
    beside = np.setdiff1d(acts["actor"], np.array(keys, np.int64))
    others = workspace.fetch(
        "SELECT account_key FROM account_ids JOIN (SELECT unnest(?::INTEGER[]) AS account_key) USING (account_key) "
        f"ORDER BY md5(account_id) LIMIT {OTHERS}",
        [beside.tolist()],
    )
    accounts = _accounts(workspace, relation, [*keys, *(key for (key,) in others)])
    returned = workspace.sql(
        "WITH o AS (SELECT unnest(?::INTEGER[]) AS owner, unnest(range(len(?::INTEGER[]))) AS target) "
        "SELECT dst AS actor, target FROM follows JOIN o ON o.owner = src WHERE list_contains(?::INTEGER[], dst)"
        " ORDER BY ALL",
        [owners.tolist(), owners.tolist(), accounts.index.tolist()],
    )
    did = pd.DataFrame(acts)[["actor", "target"]].drop_duplicates()
    [friends] = workspace.fetch(_FRIENDS, [keys])
    [(last,)] = workspace.fetch("SELECT greatest(max(account_key), 1) FROM account_ids")
    [totals] = workspace.fetch(_TOTALS[relation].format(last=last or 1))
    return Facts(
        acts=pd.DataFrame(acts).astype({"actor": np.int64, "target": np.int64}),
        accounts=accounts,
        targets=table.drop(columns="pos").assign(owner=owners),
        # Of whom nothing was done to a target nothing can be returned.
        returned=returned.astype(np.int64).merge(did.astype(np.int64)),
        friends=Friends(*friends),
        totals=Totals(*totals),
    )


def _keys(workspace: Workspace, ids: list[str]) -> list[int]:
    """Row numbers of accounts, in the order in which they are named."""
    rows = workspace.fetch(
        "SELECT account_key FROM account_ids JOIN (SELECT unnest(?::VARCHAR[]) AS account_id, "
        "unnest(range(len(?::VARCHAR[]))) AS pos) USING (account_id) ORDER BY pos",
        [ids, ids],
    )
    return [key for (key,) in rows]


def _accounts(workspace: Workspace, relation: str, keys: list[int]) -> pd.DataFrame:
    """What is known of accounts, in the order of their keys as given."""
    table = workspace.sql(
        f"""
        WITH k AS (SELECT unnest(?::INTEGER[]) AS account_key, unnest(range(len(?::INTEGER[]))) AS pos),
             made AS (SELECT src AS account_key, count(*) AS acted FROM ({_PAIRS[relation]})
                      WHERE src IN (SELECT account_key FROM k) GROUP BY src)
        SELECT account_key, account_id, name, region, ip_region, followers::DOUBLE AS followers,
               followings::DOUBLE AS followings, posts::DOUBLE AS posts, created_ts::DOUBLE AS created_ts,
               observed_ts::DOUBLE AS observed_ts, coalesce(acted, 0) AS acted
        FROM k JOIN accounts USING (account_key) LEFT JOIN made USING (account_key) ORDER BY pos
        """,
        [keys, keys],
    ).set_index("account_key")
    said = [table[name].astype(object).where(table[name].notna(), None) for name in ("region", "ip_region")]
    texts = {"region": regions(*said), "name": table["name"].astype(object).where(table["name"].notna(), None)}
    return table.drop(columns="ip_region").assign(**texts)


def verify(workspace: Workspace, case: str | Path) -> Verification:
    """Count every number of a saved case anew from the tables, and say which agree.

    What only the search can say (verdict, score, its null) is compared with the rings that are kept; they are not
    searched again if there are any, old or not.

    Parameters
    ----------
    case : str or Path
        A file that `CaseFile.save` wrote as JSON.

    Raises
    ------
    InputError
        It is no saved case.
    """
    from kolgraph.rings.casefile import case_file
    from kolgraph.rings.verify import read_case, recounted, verification

    saved = read_case(case)
    if saved.relation not in RELATIONS:
        raise UnknownName.among("relation", saved.relation, RELATIONS)
    with workspace.asking(as_is=True):
        found = rings(workspace, relation=saved.asked, max_false=saved.max_false, seed=saved.seed)
    facts = read_facts(workspace, saved.relation, saved.members, saved.targets)
    data = workspace.version_of(_TABLES)
    again = case_file(recounted(saved, found, facts), found, facts, data=data)
    return verification(saved, again)
