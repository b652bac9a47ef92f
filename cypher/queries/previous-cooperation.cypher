// Who has worked with a brand before
// 与某品牌账号有过合作的账号
// Accounts that reposted or mentioned the brand, or posted in a campaign in which the brand posted too.
// parameters:
//   brand: text        the brand's account
//   limit: int = 100   rows
// columns:
//   id: text          the account
//   name: text        shown name
//   campaigns: int    campaigns with posts of both
//   reposted: int     times it reposted the brand
//   mentioned: int    times it mentioned the brand
// group: planning
// order: total
MATCH (b:Account {id: $brand})
MATCH (a:Account)
WHERE a.id <> b.id
OPTIONAL MATCH (a)-[w:REPOSTED]->(b)
OPTIONAL MATCH (a)-[m:MENTIONS]->(b)
OPTIONAL MATCH (a)-[:POSTED]->(p:Post)<-[:SEEDED_BY]-(c:Campaign)
OPTIONAL MATCH (c)-[:SEEDED_BY]->(q:Post)<-[:POSTED]-(b)
WITH a, coalesce(max(w.times), 0) AS reposted, coalesce(max(m.times), 0) AS mentioned,
     count(DISTINCT CASE WHEN q.id IS NOT NULL THEN c.id END) AS campaigns
WHERE reposted + mentioned + campaigns > 0
RETURN a.id AS id, a.name AS name, campaigns, reposted, mentioned
ORDER BY campaigns DESC, reposted DESC, mentioned DESC, id
LIMIT $limit
