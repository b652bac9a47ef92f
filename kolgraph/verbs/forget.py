"""Forget people: erase them from a workspace, and see to it that no later load brings them back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kolgraph.errors import UnknownAccount
from kolgraph.records import PROFILE
from kolgraph.workspace.aliases import SAME, apart, settle
from kolgraph.workspace.finding import find_accounts
from kolgraph.workspace.ids import FULL, HALF, identity_macros
from kolgraph.workspace.names import count
from kolgraph.workspace.pseudonyms import key_of
from kolgraph.workspace.tables import CANONICAL, NUMBERED, RESULTS
from kolgraph.workspace.tombstones import LISTS, SOMEBODY, TEXTS, Tombstones, without
from kolgraph.workspace.values import REASONS

if TYPE_CHECKING:
    from kolgraph.workspace import Workspace
    from kolgraph.workspace.names import Connection

#: The embedded graph database of a workspace and what its engine puts beside it: made anew by publishing.
GRAPH = "graph.lbug*"


@dataclass(frozen=True)
class Forgotten:
    """What was done to forget accounts.

    Attributes
    ----------
    rows : mapping
        Table -> rows that are gone, or from which every trace was taken.
    tombstones : int
        Digests of ids and names that were not there before.
    """

    rows: Mapping[str, int]
    tombstones: int

    def __str__(self) -> str:
        what = ", ".join(f"{n:,} {table}" for table, n in self.rows.items() if n)
        return f"forgotten: {what or 'nothing that was still there'}; what was computed has to be computed again"


def forget(workspace: Workspace, account_ids: Iterable[str]) -> Forgotten:
    """Erase accounts from a workspace, and see to it that no later load brings them back.

    With an account go its profile, names and identities, its posts, reposts and comments, and everything that others
    posted to it or about its posts. Its row stays as a placeholder, since keys are row numbers. Texts of others stay,
    topics and names of campaigns too, with ``某用户`` in the place of its names. A name that somebody else bears stays
    as it is; so does, where no ``@`` stands before it, one of a single character or two letters. All results go, and
    the file is written anew, so that nothing is left in its free pages.

    Parameters
    ----------
    account_ids : iterable of str
        ``weibo:1234567890``; for a pseudonymous workspace the real ids or the pseudonyms.

    Raises
    ------
    UnknownAccount
        An account is not in the workspace, nor among the forgotten; nothing was done.
    EnvironmentProblem
        The key is not there, or the file could not be written anew; run it again.

    Notes
    -----
    O(size of the workspace). A crash leaves the old file or the new one: run it again. What was exported, reported or
    published elsewhere is out of reach.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from kolgraph.workspace import Workspace
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "f.csv").write_text("follower,followed\\nann,bob\\ncai,bob\\nann,cai\\n")
    >>> with Workspace.open(folder / "acme.kol", create=True) as ws:
    ...     _ = ws.load(folder / "f.csv")
    ...     print(forget(ws, ["local:bob"]).rows["follows"])
    2
    """
    workspace.check_writable()
    ids = list(dict.fromkeys(account_ids))
    with workspace.transaction() as connection:
        done = _erase(connection, ids, str(workspace.path))
    for file in workspace.path.glob(GRAPH):
        file.unlink(missing_ok=True)
    workspace.answers.drop_all()
    shutil.rmtree(workspace.cache, ignore_errors=True)
    workspace.rewrite()
    return done


def _erase(connection: Connection, ids: list[str], place: str) -> Forgotten:
    key = key_of(connection)
    connection.macros.teach(identity_macros("local", key))
    tombstones = Tombstones(connection, make=True)
    ids = find_accounts(connection, ids, names=False)  # names move between people
    apart(connection)  # or nobody could tell what each of their ids said
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS WITH said AS (SELECT unnest(?::VARCHAR[]) AS given), "
        "alias AS (SELECT alias, any_value(account_key) AS account_key FROM account_aliases GROUP BY alias "
        "HAVING count(*) = 1) SELECT given, coalesce(a.account_id, as_account(given)) AS account_id, "
        "a.account_key, a.platform FROM said LEFT JOIN alias l ON l.alias = as_account(given) "
        "LEFT JOIN accounts a ON a.account_id IN (given, as_account(given)) OR a.account_key = l.account_key",
        [ids],
    ).fetchall()
    _add_other_ids(connection)
    missing = connection.execute(
        "SELECT given FROM gone WHERE account_key IS NULL AND tombstone(account_id) NOT IN (FROM forgotten) "
        "AND tombstone(given) NOT IN (FROM forgotten)"
    ).fetchall()
    if missing:
        raise UnknownAccount.among((row[0] for row in missing), place)
    connection.execute("DELETE FROM gone WHERE account_key IS NULL").fetchall()
    _gather(connection)
    buried = tombstones.add(
        "SELECT account_id FROM gone UNION ALL SELECT name FROM gone_names UNION ALL SELECT post_id FROM gone_posts "
        "UNION ALL SELECT alias FROM account_aliases SEMI JOIN gone USING (account_key)"
    )
    words = [row[0] for row in connection.execute("FROM gone_words").fetchall()]
    rows = _delete(connection) | _mask(connection, words)
    settle(connection)
    return Forgotten({table: n for table, n in rows.items() if n}, buried)


def _add_other_ids(connection: Connection) -> None:
    """With an account go the accounts that it is under other ids, and the ones that those are."""
    known = f"(SELECT old AS a, new AS b FROM ({SAME}) UNION ALL SELECT new, old FROM ({SAME}))"
    same = (
        f"INSERT INTO gone SELECT DISTINCT NULL, account_id, account_key, platform FROM accounts JOIN {known} "
        "ON b = account_key WHERE a IN (SELECT account_key FROM gone) AND b NOT IN (SELECT account_key FROM gone "
        "WHERE account_key IS NOT NULL)"
    )
    while count(connection, same):
        pass


def _gather(connection: Connection) -> None:
    """What the accounts are known by: keys, names nobody else bears, ids of posts, and words that give them away."""
    mine = "(SELECT account_key FROM gone)"
    numbered = ", ".join(f"'{platform}'" for platform in NUMBERED)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE gone_names AS SELECT name_norm AS name FROM account_names "
        f"WHERE account_key IN {mine} UNION SELECT lower(ltrim(split_part(account_id, ':', -1), '@')) FROM gone "
        f"WHERE platform NOT IN ({numbered}) EXCEPT SELECT name_norm FROM account_names WHERE account_key NOT IN {mine}"
    ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE gone_posts AS SELECT DISTINCT x AS post_id FROM ("
        f"SELECT post_id FROM posts WHERE author IN {mine} UNION ALL SELECT post_id FROM reposts WHERE src IN {mine} "
        f"UNION ALL SELECT comment_id FROM comments WHERE src IN {mine} "
        f"UNION ALL SELECT post_id FROM namings WHERE src IN {mine} "
        f"UNION ALL SELECT root_id FROM reposts WHERE dst IN {mine} AND derived IS NOT TRUE "
        f"UNION ALL SELECT post_id FROM comments WHERE dst IN {mine} AND derived IS NOT TRUE AND parent_id IS NULL"
        ") t(x) WHERE x IS NOT NULL"
    ).fetchall()
    # Names are known in common width; in texts they stand as people wrote them.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE gone_words AS SELECT DISTINCT unnest([word, translate(word, ?, ?)]) AS word "
        "FROM (SELECT split_part(account_id, ':', -1) AS word FROM gone UNION ALL SELECT name FROM gone_names "
        "UNION ALL SELECT split_part(alias, ':', -1) FROM account_aliases SEMI JOIN gone USING (account_key)) "
        "WHERE length(word) > 1 OR NOT regexp_full_match(word, '[0-9a-z]')",
        [HALF, FULL],
    ).fetchall()


def _delete(connection: Connection) -> dict[str, int]:
    """Delete the rows that name the accounts or their posts; the later ones are found by the earlier."""
    mine, posts, names = "(SELECT account_key FROM gone)", "(FROM gone_posts)", "(FROM gone_names)"
    about = f"post_id IN {posts} OR parent_id IN {posts} OR src IN {mine} OR dst IN {mine}"
    named = (
        f"SELECT post_id FROM namings WHERE role = 'author' AND (dst IN {mine} OR (dst IS NULL AND name IN {names}))"
    )
    rules = {
        "follows": f"src IN {mine} OR dst IN {mine}",
        "reposts": f"{about} OR root_id IN {posts} OR post_id IN ({named})",
        "comments": f"{about} OR comment_id IN {posts} OR comment_id IN ({named})",
        "posts": f"author IN {mine}",
        "campaigns": f"post_id IN {posts} OR known_as(campaign_id) IN {names} OR known_as(name) IN {names}",
        "identities": f"person_id IN (SELECT person_id FROM identities WHERE account_key IN {mine})",
        "account_names": f"account_key IN {mine}",
        "account_aliases": f"account_key IN {mine} OR alias IN (SELECT account_id FROM gone)",
        "profile_times": f"account_key IN {mine}",
    }
    connection.execute("CREATE OR REPLACE TEMP TABLE emptied (post_id VARCHAR)").fetchall()
    rows = {}
    for table, rule in rules.items():
        event = {"reposts": "post_id", "comments": "comment_id", "posts": "post_id"}.get(table)
        if event:
            connection.execute(f"INSERT INTO emptied SELECT {event} FROM {table} WHERE {rule}").fetchall()
        rows[table] = count(connection, f"DELETE FROM {table} WHERE {rule}")
    rows["namings"] = count(
        connection,
        f"DELETE FROM namings WHERE src IN {mine} OR post_id IN (FROM emptied) OR post_id IN {posts} "
        f"OR (role <> 'chain' AND (dst IN {mine} OR (dst IS NULL AND name IN {names})))",
    )
    nothing = dict.fromkeys(("observed_ts", "batch", *PROFILE), "NULL")
    nobody = {"account_id": "'forgotten:' || t.account_key", "platform": "'forgotten'"}
    rows["accounts"] = connection.renew("accounts", nothing | nobody, f"accounts t WHERE account_key IN {mine}")
    for table in RESULTS:
        rows[table] = count(connection, f"DELETE FROM {table}")
    return rows


def _mask(connection: Connection, words: list[str]) -> dict[str, int]:
    """Take the accounts out of what others wrote, out of rejected rows and out of the ledger."""
    nobody, names = f"known_as('{SOMEBODY}')", "(FROM gone_names)"
    connection.renew(
        "reposts",
        {"chain": f"list_transform(t.chain, lambda n: CASE WHEN list_contains(names, n) THEN {nobody} ELSE n END)"},
        "reposts t, (SELECT list(name) AS names FROM gone_names) WHERE list_has_any(t.chain, names)",
    )
    connection.execute(
        f"UPDATE namings SET name = {nobody}, dst = NULL WHERE role = 'chain' AND name IN {names}"
    ).fetchall()
    rows: dict[str, int] = {}
    if not words:
        return rows
    for table in CANONICAL.values():
        told = {*TEXTS, *LISTS} | ({"campaign_id", "name"} if table.name == "campaigns" else set())
        for column in (c for c, kind in table.columns.items() if c in told and kind.startswith("VARCHAR")):
            value = without(column, words)
            rows[f"{table.name}.{column}"] = connection.renew(
                table.name, {column: value}, f"{table.name} t WHERE {column} <> {value}"
            )
    return rows | _mask_ledger(connection, words)


def _mask_ledger(connection: Connection, words: list[str]) -> dict[str, int]:
    posts = "SELECT split_part(post_id, ':', -1) FROM gone_posts"
    # A short handle is part of many words; what is longer stands in file names between underscores too.
    pattern = "|".join(rf"\b{re.escape(w)}\b" if w.isascii() and len(w) < 6 else re.escape(w) for w in words)
    numbers = [w for w in words if re.fullmatch("[0-9]{6,}", w)]  # of which programs made 5.544332211E9
    pattern += "".join(rf"|\b{n[0]}\.{n[1:].rstrip('0')}0*e\+?{len(n) - 1}\b" for n in numbers)
    said = "concat_ws(' ', value, raw, message)"
    rejects = count(
        connection,
        f"UPDATE rejects SET value = NULL, raw = NULL, message = '{REASONS['FORGOTTEN']}' "
        f"WHERE regexp_matches({said}, ?) OR list_has_any(regexp_extract_all({said}, '[\\p{{L}}\\p{{N}}_\\-]+'), "
        f"(SELECT coalesce(list(x), []) FROM ({posts}) t(x)))",
        f"(?i){pattern}",
    )
    rows = {"rejects": rejects}
    for table, columns in {"batches": ("file", "options"), "rejects": ("file",)}.items():
        for column in columns:
            connection.execute(
                f"UPDATE {table} SET {column} = regexp_replace({column}, ?, ?, 'g') WHERE regexp_matches({column}, ?)",
                [f"(?i){pattern}", SOMEBODY, f"(?i){pattern}"],
            ).fetchall()
    return rows
