"""The ledger as a way back: which files were loaded, how, and where they are now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kolgraph.errors import InputError
from kolgraph.loaders.reading.archives import MEMBER, found_again
from kolgraph.loaders.reading.packed import MAX_INPUT
from kolgraph.loaders.reading.source import Options, Source, readable
from kolgraph.workspace.loading import contents

#: What `entries` reads.
COLUMNS = "batch, file, options, content_hash, loaded_ts"


@dataclass(frozen=True)
class Entry:
    """A file of the ledger.

    Attributes
    ----------
    batch : int
    file : str
        As it was named; of a pseudonymous workspace a digest.
    content : str
        Digest of its bytes and of all that decides what they mean.
    loaded_ts : int
        UTC epoch milliseconds.
    version : int
        Of the loaders that read it.
    options : Options or None
        None: a pseudonymous ledger does not tell.
    """

    batch: int
    file: str
    content: str
    loaded_ts: int
    version: int = 0
    options: Options | None = None

    def __str__(self) -> str:
        return f"{self.file} (batch {self.batch})"

    def is_at(self, path: Path) -> bool:
        """Whether the file there has the content that was loaded."""
        if self.options is None:
            return False
        with readable(path):
            return self.content in contents(path, self.options, version=self.version)


def entries(rows: Iterable[Sequence[object]]) -> list[Entry]:
    """Rows of the table ``batches`` (`COLUMNS`) as entries."""
    found = []
    for batch, file, meaning, content, loaded in rows:
        known = (int(str(batch)), str(file), str(content), int(str(loaded or 0)))
        if not str(meaning).startswith("["):  # a digest
            found.append(Entry(*known))
            continue
        version, said = json.loads(str(meaning))
        found.append(Entry(*known, version, Options(**said)))
    return found


def again(wanted: Sequence[Entry], *, max_input: int = MAX_INPUT) -> Iterator[tuple[Entry, Path | str]]:
    """Each file of the ledger, there until the next is asked for, or why it cannot be had: gone, changed, not named.

    Members of archives are unpacked again; of other files nothing is read but the bytes, for their digest.

    Raises
    ------
    LimitError
        An archive unpacks to more than `max_input` bytes.
    """
    for entry, path in zip(wanted, found_again((e.file for e in wanted), max_input=max_input), strict=True):
        if entry.options is None:
            yield entry, "a pseudonymous ledger does not say where it is"
        elif path is None:
            yield entry, "it is not there any more"
        else:
            yield entry, path if entry.is_at(path) else "it has changed since it was loaded"


@contextmanager
def opened(entry: Entry, path: Path, *, max_input: int = MAX_INPUT) -> Iterator[tuple[Source, Options]]:
    """A file of the ledger as it was read then."""
    options = entry.options or Options()
    with closing(Source(path, encoding=options.encoding, max_input=max_input)) as source, readable(path):
        yield source, options


def named(wanted: Sequence[Entry], said: str | int | Path) -> list[Entry]:
    """The entries that a person means: by number, or the name of a file, of an archive or of a folder.

    Raises
    ------
    InputError
        There is none, or several different files were called so.
    """
    name = str(said)
    if isinstance(said, int) or (name.isascii() and name.isdigit() and all(e.file != name for e in wanted)):
        found = [e for e in wanted if e.batch == int(name)]
    else:
        place = _place(name)
        found = [e for e in wanted if e.file == name] or [e for e in wanted if _place(e.file) == place]
        if len(found) > 1:
            numbers = ", ".join(str(e.batch) for e in found)
            raise InputError(f"{name}: different files were loaded under this name; name one by number: {numbers}")
        found = found or [e for e in wanted if _place(e.file.partition(MEMBER)[0]) == place]
        found = found or [e for e in wanted if place in _place(e.file).parents]
    if not found:
        raise InputError(f"{name}: no such file was loaded here; kolgraph info shows what was")
    return found


def _place(name: str) -> Path:
    """Where a file would be: the same for every way to write it."""
    return Path(os.path.normpath(Path.cwd() / name.replace("\0", "")))
