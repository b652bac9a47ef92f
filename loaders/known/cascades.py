"""Repost tables with true parents: the CED cascades and the nested campaign tree (row, parent_row, depth, ...).

Both number their posts inside a cascade; a post id becomes ``<cascade>/<row>`` and the root post ``<cascade>/0``.
"""

from __future__ import annotations

import csv
from contextlib import closing
from typing import TYPE_CHECKING

from kolgraph.errors import InputError
from kolgraph.loaders.reading.delimited import delimited
from kolgraph.loaders.reading.source import Options, Part, Reading, Source, lines, quoted, readable

if TYPE_CHECKING:
    import pyarrow as pa

CED_REPOSTS = ["cascade", "row", "parent_row", "user", "dt", "text_len", "text_hash", "n_at"]
CED_ROOTS = ["cascade", "rumor", "root_user", "root_time", "reposts", "comments", "likes", "followers"]
CED_ROOTS += ["friends", "messages", "verified", "n_rows"]
TREE = ["row", "parent_row", "depth", "time", "user", "client", "text"]


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of one of the three tables, or None."""
    del options
    if source.header == CED_ROOTS:
        return [_roots(source)]
    if source.header == CED_REPOSTS:
        return [_reposts(source)]
    if source.header == TREE:
        return [_tree(source)]
    return None


def _roots(source: Source) -> Reading:
    fields = {"post": "cascade || '/0'", "author": "root_user", "time": "root_time", "likes": "likes"}
    decision = "post: root posts of CED cascades"
    return delimited(source, [Part("post", fields)], columns=CED_ROOTS, has_header=True, decision=decision)


def _reposts(source: Source) -> Reading:
    """Reposts carry seconds since the root post; the root's author and time are in the table beside them."""
    for path in sorted(source.path.parent.glob("*cascades*.csv*")):
        with closing(Source(path)) as beside:
            if beside.header == CED_ROOTS:
                roots = _table(beside)
                break
    else:
        raise InputError.at(source.path, 1, "reposts of CED need the table of cascades beside them, for the root times")
    fields = {
        "src": '"user"',
        "dst": "root_user",
        "post": "cascade || '/' || row",
        "root": "cascade || '/0'",
        "parent": "cascade || '/' || parent_row",
        "time": "(try_cast(root_time AS BIGINT) + try_cast(dt AS BIGINT))::VARCHAR",
    }
    made = delimited(
        source,
        [Part("repost", fields)],
        columns=CED_REPOSTS,
        has_header=True,
        join="LEFT JOIN handed_over ON c = cascade",
        joined=["root_user", "root_time"],
        decision=f"repost: CED cascades with true parents, root posts from {path.name}; user acts on root_user",
    )
    made.arrow = roots
    return made


def _table(source: Source) -> pa.Table:
    """Author and time of the root of every cascade; a cascade that is there twice has none that is certain."""
    import pyarrow as pa

    found: dict[str, tuple[str | None, str | None]] = {}
    with readable(source.path), source.open() as raw:
        rows = csv.reader((line.decode("utf-8", "replace") for line in lines(raw)), strict=True)
        try:
            for row in rows:
                if len(row) == len(CED_ROOTS) and rows.line_num > source.header_line:
                    cells = dict(zip(CED_ROOTS, row, strict=True))
                    said = (cells["root_user"] or None, cells["root_time"] or None)
                    found[cells["cascade"]] = said if found.get(cells["cascade"], said) == said else (None, None)
        except csv.Error as error:
            raise InputError.at(source.path, rows.line_num, f"the table of cascades is damaged ({error})") from error
    columns = [found.keys(), (user for user, _ in found.values()), (time for _, time in found.values())]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=["c", "root_user", "root_time"])


def _tree(source: Source) -> Reading:
    name = source.path.name.split(".")[0]
    root, post = quoted(f"{name}/0"), f"{quoted(name + '/')} || row"
    reposts = {
        "src": '"user"',
        "post": post,
        "root": root,
        "parent": f"{quoted(name + '/')} || parent_row",
        "time": "time",
        "text": "text",
    }
    posts = {"post": post, "author": '"user"', "time": "time", "text": "text"}
    parts = [Part("post", posts, when="parent_row = '-1'"), Part("repost", reposts)]
    decision = "repost: nested tree with true parents; user acts on the author of the root"
    return delimited(source, parts, columns=TREE, has_header=True, decision=decision)
