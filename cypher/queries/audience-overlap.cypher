// Audience overlap of two accounts
// 两个账号的受众重合
// parameters:
//   a: text    one account
//   b: text    another account
// columns:
//   a: text            one account
//   b: text            the other
//   followers_a: int   followers of a in the data
//   followers_b: int   followers of b in the data
//   shared: int        accounts that follow both
//   share_of_a: float  shared / followers_a
//   share_of_b: float  shared / followers_b
// group: audience
// order: one row
MATCH (x:Account {id: $a})
MATCH (y:Account {id: $b})
WHERE x.id <> y.id
WITH x.id AS a, y.id AS b,
     COUNT { MATCH (:Account)-[:FOLLOWS]->(x) } AS followers_a,
     COUNT { MATCH (:Account)-[:FOLLOWS]->(y) } AS followers_b,
     COUNT { MATCH (x)<-[:FOLLOWS]-(:Account)-[:FOLLOWS]->(y) } AS shared
RETURN a, b, followers_a, followers_b, shared,
       CASE WHEN followers_a = 0 THEN 0.0 ELSE 1.0 * shared / followers_a END AS share_of_a,
       CASE WHEN followers_b = 0 THEN 0.0 ELSE 1.0 * shared / followers_b END AS share_of_b
