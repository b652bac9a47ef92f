"""Headers of known formats in other clothes: capitals, full-width letters, other signs between words, quotes around.

Spreadsheets, databases and people change how a column is written, not what it holds. A generic table would understand
some of the words, and take the file for something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

#: What queries put before every column: ``t.user_id``.
PREFIX = re.compile(r"\w+\.")


def bare(name: str) -> str:
    """A header without what makes no other word of it; ``_id`` of a database is another column than ``id``.

    >>> bare("User-Id"), bare("`user_id`"), bare("ｕｓｅｒＩｄ"), bare("_id")
    ('userid', 'userid', 'userid', '_id')
    """
    text = unicodedata.normalize("NFKC", name).casefold().strip("\ufeff\u200b \t\r\n'\"`[]:：")
    kept = "".join(c for c in text if c.isalnum())
    return f"_{kept}" if text.startswith("_") else kept


def spellings(names: Iterable[str]) -> Mapping[str, str]:
    """Name as `bare` has it -> name, for those that no other is like."""
    known = set(names)
    count = Counter(map(bare, known))
    return {bare(name): name for name in known if count[bare(name)] == 1}


def respelt(header: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """A header in which the columns that are among the `spellings` are spelt as there; the others stay as they are.

    Two columns that would be one name stay as they are, too.
    """
    first = PREFIX.match(header[0]) if header else None
    prefix = first[0] if first and all(name.startswith(first[0]) for name in header) else ""
    found = [known.get(bare(name.removeprefix(prefix)), name) for name in header]
    twice = {name for name, times in Counter(found).items() if times > 1}
    return [old if new in twice else new for old, new in zip(header, found, strict=True)]


def changed(header: Sequence[str], meant: Sequence[str]) -> Mapping[str, str]:
    """Column as the file writes it -> as the format does, for those that differ."""
    return {old: new for old, new in zip(header, meant, strict=True) if old != new}
