"""The part of Cypher that means the same on both engines: a tokenizer, a linter, a rewriter and a guard for reading.

The embedded engine speaks a dialect that differs from Neo4j in silence (it walks where Neo4j takes trails, reads
``:A:B`` as "A or B", counts lists from 1, ...). Queries are therefore written in a small subset. `lint` says what
leaves it and what to write instead; `for_embedded` makes the two changes that no spelling avoids; `check_read_only`
refuses every clause that writes or reaches outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kolgraph.errors import InputError
from kolgraph.store.schema import LABELS, TYPES


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


class Token(NamedTuple):
    """A piece of query text: its kind (name, quoted, string, number, parameter, sign), text and place."""

    kind: str
    text: str
    start: int

    @property
    def upper(self) -> str:
        """The text as keywords are compared."""
        return self.text.upper() if self.kind == "name" else self.text


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<quoted>`[^`]+`)
      | (?P<parameter>\$[A-Za-z_]\w*)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><-(?=[\[-])|->|\.\.|<>|<=|>=|=~|\+=|/(?!\*)|[-+*%^=<>()\[\]{},.:;|!&])""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[Token]:
    """Split a query into tokens, without space and comments.

    Raises
    ------
    InputError
        A character or an unfinished string or comment; also a backslash-u, which a server turns into its character
        *before* it reads the query, so that a string could end where nobody sees it.
    """
    if "\\u" in text or "\\U" in text:
        raise InputError("query: write the character itself instead of a \\u escape, or pass it as a $parameter")
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise InputError(f"query:{_line(text, place)}: cannot read {text[place : place + 12]!r}")
        if match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match.group(), place))
        place = match.end()
    return found


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


# ---------------------------------------------------------------------- reading only

_WRITES = _words(
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
            raise InputError(f"query:{_line(text, token.start)}: one statement at a time, found ';'")
        if token.kind == "name" and word in _WRITES and before.text not in {".", ":", "|"}:
            raise InputError(
                f"query:{_line(text, token.start)}: {word} is not allowed, queries only read; "
                "change the workspace and publish again"
            )


# ---------------------------------------------------------------------- two changes for the embedded engine


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
            shortest_until = _closing(found, i + 1)
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


def _closing(found: Sequence[Token], opening: int) -> int:
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


# ---------------------------------------------------------------------- the linter

#: Functions that gave the same answers on both engines.
FUNCTIONS = _words(
    "count sum avg min max collect percentileCont coalesce abs ceil floor round left right toLower trim replace size",
    "length nodes relationships range all any exists shortestPath",
)
_INSTEAD = {
    "ALLSHORTESTPATHS": "it ends the process on the embedded engine when an end is missing; use shortestPath",
    "LABELS": "the label is known from the pattern; match each label by itself",
    "TYPE": "the type is known from the pattern; match each type by itself",
    "ID": "use the property id",
    "ELEMENTID": "use the property id",
    "SUBSTRING": "it counts from 1 on the embedded engine; use left, right or replace",
    "REDUCE": "use UNWIND and an aggregate",
    "TOFLOAT": "write 1.0 * x",
    "TOINTEGER": "write a whole number, or round in Python",
}
_INSTEAD |= dict.fromkeys(["DATE", "DATETIME", "TIMESTAMP"], "times are epoch milliseconds: compare whole numbers")
_INSTEAD |= dict.fromkeys(["HEAD", "LAST", "TAIL"], "use UNWIND, or min and max")
_KEYWORDS = _words(
    "MATCH OPTIONAL WHERE RETURN WITH UNWIND AS AND OR XOR NOT IN IS NULL CASE WHEN THEN ELSE END ORDER BY ASC DESC",
    "SKIP LIMIT DISTINCT UNION STARTS ENDS CONTAINS EXISTS COUNT",
)
_CLAUSES = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "UNION", ";"})
_COMPARE = frozenset({"=", "<>", "<", ">", "<=", ">="})
_NOTHING = Token("end", "", 0)


class Problem(NamedTuple):
    """Something that leaves the portable subset: where, and what to write instead."""

    line: int
    message: str


class _Hop(NamedTuple):
    place: Token
    variable: str
    types: tuple[str, ...]
    length: tuple[str, ...]  # what follows the star: empty = one step
    start: int  # positions of the node patterns, in the direction of the arrow
    end: int
    directed: bool
    scope: int  # position of the keyword that opens the pattern: relationships differ only within one


class _Node(NamedTuple):
    place: Token
    variable: str
    labels: tuple[str, ...]
    closing: int


class _Query:
    """The tokens of a query with its patterns picked out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = tokens(text)
        self.around = self._brackets()
        self.nodes = {i: node for i in range(len(self.found)) if (node := self._node(i))}
        self.hops = list(self._hops())
        self.labels = {n.variable: n.labels for n in self.nodes.values() if n.variable and n.labels}
        self.types = {h.variable: h.types for h in self.hops if h.variable}
        #: Names of whole nodes, relationships and paths.
        self.things = {*self.labels, *self.types} | {
            self.at(i - 1).text for i, t in enumerate(self.found) if t.text == "=" and self.at(i - 2).upper == "MATCH"
        }

    def at(self, i: int) -> Token:
        """The token at a position, or an empty one outside the text."""
        return self.found[i] if 0 <= i < len(self.found) else _NOTHING

    def line(self, token: Token) -> int:
        return _line(self.text, token.start)

    def _brackets(self) -> list[int]:
        """For every token the position of the innermost bracket around it, or -1."""
        around, stack = [], [-1]
        for i, token in enumerate(self.found):
            if token.text in {")", "]", "}"} and token.kind == "sign" and len(stack) > 1:
                stack.pop()
            around.append(stack[-1])
            if token.text in {"(", "[", "{"} and token.kind == "sign":
                _closing(self.found, i)
                stack.append(i)
        return around

    def _node(self, i: int) -> _Node | None:
        """The node pattern that opens at `i`: ``(name? :Label? {map}?)`` beside a relationship or behind MATCH."""
        before = self.at(i - 1)
        calls = before.kind == "name" and before.upper not in _KEYWORDS - {"EXISTS", "COUNT"}
        if self.found[i].text != "(" or calls:
            return None
        closing, j = _closing(self.found, i), i + 1
        variable, labels = "", []
        if self.at(j).kind in {"name", "quoted"}:
            variable, j = self.at(j).text, j + 1
        while self.at(j).text in {":", "|", "&"}:
            labels.append(self.at(j + 1).text)
            j += 2
        if self.at(j).text == "{":
            j = _closing(self.found, j) + 1
        beside = self.at(closing + 1).text in {"-", "<-"} and self.at(closing + 2).text in {"[", "-", "->"}
        behind = before.text in {"-", "->"} and self.at(i - 2).text in {"]", "-", "<-"}
        is_node = j == closing and (labels or beside or behind or before.upper == "MATCH")
        return _Node(self.found[i], variable, tuple(labels), closing) if is_node else None

    def _hops(self) -> Iterator[_Hop]:
        scope = 0
        for i, token in enumerate(self.found):
            if token.upper in {"MATCH", "WHERE", "AND", "OR", "XOR", "NOT"}:
                scope = i
            left = self.nodes[i].closing + 1 if i in self.nodes else -1
            if self.at(left).text not in {"-", "<-"} or self.at(left + 1).text != "[":
                continue
            right = _closing(self.found, left + 1) + 1
            inside = self.found[left + 2 : right - 1]
            star = next((k for k, t in enumerate(inside) if t.text == "*"), len(inside))
            names = [t.text for t in inside[:star] if t.kind == "name"]
            typed = bool(inside) and ":" in {t.text for t in inside[:star]}
            own = bool(names) and inside[0].kind == "name"
            start, end = (right + 1, i) if self.at(left).text == "<-" else (i, right + 1)
            yield _Hop(
                token,
                names[0] if own else "",
                tuple(names[own:]) if typed else (),
                tuple(t.text for t in inside[star:] if t.kind == "number" or t.text in {"*", ".."}),
                start,
                end,
                self.at(left).text == "<-" or self.at(right).text == "->",
                scope,
            )


def lint(text: str) -> list[Problem]:
    """Everything in a query that is not portable between the two engines, in order of lines.

    Examples
    --------
    >>> [p.message for p in lint("MATCH (a:Account) RETURN labels(a) AS kind")]
    ['labels() is not portable: the label is known from the pattern; match each label by itself']
    """
    query = _Query(text)
    rules = (_names, _patterns, _relationships, _repeats, _functions, _brackets, _comparisons, _clauses)
    found = {Problem(query.line(token), message) for rule in rules for token, message in rule(query)}
    return sorted(found)


def check_portable(text: str) -> None:
    """Raise `InputError` with the first three findings of `lint`."""
    problems = lint(text)
    if problems:
        shown = "; ".join(f"line {p.line}: {p.message}" for p in problems[:3])
        raise InputError(f"query: {shown}")


_Findings = Iterator[tuple[Token, str]]


def _names(q: _Query) -> _Findings:
    """Labels, types and properties exist: Neo4j would answer an unknown one with nothing."""
    for node in q.nodes.values():
        for label in node.labels:
            if label not in LABELS:
                yield node.place, f"unknown label {label}; known: {', '.join(sorted(LABELS))}"
    for hop in q.hops:
        for kind in hop.types:
            if kind not in TYPES:
                yield hop.place, f"unknown relationship type {kind}; known: {', '.join(sorted(TYPES))}"
    for i, token in enumerate(q.found):
        if token.kind == "name" and q.at(i + 1).text == "." and q.at(i - 1).text != ".":
            owners = [LABELS.get(x, frozenset()) for x in q.labels.get(token.text, ())]
            owners += [TYPES.get(x, frozenset()) for x in q.types.get(token.text, ())]
            known = frozenset[str]().union(*owners)
            if known and q.at(i + 2).text not in known:
                yield token, f"{token.text} has no property {q.at(i + 2).text}; known: {', '.join(sorted(known))}"


def _patterns(q: _Query) -> _Findings:
    """Node patterns carry one label, or a name that has one; labels are not predicates."""
    for i, node in q.nodes.items():
        if not node.labels and node.variable not in q.labels:
            yield node.place, f"give the node ({node.variable}) a label"
        if len(node.labels) > 1 and "|" not in {t.text for t in q.found[i : node.closing]}:
            yield node.place, "(n:A:B) means A or B on the embedded engine; use one label"
    for i, token in enumerate(q.found):
        opening = q.around[i]
        before = q.at(opening - 1)
        in_map = q.at(opening).text == "{" and before.upper not in {"EXISTS", "COUNT", "COLLECT", "CALL"}
        in_pattern = opening in q.nodes or (q.at(opening).text == "[" and before.text in {"-", "<-"})
        if token.text == ":" and not in_map and not in_pattern:
            yield token, "a label is not a predicate here; put it into the pattern, (n:Label)"
        if token.text in {"!", "&"}:
            yield token, f"{token.text!r} in labels is not portable; use one label, or A|B"
        if token.upper == "WHERE" and q.at(opening).text in {"(", "["} and before.upper not in {"ALL", "ANY"}:
            yield token, "WHERE inside a pattern is not portable; put it behind the pattern"
        if token.text == "{" and q.at(i - 1).text in {")", "->", "-"}:
            yield token, "quantified patterns are not portable; write -[:TYPE*1..3]->"


def _relationships(q: _Query) -> _Findings:
    """Relationships are typed; those of variable length are bounded, directed and unnamed."""
    for i, node in q.nodes.items():
        after = q.at(node.closing + 1).text, q.at(node.closing + 2).text
        if after[0] in {"-", "<-"} and after[1] in {"-", "->"}:
            yield q.found[i], "name the relationship type, -[:TYPE]->"
    for hop in q.hops:
        if not hop.types:
            yield hop.place, "name the relationship type, -[:TYPE]->"
        if not hop.length:
            continue
        if not (len(hop.length) == 4 and hop.length[1].isdigit() and hop.length[3].isdigit()):
            yield hop.place, "bound the variable length on both sides, *1..3"
        if not hop.directed:
            yield hop.place, "give a variable length a direction"
        if hop.variable:
            yield hop.place, "name the path (p = ...) instead of a variable-length relationship"


def _repeats(q: _Query) -> _Findings:
    """Two relationships of one MATCH are never the same one on Neo4j, but may be on the embedded engine."""
    apart = {
        frozenset((q.at(i - 3).text, q.at(i + 1).text))
        for i, t in enumerate(q.found)
        if t.text == "<>" and q.at(i - 1).text == q.at(i + 3).text == "id"
    }
    for i, one in enumerate(q.hops):
        for two in q.hops[i + 1 :]:
            if one.scope != two.scope or not set(one.types) & set(two.types):
                continue
            ends = [(one.start, two.start), (one.end, two.end)]
            if any(_disjoint(q, a, b) for a, b in ends):
                continue
            if not (one.directed and two.directed):
                ends += [(one.start, two.end), (one.end, two.start)]
            pairs = [
                frozenset((q.nodes[a].variable, q.nodes[b].variable)) for a, b in ends if a in q.nodes and b in q.nodes
            ]
            if one.length or two.length:
                yield two.place, f"give the second {two.types[0]} its own MATCH: the first has a variable length"
            elif not any(pair in apart for pair in pairs):
                yield (
                    two.place,
                    f"both {two.types[0]} may be the same relationship here; add x.id <> y.id for their ends",
                )


def _disjoint(q: _Query, a: int, b: int) -> bool:
    """Whether two node patterns can never be the same node, by their labels."""
    one, two = (set(q.labels.get(q.nodes[i].variable, q.nodes[i].labels)) if i in q.nodes else set() for i in (a, b))
    return bool(one and two and not one & two)


def _functions(q: _Query) -> _Findings:
    """Only functions that were probed; sums of nothing are 0, as on Neo4j."""
    known = {name.upper() for name in FUNCTIONS}
    for i, token in enumerate(q.found):
        if token.kind != "name" or q.at(i + 1).text != "(":
            continue
        if q.at(i - 1).text == ".":
            yield token, "functions with a dotted name are not portable"
        elif token.upper not in known | _KEYWORDS:
            instead = _INSTEAD.get(token.upper, f"use one of {', '.join(sorted(FUNCTIONS))}")
            yield token, f"{token.text}() is not portable: {instead}"
        elif token.upper == "SUM" and (q.at(i - 1).text, q.at(i - 2).upper) != ("(", "COALESCE"):
            yield token, "sum() of no rows is NULL on the embedded engine; write coalesce(sum(x), 0)"
        elif token.upper == "ROUND" and (i + 1, ",") not in {(q.around[j], t.text) for j, t in enumerate(q.found)}:
            yield token, "round(x) with one argument is not portable; write round(x, 0)"


def _brackets(q: _Query) -> _Findings:
    """No indexing, comprehensions, projections, or sub-queries other than EXISTS and COUNT of a MATCH."""
    for i, token in enumerate(q.found):
        before, after = q.at(i - 1), q.at(i + 1)
        if token.text == "[" and before.text not in {"-", "<-"}:
            holds = before.text in {")", "]"} or before.kind == "quoted"
            if holds or (before.kind == "name" and before.upper not in _KEYWORDS):
                yield token, "lists count from 1 on the embedded engine; use UNWIND instead of an index"
            elif i + 1 in q.nodes or q.at(i + 2).upper == "IN":
                yield token, "comprehensions are not portable; use UNWIND or OPTIONAL MATCH with collect()"
        elif token.text == "{" and after.text == ".":
            yield token, "map projections are not portable; return each property with AS"
        elif token.text == "{" and before.upper in {"EXISTS", "COUNT", "COLLECT"}:
            if before.upper == "COLLECT":
                yield token, "COLLECT { } is not portable; use OPTIONAL MATCH with collect()"
            elif after.upper != "MATCH":
                yield token, f"begin {before.upper} {{ }} with MATCH"


def _comparisons(q: _Query) -> _Findings:
    """Compare ids, not nodes; one comparison at a time; no NULL parameters."""
    open_at: dict[int, bool] = {}
    for i, token in enumerate(q.found):
        level = q.around[i]
        if token.text in _COMPARE and token.kind == "sign":
            if open_at.get(level):
                yield token, "chained comparisons are not portable; write a < b AND b < c"
            open_at[level] = True
            left, right = q.at(i - 1), q.at(i + 1)
            if {left.text, right.text} <= q.things and q.at(i - 2).text != "." and q.at(i + 2).text != ".":
                yield token, f"compare {left.text}.id with {right.text}.id, not the nodes"
        elif token.text in {",", ":"} or (token.kind == "name" and token.upper in _KEYWORDS):
            open_at[level] = False
        if token.kind == "parameter" and q.at(i + 1).upper == "IS":
            yield token, "a NULL parameter is a boolean on the embedded engine; use an empty text or 0 for 'any'"


def _clauses(q: _Query) -> _Findings:
    """RETURN scalars under names; order only where it lasts."""
    for i, token in enumerate(q.found):
        if q.at(i - 1).upper == "AS" and token.text in q.things:
            yield token, f"{token.text} is the name of a node, relationship or path; choose another one behind AS"
        if token.upper not in {"RETURN", "WITH"} or q.at(i - 1).upper in {"STARTS", "ENDS"}:
            continue
        level = [j for j in range(i + 1, len(q.found)) if q.around[j] == q.around[i]]
        rest = [j for j in level if q.at(j - 1).upper not in {"STARTS", "ENDS"}]
        stop = next((j for j in rest if q.at(j).upper in _CLAUSES and q.at(j + 1).text != ":"), len(q.found))
        words = {q.at(j).upper for j in rest if j < stop and q.at(j).kind == "name"}
        if token.upper == "WITH":
            if "ORDER" in words and not words & {"SKIP", "LIMIT"}:
                yield token, "WITH .. ORDER BY needs a LIMIT; order in RETURN instead"
            continue
        stop = next((j for j in rest if j < stop and q.at(j).upper in {"ORDER", "SKIP", "LIMIT"}), stop)
        first = i + 2 if q.at(i + 1).upper == "DISTINCT" else i + 1
        starts = [first, *(j + 1 for j in rest if j < stop and q.at(j).text == ",")]
        for j in starts:
            alone = j + 1 >= stop or q.at(j + 1).text == "," or q.at(j + 1).upper == "AS"
            gathered = q.at(j).upper == "COLLECT" and q.at(j + 2).text in q.things and q.at(j + 3).text == ")"
            if q.at(j).text == "*" or gathered or (alone and q.at(j).text in q.things):
                yield q.at(j), "return properties, not whole nodes, relationships or paths"
