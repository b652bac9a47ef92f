// Which communities repost which
// 圈层之间的转发流向
// parameters:
//   limit: int = 100   rows
// columns:
//   readers: text       label of the reposting community
//   reader_id: text     the reposting community
//   authors: text       label of the reposted community
//   author_id: text     the reposted community
//   accounts: int       accounts that repost across
//   reposts: int        their reposts
// group: spread
// order: total
MATCH (r:Account)-[w:REPOSTED]->(a:Account)
MATCH (r)-[:MEMBER_OF]->(c:Community)
MATCH (a)-[:MEMBER_OF]->(d:Community)
WHERE c.id <> d.id
WITH c, d, count(DISTINCT r.id) AS accounts, coalesce(sum(w.times), 0) AS reposts
RETURN c.label AS readers, c.id AS reader_id, d.label AS authors, d.id AS author_id, accounts, reposts
ORDER BY reposts DESC, reader_id, author_id
LIMIT $limit
