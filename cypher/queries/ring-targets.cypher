// Accounts pushed by rings: who may have bought followers
// 被团伙推动的账号：疑似买粉者
// parameters:
//   ring: text = ''    only this ring; '' = every ring
//   limit: int = 100   rows
// columns:
//   ring: text             the ring
//   verdict: text          coordinated, or a fan club
//   id: text               the account it pushes
//   name: text             shown name
//   pushes: int            relations from members of the ring
//   known_followers: int   followers in the data
// group: water-army
// order: total
MATCH (r:Ring)-[t:TARGETS]->(a:Account)
WHERE $ring = '' OR r.id = $ring
RETURN r.id AS ring, r.verdict AS verdict, a.id AS id, a.name AS name, t.edges AS pushes,
       COUNT { MATCH (:Account)-[:FOLLOWS]->(a) } AS known_followers
ORDER BY coalesce(pushes, 0) DESC, ring, id
LIMIT $limit
