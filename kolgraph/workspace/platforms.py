"""What the platform of a file decides, and what it is where neither the file nor the user says it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kolgraph.errors import InputError, one_line, option
from kolgraph.records import RECORDS
from kolgraph.workspace.ids import IN_UTC
from kolgraph.workspace.tables import FORGOTTEN, NUMBERED

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Reading
    from kolgraph.workspace.names import Connection

#: Ids that a platform of numbers would give; shorter numbers are rather those of somebody's own list.
_NUMBER = "[0-9]{6,19}"
#: New accounts whose platform nobody said.
_NEW = "(SELECT substr(account_id, 7) AS native FROM accounts WHERE account_key >= ? AND platform = 'local')"


def zone_of(reading: Reading, platform: str) -> list[str]:
    """What to tell of the times in a table that only its columns explain: a line, or nothing if they are Beijing's."""
    timed = any(RECORDS[part.record][name].kind == "time" for part in reading.parts for name in part.fields)
    return [f"times without a zone are UTC, as tools for {platform} write them"] if timed and platform in IN_UTC else []


def platform_in_question(connection: Connection, known: int, file: str) -> list[str]:
    """What to tell of accounts that were taken as ``local``: a line, or nothing if their ids look like nobody's.

    Parameters
    ----------
    known : int
        Accounts that were there before: the keys of new ones begin with it.
    file : str
        As the user calls it.

    Raises
    ------
    InputError
        The workspace knows accounts of another platform by the same ids: are they these?
    """
    same = connection.execute(
        f"SELECT platform, count(*) AS n, min(native) FROM {_NEW} JOIN accounts "
        f"ON substr(account_id, length(platform) + 2) = native WHERE platform NOT IN ('local', '{FORGOTTEN}') "
        "GROUP BY platform ORDER BY n DESC, platform LIMIT 1",
        [known],
    ).fetchall()
    if same:
        platform, n, native = same[0]
        raise InputError(
            f"{file}: nothing says the platform of its ids, and {n:,} of them are known from {platform} ({native!r}, "
            f"for example); add {option('platform', platform)}, or {option('platform', 'local')} if they are others; "
            "nothing loaded"
        )
    [(numbers, ids, native)] = connection.execute(
        f"SELECT count(*) FILTER (regexp_full_match(native, '{_NUMBER}')), count(*), "
        f"min(native) FILTER (regexp_full_match(native, '{_NUMBER}')) FROM {_NEW}",
        [known],
    ).fetchall()
    if not numbers or 2 * numbers < ids:
        return []
    wanted = f"platform IN ({', '.join(map(repr, NUMBERED))})"
    most = f"SELECT platform FROM accounts WHERE {wanted} GROUP BY platform ORDER BY count(*) DESC, platform LIMIT 1"
    platform = next((row[0] for row in connection.execute(most).fetchall()), "weibo")
    return [
        one_line(
            f"no platform is named: ids are taken as local:{native}; if they are of {platform}, undo this with "
            f"kolgraph unload WORKSPACE {shlex.quote(file)} and load it with {option('platform', platform)}"
        )
    ]
