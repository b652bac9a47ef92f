"""Centrality: measures that need a graph only; `MEASURES` lists them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kolgraph.centrality.core import k_core
from kolgraph.centrality.degree import degree
from kolgraph.centrality.groups import Groups, components, label_propagation
from kolgraph.centrality.pagerank import PersonalPageRanks, pagerank, personal_pageranks
from kolgraph.centrality.paths import betweenness, harmonic
from kolgraph.centrality.spectral import eigenvector, hits, katz, leader_rank
from kolgraph.centrality.spreaders import collective_influence, vote_rank
from kolgraph.centrality.triangles import triangles

if TYPE_CHECKING:
    from kolgraph.graph import Graph
    from kolgraph.results import Scores

__all__ = [
    "MEASURES",
    "Groups",
    "Measure",
    "PersonalPageRanks",
    "betweenness",
    "collective_influence",
    "components",
    "degree",
    "eigenvector",
    "harmonic",
    "hits",
    "k_core",
    "katz",
    "label_propagation",
    "leader_rank",
    "pagerank",
    "personal_pageranks",
    "triangles",
    "vote_rank",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """A measure as a list of choices shows it.

    Attributes
    ----------
    compute : callable
        From a graph to scores, with default options.
    seeded : bool
        It draws at random: `compute` takes a seed.
    en, zh : str
        One line of meaning.
    source : str
        The paper; empty for a plain count.
    cost : str
        In accounts n and edges m.
    """

    compute: Callable[..., Scores]
    en: str
    zh: str
    source: str = ""
    cost: str = "O(n + m)"
    seeded: bool = False

    def __call__(self, graph: Graph, *, seed: int = 1) -> Scores:
        """The scores of a graph; measures that draw nothing know no seed."""
        return self.compute(graph, seed=seed) if self.seeded else self.compute(graph)


#: Measures by the name their scores carry.
MEASURES: Mapping[str, Measure] = {
    "pagerank": Measure(
        compute=pagerank,
        en="acted on by accounts that matter themselves",
        zh="被重要账号关注或转发的程度",
        source="Page, Brin, Motwani & Winograd (1999)",
        cost="O(n + m) per iteration",
    ),
    "leader_rank": Measure(
        compute=leader_rank,
        en="like pagerank; accounts that follow few pass on less",
        zh="类似 PageRank；关注很少的账号传出的票更少",
        source="Lü, Zhang, Yeung & Zhou (2011)",
        cost="O(n + m) per iteration",
    ),
    "authority": Measure(
        compute=hits,
        en="acted on by accounts that follow the right ones",
        zh="被善于选择的账号关注或转发",
        source="Kleinberg (1999)",
        cost="O(n + m) per iteration",
    ),
    "hub": Measure(
        compute=partial(hits, kind="hub"),
        en="follows or reposts the right accounts",
        zh="善于关注或转发重要账号",
        source="Kleinberg (1999)",
        cost="O(n + m) per iteration",
    ),
    "eigenvector": Measure(
        compute=eigenvector,
        en="acted on by accounts that are acted on by such accounts, without end",
        zh="被重要账号关注，而后者同样被重要账号关注（特征向量）",
        source="Bonacich (1987)",
        cost="O(n + m) per iteration; none where nothing leads back",
    ),
    "katz": Measure(
        compute=katz,
        en="followers, their followers and so on, further ones counting less",
        zh="粉丝、粉丝的粉丝……层层计数，越远权重越小",
        source="Katz (1953)",
        cost="O(n + m) per iteration",
    ),
    "vote_rank": Measure(
        compute=vote_rank,
        en="chosen one by one where earlier choices do not reach",
        zh="逐个选出：避开已被覆盖的受众",
        source="Zhang, Chen, Dong & Zhao (2016)",
        cost="about O(m log n); 1,000 are elected",
    ),
    "collective_influence": Measure(
        compute=partial(collective_influence, radius=1),
        en="holds the graph together: without it groups fall apart",
        zh="维系网络：移除后社群彼此断开",
        source="Morone & Makse (2015)",
        cost="about O(m log n); 1,000 are removed",
    ),
    "core": Measure(
        compute=k_core,
        en="how deep in the dense middle of the graph",
        zh="在网络核心中的深度（k-核）",
        source="Batagelj & Zaversnik (2003); Kitsak et al. (2010)",
    ),
    "triangles": Measure(
        compute=triangles,
        en="how closely its neighbours are tied to each other",
        zh="邻居之间相互关联的对数（三角形数）",
        source="Schank & Wagner (2005)",
        cost="O(m sqrt(m)) at worst",
    ),
    "harmonic": Measure(
        compute=harmonic,
        en="near to everybody: few steps from most accounts to it",
        zh="离所有账号都近：多数账号几步即可到达它",
        source="Marchiori & Latora (2000); Boldi & Vigna (2013)",
        cost="O(64 (n + m)) per step of distance; best 1,000 exact",
        seeded=True,
    ),
    "betweenness": Measure(
        compute=partial(betweenness, sources=500),
        en="between groups: shortest paths of others lead through it",
        zh="位于群体之间：他人的最短路径经过它",
        source="Freeman (1977); Brandes & Pich (2007)",
        cost="O(500 (n + m)): from 500 accounts",
        seeded=True,
    ),
    "in_degree": Measure(
        compute=partial(degree, kind="in"),
        en="how many accounts act on it (followers, reposters)",
        zh="有多少账号关注、转发或提及它",
    ),
    "out_degree": Measure(
        compute=partial(degree, kind="out"),
        en="on how many accounts it acts (followed, reposted)",
        zh="它关注、转发或提及多少账号",
    ),
    "in_strength": Measure(
        compute=partial(degree, kind="in", weighted=True),
        en="summed weight of what arrives (all reposts of its posts)",
        zh="收到的互动总权重（如被转发总次数）",
    ),
    "out_strength": Measure(
        compute=partial(degree, kind="out", weighted=True),
        en="summed weight of what leaves (all its reposts)",
        zh="发出的互动总权重（如转发总次数）",
    ),
}
