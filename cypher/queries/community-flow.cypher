// Which communities follow which
// 圈层之间的关注流向
// parameters:
//   limit: int = 100   rows
// columns:
//   readers: text       label of the following community
//   reader_id: text     the following community
//   authors: text       label of the followed community
//   author_id: text     the followed community
//   follows: int        follow relations between them
// group: audience
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account)
MATCH (f)-[:MEMBER_OF]->(c:Community)
MATCH (a)-[:MEMBER_OF]->(d:Community)
WHERE c.id <> d.id
RETURN c.label AS readers, c.id AS reader_id, d.label AS authors, d.id AS author_id, count(*) AS follows
ORDER BY follows DESC, reader_id, author_id
LIMIT $limit
