// Accounts without any relation
// 没有任何关系的孤立账号
// Nobody follows, reposts or mentions them, nor they anybody, and no post of theirs is known.
// parameters:
//   platform: text = ''   only this platform; '' = every platform
//   limit: int = 100      rows
// columns:
//   id: text         the account
//   name: text       shown name
//   followers: int   as the platform shows it
// group: health
// order: total
MATCH (a:Account)
WHERE ($platform = '' OR a.platform = $platform)
  AND NOT EXISTS { MATCH (a)-[:FOLLOWS]-(:Account) } AND NOT EXISTS { MATCH (a)-[:REPOSTED]-(:Account) }
  AND NOT EXISTS { MATCH (a)-[:MENTIONS]-(:Account) } AND NOT EXISTS { MATCH (a)-[:POSTED]->(:Post) }
RETURN a.id AS id, a.name AS name, a.followers AS followers
ORDER BY coalesce(followers, -1) DESC, id
LIMIT $limit
