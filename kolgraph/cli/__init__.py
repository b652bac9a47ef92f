"""The command line: one thin command per verb; data on stdout, the rest on stderr, exit codes of errors.py."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from kolgraph.cli import files, graphdb, questions, streams
from kolgraph.cli.printing import printable
from kolgraph.interrupts import INTERRUPTED, noted
from kolgraph.targets import sweep

#: Of mallopt(3).
_ARENA_MAX = -8


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kolgraph")
def cli() -> None:
    """Real influence, water army with evidence, how it spread, and whom to book.

    \b
    kolgraph demo                         build a sample world and run everything on it
    kolgraph load acme.kol follows.csv    make or extend a workspace
    kolgraph rank acme.kol --top 20       who really moves people
    """


for _module in (files, questions, graphdb):
    for _command in _module.COMMANDS:
        cli.add_command(_command)


def main() -> NoReturn:
    """Run a command; every failure is one line on stderr and an exit code, never a traceback."""
    from kolgraph.errors import ON_COMMAND_LINE

    streams.guard()
    _spare_addresses()
    spoken, mask = ON_COMMAND_LINE.set(True), os.umask(0o077)  # what a command writes is its owner's only
    try:
        with noted() as interrupts:
            said, code = _run(interrupts)
    except KeyboardInterrupt:  # once more, while the first one was told
        said, code = "", INTERRUPTED
    finally:
        ON_COMMAND_LINE.reset(spoken)
        os.umask(mask)
    if said:
        click.echo(f"kolgraph: {printable(said)}", err=True)
    if streams.is_guarded():
        # All is written and closed. To take libraries down takes long, and waits for threads that were broken off;
        # Ctrl-C meanwhile would look as if the command had not been done.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _spare_addresses() -> None:
    """Where addresses are limited (ulimit -v), let threads share the heap: glibc reserves 64 MB for most of them."""
    try:
        import ctypes
        import resource

        if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)
    except (ImportError, OSError, AttributeError):  # a system without such limits, or another C library
        return


def _run(interrupts: list[int]) -> tuple[str, int]:
    """What is to be said of a command that failed, and its exit code."""
    from kolgraph.errors import EnvironmentProblem, KolgraphError, masked, one_line
    from kolgraph.settings import check_memory

    try:
        try:
            sweep()
            check_memory()
            if strange := [part for part in sys.argv if "\0" in part]:
                raise click.UsageError(f"{strange[0]!r} holds a NUL, which no name and no value can")
            cli(prog_name="kolgraph", standalone_mode=False)
        finally:
            sys.stdout.flush()
    except BaseException as error:  # the border of the program: whatever comes here unknown is a defect of ours
        if interrupts or isinstance(error, KeyboardInterrupt | click.exceptions.Abort):
            return "interrupted; run the same command again to go on", INTERRUPTED
        if isinstance(error, SystemExit):
            raise
        if isinstance(error, click.ClickException):
            name = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "kolgraph"
            help_ = f"{name.removeprefix('kolgraph').strip()} --help".strip()
            return f"{one_line(masked(error.format_message())).rstrip('.')}; kolgraph {help_} shows how", 2
        if isinstance(error, KolgraphError):
            return str(error), error.exit_code
        if os.environ.get("KOLGRAPH_DEBUG"):
            raise
        if isinstance(error, UnicodeEncodeError):  # bytes of a command line that are no text
            return one_line(f"{str(error.object)[:200]!r} is no text in UTF-8"), 2
        if isinstance(error, OSError | MemoryError | ImportError):
            return str(EnvironmentProblem.of(error)), EnvironmentProblem.exit_code
        said = masked(f"{type(error).__name__}: {error}")
        return one_line(f"a defect of kolgraph ({said}); KOLGRAPH_DEBUG=1 shows where"), 1
    return "", 0
