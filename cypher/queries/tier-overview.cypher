// Account tiers at a glance
// 各层级账号概览
// Tiers go by the followers that the platform shows; where they begin is a setting.
// parameters:
//   niche: text = ''   only this declared niche; '' = every niche
// columns:
//   tier: text             头部, 腰部, 尾部 or KOC
//   accounts: int          accounts in it
//   priced: int            of these, with a price
//   least_followers: int   fewest followers among them, as the platform shows it
//   mean_price_cny: float  mean price per forwarded post
//   mean_reach: float      mean expected real accounts reached per post
//   mean_proven: float     mean real accounts that repost a next post
// group: discovery
// order: total
MATCH (a:Account)
WHERE a.tier IS NOT NULL AND ($niche = '' OR a.niche = $niche)
RETURN a.tier AS tier, count(*) AS accounts, count(a.price_cny) AS priced, min(a.followers) AS least_followers,
       avg(a.price_cny) AS mean_price_cny, avg(a.reach) AS mean_reach, avg(a.proven) AS mean_proven
ORDER BY least_followers DESC, tier
