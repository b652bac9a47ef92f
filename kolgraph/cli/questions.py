"""The analyses: whom to book, who is bought, how it spread; and the demo and the report, which run them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kolgraph.cli.printing import (
    FORMAT,
    RELATION,
    SEED,
    TOP,
    WORKSPACE,
    WorkspacePath,
    open_workspace,
    printable,
    progress,
    short,
    show,
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("kolgraph-demo"))
@click.option("--accounts", type=click.IntRange(1000, 2_000_000), default=20_000, show_default=True)
@SEED
@click.option("--lang", type=click.Choice(["en", "zh"]), default=None, help="Language of the report; default: both.")
def demo(folder: Path, accounts: int, seed: int, lang: str | None) -> None:
    """Build a sample world in FOLDER, load it from files, run everything, compare with the planted truth."""
    from kolgraph.cli.demo import run_demo

    comparison, reports = run_demo(
        folder, accounts=accounts, seed=seed, languages=(lang,) if lang else ("en", "zh"), progress=progress
    )
    show(comparison, "table")
    for report in reports:
        click.echo(f"report: {report}")


@click.command()
@click.argument("workspace", type=WorkspacePath(path_type=Path), required=False, metavar="WORKSPACE")
@click.option("--by", default="reach", show_default=True, help="Measure; --list shows them all.")
@click.option("--list", "listing", is_flag=True, help="Explain the measures and stop; needs no workspace.")
@click.option("--niche", help="Reach, or pagerank as seen from, the members of this detected niche only.")
@click.option("--region", help="The same for accounts of this declared region.")
@click.option("--near", multiple=True, metavar="ID", help="Pagerank as seen from this account; may be repeated.")
@RELATION
@TOP
@SEED
@FORMAT
def rank(
    workspace: Path | None,
    by: str,
    listing: bool,
    niche: str | None,
    region: str | None,
    near: tuple[str, ...],
    relations: tuple[str, ...],
    top: int,
    seed: int,
    form: str,
) -> None:
    """Rank accounts; by default by the real accounts that a post of theirs reaches."""
    from kolgraph.verbs import run
    from kolgraph.verbs.show import with_names

    if listing:
        import pandas as pd

        from kolgraph.centrality import MEASURES
        from kolgraph.influence import REACH

        rows = [(name, m.en, m.zh, m.cost, m.source) for name, m in {"reach": REACH, **MEASURES}.items()]
        show(pd.DataFrame(rows, columns=["measure", "meaning", "含义", "cost", "source"]), form)
        return
    if workspace is None:
        raise click.UsageError("name a workspace; kolgraph rank --list shows the measures")
    with open_workspace(workspace) as ws, progress(f"ranking by {by}"):
        scores = run.rank(ws, by=by, relations=relations, seed=seed, niche=niche, region=region, near=near)
        table = with_names(ws, scores.top(top))
        if by == "reach":
            # Followers for each real account moved: what a brand pays for and does not get.
            table["inflation"] = table["followers"].astype(float) / table["reach"]
            moved, judged = run.realised(ws).frame(), run.quality(ws).frame()
            table["realised"] = moved["realised"].reindex(table.index)
            table["trend"] = moved["trend"].reindex(table.index)
            table["audience"] = judged["score"].reindex(table.index)
            table["tier"] = judged["tier"].reindex(table.index)
    show(table.reset_index(), form)


@click.command()
@WORKSPACE
@click.argument("account", metavar="ID")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@SEED
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the answer.")
def explain(workspace: Path, account: str, lang: str, seed: int, form: str) -> None:
    """Say everything about one account: influence, audience, problems, whom it reaches and through whom."""
    from kolgraph.verbs.explain import check_up

    with open_workspace(workspace) as ws, progress(f"examining {account}"):
        found = check_up(ws, account, seed=seed)
    if form == "json":
        click.echo(json.dumps(found.plain(), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(map(printable, found.lines(lang))))


@click.command()
@WORKSPACE
@click.argument("accounts", nargs=-1, required=True, metavar="ID...")
@click.option("--pairs", is_flag=True, help="Show how much every two of them share.")
@click.option("--similar", is_flag=True, help="Show whose followers are most like those of the one ID.")
@click.option("--niche", help="Count only members of this detected niche.")
@click.option("--region", help="Count only accounts of this declared region.")
@TOP
@FORMAT
def audience(
    workspace: Path,
    accounts: tuple[str, ...],
    pairs: bool,
    similar: bool,
    niche: str | None,
    region: str | None,
    top: int,
    form: str,
) -> None:
    """Say how many real followers accounts have, how much they overlap, and what they reach together."""
    from kolgraph.verbs import run
    from kolgraph.verbs.show import with_names

    if similar and (len(accounts) > 1 or pairs or niche or region):
        raise click.UsageError("--similar takes one ID and no other option but --top and --format")
    with open_workspace(workspace) as ws, progress("comparing audiences"):
        if similar:
            show(with_names(ws, run.similar(ws, accounts[0]).top(top)).reset_index(), form)
            return
        everybody, real = run.audience(ws, accounts, niche=niche, region=region)
        table = real.frame().rename(columns={"audience": "real"})
        table.insert(0, "known", everybody.frame()["audience"])  # followers that the workspace has seen
        table = with_names(ws, table)
    click.echo(short(real.summary()), err=True)
    show(real.pairs().head(top) if pairs else table.reset_index(), form)


@click.command()
@WORKSPACE
@RELATION
@TOP
@SEED
@FORMAT
def niches(workspace: Path, relations: tuple[str, ...], top: int, seed: int, form: str) -> None:
    """Find niche clusters and name them by their topics."""
    from kolgraph.verbs import run

    with open_workspace(workspace) as ws, progress("finding niches"):
        table = run.niches(ws, relations=relations, seed=seed).summary_frame().head(top)
    show(table.reset_index(), form)


@click.command()
@WORKSPACE
@click.option("--relation", default="follow", show_default=True, help="follow or repost.")
@click.option("--explain", type=int, metavar="RING", help="Print the case file of one ring.")
@SEED
@FORMAT
def rings(workspace: Path, relation: str, explain: int | None, seed: int, form: str) -> None:
    """Expose dense coordinated groups (water army), with evidence."""
    from kolgraph.verbs import run

    with open_workspace(workspace) as ws, progress("searching for rings"):
        found = run.rings(ws, relation=relation, seed=seed)
    if explain is None:
        show(found.frame().reset_index(), form)
    else:
        case = found.explain(explain).splitlines()
        click.echo(json.dumps(case, ensure_ascii=False) if form == "json" else "\n".join(map(printable, case)))


@click.command()
@WORKSPACE
@click.option("--root", help="Show the tree of this root post.")
@TOP
@FORMAT
def spread(workspace: Path, root: str | None, top: int, form: str) -> None:
    """Measure every repost cascade: size, depth, breadth, virality, half-life."""
    from kolgraph.verbs import run

    with open_workspace(workspace) as ws, progress("measuring cascades"):
        found = run.spread(ws)
    click.echo(short(found.summary()), err=True)
    show((found.frame() if root is None else found.nodes(root)).head(top).reset_index(drop=True), form)


@click.command()
@WORKSPACE
@click.option("--budget", type=float, help="CNY in total; never exceeded.")
@click.option("--count", type=click.IntRange(1), help="KOLs at most.")
@click.option("--niche", help="Declared niche of the KOLs.")
@click.option("--region", help="Declared region of the KOLs.")
@click.option("--audience", help="Detected niche of the people to reach.")
@click.option("--audience-region", help="Region of the people to reach.")
@click.option("--must", multiple=True, metavar="ID", help="Book this account in any case; may be repeated.")
@click.option("--never", multiple=True, metavar="ID", help="Do not book this account; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write it: .xlsx, .csv, .json or .parquet.")
@RELATION
@SEED
@FORMAT
def plan(workspace: Path, output: Path | None, form: str, **options: Any) -> None:
    """Choose the KOL combination with the largest real, non-overlapping reach."""
    from kolgraph.errors import InputError
    from kolgraph.results.files import write_table
    from kolgraph.verbs import run
    from kolgraph.verbs.show import with_names

    if options["budget"] is None and options["count"] is None:
        raise InputError("a plan needs a limit: --budget CNY, --count KOLS, or both")
    with open_workspace(workspace) as ws, progress("planning"):
        found = run.plan(ws, **options)
        table = found.frame()
        table = with_names(ws, table.set_index("account_id") if "account_id" in table.columns else table)
    click.echo(short(found.summary()), err=True)
    show(table.reset_index(), form)
    if output is not None:
        click.echo(f"written: {write_table(table, output)}", err=True)


@click.command()
@WORKSPACE
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("report.html"))
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def report(workspace: Path, output: Path, lang: str) -> None:
    """Write one self-contained HTML file with every answer found so far."""
    from kolgraph.report import write_report

    with open_workspace(workspace) as ws, progress("writing the report"):
        write_report(ws, output, lang=lang)
    click.echo(f"report: {output}")


#: What this module adds to the program.
COMMANDS = (demo, rank, explain, audience, niches, rings, spread, plan, report)
