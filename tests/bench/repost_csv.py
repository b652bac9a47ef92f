"""Writes the repost table of the loading benchmark: invented data, heavy-tailed, with quoted commas and newlines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

WORDS = ["转发微博", "太好看了", "已经下单", "支持一下!", '"种草",必买', "第一行\n第二行", "哈哈哈哈", "求链接", ""]


def write(path: Path, rows: int, *, accounts: int = 625_000, seed: int = 7) -> Path:
    """Write `rows` reposts: repost, reposter, author, root, parent, time (epoch ms), text."""
    rng = np.random.default_rng(seed)
    uids = rng.choice(9_000_000_000, accounts, replace=False) + 1_000_000_000
    authors = uids[rng.zipf(1.6, rows) % (accounts // 50)]
    with path.open("wb") as out:
        for start in range(0, rows, 500_000):
            part = slice(start, min(rows, start + 500_000))
            size = part.stop - part.start
            number = np.arange(part.start, part.stop)
            root = 4_900_000_000_000_000 + (authors[part] % 250_007)
            parent = np.where(rng.random(size) < 0.6, 0, 4_910_000_000_000_000 + rng.integers(0, number + 1))
            table = pa.table(
                {
                    "repost": pa.array(4_910_000_000_000_000 + number).cast(pa.string()),
                    "reposter": pa.array(uids[rng.integers(0, accounts, size)]).cast(pa.string()),
                    "author": pa.array(authors[part]).cast(pa.string()),
                    "root": pa.array(root).cast(pa.string()),
                    "parent": pa.array(np.where(parent == 0, "", parent.astype(str))),
                    "time": pa.array(1_767_225_600_000 + rng.integers(0, 30 * 86_400_000, size)),
                    "text": pa.array(np.array(WORDS)[rng.integers(0, len(WORDS), size)]),
                }
            )
            options = pc.WriteOptions(include_header=start == 0, quoting_style="needed")
            pc.write_csv(table, out, options)
    return path
