"""What two accounts can act on together, and when two of them are the same: links, domains, hashtags, words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

#: Parameters of addresses that say where a click came from, and not what is shown: those of Google Analytics and Ads,
#: Meta, Microsoft, Mailchimp and Taobao.
_TRACKING = re.compile(r"utm_\w+|gclid|dclid|gbraid|wbraid|fbclid|igshid?|msclkid|mc_[ce]id|spm|scm")
_PORTS = {"http": 80, "https": 443}


def link(address: str) -> str | None:
    """An address as it is compared: without protocol, ``www.``, tracking and ``#part``; None if it is none.

    Short links (``t.cn/...``) stay as they are: where they lead only a request would tell.

    Examples
    --------
    >>> link("HTTPS://www.Example.com:443/a/?b=2&utm_source=x&a=1#top")
    'example.com/a?a=1&b=2'
    >>> link("no address") is None
    True
    """
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = (parts.hostname or "").removeprefix("www.").rstrip("."), parts.port
    except ValueError:  # brackets that do not close, a port that is no number
        return None
    if not re.fullmatch(r"[^\s.]+(\.[^\s.]+)+", host):
        return None
    place = host if port in (None, _PORTS.get(parts.scheme.lower() or "http")) else f"{host}:{port}"
    query = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0]))
    return place + parts.path.rstrip("/") + (f"?{urlencode(query)}" if query else "")


def domain(address: str) -> str | None:
    """The host of an address, without ``www.`` and port.

    Examples
    --------
    >>> domain("http://www.example.com:8080/a"), domain("#tag")
    ('example.com', None)
    """
    found = link(address)
    return found and re.split("[/?:]", found, maxsplit=1)[0]


def hashtag(topic: str) -> str | None:
    """A topic as it is compared: one form of every letter, no capitals, no ``#``; None if nothing is left.

    Examples
    --------
    >>> hashtag("＃Ｔｅａ[超话]#")
    'tea'
    """
    text = unicodedata.normalize("NFKC", topic).casefold()
    return " ".join(re.sub(r"#|\[(?:话题|超话)\]", " ", text).split()) or None


def same(name: str) -> str | None:
    """An id or text that is its own normal form."""
    return name or None


#: Kind of object -> how one is compared. Kinds are never mixed: an act on a post and one on a link have other rates.
KINDS: Mapping[str, Callable[[str], str | None]] = {
    "repost": same,
    "link": link,
    "domain": domain,
    "hashtag": hashtag,
    "mention": same,
    "reply": same,
    "text": same,
}
