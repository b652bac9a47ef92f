// Repost tree of a post
// 某内容的转发树
// Every repost up to eight steps away, with the post it forwarded and how that is known.
// parameters:
//   post: text          the post
//   limit: int = 1000   rows
// columns:
//   id: text          the repost
//   hops: int         steps from the post
//   parent: text      what it forwarded
//   evidence: text    how that is known: api_parent, chain, root_only, ...
//   author: text      who reposted
//   name: text        shown name
//   created_ts: int   when, epoch milliseconds
// group: spread
// order: total
MATCH way = (p:Post)-[:REPOST_OF*1..8]->(r:Post {id: $post})
WHERE p.id <> $post
MATCH (p)-[e:REPOST_OF]->(q:Post)
WITH p, q.id AS parent, e.evidence AS evidence, min(length(way)) AS hops
OPTIONAL MATCH (a:Account)-[:POSTED]->(p)
RETURN p.id AS id, hops, parent, evidence, a.id AS author, a.name AS name, p.created_ts AS created_ts
ORDER BY hops, coalesce(created_ts, 0), id
LIMIT $limit
