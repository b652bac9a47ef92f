// Repost tree of a campaign, level by level
// 某活动的转发层级
// Every post that started it, with the reposts one, two, ... steps away, up to eight.
// parameters:
//   campaign: text    the campaign
// columns:
//   post: text      the post that started it
//   hops: int       steps from it
//   reposts: int    reposts that far away
//   accounts: int   accounts that wrote these
// group: spread
// order: total
MATCH (c:Campaign {id: $campaign})-[:SEEDED_BY]->(r:Post)
MATCH way = (p:Post)-[:REPOST_OF*1..8]->(r)
WHERE p.id <> r.id
WITH r, p, min(length(way)) AS hops
OPTIONAL MATCH (a:Account)-[:POSTED]->(p)
RETURN r.id AS post, hops, count(DISTINCT p.id) AS reposts, count(DISTINCT a.id) AS accounts
ORDER BY post, hops
