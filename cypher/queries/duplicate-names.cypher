// Accounts of one platform with the same name
// 同一平台的重名账号
// parameters:
//   platform: text = ''   only this platform; '' = every platform
//   limit: int = 200      rows
// columns:
//   platform: text   the platform
//   shown: text      the name, in small letters
//   accounts: int    accounts that bear it
//   id: text         one of these
//   followers: int   as the platform shows it
// group: health
// order: total
MATCH (n:Account)
WHERE n.name IS NOT NULL AND ($platform = '' OR n.platform = $platform)
WITH n.platform AS platform, toLower(trim(n.name)) AS shown, count(*) AS accounts, collect(n.id) AS ids
WHERE accounts > 1 AND shown <> ''
UNWIND ids AS one
MATCH (a:Account {id: one})
RETURN platform, shown, accounts, a.id AS id, a.followers AS followers
ORDER BY accounts DESC, platform, shown, id
LIMIT $limit
