// Declared niches at a glance
// 各领域概览
// parameters:
//   platform: text = ''   only this platform; '' = every platform
// columns:
//   niche: text            declared niche
//   accounts: int          accounts in it
//   priced: int            of these, with a price
//   followers: int         summed, as the platform shows it
//   mean_price_cny: float  mean price per forwarded post
//   mean_reach: float      mean expected real accounts reached per post
//   mean_proven: float     mean real accounts that repost a next post
// group: discovery
// order: total
MATCH (a:Account)
WHERE a.niche IS NOT NULL AND ($platform = '' OR a.platform = $platform)
RETURN a.niche AS niche, count(*) AS accounts, count(a.price_cny) AS priced,
       coalesce(sum(a.followers), 0) AS followers, avg(a.price_cny) AS mean_price_cny, avg(a.reach) AS mean_reach,
       avg(a.proven) AS mean_proven
ORDER BY accounts DESC, niche
