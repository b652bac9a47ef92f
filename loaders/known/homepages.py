"""Homepages of accounts: which account of which platform an address means."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

#: What people call the platforms.
PLATFORMS = {
    "weibo": "微博 新浪微博 weibo wb",
    "xhs": "小红书 红书 xhs xiaohongshu rednote red",
    "douyin": "抖音 抖音短视频 douyin dy",
    "kuaishou": "快手 kuaishou ks",
    "bilibili": "b站 哔哩哔哩 bilibili bili",
    "zhihu": "知乎 zhihu",
    "wechat": "微信 公众号 微信公众号 wechat",
    "x": "x twitter 推特",
    "youtube": "youtube 油管",
    "tiktok": "tiktok tk",
    "instagram": "instagram ins ig",
    "facebook": "facebook fb 脸书",
}
_CALLED = {name: platform for platform, names in PLATFORMS.items() for name in names.split()}


@dataclass(frozen=True)
class Homepage:
    """An account that an address means.

    Attributes
    ----------
    platform, account_id : str
    handle : str
        A name in the address that stands where the id would: then `account_id` is only a makeshift. "" = none.
    """

    platform: str
    account_id: str
    handle: str = ""


#: Platform, pattern of the address, form of the id; where the id is a makeshift, a group ``handle`` says so.
_PAGES = tuple(
    (platform, re.compile(pattern, re.IGNORECASE), form)
    for platform, pattern, form in (
        ("weibo", r"\bweibo\.(?:com|cn)/(?:u/|profile/|p/10050\d)?(?P<id>\d{5,})", "{id}"),
        ("weibo", r"\bweibo\.(?:com|cn)/n/(?P<handle>[^/?#\s]+)", "name:{handle}"),
        (
            "weibo",
            r"\bweibo\.(?:com|cn)/(?!(?:u|p|n|profile|status|detail|tv|login|ttarticle|hot)\b)(?P<handle>[a-z][\w-]+)",
            "domain:{handle}",
        ),
        ("xhs", r"\bxiaohongshu\.com/user/profile/(?P<id>[0-9a-f]{24})", "{id}"),
        ("douyin", r"\bdouyin\.com/(?:share/)?user/(?P<id>\d{5,})", "{id}"),
        ("douyin", r"\bdouyin\.com/(?:share/)?user/(?P<id>MS4wLjAB[\w-]+)", "sec_uid:{id}"),
        ("kuaishou", r"\bkuaishou\.com/(?:profile|u)/(?P<id>[\w-]+)", "{id}"),
        ("bilibili", r"\bspace\.bilibili\.com/(?P<id>\d+)", "{id}"),
        ("zhihu", r"\bzhihu\.com/(?:people|org)/(?P<handle>[\w-]+)", "url_token:{handle}"),
        (
            "x",
            r"\b(?:x|twitter)\.com/(?!(?:i|home|search|hashtag|intent)\b)@?(?P<handle>\w{1,15})\b",
            "@{handle}",
        ),
        ("tiktok", r"\btiktok\.com/(?P<id>@[\w.]+)", "{id}"),
        ("youtube", r"\byoutube\.com/channel/(?P<id>UC[\w-]{22})", "{id}"),
        ("youtube", r"\byoutube\.com/@(?P<handle>[\w.-]+)", "@{handle}"),
        ("instagram", r"\binstagram\.com/(?!(?:p|reel|explore)/)(?P<id>[\w.]+)", "@{id}"),
    )
)
#: What nearly all texts lack.
_SITE = re.compile(
    r"\b(?:weibo|xiaohongshu|douyin|kuaishou|bilibili|zhihu|x|twitter|tiktok|youtube|instagram)\.c", re.IGNORECASE
)
#: Any of them.
HOMEPAGES = re.compile("|".join(re.sub(r"\?P<\w+>", "", page.pattern) for _, page, _ in _PAGES), re.IGNORECASE)


def platform_named(text: str) -> str | None:
    """The platform that people mean by a word; None if it is none that is known."""
    return _CALLED.get("".join(unicodedata.normalize("NFKC", text).lower().split()))


def homepage(text: str) -> Homepage | None:
    """The first account whose homepage is in a text; short addresses that lead elsewhere are none.

    >>> homepage("https://weibo.com/u/1234567890?from=x"), homepage("https://v.douyin.com/abc/")
    (Homepage(platform='weibo', account_id='weibo:1234567890', handle=''), None)
    """
    return next(iter(homepages(text)), None)


def homepages(text: str) -> list[Homepage]:
    """All accounts whose homepages are in a text, in the order of platforms."""
    found = []
    for platform, page, form in _PAGES if _SITE.search(text) else ():
        for match in page.finditer(text):
            parts = {name: unquote(part) for name, part in match.groupdict().items()}
            found.append(Homepage(platform, f"{platform}:{form.format(**parts)}", parts.get("handle", "")))
    return found
