// Large accounts without a price
// 缺少报价的账号
// parameters:
//   niche: text = ''         only this declared niche; '' = every niche
//   min_followers: int = 0   as the platform shows it
//   limit: int = 100         rows
// columns:
//   id: text         the account
//   name: text       shown name
//   niche: text      declared niche
//   tier: text       tier by followers
//   agency: text     agency
//   followers: int   as the platform shows it
// group: planning
// order: total
MATCH (a:Account)
WHERE a.price_cny IS NULL AND a.followers >= $min_followers AND ($niche = '' OR a.niche = $niche)
RETURN a.id AS id, a.name AS name, a.niche AS niche, a.tier AS tier, a.agency AS agency, a.followers AS followers
ORDER BY followers DESC, id
LIMIT $limit
