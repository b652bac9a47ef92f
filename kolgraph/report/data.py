"""What the report says, as frames: every number is read from the tables of a workspace, none is computed anew.

A function returns None when its analysis has not been run. Lists are cut here, in SQL, so that a report stays small for
any size of workspace.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kolgraph.influence.quality import GROWTH, LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

TOP = 20
#: Beyond this share of coordinated followers an account is flagged: here as everywhere.
RING_SHARE_FLAG = LIMITS["ring_share"]

#: Members of coordinated rings: fan clubs are never accused.
_BAD = """
bad AS (SELECT DISTINCT m.account_key AS key FROM ring_members m JOIN rings r ON r.run_id = m.run_id AND r.ring = m.ring
        WHERE m.role = 'member' AND r.verdict = 'coordinated')"""
_LINKS = """
links AS (SELECT src, dst FROM follows UNION ALL SELECT src, dst FROM reposts WHERE dst IS NOT NULL)"""
_NAME = "coalesce(a.name, a.account_id)"
#: The measure that accounts are compared by: what is proven, and modelled reach where of nobody anything is.
_HEADLINE = """(SELECT CASE WHEN count(*) > 0 THEN 'proven' ELSE 'reach' END FROM scores
        WHERE measure = 'proven' AND isfinite(value))"""
#: What is odd in the growth of ``a``: codes, nothing, or NULL where nothing is known of it.
_FAST = " OR ".join(f"(g.measure = '{name}' AND g.value > {LIMITS[name]})" for name in GROWTH)
_GROWN = f"""
(SELECT CASE WHEN count(*) > 0 THEN coalesce(string_agg(g.measure, ',' ORDER BY g.measure) FILTER ({_FAST}), '') END
 FROM scores g WHERE g.account_key = a.account_key AND g.measure IN {GROWTH}) AS growth"""


class Tables(Protocol):
    """The part of a `Workspace` a report needs."""

    @property
    def path(self) -> Path:
        """The folder."""

    def sql(self, query: str, params: Sequence[object] = ()) -> pd.DataFrame:
        """The answer of a SELECT."""


@dataclass(frozen=True)
class Health:
    """What went in: ``totals`` is one row of counts, ``files`` the ledger, ``rejects`` the first rejected rows."""

    totals: dict[str, Any]
    files: pd.DataFrame
    rejects: pd.DataFrame


@dataclass(frozen=True)
class Niches:
    """Niches, their top accounts, the links among those, the links between niches, and how many are not listed."""

    table: pd.DataFrame
    accounts: pd.DataFrame
    links: pd.DataFrame
    ties: pd.DataFrame
    more: int


@dataclass(frozen=True)
class Rings:
    """Coordinated groups and fan clubs; who pushes whom in the largest group; and the sum over all groups."""

    coordinated: pd.DataFrame
    clubs: pd.DataFrame
    totals: dict[str, Any]
    largest: dict[str, Any]
    incidence: pd.DataFrame
    targets: pd.DataFrame


@dataclass(frozen=True)
class Cascade:
    """The largest cascade: its row of measures, all its posts, the strongest relays, reposts by slices of time."""

    measures: dict[str, Any]
    nodes: pd.DataFrame
    relays: pd.DataFrame
    slices: pd.DataFrame


@dataclass(frozen=True)
class Plan:
    """The picks in order, and the manifest of the plan.

    Of the summary the report uses ``reach``, ``low``, ``high`` (people), ``spent_cny``, ``certificate`` (share of
    the best possible) and ``upper_bound`` (the most any choice can reach), of the parameters ``budget_cny``; each is
    left out of the text where it is missing.
    """

    picks: pd.DataFrame
    summary: dict[str, Any]
    parameters: dict[str, Any]


def _first(frame: pd.DataFrame) -> dict[str, Any]:
    """The only row, with None for what is missing."""
    return {k: None if v != v else v for k, v in frame.iloc[0].to_dict().items()}


def _latest(tables: Tables, table: str) -> str | None:
    """The newest run with rows in a result table; equal times in order of the id."""
    found = tables.sql(
        f"SELECT t.run_id FROM (SELECT DISTINCT run_id FROM {table}) t LEFT JOIN runs USING (run_id)"
        " ORDER BY made_ts DESC NULLS LAST, run_id LIMIT 1"
    )
    return None if found.empty else str(found["run_id"].iloc[0])


def health(tables: Tables) -> Health:
    """Rows per file, the first rejects, relations, share of known parents, time span."""
    totals = tables.sql(
        """
        WITH times AS (SELECT created_ts AS ts FROM posts UNION ALL SELECT ts FROM reposts
                       UNION ALL SELECT ts FROM mentions UNION ALL SELECT since_ts FROM follows)
        SELECT (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM follows) AS follows,
               (SELECT count(*) FROM reposts) AS reposts, (SELECT count(*) FROM mentions) AS mentions,
               (SELECT count(*) FROM posts) AS posts,
               (SELECT avg((parent_id IS NOT NULL)::INT) FROM reposts) AS parents,
               (SELECT min(ts) FROM times) AS start, (SELECT max(ts) FROM times) AS stop
        """
    )
    files = tables.sql("SELECT file, rows_read, accepted, merged, rejected FROM batches ORDER BY batch")
    rejects = tables.sql(
        "SELECT file, line, column_name, value AS bad, message FROM rejects ORDER BY batch, line, column_name LIMIT 10"
    )
    # Folders of the machine that loaded the file are nobody's business.
    for frame in (files, rejects):
        frame["file"] = [Path(str(name).replace("\\", "/")).name for name in frame["file"]]
    return Health(_first(totals), files, rejects)


def influence(tables: Tables) -> pd.DataFrame | None:
    """Accounts by real influence, best first; what posts did move, followers as shown, and what is wrong with them.

    ``measure`` says by what: ``proven``, or ``reach`` where of no account anything is proven.
    """
    found = tables.sql(
        f"""
        WITH top AS (SELECT account_key AS key, measure, value, low, high FROM scores
                     WHERE measure = {_HEADLINE} AND isfinite(value)
                     ORDER BY value DESC, account_key LIMIT {TOP})
        SELECT {_NAME} AS name, a.account_id, top.measure, top.value, top.low, top.high, modelled.value AS modelled,
               moved.value AS realised, a.followers,
               CASE WHEN top.value > 0 AND a.followers > 0 THEN a.followers / top.value END AS inflation,
               judged.value AS score,
               {_GROWN}, bought.value AS ring_share, coalesce(bought.value > {RING_SHARE_FLAG}, false) AS flag
        FROM top LEFT JOIN accounts a ON a.account_key = top.key
        LEFT JOIN scores modelled ON modelled.account_key = top.key AND modelled.measure = 'reach'
        LEFT JOIN scores moved ON moved.account_key = top.key AND moved.measure = 'realised'
        LEFT JOIN scores judged ON judged.account_key = top.key AND judged.measure = 'audience_score'
        LEFT JOIN scores bought ON bought.account_key = top.key AND bought.measure = 'ring_share'
        ORDER BY top.value DESC, top.key
        """
    )
    return None if found.empty else found


def niches(tables: Tables, *, listed: int = 24, inside: int = 120) -> Niches | None:
    """The largest niches, and what a map of them needs."""
    run = _latest(tables, "communities")
    if run is None:
        return None
    table = tables.sql(
        f"SELECT community, label, size, internal_share, stability FROM communities WHERE run_id = ? AND community >= 0"
        f" ORDER BY size DESC, community LIMIT {listed}",
        [run],
    )
    many = tables.sql("SELECT count(*) AS n FROM communities WHERE run_id = ? AND community >= 0", [run])
    chosen = "SELECT community FROM communities WHERE run_id = ? AND community >= 0 ORDER BY size DESC, community"
    chosen += f" LIMIT {listed}"
    accounts = tables.sql(
        f"""
        WITH ranked AS (
            SELECT m.account_key, m.community, {_NAME} AS name, a.followers, s.value,
                   row_number() OVER (PARTITION BY m.community ORDER BY s.value DESC NULLS LAST,
                                      a.followers DESC NULLS LAST, m.account_key) AS place
            FROM community_members m JOIN accounts a USING (account_key)
            LEFT JOIN scores s ON s.account_key = m.account_key AND s.measure = {_HEADLINE}
            WHERE m.run_id = ? AND m.community IN ({chosen}))
        SELECT * FROM ranked WHERE place <= {inside} ORDER BY community, place
        """,
        [run, run],
    )
    # Keys are whole numbers of ours, made by the database itself, so they can stand in the text.
    keys = ", ".join(str(int(k)) for k in accounts["account_key"]) or "NULL"
    links = tables.sql(
        f"WITH {_LINKS} SELECT DISTINCT src, dst FROM links WHERE src IN ({keys}) AND dst IN ({keys}) AND src <> dst"
        " ORDER BY src, dst"
    )
    ties = tables.sql(
        f"""
        WITH {_LINKS},
        mine AS (SELECT account_key, community FROM community_members WHERE run_id = ? AND community >= 0)
        SELECT least(x.community, y.community) AS a, greatest(x.community, y.community) AS b, count(*) AS edges
        FROM links JOIN mine x ON x.account_key = src JOIN mine y ON y.account_key = dst
        WHERE x.community <> y.community GROUP BY ALL ORDER BY edges DESC, a, b LIMIT 48
        """,
        [run],
    )
    stars = accounts[accounts["place"] == 1].set_index("community")["name"]
    table["label"] = table["label"].where(table["label"].notna(), "#" + table["community"].astype(str))
    table["star"] = table["community"].map(stars)
    return Niches(table, accounts, links, ties, int(many["n"].iloc[0]) - len(table))


def rings(tables: Tables) -> Rings | None:
    """All groups with their evidence, and who pushes whom in the coordinated one with the most members."""
    if tables.sql("SELECT 1 FROM runs WHERE analysis = 'rings' UNION ALL SELECT 1 FROM rings LIMIT 1").empty:
        return None
    # A group that shows in two relations has one number: it is told once, by what shows most of it.
    every = tables.sql(
        "SELECT * FROM rings QUALIFY row_number() OVER (PARTITION BY ring ORDER BY bits DESC, run_id) = 1 "
        "ORDER BY bits DESC, run_id, ring"
    )
    guilty = every["verdict"] == "coordinated"
    totals = _first(
        tables.sql(
            f"""
            WITH {_BAD} SELECT (SELECT count(*) FROM bad) AS members,
            (SELECT avg((src IN (SELECT key FROM bad))::INT) FROM follows) AS share
            """
        )
    )
    coordinated = every[guilty]
    largest = coordinated.sort_values(["n_members", "bits"], ascending=False, kind="stable").head(1)
    where = [] if largest.empty else [str(largest["run_id"].iloc[0]), int(largest["ring"].iloc[0])]
    return Rings(
        coordinated.head(TOP),
        every[~guilty].head(TOP),
        totals | {"rings": len(coordinated), "clubs": int((~guilty).sum())},
        {} if largest.empty else _first(largest),
        _incidence(tables, where),
        _targets(tables, where),
    )


_CASE = "c AS (SELECT account_key, post_id, role, edges FROM ring_members WHERE run_id = ? AND ring = ?)"


def _incidence(tables: Tables, ring: list[object]) -> pd.DataFrame:
    """Pairs of member and target that really acted, whatever the relation; targets are accounts or posts."""
    return tables.sql(
        f"""
        WITH {_CASE}, m AS (SELECT account_key FROM c WHERE role = 'member' ORDER BY edges DESC, account_key LIMIT 400),
        t AS (SELECT account_key, post_id FROM c WHERE role = 'target'
              ORDER BY edges DESC, account_key, post_id LIMIT 400),
        relation AS (SELECT relation FROM rings WHERE run_id = ? AND ring = ?),
        acts AS (SELECT src, dst, NULL AS post_id FROM follows WHERE 'follow' IN (FROM relation)
                 UNION SELECT src, dst, NULL FROM mentions WHERE 'mention' IN (FROM relation)
                 UNION SELECT src, dst, NULL FROM reposts WHERE 'repost' IN (FROM relation)
                 UNION SELECT src, NULL, root_id FROM reposts WHERE root_id IN (SELECT post_id FROM t)
                 UNION SELECT src, NULL, parent_id FROM reposts WHERE parent_id IN (SELECT post_id FROM t)),
        pairs AS (SELECT acts.src, acts.dst::VARCHAR AS target, acts.dst AS account_key FROM acts
                  JOIN t ON t.account_key = acts.dst
                  UNION SELECT acts.src, acts.post_id, p.author FROM acts JOIN t ON t.post_id = acts.post_id
                  LEFT JOIN posts p ON p.post_id = acts.post_id)
        SELECT p.src AS member, p.target, {_NAME} AS member_name,
               coalesce(b.name, b.account_id, p.target) AS target_name
        FROM pairs p JOIN m ON m.account_key = p.src JOIN accounts a ON a.account_key = p.src
        LEFT JOIN accounts b ON b.account_key = p.account_key ORDER BY p.src, p.target
        """,
        [*ring, *ring] if ring else [None, None, None, None],
    )


def _targets(tables: Tables, ring: list[object]) -> pd.DataFrame:
    """The targets with the most members behind them: who profits, wittingly or not."""
    return tables.sql(
        f"""
        WITH {_CASE} SELECT coalesce(a.name, a.account_id, w.name, w.account_id, c.post_id) AS target, c.post_id,
               c.edges AS pushed, c.edges / nullif((SELECT count(*) FROM c WHERE role = 'member'), 0) AS of_members,
               coalesce(a.followers, w.followers) AS followers
        FROM c LEFT JOIN accounts a USING (account_key) LEFT JOIN posts p ON p.post_id = c.post_id
        LEFT JOIN accounts w ON w.account_key = p.author
        WHERE c.role = 'target' ORDER BY c.edges DESC, c.account_key, c.post_id LIMIT 10
        """,
        ring or [None, None],
    )


def cascade(tables: Tables) -> Cascade | None:
    """The cascade with the most reposts."""
    run = _latest(tables, "cascades")
    if run is None:
        return None
    row = tables.sql(
        f"""
        WITH {_BAD} SELECT c.*, {_NAME} AS name, p.text, c.size - 1 AS reposts,
               c.real_size - coalesce(c.account_key NOT IN (SELECT key FROM bad), true)::INT AS real_reposts
        FROM cascades c
        LEFT JOIN accounts a ON a.account_key = c.account_key LEFT JOIN posts p ON p.post_id = c.root_id
        WHERE c.run_id = ? ORDER BY c.size DESC, c.root_id LIMIT 1
        """,
        [run],
    )
    measures = _first(row)
    nodes = tables.sql(
        f"""
        WITH {_BAD} SELECT n.post_id, n.parent_id, n.depth, n.subtree, n.children, n.delay_s, {_NAME} AS name,
               coalesce(n.account_key IN (SELECT key FROM bad), false) AS ring
        FROM cascade_nodes n LEFT JOIN accounts a ON a.account_key = n.account_key
        WHERE n.run_id = ? AND n.root_id = ? ORDER BY n.depth, n.post_id
        """,
        [run, measures["root_id"]],
    )
    relays = nodes[nodes["depth"] > 0].sort_values(["subtree", "post_id"], ascending=[False, True]).head(10)
    reposts = max(int((nodes["depth"] > 0).sum()), 1)
    relays = relays[["name", "depth", "delay_s"]].assign(
        caused=relays["subtree"] - 1, of_all=(relays["subtree"] - 1) / reposts, coordinated=relays["ring"]
    )
    return Cascade(measures, nodes, relays[relays["caused"] > 0], _slices(nodes))


def _slices(nodes: pd.DataFrame, parts: int = 10) -> pd.DataFrame:
    """Reposts in equal slices of the time in which 98 % of them came, and one more row for the late ones."""
    import numpy as np
    import pandas as pd

    reposts = nodes[(nodes["depth"] > 0) & nodes["delay_s"].notna()]
    if reposts.empty:
        return pd.DataFrame(columns=["begin", "end", "real", "fake"])
    delay, ring = reposts["delay_s"].to_numpy(float), reposts["ring"].to_numpy(bool)
    edges = np.linspace(0, max(float(np.quantile(delay, 0.98)), 60.0), parts + 1)
    place = np.clip(np.searchsorted(edges, delay, side="right") - 1, 0, parts)
    counts = {key: np.bincount(place[chosen], minlength=parts + 1) for key, chosen in (("real", ~ring), ("fake", ring))}
    return pd.DataFrame({"begin": edges, "end": [*edges[1:], delay.max()]} | counts)


def plan(tables: Tables) -> Plan | None:
    """The newest plan."""
    run = _latest(tables, "plans")
    if run is None:
        return None
    picks = tables.sql(
        f"""
        SELECT p.position, {_NAME} AS name, a.account_id, a.niche, coalesce(p.price_cny, a.price_cny) AS price_cny,
               p.own_reach, p.marginal_reach, p.reach,
               CASE WHEN p.own_reach > 0 THEN greatest(1 - p.marginal_reach / p.own_reach, 0) END AS overlap,
               CASE WHEN p.marginal_reach > 0
                    THEN coalesce(p.price_cny, a.price_cny) / p.marginal_reach END AS unit_price, {_GROWN}
        FROM plans p LEFT JOIN accounts a ON a.account_key = p.account_key WHERE p.run_id = ? ORDER BY p.position
        """,
        [run],
    )
    picks["position"] = range(1, len(picks) + 1)  # people count from one
    manifest = tables.sql("SELECT summary, parameters FROM runs WHERE run_id = ?", [run])
    summary, parameters = (_object(manifest, column) for column in ("summary", "parameters"))
    return Plan(picks, summary, parameters)


def manifests(tables: Tables) -> pd.DataFrame:
    """How every answer that is shown was made: not what else was asked, or the page would depend on it."""
    return tables.sql(
        "SELECT analysis, variant, parameters, seed, graph, version, made_ts FROM runs WHERE tabled"
        " ORDER BY analysis, variant, run_id"
    )


def _object(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """The JSON object in the first row of a column; nothing where there is none."""
    found = json.loads(frame[column].iloc[0] or "{}") if len(frame) else {}
    return found if isinstance(found, dict) else {}
