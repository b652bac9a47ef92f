"""The grammar of posts: whom a text names, through whom a repost came, which topics it carries; as SQL macros.

On Weibo a repost carries the words of all it came through: ``own words//@direct parent:their words//@the next:...``.
What stands behind ``//@`` was written by others, so a writer is only credited with the own part.

Names are Unicode letters, digits, "_", "-" and the dots of foreign names; one or two characters are enough (a rule of
four, much copied, loses 14 % of real names). Repetition is unbounded in the patterns and cut afterwards: RE2 unrolls
``{1,30}`` of a Unicode class into a program that takes 0.1 s to build.
"""

from __future__ import annotations

NAME = r"[\p{L}\p{N}_\-·・]+"
#: Longer names are text that nothing separates from the name: each is cut there.
MAX_NAME = 30
MAX_TOPIC = 140
EMAIL = r"[A-Za-z0-9._%+\-]+[@＠][A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}"
#: Addresses hold "/@name" and "#part", which name nobody; "http://t.cn/A6#topic#" is an address before a topic.
URL = r"https?://(?:/@|[\w.~%?=&/+:\-])*(?:#[\w\-]+(?:[\s,.;:!?)]|$))?"
REPLY = rf"^\s*(?:回复|回覆|回復|Reply to)\s*[@＠]\s*({NAME})\s*[:：]?"
RETWEET = r"^\s*RT @([A-Za-z0-9_]+)\b"
#: What reposting writes where people write nothing: 43 % of real reposts.
NO_WORDS = "(?:转发微博|轉發微博|转发了?|轉發?|转|[Rr]epost)?[。.!！]?"
#: Ends a topic that no "#" closes.
ENDS_TOPIC = r"""\s#＃@＠，。,.!?！？、:：;；()（）\[\]【】"'"""

_TOPICS = {
    # "#a[话题]#" of Xiaohongshu, and plain "#a "
    "xhs": rf"[#＃]([^#＃\[\]\n]+?\[话题\]#?|[^{ENDS_TOPIC}]+)",
    "plain": rf"[#＃]([^{ENDS_TOPIC}]+)",
    "west": r"(?:^|[^\p{L}\p{N}_&/])[#＃]([\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*)",
    "closed": r"#([^#\n]+)#",
}


def _text(pattern: str) -> str:
    """A SQL string literal."""
    return "'" + pattern.replace("'", "''") + "'"


def _all(text: str, pattern: str) -> str:
    return f"regexp_extract_all({text}, {_text(pattern)}, 1)"


INVISIBLE = r"[\x{200b}\x{feff}]"
TAG = rf"</?[A-Za-z][^<>]*>|{INVISIBLE}"
CHAIN = rf"//\s*[@＠]\s*({NAME})"
#: Old clients cut texts at 140 characters, perhaps within a name: one that is whole has a colon or a space behind it.
CUT = rf"//\s*[@＠]\s*(?:{NAME})?$"
#: From here on others speak.
OTHERS = r"(?://\s*[@＠]|^\s*RT @[A-Za-z0-9_]+\b).*"
HANDLE = r"(?:^|[^A-Za-z0-9_@＠])[@＠]([A-Za-z0-9_]+)"
DOTTED = r"[@＠]([\p{L}\p{N}_][\p{L}\p{N}_.\-]*)"
LABEL = r"\[(话题|超话)\]#?"
WEST = "('x', 'instagram', 'tiktok', 'youtube', 'facebook')"
MACROS = (
    # Each once, in order. A macro is pasted in for every use of its argument; a lambda computes it once.
    """in_order(names) AS list_transform([names],
      lambda all_of: list_filter(all_of, lambda n, i: list_position(all_of, n) = i))[1]""",
    # Tags, entities and invisible characters, as web pages leave them in texts. The end of a link ends a name.
    f"""bare_text(x) AS regexp_replace(regexp_replace(x, '<br ?/?>|</(?:a|p)>', ' ', 'g'), {_text(TAG)}, '', 'g')""",
    """entities(x) AS replace(replace(replace(replace(replace(replace(x, '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'),
      '&quot;', '"'), '&#39;', ''''), '&amp;', '&')""",
    f"""plain_text(x) AS CASE WHEN regexp_matches(x, {_text("[<&]|" + INVISIBLE)}) THEN entities(bare_text(x))
      ELSE x END""",
    # What the writer wrote: not what was reposted, and not the one who is answered.
    f"""own_part(x) AS regexp_replace(regexp_replace(plain_text(x), {_text(OTHERS)}, '', 's'), {_text(REPLY)}, '')""",
    f"""reply_target(x) AS nullif(left(regexp_extract(plain_text(x), {_text(REPLY)}, 1), {MAX_NAME}), '')""",
    f"""has_own_words(x) AS NOT regexp_full_match(trim(own_part(x), ' \n\t　'), {_text(NO_WORDS)})""",
    f"""chain_in(x, t, platform) AS CASE WHEN platform = 'x' THEN {_all("x", RETWEET)} WHEN contains(x, '//')
      THEN list_transform({_all("t", CHAIN)}, lambda n: left(n, {MAX_NAME})) ELSE [] END""",
    """chain_of(x, platform) AS chain_in(x, plain_text(x), platform)""",
    # The names of the chain in order; the last is NULL where the text breaks off: who stands there, nobody knows.
    f"""known_chain(x, platform) AS list_transform([plain_text(x)], lambda t:
      list_transform([chain_in(x, t, platform)], lambda names: CASE WHEN platform = 'x' THEN names
      WHEN regexp_matches(t, {_text(CUT)}) THEN list_filter(names, lambda n, i: i < len(names)
        OR NOT regexp_matches(t, {_text(CUT.replace("?$", "$"))})) || [NULL]
      WHEN len(names) > 0 AND ends_with(t, '//') THEN names || [NULL]
      ELSE names END)[1])[1]""",
    f"""nameable(x) AS regexp_replace(own_part(x), {_text(f"{URL}|{EMAIL}")}, ' ', 'g')""",
    f"""mentions_of(x, platform) AS in_order(list_transform(list_transform([nameable(x)], lambda t: CASE
      WHEN platform = 'x' THEN list_filter({_all("t", HANDLE)}, lambda n: length(n) <= 15)
      WHEN platform IN {WEST} THEN list_transform({_all("t", DOTTED)}, lambda n: rtrim(n, '.-'))
      ELSE {_all("t", f"[@＠]({NAME})")} END)[1], lambda n: left(n, {MAX_NAME})))""",
    f"""tags(x, platform) AS list_transform(list_transform([nameable(x)], lambda t: CASE
      WHEN platform = 'xhs' THEN {_all("t", _TOPICS["xhs"])}
      WHEN platform IN ('douyin', 'kuaishou') THEN {_all("t", _TOPICS["plain"])}
      WHEN platform IN {WEST} THEN {_all("t", _TOPICS["west"])}
      ELSE {_all("t", _TOPICS["closed"])} END)[1], lambda t: trim(regexp_replace(t, {_text(LABEL)}, '')))""",
    f"""topics_of(x, platform) AS in_order(list_filter(tags(x, platform),
      lambda t: t <> '' AND length(t) <= {MAX_TOPIC}))""",
)
