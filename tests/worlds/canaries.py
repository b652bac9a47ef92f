"""Two invented people who must not be found anywhere, and the search for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

#: Everything about two invented people that must not be found anywhere.
UID, NAME, BIO, POST, TEXT = "7100200300", "金丝雀阿明", "canary-bio", "4900100200300400", "canary-text"
OTHER, OTHER_NAME = "7500600700", "乙姑娘"


def found(folder: Path, *canaries: str) -> list[str]:
    """Canaries in the bytes of any file below a folder, as UTF-8 and as hexadecimal digits, and in names of files."""
    hits = []
    for path in folder.rglob("*"):
        data = str(path.relative_to(folder)).encode() + (path.read_bytes() if path.is_file() else b"")
        hits += [f"{c} in {path.name}" for c in canaries if c.encode() in data or c.encode().hex().encode() in data]
    return hits


def mapped(record: str, *fields: str) -> dict[str, Any]:
    return {"record": record, "mapping": {f: f for f in fields}, "platform": "weibo", "max_reject_rate": 1.0}
