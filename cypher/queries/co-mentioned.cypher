// Accounts named together with an account
// 与某账号共同被提及的账号
// parameters:
//   id: text          the account
//   limit: int = 50   rows
// columns:
//   id: text         named in the same posts
//   name: text       shown name
//   niche: text      declared niche
//   weight: float    sum of 1/(k-1) over posts that name k accounts
//   posts: int       posts that name both
//   authors: int     distinct authors of these
// group: discovery
// order: total
MATCH (a:Account {id: $id})-[m:CO_MENTIONED]-(b:Account)
RETURN b.id AS id, b.name AS name, b.niche AS niche, m.weight AS weight, m.posts AS posts, m.authors AS authors
ORDER BY weight DESC, id
LIMIT $limit
