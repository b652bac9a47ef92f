// Followers of one account that another does not reach
// 关注甲但未关注乙的账号
// parameters:
//   a: text           reached by this account
//   b: text           but not by this one
//   limit: int = 100  rows
// columns:
//   id: text         the follower
//   name: text       shown name
//   followers: int   its own followers, as the platform shows it
// group: audience
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account {id: $a})
WHERE f.id <> $b AND NOT EXISTS { MATCH (f)-[:FOLLOWS]->(:Account {id: $b}) }
RETURN f.id AS id, f.name AS name, f.followers AS followers
ORDER BY coalesce(followers, -1) DESC, id
LIMIT $limit
