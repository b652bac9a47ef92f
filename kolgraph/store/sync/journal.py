"""What was published, kept on disk, so that the next publication sends only what changed since.

A publication is a folder of Parquet files, one per table of the snapshot, named by a digest of what they hold: equal
content is the same publication, whoever made it and when. A database says which publication it holds; the difference
between that one and the next is found here, by comparing rows, without asking the database for anything.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolgraph.errors import EnvironmentProblem, reason
from kolgraph.settings import WORKSPACE_MEMORY, exact, private
from kolgraph.store.sync.schema import PUBLICATION, SNAPSHOT, arrow_schema, conform
from kolgraph.targets import scratch

if TYPE_CHECKING:
    import duckdb

    from kolgraph.store.protocol import Snapshot

_log = logging.getLogger(__name__)

_MANIFEST = "tables.json"
_PLACES = "places.json"


@dataclass(frozen=True)
class Publication:
    """A snapshot on disk: `digests` name what each table holds, `rows` how many rows that is."""

    id: str
    folder: Path
    digests: dict[str, str]
    rows: dict[str, int]

    def file(self, name: str) -> Path:
        """The Parquet file of a table."""
        return self.folder / f"{name}.parquet"


class Journal:
    """The publications of one workspace, and which database holds which.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, snapshot: Snapshot) -> Publication:
        """Keep a snapshot.

        Raises
        ------
        StoreError
            A table does not conform to the schema.
        EnvironmentProblem
            The disk is full or may not be written.
        """
        from pyarrow import parquet

        making = self._folder / f"{os.getpid()}.new"
        digests: dict[str, str] = {}
        rows = dict.fromkeys(SNAPSHOT, 0)
        try:
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir(parents=True, mode=0o700)
            for name, part in SNAPSHOT.items():
                file = making / f"{name}.parquet"
                with parquet.ParquetWriter(file, arrow_schema(part), compression="zstd") as out:
                    for rows_here in conform(part, snapshot.get(name)):
                        out.write_table(rows_here)
                        rows[name] += rows_here.num_rows
                with private(file).open("rb") as content:
                    os.fsync(content.fileno())  # a database may outlive a power cut that this file does not
                    digests[name] = hashlib.file_digest(content, "blake2b").hexdigest()[:32]
            # When and by whom it was made does not make it another one.
            said = "".join(digest for name, digest in digests.items() if name != PUBLICATION.name)
            identity = hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
            private(_written(making / _MANIFEST, {"digests": digests, "rows": rows}))
            place = self._folder / identity
            shutil.rmtree(place, ignore_errors=True)
            making.replace(place)
        except OSError as error:
            raise EnvironmentProblem(f"{self._folder.parent}: cannot be written ({reason(error)})") from error
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return Publication(identity, place, digests, rows)

    def find(self, identity: str) -> Publication | None:
        """A publication that is still kept here."""
        place = self._folder / identity
        try:
            said = json.loads((place / _MANIFEST).read_bytes())
        except (OSError, ValueError):
            return None
        return Publication(identity, place, said["digests"], said["rows"])

    def note(self, where: str, held: Iterable[str]) -> None:
        """Write down which publications a database may hold parts of; what no database holds is not kept."""
        places = self._places() | {where: list(held)}
        _written(self._folder / _PLACES, places)
        kept = {identity for identities in places.values() for identity in identities}
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in kept and not folder.name.endswith(".new"):
                shutil.rmtree(folder, ignore_errors=True)

    def _places(self) -> dict[str, list[str]]:
        with suppress(OSError, ValueError):
            return dict(json.loads((self._folder / _PLACES).read_bytes()))
        return {}


@contextmanager
def written(folder: Path | None, snapshot: Snapshot) -> Iterator[tuple[Journal, Publication]]:
    """A snapshot in the journal of a folder; in one for this block only, where there is none or it cannot be written.

    Without its memory everything is sent, and that is all: what can only be read can still be brought elsewhere.

    Raises
    ------
    StoreError
        A table does not conform to the schema.
    EnvironmentProblem
        There is no room for it among temporary files either.
    """
    if folder is not None:
        journal = Journal(folder)
        try:
            publication = journal.write(snapshot)
        except EnvironmentProblem as error:
            _log.warning("%s; what was published is not remembered", error)
        else:
            yield journal, publication
            return
    with scratch() as place:
        journal = Journal(place)
        yield journal, journal.write(snapshot)


def to_send(name: str, new: Publication, held: Sequence[Publication], size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of a table that a database lacks or has otherwise, in batches, hubs together.

    Parameters
    ----------
    name : str
    new : Publication
        What the database shall hold.
    held : sequence of Publication
        It holds a mixture of these; of none, if nothing is known of it: then all rows are sent.
    size : int
        Rows of a batch.
    """
    from pyarrow import parquet

    if not held:
        for batch in parquet.ParquetFile(new.file(name)).iter_batches(size):
            yield batch.to_pylist()
    elif any(old.digests[name] != new.digests[name] for old in held):
        with _engine(new.folder) as engine:
            known = reduce(lambda a, b: a.intersect(b), [_rows(engine, p, name) for p in held])
            rows = _rows(engine, new, name).except_(known)
            yield from _batches(rows, name, size)


def to_remove(name: str, new: Publication, held: Sequence[Publication], size: int) -> Iterator[list[dict[str, Any]]]:
    """Keys of a table that a database may have and shall not, in batches."""
    if any(old.digests[name] != new.digests[name] for old in held):
        with _engine(new.folder) as engine:
            keys = ", ".join(SNAPSHOT[name].keys)
            wanted, *olds = (_rows(engine, p, name).project(keys) for p in (new, *held))
            yield from _batches(reduce(lambda a, b: a.union(b), olds).distinct().except_(wanted), name, size)


def _rows(engine: duckdb.DuckDBPyConnection, kept: Publication, name: str) -> duckdb.DuckDBPyRelation:
    """A table as it was published; the folders above it may be called ``id=5``, and say nothing."""
    return engine.read_parquet(exact(kept.file(name)), hive_partitioning=False)


def _batches(rows: duckdb.DuckDBPyRelation, name: str, size: int) -> Iterator[list[dict[str, Any]]]:
    in_order = rows.order(", ".join(reversed(SNAPSHOT[name].keys)))
    for batch in in_order.to_arrow_reader(size):
        for start in range(0, batch.num_rows, size):
            yield batch.slice(start, size).to_pylist()


def _engine(folder: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"memory_limit": WORKSPACE_MEMORY, "temp_directory": str(folder / "spill")})


def _written(path: Path, content: dict[str, Any]) -> Path:
    """Replace a small file as a whole."""
    making = path.with_name(f"{path.name}.{os.getpid()}.new")
    making.write_text(json.dumps(content), encoding="utf-8")
    return making.replace(path)
