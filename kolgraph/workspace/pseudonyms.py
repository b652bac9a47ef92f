"""Workspaces that hold pseudonyms only.

Pseudonyms are no anonymity: who has the key, or enough knowledge of who follows whom, can find people again. The key is
kept outside the workspace (`kolgraph.settings.secret_key`). What stays readable beside numbers and times: platforms,
topics, and the declared niche, region, city and agency, since without them there is nothing to analyse.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from kolgraph import settings
from kolgraph.errors import InputError, option
from kolgraph.workspace.names import count
from kolgraph.workspace.tombstones import Tombstones

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection


def check(connection: Connection, key: bytes | None) -> None:
    """Refuse a load with a key into a readable workspace, without one into a pseudonymous one, and one with another.

    The first load decides what a workspace is. With a key the engine also encrypts what it spills to disk.

    Raises
    ------
    InputError
        The workspace was begun the other way, or with another key.
    """
    connection.execute("ALTER TABLE layout ADD COLUMN IF NOT EXISTS key_check VARCHAR")
    mine = seal("kolgraph", key) if key is not None else None
    # Where somebody was forgotten the digests are of what the workspace held: it stays what it was.
    if not count(connection, "SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM forgotten)"):
        connection.execute("UPDATE layout SET key_check = ?", [mine])
    [(theirs,)] = connection.execute("SELECT key_check FROM layout").fetchall()
    if theirs is None and mine is not None:
        raise InputError("this workspace holds readable data; load pseudonymously into a new workspace")
    if theirs is not None and mine is None:
        raise InputError(f"this workspace is pseudonymous; load into it with {option('pseudonymise')} and its key")
    if theirs != mine:
        raise InputError("this workspace is pseudonymous under another key; set KOLGRAPH_KEY to that key")
    if key is not None and count(connection, "SELECT NOT current_setting('temp_file_encryption')"):
        # The engine's own cipher draws its keys from a weak source; the better one would have to be downloaded. The key
        # lives as long as the process, and so do these files, unless it crashes.
        connection.execute("SET force_mbedtls_unsafe = 'true'")
        connection.execute("SET temp_file_encryption = true")


def seal(text: str, key: bytes) -> str:
    """A keyed digest: HMAC-SHA-256 (RFC 2104), cut to 128 bits, in hexadecimal digits; that of the pseudonyms."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:32]


def for_ledger(connection: Connection, text: str, key: bytes | None) -> str:
    """The name of a file, or its options, as they may be written down after `kolgraph.workspace.ingest.ingest`.

    Crawlers put ids and names of people there: with a `key` only a digest is kept, else those of the forgotten go.
    """
    if key is not None:
        return seal(text, key)
    forgotten = Tombstones(connection)
    return forgotten.hide(text) if forgotten else text


def key_of(connection: Connection) -> bytes | None:
    """The key of a pseudonymous workspace; None for a readable one."""
    columns = [row[0] for row in connection.execute("DESCRIBE layout").fetchall()]
    if "key_check" not in columns or not count(connection, "SELECT count(key_check) FROM layout"):
        return None
    key = settings.secret_key()
    check(connection, key)
    return key
