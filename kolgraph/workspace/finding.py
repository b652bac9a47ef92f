"""Which account or post somebody means who writes its id in another way: every verb that takes one asks here.

An id as the workspace has it is that id. Else it is read as a file would be that writes it so: a handle in capitals or
behind an @, a link, the short id of a post, another id of an account. An id without its platform, and a name, are who
they say if that is one account of all that are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kolgraph.errors import UnknownAccount
from kolgraph.loaders.known.homepages import homepage
from kolgraph.loaders.reading.source import quoted
from kolgraph.workspace.ids import identity_macros
from kolgraph.workspace.pseudonyms import key_of

if TYPE_CHECKING:
    from kolgraph.workspace.names import Connection

#: What an id without its platform may be, of the platforms that there are.
_NATIVE = (
    "(SELECT unnest([as_account(p || ':' || {g}), as_account(p || ':@' || ltrim({g}, '@')), "
    "as_account(p || ':sec_uid:' || {g})]) FROM (SELECT DISTINCT platform AS p FROM accounts))"
)
#: Accounts by those of their other ids that are of nobody else.
_OTHER = (
    "(SELECT alias, any_value(account_key) AS account_key FROM account_aliases GROUP BY alias HAVING count(*) = 1) "
    "JOIN accounts USING (account_key)"
)
_NAMED = "account_names JOIN accounts USING (account_key)"
_HELD = "(SELECT post_id FROM posts UNION SELECT post_id FROM reposts UNION SELECT root_id FROM reposts)"
#: Where to look for what is written ``{g}``, each in its turn: the first that finds one counts.
_ACCOUNTS = (
    f"{_OTHER} WHERE alias = as_account({{g}})",
    "accounts WHERE account_id = as_account({g})",
    f"{_OTHER} WHERE alias IN {_NATIVE}",
    f"accounts WHERE account_id IN {_NATIVE}",
)
_NAMES = (
    f"{_NAMED} WHERE name_norm = known_as({{g}})",
    f"{_NAMED} WHERE platform = split_part({{g}}, ':', 1) AND "
    "name_norm = known_as(substr({g}, length(platform) + 2))",
)
_POSTS = (
    f"{_HELD} WHERE post_id = as_post({{g}})",
    f"{_HELD} WHERE post_id = as_post('weibo:bid:' || regexp_replace({{g}}, '^(weibo|local):', ''))",
    f"{_HELD} WHERE NOT contains({{g}}, ':') AND split_part(post_id, ':', -1) = {{g}}",
)


def find_accounts(connection: Connection, given: Iterable[str], *, names: bool = True) -> list[str]:
    """The ids of accounts as the workspace has them, in the order of what is given; what is nobody's stays as it is.

    Raises
    ------
    UnknownAccount
        It may be several.
    """
    return _found(connection, list(given), "accounts", "account_id", (*_ACCOUNTS, *(_NAMES if names else ())))


def find_post(connection: Connection, given: str) -> str:
    """The id of a post as the workspace has it; see `find_accounts`."""
    return _found(connection, [given], _HELD, "post_id", _POSTS)[0]


def _found(connection: Connection, given: list[str], table: str, column: str, ways: tuple[str, ...]) -> list[str]:
    query = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IN (SELECT unnest(?::VARCHAR[]))"
    there = {row[0] for row in connection.execute(query, [given]).fetchall()}
    if there.issuperset(given):
        return given
    connection.macros.teach(identity_macros("local", key_of(connection)))
    return [text if text in there else _one(connection, text, column, ways) for text in given]


def _one(connection: Connection, text: str, column: str, ways: tuple[str, ...]) -> str:
    page = homepage(text.strip())
    said = quoted(page.account_id if page is not None else text.strip())
    for way in ways:
        query = f"SELECT DISTINCT {column} FROM {way.format(g=said)} ORDER BY 1 LIMIT 4"
        rows = connection.execute(query).fetchall()
        if len(rows) > 1:
            several = ", ".join(row[0] for row in rows)
            raise UnknownAccount(f"{text!r} may be {several}; say which of them")
        if rows:
            return str(rows[0][0])
    return text
