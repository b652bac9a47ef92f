"""A file made for a test, as loaders see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kolgraph.loaders.reading.source import Source


@contextmanager
def source(folder: Path, name: str, data: bytes | str, **options: Any) -> Iterator[Source]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with closing(Source(path, **options)) as found:
        yield found
