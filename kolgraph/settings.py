"""Limits and secrets, read from the environment once where they are used; secrets never appear in a repr."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kolgraph.errors import EnvironmentProblem, InputError, reason, shown

#: Accounts named by one post above which its co-mentions are not counted: a 300-name list makes 44,850 pairs.
CO_MENTION_CAP = 20
#: Share of rejected rows above which a load is refused.
MAX_REJECT_RATE = 0.01
#: Bytes that a packed file may unpack to: a few kilobytes can hold terabytes of nothing.
MAX_INPUT = 16 * 2**30
#: Memory the workspace engine may use before it spills to disk.
WORKSPACE_MEMORY = os.environ.get("KOLGRAPH_MEMORY", "512MB")
#: Seconds to wait for a workspace that another process is writing.
BUSY_WAIT_S = 10.0
#: Followers from which an account is in a tier, the highest tier first; below the last it is in none.
TIERS = {"头部": 1_000_000, "腰部": 100_000, "尾部": 10_000, "KOC": 1_000}
#: Answers kept of one question: the present one, and earlier ones to compare it with.
KEPT_ANSWERS = 3
#: Rows and seconds an ad-hoc query may take.
QUERY_ROWS = 100_000
QUERY_TIMEOUT_S = 60.0
#: Bytes of memory that a query of the embedded graph database may take beyond the engine's page cache.
QUERY_MEMORY = 2**30


@dataclass(frozen=True)
class Neo4jLogin:
    """Where a Neo4j server is and how to log in; from ``KOLGRAPH_NEO4J_URI``, ``_USER`` and ``_PASSWORD``."""

    uri: str
    user: str = "neo4j"
    password: str = ""
    database: str = "neo4j"

    def __repr__(self) -> str:
        return f"Neo4jLogin({shown(self.uri)!r}, user={self.user!r}, database={self.database!r})"

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


def tiers() -> Mapping[str, int]:
    """The tiers of `TIERS`, or those of ``KOLGRAPH_TIERS``: ``头部=5000000,腰部=500000,尾部=50000,KOC=5000``.

    Raises
    ------
    EnvironmentProblem
        The text has another form, or the tiers do not go downwards.
    """
    said = os.environ.get("KOLGRAPH_TIERS")
    if not said:
        return TIERS
    found = dict(re.findall(r"([^=,\s]+)=([0-9]{1,12})(?:,|$)", said))
    cuts = [int(cut) for cut in found.values()]
    if ",".join(f"{name}={cut}" for name, cut in found.items()) != said or cuts != sorted(set(cuts), reverse=True):
        raise EnvironmentProblem(f"KOLGRAPH_TIERS={said!r}: write 头部=1000000,腰部=100000, the highest tier first")
    return dict(zip(found, cuts, strict=True))


def check_memory() -> None:
    """Refuse a ``KOLGRAPH_MEMORY`` that is no size.

    Raises
    ------
    EnvironmentProblem
        The engine would say something about memory, and not what to change.
    """
    if not re.fullmatch(r"(?i)[0-9]{1,6}(\.[0-9]{1,3})?\s*[kmgt]i?b", WORKSPACE_MEMORY):
        raise EnvironmentProblem(f"KOLGRAPH_MEMORY={WORKSPACE_MEMORY!r}: write a size, for example 4GB")


def secret_key() -> bytes | None:
    """The key of pseudonyms, from ``KOLGRAPH_KEY`` or the file ``KOLGRAPH_KEY_FILE``; None when neither is set.

    Text, or hexadecimal digits; at least 16 bytes. Make one with ``openssl rand -hex 32``, and keep it away from the
    data: who has both can find out who is who.

    Raises
    ------
    EnvironmentProblem
        The key is too short, or its file cannot be read, or others may read it.
    """
    if "KOLGRAPH_KEY" in os.environ:
        return _key(os.fsencode(os.environ["KOLGRAPH_KEY"]), "KOLGRAPH_KEY")
    if "KOLGRAPH_KEY_FILE" not in os.environ:
        return None
    return key_in(Path(os.environ["KOLGRAPH_KEY_FILE"]))


def key_for(*, pseudonyms: bool) -> bytes | None:
    """The key of a load: `secret_key` where there are to be pseudonyms, and none where not.

    Raises
    ------
    InputError
        There is no key.
    """
    key = secret_key() if pseudonyms else None
    if pseudonyms and key is None:
        raise InputError("pseudonyms need a secret key of your own; set KOLGRAPH_KEY or KOLGRAPH_KEY_FILE")
    return key


def key_in(path: Path) -> bytes:
    """The key in a file that nobody else may read."""
    try:
        if path.stat().st_mode & 0o077:
            raise EnvironmentProblem(f"{path}: others may read this key; run: chmod 600 {path}")
        return _key(path.read_bytes(), str(path))
    except OSError as error:
        raise EnvironmentProblem(f"{path}: the key cannot be read ({reason(error)})") from error


def _key(raw: bytes, place: str) -> bytes:
    raw = raw.strip()
    key = bytes.fromhex(raw.decode()) if re.fullmatch(rb"([0-9A-Fa-f]{2})+", raw) else raw
    if len(key) < 16:
        raise EnvironmentProblem(f"{place}: the key is shorter than 16 bytes; make one with: openssl rand -hex 32")
    return key


def private(path: Path) -> Path:
    """Make a file readable by its owner only: workspaces and reports hold personal data."""
    path.chmod(0o600)
    return path


def exact(path: Path) -> str:
    """The pattern that means this very file: the engines take names for patterns, and ``~`` for the home folder.

    Examples
    --------
    >>> exact(Path("/data/fans[1].csv"))
    '/data/fans[[]1].csv'
    """
    return glob.escape(str(path.absolute()))
