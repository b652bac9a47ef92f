// Unique followers of several accounts together
// 多个账号去重后的受众规模
// parameters:
//   ids: texts    the accounts
// columns:
//   accounts: int      accounts found
//   total: int         followers in the data, counted once per account
//   once: int          followers counted once
//   duplicated: float  share of the total that is counted more than once
// group: audience
// order: one row
MATCH (a:Account)
WHERE a.id IN $ids
OPTIONAL MATCH (f:Account)-[:FOLLOWS]->(a)
WITH count(DISTINCT a.id) AS accounts, count(f.id) AS total, count(DISTINCT f.id) AS once
RETURN accounts, total, once, CASE WHEN total = 0 THEN 0.0 ELSE 1.0 * (total - once) / total END AS duplicated
