"""Good files of every format, invented: what their columns mean is said, so that a habit knows which cells are its own.

Ids, short ids and times derive from each other as they do on the platforms, so that a loader may check one against the
other; times end in whole minutes, so that a program that shows no seconds alters nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.fuzz.seeds import database, workbook
from tests.worlds.samples import SAMPLES

#: What a letter behind a column means. Small letters: an account, a post, a name other than the row's own.
ROLES = {
    "A": "account id",
    "a": "id of another account",
    "P": "post id",
    "p": "id of another post",
    "B": "short id of the same post (base 62)",
    "N": "name of the row's account",
    "n": "name that stands for another account",
    "H": "handle, in which capitals mean nothing",
    "C": "count",
    "T": "time without a zone",
    "M": "money",
    "X": "text",
    "W": "weight",
}


@dataclass(frozen=True)
class Good:
    """A file that is right: a table (`columns`, `rows`) in some `form`, or any other (`raw`), and how it is loaded.

    Attributes
    ----------
    name : str
        Path below a folder; crawlers say things in it.
    form : str
        csv, jsonl, json (one document; `wrap` is where its rows lie), xlsx, db (`wrap` is the table), or raw.
    roles : mapping
        Column -> letter of `ROLES`.
    numbers : set of str
        Columns that JSON writes as numbers.
    options : mapping
        What the user says.
    beside : mapping
        Other files of the folder that it needs.
    """

    name: str
    form: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)
    wrap: str = ""
    raw: bytes = b""
    beside: Mapping[str, bytes] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.form, self.rows, self.raw))

    def written(self) -> bytes:
        """The bytes of the file."""
        if self.form == "csv":
            return csv_text([self.columns, *self.rows]).encode()
        if self.form == "xlsx":
            return workbook(self.columns, self.rows)
        if self.form == "db":
            return database(self.wrap, self.columns, self.rows)
        if self.form in ("jsonl", "json"):
            return document(self, self.objects())
        return self.raw

    def objects(self) -> list[dict[str, Any]]:
        """The rows of JSON as objects."""
        return [self.object(row) for row in self.rows]

    def object(self, row: Sequence[str]) -> dict[str, Any]:
        """One row as an object: dotted names are objects in it, a cell that is empty is null."""
        out: dict[str, Any] = {}
        for name, cell in zip(self.columns, row, strict=True):
            *above, last = name.split(".")
            inner = out
            for key in above:
                inner = inner.setdefault(key, {})
            inner[last] = json.loads(cell) if name in self.numbers and cell else cell or None
        return out

    def cell(self, row: int, column: str, value: str) -> Good:
        """The same file with another cell."""
        cells = list(self.rows[row])
        cells[self.columns.index(column)] = value
        return replace(self, rows=(*self.rows[:row], tuple(cells), *self.rows[row + 1 :]))

    def without(self, *rows: int) -> Good:
        """The same file without these rows."""
        return replace(self, rows=tuple(row for at, row in enumerate(self.rows) if at not in rows))


def grown(good: Good, times: int) -> Good:
    """The same file with its rows several times, of other accounts and posts, so that one load tries many cells."""
    return replace(good, rows=(*good.rows, *(row for k in range(1, times) for row in _others(good, k))))


def _others(good: Good, k: int) -> Iterator[tuple[str, ...]]:
    """The rows of a file for other accounts and posts, everywhere where they are named."""
    new: dict[str, str] = {}
    places = {role: good.columns.index(column) for column, role in good.roles.items()}
    for column, role in good.roles.items():
        values = [row[good.columns.index(column)] for row in good.rows]
        new |= {value: _another(value, role, k) for value in values if value and role in "AaPpNnHB"}
    if "P" in places and "B" in places:
        new |= {row[places["B"]]: short(int(new[row[places["P"]]])) for row in good.rows}
    words = re.compile("|".join(map(re.escape, sorted(new, key=len, reverse=True))))
    fixed = {at for at, column in enumerate(good.columns) if good.roles.get(column, "") in (*"CTMXW",)}
    for row in good.rows:
        cells = (cell if at in fixed else words.sub(lambda m: new[m[0]], cell) for at, cell in enumerate(row))
        yield tuple(cells)


def _another(value: str, role: str, k: int) -> str:
    if role in "NnH" or not re.search(r"\d\d\d", value):
        return value[:-1] + chr(ord("一") + 7 * k) + value[-1] if not value.isascii() else f"{value[0]}{k}{value[1:]}"
    head, digits = re.fullmatch(r"(.*?)(\d+)", value).groups()  # type: ignore[union-attr]
    return head + str(int(digits) + (1000 if role in "Pp" else 100) * k).rjust(len(digits), "0")


#: The digits of short ids.
BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def short(mid: int) -> str:
    """The short id of a post of Weibo: seven digits at a time in base 62."""
    out = ""
    while mid:
        mid, part = divmod(mid, 10**7)
        piece = ""
        while part:
            part, digit = divmod(part, 62)
            piece = BASE62[digit] + piece
        out = (piece.rjust(4, "0") if mid else piece) + out
    return out


def csv_text(rows: Sequence[Sequence[str]], delimiter: str = ",", end: str = "\n") -> str:
    """Rows as a CSV writer writes them."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def document(good: Good, objects: Sequence[Any]) -> bytes:
    """Objects as lines, as a list, or below the place where the format has them."""
    if good.form == "jsonl":
        return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in objects).encode()
    whole: Any = list(objects)
    for key in reversed(good.wrap.split(".") if good.wrap else ()):
        whole = {key: whole}
    return json.dumps(whole, ensure_ascii=False).encode()


def tables(text: str) -> Iterator[Good]:
    """The tables of `goods.txt`: a line that says what the file is, one of columns and their roles, and the rows."""
    for part in text.split("\n\n"):
        head, header, *lines = part.strip().splitlines()
        _, name, form, wrap, options = head.split(" ", 4)
        columns, roles, numbers = [], {}, set()
        for word in header.split("|"):
            column, _, role = word.strip().partition("=")
            columns.append(column)
            if role.endswith("#"):
                numbers.add(column)
            if role.strip("#"):
                roles[column] = role.strip("#")
        rows = tuple(tuple(cell.strip().replace("\\n", "\n") for cell in line.split("|")) for line in lines)
        said, within = json.loads(options), "" if wrap == "-" else wrap
        yield Good(name, form, tuple(columns), rows, roles, frozenset(numbers), said, within)


TABLES = tuple(tables(Path(__file__).with_name("goods.txt").read_text(encoding="utf-8")))
FORWARD = {"record": "follow", "direction": "forward"}
RAWS = (
    Good("g.edgelist", "raw", raw=b"1000000011 1000000012\n1000000013 1000000012\n", options=FORWARD),
    Good(
        "combined.txt",
        "raw",
        raw=b"# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\n10001\t10002\n10003\t10002\n",
        options=FORWARD,
    ),
    Good(
        "g.net",
        "raw",
        raw='*Vertices 3\n1 "样例甲"\n2 "样例 乙"\n3 "样例丙"\n*Arcs\n2 1 3\n3 1 1\n'.encode(),
        options=FORWARD,
    ),
    Good(
        "g.gdf",
        "raw",
        raw="nodedef>name VARCHAR,label VARCHAR\n1001,样例甲\n1002,样例乙\n"
        "edgedef>node1 VARCHAR,node2 VARCHAR,directed BOOLEAN\n1002,1001,true\n".encode(),
        options=FORWARD,
    ),
    Good(
        "g.graphml",
        "raw",
        raw='<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" for="node" attr.name="label"/>'
        '<graph edgedefault="directed"><node id="1000000011"><data key="d0">样例甲</data></node><node id="1000000012"/>'
        '<edge source="1000000012" target="1000000011"/></graph></graphml>'.encode(),
        options=FORWARD,
    ),
    Good(
        "g.gexf",
        "raw",
        raw='<gexf><graph defaultedgetype="directed"><nodes><node id="1000000011" label="样例甲"/>'
        '<node id="1000000012" label="样例乙"/></nodes><edges>'
        '<edge source="1000000012" target="1000000011" weight="2.5"/></edges></graph></gexf>'.encode(),
        options=FORWARD,
    ),
    Good(
        "node_link.json",
        "raw",
        raw='{"directed": true, "nodes": [{"id": "1000000011", "label": "样例甲"}, {"id": "1000000012"}], '
        '"edges": [{"source": "1000000012", "target": "1000000011"}]}'.encode(),
        options=FORWARD,
    ),
    Good(
        "pages.jsonl",
        "raw",
        raw=b'{"data": [{"id": "1742034227821791951", "author_id": "77001", "created_at": "2024-01-02T04:05:00.000Z", '
        b'"text": "RT @kol_a: big news", "referenced_tweets": [{"type": "retweeted", "id": "1742018876668040839"}]}], '
        b'"includes": {"users": [{"id": "77001", "username": "fan_b", "name": "Bea"}, {"id": "55002", "username": '
        b'"kol_a", "name": "Ann"}], "tweets": [{"id": "1742018876668040839", "author_id": "55002", "created_at": '
        b'"2024-01-02T03:04:00.000Z", "text": "big news"}]}}\n',
    ),
)


def samples() -> tuple[Good, ...]:
    """The invented samples of ../shared, as they are; none where they are not there."""
    paths = [p for p in sorted(SAMPLES.rglob("*.*")) if p.is_file() and p.suffix in (".csv", ".jsonl", ".txt", ".net")]
    found = []
    for path in paths:
        beside = {p.name: p.read_bytes() for p in path.parent.iterdir() if p.is_file() and p != path}
        name = f"{path.parent.name}/{path.name}"
        found.append(Good(name, "raw", raw=path.read_bytes(), options=FORWARD, beside=beside))
    return tuple(found)


GOODS: tuple[Good, ...] = (*TABLES, *RAWS)
