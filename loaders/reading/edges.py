"""Edge lists: two columns of ids and perhaps a weight, with or without a header (SNAP, Gephi, influence benchmarks).

Such files do not say what an edge means or who acts on whom, and sources disagree: both have to be said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kolgraph.errors import InputError
from kolgraph.loaders.reading import headers
from kolgraph.loaders.reading.delimited import delimited
from kolgraph.loaders.reading.source import Options, Part, Reading, Source, lines, quoted, readable

#: Endings that can hold nothing but edges: ids in them may be names.
CERTAIN = {".edges", ".edgelist", ".ncol"}
#: What SNAP writes above its edges.
COUNT = re.compile(rb"\bEdges:\s*([0-9]{1,18})\b")
#: The column Type of Gephi, in the languages that it speaks.
BOTH_WAYS = (
    "undirected", "mutual", "ungerichtet", "non dirigé", "non-dirigé", "non orienté", "no dirigido", "no dirigida",
    "não dirigido", "não direcionado", "неориентированный", "ненаправленный", "neorientovaný", "无向", "無向", "双向",
    "互相", "무방향",
)  # fmt: skip
ONE_WAY = (
    "directed", "gerichtet", "dirigé", "orienté", "dirigido", "dirigida", "direcionado", "ориентированный",
    "направленный", "orientovaný", "有向", "单向", "방향",
)  # fmt: skip


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """A reading of an edge list, or None if the file is none.

    Raises
    ------
    InputError
        The relation or the direction was not said.
    """
    if source.ending not in {".csv", ".tsv", ".txt", ".gz", "", *CERTAIN} or options.mapping:
        return None
    names = source.header
    if _is_matrix(names, source.below):
        fix = "save it as a list of edges: source, target, weight"
        raise InputError.at(source.path, source.header_line, "a matrix of who is tied to whom is not read", fix=fix)
    ends = headers.endpoints(names, source.below)
    has_header = ends is not None
    if ends is None:
        certain = source.ending in CERTAIN or options.format == "edges"
        if not (2 <= len(names) <= 3 and (certain or all(map(_number, names[:2]))) and all(map(_number, names[2:]))):
            return None
        names = ["first", "second", "weight"][: len(names)]
        ends = (0, 1, 2 if len(names) > 2 else None)
    first, second, weight = ends
    direction = options.direction
    record = headers.check_edge(
        source.path,
        source.header_line,
        options.record,
        direction,
        what="an edge list does not say what its edges are",
        who=f"does {names[first]} act on {names[second]} (follow, repost, name), or the other way round?",
    )
    src, dst = (first, second) if direction == "forward" else (second, first)
    fields = {"src": f"c{src}", "dst": f"c{dst}"}
    decision = f"{record}: edge list, {names[src]} acts on {names[dst]}"
    if weight is not None and record != "mention":
        fields["weight"] = f"c{weight}"
        decision += f", weight = {names[weight]}"
    columns = [f"c{i}" for i in range(len(names))]
    parts = [Part(record, fields)]
    kind = next((k for k, name in enumerate(names) if headers.norm(name) == "type"), None)
    if kind is not None:  # Gephi
        back = fields | {"src": fields["dst"], "dst": fields["src"]}
        word = f"lower(trim(c{kind}))"
        both, one = (f"{word} IN ({', '.join(map(quoted, words))})" for words in (BOTH_WAYS, ONE_WAY))
        # What a word means that is not listed nobody knows: its row is rejected.
        parts[0] = Part(record, fields, when=f"coalesce({word}, '') = '' OR {both} OR {one}")
        parts.append(Part(record, back, when=both, side=True))
        decision += "; an undirected edge counts both ways"
    comment = "" if has_header else "#"
    decision += _cut_off(source)
    return [
        delimited(
            source,
            parts,
            columns=columns,
            has_header=has_header,
            decision=decision,
            comment=comment,
        )
    ]


def _cut_off(source: Source) -> str:
    """What to say where the comments above name another number of edges than there are lines."""
    said, held = None, 0
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            if not line.startswith(b"#"):
                if said is None and number >= source.header_line:
                    return ""
                held += bool(line.strip())
            elif found := COUNT.search(line):
                said = int(found[1])
    return f"; its comment says {said:,} edges and {held:,} lines hold one: is it cut off?" if held != said else ""


def _is_matrix(header: Sequence[str], below: Sequence[str]) -> bool:
    """Whether rows and columns are called alike: a matrix of adjacency, its first cell empty."""
    return len(header) > 2 and not header[0] and below[:1] == header[1:2] and all(map(_number, filter(None, below[1:])))


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell
