"""Every query answers on both engines what plain Python answers, on small graphs of every shape."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kolgraph.cypher import library
from kolgraph.store.sync.schema import RELATIONS, SNAPSHOT
from tests.worlds.oracle_spread import World, expected
from tests.worlds.stores import ENGINES, engine_of, rows, table

DAY = 86_400_000
VALUES = {
    "platform": ["w", "x"],
    "name": [None, "", "A", " a", "B"],
    "followers": [None, 0, 5, 1000, 2000, 20_000],
    "niche": [None, "n1", "n2"],
    "region": [None, "r1", "r2"],
    "agency": [None, "g1", "g2"],
    "price_cny": [None, 0.5, 10.0],
    "observed_ts": [None, 0, 30 * DAY, 31 * DAY + 5],
    "pagerank": [None, 0.25],
    "reach": [None, 0.0, 4.0],
    "proven": [None, 0.5, 3.0],
    "kind": [None, "post", "repost"],
    "created_ts": [None, 0, 10, 20],
    "size": [None, 1, 3],
    "real_size": [None, 1],
    "evidence": ["api_parent", "chain"],
    "times": [1, 2],
    "last_ts": [None, 5],
    "weight": [0.5, 1.5],
    "edges": [None, 1, 2],
    "bits": [None, 2.0],
}
TIERS = {None: None, 0: None, 5: None, 1000: "KOC", 2000: "KOC", 20_000: "尾部"}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    with engine_of(request, tmp_path_factory.mktemp("g")) as store:
        yield store


def drawn(rng):
    """A snapshot with loops, circles of follows and of reposts, isolates, NULLs and unknown authors; and its names."""
    n = rng.randint(2, 7)
    accounts, posts = [f"w:{i}" for i in range(n)], [f"w:p{i}" for i in range(rng.randint(0, 8))]
    names = {"Account": accounts, "Post": posts, "Topic": ["t1", "t2"], "Campaign": ["c1", "c2"]}
    names |= {"Community": ["community:0", "community:1"], "Ring": ["r1", "r2", "r3"]}
    once = {"Account-POSTED-Post", "Account-MEMBER_OF-Community", "Post-REPOST_OF-Post"}  # one author, niche, parent

    def row(part, **keys):
        return keys | {c: rng.choice(VALUES[c]) for c in part.properties if c in VALUES}

    rows = {label: [row(SNAPSHOT[label], id=i) for i in ids] for label, ids in names.items()}
    for account in rows["Account"]:
        account["tier"] = TIERS[account["followers"]]
    for label in ("Community", "Ring"):
        for i, one in enumerate(rows[label]):
            one |= {"label": f"niche {i}"} if label == "Community" else {"verdict": ["coordinated", "fan club"][i % 2]}
    for relation in RELATIONS:
        pairs = list(itertools.product(names[relation.start], names[relation.end]))
        if relation.type == "CO_MENTIONED":
            pairs = [(a, b) for a, b in pairs if a < b]
        chosen = rng.sample(pairs, min(len(pairs), n * rng.choice([0, 1, 2, 4])))
        if relation.name in once:
            mine = 0 if relation.type != "POSTED" else 1
            chosen = list({pair[mine]: pair for pair in chosen if pair[0] != pair[1]}.values())
        rows[relation.name] = [row(relation, src=a, dst=b) for a, b in chosen]
    for found in rows.values():
        rng.shuffle(found)  # an order that is promised must not come from that of loading
    return {name: table(name, found) for name, found in rows.items()}, names


@given(seed=st.integers(0, 10_000))
@settings(max_examples=6, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
def test_answers_on_any_graph_are_those_of_plain_python(engine, seed):
    rng = random.Random(seed)
    snapshot, names = drawn(rng)
    engine.replace(snapshot)
    truth = World(snapshot)
    account, post = [*names["Account"], "nobody"], [*names["Post"], "nothing"]
    choices = dict.fromkeys(("id", "a", "b", "author", "reader", "brand"), account)
    choices |= {"post": post, "campaign": ["c1", "c2", "c3"], "ring": ["r1", "r2"], "topic": ["t1", "t2"]}
    choices |= {"niche": ["", "n1"], "region": ["", "r1"], "tier": ["", "KOC"], "platform": ["", "w"]}
    choices |= {"by": ["pagerank", "proven", "reach", "followers"], "verdict": ["", "coordinated"], "limit": [2, 100]}
    choices |= {"min_followers": [0, 1, 2], "max_price": [0.5, 10.0, 1e12], "max_ring_share": [0.2, 1.0]}
    choices |= {"days": [1, 30, 31], "min_share": [0.2, 1.0], "min_shared": [1, 2]}
    for query, _ in itertools.product(library().values(), range(3)):
        given = {p.name: rng.choice(choices[p.name]) for p in query.parameters if p.name in choices}
        if query.name == "biggest-cascades":
            given |= {"author": rng.choice(["", given["author"]]), "topic": rng.choice(["", given["topic"]])}
        if "ids" in (p.name for p in query.parameters):
            given["ids"] = rng.sample(names["Account"], rng.randint(0, len(names["Account"])))
        got, want = rows(engine, query.name, **given), expected(truth, query.name, **given)
        assert len(got) == len(want), (query.name, given, got, want)
        for one, other in zip(got, want, strict=True):
            assert one == pytest.approx(other, abs=1e-12), (query.name, given)
