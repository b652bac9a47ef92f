// Accounts with a similar audience
// 受众相似的账号
// Similar is what has many followers in common, measured against all followers of both (Jaccard).
// parameters:
//   id: text               the account
//   min_shared: int = 1    followers in common at least
//   limit: int = 50        rows
// columns:
//   id: text               the similar account
//   name: text             shown name
//   niche: text            declared niche
//   price_cny: float       per forwarded post
//   known_followers: int   followers in the data
//   shared: int            of these, followers of the given account too
//   jaccard: float         shared / followers of either
// group: audience
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account {id: $id})
MATCH (f)-[:FOLLOWS]->(b:Account)
WHERE b.id <> $id
WITH b, count(DISTINCT f.id) AS shared
WHERE shared >= $min_shared
WITH b, shared, COUNT { MATCH (:Account)-[:FOLLOWS]->(b) } AS known_followers,
     COUNT { MATCH (:Account)-[:FOLLOWS]->(:Account {id: $id}) } AS own
RETURN b.id AS id, b.name AS name, b.niche AS niche, b.price_cny AS price_cny, known_followers, shared,
       1.0 * shared / (own + known_followers - shared) AS jaccard
ORDER BY jaccard DESC, shared DESC, id
LIMIT $limit
