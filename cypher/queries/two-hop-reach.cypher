// Accounts within two steps of following
// 两跳以内可触达的账号数
// Followers of an account, and followers of these.
// parameters:
//   id: text    the account
// columns:
//   hops: int       steps
//   accounts: int   accounts whose shortest way has that many steps
// group: audience
// order: total
MATCH (a:Account {id: $id})
MATCH p = (f:Account)-[:FOLLOWS*1..2]->(a)
WHERE f.id <> a.id
WITH f.id AS follower, min(length(p)) AS hops
RETURN hops, count(*) AS accounts
ORDER BY hops
