"""Merge checked rows into the canonical tables: one rule per kind of record; each says how many rows added something.

The rows are in the view ``good``: typed fields, ids of posts as ``platform:native``, ids of accounts as the file writes
them, with their keys in the table ``ids``. No rule looks at the order of rows: a shuffled copy of a file adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kolgraph.tables import RECORDS

if TYPE_CHECKING:
    from typing import TypeAlias

    import duckdb

    Connection: TypeAlias = duckdb.DuckDBPyConnection

#: Characters of a name after "@": letters and digits of any script, "_", "-", and the dots used in foreign names.
NAME = r"[\p{L}\p{N}_\-·・]{1,30}"


def _count(connection: Connection, query: str, *values: object) -> int:
    rows = connection.execute(query, list(values)).fetchall()
    return int(rows[0][0]) if rows else 0


def intern_accounts(connection: Connection, record: str) -> None:
    """Give every new account a dense key; within a batch keys follow the order of ids, whatever the order of rows."""
    fields = [name for name, field in RECORDS[record].items() if field.kind == "id"]
    named = " UNION ALL ".join(f"SELECT {name} AS raw FROM good" for name in fields)
    # Ids are joined as the file writes them: they are shorter than platform:native, and that is where the time goes.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE raws AS SELECT raw, full_id(raw) AS account_id FROM (SELECT DISTINCT raw "
        f"FROM ({named}) WHERE raw IS NOT NULL)"
    ).fetchall()
    connection.execute(
        "INSERT INTO accounts (account_key, account_id, platform) "
        "SELECT (SELECT count(*) FROM accounts) + row_number() OVER (ORDER BY account_id) - 1, account_id, "
        "split_part(account_id, ':', 1) FROM (SELECT DISTINCT account_id FROM raws) fresh "
        "WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = fresh.account_id)"
    ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ids AS SELECT raw, account_key FROM raws JOIN accounts USING (account_id)"
    ).fetchall()


def _latest(value: str, kind: str = "VARCHAR") -> str:
    """Aggregate: the value seen last, the greatest of those seen at the same time."""
    return f"(max({{'t': coalesce(observed, 0), 'v': {value}}}) FILTER ({value} IS NOT NULL)).v::{kind}"


def _accounts(connection: Connection, batch: int) -> int:
    """The latest observation of a profile wins; names are remembered for resolving mentions."""
    kinds = {"name": "VARCHAR", "followers": "BIGINT", "followings": "BIGINT", "niche": "VARCHAR", "region": "VARCHAR"}
    kinds |= {"price_cny": "DECIMAL(14, 2)", "verified": "VARCHAR", "created": "BIGINT"}
    fields = ", ".join(f"{_latest(f, kind)} AS {f}" for f, kind in kinds.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE latest AS SELECT account_key, {fields}, max(observed) AS observed "
        "FROM good JOIN ids ON raw = account GROUP BY account_key"
    ).fetchall()
    columns = {f: "created_ts" if f == "created" else f for f in kinds}
    newer = "coalesce(l.observed >= a.observed_ts, true)"
    values = {
        c: f"CASE WHEN {newer} THEN coalesce(l.{f}, a.{c}) ELSE coalesce(a.{c}, l.{f}) END" for f, c in columns.items()
    }
    news = "a.batch IS NULL OR " + " OR ".join(f"a.{c} IS DISTINCT FROM {value}" for c, value in values.items())
    changed = _count(
        connection,
        f"UPDATE accounts a SET {', '.join(f'{c} = {value}' for c, value in values.items())}, batch = ?, "
        "observed_ts = greatest(a.observed_ts, l.observed) FROM latest l "
        f"WHERE a.account_key = l.account_key AND ({news})",
        batch,
    )
    connection.execute(
        "UPDATE accounts a SET observed_ts = greatest(a.observed_ts, l.observed) FROM latest l "
        "WHERE a.account_key = l.account_key AND l.observed > coalesce(a.observed_ts, 0)"
    ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE seen AS SELECT account_key, lower(trim(name)) AS name_norm, "
        "min(observed) AS first_ts, max(observed) AS last_ts FROM good JOIN ids ON raw = account "
        "WHERE trim(name) <> '' GROUP BY ALL"
    ).fetchall()
    connection.execute(
        "UPDATE account_names n SET first_seen_ts = least(n.first_seen_ts, s.first_ts), "
        "last_seen_ts = greatest(n.last_seen_ts, s.last_ts) FROM seen s "
        "WHERE n.account_key = s.account_key AND n.name_norm = s.name_norm"
    ).fetchall()
    connection.execute(
        "INSERT INTO account_names SELECT * FROM seen s WHERE NOT EXISTS (SELECT 1 FROM account_names n "
        "WHERE n.account_key = s.account_key AND n.name_norm = s.name_norm)"
    ).fetchall()
    return changed


def _follows(connection: Connection, batch: int) -> int:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE pairs AS SELECT s.account_key AS src, d.account_key AS dst, "
        f"min(since) AS since_ts, max(observed) AS observed_ts, coalesce({_latest('weight', 'FLOAT')}, 1) AS weight "
        "FROM good JOIN ids s ON s.raw = good.src JOIN ids d ON d.raw = good.dst GROUP BY ALL"
    ).fetchall()
    known = "EXISTS (SELECT 1 FROM follows f WHERE f.src = pairs.src AND f.dst = pairs.dst)"
    changed = 0
    if _count(connection, f"SELECT count(*) FROM pairs WHERE {known}"):
        values = {
            "since_ts": "least(f.since_ts, p.since_ts)",
            "observed_ts": "greatest(f.observed_ts, p.observed_ts)",
            "weight": "CASE WHEN coalesce(p.observed_ts >= f.observed_ts, true) THEN p.weight ELSE f.weight END",
        }
        changed = _count(
            connection,
            f"UPDATE follows f SET {', '.join(f'{c} = {v}' for c, v in values.items())} FROM pairs p "
            "WHERE f.src = p.src AND f.dst = p.dst AND "
            f"({' OR '.join(f'f.{c} IS DISTINCT FROM {v}' for c, v in values.items())})",
        )
    return changed + _count(
        connection,
        "INSERT INTO follows SELECT src, dst, since_ts, observed_ts, weight, ? FROM pairs "
        f"WHERE NOT {known} ORDER BY dst, src",
        batch,
    )


def _made_up_id(*parts: str) -> str:
    """An id for an event whose source has none: its content, and which of several with this content it is."""
    whole = [f"coalesce({part}::VARCHAR, '')" for part in parts]
    nth = f"row_number() OVER (PARTITION BY post IS NULL, {', '.join(whole)})"
    made = f"split_part({parts[0]}, ':', 1) || ':~' || left(md5(concat_ws('|', {', '.join(whole)}, {nth})), 20)"
    return f"coalesce(post, {made})"


def _reposts(connection: Connection, batch: int) -> int:
    # Proving that every row has an id of its own is far cheaper than finding out which has not.
    nameless, repeats = connection.execute(
        "SELECT count(*) - count(post), count(*) - count(DISTINCT hash(full_id(post))) FROM stage WHERE bad IS NULL"
    ).fetchall()[0]
    post = _made_up_id("full_id(src)", "full_id(dst)", "root", "time") if nameless else "post"
    content = ("parent", "root", "dst", "time", "src", "text", "weight")
    order = ", ".join(f"{field} NULLS LAST" for field in content)
    once = f"QUALIFY row_number() OVER (PARTITION BY post_id ORDER BY {order}) = 1" if repeats else ""
    known = _count(connection, "SELECT count(*) FROM reposts") > 0
    source = f"(SELECT * FROM (SELECT {post} AS post_id, {', '.join(content)} FROM good) {once}) x"
    joined = f"{source} JOIN ids s ON s.raw = x.src LEFT JOIN ids d ON d.raw = x.dst"
    changed = 0
    if known:
        # What was unknown before is filled in; what was known stays.
        news = {"parent_id": "x.parent", "root_id": "x.root", "dst": "x.dst", "ts": "x.time", "text": "x.text"}
        filled = ", ".join(f"{c} = coalesce(r.{c}, {v})" for c, v in news.items())
        changed = _count(
            connection,
            f"UPDATE reposts r SET {filled}, batch = CASE WHEN r.text IS NULL AND x.text IS NOT NULL THEN ? "
            "ELSE r.batch END, evidence = CASE WHEN x.parent IS NULL THEN r.evidence ELSE 'api_parent' END "
            f"FROM (SELECT x.* REPLACE (d.account_key AS dst) FROM {joined}) x WHERE r.post_id = x.post_id AND "
            f"({' OR '.join(f'(r.{c} IS NULL AND {v} IS NOT NULL)' for c, v in news.items())})",
            batch,
        )
    unknown = "WHERE NOT EXISTS (SELECT 1 FROM reposts r WHERE r.post_id = x.post_id)" if known else ""
    return changed + _count(
        connection,
        "INSERT INTO reposts SELECT x.post_id, s.account_key, d.account_key, x.root, x.parent, x.time, "
        "coalesce(x.weight, 1), CASE WHEN x.parent IS NULL THEN 'root_only' ELSE 'api_parent' END, x.text, ? "
        f"FROM {joined} {unknown}",
        batch,
    )


def _mentions(connection: Connection, batch: int) -> int:
    post = _made_up_id("full_id(src)", "full_id(dst)", "time")
    return _count(
        connection,
        "INSERT INTO mentions SELECT post_id, row_number() OVER (PARTITION BY post_id ORDER BY dst) - 1 + coalesce("
        "(SELECT max(pos) + 1 FROM mentions m WHERE m.post_id = y.post_id), 0), src, dst, NULL, ts, ? FROM ("
        "SELECT DISTINCT ON (post_id, dst) x.post_id, s.account_key AS src, d.account_key AS dst, x.time AS ts "
        f"FROM (SELECT {post} AS post_id, * EXCLUDE (post) FROM good) x "
        "JOIN ids s ON s.raw = x.src JOIN ids d ON d.raw = x.dst ORDER BY ALL) y "
        "WHERE NOT EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = y.post_id AND m.dst = y.dst)",
        batch,
    )


def _posts(connection: Connection, batch: int) -> int:
    order = ", ".join(f"{field} NULLS LAST" for field in ("author", "time", "text", "likes"))
    topics = (
        "list_filter(list_transform(regexp_extract_all(text, '#([^#\\n]{1,140})#', 1), "
        "lambda t: trim(replace(t, '[超话]', ''))), lambda t: t <> '')"
    )
    source = (
        f"(SELECT post AS post_id, account_key AS author, time AS created_ts, text, list_filter({topics}, "
        f"lambda t, i: list_position({topics}, t) = i) AS topics, likes FROM (SELECT * FROM good QUALIFY row_number() "
        f"OVER (PARTITION BY post ORDER BY {order}) = 1) LEFT JOIN ids ON raw = author) x"
    )
    news = ("author", "created_ts", "text", "topics", "likes")
    changed = 0
    if _count(connection, "SELECT count(*) FROM posts"):
        changed = _count(
            connection,
            f"UPDATE posts p SET {', '.join(f'{c} = coalesce(p.{c}, x.{c})' for c in news)}, "
            "batch = CASE WHEN p.text IS NULL AND x.text IS NOT NULL THEN ? ELSE p.batch END "
            f"FROM {source} WHERE p.post_id = x.post_id AND "
            f"({' OR '.join(f'(p.{c} IS NULL AND x.{c} IS NOT NULL)' for c in news)})",
            batch,
        )
    return changed + _count(
        connection,
        f"INSERT INTO posts SELECT x.*, ? FROM {source} "
        "WHERE NOT EXISTS (SELECT 1 FROM posts p WHERE p.post_id = x.post_id)",
        batch,
    )


MERGES: Mapping[str, Callable[[Connection, int], int]] = {
    "account": _accounts,
    "follow": _follows,
    "repost": _reposts,
    "mention": _mentions,
    "post": _posts,
}


# ---------------------------------------------------------------------- what follows from the rows of a batch

#: A writer's own words as SQL over ``text``: what follows "//@" was written by somebody else, an e-mail address names
#: nobody, and the one replied to is not named freely.
OWN_WORDS = (
    r"regexp_replace(regexp_replace(regexp_replace(text, '//\s*[@＠].*', '', 's'), "
    r"'[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}', '', 'g'), "
    rf"'^\s*(回复|回覆|回復|Reply to)\s*[@＠]{NAME}', '')"
)


def derive(connection: Connection, batch: int) -> None:
    """Mentions inside texts, names resolved to accounts, authors of reposted posts."""
    for table, author, time in (("posts", "author", "created_ts"), ("reposts", "src", "ts")):
        named = f"regexp_extract_all({OWN_WORDS}, '[@＠]({NAME})', 1)"
        found = (
            f"SELECT post_id, {author} AS src, {time} AS ts, {named} AS names FROM {table} "
            f"WHERE batch = ? AND {author} IS NOT NULL AND (contains(text, '@') OR contains(text, '＠'))"
        )
        each = (
            "SELECT post_id, src, ts, lower(unnest(names)) AS dst_name, generate_subscripts(names, 1) AS place "
            f"FROM ({found})"
        )
        connection.execute(
            "INSERT INTO mentions SELECT post_id, row_number() OVER (PARTITION BY post_id ORDER BY min(place)) - 1 + "
            "coalesce((SELECT max(pos) + 1 FROM mentions m WHERE m.post_id = each.post_id), 0), "
            f"src, NULL, dst_name, ts, ? FROM ({each}) each GROUP BY post_id, src, dst_name, ts",
            [batch, batch],
        ).fetchall()
    if _count(connection, "SELECT count(*) FROM mentions WHERE dst IS NULL"):
        _resolve_names(connection)
    connection.execute(
        "UPDATE reposts r SET dst = p.author FROM posts p "
        "WHERE r.dst IS NULL AND r.root_id = p.post_id AND p.author IS NOT NULL"
    ).fetchall()


def _resolve_names(connection: Connection) -> None:
    """Names move between people: the account seen with it nearest in time is meant.

    On platforms whose ids are handles the name is the id itself.
    """
    resolved = _count(
        connection,
        "UPDATE mentions m SET dst = k.account_key FROM (SELECT m.rowid AS id, n.account_key FROM mentions m "
        "JOIN accounts w ON w.account_key = m.src JOIN account_names n ON n.name_norm = m.dst_name "
        "JOIN accounts a ON a.account_key = n.account_key AND a.platform = w.platform WHERE m.dst IS NULL "
        "QUALIFY row_number() OVER (PARTITION BY m.rowid ORDER BY greatest(n.first_seen_ts - m.ts, "
        "m.ts - n.last_seen_ts, 0), n.last_seen_ts DESC NULLS LAST, a.account_id) = 1) k WHERE m.rowid = k.id",
    )
    resolved += _count(
        connection,
        "UPDATE mentions m SET dst = h.account_key FROM (SELECT lower(account_id) AS handle, "
        "arg_min(account_key, account_id) AS account_key FROM accounts GROUP BY ALL) h, accounts w "
        "WHERE m.dst IS NULL AND w.account_key = m.src AND h.handle = w.platform || ':' || m.dst_name",
    )
    if resolved:
        # A file of mentions may have named the same account in the same post.
        connection.execute(
            "DELETE FROM mentions m WHERE m.dst_name IS NOT NULL AND m.dst IS NOT NULL AND EXISTS (SELECT 1 FROM "
            "mentions o WHERE o.post_id = m.post_id AND o.dst = m.dst AND o.pos <> m.pos "
            "AND (o.dst_name IS NULL OR o.pos < m.pos))"
        ).fetchall()
