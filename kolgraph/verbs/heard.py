"""What people say to an account, and whether it answers: reposts and comments with words of their own, replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolgraph.loaders.reading.source import quoted
from kolgraph.workspace.texts import NAME, NO_WORDS, OTHERS, REPLY, TAG, URL

if TYPE_CHECKING:
    from kolgraph.workspace import Workspace

F64 = NDArray[np.float64]
#: Accounts from which on the same text under one post is nobody's own. Of 600,000 texts of Weibo reposts (CED) 37 % of
#: those with 3 to 5 characters are shared by so many, and 2.5 % of those with more than 20; for two, chance is enough.
SAME = 3
#: What is made of letters and is no word: a tag, a face (``[赞]``), an address, a name.
_NO_WORD = rf"{TAG}|&#?\w+;|\[[^\[\]]*\]|{URL}|[@＠]{NAME}"


def _without(text: str, pattern: str, flags: str = "") -> str:
    return f"regexp_replace({text}, {quoted(pattern)}, '', '{flags}')"


_SIGNS = r"[^\p{L}\p{N}]"
#: Letters and digits of a text that its writer wrote: not what was reposted, nor who is answered.
_OWN = _without(_without(_without("text", OTHERS, "s"), REPLY), _NO_WORD, "g")
WORDS = f"lower({_without(_OWN, _SIGNS, 'g')})"
_LIGHT = "light AS (SELECT unnest(?::INTEGER[]) AS src, unnest(?::DOUBLE[]) AS weight)"
#: Who said what to whom: reposters to the author of the root, commenters to the author of the post.
_SAID = {
    "reposts": "SELECT dst AS account, src, root_id AS post, text FROM reposts",
    "comments": "SELECT coalesce(p.author, CASE WHEN parent_id IS NULL THEN dst END) AS account, src, "
    "c.post_id AS post, c.text FROM comments c LEFT JOIN posts p ON p.post_id = c.post_id",
}
#: Comments of others to authors of posts, and which of them were answered in person: by a comment that is addressed to
#: who wrote them, and stands under them or in the same thread.
_REPLIES = f"""
    WITH {_LIGHT},
         authors AS (SELECT author AS dst FROM posts UNION SELECT dst FROM reposts WHERE root_id IS NOT NULL),
         said AS (SELECT comment_id, src, dst, coalesce(parent_id, post_id) AS thread FROM comments WHERE src <> dst),
         answers AS (SELECT DISTINCT src AS dst, dst AS src, thread FROM said),
         asked AS (SELECT s.src, s.dst, a.thread IS NOT NULL OR b.thread IS NOT NULL AS answered FROM said s
                   SEMI JOIN authors USING (dst)
                   LEFT JOIN answers a ON a.dst = s.dst AND a.src = s.src AND a.thread = s.comment_id
                   LEFT JOIN answers b ON b.dst = s.dst AND b.src = s.src AND b.thread = s.thread)
    SELECT dst AS account, sum(coalesce(weight, 1)) AS whole,
           sum(CASE WHEN answered THEN coalesce(weight, 1) ELSE 0 END) AS part
    FROM asked LEFT JOIN light USING (src) GROUP BY dst ORDER BY dst
"""


class Part(NamedTuple):
    """How many of how many, in weights of accounts; 0 of 0 where nothing is loaded.

    Attributes
    ----------
    part, whole : ndarray, shape (n,), float64
        In order of accounts.
    """

    part: F64
    whole: F64


def read_words(workspace: Workspace, weight: F64, said: str) -> Part:
    """Of those who reposted an account, or commented its posts (`said`): who said something of their own.

    That is a text that has words when quoted ones, names, faces and what platforms write by themselves are taken away,
    and which fewer than `SAME` accounts wrote under the post. Under a post of which texts are loaded a missing text is
    an empty one; others are left out.
    """
    return _read(
        workspace,
        weight,
        f"""
        WITH {_LIGHT},
             said AS (SELECT account, src, post, coalesce({WORDS}, '') AS words,
                             bool_or(text IS NOT NULL) OVER (PARTITION BY post) AS told
                      FROM ({_SAID[said]}) WHERE account IS NOT NULL AND src <> account),
             once AS (SELECT DISTINCT account, src, post, words FROM said WHERE told),
             own AS (SELECT account, src, NOT regexp_full_match(words, {quoted(NO_WORDS)})
                            AND count(*) OVER (PARTITION BY post, words) < {SAME} AS own FROM once),
             people AS (SELECT account, src, bool_or(own) AS own FROM own GROUP BY ALL)
        SELECT account, sum(coalesce(weight, 1)) AS whole,
               sum(CASE WHEN own THEN coalesce(weight, 1) ELSE 0 END) AS part
        FROM people LEFT JOIN light USING (src) GROUP BY account ORDER BY account
        """,
    )


def read_replies(workspace: Workspace, weight: F64) -> Part:
    """Of the comments of others to an author of posts: how many it answered in person."""
    return _read(workspace, weight, _REPLIES)


def _read(workspace: Workspace, weight: F64, query: str) -> Part:
    light = np.flatnonzero(weight != 1)
    rows = workspace.arrays(query, [light, weight[light]])
    found = np.zeros((2, weight.size))
    found[0, rows["account"]], found[1, rows["account"]] = rows["part"], rows["whole"]
    return Part(*found)
