"""Load 5M reposts, as a table and as JSON lines, whole and with 1 % damaged rows, beside pandas and polars.

Each load is a process of its own. The peers do the least that is comparable: read every cell as text, keep one row per
repost, number the accounts densely, write the edges as Parquet; they check nothing and keep no account of rows.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.bench import repost_csv, repost_jsonl

COMMON = """
import json, os, resource, sys, time
source, target = sys.argv[1:]
jsonl, damaged = source.endswith("jsonl"), "damaged" in source
start = time.perf_counter()
def done(rejected=0):
    use = resource.getrusage(resource.RUSAGE_SELF)
    cpu = use.ru_utime + use.ru_stime
    # ru_maxrss begins with the peak of the process that started this one.
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps([time.perf_counter() - start, cpu, peak / 1024, rejected]))
"""
KOLGRAPH = """
from pyarrow import parquet
from kolgraph.workspace import Workspace
with Workspace.open(target + ".kol", create=True) as ws:
    report = ws.load(source, platform="weibo", max_reject_rate=0.05)
    counts = report.counts
    assert counts.read == counts.accepted + counts.merged + counts.rejected
done(counts.rejected)
with Workspace.open(target + ".kol") as ws:
    parquet.write_table(ws.arrow("SELECT split_part(post_id, ':', 2) AS post FROM reposts"), target)
"""
PANDAS = """
import pandas as pd
if jsonl:
    wanted = {"_id": "post", "user": "src", "retweet_id": "root", "created_at": "time", "content": "text"}
    parts = []
    errors = "replace" if damaged else "strict"
    lines = pd.read_json(
        source, lines=True, dtype=False, convert_dates=False, chunksize=200_000, encoding_errors=errors
    )
    for part in lines:
        part = part[list(wanted)].rename(columns=wanted)
        part["src"] = part["src"].str["_id"]
        parts.append(part)
    frame = pd.concat(parts)
else:
    lenient = {"on_bad_lines": "skip", "encoding_errors": "replace"} if damaged else {}
    frame = pd.read_csv(source, dtype="str", **lenient)
    frame = frame.rename(columns={"repost": "post", "reposter": "src"})
frame = frame.drop_duplicates("post")
frame["src"] = pd.factorize(frame["src"])[0]
frame.to_parquet(target)
done()
"""
POLARS = """
import polars as pl
if jsonl:
    user = pl.Struct({"_id": pl.String})
    schema = {"_id": pl.String, "user": user, "retweet_id": pl.String, "created_at": pl.String, "content": pl.String}
    frame = pl.scan_ndjson(source, schema=schema, ignore_errors=damaged)
    frame = frame.rename({"_id": "post"}).with_columns(src=pl.col("user").struct.field("_id")).drop("user")
else:
    lenient = {"ignore_errors": True, "truncate_ragged_lines": True, "encoding": "utf8-lossy"} if damaged else {}
    frame = pl.scan_csv(source, infer_schema=False, **lenient)
    frame = frame.rename({"repost": "post", "reposter": "src"})
frame = frame.unique("post").with_columns(pl.col("src").rank("dense") - 1)
frame.collect(engine="streaming").write_parquet(target)
done()
"""
TOOLS = {"kolgraph": KOLGRAPH, "pandas": PANDAS, "polars": POLARS}


@dataclass
class Case:
    """A kind of file: how it is written, and how the line of a record is damaged in the n-th way."""

    ending: str
    write: Callable[[Path, int], Path]
    damage: Callable[[bytes, int], bytes | None]


def damage_csv(line: bytes, way: int) -> bytes | None:
    """A spoilt line; None if the line is no whole record: a quoted text may begin here and go on over the next one."""
    if not (line.startswith(b'"49') and line.endswith(b'"\n')):
        return None
    cells = line.rstrip(b"\n").split(b",")
    ways = (
        [*cells[:5], b"x" + cells[5], *cells[6:]],  # no time
        [*cells[:6], b'"' + cells[6].replace(b'"', b"")],  # a quote that never closes
        cells[:4],
        [*cells, b"x", b"y"],
        [*cells[:6], b"\xff\xfe"],  # no text
    )
    return b",".join(ways[way % len(ways)]) + b"\n"


def damage_jsonl(line: bytes, way: int) -> bytes | None:
    """A spoilt line."""
    ways = (
        line[: len(line) // 2] + b"\n",
        line.replace(b'"created_at": "2026', b'"created_at": "x2026'),
        line.replace(b'"content": "', b'"content": "\xff\xfe'),
        line.replace(b'": "', b'": ', 5),
        b"[" + line[1:-2] + b"]\n",
    )
    return ways[way % len(ways)]


CASES = (
    Case("csv", lambda path, rows: repost_csv.write(path, rows), damage_csv),
    Case("jsonl", lambda path, rows: repost_jsonl.write(path, rows), damage_jsonl),
)


def spoil(case: Case, source: Path, target: Path, every: int = 100) -> list[int]:
    """Copy a file, spoiling about every hundredth record in one of five ways; the ids of those spoilt."""
    ids, due = [], False
    with source.open("rb") as lines, target.open("wb") as out:
        for number, line in enumerate(lines):
            due = due or (number > 0 and number % every == 0)
            bad = case.damage(line, len(ids)) if due else None
            if bad is not None:
                due = False
                ids.append(int(line[line.index(b"49") :][:16]))
            out.write(line if bad is None else bad)
    return ids


def measured(tool: str, source: Path, target: Path) -> list[float] | str:
    """Wall and CPU seconds, peak MiB, rows rejected; or why the tool gave up."""
    command = [sys.executable, "-c", COMMON + TOOLS[tool], str(source), str(target)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode == 0:
        return list(json.loads(done.stdout))
    return next(line for line in done.stderr.splitlines() if re.match(r"[\w.]+(Error|Exception)", line))[:120]


def lost(target: Path, rows: int, bad: list[int]) -> int:
    """How many good reposts are not in what a tool wrote."""
    query = f"SELECT count(DISTINCT post) FROM '{target}' WHERE try_cast(post AS BIGINT) NOT IN (SELECT unnest(?))"
    return rows - len(bad) - int(duckdb.execute(query, [bad]).fetchall()[0][0])


def main(*, rows: int = 5_000_000, rounds: int = 3) -> None:
    """Print the figures of every round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES:
            good = case.write(folder / f"whole.{case.ending}", rows)
            damaged = folder / f"damaged.{case.ending}"
            bad = spoil(case, good, damaged)
            print(f"{case.ending}: {rows:,} reposts, {good.stat().st_size / 1e6:,.0f} MB; {len(bad):,} of them damaged")
            for source, ids in ((good, []), (damaged, bad)):
                for number, tool in enumerate([*["kolgraph"] * (rounds if source is good else 1), "pandas", "polars"]):
                    target = folder / f"{source.stem}-{case.ending}-{number}.parquet"
                    figures = measured(tool, source, target)
                    label = f"  {source.stem:8} {tool:9}"
                    if isinstance(figures, str):
                        print(f"{label} gave up: {figures}", flush=True)
                        continue
                    wall, cpu, peak, rejected = figures
                    print(
                        f"{label} {wall:6.1f} s wall {cpu:6.1f} s CPU {peak:7,.0f} MiB"
                        f"  {rejected:,.0f} rejected, {lost(target, rows, ids):,} good rows lost",
                        flush=True,
                    )
            good.unlink()
            damaged.unlink()


if __name__ == "__main__":
    main()
