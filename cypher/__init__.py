"""The Cypher library: one file, one query, with a header that declares its parameters and columns.

A header reads::

    // Title in English
    // 中文标题
    // Any further line explains.
    // parameters:
    //   niche: text = ''    only this niche; '' = every niche
    // columns:
    //   id: text    the account
    // group: audience
    // order: total

Types are ``text``, ``int``, ``float``, ``bool`` and ``texts`` (a list of text). ``order: total`` promises that equal
data gives equal rows in equal order; ``order: one row`` that there is at most one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from kolgraph.errors import InputError, UnknownName

_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "texts": (list, tuple),
}
#: What the queries are about, in the order in which they are listed.
GROUPS: Mapping[str, str] = {
    "discovery": "找号",
    "audience": "受众",
    "water-army": "水军",
    "spread": "传播",
    "planning": "投放",
    "health": "数据",
}
_PARAMETER = re.compile(r"(?P<name>\w+): (?P<type>\w+)(?: = (?P<default>'[^']*'|\[\]|\S+))?\s+(?P<meaning>.+)")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Parameter:
    """A value that a query takes."""

    name: str
    type: str
    meaning: str
    default: Any
    required: bool


@dataclass(frozen=True)
class Column:
    """A column that a query returns."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class Query:
    """A named query: what it answers, what it takes, what it returns, and its text."""

    name: str
    title: str
    title_zh: str
    explanation: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    group: str
    order: str
    text: str

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Check the given values and add the defaults.

        Text is turned into numbers and lists (``a,b``) where the declared type asks for them, so that a command line
        can hand over what it was given.

        Raises
        ------
        InputError
            A parameter is unknown, missing, or of another type.
        """
        known = {p.name: p for p in self.parameters}
        if strange := sorted(set(given) - set(known)):
            raise InputError(f"query {self.name}: unknown parameter {strange[0]!r}; it takes: {self.usage()}")
        if lacking := [p.name for p in self.parameters if p.required and p.name not in given]:
            raise InputError(f"query {self.name}: parameter {lacking[0]!r} is missing; it takes: {self.usage()}")
        return {name: self._typed(p, given[name]) if name in given else p.default for name, p in known.items()}

    def _typed(self, parameter: Parameter, value: Any) -> Any:
        kind = parameter.type
        try:
            if isinstance(value, str) and kind in {"int", "float"}:
                value = int(value) if kind == "int" else float(value)
            elif isinstance(value, str) and kind == "texts":
                value = [part.strip() for part in value.split(",") if part.strip()]
        except ValueError:
            pass
        right = isinstance(value, _TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))
        if kind == "texts":
            right = right and all(isinstance(part, str) for part in value)
        if not right:
            raise InputError(f"query {self.name}: parameter {parameter.name!r} must be {kind}, got {value!r}")
        return float(value) if kind == "float" else list(value) if kind == "texts" else value

    def usage(self) -> str:
        """The parameters on one line."""
        shown = [p.name if p.required else f"{p.name}={p.default!r}" for p in self.parameters]
        return ", ".join(shown) or "none"


def parse(name: str, text: str) -> Query:
    """Read a query file; a header out of form is an `InputError` that names the line."""
    header = [line[2:].rstrip() for line in text.splitlines() if line.startswith("//")]
    sections: dict[str, list[str]] = {"": []}
    section, group, order = "", "", ""
    for line in header:
        if line.strip() in {"parameters:", "columns:"}:
            section = line.strip()[:-1]
            sections[section] = []
        elif line.startswith(" group: "):
            group, section = line.removeprefix(" group: "), ""
        elif line.startswith(" order: "):
            order, section = line.removeprefix(" order: "), ""
        else:
            sections[section].append(line.strip())
    titles = sections[""]
    if len(titles) < 2 or "columns" not in sections or order not in {"total", "one row"} or group not in GROUPS:
        raise InputError(
            f"{name}.cypher: the header needs two titles, columns, group: one of {', '.join(GROUPS)}, "
            "and order: total or one row"
        )
    fields = {part: [_field(name, line) for line in sections.get(part, [])] for part in ("parameters", "columns")}
    return Query(
        name,
        titles[0],
        titles[1],
        " ".join(titles[2:]).strip(),
        tuple(fields["parameters"]),
        tuple(Column(p.name, p.type, p.meaning) for p in fields["columns"]),
        group,
        order,
        text,
    )


def _field(name: str, line: str) -> Parameter:
    match = _PARAMETER.fullmatch(line)
    if match is None or match["type"] not in _TYPES:
        raise InputError(f"{name}.cypher: cannot read {line!r}; write 'name: type = default   meaning'")
    default = None if match["default"] is None else ast.literal_eval(match["default"])
    return Parameter(match["name"], match["type"], match["meaning"], default, required=match["default"] is None)


@cache
def library() -> Mapping[str, Query]:
    """Every query of the library by name, in order of name."""
    folder = files(__name__).joinpath("queries")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".cypher")), key=lambda p: p.name)
    return {p.name[:-7]: parse(p.name[:-7], p.read_text(encoding="utf-8")) for p in paths}


def load_query(name: str) -> Query:
    """One query by name; `UnknownName` lists the names there are."""
    try:
        return library()[name]
    except KeyError:
        raise UnknownName.among("query", name, library()) from None


def is_name(text: str) -> bool:
    """Whether a text has the form of a query's name rather than of Cypher."""
    return _NAME.fullmatch(text) is not None
