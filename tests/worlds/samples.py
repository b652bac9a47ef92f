"""The samples of ../shared/formats, their expected edges, and the clothes in which the same content has to load."""

from __future__ import annotations

import gzip
import json
import random
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.shelf import Shelf

SAMPLES = Path(__file__).parents[3] / "shared" / "formats" / "samples"

#: An end of an edge as EXPECTED.json writes it: an account, else the name, else the post, else null.
_END = "coalesce({0}.account_id, 'name:' || e.{1}_name, {2})"
_EDGES = {
    "reposts": "SELECT DISTINCT "
    + _END.format("s", "src", "NULL")
    + " AS src, "
    + _END.format("d", "dst", "'post:' || e.root_id")
    + " AS dst, e.post_id, e.kind FROM repost_edges e LEFT JOIN reposts r USING (post_id) "
    "LEFT JOIN accounts s ON s.account_key = e.src LEFT JOIN accounts d ON d.account_key = e.dst "
    "WHERE r.kind = 'repost'",
    "quotes": "SELECT s.account_id AS src, d.account_id AS dst, r.post_id FROM reposts r "
    "JOIN accounts s ON s.account_key = r.src LEFT JOIN accounts d ON d.account_key = r.dst WHERE r.kind = 'quote'",
    "mentions": "SELECT s.account_id AS src, coalesce(d.account_id, 'name:' || m.dst_name) AS dst, m.post_id "
    "FROM mentions m JOIN accounts s ON s.account_key = m.src LEFT JOIN accounts d ON d.account_key = m.dst",
    "replies": "SELECT s.account_id AS src, d.account_id AS dst, c.comment_id FROM comments c "
    "JOIN accounts s ON s.account_key = c.src JOIN accounts d ON d.account_key = c.dst",
    "follows": "SELECT s.account_id AS src, d.account_id AS dst FROM follows f "
    "JOIN accounts s ON s.account_key = f.src JOIN accounts d ON d.account_key = f.dst",
}


#: What EXPECTED.json leaves out: the message that is answered is a repost in the same file.
FURTHER = {"qut/messages.csv": {"replies": [["12", "11", "1002"]]}}


def expected(name: str) -> Any:
    """What EXPECTED.json says of a sample; skips the test where the samples are not there."""
    if not SAMPLES.exists():
        pytest.skip("../shared/formats/samples is not there: samples not checked")
    return json.loads((SAMPLES / "EXPECTED.json").read_text(encoding="utf-8"))[name] | FURTHER.get(name, {})


def found(shelf: Shelf) -> dict[str, set[tuple[Any, ...]]]:
    """The edges in a workspace, in the words of EXPECTED.json: without the platform before posts, `local:` left out."""
    out = {}
    for relation, query in _EDGES.items():
        rows = [tuple(_bare(cell) for cell in row) for row in shelf.rows(query)]
        out[relation] = {(*row[:2], _post(row[2]), *row[3:]) if len(row) > 2 else row for row in rows}
    return out


def _bare(cell: str | None) -> str | None:
    if cell is None:
        return None
    if cell.startswith("post:"):
        return "post:" + str(_post(cell[5:]))
    return cell.removeprefix("local:")


def _post(post: str | None) -> str | None:
    return None if post is None else post.split(":", 1)[-1]


_NAMES = (
    "SELECT any_value(account_id) AS account, name_norm FROM account_names JOIN accounts USING (account_key) "
    "GROUP BY name_norm HAVING count(*) = 1"
)


def check(shelf: Shelf, wanted: Any) -> None:
    """The edges in the workspace are exactly those wanted; `optional` ones follow from the text, and belong to it.

    A name that the file itself resolves is the account; where the author is unknown (null) the post may be said.
    """
    optional = wanted.get("optional", {})
    known = {f"name:{name}": account for account, name in shelf.rows(_NAMES)}
    for relation, rows in found(shelf).items():
        want = {_row(row, known) for row in [*wanted.get(relation, []), *optional.get(relation, [])]}
        width = min((len(row) for row in want), default=4)
        have = {row[:width] for row in rows}
        unknown = {row for row in have if str(row[1]).startswith("post:") and (row[0], None, *row[2:]) in want}
        assert have - unknown | {(row[0], None, *row[2:]) for row in unknown} == want, relation


def _row(row: list[Any], known: dict[str, str]) -> tuple[Any, ...]:
    """`root_only` says how sure the edge to the root is; as an edge it is one to the root. A bid is a number."""
    cells = [known.get(cell, cell) if at < 2 else cell for at, cell in enumerate(row)]
    cells = [_BID.sub(lambda match: mid(match[1]), cell) if isinstance(cell, str) else cell for cell in cells]
    return tuple({"root_only": "root"}.get(cell, cell) if at == 3 else cell for at, cell in enumerate(cells))


_BID = re.compile(r"\bbid:([0-9A-Za-z]{9})$")
_DIGITS = string.digits + string.ascii_letters


def mid(bid: str) -> str:
    """The number of a post of Weibo: FORMATS 1.1."""
    parts = [0, 0, 0]
    for part, text in enumerate((bid[:1], bid[1:5], bid[5:])):
        for digit in text:
            parts[part] = parts[part] * 62 + _DIGITS.index(digit)
    return f"{parts[0]}{parts[1]:07}{parts[2]:07}" if max(parts) < 10**7 else f"bid:{bid}"


def clothes(data: bytes, *, header: bool) -> Iterator[tuple[str, str, bytes]]:
    """(name, ending to add, bytes): the same content as other programs would have saved it."""
    yield "as it is", "", data
    yield "CRLF", "", data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "BOM", "", b"\xef\xbb\xbf" + data.removeprefix(b"\xef\xbb\xbf")
    yield "gzip", ".gz", gzip.compress(data)
    lines = data.splitlines(keepends=True)
    if data.count(b'"\n') == 0 or not header:  # rows on lines of their own
        lines = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
        first, rest = lines[:header], lines[header:]
        random.Random(7).shuffle(rest)
        yield "shuffled", "", b"".join([*first, *rest])


def check_in_every_dress(shelf: Shelf, folder: Path, name: str) -> None:
    """A sample gives the expected edges in all its clothes, and nothing new when it is loaded again."""
    wanted, file = expected(name), SAMPLES / name
    for number, (_, ending, data) in enumerate(clothes(file.read_bytes(), header=file.suffix == ".csv")):
        shelf.empty()
        path = folder / str(number) / (file.name + ending)
        path.parent.mkdir()
        path.write_bytes(data)
        assert shelf.load_file(path).rejects == []
        check(shelf, wanted)
        once = shelf.content()
        path.write_bytes(data + b"\n" if ending == "" else data)
        again = shelf.load_file(path)
        assert again.known or again.counts.accepted == 0
        assert shelf.content() == once
