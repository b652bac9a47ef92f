"""Files for `neo4j-admin database import`: cells like ``name:type`` say which nodes a row is or joins.

The header may be a file of its own, ``accounts-header.csv`` beside ``accounts.csv`` or ``accounts-part1.csv``. Ids in
these files may be numbers of their own; where nodes tell the ids of accounts besides, relationships lead to those.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from kolgraph.errors import InputError, UnknownFormat, option
from kolgraph.loaders.reading import headers
from kolgraph.loaders.reading.delimited import delimited
from kolgraph.loaders.reading.packed import MAX_INPUT, opened
from kolgraph.loaders.reading.source import (
    DELIMITERS,
    SAMPLE_BYTES,
    Options,
    Part,
    Reading,
    Source,
    lines,
    quoted,
    readable,
)

CELL = re.compile(r"([^:]*):(ID|START_ID|END_ID|LABEL|TYPE)(?:\(([^)]*)\))?(?:\{.*\})?")
#: A part of a file -> the name that its header has before `-header`.
NUMBER = re.compile(r"[-_]?(part)?[-_]?\d+$")
#: Labels and id spaces of nodes that are accounts.
ACCOUNTS = ("account", "accounts", "user", "users", "kol", "person", "people", "influencer", "creator", "blogger")
#: Types of relationships whose start acts on their end -> record.
TYPES = {
    "follow": ("FOLLOW", "FOLLOWS", "FOLLOWED", "IS_FOLLOWING"),
    "repost": ("REPOST", "REPOSTS", "REPOSTED", "RETWEETS", "RETWEETED", "FORWARDED"),
    "mention": ("MENTION", "MENTIONS", "MENTIONED"),
}
#: Ids of accounts beside an id that is a number of the file's own.
NATIVE = {"account", "accountid", "platformuid", "uid", "userid"}
TIMES = {"times", *headers.WEIGHTS}


class Header(NamedTuple):
    """A header, the file's `own` or one beside it: names of properties; column and id space of what is special."""

    cells: list[str]
    names: list[str]
    special: dict[str, tuple[int, str]]
    delimiter: str
    own: bool

    @property
    def account(self) -> str | None:
        """SQL of the id of the account that a node is, where that is told beside the node's own id."""
        native = next((k for k, name in enumerate(self.names) if name in NATIVE), None)
        if native is None:
            return None
        return f"c{self.names.index('platform')} || ':' || c{native}" if "platform" in self.names else f"c{native}"


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """A reading of nodes or relationships, or None if the file is neither.

    Raises
    ------
    UnknownFormat
        A header without rows, or nodes that are no accounts.
    InputError
        The relation or the direction was not said, and no type says it.
    """
    header = _header(source.path) if source.shape == "table" and not options.mapping else None
    if header is None:
        return None
    if header.own and re.search(r"[-_]header$", _stem(source.path)):
        raise UnknownFormat(f"{source.path}: is the header of other files; name those")
    source.header, source.delimiter = header.cells, header.delimiter
    if not header.own:
        source.header_line = 1
    return [_nodes(source, options, header) if "ID" in header.special else _relationships(source, options, header)]


def _nodes(source: Source, options: Options, header: Header) -> Reading:
    if options.record not in {None, "account"}:
        raise InputError(f"{source.path}: holds nodes, which can be accounts but no {options.record}")
    column, space = header.special["ID"]
    labels, when = header.special.get("LABEL"), ""
    if options.record is None:
        _check(source, options, space)
        if labels:
            when = f"list_has_any(string_split(lower(c{labels[0]}), ';'), {list(ACCOUNTS)})"
        elif not space:
            raise InputError.at(
                source.path, 1, "nodes without labels may be anything", fix=f"add {option('record', 'account')}"
            )
    fields = {"account": header.account or f"c{column}"} | _fields("account", header)
    decision = f"account: nodes for neo4j-admin, account = {header.account or header.cells[column]}"
    return _reading(source, header, [Part("account", fields, when)], decision)


def _relationships(source: Source, options: Options, header: Header) -> Reading:
    start, end, kind = (header.special.get(name, (None, "")) for name in ("START_ID", "END_ID", "TYPE"))
    for _, space in (start, end):
        _check(source, options, space)
    sides = {"src": start[0], "dst": end[0]}
    if options.record is not None or kind[0] is None:
        record = headers.check_edge(
            source.path,
            1,
            options.record,
            options.direction,
            what="which relation?",
            who="does the start of a relationship act on its end, or the end on the start?",
        )
        if options.direction == "backward":
            sides = {"src": end[0], "dst": start[0]}
        types = {record: ""}
    else:
        if options.direction == "backward":
            fix = f"leave {option('direction')} out, or add {option('record')}"
            raise InputError(f"{source.path}: the types say already who acts; {fix}")
        types = {record: f"upper(c{kind[0]}) IN {words}" for record, words in TYPES.items()}
    spaces = {side: start[1] if column == start[0] else end[1] for side, column in sides.items()}
    accounts = _accounts(source, set(spaces.values()))
    joined = {side: f"{side}_account" for side, space in spaces.items() if any(known == space for known, _ in accounts)}
    ends = {side: joined.get(side, f"c{column}") for side, column in sides.items()}
    parts = [Part(record, ends | _fields(record, header), when) for record, when in types.items()]
    acts = "start" if sides["src"] == start[0] else "end"
    decision = f"{', '.join(types)}: relationships for neo4j-admin, the {acts} of one acts"
    if not joined:
        return _reading(source, header, parts, decision)
    import pyarrow as pa

    join = " ".join(
        f"LEFT JOIN (SELECT key AS {side}_key, account AS {name} FROM handed_over "
        f"WHERE space = {quoted(spaces[side])}) ON c{sides[side]} = {side}_key"
        for side, name in joined.items()
    )
    made = _reading(source, header, parts, decision, join, list(joined.values()))
    columns = [*zip(*accounts, strict=True), accounts.values()]
    made.arrow = pa.table([pa.array(column, pa.string()) for column in columns], names=["space", "key", "account"])
    return made


def _check(source: Source, options: Options, space: str) -> None:
    """Posts, topics and communities are nodes too."""
    if options.record is None and space and space.lower() not in ACCOUNTS:
        raise UnknownFormat(
            f"{source.path}: nodes of {space!r} are no accounts; if they are, say what rows are: {option('record')}"
        )


def _fields(record: str, header: Header) -> dict[str, str]:
    """Field -> SQL of the properties that are called like it."""
    known = {alias: field for field, aliases in headers.NAMES[record].items() for alias in aliases}
    if "weight" in known.values():
        known |= dict.fromkeys(TIMES, "weight")
    special = {column for column, _ in header.special.values()}
    found: dict[str, str] = {}
    for k, name in enumerate(header.names):
        field = known.get(name)
        if field is not None and k not in special and field not in {"account", "src", "dst"}:
            found.setdefault(field, f"c{k}")
    return found


def _reading(
    source: Source, header: Header, parts: Sequence[Part], decision: str, join: str = "", joined: Sequence[str] = ()
) -> Reading:
    columns = [f"c{k}" for k in range(len(header.names))]
    made = delimited(source, parts, columns=columns, has_header=header.own, decision=decision, join=join, joined=joined)
    made.named = True  # what rows mean depends on files beside
    return made


# ---------------------------------------------------------------------- files beside


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _header(path: Path) -> Header | None:
    """The header of a file, its own or that beside it."""
    for stem in dict.fromkeys((_stem(path), NUMBER.sub("", _stem(path)))):
        for other in (path, *(path.with_name(stem + end) for end in ("-header.csv", "_header.csv"))):
            with readable(other):
                header = _parse(other, own=other == path) if other.is_file() else None
            if header is not None:
                return header
    return None


def _parse(path: Path, *, own: bool) -> Header | None:
    with opened(path, MAX_INPUT) as raw:
        text = raw.read(SAMPLE_BYTES).decode("utf-8", "replace").lstrip("\ufeff\r\n")
    try:
        rows = {d: next(csv.reader(text.splitlines()[:1], delimiter=d), []) for d in DELIMITERS}
    except csv.Error:
        return None
    delimiter = max(rows, key=lambda d: len(rows[d]))
    cells = [cell.strip() for cell in rows[delimiter]]
    special = {found[2]: (k, found[3] or "") for k, cell in enumerate(cells) if (found := CELL.fullmatch(cell))}
    if not ("ID" in special or {"START_ID", "END_ID"} <= set(special)):
        return None
    names = [headers.norm(cell.partition(":")[0].removesuffix("_ts")) for cell in cells]
    return Header(cells, names, special, delimiter, own)


def _accounts(source: Source, spaces: set[str]) -> dict[tuple[str, str], str]:
    """Id space and id of nodes in files beside -> ids of accounts, where those are told."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(source.path.parent.iterdir()):
        header = _header(path) if path.suffix.lower() in {".csv", ".tsv", ".txt", ".gz", ".zst"} else None
        if header is None or header.account is None or "ID" not in header.special:
            continue
        column, space = header.special["ID"]
        if space not in spaces:
            continue
        native = [int(k) for k in re.findall(r"c(\d+)", header.account)]
        with readable(path), opened(path, source.max_input) as raw:
            try:
                for row in csv.reader(
                    (line.decode("utf-8", "replace") for line in lines(raw)), delimiter=header.delimiter
                ):
                    if len(row) == len(header.names):
                        found[space, row[column]] = ":".join(row[k] for k in native)
            except csv.Error as error:
                raise InputError(f"{path}: the nodes that relationships lead to are damaged ({error})") from error
    return found
