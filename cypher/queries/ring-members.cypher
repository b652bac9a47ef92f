// Members of a ring
// 团伙成员
// parameters:
//   ring: text         the ring
//   limit: int = 1000  rows
// columns:
//   id: text         the account
//   name: text       shown name
//   niche: text      declared niche
//   followers: int   as the platform shows it
//   rings: int       rings it is in, this one included
// group: water-army
// order: total
MATCH (a:Account)-[:MEMBER_OF]->(r:Ring {id: $ring})
RETURN a.id AS id, a.name AS name, a.niche AS niche, a.followers AS followers,
       COUNT { MATCH (a)-[:MEMBER_OF]->(:Ring) } AS rings
ORDER BY rings DESC, id
LIMIT $limit
