"""The command line: one thin command per verb; data on stdout, the rest on stderr, exit codes of errors.py."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from kolgraph.cli import files, graphdb, questions
from kolgraph.cli.printing import printable

INTERRUPTED = 130


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
    from kolgraph.errors import ON_COMMAND_LINE, KolgraphError

    spoken = ON_COMMAND_LINE.set(True)
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
    finally:
        ON_COMMAND_LINE.reset(spoken)
    sys.exit(0)


def _leave(message: str, code: int) -> NoReturn:
    click.echo(f"kolgraph: {printable(' '.join(message.splitlines()))}", err=True)
    sys.exit(code)
