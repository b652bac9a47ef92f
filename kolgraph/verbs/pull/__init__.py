"""Fill a workspace from an existing Neo4j database: one more source, read through the same checks as any file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolgraph.errors import InputError, shown
from kolgraph.targets import scratch
from kolgraph.verbs.pull.foreign import pull_foreign
from kolgraph.verbs.pull.own import pull_own

if TYPE_CHECKING:
    from kolgraph.settings import Neo4jLogin
    from kolgraph.workspace import Workspace
    from kolgraph.workspace.loading import LoadReport


def pull(
    workspace: Workspace,
    url: str,
    *,
    label: str | None = None,
    key: str = "id",
    relations: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    platform: str | None = None,
    login: Neo4jLogin | None = None,
) -> list[LoadReport]:
    """Load accounts, relations and posts from a Neo4j server.

    What kolgraph published comes back exactly: published again from the new workspace it is the same graph, without
    the results, which have to be computed again. Of any other graph accounts and relations between accounts are read,
    by the names that you give.

    Parameters
    ----------
    url : str
        ``bolt://host:7687`` or ``neo4j+s://host``; the login comes from the environment, unless `login` is given.
    label, key : str
        Label of the nodes that are accounts, and the property that names them: text or whole numbers. Without a label
        what kolgraph published is read, or, where there is none, nodes called ``Account``.
    relations : mapping
        Type of relationship -> ``follow``, ``repost`` or ``mention``; a relationship starts at the one who acts. By
        default ``FOLLOWS``, ``REPOSTED`` and ``MENTIONS``.
    properties : mapping
        Field of an account or a relation -> property that holds it, where its name does not say so.
    platform : str, optional
        Goes before keys that do not start with one.

    Returns
    -------
    list of LoadReport
        One of every kind of record that there is.

    Raises
    ------
    InputError
        A relation or field that does not exist, or no node with such a label and key.
    StoreError
        kolgraph is publishing into this database, or broke off.
    StoreUnavailable
        The server does not answer.

    Notes
    -----
    Rows are streamed to disk and loaded like a file: checked, counted, merged; pulling again adds only what is new.
    O(nodes + relationships) time, bounded memory.
    """
    from kolgraph.store import open_store
    from kolgraph.store.engines.neo4j import Neo4jStore

    with scratch() as folder, open_store(url, login=login) as store:
        if not isinstance(store, Neo4jStore):
            raise InputError(f"{shown(url)}: is no server; name one, for example bolt://127.0.0.1:7687")
        named = (label, relations, properties, platform) != (None,) * 4 or key != "id"
        if not named and store.is_published():
            return pull_own(workspace, store, folder)
        return pull_foreign(workspace, store, folder, label or "Account", key, relations, properties or {}, platform)
