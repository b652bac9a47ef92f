// Agencies and their accounts
// 各机构（MCN）旗下账号
// parameters:
//   niche: text = ''   only this declared niche; '' = every niche
//   limit: int = 100   rows
// columns:
//   agency: text           the agency
//   accounts: int          accounts it runs
//   priced: int            of these, with a price
//   followers: int         summed, as the platform shows it
//   mean_price_cny: float  mean price per forwarded post
// group: discovery
// order: total
MATCH (a:Account)
WHERE a.agency IS NOT NULL AND ($niche = '' OR a.niche = $niche)
RETURN a.agency AS agency, count(*) AS accounts, count(a.price_cny) AS priced,
       coalesce(sum(a.followers), 0) AS followers, avg(a.price_cny) AS mean_price_cny
ORDER BY accounts DESC, agency
LIMIT $limit
