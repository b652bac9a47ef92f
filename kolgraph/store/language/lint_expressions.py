"""What leaves the portable subset in expressions, and what to write instead."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

from kolgraph.store.language.patterns import Findings, Query
from kolgraph.store.language.tokens import KEYWORDS, words
from kolgraph.store.sync.schema import NODES, PUBLICATION, RELATIONS, TEXT

#: Functions that gave the same answers on both engines.
FUNCTIONS = words(
    "count sum avg min max collect percentileCont coalesce abs ceil floor left right toLower trim replace size",
    "length nodes relationships range all any shortestPath",
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
    "ROUND": "the engines round halves differently; round in Python",
    "TOINTEGER": "write a whole number, or round in Python",
}
_INSTEAD |= dict.fromkeys(["DATE", "DATETIME", "TIMESTAMP"], "times are epoch milliseconds: compare whole numbers")
_INSTEAD |= dict.fromkeys(["HEAD", "LAST", "TAIL"], "use UNWIND, or min and max")
#: Functions whose result is a decimal on one engine and may be a whole number on the other.
_WHOLE = frozenset({"CEIL", "FLOOR", "PERCENTILECONT"})
_COMPARE = frozenset({"=", "<>", "<", ">", "<=", ">="})
_VALUES = frozenset({"name", "quoted", "number", "parameter", "string"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_CLOSE = frozenset({")", "]", "}"})
_ODD_EXPRESSION = re.compile(r"\(\?(?![i:])|\\[1-9]|[*+?}]\+")
#: Kind of every property, by label or relationship type.
_PROPERTIES = {
    (owner, name): "text" if kind == TEXT else "number"
    for owner, properties in (
        *((n.label, {"id": TEXT, **n.properties}) for n in (*NODES, PUBLICATION)),
        *((r.type, r.properties) for r in RELATIONS),
    )
    for name, kind in properties.items()
}


def _functions(q: Query) -> Findings:
    """Only functions that were probed; sums of nothing are 0, as on Neo4j."""
    known = {name.upper() for name in FUNCTIONS}
    for i, token in enumerate(q.found):
        if token.kind != "name" or q.at(i + 1).text != "(":
            continue
        if q.at(i - 1).text == ".":
            yield token, "functions with a dotted name are not portable"
        elif token.upper not in known | KEYWORDS:
            instead = _INSTEAD.get(token.upper, f"use one of {', '.join(sorted(FUNCTIONS))}")
            yield token, f"{token.text}() is not portable: {instead}"
        elif token.upper == "SUM" and (q.at(i - 1).text, q.at(i - 2).upper) != ("(", "COALESCE"):
            yield token, "sum() of no rows is NULL on the embedded engine; write coalesce(sum(x), 0)"
        elif token.upper == "EXISTS":
            yield token, "exists(..) is not portable; write EXISTS { MATCH .. }, or x IS NOT NULL"
        elif i + 2 in q.nodes and token.upper not in {*KEYWORDS, "SHORTESTPATH"} - {"COUNT"}:
            yield token, "a pattern is not a value; use COUNT { MATCH .. }"
        elif token.upper in {"ALL", "ANY"} and q.at(i - 1).upper == "NOT":
            yield token, f"NOT {token.text}(..) differs where a value is NULL; turn the condition round inside"
        elif token.upper in _WHOLE and _divided(q, i):
            yield token, f"{token.text}() may be a whole number on one engine only; write 1.0 * {token.text}(x) / y"
        arguments = [j for j, t in enumerate(q.found) if t.text == "," and q.around[j] == i + 1]
        if token.upper in {"LEFT", "RIGHT"} and any(q.at(j + 1).text == "-" for j in arguments):
            yield token, f"{token.text}() of a negative length is an error on Neo4j"
        if token.upper == "REPLACE" and arguments and q.at(arguments[0] + 1).text in {"''", '""'}:
            yield token, "replace() of an empty text does nothing on the embedded engine"


def _divided(q: Query, i: int) -> bool:
    """Whether a call is divided, or divides, without a decimal that makes the result one."""
    after = next((j for j in range(i + 2, len(q.found)) if q.around[j] == q.around[i]), len(q.found)) + 1
    return q.at(i - 1).text == "/" or (q.at(after).text == "/" and q.at(i - 1).text != "*")


def _brackets(q: Query) -> Findings:
    """No indexing, comprehensions, projections, or sub-queries other than EXISTS and COUNT of a MATCH."""
    for i, token in enumerate(q.found):
        before, after = q.at(i - 1), q.at(i + 1)
        if token.text == "[" and before.text not in {"-", "<-"}:
            holds = before.text in {")", "]", "}"} or before.kind in {"quoted", "string", "parameter"}
            if holds or (before.kind == "name" and before.upper not in KEYWORDS):
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


def _comparisons(q: Query) -> Findings:
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
        elif token.text in {",", ":"} or (token.kind == "name" and token.upper in KEYWORDS):
            open_at[level] = False
        if token.kind == "parameter" and q.at(i + 1).upper == "IS":
            yield token, "a NULL parameter is a boolean on the embedded engine; use an empty text or 0 for 'any'"


def _literals(q: Query) -> Findings:
    """Numbers in plain digits, no NULL where the engines treat it differently."""
    for i, token in enumerate(q.found):
        before, after = q.at(i - 1), q.at(i + 1)
        if token.kind == "number" and after.kind == "name" and after.start == token.start + len(token.text):
            yield token, "write numbers in plain decimal digits"
        if token.text == "|" == after.text:
            yield token, "join texts with +"
        value_ends = before.text in _CLOSE or (before.kind in _VALUES and before.upper not in KEYWORDS)
        if token.text == "-" and after.kind == "parameter" and not value_ends:
            yield token, f"the embedded engine negates only small numbers; write 0 - {after.text}"
        if token.upper == "NULL" and after.upper == "IN":
            yield token, "NULL IN .. differs between the engines"
        if token.upper == "NULL" and q.at(q.around[i]).text == "[" and q.at(q.around[i] - 1).upper == "IN":
            yield token, "leave NULL out of the list"
        if token.upper == "CASE" and after.upper != "WHEN":
            for j in range(i, len(q.found)):
                own = q.at(j).upper == "WHEN" and q.around[j] == q.around[i]
                if own and q.at(j + 1).kind not in {"string", "number"}:
                    yield token, "CASE x WHEN y takes NULL for equal on the embedded engine; write CASE WHEN x = y"
        if token.text == "=~":
            yield from _expression(q, i + 1)


def _expression(q: Query, i: int) -> Findings:
    """A regular expression is known, right, and without what only one engine can do."""
    token = q.at(i)
    known = q.values.get(token.text[1:]) if token.kind == "parameter" else token.text[1:-1].replace("\\\\", "\\")
    if token.kind not in {"string", "parameter"}:
        yield q.at(i - 1), "a regular expression is a text or a parameter"
    elif isinstance(known, str) and _ODD_EXPRESSION.search(known):
        yield token, "look-around, back-references and possessive repeats are unknown to the embedded engine"
    elif isinstance(known, str):
        try:
            with warnings.catch_warnings(action="ignore"):
                re.compile(known)
        except (re.error, OverflowError, RecursionError) as error:
            yield token, f"the regular expression is wrong: {error}"


def _kinds(q: Query) -> Findings:
    """Like is compared with like: the embedded engine turns a text into a number in silence."""
    for i, token in enumerate(q.found):
        if (
            token.text in {*_COMPARE, "+"}
            or token.upper in {"CONTAINS", "IN"}
            or q.at(i - 1).upper in {"STARTS", "ENDS"}
        ):
            left = _kind_before(q, i if token.upper != "WITH" else i - 1)
            right = _kind_at(q, i + 1)
            if left and right and left != right:
                yield token, f"a {left} and a {right} meet here; the engines differ, write both as one type"


def _kind_before(q: Query, i: int) -> str:
    if q.at(i - 2).text == ".":
        return _property_kind(q, i - 3)
    return _simple_kind(q, i - 1)


def _kind_at(q: Query, i: int) -> str:
    if q.at(i).text in {"-", "["}:
        return _kind_at(q, i + 1)
    if q.at(i + 1).text == ".":
        return _property_kind(q, i) if q.at(i + 3).text not in {".", "("} else ""
    return _simple_kind(q, i)


def _simple_kind(q: Query, i: int) -> str:
    token = q.at(i)
    if token.kind == "parameter":
        value = q.values.get(token.text[1:])
        return _kind(next(iter(value), None) if isinstance(value, list) else value)
    if token.upper in {"TRUE", "FALSE"}:
        return "boolean"
    return {"string": "text", "number": "number"}.get(token.kind, "")


def _property_kind(q: Query, i: int) -> str:
    owners, name = (*q.labels.get(q.at(i).text, ()), *q.types.get(q.at(i).text, ())), q.at(i + 2).text
    kinds = {_PROPERTIES[owner, name] for owner in owners if (owner, name) in _PROPERTIES}
    return kinds.pop() if len(kinds) == 1 and q.at(i - 1).text != "." else ""


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"map of {', '.join(value)}"
    names: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "text", list: "list"}
    return names.get(type(value), "")


def _values(q: Query) -> Findings:
    """Parameters are values that both engines can take; lists hold one kind of them, and no NULL."""
    for token in q.found:
        value = q.values.get(token.text[1:]) if token.kind == "parameter" else None
        held = value if isinstance(value, list) else [value]
        if any(isinstance(one, int) and not -(2**63) <= one < 2**63 for one in held):
            yield token, f"{token.text} holds a number beyond 64 bits"
        if any(isinstance(one, str) and not one.isascii() and _SURROGATE.search(one) for one in held):
            yield token, f"{token.text} holds half a character"
        if isinstance(value, list) and None in value:
            yield token, f"leave NULL out of {token.text}"
        elif len({_kind(one) for one in held}) > 1:
            yield token, f"{token.text} mixes types, or its rows have different keys"


EXPRESSION_RULES = (_functions, _brackets, _comparisons, _literals, _kinds, _values)
