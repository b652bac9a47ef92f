// Accounts that were last observed long ago
// 数据过期的账号
// Measured against the newest observation in the data, so that the answer does not change with the calendar.
// parameters:
//   days: int = 30     days behind the newest observation at least
//   limit: int = 100   rows
// columns:
//   id: text           the account
//   name: text         shown name
//   followers: int     as the platform shows it
//   observed_ts: int   the latest observation, epoch milliseconds
//   behind: int        whole days behind the newest
// group: health
// order: total
MATCH (n:Account)
WITH max(n.observed_ts) AS newest
MATCH (a:Account)
WHERE newest - a.observed_ts >= $days * 86400000
RETURN a.id AS id, a.name AS name, a.followers AS followers, a.observed_ts AS observed_ts,
       (newest - a.observed_ts) / 86400000 AS behind
ORDER BY behind DESC, id
LIMIT $limit
