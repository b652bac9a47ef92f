"""More than 200 texts that try to reach out of the graph database, or to break its engine; none of them may."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from itertools import product
from pathlib import Path

#: Stands in every file that is not to be read.
SECRET = "precious-8131"

#: Statements of the embedded engine that open, make, remove or load something; {secret}, {stolen}, {folder} are places.
REACHING = (
    'LOAD FROM "{secret}" (file_format="csv", header=false, delim="|") RETURN column0 AS a',
    'LOAD FROM "{folder}/*.csv" (header=false) RETURN *',
    'LOAD FROM "{folder}/secret.json" RETURN *',
    'LOAD FROM "{folder}/secret.parquet" RETURN *',
    'LOAD FROM "{folder}/secret.npy" RETURN *',
    'LOAD FROM "https://127.0.0.1:9/x.csv" RETURN *',
    'LOAD FROM "s3://bucket/x.parquet" RETURN *',
    'COPY (MATCH (a:Account) RETURN a.id) TO "{stolen}"',
    'COPY (RETURN 1 AS a) TO "{stolen}.parquet"',
    'COPY (RETURN 1 AS a) TO "{stolen}.json"',
    'COPY (RETURN 1 AS a) TO "{secret}"',
    'COPY Account FROM "{secret}" (header=false)',
    "EXPORT DATABASE '{stolen}'",
    "EXPORT DATABASE '{stolen}' (format='csv')",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{secret}' AS x (dbtype duckdb)",
    "ATTACH '{secret}' AS x (dbtype sqlite)",
    "ATTACH '{secret}' AS x (dbtype lbug)",
    "INSTALL httpfs",
    "INSTALL json FROM 'http://127.0.0.1:9/'",
    "LOAD EXTENSION httpfs",
    "LOAD EXTENSION '{folder}/evil.lbug_extension'",
    "FORCE INSTALL httpfs",
    "UNINSTALL httpfs",
    "CALL spill_to_disk_tmp_file='{stolen}'",
    "CALL home_directory='{folder}'",
    "CALL file_search_path='{folder}'",
    "CALL clear_attached_db_schema_cache() RETURN *",
    "CALL show_attached_databases() RETURN *",
    "CALL read_csv('{secret}') RETURN *",
    "CALL READ_PARQUET('{folder}/secret.parquet') RETURN *",
    "CHECKPOINT",
    "CREATE (a:Account {{id: 'x'}})",
    "MATCH (a:Account) SET a.name = 'x'",
    "DROP TABLE Account",
    "CREATE MACRO m(x) AS x + 1",
)
#: Ways to hide a statement from whoever reads the text with another lexer.
HIDING = (
    "{q}",
    "MATCH (n:Account) RETURN count(*) AS a; {q}",
    "MATCH (n:Account) RETURN count(*) AS a /***/ ORDER BY '*/; {q} //'",
    "MATCH (n:Account) RETURN count(*) AS a /* **/ ORDER BY '*/; {q} //'",
    "MATCH (n:Account) RETURN n.id AS a /****/ ORDER BY '*/ LIMIT 0 UNION ALL {q} //'",
)
#: Escapes and comments on their own: what one lexer takes for a part of a text, and another for its end.
LEXING = tuple(
    text.replace("@", 'LOAD FROM "{secret}" (header=false) RETURN *')
    for text in (
        "RETURN 'a\\u0027 AS a; @ //'",
        "RETURN 'a\\U00000027 AS a; @ //'",
        "RETURN 'a\\x27 AS a; @ //'",
        "RETURN 'a\\' AS a; @ //'",
        "RETURN 'a\\\\' AS a; @ //'",
        "RETURN 'a''; @ //' AS a",
        'RETURN "a""; @ //" AS a',
        "RETURN 1 AS `a``; @ //`",
        "RETURN 1 AS `a\\`; @ //`",
        "RETURN 1 AS a // x\r; @",
        "RETURN 1 AS a // x\u2028; @",
        "RETURN 1 AS a // x\u2029; @",
        "RETURN 1 AS a // x\x85; @",
        "RETURN 1 AS a // x\x0b; @",
        "RETURN 1 AS a /* /* */ ; @ /* */ */",
        "RETURN 1 AS a /*/ ; @ /*/",
        "RETURN 1 AS a /**/; @",
        "RETURN 1 AS a # ; @",
        "RETURN 1 AS a -- ; @",
        "RETURN 1 AS a\x00; @",
        "RETURN 1 AS a\ufeff; @",
        "\ufeff@",
        "RETURN $$; @ $$ AS a",
        "RETURN $`a`; @",
        "RETURN '\u2019; @ //\u2018' AS a",
        "EXPLAIN @",
        "PROFILE @",
        "EXPLAIN LOGICAL @",
        "CALL {{ @ }} RETURN 1 AS a",
        "MATCH (a:Account) WHERE EXISTS {{ @ }} RETURN a.id AS a",
        "WITH 1 AS x @",
        "UNWIND [1] AS x @",
        "@ UNION ALL RETURN 1 AS a",
        "BEGIN TRANSACTION; @; COMMIT",
        "ROLLBACK; @",
    )
)
#: What made the engine crash, hang or take the memory of the machine.
BREAKING = (
    "RETURN " + "[" * 1000 + "1" + "]" * 1000 + " AS a",
    "RETURN " + "(" * 3000 + "1" + ")" * 3000 + " AS a",
    "RETURN " + "{a:" * 1000 + "1" + "}" * 1000 + " AS a",
    "RETURN " + "abs(" * 1000 + "1" + ")" * 1000 + " AS a",
    "RETURN " + "CASE WHEN true THEN " * 40 + "1" + " END" * 40 + " AS a",
    "RETURN " + "NOT " * 5000 + "true AS a",
    "RETURN size(range(1, 100000000)) AS n",
    "RETURN size(range(1, 9223372036854775807)) AS n",
    "RETURN repeat('abcdefghij', 1000000000) AS a",
)


def texts(folder: Path) -> list[str]:
    """All that try to reach out, towards the files that `prepare_targets` makes."""
    hidden = [
        way.replace("{q}", statement.replace("'", '"') if "'" in way else statement)
        for way, statement in product(HIDING, REACHING)
    ]
    places = {"secret": folder / "secret.csv", "stolen": folder / "stolen", "folder": folder}
    return [text.format(**places) for text in (*hidden, *LEXING)]


def targets(folder: Path) -> Path:
    """A folder of files that nobody but their owner may read or write."""
    from pyarrow import parquet, table

    folder.mkdir()
    (folder / "secret.csv").write_text(f"{SECRET}\n")
    (folder / "secret.json").write_text(f'[{{"a": "{SECRET}"}}]')
    parquet.write_table(table({"a": [SECRET]}), folder / "secret.parquet")
    (folder / "secret.npy").write_bytes(SECRET.encode())
    (folder / "evil.lbug_extension").write_bytes(b"\x7fELF")
    return folder


class Watch:
    """What Linux saw of a folder and its files: whoever opened, read, changed, made or removed something."""

    def __init__(self, folder: Path) -> None:
        self._kernel = ctypes.CDLL(None, use_errno=True)
        self._handle = self._kernel.inotify_init1(os.O_NONBLOCK)
        everything = 0xFFF
        assert self._kernel.inotify_add_watch(self._handle, os.fsencode(folder), everything) > 0

    def seen(self) -> set[str]:
        """Names of files since the last time."""
        found = set()
        with suppress(BlockingIOError):
            while True:
                content = os.read(self._handle, 1 << 16)
                while content:
                    length = int.from_bytes(content[12:16], "little")
                    found.add(content[16 : 16 + length].rstrip(b"\0").decode())
                    content = content[16 + length :]
        return found

    def close(self) -> None:
        os.close(self._handle)
