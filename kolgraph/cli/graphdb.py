"""The graph database: publish to it, and ask it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kolgraph.cli.printing import (
    FORMAT,
    WORKSPACE,
    WorkspacePath,
    named_values,
    open_workspace,
    printable,
    progress,
    setting,
    show,
    show_json,
)

if TYPE_CHECKING:
    from kolgraph.store.language.question import Question

ENGINE = click.option(
    "--engine",
    type=click.Choice(["embedded", "neo4j"]),
    help="The database inside the workspace, or the server of KOLGRAPH_NEO4J_URI.  [default: embedded]",
)
TO = click.option("--to", "url", metavar="URL", help="Another server: bolt://host:7687, neo4j+s://host.")


@click.command()
@click.argument("workspace", type=WorkspacePath(path_type=Path), required=False, metavar="WORKSPACE")
@click.argument("text", required=False, metavar="QUERY")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Parameter of the query; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="List the named queries and stop; needs no workspace.")
@click.option("--explain", is_flag=True, help="Say what the query means and how it would be run; run nothing.")
@ENGINE
@TO
@click.option("--timeout", type=float, default=setting("QUERY_TIMEOUT_S"),
              show_default="60", metavar="SECONDS", help="How long it may take.")  # fmt: skip
@click.option("--max-rows", type=int, default=setting("QUERY_ROWS"),
              show_default="100000", metavar="ROWS", help="How many rows it may return.")  # fmt: skip
@click.option("--native", is_flag=True, help="All of the server's reading Cypher, not only what both engines know.")
@click.option("--as-is", is_flag=True, help="Take the database as it is, old or not.")
@FORMAT
def query(
    workspace: Path | None,
    text: str | None,
    param: tuple[str, ...],
    listing: bool,
    explain: bool,
    engine: str | None,
    url: str | None,
    timeout: float,
    max_rows: int,
    native: bool,
    as_is: bool,
    form: str,
) -> None:
    """Ask the graph database: QUERY is a name of --list, or read-only Cypher."""
    if listing:
        show(_library(), form)
        return
    if workspace is None or text is None:
        raise click.UsageError("name a workspace and a query; kolgraph query --list shows the queries")
    from kolgraph.store import open_store, prepare, warm_up
    from kolgraph.verbs.publish import FILE

    if explain and form == "csv":
        raise click.UsageError("an explanation is no table: --format table or json")
    values = named_values("--param needs NAME=VALUE", param, "top=10")
    server = _server(engine, url)
    target = workspace / FILE if server is None else server
    with open_store(target, timeout_s=timeout, max_rows=max_rows, native=native) as store:
        if server is None:
            question = prepare(text, values)  # a mistake is told before anything is built
            warm_up(workspace / FILE)
            _make_ready(workspace, question, as_is=as_is)
        if not explain:
            answer = store.query(text, **values)
            show(answer.to_pylist() or answer.to_pandas(), form)
            return
        explanation = store.explain(text, **values)
    if form == "json":
        show_json(explanation.as_dict())
    else:
        click.echo("\n".join(map(printable, str(explanation).splitlines())))


@click.command()
@WORKSPACE
@ENGINE
@TO
@click.option("--import", "home", type=click.Path(path_type=Path), metavar="NEO4J_HOME",
              help="Fill the empty database of a stopped server installed there: the fastest first time.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="With --import: also if the database is there; what it holds is lost.")
def publish(workspace: Path, engine: str | None, url: str | None, home: Path | None, overwrite: bool) -> None:
    """Send tables and results to the graph database; a server gets what changed since the last time."""
    if (home and (engine or url)) or (overwrite and not home):
        raise click.UsageError("--import goes with --overwrite and nothing else, and --overwrite with --import")
    server = _server(engine, url)
    with open_workspace(workspace) as ws, progress("publishing") as tell:
        report = ws.import_offline(home, overwrite=overwrite) if home else ws.publish(server, progress=tell)
    click.echo(printable(str(report)))


@click.command("cross-check")
@WORKSPACE
@click.argument("url", required=False)
@FORMAT
def cross_check(workspace: Path, url: str | None, form: str) -> None:
    """Compare our numbers with those that a Neo4j server computes of what was published to it (needs GDS there).

    URL is that of KOLGRAPH_NEO4J_URI unless it is named.
    """
    from kolgraph.settings import Neo4jLogin

    with open_workspace(workspace) as ws, progress("comparing"):
        frame = ws.cross_check(url or Neo4jLogin.from_environment().uri)
    show(frame.reset_index(), form)


def _library() -> list[dict[str, str]]:
    from kolgraph.cypher import GROUPS, library

    order = list(GROUPS)
    queries = sorted(library().values(), key=lambda q: (order.index(q.group), q.name))
    return [
        {"group": q.group, "类别": GROUPS[q.group], "query": q.name, "meaning": q.title, "含义": q.title_zh}
        | {"parameters": ", ".join(p.name for p in q.parameters)}
        for q in queries
    ]


def _server(engine: str | None, url: str | None) -> str | None:
    """The address of the server that was asked for; None for the embedded database."""
    from kolgraph.settings import Neo4jLogin

    if engine and url:
        raise click.UsageError("--engine and --to exclude each other: --engine neo4j takes KOLGRAPH_NEO4J_URI")
    return Neo4jLogin.from_environment().uri if engine == "neo4j" else url


def _make_ready(path: Path, question: Question, *, as_is: bool) -> None:
    """Bring the database up to date; while another process writes to the workspace, take it as it is."""
    from kolgraph.errors import StoreBusy
    from kolgraph.verbs.ask import make_ready

    try:
        with open_workspace(path, as_is=as_is) as ws:
            make_ready(ws, question)
    except StoreBusy:
        click.echo(f"{printable(str(path))}: another process has it open; its graph database may be older", err=True)


#: What this module adds to the program.
COMMANDS = (query, publish, cross_check)
