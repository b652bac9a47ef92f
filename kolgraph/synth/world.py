"""A world with planted truth: the exports an analyst would receive, and what really happened behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import InputError
from kolgraph.synth.words import NICHES

if TYPE_CHECKING:
    import pandas as pd

_LEAST, _MOST = 400, 5_000_000


@dataclass(frozen=True, kw_only=True)
class World:
    """Exports with native ids as text, and the truth behind them.

    Attributes
    ----------
    accounts : DataFrame
        ``account, name, followers, followings, niche, region, price_cny, observed``: followers and followings as the
        platform shows them, bots included; niche and price only where declared, that is for KOLs.
    follows : DataFrame
        ``src, dst, since``: src follows dst since (epoch milliseconds, UTC).
    posts : DataFrame
        ``post, author, time, text, likes``: originals, oldest first.
    reposts : DataFrame
        ``post, src, dst, root, parent, time, text``: src reposts a post of dst, the author of the root; parent is the
        post it came through: another repost, or the root itself.
    truth : mapping of str to DataFrame
        ``rings`` (ring, account, role member or target), ``ring_shapes`` (ring, members, targets, density),
        ``bought`` (account, bought_followers, followers, bought_share), ``fan_clubs`` (club, account, role idol,
        related or fan), ``niches`` (account, niche; every account but the bots), ``kols`` (account, niche, tier),
        ``real`` (account, is_real), ``probabilities`` (account, p_repost: chance to repost, once per exposure by an
        account it follows), ``campaigns`` (campaign, topic, post, account), ``cascades`` (repost, account,
        parent_post, parent_account, root, depth, delay_ms, kind organic, ring, fan or stranger). With `discovery` also
        ``discovery`` (account, strangers: mean number that find a post of it, authors only).
    parameters : mapping
        The arguments of `make_world`.
    """

    accounts: pd.DataFrame
    follows: pd.DataFrame
    posts: pd.DataFrame
    reposts: pd.DataFrame
    truth: Mapping[str, pd.DataFrame]
    parameters: Mapping[str, Any]

    def write(self, folder: str | Path, *, damage: int = 0) -> dict[str, Path]:
        """Write the exports as CSV and the truth below ``truth/``; see `kolgraph.synth.write.write_world`."""
        from kolgraph.synth.write import write_world

        return write_world(self, Path(folder), damage=damage)


def make_world(
    accounts: int = 20_000,
    *,
    seed: int,
    niches: int = 8,
    kols: int | None = None,
    rings: int = 6,
    fan_clubs: int = 3,
    campaigns: int = 4,
    scale: float = 0.35,
    discovery: float = 0.0,
) -> World:
    """Invent a platform whose truth is known: who is real, who bought followers, how each post travelled.

    Parameters
    ----------
    accounts : int
        Accounts in total, bots included; 400 to 5 million.
    seed : int
        Same seed, same bytes.
    niches : int
        Verticals, 1 to 12, of uneven size.
    kols : int, optional
        Accounts with a price; default 2 % of all. At least four per vertical are made.
    rings, fan_clubs : int
        Bot rings of six shapes, repeated (members x targets x density: 40x12x.8 to 200x40x.3, shrunk in small worlds so
        that bots are at most 8 %), and clubs of real fans that look like rings to a careless method.
    campaigns : int
        Each books three to seven KOLs for one brand topic.
    scale : float
        A follower reposts with probability ``scale / followings``; below 1 cascades die out.
    discovery : float
        Strangers, real accounts that do not follow the author, that find an original post and repost it, on average; 0
        to 1,000. Authors differ (gamma, shape 1). Their own followers see it then.

    Returns
    -------
    World

    Raises
    ------
    InputError
        A number outside its range, or more rings and KOLs than the accounts can hold.

    Notes
    -----
    O(m log m) for m follows, about 13 per account. Cascades follow the independent cascade model with weighted-cascade
    probabilities (Kempe, Kleinberg & Tardos, KDD 2003). Rings are Bernoulli blocks with camouflage (Hooi et al.,
    FRAUDAR, KDD 2016); fans differ from them by their uneven zeal.

    Examples
    --------
    >>> world = make_world(500, seed=1, niches=3, rings=2, fan_clubs=1, campaigns=1)
    >>> len(world.accounts), sorted(world.truth["rings"]["ring"].unique().tolist())
    (500, [0, 1])
    """
    _check("accounts", accounts, _LEAST, _MOST)
    _check("niches", niches, 1, len(NICHES))
    kols = round(0.02 * accounts) if kols is None else kols
    _check("kols", kols, 1, min(accounts // 5, 100_000))
    _check("rings", rings, 0, accounts // 50)
    _check("fan_clubs", fan_clubs, 0, niches)
    _check("campaigns", campaigns, 0, 1000)
    if not 0.0 <= scale <= 1.0:
        raise InputError(f"scale={scale} is not a share of 1; choose a number from 0 to 1")
    if not 0.0 <= discovery <= 1000.0:
        raise InputError(f"discovery={discovery} is out of range; choose 0 to 1000")
    from kolgraph.synth.cascades import discover, publish, spread
    from kolgraph.synth.exports import exports
    from kolgraph.synth.follows import follow
    from kolgraph.synth.people import settle
    from kolgraph.synth.truth import found_by, planted

    # A new stream goes to the end: worlds that do without it keep their bytes.
    crowd, edges, talk, travel, text, chance = np.random.default_rng(seed).spawn(6)
    people = settle(crowd, accounts, niches=niches, kols=kols, rings=rings, clubs=fan_clubs)
    follows = follow(edges, people)
    followings = np.bincount(follows.src, minlength=accounts)
    p = np.where(people.bots, 0.0, scale / np.maximum(1, followings))
    posts = publish(talk, people, campaigns)
    reposts = spread(travel, people, follows, posts, p)
    strangers = discovery * chance.gamma(1.0, size=accounts)
    if discovery:
        reposts = discover(chance, people, follows, posts, reposts, p, strangers)
    given = {
        "accounts": accounts, "seed": seed, "niches": niches, "kols": kols, "rings": rings,
        "fan_clubs": fan_clubs, "campaigns": campaigns, "scale": scale, "discovery": discovery,
    }  # fmt: skip
    frames = exports(text, people, follows, posts, reposts)
    truth = planted(people, follows, p, posts, reposts, frames)
    if discovery:
        truth["discovery"] = found_by(strangers, posts, frames["accounts"]["account"])
    return World(**frames, truth=truth, parameters=given)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InputError(f"{name}={value} is out of range; choose {low} to {high}")
