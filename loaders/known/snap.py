"""Data sets of SNAP that name what their numbers mean: Higgs, ego networks of Twitter, Pokec.

Accounts of Higgs and Pokec are numbered anew; other edge lists of SNAP do not say what an edge is (loader ``edges``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kolgraph.loaders.reading.source import MAX_RAW, Reject, Source, lines, readable
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from kolgraph.loaders.reading.source import Options
    from kolgraph.loaders.spec import Rows

ENDS = {"src": "src", "dst": "dst"}
FOLLOW = Emit("follow", ENDS)


def _bare(name: str, title: str, title_zh: str, path: str, header: str, *emits: Emit, platform: str = "") -> Format:
    """Columns of numbers, told apart by the name that the file was published under."""
    return Format(name, title, title_zh, emits, platform, "table", path=path, header=header.split())


# Everywhere the first account acts on the second; the networks count the events in the activity: load one of the two.
HIGGS = (
    _bare(
        "higgs-activity",
        "Higgs activity: retweets, mentions, replies, with times",
        "Higgs 行为流（转推、提及、回复）",
        r"higgs-activity_time\.txt",
        "src dst time kind",
        Emit("repost", ENDS | {"time": "time"}, when="{kind} = 'RT'"),
        Emit("mention", ENDS | {"time": "time"}, when="{kind} = 'MT'"),
        Emit("comment", ENDS | {"time": "time"}, when="{kind} = 'RE'"),
    ),
    _bare(
        "higgs-social",
        "Higgs social network: the first follows the second",
        "Higgs 关注网络",
        r"higgs-social_network\.edgelist",
        "src dst",
        FOLLOW,
    ),
    _bare(
        "higgs-retweet",
        "Higgs retweet network: the counts of higgs-activity_time.txt",
        "Higgs 转推网络（行为流的汇总）",
        r"higgs-retweet_network\.edgelist",
        "src dst weight",
        Emit("repost", ENDS | {"weight": "weight"}),
    ),
    _bare(
        "higgs-mention",
        "Higgs mention network: who mentioned whom (how often is in higgs-activity_time.txt)",
        "Higgs 提及网络（次数见行为流）",
        r"higgs-mention_network\.edgelist",
        "src dst weight",
        Emit("mention", ENDS),
    ),
    _bare(
        "higgs-reply",
        "Higgs reply network: who answered whom (how often is in higgs-activity_time.txt)",
        "Higgs 回复网络（次数见行为流）",
        r"higgs-reply_network\.edgelist",
        "src dst weight",
        Emit("comment", ENDS),
    ),
)

# Directed, unlike those of Facebook, whose files are called the same.
EGO = (
    _bare(
        "snap-ego",
        "ego networks of Twitter: the first follows the second; the ego, who names the file, follows all of them",
        "SNAP Twitter 自我网络（文件名为中心用户，其关注文件中所有人）",
        r"(?i:twitter)/[0-9]+\.edges",
        "src dst",
        FOLLOW,
        Emit("follow", {"src": "@stem", "dst": "src"}, side=True),
        Emit("follow", {"src": "@stem", "dst": "dst"}, side=True),
    ),
    _bare(
        "snap-twitter",
        "twitter_combined.txt of SNAP: the first follows the second",
        "SNAP twitter_combined 关注边",
        r"twitter_combined\.txt",
        "src dst",
        FOLLOW,
    ),
)

#: Columns of the profiles; those behind are free text about the person, and are not read.
PROFILE = ("account", "public", "completion", "gender", "region", "last_login", "created", "age")


def _profiles(source: Source, options: Options) -> Rows:
    """Cells are cut at tabs and nowhere else: quotes in them are text."""
    del options
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            text = line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")
            cells = text.removesuffix("\t").split("\t")
            if len(cells) == 59:
                yield number, {name: cell for name, cell in zip(PROFILE, cells, strict=False) if cell != "null"}
            elif text.strip():
                why = f"the row has {len(cells)} cells, and not 59"
                code = "TOO_FEW_FIELDS" if len(cells) < 59 else "TOO_MANY_FIELDS"
                yield Reject(number, None, None, code, why, text[:MAX_RAW])


POKEC = (
    _bare(
        "pokec-relationships",
        "Pokec relationships: the first lists the second as a friend",
        "Pokec 好友关系",
        r"soc-pokec-relationships\.txt",
        "src dst",
        FOLLOW,
        platform="pokec",
    ),
    Format(
        "pokec-profiles",
        "Pokec profiles",
        "Pokec 用户资料",
        (Emit("account", {"account": "account", "region": "region", "created": "={created} || ' +01:00'"}),),
        "pokec",
        "table",
        path=r"soc-pokec-profiles\.txt",
        rows=_profiles,
    ),
)

FORMATS = (*HIGGS, *EGO, *POKEC)
