"""Tables of planners and agencies: price lists, and lists of who is who on several platforms.

Every agency writes its own table, so a column is known by what its header says, below titles and in any order. Of
several prices the forwarding price counts, of a range of prices the upper end: a plan must not cost more than it says.
An account is found by its id or by the link to its homepage; by its name, on its platform, only if just one known
account has it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from kolgraph.loaders.known.homepages import HOMEPAGES, homepage, platform_named
from kolgraph.loaders.reading import containers, headers
from kolgraph.loaders.reading.source import DELIMITERS, MAX_RAW, Options, Reading, Reject, Source
from kolgraph.loaders.spec import Emit, Format, reading

#: Rows above which a header is looked for.
TITLES = 20
#: Rows by which prices are told from other words.
PRICED = 1000
#: Lines in which they and the header have to be.
LOOKED_AT = 1000
#: Lines that a cell in quotes may span.
CELL_LINES = 50
#: What the columns are called, without what stands in brackets, beside what `headers` knows.
ACCOUNT: Mapping[str, str] = {
    "platform": "platform 平台 平台名称 所属平台 发布平台 投放平台 媒体平台 媒体 渠道",
    "link": "link url homepage homepageurl profile profileurl profilelink 链接 主页 主页链接 主页地址 个人主页 "
    "账号链接 账号主页 达人主页 达人链接 博主链接 博主主页",
    "id": "platformuid uid userid accountid 平台uid 平台id 平台账号id 平台用户id 用户id 账号id "
    "账号uid 博主id 达人id 达人uid",
    "account": "account",
    "who": "账号 帐号 账号/昵称 博主 达人 红人 kol koc",
    "name": "name screenname nickname displayname kolname 昵称 用户昵称 达人昵称 博主昵称 账号昵称 账号名称 账号名 "
    "达人名称 博主名称 kol名称 kol昵称 媒体名称 红人昵称",
    "followers": "粉丝 粉丝量 粉丝数量 fans fanscount followercount",
    "post": "text content post postid title 正文 内容 标题 微博正文 笔记标题 发布时间",  # a table of posts
}
PERSON: Mapping[str, str] = {
    "person": "person personid 人物 人物id 人物编号 人员编号 达人编号 kol编号 kolid",
    "confidence": "confidence 置信度 可信度",
    "method": "method 方法",
    "note": "note notes remark 备注 说明",
    "name": "姓名",
}

#: Which price counts: the first kind that a table has.
KINDS = (
    r"转发|转推|forward|repost|retweet",
    r"直发|原创|发布|direct",
    r"^(?!.*(图文|视频|直播|短|植入|单推|合集|video|live|image)).*$",
    r"图文|image",
    r"",
)
TAX = (r"(?<!不)(?<!非)含税", r"^(?!.*(不含税|未税|裸价)).*$", r"")
DEAL = (r"执行|折后|成本|优惠|实际|最终|协议", r"^(?!.*(刊例|原价|官方)).*$", r"")
IS_PRICE = re.compile(r"价|费用|刊例|price|cost|quote(?!d|s|count|url|link|user|id|tweet|status|text|num)|\bfee\b")
NO_PRICE = re.compile(r"cp[mecv]|单价/|性价|评价|价值|溢价|日期|时间|有效|更新|返点|price(date|level)")
FOREIGN = re.compile(r"usd|美元|美金|\$|hkd|港币|eur|欧元|€|jpy|日元|twd|台币")
SCALE = re.compile(r"[(\[/:](单位:?)?(万|w|千|k)元?[)\]]?$")

NO_VALUE = "- -- — —— / \\ 无 暂无 没有 未知 n/a na none null 待定 tbd"
NO_OFFER = "待议 面议 私议 详询 询价 咨询 私聊 待询 不接 停接 暂停 暂停接单 不接单 置换 无报价 暂无报价 negotiable"
NOTHING, REFUSED = frozenset(NO_VALUE.split()), frozenset(NO_OFFER.split())
SIGNS = re.compile(
    r"^(约|¥|rmb|cny|人民币|:)+|(元|块|整|rmb|cny|人民币|/?(条|篇|次|个|单|期|件)|/(post|each)|起|左右|不含税|未税|含税|\(.*\))+$"
)
#: What may be meant as an amount, in whatever currency: whether it is one is checked when the row is read.
AMOUNT = re.compile(r"(?!.*://)\D{0,6}\d.{0,40}", re.DOTALL)
RANGE = re.compile(r"([\d.,]+)([万w千k]?)[-~—至到]([\d.,]+)([万w千k]?)")
#: Thousands that are set apart, and spaces that are not between digits.
THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[\s,'’]\d{3})+(?!\d)")
SPACES = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
NOTE = re.compile(r"(备注|注|说明|合计|总计|小计|共计|total|note)s?\s*([:：\d].*)?$", re.IGNORECASE | re.DOTALL)

#: By its id; by its name, if one account has it; by what else its homepage says; "?" for a name that nobody has here.
WHO = (
    "=coalesce({id}, account_named({handle}, {platform}), account_named({name}, {platform}), {alias}, "
    "CASE WHEN {name} <> '' THEN '?' END)"
)
PLAIN = (
    "name",
    "followers",
    "followings",
    "posts",
    "niche",
    "region",
    "city",
    "agency",
    "available",
    "price_cny",
    "score",
)
PRICES = Format(
    name="prices",
    title="a price list",
    title_zh="报价表",
    emits=(Emit("account", {"account": WHO} | {f: f for f in (*PLAIN, "bio", "ip_region", "verified", "observed")}),),
)
PEOPLE = Format(
    name="people",
    title="who is who on several platforms",
    title_zh="跨平台人物对照表",
    emits=(Emit("identity", {"account": WHO} | {f: f for f in ("person", "name", "confidence", "method", "note")}),),
)


def recognise(source: Source, options: Options) -> list[Reading] | None:
    """Readings of every sheet that is a price list or a list of people, or None if there is none."""
    if source.shape not in {"table", "xlsx"} or options.mapping or options.record:
        return None
    found = []
    for sheet, delimiter in _places(source):
        table = _find(source, sheet, delimiter)
        if table is not None:
            found.append(table.reading(options))
    return found or None


def _places(source: Source) -> Iterator[tuple[str, str]]:
    """Sheets of a workbook, or the ways to cut a text into cells of which one is right."""
    if source.shape == "xlsx":
        for name in containers.xlsx_headers(source.path, max_input=source.max_input):
            yield name, ""
    else:
        for delimiter in DELIMITERS:
            if _find(source, "", delimiter) is not None:
                yield "", delimiter
                return


def _find(source: Source, sheet: str, delimiter: str) -> _Table | None:
    """The table of a sheet, if one of its first rows is the header of one that is ours."""
    with closing(_rows(source, sheet, delimiter)) as rows:
        for place, row in enumerate(islice(rows, TITLES)):
            if not isinstance(row, Reject):
                number, cells = row
                people, columns = _columns(cells)
                if "price_cny" in columns:
                    told = _told_prices(source, sheet, delimiter, number, _prices(cells))
                    # What is called a price and nothing else is one, and its words are rejected.
                    told |= {
                        place: True for place in told if _bare(cells[place]) in headers.NAMES["account"]["price_cny"]
                    }
                    columns.pop("price_cny")
                    if True in told.values():
                        columns["price_cny"] = next(place for place, holds in told.items() if holds is not False)
                if _is_ours(columns, people=people, below=place > 0):
                    columns.pop("post", None)
                    return _Table(source, sheet, delimiter, number, cells, columns, people)
                if place == 0 and headers.recognise(cells):
                    return None  # it is no title, but the header of a generic table
    return None


def _told_prices(
    source: Source, sheet: str, delimiter: str, header: int, places: Sequence[int]
) -> dict[int, bool | None]:
    """Column -> whether most of its first cells are amounts, or say that there is no offer; None if it is empty."""
    said: dict[int, list[str]] = {place: [] for place in places}
    with closing(_rows(source, sheet, delimiter)) as rows:
        for row in islice(rows, PRICED):
            if not isinstance(row, Reject) and row[0] > header:
                for place, cells in said.items():
                    if place < len(row[1]) and row[1][place] and row[1][place].lower() not in NOTHING:
                        cells.append(row[1][place])
    return {place: _are_amounts(cells) if cells else None for place, cells in said.items()}


def _are_amounts(cells: Sequence[str]) -> bool:
    return 2 * sum(price(cell) is None or AMOUNT.fullmatch(cell) is not None for cell in cells) >= len(cells)


def _is_ours(columns: Mapping[str, int], *, people: bool, below: bool) -> bool:
    """Whether columns say more than the generic tables understand, or a title keeps those from seeing them."""
    who = columns.keys() & {"id", "account", "who", "name", "link"}
    place = columns.keys() & {"platform", "link"}
    if people:
        return bool(who and place)
    # Tables of posts have names, links and platforms too.
    priced, of_posts = "price_cny" in columns, "post" in columns
    listed = columns.keys() & {"available", "agency"} or {"platform", "followers"} <= columns.keys()
    unseen = place or below or not columns.keys() & {"id", "account"}
    return bool(who and unseen and (priced or (listed and not of_posts)))


def _columns(cells: Sequence[str]) -> tuple[bool, dict[str, int]]:
    """Whether a header is one of people, and field -> position of the column; of several prices the one that counts."""
    bare = [_bare(cell) for cell in cells]
    person = {name: field for field, names in PERSON.items() for name in names.split()}
    people = any(person.get(name) == "person" for name in bare)
    known = {name: field for field, names in headers.NAMES["account"].items() if field != "account" for name in names}
    known |= {name: field for field, names in ACCOUNT.items() for name in names.split()}
    if people:
        known |= person
    found: dict[str, int] = {}
    for place, name in enumerate(bare):
        if name in known and known[name] != "price_cny":
            found.setdefault(known[name], place)
    if not people and (prices := _prices(cells)):
        found["price_cny"] = prices[0]
    return people, found


def _bare(header: str) -> str:
    """A header as names are listed: without units, remarks in brackets, stars and spaces."""
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]|【[^】]*】", "", unicodedata.normalize("NFKC", header))
    return headers.norm(re.sub(r"/(万|w|千|k)$", "", "".join(text.split()).strip("*:：")))


def _prices(cells: Sequence[str]) -> list[int]:
    """Positions of the columns that hold prices, the one that counts first."""
    ranked = []
    for place, cell in enumerate(cells):
        text = headers.norm(unicodedata.normalize("NFKC", cell))
        if IS_PRICE.search(text) and not NO_PRICE.search(text):
            ranks = [next(k for k, p in enumerate(kinds) if re.search(p, text)) for kinds in (KINDS, TAX, DEAL)]
            ranked.append((ranks, place))
    return [place for _, place in sorted(ranked)]


# ---------------------------------------------------------------------- rows


def _rows(
    source: Source, sheet: str, delimiter: str, width: int = 0
) -> Generator[tuple[int, list[str]] | Reject, None, None]:
    """Line and cells of every row that is not empty."""
    if source.shape == "xlsx":
        for found in containers.sheet_rows(source.path, sheet, source.max_input):
            yield found if isinstance(found, Reject) else (found[0], [(cell or "").strip() for cell in found[1]])
        return
    with source.text_path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        # Whoever looks for a header knows no width yet, and looks at the beginning only.
        for number, cells, raw in _records(text if width else islice(text, LOOKED_AT), delimiter, width):
            if "\ufffd" in raw:
                why = "the row is not UTF-8; if the whole file is not, name its encoding"
                yield Reject(number, None, None, "BAD_ENCODING", why, raw)
            elif cells is None:
                yield Reject(number, None, None, "BAD_ROW", "a quote is not closed, or not at the end of a cell", raw)
            elif any(cells):
                yield number, cells


def _records(text: Iterable[str], delimiter: str, width: int) -> Iterator[tuple[int, list[str] | None, str]]:
    """Line, cells and text of every record; where quotes do not match, None for one line, and on with the next.

    A line that is a whole row by itself does not continue the cell above it: there a quote is missing. So whatever
    stands above, no row of one line is lost. A row with a line break in a cell can be: where the part of it before the
    break makes a row of the right width out of a cell above that was never closed, the text can be read in two ways,
    and nothing in it tells which was meant. Then the rest of that row is a line that does not match, and rejected.
    """
    lines, ahead = enumerate(text, 1), deque[tuple[int, str]]()
    while ahead or (ahead := deque(islice(lines, 1))):
        number, raw = ahead[0]
        cells, spanned = _cut(raw, delimiter), 1
        while cells is None and spanned < CELL_LINES:
            if len(ahead) == spanned:
                ahead.extend(islice(lines, 1))
            if len(ahead) == spanned or (width and _is_row(ahead[spanned][1], delimiter, width)):
                break
            raw += ahead[spanned][1]
            spanned += 1
            cells = _cut(raw, delimiter)
            if cells is not None and len(cells) != (width or len(cells)):
                cells = None
                break
        if cells is None:
            raw, spanned = ahead[0][1], 1
        for _ in range(spanned):
            ahead.popleft()
        yield number, cells, raw[:MAX_RAW].rstrip("\r\n")


def _is_row(raw: str, delimiter: str, width: int) -> bool:
    return raw.count('"') % 2 == 0 and len(_cut(raw, delimiter) or ()) == width


def _cut(raw: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None if its quotes do not match."""
    try:
        found = list(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in found[0]] if len(found) == 1 else []


@dataclass(frozen=True)
class _Table:
    """Where a table lies in a file, and what its columns are."""

    source: Source
    sheet: str
    delimiter: str
    line: int
    header: Sequence[str]
    columns: Mapping[str, int]
    people: bool

    def reading(self, options: Options) -> Reading:
        """What the table will hand over."""
        fmt = replace(PEOPLE if self.people else PRICES, rows=lambda _, said: self.rows(said))
        made = reading(fmt, self.source, options)
        named = [f"{field} = {self.header[place]}" for field, place in self.columns.items()]
        prices = [self.header[place] for place in _prices(self.header)]
        place = f"sheet {self.sheet}, " if self.sheet else ""
        made.sheet = self.sheet
        made.decision = f"{fmt.name}: {place}header in line {self.line}; {', '.join(named)}"
        if not self.people and len(prices) > 1:
            made.decision += f"; of the prices {', '.join(prices)} the first counts"
        used = {self.header[place] for place in self.columns.values()} | (
            set(prices) if "price_cny" in self.columns else set()
        )
        made.decision += headers.unused(self.header, used)
        if not self.columns.keys() & {"platform", "link"} and self._platform(options) is None:
            made.decision += "; no platform is said: names are looked for on all of them, unless the platform is named"
        return made

    def _platform(self, options: Options) -> str | None:
        """The platform of rows that do not name one."""
        return options.platform or platform_named(self.sheet)

    def rows(self, options: Options) -> containers.Rows:
        """The cells of each row by field, cleaned; what is no row of a table is left out or rejected."""
        width = len(self.header)
        for row in _rows(self.source, self.sheet, self.delimiter, width):
            if isinstance(row, Reject):
                if row.line is not None and row.line > self.line:
                    yield row
                continue
            number, cells = row
            if number <= self.line or cells == self.header or self._is_note(cells):
                continue
            if self.delimiter and (len(cells) < width or any(cells[width:])):
                # 12,000 without quotes is two cells: the price would be 12.
                code, than = ("TOO_FEW_FIELDS", "fewer") if len(cells) < width else ("TOO_MANY_FIELDS", "more")
                raw = self.delimiter.join(cells)
                yield Reject(number, None, None, code, f"the row has {than} cells than the header", raw)
                continue
            cells += [""] * (width - len(cells))
            yield number, self._cells({f: cells[place] for f, place in self.columns.items()}, options)

    def _is_note(self, cells: Sequence[str]) -> bool:
        """A remark or a sum below the table."""
        filled = [cell for cell in cells if cell]
        first = NOTE.match(filled[0])
        return first is not None and (len(filled) == 1 or first[1] in {"合计", "总计", "小计", "共计"})

    def _cells(self, row: dict[str, str], options: Options) -> dict[str, Any]:
        """What one row says, in the names that the formats use."""
        out: dict[str, Any] = {f: text for f, text in row.items() if text.lower() not in NOTHING and text}
        who = out.pop("account", None) or out.pop("who", None)
        link = out.pop("link", None)
        given = out.pop("id", None)
        out.pop("who", None)
        if who is not None and HOMEPAGES.search(who):
            link = link or who
        elif who is not None and given is None and re.fullmatch(r"\d{5,}|[a-z][a-z0-9_-]*:\S+", who):
            given = who
        elif who is not None:
            out.setdefault("name", who)
        page = homepage(link) if link else None
        platform = platform_named(out["platform"]) or out["platform"] if "platform" in out else None
        platform = (page.platform if page else platform) or self._platform(options)
        if page is not None:
            out |= {"alias" if page.handle else "id": page.account_id, "handle": page.handle}
        if given is not None:
            out["id"] = _with_platform(given, platform)
        out["platform"] = platform
        if "name" in out:
            out["name"] = out["name"].lstrip("@＠").strip()
        for field, clean in (("price_cny", price), ("followers", amount), ("followings", amount), ("posts", amount)):
            if field in out:
                out[field] = clean(out[field], self.header[self.columns[field]])
        if "confidence" in out and re.fullmatch(r"[\d.]+%", out["confidence"]):
            out["confidence"] = f"{float(out['confidence'][:-1]) / 100:.6g}"
        return out


def _with_platform(native: str, platform: str | None) -> str:
    """An id with its platform in front; one that a spreadsheet damaged stays as it is, and is refused for it."""
    if platform is None or ":" in native or not re.fullmatch(r"\d+|(?![\d.]+(e\+?\d+)?$).+", native, re.IGNORECASE):
        return native
    return f"{platform}:{native}"


def price(text: str, header: str = "") -> str | None:
    """A price as the grammar of money takes it: the upper end of a range; None if it says that there is none.

    >>> price("¥12,000"), price("8000-1万元"), price("1,5", "报价(万元)"), price("面议")
    ('12000', '1万', '1,5万', None)
    """
    plain = THOUSANDS.sub(lambda m: re.sub(r"\D", "", m[0]), unicodedata.normalize("NFKC", text).lower())
    plain = SPACES.sub("", plain.strip())
    plain = SIGNS.sub("", SIGNS.sub("", plain))
    if not plain or plain in NOTHING | REFUSED or re.fullmatch(r"\D*(面议|详询|询价|咨询|私聊|另议)\D*", plain):
        return None
    span = RANGE.fullmatch(plain)
    if span is not None:
        plain = span[3] + span[4]
    foreign = FOREIGN.search(unicodedata.normalize("NFKC", header).lower())
    return amount(plain, header) + (foreign[0] if foreign else "")  # which is no amount of CNY, and rejected


def amount(text: str, header: str) -> str:
    """A number in the unit that its header names.

    >>> amount("52.3", "粉丝数（万）"), amount("52.3万", "粉丝数（万）"), amount("523,000", "粉丝数")
    ('52.3万', '52.3万', '523,000')
    """
    unit = SCALE.search("".join(unicodedata.normalize("NFKC", header).lower().split()))
    return text + unit[2] if unit and re.fullmatch(r"[\d.,]+\+?", text) else text
