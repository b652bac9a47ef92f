"""Other ids of one account: where a row names two, what was said of either was said of the same account.

The table ``account_aliases`` says which account an id means. Until a file names both, the other id is an account of its
own; then that one is taken up: its rows are those of the account, its own row goes, and keys close the gap, so that
the order in which files are loaded does not matter. Answers hold keys, so they go, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolgraph.records import PROFILE
from kolgraph.workspace.names import count
from kolgraph.workspace.tables import CANONICAL, RESULTS

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

#: Tables in which two rows can become one: which of them, and columns that are not of the key -> their common value.
_FOLDED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "follows": (
        "true",
        {
            "since_ts": "min(since_ts)",
            "observed_ts": "max(observed_ts)",
            "weight": "max({'t': coalesce(observed_ts, 0), 'v': weight}).v",
            "batch": "max(batch)",
        },
    ),
    "account_names": ("true", {"first_seen_ts": "min(first_seen_ts)", "last_seen_ts": "max(last_seen_ts)"}),
    "identities": ("true", {c: f"max({c})" for c in ("name", "confidence", "method", "note")}),
    "namings": ("role <> 'chain'", {"pos": "min(pos)", "ts": "max(ts)", "batch": "max(batch)"}),
}
#: What an account is called in the tables.
_KEYS = ("account_key", "src", "dst", "author")


def remember(connection: Connection, batch: int) -> int:
    """Write down the aliases in the view ``good``, and take up the accounts that they were.

    Returns how many accounts are told of for the first time in this batch.
    """
    if not count(connection, "SELECT count(other_id) FROM good"):
        return 0
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE called AS SELECT other_id, arg_min(account_key, account_id) AS account_key "
        "FROM good JOIN ids ON raw = account JOIN accounts USING (account_key) WHERE other_id <> account_id "
        "AND other_id NOT IN (SELECT alias FROM account_aliases) GROUP BY other_id"
    ).fetchall()
    connection.execute("INSERT INTO account_aliases SELECT * FROM called").fetchall()
    told = count(
        connection,
        "UPDATE accounts SET batch = ? WHERE account_key IN (SELECT account_key FROM called) "
        "AND batch IS DISTINCT FROM ?",
        *(batch, batch),
    )
    while count(connection, f"SELECT count(*) FROM ({_TAKEN})"):
        _take_up(connection)
    return told


#: Accounts that are now known to be others; of several that are the same one the first.
_TAKEN = (
    "SELECT min(a.account_key) AS old, l.account_key AS new FROM account_aliases l JOIN accounts a "
    "ON a.account_id = l.alias WHERE a.account_key <> l.account_key GROUP BY l.account_key"
)


def _take_up(connection: Connection) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {_TAKEN}").fetchall()
    _join_profiles(connection)
    for table in ("accounts", "profile_times"):
        connection.execute(f"DELETE FROM {table} WHERE account_key IN (SELECT old FROM taken)").fetchall()
    # Where every key goes: those taken up to their account, and all of them down over the gaps that are left.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE moved AS WITH kept AS (SELECT account_key AS old, "
        "row_number() OVER (ORDER BY account_key) - 1 AS new FROM accounts), "
        "gained AS (SELECT t.old, k.new FROM taken t JOIN kept k ON k.old = t.new) "
        "SELECT *, false AS joined FROM kept WHERE old <> new UNION ALL SELECT *, true FROM gained"
    ).fetchall()
    for held in CANONICAL.values():
        for column in (c for c in _KEYS if held.columns.get(c) == "INTEGER"):
            connection.execute(
                f"UPDATE {held.name} t SET {column} = m.new FROM moved m WHERE t.{column} = m.old"
            ).fetchall()
    for name in _FOLDED:
        _fold(connection, name)
    for name in RESULTS:
        connection.execute(f"DELETE FROM {name}").fetchall()


def _join_profiles(connection: Connection) -> None:
    """Of every field the latest observation of either account; where nobody says when, the greater value."""
    connection.execute(
        "INSERT INTO profile_times (account_key) SELECT new FROM taken WHERE new NOT IN "
        "(SELECT account_key FROM profile_times)"
    ).fetchall()
    both = (
        "accounts t JOIN taken k ON k.new = t.account_key JOIN accounts o ON o.account_key = k.old "
        "LEFT JOIN profile_times q ON q.account_key = k.old JOIN profile_times p ON p.account_key = k.new"
    )
    newer = (
        "CASE WHEN t.{c} IS NULL OR (o.{c} IS NOT NULL AND (coalesce(q.{c}, 0), o.{c}) > "
        "(coalesce(p.{c}, 0), t.{c})) THEN o.{c} ELSE t.{c} END"
    )
    values = {c: newer.format(c=c) for c in PROFILE} | {"observed_ts": "greatest(t.observed_ts, o.observed_ts)"}
    connection.renew("accounts", values, both)
    times = ", ".join(f"{c} = greatest(p.{c}, q.{c})" for c in PROFILE)
    connection.execute(
        f"UPDATE profile_times p SET {times} FROM taken t JOIN profile_times q ON q.account_key = t.old "
        "WHERE p.account_key = t.new"
    ).fetchall()


def _fold(connection: Connection, name: str) -> None:
    """Make one row of those that say the same of an account that gained something."""
    which, values = _FOLDED[name]
    columns = CANONICAL[name].columns
    gained = "(SELECT new FROM moved WHERE joined)"
    mine = " OR ".join(f"{c} IN {gained}" for c in _KEYS if c in columns)
    chosen = ", ".join(f"{values[c]} AS {c}" if c in values else c for c in columns)
    key = ", ".join(c for c in columns if c not in values)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE doubled AS SELECT {chosen}, list(rowid) AS places FROM {name} "
        f"WHERE {which} AND ({mine}) GROUP BY {key} HAVING count(*) > 1"
    ).fetchall()
    connection.execute(f"DELETE FROM {name} WHERE rowid IN (SELECT unnest(places) FROM doubled)").fetchall()
    connection.execute(f"INSERT INTO {name} SELECT * EXCLUDE (places) FROM doubled").fetchall()
