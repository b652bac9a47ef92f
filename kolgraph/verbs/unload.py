"""Take a loaded file out of a workspace again, as if it had never been loaded.

Rows of several files are merged: of what a file said, nobody can tell what another said too, since only the outcome is
kept. So the workspace is made anew from the other files of its ledger, in their order, and takes the place of the old
one when it is complete. This is exact whatever the files share; where it is not possible, nothing is done.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph import settings
from kolgraph.errors import InputError
from kolgraph.verbs.forget import GRAPH
from kolgraph.workspace import pseudonyms
from kolgraph.workspace.folder import Workspace
from kolgraph.workspace.ledger import Entry, again, named
from kolgraph.workspace.making import FILE
from kolgraph.workspace.tables import RESULTS
from kolgraph.workspace.tombstones import FILE as KEY

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

#: Files that are named when the others cannot be loaded again.
_SHOWN = 5


@dataclass(frozen=True)
class Unloaded:
    """What was taken out.

    Attributes
    ----------
    files : list of str
        As the ledger called them.
    again : int
        Other files, which were loaded again.
    """

    files: list[str]
    again: int

    def __str__(self) -> str:
        files = ", ".join(self.files)
        return f"unloaded: {files}; {self.again:,} others loaded again; what was computed has to be computed again"


def unload(
    workspace: Workspace,
    files: str | int | Path | Sequence[str | int | Path],
    *,
    max_input: int = settings.MAX_INPUT,
) -> Unloaded:
    r"""Take loaded files out of a workspace again, as if they had never been loaded.

    All other files of the ledger are loaded again, so they have to be where they were, with the same content (members
    of archives inside them). Relative names are looked for from the folder where you are. Who was forgotten stays
    forgotten, from the first file on. All answers go, and the graph database.

    Parameters
    ----------
    files : str, int, Path, or several
        A file as the ledger calls it (`Workspace.info` shows it), its batch number, or an archive or folder: then all
        that was loaded from it.
    max_input : int
        Bytes that a packed file may unpack to.

    Raises
    ------
    InputError
        No such file was loaded, or another one cannot be loaded again: the message says which and why.
    EnvironmentProblem
        The new file could not be written.

    Notes
    -----
    The time of loading the other files, and room for a second workspace beside the first. A crash leaves the old
    workspace or the new one.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name, rows in {"a.csv": "ann,bob\n", "b.csv": "ann,bob\ncai,bob\n"}.items():
    ...     _ = (folder / name).write_text("follower,followed\n" + rows)
    >>> with Workspace.open(folder / "acme.kol", create=True) as ws:
    ...     _ = ws.load_all([folder / "a.csv", folder / "b.csv"])
    ...     done = unload(ws, folder / "b.csv")
    ...     ws.sql("SELECT count(*) AS n FROM follows")["n"].item()
    1
    """
    workspace.check_writable()
    wanted = [files] if isinstance(files, str | int | Path) else list(files)
    ledger = workspace.ledger()
    with workspace.transaction() as connection:
        key = pseudonyms.key_of(connection)
    gone: dict[int, Entry] = {}
    for said in wanted:
        if key is not None and not isinstance(said, int) and not str(said).isdigit():
            said = pseudonyms.seal(str(said), key)
        gone |= {entry.batch: entry for entry in named(ledger, said)}
    rest = [entry for entry in ledger if entry.batch not in gone]
    _check(workspace, [f"{entry}: {why}" for entry, why in again(rest, max_input=max_input) if isinstance(why, str)])
    with _scratch(workspace) as folder:
        with Workspace.open(folder, create=True) as fresh:
            _bring(workspace, fresh, key)
            _fill(workspace, fresh, rest, max_input)
        # What was made of the old content goes first: it must never stand beside the new one.
        with workspace.transaction() as connection:
            for table in RESULTS:
                connection.execute(f"DELETE FROM {table}").fetchall()
        for file in workspace.path.glob(GRAPH):
            file.unlink(missing_ok=True)
        workspace.answers.drop_all()
        for path in workspace.cache.iterdir():
            if path != folder:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        workspace.exchange(folder / FILE)
    return Unloaded([entry.file for entry in gone.values()], len(rest))


def _check(workspace: Workspace, problems: list[str]) -> None:
    if problems:
        more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise InputError(
            f"{workspace.path}: the other files have to be loaded again, and some cannot: "
            f"{', '.join(problems[:_SHOWN])}{more}; put them back, or load what you have into a new workspace; "
            "nothing was done"
        )


@contextmanager
def _scratch(workspace: Workspace) -> Iterator[Path]:
    """A folder inside the workspace; those of processes that were killed are removed, and so is all the cache."""
    workspace.cache.mkdir(exist_ok=True)
    for left in workspace.cache.glob("unloading.*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = workspace.cache / f"unloading.{os.getpid()}"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bring(old: Workspace, fresh: Workspace, key: bytes | None) -> None:
    """Who was forgotten, and under which key."""
    digests = old.fetch("SELECT digest FROM forgotten ORDER BY digest")
    if not digests:
        return
    if (old.path / KEY).exists():
        shutil.copy2(old.path / KEY, fresh.path / KEY)
    with fresh.transaction() as connection:
        pseudonyms.check(connection, key)
        connection.execute(
            "INSERT INTO forgotten SELECT unnest(?::VARCHAR[])", [[digest for (digest,) in digests]]
        ).fetchall()


def _fill(old: Workspace, fresh: Workspace, rest: Sequence[Entry], max_input: int) -> None:
    """Load the other files as they were loaded, in their order."""
    with old.progress(f"loading {len(rest):,} other files again"):
        for entry, found in again(rest, max_input=max_input):
            if isinstance(found, str):
                _check(old, [f"{entry}: {found}"])
                continue
            if not fresh.load_again(entry, found, max_input=max_input).known:
                with fresh.transaction() as connection:
                    _date(connection, entry)
        fresh.resolve_names()


def _date(connection: Connection, entry: Entry) -> None:
    connection.execute(
        "UPDATE batches SET loaded_ts = ? WHERE batch = (SELECT max(batch) FROM batches)", [entry.loaded_ts]
    ).fetchall()
