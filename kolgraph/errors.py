"""Every error a user can meet, in one tree; its place in the tree answers "what now?" and gives the exit code.

    KolgraphError                1   a defect of kolgraph, unless a branch below says otherwise
    |-- InputError               2   a file, an argument or a value that cannot be accepted: fix it and run again
    |   |-- UnknownFormat        2   a file that no loader recognises
    |   |-- UnknownAccount       2   an account id that the workspace or graph does not hold
    |   `-- UnknownName          2   a query, relation, column or format that does not exist
    |-- EnvironmentProblem       3   disk, permission, something not installed
    |   `-- MissingExtra         3   an optional package is needed: the message is the pip line
    |-- StoreError               4   the graph database or the workspace file
    |   |-- StoreBusy            4   somebody else writes: wait, run again
    |   |-- StoreUnavailable     4   cannot be reached in time: check, run again
    |   |   `-- NotPublished     4   no graph database, or none that this version can read: publish
    |   `-- StoreInDoubt         4   a commit without an answer: running again is safe
    |-- LimitError               5   a limit was reached: the message names the option that raises it
    `-- AnalysisError            5   no feasible answer, or an iteration that did not converge

A message says what happened, where (``file:line``, column, value), and what to do next, in one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextvars import ContextVar

#: What breaks a line, moves the cursor, hides or reorders text, or is no character: names can hold all of it. A joiner
#: after an emoji is left alone: it builds families and flags.
HIDDEN = re.compile(
    "[\0-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]|(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d"
)


def one_line(text: str) -> str:
    r"""Text that every terminal prints on one line: ``\n`` for a line end.

    Examples
    --------
    >>> one_line("a" + chr(10) + "b")
    'a\\nb'
    """
    return HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


#: A login in an address, also in one without a protocol if it has a port, and what is called a secret behind ``?``.
#: As the name of a file an address has one slash only.
_LOGIN = re.compile(r"""(?:(?<=://)|(?<=:/))[^\s/?#'"]*@|[^\s'"/:@]+:(?!/)[^\s'"@]*@(?=[\w.\-\[\]]+:[0-9]{1,5}\b)""")
_SECRET = re.compile(r"(?i)([?&;](?:pass\w*|pwd|secret|token|\w*key|auth\w*|cred\w*|user\w*)=)[^\s&;'\"]*[^\s&;'\":]")


def masked(text: str) -> str:
    """Text without the logins of the addresses in it; every error is.

    Examples
    --------
    >>> masked("bolt://neo4j:hunter2@host:7687/?password=hunter2 and neo4j:hunter2@host:7687")
    'bolt://***@host:7687/?password=*** and ***@host:7687'
    """
    return _SECRET.sub(r"\1***", _LOGIN.sub("***@", text))


def shown(address: str) -> str:
    """The address of a server as it may be shown, written down and logged: whatever stands before ``@`` is a login.

    Examples
    --------
    >>> shown("neo4j:hunter/2@host"), shown("bolt://host"), shown("bolt://host#hunter2")
    ('***@host', 'bolt://host', 'bolt://host#***')
    """
    protocol, mark, rest = address.rpartition("://")
    _, login, place = rest.rpartition("@")
    place, end, _ = place.partition("#")  # which no address of a server has
    return masked(f"{protocol}{mark}{'***@' if login else ''}{place}{end and '#***'}")


#: Whether errors are read by somebody who typed a command.
ON_COMMAND_LINE: ContextVar[bool] = ContextVar("ON_COMMAND_LINE", default=False)


#: Options that hold several values: on the command line they are named once for each, and so in the singular.
SINGULAR = {"relations": "relation", "properties": "property", "mapping": "map"}
#: Options whose unit is told by the help of the command.
_UNITS = {"timeout_s": "timeout", "window_s": "window", "decay_s": "decay"}


def option(name: str, value: str = "") -> str:
    """An option as the caller writes it: ``--max-rows 5`` on the command line, ``max_rows=5`` in Python."""
    if ON_COMMAND_LINE.get():
        return f"--{(SINGULAR | _UNITS).get(name, name).replace('_', '-')}" + (f" {value}" if value else "")
    return f"{name}={value}" if value else name


def reason(error: OSError) -> str:
    """What the system says, in its own words: libraries put theirs around them, or leave them out."""
    return os.strerror(error.errno) if error.errno else str(error)


class KolgraphError(Exception):
    """Root of every error raised on purpose."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(masked(message)))


class InputError(KolgraphError):
    """Input that cannot be accepted."""

    exit_code = 2

    @classmethod
    def at(cls, path: object, line: int | None, problem: str, *, fix: str = "") -> InputError:
        """Build ``path:line: problem; fix``."""
        place = f"{path}:{line}" if line is not None else str(path)
        return cls(f"{place}: {problem}" + (f"; {fix}" if fix else ""))


class UnknownFormat(InputError):
    """A file that no loader recognises."""


class UnknownAccount(InputError):
    """An account id that is not there."""

    @classmethod
    def among(cls, missing: Iterable[str], where: str) -> UnknownAccount:
        """Name up to five missing ids and the place they were looked up in."""
        names = list(missing)
        shown = ", ".join(repr(n) for n in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return cls(f"no account {shown} in {where}; ids look like 'weibo:1234567890'")


class UnknownName(InputError):
    """A name outside a fixed list."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> UnknownName:
        """Name the thing, and what would have worked."""
        return cls(f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}")


class EnvironmentProblem(KolgraphError):
    """The machine stands in the way."""

    exit_code = 3

    @classmethod
    def of(cls, error: OSError | MemoryError | ImportError) -> EnvironmentProblem:
        """What the system says, and of which file."""
        if isinstance(error, MemoryError):
            return cls("out of memory")
        if isinstance(error, ImportError) or not (error.errno or error.filename):  # so says who loads libraries
            said = str(error).partition("\n")[0][:200]
            return cls(f"{said}; if no library is missing, raise the limit of memory (ulimit -v)")
        place = f"{error.filename}: " if error.filename else ""
        return cls(f"{place}{reason(error)}")


class MissingExtra(EnvironmentProblem):
    """An optional package is not installed."""

    @classmethod
    def named(cls, extra: str) -> MissingExtra:
        """Say the exact pip line."""
        return cls(f"this needs an optional part; run: pip install 'kolgraph[{extra}]'")


class StoreError(KolgraphError):
    """The graph database or the workspace file."""

    exit_code = 4


class StoreBusy(StoreError):
    """Somebody else is writing."""


class StoreUnavailable(StoreError):
    """No connection within the deadline."""


class NotPublished(StoreUnavailable):
    """There is no graph database yet, or none that this version can read; it can be built at any time."""


class StoreInDoubt(StoreError):
    """A commit was sent and no answer came; the write is idempotent and can be run again."""


class LimitError(KolgraphError):
    """A limit was reached."""

    exit_code = 5


class AnalysisError(KolgraphError):
    """No feasible or no converged answer."""

    exit_code = 5
