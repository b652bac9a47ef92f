// Accounts through which an author reaches a reader
// 作者触达读者所经的中继账号
// parameters:
//   author: text      where the post starts
//   reader: text      whom it should reach
//   limit: int = 100  rows
// columns:
//   id: text          follows the author, is followed by the reader
//   name: text        shown name
//   followers: int    as the platform shows it
//   reposted: int     times it reposted the author
// group: audience
// order: total
MATCH (r:Account {id: $reader})-[:FOLLOWS]->(x:Account)
MATCH (x)-[:FOLLOWS]->(a:Account {id: $author})
WHERE x.id <> $reader AND x.id <> $author
OPTIONAL MATCH (x)-[w:REPOSTED]->(a)
RETURN x.id AS id, x.name AS name, x.followers AS followers, coalesce(w.times, 0) AS reposted
ORDER BY reposted DESC, coalesce(followers, -1) DESC, id
LIMIT $limit
