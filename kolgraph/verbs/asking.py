"""Ask once, read afterwards: what every verb has in common.

A verb that computes an answer is wrapped by `answer`. Asked again, with nothing changed below it, the answer is read.
What an answer stands on is not declared but observed: the tables that were read and the verbs that were asked while it
was computed (`kolgraph.workspace.versions`, `kolgraph.workspace.answers`). So a verb cannot serve an old answer because
somebody forgot to name a dependency, and which commands ran before makes no difference.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from kolgraph import __version__
from kolgraph.errors import AnalysisError, InputError, KolgraphError
from kolgraph.numbers import check_numbers
from kolgraph.regions import compared
from kolgraph.results import Provenance, Result
from kolgraph.workspace.answers import SAVED, Question, Stored, tracing

if TYPE_CHECKING:
    from kolgraph.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R", bound=Result)

#: Verbs that compute answers -> the module that holds each; filled as the modules of `kolgraph.verbs` are imported.
_METHODS: dict[str, _Method] = {}


@dataclass(frozen=True)
class _Method:
    """How a verb finds its answer."""

    function: Callable[..., Any]
    number: int
    tabled: Callable[[Mapping[str, Any]], bool]
    rest: Callable[..., Mapping[str, Callable[[], Any]]] | None
    environment: Callable[[], object] | None

    @property
    def version(self) -> str:
        """Changes when the same question can get another answer on the same data."""
        around = f"/{self.environment()}" if self.environment else ""
        return f"{__version__}/{self.number}{around}"


def never(parameters: Mapping[str, Any]) -> bool:
    """Rows of no answer are put into the result tables."""
    del parameters
    return False


def answer(
    *,
    method: int = 1,
    tabled: Callable[[Mapping[str, Any]], bool] = never,
    normal: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    rest: Callable[..., Mapping[str, Callable[[], Any]]] | None = None,
    environment: Callable[[], object] | None = None,
) -> Callable[[Callable[Concatenate[Workspace, P], R]], Callable[Concatenate[Workspace, P], R]]:
    """Make a function of a workspace a verb whose answers are kept.

    Parameters
    ----------
    method : int
        Raise it when the same question gets another answer on the same data.
    tabled : callable
        Whether the answer to these parameters is the one whose rows the result tables hold.
    normal : callable
        Parameters -> the same question, always put in the same way.
    environment : callable, optional
        What else shapes the answer: settings of the machine.
    rest : callable, optional
        From workspace and parameters to what makes the fields that are not kept (`Result.LEFT_OUT`).
    """

    def wrap(function: Callable[Concatenate[Workspace, P], R]) -> Callable[Concatenate[Workspace, P], R]:
        signature = inspect.signature(function)
        verb = function.__name__
        _METHODS[verb] = _Method(function, method, tabled, rest, environment)

        @wraps(function)
        def asked(workspace: Workspace, *args: P.args, **options: P.kwargs) -> R:
            bound = signature.bind(workspace, *args, **options)
            bound.apply_defaults()
            given = {name: _plain(name, value) for name, value in list(bound.arguments.items())[1:]}
            check_numbers(given)
            for name in _ACCOUNTS & given.keys():
                given[name] = _found(workspace, given[name])
            for name in _REGIONS & given.keys():
                given[name] = _region(given[name])
            parameters = normal(given)
            found: R = _ask(workspace, Question(verb, parameters, _METHODS[verb].version))
            return found

        return cast("Callable[Concatenate[Workspace, P], R]", asked)

    return wrap


#: Options that hold several values; one of them may stand alone.
_SEVERAL = {"accounts", "must", "near", "never", "relations"}


#: Options that name accounts.
_ACCOUNTS = {"account", "accounts", "must", "near", "never"}
#: Options that name a region: however it is spelled, it is the same question.
_REGIONS = {"region", "audience_region"}


def _found(workspace: Workspace, said: Any) -> Any:
    """The accounts that an option names, by the ids that they have in the workspace."""
    if isinstance(said, str):
        return workspace.find([said])[0]
    return workspace.find(said) if said and all(isinstance(account, str) for account in said) else said


def _region(said: Any) -> Any:
    """A region by the name under which it is compared."""
    return (compared(said) or said) if isinstance(said, str) else said


def _plain(name: str, value: Any) -> Any:
    """An option as JSON holds it: what is the same question has to look the same."""
    if isinstance(value, str) and name in _SEVERAL:
        return [value]
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain("", part) for key, part in value.items()}
    if hasattr(value, "__iter__"):
        return [_plain("", part) for part in value]
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value  # 100 and 100.0 are one budget


def _method(verb: str) -> _Method:
    if verb not in _METHODS:
        import kolgraph

        kolgraph.verb(verb)  # the module that holds it fills the table
    return _METHODS[verb]


def _is_of_today(question: Question) -> bool:
    """Whether the answer would be found in the same way now; how one from outside was found nobody knows."""
    if question.verb == SAVED:
        return True
    try:
        return question.method == _method(question.verb).version
    except KeyError:  # a verb of another version of kolgraph
        return False


def _around() -> str:
    """The settings that shape answers, as they are now."""
    found: list[object] = []
    for method in list(_METHODS.values()):
        try:
            found += [method.environment()] if method.environment else []
        except KolgraphError as error:  # settings that cannot be read are told by the verb that needs them
            found.append(str(error))
    return repr(found)


def _ask(workspace: Workspace, question: Question) -> Any:
    method, key, mode = _method(question.verb), question.key, workspace.mode
    stored = workspace.answers.latest(key)
    result, old = None, list[str]()
    if not workspace.traces:
        workspace.look(_around())
    if stored is not None and (
        mode.as_is or (not (mode.fresh and key not in mode.done) and _stands(workspace, stored))
    ):
        rest = method.rest(workspace, **question.parameters) if method.rest else None
        result = workspace.answers.read(stored, rest)
    read = result is not None
    if stored is None or result is None:
        stored, result = _compute(workspace, question, method)
        mode.done.add(key)
    elif method.tabled(question.parameters) and not stored.tabled:
        workspace.answers.keep(question, result, stored.trace, seconds=stored.seconds, tabled=True)
    if mode.as_is:  # an answer found now is old as well, when what it stands on is
        old = old_because(workspace, stored)
    workspace.note_answer(key, stored.run)
    if not old:
        workspace.note_current(key, stored.run)
    line = "" if workspace.traces or question.verb == "coverage" else _coverage(workspace)
    provenance = Provenance(
        verb=question.verb,
        parameters=question.parameters,
        run=stored.run,
        made_ts=stored.made_ts,
        seconds=stored.seconds,
        read=read,
        old=tuple(old),
        coverage=line,
    )
    object.__setattr__(result, "provenance", provenance)
    return result


def _coverage(workspace: Workspace) -> str:
    """What share of what there is was loaded, in one line; read, if it was told before."""
    question = Question("coverage", {"complete": None}, _method("coverage").version)
    stored = workspace.answers.latest(question.key)
    if stored is None or not (workspace.mode.as_is or _stands(workspace, stored)):
        _ask(workspace, question)
        stored = workspace.answers.latest(question.key)
    return "" if stored is None else str(stored.summary.get("line", ""))


def ask_again(workspace: Workspace, stored: Stored) -> Any:
    """The answer to a stored question as it is now.

    Raises
    ------
    InputError
        It is no answer of a verb: it was saved from outside.
    """
    verb = stored.question.verb
    if verb == SAVED:
        raise InputError(f"run {stored.run} was not asked for, but saved from outside: compare it with another run")
    version = _method(verb).version
    return _ask(workspace, Question(verb, stored.question.parameters, version))


def _compute(workspace: Workspace, question: Question, method: _Method) -> tuple[Stored, Any]:
    start = time.perf_counter()
    with tracing(workspace.traces) as trace:
        try:
            with workspace.progress(str(question)):
                result = method.function(workspace, **question.parameters)
        except (AnalysisError, InputError):  # that there is no answer is something another answer can stand on
            workspace.answers.clear(question.key)
            if len(workspace.traces) > 1:
                workspace.traces[-2].tables.update(trace.tables)
                workspace.traces[-2].answers.update(trace.answers)
            raise
    seconds = time.perf_counter() - start
    tabled = method.tabled(question.parameters)
    return workspace.answers.keep(question, result, trace, seconds=seconds, tabled=tabled), result


def _stands(workspace: Workspace, stored: Stored) -> bool:
    """Whether nothing below an answer changed; answers below it that are old are found anew to know."""
    if workspace.is_current(stored.question.key, stored.run):
        return True
    now = workspace.counters()
    if any(now.get(table) != counter for table, counter in stored.trace.tables.items()):
        return False
    with tracing(workspace.traces):  # what is found anew here is no part of what is being computed
        for key, run in stored.trace.answers.items():
            below = workspace.answers.latest(key)
            if below is None or not _is_of_today(below.question):
                return False
            if not _stands(workspace, below):
                try:
                    below_again = _ask(workspace, below.question)
                except (AnalysisError, InputError):  # what was used is gone; whether that matters shows when asked anew
                    return False
                if below_again.provenance.run != run:
                    return False
            elif below.run != run:
                return False
    workspace.note_current(stored.question.key, stored.run)
    return True


def old_because(workspace: Workspace, stored: Stored) -> list[str]:
    """Why an answer is old: what changed below it, or ``the method`` or its settings; nothing where it is current."""
    return workspace.answers.old_because(stored, _is_of_today)
