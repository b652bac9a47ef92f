// Posts pushed by rings
// 被团伙推动的内容
// parameters:
//   ring: text = ''    only this ring; '' = every ring
//   limit: int = 100   rows
// columns:
//   ring: text       the ring
//   verdict: text    coordinated, or a fan club
//   id: text         the post
//   author: text     its author
//   name: text       shown name
//   pushes: int      reposts by members of the ring
//   size: int        posts in its repost tree
//   real_size: int   of these, by accounts outside coordinated rings
// group: water-army
// order: total
MATCH (r:Ring)-[t:TARGETS]->(p:Post)
WHERE $ring = '' OR r.id = $ring
OPTIONAL MATCH (a:Account)-[:POSTED]->(p)
RETURN r.id AS ring, r.verdict AS verdict, p.id AS id, a.id AS author, a.name AS name, t.edges AS pushes,
       p.size AS size, p.real_size AS real_size
ORDER BY coalesce(pushes, 0) DESC, ring, id
LIMIT $limit
