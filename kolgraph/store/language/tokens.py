"""Query text as tokens, which every check and change of a query works on.

Where the lexers of the two engines differ, or may differ, a text is refused: what one reads as a comment or a string,
the other could run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from kolgraph.errors import InputError


def words(*lines: str) -> frozenset[str]:
    """The words of some lines."""
    return frozenset(word for line in lines for word in line.split())


#: Words that are no names.
KEYWORDS = words(
    "MATCH OPTIONAL WHERE RETURN WITH UNWIND AS AND OR XOR NOT IN IS NULL CASE WHEN THEN ELSE END ORDER BY ASC DESC",
    "SKIP LIMIT DISTINCT UNION STARTS ENDS CONTAINS EXISTS COUNT",
)


class Token(NamedTuple):
    """A piece of query text: its kind (name, quoted, string, number, parameter, sign), text and place."""

    kind: str
    text: str
    start: int

    @property
    def upper(self) -> str:
        """The text as keywords are compared."""
        return self.text.upper() if self.kind == "name" else self.text


#: Characters of a text, and brackets open at once: engines take minutes over longer ones, and break down over deeper,
#: as does Arrow over lists in lists.
LONGEST, DEEPEST = 100_000, 60
_TOKEN = re.compile(
    r"""(?P<space>[\t-\r \xa0\u3000]+|//[^\n\r]*(?=\r?\n|\Z)|/\*(?:[^*]|\*(?![*/]))*\*/)
      | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<quoted>`[^`]+`(?!`))
      | (?P<parameter>\$[A-Za-z_]\w*)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><-(?=[\[-])|->|\.\.|<>|<=|>=|=~|\+=|/(?![*/])|[-+*%^=<>()\[\]{},.:;|!&])""",
    re.VERBOSE | re.DOTALL,
)
_ODD_ESCAPE = re.compile(r"""(?<!\\)(?:\\\\)*\\([^\\'"nrtbf])""", re.DOTALL)


def tokens(text: str) -> list[Token]:
    """Split a query into tokens, without space and comments.

    Raises
    ------
    InputError
        A character or an unfinished string or comment; a comment, a string or a name that engines end in different
        places; too long, or nested too deeply. Also a backslash-u, which a server turns into its character *before*
        it reads the query, so that a string could end where nobody sees it.
    """
    _check(text)
    return list(_split(text))


def check_untaken(text: str) -> None:
    """Refuse what no engine is to be given, of a text that only a server reads: brackets in strings count as well.

    Raises
    ------
    InputError
        As `tokens`, of escapes, length and depth.
    """
    _check(text)
    depth = 0
    for bracket in re.finditer(r"[][(){}]", text):
        depth += 1 if bracket[0] in "([{" else -1
        if depth > DEEPEST:
            raise _too_deep(text, bracket.start())


def _check(text: str) -> None:
    if "\\u" in text or "\\U" in text:
        raise InputError("query: write the character itself instead of a \\u escape, or pass it as a $parameter")
    if len(text) > LONGEST:
        raise InputError(f"query: longer than {LONGEST:,} characters; pass what is long as a $parameter")


def _too_deep(text: str, place: int) -> InputError:
    return InputError(f"query:{line_at(text, place)}: more than {DEEPEST} brackets are open here")


@lru_cache(256)
def _split(text: str) -> tuple[Token, ...]:
    found: list[Token] = []
    place = depth = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            begins = text[place : place + 12]
            raise InputError(f"query:{line_at(text, place)}: cannot read {begins!r}{_why(begins)}")
        token = Token(str(match.lastgroup), match.group(), place)
        if token.kind == "name" and not token.text.isidentifier():
            raise InputError(f"query:{line_at(text, place)}: cannot read the name {token.text!r}")
        if token.kind == "string" and (odd := _ODD_ESCAPE.search(token.text)):
            raise InputError(f"query:{line_at(text, place)}: write \\\\{odd[1]} for a backslash and {odd[1]}")
        depth += (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})
        if depth > DEEPEST:
            raise _too_deep(text, place)
        if token.kind != "space":
            found.append(token)
        place = match.end()
    return tuple(found)


def _why(begins: str) -> str:
    """What to do about what the engines would read in two ways."""
    if begins.startswith("/*"):
        return "; a comment ends with */ and holds no **"
    if begins.startswith("//"):
        return "; a comment holds no carriage return"
    return "; a name in backquotes holds none" if begins[0] == "`" else ""


def line_at(text: str, place: int) -> int:
    """The line of a place, counted from 1."""
    return text.count("\n", 0, place) + 1


def closing(found: Sequence[Token], opening: int) -> int:
    """Position of the bracket that closes the one at `opening`."""
    depth = 0
    for i in range(opening, len(found)):
        if found[i].text in {"(", "[", "{"}:
            depth += 1
        elif found[i].text in {")", "]", "}"}:
            depth -= 1
            if depth == 0:
                return i
    raise InputError(f"query: {found[opening].text!r} is never closed")
