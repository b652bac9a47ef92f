// Campaigns and how far they spread
// 各营销活动的传播规模
// parameters:
//   limit: int = 100   rows
// columns:
//   id: text           the campaign
//   name: text         its name
//   posts: int         posts that started it
//   authors: int       accounts that wrote these
//   spread: int        posts in their repost trees
//   real_spread: int   of these, by accounts outside coordinated rings
// group: spread
// order: total
MATCH (c:Campaign)-[:SEEDED_BY]->(p:Post)
OPTIONAL MATCH (a:Account)-[:POSTED]->(p)
WITH c, count(DISTINCT p.id) AS posts, count(DISTINCT a.id) AS authors, coalesce(sum(p.size), 0) AS spread,
     coalesce(sum(p.real_size), 0) AS real_spread
RETURN c.id AS id, c.name AS name, posts, authors, spread, real_spread
ORDER BY spread DESC, id
LIMIT $limit
