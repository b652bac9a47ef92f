"""Names in posts, and the accounts they mean: mentions, chains of reposts, authors of whom only the name is known.

Names move between people, so a name is resolved by name and time. What a name means can change with every file, because
a file may hold an observation that is nearer in time: so resolved names are never facts of their own. They are found
again from `account_names` after every load, and whatever was derived from them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.workspace.tables import NUMBERED

if TYPE_CHECKING:
    from typing import TypeAlias

    import duckdb

    Connection: TypeAlias = duckdb.DuckDBPyConnection

#: SQL: a text that may name somebody; nearly all texts do not, and are looked at no further.
HAS_NAME = "(contains(text, '@') OR contains(text, '＠'))"


def count(connection: Connection, query: str, *values: object) -> int:
    """The single number that a query or a change answers."""
    rows = connection.execute(query, list(values)).fetchall()
    return int(rows[0][0]) if rows else 0


def any_row(connection: Connection, rows: str) -> bool:
    """Whether there is a row: ``table WHERE ...``."""
    return bool(connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchall())


# ---------------------------------------------------------------------- writing names down


def add_namings(connection: Connection, batch: int, rows: str) -> int:
    """Add rows (post_id, src, role, pos, name, dst, ts); returns how many are new."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE named AS SELECT post_id, src, role, min(pos) AS pos, name, dst, max(ts) AS ts "
        f"FROM ({rows}) WHERE name <> '' OR dst IS NOT NULL GROUP BY post_id, src, role, name, dst"
    ).fetchall()
    same = (
        "n.post_id = x.post_id AND n.src = x.src AND n.role = x.role AND n.name IS NOT DISTINCT FROM x.name "
        "AND (x.name IS NOT NULL OR n.dst = x.dst)"
    )
    connection.execute(
        "UPDATE namings n SET ts = greatest(n.ts, x.ts), pos = least(n.pos, x.pos) FROM named x "
        f"WHERE {same} AND (x.ts > coalesce(n.ts, -1) OR x.pos < n.pos)"
    ).fetchall()
    return count(
        connection,
        f"INSERT INTO namings SELECT *, ? FROM named x WHERE NOT EXISTS (SELECT 1 FROM namings n WHERE {same})",
        batch,
    )


def name_mentions(connection: Connection, batch: int) -> None:
    """Those whom the writers of the view ``events`` (id, src, text, platform, time) name in their own words."""
    found = (
        f"SELECT id, src, time, mentions_of(text, platform) AS names FROM events WHERE src IS NOT NULL AND {HAS_NAME}"
    )
    each = f"SELECT id, src, time, unnest(names) AS name, generate_subscripts(names, 1) - 1 AS pos FROM ({found})"
    add_namings(
        connection,
        batch,
        "SELECT id AS post_id, src, 'mention' AS role, pos, known_as(name) AS name, NULL::INTEGER AS dst, time AS ts "
        f"FROM ({each})",
    )


def name_authors(connection: Connection, batch: int) -> None:
    """Authors of reposted or commented posts of whom ``events`` give only the name."""
    add_namings(
        connection,
        batch,
        "SELECT id AS post_id, src, 'author' AS role, 0 AS pos, known_as(author_name) AS name, "
        "NULL::INTEGER AS dst, time AS ts FROM events WHERE author_name <> '' AND dst IS NULL",
    )


def name_chains(connection: Connection, batch: int) -> None:
    """The chains of the reposts in ``events``, as they are after merging."""
    mine = "post_id IN (SELECT id FROM events)"
    if not count(connection, f"SELECT count(*) FROM reposts WHERE chain IS NOT NULL AND {mine}"):
        return
    connection.execute(f"DELETE FROM namings WHERE role = 'chain' AND {mine}").fetchall()
    connection.execute(
        "INSERT INTO namings SELECT post_id, src, 'chain', generate_subscripts(chain, 1) - 1, unnest(chain), "
        f"NULL, ts, ? FROM reposts WHERE chain IS NOT NULL AND {mine}",
        [batch],
    ).fetchall()


# ---------------------------------------------------------------------- finding out whom they mean


def resolve(connection: Connection) -> int:
    """Resolve all names anew, and what hangs on them; returns how many names are still unknown."""
    # To prepare these statements takes longer than most small files, of which few leave anything open.
    if any_row(connection, "namings WHERE name IS NOT NULL"):
        from kolgraph.workspace.ids import FOLDED  # nobody else who asks a workspace needs the loaders

        connection.macros.teach(FOLDED)
        connection.execute(
            f"UPDATE namings n SET dst = k.dst FROM ({_meant()}) k "
            "WHERE n.rowid = k.place AND n.dst IS DISTINCT FROM k.dst"
        ).fetchall()
    author = "(SELECT post_id, any_value(dst) AS dst FROM namings WHERE role = 'author' GROUP BY post_id)"
    # What is reposted or commented may be a repost itself.
    # A comment may name whom it answers while it hangs on the first comment of its thread: there the name counts.
    for table, key, meant, joins in (
        (
            "reposts",
            "post_id",
            "coalesce(p.author, q.src, n.dst)",
            "LEFT JOIN posts p ON p.post_id = r.root_id LEFT JOIN reposts q ON q.post_id = r.root_id "
            "AND q.post_id <> r.post_id",
        ),
        (
            "comments",
            "comment_id",
            "CASE WHEN n.post_id IS NULL THEN coalesce(c.src, p.author, q.src) ELSE n.dst END",
            "LEFT JOIN comments c ON c.comment_id = r.parent_id LEFT JOIN posts p ON p.post_id = r.post_id "
            "AND r.parent_id IS NULL LEFT JOIN reposts q ON q.post_id = r.post_id AND r.parent_id IS NULL",
        ),
    ):
        if any_row(connection, f"{table} WHERE dst IS NULL OR derived"):
            connection.execute(
                f"UPDATE {table} t SET dst = k.dst, derived = k.dst IS NOT NULL FROM (SELECT r.rowid AS place, "
                f"{meant} AS dst FROM {table} r {joins} LEFT JOIN {author} n ON n.post_id = r.{key} "
                "WHERE r.dst IS NULL OR r.derived) k WHERE t.rowid = k.place AND t.dst IS DISTINCT FROM k.dst"
            ).fetchall()
    return count(connection, "SELECT count(*) FROM namings WHERE dst IS NULL AND name IS NOT NULL")


def _meant() -> str:
    """The account each name means: the one seen with it nearest in time, none if two are equally near.

    On platforms whose ids are handles the name is the id itself. In running text nothing separates a Chinese name from
    the words behind it, so one that nobody has is also looked for as the longest known name it begins with. A name that
    a column, a line or a colon ends is whole: who is merely called like its beginning is somebody else.
    """
    return f"""
    WITH names AS MATERIALIZED (
        SELECT n.rowid AS place, n.name, n.ts, w.platform, n.role <> 'mention' AS whole
        FROM namings n JOIN accounts w ON w.account_key = n.src
        WHERE n.name IS NOT NULL
    ),
    seen AS MATERIALIZED (
        SELECT platform, n.name_norm AS name, account_key, n.first_seen_ts AS first, n.last_seen_ts AS last
        FROM account_names n JOIN accounts USING (account_key)
        UNION ALL
        SELECT platform, folded(substr(account_id, length(platform) + 2)), account_key, NULL, NULL
        FROM accounts WHERE NOT list_contains({list(NUMBERED)}, platform)
    ),
    each AS (SELECT platform, name, bool_and(whole) AS whole FROM names GROUP BY ALL),
    exact AS (SELECT platform, name, name AS known FROM each SEMI JOIN seen USING (platform, name)),
    starts AS (
        SELECT platform, name, left(name, unnest(range(2, length(name)))) AS known
        FROM each ANTI JOIN exact USING (platform, name)
        WHERE NOT whole AND NOT regexp_full_match(name, '[\\x00-\\x7f]*')
    ),
    glued AS (
        SELECT t.platform, t.name, max(known) AS known FROM starts t
        SEMI JOIN seen s ON s.platform = t.platform AND s.name = t.known GROUP BY ALL
    ),
    known AS (SELECT *, false AS begins FROM exact UNION ALL SELECT *, true FROM glued),
    near AS (
        SELECT place, account_key, coalesce(greatest(s.first - n.ts, n.ts - s.last, 0), 1 << 60) AS apart
        FROM names n JOIN known k ON k.platform = n.platform AND k.name = n.name AND NOT (n.whole AND k.begins)
        JOIN seen s ON s.platform = k.platform AND s.name = k.known
    ),
    best AS (SELECT place, min(apart) AS apart FROM near GROUP BY place),
    met AS (
        SELECT place, CASE WHEN count(DISTINCT account_key) = 1 THEN any_value(account_key) END AS dst
        FROM near JOIN best USING (place, apart) GROUP BY place
    )
    SELECT names.place, met.dst FROM names LEFT JOIN met USING (place)
    """
