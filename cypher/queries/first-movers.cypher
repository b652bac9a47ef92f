// Who reposted a post first
// 某内容的首批转发者
// parameters:
//   post: text        the post
//   limit: int = 20   rows
// columns:
//   id: text             the account
//   name: text           shown name
//   followers: int       as the platform shows it
//   first_ts: int        its first repost, epoch milliseconds
//   delay_ms: int        after the post, milliseconds
//   reposts: int         its reposts of the post
//   coordinated: bool    whether it is in a coordinated ring
// group: spread
// order: total
MATCH (p:Post)-[:REPOST_OF*1..8]->(r:Post {id: $post})
WHERE p.id <> $post AND p.created_ts IS NOT NULL
MATCH (a:Account)-[:POSTED]->(p)
WITH a, r, min(p.created_ts) AS first_ts, count(DISTINCT p.id) AS reposts
RETURN a.id AS id, a.name AS name, a.followers AS followers, first_ts, first_ts - r.created_ts AS delay_ms, reposts,
       EXISTS { MATCH (a)-[:MEMBER_OF]->(g:Ring) WHERE g.verdict = 'coordinated' } AS coordinated
ORDER BY first_ts, id
LIMIT $limit
