"""The command line: one thin command per verb; data on stdout, the rest on stderr, exit codes of errors.py."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.loading import LoadReport

INTERRUPTED = 130


class _Workspace(click.Path):
    name = "workspace"


WORKSPACE = click.argument("workspace", type=_Workspace(path_type=Path))
FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print the answer."
)
SEED = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same answer.")
TOP = click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Rows to print.")
RELATION = click.option(
    "--relation", "relations", multiple=True, default=("follow",), help="follow, repost, mention; may be repeated."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kolgraph")
def cli() -> None:
    """Real influence, water army with evidence, how it spread, and whom to book.

    \b
    kolgraph demo                         build a sample world and run everything on it
    kolgraph load acme.kol follows.csv    make or extend a workspace
    kolgraph rank acme.kol --top 20       who really moves people
    """


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("kolgraph-demo"))
@click.option("--accounts", type=click.IntRange(1000, 2_000_000), default=20_000, show_default=True)
@SEED
@click.option("--lang", type=click.Choice(["en", "zh"]), default=None, help="Language of the report; default: both.")
def demo(folder: Path, accounts: int, seed: int, lang: str | None) -> None:
    """Build a sample world in FOLDER, load it from files, run everything, compare with the planted truth."""
    from kolgraph.demo import run_demo

    comparison, reports = run_demo(
        folder, accounts=accounts, seed=seed, languages=(lang,) if lang else ("en", "zh"), progress=_progress
    )
    show(comparison, "table")
    for report in reports:
        click.echo(f"report: {report}")


@cli.command()
@WORKSPACE
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", help="Take the files for this format and no other; kolgraph formats lists them.")
@click.option("--record", help="What a row is: account, follow, repost, mention, post, comment, identity or campaign.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Field of the record and its column.")
@click.option("--direction", help="Of an edge list: forward = the first account acts on the second; or backward.")
@click.option("--platform", help="Goes before every native id; default: as the format says, else local.")
@click.option("--root", help="Id of the post that all rows repost or comment on, where the file does not say it.")
@click.option("--subject", help="Id of the account whose followers or followings these are, where no row says it.")
@click.option("--encoding", help="Of the text; default: UTF-8, else GB18030.")
@click.option("--max-reject-rate", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option("--max-input", metavar="BYTES", type=int, help="What a packed file may unpack to; default: 16 GiB.")
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
    from kolgraph.errors import InputError, UnknownFormat
    from kolgraph.loaders.containers import expand
    from kolgraph.workspace import Workspace

    pairs = [pair.partition("=") for part in mapping for pair in part.split(",")]
    if any(not separator for _, separator, _ in pairs):
        raise InputError("--map needs FIELD=COLUMN, for example --map src=FAN_ID,dst=KOL_ID")
    if bool(files) == retry_rejects:
        raise InputError("name the files to load, or --retry-rejects and no file")
    options["mapping"] = {field: column for field, _, column in pairs}
    options["max_input"] = settings.MAX_INPUT if max_input is None else max_input
    with Workspace.open(workspace, create=not retry_rejects) as ws:
        if retry_rejects:
            with _progress("loading what was rejected"):
                reports = ws.retry_rejects()
            for report in reports:
                _say(report)
            return
        several = len(files) > 1 or files[0].is_dir()
        for found in expand(files, max_input=options["max_input"]):
            try:
                with _progress("loading" if options["pseudonymise"] else f"loading {printable(found.name)}"):
                    report = ws.load(found.path, name=found.name, resolve_names=not several, **options)
            except UnknownFormat as error:
                # A folder of a crawler holds more than data; what was named by itself has to be data.
                if not several or found.name in map(str, files):
                    raise
                click.echo(f"  skipped: {printable(str(error))}", err=True)
            else:
                _say(report)
        if several and not options["dry_run"]:
            with _progress("resolving names"):
                ws.resolve_names()


def _say(report: LoadReport) -> None:
    """What became of a file."""
    from kolgraph.loading import describe

    click.echo(printable(str(report)))
    for decision in report.decisions:
        click.echo(f"  {printable(decision)}")
    for table, frame in report.sample.items():
        click.echo(f"\n  {table}")
        show(frame, "table")
    for reject in report.rejects[:5]:
        click.echo(f"  {printable(describe(report.file, reject))}", err=True)
    if len(report.rejects) > 5:
        click.echo(f"  ... and {len(report.rejects) - 5:,} more, kept in the table rejects", err=True)


@cli.command()
@WORKSPACE
@click.argument("url")
@click.option("--label", default="Account", show_default=True, help="Label of the nodes that are accounts.")
@click.option("--key", default="id", show_default=True, help="Property that names them.")
@click.option("--relation", "relations", multiple=True, metavar="TYPE=RECORD", help="For example KNOWS=follow.")
@click.option("--platform", help="Goes before keys that do not start with one.")
def pull(workspace: Path, url: str, relations: tuple[str, ...], **options: Any) -> None:
    """Load accounts and relationships from a Neo4j server (bolt://...) into WORKSPACE."""
    from kolgraph.errors import InputError
    from kolgraph.pulling import pull as fetch
    from kolgraph.workspace import Workspace

    pairs = [part.partition("=") for part in relations]
    if any(not separator for _, separator, _ in pairs):
        raise InputError("--relation needs TYPE=RECORD, for example --relation KNOWS=follow")
    if pairs:
        options["relations"] = {kind: record for kind, _, record in pairs}
    with Workspace.open(workspace, create=True) as ws, _progress(f"reading {url}"):
        reports = fetch(ws, url, **options)
    for report in reports:
        _say(report)


@cli.command()
@FORMAT
def formats(form: str) -> None:
    """List the formats that are recognised."""
    import pandas as pd

    from kolgraph.loaders import GENERIC, formats

    rows = [(f.name, f.platform, f.title, f.title_zh) for f in formats().values()]
    rows += [(name, "", g.title, g.title_zh) for name, g in GENERIC.items()]
    show(pd.DataFrame(rows, columns=["format", "platform", "files", "文件"]), form)


@cli.command("resolve-names")
@WORKSPACE
def resolve_names(workspace: Path) -> None:
    """Find out anew whom the names in posts mean."""
    with _open(workspace) as ws, _progress("resolving names"):
        unknown = ws.resolve_names()
        total = int(ws.sql("SELECT count(*) AS n FROM namings WHERE name IS NOT NULL")["n"].item())
    click.echo(f"{total - unknown:,} of {total:,} names resolved, {unknown:,} unknown")


@cli.command()
@WORKSPACE
@FORMAT
def info(workspace: Path, form: str) -> None:
    """Say what WORKSPACE holds: sizes, loaded files, rejected rows, current results."""
    from kolgraph.answers import overview

    with _open(workspace) as ws:
        for title, frame in overview(ws).items():
            if form == "table":
                click.echo(f"\n{title}")
            show(frame, form)


@cli.command()
@WORKSPACE
@click.option("--by", default="reach", show_default=True, help="Measure; --list shows them all.")
@click.option("--list", "listing", is_flag=True, help="Explain the measures and stop.")
@click.option("--niche", help="For reach: count only the members of this detected niche.")
@RELATION
@TOP
@SEED
@FORMAT
def rank(
    workspace: Path,
    by: str,
    listing: bool,
    niche: str | None,
    relations: tuple[str, ...],
    top: int,
    seed: int,
    form: str,
) -> None:
    """Rank accounts; by default by the real accounts that a post of theirs reaches."""
    from kolgraph import run
    from kolgraph.answers import with_names

    if listing:
        import pandas as pd

        from kolgraph.influence import MEASURES

        rows = [(name, m.en, m.zh, m.source) for name, m in MEASURES.items()]
        show(pd.DataFrame(rows, columns=["measure", "meaning", "含义", "source"]), form)
        return
    with _open(workspace) as ws, _progress(f"ranking by {by}"):
        table = with_names(ws, run.rank(ws, by=by, relations=relations, seed=seed, niche=niche).top(top))
    if by == "reach":
        # Followers for each real account moved: what a brand pays for and does not get.
        table["inflation"] = table["followers"].astype(float) / table["reach"]
    show(table.reset_index(), form)


@cli.command()
@WORKSPACE
@RELATION
@TOP
@SEED
@FORMAT
def niches(workspace: Path, relations: tuple[str, ...], top: int, seed: int, form: str) -> None:
    """Find niche clusters and name them by their topics."""
    from kolgraph import run

    with _open(workspace) as ws, _progress("finding niches"):
        table = run.niches(ws, relations=relations, seed=seed).summary_frame().head(top)
    show(table.reset_index(), form)


@cli.command()
@WORKSPACE
@click.option("--relation", default="follow", show_default=True, help="follow or repost.")
@click.option("--explain", type=int, metavar="RING", help="Print the case file of one ring.")
@SEED
@FORMAT
def rings(workspace: Path, relation: str, explain: int | None, seed: int, form: str) -> None:
    """Expose dense coordinated groups (water army), with evidence."""
    from kolgraph import run

    with _open(workspace) as ws, _progress("searching for rings"):
        found = run.rings(ws, relation=relation, seed=seed)
    if explain is None:
        show(found.frame().reset_index(), form)
    else:
        case = found.explain(explain).splitlines()
        click.echo(json.dumps(case, ensure_ascii=False) if form == "json" else "\n".join(map(printable, case)))


@cli.command()
@WORKSPACE
@click.option("--root", help="Show the tree of this root post.")
@TOP
@FORMAT
def spread(workspace: Path, root: str | None, top: int, form: str) -> None:
    """Measure every repost cascade: size, depth, breadth, virality, half-life."""
    from kolgraph import run

    with _open(workspace) as ws, _progress("measuring cascades"):
        found = run.spread(ws)
    click.echo(_short(found.summary()), err=True)
    show((found.frame() if root is None else found.nodes(root)).head(top).reset_index(drop=True), form)


@cli.command()
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
    from kolgraph import run
    from kolgraph.answers import with_names
    from kolgraph.errors import InputError
    from kolgraph.export import write_table

    if options["budget"] is None and options["count"] is None:
        raise InputError("a plan needs a limit: --budget CNY, --count KOLS, or both")
    with _open(workspace) as ws, _progress("planning"):
        found = run.plan(ws, **options)
        table = found.frame()
        table = with_names(ws, table.set_index("account_id") if "account_id" in table.columns else table)
    click.echo(_short(found.summary()), err=True)
    show(table.reset_index(), form)
    if output is not None:
        click.echo(f"written: {write_table(table, output)}", err=True)


@cli.command()
@WORKSPACE
@click.argument("text", required=False)
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Parameter of the query; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="List the named queries and stop.")
@click.option("--to", "url", help="Ask this server (bolt://...) instead of the embedded database.")
@FORMAT
def query(workspace: Path, text: str | None, param: tuple[str, ...], listing: bool, url: str | None, form: str) -> None:
    """Ask the graph database: TEXT is the name of a query, or read-only Cypher."""
    import pandas as pd

    from kolgraph.cypher import library
    from kolgraph.errors import InputError

    if listing or text is None:
        rows = [(q.name, q.title, q.title_zh, ", ".join(p.name for p in q.parameters)) for q in library().values()]
        show(pd.DataFrame(rows, columns=["query", "meaning", "含义", "parameters"]), form)
        return
    pairs = [part.partition("=") for part in param]
    if any(not separator for _, separator, _ in pairs):
        raise InputError("--param needs NAME=VALUE, for example --param top=10")
    from kolgraph.publishing import FILE
    from kolgraph.store import open_store

    with open_store(url or workspace / FILE) as store:
        show(store.query(text, **{name: value for name, _, value in pairs}).to_pandas(), form)


@cli.command()
@WORKSPACE
@click.option("--to", "url", help="Server to publish to (bolt://...); default: the embedded database.")
def publish(workspace: Path, url: str | None) -> None:
    """Send tables and results to the graph database."""
    from kolgraph.publishing import publish as send

    with _open(workspace) as ws, _progress("publishing"):
        report = send(ws, url)
    click.echo(str(report))


@cli.command()
@WORKSPACE
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("report.html"))
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def report(workspace: Path, output: Path, lang: str) -> None:
    """Write one self-contained HTML file with every answer found so far."""
    from kolgraph.report import write_report

    with _open(workspace) as ws, _progress("writing the report"):
        write_report(ws, output, lang=lang)
    click.echo(f"report: {output}")


@cli.command()
@WORKSPACE
@click.argument("accounts", nargs=-1, required=True, metavar="ID...")
def forget(workspace: Path, accounts: tuple[str, ...]) -> None:
    """Remove people from WORKSPACE, in every table and file of it; a later load does not bring them back."""
    from kolgraph.privacy import forget as erase

    with _open(workspace) as ws, _progress("forgetting"):
        done = erase(ws, accounts)
    click.echo(str(done))


@cli.command()
@WORKSPACE
@click.option("--candidates", is_flag=True, help="Accounts that may belong to one person, with the evidence.")
@click.option(
    "--unmatched", is_flag=True, help="Rows of price lists whose names no account has, and the closest names."
)
@TOP
@FORMAT
def people(workspace: Path, candidates: bool, unmatched: bool, top: int, form: str) -> None:
    """Who is who on several platforms: people and their accounts, as the lists you loaded say."""
    from kolgraph import identities

    with _open(workspace) as ws:
        if candidates:
            table = identities.candidates(ws, limit=top)
        elif unmatched:
            table = identities.unmatched(ws).head(top)
        else:
            table = identities.people(ws).head(top)
    show(table.reset_index(drop=table.index.name is None), form)


@cli.command()
@WORKSPACE
@click.argument("what")
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--to", "form", help="Of all: parquet, csv, or neo4j-admin.  [default: parquet]")
@click.option("--relation", "relations", multiple=True, help="Of the graph: follow, repost or mention.  [default: all]")
def export(workspace: Path, what: str, output: Path, form: str | None, relations: tuple[str, ...]) -> None:
    """Write WHAT to OUTPUT.

    \b
    a table (accounts, scores, rings, plans, ...)  .csv, .xlsx, .json, .parquet
    graph: accounts and edges                      .graphml, .gexf, .gdf
    all: every table of facts                      a folder
    """
    from kolgraph import exchange
    from kolgraph.answers import answer
    from kolgraph.errors import InputError
    from kolgraph.export import write_table

    if (form and what != "all") or (relations and what != "graph"):
        raise InputError("--to belongs to all, --relation to graph")
    with _open(workspace) as ws, _progress(f"exporting {what}"):
        if what == "all":
            written = exchange.export_tables(ws, output, form or "parquet")
        elif what == "graph":
            written = [exchange.export_graph(ws, output, relations=relations or exchange.RELATIONS)]
        else:
            written = [write_table(answer(ws, what), output)]
    for file in written:
        click.echo(f"written: {file}")
    if not written:
        click.echo("nothing written: no table of facts has a row", err=True)


# ---------------------------------------------------------------------- printing


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    from kolgraph.workspace import Workspace

    with Workspace.open(path) as ws:
        yield ws


@contextmanager
def _progress(what: str) -> Iterator[None]:
    """Say on stderr what takes its time, and how long it took."""
    start = time.monotonic()
    live = sys.stderr.isatty()
    if live:
        click.echo(f"{what} ...", err=True, nl=False)
    yield
    took = f"{time.monotonic() - start:.1f} s"
    click.echo(f"\r{what}: {took}   " if live else f"{what}: {took}", err=True)


def printable(text: str) -> str:
    """Escape bytes and other controls in names must not reach a terminal: they become visible symbols."""
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 32 else "\u2421" if 0x7F <= ord(c) < 0xA0 else c for c in text)


def _short(value: Any) -> str:
    """A cell for people; programs ask for JSON or CSV and get every digit."""
    if isinstance(value, dict):
        return ", ".join(f"{printable(str(name))}={_short(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    if isinstance(value, float):
        return "" if value != value else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None or type(value).__name__ in {"NAType", "NaTType"} else printable(str(value))


def show(frame: pd.DataFrame, form: str) -> None:
    """Print a table: aligned for people, JSON or CSV for programs."""
    if form == "json":
        click.echo(frame.to_json(orient="records", force_ascii=False, indent=1, default_handler=str))
    elif form == "csv":
        click.echo(frame.to_csv(index=False), nl=False)
    else:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        numeric = frame.select_dtypes("number").columns
        for name in frame.columns:
            table.add_column(str(name), justify="right" if name in numeric else "left", overflow="fold")
        for row in frame.itertuples(index=False):
            table.add_row(*(Text(_short(value)) for value in row))
        width = None if sys.stdout.isatty() else 200
        Console(width=width, highlight=False).print(table)


def main() -> NoReturn:
    """Run a command; every failure is one line on stderr and an exit code, never a traceback."""
    from kolgraph.errors import KolgraphError

    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        _leave("interrupted; run the same command again to go on", INTERRUPTED)
    except KeyboardInterrupt:
        _leave("interrupted; run the same command again to go on", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KolgraphError as error:
        _leave(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # the border of the program: whatever comes here is a defect of ours
        if os.environ.get("KOLGRAPH_DEBUG"):
            raise
        _leave(f"a defect of kolgraph ({type(error).__name__}: {error}); KOLGRAPH_DEBUG=1 shows where", 1)
    sys.exit(0)


def _leave(message: str, code: int) -> NoReturn:
    click.echo(f"kolgraph: {printable(' '.join(message.splitlines()))}", err=True)
    sys.exit(code)
