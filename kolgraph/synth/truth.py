"""What really happened in a sample world, as tables of ids: the key to the exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kolgraph.synth.cascades import KINDS, Posts, Reposts
from kolgraph.synth.exports import campaign_topic, take, text_column
from kolgraph.synth.follows import Follows
from kolgraph.synth.people import People
from kolgraph.synth.words import NICHES, TIERS, Ix

if TYPE_CHECKING:
    import pandas as pd


def planted(
    people: People,
    follows: Follows,
    p: NDArray[np.float64],
    posts: Posts,
    reposts: Reposts,
    frames: Mapping[str, pd.DataFrame],
) -> dict[str, pd.DataFrame]:
    """The truth tables that `World` describes."""
    import pandas as pd

    ids = frames["accounts"]["account"]
    real = np.flatnonzero(~people.bots)
    verticals = text_column(np.array(list(NICHES), dtype=object))
    tiers = text_column(np.array(TIERS, dtype=object))
    shapes = [(i, ring.members.size, ring.targets.size, ring.density) for i, ring in enumerate(people.rings)]
    return {
        "rings": _roles(ids, "ring", (({"member": ring.members, "target": ring.targets}) for ring in people.rings)),
        "ring_shapes": pd.DataFrame(shapes, columns=["ring", "members", "targets", "density"]),
        "bought": _bought(people, follows, ids),
        "fan_clubs": _roles(
            ids,
            "club",
            ({"idol": np.array([club.idol]), "related": club.related, "fan": club.fans} for club in people.clubs),
        ),
        "niches": pd.DataFrame({"account": take(ids, real), "niche": take(verticals, people.niche[real])}),
        "kols": pd.DataFrame(
            {
                "account": take(ids, people.kols),
                "niche": take(verticals, people.kol_niche),
                "tier": take(tiers, people.kol_tier),
            }
        ),
        "real": pd.DataFrame({"account": ids, "is_real": ~people.bots}),
        "probabilities": pd.DataFrame({"account": ids, "p_repost": p}),
        "campaigns": _campaigns(posts, frames["posts"]),
        "cascades": _cascades(posts, reposts, ids, frames),
    }


def found_by(strangers: NDArray[np.float64], posts: Posts, ids: pd.Series) -> pd.DataFrame:
    """Mean number of strangers that find a post of each author."""
    import pandas as pd

    authors = np.unique(posts.author)
    return pd.DataFrame({"account": take(ids, authors), "strangers": strangers[authors]})


def _roles(ids: pd.Series, label: str, groups: Iterable[Mapping[str, Ix]]) -> pd.DataFrame:
    """One row per group, account and role."""
    import pandas as pd

    parts = [
        pd.DataFrame({label: number, "account": take(ids, rows), "role": role})
        for number, group in enumerate(groups)
        for role, rows in group.items()
    ]
    empty = pd.DataFrame({label: np.empty(0, np.int64), "account": ids.iloc[:0], "role": ids.iloc[:0]})
    return pd.concat(parts, ignore_index=True) if parts else empty


def _bought(people: People, follows: Follows, ids: pd.Series) -> pd.DataFrame:
    """Clients with the followers their rings delivered; a camouflage follow was not paid for and does not count."""
    import pandas as pd

    ring_of = np.full(people.n, -1)
    for number, ring in enumerate(people.rings):
        ring_of[ring.members] = number
    sold = np.zeros(people.n, np.int64)
    by_bot = np.flatnonzero(ring_of[follows.src] >= 0)
    for number, ring in enumerate(people.rings):
        delivered = np.bincount(follows.dst[by_bot[ring_of[follows.src[by_bot]] == number]], minlength=people.n)
        sold[ring.targets] += delivered[ring.targets]
    clients = np.flatnonzero(sold)
    followers = np.bincount(follows.dst, minlength=people.n)[clients]
    return pd.DataFrame(
        {
            "account": take(ids, clients),
            "bought_followers": sold[clients],
            "followers": followers,
            "bought_share": sold[clients] / followers,
        }
    )


def _campaigns(posts: Posts, frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows = np.flatnonzero(posts.campaign >= 0)
    rows = rows[np.argsort(posts.campaign[rows], kind="stable")]
    numbers = posts.campaign[rows]
    return pd.DataFrame(
        {
            "campaign": numbers,
            "topic": text_column(np.array([campaign_topic(number) for number in numbers.tolist()], dtype=object)),
            "post": take(frame["post"], rows),
            "account": take(frame["author"], rows),
        }
    )


def _cascades(posts: Posts, reposts: Reposts, ids: pd.Series, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The true tree: whom each repost came from, how deep it lies and whether somebody paid for it."""
    import pandas as pd

    table, direct = frames["reposts"], reposts.parent < 0
    sender = np.where(direct, posts.author[reposts.root], reposts.who[reposts.parent])
    before = np.where(direct, posts.time[reposts.root], reposts.time[reposts.parent])
    return pd.DataFrame(
        {
            "repost": table["post"],
            "account": table["src"],
            "parent_post": table["parent"].where(~direct, table["root"]),
            "parent_account": take(ids, sender),
            "root": table["root"],
            "depth": reposts.depth,
            "delay_ms": reposts.time - before,
            "kind": take(text_column(np.array(KINDS, dtype=object)), reposts.kind),
        }
    )
