"""Other ids of one account: where rows name two, what was said of either was said of the same account.

The table ``account_aliases`` holds what the files claim, each claim once. An id that is claimed for one account is that
account: its rows are those of the account, its own row goes, and keys close the gap. One that is claimed for several
identifies nobody, and stays an account of its own. Which of both it is can change with every file, so what two ids said
is kept as it was given, in ``as_given``: it comes apart before a file that says more of it, and together again after
the last one. So the order in which files are loaded does not matter. Answers hold keys, so they go with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kolgraph.errors import one_line
from kolgraph.records import PROFILE, RECORDS
from kolgraph.workspace.names import count, resolve
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
    "account_aliases": ("true", {}),
    "identities": ("true", {c: f"max({c})" for c in ("name", "confidence", "method", "note")}),
    "namings": ("role <> 'chain'", {"pos": "min(pos)", "ts": "max(ts)", "batch": "max(batch)"}),
}
#: What an account is called in the tables.
_KEYS = ("account_key", "src", "dst", "author")
#: Table -> what tells its rows apart, whoever a name in them means today. Rows that agree in it are kept together.
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account_key",),
    "profile_times": ("account_key",),
    "account_names": ("account_key",),
    "account_aliases": ("alias", "account_key"),
    "identities": ("person_id", "account_key"),
    "follows": ("src", "dst"),
    "posts": ("post_id",),
    "reposts": ("post_id",),
    "comments": ("comment_id",),
    "namings": ("post_id", "src", "role"),
}
#: Ids that were taken up, and the accounts that they are: rows of `as_given` beside those of the tables.
_TAKEN = "taken"
#: Contradictions that a line names at most.
_TOLD = 3


def remember(connection: Connection, batch: int) -> int:
    """Write down what the view ``good`` claims; returns how many accounts it says something new of."""
    if not count(connection, "SELECT count(other_id) FROM good"):
        return 0
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE called AS SELECT DISTINCT other_id AS alias, account_key "
        "FROM good JOIN ids ON raw = account JOIN accounts USING (account_key) WHERE other_id <> account_id "
        "EXCEPT SELECT alias, account_key FROM account_aliases"
    ).fetchall()
    connection.execute("INSERT INTO account_aliases SELECT * FROM called").fetchall()
    return count(
        connection,
        "UPDATE accounts SET batch = ? WHERE account_key IN (SELECT account_key FROM called) "
        "AND batch IS DISTINCT FROM ?",
        *(batch, batch),
    )


def contradictions(connection: Connection, batch: int) -> list[str]:
    """A line about ids that are claimed for several accounts, if one of those was told of in this batch."""
    rows = connection.execute(
        "SELECT alias, list(account_id ORDER BY account_id) FROM account_aliases JOIN accounts USING (account_key) "
        "GROUP BY alias HAVING count(*) > 1 AND bool_or(batch = ?) ORDER BY alias",
        [batch],
    ).fetchall()
    if not rows:
        return []
    named = "; ".join(f"{alias} of {', '.join(accounts)}" for alias, accounts in rows[:_TOLD])
    more = f" and {len(rows) - _TOLD:,} more" if len(rows) > _TOLD else ""
    return [one_line(f"ids that are said to be of several accounts identify nobody: {named}{more}")]


# ---------------------------------------------------------------------- together


def settle(connection: Connection) -> int:
    """Find out anew what ids and names mean, after all rows are there; returns how many names are still unknown."""
    together(connection)
    return resolve(connection)


def together(connection: Connection) -> None:
    """Take up the accounts that are others by now, keeping what they said."""
    if not count(connection, f"SELECT count(*) FROM ({SAME})"):
        return
    connection.execute(f"CREATE OR REPLACE TEMP TABLE taken AS {_MEANT}").fetchall()
    if not count(connection, "SELECT count(*) FROM taken"):
        return
    _keep(connection)
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


#: Accounts whose id is claimed for one other account.
SAME = (
    "SELECT a.account_key AS old, any_value(l.account_key) AS new FROM account_aliases l JOIN accounts a "
    "ON a.account_id = l.alias GROUP BY a.account_key "
    "HAVING count(DISTINCT l.account_key) = 1 AND any_value(l.account_key) <> a.account_key"
)
#: The same over several steps; ids that are claimed for each other in a circle say nothing.
_MEANT = (
    f"WITH RECURSIVE same AS MATERIALIZED ({SAME}), up AS (SELECT old, new, 1 AS step FROM same UNION ALL "
    "SELECT up.old, same.new, step + 1 FROM up JOIN same ON same.old = up.new WHERE step < 9) "
    "SELECT old, new FROM up WHERE new NOT IN (SELECT old FROM same)"
)


def _columns(name: str) -> list[str]:
    return [c for c, kind in CANONICAL[name].columns.items() if "GENERATED" not in kind]


def _keep(connection: Connection) -> None:
    """Copy every row that will not be what it was into ``as_given``, with ids in the place of keys."""
    connection.execute(
        f"INSERT INTO as_given SELECT '{_TAKEN}', to_json({{'alias': o.account_id, 'account': n.account_id}}), "
        "[o.account_id, n.account_id] FROM taken JOIN accounts o ON o.account_key = old "
        "JOIN accounts n ON n.account_key = new"
    ).fetchall()
    for name, group in _GROUPS.items():
        columns = _columns(name)
        keys = [c for c in columns if c in _KEYS]
        touched = " OR ".join(f"r.{c} IN (SELECT old FROM taken)" for c in keys)
        joins = " ".join(f"LEFT JOIN taken t_{c} ON t_{c}.old = r.{c}" for c in keys)
        mapped = ", ".join(f"coalesce(t_{c}.new, r.{c})" if c in keys else f"r.{c}" for c in group)
        groups = f"SELECT DISTINCT {mapped} FROM {name} r {joins} WHERE {touched}"
        ids = " ".join(f"LEFT JOIN accounts a_{c} ON a_{c}.account_key = r.{c}" for c in keys)
        row = ", ".join(f"'{c}': {f'a_{c}.account_id' if c in keys else f'r.{c}'}" for c in columns)
        events = [f"r.{c}" for c in ("post_id", "comment_id") if c in columns]
        named = ", ".join([f"a_{c}.account_id" for c in keys] + events)
        connection.execute(
            f"INSERT INTO as_given SELECT '{name}', to_json({{{row}}}), list_filter([{named}], lambda x: x IS NOT NULL)"
            f" FROM (SELECT r.* FROM {name} r {joins} WHERE ({mapped}) IN ({groups})) r {ids}"
        ).fetchall()


def _join_profiles(connection: Connection) -> None:
    """Of every field the latest observation of all its ids; where nobody says when, the greater value."""
    fields = ", ".join(
        f"max({{'t': coalesce(p.{c}, 0), 'v': a.{c}}}) FILTER (a.{c} IS NOT NULL) AS {c}" for c in PROFILE
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE joined AS SELECT m.new, max(a.observed_ts) AS observed_ts, {fields} "
        "FROM (SELECT DISTINCT new AS old, new FROM taken UNION ALL FROM taken) m JOIN accounts a "
        "ON a.account_key = m.old LEFT JOIN profile_times p ON p.account_key = m.old GROUP BY m.new"
    ).fetchall()
    connection.execute(
        "INSERT INTO profile_times (account_key) SELECT new FROM joined WHERE new NOT IN "
        "(SELECT account_key FROM profile_times)"
    ).fetchall()
    values = {c: f"j.{c}.v" for c in PROFILE} | {"observed_ts": "j.observed_ts"}
    connection.renew("accounts", values, "accounts t JOIN joined j ON j.new = t.account_key")
    times = ", ".join(f"{c} = coalesce(j.{c}.t, p.{c})" for c in PROFILE)
    connection.execute(f"UPDATE profile_times p SET {times} FROM joined j WHERE p.account_key = j.new").fetchall()


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


# ---------------------------------------------------------------------- apart


def apart_for(connection: Connection, record: str) -> None:
    """Take apart what is together, if the rows in the view ``good`` say something of it; their ids are in ``raws``."""
    if not count(connection, "SELECT count(*) FROM as_given"):
        return
    posts = [name for name, field in RECORDS[record].items() if field.kind == "post"]
    said = ["SELECT account_id FROM raws", *(f"SELECT {name} FROM good" for name in posts)]
    if "other_id" in RECORDS[record]:
        said.append("SELECT other_id FROM good")
    known = "(SELECT unnest(named) AS id FROM as_given UNION SELECT alias FROM account_aliases)"
    if count(connection, f"SELECT count(*) FROM ({' UNION ALL '.join(said)}) t(id) SEMI JOIN {known} USING (id)"):
        apart(connection)


def apart(connection: Connection) -> None:
    """Put every row that was made of several back as it was given; the ids taken up are accounts again."""
    if not count(connection, "SELECT count(*) FROM as_given"):
        return
    # What each id is called in the tables as they are: an id taken up by the key of its account.
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE called_now AS SELECT account_id, account_key FROM accounts UNION ALL "
        f"SELECT row->>'alias', account_key FROM as_given JOIN accounts ON account_id = row->>'account' "
        f"WHERE table_name = '{_TAKEN}'"
    ).fetchall()
    for name, group in _GROUPS.items():
        keys = [c for c in group if c in _KEYS]
        joins = " ".join(f"JOIN called_now n_{c} ON n_{c}.account_id = row->>'{c}'" for c in keys)
        made = ", ".join(f"n_{c}.account_key" if c in keys else f"row->>'{c}'" for c in group)
        connection.execute(
            f"DELETE FROM {name} WHERE ({', '.join(group)}) IN (SELECT {made} FROM as_given {joins} "
            f"WHERE table_name = '{name}')"
        ).fetchall()
    # The account keeps its key; those that were taken up get new ones behind all others.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE called_then AS WITH back AS (SELECT row->>'alias' AS id FROM as_given "
        f"WHERE table_name = '{_TAKEN}'), kept AS (SELECT * FROM called_now ANTI JOIN back ON account_id = id) "
        "FROM kept UNION ALL SELECT id, (SELECT max(account_key) FROM kept) + row_number() OVER (ORDER BY id) FROM back"
    ).fetchall()
    for name in _GROUPS:
        columns = _columns(name)
        types = {c: "VARCHAR" if c in _KEYS else CANONICAL[name].columns[c] for c in columns}
        shape = ", ".join(f'"{c}": "{kind}"' for c, kind in types.items())
        keys = [c for c in columns if c in _KEYS]
        joins = " ".join(f"LEFT JOIN called_then n_{c} ON n_{c}.account_id = v.{c}" for c in keys)
        cells = ", ".join(f"n_{c}.account_key" if c in keys else f"v.{c}" for c in columns)
        connection.execute(
            f"INSERT INTO {name} ({', '.join(columns)}) SELECT {cells} FROM (SELECT from_json(row, '{{{shape}}}') AS v "
            f"FROM as_given WHERE table_name = '{name}') {joins}"
        ).fetchall()
    connection.execute("DELETE FROM as_given").fetchall()
