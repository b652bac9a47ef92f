"""What every query of the library answers, in plain Python: no Cypher, no engine, no order but the one promised."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa

from kolgraph.cypher import load_query
from kolgraph.store.sync.schema import MEASURES

Answer = list[tuple[Any, ...]]
ANSWERS: dict[str, Callable[..., Answer]] = {}
DAY = 86_400_000


class World:
    """A snapshot as dictionaries: nodes by id, relations by their two ends."""

    def __init__(self, snapshot: Mapping[str, pa.Table]) -> None:
        def nodes(label: str) -> dict[str, dict[str, Any]]:
            return {row["id"]: row for row in snapshot[label].to_pylist()} if label in snapshot else {}

        def ends(name: str) -> dict[tuple[str, str], dict[str, Any]]:
            found = snapshot[name].to_pylist() if name in snapshot else []
            return {(row["src"], row["dst"]): row for row in found}

        self.accounts, self.posts, self.rings = nodes("Account"), nodes("Post"), nodes("Ring")
        self.campaigns, self.communities = nodes("Campaign"), nodes("Community")
        self.follows, self.mentions = ends("Account-FOLLOWS-Account"), ends("Account-MENTIONS-Account")
        self.reposted, self.named = ends("Account-REPOSTED-Account"), ends("Account-CO_MENTIONED-Account")
        self.tagged, self.seeds = ends("Post-TAGGED-Topic"), ends("Campaign-SEEDED_BY-Post")
        self.member, self.home = ends("Account-MEMBER_OF-Ring"), ends("Account-MEMBER_OF-Community")
        self.pushed, self.pushed_posts = ends("Ring-TARGETS-Account"), ends("Ring-TARGETS-Post")
        self.repost_of = ends("Post-REPOST_OF-Post")
        self.author = {post: account for account, post in ends("Account-POSTED-Post")}
        self.parent = dict(self.repost_of.keys())
        self.fans = group(((dst, src) for src, dst in self.follows), self.accounts)
        self.idols = group(self.follows, self.accounts)
        self.in_rings = group(self.member, self.accounts)
        self.coordinated = {a for a, r in self.member if self.rings[r]["verdict"] == "coordinated"}

    def below(self, root: str) -> dict[str, int]:
        """Post -> steps to a root, for those at most eight steps away; a post has one parent, so there is one way."""
        found = {}
        for post in self.posts.keys() - {root}:
            here, hops = post, 0
            while here != root and hops < 9:
                here, hops = self.parent.get(here, ""), hops + 1
            if hops <= 8:
                found[post] = hops
        return found

    def name(self, account: str | None) -> Any:
        """The name of an account, if there is one."""
        return self.accounts[account]["name"] if account else None

    def pick(self, **wanted: str) -> list[dict[str, Any]]:
        """Accounts with these values; '' is any."""
        return [a for a in self.accounts.values() if all(v in ("", a[k]) for k, v in wanted.items())]


def group(pairs: Iterable[tuple[str, str]], keys: Iterable[str]) -> dict[str, set[str]]:
    """First -> all its seconds, and an empty set for every key without."""
    found: dict[str, set[str]] = {key: set() for key in keys}
    for one, other in pairs:
        found[one].add(other)
    return found


def expected(world: World, query: str, **given: Any) -> Answer:
    """The rows that a query answers."""
    bound = load_query(query).bind(given)
    limit = bound.pop("limit", None)
    return ANSWERS[query](world, **bound)[:limit]


def answers(query: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Says which query a function answers."""

    def remember(function: Callable[..., Answer]) -> Callable[..., Answer]:
        ANSWERS[query] = function
        return function

    return remember


def down(*places: int, then: tuple[int, ...] = (0,)) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Sort by these columns, the greatest first and none last, then by others upwards."""
    return lambda row: (*(-(-1 if row[i] is None else row[i]) for i in places), *(row[i] for i in then))


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is known."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def total(values: Iterable[float | None]) -> Any:
    """Sum of what is known."""
    return sum(v for v in values if v is not None)


def known(values: Iterable[Any]) -> int:
    """How many are known."""
    return sum(v is not None for v in values)


def share(part: int, whole: int) -> float:
    """part / whole, 0 of nothing."""
    return part / whole if whole else 0.0


# ---------------------------------------------------------------------- accounts


@answers("account-profile")
def _(w: World, id: str) -> Answer:
    if id not in w.accounts:
        return []
    a = w.accounts[id]
    labels = [w.communities[c]["label"] for s, c in w.home if s == id]
    posts = sum(who == id and w.posts[p]["kind"] != "repost" for p, who in w.author.items())
    rings = sum(w.rings[r]["verdict"] == "coordinated" for r in w.in_rings[id])
    told = [a[k] for k in ("name", "platform", "niche", "region", "price_cny", "followers")]
    counted = [len(w.fans[id]), len(w.idols[id]), posts, min(labels, default=None), rings]
    return [(id, *told, *counted, a["pagerank"], a["reach"], a["proven"])]


@answers("top-accounts")
def _(w: World, by: str, niche: str, region: str, tier: str) -> Answer:
    columns = ("id", "name", "niche", "region", "followers", "price_cny")
    found = w.pick(niche=niche, region=region, tier=tier) if by in {*MEASURES, "followers"} else []
    return sorted(((*(a[c] for c in columns), a[by]) for a in found if a[by] is not None), key=down(-1))


@answers("candidates")
def _(
    w: World, niche: str, region: str, tier: str, max_price: float, max_ring_share: float, min_followers: int
) -> Answer:
    found = []
    for a in w.pick(niche=niche, region=region, tier=tier):
        fans = w.fans[a["id"]]
        part = share(len(fans & w.coordinated), len(fans))
        if a["price_cny"] is not None and a["price_cny"] <= max_price:
            row = (
                *(a[c] for c in ("id", "name", "niche", "region", "price_cny")),
                len(fans),
                part,
                a["reach"],
                a["proven"],
            )
            found += [row] if part <= max_ring_share and len(fans) >= min_followers else []
    return sorted(
        found, key=lambda r: (-next((moved for moved in (r[8], r[7]) if moved is not None), 0.0), -r[5], r[0])
    )


@answers("value-for-money")
def _(w: World, niche: str, tier: str) -> Answer:
    columns = ("id", "name", "niche", "tier", "price_cny", "reach")
    found = [a for a in w.pick(niche=niche, tier=tier) if a["price_cny"] is not None and (a["reach"] or 0) > 0]
    per = [a["price_cny"] / a["proven"] if (a["proven"] or 0) > 0 else None for a in found]
    rows = [
        (*(a[c] for c in columns), a["price_cny"] / a["reach"], a["proven"], price)
        for a, price in zip(found, per, strict=True)
    ]
    return sorted(rows, key=lambda r: (r[6], r[0]))


@answers("unpriced-accounts")
def _(w: World, niche: str, min_followers: int) -> Answer:
    found = [
        a
        for a in w.pick(niche=niche)
        if a["price_cny"] is None and a["followers"] is not None and a["followers"] >= min_followers
    ]
    return sorted(
        (tuple(a[c] for c in ("id", "name", "niche", "tier", "agency", "followers")) for a in found), key=down(5)
    )


def _overview(
    found: list[dict[str, Any]], by: str, numbers: Callable[[list[dict[str, Any]]], tuple[Any, ...]]
) -> Answer:
    groups = defaultdict(list)
    for a in found:
        if a[by] is not None:
            groups[a[by]].append(a)
    return [(key, len(g), known(a["price_cny"] for a in g), *numbers(g)) for key, g in groups.items()]


@answers("niche-overview")
def _(w: World, platform: str) -> Answer:
    def numbers(g: list[dict[str, Any]]) -> tuple[Any, ...]:
        means = (mean(a[name] for a in g) for name in ("price_cny", "reach", "proven"))
        return total(a["followers"] for a in g), *means

    return sorted(_overview(w.pick(platform=platform), "niche", numbers), key=down(1))


@answers("agencies")
def _(w: World, niche: str) -> Answer:
    def numbers(g: list[dict[str, Any]]) -> tuple[Any, ...]:
        return total(a["followers"] for a in g), mean(a["price_cny"] for a in g)

    return sorted(_overview(w.pick(niche=niche), "agency", numbers), key=down(1))


@answers("tier-overview")
def _(w: World, niche: str) -> Answer:
    def numbers(g: list[dict[str, Any]]) -> tuple[Any, ...]:
        least = min(a["followers"] for a in g if a["followers"] is not None)
        return least, *(mean(a[name] for a in g) for name in ("price_cny", "reach", "proven"))

    return sorted(_overview(w.pick(niche=niche), "tier", numbers), key=down(3))


# ---------------------------------------------------------------------- audiences


@answers("audience-overlap")
def _(w: World, a: str, b: str) -> Answer:
    if a == b or not {a, b} <= w.accounts.keys():
        return []
    one, other, both = len(w.fans[a]), len(w.fans[b]), len(w.fans[a] & w.fans[b])
    return [(a, b, one, other, both, share(both, one), share(both, other))]


@answers("unique-reach")
def _(w: World, ids: list[str]) -> Answer:
    fans = [w.fans[i] for i in set(ids) & w.accounts.keys()]
    whole, once = sum(map(len, fans)), len(set().union(*fans))
    return [(len(fans), whole, once, share(whole - once, whole))]


@answers("followers-of-a-not-b")
def _(w: World, a: str, b: str) -> Answer:
    found = w.fans.get(a, set()) - w.fans.get(b, set()) - {b}
    return sorted(((f, w.name(f), w.accounts[f]["followers"]) for f in found), key=down(2))


@answers("shared-targets")
def _(w: World, a: str, b: str) -> Answer:
    found = w.idols.get(a, set()) & w.idols.get(b, set()) if a != b else set()
    return sorted(((t, w.name(t), w.accounts[t]["followers"]) for t in found), key=down(2))


@answers("lookalikes")
def _(w: World, id: str, min_shared: int) -> Answer:
    own, found = w.fans.get(id, set()), []
    for b in w.accounts.keys() - {id}:
        fans = w.fans[b]
        if len(own & fans) >= max(min_shared, 1):
            told = [w.accounts[b][c] for c in ("name", "niche", "price_cny")]
            found.append((b, *told, len(fans), len(own & fans), len(own & fans) / len(own | fans)))
    return sorted(found, key=down(6, 5))


@answers("audience-regions")
def _(w: World, id: str) -> Answer:
    fans = w.fans.get(id, set())
    regions = Counter(w.accounts[f]["region"] or "" for f in fans)
    return sorted(((r, n, n / len(fans)) for r, n in regions.items()), key=down(1))


@answers("added-audience")
def _(w: World, ids: list[str], niche: str, max_price: float) -> Answer:
    reached, found = set().union(*(w.fans.get(i, set()) for i in ids)), []
    for a in w.pick(niche=niche):
        fans = w.fans[a["id"]]
        if fans and a["id"] not in ids and a["price_cny"] is not None and a["price_cny"] <= max_price:
            row = (*(a[c] for c in ("id", "name", "niche", "price_cny")), len(fans), len(fans - reached))
            found.append(row)
    return sorted(found, key=down(5, 4))


@answers("two-hop-reach")
def _(w: World, id: str) -> Answer:
    first = w.fans.get(id, set()) - {id}
    second = set().union(*(w.fans[f] for f in w.fans.get(id, set()))) - first - {id}
    return [(hops, len(found)) for hops, found in ((1, first), (2, second)) if found]


def distance(next_to: Mapping[str, set[str]], author: str, reader: str) -> Answer:
    """The fewest steps to a reader, if they are one to six."""
    seen, edge, hops = {author}, {author}, 0
    while reader not in seen and edge:
        edge = set().union(*(next_to.get(i, set()) for i in edge)) - seen
        seen, hops = seen | edge, hops + 1
    return [(author, reader, hops)] if reader in seen and 1 <= hops <= 6 else []


@answers("distance-between")
def _(w: World, author: str, reader: str) -> Answer:
    return distance(w.fans, author, reader)


@answers("relays-between")
def _(w: World, author: str, reader: str) -> Answer:
    found = []
    for x in w.idols.get(reader, set()) & w.fans.get(author, set()) - {author, reader}:
        times = w.reposted.get((x, author), {}).get("times") or 0
        found.append((x, w.name(x), w.accounts[x]["followers"], times))
    return sorted(found, key=down(3, 2))


def _crossing(w: World, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Pairs of two different communities -> the pairs of accounts between them."""
    home, found = group(w.home, w.accounts), defaultdict(list)
    for src, dst in pairs:
        for c in home[src]:
            for d in home[dst] - {c}:
                found[c, d].append((src, dst))
    return found


@answers("community-flow")
def _(w: World) -> Answer:
    label = {c: row["label"] for c, row in w.communities.items()}
    found = [(label[c], c, label[d], d, len(p)) for (c, d), p in _crossing(w, w.follows).items()]
    return sorted(found, key=down(4, then=(1, 3)))


@answers("community-reposts")
def _(w: World) -> Answer:
    found = []
    for (c, d), pairs in _crossing(w, w.reposted).items():
        times = total(w.reposted[pair]["times"] for pair in pairs)
        labels = (w.communities[c]["label"], c, w.communities[d]["label"], d)
        found.append((*labels, len({s for s, _ in pairs}), times))
    return sorted(found, key=down(5, then=(1, 3)))


@answers("bridges")
def _(w: World, min_followers: int) -> Answer:
    found, home = [], group(w.home, w.accounts)
    for a, fans in w.fans.items():
        counts = Counter(c for f in fans for c in home[f])
        counted = [n for n in counts.values() if n >= min_followers]
        found += [(a, w.name(a), len(counted), sum(counted))] if len(counted) > 1 else []
    return sorted(found, key=down(2, 3))


@answers("co-mentioned")
def _(w: World, id: str) -> Answer:
    found = []
    for (a, b), row in w.named.items():
        if id in (a, b):
            other = b if a == id else a
            found.append(
                (other, w.name(other), w.accounts[other]["niche"], *(row[c] for c in ("weight", "posts", "authors")))
            )
    return sorted(found, key=down(3))
