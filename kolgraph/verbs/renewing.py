"""Answers that others read from the result tables: asked for, so that no table shows an old one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kolgraph.errors import AnalysisError, InputError
from kolgraph.verbs.asking import old_because
from kolgraph.verbs.niches import niches
from kolgraph.verbs.plan import plan
from kolgraph.verbs.quality import quality
from kolgraph.verbs.rank import rank
from kolgraph.verbs.realised import realised
from kolgraph.verbs.rings import RELATIONS, rings
from kolgraph.verbs.spread import spread

if TYPE_CHECKING:
    from kolgraph.workspace import Workspace

_log = logging.getLogger(__name__)

_TABLED: Mapping[str, Callable[..., object]] = {
    f.__name__: f for f in (rank, realised, quality, rings, niches, spread, plan)
}
#: Result table -> what fills it.
_FILLED_BY = {
    "scores": "scores",
    "communities": "niches",
    "community_members": "niches",
    "rings": "rings",
    "ring_members": "rings",
    "cascades": "spread",
    "cascade_nodes": "spread",
    "plans": "plan",
}


def renew(workspace: Workspace) -> None:
    """Find anew what the result tables hold and has become old; unless old answers will do."""
    if workspace.mode.as_is:
        return
    for verb, function in _TABLED.items():
        for stored in workspace.answers.tabled(verb):
            asked(function, workspace, **stored.question.parameters)


def bring_up(workspace: Workspace, tables: Iterable[str]) -> None:
    """See to it that these result tables hold answers, and no old ones; unless old ones will do."""
    wanted = {_FILLED_BY[table] for table in tables if table in _FILLED_BY and not _will_do(workspace, table)}
    if "rings" in wanted:
        for relation in RELATIONS:
            asked(rings, workspace, relation=relation)
    if "niches" in wanted:
        asked(niches, workspace)
    if "spread" in wanted:
        asked(spread, workspace)
    if "scores" in wanted:
        for function in (rank, realised, quality):
            asked(function, workspace)
        asked(rank, workspace, by="reach")
    if wanted & {"scores", "plan"}:  # other measures, and the plan that was asked for last: those that there are
        for verb in ("rank", "plan"):
            for stored in workspace.answers.tabled(verb):
                asked(_TABLED[verb], workspace, **stored.question.parameters)


def _will_do(workspace: Workspace, table: str) -> bool:
    return workspace.mode.as_is and bool(workspace.fetch(f"SELECT 1 FROM {table} LIMIT 1"))


def asked(function: Callable[..., Any], workspace: Workspace, **options: Any) -> Any:
    """An answer, or None where there can be none: no reposts, no prices, no such niche any more, nothing that fits."""
    try:
        found = function(workspace, **options)
    except (AnalysisError, InputError) as error:
        _log.info("%s: %s", function.__name__, error)
        return None
    if found.provenance.old:
        _log.warning("%s", _old(found.provenance.verb, found.provenance.old))
    return found


def old_rows(workspace: Workspace) -> list[str]:
    """What the result tables hold that is old, one line each; nothing, unless old answers were asked for."""
    held = [stored for verb in _TABLED for stored in workspace.answers.tabled(verb)]
    reasons = [(stored, old_because(workspace, stored)) for stored in held]
    return [_old(str(stored.question), why) for stored, why in reasons if why]


def _old(what: str, why: Iterable[str]) -> str:
    return f"{what} is old: {', '.join(dict.fromkeys(why))} changed since"
