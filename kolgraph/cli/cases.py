"""How the command line shows a case, writes it, and says what of a saved one is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kolgraph.cli.printing import printable, show, show_json

if TYPE_CHECKING:
    from kolgraph.rings.casefile import CaseFile
    from kolgraph.rings.verify import Verification

#: Values that differ, to name; JSON and CSV hold all.
NAMED = 20


def show_case(case: CaseFile, form: str, lang: str) -> None:
    """Print a case: as text, or as JSON or CSV for programs."""
    if form == "json":
        show_json(case.plain())
    elif form == "csv":
        show(case.frame().reset_index(), form)
    else:
        from kolgraph.report.case import lines

        click.echo("\n".join(map(printable, lines(case, lang))))


def write(case: CaseFile, output: Path, **about: str) -> Path:
    """Write a case in the format that the ending names; a page says `about` it what `write_case` takes."""
    if output.suffix.lower() not in {".html", ".htm"}:
        return case.save(output)
    from kolgraph.report.case import write_case

    return write_case(case, output, **about)


def show_verification(found: Verification, case: str, workspace: str, form: str) -> None:
    """Print what of a saved case agrees, and what does not.

    Raises
    ------
    InputError
        Something does not.
    """
    from kolgraph.errors import InputError

    if form == "table":
        show(found.parts(), form)
    else:
        show(found.frame().reset_index(), form)
    if found.changed:
        click.echo("the data changed since this case was made: what differs need not have been altered", err=True)
    for name in found.missing:
        click.echo(f"not in this workspace: {printable(name)}: forgotten, or never loaded", err=True)
    wrong = found.rows[~found.rows["agrees"]]
    for row in wrong.head(NAMED).to_dict("records"):
        click.echo(printable(f"differs: {row['what']}: {row['saved']} saved, {row['found']} counted"), err=True)
    if len(wrong) > NAMED:
        click.echo(f"differs: {len(wrong) - NAMED:,} more values; --format csv shows all", err=True)
    if not found.agrees:
        total = f"{len(wrong):,} of {len(found.rows):,} values differ"
        raise InputError(f"{case}: does not agree with {workspace}: {total}, {len(found.missing)} accounts missing")
