"""Files, accounts and people: what goes into a workspace, what it holds, and what comes out of it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kolgraph.cli.printing import (
    FORMAT,
    TOP,
    WORKSPACE,
    fill_workspace,
    named_values,
    open_workspace,
    place,
    plain_rows,
    printable,
    progress,
    setting,
    short,
    show,
    show_json,
)

if TYPE_CHECKING:
    from kolgraph.workspace.loading import LoadReport


@click.command()
@WORKSPACE
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", help="Take the files for this format and no other; kolgraph formats lists them.")
@click.option("--record", help="What a row is: account, follow, repost, mention, post, comment, identity or campaign.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Field of the record and its column.")
@click.option("--direction", help="Of an edge list: forward = the first account acts on the second; or backward.")
@click.option("--platform", help="Goes before every native id; default: as the format says, else local.")
@click.option("--root", help="Id of the post that all rows repost or comment on, where the file does not say it.")
@click.option(
    "--subject", help="Id of the account whose followers, followings or posts these are, where no row says it."
)
@click.option("--encoding", help="Of the text; default: UTF-8, else GB18030.")
@click.option("--max-reject-rate", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option(
    "--max-input", metavar="BYTES", type=click.IntRange(1), help="What a packed file may unpack to; default: 16 GiB."
)
@click.option("--pseudonymise", is_flag=True, help="Keep pseudonyms only (key: KOLGRAPH_KEY), no names, no texts.")
@click.option("--dry-run", is_flag=True, help="Show what each file was taken for and its first rows; load nothing.")
@click.option("--retry-rejects", is_flag=True, help="Load the files again that had rejected rows, and no others.")
def load(
    workspace: Path,
    files: tuple[Path, ...],
    mapping: tuple[str, ...],
    max_input: int | None,
    retry_rejects: bool,
    **options: Any,
) -> None:
    """Load FILES (also folders, archives, patterns) into WORKSPACE; the same file again changes nothing."""
    from kolgraph import settings
    from kolgraph.errors import InputError

    parts = [pair for part in mapping for pair in part.split(",")]
    options["mapping"] = named_values("--map needs FIELD=COLUMN", parts, "src=FAN_ID,dst=KOL_ID")
    if bool(files) == retry_rejects:
        raise InputError("name the files to load, or --retry-rejects and no file")
    limit = settings.MAX_INPUT if max_input is None else max_input
    if retry_rejects:
        with open_workspace(workspace, files=True) as ws:
            with progress("loading what was rejected"):
                reports = ws.retry_rejects(max_input=limit)
            for report in reports:
                _say(report)
        return
    with fill_workspace(workspace) as ws:
        ws.load_all(files, each=_say, max_input=limit, **options)


def _say(report: LoadReport) -> None:
    """What became of a file."""
    from kolgraph.workspace.loading import describe

    if report.skipped:
        click.echo(f"  {printable(str(report))}", err=True)
        return
    click.echo(printable(str(report)))
    for decision in report.decisions:
        click.echo(f"  {printable(decision)}")
    for table, frame in report.sample.items():
        click.echo(f"\n  {table}")
        show(frame, "table")
    for reject in report.rejects[:5]:
        click.echo(f"  {printable(describe(report.file, reject))}", err=True)
    more = max(len(report.rejects), report.counts.rejected) - 5
    if more > 0:
        kept, why = "kept", ""
        if more + 5 > len(report.rejects):
            kept = f"the first {len(report.rejects):,} are kept"
            why = "; " + ", ".join(f"{n:,} {code}" for code, n in sorted(report.reasons.items()))
        click.echo(f"  ... and {more:,} more, {kept} in the table rejects{why}", err=True)


@click.command()
@WORKSPACE
@click.argument("url")
@click.option("--label", help="Label of the nodes that are accounts.  [default: Account]")
@click.option("--key", default="id", show_default=True, help="Property that names them.")
@click.option("--relation", "relations", multiple=True, metavar="TYPE=RECORD", help="For example KNOWS=follow.")
@click.option("--property", "properties", multiple=True, metavar="FIELD=PROPERTY", help="For example followers=fans.")
@click.option("--platform", help="Goes before keys that do not start with one.")
def pull(workspace: Path, url: str, relations: tuple[str, ...], properties: tuple[str, ...], **options: Any) -> None:
    """Load accounts and relationships from a Neo4j server (bolt://...) into WORKSPACE.

    What kolgraph published there is pulled exactly, with posts and reposts, if no option is given.
    """
    from kolgraph.errors import shown

    options["relations"] = named_values("--relation needs TYPE=RECORD", relations, "KNOWS=follow") or None
    options["properties"] = named_values("--property needs FIELD=PROPERTY", properties, "followers=fans") or None
    with fill_workspace(workspace) as ws, progress(f"reading {shown(url)}"):
        reports = ws.pull(url, **options)
    for report in reports:
        _say(report)


@click.command()
@FORMAT
def formats(form: str) -> None:
    """List the formats that are recognised."""
    import pandas as pd

    from kolgraph.loaders import GENERIC, formats

    rows = [(f.name, f.platform, f.title, f.title_zh) for f in formats().values()]
    rows += [(name, "", g.title, g.title_zh) for name, g in GENERIC.items()]
    show(pd.DataFrame(rows, columns=["format", "platform", "files", "文件"]), form)


@click.command("resolve-names")
@WORKSPACE
def resolve_names(workspace: Path) -> None:
    """Find out anew whom the names in posts mean."""
    with open_workspace(workspace) as ws, progress("resolving names"):
        unknown = ws.resolve_names()
        total = int(ws.sql("SELECT count(*) AS n FROM namings WHERE name IS NOT NULL")["n"].item())
    click.echo(f"{total - unknown:,} of {total:,} names resolved, {unknown:,} unknown")


@click.command()
@WORKSPACE
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def info(workspace: Path, form: str) -> None:
    """Say what WORKSPACE holds: sizes, loaded files, rejected rows, and answers, with those that are old."""
    with open_workspace(workspace) as ws:
        found = ws.info()
    if form == "json":
        parts = {title: plain_rows(table) for title, table in found.items()}
        show_json(parts)
        return
    for title, table in found.items():
        click.echo(f"\n{title}")
        show(table, form)


@click.command()
@WORKSPACE
@click.argument("before", required=False, metavar="[RUN]")
@click.argument("after", required=False, metavar="[RUN]")
@click.option("--since", metavar="RUN", help="Compare this run with the answer to its question now.")
@TOP
@FORMAT
def diff(workspace: Path, top: int, form: str, **options: Any) -> None:
    """Say what changed between two runs of an answer; kolgraph info lists the runs."""
    with open_workspace(workspace) as ws:
        found = ws.diff(**options)
    click.echo(short(found.summary()), err=True)
    show(found.records(top), form)


@click.command()
@WORKSPACE
@click.argument("accounts", nargs=-1, required=True, metavar="ID...")
def forget(workspace: Path, accounts: tuple[str, ...]) -> None:
    """Remove people from WORKSPACE, in every table and file of it; a later load does not bring them back."""
    with open_workspace(workspace) as ws, progress("forgetting"):
        done = ws.forget(accounts)
    click.echo(printable(str(done)))


@click.command()
@WORKSPACE
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--max-input", metavar="BYTES", type=click.IntRange(1), default=setting("MAX_INPUT"),
              show_default="16 GiB", help="What a packed file may unpack to.")  # fmt: skip
def unload(workspace: Path, files: tuple[str, ...], max_input: int) -> None:
    """Take loaded FILES (or their batch numbers) out of WORKSPACE again, as if they had never been loaded.

    The other files are loaded again; they have to be where they were.
    """
    with open_workspace(workspace, files=True) as ws:
        done = ws.unload(files, max_input=max_input)
    click.echo(printable(str(done)))


@click.command()
@WORKSPACE
@click.option("--candidates", is_flag=True, help="Accounts that may belong to one person, with the evidence.")
@click.option("--consistency", is_flag=True, help="Accounts of one person, and whether they fit together.")
@click.option(
    "--unmatched", is_flag=True, help="Rows of price lists whose names no account has, and the closest names."
)
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of --consistency.")
@TOP
@FORMAT
def people(workspace: Path, lang: str, form: str, **options: Any) -> None:
    """Who is who on several platforms: people and their accounts, as the lists you loaded say."""
    with open_workspace(workspace) as ws:
        table = ws.people(**options)
    if options["consistency"] and form == "table":
        from kolgraph.report.pairs import lines

        click.echo("\n".join(map(printable, lines(table, lang))))
    else:
        show(table.reset_index(drop=table.index.name is None), form)


@click.command()
@WORKSPACE
@click.argument("what")
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--to", help="Of all: parquet, csv, or neo4j-admin.  [default: parquet]")
@click.option("--relation", "relations", multiple=True, help="Of the graph: follow, repost or mention.  [default: all]")
def export(workspace: Path, what: str, output: Path, **options: Any) -> None:
    """Write WHAT to OUTPUT.

    \b
    a table (accounts, scores, rings, plans, ...)  .csv, .xlsx, .json, .parquet
    graph: accounts and edges                      .graphml, .gexf, .gdf
    all: every table of facts                      a folder
    """
    with open_workspace(workspace, files=True) as ws, progress(f"exporting {what}"):
        written = ws.export(what, output, **options)
    for file in written:
        click.echo(f"written: {place(file)}")
    if not written:
        click.echo("nothing written: no table of facts has a row", err=True)


#: What this module adds to the program.
COMMANDS = (load, pull, formats, resolve_names, info, diff, forget, unload, people, export)
