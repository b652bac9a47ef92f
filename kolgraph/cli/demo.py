"""The demo: a sample world goes through the whole house, and the answers meet the planted truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import EnvironmentProblem, InputError, reason
from kolgraph.graph import Graph
from kolgraph.targets import TABLES, check
from kolgraph.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.synth import World

Progress = Callable[[str], AbstractContextManager[object]]
PLATFORM = "weibo"
#: Marks a folder as made by the demo: only in such a folder a demo takes the place of an older one.
MARK = ".kolgraph-demo"
#: The workspace of the demo, what is loaded into it, and the languages of its reports.
SAMPLE = "sample.kol"
KINDS = ("accounts", "follows", "posts", "reposts")
LANGUAGES = ("en", "zh")
#: What a campaign may cost in the demo, CNY.
BUDGET = 60_000.0


def run_demo(
    folder: Path, *, accounts: int, seed: int, languages: Sequence[str], progress: Progress
) -> tuple[pd.DataFrame, list[Path]]:
    """Build a world, load it through the loaders, run every analysis, write the reports.

    Returns
    -------
    comparison : DataFrame
        One row per question: what was found, what was planted, and how well they agree.
    reports : list of Path
        One HTML file per language.
    """
    from kolgraph.synth import make_world

    _make_room(folder)
    with progress(f"building a sample world of {accounts:,} accounts"):
        world = make_world(accounts, seed=seed)
        files = world.write(folder / "files")
    with Workspace.open(folder / SAMPLE, create=True) as ws:
        for kind in KINDS:
            with progress(f"loading {files[kind].name}"):
                report = ws.load(files[kind], platform=PLATFORM)
        del report
        ws.progress = progress
        rings = {relation: ws.rings(relation=relation) for relation in ("follow", "repost")}
        niches, reach, cascades = ws.niches(), ws.rank(by="reach"), ws.spread()
        for by in ("in_degree", "pagerank", "core"):
            ws.rank(by=by)
        plan = ws.plan(budget=BUDGET)
        with progress("publishing to the embedded graph database"):
            published = ws.publish()
        comparison = _compare(world, ws, rings, niches, reach, cascades, plan, published)
        reports = []
        for lang in languages:
            with progress(f"writing the report ({lang})"):
                reports.append(ws.report(folder / f"report.{lang}.html", lang=lang))
    return comparison, reports


def _make_room(folder: Path) -> None:
    """Take an older demo away, and nothing else: what somebody put beside it or loaded into it stays."""
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).exists():
                raise InputError(f"{folder}: holds files that the demo did not make; name a new folder")
            _take_away(folder)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / MARK).touch()
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be written ({reason(error)}); name another folder") from error


def _take_away(folder: Path) -> None:
    reports = [report for lang in LANGUAGES if (report := folder / f"report.{lang}.html").exists()]
    for report in reports:
        check(report)
    if (folder / SAMPLE / TABLES).exists():
        with Workspace.open(folder / SAMPLE) as ws:
            loaded = {entry.file for entry in ws.ledger()}
        ours = {str(folder / "files" / f"{kind}.csv") for kind in KINDS}
        if strange := sorted(loaded - ours):
            raise InputError(f"{folder / SAMPLE}: {strange[0]} was loaded into it too; name a new folder for the demo")
        shutil.rmtree(folder / SAMPLE)
    for report in reports:
        report.unlink()


def _ids(native: pd.Series) -> set[str]:
    return {f"{PLATFORM}:{x}" for x in native}


def _compare(
    world: World, ws: Workspace, rings: Any, niches: Any, reach: Any, cascades: Any, plan: Any, published: Any
) -> pd.DataFrame:
    import pandas as pd

    truth = world.truth
    rows = [
        _loaded(world, ws),
        *(_ring(truth, relation, found) for relation, found in rings.items()),
        _niches(truth, niches),
        _bought(truth, ws),
        _proven(truth, ws),
        _reach(truth, ws, reach),
        *_spread(truth, cascades),
        _plan(ws, plan),
        (
            "accounts in the graph database",
            f"{published.counts['Account']:,}",
            f"{len(world.accounts):,}",
            "equal" if published.counts["Account"] == len(world.accounts) else "DIFFERENT",
        ),
    ]
    return pd.DataFrame(rows, columns=["question", "found", "planted", "agreement"])


Row = tuple[str, str, str, str]


def _loaded(world: World, ws: Workspace) -> Row:
    written = len(world.accounts) + len(world.follows) + len(world.posts) + len(world.reposts)
    counts = ws.sql("SELECT sum(accepted)::BIGINT AS ok, sum(rejected)::BIGINT AS bad FROM batches").iloc[0]
    agreement = "equal" if counts.ok == written else f"{written - counts.ok:,} missing"
    return "rows accepted", f"{counts.ok:,}", f"{written:,}", agreement


def _ring(truth: Any, relation: str, rings: Any) -> Row:
    planted = _ids(truth["rings"].query("role == 'member'")["account"])
    fans = _ids(truth["fan_clubs"]["account"]) - planted
    found = set(rings.accounts())
    hit = len(planted & found)
    coordinated = sum(ring.verdict == "coordinated" for ring in rings.rings)
    return (
        f"water-army accounts, by {relation}s",
        f"{len(found):,} in {coordinated} rings",
        f"{len(planted):,} in {truth['rings']['ring'].nunique()} rings",
        f"precision {hit / max(len(found), 1):.3f}, recall {hit / len(planted):.3f}; "
        f"fans accused: {len(found & fans)} of {len(fans):,}",
    )


#: Accounts whose influence is compared with the planted one.
_BEST = 20


def _simulated(truth: Any, ws: Workspace, ids: Any, rows: Any) -> Any:
    """Real accounts that a post moves, its author among them: forward simulation with the planted probabilities."""
    from kolgraph.kernels.rrsets import simulate

    into = Graph.from_workspace(ws).incoming
    real = np.isin(ids, list(_ids(truth["real"].query("is_real")["account"]))).astype(np.float64)
    p = truth["probabilities"].assign(account=PLATFORM + ":" + truth["probabilities"]["account"])
    weight = p.set_index("account")["p_repost"].reindex(ids).to_numpy(np.float32)[into.idx]
    one, rows = np.ones(ids.size), rows.astype(np.int32)
    runs = (simulate(into.ptr, into.idx, weight, one, real, rows[i : i + 1], 2000, i) for i in range(rows.size))
    return np.array([run.mean() for run in runs])


def _proven(truth: Any, ws: Workspace) -> Row:
    """What the next posts of the best move, against what is planted, and how often their interval holds it."""
    found = ws.proven()
    rows = np.argsort(-np.nan_to_num(found.values), kind="stable")[:_BEST]
    planted = _simulated(truth, ws, found.ids, rows) - 1  # the author does not repost
    inside = int(((found.low[rows] <= planted) & (planted <= found.high[rows])).sum())
    error = float(np.median(np.abs(found.values[rows] / planted - 1)))
    return (
        f"real reposters of a next post, {_BEST} best (mean)",
        f"{found.values[rows].mean():,.1f}",
        f"{planted.mean():,.1f}",
        f"median error {error:.1%}; {inside} of {_BEST} intervals hold it",
    )


def _reach(truth: Any, ws: Workspace, reach: Any) -> Row:
    """Reach of the best accounts against what is planted."""
    rows = np.argsort(-reach.values, kind="stable")[:_BEST]
    planted = _simulated(truth, ws, reach.ids, rows)
    error = float(np.median(np.abs(reach.values[rows] / planted - 1)))
    return (
        f"real reach of the {_BEST} best accounts (mean)",
        f"{reach.values[rows].mean():,.1f}",
        f"{planted.mean():,.1f}",
        f"median error {error:.1%}; fans of idols forward more than planted",
    )


def _niches(truth: Any, niches: Any) -> Row:
    from sklearn.metrics import adjusted_mutual_info_score

    planted = truth["niches"].assign(account=PLATFORM + ":" + truth["niches"]["account"]).set_index("account")["niche"]
    found = niches.frame()["community"].reindex(planted.index)
    score = adjusted_mutual_info_score(planted.to_numpy(), found.fillna(-1).to_numpy())
    labels = ", ".join(niches.summary_frame()["label"].head(3))
    count = int((niches.summary_frame()["size"] >= 50).sum())
    return (
        "niches",
        f"{count} with 50+ members: {labels}, ...",
        f"{planted.nunique()}",
        f"mutual information {score:.2f}",
    )


def _bought(truth: Any, ws: Workspace) -> Row:
    """Share of each client's followers that the rings explain, against the share that was bought."""
    found = ws.sql(
        "WITH fake AS (SELECT DISTINCT m.account_key FROM ring_members m JOIN rings r USING (run_id, ring) "
        "WHERE m.role = 'member' AND r.verdict = 'coordinated') "
        "SELECT a.account_id, avg((src IN (SELECT account_key FROM fake))::INT) AS share "
        "FROM follows JOIN accounts a ON a.account_key = dst GROUP BY ALL"
    ).set_index("account_id")["share"]
    bought = truth["bought"].assign(account=PLATFORM + ":" + truth["bought"]["account"]).set_index("account")
    planted = bought["bought_share"].astype(float)
    error = float(np.abs(found.reindex(planted.index).fillna(0) - planted).mean())
    return (
        "bought share of followers (mean over clients)",
        f"{found.reindex(planted.index).mean():.1%}",
        f"{planted.mean():.1%}",
        f"mean error {error:.1%}",
    )


def _spread(truth: Any, cascades: Any) -> list[Row]:
    planted = truth["cascades"]
    sizes = planted.groupby("root").size() + 1
    depths = planted.groupby("root")["depth"].max()
    frame = cascades.frame()
    frame = frame.set_index("root_id") if "root_id" in frame.columns else frame
    roots = [f"{PLATFORM}:{root}" for root in sizes.index]
    same = (frame["size"].reindex(roots).to_numpy() == sizes.to_numpy()) & (
        frame["depth"].reindex(roots).to_numpy() == depths.to_numpy()
    )
    top = frame.iloc[0]
    name = frame.index[0].partition(":")[2]
    return [
        (
            "repost trees of the right size and depth",
            f"{int(same.sum()):,}",
            f"{len(roots):,}",
            f"{same.mean():.1%}",
        ),
        (
            "largest cascade: reposts, depth",
            f"{int(top['size']) - 1:,}, {int(top['depth'])}",
            f"{int(sizes.max()) - 1:,}, {int(depths.loc[name])}",
            f"{int(top['size']) - int(top['real_size']):,} of them from rings",
        ),
    ]


def _plan(ws: Workspace, plan: Any) -> Row:
    """The plan against what everybody does: book the accounts with the most followers until the money is gone."""
    wanted = ws.sql("SELECT account_id, price_cny::DOUBLE AS price FROM accounts WHERE price_cny IS NOT NULL "
                    "ORDER BY followers DESC, account_id")  # fmt: skip
    money = BUDGET
    naive: list[str] = []
    for account, price in zip(wanted["account_id"], wanted["price"], strict=True):
        if price <= money:
            naive.append(account)
            money -= price
    other = float(plan.compare(naive)["reach"].iloc[-1])
    return (
        f"real reach of a plan for {BUDGET:,.0f} CNY",
        f"{plan.reach:,.0f} ({plan.low:,.0f}-{plan.high:,.0f})",
        f"{other:,.0f} when booking by followers",
        f"{plan.reach / other:.2f} times; certificate {plan.certificate:.2f}",
    )
