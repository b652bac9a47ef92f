// Who reposts an account most
// 某账号的主要转发者
// parameters:
//   id: text           the account
//   limit: int = 100   rows
// columns:
//   id: text             the reposter
//   name: text           shown name
//   times: int           reposts
//   last_ts: int         the latest, epoch milliseconds
//   follows: bool        whether it follows the account
//   coordinated: bool    whether it is in a coordinated ring
// group: spread
// order: total
MATCH (r:Account)-[w:REPOSTED]->(a:Account {id: $id})
RETURN r.id AS id, r.name AS name, w.times AS times, w.last_ts AS last_ts,
       EXISTS { MATCH (r)-[:FOLLOWS]->(a) } AS follows,
       EXISTS { MATCH (r)-[:MEMBER_OF]->(g:Ring) WHERE g.verdict = 'coordinated' } AS coordinated
ORDER BY times DESC, id
LIMIT $limit
