"""What a query means and what an engine would do with it, to be read before it is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kolgraph.cypher import Query

_PLAIN = {str: "text", int: "int", float: "float", bool: "bool", list: "texts", tuple: "texts"}


@dataclass(frozen=True)
class Explanation:
    """A query that was not run.

    Attributes
    ----------
    named : Query or None
        The query of the library, where it is one.
    values : mapping
        What would be sent for each parameter.
    text : str
        The text as the engine gets it.
    plan : str
        What the engine would do, in its own words.

    Examples
    --------
    >>> print(Explanation(None, {"n": 10}, "MATCH (a:Account) WHERE a.followers > $n RETURN a.id AS id", "scan"))
    parameters
      n  int  10
    <BLANKLINE>
    text
      MATCH (a:Account) WHERE a.followers > $n RETURN a.id AS id
    <BLANKLINE>
    plan
      scan
    """

    named: Query | None
    values: Mapping[str, Any]
    text: str
    plan: str

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        told = {"name": "", "title": "", "title_zh": "", "explanation": ""}
        columns: list[dict[str, str]] = []
        if self.named:
            told = {name: getattr(self.named, name) for name in told}
            columns = [{"name": c.name, "type": c.type, "meaning": c.meaning} for c in self.named.columns]
        return {**told, "parameters": self._parameters(), "columns": columns, "text": self.text, "plan": self.plan}

    def _parameters(self) -> list[dict[str, Any]]:
        if self.named is None:
            return [
                {"name": name, "type": _PLAIN.get(type(value), ""), "value": value, "meaning": ""}
                for name, value in self.values.items()
            ]
        return [
            {"name": p.name, "type": p.type, "value": self.values[p.name], "meaning": p.meaning}
            for p in self.named.parameters
        ]

    def __str__(self) -> str:
        parts = []
        text = self.text
        if self.named:
            titles = [self.named.name, self.named.title, self.named.title_zh, self.named.explanation]
            parts.append("\n".join(filter(None, titles)))
            # The header was just told; the rest begins with the first line that is no comment.
            lines = text.splitlines()
            text = "\n".join(lines[next(i for i, line in enumerate(lines) if not line.startswith("//")) :])
        parameters = [(p["name"], p["type"], repr(p["value"]), p["meaning"]) for p in self._parameters()]
        columns = [(c.name, c.type, c.meaning) for c in self.named.columns] if self.named else []
        shown = {"parameters": _aligned(parameters), "columns": _aligned(columns)}
        shown |= {"text": text.splitlines(), "plan": self.plan.splitlines()}
        parts += [
            "\n".join([title, *(f"  {line}".rstrip() for line in lines)]) for title, lines in shown.items() if lines
        ]
        return "\n\n".join(parts)


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
