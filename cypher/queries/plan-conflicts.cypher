// Conflicts within a list of accounts
// 拟选账号之间的冲突
// Pairs whose audiences overlap, or who belong to the same agency.
// parameters:
//   ids: texts                the accounts
//   min_share: float = 0.2    shared followers / followers of the smaller account at least
//   limit: int = 100          rows
// columns:
//   a: text              one account
//   a_name: text         shown name
//   b: text              the other account
//   b_name: text         shown name
//   shared: int          followers of both in the data
//   share: float         of the smaller audience
//   same_agency: bool    whether one agency runs both
// group: planning
// order: total
MATCH (x:Account)
MATCH (y:Account)
WHERE x.id IN $ids AND y.id IN $ids AND x.id < y.id
WITH x, y, COUNT { MATCH (:Account)-[:FOLLOWS]->(x) } AS of_x, COUNT { MATCH (:Account)-[:FOLLOWS]->(y) } AS of_y,
     COUNT { MATCH (x)<-[:FOLLOWS]-(f:Account)-[:FOLLOWS]->(y) WHERE x.id <> y.id } AS shared
WITH x, y, shared, CASE WHEN of_x < of_y THEN of_x ELSE of_y END AS smaller,
     CASE WHEN x.agency = y.agency THEN true ELSE false END AS same_agency
WITH x, y, shared, same_agency, CASE WHEN smaller = 0 THEN 0.0 ELSE 1.0 * shared / smaller END AS share
WHERE share >= $min_share OR same_agency
RETURN x.id AS a, x.name AS a_name, y.id AS b, y.name AS b_name, shared, share, same_agency
ORDER BY share DESC, shared DESC, a, b
LIMIT $limit
