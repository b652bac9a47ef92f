// Who seems to have bought followers
// 疑似购买粉丝的账号
// Accounts by the share of coordinated rings among their followers, and whether a ring is known to push them.
// parameters:
//   min_followers: int = 1   only accounts with that many followers in the data
//   limit: int = 50          rows
// columns:
//   id: text               the account
//   name: text             shown name
//   tier: text             tier by followers
//   price_cny: float       per forwarded post
//   known_followers: int   followers in the data
//   coordinated: int       of these, in coordinated rings
//   share: float           coordinated / known_followers
//   rings: int             coordinated rings these are in
//   pushed: bool           whether a coordinated ring has it as a target
// group: water-army
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account)
OPTIONAL MATCH (f)-[:MEMBER_OF]->(r:Ring)
WHERE r.verdict = 'coordinated'
WITH a, count(DISTINCT f.id) AS known_followers, count(DISTINCT r.id) AS rings,
     count(DISTINCT CASE WHEN r.id IS NOT NULL THEN f.id END) AS coordinated
WHERE coordinated > 0 AND known_followers >= $min_followers
RETURN a.id AS id, a.name AS name, a.tier AS tier, a.price_cny AS price_cny, known_followers, coordinated,
       1.0 * coordinated / known_followers AS share, rings,
       EXISTS { MATCH (g:Ring)-[:TARGETS]->(a) WHERE g.verdict = 'coordinated' } AS pushed
ORDER BY share DESC, coordinated DESC, id
LIMIT $limit
