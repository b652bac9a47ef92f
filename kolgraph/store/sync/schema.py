"""The graph as the database shows it: one description from which both engines take their tables and constraints.

Every node is named by the text ``id`` (``platform:native_id`` for accounts and posts). Times are UTC epoch
milliseconds, as everywhere; there are no temporal types, because the two engines compare them differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kolgraph.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

#: Property types, in the words of the embedded engine.
TEXT, INT, FLOAT = "STRING", "INT64", "DOUBLE"

#: Measures of the result table ``scores`` that become properties of an Account; NULL where one was not computed.
SCORED = ("proven", "reach", "pagerank", "core", "betweenness", "harmonic")
#: All measures of an Account: `inflation` is what follows from followers and what is proven.
MEASURES = (*SCORED, "inflation")

#: Marks what `GraphStore.replace` wrote into a server, so that nothing else there is ever touched.
MARK = "kol_publication"


@dataclass(frozen=True)
class Node:
    """One kind of node, with its properties as ``name -> type``; the key is always the text ``id``."""

    label: str
    properties: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of its table in a snapshot."""
        return self.label

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify a row."""
        return ("id",)


@dataclass(frozen=True)
class Relation:
    """One kind of relationship between two kinds of nodes; at most one per pair of nodes."""

    start: str
    type: str
    end: str
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of its table in a snapshot."""
        return f"{self.start}-{self.type}-{self.end}"

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that identify a row: the ids of the two nodes."""
        return ("src", "dst")


# Properties called run, and <measure>_run of an Account, name the computation: the run_id of the table runs.
NODES = (
    Node(
        "Account",
        {"platform": TEXT, "name": TEXT, "followers": INT, "followings": INT, "tier": TEXT, "niche": TEXT}
        | {"region": TEXT, "city": TEXT, "agency": TEXT, "available": TEXT, "price_cny": FLOAT, "verified": TEXT}
        | {"score": FLOAT}
        | {"created_ts": INT, "observed_ts": INT}
        | dict.fromkeys(MEASURES, FLOAT)
        | {f"{measure}_run": TEXT for measure in MEASURES},
    ),
    Node(
        "Post",  # kind: post, repost or quote; NULL where only others speak of it
        {"kind": TEXT, "created_ts": INT, "text": TEXT, "likes": INT}
        | {"root": TEXT, "root_author": TEXT}  # of a repost: ids of what is spread and of its author, as it says
        # the rest describes its repost tree; NULL where the post has none
        | {"size": INT, "real_size": INT, "depth": INT, "breadth": INT, "virality": FLOAT, "accounts": INT}
        | {"run": TEXT},
    ),
    Node("Topic", {}),
    Node("Campaign", {"name": TEXT, "posts": INT}),
    Node("Community", {"label": TEXT, "size": INT, "stability": FLOAT, "run": TEXT}),
    Node(
        "Ring",
        {"relation": TEXT, "verdict": TEXT, "members": INT, "targets": INT, "edges": INT}
        | {"density": FLOAT, "bits": FLOAT, "run": TEXT},
    ),
)
RELATIONS = (
    Relation("Account", "FOLLOWS", "Account", {"since_ts": INT, "weight": FLOAT}),
    Relation("Account", "REPOSTED", "Account", {"times": INT, "first_ts": INT, "last_ts": INT}),
    Relation("Account", "MENTIONS", "Account", {"times": INT, "last_ts": INT}),
    Relation("Post", "MENTIONS", "Account", {"times": INT, "last_ts": INT}),
    Relation("Account", "CO_MENTIONED", "Account", {"weight": FLOAT, "posts": INT, "authors": INT}),  # once per pair
    Relation("Account", "POSTED", "Post"),
    Relation("Post", "TAGGED", "Topic"),
    # To the post that was forwarded, or to the root where nobody knows; evidence says which, and how it is known.
    Relation("Post", "REPOST_OF", "Post", {"evidence": TEXT, "run": TEXT}),
    Relation("Campaign", "SEEDED_BY", "Post"),
    Relation("Account", "MEMBER_OF", "Community", {"edges": INT, "run": TEXT}),
    Relation("Account", "MEMBER_OF", "Ring", {"edges": INT, "run": TEXT}),
    Relation("Ring", "TARGETS", "Account", {"edges": INT, "run": TEXT}),
    Relation("Ring", "TARGETS", "Post", {"edges": INT, "run": TEXT}),
)
#: Says which workspace was published and when; loaded last, so a server that holds it holds the rest too.
PUBLICATION = Node("Publication", {"workspace": TEXT, "made_ts": INT, "software": TEXT})

#: Properties by which queries look for nodes, beside the id, where the engine has such indexes.
INDEXES: Mapping[str, tuple[str, ...]] = {"Account": ("name", "niche", "region")}

#: Every table of a snapshot, in the order in which it is loaded.
SNAPSHOT: Mapping[str, Node | Relation] = {part.name: part for part in (*NODES, *RELATIONS, PUBLICATION)}

#: Names a query may use, with their properties: labels, and relationship types over all pairs of nodes.
LABELS: Mapping[str, frozenset[str]] = {n.label: frozenset({"id", *n.properties}) for n in (*NODES, PUBLICATION)}
TYPES: Mapping[str, frozenset[str]] = {
    r.type: frozenset(name for other in RELATIONS if other.type == r.type for name in other.properties)
    for r in RELATIONS
}


def columns(part: Node | Relation) -> dict[str, str]:
    """Columns of a snapshot table as ``name -> type``: the key, then the properties."""
    return dict.fromkeys(part.keys, TEXT) | dict(part.properties)


def arrow_schema(part: Node | Relation) -> pa.Schema:
    """Columns of a snapshot table as Arrow types."""
    import pyarrow as pa

    kinds = {TEXT: pa.string(), INT: pa.int64(), FLOAT: pa.float64()}
    return pa.schema([(name, kinds[kind]) for name, kind in columns(part).items()])


def conform(part: Node | Relation, rows: pa.Table | pa.RecordBatchReader | None) -> Iterator[pa.Table]:
    """Bring a snapshot table into the declared columns and types, in order of its keys, a chunk at a time.

    A table is sorted; a stream must be in order already (of relationships by the node where they end, so that what
    meets at a hub is written together). None has no rows.

    Raises
    ------
    StoreError
        Columns are missing, a type does not fit, or a key is NULL or occurs twice: a defect of whoever built the
        snapshot. (The embedded engine would keep both of two equal relationships, in silence.)
    """
    import pyarrow as pa

    if rows is None:
        return
    wanted, order = arrow_schema(part), tuple(reversed(part.keys))
    last: pa.Table | None = None
    try:
        chunks = [rows.sort_by([(key, "ascending") for key in order])] if isinstance(rows, pa.Table) else rows
        for chunk in chunks:
            table = chunk if isinstance(chunk, pa.Table) else pa.Table.from_batches([chunk])
            table = table.select(wanted.names).cast(wanted)
            keys = table.select(order)
            _check_keys(part, keys if last is None else pa.concat_tables([last, keys]))
            last = keys.slice(max(keys.num_rows - 1, 0)) if keys.num_rows else last
            yield table
    except (KeyError, pa.ArrowInvalid) as error:
        raise StoreError(f"snapshot table {part.name}: {error}") from None


def _check_keys(part: Node | Relation, keys: pa.Table) -> None:
    import pyarrow.compute as pc

    for name in keys.column_names:
        if keys[name].null_count:
            raise StoreError(f"snapshot table {part.name}: {keys[name].null_count} rows without {name}")
    here, there = keys.slice(0, max(keys.num_rows - 1, 0)), keys.slice(1)
    same, rises = None, None
    for name in keys.column_names:  # in order of weight, as words in a dictionary
        equal, less = pc.equal(here[name], there[name]), pc.less(here[name], there[name])
        rises = less if rises is None else pc.or_(rises, pc.and_(same, less))
        same = equal if same is None else pc.and_(same, equal)
    if twice := pc.sum(same).as_py():
        raise StoreError(f"snapshot table {part.name}: {twice} rows too many with the same {', '.join(part.keys)}")
    if pc.sum(rises).as_py() not in {None, there.num_rows}:
        raise StoreError(f"snapshot table {part.name}: rows are not in order of {', '.join(keys.column_names)}")
