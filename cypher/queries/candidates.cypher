// Candidates for a booking
// 可投放账号候选
// Priced accounts that fit the brief, with the share of their audience that sits in coordinated rings. Who is proven to
// move most comes first, by reach whoever nothing is proven of.
// parameters:
//   niche: text = ''              only this declared niche; '' = every niche
//   region: text = ''             only this region; '' = every region
//   tier: text = ''               only this tier by followers; '' = every tier
//   max_price: float = 1e12       price per forwarded post at most, CNY
//   max_ring_share: float = 0.2   share of coordinated accounts among its followers at most
//   min_followers: int = 0        followers in the data at least
//   limit: int = 50               rows
// columns:
//   id: text               the account
//   name: text             shown name
//   niche: text            declared niche
//   region: text           region
//   price_cny: float       per forwarded post
//   known_followers: int   followers in the data
//   ring_share: float      of these, in coordinated rings
//   reach: float           expected real accounts reached per post
//   proven: float          real accounts that repost a next post, by what its posts did
// group: planning
// order: total
MATCH (a:Account)
WHERE ($niche = '' OR a.niche = $niche) AND ($region = '' OR a.region = $region) AND ($tier = '' OR a.tier = $tier)
  AND a.price_cny <= $max_price
OPTIONAL MATCH (f:Account)-[:FOLLOWS]->(a)
OPTIONAL MATCH (f)-[:MEMBER_OF]->(r:Ring)
WHERE r.verdict = 'coordinated'
WITH a, count(DISTINCT f.id) AS known_followers,
     count(DISTINCT CASE WHEN r.id IS NOT NULL THEN f.id END) AS coordinated
WITH a, known_followers,
     CASE WHEN known_followers = 0 THEN 0.0 ELSE 1.0 * coordinated / known_followers END AS ring_share
WHERE ring_share <= $max_ring_share AND known_followers >= $min_followers
RETURN a.id AS id, a.name AS name, a.niche AS niche, a.region AS region, a.price_cny AS price_cny,
       known_followers, ring_share, a.reach AS reach, a.proven AS proven
ORDER BY coalesce(proven, reach, 0.0) DESC, known_followers DESC, id
LIMIT $limit
