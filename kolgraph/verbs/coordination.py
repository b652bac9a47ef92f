"""Who acts on the same objects at nearly the same time, one kind of object after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.errors import AnalysisError, UnknownName
from kolgraph.loaders.reading.source import quoted
from kolgraph.verbs.asking import answer
from kolgraph.verbs.heard import WORDS
from kolgraph.workspace.texts import NO_WORDS, OTHERS, URL

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.rings.coordinated import Coordination
    from kolgraph.workspace import Workspace

#: What accounts said, and when: posts, and of reposts and comments the words of their own.
_SAID = """
    SELECT author AS src, created_ts AS ts, text, topics, urls FROM posts WHERE author IS NOT NULL
    UNION ALL BY NAME SELECT src, ts, text FROM reposts UNION ALL BY NAME SELECT src, ts, text FROM comments
"""
_OWN = f"regexp_replace(text, {quoted(OTHERS)}, '', 's')"
_ADDRESSES = f"CASE WHEN len(urls) > 0 THEN urls ELSE regexp_extract_all({_OWN}, {quoted(URL)}) END"
#: ``#a topic#``, or where there is none ``#topic``.
_CLOSED, _OPEN = (
    f"regexp_extract_all({_OWN}, {quoted(tag)}, 1)" for tag in (r"#([^#\n]+)#", r"(?:^|\s)#([\p{L}\p{N}_]+)")
)
_TAGS = f"CASE WHEN len(topics) > 0 THEN topics ELSE coalesce(nullif({_CLOSED}, []), {_OPEN}) END"
#: Tools put links, domains and hashtags in the place of the post that was shared: told by its native id, once each.
_SHARED = r"""
    SELECT src, ts, object, root_id, what FROM reposts JOIN (
        SELECT root_id, regexp_replace(root_id, '^[^:]*:', '') AS object, CASE WHEN contains(object, '://') THEN 'link'
        WHEN regexp_full_match(object, '[#＃].*') THEN 'hashtag'
        WHEN regexp_full_match(object, '[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}') THEN 'domain' ELSE 'repost' END AS what
        FROM (SELECT DISTINCT root_id FROM reposts WHERE root_id IS NOT NULL)
    ) USING (root_id)
"""
_ADDRESSED = f"""
    SELECT src, ts, unnest({_ADDRESSES}) AS object FROM ({_SAID})
    UNION ALL SELECT src, ts, object FROM ({_SHARED}) WHERE what = 'link'
"""
#: Kind of object -> who acted on which, and when.
_ACTS = {
    "repost": f"SELECT src, ts, root_id AS object FROM ({_SHARED}) WHERE what = 'repost'",
    "link": _ADDRESSED,
    "domain": f"{_ADDRESSED} UNION ALL SELECT src, ts, object FROM ({_SHARED}) WHERE what = 'domain'",
    "hashtag": f"SELECT src, ts, unnest({_TAGS}) AS object FROM ({_SAID}) "
    f"UNION ALL SELECT src, ts, object FROM ({_SHARED}) WHERE what = 'hashtag'",
    "mention": "SELECT src, ts, coalesce(account_id, '@' || dst_name) AS object FROM mentions "
    "LEFT JOIN account_ids ON account_key = dst",
    "reply": "SELECT src, ts, post_id AS object FROM comments WHERE post_id IS NOT NULL",
    "text": f"SELECT src, ts, {WORDS} AS object FROM ({_SAID}) WHERE text IS NOT NULL "
    f"AND object <> '' AND NOT regexp_full_match(object, {quoted(NO_WORDS)})",
}


@answer()
def coordination(
    workspace: Workspace,
    *,
    by: str = "repost",
    window_s: float | None = 60.0,
    decay_s: float | None = None,
    min_weight: float = 2.0,
    max_crowd: int = 1000,
    max_edges: int = 20_000_000,
    method: str = "leiden",
    seed: int = 1,
) -> Coordination:
    """Find who acts on the same objects at nearly the same time; everybody counts, members of rings too.

    Parameters
    ----------
    by : str
        Kind of object: ``repost`` (the root post), ``link``, ``domain``, ``hashtag``, ``mention``, ``reply`` (the post
        that is commented) or ``text`` (the same words of one's own). Kinds are never mixed. Links, domains, hashtags
        and texts are those of posts, reposts and comments, without what others wrote.
    window_s : float, optional
        Seconds between two acts, at most; None: however far apart.
    decay_s : float, optional
        Acts count less the further they are apart: by 1/e each so many seconds.
    min_weight : float
        Acts that an edge needs.
    max_crowd : int
        Acts with more others within the window are left out, and told.
    max_edges : int
        At most so many.
    method : str
        How communities are found: ``leiden`` or ``components``.
    seed : int

    Raises
    ------
    UnknownName
        Another kind or method.
    AnalysisError
        Nothing of this kind is loaded, or nothing of it has a time.
    LimitError
        More edges.
    """
    from kolgraph.rings.network import coordination as network

    if by == "image":
        raise AnalysisError(f"{workspace.path}: no file holds hashes of images: there is nothing to compare")
    if by not in _ACTS:
        raise UnknownName.among("kind of object", by, [*_ACTS, "image"])
    acts = read_acts(workspace, by)
    if acts.empty:
        raise AnalysisError(f"{workspace.path}: no {by} is loaded; load posts, reposts or comments with kolgraph load")
    return network(
        acts["user"].array,
        acts["object"].array,
        acts["time"],
        kind=by,
        window_s=window_s,
        decay_s=decay_s,
        min_weight=min_weight,
        max_crowd=max_crowd,
        max_edges=max_edges,
        method=method,
        seed=seed,
    )


def read_acts(workspace: Workspace, by: str) -> pd.DataFrame:
    """Who acted on what and when: ``user, object`` (categories of text), ``time`` (UTC epoch milliseconds, or NA).

    Of one kind of object, in the order of time; objects are in the form in which they are compared.
    """
    import pandas as pd
    import pyarrow as pa

    from kolgraph.rings.objects import KINDS

    ids = workspace.ids()
    table = workspace.arrow(
        f"SELECT src, object, ts FROM ({_ACTS[by]}) JOIN account_ids ON account_key = src "
        "WHERE object IS NOT NULL ORDER BY ts, object, account_id"
    )
    found = table["object"].combine_chunks().dictionary_encode()
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    told = [KINDS[by](name) for name in found.dictionary.to_pylist()]
    code, names = pd.factorize(pd.Series(told, dtype=object), use_na_sentinel=True)
    item = code[found.indices.to_numpy()]
    keep = item >= 0
    return pd.DataFrame(
        {
            "user": pd.Categorical.from_codes(table["src"].to_numpy()[keep], ids),
            "object": pd.Categorical.from_codes(item[keep], names),
            "time": pd.array(table["ts"].to_pandas(integer_object_nulls=False), dtype="Int64")[keep],
        }
    )
