// Accounts whose followers come from several communities
// 横跨多个圈层的账号
// parameters:
//   min_followers: int = 1   followers in a community for it to count
//   limit: int = 50          rows
// columns:
//   id: text           the account
//   name: text         shown name
//   communities: int   communities among its followers
//   followers: int     followers in these
// group: audience
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account)
MATCH (f)-[:MEMBER_OF]->(c:Community)
WITH a, c.id AS community, count(DISTINCT f.id) AS n
WHERE n >= $min_followers
WITH a, count(*) AS communities, coalesce(sum(n), 0) AS followers
WHERE communities >= 2
RETURN a.id AS id, a.name AS name, communities, followers
ORDER BY communities DESC, followers DESC, id
LIMIT $limit
