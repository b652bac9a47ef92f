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


def words(header: Sequence[str]) -> list[str]:
    """The names of a header as `bare` has them, without a prefix that all of them have."""
    first = PREFIX.match(header[0]) if header else None
    prefix = first[0] if first and all(name.startswith(first[0]) for name in header) else ""
    return [bare(name.removeprefix(prefix)) for name in header]


def respelt(header: Sequence[str], bares: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """A header, of which these are the `words`, with the columns that are among the `spellings` spelt as there.

    The others stay as they are, and so do two columns that would be one name.
    """
    found = [known.get(word, name) for word, name in zip(bares, header, strict=True)]
    twice = {name for name, times in Counter(found).items() if times > 1}
    return [old if new in twice else new for old, new in zip(header, found, strict=True)]


def changed(header: Sequence[str], meant: Sequence[str]) -> Mapping[str, str]:
    """Column as the file writes it -> as the format does, for those that differ."""
    return {old: new for old, new in zip(header, meant, strict=True) if old != new}
