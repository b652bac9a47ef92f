// Cheapest price per real account reached
// 单位真实触达成本最低的账号
// parameters:
//   niche: text = ''   only this declared niche; '' = every niche
//   tier: text = ''    only this tier; '' = every tier
//   limit: int = 50    rows
// columns:
//   id: text                 the account
//   name: text               shown name
//   niche: text              declared niche
//   tier: text               tier by followers
//   price_cny: float         per forwarded post
//   reach: float             expected real accounts reached per post
//   price_per_reach: float   CNY per real account
//   proven: float            real accounts that repost a next post, by what its posts did
//   price_per_proven: float  CNY per one of these
// group: discovery
// order: total
MATCH (a:Account)
WHERE a.price_cny IS NOT NULL AND a.reach > 0.0 AND ($niche = '' OR a.niche = $niche)
  AND ($tier = '' OR a.tier = $tier)
RETURN a.id AS id, a.name AS name, a.niche AS niche, a.tier AS tier, a.price_cny AS price_cny, a.reach AS reach,
       a.price_cny / a.reach AS price_per_reach, a.proven AS proven,
       CASE WHEN a.proven > 0.0 THEN a.price_cny / a.proven END AS price_per_proven
ORDER BY price_per_reach, id
LIMIT $limit
