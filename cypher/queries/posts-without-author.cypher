// Posts whose author is not known
// 作者未知的内容
// parameters:
//   limit: int = 100   rows
// columns:
//   id: text          the post
//   kind: text        post, repost or quote; none = only others speak of it
//   created_ts: int   when, epoch milliseconds
//   reposts: int      direct reposts in the data
// group: health
// order: total
MATCH (p:Post)
WHERE NOT EXISTS { MATCH (:Account)-[:POSTED]->(p) }
RETURN p.id AS id, p.kind AS kind, p.created_ts AS created_ts, COUNT { MATCH (:Post)-[:REPOST_OF]->(p) } AS reposts
ORDER BY reposts DESC, id
LIMIT $limit
