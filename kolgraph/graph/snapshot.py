"""Snapshots of a workspace as graphs, kept as memory-mapped arrays until the relations they show change."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import InputError, UnknownName
from kolgraph.graph.graph import CSR, Graph, check_weights, text_table
from kolgraph.results.packing import DAMAGE, regular
from kolgraph.workspace.versions import IDS, tables_in

if TYPE_CHECKING:
    from kolgraph.workspace import Workspace

_log = logging.getLogger(__name__)

#: One relation, several, or a mixture with a factor for each.
Relations = str | Sequence[str] | Mapping[str, float]

#: Relations a graph can be built from, and the table, time column and edge weight each is read with.
RELATIONS: Mapping[str, tuple[str, str, str]] = {
    "follow": ("follows", "coalesce(since_ts, observed_ts)", "weight"),
    "repost": ("reposts", "ts", "weight"),
    "mention": ("mentions", "ts", "1.0"),
}


def snapshot(
    workspace: Workspace,
    *,
    relations: Relations = "follow",
    since: int | None = None,
    until: int | None = None,
    niche: str | None = None,
    accounts: Iterable[str] | None = None,
) -> Graph:
    """See `Graph.from_workspace`."""
    mix = _mix(relations)
    for name in mix:
        if name not in RELATIONS:
            raise UnknownName.among("relation", name, RELATIONS)
    check_weights(np.array(list(mix.values()), dtype=np.float64))
    options = json.dumps([sorted(mix.items()), since, until], default=str)
    key = hashlib.blake2b(options.encode(), digest_size=8).hexdigest()
    tables = {tables_in(RELATIONS[name][0]).pop() for name in mix}
    folder = workspace.cache / f"graph-{key}-{workspace.version_of([*tables, IDS])}"
    graph = _read_cache(folder)
    if graph is None:
        graph = _read(workspace, mix, since, until)
        _write_cache(graph, folder)
    if niche is not None:
        known = workspace.sql("SELECT account_id FROM accounts WHERE niche = ?", [niche])["account_id"]
        if known.empty:
            names = workspace.sql("SELECT DISTINCT niche FROM accounts WHERE niche IS NOT NULL")["niche"]
            raise UnknownName.among("niche", niche, names)
        graph = graph.subgraph(graph.rows(known))
    if accounts is not None:
        graph = graph.subgraph(graph.rows(accounts))
    return graph


def _mix(relations: Relations) -> dict[str, float]:
    if isinstance(relations, str):
        return {relations: 1.0}
    return dict(relations) if isinstance(relations, Mapping) else dict.fromkeys(relations, 1.0)


def _read(workspace: Workspace, mix: Mapping[str, float], since: int | None, until: int | None) -> Graph:
    parts, values = [], []
    for name, factor in mix.items():
        table, time, unit = RELATIONS[name]
        where = "src IS NOT NULL AND dst IS NOT NULL"
        values.append(float(factor))
        if since is not None:
            where += f" AND {time} >= ?"
            values.append(since)
        if until is not None:
            where += f" AND {time} < ?"
            values.append(until)
        parts.append(f"SELECT src, dst, ({unit}) * ?::DOUBLE AS w FROM {table} WHERE {where}")
    edges = workspace.arrays(" UNION ALL ".join(parts), values)
    ids = workspace.ids()
    weight = edges["w"].astype(np.float32)
    src, dst = edges["src"].astype(np.int32), edges["dst"].astype(np.int32)
    for end in (src, dst):  # kernels do not look where they read
        if end.size and not 0 <= end.min() <= end.max() < ids.size:
            raise InputError(
                f"{workspace.path}: its relations name accounts that it does not hold; load the files anew"
            )
    return Graph.from_rows(src, dst, None if (weight == 1).all() else weight, text_table(ids))


def _write_cache(graph: Graph, folder: Path) -> None:
    """Keep the arrays of a graph; the snapshot of an earlier state goes. Failing is no harm."""
    parts = {"ids": graph.id_table, "ptr": graph.incoming.ptr, "idx": graph.incoming.idx}
    if graph.incoming.weight is not None:
        parts["weight"] = graph.incoming.weight
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for old in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
            shutil.rmtree(old, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
        for name, array in parts.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        (temporary / "fingerprint").write_text(f"{graph.fingerprint} {_checksum(parts, graph.fingerprint)}")
        temporary.replace(folder)
    except OSError:  # another process was first and its copy is the same; or the folder cannot be written
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _read_cache(folder: Path) -> Graph | None:
    """The graph that was kept; None, and the folder is gone, where it is not what was kept."""
    if not folder.is_dir():
        return None
    try:
        files = {name: folder / f"{name}.npy" for name in ("ids", "ptr", "idx", "weight")}
        arrays = {name: np.load(f, mmap_mode="r", allow_pickle=False) for name, f in files.items() if f.is_file()}
        fingerprint, checksum = regular(folder / "fingerprint").read_text().split()
        incoming = CSR(arrays["ptr"], arrays["idx"], arrays.get("weight"))
        if _checksum(arrays, fingerprint) != checksum or not _is_whole(incoming, arrays["ids"]):
            raise ValueError
        return Graph(incoming, arrays["ids"], fingerprint=fingerprint)
    except DAMAGE:
        _log.warning("%s: what was kept of a graph is damaged; it is made anew", folder)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _checksum(arrays: Mapping[str, np.ndarray[Any, Any]], fingerprint: str) -> str:
    """Tells damage, 1.8 GB a second. No proof against forgery: who can forge this can forge the tables as well."""
    total = zlib.crc32(fingerprint.encode())
    for name, array in sorted(arrays.items()):
        total = zlib.crc32(f"{name} {array.dtype.str} {array.shape}".encode(), total)
        total = zlib.crc32(np.ascontiguousarray(array).data.cast("B") if array.size else b"", total)
    return f"{total:08x}"


def _is_whole(csr: CSR, ids: np.ndarray[Any, Any]) -> bool:
    """Whether kernels, which do not look where they read, stay inside these arrays."""
    ptr, idx, weight = csr
    if not (ptr.dtype == np.int64 and idx.dtype == np.int32 and ptr.ndim == idx.ndim == 1 and ptr.size):
        return False
    if ids.dtype.kind != "S" or ids.shape != (ptr.size - 1,):
        return False
    if weight is not None and not (weight.dtype == np.float32 and weight.shape == idx.shape and (weight >= 0).all()):
        return False
    inside = not idx.size or (idx.min() >= 0 and idx.max() < ids.size)
    return bool(ptr[0] == 0 and ptr[-1] == idx.size and (np.diff(ptr) >= 0).all() and inside)
