// What each further account adds to those already booked
// 在已选账号之外能带来的新增受众
// Priced accounts, by the followers whom none of the booked ones reaches.
// parameters:
//   ids: texts                booked already
//   niche: text = ''          only this declared niche; '' = every niche
//   max_price: float = 1e12   price per forwarded post at most, CNY
//   limit: int = 50           rows
// columns:
//   id: text               the account
//   name: text             shown name
//   niche: text            declared niche
//   price_cny: float       per forwarded post
//   known_followers: int   followers in the data
//   added: int             of these, followers of none of the booked
// group: planning
// order: total
MATCH (f:Account)-[:FOLLOWS]->(a:Account)
WHERE NOT a.id IN $ids AND a.price_cny <= $max_price AND ($niche = '' OR a.niche = $niche)
OPTIONAL MATCH (f)-[:FOLLOWS]->(b:Account)
WHERE b.id IN $ids
WITH a, count(DISTINCT f.id) AS known_followers,
     count(DISTINCT CASE WHEN b.id IS NOT NULL THEN f.id END) AS reached
RETURN a.id AS id, a.name AS name, a.niche AS niche, a.price_cny AS price_cny, known_followers,
       known_followers - reached AS added
ORDER BY added DESC, known_followers DESC, id
LIMIT $limit
