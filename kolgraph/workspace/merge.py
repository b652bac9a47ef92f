"""Merge checked rows into the canonical tables: one rule per kind of record; each says how many rows added something.

The rows are in the view ``good``: typed fields, ids of posts as ``platform:native``, ids of accounts as the file writes
them, with their keys in the table ``ids``. Every rule is a join in a lattice of what was known and what comes:
commutative, associative, idempotent. So neither the order of rows nor that of files matters, and a file loaded again in
other clothes adds nothing. Where two sources contradict each other the later observation wins, and where nobody
says when, the greater value: a choice without meaning, but always the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kolgraph.records import PROFILE, RECORDS
from kolgraph.workspace.aliases import apart_for, remember
from kolgraph.workspace.names import HAS_NAME, add_namings, any_row, count, name_authors, name_chains, name_mentions

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection


def intern_accounts(connection: Connection, record: str) -> None:
    """Give every new account a dense key; within a batch keys follow the order of ids, whatever the order of rows."""
    fields = [name for name, field in RECORDS[record].items() if field.kind == "id"]
    named = " UNION ALL ".join(f"SELECT {name} AS raw FROM good" for name in fields) or "SELECT NULL::VARCHAR AS raw"
    # Ids are joined as the file writes them: they are shorter than platform:native, and that is where the time goes.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE raws AS SELECT raw, as_account(raw) AS account_id FROM (SELECT DISTINCT raw "
        f"FROM ({named}) WHERE raw IS NOT NULL)"
    ).fetchall()
    apart_for(connection, record)
    connection.execute(
        "INSERT INTO accounts (account_key, account_id, platform) "
        "SELECT (SELECT count(*) FROM accounts) + row_number() OVER (ORDER BY account_id) - 1, account_id, "
        "split_part(account_id, ':', 1) FROM (SELECT DISTINCT account_id FROM raws) fresh "
        "WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = fresh.account_id)"
    ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ids AS SELECT raw, account_key FROM raws JOIN accounts USING (account_id)"
    ).fetchall()


# ---------------------------------------------------------------------- accounts: the latest observation per field


def _accounts(connection: Connection, batch: int) -> int:
    """The latest observation of every field wins; names are remembered for resolving mentions."""
    columns = {c: c for c in PROFILE} | {"created_ts": "created"}
    said = connection.execute(f"SELECT {', '.join(f'count({c})' for c in columns.values())} FROM good").fetchall()[0]
    # Most files say little of accounts, and the same of one again and again.
    fields = {field: c for (field, c), rows in zip(columns.items(), said, strict=True) if rows}
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE profiles AS SELECT {', '.join(['account', *fields.values()])}, "
        "min(observed) AS first_observed, max(observed) AS observed FROM good GROUP BY ALL"
    ).fetchall()
    values = {field: f"kept({c})" if field in {"name", "bio"} else c for field, c in fields.items()}
    latest = "".join(
        f"max({{'t': coalesce(observed, 0), 'v': {v}}}) FILTER ({v} IS NOT NULL) AS {c}, " for c, v in values.items()
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE latest AS SELECT account_key, {latest}max(observed) AS observed_ts "
        "FROM profiles JOIN ids ON raw = account GROUP BY account_key"
    ).fetchall()
    connection.execute(
        "INSERT INTO profile_times (account_key) SELECT account_key FROM latest l "
        "WHERE NOT EXISTS (SELECT 1 FROM profile_times p WHERE p.account_key = l.account_key)"
    ).fetchall()
    values = {
        c: f"CASE WHEN l.{c} IS NOT NULL AND (t.{c} IS NULL OR l.{c}.t > p.{c} OR (l.{c}.t = p.{c} AND l.{c}.v > t.{c}"
        f")) THEN l.{c}.v ELSE t.{c} END"
        for c in fields
    }
    news = " OR ".join(["t.batch IS NULL", *(f"t.{c} IS DISTINCT FROM {value}" for c, value in values.items())])
    changed: int = connection.renew(
        "accounts",
        values | {"batch": str(batch)},
        f"accounts t JOIN latest l USING (account_key) JOIN profile_times p USING (account_key) WHERE {news}",
    )
    if fields:
        connection.execute(
            f"UPDATE profile_times p SET {', '.join(f'{c} = greatest(p.{c}, l.{c}.t)' for c in fields)} FROM latest l "
            "WHERE p.account_key = l.account_key"
        ).fetchall()
    connection.execute(
        "UPDATE accounts a SET observed_ts = greatest(a.observed_ts, l.observed_ts) FROM latest l "
        "WHERE a.account_key = l.account_key AND l.observed_ts > coalesce(a.observed_ts, 0)"
    ).fetchall()
    if "name" in fields:
        _remember_names(connection)
    return changed + remember(connection, batch)


def _remember_names(connection: Connection) -> None:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE seen AS SELECT account_key, known_as(name) AS name_norm, "
        "min(first_observed) AS first_ts, max(observed) AS last_ts FROM profiles JOIN ids ON raw = account "
        "WHERE trim(name) <> '' GROUP BY ALL"
    ).fetchall()
    same = "n.account_key = s.account_key AND n.name_norm = s.name_norm"
    connection.execute(
        "UPDATE account_names n SET first_seen_ts = least(n.first_seen_ts, s.first_ts), "
        f"last_seen_ts = greatest(n.last_seen_ts, s.last_ts) FROM seen s WHERE {same} "
        "AND (least(n.first_seen_ts, s.first_ts), greatest(n.last_seen_ts, s.last_ts)) "
        "IS DISTINCT FROM (n.first_seen_ts, n.last_seen_ts)"
    ).fetchall()
    connection.execute(
        f"INSERT INTO account_names SELECT * FROM seen s WHERE NOT EXISTS (SELECT 1 FROM account_names n WHERE {same})"
    ).fetchall()


# ---------------------------------------------------------------------- events: the greater of two values

#: Columns that hold keys of accounts: keys depend on the order of files, so ids are compared.
KEYS = {"src", "dst", "author"}
#: Of two texts or lists the longer one is kept: short ones were cut off.
LONGER = {"text", "chain", "topics", "urls"}


def _rank(column: str, value: str) -> str:
    if column in KEYS:
        return f"{value}_id"
    if column == "chain":  # the one with more names
        return f"(list_count({value}), length({value}), {value})"
    return f"(length({value}), {value})" if column in LONGER else value


def _with_ids(columns: Iterable[str], rows: str, alias: str) -> str:
    """Rows with the account id beside every key."""
    keys = [c for c in columns if c in KEYS]
    joins = " ".join(f"LEFT JOIN accounts a_{c} ON a_{c}.account_key = r.{c}" for c in keys)
    ids = "".join(f", a_{c}.account_id AS {c}_id" for c in keys)
    return f"(SELECT r.*{ids} FROM {rows} r {joins}) {alias}"


def fold(
    connection: Connection,
    table: str,
    key: Sequence[str],
    columns: Mapping[str, str],
    rows: str,
    *,
    batch: int | None = None,
    repeats: bool = True,
) -> int:
    """Join rows (`key` and `columns`, as SQL over `rows`) with those of a table; how many rows changed or are new."""
    names = [*key, *columns]
    source = f"SELECT {', '.join(key)}, {', '.join(f'{v} AS {c}' for c, v in columns.items())} FROM {rows}"
    if repeats:
        greatest = ", ".join(f"arg_max({c}, {_rank(c, c)}) AS {c}" for c in columns)
        source = f"SELECT {', '.join(key)}, {greatest} FROM {_with_ids(columns, f'({source})', 'x')} GROUP BY ALL"
    changed, unknown = 0, ""
    if any_row(connection, table):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS {source}").fetchall()
        source, same = "FROM incoming", " AND ".join(f"t.{k} = x.{k}" for k in key)
        better = {}
        for c in columns:
            greater = f"x.{c} <> t.{c} AND {_rank(c, f'x.{c}')} > {_rank(c, f't.{c}')}"
            better[c] = f"x.{c} IS NOT NULL AND (t.{c} IS NULL OR ({greater}))"
        old = _with_ids(columns, f"(SELECT rowid AS place, * FROM {table})", "t")
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE joined AS SELECT place, "
            f"{', '.join(f'CASE WHEN {b} THEN x.{c} ELSE t.{c} END AS {c}' for c, b in better.items())} "
            f"FROM {old} JOIN {_with_ids(columns, 'incoming', 'x')} ON {same} WHERE {' OR '.join(better.values())}"
        ).fetchall()
        values = {c: f"j.{c}" for c in columns} | ({} if batch is None else {"batch": str(batch)})
        changed = connection.renew(table, values, f"{table} t JOIN joined j ON t.rowid = j.place")
        unknown = f"WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})"
    into, tail = (", batch", f", {batch}") if batch is not None else ("", "")
    return changed + count(
        connection,
        f"INSERT INTO {table} ({', '.join(names)}{into}) SELECT {', '.join(names)}{tail} FROM ({source}) x {unknown}",
    )


def _identities(connection: Connection, batch: int) -> int:
    del batch
    columns = {
        "name": "kept(name)",
        "confidence": "confidence",
        "method": "coalesce(method, 'manual')",
        "note": "kept(note)",
    }
    rows = "(SELECT person AS person_id, * FROM good JOIN ids ON raw = account)"
    return fold(connection, "identities", ("person_id", "account_key"), columns, rows)


def _campaigns(connection: Connection, batch: int) -> int:
    del batch
    rows = "(SELECT campaign AS campaign_id, post AS post_id, * FROM good)"
    return fold(connection, "campaigns", ("campaign_id", "post_id"), {"name": "kept(name)"}, rows)


def _follows(connection: Connection, batch: int) -> int:
    """First seen, last seen, and the weight seen last."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pairs AS SELECT s.account_key AS src, d.account_key AS dst, "
        "min(since) AS since_ts, max(observed) AS observed_ts, "
        "max({'t': coalesce(observed, 0), 'v': coalesce(weight, 1)}).v::FLOAT AS weight "
        "FROM good JOIN ids s ON s.raw = good.src JOIN ids d ON d.raw = good.dst GROUP BY ALL"
    ).fetchall()
    known = "EXISTS (SELECT 1 FROM follows f WHERE f.src = pairs.src AND f.dst = pairs.dst)"
    changed = 0
    if count(connection, f"SELECT count(*) FROM pairs WHERE {known}"):
        newer = "(coalesce(p.observed_ts, 0), p.weight) > (coalesce(f.observed_ts, 0), f.weight)"
        values = {
            "since_ts": "least(f.since_ts, p.since_ts)",
            "observed_ts": "greatest(f.observed_ts, p.observed_ts)",
            "weight": f"CASE WHEN {newer} THEN p.weight ELSE f.weight END",
        }
        changed = count(
            connection,
            f"UPDATE follows f SET {', '.join(f'{c} = {v}' for c, v in values.items())} FROM pairs p "
            "WHERE f.src = p.src AND f.dst = p.dst AND "
            f"({' OR '.join(f'f.{c} IS DISTINCT FROM {v}' for c, v in values.items())})",
        )
    return changed + count(
        connection,
        "INSERT INTO follows SELECT src, dst, since_ts, observed_ts, weight, ? FROM pairs "
        f"WHERE NOT {known} ORDER BY dst, src",
        batch,
    )


def _events(connection: Connection, field: str, *content: str) -> bool:
    """See `good` as ``events`` with an `id` each and the keys of `src` and `dst`; returns whether ids may repeat.

    An event whose source has no id gets one made of its content, and of which of several with this content it is.
    """
    # Proving that every row has an id of its own is far cheaper than finding out which has not.
    nameless, repeats = connection.execute(
        f"SELECT count(*) - count({field}), count(*) - count(DISTINCT hash({field})) FROM good"
    ).fetchall()[0]
    made = field
    if nameless:
        whole = ", ".join(f"coalesce({part}::VARCHAR, '')" for part in content)
        nth = f"row_number() OVER (PARTITION BY {field} IS NULL, {whole})"
        digest = f"left(md5(sealed(concat_ws('|', {whole}, {nth}))), 20)"
        made = f"coalesce({field}, platform_of({content[0]}) || ':~' || {digest})"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW events AS SELECT x.* REPLACE (s.account_key AS src, d.account_key AS dst), "
        f"platform_of(x.src) AS platform FROM (SELECT {made} AS id, * FROM good) x "
        "JOIN ids s ON s.raw = x.src LEFT JOIN ids d ON d.raw = x.dst"
    )
    return bool(repeats)


def _reposts(connection: Connection, batch: int) -> int:
    repeats = _events(connection, "post", "as_account(src)", "as_account(dst)", "root", "time")
    _forget_derived(connection, "reposts", "post_id")
    told = _told(connection, "repost")
    chain = "list_transform(known_chain(text, platform), lambda n: known_as(n))" if told.names else "[]"
    columns = {
        "src": "src",
        "dst": "dst",
        "root_id": "root",
        "parent_id": "parent",
        "ts": "time",
        "weight": "coalesce(weight, 1)",
        "kind": "coalesce(kind, 'repost')",
        "chain": f"CASE WHEN via <> '' THEN [known_as(via), NULL] WHEN {HAS_NAME} THEN nullif({chain}, []) END",
        "text": "kept(text)",
    }
    rows = "(SELECT id AS post_id, * FROM events)"
    changed = fold(connection, "reposts", ("post_id",), columns, rows, batch=batch, repeats=repeats)
    changed += _told_beside(connection, "reposts", batch, told)
    name_chains(connection, batch)
    return changed


def _comments(connection: Connection, batch: int) -> int:
    repeats = _events(connection, "comment", "as_account(src)", "as_account(dst)", "post", "time", "text")
    _forget_derived(connection, "comments", "comment_id")
    columns = {"src": "src", "dst": "dst", "post_id": "post", "parent_id": "parent", "ts": "time", "text": "kept(text)"}
    columns |= {"likes": "likes"}
    rows = "(SELECT id AS comment_id, * FROM events)"
    changed = fold(connection, "comments", ("comment_id",), columns, rows, batch=batch, repeats=repeats)
    return changed + _told_beside(connection, "comments", batch, _told(connection, "comment"))


def _forget_derived(connection: Connection, table: str, key: str) -> None:
    """A target that was derived gives way to one that is given."""
    if any_row(connection, f"{table} WHERE derived"):
        connection.execute(
            f"UPDATE {table} SET dst = NULL, derived = NULL WHERE derived AND {key} IN (SELECT id FROM events)"
        ).fetchall()


def _posts(connection: Connection, batch: int) -> int:
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW events AS SELECT post AS id, account_key AS src, NULL AS author_name, "
        "platform_of(post) AS platform, * FROM good LEFT JOIN ids ON raw = author"
    )
    told = _told(connection, "post")
    in_text = f"CASE WHEN {HAS_TOPIC} THEN topics_of(text, platform) ELSE [] END" if told.topics else "[]::VARCHAR[]"
    others = "list_filter(coalesce(topics, []), lambda t: NOT list_contains(found, t))"
    columns = {
        "author": "src",
        "created_ts": "time",
        "text": "kept(text)",
        "topics": "CASE WHEN text IS NOT NULL OR topics IS NOT NULL "
        f"THEN list_transform([{in_text}], lambda found: found || {others})[1] END",
        "urls": "kept(urls)",
    }
    rows = "(SELECT id AS post_id, * EXCLUDE (author) FROM events)"
    changed = fold(connection, "posts", ("post_id",), columns, rows, batch=batch)
    return changed + _told_beside(connection, "posts", batch, told)


#: SQL: a text that may hold a topic.
HAS_TOPIC = "(contains(text, '#') OR contains(text, '＃'))"
_COUNTS = "coalesce(likes, reposts, comments, views)"


class _Told(NamedTuple):
    """In how many of the ``events`` there may be names and topics, and how many have counts or an author's name.

    To prepare the statements for what none has takes longer than a small file.
    """

    names: int
    topics: int
    counts: int
    authors: int


def _told(connection: Connection, record: str) -> _Told:
    counts = _COUNTS if "views" in RECORDS[record] else "NULL"
    found = f"count_if({HAS_NAME}), count_if({HAS_TOPIC}), count({counts}), count(author_name)"
    return _Told(*connection.execute(f"SELECT {found} FROM events").fetchall()[0])


def _told_beside(connection: Connection, table: str, batch: int, told: _Told) -> int:
    """Add what events say beside themselves; returns how many rows of the table changed."""
    changed = _shown_counts(connection, table, batch) if told.counts else 0
    if told.names:
        name_mentions(connection, batch)
    if told.authors:
        name_authors(connection, batch)
    return changed


def _shown_counts(connection: Connection, table: str, batch: int) -> int:
    """The counts that a page showed belong together: those of the latest observation, all or none."""
    counts = ("likes", "reposts", "comments", "views", "rounded")
    old, new = ("{" + ", ".join(f"'{c}': {side}.{c}" for c in counts) + "}" for side in ("p", "e"))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE shown AS SELECT p.rowid AS place, p.batch = {batch} AS known, x.top.t AS t, "
        f"x.top.v AS v FROM {table} p JOIN (SELECT id, max({{'t': coalesce(observed, 0), 'v': {new}}}) AS top "
        f"FROM events e WHERE {_COUNTS} IS NOT NULL GROUP BY id) x ON p.post_id = x.id "
        f"WHERE coalesce(p.likes, p.reposts, p.comments, p.views) IS NULL "
        f"OR (x.top.t, x.top.v) > (coalesce(p.observed_ts, 0), {old})"
    ).fetchall()
    values = {c: f"s.v.{c}" for c in counts} | {"observed_ts": "nullif(s.t, 0)", "batch": str(batch)}
    connection.renew(table, values, f"{table} t JOIN shown s ON t.rowid = s.place")
    return count(connection, "SELECT count(*) FROM shown WHERE NOT known")


def _mentions(connection: Connection, batch: int) -> int:
    _events(connection, "post", "as_account(src)", "as_account(dst)", "time")
    rows = (
        "SELECT id AS post_id, src, 'mention' AS role, 0 AS pos, "
        "CASE WHEN dst IS NULL THEN known_as(dst_name) END AS name, dst, time AS ts FROM events"
    )
    return add_namings(connection, batch, rows)


MERGES: Mapping[str, Callable[[Connection, int], int]] = {
    "account": _accounts,
    "identity": _identities,
    "campaign": _campaigns,
    "follow": _follows,
    "repost": _reposts,
    "comment": _comments,
    "mention": _mentions,
    "post": _posts,
}
