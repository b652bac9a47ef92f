"""The first tens of millions: files for neo4j-admin, and its bulk import into the empty database of a stopped server.

The files hold what `GraphStore.replace` would write, marked as a publication: the next one over bolt sends only what
changed since.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.errors import EnvironmentProblem, InputError, StoreError, reason
from kolgraph.store.protocol import PublishReport
from kolgraph.store.sync.schema import FLOAT, INT, MARK, SNAPSHOT, Node, Relation, columns
from kolgraph.targets import scratch

if TYPE_CHECKING:
    import pyarrow as pa

    from kolgraph.store.sync.journal import Publication

#: Files by table, and the one that says which publication this is; see `kolgraph.store.sync.statements`.
FILES = (*SNAPSHOT, "Publishing")
#: Options without which texts of several lines, or with a semicolon, are taken for something else.
OPTIONS = ("--id-type=string", "--array-delimiter=;", "--multiline-fields=true")
_KINDS = {INT: "long", FLOAT: "double"}


def write_file(path: Path, publication: Publication, name: str) -> None:
    """Write one of `FILES`; a few thousand rows are in memory at a time."""
    from pyarrow import csv, parquet

    if name == "Publishing":
        said = [publication.id, "true", "0", "0", name]
        path.write_text(",".join(header(name)) + "\n" + ",".join(said) + "\n", encoding="utf-8")
        return
    part = SNAPSHOT[name]
    constants = [publication.id, part.label if isinstance(part, Node) else part.type]
    with parquet.ParquetFile(publication.file(name)) as rows, path.open("wb") as out:
        out.write((",".join(header(name)) + "\n").encode())
        for batch in rows.iter_batches():
            csv.write_csv(_with(batch, constants), out, csv.WriteOptions(include_header=False))


def header(name: str) -> list[str]:
    """The first line of one of `FILES`."""
    if name == "Publishing":
        return [MARK, "whole:boolean", "batch:long", "done:long", ":LABEL"]
    part = SNAPSHOT[name]
    return [*_header(part), f"{MARK}:string", ":LABEL" if isinstance(part, Node) else ":TYPE"]


def _header(part: Node | Relation) -> list[str]:
    if isinstance(part, Node):
        keys = {"id": f"id:ID({part.label})"}
    else:
        keys = {"src": f":START_ID({part.start})", "dst": f":END_ID({part.end})"}
    return [keys.get(name, f"{name}:{_KINDS.get(kind, 'string')}") for name, kind in columns(part).items()]


def _with(batch: pa.RecordBatch, constants: list[str]) -> pa.Table:
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    for constant in constants:
        table = table.append_column(constant, pa.repeat(constant, table.num_rows))
    return table


def arguments(files: Mapping[str, Path | str]) -> list[str]:
    """Options of neo4j-admin that name the file of every table."""
    kinds = {name: "relationships" if "-" in name else "nodes" for name in files}
    return [f"--{kinds[name]}={file}" for name, file in files.items()]


def import_into(
    home: Path, publication: Publication, *, database: str = "neo4j", overwrite: bool = False
) -> PublishReport:
    """Fill a database of a Neo4j server that is installed on this machine and does not run.

    Parameters
    ----------
    home : Path
        Where Neo4j is installed: ``bin/neo4j-admin`` is in it.
    publication : Publication
    database : str
    overwrite : bool
        Also if there is such a database: what it holds is lost.

    Raises
    ------
    InputError
        Neo4j is not installed there, or has such a database already.
    StoreError
        The import failed, with the last line that neo4j-admin wrote: the server runs, or the disk is full.

    Notes
    -----
    100,000 relationships per second and more. There are no constraints afterwards; `GraphStore.replace` makes them.
    """
    tool = home / "bin" / "neo4j-admin"
    if not os.access(tool, os.X_OK):
        raise InputError(f"{home}: no Neo4j is installed here (bin/neo4j-admin is missing); name its folder")
    if (home / "data" / "databases" / database).exists() and not overwrite:
        raise InputError(
            f"{home}: the database {database!r} exists; publish over bolt, or, if nothing in it is wanted, overwrite it"
        )
    begin = time.perf_counter()
    try:
        with scratch(publication.folder) as folder:
            files = {name: folder / f"{name}.csv" for name in FILES}
            for name, file in files.items():
                write_file(file, publication, name)
            options = [*OPTIONS, f"--report-file={folder}/report"] + ["--overwrite-destination"] * overwrite
            command = [str(tool), "database", "import", "full", database, *arguments(files), *options]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    except OSError as error:
        raise EnvironmentProblem(f"{home}: {reason(error)}; nothing was imported") from error
    if done.returncode:
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
        said = [line for line in lines if line and not line.startswith("Run with")] or [f"status {done.returncode}"]
        raise StoreError(f"{home}: the import failed: {said[-1]}; the server must not run")
    seconds, sent = time.perf_counter() - begin, sum(publication.rows.values())
    return PublishReport("neo4j-admin", str(home), publication.rows, sent, 0, 0, seconds)
