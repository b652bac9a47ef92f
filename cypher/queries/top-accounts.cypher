// Top accounts of a niche or region
// 某领域或地区的头部账号
// Highest first by one measure; accounts without that measure are left out. Inflation is the number of followers shown
// for each real account that a post moves: there the first are the worst.
// parameters:
//   by: text = 'pagerank'    pagerank, proven, reach, core, betweenness, harmonic, inflation or followers
//   niche: text = ''         only this declared niche; '' = every niche
//   region: text = ''        only this region; '' = every region
//   tier: text = ''          only this tier by followers; '' = every tier
//   limit: int = 20          rows
// columns:
//   id: text           the account
//   name: text         shown name
//   niche: text        declared niche
//   region: text       region
//   followers: int     as the platform shows it
//   price_cny: float   per forwarded post
//   score: float       the measure
// group: discovery
// order: total
MATCH (a:Account)
WHERE ($niche = '' OR a.niche = $niche) AND ($region = '' OR a.region = $region) AND ($tier = '' OR a.tier = $tier)
WITH a, CASE
    WHEN $by = 'pagerank' THEN a.pagerank
    WHEN $by = 'proven' THEN a.proven
    WHEN $by = 'reach' THEN a.reach
    WHEN $by = 'core' THEN a.core
    WHEN $by = 'betweenness' THEN a.betweenness
    WHEN $by = 'harmonic' THEN a.harmonic
    WHEN $by = 'inflation' THEN a.inflation
    WHEN $by = 'followers' THEN 1.0 * a.followers
  END AS score
WHERE score IS NOT NULL
RETURN a.id AS id, a.name AS name, a.niche AS niche, a.region AS region, a.followers AS followers,
       a.price_cny AS price_cny, score
ORDER BY score DESC, id
LIMIT $limit
