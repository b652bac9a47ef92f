// Steps between two accounts by reposts
// 两个账号之间的转发路径长度
// The shortest chain in which each account has reposted the one before it, up to six steps.
// parameters:
//   author: text   where posts start
//   reader: text   whom they reached
// columns:
//   author: text   where posts start
//   reader: text   whom they reached
//   hops: int      steps
// group: spread
// order: one row
MATCH (a:Account {id: $author})
MATCH (r:Account {id: $reader})
WHERE a.id <> r.id
MATCH p = shortestPath((r)-[:REPOSTED*1..6]->(a))
RETURN a.id AS author, r.id AS reader, length(p) AS hops
