"""What leaves the portable subset, and what to write instead: patterns and clauses; see also `lint_expressions`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import lru_cache
from typing import Any, NamedTuple

from kolgraph.errors import InputError
from kolgraph.store.language.lint_expressions import EXPRESSION_RULES
from kolgraph.store.language.patterns import Findings, Query
from kolgraph.store.language.tokens import KEYWORDS
from kolgraph.store.sync.schema import LABELS, TYPES

_CLAUSES = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "UNION", ";"})
_AFTER_ITEMS = frozenset({"ORDER", "SKIP", "LIMIT", "OFFSET"})
#: Relationships that never join a node to itself; see `kolgraph.store.sync.schema`.
_NO_LOOPS = frozenset({"CO_MENTIONED"})


class Problem(NamedTuple):
    """Something that leaves the portable subset: where, and what to write instead."""

    line: int
    message: str


def lint(text: str, values: Mapping[str, Any] | None = None) -> list[Problem]:
    """Everything in a query that is not portable between the two engines, in order of lines.

    Parameters
    ----------
    text : str
    values : mapping, optional
        Of the ``$parameters``, where they are known: a text that stands for a number is found only then.

    Examples
    --------
    >>> [p.message for p in lint("MATCH (a:Account) RETURN labels(a) AS kind")]
    ['labels() is not portable: the label is known from the pattern; match each label by itself']
    """
    query, found = _read(text)
    query = copy(query)
    query.values = values or {}
    return sorted(found | _problems(query, EXPRESSION_RULES))


@lru_cache(256)
def _read(text: str) -> tuple[Query, frozenset[Problem]]:
    """A query without values, and what is wrong whatever they are: the same text is often asked again."""
    query = Query(text, {})
    rules = (_names, _cases, _patterns, _relationships, _repeats, _shortest, _clauses, _columns)
    return query, _problems(query, rules)


def _problems(query: Query, rules: Iterable[Callable[[Query], Findings]]) -> frozenset[Problem]:
    return frozenset(Problem(query.line(token), message) for rule in rules for token, message in rule(query))


def check_portable(text: str, values: Mapping[str, Any] | None = None) -> None:
    """Raise `InputError` with the first three findings of `lint`."""
    problems = lint(text, values)
    if problems:
        shown = "; ".join(f"line {p.line}: {p.message}" for p in problems[:3])
        raise InputError(f"query: {shown}")


def _names(q: Query) -> Findings:
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
        if token.text == ":" and q.at(q.around[i]).text == "{":
            known = _owned(q, q.around[q.around[i]])
            if known and q.at(i - 1).text not in known:
                yield token, f"there is no property {q.at(i - 1).text} here; known: {', '.join(sorted(known))}"


def _owned(q: Query, opening: int) -> frozenset[str]:
    """Properties that the map of a pattern may name; `opening` is the bracket of the pattern."""
    if opening in q.nodes:
        node = q.nodes[opening]
        owners = [LABELS.get(x, frozenset()) for x in node.labels or q.labels.get(node.variable, ())]
    else:
        owners = [TYPES.get(x, frozenset()) for hop in q.hops if hop.bracket == opening for x in hop.types]
    return frozenset[str]().union(*owners)


def _cases(q: Query) -> Findings:
    """Names differ in more than case."""
    spelled: dict[str, str] = {}
    for i, token in enumerate(q.found):
        text = token.text.strip("`")
        named = token.kind == "quoted" or (token.kind == "name" and token.upper not in KEYWORDS | {"TRUE", "FALSE"})
        is_key = q.at(i + 1).text == ":" and q.at(q.around[i]).text == "{"
        if not named or is_key or q.at(i - 1).text in {".", ":", "|", "&"} or q.at(i + 1).text == "(":
            continue
        first = spelled.setdefault(text.casefold(), text)
        if first != text:
            yield token, f"{first} and {text} are one name on the embedded engine; choose another one"


def _patterns(q: Query) -> Findings:
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


def _relationships(q: Query) -> Findings:
    """Relationships are typed; those of variable length are bounded, directed and unnamed."""
    for i, node in q.nodes.items():
        after = q.at(node.closing + 1).text, q.at(node.closing + 2).text
        if after[0] in {"-", "<-"} and after[1] in {"-", "->"}:
            yield q.found[i], "name the relationship type, -[:TYPE]->"
    for hop in q.hops:
        if not hop.types:
            yield hop.place, "name the relationship type, -[:TYPE]->"
        if not hop.length:
            ends = [q.nodes[i].variable for i in (hop.start, hop.end) if i in q.nodes]
            loops = set(hop.types) - _NO_LOOPS and not _disjoint(q, hop.start, hop.end)
            before = q.at(q.around[hop.bracket] - 1)
            if not hop.directed and loops and before.upper != "EXISTS" and frozenset(ends) not in q.apart:
                yield (
                    hop.place,
                    "without a direction a relationship of a node to itself counts twice on the embedded engine; "
                    "add x.id <> y.id for its ends, or a direction",
                )
            continue
        if not (len(hop.length) == 4 and hop.length[1].isdigit() and hop.length[3].isdigit()):
            yield hop.place, "bound the variable length on both sides, *1..3"
        if not hop.directed:
            yield hop.place, "give a variable length a direction"
        if hop.variable:
            yield hop.place, "name the path (p = ...) instead of a variable-length relationship"


def _repeats(q: Query) -> Findings:
    """Two relationships of one MATCH are never the same one on Neo4j, but may be on the embedded engine."""
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
            elif not any(pair in q.apart for pair in pairs):
                x, y = next((sorted(pair) for pair in pairs if len(pair - {""}) == 2), ("x", "y"))
                yield two.place, f"both {two.types[0]} may be the same relationship here; add {x}.id <> {y}.id"


def _disjoint(q: Query, a: int, b: int) -> bool:
    """Whether two node patterns can never be the same node, by their labels."""
    one, two = (set(q.labels.get(q.nodes[i].variable, q.nodes[i].labels)) if i in q.nodes else set() for i in (a, b))
    return bool(one and two and not one & two)


def _shortest(q: Query) -> Findings:
    """A shortest path joins two different nodes and is asked about only when it was found."""
    for i, token in enumerate(q.found):
        if token.upper in {"SHORTEST", "TRAIL", "ACYCLIC", "WSHORTEST"} and q.at(i - 1).text in {"*", "="}:
            yield token, f"{token.upper} is of one engine; write *1..3, or shortestPath((a)-[:TYPE*1..3]->(b))"
        if token.upper != "SHORTESTPATH":
            continue
        for hop in q.hops:
            if q.around[hop.bracket] != i + 1:
                continue
            if hop.length[1:2] != ("1",):
                yield token, "begin the length of a shortest path with 1, *1..6"
            ends = frozenset(q.nodes[k].variable for k in (hop.start, hop.end) if k in q.nodes)
            if ends not in q.apart and not _disjoint(q, hop.start, hop.end):
                yield token, "a shortest path from a node to itself is an error on Neo4j; add x.id <> y.id for its ends"
        path = q.at(i - 2).text if q.at(i - 1).text == "=" else ""
        stop = next((j for j in range(i, len(q.found)) if q.at(j).upper in _CLAUSES), len(q.found))
        if path and any(q.at(j).text == path for j in range(i, stop)):
            yield (
                token,
                f"Neo4j searches on until WHERE holds for {path}; write WITH length({path}) AS n WHERE .. behind it",
            )


def _clauses(q: Query) -> Findings:
    """RETURN scalars under names; order only where it lasts."""
    for i, token in enumerate(q.found):
        if q.at(i - 1).upper == "AS" and token.text in q.things:
            yield token, f"{token.text} is the name of a node, relationship or path; choose another one behind AS"
        if token.upper == "OFFSET" and q.at(i + 1).kind in {"number", "parameter"}:
            yield token, "write SKIP instead of OFFSET"
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


def _columns(q: Query) -> Findings:
    """Columns have names of their own, the same in every part of a UNION."""
    parts: dict[int, list[str]] = {}
    for i, token in enumerate(q.found):
        if token.upper != "RETURN":
            continue
        if q.at(q.around[i]).text == "{":
            yield token, "leave RETURN out of EXISTS { } and COUNT { }"
            continue
        names: list[str] = []
        for item in _items(q, i):
            words = [q.at(j).text.strip("`") for j in item]
            renamed = q.at(item[-1] - 1).upper == "AS"
            if not renamed and words[1:-1] not in ([], ["."]):
                yield q.at(item[0]), "name the column with AS: each engine would name it in its own way"
            names.append(words[-1] if renamed else "".join(words))
        if len(set(names)) < len(names):
            yield token, "two columns have the same name; choose another one behind AS"
        parts[i] = names
    if len({tuple(names) for names in parts.values()}) > 1:
        yield q.at(max(parts)), "the parts of a UNION name the same columns in the same order"


def _items(q: Query, i: int) -> list[list[int]]:
    """Positions of the tokens of each item of the RETURN at `i`."""
    items: list[list[int]] = [[]]
    for j in range(i + 1, len(q.found)):
        outside = q.around[j] == q.around[i]
        before = q.at(j - 1).upper
        if outside and before not in {"STARTS", "ENDS", "AS", "."} and q.at(j).upper in _CLAUSES | _AFTER_ITEMS:
            break
        if outside and q.at(j).text == ",":
            items.append([])
        elif not (before == "RETURN" and q.at(j).upper == "DISTINCT"):
            items[-1].append(j)
    return [item for item in items if item]
