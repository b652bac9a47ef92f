"""The verbs: read a snapshot from the workspace, discount what the rings expose, analyse, store the answer.

The order matters because the answers feed each other: rings first, so that influence and plans count real accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kolgraph.errors import AnalysisError, InputError, UnknownAccount, UnknownName
from kolgraph.graph import Graph

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.influence.audience import Audiences
    from kolgraph.influence.quality import Quality
    from kolgraph.influence.realised import Realised
    from kolgraph.niches import Niches
    from kolgraph.planning import Plan
    from kolgraph.results import Scores
    from kolgraph.rings import Rings
    from kolgraph.spread import Cascades
    from kolgraph.workspace import Workspace

Relations = str | Sequence[str] | Mapping[str, float]


def fake_accounts(workspace: Workspace) -> set[str]:
    """Members of the coordinated rings that were found so far: ids."""
    found = workspace.sql(
        "SELECT DISTINCT a.account_id FROM ring_members m JOIN rings r USING (run_id, ring) JOIN accounts a "
        "USING (account_key) WHERE m.role = 'member' AND r.verdict = 'coordinated'"
    )
    return set(found["account_id"])


def _not_fake(workspace: Workspace, ids: NDArray[np.object_]) -> NDArray[np.float64]:
    """1 for an ordinary account, 0 for a member of a coordinated ring."""
    real, fakes = np.ones(ids.size), fake_accounts(workspace)
    if fakes:
        real[np.isin(ids.astype(str), np.array(sorted(fakes)))] = 0
    return real


def real_audience(
    workspace: Workspace, graph: Graph, *, niche: str | None = None, region: str | None = None
) -> NDArray[np.float64]:
    """Who counts as reached: 1 for an ordinary account, 0 for a ring member or one outside the niche or region.

    Parameters
    ----------
    niche : str, optional
        Label of a detected niche.
    region : str, optional
        Region as declared in the accounts table.

    Returns
    -------
    ndarray of float64, shape (graph.n,)
    """
    ids = graph.ids
    real = _not_fake(workspace, ids)
    if niche is not None:
        members = workspace.sql(
            "SELECT a.account_id FROM community_members JOIN communities c USING (run_id, community) "
            "JOIN accounts a USING (account_key) WHERE c.label = ?",
            [niche],
        )["account_id"]
        if members.empty:
            raise UnknownName.among("niche", niche, workspace.sql("SELECT label FROM communities")["label"])
        real[~np.isin(ids.astype(str), members.to_numpy(str))] = 0
    if region is not None:
        inside = workspace.sql("SELECT account_id FROM accounts WHERE region = ?", [region])["account_id"]
        if inside.empty:
            names = workspace.sql("SELECT DISTINCT region FROM accounts WHERE region IS NOT NULL")["region"]
            raise UnknownName.among("region", region, names)
        real[~np.isin(ids.astype(str), inside.to_numpy(str))] = 0
    return real


def forwarding_graph(workspace: Workspace, *, relations: Relations = "follow") -> tuple[Graph, bool]:
    """Along which edges a post travels, and whether their weights are probabilities.

    They are where there are reposts to learn them from (`kolgraph.influence.observed.forwarding`).
    """
    from kolgraph.influence.observed import forwarding

    graph = Graph.from_workspace(workspace, relations=relations)
    learnt = forwarding(workspace, graph, _not_fake(workspace, graph.ids) == 0)
    return (graph, False) if np.isinf(learnt.strength) else (learnt.graph, True)


def rank(
    workspace: Workspace,
    *,
    by: str = "reach",
    relations: Relations = "follow",
    seed: int = 1,
    niche: str | None = None,
    region: str | None = None,
    near: Iterable[str] = (),
) -> Scores:
    """Score every account by a measure of `kolgraph.influence.MEASURES`, or by ``reach``: real accounts moved per post.

    The answer is stored, unless it is one for a niche, a region or some accounts only.

    Parameters
    ----------
    niche, region : str, optional
        For ``reach``: count only the real members of a detected niche, or of a declared region. For ``pagerank``: as
        seen from them.
    near : ids
        For ``pagerank``: as seen from these accounts.
    """
    from kolgraph.centrality import MEASURES
    from kolgraph.centrality.pagerank import pagerank
    from kolgraph.influence.reach import reach

    near = list(near)
    asked = {"--niche": niche is not None, "--region": region is not None, "--near": bool(near)}
    allowed = {"reach": {"--niche", "--region"}, "pagerank": set(asked)}.get(by, set())
    part = [option for option, said in asked.items() if said]
    if by != "reach" and by not in MEASURES:
        raise UnknownName.among("measure", by, [*MEASURES, "reach"])
    if wrong := [option for option in part if option not in allowed]:
        raise InputError(f"{wrong[0]} means nothing for {by!r}: leave it out")
    if near and len(part) > 1:
        raise InputError("--near names the accounts to start from: leave out --niche and --region")
    if by == "reach":
        graph, learnt = forwarding_graph(workspace, relations=relations)
        targets = real_audience(workspace, graph, niche=niche, region=region)
        scores = reach(graph, targets=targets, probabilities=learnt, seed=seed)
    else:
        graph = Graph.from_workspace(workspace, relations=relations)
        if part:
            start = dict.fromkeys(near, 1.0)
            if not near:
                real = real_audience(workspace, graph, niche=niche, region=region)
                start = dict.fromkeys(graph.ids[real > 0].tolist(), 1.0)
            scores = pagerank(graph, restart=start)
        else:
            scores = MEASURES[by].compute(graph)
    if not part:
        workspace.save(scores)
    return scores


def realised(workspace: Workspace, *, save: bool = True) -> Realised:
    """Count the real accounts that posts did move, per account and over time."""
    from kolgraph.influence.observed import read_moves
    from kolgraph.influence.realised import realised as count

    ids = Graph.from_workspace(workspace).ids
    found = count(ids, *read_moves(workspace), real=_not_fake(workspace, ids))
    if save:
        workspace.save(found)
    return found


def quality(workspace: Workspace, *, save: bool = True) -> Quality:
    """Judge the audience of every account."""
    from kolgraph.influence.observed import read_engaged, read_follow_times, read_profiles
    from kolgraph.influence.quality import quality as judge
    from kolgraph.settings import tiers

    graph = Graph.from_workspace(workspace)
    real = _not_fake(workspace, graph.ids)
    found = judge(
        graph,
        read_profiles(workspace),
        tiers=tiers(),
        fake=real == 0,
        since=read_follow_times(workspace),
        engaged=read_engaged(workspace, graph.n, real),
    )
    if save:
        workspace.save(found)
    return found


def audience(
    workspace: Workspace, accounts: Sequence[str], *, niche: str | None = None, region: str | None = None
) -> tuple[Audiences, Audiences]:
    """Followers of some accounts and how they overlap: all of them, and the real ones.

    Parameters
    ----------
    niche, region : str, optional
        Of the real ones count only the members of a detected niche, or of a declared region.
    """
    from kolgraph.influence import audiences

    graph = Graph.from_workspace(workspace, relations="follow")
    real = real_audience(workspace, graph, niche=niche, region=region)
    return audiences(graph, accounts), audiences(graph, accounts, real=real)


def similar(workspace: Workspace, account: str) -> Scores:
    """Accounts whose real followers are those of one account."""
    from kolgraph.influence import lookalikes

    graph = Graph.from_workspace(workspace, relations="follow")
    return lookalikes(graph, account, real=real_audience(workspace, graph))


def topics(workspace: Workspace) -> pd.DataFrame:
    """How often each account wrote about each topic: account_id, topic, n."""
    return workspace.sql(
        "SELECT a.account_id, topic, count(*) AS n FROM (SELECT author, unnest(topics) AS topic FROM posts) "
        "JOIN accounts a ON a.account_key = author GROUP BY ALL ORDER BY ALL"
    )


def niches(workspace: Workspace, *, relations: Relations = "follow", seed: int = 1) -> Niches:
    """Find niche clusters and label them by what their members write about."""
    from kolgraph.niches import find_niches

    found = find_niches(Graph.from_workspace(workspace, relations=relations), seed=seed, topics=topics(workspace))
    workspace.save(found)
    return found


def rings(workspace: Workspace, *, relation: str = "follow", seed: int = 1) -> Rings:
    """Find coordinated groups among followers, or among those who repost the same posts (``relation="repost"``)."""
    from kolgraph.rings import find_repost_rings, find_rings

    if relation == "follow":
        found = find_rings(Graph.from_workspace(workspace), seed=seed)
    elif relation == "repost":
        rows = workspace.sql(
            "SELECT a.account_id, r.root_id, d.account_id AS author FROM reposts r "
            "JOIN accounts a ON a.account_key = r.src LEFT JOIN accounts d ON d.account_key = r.dst "
            "WHERE r.root_id IS NOT NULL ORDER BY ALL"
        )
        # The authors tell an army with many customers from the fans of one idol, who repost together as well.
        authors = rows["author"].astype(object).where(rows["author"].notna(), None)
        found = find_repost_rings(
            rows["account_id"].to_numpy(object), rows["root_id"].to_numpy(object), authors.to_numpy(), seed=seed
        )
    else:
        raise UnknownName.among("relation", relation, ("follow", "repost"))
    workspace.save(found)
    return found


def spread(workspace: Workspace, *, since: int | None = None, until: int | None = None) -> Cascades:
    """Measure every repost cascade, with and without the accounts of coordinated rings."""
    from kolgraph.spread import measure_cascades, read_cascades

    rows = read_cascades(workspace, since=since, until=until)
    if rows.empty:
        raise AnalysisError(f"{workspace.path}: no reposts yet; load some with kolgraph load")
    found = measure_cascades(rows, fake=fake_accounts(workspace))
    workspace.save(found)
    return found


def candidates(
    workspace: Workspace, *, niche: str | None = None, region: str | None = None, max_price: float | None = None
) -> dict[str, float]:
    """Accounts that can be booked (they have a price): id -> price in CNY."""
    conditions, values = ["price_cny IS NOT NULL"], list[Any]()
    for condition, value in (("niche = ?", niche), ("region = ?", region), ("price_cny <= ?", max_price)):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    found = workspace.sql(
        f"SELECT account_id, price_cny::DOUBLE AS price FROM accounts WHERE {' AND '.join(conditions)} ORDER BY 1",
        values,
    )
    if found.empty:
        raise AnalysisError(
            "no account with a price fits; load a price list (account, price_cny), or widen niche, region or price"
        )
    return dict(zip(found["account_id"], found["price"], strict=True))


def plan(
    workspace: Workspace,
    *,
    budget: float | None = None,
    count: int | None = None,
    niche: str | None = None,
    region: str | None = None,
    audience: str | None = None,
    audience_region: str | None = None,
    must: Iterable[str] = (),
    never: Iterable[str] = (),
    relations: Relations = "follow",
    seed: int = 1,
) -> Plan:
    """Choose the KOL combination with the largest real, non-overlapping reach.

    Parameters
    ----------
    budget : float, optional
        CNY in total; never exceeded.
    count : int, optional
        KOLs at most; a budget, a count or both.
    niche, region : str, optional
        Of the KOLs that may be chosen, as declared.
    audience, audience_region : str, optional
        Of the people to reach: a detected niche, a declared region.
    must, never : ids
    """
    from kolgraph.planning import plan as choose
    from kolgraph.planning import sample_pool

    graph, learnt = forwarding_graph(workspace, relations=relations)
    must = list(must)
    prices = candidates(workspace, niche=niche, region=region)
    if missing := [account for account in must if account not in prices]:
        everyone = candidates(workspace)
        if unpriced := [account for account in missing if account not in everyone]:
            raise UnknownAccount.among(unpriced, "the price list")
        prices |= {account: everyone[account] for account in missing}
    targets = real_audience(workspace, graph, niche=audience, region=audience_region)
    found = choose(
        sample_pool(graph, targets=targets, probabilities=learnt, seed=seed),
        candidates=prices,
        budget_cny=budget,
        count=count,
        must=must,
        never=list(never),
    )
    workspace.save(found)
    return found
