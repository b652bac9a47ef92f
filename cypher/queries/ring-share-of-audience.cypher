// Share of an audience that sits in coordinated rings
// 受众中水军团伙的占比
// parameters:
//   ids: texts = []            these accounts; none = every account
//   min_followers: int = 1     only accounts with that many followers in the data
//   limit: int = 100           rows
// columns:
//   id: text               the account
//   name: text             shown name
//   known_followers: int   followers in the data
//   coordinated: int       of these, members of a coordinated ring
//   share: float           coordinated / known_followers
// group: audience
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account)
WHERE size($ids) = 0 OR a.id IN $ids
OPTIONAL MATCH (f)-[:MEMBER_OF]->(r:Ring)
WHERE r.verdict = 'coordinated'
WITH a, count(DISTINCT f.id) AS known_followers,
     count(DISTINCT CASE WHEN r.id IS NOT NULL THEN f.id END) AS coordinated
WHERE known_followers >= $min_followers
RETURN a.id AS id, a.name AS name, known_followers, coordinated, 1.0 * coordinated / known_followers AS share
ORDER BY share DESC, known_followers DESC, id
LIMIT $limit
