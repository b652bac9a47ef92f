"""Who is who on several platforms: people as they are told, candidates as they are found, names that nobody has.

Accounts are linked, never merged, and audiences of one person on several platforms are never added up: who follows on
both is counted nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kolgraph.errors import InputError
from kolgraph.loaders.known.homepages import homepages

if TYPE_CHECKING:
    import pandas as pd

    from kolgraph.workspace import Workspace

#: Accounts that share a name, handle or link above which it tells nobody apart; it bounds the pairs that are compared.
RARE = 10
#: Known names that are compared with an unknown one.
NEIGHBOURS = 200
#: Without a declared link, a candidate stays below this; with one it starts here.
SURE = 0.95
#: Nats that equal bios, a shared link, or a link to the other's homepage are worth beside the rarity of a name, and
#: the scale on which nats become a score.
WEIGHT, SCALE = 3.0, 6.0
PARTS = ("name_rarity", "handle_rarity", "bio_similarity", "shared_links", "declared")
COLUMNS = ("a_id", "a_name", "b_id", "b_name", "score", "method", *PARTS, "evidence")
#: Ids that people chose: what stands behind the platform, but for numbers and what machines made.
HANDLE = r"^(?:@|domain:|url_token:)?([A-Za-z][A-Za-z0-9_.-]{2,})$"
LINK = re.compile(
    r"(?<![@\w.])(?:https?://)?(?:www\.)?((?:[a-z0-9-]+\.)+[a-z]{2,}(?![\w@])(?:[/?][^\s，。；、）)】\"'<>|]*)?)",
    re.IGNORECASE,
)


def people(workspace: Workspace) -> pd.DataFrame:
    """One row per person: accounts, platforms, confidences and followers, in the same order each.

    Followers are listed per account and not summed: nobody knows who follows a person twice.

    Returns
    -------
    DataFrame
        person_id, name, n_accounts (int), accounts, platforms, confidences, followers (texts, parts split by ", ").
    """

    def listed(value: str) -> str:
        return f"string_agg(coalesce(({value})::VARCHAR, '?'), ', ' ORDER BY account_id)"

    return workspace.sql(
        "SELECT person_id, arg_max(i.name, (coalesce(confidence, -1), i.name)) AS name, count(*) AS n_accounts, "
        f"{listed('account_id')} AS accounts, {listed('platform')} AS platforms, "
        f"{listed('confidence')} AS confidences, {listed('followers')} AS followers "
        "FROM identities i JOIN accounts USING (account_key) GROUP BY person_id ORDER BY person_id"
    )


def unmatched(workspace: Workspace, *, closest: int = 3) -> pd.DataFrame:
    """Names in loaded tables that no account has, or several, and the known names that come closest.

    Returns
    -------
    DataFrame
        file, line, name, platform, closest: names that contain it, or are in it, or differ in less than half of their
        letters, with their accounts; those on its own platform first.

    Notes
    -----
    An unknown name is compared with its own beginnings and ends, with itself less one letter, and with about
    `NEIGHBOURS` names that share two letters in a row with it, the rarest pairs of letters first.
    """
    pairs = "unnest(list_distinct(list_transform(range(1, greatest(length({x}), 2)), lambda i: {x}[i:i + 1])))"
    return workspace.sql(
        f"""
        WITH missing AS MATERIALIZED (
            SELECT row_number() OVER (ORDER BY file, line, name) AS n, * FROM (
                SELECT file, line, value AS name, lower(trim(value)) AS norm,
                       CASE WHEN json_valid(raw) THEN raw->>'$.platform' END AS platform
                FROM rejects WHERE code = 'NO_MATCH' AND value <> '')
        ),
        shorter AS (
            SELECT DISTINCT n, unnest(flatten(list_transform(range(1, length(norm) + 1), lambda i: [
                norm, left(norm, i), norm[i:], left(norm, i - 1) || norm[i + 1:]]))) AS name_norm FROM missing
        ),
        known AS MATERIALIZED (
            SELECT account_key, account_id, platform, name_norm FROM account_names JOIN accounts USING (account_key)
        ),
        sought AS MATERIALIZED (SELECT n, {pairs.format(x="norm")} AS pair FROM missing),
        spelt AS MATERIALIZED (
            FROM (SELECT account_key, name_norm, {pairs.format(x="name_norm")} AS pair FROM known)
            SEMI JOIN sought USING (pair)
        ),
        common AS (SELECT pair, count(*) AS names FROM spelt GROUP BY pair),
        telling AS (
            SELECT n, pair FROM sought JOIN common USING (pair)
            QUALIFY sum(names) OVER (PARTITION BY n ORDER BY names, pair) <= {NEIGHBOURS}
        ),
        met AS (
            SELECT n, account_key, name_norm FROM spelt JOIN telling USING (pair)
            UNION SELECT n, account_key, name_norm FROM known JOIN shorter USING (name_norm)
        ),
        near AS (
            SELECT n, account_id, name_norm, coalesce(k.platform <> m.platform, false) AS elsewhere,
                   contains(norm, name_norm) OR contains(name_norm, norm) AS inside,
                   levenshtein(norm, name_norm) / greatest(length(norm), length(name_norm)) AS far
            FROM met JOIN missing m USING (n) JOIN known k USING (account_key, name_norm)
        ),
        best AS (
            SELECT *, row_number() OVER (PARTITION BY n ORDER BY elsewhere, far, account_id, name_norm) AS place
            FROM near WHERE inside OR far < 0.5
        )
        SELECT file, line, name, missing.platform,
               string_agg(name_norm || ' (' || account_id || ')', ', ' ORDER BY place) AS closest
        FROM missing LEFT JOIN best ON best.n = missing.n AND place <= ?
        GROUP BY missing.n, file, line, name, missing.platform ORDER BY missing.n
        """,
        [closest],
    )


# ---------------------------------------------------------------------- candidates


def candidates(workspace: Workspace, *, limit: int = 100) -> pd.DataFrame:
    """Accounts on different platforms that may belong to one person: for people to decide, nothing is merged.

    Two accounts are compared if they share a rare name (NFKC, small letters), a handle or a link in their bios, or if
    one links to the other's homepage. The parts of the evidence are added, in nats where they are rarities, and
    squashed to 0..1; only a declared link lifts a score to 0.95. Pairs of which both are in `identities` are decided,
    and left out.

    Parameters
    ----------
    limit : int
        Rows at most, the best first.

    Returns
    -------
    DataFrame
        a_id < b_id with their names, score, method (declared_link, same_handle, name_and_bio: words of `identities`),
        name_rarity and handle_rarity (-ln of the share of named accounts that have it; 0 = not shared), bio_similarity
        (cosine of character 3-grams, 0..1), shared_links (count), declared (homepages linked to, 0..2), and evidence
        in words.

    Raises
    ------
    InputError
        A negative limit.

    Notes
    -----
    O(accounts) and at most `RARE` pairs per account and key. The idea of weighing agreement by its rarity is that of
    Fellegi & Sunter (1969).
    """
    import pandas as pd

    if limit < 0:
        raise InputError(f"limit is a number of rows, not {limit}")
    profiles = _profiles(workspace)
    keys = _keys(workspace, profiles)
    declared = _declared(profiles, keys)
    shared = _shared(keys)
    told = workspace.sql("SELECT DISTINCT account_id FROM identities JOIN accounts USING (account_key)")["account_id"]
    decided = set(told)
    open_pairs = (pair for pair in sorted(shared.keys() | declared.keys()) if not decided.issuperset(pair))
    found = [_judged(pair, shared.get(pair, {}), declared.get(pair, 0), profiles) for pair in open_pairs]
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    return frame.sort_values(["score", "a_id", "b_id"], ascending=[False, True, True], ignore_index=True).head(limit)


def _profiles(workspace: Workspace) -> dict[str, tuple[str | None, str]]:
    """Account -> name and bio."""
    rows = workspace.arrow("SELECT account_id, name, bio FROM accounts WHERE name IS NOT NULL OR bio IS NOT NULL")
    columns = (rows[name].to_pylist() for name in ("account_id", "name", "bio"))
    return {account: (name, bio or "") for account, name, bio in zip(*columns, strict=True)}


def _folded(text: str) -> str:
    """A text as it is compared: full-width forms, case and spaces do not count."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _platform(account: str) -> str:
    return account.split(":", 1)[0]


def _keys(workspace: Workspace, profiles: Mapping[str, tuple[str | None, str]]) -> pd.DataFrame:
    """What accounts can be recognised by: kind (name, handle, link), key, account_id; no row twice."""
    import pandas as pd

    names = workspace.sql(
        "SELECT 'name' AS kind, name_norm AS key, account_id FROM account_names JOIN accounts USING (account_key)"
    )
    names["key"] = [_folded(name) for name in names["key"]]
    handles = workspace.sql(
        "SELECT 'handle' AS kind, lower(regexp_extract(native, ?, 1)) AS key, account_id FROM "
        "(SELECT *, substr(account_id, length(platform) + 2) AS native FROM accounts) WHERE regexp_matches(native, ?)",
        [HANDLE, HANDLE],
    )
    links = [("link", link, account) for account, (_, bio) in profiles.items() for link in _links(bio)]
    every = pd.concat([names, handles, pd.DataFrame(links, columns=["kind", "key", "account_id"])]).astype(object)
    return every[every["key"] != ""].drop_duplicates(ignore_index=True)


def _links(bio: str) -> set[str]:
    return {link.rstrip("/.").lower() for link in LINK.findall(bio)} if "." in bio else set()


def _declared(profiles: Mapping[str, tuple[str | None, str]], keys: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Pairs of which one links to the homepage of the other in its bio; 2 = both do."""
    named: dict[tuple[str, str], set[str]] = {}
    who = keys[keys["kind"] != "link"]
    for key, account in zip(who["key"], who["account_id"], strict=True):
        named.setdefault((_platform(account), key), set()).add(account)
    said = set()
    for account, (_, bio) in profiles.items():
        for page in homepages(bio) if "." in bio else ():
            of_name = named.get((page.platform, _folded(page.handle)), set()) if page.handle else set()
            meant = {page.account_id} if page.account_id in profiles else of_name
            if len(meant) == 1 and page.platform != _platform(account):
                said.add((account, *meant))
    return dict(Counter((min(pair), max(pair)) for pair in said))


def _shared(keys: pd.DataFrame) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
    """Pairs on different platforms -> kind -> key that both have -> its rarity in nats."""
    holders = keys.groupby(["kind", "key"])["account_id"].transform("size")
    rare = keys.assign(rarity=np.log(keys["account_id"].nunique() / holders))[(holders > 1) & (holders <= RARE)]
    met = rare.merge(rare.drop(columns="rarity"), on=["kind", "key"], suffixes=("_a", "_b"))
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for a, b, kind, key, rarity in met[["account_id_a", "account_id_b", "kind", "key", "rarity"]].itertuples(
        index=False
    ):
        if a < b and _platform(a) != _platform(b):
            found.setdefault((a, b), {}).setdefault(kind, {})[key] = float(rarity)
    return found


def _judged(
    pair: tuple[str, str],
    shared: Mapping[str, Mapping[str, float]],
    declared: int,
    profiles: Mapping[str, tuple[str | None, str]],
) -> dict[str, Any]:
    """One row of `candidates`."""
    (a, (a_name, a_bio)), (b, (b_name, b_bio)) = ((x, profiles.get(x, (None, ""))) for x in pair)
    names, handles, links = (shared.get(kind, {}) for kind in ("name", "handle", "link"))
    alike = bio_similarity(a_bio, b_bio)
    parts = (max(names.values(), default=0.0), max(handles.values(), default=0.0), alike, len(links), declared)
    nats = parts[0] + parts[1] + WEIGHT * (alike + min(len(links), 2) + declared)
    belief = 1 - float(np.exp(-nats / SCALE))
    words = [f"{declared} of them links to the other's homepage"] if declared == 1 else []
    words += ["each links to the other's homepage"] if declared == 2 else []
    words += [f"same handle {best!r}" for best in _rarest(handles)]
    words += [f"same name {best!r}, as 1 in {np.exp(names[best]):.0f} accounts" for best in _rarest(names)]
    words += [f"same link {', '.join(sorted(links))}"] if links else []
    words += [f"bios alike ({alike:.2f})"] if alike >= 0.2 else []
    method = "declared_link" if declared else "same_handle" if handles else "name_and_bio"
    score = round(SURE + (1 - SURE) * belief if declared else SURE * belief, 4)
    row = (a, a_name, b, b_name, min(score, 1.0 if declared else SURE - 1e-4), method, *parts, "; ".join(words))
    return dict(zip(COLUMNS, row, strict=True))


def _rarest(keys: Mapping[str, float]) -> Iterable[str]:
    return sorted(keys, key=lambda key: (-keys[key], key))[:1]


def bio_similarity(a: str, b: str) -> float:
    """Cosine of the counts of character 3-grams of two texts, 0 if one has none.

    >>> bio_similarity("abcd", "ABCD"), bio_similarity("abcd", "abcx"), bio_similarity("ab", "ab")
    (1.0, 0.5, 0.0)
    """
    x, y = (Counter(t[i : i + 3] for i in range(len(t) - 2)) for t in (_folded(a), _folded(b)))
    dot = sum(n * y[gram] for gram, n in x.items())
    size = sum(n * n for n in x.values()) * sum(n * n for n in y.values())
    return min(1.0, round(dot / size**0.5, 6)) if size else 0.0
