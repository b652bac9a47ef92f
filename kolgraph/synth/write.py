"""Writing a world: CSV as an export tool would give it, the truth beside it, and damage on request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph.errors import InputError
from kolgraph.targets import atomic_path, check, with_columns

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.synth.world import World

#: Headers of the files, where they differ from the columns of the World.
_HEADERS = {
    "follows": {"src": "follower", "dst": "followed"},
    "reposts": {"post": "repost", "src": "reposter", "dst": "author"},
}
_DAMAGE = ("no_reposter", "letters_in_time", "too_few_cells", "too_many_cells")


def write_world(world: World, folder: Path, *, damage: int = 0) -> dict[str, Path]:
    """Write accounts, follows, posts and reposts as CSV, and every truth table as ``truth/<name>.csv``.

    Parameters
    ----------
    damage : int
        Damaged rows to spread over reposts.csv, in turn: no reposter, letters for a time, a cell too few, a cell too
        many. They come on top of the good rows. ``truth/damage.csv`` lists ``line`` (1 = header) and ``kind``.

    Returns
    -------
    dict of str to Path
        ``accounts``, ``follows``, ``posts``, ``reposts``, and ``truth/<name>``.

    Notes
    -----
    UTF-8, ``\\n``, header line; free text is quoted, a missing value is an empty cell. Each file appears under its name
    only when it is complete.
    """
    if not 0 <= damage <= len(world.reposts):
        raise InputError(f"damage={damage} is out of range; choose 0 to {len(world.reposts)} (the number of reposts)")
    tables = {
        name: getattr(world, name).rename(columns=_HEADERS.get(name, {}))
        for name in ("accounts", "follows", "posts", "reposts")
    }
    tables |= {f"truth/{name}": table for name, table in world.truth.items()}
    paths = {name: folder / f"{name}.csv" for name in tables}
    for name, table in tables.items():  # all of them, or none is written
        check(paths[name], with_columns(table.columns))
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        _write(paths[name], table)
    if damage:
        spoilt, log = _spoil(paths["reposts"].read_bytes().splitlines(keepends=True), damage)
        with atomic_path(paths["reposts"], with_columns(tables["reposts"].columns)) as draft:
            draft.write_bytes(b"".join(spoilt))
        paths["truth/damage"] = folder / "truth" / "damage.csv"
        _write(paths["truth/damage"], log)
    return paths


def _write(path: Path, table: pd.DataFrame) -> None:
    import pyarrow as pa
    from pyarrow import csv

    # Arrow's "needed" quotes every text cell; tables of ids and numbers stay bare.
    quoting = "needed" if {"name", "text"} & set(table.columns) else "none"
    with atomic_path(path, with_columns(table.columns)) as draft:
        csv.write_csv(
            pa.Table.from_pandas(table, preserve_index=False),
            draft,
            csv.WriteOptions(quoting_style=quoting, quoting_header="none", batch_size=1 << 16),
        )


def _spoil(lines: list[bytes], damage: int) -> tuple[list[bytes], pd.DataFrame]:
    """Insert damaged copies of good rows at equal distances; each copy has an id of its own."""
    import pandas as pd

    good = len(lines) - 1
    out, log, copied = lines[:1], [], 0
    for number in range(damage):
        upto = (number + 1) * good // damage
        out += lines[1 + copied : 1 + upto]
        copied = upto
        cells = [f"59{number:014d}".encode(), *lines[upto].split(b",")[1:6], b'"x"']
        kind = _DAMAGE[number % len(_DAMAGE)]
        match kind:
            case "no_reposter":
                cells[1] = b""
            case "letters_in_time":
                cells[5] = "昨天".encode()
            case "too_few_cells":
                cells = cells[:-2]
            case _:
                cells += [b'"y"']
        out.append(b",".join(cells) + b"\n")
        log.append((len(out), kind))
    return out + lines[1 + copied :], pd.DataFrame(log, columns=["line", "kind"])
