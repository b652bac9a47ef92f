// Accounts that two accounts both follow
// 两个账号共同关注的账号
// parameters:
//   a: text           one account
//   b: text           another account
//   limit: int = 100  rows
// columns:
//   id: text         followed by both
//   name: text       shown name
//   followers: int   as the platform shows it
// group: audience
// order: total
MATCH (a:Account {id: $a})-[:FOLLOWS]->(t:Account)
MATCH (b:Account {id: $b})-[:FOLLOWS]->(t)
WHERE a.id <> b.id
RETURN t.id AS id, t.name AS name, t.followers AS followers
ORDER BY coalesce(followers, -1) DESC, id
LIMIT $limit
