// Where the followers of an account live
// 粉丝的地区分布
// parameters:
//   id: text    the account
// columns:
//   region: text     region as followers declare it; '' = not known
//   followers: int   followers in the data
//   share: float     of all followers in the data
// group: audience
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account {id: $id})
WITH coalesce(f.region, '') AS region, count(DISTINCT f.id) AS followers
RETURN region, followers, 1.0 * followers / COUNT { MATCH (:Account)-[:FOLLOWS]->(:Account {id: $id}) } AS share
ORDER BY followers DESC, region
