"""The second half of `tests.worlds.oracle`: water army, spread, planning and health."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.worlds.oracle import ANSWERS, DAY, Answer, World, answers, distance, down, expected, group, share, total

__all__ = ["ANSWERS", "World", "expected"]

# ---------------------------------------------------------------------- water army


@answers("rings")
def _(w: World, verdict: str) -> Answer:
    columns = ("id", "relation", "verdict", "members", "targets", "density", "bits")
    return sorted(
        (tuple(r[c] for c in columns) for r in w.rings.values() if verdict in ("", r["verdict"])), key=down(6)
    )


@answers("ring-members")
def _(w: World, ring: str) -> Answer:
    told = {a: [w.accounts[a][c] for c in ("name", "niche", "followers")] for a, r in w.member if r == ring}
    return sorted(((a, *row, len(w.in_rings[a])) for a, row in told.items()), key=down(4))


@answers("ring-targets")
def _(w: World, ring: str) -> Answer:
    found = [
        (r, w.rings[r]["verdict"], a, w.name(a), row["edges"], len(w.fans[a]))
        for (r, a), row in w.pushed.items()
        if ring in ("", r)
    ]
    return sorted(found, key=lambda row: (-(row[4] or 0), row[0], row[2]))


@answers("pushed-posts")
def _(w: World, ring: str) -> Answer:
    found = []
    for (r, p), row in w.pushed_posts.items():
        author, post = w.author.get(p), w.posts[p]
        told = (r, w.rings[r]["verdict"], p, author, w.name(author), row["edges"], post["size"], post["real_size"])
        found += [told] if ring in ("", r) else []
    return sorted(found, key=lambda row: (-(row[5] or 0), row[0], row[2]))


@answers("shared-rings")
def _(w: World, a: str, b: str) -> Answer:
    def pushes(ring: str, account: str) -> int:
        posts = sum(r == ring and w.author.get(p) == account for r, p in w.pushed_posts)
        return ((ring, account) in w.pushed) + posts

    found = [
        (r, row["verdict"], row["members"], pushes(r, a), pushes(r, b), row["bits"])
        for r, row in w.rings.items()
        if a != b and pushes(r, a) and pushes(r, b)
    ]
    return sorted(found, key=down(5))


@answers("ring-share-of-audience")
def _(w: World, ids: list[str], min_followers: int) -> Answer:
    found = []
    for a, fans in w.fans.items():
        bad = len(fans & w.coordinated)
        if fans and len(fans) >= min_followers and (not ids or a in ids):
            found.append((a, w.name(a), len(fans), bad, bad / len(fans)))
    return sorted(found, key=down(4, 2))


@answers("suspected-buyers")
def _(w: World, min_followers: int) -> Answer:
    bought, found = {a for r, a in w.pushed if w.rings[r]["verdict"] == "coordinated"}, []
    for a, fans in w.fans.items():
        bad = fans & w.coordinated
        rings = {r for f in bad for r in w.in_rings[f] if w.rings[r]["verdict"] == "coordinated"}
        if bad and len(fans) >= min_followers:
            told = [w.accounts[a][c] for c in ("name", "tier", "price_cny")]
            found.append((a, *told, len(fans), len(bad), len(bad) / len(fans), len(rings), a in bought))
    return sorted(found, key=down(6, 5))


# ---------------------------------------------------------------------- spread


@answers("reposters-of")
def _(w: World, id: str) -> Answer:
    found = [
        (s, w.name(s), row["times"], row["last_ts"], (s, id) in w.follows, s in w.coordinated)
        for (s, d), row in w.reposted.items()
        if d == id
    ]
    return sorted(found, key=down(2))


@answers("repost-distance")
def _(w: World, author: str, reader: str) -> Answer:
    return distance(group(((d, s) for s, d in w.reposted), w.accounts), author, reader)


@answers("biggest-cascades")
def _(w: World, author: str, topic: str) -> Answer:
    found = []
    for p, who in w.author.items():
        post = w.posts[p]
        if post["size"] is not None and author in ("", who) and (not topic or (p, topic) in w.tagged):
            found.append(
                (p, who, w.name(who), *(post[c] for c in ("created_ts", "size", "real_size", "depth", "virality")))
            )
    return sorted(found, key=down(4))


@answers("topic-voices")
def _(w: World, topic: str) -> Answer:
    found = defaultdict(list)
    for p, t in w.tagged:
        if t == topic and p in w.author:
            found[w.author[p]].append(w.posts[p]["size"])
    rows = [(a, w.name(a), w.accounts[a]["followers"], len(sizes), total(sizes)) for a, sizes in found.items()]
    return sorted(rows, key=down(4, 3))


def _seeds(w: World, campaign: str) -> list[str]:
    return [p for c, p in w.seeds if c == campaign]


@answers("campaigns")
def _(w: World) -> Answer:
    found = []
    for c, row in w.campaigns.items():
        if posts := _seeds(w, c):
            sums = [total(w.posts[p][k] for p in posts) for k in ("size", "real_size")]
            found.append((c, row["name"], len(posts), len({w.author[p] for p in posts if p in w.author}), *sums))
    return sorted(found, key=down(4))


@answers("campaign-posts")
def _(w: World, campaign: str) -> Answer:
    found = []
    for p in _seeds(w, campaign):
        author, told = w.author.get(p), [w.posts[p][c] for c in ("created_ts", "size", "real_size", "depth")]
        price = w.accounts[author]["price_cny"] if author else None
        found.append((p, author, w.name(author), *told, sum(d == p for _, d in w.repost_of), price))
    return sorted(found, key=lambda row: (-(row[4] or 0), -row[7], row[0]))


@answers("campaign-tree")
def _(w: World, campaign: str) -> Answer:
    found = []
    for root in _seeds(w, campaign):
        below = w.below(root)
        for hops in set(below.values()):
            level = [p for p, h in below.items() if h == hops]
            found.append((root, hops, len(level), len({w.author[p] for p in level if p in w.author})))
    return sorted(found)


@answers("post-tree")
def _(w: World, post: str) -> Answer:
    found = []
    for p, hops in w.below(post).items():
        author, up = w.author.get(p), w.parent[p]
        found.append((p, hops, up, w.repost_of[p, up]["evidence"], author, w.name(author), w.posts[p]["created_ts"]))
    return sorted(found, key=lambda row: (row[1], row[6] or 0, row[0]))


@answers("post-relays")
def _(w: World, post: str) -> Answer:
    mine: dict[str, set[str]] = defaultdict(set)
    drew: dict[str, set[str]] = defaultdict(set)
    for q in w.posts.keys() - {post}:
        here, way, relays = q, [q], set[str]()
        while len(way) <= 8 and here in w.parent and here not in way[:-1]:
            here = w.parent[here]
            relays |= set(way[1:]) if here == post else set()  # a circle of reposts may come by again
            way.append(here)
        for p in relays & w.author.keys() - {q, post}:
            mine[w.author[p]].add(p)
            drew[w.author[p]] |= {q} if w.author.get(q) != w.author[p] else set()
    found = [(a, w.name(a), w.accounts[a]["followers"], len(mine[a]), len(q)) for a, q in drew.items() if q]
    return sorted(found, key=down(4, 3))


@answers("first-movers")
def _(w: World, post: str) -> Answer:
    times: dict[str, list[int]] = defaultdict(list)
    for p in w.below(post).keys() & w.author.keys():
        times[w.author[p]] += [w.posts[p]["created_ts"]] if w.posts[p]["created_ts"] is not None else []
    found = []
    for a, at in times.items():
        start = w.posts[post]["created_ts"]
        if at:
            delay = min(at) - start if start is not None else None
            found.append((a, w.name(a), w.accounts[a]["followers"], min(at), delay, len(at), a in w.coordinated))
    return sorted(found, key=lambda row: (row[3], row[0]))


# ---------------------------------------------------------------------- planning


@answers("plan-conflicts")
def _(w: World, ids: list[str], min_share: float) -> Answer:
    found, chosen = [], sorted(set(ids) & w.accounts.keys())
    for i, a in enumerate(chosen):
        for b in chosen[i + 1 :]:
            both = len(w.fans[a] & w.fans[b])
            part = share(both, min(len(w.fans[a]), len(w.fans[b])))
            agency = w.accounts[a]["agency"]
            same = agency is not None and agency == w.accounts[b]["agency"]
            found += [(a, w.name(a), b, w.name(b), both, part, same)] if part >= min_share or same else []
    return sorted(found, key=down(5, 4, then=(0, 2)))


@answers("previous-cooperation")
def _(w: World, brand: str) -> Answer:
    found = []
    theirs = {c for c, p in w.seeds if w.author.get(p) == brand}
    for a in w.accounts.keys() - {brand} if brand in w.accounts else ():
        campaigns = len({c for c, p in w.seeds if w.author.get(p) == a} & theirs)
        times = [relation.get((a, brand), {}).get("times") or 0 for relation in (w.reposted, w.mentions)]
        found += [(a, w.name(a), campaigns, *times)] if campaigns or any(times) else []
    return sorted(found, key=down(2, 3, 4))


# ---------------------------------------------------------------------- health


@answers("orphans")
def _(w: World, platform: str) -> Answer:
    related = {a for relation in (w.follows, w.reposted, w.mentions) for pair in relation for a in pair}
    found = [a for a in w.pick(platform=platform) if a["id"] not in related | set(w.author.values())]
    return sorted(((a["id"], a["name"], a["followers"]) for a in found), key=down(2))


@answers("posts-without-author")
def _(w: World) -> Answer:
    direct = Counter(d for _, d in w.repost_of)
    found = [(p, row["kind"], row["created_ts"], direct[p]) for p, row in w.posts.items() if p not in w.author]
    return sorted(found, key=down(3))


@answers("duplicate-names")
def _(w: World, platform: str) -> Answer:
    groups = defaultdict(list)
    for a in w.pick(platform=platform):
        if (a["name"] or "").strip():
            groups[a["platform"], a["name"].strip().lower()].append(a)
    many = {key: g for key, g in groups.items() if len(g) > 1}
    found = [(*key, len(g), a["id"], a["followers"]) for key, g in many.items() for a in g]
    return sorted(found, key=down(2, then=(0, 1, 3)))


@answers("stale-accounts")
def _(w: World, days: int) -> Answer:
    seen = {i: a["observed_ts"] for i, a in w.accounts.items() if a["observed_ts"] is not None}
    behind = {i: max(seen.values()) - ts for i, ts in seen.items()}
    found = [
        (i, w.name(i), w.accounts[i]["followers"], seen[i], late // DAY)
        for i, late in behind.items()
        if late >= days * DAY
    ]
    return sorted(found, key=down(4))
