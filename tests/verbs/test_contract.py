"""One question, one verb: a method of `Workspace`, a command, and options that are called the same in both."""

from __future__ import annotations

import inspect
from pathlib import Path

import click
import pytest

import kolgraph as kg
from kolgraph.cli import cli
from kolgraph.errors import ON_COMMAND_LINE, SINGULAR, option
from kolgraph.workspace import Workspace

#: Verbs that are a part of another command.
PART_OF = {"case": "rings", "import_offline": "publish", "table": "export", "verify": "rings"}
#: Commands that ask no question of a workspace: they make one, fill it, or are about the program.
OTHERS = {"demo", "formats", "load", "resolve-names"}
#: Options of the face: how an answer is printed, where it goes, how old it may be.
FACE = {"form", "top", "output", "as_is", "fresh", "listing", "lang", "explain", "pairs", "engine", "url", "timeout"}
FACE |= {"max_rows", "native", "param", "similar", "groups", "root", "home", "ring", "verify"}
#: Parameters of Python only, and why: a login comes from the environment, progress is shown, names have another form.
PYTHON = {
    "cross_check": {"login"},
    "forget": {"account_ids"},  # ID...
    "import_offline": {"home", "database"},
    "people": {"top"},
    "publish": {"to", "progress"},  # --to, --engine; `_server` makes one address of both
    "pull": {"login"},
    "query": {"query", "parameters"},  # QUERY, --param
    "report": {"path", "lang"},  # --output, --lang
    "table": {"name", "limit"},
}
#: The same for options of a command that say more than a method takes.
COMMAND = {"forget": {"accounts"}, "publish": {"overwrite"}, "query": {"text"}}


def command(verb: str) -> click.Command:
    return cli.commands[PART_OF.get(verb, verb.replace("_", "-"))]


@pytest.mark.parametrize("verb", kg.VERBS)
def test_a_verb_is_a_method_and_a_command(verb: str, tmp_path: Path) -> None:
    assert command(verb).help
    with Workspace.open(tmp_path / "w.kol", create=True) as ws:
        method = getattr(ws, verb)
        assert method.__name__ == verb
        assert method.__doc__ == kg.verb(verb).__doc__
        assert method.__doc__
        names = list(inspect.signature(method).parameters)
        assert "workspace" not in names
        assert {"as_is", "fresh"} <= set(names)


def test_a_command_is_a_verb() -> None:
    assert {name.replace("-", "_") for name in cli.commands} - {o.replace("-", "_") for o in OTHERS} == set(
        kg.VERBS
    ) - {*PART_OF}


@pytest.mark.parametrize("verb", [verb for verb in kg.VERBS if verb not in PART_OF])
def test_options_are_called_as_parameters_are(verb: str) -> None:
    taken = set(list(inspect.signature(kg.verb(verb)).parameters)[1:]) - PYTHON.get(verb, set())
    given = {parameter.name for parameter in command(verb).params} - {"workspace"} - COMMAND.get(verb, set())
    assert taken <= given
    assert given - taken <= FACE
    for parameter in command(verb).params:
        if isinstance(parameter, click.Option) and parameter.name in taken:
            token = ON_COMMAND_LINE.set(True)
            said = option(parameter.name)
            ON_COMMAND_LINE.reset(token)
            assert said in parameter.opts
            assert parameter.multiple == (parameter.name in SINGULAR or parameter.name in {"must", "never", "near"})


@pytest.mark.parametrize("verb", [verb for verb in kg.VERBS if verb not in PART_OF])
def test_both_have_the_same_defaults(verb: str) -> None:
    signature = inspect.signature(kg.verb(verb)).parameters
    asked = command(verb).make_context(verb, [], resilient_parsing=True).params
    for parameter in command(verb).params:
        if not isinstance(parameter, click.Option) or parameter.name not in signature or parameter.name in FACE:
            continue
        ours = signature[parameter.name].default
        theirs = asked[parameter.name]
        if parameter.multiple:
            assert tuple(ours or ()) == tuple(theirs or ())
        else:
            assert ours == theirs or (not ours and not theirs), parameter.name


@pytest.mark.parametrize(
    "verb",
    ["proven", "rank", "plan", "audience", "explain", "niches", "rings", "coordination", "spread", "quality", "real"],
)
def test_what_is_computed_can_be_asked_as_it_is_and_fresh(verb: str) -> None:
    assert {"as_is", "fresh"} <= {parameter.name for parameter in command(verb).params}


def test_everything_after_the_thing_asked_about_is_named() -> None:
    for verb in kg.VERBS:
        parameters = list(inspect.signature(kg.verb(verb)).parameters.values())[1:]
        flags = [p for p in parameters if p.default is False and p.kind is not p.KEYWORD_ONLY]
        assert flags == [], verb


def test_an_option_is_named_as_the_caller_writes_it() -> None:
    assert [option("audience_region", "X"), option("relations"), option("raw")] == [
        "audience_region=X",
        "relations",
        "raw",
    ]
    token = ON_COMMAND_LINE.set(True)
    try:
        said = [option("audience_region", "X"), option("relations"), option("mapping"), option("raw")]
    finally:
        ON_COMMAND_LINE.reset(token)
    assert said == ["--audience-region X", "--relation", "--map", "--raw"]


def test_no_library_module_speaks_of_options_to_somebody_in_python() -> None:
    """Texts with ``--option`` are made by `option`; what is left are descriptions of formats and the Neo4j program."""
    import re

    root = Path(kg.__file__).parent
    left = {"loaders/known/weibo.py", "loaders/known/datasets.py", "loaders/__init__.py", "store/engines/admin.py"}
    left |= {"report/build.py", "report/case.py"}  # commands to run
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root).as_posix()
        if name.startswith(("cli/", "pictures/")) or name in left or name == "errors.py":
            continue
        code = re.sub(r'""".*?"""', "", file.read_text("utf-8"), flags=re.S)
        lines = [line for line in code.splitlines() if not line.lstrip().startswith("#")]
        assert [line for line in lines if re.search(r"(?<![-\w])--[a-z]", line)] == [], name
