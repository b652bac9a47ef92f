"""The constructs: what a query may be made of, what looks as if it were, and what one engine alone understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.constructs.expressions import CONDITIONS, EXPRESSIONS, PARAMETERS, WHO


class Construct(NamedTuple):
    """A small query about one construct, its parameters, and the engine it may not be tried on."""

    name: str
    text: str
    parameters: Mapping[str, Any] = {}
    not_on: str = ""


A, B, C = "(a:Account)", "(b:Account)", "(c:Account)"
ONE, TWO = "(a:Account {id: 'a'})", "(b:Account {id: 'd'})"
N = "RETURN count(*) AS n"

_PATTERNS = {
    # variable length
    "walk or trail, directed": f"MATCH {ONE}-[:FOLLOWS*1..5]->{B} {N}",
    "walk or trail, undirected": f"MATCH {ONE}-[:FOLLOWS*1..3]-{B} {N}",
    "walk or trail, around a loop": f"MATCH (a:Account {{id: 'd'}})-[:FOLLOWS*1..3]->{B} {N}",
    "variable length from zero": f"MATCH {ONE}-[:FOLLOWS*0..2]->{B} {N}",
    "variable length without lower bound": f"MATCH {ONE}-[:FOLLOWS*..2]->{B} {N}",
    "variable length without upper bound": f"MATCH (a:Account {{id: 'd'}})-[:FOLLOWS*2..]->{B} {N}",
    "variable length without bounds": f"MATCH (a:Account {{id: 'd'}})-[:FOLLOWS*]->{B} {N}",
    "variable length of one number": f"MATCH {ONE}-[:FOLLOWS*2]->{B} {N}",
    "variable length of two types": f"MATCH {ONE}-[:FOLLOWS|MENTIONS*1..2]->{B} {N}",
    "variable length with a map": f"MATCH {ONE}-[:FOLLOWS*1..2 {{weight: 1.5}}]->{B} {N}",
    "variable length backwards": f"MATCH {ONE}<-[:FOLLOWS*1..3]-{B} {N}",
    "variable length with a name": f"MATCH {ONE}-[r:FOLLOWS*1..2]->{B} RETURN sum(size(r)) AS n",
    "variable length, then one step": f"MATCH {ONE}-[:FOLLOWS*1..2]->{B}-[:FOLLOWS]->{C} {N}",
    "variable length in a second MATCH": f"MATCH {ONE}-[:FOLLOWS]->{B} MATCH (b)-[:FOLLOWS*1..3]->{C} {N}",
    "variable length between known ends": f"MATCH {ONE} MATCH {TWO} MATCH (a)-[:FOLLOWS*1..4]->(b) {N}",
    "variable length back to its start": f"MATCH (a:Account)-[:FOLLOWS*1..3]->(a) {N}",
    "variable length in COUNT": f"MATCH {A} RETURN a.id AS id, COUNT {{ MATCH (a)-[:FOLLOWS*1..4]->{B} }} AS n",
    "variable length in EXISTS": f"MATCH {A} WHERE EXISTS {{ MATCH (a)-[:FOLLOWS*2..3]->{TWO} }} RETURN a.id AS id",
    "variable length in NOT": f"MATCH {A} WHERE NOT (a)-[:FOLLOWS*1..2]->(:Account {{id: 'd'}}) RETURN a.id AS id",
    "variable length, optional": f"MATCH {A} OPTIONAL MATCH (a)-[:FOLLOWS*2..3]->{TWO} RETURN a.id AS id, b.id AS two",
    "quantified pattern": f"MATCH {ONE} ((:Account)-[:FOLLOWS]->(:Account)){{1,3}} {B} {N}",
    "quantified relationship": f"MATCH {ONE}-[:FOLLOWS]->{{1,3}}{B} {N}",
    # the same relationship or node twice
    "fixed pattern may repeat": f"MATCH {A}-[:FOLLOWS]->{B}<-[:FOLLOWS]-{C} {N}",
    "fixed pattern, ends differ": f"MATCH {A}-[:FOLLOWS]->{B}<-[:FOLLOWS]-{C} WHERE a.id <> c.id {N}",
    "fixed path may repeat a loop": f"MATCH {A}-[:FOLLOWS]->{B}-[:FOLLOWS]->{C} {N}",
    "two patterns may share": f"MATCH {A}-[:FOLLOWS]->{B}, {C}-[:FOLLOWS]->(b) {N}",
    "two MATCHes may share": f"MATCH {A}-[:FOLLOWS]->{B} MATCH {C}-[:FOLLOWS]->(b) {N}",
    "circle of three": f"MATCH {A}-[:FOLLOWS]->{B} MATCH (b)-[:FOLLOWS]->{C} MATCH (c)-[:FOLLOWS]->(a) {N}",
    "circle of two in one pattern": "MATCH (a:Account)-[:FOLLOWS]->(b:Account)-[:FOLLOWS]->(a) RETURN a.id AS id",
    "loop": "MATCH (a:Account)-[:FOLLOWS]->(a) RETURN a.id AS id",
    "undirected, no loops": f"MATCH {A}-[:CO_MENTIONED]-{B} RETURN a.id AS one, b.id AS two",
    "undirected, with a loop": f"MATCH {A}-[:FOLLOWS]-{B} RETURN a.id AS one, b.id AS two",
    "undirected from one side": f"MATCH {ONE}-[:FOLLOWS]-{B} RETURN b.id AS id",
    "undirected, loops left out": f"MATCH {A}-[:FOLLOWS]-{B} WHERE a.id <> b.id RETURN a.id AS one, b.id AS two",
    "undirected in EXISTS": f"MATCH {A} WHERE NOT EXISTS {{ MATCH (a)-[:FOLLOWS]-(:Account) }} RETURN a.id AS id",
    "undirected in COUNT": f"MATCH {A} RETURN a.id AS id, COUNT {{ MATCH (a)-[:FOLLOWS]-{B} }} AS n",
    "all pairs": f"MATCH {A}, {B} {N}",
    "a relationship of an earlier MATCH": f"MATCH {A}-[r:FOLLOWS]->{B} MATCH {C}-[r]->(b) {N}",
    # labels and types
    "types A or B": f"MATCH {ONE}-[:FOLLOWS|MENTIONS]->{B} RETURN b.id AS id",
    "types A or B, colon": f"MATCH {ONE}-[:FOLLOWS|:MENTIONS]->{B} RETURN b.id AS id",
    "labels A or B": "MATCH (x:Account|Ring) RETURN x.id AS id",
    "labels A and B": "MATCH (x:Account:Ring) RETURN x.id AS id",
    "labels A & B": "MATCH (x:Account&Ring) RETURN x.id AS id",
    "label !A": "MATCH (x:!Account) RETURN count(x) > 0 AS n",
    "no label": f"MATCH (x) WHERE x.id = 'a' {N}",
    "no label at an end": f"MATCH {ONE}-[:POSTED]->() {N}",
    "no type": f"MATCH {ONE}-[]->{B} {N}",
    "no brackets": f"MATCH {ONE}-->{B} {N}",
    "a property that one label lacks": "MATCH (x:Account|Ring) RETURN x.id AS id, x.members AS n",
    "label in lower case": f"MATCH (a:account) {N}",
    "type in lower case": f"MATCH {A}-[:follows]->{B} {N}",
    "property in upper case": f"MATCH {A} RETURN a.ID AS id",
    "property in upper case in a map": f"MATCH (a:Account {{ID: 'a'}}) {N}",
    "property of a relationship in another case": f"MATCH {A}-[r:FOLLOWS {{Weight: 0.0}}]->{B} {N}",
    "unknown label": f"MATCH (a:Konto) {N}",
    "unknown type": f"MATCH {A}-[:LIKES]->{B} {N}",
    "unknown property": f"MATCH {A} RETURN a.fans AS n",
    "unknown property in a map": f"MATCH (a:Account {{fans: 1}}) {N}",
    "label predicate": f"MATCH {A} WHERE a:Account {N}",
    "WHERE in a node": f"MATCH (a:Account WHERE a.id = 'a') {N}",
    "WHERE in a relationship": f"MATCH {A}-[r:FOLLOWS WHERE r.weight > 1]->{B} {N}",
    "a type between labels it does not join": f"MATCH {A}-[:POSTED]->{B} {N}",
    "labels()": f"MATCH {ONE} RETURN labels(a) AS l",
    "labels()[0]": f"MATCH {ONE} RETURN labels(a)[0] AS l",
    "type()": f"MATCH {ONE}-[r:FOLLOWS]->{B} RETURN type(r) AS t",
    "label()": f"MATCH {ONE} RETURN label(a) AS t",
    "id()": f"MATCH {ONE} RETURN id(a) >= 0 AS t",
    "elementId()": f"MATCH {ONE} RETURN size(elementId(a)) > 0 AS t",
    "keys()": f"MATCH {ONE} RETURN size(keys(a)) AS t",
    "properties()": f"MATCH {ONE} RETURN size(keys(properties(a))) AS t",
    "startNode()": f"MATCH {ONE}-[r:FOLLOWS]->{B} RETURN startNode(r).id AS t",
    "two names that differ in case": "MATCH (a:Account {id: 'a'}) MATCH (A:Account {id: 'b'}) "
    "RETURN a.id AS x, A.id AS y",
    "two aliases that differ in case": "UNWIND [1] AS x WITH x, x + 1 AS X RETURN x AS one, X AS two",
    "a name in another case": "MATCH (a:Account {id: 'a'}) RETURN A.id AS x",
    # paths
    "length of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} RETURN length(p) AS n",
    "nodes of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} UNWIND nodes(p) AS x RETURN x.id AS id",
    "relationships of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} RETURN size(relationships(p)) AS n",
    "weights of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} UNWIND relationships(p) AS r RETURN r.weight AS w",
    "NOT all": f"MATCH p = {ONE}-[:FOLLOWS*1..2]->{B} WHERE NOT all(r IN relationships(p) WHERE r.since_ts > 0) {N}",
    "NOT any": f"MATCH p = {ONE}-[:FOLLOWS*1..2]->{B} WHERE NOT any(r IN relationships(p) WHERE r.since_ts > 9) {N}",
    "a path of one node": f"MATCH p = {ONE} RETURN length(p) AS n",
    "first node of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} RETURN nodes(p)[0].id AS id",
    "all nodes of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} WHERE all(x IN nodes(p) WHERE x.id <> 'b') {N}",
    "any relationship of a path": f"MATCH p = {ONE}-[:FOLLOWS*1..3]->{TWO} "
    f"WHERE any(r IN relationships(p) WHERE r.weight > 0.4) {N}",
    "shortestPath": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->{TWO}) RETURN length(p) AS n",
    "shortestPath, undirected": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]-(b:Account {{id: 'f'}})) "
    "RETURN length(p) AS n",
    "shortestPath, backwards": f"MATCH p = shortestPath((b:Account {{id: 'd'}})<-[:FOLLOWS*1..6]-{ONE}) "
    "RETURN length(p) AS n",
    "shortestPath, none": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->(b:Account {{id: 'h'}})) "
    "RETURN length(p) AS n",
    "shortestPath too long": f"MATCH p = shortestPath((a:Account {{id: 'f'}})-[:FOLLOWS*1..2]->{TWO}) "
    "RETURN length(p) AS n",
    "shortestPath from zero": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*0..6]->{TWO}) RETURN length(p) AS n",
    "shortestPath from two": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*2..6]->(b:Account {{id: 'b'}})) "
    "RETURN length(p) AS n",
    "shortestPath to itself": f"MATCH p = shortestPath((a:Account {{id: 'd'}})-[:FOLLOWS*1..6]->{TWO}) "
    "RETURN length(p) AS n",
    "shortestPath to all": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->{B}) RETURN b.id AS id, length(p) AS n",
    "shortestPath to all others": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->{B}) WHERE a.id <> b.id "
    "RETURN b.id AS id, length(p) AS n",
    "shortestPath between two names": f"MATCH {ONE} MATCH {TWO} MATCH p = shortestPath((a)-[:FOLLOWS*1..6]->(b)) "
    "RETURN length(p) AS n",
    "shortestPath, optional": f"MATCH {ONE} MATCH (b:Account {{id: 'h'}}) "
    "OPTIONAL MATCH p = shortestPath((a)-[:FOLLOWS*1..6]->(b)) RETURN length(p) AS n",
    "shortestPath around a node": f"MATCH p = shortestPath((a:Account {{id: 'f'}})-[:FOLLOWS*1..6]->{TWO}) "
    "WHERE all(x IN nodes(p) WHERE x.id <> 'c') RETURN length(p) AS n",
    "shortestPath that avoids a short cut": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->{TWO}) "
    "WHERE all(r IN relationships(p) WHERE r.weight <> 1.5) RETURN length(p) AS n",
    "shortestPath, asked about afterwards": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->{TWO}) "
    "WHERE a.id <> b.id WITH p WHERE all(r IN relationships(p) WHERE r.weight <> 1.5) RETURN length(p) AS n",
    "shortestPath longer than": f"MATCH p = shortestPath((a:Account {{id: 'f'}})-[:FOLLOWS*1..6]->{TWO}) "
    "WHERE length(p) > 3 RETURN length(p) AS n",
    "shortestPath longer than, afterwards": f"MATCH p = shortestPath((a:Account {{id: 'f'}})-[:FOLLOWS*1..6]->{TWO}) "
    "WHERE a.id <> b.id WITH length(p) AS n WHERE n > 3 RETURN n",
    "shortestPath to itself, left out": f"MATCH (a:Account {{id: 'd'}}) MATCH {TWO} WHERE a.id <> b.id "
    "MATCH p = shortestPath((a)-[:FOLLOWS*1..6]->(b)) RETURN length(p) AS n",
    "shortestPath between different nodes": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*1..6]->{TWO}) "
    "WHERE a.id <> b.id RETURN length(p) AS n",
    "shortestPath without path name": f"MATCH shortestPath({ONE}-[:FOLLOWS*1..6]->{TWO}) {N}",
    "shortestPath without bound": f"MATCH p = shortestPath({ONE}-[:FOLLOWS*]->{TWO}) RETURN length(p) AS n",
    "SHORTEST 1": f"MATCH p = SHORTEST 1 {ONE}-[:FOLLOWS]->+{TWO} RETURN length(p) AS n",
    "* SHORTEST": f"MATCH p = {ONE}-[:FOLLOWS* SHORTEST 1..6]->{TWO} RETURN length(p) AS n",
    "* TRAIL": f"MATCH {ONE}-[:FOLLOWS* TRAIL 1..3]->{B} {N}",
}

_CLAUSES = {
    "OPTIONAL MATCH": f"MATCH {A} OPTIONAL MATCH (a)-[:POSTED]->(p:Post) RETURN a.id AS id, p.id AS post",
    "OPTIONAL MATCH with WHERE": f"MATCH {A} OPTIONAL MATCH (a)-[:POSTED]->(p:Post) WHERE p.likes > 5 "
    "RETURN a.id AS id, p.id AS post",
    "OPTIONAL MATCH first": "OPTIONAL MATCH (a:Account {id: 'nobody'}) RETURN a.id AS id",
    "OPTIONAL MATCH, then MATCH": f"MATCH {A} OPTIONAL MATCH (a)-[:POSTED]->(p:Post) MATCH (p)-[:TAGGED]->(t:Topic) "
    "RETURN a.id AS id, t.id AS topic",
    "OPTIONAL MATCH of two steps": f"MATCH {A} OPTIONAL MATCH (a)-[:POSTED]->(p:Post)-[:TAGGED]->(t:Topic) "
    "RETURN a.id AS id, count(t.id) AS n",
    "count of an optional node": f"MATCH {A} OPTIONAL MATCH (a)-[:POSTED]->(p:Post) RETURN a.id AS id, count(p) AS n",
    "EXISTS { MATCH }": f"MATCH {A} WHERE EXISTS {{ MATCH (a)-[:POSTED]->(:Post) }} RETURN a.id AS id",
    "EXISTS { MATCH WHERE }": f"MATCH {A} WHERE EXISTS {{ MATCH (a)-[:POSTED]->(p:Post) WHERE p.likes > 5 }} "
    "RETURN a.id AS id",
    "EXISTS in RETURN": f"MATCH {A} RETURN a.id AS id, EXISTS {{ MATCH (a)-[:POSTED]->(:Post) }} AS x",
    "NOT EXISTS": f"MATCH {A} WHERE NOT EXISTS {{ MATCH (a)-[:POSTED]->(:Post) }} RETURN a.id AS id",
    "COUNT { MATCH }": f"MATCH {A} WHERE COUNT {{ MATCH (a)-[:POSTED]->(:Post) }} > 1 RETURN a.id AS id",
    "COUNT of nobody": "MATCH (a:Account {id: 'h'}) RETURN COUNT { MATCH (a)-[:POSTED]->(:Post) } AS n",
    "COUNT with DISTINCT inside": f"MATCH {ONE} RETURN COUNT {{ MATCH (a)-[:POSTED]->(p:Post) "
    f"RETURN DISTINCT a.id }} AS n",
    "EXISTS in EXISTS": f"MATCH {A} WHERE EXISTS {{ MATCH (a)-[:POSTED]->(p:Post) "
    "WHERE EXISTS { MATCH (p)-[:TAGGED]->(:Topic {id: 't2'}) } } RETURN a.id AS id",
    "EXISTS { pattern }": f"MATCH {A} WHERE EXISTS {{ (a)-[:POSTED]->(:Post) }} RETURN a.id AS id",
    "COUNT { pattern }": f"MATCH {A} RETURN a.id AS id, COUNT {{ (a)-[:POSTED]->(:Post) }} AS n",
    "COLLECT { }": f"MATCH {ONE} RETURN COLLECT {{ MATCH (a)-[:POSTED]->(p:Post) RETURN p.id ORDER BY p.id }} AS l",
    "exists(pattern)": f"MATCH {A} WHERE exists((a)-[:POSTED]->(:Post)) RETURN a.id AS id",
    "pattern predicate": f"MATCH {A} WHERE (a)-[:POSTED]->(:Post) RETURN a.id AS id",
    "NOT pattern": f"MATCH {A} WHERE NOT (a)-[:POSTED]->(:Post) RETURN a.id AS id",
    "size(pattern)": f"MATCH {ONE} RETURN size((a)-[:POSTED]->(:Post)) AS n",
    "CALL { }": f"MATCH {ONE} CALL {{ WITH a MATCH (a)-[:POSTED]->(p:Post) RETURN count(p) AS n }} RETURN n",
    "CALL (a) { }": f"MATCH {ONE} CALL (a) {{ MATCH (a)-[:POSTED]->(p:Post) RETURN count(p) AS n }} RETURN n",
    "UNION": "MATCH (p:Post) RETURN p.kind AS kind UNION MATCH (p:Post) RETURN p.kind AS kind",
    "UNION ALL": f"MATCH {ONE} RETURN a.id AS id UNION ALL MATCH {ONE} RETURN a.id AS id",
    "UNION of other names": f"MATCH {ONE} RETURN a.id AS id UNION MATCH {ONE} RETURN a.id AS x",
    "UNION in another order": f"MATCH {ONE} RETURN a.id AS x, a.region AS y UNION MATCH {ONE} "
    "RETURN a.region AS y, a.id AS x",
    "UNION of two types": "RETURN 1 AS x UNION RETURN 'a' AS x",
    "UNION of 1 and 1.0": "RETURN 1 AS x UNION RETURN 1.0 AS x",
    "UNION with NULL": "RETURN 1 AS x UNION ALL RETURN NULL AS x",
    "WITH and WHERE": f"MATCH {A}-[:FOLLOWS]->{B} WITH b, count(*) AS n WHERE n > 1 RETURN b.id AS id, n",
    "WITH DISTINCT": f"MATCH {A} WITH DISTINCT a.niche AS niche RETURN niche",
    "WITH without AS": f"MATCH {A} WITH a.id {N}",
    "WITH *": f"MATCH {ONE} WITH * RETURN a.id AS id",
    "WITH ORDER BY LIMIT": f"MATCH {A} WITH a.id AS id ORDER BY id DESC LIMIT 3 RETURN id",
    "WITH ORDER BY alone": f"MATCH {A} WITH a.id AS id ORDER BY id DESC RETURN collect(id) AS ids",
    "WITH LIMIT, then ORDER BY": f"MATCH {A} WITH a ORDER BY a.id LIMIT 2 RETURN a.id AS id ORDER BY id DESC",
    "MATCH after WITH": f"MATCH {ONE} WITH a MATCH (a)-[:POSTED]->(p:Post) RETURN p.id AS id",
    "a name that WITH left behind": f"MATCH {ONE} WITH a.id AS id RETURN a.id AS x, id",
    "RETURN DISTINCT": f"MATCH {A} RETURN DISTINCT a.niche AS niche",
    "RETURN without AS": f"MATCH {ONE} RETURN a.id, a.name",
    "count(*) without AS": f"MATCH {A} RETURN count(*)",
    "arithmetic without AS": "RETURN 1 + 2",
    "a function without AS": f"MATCH {ONE} RETURN toLower(a.id)",
    "a parameter without AS": ("RETURN $x", {"x": 1}),
    "a name without AS": "UNWIND [1, 2] AS x RETURN x",
    "two columns of one name": f"MATCH {ONE} RETURN a.id AS x, a.name AS x",
    "RETURN a node": f"MATCH {ONE} RETURN a",
    "RETURN a relationship": f"MATCH {ONE}-[r:FOLLOWS]->{B} RETURN r",
    "RETURN *": f"MATCH {ONE} RETURN *",
    "ORDER BY, NULL last": f"MATCH {A} RETURN a.niche AS x, a.id AS id ORDER BY x, id",
    "ORDER BY DESC, NULL first": f"MATCH {A} RETURN a.followers AS x, a.id AS id ORDER BY x DESC, id",
    "ORDER BY what is not returned": f"MATCH {A} RETURN a.id AS id ORDER BY a.followers, a.id",
    "ORDER BY an aggregate": f"MATCH {A} RETURN a.niche AS niche, count(*) AS n ORDER BY count(*), niche",
    "ORDER BY after DISTINCT": f"MATCH {A} RETURN DISTINCT a.niche AS niche ORDER BY niche DESC",
    "ORDER BY an alias that is a property": f"MATCH {A} RETURN a.id AS followers ORDER BY followers",
    "ORDER BY left behind by an aggregate": f"MATCH {A} RETURN count(*) AS n ORDER BY a.id",
    "ORDER BY NULLS LAST": f"MATCH {A} RETURN a.id AS id ORDER BY a.niche DESC NULLS LAST, id",
    "ORDER BY a position": f"MATCH {A} RETURN a.niche AS x, a.id AS id ORDER BY 2 DESC",
    "ORDER BY text": "UNWIND ['b', 'B', 'a', 'é', '口', 'Z', '', '10', '9'] AS x RETURN x ORDER BY x",
    "ORDER BY text beyond 16 bits": "UNWIND ['～', '💄', '口'] AS x RETURN x ORDER BY x",
    "ORDER BY booleans": "UNWIND [true, false] AS x RETURN x ORDER BY x",
    "ORDER BY lists": "UNWIND [[2], [1, 2], [1]] AS x RETURN x ORDER BY x",
    "SKIP and LIMIT": ("MATCH (a:Account) RETURN a.id AS id ORDER BY id SKIP $s LIMIT $n", {"s": 1, "n": 2}),
    "LIMIT 0": f"MATCH {A} RETURN a.id AS id LIMIT 0",
    "LIMIT of an expression": f"MATCH {A} RETURN a.id AS id ORDER BY id LIMIT 1 + 1",
    "LIMIT of a float": ("MATCH (a:Account) RETURN a.id AS id ORDER BY id LIMIT $n", {"n": 2.0}),
    "LIMIT below zero": ("MATCH (a:Account) RETURN a.id AS id ORDER BY id LIMIT $n", {"n": -1}),
    "OFFSET": f"MATCH {A} RETURN a.id AS id ORDER BY id OFFSET 6",
    "UNWIND": "UNWIND [1, NULL, 2] AS x RETURN x",
    "UNWIND NULL": "UNWIND NULL AS x RETURN x",
    "UNWIND []": "UNWIND [] AS x RETURN count(*) AS n",
    "UNWIND of lists": "UNWIND [[1, 2], [3]] AS l UNWIND l AS x RETURN x",
    "UNWIND rows": (
        "UNWIND $rows AS row RETURN row.k AS k, row.v AS v",
        {"rows": [{"k": "a", "v": 1}, {"k": "b", "v": None}]},
    ),
    "UNWIND rows with other keys": (
        "UNWIND $rows AS row RETURN row.k AS k, row.v AS v",
        {"rows": [{"k": "a", "v": 1}, {"k": "b"}]},
    ),
    "UNWIND into a pattern": (
        "UNWIND $ids AS id MATCH (a:Account {id: id}) RETURN a.id AS x",
        {"ids": ["a", "zz", "b"]},
    ),
    "UNWIND nodes into a pattern": f"MATCH {A} WITH collect(a) AS l UNWIND l AS x MATCH (x)-[:POSTED]->(p:Post) "
    "RETURN p.id AS id",
    "comments": f"MATCH {ONE} // the first\nRETURN /* its id */ a.id AS id",
    "semicolon": "RETURN 1 AS x;",
    "back-ticks": "MATCH (`a b`:Account {id: 'a'}) RETURN `a b`.`id` AS `x y`",
    "names in Chinese": "MATCH (博主:Account {id: 'a'}) RETURN 博主.id AS 编号",
    "keywords in lower case": "match (a:Account) where a.id = 'a' return a.id as id",
}

_AGGREGATES = {
    "sum over nothing": "MATCH (a:Account {id: 'nobody'}) RETURN sum(a.followers) AS n",
    "coalesce(sum) over nothing": "MATCH (a:Account {id: 'nobody'}) RETURN coalesce(sum(a.followers), 0) AS n",
    "sum over NULL": "MATCH (a:Account {id: 'e'}) RETURN sum(a.followers) AS n",
    "sum of whole numbers": f"MATCH {A} RETURN coalesce(sum(a.followers), 0) AS n",
    "sum of decimals": f"MATCH {A} RETURN coalesce(sum(a.price_cny), 0.0) AS n",
    "sum of decimals over nothing": "MATCH (a:Account {id: 'e'}) RETURN coalesce(sum(a.price_cny), 0.0) AS n",
    "sum beyond 64 bits": "UNWIND [9223372036854775807, 9223372036854775807] AS x RETURN coalesce(sum(x), 0) AS n",
    "sum DISTINCT": f"MATCH {A} RETURN coalesce(sum(DISTINCT a.followers), 0) AS n",
    "sum divided": f"MATCH {A} RETURN coalesce(sum(a.followers), 0) / 4 AS n",
    "sum of booleans": "UNWIND [true, false] AS x RETURN coalesce(sum(x), 0) AS n",
    "sum of a CASE": f"MATCH {A} RETURN coalesce(sum(CASE WHEN a.followers > 10 THEN 1 ELSE 0 END), 0) AS n",
    "avg": f"MATCH {A} RETURN avg(a.followers) AS n",
    "avg over nothing": "MATCH (a:Account {id: 'nobody'}) RETURN avg(a.followers) AS n",
    "min and max": f"MATCH {A} RETURN min(a.followers) AS low, max(a.name) AS high",
    "min over nothing": "MATCH (a:Account {id: 'nobody'}) RETURN min(a.followers) AS n",
    "min of mixed types": "UNWIND [1, 'a'] AS x RETURN min(x) AS n",
    "count of values": f"MATCH {A} RETURN count(a.niche) AS n",
    "count DISTINCT": f"MATCH {A} RETURN count(DISTINCT a.niche) AS n",
    "count of nodes": f"MATCH {A}-[:FOLLOWS]->{B} RETURN count(DISTINCT b) AS n",
    "count of nothing": "MATCH (a:Account {id: 'nobody'}) RETURN count(*) AS n",
    "groups with NULL": f"MATCH {A} RETURN a.niche AS niche, count(*) AS n",
    "groups of nothing": "MATCH (a:Account {id: 'nobody'}) RETURN a.niche AS niche, count(*) AS n",
    "groups by an expression": f"MATCH {A} RETURN a.followers > 10 AS big, count(*) AS n",
    "arithmetic with an aggregate": f"MATCH {A} RETURN a.niche AS niche, 1.0 * count(*) / 8 AS share",
    "a group inside an expression": f"MATCH {A} RETURN a.followers + count(*) AS n",
    "aggregate of an aggregate": f"MATCH {A} RETURN max(count(*)) AS n",
    "collect skips NULL": f"MATCH {A} RETURN size(collect(a.niche)) AS n",
    "collect DISTINCT": f"MATCH {A} RETURN size(collect(DISTINCT a.niche)) AS n",
    "collect of nothing": "MATCH (a:Account {id: 'nobody'}) RETURN collect(a.id) AS l",
    "percentileCont": f"MATCH {A} RETURN percentileCont(a.followers, 0.5) AS n",
    "percentileCont over nothing": "MATCH (a:Account {id: 'nobody'}) RETURN percentileCont(a.followers, 0.5) AS n",
    "percentileDisc": f"MATCH {A} RETURN percentileDisc(a.followers, 0.5) AS n",
    "stDev": f"MATCH {A} RETURN stDev(a.followers) AS n",
    "LIMIT inside collect": f"MATCH {A} WITH a.id AS id ORDER BY id LIMIT 2 RETURN collect(id) AS l",
}

_MAPS = {
    "map projection": f"MATCH {ONE} RETURN a {{.id, .name}} AS m",
    "pattern comprehension": f"MATCH {ONE} RETURN size([(a)-[:POSTED]->(p:Post) | p.id]) AS n",
    "map of an aggregate": f"MATCH {A} RETURN {{n: count(*)}} AS m",
    "list of properties": f"MATCH {ONE} RETURN [a.id, a.name] AS l",
}


def _all() -> tuple[Construct, ...]:
    groups: tuple[Mapping[str, str | tuple[str, Mapping[str, Any]]], ...] = (
        _PATTERNS,
        _CLAUSES,
        _AGGREGATES,
        {name: f"RETURN {text} AS x" for name, text in EXPRESSIONS.items()},
        {name: WHO.format(text) for name, text in CONDITIONS.items()},
        PARAMETERS,
        _MAPS,
    )
    found = [
        Construct(name, text) if isinstance(text, str) else Construct(name, *text)
        for group in groups
        for name, text in group.items()
    ]
    # It ends the process of the embedded engine when an end is missing.
    text = f"MATCH p = allShortestPaths({ONE}-[:FOLLOWS*1..6]->{TWO}) RETURN length(p) AS n"
    return (*found, Construct("allShortestPaths", text, not_on="ladybug"))


#: Every construct; the names are the keys of the snapshot.
CONSTRUCTS = _all()
