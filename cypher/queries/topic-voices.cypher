// Who writes about a topic
// 某话题的主要发声账号
// parameters:
//   topic: text        the topic
//   limit: int = 50    rows
// columns:
//   id: text         the author
//   name: text       shown name
//   followers: int   as the platform shows it
//   posts: int       posts with the topic
//   spread: int      posts in their repost trees
// group: discovery
// order: total
MATCH (a:Account)-[:POSTED]->(p:Post)
MATCH (p)-[:TAGGED]->(t:Topic {id: $topic})
WITH a, count(DISTINCT p.id) AS posts, coalesce(sum(p.size), 0) AS spread
RETURN a.id AS id, a.name AS name, a.followers AS followers, posts, spread
ORDER BY spread DESC, posts DESC, id
LIMIT $limit
