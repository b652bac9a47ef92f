"""Small valid files of invented values to start from: of every format by its keys, and of the generic loaders."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import zstandard

from kolgraph.loaders import formats
from kolgraph.loaders.formats import FAMILIES
from kolgraph.loaders.spec import CELL, Format, _cells
from tests.fuzz.named import NAMED, Named
from tests.worlds.samples import SAMPLES

#: What a name of a cell tells of its values, the more telling first.
VALUES = (
    (r"url|link|href|网址|链接", "https://weibo.com/1000000001/PaaaaaaB2"),
    (r"time|date|_at$|_ts$|created|publish|时间|日期", "2024-01-02 03:04:05"),
    (r"name|nick|昵称|screen|handle", "样例{}"),
    (r"text|content|desc|title|正文|标题|txt", "好看//@样例1:推荐 #话题# @样例2 "),
    (r"", "100000000{}"),
)
OPTIONS = {"subject": "1000000009", "root": "4900000000000100", "direction": "forward"}
#: An alternative of an emit: ``{type} = 'fan'``.
CHOICE = re.compile(r"\{([^{}]+)\}[^{}']{1,12}'(\w+)'")
GENERIC: Mapping[str, Sequence[tuple[str, str, dict[str, Any]]]] = {
    "graph": (
        (
            "g.graphml",
            '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" for="node" attr.name="uid"/>'
            '<key id="w" for="edge" attr.name="weight"/><graph edgedefault="undirected"><node id="n0"><data key="d0">7'
            '</data></node><node id="n1"/><edge source="n0" target="n1"><data key="w">2.5</data></edge></graph>'
            "</graphml>",
            {"direction": "backward"},
        ),
        (
            "g.gexf",
            '<gexf><graph defaultedgetype="mutual"><attributes class="node"><attribute id="0" title="followers"/>'
            '</attributes><nodes><node id="1" label="x"><attvalues><attvalue for="0" value="5"/></attvalues></node>'
            '</nodes><edges><edge source="1" target="2" weight="2.5"/></edges></graph></gexf>',
            {"direction": "forward"},
        ),
        (
            "g.gdf",
            "nodedef>name VARCHAR,label VARCHAR\n1,'a,b'\n2,c\n"
            "edgedef>node1 VARCHAR,node2 VARCHAR,directed BOOLEAN\n1,2,false\n",
            {"direction": "forward"},
        ),
        ("g.net", '*Vertices 2\n1 "a b"\n2 c\n*Arcs\n1 2 3\n*Edgeslist\n2 1\n', {"direction": "forward"}),
        ("g.edgelist", "1 2 {'weight': 2.5}\n2 3 {}\n", {"direction": "backward"}),
        (
            "g.json",
            '{"directed": false, "nodes": [{"id": "a"}, {"id": "b"}],\n "links": [{"source": 0, "target": "b"}]}',
            {"direction": "forward"},
        ),
    ),
    "neo4j-admin": (
        ("a.csv", "id:ID(Account),name,followers:long,:LABEL\n1,x,5,Account;KOL\n2,y,,Post\n", {}),
        ("b.csv", ":START_ID(Account),:END_ID(Account),weight:double,:TYPE\n1,2,2.5,FOLLOWS\n2,1,1,REPOSTED\n", {}),
        ("c.csv", ":START_ID,:END_ID\n1,2\n", {"record": "mention", "direction": "backward"}),
    ),
    "edges": (
        ("a.txt", "# Nodes: 3\n# FromNodeId\tToNodeId\n0\t1\n1\t2\n", {"record": "follow", "direction": "forward"}),
        ("b.csv", "Source,Target,Weight\na,b,1\nb,c,2.5\n", {"record": "repost", "direction": "backward"}),
        ("c.edges", "1 2\n2 3\n", {"record": "mention", "direction": "forward"}),
        ("d.csv.gz", "1,2\n2,3\n", {"record": "follow", "direction": "forward"}),
        ("e.csv.zst", "1,2\n2,3\n", {"record": "follow", "direction": "forward"}),
    ),
    "planner": (
        ("p.csv", '报价表\n平台,昵称,粉丝数(万),报价\n微博,样例1,52.3,"12,000"\n小红书,样例2,3,面议\n备注：含税\n', {}),
        ("p.xlsx", "平台,昵称,主页链接,粉丝数,报价\n微博,样例1,https://weibo.com/u/1000000001,52.3万,8000-1万\n", {}),
        (
            "i.csv",
            "person,platform,account,name,confidence\np1,weibo,1000000001,样例1,0.9\np1,douyin,x1,样例1,90%\n",
            {},
        ),
    ),
    "table": (
        ("f.csv", 'follower,followed,since\n1,2,2024-01-02\n"a,b","c\nd",\n3,4,x\n', {}),
        ("r.csv", "reposter,author,repost,root,parent,time,text\n1,2,11,10,,1767225600000,好\n3,2,12,10,11,1,\n", {}),
        ("m.csv", "a;b;c\n1;2;3\n", {"record": "follow", "mapping": {"src": "a", "dst": "b", "weight": "c"}}),
        ("n.jsonl", '{"follower": "1", "followed": 2}\n{"follower": "3", "followed": "4"}\n', {}),
        ("n.xlsx", "follower,followed\n1,2\n3,4\n", {}),
        ("g.csv", "follower,followed\n1,样例\n粉丝,3\n", {"encoding": "gb18030"}),
    ),
}


@dataclass(frozen=True)
class Case:
    """A file: its name below a folder, its bytes, what is said of it when it is loaded, and the format it is of.

    `beside` are other files of the folder that it needs.
    """

    name: str
    data: bytes
    options: Mapping[str, Any] = field(default_factory=dict)
    format: str = ""
    beside: Mapping[str, bytes] = field(default_factory=dict)


@cache
def cases() -> dict[str, list[Case]]:
    """By target: the families of formats, the generic loaders, the samples of ../shared, and habits on good files."""
    made: dict[str, list[Case]] = {}
    family = {fmt.name: name for name in FAMILIES for fmt in import_module(f"kolgraph.loaders.known.{name}").FORMATS}
    for fmt in formats().values():
        made.setdefault(family.get(fmt.name, "others"), []).extend(_of_format(fmt))
    for loader, files in GENERIC.items():
        made[loader] = [Case(f"data/{n}", _packed(n, text), options, loader) for n, text, options in files]
    for target, known in NAMED.items():
        made.setdefault(target, []).extend(_of_name(named) for named in known)
    small = [p for p in sorted(SAMPLES.rglob("*.*")) if p.is_file() and p.stat().st_size < 1 << 14]
    made["samples"] = [_of_sample(p, small) for p in small if p.name != "EXPECTED.json"]
    made["habits"] = list(_of_habits())
    return {target: found for target, found in made.items() if found}


def _of_habits() -> Iterator[Case]:
    """One file of every habit of `tests.habits`."""
    from tests.habits.catalogue import HABITS, draw, pairs  # which is built on the good files of this module

    for number, name in enumerate(HABITS):
        fitting = [good for other, good in pairs() if other == name]
        Random(number).shuffle(fitting)
        one = next(found for good in fitting if (found := draw(name, good, Random(7))) is not None)
        yield Case(
            one.name if "/" in one.name else f"data/{one.name}", one.data, one.good.options, beside=one.good.beside
        )


def _of_name(named: Named) -> Case:
    beside = {name: text.encode("utf-8", "surrogatepass") for name, text in named.beside.items()}
    return Case(f"data/{named.name}", named.text.encode(), named.options, beside=beside)


def _of_sample(path: Path, others: Sequence[Path]) -> Case:
    beside = {p.name: p.read_bytes() for p in others if p.parent == path.parent and p != path}
    options = {"record": "follow", "direction": "forward", **OPTIONS}
    return Case(f"{path.parent.name}/{path.name}", path.read_bytes(), options, beside=beside)


def _packed(name: str, text: str) -> bytes:
    if name.endswith(".xlsx"):
        header, *rows = csv.reader(io.StringIO(text))
        return workbook(header, rows)
    data = text.encode("gb18030" if "样例\n粉丝" in text else "utf-8")
    if name.endswith(".zst"):
        return zstandard.compress(data)
    return gzip.compress(data, mtime=0) if name.endswith(".gz") else data


def _of_format(fmt: Format) -> Iterator[Case]:
    flat = rows(fmt)
    folder = "bili" if fmt.path else "data"
    said = {option: OPTIONS[option] for option in fmt.needs}
    names = list(flat[0])
    if fmt.shape in ("", "table"):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([names, *(row.values() for row in flat)])
        yield Case(f"{folder}/1_2.csv", text.getvalue().encode(), said, fmt.name)
    if fmt.shape in ("", "json"):
        nested = [nest(row) for row in flat]
        if fmt.prefix or fmt.rows:
            yield Case(f"{folder}/1_2.json", _json(_document(fmt, nested)), said, fmt.name)
        else:
            yield Case(f"{folder}/1_2.jsonl", b"".join(_json(row) + b"\n" for row in nested), said, fmt.name)
            yield Case(f"{folder}/1_2.json", _json(nested), said, fmt.name)
    if fmt.table and fmt.shape in ("", "sqlite"):
        yield Case(f"{folder}/1_2.db", database(fmt.table, names, [list(row.values()) for row in flat]), said, fmt.name)


def rows(fmt: Format) -> list[dict[str, Any]]:
    """Rows with all cells that a format knows, one for every alternative that it tells apart."""
    texts = [t for emit in fmt.emits for t in (*emit.fields.values(), emit.when, emit.each)] + [*fmt.lets.values()]
    found = {*fmt.keys, *(name for text in texts for name in _cells(text))} - fmt.without - set(fmt.lets)
    if fmt.prefix or fmt.rows:
        found -= fmt.keys
    names = sorted(n for n in found if n[0] != "@" and not any(o.startswith(n + ".") for o in found))
    row: dict[str, Any] = {name: _value(name, k) for k, name in enumerate(names)}
    for emit in fmt.emits:
        if emit.each in row:
            items = {n[5:]: _value(n, 1) for text in emit.fields.values() for n in CELL.findall(text) if "item." in n}
            row[emit.each] = _json([items or "样例1"]).decode()
    choices = dict.fromkeys(pair for text in texts for pair in CHOICE.findall(text) if pair[0] in row)
    return [row, *(row | {name: choice} for name, choice in list(choices)[:6])]


def _value(name: str, k: int) -> str:
    return next(made.format(k % 10) for words, made in VALUES if re.search(words, name.rsplit(".", 1)[-1].lower()))


def nest(row: Mapping[str, Any]) -> dict[str, Any]:
    """``{"a.b": 1}`` as ``{"a": {"b": 1}}``, and lists as lists."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        *above, last = name.split(".")
        inner = out
        for key in above:
            inner = inner.setdefault(key, {})
        inner[last] = json.loads(value) if value.startswith("[") else value
    return out


def _document(fmt: Format, nested: list[dict[str, Any]]) -> dict[str, Any]:
    """One JSON value with a list of rows where the format looks for it."""
    items = [row | row.get("post", {}) for row in nested]
    objects = {key.split(".")[0] for key in fmt.keys if fmt.rows and key.partition(".")[0] in nested[0]}
    out: dict[str, Any] = {name: nested[0][name] for name in objects}
    paths = {fmt.prefix} - {""} or {k for k in fmt.keys if k.split(".")[0] not in objects}
    for key in sorted(p for p in paths if not any(other.startswith(p + ".") for other in paths)):
        *above, last = key.split(".")
        inner = out
        for name in above:
            inner = inner.setdefault(name, {})
        inner[last] = items
    return {key: "0" for key in fmt.keys if "." not in key} | out


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def workbook(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A spreadsheet of one sheet, as small as can be."""
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (header, *rows):
        book.active.append(list(row))
    book.save(out)
    with zipfile.ZipFile(out) as full, zipfile.ZipFile(small := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for info in full.infolist():
            archive.writestr(zipfile.ZipInfo(info.filename), full.read(info))
    return small.getvalue()


def database(table: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """An SQLite file of one table."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder, "x.db"))) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute(f'CREATE TABLE "{table}" ({", ".join(f"{chr(34)}{name}{chr(34)}" for name in header)})')
        connection.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(header))})', rows)
        connection.commit()
        return Path(folder, "x.db").read_bytes()
