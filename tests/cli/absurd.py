"""A catalogue of command lines and environments that nobody should write, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from kolgraph.cli import cli

#: Values for every option and every argument.
VALUES = (
    "", " ", "-", "--", "-1", "0", "1.5", "99999999999999999999", "-99999999999999999999", "nan", "inf",
    "-inf", "1e309", "1e-320", "１２", "1_000", "0x10", "True", "null", "[]", "a\nb", "a\rb", "a\0b", "\x1b[2J",
    "\udcff.csv", "\u202egnp", "..", "../../etc/passwd", "/", "/dev/null", "/dev/full", "/proc/self/mem", "~",
    "*", "[", "fans[1].csv", "x" * 300, "x" * 5000, "=1+1", "%s%n%d", "{0}", "{x!r}", "$HOME", "`id`",
    "'; DROP TABLE accounts; --", "a=b", "=", "a=", "=b", "weibo:", ":1", "weibo:1", "local:1", "a,b",
    "follow=", "src=x,src=y", "localhost:7687", "neo4j:hunter2secret@h:1", "http://x", "file:///etc/passwd",
    "bolt://", "bolt://u:hunter2secret@h", "neo4j://h?password=hunter2secret", "🙂", "follow", "RETURN 1",
    "top-accounts",
)  # fmt: skip
#: Of these the first would build a world wherever it can, the second load whole disks.
_LEFT_OUT = {
    ("demo", "folder"): set(VALUES) - {"/dev/null", "a\0b", "x" * 300, "x" * 5000},
    ("load", "files"): {"/", ".."},
}
#: What stands on a command line beside the absurd: {w} is a workspace, {f} a file to load.
BASE: dict[str, list[str]] = {
    **{
        name: ["{w}"]
        for name in (
            "niches",
            "rings",
            "coordination",
            "coverage",
            "real",
            "proven",
            "realised",
            "quality",
            "value",
            "spread",
            "info",
        )
    },
    **{name: ["{w}", "weibo:1"] for name in ("explain", "audience", "audit", "similar")},
    **{name: ["{w}"] for name in ("resolve-names", "diff", "people", "rank", "coordination")},
    "plan": ["{w}", "--count", "1"],
    "report": ["{w}", "-o", "r.html"],
    "load": ["{w}", "{f}", "--dry-run"],
    "pull": ["{w}", "http://x"],
    "formats": [],
    "forget": ["{w}", "weibo:99"],
    "unload": ["{w}", "nothing.csv"],
    "export": ["{w}", "accounts", "o.csv"],
    "query": ["{w}", "top-accounts"],
    "publish": ["{w}"],
    "cross-check": ["{w}", "http://x"],
    "demo": ["{f}"],  # a file: no world is built
}
#: Variables that are read, and values that they should not have.
VARIABLES = {
    "KOLGRAPH_TIERS": ("", "x", "a=1", "a=1,b=2", "头部=-1", "头部=99999999999999999999"),
    "KOLGRAPH_KEY": ("", "short", "\udcff" * 20),
    "KOLGRAPH_KEY_FILE": ("", "/", "/dev/null", "nowhere", "/proc/self/mem"),
    "KOLGRAPH_NEO4J_URI": ("", "x", "bolt://", "neo4j:hunter2secret@127.0.0.1:9", "bolt://u:hunter2secret@h"),
    "COLUMNS": ("", "x", "-1", "0", "99999999999"),
    "TMPDIR": ("", "/nowhere", "/dev/null", "a\nb"),
    "HOME": ("", "/nowhere", "/dev/null"),
    "LANG": ("x", "C", "zh_CN.GBK"),
    "TERM": ("", "dumb", "\x1b"),
}


@dataclass(frozen=True)
class Absurd:
    """A command line, what of it is absurd, and the environment."""

    line: tuple[str, ...]
    strange: str
    environment: dict[str, str] = field(default_factory=dict, hash=False)


def catalogue() -> list[Absurd]:
    """Every value in the place of every option and argument of every command, and every variable."""
    return [*_lines(), *_environments(), *(Absurd((value,), value) for value in VALUES)]


def _lines() -> Iterator[Absurd]:
    for name, command in cli.commands.items():
        base = BASE[name]
        for number, argument in enumerate(p for p in command.params if isinstance(p, click.Argument)):
            for value in (v for v in VALUES if v not in _LEFT_OUT.get((name, argument.name), ())):
                given = [*base[:number], value, *base[number + 1 :]]
                yield Absurd((name, *given), value)
            if argument.required:
                yield Absurd((name, *base[:number]), argument.human_readable_name)
        yield Absurd((name, *base, "surplus", "--nothing"), "--nothing")
        for option in (p for p in command.params if isinstance(p, click.Option)):
            flag = option.opts[-1]
            if option.is_flag:
                yield Absurd((name, *base, f"{flag}=1"), flag)
                yield Absurd((name, *base, flag, flag), flag)
                continue
            yield Absurd((name, *base, flag), flag)
            for value, other in zip(VALUES, reversed(VALUES), strict=True):
                yield Absurd((name, *base, flag, value), value)
                yield Absurd((name, *base, flag, other, flag, value), value)


def _environments() -> Iterator[Absurd]:
    for variable, values in VARIABLES.items():
        for value in values:
            for line in (("rank", "{w}", "--by", "in_degree"), ("load", "{w}", "{f}", "--pseudonymise", "--dry-run")):
                yield Absurd(line, variable, {variable: value})
            yield Absurd(("query", "{w}", "top-accounts", "--engine", "neo4j"), variable, {variable: value})


def filled(absurd: Absurd, workspace: Path, file: Path) -> list[str]:
    """The command line with the places that it is about."""
    places = {"{w}": str(workspace), "{f}": str(file)}
    return [places.get(part, part) for part in absurd.line]
