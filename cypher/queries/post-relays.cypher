// Who carried a post on
// 某内容的关键转发节点
// Accounts by the reposts of others that hang on theirs, up to eight steps away from the post.
// parameters:
//   post: text        the post
//   limit: int = 50   rows
// columns:
//   id: text         the account
//   name: text       shown name
//   followers: int   as the platform shows it
//   reposts: int     its reposts of the post that were reposted again
//   drew: int        reposts of others below these, each counted once
// group: spread
// order: total
MATCH way = (q:Post)-[:REPOST_OF*1..8]->(r:Post {id: $post})
WHERE q.id <> $post
UNWIND nodes(way) AS x
WITH q, x.id AS relay
WHERE relay <> q.id AND relay <> $post
MATCH (a:Account)-[:POSTED]->(p:Post {id: relay})
OPTIONAL MATCH (w:Account)-[:POSTED]->(q)
WITH a, count(DISTINCT p.id) AS reposts, count(DISTINCT CASE WHEN coalesce(w.id, '') <> a.id THEN q.id END) AS drew
WHERE drew > 0
RETURN a.id AS id, a.name AS name, a.followers AS followers, reposts, drew
ORDER BY drew DESC, reposts DESC, id
LIMIT $limit
