"""From rows to exports: ids, screen names, prices, sentences, chains; what an analyst would be handed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kolgraph.synth.cascades import RING, Posts, Reposts
from kolgraph.synth.follows import BASE_MS, DAY_MS, Follows
from kolgraph.synth.people import People
from kolgraph.synth.words import (
    BRANDS,
    HOSTILE_NAMES,
    NICHES,
    REGIONS,
    Ix,
    Text,
    post_texts,
    repost_words,
    screen_names,
    topics_of,
)

if TYPE_CHECKING:
    import pandas as pd

#: When every profile was seen: long after the last repost.
OBSERVED_MS = BASE_MS + 60 * DAY_MS


def exports(
    rng: np.random.Generator, people: People, follows: Follows, posts: Posts, reposts: Reposts
) -> dict[str, pd.DataFrame]:
    """The tables ``accounts``, ``follows``, ``posts`` and ``reposts`` of a World, in row order of the arrays."""
    import pandas as pd

    step = max(2, 8_000_000_000 // people.n)
    ids = text_column(1_000_000_000 + np.cumsum(rng.integers(1, step, people.n)))
    # 16-digit ids that rise with time, originals and reposts alike.
    when = np.concatenate([posts.time, reposts.time])
    rising = np.empty(when.size, np.int64)
    rising[np.argsort(when, kind="stable")] = 5_100_000_000_000_000 + np.cumsum(rng.integers(1, 1 << 20, when.size))
    post_ids = text_column(rising[: posts.time.size])
    repost_ids = text_column(rising[posts.time.size :])

    names = screen_names(rng, people.n, people.kols, people.kol_niche)
    topic = topics(rng, people, posts)
    sentences = post_texts(rng, topic, _mentions(rng, people, names, posts))
    words = repost_words(rng, reposts.kind == RING)
    reposted = np.bincount(reposts.root, minlength=posts.author.size)
    return {
        "accounts": _accounts(rng, people, follows, ids, names),
        "follows": pd.DataFrame({"src": take(ids, follows.src), "dst": take(ids, follows.dst), "since": follows.since}),
        "posts": pd.DataFrame(
            {
                "post": post_ids,
                "author": take(ids, posts.author),
                "time": posts.time,
                "text": text_column(sentences),
                "likes": rng.poisson(2 + 3 * reposted),
            }
        ),
        "reposts": pd.DataFrame(
            {
                "post": repost_ids,
                "src": take(ids, reposts.who),
                "dst": take(ids, posts.author[reposts.root]),
                "root": take(post_ids, reposts.root),
                "parent": take(repost_ids, np.maximum(reposts.parent, 0)).where(
                    reposts.parent >= 0, take(post_ids, reposts.root)
                ),
                "time": reposts.time,
                "text": text_column(_chains(words, names, reposts)),
            }
        ),
    }


def text_column(values: Ix | Text) -> pd.Series:
    """Numbers or words as a column of text."""
    import pandas as pd

    return pd.Series(values).astype("str")


def take(column: pd.Series, rows: Ix) -> pd.Series:
    """Values of some rows, numbered anew; an empty column gives none."""
    return column.take(rows[: rows.size if len(column) else 0]).reset_index(drop=True)


def topics(rng: np.random.Generator, people: People, posts: Posts) -> Text:
    """The hashtag of every post: a word of the author's vertical, or the campaign's brand."""
    topic = topics_of(rng, people.niche[posts.author])
    booked = posts.campaign >= 0
    topic[booked] = [campaign_topic(number) for number in posts.campaign[booked].tolist()]
    return topic


def campaign_topic(number: int) -> str:
    """Brand topic of a campaign; brands return with a number when all are used."""
    season, brand = divmod(number, len(BRANDS))
    return f"{BRANDS[brand]}{season + 1 if season else ''}新品"


def _accounts(rng: np.random.Generator, people: People, follows: Follows, ids: pd.Series, names: Text) -> pd.DataFrame:
    """Profiles as platform and agencies show them: prices grow with apparent followers, bought ones included."""
    import pandas as pd

    followers = np.bincount(follows.dst, minlength=people.n)
    niche = np.full(people.n, None, dtype=object)
    niche[people.kols] = np.array(list(NICHES), dtype=object)[people.kol_niche]
    dear = rng.lognormal(0.0, 0.2, people.kol_niche.max() + 1)[people.kol_niche]
    quote = 15.0 * (followers[people.kols] + 10.0) ** 0.85 * dear * rng.lognormal(0.0, 0.25, people.kols.size)
    price = pd.Series(pd.NA, index=range(people.n), dtype="Int64")
    price.iloc[people.kols] = np.maximum(50, np.round(quote, -1)).astype(np.int64)
    return pd.DataFrame(
        {
            "account": ids,
            "name": text_column(names),
            "followers": followers,
            "followings": np.bincount(follows.src, minlength=people.n),
            "niche": pd.Series(niche, dtype="str"),
            "region": text_column(np.array(REGIONS, dtype=object)[people.region]),
            "price_cny": price,
            "observed": np.full(people.n, OBSERVED_MS),
        }
    )


def _mentions(rng: np.random.Generator, people: People, names: Text, posts: Posts) -> Text:
    """A quarter of the KOL posts name one to three others, mostly well-known ones of their vertical."""
    fame = people.fame
    fame[np.isin(names[people.kols], HOSTILE_NAMES)] = 0.0  # a name with a space or a comma cannot be mentioned
    text = np.full(posts.author.size, "", dtype=object)
    mentioning = np.isin(posts.author, people.kols) & (rng.random(posts.author.size) < 0.25)
    for home in range(people.kol_niche.max() + 1):
        rows = np.flatnonzero(mentioning & (people.niche[posts.author] == home))
        weight = fame * np.where(people.kol_niche == home, 1.0, 0.02)
        named = rng.choice(people.kols, (3, rows.size), p=weight / weight.sum())
        use = rng.integers(1, 4, rows.size) > np.arange(3)[:, None]
        use &= named != posts.author[rows]
        use[1] &= named[1] != named[0]
        use[2] &= (named[2] != named[0]) & (named[2] != named[1])
        for who, wanted in zip(named, use, strict=True):
            text[rows[wanted]] += " @" + names[who[wanted]]
    return text


def _chains(words: Text, names: Text, reposts: Reposts) -> Text:
    """The text of every repost: own words, then ``//@name: ...`` for each repost it came through."""
    text = words.copy()
    by_depth = np.argsort(reposts.depth, kind="stable")
    ends = np.cumsum(np.bincount(reposts.depth, minlength=2))[1:]  # no depth 0; depth 1 has no chain
    for begin, end in pairwise(ends):
        rows = by_depth[begin:end]
        parent = reposts.parent[rows]
        text[rows] = words[rows] + " //@" + names[reposts.who[parent]] + ": " + text[parent]
    return text
