// Steps from an author to a reader
// 作者到读者的传播距离
// The shortest chain of follow relations along which a post can travel, up to six steps.
// parameters:
//   author: text   where the post starts
//   reader: text   whom it should reach
// columns:
//   author: text   where the post starts
//   reader: text   whom it should reach
//   hops: int      steps
// group: audience
// order: one row
MATCH (a:Account {id: $author})
MATCH (r:Account {id: $reader})
WHERE a.id <> r.id
MATCH p = shortestPath((r)-[:FOLLOWS*1..6]->(a))
RETURN a.id AS author, r.id AS reader, length(p) AS hops
