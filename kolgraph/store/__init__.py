"""The graph database: one behaviour, two engines.

`open_store` hands out a store for a file (the embedded engine, Ladybug) or for a server (Neo4j over bolt). Both take
the same snapshot, answer the same queries with the same rows, and change only through `GraphStore.replace`.
"""

from __future__ import annotations

from pathlib import Path

from kolgraph.errors import InputError, option, shown
from kolgraph.settings import QUERY_ROWS, QUERY_TIMEOUT_S, Neo4jLogin
from kolgraph.store.engines.reading import warm_up
from kolgraph.store.language.question import prepare
from kolgraph.store.protocol import GraphStore, Progress, PublishReport, Snapshot, StoreInfo

__all__ = ["GraphStore", "Progress", "PublishReport", "Snapshot", "StoreInfo", "open_store", "prepare", "warm_up"]

#: Seconds: a day.
MAX_TIMEOUT_S = 86_400.0
#: How a file of the embedded engine is called: whatever else has no protocol is not taken for one.
ENDING = ".lbug"
_SERVERS = ("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")


def open_store(
    target: str | Path,
    *,
    timeout_s: float = QUERY_TIMEOUT_S,
    max_rows: int = QUERY_ROWS,
    native: bool = False,
    login: Neo4jLogin | None = None,
) -> GraphStore:
    """Open a graph database; nothing is read or connected before it is used.

    Parameters
    ----------
    target : str or Path
        A file of the embedded engine, or the address of a server (``bolt://host:7687``, ``neo4j+s://host``).
    timeout_s : float
        Seconds a query may take.
    max_rows : int
        Rows a query may return.
    native : bool
        Take all of the reading Cypher of a server, not only what both engines understand.
    login : Neo4jLogin, optional
        For a server; by default from the environment.

    Raises
    ------
    InputError
        The address carries a password, or names a protocol that is not bolt; or it is neither an address nor the
        name of such a file; or a limit is none.
    """
    if not 0 < timeout_s <= MAX_TIMEOUT_S:  # neither is what is no number
        raise InputError(
            f"{option('timeout_s')} {timeout_s:g}: a query may take more than 0 and up to {MAX_TIMEOUT_S:g} s"
        )
    if not 0 < max_rows < 2**31:
        raise InputError(f"{option('max_rows', str(max_rows))}: at least 1 row, and at most {2**31 - 1:,}")
    address = str(target)
    if "://" not in address:
        if native:
            raise InputError(f"{option('native')}: only a server speaks Cypher of its own; name one")
        from kolgraph.store.engines.embedded import EmbeddedStore

        if not address.endswith(ENDING):
            known = f"a file of a graph database ends in {ENDING}, an address begins with bolt:// or neo4j://"
            raise InputError(f"graph database {shown(address)}: {known}")
        return EmbeddedStore(Path(target), timeout_s=timeout_s, max_rows=max_rows)
    scheme = address.partition("://")[0] + "://"
    if scheme not in _SERVERS:
        raise InputError(f"graph database {scheme}...: unknown protocol; use a file or one of {', '.join(_SERVERS)}")
    if shown(address) != address:
        raise InputError(
            f"graph database {shown(address)}: an address carries no login; "
            "set KOLGRAPH_NEO4J_USER and KOLGRAPH_NEO4J_PASSWORD"
        )
    from kolgraph.store.engines.neo4j import Neo4jStore

    found = login or Neo4jLogin.from_environment(address)
    return Neo4jStore(found, timeout_s=timeout_s, max_rows=max_rows, native=native)
