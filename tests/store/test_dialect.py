"""The portable subset: what the linter finds, what the rewriter changes, what the guard refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kolgraph.errors import InputError
from kolgraph.store.language.dialect import check_portable, check_read_only, for_embedded, lint, tokens

# ---------------------------------------------------------------------- tokens


def test_tokens_and_the_space_between_them_are_the_whole_text():
    text = "MATCH (a:Account {id: $id})-[:FOLLOWS*1..3]->(`b c`) // end *1..3\nRETURN 'x\\'y', 1.5 <> 2"
    found = tokens(text)
    assert all(text[t.start : t.start + len(t.text)] == t.text for t in found)
    assert [t.text for t in found if t.kind == "number"] == ["1", "3", "1.5", "2"]
    assert [t.text for t in found if t.kind in {"string", "quoted"}] == ["`b c`", "'x\\'y'"]


@pytest.mark.parametrize("text", ["RETURN 'open", "RETURN `open", "RETURN 1 /* open", "RETURN \x00", "RETURN #"])
def test_unreadable_text_is_refused_with_its_line(text):
    with pytest.raises(InputError, match=r"query:2: cannot read"):
        tokens("\n" + text)


def test_unicode_escapes_are_refused_because_a_server_expands_them_before_reading():
    with pytest.raises(InputError, match="escape"):
        check_read_only("MATCH (n:Account) RETURN '\\u0027 DELETE n //'")


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_linted_or_refused(text):
    try:
        assert isinstance(lint(text), list)
        for_embedded(text)
    except InputError:
        pass


# ---------------------------------------------------------------------- the rewriter


@pytest.mark.parametrize(
    ("portable", "embedded"),
    [
        ("MATCH (a)-[:F*1..3]->(b) RETURN a", "MATCH (a)-[:F* TRAIL 1..3]->(b) RETURN a"),
        ("MATCH (a)<-[:F*..3]-(b) RETURN a", "MATCH (a)<-[:F* TRAIL 1..3]-(b) RETURN a"),
        ("MATCH (a)-[ :F|G * 2..3 ]-(b)", "MATCH (a)-[ :F|G * TRAIL  2..3 ]-(b)"),
        ("MATCH (a)-[:F* TRAIL 1..3]->(b)", "MATCH (a)-[:F* TRAIL 1..3]->(b)"),
        (
            "MATCH p = shortestPath((a {id: $a})-[:F*1..6]->(b)) WHERE 2*3 = 6 RETURN length(p)",
            "MATCH p = (a {id: $a})-[:F* SHORTEST 1..6]->(b) WHERE 2*3 = 6 RETURN length(p)",
        ),
        ("MATCH p = SHORTESTPATH((a)<-[:F*..6]-(b))", "MATCH p = (a)<-[:F* SHORTEST 1..6]-(b)"),
        (
            "MATCH p = shortestPath((a)-[:F*1..2]->(b)) MATCH (b)-[:F*1..2]->(c)",
            "MATCH p = (a)-[:F* SHORTEST 1..2]->(b) MATCH (b)-[:F* TRAIL 1..2]->(c)",
        ),
    ],
)
def test_the_two_rules(portable, embedded):
    assert for_embedded(portable) == embedded


@pytest.mark.parametrize(
    "text",
    [
        "RETURN '-[:F*1..3]->' AS x",
        'RETURN "-[:F*1..3]->" AS x',
        "MATCH (a) // -[:F*1..3]->\nRETURN a",
        "MATCH (a) /* shortestPath((a)-[:F*1..3]->(b)) */ RETURN a",
        "MATCH (a:`-[:F*1..3]->`) RETURN a",
        "RETURN 2*3 AS x, [2*3, 4] AS y, count(*) AS n",
    ],
)
def test_the_rewriter_leaves_strings_comments_quotes_and_products_alone(text):
    assert for_embedded(text) == text


# ---------------------------------------------------------------------- the linter

A, B = "(a:Account)", "(b:Account)"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"MATCH {A}-[:FOLLOWS*1..]->{B} RETURN count(*) AS n", "bound the variable length"),
        (f"MATCH {A}-[:FOLLOWS*]->{B} RETURN count(*) AS n", "bound the variable length"),
        (f"MATCH {A}-[:FOLLOWS*1..2]-{B} RETURN count(*) AS n", "a direction"),
        (f"MATCH {A}-[r:FOLLOWS*1..2]->{B} RETURN count(*) AS n", "name the path"),
        (f"MATCH {A}-[]->{B} RETURN a.id AS id", "name the relationship type"),
        (f"MATCH {A}-->{B} RETURN a.id AS id", "name the relationship type"),
        (f"MATCH {A}--{B} RETURN a.id AS id", "name the relationship type"),
        (f"MATCH {A}<--{B} RETURN a.id AS id", "name the relationship type"),
        (f"MATCH {A}-[:FOLLOWS]->(b) RETURN a.id AS id", "a label"),
        (f"MATCH {A}-[:FOLLOWS]->() RETURN a.id AS id", "a label"),
        ("MATCH (a:Account:Ring) RETURN a.id AS id", "A or B"),
        ("MATCH (a:Account&Ring) RETURN a.id AS id", "not portable"),
        (f"MATCH {A} WHERE a:Account RETURN a.id AS id", "not a predicate"),
        (f"MATCH {A} WHERE (a:Account AND a.followers > 1) RETURN a.id AS id", "not a predicate"),
        ("MATCH (a:Account WHERE a.followers > 1) RETURN a.id AS id", "behind the pattern"),
        ("MATCH (a:Konto) RETURN a.id AS id", "unknown label Konto; known: Account"),
        ("MATCH (a:account) RETURN a.id AS id", "unknown label account"),
        (f"MATCH {A}-[:LIKES]->{B} RETURN a.id AS id", "unknown relationship type LIKES"),
        (f"MATCH {A} RETURN a.fans AS n", "a has no property fans; known:"),
        (f"MATCH {A}-[f:FOLLOWS]->{B} RETURN f.since AS n", "f has no property since"),
        (f"MATCH {A}-[:FOLLOWS]->(x:Account)<-[:FOLLOWS]-{B} RETURN a.id AS id", "same relationship"),
        (f"MATCH {A}-[:FOLLOWS]->(x:Account), {B}-[:FOLLOWS]->(x) RETURN a.id AS id", "same relationship"),
        (f"MATCH {A}-[:CO_MENTIONED]-(x:Account)-[:CO_MENTIONED]-{B} RETURN a.id AS id", "same relationship"),
        (f"MATCH {A}-[:FOLLOWS*1..2]->(x:Account)-[:FOLLOWS]->{B} RETURN a.id AS id", "its own MATCH"),
        (f"MATCH {A} RETURN sum(a.followers) AS n", "coalesce(sum(x), 0)"),
        (f"MATCH {A} RETURN round(a.reach, 2) AS n", "round in Python"),
        (f"MATCH {A} RETURN labels(a) AS n", "known from the pattern"),
        (f"MATCH {A} RETURN substring(a.name, 0, 1) AS n", "left, right"),
        (f"MATCH {A} RETURN toFloat(a.followers) AS n", "1.0 * x"),
        (f"MATCH {A} RETURN apoc.text.join(a.name) AS n", "dotted name"),
        (f"MATCH p = allShortestPaths({A}-[:FOLLOWS*1..3]->{B}) RETURN length(p) AS n", "ends the process"),
        (f"MATCH {A} WITH collect(a.id) AS l RETURN l[0] AS n", "count from 1"),
        (f"MATCH {A} WITH collect(a.id) AS l RETURN [x IN l WHERE x > ''] AS n", "comprehensions"),
        (f"MATCH {A} RETURN [(a)-[:FOLLOWS]->{B} | b.id] AS n", "comprehensions"),
        (f"MATCH {A} RETURN a {{.id}} AS n", "map projections"),
        (f"MATCH ({A}-[:FOLLOWS]->{B}){{1,3}} RETURN a.id AS n", "quantified"),
        (f"MATCH {A} RETURN COLLECT {{ MATCH {A} RETURN a.id }} AS n", "COLLECT { } is not portable"),
        (f"MATCH {A} WHERE EXISTS {{ (a)-[:FOLLOWS]->{B} }} RETURN a.id AS n", "begin EXISTS { } with MATCH"),
        (f"MATCH {A} WHERE 1 < a.followers < 3 RETURN a.id AS n", "chained"),
        (f"MATCH {A} MATCH {B} WHERE a <> b RETURN a.id AS n", "compare a.id with b.id"),
        (f"MATCH {A} WHERE $x IS NULL OR a.name = $x RETURN a.id AS n", "NULL parameter"),
        (f"MATCH {A} RETURN a", "not whole nodes"),
        (f"MATCH {A} RETURN DISTINCT a AS x", "not whole nodes"),
        (f"MATCH {A} RETURN *", "not whole nodes"),
        (f"MATCH {A} RETURN collect(a) AS x", "not whole nodes"),
        (f"MATCH p = {A}-[:FOLLOWS]->{B} RETURN p", "not whole nodes"),
        (f"MATCH p = {A}-[:FOLLOWS]->{B} WITH p, a.id AS id RETURN id, p", "not whole nodes"),
        (f"MATCH {A} RETURN a.id AS a ORDER BY a", "a is the name of a node"),
        (f"MATCH {A} WITH a.id AS id ORDER BY id RETURN id", "needs a LIMIT"),
        (f"MATCH {A}\nRETURN\nlabels(a) AS x", "line 3"),
        ("MATCH (a:Account {ID: 'x'}) RETURN count(*) AS n", "no property ID here; known: agency"),
        (
            f"MATCH {A}-[r:FOLLOWS {{Weight: 1.0}}]->{B} RETURN count(*) AS n",
            "no property Weight here; known: since_ts",
        ),
        (f"MATCH {A} MATCH (b:Account) MATCH (B:Account) RETURN b.id AS x, B.id AS y", "b and B are one name"),
        (f"MATCH {A} RETURN a.id AS `x y`, a.name AS `X y`", "x y and X y are one name"),
        (f"MATCH {A}-[:FOLLOWS]-{B} RETURN count(*) AS n", "counts twice"),
        (f"MATCH {A} RETURN COUNT {{ MATCH (a)-[:REPOSTED]-(:Account) }} AS n", "counts twice"),
        (f"MATCH {A}-[:FOLLOWS* TRAIL 1..3]->{B} RETURN count(*) AS n", "TRAIL is of one engine"),
        (f"MATCH p = SHORTEST 1 {A}-[:FOLLOWS]->{B} RETURN length(p) AS n", "SHORTEST is of one engine"),
        (f"MATCH p = shortestPath({A}-[:FOLLOWS*1..6]->{B}) RETURN length(p) AS n", "add x.id <> y.id"),
        (f"MATCH p = shortestPath({A}-[:FOLLOWS*0..6]->{B}) WHERE a.id <> b.id RETURN length(p) AS n", "with 1, *1..6"),
        (
            f"MATCH p = shortestPath({A}-[:FOLLOWS*1..6]->{B}) WHERE a.id <> b.id AND length(p) > 3 RETURN 1 AS n",
            "WITH length(p) AS n WHERE",
        ),
        ("MATCH (a:Account) RETURN count(*)", "name the column with AS"),
        ("MATCH (a:Account) RETURN a.id AS x, toLower(a.id)", "name the column with AS"),
        ("MATCH (a:Account) RETURN a.id AS x, a.name AS x", "same name"),
        (f"MATCH {A} RETURN a.id AS x, a.name AS y UNION MATCH {A} RETURN a.name AS y, a.id AS x", "same order"),
        (f"MATCH {A} RETURN COUNT {{ MATCH (a)-[:POSTED]->(p:Post) RETURN DISTINCT p.id }} AS n", "leave RETURN out"),
        (f"MATCH {A} RETURN a.id AS x ORDER BY x OFFSET 3", "write SKIP"),
        (f"MATCH {A} WHERE exists((a)-[:POSTED]->(:Post)) RETURN a.id AS x", "write EXISTS { MATCH .. }"),
        (f"MATCH {A} RETURN size((a)-[:POSTED]->(:Post)) AS n", "not a value"),
        (f"MATCH p = {A}-[:FOLLOWS]->{B} WHERE NOT any(x IN nodes(p) WHERE x.reach > 1) RETURN 1 AS n", "inside"),
        (f"MATCH {A} RETURN floor(a.followers) / 2 AS n", "1.0 * floor(x) / y"),
        (f"MATCH {A} RETURN 7 / ceil(a.followers) AS n", "1.0 * ceil(x) / y"),
        (f"MATCH {A} RETURN left(a.id, -1) AS n", "negative length"),
        (f"MATCH {A} RETURN replace(a.id, '', 'x') AS n", "empty text"),
        ("RETURN 0x1F AS n", "plain decimal digits"),
        ("RETURN 1_000 AS n", "plain decimal digits"),
        (r"RETURN 'a\d' AS n", r"write \\d"),
        ("RETURN 'a' || 'b' AS n", "join texts with +"),
        ("RETURN -$x AS n", "write 0 - $x"),
        ("RETURN $x * -$y AS n", "write 0 - $y"),
        ("RETURN NULL IN [] AS n", "NULL IN"),
        (f"MATCH {A} WHERE NOT a.id IN ['x', NULL] RETURN a.id AS id", "leave NULL out of the list"),
        (f"MATCH {A} RETURN CASE a.niche WHEN a.region THEN 1 ELSE 0 END AS n", "write CASE WHEN x = y"),
        (f"MATCH {A} WHERE a.name =~ 'a(?=b).*' RETURN a.id AS id", "look-around"),
        (f"MATCH {A} WHERE a.name =~ '(' RETURN a.id AS id", "regular expression is wrong"),
        (f"MATCH {A} WHERE a.name =~ a.id RETURN a.id AS id", "is a text or a parameter"),
        ("RETURN 'abc'[1] AS n", "count from 1"),
        ("RETURN $x[1] AS n", "count from 1"),
        (f"MATCH {A} WHERE a.followers > '5' RETURN a.id AS id", "a number and a text meet"),
        (f"MATCH {A} WHERE a.id = 5 RETURN a.id AS id", "a text and a number meet"),
        (f"MATCH {A} WHERE 5 = a.id RETURN a.id AS id", "a number and a text meet"),
        (f"MATCH {A} WHERE a.followers STARTS WITH '5' RETURN a.id AS id", "a number and a text meet"),
        (f"MATCH {A}-[r:FOLLOWS]->{B} WHERE r.weight IN ['1'] RETURN a.id AS id", "a number and a text meet"),
        ("RETURN 'true' = true AS x", "a text and a boolean meet"),
        ("RETURN 'a' + 1 AS x", "a text and a number meet"),
    ],
)
def test_what_leaves_the_subset_is_named_with_what_to_write_instead(text, says):
    with pytest.raises(InputError) as error:
        check_portable(text)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        f"MATCH {A} WHERE a.name STARTS WITH 'x' OR a.name ENDS WITH 'y' RETURN a.id AS id ORDER BY id",
        f"MATCH {A}-[:FOLLOWS]->(x:Account)<-[:FOLLOWS]-{B} WHERE a.id <> b.id RETURN count(*) AS n",
        f"MATCH {A}-[:FOLLOWS]->(x:Account) MATCH {B}-[:FOLLOWS]->(x) RETURN count(*) AS n",
        f"MATCH {A}-[:CO_MENTIONED]-{B} RETURN a.id AS id",
        "MATCH (c:Community)<-[:MEMBER_OF]-(a:Account)-[:MEMBER_OF]->(r:Ring) RETURN a.id AS id",
        f"MATCH {A} WHERE NOT (a)-[:FOLLOWS]->(:Account {{id: $x}}) RETURN a.id AS id",
        f"MATCH {A} WHERE all(x IN $ids WHERE x <> a.id) RETURN a.id AS id",
        f"MATCH {A} RETURN a.id AS id, {{one: 1, two: [1, 2]}} AS x, 'labels(a) [0] *' AS y // (n:A:B)",
        f"MATCH {A} WITH a.id AS id ORDER BY id LIMIT 3 RETURN id",
        f"MATCH {A} RETURN a.id AS one, a.name AS two ORDER BY one, two",
        f"MATCH {A} RETURN a.id AS id UNION MATCH (r:Ring) RETURN r.id AS id",
        f"MATCH (x:Account|Ring) RETURN x.id AS id, COUNT {{ MATCH {A}-[:FOLLOWS]->{B} }} AS n",
        "UNWIND $rows AS row MATCH (a:Account {id: row.key}) RETURN a.id AS id, row.anything AS x",
        "MATCH (a:Account) WHERE a.followers >= 1 AND a.followers <= 3 AND (a.reach > 1) = true RETURN a.id AS id",
        f"MATCH p = shortestPath({A}-[:FOLLOWS*1..6]->{B}) WHERE a.id <> b.id RETURN length(p) AS hops",
    ],
)
def test_portable_text_passes(text):
    assert lint(text) == []


@pytest.mark.parametrize(
    ("text", "values", "says"),
    [
        (f"MATCH {A} WHERE a.followers > $x RETURN a.id AS id", {"x": "50"}, "a number and a text meet"),
        (f"MATCH {A} WHERE a.id IN $x RETURN a.id AS id", {"x": [5]}, "a text and a number meet"),
        (f"MATCH {A} WHERE a.followers = $x RETURN a.id AS id", {"x": True}, "a number and a boolean meet"),
        (f"MATCH {A} WHERE NOT a.id IN $x RETURN a.id AS id", {"x": ["a", None]}, "leave NULL out of $x"),
        ("UNWIND $x AS y RETURN y", {"x": [1, "a"]}, "mixes types"),
        ("UNWIND $x AS y RETURN y.k AS k", {"x": [{"k": 1}, {"k": 2, "v": 3}]}, "different keys"),
        ("RETURN 'abc' =~ $x AS y", {"x": "a++"}, "possessive"),
        ("RETURN $x AS y", {"x": 2**63}, "beyond 64 bits"),
        ("UNWIND $x AS y RETURN y", {"x": [1, -(2**63) - 1]}, "beyond 64 bits"),
        ("RETURN $x AS y", {"x": "a\ud800"}, "half a character"),
    ],
)
def test_what_only_the_values_of_parameters_show_is_named(text, values, says):
    assert [says in problem.message for problem in lint(text, values)] == [True]
    assert lint(text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (f"MATCH {A} WHERE a.followers > $x OR a.id IN $y RETURN a.id AS id", {"x": 1.5, "y": []}),
        (f"MATCH {A} WHERE a.name =~ '(?i).*[a-z]\\\\d+' RETURN a.id", {}),
        (f"MATCH {A} WHERE a.name =~ $x RETURN a.id AS id", {"x": ".*口红.*"}),
        (f"MATCH {A} WHERE NOT EXISTS {{ MATCH (a)-[:FOLLOWS]-(:Account) }} RETURN a.id AS id", {}),
        (f"MATCH {A}-[:FOLLOWS]-{B} WHERE a.id <> b.id RETURN 7 - $x AS n, 1.0 * floor(a.reach) / 2 AS m", {"x": 1}),
        ("MATCH (a:Account {id: $ID}) RETURN a.id AS name, a.name AS Id order by name", {"ID": "x"}),
        ("UNWIND $rows AS row RETURN CASE row.k WHEN 'x' THEN 1 WHEN 'y' THEN 2 END AS n", {"rows": [{"k": "x"}]}),
        (r"RETURN 'it\'s a \\ \n \t' AS x, {Id: 1} AS y, [1, 2.5] AS z", {}),
    ],
)
def test_their_portable_neighbours_pass(text, values):
    assert lint(text, values) == []


# ---------------------------------------------------------------------- the guard


@pytest.mark.parametrize(
    "text",
    [
        "CREATE (a:Account {id: 'x'})",
        "MATCH (a:Account) SET a.name = 'x' RETURN a.id",
        "MATCH (a:Account) DETACH DELETE a",
        "MATCH (a:Account) delete a",
        "MATCH (a:Account) REMOVE a.name RETURN a.id",
        "MATCH (a:Account) MERGE (b:Account {id: 'x'}) RETURN b.id",
        "MATCH (a:Account) CALL { WITH a DETACH DELETE a } RETURN 1",
        "CALL dbms.listConfig()",
        "MATCH (a:Account) CALL apoc.load.json('http://127.0.0.1:9') YIELD value RETURN value",
        "LOAD CSV FROM 'http://127.0.0.1:9' AS row RETURN row",
        "MATCH (a:Account) LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row",
        "LOAD FROM '/etc/passwd' RETURN *",
        "COPY (MATCH (a:Account) RETURN a.id) TO '/tmp/x.csv'",
        "COPY Account FROM '/tmp/x.csv'",
        "INSTALL httpfs",
        "ATTACH '/tmp/x' AS x (dbtype duckdb)",
        "EXPORT DATABASE '/tmp/x'",
        "DROP TABLE Account",
        "MATCH (a:Account) FOREACH (x IN [1] | SET a.name = x)",
        "MATCH (a:Account) RETURN a.id; DROP TABLE Account",
        "EXPLAIN CREATE (a:Account)",
        "CYPHER 5 MATCH (a:Account) DELETE a",
        "USE system SHOW USERS",
        "MATCH (a:Account) /* x */ SET/**/a.name = 'x'",
        "",
        "// nothing",
    ],
)
def test_everything_but_reading_is_refused(text):
    with pytest.raises(InputError):
        check_read_only(text)


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (a:Account) RETURN 'CREATE DELETE SET' AS x // MERGE",
        "MATCH (a:Account) WHERE a.set = 'DROP' RETURN a.`delete` AS `create`;",
        "optional match (a:Account) return a.id",
        "UNWIND [1, 2] AS x RETURN x",
    ],
)
def test_words_in_strings_comments_quotes_and_properties_are_no_clauses(text):
    check_read_only(text)
