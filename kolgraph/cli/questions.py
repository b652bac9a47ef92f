"""The analyses: whom to book, who is bought, how it spread; and the demo and the report, which run them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kolgraph.cli.cases import show_case, show_verification, write
from kolgraph.cli.printing import (
    FORMAT,
    RAW,
    RELATION,
    SEED,
    TOP,
    WORKSPACE,
    Seconds,
    WorkspacePath,
    modes,
    open_workspace,
    place,
    plain_rows,
    printable,
    progress,
    short,
    show,
    show_json,
    stands_on,
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("kolgraph-demo"))
@click.option("--accounts", type=click.IntRange(1000, 2_000_000), default=20_000, show_default=True)
@SEED
@click.option("--lang", type=click.Choice(["en", "zh"]), default=None, help="Language of the report; default: both.")
def demo(folder: Path, accounts: int, seed: int, lang: str | None) -> None:
    """Build a sample world in FOLDER, load it from files, run everything, compare with the planted truth."""
    from kolgraph.cli.demo import LANGUAGES, run_demo

    comparison, reports = run_demo(
        folder, accounts=accounts, seed=seed, languages=(lang,) if lang else LANGUAGES, progress=progress
    )
    show(comparison, "table")
    for report in reports:
        click.echo(f"report: {place(report)}")


@click.command()
@click.argument("workspace", type=WorkspacePath(path_type=Path), required=False, metavar="WORKSPACE")
@click.option("--by", help="Measure; --list shows them all. Default: proven; reach where no posts are known.")
@click.option("--list", "listing", is_flag=True, help="Explain the measures and stop; needs no workspace.")
@click.option("--niche", help="Count the members of this detected niche only; pagerank as seen from them.")
@click.option("--region", help="The same for accounts of this region, in any spelling.")
@click.option("--near", multiple=True, metavar="ID", help="Pagerank as seen from this account; may be repeated.")
@RELATION
@RAW
@click.option("--extrapolate", is_flag=True, help="Scale reach to the followers shown: those loaded are a sample.")
@SEED
@modes
@TOP
@FORMAT
def rank(workspace: Path | None, listing: bool, as_is: bool, fresh: bool, top: int, form: str, **options: Any) -> None:
    """Rank accounts; by default by the real accounts that their next post moves."""
    if listing:
        from kolgraph.verbs.rank import measures

        columns = ("en", "zh", "cost", "source")
        titles = ("meaning", "含义", "cost", "source")
        rows = [{"measure": name} | {t: getattr(m, c) for t, c in zip(titles, columns, strict=True)}
                for name, m in measures().items()]  # fmt: skip
        show(rows, form)
        return
    if workspace is None:
        raise click.UsageError("name a workspace; kolgraph rank --list shows the measures")
    from kolgraph.verbs.show import ranking

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        rows, answers = ranking(ws, top=top, **options)
    stands_on(*answers)
    show(rows, form)


@click.command()
@WORKSPACE
@click.argument("account", metavar="ID")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@SEED
@modes
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the answer.")
def explain(workspace: Path, account: str, lang: str, seed: int, as_is: bool, fresh: bool, form: str) -> None:
    """Say everything about one account: influence, audience, problems, whom it reaches and through whom."""
    from kolgraph.report.checkup import lines

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.explain(account, seed=seed)
    stands_on(found)
    if form == "json":
        show_json(found.plain())
    else:
        click.echo("\n".join(map(printable, lines(found, lang))))


@click.command()
@WORKSPACE
@click.argument("accounts", nargs=-1, required=True, metavar="ID...")
@click.option("--pairs", is_flag=True, help="Show how much every two of them share.")
@click.option("--groups", is_flag=True, help="Show of which niches and regions the real followers are.")
@click.option("--niche", help="Count only members of this detected niche.")
@click.option("--region", help="Count only accounts of this region, in any spelling.")
@click.option("--similar", is_flag=True, help="As the command similar, for the one ID.")
@RAW
@modes
@TOP
@FORMAT
def audience(
    workspace: Path,
    accounts: tuple[str, ...],
    pairs: bool,
    groups: bool,
    similar: bool,
    as_is: bool,
    fresh: bool,
    top: int,
    form: str,
    **options: Any,
) -> None:
    """Say how many real followers accounts have, how much they overlap, what they reach together, and who they are."""
    from kolgraph.verbs.show import with_names

    if pairs and groups:
        raise click.UsageError("--pairs and --groups are two tables: name one")
    if similar and (len(accounts) > 1 or pairs or groups or options["niche"] or options["region"]):
        raise click.UsageError("--similar takes one ID and no other option but --top and --format")
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        if similar:
            found = ws.similar(accounts[0], raw=options["raw"])
            rows = with_names(ws, found.records(top))
        else:
            found = ws.audience(accounts, **options)
            if pairs or groups:
                rows = found.real.pair_records(top) if pairs else with_names(ws, found.groups.records(top))
            else:
                rows = with_names(ws, found.records())
    if not similar:
        click.echo(short(found.summary()), err=True)
    stands_on(found)
    show(rows, form)


@click.command()
@WORKSPACE
@click.argument("account", metavar="ID")
@RAW
@modes
@TOP
@FORMAT
def similar(workspace: Path, account: str, raw: bool, as_is: bool, fresh: bool, top: int, form: str) -> None:
    """Show whose followers are most like those of one account."""
    from kolgraph.verbs.show import with_names

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.similar(account, raw=raw)
        rows = with_names(ws, found.records(top))
    stands_on(found)
    show(rows, form)


@click.command()
@WORKSPACE
@RELATION
@SEED
@modes
@TOP
@FORMAT
def niches(
    workspace: Path, relations: tuple[str, ...], seed: int, as_is: bool, fresh: bool, top: int, form: str
) -> None:
    """Find niche clusters and name them by their topics."""
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.niches(relations=relations, seed=seed)
        rows = found.records(top)
    stands_on(found)
    show(rows, form)


@click.command()
@WORKSPACE
@click.option("--relation", help="follow or repost: only what shows there. Default: all.")
@click.option("--max-false", type=float, default=1.0, show_default=True,
              help="Accounts that may be accused wrongly of 1,000, where nobody was paid; 0.1 to 30.")  # fmt: skip
@click.option("--case", "ring", type=int, metavar="RING", help="Show the case of one ring, to check and to forward.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False),
              help="Also write the case: .html, .json (can be verified), .csv, .xlsx or .parquet.")  # fmt: skip
@click.option("--verify", metavar="FILE", help="Count every number of a saved case (.json) anew.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the case.")
@SEED
@modes
@TOP
@FORMAT
def rings(
    workspace: Path,
    relation: str | None,
    max_false: float,
    ring: int | None,
    output: Path | None,
    verify: str | None,
    lang: str,
    seed: int,
    as_is: bool,
    fresh: bool,
    top: int,
    form: str,
) -> None:
    """Expose dense coordinated groups (water army), with evidence."""
    if ring is not None and verify is not None:
        raise click.UsageError("--case makes a case, --verify checks one: name one of them")
    if output is not None and ring is None:
        raise click.UsageError("--output is where a case goes: name the ring with --case")
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        if verify is not None:
            checked = ws.verify(verify)
        elif ring is not None:
            case = ws.case(ring, relation=relation, max_false=max_false, seed=seed)
            loaded = ws.coverage()
        else:
            found = ws.rings(relation=relation, max_false=max_false, seed=seed)
            rows = found.records(top)
    if verify is not None:
        show_verification(checked, verify, place(workspace), form)
    elif ring is not None:
        stands_on(case)
        show_case(case, form, lang)
        if output is not None:
            about = {"lang": lang, "workspace": workspace.name, "coverage": loaded.line(lang)}
            click.echo(f"written: {place(write(case, output, **about))}", err=True)
    else:
        click.echo(short(found.summary()), err=True)
        stands_on(found)
        show(rows, form)


@click.command()
@WORKSPACE
@click.argument("accounts", nargs=-1, required=True, metavar="ID...")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@modes
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text",
              help="How to print the answer; csv: a row per account.")  # fmt: skip
def audit(workspace: Path, accounts: tuple[str, ...], lang: str, as_is: bool, fresh: bool, form: str) -> None:
    """Say what of the audience and of the reposts of accounts comes from rings, which ones, since when, what to ask."""
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found, loaded = ws.audit(accounts), ws.coverage()
        ids = found.accounts["account_id"].tolist()
        said = ws.fetch("SELECT account_id, name FROM accounts WHERE list_contains(?, account_id)", [ids])
    stands_on(found)
    if form == "json":
        show_json({name: plain_rows(part) for name, part in found.plain().items()})
    elif form == "csv":
        show(found.frame().reset_index(), form)
    else:
        from kolgraph.report.audit import lines

        names = {account: name for account, name in said if name}
        click.echo("\n".join(map(printable, lines(found, lang, names=names, why=loaded.why))))


@click.command()
@WORKSPACE
@click.option(
    "--by", default="repost", show_default=True, help="repost, link, domain, hashtag, mention, reply, text or image."
)
@click.option("--window", "window_s", type=Seconds(), default=60.0, show_default="60s",
              help="Between two acts, at most: 90s, 5m, 2h, 1d; none: however far apart.")  # fmt: skip
@click.option("--decay", "decay_s", type=Seconds(), help="Acts count by 1/e less each so long they are apart.")
@click.option("--min-weight", type=float, default=2.0, show_default=True, help="Acts in common that an edge needs.")
@click.option("--max-crowd", type=int, default=1000, show_default=True,
              help="Acts with more others within the window are left out.")  # fmt: skip
@click.option("--max-edges", type=int, default=20_000_000, show_default=True, help="More are an error.")
@click.option("--method", default="leiden", show_default=True, help="Of communities: leiden or components.")
@click.option("--groups", is_flag=True, help="Show the communities, and what most of their members acted on.")
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="Also write all tables, and what their columns mean: a .json file, or a folder of CSV.")  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of what columns mean.")
@SEED
@modes
@TOP
@FORMAT
def coordination(
    workspace: Path,
    groups: bool,
    output: Path | None,
    lang: str,
    as_is: bool,
    fresh: bool,
    top: int,
    form: str,
    **options: Any,
) -> None:
    """Show who acts on the same posts, links, hashtags or words at nearly the same time: edges and communities."""
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.coordination(**options)
        rows = found.group_records(top) if groups else found.records(top)
    click.echo(short(found.summary()), err=True)
    for row in found.capped.head(5).to_dict("records"):
        left_out = f"{row['acts_left_out']:,} of {row['acts']:,} acts, {row['pairs_left_out']:,} pairs"
        click.echo(f"left out as a crowd, {printable(row['object'])}: {left_out}", err=True)
    if len(found.capped) > 5:
        click.echo(f"and of {len(found.capped) - 5:,} other objects; --output lists them all", err=True)
    stands_on(found)
    show(rows or found.frame().reset_index(), form)
    if output is not None:
        click.echo(f"written: {place(found.save(output, lang=lang))}", err=True)


@click.command()
@WORKSPACE
@click.option("--complete/--incomplete", default=None, help="Whether lists without a shown count are loaded in full.")
@modes
@TOP
@FORMAT
def coverage(workspace: Path, complete: bool | None, as_is: bool, fresh: bool, top: int, form: str) -> None:
    """Say what was loaded of what platforms show, per account, and why accounts cannot be judged."""
    from kolgraph.verbs.show import with_names

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.coverage(complete=complete)
        rows = with_names(ws, found.records(top))
    click.echo(found.line(), err=True)
    show(rows, form)


@click.command()
@WORKSPACE
@RAW
@click.option("--labels", type=click.Path(path_type=Path), help="CSV file of account_id,label: fake or real.")
@modes
@TOP
@FORMAT
def real(workspace: Path, raw: bool, labels: Path | None, as_is: bool, fresh: bool, top: int, form: str) -> None:
    """Say who counts: accounts that do not count in full, and why; labels teach what fake ones look like."""
    from kolgraph.verbs.show import with_names

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.real(raw=raw, labels=labels)
        rows = with_names(ws, found.records(top))
    for row in rows:
        row["reason"] = None if row["reason"] is None else found.why(row["reason"])
    click.echo(short(found.summary()), err=True)
    for line in found.notes:
        click.echo(line, err=True)
    stands_on(found)
    show(rows, form)


@click.command()
@WORKSPACE
@click.option("--niche", help="Count only members of this detected niche.")
@click.option("--region", help="Count only accounts of this region, in any spelling.")
@RAW
@SEED
@modes
@TOP
@FORMAT
def proven(workspace: Path, as_is: bool, fresh: bool, top: int, form: str, **options: Any) -> None:
    """Tell what the next post of accounts moves: their posts, shrunk to what accounts like them move."""
    from kolgraph.verbs.show import with_names

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found, loaded = ws.proven(**options), ws.coverage()
        rows = with_names(ws, found.records(top))
    for row in rows:
        row["reason"] = None if row["reason"] is None else loaded.why(row["reason"])
    click.echo(short(found.summary()), err=True)
    stands_on(found)
    show(rows, form)


def _by_account(verb: str, text: str) -> click.Command:
    """The command of a verb that has a row for every account, and no option but who counts."""

    @click.command(verb, help=text)
    @WORKSPACE
    @RAW
    @modes
    @TOP
    @FORMAT
    def command(workspace: Path, raw: bool, as_is: bool, fresh: bool, top: int, form: str) -> None:
        from kolgraph.verbs.show import with_names

        with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
            found = getattr(ws, verb)(raw=raw)
            rows = with_names(ws, found.records(top))
        stands_on(found)
        show(rows, form)

    return command


realised = _by_account(
    "realised", "Count the real accounts that posts did move, per account, and whether they become more."
)
quality = _by_account(
    "quality", "Judge the audience of every account: rings, zombies, bursts, who can be reached, who acts."
)
value = _by_account(
    "value",
    "Say who is dear or cheap for what it moves, rated too high for it, or has too many followers for its score.",
)


@click.command()
@WORKSPACE
@click.option("--root", help="Show the tree of this root post.")
@click.option("--since", type=int, metavar="MS", help="Reposts from this time on, UTC epoch milliseconds.")
@click.option("--until", type=int, metavar="MS", help="Reposts before this time.")
@RAW
@modes
@TOP
@FORMAT
def spread(workspace: Path, root: str | None, as_is: bool, fresh: bool, top: int, form: str, **options: Any) -> None:
    """Measure every repost cascade: size, depth, breadth, virality, half-life."""
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.spread(**options)
        rows = found.records(top) if root is None else found.nodes(ws.find_post(root)).head(top).to_dict("records")
        numbers = found.summary()
    click.echo(short(numbers), err=True)
    stands_on(found)
    show(rows, form)


@click.command()
@WORKSPACE
@click.option("--budget", type=float, help="CNY in total; never exceeded.")
@click.option("--count", type=click.IntRange(1), help="KOLs at most.")
@click.option("--niche", help="Declared niche of the KOLs.")
@click.option("--region", help="Region of the KOLs, in any spelling.")
@click.option("--audience", help="Detected niche of the people to reach.")
@click.option("--audience-region", help="Region of the people to reach, in any spelling.")
@click.option("--must", multiple=True, metavar="ID", help="Book this account in any case; may be repeated.")
@click.option("--never", multiple=True, metavar="ID", help="Do not book this account; may be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Also write it: .xlsx, .csv, .json or .parquet.")
@RELATION
@RAW
@SEED
@modes
@FORMAT
def plan(workspace: Path, output: Path | None, as_is: bool, fresh: bool, form: str, **options: Any) -> None:
    """Choose the KOL combination with the largest real, non-overlapping reach."""
    from kolgraph.locale import catalogue
    from kolgraph.verbs.show import with_names

    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws:
        found = ws.plan(**options)
        rows, left_out = with_names(ws, found.records()), dict[str, list[str]]()
        for account, code in found.left_out:
            left_out.setdefault(ws.coverage().why(code), []).append(account)
    click.echo(short(found.summary()), err=True)
    for why, accounts in left_out.items():
        more = f" and {len(accounts) - 5:,} more" if len(accounts) > 5 else ""
        click.echo(f"left out, {why}: {', '.join(map(printable, accounts[:5]))}{more}", err=True)
    warned = dict[str, list[str]]()
    for account, code in found.warnings:
        warned.setdefault(catalogue("en")[f"warning.{code}"], []).append(account)
    for why, accounts in warned.items():
        click.echo(f"note, {why}: {', '.join(map(printable, accounts))}", err=True)
    stands_on(found)
    show(rows, form)
    if output is not None:
        import pandas as pd

        from kolgraph.results.files import write_table

        click.echo(f"written: {place(write_table(pd.DataFrame(rows), output))}", err=True)


@click.command()
@WORKSPACE
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("report.html"))
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@modes
def report(workspace: Path, output: Path, lang: str, as_is: bool, fresh: bool) -> None:
    """Write one self-contained HTML file with every answer; those that are missing or old are found first."""
    with open_workspace(workspace, as_is=as_is, fresh=fresh) as ws, progress("writing the report"):
        ws.report(output, lang=lang)
    click.echo(f"report: {place(output)}")


#: What this module adds to the program.
COMMANDS = (
    demo, rank, explain, audience, similar, niches, rings, audit, coordination, coverage, real, proven, realised,
    quality, value, spread, plan, report,
)  # fmt: skip
