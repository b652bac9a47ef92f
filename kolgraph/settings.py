"""Limits and secrets, read from the environment once where they are used; secrets never appear in a repr."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

#: Accounts named by one post above which its co-mentions are not counted: a 300-name list makes 44,850 pairs.
CO_MENTION_CAP = 20
#: Share of rejected rows above which a load is refused.
MAX_REJECT_RATE = 0.01
#: Memory the workspace engine may use before it spills to disk.
WORKSPACE_MEMORY = os.environ.get("KOLGRAPH_MEMORY", "512MB")
#: Seconds to wait for a workspace that another process is writing.
BUSY_WAIT_S = 10.0
#: Rows and seconds an ad-hoc query may take.
QUERY_ROWS = 100_000
QUERY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Neo4jLogin:
    """Where a Neo4j server is and how to log in; from ``KOLGRAPH_NEO4J_URI``, ``_USER`` and ``_PASSWORD``."""

    uri: str
    user: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str = "neo4j"

    @classmethod
    def from_environment(cls, uri: str | None = None) -> Neo4jLogin:
        """Read the login; an explicit `uri` wins over the variable."""
        env = os.environ
        return cls(
            uri=uri or env.get("KOLGRAPH_NEO4J_URI", "bolt://127.0.0.1:7687"),
            user=env.get("KOLGRAPH_NEO4J_USER", "neo4j"),
            password=env.get("KOLGRAPH_NEO4J_PASSWORD", ""),
            database=env.get("KOLGRAPH_NEO4J_DATABASE", "neo4j"),
        )


def private(path: Path) -> Path:
    """Make a file readable by its owner only: workspaces and reports hold personal data."""
    path.chmod(0o600)
    return path
