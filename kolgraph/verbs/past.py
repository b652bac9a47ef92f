"""Measures that need more than a graph: what posts of an account did, and what people said. `rank` asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.verbs.heard import read_replies, read_words
from kolgraph.verbs.observed import Past, read_past, read_platforms, read_profiles
from kolgraph.verbs.quality import quality
from kolgraph.verbs.real import real

if TYPE_CHECKING:
    from kolgraph.results import Scores
    from kolgraph.workspace import Workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A measure as a list of choices shows it; see `kolgraph.centrality.Measure`."""

    compute: Callable[[Known], Scores]
    en: str
    zh: str
    source: str
    cost: str
    seeded: bool = False

    def __call__(self, workspace: Workspace, *, raw: bool) -> Scores:
        """The scores of a workspace, of its real accounts only or of all that count (`raw`)."""
        who = real(workspace, raw=raw)
        found = self.compute(Known(workspace, who.ids, who.weight, raw))
        return replace(found, parameters={**found.parameters, "raw": raw})


class Known(NamedTuple):
    """A workspace, and who counts in it."""

    workspace: Workspace
    ids: NDArray[np.object_]
    weight: NDArray[np.float64]
    raw: bool

    def past(self) -> Past:
        """What posts did."""
        return read_past(self.workspace, self.weight)

    def followers(self) -> NDArray[np.float64]:
        """As platforms show them."""
        return np.asarray(read_profiles(self.workspace)["followers"], dtype=np.float64)

    def peers(self) -> NDArray[np.int64]:
        """The tier of every account on its platform."""
        from kolgraph.influence.typical import peers

        tier = quality(self.workspace, raw=self.raw).tier  # an answer: settings of tiers are part of it
        return peers(tier, read_platforms(self.workspace), self.followers())


def _h_index(known: Known) -> Scores:
    from kolgraph.influence import h_index

    past = known.past()
    return h_index(known.ids, past.author, past.moved)


def _median(known: Known) -> Scores:
    from kolgraph.influence import median_reposts

    past = known.past()
    return median_reposts(known.ids, past.author, past.moved)


def _above_tier(known: Known) -> Scores:
    from kolgraph.influence import above_tier

    past = known.past()
    return above_tier(known.ids, past.author, past.moved, known.peers())


def _per_follower(known: Known) -> Scores:
    from kolgraph.influence import per_follower

    past = known.past()
    return per_follower(known.ids, past.author, past.moved, known.followers(), known.peers())


def _growth(known: Known) -> Scores:
    from kolgraph.influence import growth

    past = known.past()
    return growth(known.ids, past.author, past.moved, past.time)


def _engagement(known: Known) -> Scores:
    from kolgraph.influence import engagement

    past = known.past()
    return engagement(
        known.ids,
        past.author,
        {"likes": past.likes, "comments": past.comments, "reposts": past.moved},
        past.views,
        known.followers(),
        read_platforms(known.workspace),
        known.peers(),
        share=np.nan_to_num(past.share, nan=1.0),  # of a platform of which no repost is loaded all are counted
    )


def _own_words(known: Known) -> Scores:
    from kolgraph.influence import own_words

    own, people = read_words(known.workspace, known.weight, "reposts")
    return own_words(known.ids, own, people, unknown="no_repost_text")


def _own_comments(known: Known) -> Scores:
    from kolgraph.influence import own_words

    own, people = read_words(known.workspace, known.weight, "comments")
    return own_words(known.ids, own, people, measure="own_words_comments", unknown="no_comment")


def _reply_rate(known: Known) -> Scores:
    from kolgraph.influence import reply_rate

    answered, comments = read_replies(known.workspace, known.weight)
    return reply_rate(known.ids, answered, comments, read_platforms(known.workspace))


_POSTS = "O(reposts + posts log posts)"
#: Measures by the name their scores carry.
PAST: Mapping[str, Measured] = {
    "h_index": Measured(
        compute=_h_index,
        en="the largest h such that h posts moved h real accounts or more each",
        zh="h 指数：有 h 条内容各带动至少 h 个真实账号转发",
        source="Hirsch (2005)",
        cost=_POSTS,
    ),
    "median_reposts": Measured(
        compute=_median,
        en="real accounts that its middle post moved to repost",
        zh="单条内容真实转发人数的中位数",
        source="David & Nagaraja (2003), for the interval",
        cost=_POSTS,
    ),
    "above_tier": Measured(
        compute=_above_tier,
        en="share of its posts that moved more than the median post of its tier",
        zh="转发表现高于同级别账号中位数的内容占比",
        source="Wilson (1927), for the interval",
        cost=_POSTS,
    ),
    "per_follower": Measured(
        compute=_per_follower,
        en="real accounts that a typical post moves, per follower; beside what is usual in its tier",
        zh="典型内容平均每个粉丝带动的真实转发（附同级别的常见水平）",
        source="Santos Silva & Tenreyro (2006), for the tier",
        cost=_POSTS,
    ),
    "growth": Measured(
        compute=_growth,
        en="how many times as much the later half of its posts moved as the earlier half; 1 = no change",
        zh="后半段内容的典型转发是前半段的几倍（1 为持平）",
        source="Smyth (2004), for the interval",
        cost=_POSTS,
    ),
    "engagement": Measured(
        compute=_engagement,
        en="engagement rate: likes, comments and reposts of a typical post per follower; beside it per view",
        zh="互动率：典型内容的点赞、评论、转发 / 粉丝数（附播放互动率与同级百分位）",
        source="Smyth (2004), for the interval",
        cost=_POSTS,
    ),
    "own_words": Measured(
        compute=_own_words,
        en="share of its real reposters who write something of their own",
        zh="真实转发者中有自己评语的占比（非默认、空白、表情或雷同文字）",
        source="Wilson (1927), for the interval",
        cost="O(reposts)",
    ),
    "own_words_comments": Measured(
        compute=_own_comments,
        en="share of its real commenters who write something of their own",
        zh="真实评论者中有自己话语的占比（非表情、空白或雷同文字）",
        source="Wilson (1927), for the interval",
        cost="O(comments)",
    ),
    "reply_rate": Measured(
        compute=_reply_rate,
        en="share of the comments of others that it answers in person",
        zh="本人回复率：他人评论中得到其亲自回复的占比",
        source="Wilson (1927), for the interval",
        cost="O(comments)",
    ),
}
