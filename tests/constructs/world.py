"""The graph that every construct is asked of: eight accounts and four posts, with a circle, a loop and NULLs."""

from __future__ import annotations

import pyarrow as pa

from tests.worlds.stores import table

ACCOUNTS = [
    {
        "id": "a",
        "platform": "w",
        "name": "安",
        "followers": 1000,
        "price_cny": 500.0,
        "niche": "beauty",
        "region": "SH",
    },
    {"id": "b", "platform": "w", "name": "Bob", "followers": 800, "price_cny": 300.5, "niche": "beauty"},
    {"id": "c", "platform": "w", "name": "O'Neil", "followers": 50, "niche": "games", "region": "SH"},
    {"id": "d", "platform": "w", "followers": 40, "niche": "games"},
    {"id": "e", "platform": "w", "name": "eve"},
    {"id": "f", "platform": "w", "name": "", "followers": 0, "price_cny": 0.0},
    {"id": "g", "platform": "x", "name": " x ", "followers": 7, "price_cny": 0.1},
    {"id": "h", "platform": "x", "name": "口红💄", "followers": 7, "price_cny": 0.2},
]
#: The circle a b c, a short cut a c, a loop at d, and two followers more.
FOLLOWS = ["ab", "bc", "ca", "ac", "cd", "dd", "ea", "fa"]
POSTS = [
    {"id": "p1", "kind": "post", "created_ts": 100, "text": "新品 hello", "likes": 9},
    {"id": "p2", "kind": "repost", "created_ts": 110},
    {"id": "p3", "kind": "repost", "created_ts": 120, "likes": 1},
    {"id": "p4", "kind": "post", "created_ts": 200, "text": "hello"},
]


def snapshot() -> dict[str, pa.Table]:
    """The graph as `kolgraph.store.GraphStore.replace` takes it."""

    def pairs(*found: str) -> list[dict[str, str]]:
        return [dict(zip(("src", "dst"), pair.split(), strict=True)) for pair in found]

    follows = [
        {"src": src, "dst": dst, "weight": 0.5 * i, "since_ts": i if i % 2 else None}
        for i, (src, dst) in enumerate(FOLLOWS)
    ]
    rows = {
        "Account": ACCOUNTS,
        "Post": POSTS,
        "Topic": [{"id": "t1"}, {"id": "t2"}],
        "Ring": [{"id": "r1", "members": 2}],
        "Account-FOLLOWS-Account": follows,
        "Account-MENTIONS-Account": pairs("a b", "a d"),
        "Account-CO_MENTIONED-Account": pairs("a b", "a c", "b c"),
        "Account-POSTED-Post": pairs("a p1", "b p2", "c p3", "a p4"),
        "Post-TAGGED-Topic": pairs("p1 t1", "p1 t2", "p4 t1"),
        "Post-REPOST_OF-Post": pairs("p2 p1", "p3 p2"),
        "Account-MEMBER_OF-Ring": pairs("e r1", "f r1"),
    }
    return {name: table(name, found) for name, found in rows.items()}
