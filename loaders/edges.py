"""Edge lists: two columns of ids and perhaps a weight, with or without a header (SNAP, Gephi, influence benchmarks).

Such files do not say what an edge means or who acts on whom, and sources disagree: both have to be said.
"""

from __future__ import annotations

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders import headers
from kolgraph.loaders.source import Options, Reading, Source, column

RELATIONS = ("follow", "repost", "mention")


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """A reading of an edge list, or None if the file is none.

    Raises
    ------
    InputError
        The relation or the direction was not said.
    """
    if source.ending not in {".csv", ".tsv", ".txt", ".edges", ".edgelist", ".gz", ".ncol", ""} or options.mapping:
        return None
    ends = headers.endpoints(source.header)
    has_header = ends is not None
    names = source.header
    if ends is None:
        if not (2 <= len(names) <= 3 and all(_number(cell) for cell in names)):
            return None
        names = ["first", "second", "weight"][: len(names)]
        ends = ("first", "second", names[2] if len(names) > 2 else None)
    first, second, weight = ends
    record, direction = options.record, options.direction
    if record not in RELATIONS:
        raise InputError.at(
            source.path,
            source.header_line,
            "an edge list does not say what its edges are",
            fix=f"add --record with one of {', '.join(RELATIONS)}",
        )
    if direction is None:
        raise InputError.at(
            source.path,
            source.header_line,
            f"unknown direction: does {first} act on {second} (follow, repost, name), or the other way round?",
            fix="add --direction forward or --direction backward",
        )
    if direction not in headers.DIRECTIONS:
        raise UnknownName.among("direction", direction, headers.DIRECTIONS)
    src, dst = (first, second) if direction == "forward" else (second, first)
    fields = {"src": column(src), "dst": column(dst)}
    if weight is not None and record != "mention":
        fields["weight"] = column(weight)
    decision = f"{record}: edge list, {src} acts on {dst}" + (f", weight = {weight}" if weight else "")
    return [source.delimited(record, fields, columns=names, has_header=has_header, decision=decision)]


def _number(cell: str) -> bool:
    return cell.replace(".", "", 1).isascii() and cell.replace(".", "", 1).isdigit()
