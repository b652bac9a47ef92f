// Posts of a campaign with the size of their spread
// 某活动的内容及其传播规模
// parameters:
//   campaign: text     the campaign
//   limit: int = 100   rows
// columns:
//   id: text           the post
//   author: text       its author
//   name: text         shown name
//   created_ts: int    when, epoch milliseconds
//   size: int          posts in its repost tree
//   real_size: int     of these, by accounts outside coordinated rings
//   depth: int         longest chain
//   direct: int        direct reposts in the data
//   price_cny: float   the author's price per forwarded post
// group: spread
// order: total
MATCH (c:Campaign {id: $campaign})-[:SEEDED_BY]->(p:Post)
OPTIONAL MATCH (a:Account)-[:POSTED]->(p)
RETURN p.id AS id, a.id AS author, a.name AS name, p.created_ts AS created_ts, p.size AS size,
       p.real_size AS real_size, p.depth AS depth, COUNT { MATCH (:Post)-[:REPOST_OF]->(p) } AS direct,
       a.price_cny AS price_cny
ORDER BY coalesce(size, 0) DESC, direct DESC, id
LIMIT $limit
