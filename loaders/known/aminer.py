"""Weibo as AMiner published it (Zhang et al. 2013): cascades with and without texts, who follows whom, profiles.

Files are told apart by the names they were published under. In most of them an account is a number: the line of
uidlist.txt, counted from 0, that holds its id. Blocks are followed line by line, so that damage costs its own lines
only; whose repost a line is, where that is not certain, is not guessed.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, Any

from kolgraph.errors import InputError, UnknownName
from kolgraph.loaders.reading.headers import DIRECTIONS
from kolgraph.loaders.reading.source import MAX_RAW, Reject, Source, lines, readable
from kolgraph.loaders.spec import Emit, Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kolgraph.loaders.reading.source import Options
    from kolgraph.loaders.spec import Rows

TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2}"
PAIR = re.compile(r"\s*([0-9]{1,19})\s+([0-9]{1,19})\s*")
ARC = re.compile(r"\s*([0-9]{1,19})\s+([0-9]{1,19})\s+([0-9]{1,19})\s*")
POST = re.compile(rf"\s*([0-9]+)\s+([0-9]+)\s+({TIME})\s+([0-9]{{1,9}})\s*")
TIMED_POST = re.compile(rf"\s*([0-9]+)\s+({TIME})\s+([0-9]+)\s+([0-9]{{1,9}})\s*")
TIMED_PAIRS = re.compile(rf"\s*([0-9]+\s+{TIME}\s+)*([0-9]+\s+{TIME}\s*)?")
REPOST = re.compile(rf"\s*([0-9]+)\s+({TIME})\s+([0-9]+)\s*")


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    with readable(source.path), source.open() as raw:
        for number, line in enumerate(lines(raw), 1):
            yield number, line.decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r\n")


def _beside(source: Source, name: str) -> list[str]:
    """The ids in a file that was published beside this one, by their number."""
    folder = source.path.parent
    for place in (folder, folder / "diffusion", folder.parent / "diffusion"):
        for file in (place / name, place / f"{name}.gz"):
            if file.is_file():
                with closing(Source(file, max_input=source.max_input)) as listed:
                    return [text.strip() for _, text in _lines(listed)]
    raise InputError(
        f"{source.path}: says only the numbers of accounts or posts; put {name}, which has their ids, beside it"
    )


def _at(ids: list[str], number: str) -> str | None:
    """The id that a number stands for; None if there is none."""
    return (ids[int(number)] or None) if len(number) < 10 and int(number) < len(ids) else None


def _damaged(number: int, text: str, why: str) -> Reject:
    return Reject(number, None, None, "BAD_ROW", why, text[:MAX_RAW])


def _rootless(number: int, text: str) -> Reject:
    why = "what is reposted is not known: the line that says it is damaged or missing"
    return Reject(number, "root", None, "NO_ROOT", why, text[:MAX_RAW])


# ---------------------------------------------------------------------- cascades


def _diffusion(source: Source, options: Options) -> Rows:
    """Blocks of a post's number and how many reposts follow, each a time and the number of an account."""
    del options
    uids, posts = _beside(source, "uidlist.txt"), _beside(source, "repost_idlist.txt")
    root, left = "", 0
    for number, text in _lines(source):
        found = PAIR.fullmatch(text)
        if found is None:
            if text.strip():
                yield _damaged(number, text, "not two numbers")
                left -= 1
        elif len(found[1]) < 9:  # no time
            root, left = found[1], int(found[2])
        elif left > 0:
            yield number, {"src": _at(uids, found[2]), "root": _at(posts, root), "time": found[1]}
            left -= 1
        else:
            yield _rootless(number, text)


def _total(source: Source, options: Options) -> Rows:
    """Two lines a post: its id, time, author's number, count of reposts; and of each the account's number and time."""
    del options
    uids = _beside(source, "uidlist.txt")
    post: dict[str, Any] | None = None
    for number, text in _lines(source):
        found = TIMED_POST.fullmatch(text)
        if found is not None:
            post = {"root": found[1], "dst": _at(uids, found[3])}
            yield number, {"post": found[1], "author": post["dst"], "time": found[2]}
            continue
        cells = text.split()
        if TIMED_PAIRS.fullmatch(text) is None:
            yield _damaged(number, text, "neither a post nor pairs of account and time")
        elif post is None and cells:
            yield _rootless(number, text)
        elif post is not None:
            for who, time in zip(cells[::2], cells[1::2], strict=True):
                yield number, post | {"src": _at(uids, who), "time": time}
        post = None


def _contents(source: Source, options: Options) -> Rows:
    """A post, how many of its reposts have a text, and two lines for each: account, time, and id of it; and the text.

    A number alone is the count if it stands behind a post; anywhere else it is left over from a post that is damaged.
    """
    del options
    post: dict[str, str] = {}
    left: int | None = 0
    waiting: tuple[int, dict[str, str]] | None = None  # a repost, for its text
    for number, text in _lines(source):
        head, item = POST.fullmatch(text), REPOST.fullmatch(text)
        if waiting is not None:
            yield waiting[0], waiting[1] | ({} if head or item else {"text": text})
            waiting = None
            if not (head or item):
                continue
        if head is not None:
            post, left = {"root": head[1], "dst": head[2]}, None
            yield number, {"post": head[1], "author": head[2], "time": head[3]}
        elif item is not None and left:
            waiting, left = (number, post | {"src": item[1], "time": item[2], "post": item[3]}), left - 1
        elif item is not None:
            yield _rootless(number, text)
        elif re.fullmatch(r"\s*[0-9]{1,9}\s*", text) and left is None:
            left = int(text)
        elif text.strip():
            yield _damaged(number, text, "neither a post nor a repost, nor the text of one")
            left = 0 if text.strip().isdecimal() else left
    if waiting is not None:
        yield waiting


POST_OR_REPOST = (
    Emit(
        "repost",
        {"post": "post", "src": "src", "dst": "dst", "root": "root", "time": "time", "text": "text"},
        when="{root} IS NOT NULL",
    ),
    Emit("post", {"post": "post", "author": "author", "time": "time"}),
)
CASCADES = (
    Format(
        "aminer-diffusion",
        "AMiner Weibo repost_data.txt, with uidlist.txt and repost_idlist.txt beside",
        "AMiner 微博转发（repost_data.txt，需 uidlist.txt 与 repost_idlist.txt）",
        (Emit("repost", {"src": "src", "root": "root", "time": "time"}),),
        "weibo",
        "table",
        path=r"repost_data\.txt",
        header=("post", "count"),
        rows=_diffusion,
    ),
    Format(
        "aminer-total",
        "AMiner Weibo total.txt, with uidlist.txt beside",
        "AMiner 微博转发（total.txt，需 uidlist.txt）",
        POST_OR_REPOST,
        "weibo",
        "table",
        path=r"total\.txt",
        header=("post", "time", "author", "count"),
        rows=_total,
    ),
    Format(
        "aminer-contents",
        "AMiner Weibo retweetWithContent: reposts with their texts",
        "AMiner 带文本的转发（retweetWithContent）",
        POST_OR_REPOST,
        "weibo",
        "table",
        path=r"retweetWithContent/[^/]*\.txt",
        header=("post", "author", "time", "count"),
        rows=_contents,
    ),
)

# ---------------------------------------------------------------------- who follows whom


def _ends(uids: list[str], first: str, second: str, direction: str | None) -> dict[str, str | None]:
    if direction not in DIRECTIONS:
        raise UnknownName.among("direction", str(direction), DIRECTIONS)
    ends = _at(uids, first), _at(uids, second)
    return dict(zip(("src", "dst"), ends if direction == "forward" else ends[::-1], strict=True))


def _month(source: Source, options: Options) -> Rows:
    """Arcs: two numbers of accounts, and a time or a flag."""
    uids = _beside(source, "uidlist.txt")
    for number, text in _lines(source):
        found = ARC.fullmatch(text)
        if found is not None:
            since = {"since": found[3]} if len(found[3]) == 10 else {}
            yield number, _ends(uids, found[1], found[2], options.direction) | since
        elif text.strip():
            yield _damaged(number, text, "not three numbers")


def _network(source: Source, options: Options) -> Rows:
    """The counts of accounts and arcs; then for each account its number, how many there are, and each with a flag."""
    uids = _beside(source, "uidlist.txt")
    begun = False
    for number, text in _lines(source):
        cells = text.split()
        if not cells:
            continue
        if len(cells) < 2 or not all(re.fullmatch("[0-9]{1,19}", cell) for cell in cells):
            yield _damaged(number, text, "not numbers only")
        elif not begun and len(cells) == 2:
            pass
        elif len(cells) != 2 + 2 * int(cells[1]):
            yield _damaged(number, text, f"{cells[1]} accounts are announced, and others are there")
        else:
            for other in cells[2::2]:
                yield number, _ends(uids, cells[0], other, options.direction)
        begun = True


WHY = "public readings disagree who follows whom: forward if the first account follows the second"
FOLLOWS = (
    Format(
        "aminer-month",
        "AMiner Weibo graph_170w_1month.txt, with uidlist.txt beside",
        "AMiner 微博关注（graph_170w_1month.txt，需 uidlist.txt）",
        (Emit("follow", {"src": "src", "dst": "dst", "since": "since"}),),
        "weibo",
        "table",
        path=r"graph_170w_1month\.txt",
        header=("first", "second", "time"),
        rows=_month,
        needs={"direction": WHY},
    ),
    Format(
        "aminer-network",
        "AMiner Weibo weibo_network.txt, with uidlist.txt beside",
        "AMiner 微博关注网络（weibo_network.txt，需 uidlist.txt）",
        (Emit("follow", {"src": "src", "dst": "dst"}),),
        "weibo",
        "table",
        path=r"weibo_network\.txt",
        header=("accounts", "arcs"),
        rows=_network,
        needs={"direction": WHY},
    ),
)

# ---------------------------------------------------------------------- profiles

PROFILE = ["id", "mutual", "city", "verified", "followers", "location", "province", "friends", "name", "gender"]
PROFILE += ["created", "verified_type", "posts", "bio"]


def _profiles(source: Source, options: Options) -> Rows:
    """Fourteen lines an account, some of them blank: known by a number with a time ten lines below."""
    del options
    window: deque[tuple[int, str]] = deque()
    begun = False
    for number, text in _lines(source):
        begun = begun or not text.startswith("#")
        if begun:
            window.append((number, text.strip()))
        if len(window) == len(PROFILE):
            cells = dict(zip(PROFILE, (text for _, text in window), strict=True))
            if re.fullmatch("[0-9]+", cells["id"]) and re.fullmatch(TIME, cells["created"]):
                yield window[0][0], cells
                window.clear()
            else:
                yield from _outside(*window.popleft())
    for rest in window:
        yield from _outside(*rest)


def _outside(number: int, text: str) -> Rows:
    if text:
        yield _damaged(number, text, "belongs to no profile of fourteen lines")


PROFILES = Format(
    "aminer-profiles",
    "AMiner Weibo user_profile*.txt",
    "AMiner 微博用户资料（user_profile*.txt）",
    (
        Emit(
            "account",
            {"account": "id", "name": "name", "followers": "followers", "followings": "friends", "posts": "posts"}
            | {"region": "location", "bio": "bio", "created": "created"}
            | {"verified": "=verified_kind({verified}, {verified_type})"},
        ),
    ),
    "weibo",
    "table",
    path=r"user_profile[0-9]*\.txt",
    rows=_profiles,
)

FORMATS = (*CASCADES, *FOLLOWS, PROFILES)
