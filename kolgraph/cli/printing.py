"""What the commands share: opening a workspace, saying what takes its time, printing tables, options."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kolgraph.errors import HIDDEN, masked

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.results import Result
    from kolgraph.workspace import Workspace


class WorkspacePath(click.Path):
    """Called a workspace in messages."""

    name = "workspace"


class Seconds(click.ParamType):  # type: ignore[type-arg]
    """A length of time: ``90``, ``90s``, ``5m``, ``2h``, ``1d``; ``none`` for no limit."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Seconds; a number stays what it is."""
        if not isinstance(value, str):
            return float(value)
        if value == "none":
            return None
        unit = _SECONDS.get(value[-1:], 0)
        try:
            return float(value[:-1] if unit else value) * (unit or 1)
        except ValueError:
            self.fail(f"{value!r} is no length of time: write 90s, 5m, 2h, 1d or none", param, ctx)


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
WORKSPACE = click.argument("workspace", type=WorkspacePath(path_type=Path))
FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print the answer."
)
SEED = click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same answer.")
TOP = click.option("--top", type=click.IntRange(1, 10**9), default=20, show_default=True, help="Rows to print.")
RELATION = click.option(
    "--relation", "relations", multiple=True, default=("follow",), help="follow, repost, mention; may be repeated."
)


RAW = click.option("--raw", is_flag=True, help="Count everybody, members of rings too.")


def modes(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --as-is and --fresh, which say how old an answer may be."""
    command = click.option("--as-is", is_flag=True, help="Take an old answer, if there is one, and say so.")(command)
    return click.option("--fresh", is_flag=True, help="Find the answer anew, and all that it stands on.")(command)


@contextmanager
def open_workspace(path: Path, *, as_is: bool = False, fresh: bool = False, files: bool = False) -> Iterator[Workspace]:
    """Open a workspace that is there, and close it in any case; what takes its time says so on stderr.

    Unless the command is about `files`, the engine can open none: a workspace may come from somebody else.
    """
    from kolgraph.workspace import Workspace

    with Workspace.open(path) as ws, ws.asking(as_is=as_is, fresh=fresh):
        if not files:
            ws.seal()
        ws.progress = progress
        yield ws


@contextmanager
def fill_workspace(path: Path) -> Iterator[Workspace]:
    """Open a workspace to load into, made if there is none; see `open_workspace`."""
    from kolgraph.workspace import Workspace

    with Workspace.filling(path) as ws:
        ws.progress = progress
        yield ws


def stands_on(*answers: Result) -> None:
    """Say on stderr what answers stand on, and whether they are old."""
    for found in answers:
        provenance = found.provenance
        if provenance and provenance.old:
            changed = ", ".join(dict.fromkeys(provenance.old))
            click.echo(f"old: {printable(changed)} changed since; without --as-is it is found anew", err=True)
    lines = dict.fromkeys(a.provenance.coverage for a in answers if a.provenance and a.provenance.coverage)
    for line in lines:
        click.echo(printable(line), err=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """Say on stderr what takes its time, that it goes on, and how long it took; the body may tell how many rows."""
    what, start = printable(masked(what)), time.monotonic()
    live, rows, over = sys.stderr.isatty(), "", threading.Event()

    def tell(done: int) -> None:
        nonlocal rows
        rows = f" {done:,} rows"
        if live:
            click.echo(f"\r{what} ...{rows}", err=True, nl=False)

    def beat() -> None:
        while not over.wait(_BEAT_S[live]):
            if _GOING_ON[-1] is over:  # what is waited for, not what waits for it
                line = f"{what} ...{rows} {time.monotonic() - start:.0f} s"
                with suppress(OSError, ValueError):  # nobody listens
                    click.echo(f"\r\x1b[K{line}" if live else line, err=True, nl=not live)

    if live:
        click.echo(f"\r\x1b[K{what} ...", err=True, nl=False)
    _GOING_ON.append(over)
    pulse = threading.Thread(target=beat, daemon=True)
    pulse.start()
    try:
        yield tell
    finally:
        over.set()
        pulse.join()
        _GOING_ON.remove(over)
    took = f"{time.monotonic() - start:.1f} s"
    click.echo(f"\r\x1b[K{what}: {took}" if live else f"{what}: {took}", err=True)


#: Seconds between two signs of life: in a log, and on a terminal.
_BEAT_S = (30.0, 1.0)
#: What takes its time at the moment, the innermost last.
_GOING_ON: list[threading.Event] = []


def setting(name: str) -> Callable[[], Any]:
    """A setting, read when it is needed: importing them would make every command start later."""

    def read() -> Any:
        from kolgraph import settings

        return getattr(settings, name)

    return read


def named_values(option: str, parts: Sequence[str], example: str) -> dict[str, str]:
    """Values of an option that is written NAME=VALUE and may be repeated."""
    from kolgraph.errors import InputError

    pairs = [part.partition("=") for part in parts]
    if any(not separator for _, separator, _ in pairs):
        raise InputError(f"{option}, for example {option.split()[0]} {example}")
    return {name: value for name, _, value in pairs}


def place(path: object) -> str:
    """The name of a file as it may be printed: somebody may have meant an address."""
    return printable(masked(str(path)))


def printable(text: str) -> str:
    """Text whose controls must not reach a terminal, nor what hides or reorders it: all that becomes visible."""
    return HIDDEN.sub(lambda found: _symbol(ord(found[0])), text)


def _symbol(code: int) -> str:
    return chr(0x2400 + code) if code < 32 else "\u2421" if code < 0xA0 else f"[U+{code:04X}]"


def short(value: Any) -> str:
    """A cell for people; programs ask for JSON or CSV and get every digit."""
    if isinstance(value, dict):
        return ", ".join(f"{printable(str(name))}={short(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(short, value))
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return "" if value != value else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, Integral) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None or type(value).__name__ in {"NAType", "NaTType"} else printable(str(value))


def show(table: pd.DataFrame | Sequence[Mapping[str, Any]], form: str) -> None:
    """Print a table: aligned for people, JSON or CSV with every digit for programs."""
    rows = [dict(row) for row in table] if isinstance(table, Sequence) else table.to_dict("records")
    columns = list(rows[0]) if rows else list(getattr(table, "columns", ()))
    if form == "json":
        show_json(plain_rows(rows))
    elif form == "csv":
        from kolgraph.results.files import csv_quoting

        cells = [[_cell(row[name]) for name in columns] for row in rows]
        if sys.stdout.isatty():  # programs get every byte, eyes what they can trust
            cells = [[printable(cell) if isinstance(cell, str) else cell for cell in row] for row in cells]
        out = io.StringIO()
        quoting = csv_quoting(cell for row in cells for cell in row if isinstance(cell, str))
        writer = csv.writer(out, lineterminator="\n", quoting=quoting)
        writer.writerow(columns)
        writer.writerows(cells)
        click.echo(out.getvalue(), nl=False)
    else:
        _aligned([str(name) for name in columns], [list(row.values()) for row in rows])


def show_json(content: Any) -> None:
    """Print JSON: what is hidden, and what the encoding of the stream cannot hold, in the escapes of JSON."""
    ascii_only = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(content, ensure_ascii=ascii_only, indent=1, default=str)
    click.echo(HIDDEN.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text))


def plain_rows(table: pd.DataFrame | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table as JSON holds them."""
    rows = table if isinstance(table, Sequence) else table.to_dict("records")
    return [{str(name): _plain(value) for name, value in row.items()} for row in rows]


def _aligned(columns: list[str], rows: list[list[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(columns):
        values = [row[i] for row in rows if _plain(row[i]) is not None]
        numeric = bool(values) and all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(short(value)) for value in row))
    live = sys.stdout.isatty()
    out = io.StringIO()  # rich ends the program by itself when nobody reads any more
    width = min(max(shutil.get_terminal_size().columns, 20), 1000) if live else 200
    Console(file=out, force_terminal=live, width=width, highlight=False).print(table)
    click.echo(out.getvalue(), nl=False)


def _plain(value: Any) -> Any:
    """A value as JSON holds it: None for what is missing."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or type(value).__name__ in {"NAType", "NaTType"} or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _cell(value: Any) -> Any:
    plain = _plain(value)
    return json.dumps(plain, ensure_ascii=False, default=str) if isinstance(plain, list | dict) else plain
