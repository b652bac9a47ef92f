"""What the commands share: opening a workspace, saying what takes its time, printing tables, options."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd


class WorkspacePath(click.Path):
    """Called a workspace in messages."""

    name = "workspace"


WORKSPACE = click.argument("workspace", type=WorkspacePath(path_type=Path))
FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print the answer."
)
SEED = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same answer.")
TOP = click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="Rows to print.")
RELATION = click.option(
    "--relation", "relations", multiple=True, default=("follow",), help="follow, repost, mention; may be repeated."
)


@contextmanager
def open_workspace(path: Path) -> Iterator[Any]:
    """Open a workspace that is there, and close it in any case."""
    from kolgraph.workspace import Workspace

    with Workspace.open(path) as ws:
        yield ws


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """Say on stderr what takes its time, and how long it took; the body may tell how many rows are done."""
    start = time.monotonic()
    live = sys.stderr.isatty()

    def tell(done: int) -> None:
        if live:
            click.echo(f"\r{what} ... {done:,} rows", err=True, nl=False)

    if live:
        click.echo(f"{what} ...", err=True, nl=False)
    yield tell
    took = f"{time.monotonic() - start:.1f} s"
    click.echo(f"\r\x1b[K{what}: {took}" if live else f"{what}: {took}", err=True)


def named_values(option: str, parts: Sequence[str], example: str) -> dict[str, str]:
    """Values of an option that is written NAME=VALUE and may be repeated."""
    from kolgraph.errors import InputError

    pairs = [part.partition("=") for part in parts]
    if any(not separator for _, separator, _ in pairs):
        raise InputError(f"{option}, for example {option.split()[0]} {example}")
    return {name: value for name, _, value in pairs}


def printable(text: str) -> str:
    """Escape bytes and other controls in names must not reach a terminal: they become visible symbols."""
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 32 else "\u2421" if 0x7F <= ord(c) < 0xA0 else c for c in text)


def short(value: Any) -> str:
    """A cell for people; programs ask for JSON or CSV and get every digit."""
    if isinstance(value, dict):
        return ", ".join(f"{printable(str(name))}={short(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(short, value))
    if isinstance(value, float):
        return "" if value != value else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None or type(value).__name__ in {"NAType", "NaTType"} else printable(str(value))


def as_json(frame: pd.DataFrame) -> str:
    """A table as a JSON list of its rows."""
    text: str = frame.to_json(orient="records", force_ascii=False, indent=1, default_handler=str)
    return text


def show(frame: pd.DataFrame, form: str) -> None:
    """Print a table: aligned for people, JSON or CSV for programs."""
    if form == "json":
        click.echo(as_json(frame))
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
            table.add_row(*(Text(short(value)) for value in row))
        width = None if sys.stdout.isatty() else 200
        Console(width=width, highlight=False).print(table)
