"""Who was forgotten must not come back: the table ``forgotten`` holds keyed digests of ids and names.

A digest cannot be turned into an id without the key, so a load hashes every id and looks it up. Rows that name a
forgotten account, or one of its posts, by an id or in a field of their own are rejected, and nothing of them is kept;
other people's texts stay, and say ``某用户`` where they said the name.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from kolgraph import settings
from kolgraph.errors import EnvironmentProblem
from kolgraph.loaders.reading.source import quoted
from kolgraph.records import RECORDS
from kolgraph.targets import atomic_path
from kolgraph.workspace.ids import hmac_macro
from kolgraph.workspace.values import REASONS

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Reject
    from kolgraph.workspace.names import Connection

#: Stands where a forgotten person was named.
SOMEBODY = "某用户"
#: The key of the digests, in the folder of a workspace whose owner has no key elsewhere.
FILE = "key"
#: Its digest is in every table of tombstones: another key is noticed.
_PROBE = "kolgraph"
#: Fields that name somebody, and nobody else: the row falls with the name.
_NAMES = {"author_name", "dst_name"}
#: Free text, in which only the name falls (niches and agencies are called after people); and lists of such.
TEXTS, LISTS = ("text", "bio", "note", "niche", "agency"), ("urls", "topics")
#: Of a text, what may name somebody: what stands behind @, / and =, long numbers, and words of letters without accents.
_WORDS = (
    "regexp_extract_all({x}, '(?:[@＠]\\s*|[/=])([\\p{{L}}\\p{{N}}_\\-·・]+)', 1) "
    "|| regexp_extract_all({x}, '[0-9]{{6,}}|[A-Za-z0-9_]{{3,}}')"
)
#: Nothing begins or ends a Chinese name. So its first two characters are buried too: where they stand in a text, a name
#: may begin.
_BEGINS = "begins "
_LONGEST = 30
#: What `\\b` is an edge of.
_LETTER = re.compile(r"[0-9A-Za-z_]").match
#: A reject is kept as it was written: every cell of it may be an id or a name.
_CELLS = (re.compile(r"""[^\s,;|"']+"""), re.compile(r"""[^\s,;|:"'\[\]{}()<>@＠/=?&#]+"""))


def key_of(folder: Path, *, make: bool = False) -> bytes:
    """The key of the digests: the file in the workspace, else `settings.secret_key`, else a new file.

    An empty file is none: it was made by a process that ended before it forgot anybody.
    """
    file = folder / FILE
    if file.exists() and file.stat().st_size:
        return settings.key_in(file)
    key = settings.secret_key()
    if key is None and not make:
        raise EnvironmentProblem(f"{folder}: accounts were forgotten here under a key; set KOLGRAPH_KEY to that key")
    if key is None:
        key = secrets.token_bytes(32)
        with atomic_path(file, within=True) as part:
            part.write_text(key.hex(), "ascii")
    return key


class Tombstones:
    """The forgotten, as the rows of one load meet them; false when nobody was forgotten.

    Needs the macros of `identity_macros`: a digest is one of an id or name as the workspace knows it.

    Raises
    ------
    EnvironmentProblem
        The key is not there, or is not the one under which accounts were forgotten.
    """

    def __init__(self, connection: Connection, *, make: bool = False) -> None:
        self.connection = connection
        self._any = bool(connection.execute("SELECT 1 FROM forgotten LIMIT 1").fetchall())
        if not self._any and not make:
            return
        query = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
        folder = Path(connection.execute(query).fetchall()[0][0]).parent
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {hmac_macro('tombstone', key_of(folder, make=make))}")
        if self._any and not connection.execute(f"FROM forgotten WHERE digest = tombstone('{_PROBE}')").fetchall():
            raise EnvironmentProblem(
                f"{folder}: accounts were forgotten here under another key; set KOLGRAPH_KEY to it"
            )

    def __bool__(self) -> bool:
        return self._any

    def add(self, query: str) -> int:
        """Bury what a query yields (one column of ids or names, as the workspace knows them)."""
        self._any = True
        rows = self.connection.execute(
            f"INSERT INTO forgotten SELECT DISTINCT tombstone(x) FROM (SELECT '{_PROBE}' UNION ALL {query}) t(x) "
            "WHERE x IS NOT NULL AND tombstone(x) NOT IN (FROM forgotten)"
        ).fetchall()
        begun = f"SELECT DISTINCT '{_BEGINS}' || left(x, 2) FROM ({query}) t(x) WHERE {_written_together('x')}"
        self.connection.execute(
            f"INSERT INTO forgotten SELECT tombstone(x) FROM ({begun}) t(x) WHERE tombstone(x) NOT IN (FROM forgotten)"
        ).fetchall()
        return int(rows[0][0])

    def refuse(self, record: str, rows: str) -> str:
        """Rows as `typed_sql` yields them, those that name a forgotten account marked in ``bad``."""
        asked = []
        for name, field in RECORDS[record].items():
            as_id = {"id": "as_account", "alias": "as_account", "post": "as_post"}.get(field.kind, "")
            known = as_id or ("known_as" if self._is_name(record, name) else "")
            if known:
                asked.append(f"coalesce(tombstone({known}({name})) IN (FROM forgotten), false)")
        nothing = ", NULL" * len(RECORDS[record])
        return (
            f"SELECT * REPLACE (CASE WHEN (bad IS NULL OR contains(bad[1], ':')) AND ({' OR '.join(asked)}) "
            f"THEN ['FORGOTTEN:'{nothing}]::VARCHAR[] ELSE bad END AS bad) FROM ({rows})"
        )

    @staticmethod
    def _is_name(record: str, field: str) -> bool:
        if record == "campaign":
            return field in {"campaign", "name"}
        return field in _NAMES or (record == "identity" and field in {"name", "person"})

    def mask(self, table: str, columns: Sequence[str]) -> None:
        """Take the forgotten out of the texts of other people."""
        texts = [c for c in columns if c in TEXTS or ("campaign" in columns and c in {"campaign", "name"})]
        lists = [c for c in columns if c in LISTS]
        for column in (*texts, *lists):
            found = column if column in texts else f"array_to_string({column}, ' ')"
            if gone := self._gone(self._words(table, found)):
                # Lists are not UPDATEd; see `Watched.renew`.
                self.connection.execute(
                    f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * REPLACE ({without(column, gone)} AS {column}) "
                    f"FROM {table}"
                ).fetchall()
        if "via" in columns:
            gone_name = "tombstone(known_as(via)) IN (FROM forgotten)"
            self.connection.execute(f"UPDATE {table} SET via = '{SOMEBODY}' WHERE {gone_name}").fetchall()

    def _words(self, table: str, text: str) -> set[str]:
        """What may name somebody in the texts of a table, with what stands where a forgotten name may begin."""
        query = f"SELECT DISTINCT unnest({_WORDS.format(x=text)}) FROM {table}"
        words = {row[0] for row in self.connection.execute(query).fetchall()}
        places = f"(SELECT x, unnest(range(1, length(x))) AS i FROM (SELECT DISTINCT {text} AS x FROM {table}))"
        begins = (
            f"SELECT b FROM (SELECT DISTINCT lower(substr(x, i, 2)) AS b FROM {places}) "
            f"WHERE {_written_together('b')} AND tombstone('{_BEGINS}' || b) IN (FROM forgotten)"
        )
        if known := [row[0] for row in self.connection.execute(begins).fetchall()]:
            query = f"SELECT DISTINCT substr(x, i, {_LONGEST}) FROM {places} WHERE lower(substr(x, i, 2)) IN "
            words |= {row[0] for row in self.connection.execute(f"{query}(SELECT unnest(?))", [known]).fetchall()}
        return words

    def scrub(self, rejects: list[Reject]) -> list[Reject]:
        """Rejects without a trace of the forgotten."""
        said = [f"{reject.value or ''} {reject.raw or ''}" for reject in rejects]
        cells = [{cell for cut in _CELLS for cell in _as_ids(cut.findall(text))} for text in said]
        gone = set(self._gone(set[str]().union(*cells)))
        return [bare(r) if r.code == "FORGOTTEN" or c & gone else r for r, c in zip(rejects, cells, strict=True)]

    def hide(self, text: str) -> str:
        """The name of a file, or options, without the forgotten: crawlers put ids and names there."""
        for word in sorted(self._gone(re.findall(r"[^\W_]+", text) + re.findall(r"\w+", text)), key=len, reverse=True):
            alone = rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" if word.isascii() else re.escape(word)
            text = re.sub(alone, SOMEBODY, text, flags=re.IGNORECASE)
        return text

    def _gone(self, words: Iterable[str]) -> list[str]:
        """Which words are forgotten ids or names, or begin with such a name: nothing ends a Chinese name."""
        whole = {word.strip() for word in words}  # or the space behind a name would go with it
        starts = {
            word[:k]
            for word in whole
            if not word.isascii()
            for k in range(2, min(len(word), _LONGEST + 1))
            if not word[k - 1].isspace()
        }
        query = (
            "SELECT w FROM (SELECT unnest(?::VARCHAR[]) AS w) WHERE tombstone(as_account(w)) IN (FROM forgotten) "
            "OR tombstone(as_post(w)) IN (FROM forgotten) OR tombstone(known_as(w)) IN (FROM forgotten)"
        )
        return sorted(row[0] for row in self.connection.execute(query, [sorted(whole | starts)]).fetchall())


def _written_together(text: str) -> str:
    """SQL: whether a text begins with two characters that are not both of a script that writes words apart."""
    return f"length({text}) > 1 AND regexp_matches(left({text}, 2), '[^ -~]')"


def _as_ids(cells: Iterable[str]) -> Iterator[str]:
    """Cells of a reject, and the ids that programs made such numbers of: 5544332211.0, 5.544332211E9."""
    for cell in cells:
        yield cell
        if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?", cell):
            yield f"{Decimal(cell):.0f}"


def without(column: str, words: Iterable[str]) -> str:
    """SQL: a column of texts, or of lists of texts, with `SOMEBODY` for these names and ids; see `masked`."""
    return f"list_transform({column}, lambda u: {masked('u', words)})" if column in LISTS else masked(column, words)


def masked(text: str, words: Iterable[str]) -> str:
    """SQL: a text with `SOMEBODY` for names and ids; what is quoted of them goes.

    Alone, that is not behind ``@`` or in an address, a name of one character is not looked for, nor one of two letters
    without accents, nor a short number: they are part of everything.
    """
    long_first = sorted(words, key=len, reverse=True)
    any_of = "|".join(re.escape(w) + ("\\b" if _LETTER(w[-1]) else "") for w in long_first)
    rules = [
        (rf"(?i)(//\s*[@＠]\s*)(?:{any_of})\s*[:：](?:[^/]|/[^/]|//[^@＠\s/])*", rf"\1{SOMEBODY}:"),
        (rf"(?i)([@＠]\s*|[/=])(?:{any_of})", rf"\1{SOMEBODY}"),
    ]
    alone = [w for w in long_first if len(w) > (5 if re.fullmatch("[0-9]+", w) else 2 if w.isascii() else 1)]
    if alone:
        edge = {True: r"\b", False: ""}
        bare = [edge[bool(_LETTER(w[0]))] + re.escape(w) + edge[bool(_LETTER(w[-1]))] for w in alone]
        rules.append((rf"(?i)(?:{'|'.join(bare)})", SOMEBODY))
    for pattern, instead in rules:
        text = f"regexp_replace({text}, {quoted(pattern)}, '{instead}', 'g')"
    return text


def bare(reject: Reject) -> Reject:
    """A reject without the data it was about."""
    column = reject.column if any(reject.column in fields for fields in RECORDS.values()) else None
    return reject._replace(column=column, value=None, raw=None, message=REASONS.get(reject.code, "cannot be read"))
