"""The patterns of a query, picked out of its tokens for the linter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, NamedTuple, TypeAlias

from kolgraph.store.language.tokens import KEYWORDS, Token, closing, line_at, tokens

NOTHING = Token("end", "", 0)
#: What a rule yields: a place, and what to write instead.
Findings: TypeAlias = Iterator[tuple[Token, str]]


class Hop(NamedTuple):
    """A relationship of a pattern."""

    place: Token
    variable: str
    types: tuple[str, ...]
    length: tuple[str, ...]  # what follows the star: empty = one step
    bracket: int  # position of its [
    start: int  # positions of the node patterns, in the direction of the arrow
    end: int
    directed: bool
    scope: int  # position of the keyword that opens the pattern: relationships differ only within one


class Node(NamedTuple):
    """A node of a pattern."""

    place: Token
    variable: str
    labels: tuple[str, ...]
    closing: int


class Query:
    """The tokens of a query with its patterns picked out."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self.text, self.values = text, values
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
        #: Pairs of names whose ids are compared with <>.
        self.apart = {
            frozenset((self.at(i - 3).text, self.at(i + 1).text))
            for i, t in enumerate(self.found)
            if t.text == "<>" and self.at(i - 1).text == self.at(i + 3).text == "id"
        }

    def at(self, i: int) -> Token:
        """The token at a position, or an empty one outside the text."""
        return self.found[i] if 0 <= i < len(self.found) else NOTHING

    def line(self, token: Token) -> int:
        """Where a token stands."""
        return line_at(self.text, token.start)

    def _brackets(self) -> list[int]:
        """For every token the position of the innermost bracket around it, or -1."""
        around, stack = [], [-1]
        for i, token in enumerate(self.found):
            if token.text in {")", "]", "}"} and token.kind == "sign" and len(stack) > 1:
                stack.pop()
            around.append(stack[-1])
            if token.text in {"(", "[", "{"} and token.kind == "sign":
                closing(self.found, i)
                stack.append(i)
        return around

    def _node(self, i: int) -> Node | None:
        """The node pattern that opens at `i`: ``(name? :Label? {map}?)`` beside a relationship or behind MATCH."""
        before = self.at(i - 1)
        calls = before.kind == "name" and before.upper not in KEYWORDS - {"EXISTS", "COUNT"}
        if self.found[i].text != "(" or calls:
            return None
        end, j = closing(self.found, i), i + 1
        variable, labels = "", []
        if self.at(j).kind in {"name", "quoted"}:
            variable, j = self.at(j).text, j + 1
        while self.at(j).text in {":", "|", "&"}:
            labels.append(self.at(j + 1).text)
            j += 2
        if self.at(j).text == "{":
            j = closing(self.found, j) + 1
        beside = self.at(end + 1).text in {"-", "<-"} and self.at(end + 2).text in {"[", "-", "->"}
        behind = before.text in {"-", "->"} and self.at(i - 2).text in {"]", "-", "<-"}
        is_node = j == end and (labels or beside or behind or before.upper == "MATCH")
        return Node(self.found[i], variable, tuple(labels), end) if is_node else None

    def _hops(self) -> Iterator[Hop]:
        scope = 0
        for i, token in enumerate(self.found):
            if token.upper in {"MATCH", "WHERE", "AND", "OR", "XOR", "NOT"}:
                scope = i
            left = self.nodes[i].closing + 1 if i in self.nodes else -1
            if self.at(left).text not in {"-", "<-"} or self.at(left + 1).text != "[":
                continue
            right = closing(self.found, left + 1) + 1
            inside = list(takewhile(lambda t: t.text != "{", self.found[left + 2 : right - 1]))
            star = next((k for k, t in enumerate(inside) if t.text == "*"), len(inside))
            names = [t.text for t in inside[:star] if t.kind == "name"]
            typed = bool(inside) and ":" in {t.text for t in inside[:star]}
            own = bool(names) and inside[0].kind == "name"
            start, end = (right + 1, i) if self.at(left).text == "<-" else (i, right + 1)
            yield Hop(
                token,
                names[0] if own else "",
                tuple(names[own:]) if typed else (),
                tuple(t.text for t in inside[star:] if t.kind == "number" or t.text in {"*", ".."}),
                left + 1,
                start,
                end,
                self.at(left).text == "<-" or self.at(right).text == "->",
                scope,
            )
