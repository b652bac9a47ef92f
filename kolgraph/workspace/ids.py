"""Ids: which account or post a text means, as SQL that turns what a file says into an id, nothing, or a reason.

An id is ``platform:native``. A word before a colon is the platform only if it is one of `PLATFORMS` or the one that is
being loaded: ids of Bluesky and names of people hold colons, too. One thing has one id: handles where platforms ignore
case are in small letters, and a short id of a Weibo post is its number.

What other tools write for "nothing" is nothing. Where an id is a word, though, somebody may be called so: there only
the spelling of the tools counts (``NA``, ``None``), and ``none``, ``na`` or ``@None`` is an account.
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from collections.abc import Iterable

from kolgraph.errors import InputError
from kolgraph.loaders.known.homepages import PLATFORMS as CALLED
from kolgraph.loaders.reading.source import quoted
from kolgraph.workspace.tables import FORGOTTEN, NUMBERED

#: Platforms that can stand before an id; `local` is that of ids of which nobody said whose they are.
PLATFORMS = {*CALLED, "local", "tieba", "toutiao", "douban", "hupu", "maimai", "threads", "bluesky", "reddit", "vk"}
PLATFORMS |= {"mastodon", "telegram", "discord", "twitch", "linkedin", "pinterest", "snapchat", "line", "github"}
#: Where tools write times in UTC; elsewhere a time without a zone is Beijing time, as every Chinese source writes it.
IN_UTC = {"x", "tiktok", "instagram", "youtube", "facebook", "threads", "bluesky", "reddit", "mastodon", "telegram"}
IN_UTC |= {"discord", "twitch", "linkedin", "pinterest", "snapchat", "github"}
#: What may stand between platform and id where it is no id of the usual kind; of these, what people chose themselves.
_FORM = "(?:[a-z][a-z0-9_]*:)?"

#: What tools write for nothing and nobody is called, in any case; then words that people can be called, as tools write
#: them; and what means nothing besides where ids are numbers.
_SIGNS = (
    r"n/a|#n/a|#na|#null!|#value!|#ref!|#name\?|#num!|#div/0!|<na>|<null>|<none>|<nil>|\(null\)|\(none\)|\\n|nan|null|"
    r"\[deleted\]|\[removed\]|\[已删除\]|[-‐‑–—―－]+"
)
_WORDS = "NA|NaT|None|NONE|undefined|nil|NIL"
#: The same where a name is meant: somebody may be called Nan or NA; None is what crawlers in Python write for nothing.
_NO_NAMES = (
    r"n/a|#n/a|#null!|#value!|#ref!|#name\?|<na>|<null>|<none>|\(null\)|\(none\)|\\n|\[deleted\]|\[removed\]|\[已删除\]"
)
_NO_NAME_WORDS = "NaN|nan|None|NULL|null|undefined"
#: Where ids are words of plain letters and digits at most, whether of accounts or of posts.
_PLAIN = (*NUMBERED, "x", "tiktok", "instagram", "threads")
_NUMBERED_WORDS = r"na|none|undefined|nil|missing|无|暂无|0+|-1"
#: No post is called so, on any platform.
_NO_POSTS = "na|none|null|undefined|nil|missing|false|无|暂无|未知|空"

#: Other forms of the same letters (Unicode's NFKC), those that are one letter and those that are several; what is
#: written in one of them is put together by the engine's own NFC, without what cannot be seen.
_FORMS = {
    c: unicodedata.normalize("NFKC", c)
    for c in map(
        chr, (*range(0xA0, 0x3400), *range(0xFB00, 0x10000), *range(0x1D400, 0x1D800), *range(0x1F100, 0x1F252))
    )
    if unicodedata.decomposition(c).startswith("<") and "ARABIC" not in unicodedata.name(c)
}
_LETTERS = {c: form for c, form in _FORMS.items() if len(form) == 1}
_SPELT_OUT = {c: form for c, form in _FORMS.items() if len(form) > 1}
#: One text, because the engine takes long over long lists.
_PAIRS = f"string_split({quoted(chr(1).join(c + form for c, form in _SPELT_OUT.items()))}, {quoted(chr(1))})"
#: Letters, digits and signs of ASCII, and the same in full width; a space behind each.
HALF = "".join(map(chr, range(0x21, 0x7F))) + " "
FULL = "".join(chr(ord(c) + 0xFEE0) for c in HALF[:-1]) + "\u3000"
_BASE62 = string.digits + string.ascii_letters

#: Platforms on which handles ignore case, as SQL over ``y``: how an account is written. On X a handle has no @, since
#: data sets with hashed ids write those where a handle would be; but digits behind an @ are no id.
_HANDLES = (
    ("y LIKE 'x:%'", "length(y) <= 18 AND regexp_full_match(y, 'x:@*\\w*[A-Za-z_]\\w*')", "'x:' || ltrim(y[3:], '@')"),
    *(
        (
            f"y LIKE '{p}:%'",
            f"length(y) <= {len(p) + 32} AND regexp_full_match(y, '{p}:@*[\\w.]*[A-Za-z_.][\\w.]*')",
            f"'{p}:@' || ltrim(y[{len(p) + 2}:], '@')",
        )
        for p in ("tiktok", "instagram", "threads")
    ),
    ("y LIKE 'youtube:@%' OR y LIKE 'weibo:domain:%'", "true", "y"),
    *(
        (f"y LIKE '{p}:%'", f"length(y) <= {len(p) + 51} AND NOT regexp_matches(y, '^{p}:[a-z]+:')", "y")
        for p in ("facebook", "bluesky", "reddit")
    ),
)

#: The same for every platform.
_MACROS = (
    # Without what spreadsheets, databases and programs put around a number: '1, {"$oid": "1"}, digits of full width.
    """number_in(x) AS CASE WHEN starts_with(x, '{') THEN regexp_replace(x,
      '^\\{\\s*"\\$(?:numberLong|oid)"\\s*:\\s*"([0-9A-Za-z]+)"\\s*\\}$', '\\1')
      WHEN starts_with(x, '\'\'') THEN regexp_replace(x, '^''+([0-9=+@-].*?)''?$', '\\1')
      WHEN regexp_full_match(x, '[０-９]+') THEN translate(x, '０１２３４５６７８９', '0123456789') ELSE x END""",
    # The short id of a Weibo post is its number: from the right, each four of base 62 are seven decimal digits. Four
    # that are more than seven digits say that it is no such id, and so do leading zeros, which a number has not.
    f"""base62(x) AS list_reduce(list_transform(string_split(x, ''), lambda c: instr('{_BASE62}', c)::BIGINT - 1),
      lambda a, d: a * 62 + d)""",
    """mid_of_parts(p) AS CASE WHEN p[2] < 10000000 AND p[3] < 10000000
      THEN (p[1] * 100000000000000 + p[2] * 10000000 + p[3])::VARCHAR END""",
    """mid_of(bid) AS list_transform([lpad(bid, 9, '0')], lambda b: CASE
      WHEN regexp_full_match(bid, '[1-9A-Za-z][0-9A-Za-z]{6,8}')
      THEN mid_of_parts(list_transform([b[1], b[2:5], b[6:]], lambda p: base62(p))) END)[1]""",
)


def _ranges(letters: Iterable[str]) -> str:
    """Letters as what stands in a class of a regular expression."""
    found: list[list[int]] = []
    for code in sorted(map(ord, letters)):
        if found and code == found[-1][1] + 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in found)


#: ``folded(x)``: a name as it is compared, in small letters of one form, without the @ that is no part of it; nearly
#: all are written so.
FOLDED = (
    f"one_form(x) AS translate(list_reduce({_PAIRS}, lambda name, pair: replace(name, pair[1], pair[2:]), x), "
    f"{quoted(''.join(_LETTERS))}, {quoted(''.join(_LETTERS.values()))})",
    "folded(x) AS lower(trim(CASE WHEN regexp_full_match(x, '[ -~一-龿]*') THEN x ELSE nfc_normalize("
    f"regexp_replace(CASE WHEN regexp_matches(x, '[{_ranges(_FORMS)}]') THEN one_form(x) ELSE x END, "
    "'\\p{Cf}', '', 'g')) END, '@ \t\r\n'))",
)


def hmac_macro(name: str, key: bytes) -> str:
    """A macro ``name(x)``: HMAC-SHA-256 (RFC 2104) of a text, cut to 128 bits, in hexadecimal digits."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (bytes(b ^ pad for b in block).hex() for pad in (0x36, 0x5C))
    return f"{name}(x) AS left(sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(x)))), 32)"


def identity_macros(platform: str, key: bytes | None, *, whole: bool = False) -> tuple[str, ...]:
    """How ids, names and texts enter the workspace: as they are, or, with a key, as pseudonyms and not at all.

    ``as_account`` and ``as_post`` make the id in the workspace of what a file writes, ``post_as`` of a typed id of a
    post, ``known_as`` is the form in which
    names are compared, ``kept`` is free text, ``coded`` a word of a short list, and ``sealed`` any other text that
    tells rows apart. A pseudonym is an HMAC: without the key nobody can count up ids and compare hashes; with the same
    key the same person has the same one in every file.

    Parameters
    ----------
    platform : str
        Of ids that do not say theirs.
    whole : bool
        All ids say their platform, as in our own exports: then any word may be one.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", platform) or platform == FORGOTTEN:
        raise InputError(f"{platform!r} is no name for a platform; use small letters and digits, for example weibo")
    named = "[a-z][a-z0-9_-]*" if whole else "|".join(sorted({*PLATFORMS, platform}))
    full = f"CASE WHEN contains(x, ':') AND regexp_matches(x, '^(?:{named}):.') THEN x ELSE '{platform}:' || x END"
    cases = " ".join(
        f"WHEN {of} THEN CASE WHEN {fits} THEN lower({written}) ELSE y END" for of, fits, written in _HANDLES
    )
    macros = (
        *_MACROS,
        *FOLDED,
        f"full_id(x) AS {full}",
        f"one_account(y) AS CASE {cases} ELSE y END",
        # A list of one names what would be written out at each of its places, and bound there: that is what a small
        # load takes its time for.
        "whole_account(x) AS list_transform([full_id(x)], lambda y: one_account(y))[1]",
        "exact_post(x) AS CASE WHEN starts_with(x, 'weibo:bid:') THEN coalesce('weibo:' || mid_of(x[11:]), x) "
        "ELSE x END",
        "whole_post(x) AS list_transform([exact_post(x)], lambda y: full_id(y))[1]",
        "platform_of(x) AS split_part(full_id(x), ':', 1)",
        f"home_ms() AS {0 if platform in IN_UTC else 28_800_000}",
        *_grammar(platform, named),
    )
    if key is None:
        same = (f"{name}(x) AS x" for name in ("kept", "coded", "sealed"))
        ids = ("as_account(x) AS whole_account(x)", "as_post(x) AS whole_post(x)", "post_as(x) AS full_id(x)")
        return (*macros, *ids, "known_as(x) AS folded(x)", *same)
    return (
        *macros,
        hmac_macro("pseudonym", key),
        # An account found by its name is a pseudonym already.
        "hidden(x) AS CASE WHEN regexp_full_match(x, '[a-z][a-z0-9_-]*:p_[0-9a-f]{32}') THEN x "
        "ELSE split_part(x, ':', 1) || ':p_' || pseudonym(x) END",
        "as_account(x) AS hidden(whole_account(x))",
        "as_post(x) AS hidden(whole_post(x))",
        "post_as(x) AS hidden(full_id(x))",
        "known_as(x) AS pseudonym(folded(x))",
        "kept(x) AS CASE WHEN false THEN x END",
        "coded(x) AS CASE WHEN regexp_full_match(x, '[a-z_]{1,16}') THEN x END",
        "sealed(x) AS pseudonym(x)",
    )


def _grammar(platform: str, named: str) -> tuple[str, ...]:
    """Macros that tell an id from nothing and from what no id can be; a native id is read as one of `platform`."""
    numbered = "|".join(NUMBERED)
    own = f"{numbered}|" if platform in NUMBERED else ""
    # Where ids are numbers, and where they may be words; behind `name:` stands a name, and nothing is known of those.
    number, word = f"(?:(?:{numbered}):{_FORM}" + (")?" if own else ")"), f"(?:(?:{named}):{_FORM})?"
    of_words = f"(?i:{_SIGNS})|{_WORDS}"
    # What ids are made of on X and its like is never 0, which databases write for "none".
    plain = "|".join(_PLAIN)
    zero = f"(?:(?:{plain}):{_FORM}{')?' if platform in _PLAIN else ')'}0"
    nothing = f"{number}(?i:{_SIGNS}|{_NUMBERED_WORDS})|{word}(?:{of_words})|{zero}|"
    # Elsewhere 007 is another account than 7.
    digits = "[1-9][0-9]{0,18}" if platform in _PLAIN else "[0-9]{1,19}"
    return (
        f"is_number(x) AS regexp_full_match(x, '{digits}')",
        # Who numbers messages may begin with 0: as the post that a row is about it is one, as another one it is none.
        f"is_post_number(x) AS is_number(x) OR x = '0' AND {'false' if own else 'true'}",
        f"is_nothing(x) AS length(x) < 64 AND regexp_full_match(x, '{nothing}') AND NOT contains(x, ':name:')",
        f"is_no_post(x) AS is_nothing(trim(x)) OR regexp_full_match(trim(x), '{word}(?i:{_NO_POSTS})')",
        f"is_no_name(x) AS length(x) < 16 AND regexp_full_match(trim(x), '(?i:{_NO_NAMES})|{_NO_NAME_WORDS}')",
        # What is left of formulas, quotes, digits of other scripts: no such platform has it in an id.
        f"""is_plain(y) AS regexp_matches(y, '^[a-z]+:name:') OR NOT regexp_matches(y, '^(?:{"|".join(_PLAIN)}):')
      OR regexp_full_match(y, '[a-z]+:{_FORM}[0-9A-Za-z_@~][0-9A-Za-z_.=+/@-]*') AND NOT regexp_matches(y,
        '^[a-z]+:{_FORM}(?:0[xX][0-9A-Fa-f]+|0[0-9]+|[0-9]{{1,3}}(?:[._][0-9]{{3}})+)$|[.][a-z]+/'
        '|^(?:{"|".join(NUMBERED)}):{_FORM}(?i:(?:user|uid|mid|id)[:=_-]?|[a-z]+/|@)[0-9]+$')""",
        # Of a cell that decides what its row is.
        "given(x) AS CASE WHEN NOT is_nothing(trim(x)) THEN x END",
        # Letters, digits and what handles are made of, and a letter first.
        "is_word(x) AS regexp_full_match(x, '[A-Za-z_@][A-Za-z0-9_.@-]{0,63}')"
        + (" AND NOT regexp_full_match(x, '(?i:true|false|(?:(?:user|uid|mid|id)[_-]?|@)[0-9]+)')" if own else ""),
        f"""wrong_id(x) AS list_transform([full_id(x)], lambda y: CASE
      WHEN regexp_full_match(x, '{word}[0-9]+([.,][0-9]+[eE][+]?|[eE][+])[0-9]+|{number}[0-9]+[eE][0-9]+')
        THEN 'ID_SCIENTIFIC'
      WHEN regexp_full_match(x, '{word}[0-9]{{1,3}}([,'' \\x{{a0}}\\x{{202f}}][0-9]{{3}})+') THEN 'BAD_ID'
      WHEN regexp_full_match(x, '{word}[0-9]+[.,][0-9]*') THEN 'ID_FLOAT'
      WHEN starts_with(y, '{FORGOTTEN}:') THEN 'FORGOTTEN'
      WHEN length(x) > 256 OR NOT is_plain(y) OR regexp_matches(x, '[\\x00-\\x1f]|^{word}[{{\\[]')
        OR regexp_full_match(x, '{number}(?i:true|false|[-+][0-9.]+|[0-9]+(?:\\s+[0-9]+)+)') THEN 'BAD_ID' END)[1]""",
    )
