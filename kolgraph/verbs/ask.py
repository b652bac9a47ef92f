"""Ask the graph database of a workspace. It is derived, so it is built where it is missing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError, NotPublished
from kolgraph.store import open_store, prepare, warm_up
from kolgraph.store.language.dialect import tokens
from kolgraph.store.sync.schema import LABELS, MEASURES
from kolgraph.verbs.niches import niches
from kolgraph.verbs.publish import FILE, publish, software
from kolgraph.verbs.rank import rank
from kolgraph.verbs.renewing import asked, old_rows, renew
from kolgraph.verbs.rings import RELATIONS, rings
from kolgraph.verbs.spread import spread

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from kolgraph.store import GraphStore
    from kolgraph.store.language.question import Question
    from kolgraph.workspace import Workspace

_log = logging.getLogger(__name__)

#: Properties of posts that measuring their cascades fills; it also finds out which post was forwarded, and how that is
#: known.
SPREAD = {"size", "real_size", "depth", "breadth", "virality", "accounts", "REPOST_OF", "run"}

_ORIGIN = "MATCH (p:Publication) RETURN p.workspace AS workspace, p.software AS software"
#: The computations whose results a graph database holds ...
_HELD = " UNION ".join(
    f"MATCH ({node}:{label}) WHERE {node}.{name} IS NOT NULL RETURN DISTINCT {node}.{name} AS run"
    for node, (label, properties) in zip("abcdefgh", LABELS.items(), strict=False)
    for name in sorted(properties)
    if name == "run" or name.endswith("_run")
)
#: ... and those whose results the workspace would publish.
_CURRENT = f"""
    SELECT run_id FROM scores WHERE isfinite(value) AND measure IN ({", ".join(f"'{m}'" for m in MEASURES)})
    UNION SELECT run_id FROM communities WHERE community >= 0 UNION SELECT run_id FROM rings
    UNION SELECT run_id FROM cascades"""


def query(workspace: Workspace, query: str, /, **parameters: Any) -> pd.DataFrame:
    """Ask the embedded graph database of a workspace, which is built first where it is missing.

    Parameters
    ----------
    workspace : Workspace
    query : str
        A name of the library (``top-accounts``; `kolgraph.cypher.library` has them all), or reading Cypher text.
    **parameters
        Values of its ``$parameters``.

    Returns
    -------
    pandas.DataFrame
        One row per row of the answer; whole numbers are ``Int64`` and truth values ``boolean``, so that one that is
        missing makes no other a float.

    Raises
    ------
    InputError, UnknownName
        The query or a parameter cannot be accepted.
    LimitError
        More rows or seconds than `settings.QUERY_ROWS` and `settings.QUERY_TIMEOUT_S`; `open_store` takes others.

    Notes
    -----
    The answers that a query speaks of (rings, niches, measures, cascades) are found first, and the database is built
    anew where the workspace has changed since; in `Workspace.asking` with ``as_is`` it is taken as it is.

    Examples
    --------
    >>> import tempfile
    >>> import kolgraph as kg, pandas as pd
    >>> fans = pd.DataFrame({"follower": ["ann", "cai"], "followed": ["bob", "bob"]})
    >>> with kg.Workspace.open(tempfile.mkdtemp() + "/acme.kol", create=True) as ws:
    ...     _ = ws.load(fans, platform="weibo")
    ...     who = "MATCH (a:Account)-[:FOLLOWS]->(b:Account) WHERE b.id = $id RETURN a.id AS id ORDER BY id"
    ...     ws.query(who, id="weibo:bob")["id"].to_list()
    ['weibo:ann', 'weibo:cai']
    """
    make_ready(workspace, prepare(query, parameters))  # a mistake is told before anything is built
    with open_store(workspace.path / FILE) as store:
        return to_frame(store.query(query, **parameters))


def make_ready(workspace: Workspace, question: Question) -> None:
    """Find the answers that a query speaks of, and bring the embedded graph database up to date."""
    file = workspace.path / FILE
    warm_up(file)
    _find(workspace, question)
    if not workspace.mode.as_is:
        renew(workspace)
    with open_store(file) as store:
        try:
            fresh = _is_current(workspace, store)
        except (NotPublished, InputError):  # none, of another engine, or with other tables than ours
            fresh = None
    if fresh is False and workspace.mode.as_is:
        _log.warning("%s: older than the workspace; to renew it, run: kolgraph publish %s", file, workspace.path)
    elif fresh and workspace.mode.as_is:
        for line in old_rows(workspace):
            _log.warning("%s: %s", file, line)
    elif not fresh:
        with workspace.progress("publishing"):
            publish(workspace)


def _find(workspace: Workspace, question: Question) -> None:
    """Ask for what the words of a query stand for."""
    # A run is filled with what it is the run of, and a name in backquotes is the same name.
    words = {token.text.strip("`").removesuffix("_run") for token in tokens(question.text)}
    if words & {"Ring", "TARGETS"}:
        for relation in RELATIONS:
            asked(rings, workspace, relation=relation)
    if "Community" in words:
        asked(niches, workspace)
    if words & SPREAD:
        asked(spread, workspace)
    # A query that takes the name of a measure as a parameter speaks of all of them, and means one.
    meant = ({question.parameters["by"]} if "by" in question.parameters else words) & set(MEASURES)
    for measure in sorted(meant):  # followers are divided by whatever accounts are compared by
        asked(rank, workspace, by=None if measure == "inflation" else measure)


def _is_current(workspace: Workspace, store: GraphStore) -> bool:
    """Whether a graph database was published from these files and results, by this version of kolgraph."""
    origin = {"workspace": workspace.version, "software": software()}
    held = set(store.query(_HELD)["run"].to_pylist())
    return store.query(_ORIGIN).to_pylist() == [origin] and held == {run for (run,) in workspace.fetch(_CURRENT)}


def to_frame(rows: pa.Table) -> pd.DataFrame:
    """An answer as a DataFrame in which a missing value changes no type."""
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return rows.to_pandas(types_mapper=kinds.get)
