// Rings found, strongest evidence first
// 已发现的团伙，按证据强度排序
// parameters:
//   verdict: text = ''   only this verdict; '' = every verdict
//   limit: int = 50      rows
// columns:
//   id: text         the ring
//   relation: text   what its members do together
//   verdict: text    coordinated, or a fan club
//   members: int     accounts in it
//   targets: int     accounts or posts it pushes
//   density: float   share of possible member-target pairs that exist
//   bits: float      evidence against chance
// group: water-army
// order: total
MATCH (r:Ring)
WHERE $verdict = '' OR r.verdict = $verdict
RETURN r.id AS id, r.relation AS relation, r.verdict AS verdict, r.members AS members, r.targets AS targets,
       r.density AS density, r.bits AS bits
ORDER BY coalesce(bits, -1.0) DESC, id
LIMIT $limit
