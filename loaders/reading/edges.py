"""Edge lists: two columns of ids and perhaps a weight, with or without a header (SNAP, Gephi, influence benchmarks).

Such files do not say what an edge means or who acts on whom, and sources disagree: both have to be said.
"""

from __future__ import annotations

from kolgraph.loaders.reading import headers
from kolgraph.loaders.reading.delimited import delimited
from kolgraph.loaders.reading.source import Options, Part, Reading, Source

#: Endings that can hold nothing but edges: ids in them may be names.
CERTAIN = {".edges", ".edgelist", ".ncol"}


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
    ends = headers.endpoints(names)
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
        parts.append(Part(record, back, when=f"lower(c{kind}) IN ('undirected', 'mutual')", side=True))
        decision += "; an undirected edge counts both ways"
    comment = "" if has_header else "#"
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


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell
