"""The validation on real cascades is fair: nothing of the future is known, and of planted truths the right one wins."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.bench.validation.ced import CUTS, Cascades, before, cases, predictors
from tests.bench.validation.metrics import Told, compare


def planted(*, authors: int = 60, per: int = 12, signal: str = "loyal", seed: int = 3) -> Cascades:
    """Authors whose reposters come from an audience of their own: ``loyal`` says how many, followers say nothing.

    With ``followers`` it is the other way round: every post is taken by strangers, as many as the followers say.
    """
    rng = np.random.default_rng(seed)
    loyal, followers = rng.integers(2, 60, authors), rng.integers(100, 10_000, authors)
    audience = np.split(np.arange(authors, authors + loyal.sum()), np.cumsum(loyal)[:-1])
    posts, reposts = [], []
    strangers = authors + int(loyal.sum())
    for post in range(authors * per):
        who = post % authors
        posts.append((str(post), who, 1000.0 * post))
        if signal == "loyal":
            crowd = audience[who][rng.random(loyal[who]) < 0.5]
        else:
            crowd = np.arange(strangers, strangers + rng.poisson(followers[who] / 200))
            strangers += crowd.size
        reposts += [(str(post), v, who, 1000.0 * post + rng.integers(1, 900)) for v in crowd]
    table = pd.DataFrame(posts, columns=["cascade", "author", "time"])
    rows = pd.DataFrame(reposts, columns=["cascade", "account", "parent", "time"])
    size = table["cascade"].map(rows["cascade"].value_counts()).fillna(0)
    shown = np.full(strangers + 1, np.nan)
    shown[:authors] = followers
    return Cascades(table.assign(size=size), rows, shown)


def found(data: Cascades) -> pd.DataFrame:
    """Spearman of every forecast and its differences to that by followers."""
    came, told, _ = cases(data, lambda known, cut: predictors(known))
    table = compare(came, told, ["followers"], times=100)
    return table[table["measure"] == "spearman"].set_index(["forecast", "against"])


def test_the_future_is_not_known() -> None:
    data = planted()
    cut = float(np.quantile(data.posts["time"], 0.6))
    rng = np.random.default_rng(1)
    posts, reposts = data.posts.copy(), data.reposts.copy()
    later = posts["time"] >= cut
    posts.loc[later, "size"] = rng.permutation(posts.loc[later, "size"].to_numpy())
    after = reposts["time"] >= cut
    reposts.loc[after, "account"] = rng.permutation(reposts.loc[after, "account"].to_numpy())
    changed = Cascades(posts.assign(size=posts["size"] + 7), reposts, data.followers)
    known = before(data, cut)
    assert known.reposts["time"].max() < cut
    assert (known.posts["size"].sum(), len(known.reposts)) == (len(known.reposts), known.posts["size"].sum())
    told = predictors(before(changed, cut))
    for name, one in predictors(known).items():
        for ours, theirs in zip(one, told[name], strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=name)


def test_where_an_audience_is_loyal_influence_tells_more_than_followers() -> None:
    table = found(planted())
    assert table.loc[("reach, learnt", ""), "value"] > 0.8
    assert table.loc[("reach, learnt", "followers"), "low"] > 0.3
    assert table.loc[("followers", ""), "low"] < 0.3


def test_where_strangers_come_as_followers_say_followers_win() -> None:
    table = found(planted(signal="followers"))
    assert table.loc[("followers", ""), "value"] > 0.8
    assert (table["value"].xs("followers", level="against") <= 0.05).all()


def test_predictions_of_chance_are_found_to_be_chance() -> None:
    rng = np.random.default_rng(5)

    def guess(known: Cascades, cut: float) -> dict[str, Told]:
        return {name: Told(rng.random(known.followers.size)) for name in "abc"}

    came, told, _ = cases(planted(), guess)
    table = compare(came, told, times=100)
    table = table[table["measure"] == "spearman"]
    assert (table["low"] < 0.1).all()
    assert (table["value"].abs() < 0.3).all()


def test_every_later_post_is_a_case_and_knows_whether_its_author_has_a_past() -> None:
    data = planted(authors=10, per=5)
    new = data.posts.tail(1).assign(cascade="new", author=data.followers.size - 1)
    data = data._replace(posts=pd.concat([data.posts, new]))
    came, told, history = cases(data, lambda known, cut: {"row": Told(np.arange(float(known.followers.size)))})
    assert np.unique(came.window).size == len(CUTS)
    later = data.posts[data.posts["time"] >= np.quantile(data.posts["time"], CUTS[0])]
    assert came.count.tolist() == later["size"].tolist()
    assert told["row"].score.tolist() == later["author"].tolist() == came.account.tolist()
    assert history.tolist() == [True] * (len(later) - 1) + [False]
