// Profile of one account
// 单个账号画像
// parameters:
//   id: text    the account
// columns:
//   id: text                the account
//   name: text              shown name
//   platform: text          platform
//   niche: text             declared niche
//   region: text            region
//   price_cny: float        per forwarded post
//   followers: int          as the platform shows it
//   known_followers: int    followers in the data
//   known_followings: int   accounts it follows in the data
//   posts: int              posts in the data that are no reposts
//   community: text         label of its community
//   rings: int              coordinated rings it is a member of
//   pagerank: float         PageRank
//   reach: float            expected real accounts reached per post
//   proven: float           real accounts that repost a next post, by what its posts did
// group: discovery
// order: one row
MATCH (a:Account {id: $id})
OPTIONAL MATCH (a)-[:MEMBER_OF]->(c:Community)
WITH a, min(c.label) AS community
RETURN a.id AS id, a.name AS name, a.platform AS platform, a.niche AS niche, a.region AS region,
       a.price_cny AS price_cny, a.followers AS followers,
       COUNT { MATCH (:Account)-[:FOLLOWS]->(a) } AS known_followers,
       COUNT { MATCH (a)-[:FOLLOWS]->(:Account) } AS known_followings,
       COUNT { MATCH (a)-[:POSTED]->(p:Post) WHERE coalesce(p.kind, 'post') <> 'repost' } AS posts,
       community,
       COUNT { MATCH (a)-[:MEMBER_OF]->(r:Ring) WHERE r.verdict = 'coordinated' } AS rings,
       a.pagerank AS pagerank, a.reach AS reach, a.proven AS proven
