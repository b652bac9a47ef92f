"""Many files in one go: one rule for what has to be data, and names resolved once, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from kolgraph.errors import InputError, KolgraphError, UnknownFormat
from kolgraph.loaders.reading.archives import Found, expand
from kolgraph.workspace.ingest import Counts
from kolgraph.workspace.loading import LoadReport


def load_many(
    files: str | Path | Sequence[str | Path],
    load: Callable[[Found, bool], LoadReport],
    resolve: Callable[[], object],
    *,
    max_input: int,
    each: Callable[[LoadReport], object],
    progress: Callable[[Found], AbstractContextManager[object]],
) -> list[LoadReport]:
    """Load all files in what a user named; see `Workspace.load_all`.

    Parameters
    ----------
    load : callable
        Loads a file; told whether it has to resolve names itself, because no other file comes.
    resolve : callable
        Resolves names: after the last file, or after what was loaded when something went wrong.
    """
    said = [files] if isinstance(files, str | Path) else list(files)
    if not said:
        raise InputError("name the files to load")
    reports: list[LoadReport] = []
    alone = False
    try:
        for found in expand(said, max_input=max_input):
            alone = found.exact and len(said) == 1
            try:
                _check_name(found)
                with progress(found):
                    report = load(found, alone)
            except UnknownFormat as error:
                # A folder of a crawler holds more than data; what was named by itself has to be data.
                if found.exact:
                    raise
                report = LoadReport(found.name, "", Counts(), skipped=str(error))
            reports.append(report)
            each(report)
    except BaseException:
        if any(not report.skipped for report in reports):
            with suppress(KolgraphError):  # the first error is the one to tell
                resolve()
        raise
    if all(report.skipped for report in reports):
        raise InputError(f"{', '.join(map(str, said))}: no file in it is data; kolgraph formats lists what is read")
    if not alone:
        resolve()
    return reports


def _check_name(found: Found) -> None:
    """Refuse a name that is no text: neither the engine nor the ledger can hold it."""
    try:
        f"{found.path}{found.name}".encode()
    except UnicodeEncodeError as error:
        raise UnknownFormat(f"{found.name}: this file's name is not UTF-8; rename it, then load it") from error
