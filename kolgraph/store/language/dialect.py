"""The part of Cypher that means the same on both engines: a guard for reading, a rewriter and (in `lint`) a linter.

The embedded engine speaks a dialect that differs from Neo4j in silence (it walks where Neo4j takes trails, reads
``:A:B`` as "A or B", counts lists from 1, ...). Queries are therefore written in a small subset. `lint` says what
leaves it and what to write instead; `for_embedded` makes the two changes that no spelling avoids; `check_read_only`
refuses every clause that writes or reaches outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from kolgraph.errors import InputError
from kolgraph.store.language.lint import check_portable, lint
from kolgraph.store.language.tokens import Token, closing, line_at, tokens, words

__all__ = ["check_portable", "check_read_only", "for_embedded", "lint", "tokens"]

_WRITES = words(
    "CREATE MERGE SET DELETE DETACH REMOVE FOREACH INSERT DROP ALTER CALL YIELD LOAD COPY IMPORT EXPORT INSTALL ATTACH",
    "USE",
)
_STARTS = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN"})


def check_read_only(text: str) -> None:
    """Refuse text that could change the database, call a procedure, or reach a file or the network.

    One statement, begun by a reading clause, without the words that can write later on. Words inside strings, comments
    and back-ticks, property names and labels do not count.

    Raises
    ------
    InputError
        Names the word, its line and what to do.
    """
    found = tokens(text)
    while found and found[-1].text == ";":
        found.pop()
    if not found or found[0].upper not in _STARTS:
        raise InputError(f"query: must begin with one of {', '.join(sorted(_STARTS))}")
    for before, token in zip([Token("sign", "", 0), *found], found, strict=False):
        word = token.upper
        if word == ";":
            raise InputError(f"query:{line_at(text, token.start)}: one statement at a time, found ';'")
        if token.kind == "name" and word in _WRITES and before.text not in {".", ":", "|"}:
            raise InputError(
                f"query:{line_at(text, token.start)}: {word} is not allowed, queries only read; "
                "change the workspace and publish again"
            )


# ---------------------------------------------------------------------- two changes for the embedded engine


@lru_cache(256)
def for_embedded(text: str) -> str:
    """Rewrite portable text for Ladybug: exactly two rules.

    ``shortestPath(N1 -[..*lo..hi..]- N2)`` becomes ``N1 -[..* SHORTEST lo..hi..]- N2``, and any other variable length
    ``*lo..hi`` becomes ``* TRAIL lo..hi``, because Ladybug walks (a relationship may repeat) where Neo4j takes trails.

    Examples
    --------
    >>> for_embedded("MATCH (a)-[:FOLLOWS*1..3]->(b) RETURN '*1..3'")
    "MATCH (a)-[:FOLLOWS* TRAIL 1..3]->(b) RETURN '*1..3'"
    """
    found = tokens(text)
    edits: list[tuple[int, int, str]] = []
    shortest_until = -1
    for i, token in enumerate(found):
        if token.upper == "SHORTESTPATH" and i + 1 < len(found) and found[i + 1].text == "(":
            shortest_until = closing(found, i + 1)
            close = found[shortest_until].start
            edits += [(token.start, found[i + 1].start + 1, ""), (close, close + 1, "")]
        elif token.text == "*" and _inside_relationship(found, i):
            after = found[i + 1] if i + 1 < len(found) else token
            if after.kind == "number" or after.text == "..":
                mode = " SHORTEST " if i < shortest_until else " TRAIL "
                edits.append((token.start + 1, token.start + 1, mode + ("1" if after.text == ".." else "")))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _inside_relationship(found: Sequence[Token], place: int) -> bool:
    """Whether the innermost bracket around `place` is that of a relationship, ``-[ ]-``."""
    depth = 0
    for i in range(place - 1, 0, -1):
        text = found[i].text
        if text in {")", "]", "}"}:
            depth += 1
        elif text in {"(", "[", "{"}:
            if depth == 0:
                return text == "[" and found[i - 1].text in {"-", "<-"}
            depth -= 1
    return False
