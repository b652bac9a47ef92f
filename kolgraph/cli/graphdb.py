"""The graph database: publish to it, and ask it."""

from __future__ import annotations

from pathlib import Path

import click

from kolgraph.cli.printing import FORMAT, WORKSPACE, open_workspace, progress, show


@click.command()
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


@click.command()
@WORKSPACE
@click.option("--to", "url", help="Server to publish to (bolt://...); default: the embedded database.")
def publish(workspace: Path, url: str | None) -> None:
    """Send tables and results to the graph database."""
    from kolgraph.publishing import publish as send

    with open_workspace(workspace) as ws, progress("publishing"):
        report = send(ws, url)
    click.echo(str(report))


#: What this module adds to the program.
COMMANDS = (query, publish)
