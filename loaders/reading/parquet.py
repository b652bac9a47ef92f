"""Parquet files: their columns, and a reading of their rows by the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kolgraph.errors import InputError
from kolgraph.loaders.reading.source import Explained, Part, Reading, Source, column
from kolgraph.records import RECORDS


def header(path: Path) -> list[str]:
    """The columns of a Parquet file."""
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.read_schema(path).names]
    except (OSError, ValueError) as error:
        problem = str(error).splitlines()[0][:200]
        raise InputError(f"{path}: not a readable Parquet file ({problem})") from error


def reading(source: Source, parts: Sequence[Part], decision: str) -> Reading:
    """A reading of a Parquet file: its columns are called c0, c1, ..., and lists are JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(source.path)
    floats = {f"c{k}": c.name for k, c in enumerate(schema) if pa.types.is_floating(c.type)}
    for part in parts:
        for field, cell in part.fields.items():
            if cell in floats and RECORDS[part.record][field].kind in {"id", "post", "alias"}:
                raise InputError(
                    f"{source.path}: column {floats[cell]!r} holds floats; a float cannot hold a 19-digit id exactly, "
                    "so the ids may already be damaged: export them as text or integers"
                )
    cells = [f"to_json({column(c.name)})" if pa.types.is_nested(c.type) else column(c.name) for c in schema]
    texts = ", ".join(f"CAST({cell} AS VARCHAR) AS c{k}" for k, cell in enumerate(cells))
    relation = (
        f"SELECT {texts}, NULL AS state FROM read_parquet({source.for_engine(source.path)}, hive_partitioning=false)"
    )
    columns = [f"c{k}" for k in range(len(cells))]
    return Reading(relation, columns, parts, decision, lambda _, ks: Explained({k: (k + 1, None) for k in ks}, []))
