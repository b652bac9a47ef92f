"""Merge checked rows into the canonical tables: one rule per kind of record; each says how many rows added something.

The rows are in the view ``good`` (typed fields, ``ordinal`` = order in the file), ids already as ``platform:native``.
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


def intern_accounts(connection: Connection, record: str, batch: int) -> None:
    """Give every new account a dense key; within a batch keys follow the order of ids, whatever the order of rows."""
    del batch
    fields = [name for name, field in RECORDS[record].items() if field.kind == "id"]
    named = " UNION ALL ".join(f"SELECT {name} AS id FROM good" for name in fields)
    connection.execute(
        "INSERT INTO accounts (account_key, account_id, platform) "
        "SELECT (SELECT count(*) FROM accounts) + row_number() OVER (ORDER BY id) - 1, id, split_part(id, ':', 1) "
        f"FROM (SELECT DISTINCT id FROM ({named}) WHERE id IS NOT NULL) fresh "
        "WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE account_id = fresh.id)"
    ).fetchall()


def _accounts(connection: Connection, batch: int) -> int:
    """The latest observation of a profile wins; names are remembered for resolving mentions."""
    profile = ("name", "followers", "followings", "niche", "region", "price_cny", "verified")
    fields = ", ".join(profile)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE latest AS SELECT account, {fields}, created AS created_ts, "
        "observed AS observed_ts FROM good "
        "QUALIFY row_number() OVER (PARTITION BY account ORDER BY observed DESC NULLS LAST, ordinal DESC) = 1"
    )
    differs = " OR ".join(f"(l.{f} IS NOT NULL AND l.{f} IS DISTINCT FROM a.{f})" for f in (*profile, "created_ts"))
    news = f"a.batch IS NULL OR coalesce(l.observed_ts >= a.observed_ts, true) AND ({differs})"
    changed = _count(
        connection, f"SELECT count(*) FROM latest l JOIN accounts a ON a.account_id = l.account WHERE {news}"
    )
    updates = ", ".join(f"{f} = coalesce(l.{f}, a.{f})" for f in (*profile, "created_ts", "observed_ts"))
    if changed:
        connection.execute(
            f"UPDATE accounts a SET {updates}, batch = ? FROM latest l WHERE a.account_id = l.account AND ({news})",
            [batch],
        ).fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE seen AS SELECT account_key, lower(trim(good.name)) AS name_norm, "
        "min(observed) AS first_ts, max(observed) AS last_ts FROM good JOIN accounts ON account_id = account "
        "WHERE trim(good.name) <> '' GROUP BY ALL"
    )
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
        "min(since) AS since_ts, max(observed) AS observed_ts, "
        "arg_max(coalesce(weight, 1), ordinal) AS weight FROM good "
        "JOIN accounts s ON s.account_id = good.src JOIN accounts d ON d.account_id = good.dst GROUP BY ALL"
    )
    known = "EXISTS (SELECT 1 FROM follows f WHERE f.src = pairs.src AND f.dst = pairs.dst)"
    if _count(connection, f"SELECT count(*) FROM pairs WHERE {known}"):
        connection.execute(
            "UPDATE follows f SET since_ts = least(f.since_ts, p.since_ts), weight = p.weight, "
            "observed_ts = greatest(f.observed_ts, p.observed_ts) FROM pairs p WHERE f.src = p.src AND f.dst = p.dst"
        ).fetchall()
    return _count(
        connection,
        "INSERT INTO follows SELECT src, dst, since_ts, observed_ts, weight, ? FROM pairs "
        f"WHERE NOT {known} ORDER BY dst, src",
        batch,
    )


def _made_up_id(*parts: str) -> str:
    """An id for an event whose source has none: its content and how often that content came before in the file."""
    content = f"concat_ws('|', {', '.join(parts)})"
    nth = f"row_number() OVER (PARTITION BY {', '.join(parts)} ORDER BY ordinal)"
    return f"coalesce(post, split_part(src, ':', 1) || ':~' || left(md5({content} || '|' || {nth}), 20))"


def _reposts(connection: Connection, batch: int) -> int:
    with_ids = _count(connection, "SELECT count(*) FROM good WHERE post IS NULL") == 0
    post = "post" if with_ids else _made_up_id("src", "dst", "root", "time")
    # Proving that no id repeats is far cheaper than finding which one does.
    repeats = not with_ids or _count(connection, "SELECT count(*) - count(DISTINCT hash(post)) FROM good") > 0
    once = "QUALIFY row_number() OVER (PARTITION BY post_id ORDER BY ordinal) = 1" if repeats else ""
    known = _count(connection, "SELECT count(*) FROM reposts") > 0
    unknown = "WHERE NOT EXISTS (SELECT 1 FROM reposts r WHERE r.post_id = x.post_id)" if known else ""
    source = f"(SELECT {post} AS post_id, * FROM good {once}) x"
    if known:
        connection.execute(
            "UPDATE reposts r SET parent_id = x.parent, evidence = 'api_parent' "
            f"FROM {source} WHERE r.post_id = x.post_id AND r.parent_id IS NULL AND x.parent IS NOT NULL"
        ).fetchall()
    return _count(
        connection,
        "INSERT INTO reposts SELECT x.post_id, s.account_key, d.account_key, x.root, x.parent, x.time, "
        "coalesce(x.weight, 1), CASE WHEN x.parent IS NULL THEN 'root_only' ELSE 'api_parent' END, x.text, ? "
        f"FROM {source} JOIN accounts s ON s.account_id = x.src LEFT JOIN accounts d ON d.account_id = x.dst {unknown}",
        batch,
    )


def _mentions(connection: Connection, batch: int) -> int:
    return _count(
        connection,
        "INSERT INTO mentions SELECT post_id, row_number() OVER (PARTITION BY post_id ORDER BY dst) - 1 + coalesce("
        "(SELECT max(pos) + 1 FROM mentions m WHERE m.post_id = y.post_id), 0), src, dst, NULL, ts, ? FROM ("
        "SELECT DISTINCT ON (post_id, dst) x.post_id, s.account_key AS src, d.account_key AS dst, x.time AS ts "
        f"FROM (SELECT {_made_up_id('src', 'dst', 'time')} AS post_id, * FROM good) x "
        "JOIN accounts s ON s.account_id = x.src JOIN accounts d ON d.account_id = x.dst ORDER BY ALL) y "
        "WHERE NOT EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = y.post_id AND m.dst = y.dst)",
        batch,
    )


def _posts(connection: Connection, batch: int) -> int:
    return _count(
        connection,
        "INSERT INTO posts SELECT post, a.account_key, time, text, "
        "list_distinct(list_transform(regexp_extract_all(text, '#([^#\\n]{1,140})#', 1), "
        "lambda t: trim(replace(t, '[超话]', '')))), likes, ? "
        "FROM (SELECT * FROM good QUALIFY row_number() OVER (PARTITION BY post ORDER BY ordinal) = 1) x "
        "LEFT JOIN accounts a ON a.account_id = x.author "
        "WHERE NOT EXISTS (SELECT 1 FROM posts p WHERE p.post_id = x.post)",
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


def derive(connection: Connection, batch: int) -> None:
    """Mentions inside texts, names resolved to accounts, authors of reposted posts."""
    for table, author, time in (("posts", "author", "created_ts"), ("reposts", "src", "ts")):
        # Only a writer's own words count: what follows "//@" was written by somebody else. E-mail addresses are no
        # mentions, and a reply's target is not named freely.
        connection.execute(
            "INSERT INTO mentions SELECT post_id, generate_subscripts(names, 1) - 1, src, NULL, lower(unnest(names)), "
            "ts, ? FROM (SELECT post_id, src, ts, list_distinct(regexp_extract_all(regexp_replace(regexp_replace("
            "regexp_replace(text, '//\\s*[@＠].*', '', 's'), '[A-Za-z0-9._%+\\-]+@[A-Za-z0-9\\-]+(\\.[A-Za-z0-9\\-]+)*"
            f"\\.[A-Za-z]{{2,}}', '', 'g'), '^\\s*(回复|回覆|回復|Reply to)\\s*[@＠]{NAME}', ''), '[@＠]({NAME})', 1)) "
            f"AS names FROM (SELECT post_id, {author} AS src, {time} AS ts, text FROM {table} "
            f"WHERE batch = ? AND {author} IS NOT NULL AND (contains(text, '@') OR contains(text, '＠')))) "
            "WHERE len(names) > 0",
            [batch, batch],
        ).fetchall()
    if _count(connection, "SELECT count(*) FROM mentions WHERE dst IS NULL"):
        # A name may have moved between people: the account seen with it last is meant; on platforms whose ids are
        # handles the name is the id itself.
        connection.execute(
            "UPDATE mentions m SET dst = known.account_key FROM (SELECT a.platform, n.name_norm, "
            "arg_max(n.account_key, coalesce(n.last_seen_ts, 0) * 1.0 + 1e-9 / (1 + n.account_key)) AS account_key "
            "FROM account_names n JOIN accounts a USING (account_key) GROUP BY ALL) known, accounts w "
            "WHERE m.dst IS NULL AND w.account_key = m.src AND known.platform = w.platform "
            "AND known.name_norm = m.dst_name"
        ).fetchall()
        connection.execute(
            "UPDATE mentions m SET dst = h.account_key FROM accounts h, accounts w "
            "WHERE m.dst IS NULL AND w.account_key = m.src AND h.account_id = w.platform || ':' || m.dst_name"
        ).fetchall()
    if _count(connection, "SELECT count(*) FROM posts WHERE batch = ?", batch) or _count(
        connection, "SELECT count(*) FROM reposts WHERE batch = ? AND dst IS NULL", batch
    ):
        connection.execute(
            "UPDATE reposts r SET dst = p.author FROM posts p "
            "WHERE r.dst IS NULL AND r.root_id = p.post_id AND p.author IS NOT NULL"
        ).fetchall()
