// Posts that spread furthest
// 传播最广的帖子
// parameters:
//   author: text = ''  only posts of this account; '' = of everybody
//   topic: text = ''   only posts with this topic; '' = every topic
//   limit: int = 20    rows
// columns:
//   id: text           the post
//   author: text       its author
//   name: text         shown name of the author
//   created_ts: int    when, epoch milliseconds
//   size: int          posts in its repost tree
//   real_size: int     of these, by accounts outside coordinated rings
//   depth: int         longest chain
//   virality: float    mean distance between two posts of the tree
// group: spread
// order: total
MATCH (a:Account)-[:POSTED]->(p:Post)
WHERE p.size IS NOT NULL AND ($author = '' OR a.id = $author)
  AND ($topic = '' OR EXISTS { MATCH (p)-[:TAGGED]->(:Topic {id: $topic}) })
RETURN p.id AS id, a.id AS author, a.name AS name, p.created_ts AS created_ts, p.size AS size,
       p.real_size AS real_size, p.depth AS depth, p.virality AS virality
ORDER BY size DESC, id
LIMIT $limit
