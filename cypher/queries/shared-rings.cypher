// Rings that two clients share
// 同时推动两个账号的团伙
// A ring pushes an account by following it or by reposting its posts.
// parameters:
//   a: text           one account
//   b: text           another account
//   limit: int = 50   rows
// columns:
//   id: text        the ring
//   verdict: text   coordinated, or a fan club
//   members: int    accounts in it
//   pushed_a: int   the first account itself and posts of it that the ring pushes
//   pushed_b: int   the same of the second
//   bits: float     evidence against chance
// group: water-army
// order: total
MATCH (r:Ring)
WHERE $a <> $b
WITH r, COUNT { MATCH (r)-[:TARGETS]->(:Account {id: $a}) } AS account_a,
     COUNT { MATCH (r)-[:TARGETS]->(:Post)<-[:POSTED]-(:Account {id: $a}) } AS posts_a,
     COUNT { MATCH (r)-[:TARGETS]->(:Account {id: $b}) } AS account_b,
     COUNT { MATCH (r)-[:TARGETS]->(:Post)<-[:POSTED]-(:Account {id: $b}) } AS posts_b
WHERE account_a + posts_a > 0 AND account_b + posts_b > 0
RETURN r.id AS id, r.verdict AS verdict, r.members AS members, account_a + posts_a AS pushed_a,
       account_b + posts_b AS pushed_b, r.bits AS bits
ORDER BY coalesce(bits, -1.0) DESC, id
LIMIT $limit
